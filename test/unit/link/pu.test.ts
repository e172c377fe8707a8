import { describe, expect, it } from 'vitest';
import { puConfig, SNA } from '../../helpers/link-config.js';
import { PuHarness } from '../../helpers/pu-harness.js';

/** BIND for LU 0: FM3/TS3, flip-flop, brackets from BETB, rule 1, SLU first speaker, both response forms, no pacing. */
const BIND = '31010303b1b03080000085c7000000000000000000000000000000';
const PLU = '05';

function bind(lu = '02', image = BIND): string {
  return `2d00${lu}${PLU}00016b8000${image}`;
}

/** A PU with one LU whose session is active. */
function activeHarness(more = {}, replySizeMax = 100_000): PuHarness {
  const harness = new PuHarness({ pus: [puConfig(1)], ...more }, replySizeMax);
  harness.activate();
  harness.host('2c00020000018b8000010681');
  harness.host(bind(), `2d0002${PLU}00026b8000a0`);
  return harness;
}

describe('PU: the SSCP', () => {
  it('answers ACTPU and ACTLU, asks for its session, and is bound', () => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    expect(harness.host('2d00000000016b8000110101050000000001')).toEqual(['2d0000000001eb800011014040404040404040']);
    expect(harness.host('2d00020000026b80000d0101')).toEqual([
      '2d0000020002eb80000d010100850000000c0e0300010000004040404040404040',
      '2c00000200010b800001068100d3e4f0c6c1e2e340f308c8d6e2e3c1d7d7d3000000',
    ]);
    expect(harness.session().state).toBe('INIT_PENDING');
    expect(harness.host('2c00020000018b8000010681')).toEqual([]);
    expect(harness.session().state).toBe('QUEUED_AT_HOST');
    expect(harness.host(bind())).toEqual(['2d0005020001eb800031']);
    expect(harness.session().state).toBe('PENDING_ACTIVE');
    expect(harness.host(`2d0002${PLU}00026b8000a0`)).toEqual(['2d0005020002eb8000a0']);
    expect(harness.session().state).toBe('ACTIVE');
    expect(harness.sessions.table.ready).toEqual([1]);
  });

  it('gives the forms of the answers that a host may want', () => {
    const sna = { ...SNA, actpuRspFormat: 1 as const, luVectorForm: 'short' as const };
    const harness = new PuHarness({ pus: [puConfig(1)], sna });
    expect(harness.host('2f00000000016b8000110101050000000001')).toEqual([
      '2d0000000001eb80001111404040404040404000000701000000000000',
    ]);
    expect(harness.host('2f00020000016b80000d0101')[0]).toBe('2d0000020001eb80000d010100850000000c06030001000000');
  });

  it('refuses what comes for nobody, each with its sense', () => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    const sense = (piu: string): string | undefined => harness.host(piu)[0]?.slice(12);
    expect(sense('2d00020000026b80000d0101')).toBe('ef9000800800000d');
    expect(sense('2d00000000026b800012')).toBe('ef90008008000012');
    harness.host('2d00000000016b8000110101050000000001');
    expect(sense('2d00090000026b80000d0101'), 'no such LU').toBe('ef9000800400000d');
    expect(sense('2d00020500026b800031'), 'BIND before ACTLU').toBe('ef90008009000031');
    harness.host('2d00020000026b80000d0101');
    expect(sense('2c00020700050380006869'), 'data without a session').toBe('87900080050000');
    expect(harness.host('2c0002070005839000'), 'a response to nothing').toEqual([]);
    expect(sense('2c000000000d0b80004103040000000101'), 'REQMS').toBe('8f900010030000410304');
    expect(harness.counters.protocolErrors).toBeGreaterThan(3);
  });

  it('drops what is no PIU without harm', () => {
    const harness = activeHarness();
    for (const bytes of ['', '2d', '2d0002050001', '2d00020500016b', '4d00020500016b8000a0', 'ffffffffffffffff']) {
      expect(harness.host(bytes)).toEqual([]);
    }
    expect(harness.session().state).toBe('ACTIVE');
  });

  it('keeps sessions over ACTPU(ERP) and loses them with ACTPU(cold), DACTLU and DACTPU', () => {
    const harness = activeHarness();
    expect(harness.host('2d00000000016b8000110201050000000001')).toEqual(['2d0000000001eb800011024040404040404040']);
    expect(harness.session().state).toBe('ACTIVE');
    harness.host('2d00000000016b8000110101050000000001');
    expect(harness.session().state).toBe('DOWN');
    expect(harness.session().half.state).toBe('RESET');
    expect(harness.sessions.table.ready).toEqual([0]);

    const second = activeHarness();
    expect(second.host('2d00020000096b80000e')).toEqual(['2d0000020009eb80000e']);
    expect(second.session().state).toBe('DOWN');
    const third = activeHarness();
    expect(third.host('2d000000000a6b80001202')).toEqual(['2d000000000aeb800012']);
    expect(third.session().state).toBe('DOWN');
  });

  it('a second BIND from elsewhere finds the session taken', () => {
    const harness = activeHarness();
    expect(harness.host(`2d0002090001 6b8000 ${BIND}`)).toEqual(['2d0009020001ef90000805000031']);
    expect(harness.session().state).toBe('ACTIVE');
  });

  it('refuses BINDs it cannot take, and tries again later', () => {
    for (const [image, senseData] of [
      [BIND.replace('31010303', '31010603'), '0835'],
      [`${BIND.slice(0, 28)}02${BIND.slice(30)}`, '0821'],
      ['3101030300', '1002'],
    ] as const) {
      const harness = new PuHarness({ pus: [puConfig(1)] });
      harness.activate();
      harness.host('2c00020000018b8000010681');
      const [response] = harness.host(bind('02', image));
      expect(response, image).toMatch(new RegExp(`^2d0005020001ef9000(${senseData}|08(21|35))....31$|${senseData}`));
      expect(harness.session().state).toMatch(/RETRY|HELD|QUEUED_AT_HOST/);
      expect(harness.session().pluAddress).toBe(-1);
    }
  });
});

