import { describe, expect, it } from 'vitest';
import { puConfig } from '../../helpers/link-config.js';
import { PuHarness } from '../../helpers/pu-harness.js';

/** The host's answer to our request with that identifier on the SSCP-LU session: taken. */
function taken(id: number): string {
  return `2c000200 ${id.toString(16).padStart(4, '0')} 838000`;
}

/** A PU with one LU whose logon the host has taken, so that nothing is outstanding on its SSCP-LU session. */
function quietHarness(): PuHarness {
  const harness = new PuHarness({ pus: [puConfig(1)] });
  harness.activate();
  harness.host('2c00020000018b8000010681');
  return harness;
}

describe('requests to the SSCP', () => {
  it('go one at a time, each after the answer to the one before, in their order', () => {
    const harness = quietHarness();
    const { sscp } = harness.session();
    for (const byte of [0xa1, 0xa2, 0xa3, 0xa4]) sscp.sendText(Uint8Array.of(byte));
    expect(harness.sent()).toEqual(['2c0000020002038000a1']);
    expect(harness.host(taken(2))).toEqual(['2c0000020003038000a2']);
    sscp.sendText(Uint8Array.of(0xa5));
    expect(harness.host(taken(3))).toEqual(['2c0000020004038000a3']);
    expect(harness.host(taken(4))).toEqual(['2c0000020005038000a4']);
    expect(sscp.isQuiet).toBe(false);
    expect(harness.host(taken(5))).toEqual(['2c0000020006038000a5']);
    expect(harness.host(taken(6))).toEqual([]);
    expect(sscp.isQuiet).toBe(true);
  });

  it('wait up to a limit; what is beyond is not sent', () => {
    const harness = quietHarness();
    const { sscp } = harness.session();
    for (let byte = 0; byte < 9; byte += 1) sscp.sendText(Uint8Array.of(byte));
    expect(harness.counters.protocolErrors).toBe(0);
    sscp.sendText(Uint8Array.of(0xee));
    expect(harness.counters.protocolErrors).toBe(1);
    const sent = harness.sent();
    for (let id = 2; id <= 10; id += 1) sent.push(...harness.host(taken(id)));
    expect(sent.map((piu) => piu.slice(18))).toEqual(['00', '01', '02', '03', '04', '05', '06', '07', '08']);
  });

  it('are forgotten with the SSCP-LU session', () => {
    const harness = quietHarness();
    const { sscp } = harness.session();
    for (const byte of [0xa1, 0xa2]) sscp.sendText(Uint8Array.of(byte));
    harness.sent();
    harness.host('2d00020000096b80000e');
    expect(sscp.isQuiet).toBe(true);
    const [answer, next] = harness.host('2d000200000a6b80000d0101');
    expect(answer).toContain('eb80000d01');
    expect(next, 'its logon, not the text').toContain('0b8000010681');
  });
});
