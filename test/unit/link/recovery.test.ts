import { describe, expect, it } from 'vitest';
import type { LinkConfig } from '../../../src/config/model.js';
import { luConfig, puConfig, TIMERS } from '../../helpers/link-config.js';
import { PuHarness } from '../../helpers/pu-harness.js';

/** The recovery procedures of a link's sessions, on a simulated clock. */

const BIND = '31010303b1b03080000085c7000000000000000000000000000000';
const ACTPU = '2d00000000016b8000110101050000000001';

const hex = (address: number): string => address.toString(16).padStart(2, '0');
const bind = (lu: number): string => `2d00${hex(lu)}0500016b8000${BIND}`;
const sdt = (lu: number): string => `2d00${hex(lu)}0500026b8000a0`;
const unbind = (lu: number, type = '01'): string => `2d00${hex(lu)}0500036b800032${type}`;
const accepted = (lu: number, snf = 1): string => `2c00${hex(lu)}0000${hex(snf)}8b8000010681`;
const refused = (lu: number, sense: string, snf = 1): string => `2c00${hex(lu)}0000${hex(snf)}8f9000${sense}010681`;

/** LUs whose INIT-SELF is among these PIUs. */
function asking(pius: readonly string[]): number[] {
  return pius.filter((piu) => piu.slice(18, 24) === '010681').map((piu) => Number.parseInt(piu.slice(6, 8), 16));
}

/** All sessions of a PU with `count` LUs are up. */
function up(count: number, link: Partial<LinkConfig> = {}): PuHarness {
  const harness = new PuHarness({ pus: [puConfig(count)], ...link });
  harness.activate();
  for (let lu = 2; lu < count + 2; lu += 1) harness.host(accepted(lu), bind(lu), sdt(lu));
  expect(harness.sessions.table.count('ACTIVE')).toBe(count);
  return harness;
}

function names(harness: PuHarness): string[] {
  return harness.events.splice(0).map(({ name }) => name);
}

describe('a PU was lost', () => {
  it('on the first start nobody waits for anybody', () => {
    const harness = new PuHarness({ pus: [puConfig(5)] });
    expect(harness.activate()).toHaveLength(5);
    expect(names(harness)).toEqual([]);
  });

  it.each([
    [
      'its circuit',
      (harness: PuHarness) => {
        harness.pu.circuitDown('link lost');
        harness.reconnect();
      },
    ],
    ['DACTPU', (harness: PuHarness) => void harness.host('2d00000000026b80001201')],
  ])('%s: one session asks first; when it is bound all others follow', (_, lose) => {
    const harness = up(10);
    harness.events.splice(0);
    lose(harness);
    expect(harness.sessions.table.count('DOWN')).toBe(10);
    expect(asking(harness.activate())).toEqual([2]);
    expect(harness.sessions.table.count('READY_TO_INIT')).toBe(9);
    expect(asking(harness.host(accepted(2, 2)))).toEqual([]);
    expect(asking(harness.host(bind(2)))).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(names(harness)).toEqual(['link.probe', 'link.probed']);
  });

  it('the others are paced as ever', () => {
    const harness = up(10, { bringUpMax: 3 });
    harness.pu.circuitDown('link lost');
    harness.reconnect();
    expect(asking(harness.activate())).toEqual([2]);
    harness.host(accepted(2, 2));
    expect(asking(harness.host(bind(2)))).toEqual([3, 4]);
    expect(asking(harness.host(sdt(2)))).toEqual([5]);
  });

  it('the one that is refused gives its place to the next, of another application first', () => {
    const lus = [2, 3, 4].map((address) => luConfig(address, { group: address === 4 ? 1 : 0 }));
    const harness = new PuHarness({ pus: [puConfig(3, { lus })] }, undefined, undefined, 2);
    harness.activate();
    for (const lu of [2, 3, 4]) harness.host(accepted(lu), bind(lu), sdt(lu));
    harness.pu.circuitDown('link lost');
    harness.reconnect();
    expect(asking(harness.activate())).toEqual([2]);
    expect(asking(harness.host(refused(2, '08050000', 2)))).toEqual([4]);
    expect(asking(harness.host(refused(4, '08050000', 2)))).toEqual([3]);
    harness.host(accepted(3, 2));
    expect(asking(harness.host(bind(3)))).toEqual([]);
    harness.clock.advance(TIMERS.sessionRetryMaxMs);
    expect(asking(harness.sent()).sort()).toEqual([2, 4]);
  });

  it('one that was taken by the operator, or whose BIND never comes, does not keep the others waiting', () => {
    const harness = up(3);
    harness.pu.circuitDown('link lost');
    harness.reconnect();
    expect(asking(harness.activate())).toEqual([2]);
    harness.sessions.disable(harness.session(2), 'the operator took it');
    expect(asking(harness.sent())).toEqual([3]);
    harness.host(accepted(3, 2));
    harness.clock.advance(TIMERS.bindMs + 1);
    expect(asking(harness.sent())).toEqual([4]);
  });

  it('a BIND that the host sends of itself is as good as the answer to a logon', () => {
    const harness = up(3);
    harness.pu.circuitDown('link lost');
    harness.reconnect();
    expect(asking(harness.activate())).toEqual([2]);
    expect(asking(harness.host(bind(4)))).toEqual([3]);
  });
});