describe('PU: requests', () => {
  it('sends a request as one chain, and gives the reply to its caller', () => {
    const harness = activeHarness();
    harness.request(0, 'c1c2c3');
    expect(harness.sent()).toEqual(['2c00050200010390a0c1c2c3']);
    expect(harness.session().state).toBe('BUSY');
    expect(harness.host('2c0002050001039040d1d2d3')).toEqual([]);
    expect(harness.answered()).toEqual([{ id: 0, status: 'reply', value: 'd1d2d3' }]);
    expect(harness.session().state).toBe('ACTIVE');
    harness.request(8, 'c4');
    expect(harness.sent()).toEqual(['2c00050200020390a0c4']);
  });

  it('splits long requests into chains and segments, and joins long replies', () => {
    const harness = activeHarness({ sna: { ...SNA, piuSizeMax: 140 } });
    const payload = 'ab'.repeat(600);
    harness.request(1, payload);
    const pius = harness.sent();
    expect(pius.map((piu) => piu.slice(0, 2))).toEqual(['28', '24', '28', '24', '2c']);
    expect(pius.every((piu) => piu.length / 2 <= 140)).toBe(true);
    const data = pius.map((piu) => piu.slice(piu.startsWith('28') || piu.startsWith('2c') ? 18 : 12)).join('');
    expect(data).toBe(payload);
    harness.host('280002050001029040 aabb', '2400020500 01 ccdd', '2c0002050002 019000 eeff');
    expect(harness.answered()).toEqual([{ id: 1, status: 'reply', value: 'aabbccddeeff' }]);
    expect(harness.session().state).toBe('ACTIVE');
  });

  it('puts replies in segments together side by side, with other answers between', () => {
    const harness = new PuHarness({ pus: [puConfig(3)], sna: { ...SNA, piuSizeMax: 140 } });
    harness.activate();
    for (const lu of ['02', '03', '04']) {
      harness.host(`2c00${lu}0000018b8000010681`, bind(lu), `2d00${lu}${PLU}00026b8000a0`);
    }
    for (const id of [1, 2, 3]) harness.request(id, `c${id}`);
    const address = new Map(harness.sent().map((piu) => [piu.slice(18), piu.slice(6, 8)]));
    const [a, b, c] = ['c1', 'c2', 'c3'].map((text) => address.get(text)!);
    harness.host(`2800${a}050001 029040 a1a2`, `2000${a}050001 a3`, `2800${b}050001 039040 b1`, `2400${a}050001 a4`);
    harness.host(`2c00${c}050001 039040 d1`, `2800${a}050002 009000 a5`);
    expect(harness.answered()).toEqual([{ id: 3, status: 'reply', value: 'd1' }]);
    harness.host(`2000${b}050001 b2`, `2400${a}050002 a6`, `2c00${a}050003 019000 a7`, `2400${b}050001 b3`);
    expect(harness.answered()).toEqual([
      { id: 1, status: 'reply', value: 'a1a2a3a4a5a6a7' },
      { id: 2, status: 'reply', value: 'b1b2b3' },
    ]);
    expect(harness.counters.protocolErrors).toBe(0);
  });

  it('takes nothing of a RU in segments into the reply when it breaks, or is refused', () => {
    const broken = activeHarness();
    broken.request(1, 'c1');
    broken.host('280002050001 029040 d1', '240002050001 d2', '280002050002 009000 d3', '200002050003 ee');
    expect(broken.counters.protocolErrors).toBe(1);
    broken.host('2c0002050002 019000 d4');
    expect(broken.answered()).toEqual([{ id: 1, status: 'reply', value: 'd1d2d4' }]);
    const refused = activeHarness();
    refused.request(1, 'c1');
    refused.sent();
    // Sense data in place of the RU: it is what we answer.
    const [response] = refused.host('280002050001 069000 0812', '240002050001 0000');
    expect(response).toContain('08120000');
    refused.host('2c0002050002 019000 d1', '280002050003 039040 d2', '240002050003 d3');
    expect(refused.answered()).toEqual([{ id: 1, status: 'reply', value: 'd2d3' }]);
  });

  it('takes a whole RU between the segments of another, where sequence numbers are not looked at', () => {
    const harness = activeHarness({ sna: { ...SNA, seqCheck: 'lenient' as const } });
    harness.request(1, 'c1');
    harness.host('2c0002050001 029040 a0', '280002050002 009000 a1', '2c0002050003 019000 b1');
    expect(harness.answered()).toEqual([{ id: 1, status: 'reply', value: 'a0b1' }]);
    harness.request(2, 'c2');
    harness.host('2c0002050004 029040 e1', '240002050002 a2', '280002050005 019000 e2', '240002050005 e3');
    expect(harness.answered()).toContainEqual({ id: 2, status: expect.any(String), value: expect.any(String) });
    expect(harness.session().state).toBe('ACTIVE');
  });

  it('has no use for the rest of a RU whose session ended, and keeps it out of the next reply', () => {
    const harness = activeHarness();
    harness.request(1, 'c1');
    harness.host('280002050001 039040 a1', '2d0002050003 6b8000 3201');
    expect(harness.answered()).toEqual([{ id: 1, status: 'failed', value: 'OUTCOME_UNKNOWN' }]);
    expect(harness.host('240002050001 a2')).toEqual(['2c0005020001 879000 80050000'.replaceAll(' ', '')]);
    harness.clock.advance(1000);
    harness.sent();
    harness.host('2c00020000028b8000010681', bind(), `2d0002${PLU}00026b8000a0`);
    expect(harness.session().state).toBe('ACTIVE');
    harness.request(2, 'c2');
    harness.host('280002050001 039040 b1', '240002050001 b2');
    expect(harness.answered()).toEqual([{ id: 2, status: 'reply', value: 'b1b2' }]);
  });

  it('refuses when it has no free session, and when the reply is too long says so', () => {
    const harness = activeHarness({}, 2000);
    harness.request(1, 'c1');
    harness.request(2, 'c2');
    expect(harness.answered()).toEqual([{ id: 2, status: 'refused', value: '' }]);
    const part = 'ff'.repeat(1200);
    harness.host(`2c0002050001 029040 ${part}`, `2c0002050002 019000 ${part}`);
    expect(harness.answered()).toEqual([{ id: 1, status: 'failed', value: 'REPLY_TOO_LONG' }]);
  });

  it('fails a rejected request with its sense', () => {
    const harness = activeHarness();
    harness.request(1, 'c1');
    harness.sent();
    harness.host('2c0002050001 879000 081c0000');
    expect(harness.answered()).toEqual([{ id: 1, status: 'failed', value: 'SESSION_REJECTED' }]);
    expect(harness.session().state, 'the host owns the recovery now').toBe('BUSY');
    harness.host('2c0002050001 039040 c1');
    expect(harness.session().state).toBe('ACTIVE');
  });

  it('says OUTCOME_UNKNOWN when the session ends under a sent request, and refuses when nothing was sent', () => {
    const harness = activeHarness();
    harness.request(1, 'c1');
    expect(harness.host('2d0002050003 6b8000 3201')).toContain('2d0005020003eb800032');
    expect(harness.answered()).toEqual([{ id: 1, status: 'failed', value: 'OUTCOME_UNKNOWN' }]);
    expect(harness.session().state).toMatch(/RETRY/);
    harness.request(2, 'c2');
    expect(harness.answered()).toEqual([{ id: 2, status: 'refused', value: '' }]);
  });

  it('lets the reply of a cancelled request come late, counts it, and serves the next', () => {
    const harness = activeHarness();
    harness.request(1, 'c1');
    harness.sessions.calls.cancel(1);
    expect(harness.session().state).toBe('LATE');
    expect(harness.answered()).toEqual([]);
    expect(harness.underway, 'the caller is told that it was sent').toEqual([1]);
    harness.host('2c0002050001039040d1');
    expect(harness.answered()).toEqual([{ id: 1, status: 'reply', value: '' }]);
    expect(harness.counters.lateReplies).toBe(1);
    expect(harness.session().state).toBe('ACTIVE');
  });

  it('does not send what is over its deadline already', () => {
    const harness = activeHarness();
    harness.sent();
    harness.clock.advance(50);
    harness.request(1, 'c1', 10);
    expect(harness.answered()).toEqual([{ id: 1, status: 'failed', value: 'CALL_TIMEOUT' }]);
    expect(harness.sent()).toEqual([]);
    expect(harness.session().state).toBe('ACTIVE');
  });
});

