import { describe, expect, it } from 'vitest';
import type { LinkConfig, LuConfig } from '../../../src/config/model.js';
import { encodeEbcdic } from '../../../src/sna/ebcdic.js';
import { luConfig, puConfig, SNA } from '../../helpers/link-config.js';
import { PuHarness } from '../../helpers/pu-harness.js';

/** The stages of a session as our PU sees them: sections 3.3, 3.4 and 4.3 of the wire text, row by row, PIU by PIU. */

const BIND = '31010303b1b03080000085c7000000000000000000000000000000';
const NEGOTIABLE = '31000303b1b0308007078787070700000000000000000000000000';
const PLU = '05';
const ACTLU = '2d00020000026b80000d0101';
const INIT_ACCEPTED = '2c00020000018b8000010681';
const SDT = `2d0002${PLU}00026b8000a0`;
const UNBIND = `2d0002${PLU}00036b80003201`;

/** A BIND as the host sends it. */
function bind(image = BIND): string {
  return `2d0002${PLU}00016b8000${image}`;
}

/** A request of the SSCP to LU 2. */
function fromSscp(ru: string, rh = '0b8000'): string {
  return `2c0002000007${rh}${ru}`;
}

const NSPE = (sense: string) => fromSscp(`0106040080${sense}f304c5c3c8d6`);
const NOTIFY_SET_UP = (status: string, sense: string) => fromSscp(`8106200306${status}80${sense}`);

/** What a PIU of ours says: RH and RU. */
function said(piu: string): string {
  return `${piu.slice(12, 18)} ${piu.slice(18)}`;
}

interface Start {
  readonly lu?: Partial<LuConfig>;
  readonly link?: Partial<LinkConfig>;
}

/** A PU whose one LU was activated: its INIT-SELF is out. */
function asked({ lu = {}, link = {} }: Start = {}): PuHarness {
  const harness = new PuHarness({ pus: [puConfig(1, { lus: [luConfig(2, lu)] })], ...link });
  harness.activate();
  return harness;
}

/** And the host took it. */
function queued(start?: Start): PuHarness {
  const harness = asked(start);
  harness.host(INIT_ACCEPTED);
  return harness;
}

function active(start?: Start): PuHarness {
  const harness = queued(start);
  harness.host(bind(), SDT);
  return harness;
}

function where({ sessions }: PuHarness): string {
  const { state, half, sscp } = sessions.table.sessions[0]!;
  return `${state} ${half.state} ${sscp.isActive ? 'on' : 'off'} ${sscp.isEnabled ? 'enabled' : 'disabled'}`;
}

function disable(harness: PuHarness): void {
  harness.sessions.disable(harness.session(), 'an operator took it');
}

const CAPABLE = '0d010100850000000c0e03';
const NOT_CAPABLE = '0d010100850000000c0e01';
const NOTIFY_ON = '0b8000 8106200c0e0300010000004040404040404040';
const NOTIFY_OFF = '0b8000 8106200c0e0100010000004040404040404040';

