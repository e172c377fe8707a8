import { describe, expect, it } from 'vitest';
import { LU_TARGET } from '../../../src/channel/messages.js';
import { LuSeats } from '../../../src/dispatch/lu-seats.js';
import { linkConfig, luConfig, puConfig } from '../../helpers/link-config.js';
import { PuHarness } from '../../helpers/pu-harness.js';

const BIND = '31010303b1b03080000085c7000000000000000000000000000000';

/** LU 2 is of the pool, LU 3 kept for a terminal. */
function harnessOf(bringUpMax = 64): PuHarness {
  const lus = [luConfig(2), luConfig(3, { mode: 'DEDICATE', terminal: '1001' })];
  const harness = new PuHarness({ pus: [puConfig(0, { lus })], bringUpMax });
  harness.activate();
  return harness;
}

function bind(harness: PuHarness, ...lus: string[]): void {
  for (const lu of lus) {
    harness.host(`2c00${lu}0000018b8000010681`, `2d00${lu}0500016b8000${BIND}`, `2d00${lu}0500026b8000a0`);
  }
  harness.sent();
}

function ask(harness: PuHarness, id: number, place: number, payload = 'c1'): void {
  const bytes = Buffer.from(payload, 'hex');
  harness.sessions.calls.request(id, LU_TARGET + place, 1e6, bytes, 0, bytes.length);
  harness.sessions.calls.requestsEnd();
  // The block is written over now.
  bytes.fill(0xee);
}

describe('requests for one LU', () => {
  it('meet that LU and no other; a dedicate LU is not part of the pool', () => {
    const harness = harnessOf();
    bind(harness, '02', '03');
    expect(harness.sessions.table.ready).toEqual([1]);
    harness.request(1, 'c1');
    harness.request(2, 'c2');
    expect(harness.sent().map((piu) => piu.slice(4, 8))).toEqual(['0502']);
    expect(harness.answered()).toEqual([{ id: 2, status: 'refused', value: '' }]);
    ask(harness, 3, 1);
    expect(harness.sent().map((piu) => piu.slice(4, 8))).toEqual(['0503']);
    harness.host('2c0003050001039040d1');
    expect(harness.answered()).toEqual([{ id: 3, status: 'reply', value: 'd1' }]);
    expect(harness.sessions.table.ready).toEqual([1]);
  });

  it('count places as the configuration does, whatever the local addresses', () => {
    const lus = [9, 4, 7].map((address) => luConfig(address, { mode: 'DEDICATE', terminal: `T${address}` }));
    const links = [linkConfig({ pus: [puConfig(0, { lus })] })];
    const harness = new PuHarness({ pus: links[0]!.pus });
    harness.activate();
    bind(harness, '09', '04', '07');
    const seats = new LuSeats(links);
    for (const address of [7, 9, 4]) {
      ask(harness, address, seats.ofTerminal(`T${address}`)!.place);
      expect(harness.sent().map((piu) => piu.slice(6, 8))).toEqual([`0${address}`]);
    }
  });

  it('say that an LU of the pool is in use, or not there, and that a place is no LU', () => {
    const harness = harnessOf();
    bind(harness, '02', '03');
    harness.request(1, 'c1');
    ask(harness, 2, 0);
    ask(harness, 3, 77);
    expect(harness.answered()).toEqual([
      { id: 2, status: 'failed', value: 'LU_IN_USE' },
      { id: 3, status: 'failed', value: 'LU_UNKNOWN' },
    ]);
    harness.host('2c00020000096b80000e');
    ask(harness, 4, 0);
    expect(harness.answered()).toContainEqual({ id: 4, status: 'failed', value: 'LU_UNAVAILABLE' });
  });

  it('bring the session of a pool LU up at once, and fail when the host refuses', () => {
    const harness = harnessOf();
    harness.host('2c00020000018f900008050000010681');
    expect(harness.session(2).state).toBe('RETRY');
    ask(harness, 1, 0);
    expect(harness.session(2).state).toBe('INIT_PENDING');
    ask(harness, 2, 0);
    expect(harness.answered(), 'one waits per LU').toEqual([{ id: 2, status: 'failed', value: 'LU_IN_USE' }]);
    harness.host('2c00020000028f900008050000010681');
    expect(harness.answered()).toEqual([{ id: 1, status: 'failed', value: 'LU_UNAVAILABLE' }]);
    ask(harness, 3, 0);
    const sent = harness.host('2c00020000038b8000010681', `2d00020500016b8000${BIND}`, '2d00020500026b8000a0');
    expect(sent.at(-1)).toBe('2c00050200010390a0c1');
    harness.host('2c0002050001039040d1');
    expect(harness.answered()).toEqual([{ id: 3, status: 'reply', value: 'd1' }]);
  });

  it('for a terminal wait through refusals and loss of the link, and are sent when the same LU is back', () => {
    const harness = harnessOf();
    ask(harness, 1, 1);
    harness.host('2c00030000018f900008050000010681');
    harness.pu.circuitDown('link lost');
    expect(harness.answered()).toEqual([]);
    harness.reconnect();
    harness.activate();
    const sent = harness.host('2c00030000018b8000010681', `2d00030500016b8000${BIND}`, '2d00030500026b8000a0');
    expect(sent.at(-1)).toBe('2c00050300010390a0c1');
  });

  it('go back unsent when the caller leaves, or the link stops', () => {
    const harness = harnessOf();
    ask(harness, 1, 1);
    harness.sessions.calls.cancel(1);
    ask(harness, 2, 1);
    harness.sessions.calls.ofLu.stop();
    expect(harness.answered()).toEqual([
      { id: 1, status: 'refused', value: '' },
      { id: 2, status: 'refused', value: '' },
    ]);
    bind(harness, '03');
    expect(harness.session(3).state).toBe('ACTIVE');
    expect(harness.sent()).toEqual([]);
  });
});