describe('PU: recovery of sessions', () => {
  it('brings up a bounded number at once', () => {
    const harness = new PuHarness({ pus: [puConfig(10)], bringUpMax: 3 });
    expect(harness.activate()).toHaveLength(3);
    expect(harness.sessions.table.count('INIT_PENDING')).toBe(3);
    expect(harness.sessions.table.count('READY_TO_INIT')).toBe(7);
    expect(harness.host('2c00020000018b8000010681')).toHaveLength(1);
    expect(harness.sessions.table.count('QUEUED_AT_HOST')).toBe(1);
  });

  it('tries again after a refusal, with a growing delay, and not before an operator acts where that is the way', () => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    harness.activate();
    harness.host('2c00020000018f90000805000a010681');
    expect(harness.session().state).toBe('RETRY');
    expect(harness.session().reason).toContain('0805');
    harness.clock.advance(100);
    expect(harness.sent()).toHaveLength(1);
    harness.host('2c00020000028f900008050000010681');
    harness.clock.advance(99);
    expect(harness.sent()).toHaveLength(0);
    harness.clock.advance(101);
    expect(harness.sent()).toHaveLength(1);
    harness.host('2c00020000038f90000821 0000 010681');
    expect(harness.session().state).toBe('HELD');
    harness.clock.advance(1e6);
    expect(harness.sent()).toEqual([]);
  });

  it('gives up waiting for a BIND, ends the attempt at the host and starts over', () => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    harness.activate();
    harness.host('2c00020000018b8000010681');
    harness.clock.advance(5001);
    expect(harness.sent().map((piu) => piu.slice(18, 24))).toEqual(['010683']);
    harness.host('2c00020000028b8000010683');
    harness.clock.advance(1000);
    expect(harness.sent().map((piu) => piu.slice(18, 24))).toEqual(['010681']);
  });

  it('leaves no timer behind when the link goes', () => {
    const harness = activeHarness();
    harness.request(1, 'c1');
    harness.pu.circuitDown('link lost');
    expect(harness.answered()).toEqual([{ id: 1, status: 'failed', value: 'OUTCOME_UNKNOWN' }]);
    expect(harness.session().state).toBe('DOWN');
    expect(harness.clock.pending()).toBe(0);
  });
});