describe('SSCP-LU session, 3.3', () => {
  it('OFF, ACTLU: +RSP with 03 where sessions are wanted, 01 where not; then enabled or disabled', () => {
    for (const [isDisabled, vector, then] of [
      [false, CAPABLE, 'INIT_PENDING INIT_SENT on enabled'],
      [true, NOT_CAPABLE, 'HELD RESET on disabled'],
    ] as const) {
      const harness = new PuHarness({ pus: [puConfig(1)] });
      harness.host('2d00000000016b8000110101050000000001');
      if (isDisabled) disable(harness);
      const [answer, ...rest] = harness.host(ACTLU);
      expect(said(answer!)).toContain(`eb8000 ${vector}`);
      expect(rest).toHaveLength(isDisabled ? 0 : 1);
      expect(where(harness)).toBe(then);
    }
  });

  it('OFF, ACTLU(ERP): as cold', () => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    harness.host('2d00000000016b8000110101050000000001');
    expect(said(harness.host('2d00020000026b80000d0201')[0]!)).toContain(`eb8000 ${CAPABLE}`);
  });

  it.each([
    ['DACTLU', '2d00020000026b80000e', 'ef9000 800900000e'],
    ['character-coded data', fromSscp('c8c9', '038000'), '879000 80090000'],
    ['NSPE', NSPE('08050000'), '8f9000 80090000010604'],
  ])('OFF, %s: -RSP 8009', (_, piu, answer) => {
    const harness = new PuHarness({ pus: [puConfig(1)] });
    harness.host('2d00000000016b8000110101050000000001');
    expect(harness.host(piu).map(said)).toEqual([answer]);
    expect(where(harness)).toBe('DOWN RESET off enabled');
  });

  it('ON, ACTLU(cold): LU-LU reset, +RSP, and the LU asks anew; ACTLU(ERP) keeps the session', () => {
    const harness = active();
    expect(said(harness.host('2d00020000096b80000d0201')[0]!)).toMatch(/^eb8000 0d02/);
    expect(where(harness)).toBe('ACTIVE ACTIVE on enabled');
    const sent = harness.host('2d000200000a6b80000d0101').map(said);
    expect(sent.map((one) => one.slice(0, 13))).toEqual(['eb8000 0d0101', '0b8000 010681']);
    expect(where(harness)).toBe('INIT_PENDING INIT_SENT on enabled');
    expect(harness.session().reason).toBe('the host activated the LU anew (ACTLU)');
  });

  it('ON, DACTLU: LU-LU reset, +RSP, OFF', () => {
    const harness = active();
    expect(harness.host('2d00020000096b80000e').map(said)).toEqual(['eb8000 0e']);
    expect([where(harness), harness.session().reason]).toEqual([
      'DOWN RESET off enabled',
      'the host deactivated the LU (DACTLU)',
    ]);
  });

  it('ON_ENABLED, application detaches without a session: NOTIFY 01; ON_DISABLED, it attaches: NOTIFY 03', () => {
    const harness = queued();
    disable(harness);
    expect(harness.sent().map(said)).toEqual([NOTIFY_OFF]);
    expect(where(harness)).toBe('HELD RESET on disabled');
    harness.host('2c00020000028b8000810620');
    harness.sessions.enable(harness.session());
    expect(harness.sent().map(said)).toEqual([NOTIFY_ON]);
    // One request at a time (FM profile 0): INIT-SELF after the response.
    expect(harness.host('2c00020000038b8000810620').map((piu) => said(piu).slice(0, 13))).toEqual(['0b8000 010681']);
    expect(where(harness)).toBe('INIT_PENDING INIT_SENT on enabled');
  });

  it('ON_ENABLED, application detaches from a bound session: TERM-SELF, UNBIND, then NOTIFY 01', () => {
    const harness = active();
    disable(harness);
    expect(harness.sent().map(said)).toEqual(['0b8000 01068360f300']);
    expect(where(harness)).toBe('CLOSING ACTIVE on enabled'.replace('enabled', 'disabled'));
    harness.host('2c00020000028b8000010683');
    expect(harness.host(UNBIND).map(said)).toEqual(['eb8000 32', NOTIFY_OFF]);
    expect([where(harness), harness.session().reason]).toEqual(['HELD RESET on disabled', 'an operator took it']);
  });

  it('a session that is disabled with a request under way: its reply comes first', () => {
    const harness = active();
    harness.request(1, 'c1');
    disable(harness);
    // Longer than the host has for a session without a request (haltMs).
    harness.clock.advance(1500);
    harness.host('2c0002050001039040d1');
    expect(harness.answered()).toEqual([{ id: 1, status: 'reply', value: 'd1' }]);
    harness.host('2c00020000028b8000010683', UNBIND);
    expect(where(harness)).toBe('HELD RESET on disabled');
  });

  it('ON, character-coded data: +RSP, and the text is what an operator reads', () => {
    const harness = queued({ lu: { initiate: 'logon' } });
    const text = Buffer.from(encodeEbcdic('IST020I UNABLE TO CONNECT', '037')).toString('hex');
    expect(harness.host(fromSscp(`15${text}15`, '038000')).map(said)).toEqual(['838000 ']);
    expect(harness.session().reason).toBe('the host says: IST020I UNABLE TO CONNECT');
    harness.clock.advance(5000);
    expect(harness.session().reason).toBe(
      'the host accepted the logon, but no BIND came in time (the host says: IST020I UNABLE TO CONNECT)',
    );
  });

  it('what the host wrote belongs to one logon: not to the next, nor to the end of the session that came of it', () => {
    const text = (harness: PuHarness) => harness.host(fromSscp('c8c9', '038000'));
    const failing = queued();
    text(failing);
    failing.clock.advance(6000);
    failing.host('2c00020000028b8000010683', '2c00020000038f900008010000010681');
    expect(failing.session().reason).toContain('08010000');
    expect(failing.session().reason).not.toContain('the host says');
    const working = queued();
    text(working);
    working.host(bind(), SDT, UNBIND);
    expect(working.session().reason).toBe('the host ended the session (UNBIND)');
  });

  it.each([
    ['NSPE', NSPE('083a0000'), '8b8000 010604', '083A0000 LU_NOT_ENABLED'],
    ['NSPE without sense data', fromSscp('0106040080'), '8b8000 010604', '(NSPE or NOTIFY)'],
    ['NOTIFY, procedure error', NOTIFY_SET_UP('03', '08060000'), '8b8000 810620', '08060000 RESOURCE_UNKNOWN'],
    [
      'NOTIFY with more behind the sense data',
      fromSscp('810620030a03800806000008050000'),
      '8b8000 810620',
      '08060000 RESOURCE_UNKNOWN',
    ],
    ['NOTIFY, no sense data in it', fromSscp('810620010203c4c5c6c7'), '8b8000 810620', '(NSPE or NOTIFY)'],
    ['NOTIFY, another vector', fromSscp('8106200102030408050000'), '8b8000 810620', '08050000 SESSION_LIMIT'],
  ])('ON, %s: +RSP, the pending Initiate fails with the sense inside', (_, piu, answer, reason) => {
    const harness = queued();
    expect(harness.host(piu).map(said)).toEqual([answer]);
    expect(where(harness)).toBe('RETRY RESET on enabled');
    expect(harness.session().reason).toContain('the host gave up the logon it had accepted');
    expect(harness.session().reason).toContain(reason);
    if (reason.startsWith('(')) expect(harness.session().reason.endsWith(reason)).toBe(true);
  });

  it('ON, NOTIFY that the session was set up: +RSP, nothing fails', () => {
    const harness = queued();
    expect(harness.host(NOTIFY_SET_UP('02', '00000000')).map(said)).toEqual(['8b8000 810620']);
    expect(where(harness)).toBe('QUEUED_AT_HOST WAIT_BIND on enabled');
  });
});