describe('a session was lost', () => {
  it('UNBIND: again after the first wait; while it fails the wait grows; one that was up for a while starts anew', () => {
    const harness = up(1);
    harness.host(unbind(2));
    expect(asking(harness.sent())).toEqual([]);
    harness.clock.advance(TIMERS.sessionRetryMs);
    expect(asking(harness.sent())).toEqual([2]);
    const waits: number[] = [];
    for (let snf = 2; snf < 6; snf += 1) {
      harness.host(refused(2, '08050000', snf));
      let waitedMs = 0;
      for (; asking(harness.sent()).length === 0; waitedMs += 10) harness.clock.advance(10);
      waits.push(waitedMs);
    }
    expect(Math.max(...waits.slice(2))).toBeGreaterThan(waits[0]!);
    harness.host(accepted(2, 6), bind(2), sdt(2));
    harness.clock.advance(TIMERS.sessionRetryMs);
    harness.host(unbind(2));
    harness.clock.advance(TIMERS.sessionRetryMs);
    expect(asking(harness.sent())).toEqual([2]);
    expect(names(harness)).toContain('session.retry');
  });

  it('a host that ends every session it starts is met less and less often', () => {
    const harness = up(1);
    const startMs = harness.clock.nowMs();
    let starts = 0;
    let snf = 2;
    while (harness.clock.nowMs() - startMs < 20_000) {
      harness.host(unbind(2));
      for (; asking(harness.sent()).length === 0; ) harness.clock.advance(10);
      harness.host(accepted(2, snf), bind(2), sdt(2));
      starts += 1;
      snf += 1;
    }
    expect(starts).toBeLessThan(40);
  });

  it('UNBIND 02: the next BIND is awaited, nothing is asked', () => {
    const harness = up(1);
    harness.host(unbind(2, '02'));
    expect([harness.session().state, asking(harness.sent())]).toEqual(['QUEUED_AT_HOST', []]);
    harness.host(bind(2), sdt(2));
    expect(harness.session().state).toBe('ACTIVE');
  });

  it.each([
    ['now (0813)', '08130000', 'INIT_PENDING'],
    ['later (0805)', '08050000', 'RETRY'],
    ['not before an operator acts (0821)', '08210000', 'HELD'],
  ])('the class of the sense says when: %s', (_, sense, state) => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    harness.activate();
    const sent = harness.host(refused(2, sense));
    expect(harness.session().state).toBe(state);
    expect(asking(sent)).toHaveLength(state === 'INIT_PENDING' ? 1 : 0);
    if (state !== 'INIT_PENDING') return;
    harness.host(refused(2, sense, 2));
    expect(harness.session().state, 'at once only the first time in a row').toBe('RETRY');
  });

  it('NOTIFY that is no failure ends the wait of who was told that it would come (0845)', () => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    harness.activate();
    harness.host(refused(2, '08450000'));
    expect(harness.session().state).toBe('RETRY');
    const sent = harness.host('2c00020000070b80008106200306028000000000');
    expect(asking(sent)).toEqual([2]);
  });

  const BIND_FM4 = '31010404b1b03080000085c7000000000000000000000000000000';
  const lustat = (status: string): string => `2c0002050001 4b8000 04${status}`;

  it.each([
    ['0831 0000', 'later', 'RETRY'],
    ['082e 0000', 'operator', 'HELD'],
  ])('LUSTAT %s: ended once its request is done, and tried again %s', (status, _, state) => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    harness.activate();
    harness.host(accepted(2), bind(2).replace(BIND, BIND_FM4), sdt(2));
    expect(harness.session().state).toBe('ACTIVE');
    harness.host(lustat(status));
    expect(harness.session().state).toBe('CLOSING');
    harness.host('2c00020000028b8000010683', '2d00020500036b80003201');
    expect(harness.session().state).toBe(state);
    expect(harness.session().reason).toContain('LUSTAT');
    expect(names(harness)).toEqual(expect.arrayContaining(['session.status', 'session.down']));
  });

  it('LUSTAT during a request: the request has its reply first; a status that is no sense changes nothing', () => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    harness.activate();
    harness.host(accepted(2), bind(2).replace(BIND, BIND_FM4), sdt(2));
    harness.host(lustat('0006 0000'));
    expect(harness.session().state).toBe('ACTIVE');
    harness.request(1, 'c1');
    harness.host(lustat('0831 0000').replace('0001', '0002'));
    expect(harness.session().state).toBe('BUSY');
    harness.host('2c0002050003039040d1');
    expect(harness.answered()).toEqual([{ id: 1, status: 'reply', value: 'd1' }]);
    expect(harness.session().state).toBe('CLOSING');
  });

  it('DACTLU and ACTLU: at once', () => {
    const harness = up(1);
    harness.host('2d00020000096b80000e');
    expect(harness.session().state).toBe('DOWN');
    expect(asking(harness.host('2d000200000a6b80000d0101'))).toEqual([2]);
  });

  it('ended in order but not followed by the host: ended by force, then forgotten and tried again', () => {
    const harness = up(1);
    harness.sessions.recovery.close(harness.session());
    const types = (): string[] => harness.sent().map((piu) => piu.slice(18, 26));
    expect(types()).toEqual(['01068360']);
    harness.host('2c00020000028b8000010683');
    harness.clock.advance(TIMERS.haltMs);
    expect(types()).toEqual(['01068340']);
    harness.host('2c00020000038b8000010683');
    harness.clock.advance(TIMERS.haltMs);
    expect(harness.session().state).toBe('RETRY');
  });
});