describe('PU: a circuit that takes no more', () => {
  it('is given up in a later turn; what was sent on it is unknown, what was not goes elsewhere', () => {
    const harness = new PuHarness({ pus: [puConfig(2)] });
    harness.activate();
    for (const lu of ['02', '03']) {
      harness.host(`2c00${lu}0000018b8000010681`, bind(lu), `2d00${lu}${PLU}00026b8000a0`);
    }
    harness.request(1, 'c1');
    harness.congest();
    harness.request(2, 'c2');
    expect(harness.failures).toEqual([]);
    harness.clock.settle();
    expect(harness.failures.map((error) => error.code)).toEqual(['LINK_CONGESTED']);
    harness.pu.circuitDown('congested');
    const answers = harness.answered();
    expect(answers.map((answer) => answer.value)).toContain('OUTCOME_UNKNOWN');
    expect(answers.map((answer) => answer.id).sort()).toEqual([1, 2]);
    expect(harness.sessions.table.count('DOWN')).toBe(2);
  });
});

describe('PU: a host application that breaks the rules', () => {
  it.each([
    ['RU longer than the BIND allows', `2c0002050001 038080 ${'c1'.repeat(1600)}`, '10020000'],
    ['data without begin bracket', '2c0002050001 038000 c1c2', '2003'],
    ['sequence number that is not the next', '2c0002050005 038080 c1c2', '2001'],
    ['middle of a chain that never began', '2c0002050001 008080 c1c2', '2002'],
  ])('%s: refused with its sense, and the other LU never notices', (_, piu, sense) => {
    const harness = new PuHarness({ pus: [puConfig(2)] });
    harness.activate();
    for (const lu of ['02', '03']) {
      harness.host(`2c00${lu}0000018b8000010681`, bind(lu), `2d00${lu}${PLU}00026b8000a0`);
    }
    const [response] = harness.host(piu);
    expect(response!.slice(0, 8)).toBe('2c000502');
    expect(response!.slice(12, 18)).toMatch(/^8[67]9000$/);
    expect(response!.slice(18)).toMatch(new RegExp(`^${sense}`));
    expect(harness.counters.protocolErrors).toBeGreaterThan(0);
    harness.request(4, 'd1');
    harness.request(5, 'd2');
    harness.host('2c0003050001 039040 e1');
    expect(harness.answered()).toContainEqual({ id: expect.any(Number), status: 'reply', value: 'e1' });
  });
});