describe('LU-LU session as secondary, 3.4', () => {
  it.each<[string, Start, string]>([
    ['INIT-SELF', {}, '0b8000 01068100d3e4f0c6c1e2e340f308c8d6e2e3c1d7d7d3000000'],
    [
      'LOGON text',
      { lu: { initiate: 'logon', userData: 'AB' } },
      `038000 ${Buffer.from(encodeEbcdic('LOGON APPLID(HOSTAPPL) LOGMODE(LU0FAST) DATA(AB)', '037')).toString('hex')}`,
    ],
  ])('N, OPEN: %s; I, +RSP: W', (_, { lu }, request) => {
    const harness = new PuHarness({ pus: [puConfig(1, { lus: [luConfig(2, lu)] })] });
    expect(harness.activate().map(said)).toEqual([request]);
    expect(where(harness)).toBe('INIT_PENDING INIT_SENT on enabled');
    harness.host(lu?.initiate === 'logon' ? '2c0002000001838000' : INIT_ACCEPTED);
    expect(where(harness)).toBe('QUEUED_AT_HOST WAIT_BIND on enabled');
    harness.host(bind(), SDT);
    expect(where(harness)).toBe('ACTIVE ACTIVE on enabled');
  });

  it('N, unsolicited BIND: taken, without a request of ours before, after UNBIND and while it waits to try again', () => {
    const harness = asked({ lu: { initiate: 'wait' } });
    expect([where(harness), harness.sent()]).toEqual(['QUEUED_AT_HOST RESET on enabled', []]);
    for (const state of ['QUEUED_AT_HOST', 'RETRY']) {
      expect(harness.session().state).toBe(state);
      expect(harness.host(bind(), SDT).map(said)).toEqual(['eb8000 31', 'eb8000 a0']);
      expect(where(harness)).toBe('ACTIVE ACTIVE on enabled');
      harness.host(UNBIND);
    }
    harness.clock.advance(1000);
    expect([where(harness), harness.sent()]).toEqual(['QUEUED_AT_HOST RESET on enabled', []]);
  });

  it('I, -RSP: N, with the sense as state and reason', () => {
    const harness = asked();
    harness.host('2c00020000018f9000083a0000010681');
    expect(where(harness)).toBe('RETRY RESET on enabled');
    expect(harness.session().row()).toMatchObject({
      state: 'RETRY',
      reason: expect.stringContaining('the host refused the logon (INIT-SELF): 083A0000 LU_NOT_ENABLED'),
    });
  });

  it('I, BIND before the response: taken; the response counts for nothing then, whichever it is', () => {
    for (const response of [INIT_ACCEPTED, '2c00020000018f900008050000010681']) {
      const harness = asked();
      expect(harness.host(bind(), SDT).map(said)).toEqual(['eb8000 31', 'eb8000 a0']);
      harness.host(response);
      expect(where(harness)).toBe('ACTIVE ACTIVE on enabled');
    }
  });

  it.each([
    ['0821: another LU type', `${BIND.slice(0, 28)}02${BIND.slice(30)}`, '08210000', 'HELD'],
    ['0835: FM profile', BIND.replace('31010303', '31010603'), '08350002', 'HELD'],
    ['1002: too short', '3101030300', '10020000', 'HELD'],
  ])('W, BIND that cannot be taken: -RSP %s', (_, image, sense, state) => {
    const harness = queued();
    expect(harness.host(bind(image)).map(said)).toEqual([`ef9000 ${sense}31`]);
    expect(where(harness)).toBe(`${state} RESET on enabled`);
    expect(harness.session().reason).toContain(`we refused the BIND of the host: ${sense.toUpperCase()}`);
  });

  it('W, BIND that we are told to refuse for now: -RSP 0845; NOTIFY 03 later, and the BIND is taken', () => {
    const harness = queued();
    disable(harness);
    harness.sent();
    expect(harness.host(bind()).map(said)).toEqual(['ef9000 0845000031']);
    expect([where(harness), harness.session().pluAddress]).toEqual(['HELD RESET on disabled', -1]);
    harness.host('2c00020000028b8000810620');
    harness.sessions.enable(harness.session());
    expect(harness.sent().map(said)).toEqual([NOTIFY_ON]);
    harness.host('2c00020000038b8000810620', bind(), SDT);
    expect(where(harness)).toBe('ACTIVE ACTIVE on enabled');
  });

  it('W, T_bind: TERM-SELF, N, and again later', () => {
    const harness = queued();
    harness.clock.advance(4999);
    expect(where(harness)).toBe('QUEUED_AT_HOST WAIT_BIND on enabled');
    harness.clock.advance(1);
    expect(harness.sent().map(said)).toEqual(['0b8000 01068360f300']);
    expect(where(harness)).toBe('RETRY RESET on enabled');
    expect(harness.session().reason).toContain('no BIND came in time');
    harness.host('2c00020000028b8000010683');
    harness.clock.advance(1000);
    expect(harness.sent().map((piu) => said(piu).slice(0, 13))).toEqual(['0b8000 010681']);
  });

  it('I, no answer at all: TERM-SELF and the next INIT-SELF wait for it, one request at a time', () => {
    const harness = asked();
    harness.clock.advance(7000);
    expect(harness.sent()).toEqual([]);
    expect(harness.host(INIT_ACCEPTED).map((piu) => said(piu).slice(0, 13))).toEqual(['0b8000 010683']);
  });

  it.each([
    ['STSN', `2d0002${PLU}00026b8000a25000000000`, 'eb8000 a25000000000', 'BOUND'],
    ['FMD', `2c0002${PLU}0001038080c1`, '879000 20050000', 'BOUND'],
    ['CHASE', `2c0002${PLU}00014b800084`, 'cf9000 2005000084', 'BOUND'],
    ['CLEAR', `2d0002${PLU}00026b8000a1`, 'eb8000 a1', 'BOUND'],
    ['SDT', SDT, 'eb8000 a0', 'ACTIVE'],
  ])('R, %s', (_, piu, answer, state) => {
    const image = '31010404b1b03480000085c7000000000000000000000000000000';
    const harness = queued();
    harness.host(bind(image));
    expect(harness.host(piu).map(said)).toEqual([answer]);
    expect(harness.session().half.state).toBe(state);
  });

  it.each([
    ['SDT: -RSP 2007', [SDT], ['ef9000 20070000a0'], 'ACTIVE ACTIVE'],
    ['CLEAR: R', [`2d0002${PLU}00036b8000a1`], ['eb8000 a1'], 'ACTIVE BOUND'],
    [
      'SHUTD: SHUTC between brackets, Q',
      [`2d0002${PLU}0003 4b8000 c0`],
      ['cb8000 c0', '4b8000 c1'],
      'CLOSING QUIESCED',
    ],
    ['UNBIND: N', [UNBIND], ['eb8000 32'], 'RETRY RESET'],
    ['UNBIND 02: W', [`2d0002${PLU}00036b80003202`], ['eb8000 32'], 'QUEUED_AT_HOST WAIT_BIND'],
    ['UNBIND 02, BIND', [`2d0002${PLU}00036b80003202`, bind()], ['eb8000 32', 'eb8000 31'], 'PENDING_ACTIVE BOUND'],
    ['BIND from the same PLU: -RSP 0815', [bind()], ['ef9000 0815000431'], 'ACTIVE ACTIVE'],
    ['BIND from another: -RSP 0805', [`2d00020900016b8000${BIND}`], ['ef9000 0805000031'], 'ACTIVE ACTIVE'],
    ['data from another: -RSP 8005', ['2c0002090001038080c1'], ['879000 80050000'], 'ACTIVE ACTIVE'],
    ['DACTPU: N', ['2d000000000a6b80001202'], ['eb8000 12'], 'DOWN RESET'],
  ])('A, %s', (_, pius, answers, states) => {
    const harness = active();
    expect(harness.host(...pius).map(said)).toEqual(answers);
    expect(where(harness)).toContain(states);
  });

  it('Q, CLEAR and SDT: released; UNBIND: N', () => {
    const harness = active();
    harness.host(`2d0002${PLU}00034b8000c0`, `2d0002${PLU}0001cb8000c1`);
    expect(harness.session().half.state).toBe('QUIESCED');
    harness.host(`2d0002${PLU}00046b8000a1`, `2d0002${PLU}00056b8000a0`);
    expect(harness.session().half.state).toBe('ACTIVE');
    harness.host(UNBIND);
    expect(harness.session().half.state).toBe('RESET');
  });

  it('W to R, link lost: N, without a word', () => {
    for (const start of [asked, queued, active]) {
      const harness = start();
      harness.sent();
      harness.pu.circuitDown('the circuit is gone');
      expect([where(harness), harness.session().reason]).toEqual(['DOWN RESET off enabled', 'the circuit is gone']);
      expect(harness.sent()).toEqual([]);
    }
  });

  it('UNBIND that names its type or sense says so to the operator', () => {
    for (const [type, reason] of [
      ['01', 'the host ended the session (UNBIND)'],
      ['0f', 'the host ended the session (UNBIND): type 0F'],
      ['fe08240000', 'the host ended the session (UNBIND): 08240000 UNIT_OF_WORK_ABORTED'],
    ] as const) {
      const harness = active();
      harness.host(`2d0002${PLU}00036b800032${type}`);
      expect(harness.session().reason.startsWith(reason), harness.session().reason).toBe(true);
      expect(type === '01' ? harness.session().reason : '').not.toContain('type');
    }
  });
});