describe('an LU that is taken out of service', () => {
  it('a BIND that was on its way is refused for now (0845); the host did nothing wrong', () => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    harness.activate();
    harness.host(accepted(2));
    harness.sessions.disable(harness.session(), 'the operator took it');
    harness.sent();
    expect(harness.host(bind(2)).map((piu) => piu.slice(12, 28))).toEqual(['ef90000845000031']);
    expect(harness.counters.protocolErrors).toBe(0);
    expect(harness.session().state).toBe('HELD');
  });
});

describe('a session that was forgotten here', () => {
  it('its UNBIND is answered, its data are refused, and neither is a fault of the host; the next BIND is a new session', () => {
    const harness = up(1);
    harness.sessions.recovery.close(harness.session());
    harness.clock.advance(2 * TIMERS.haltMs);
    expect(harness.session().state).toBe('RETRY');
    harness.sent();
    expect(harness.host('2c0002050001039140d1').map((piu) => piu.slice(12, 26))).toEqual(['87900080050000']);
    expect(harness.host(unbind(2)).map((piu) => piu.slice(12))).toEqual(['eb800032']);
    expect(harness.host('2d0002050004eb800032')).toEqual([]);
    expect(harness.counters.protocolErrors).toBe(0);
    harness.host(bind(2), sdt(2));
    expect(harness.session().state).toBe('ACTIVE');
  });

  it('a session that the host keeps without an answer is over when the host says so', () => {
    const harness = up(1);
    harness.request(1, 'c1');
    harness.sessions.calls.cancel(1);
    harness.clock.advance(TIMERS.lateReplyMs);
    expect(harness.session().state).toBe('CLOSING');
    harness.host('2c00020000028b8000010683');
    harness.host(unbind(2));
    expect(harness.session().state).toBe('RETRY');
    expect(harness.session().reason).toContain('without an answer');
    expect(harness.counters.protocolErrors).toBe(0);
  });
});

describe('a host that says nothing', () => {
  it('owes the answer to a logon: the link is told only when nothing else came either', () => {
    const harness = new PuHarness({ pus: [puConfig(2)] });
    harness.activate();
    harness.clock.advance(TIMERS.initMs);
    expect(harness.silent).toEqual(['LU002', 'LU003']);
    const other = new PuHarness({ pus: [puConfig(1)] });
    other.activate();
    other.counters.bytesIn += 100;
    other.clock.advance(TIMERS.initMs);
    expect(other.silent).toEqual([]);
    expect(other.session().state).toBe('RETRY');
  });

  it('ACTPU anew is a fresh start as well', () => {
    const harness = up(4);
    harness.host(ACTPU);
    const first = [2, 3, 4, 5].map((lu) => asking(harness.host(`2d00${hex(lu)}0000016b80000d0101`)));
    expect(first).toEqual([[2], [], [], []]);
  });
});