describe('negotiable BIND', () => {
  it.each([
    ['as it came, where nothing is limited', {}, '0707', '8787', '0707'],
    ['windows lowered', { sendWindowMax: 3, receiveWindowMax: 2 }, '0302', '8787', '0203'],
    ['RU sizes lowered', { sendRuSizeMax: 256, receiveRuSizeMax: 600 }, '0707', '8596', '0707'],
    ['limits above what the host says', { sendWindowMax: 63, receiveRuSizeMax: 491_520 }, '0707', '8787', '0707'],
  ])('%s', (_, bindLimits, windows, sizes, host) => {
    const harness = queued({ link: { sna: { ...SNA, bindLimits } } });
    const [answer] = harness.host(bind(NEGOTIABLE)).map(said);
    const image = NEGOTIABLE.slice(0, 16) + windows + sizes + host + NEGOTIABLE.slice(28);
    expect(answer!.startsWith('eb8000 31')).toBe(true);
    expect(answer!.slice(7, 35)).toBe(image.slice(0, 28));
    harness.host(SDT);
    expect(harness.session().state).toBe('ACTIVE');
  });

  it('limits leave a BIND alone that is not negotiable', () => {
    const harness = queued({ link: { sna: { ...SNA, bindLimits: { sendWindowMax: 1, sendRuSizeMax: 8 } } } });
    expect(harness.host(bind()).map(said)).toEqual(['eb8000 31']);
  });
});

describe('refusals of 4.3, as our side takes them', () => {
  it.each([
    ['0857', 'RETRY', 'SSCP_LU_SESSION_NOT_ACTIVE'],
    ['0806', 'RETRY', 'RESOURCE_UNKNOWN'],
    ['083a', 'RETRY', 'LU_NOT_ENABLED'],
    ['0801', 'RETRY', 'RESOURCE_NOT_AVAILABLE'],
    ['080a', 'RETRY', 'PERMISSION_REJECTED'],
    ['0821', 'HELD', 'INVALID_SESSION_PARAMETERS'],
    ['0805', 'RETRY', 'SESSION_LIMIT_EXCEEDED'],
  ])('%s, at once and later: %s', (sense, state, name) => {
    const atOnce = asked();
    atOnce.host(`2c00020000018f9000${sense}0000010681`);
    const later = queued();
    later.host(NSPE(`${sense}0000`));
    for (const harness of [atOnce, later]) {
      expect(harness.session().state).toBe(state);
      expect(harness.session().reason).toContain(`${sense.toUpperCase()}0000 ${name}.`);
      const told = state === 'HELD' ? ['session.down', 'session.held'] : ['session.down'];
      const last = harness.events.slice(-told.length);
      expect(last.map((event) => event.name)).toEqual(told);
      for (const { details } of last) expect(details).toMatchObject({ lu: 'LU002', reason: harness.session().reason });
    }
    expect(atOnce.session().reason).toContain('refused the logon');
  });

  it('a session held for an operator comes up when it is enabled', () => {
    const harness = asked();
    harness.host('2c00020000018f900008210000010681');
    expect(harness.session().state).toBe('HELD');
    harness.sessions.enable(harness.session());
    expect(harness.sent().map((piu) => said(piu).slice(0, 13))).toEqual(['0b8000 010681']);
    expect(harness.session().state).toBe('INIT_PENDING');
  });
});
