import { describe, expect, it } from 'vitest';
import type { HostDefinitionsInput } from '../../../src/host/definitions.js';
import { toEbcdic } from '../../../src/host/ebcdic.js';
import { reportOf } from '../../../src/host/report.js';
import { type HostFixture, hostWith, initSelf, logon } from '../../helpers/host-fixture.js';

/**
 * The stages of a session as the host sees them: each row of section 4.3 of the wire text, refused and queued, and what
 * follows it (4.4). Single frames of 3.3, 3.4 and 4.5 from the host's side: sscp.test.ts, machines.test.ts.
 */

type Input = Partial<HostDefinitionsInput>;
type Sscp = NonNullable<Input['sscp']>;

function up(input: Input = {}): HostFixture {
  const fixture = hostWith(input);
  fixture.pu.up();
  return fixture;
}

/** What came: the LU, and the first bytes of its RU. */
function came({ pu, clock }: HostFixture, size = 3): [number, string][] {
  clock.settle();
  return pu.drain().map(({ daf, ru }) => [daf, ru.toString('hex', 0, Math.min(size, ru.length))]);
}

function onSscp(lu: number, snf: number, rh: string, ru: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x2c, 0, 0, lu, 0, snf]), Buffer.from(rh, 'hex'), ru]);
}

function notify(lu: number, snf: number, capability: '01' | '03'): Buffer {
  return onSscp(lu, snf, '0b8000', Buffer.from(`8106200c0e${capability}00010000004040404040404040`, 'hex'));
}

/** INIT-SELF format 1 with its type and queueing conditions. */
function initSelf1(lu: number, application: string, type: number, conditions: number, snf = 1): Buffer {
  const head = Buffer.from([0x81, 0x06, 0x81, 0x10, type, conditions, 0, 0]);
  const name = toEbcdic(application);
  const ru = Buffer.concat([head, toEbcdic('        '), Buffer.from([0xf3, name.length]), name, Buffer.alloc(4)]);
  return onSscp(lu, snf, '0b8000', ru);
}

function withEcho(more: object, sscp: Sscp = {}): Input {
  return { sscp, applications: [{ name: 'ECHO', program: 'ECHO', ...more }] };
}

const ACCEPTED = '010681';
const BIND = '310103';

function queuedIn({ node }: HostFixture): number {
  return node.sscp.queued;
}

function sessionsIn({ node }: HostFixture): number {
  return node.applications.get('ECHO')!.sessions;
}

describe('4.3, each row: refused with its sense, queued where that is allowed, served when the reason is gone', () => {
  interface RowCase {
    readonly input: Input;
    readonly before?: (fixture: HostFixture) => void;
    readonly mode?: string;
    readonly sense: string;
    /** sscp.queue values under which it waits instead. */
    readonly queuedUnder: readonly Sscp['queue'][];
    readonly after?: (fixture: HostFixture) => void;
  }
  const ROWS: Record<string, RowCase> = {
    'PLU unknown': { input: { applications: [{ name: 'OTHER', program: 'ECHO' }] }, sense: '0806', queuedUnder: [] },
    'PLU known, ACB closed': {
      input: withEcho({ open: false }),
      sense: '083a',
      queuedUnder: ['notEnabled', 'all'],
      after: ({ control }) => control.openApplication('ECHO'),
    },
    'PLU rejects logons': { input: withEcho({ accepts: 'refuse' }), sense: '080a', queuedUnder: [] },
    'PLU is not available': { input: withEcho({ accepts: 'unavailable' }), sense: '0801', queuedUnder: [] },
    'PLU held, defined to refuse': {
      input: withEcho({ onHold: 'refuse' }),
      before: ({ control }) => control.holdLogons('ECHO'),
      sense: '080a',
      queuedUnder: [],
    },
    'mode not in the table': { input: {}, mode: 'NOMODE', sense: '0821', queuedUnder: [] },
    'SLU disabled': {
      input: {},
      before: ({ pu }) => pu.piu(notify(2, 1, '01')),
      sense: '083a',
      queuedUnder: ['notEnabled', 'all'],
      after: ({ pu }) => pu.piu(notify(2, 3, '03')),
    },
    'SLU at its limit': {
      input: {},
      before: (fixture) => logon(fixture, 2, 'UPPER'),
      sense: '0805',
      queuedUnder: ['sessionLimit', 'all'],
      after: ({ control }) => control.unbind('LU2'),
    },
    'PLU at its limit, the other session active': {
      input: withEcho({ sessionMax: 1 }),
      before: (fixture) => logon(fixture, 3, 'ECHO'),
      sense: '0805',
      queuedUnder: ['sessionLimit', 'all'],
      after: ({ control }) => control.unbind('LU3'),
    },
    'PLU at its limit, the other session pending active': {
      input: withEcho({ sessionMax: 1, binds: 'whenTold' }),
      before: ({ control }) => control.varyLogon('LU3', 'ECHO'),
      sense: '0805',
      queuedUnder: ['sessionLimit', 'all'],
      after: ({ control }) => {
        control.rejectLogon('LU3');
        control.openSession('LU2');
      },
    },
  };
  const cases = Object.entries(ROWS).flatMap(([row, one]) =>
    (['none', 'sessionLimit', 'notEnabled', 'all'] as const).map((queue) => [row, queue, one] as const),
  );

  it.each(cases)('%s, queue: %s', (_, queue, { input, before, mode = '', sense, queuedUnder, after }) => {
    const fixture = up({ ...input, sscp: { queue } });
    before?.(fixture);
    came(fixture);
    fixture.pu.piu(initSelf(2, 'ECHO', mode, 2));
    if (!queuedUnder.includes(queue)) {
      expect(came(fixture, 7)).toEqual([[2, `${sense}0000${ACCEPTED}`]]);
      expect(queuedIn(fixture)).toBe(0);
      return;
    }
    expect(came(fixture)).toEqual([[2, ACCEPTED]]);
    expect(queuedIn(fixture)).toBe(1);
    after?.(fixture);
    expect(came(fixture)).toContainEqual([2, BIND]);
    expect([queuedIn(fixture), fixture.node.lus.get('LU2')?.session?.application.name]).toEqual([0, 'ECHO']);
    expect(fixture.rules()).toEqual([]);
  });

  it('no SSCP-LU session: 0857 to an operator, in no queue whatever is defined', () => {
    const fixture = up({ sscp: { queue: 'all' } });
    fixture.control.dactlu('LU2');
    fixture.clock.settle();
    expect([fixture.control.varyLogon('LU2', 'ECHO'), queuedIn(fixture)]).toEqual([0x08570000, 0]);
  });

  it('all ok: +RSP, CINIT, pending active until the BIND is answered', () => {
    const fixture = up();
    fixture.pu.auto = false;
    fixture.pu.piu(initSelf(2, 'ECHO'));
    expect(came(fixture)).toEqual([
      [2, ACCEPTED],
      [2, BIND],
    ]);
    expect(sessionsIn(fixture)).toBe(1);
    expect(fixture.node.lus.get('LU2')?.session?.state).toBe('PEND_BIND');
  });

  it('the checks come in their order: what fails first gives the sense', () => {
    const fixture = up({ applications: [{ name: 'ECHO', program: 'ECHO', open: false, accepts: 'refuse' }] });
    const ask = (application: string, mode = '') => fixture.control.varyLogon('LU2', application, mode);
    fixture.pu.piu(notify(2, 1, '01'));
    expect([ask('NOSUCH', 'NOMODE'), ask('ECHO', 'NOMODE')]).toEqual([0x08060000, 0x083a0000]);
    fixture.control.openApplication('ECHO');
    expect(ask('ECHO', 'NOMODE')).toBe(0x080a0000);
    fixture.control.startLogons('ECHO');
    expect([ask('ECHO', 'NOMODE'), ask('ECHO')]).toEqual([0x08210000, 0x083a0000]);
  });

  it('the queue has its limit', () => {
    const fixture = up(withEcho({ open: false }, { queue: 'all', queueMax: 1 }));
    expect([fixture.control.varyLogon('LU2', 'ECHO'), fixture.control.varyLogon('LU3', 'ECHO')]).toEqual([
      0, 0x083a0000,
    ]);
  });
});

describe('order of the queue', () => {
  const CLOSED = withEcho({ open: false }, { queue: 'all' });

  it('of arrival; at the head whoever asked for it: operator, INIT-SELF format 1, definitions', () => {
    const pus: Input['pus'] = [
      {
        name: 'PU1A',
        idBlk: '017',
        idNum: '00011',
        lus: [
          { addresses: '2-5', name: 'LU{address}' },
          { addresses: 6, name: 'LU6', queueAt: 'head' },
        ],
      },
    ];
    const fixture = up({ ...CLOSED, pus });
    fixture.pu.piu(initSelf(2, 'ECHO'));
    fixture.pu.piu(initSelf(3, 'ECHO'));
    expect(fixture.control.queuedFor('ECHO')).toEqual(['LU2', 'LU3']);
    expect(fixture.control.varyLogon('LU4', 'ECHO', '', Buffer.alloc(0), { atHead: true })).toBe(0);
    fixture.pu.piu(initSelf1(5, 'ECHO', 0xc0, 0xc2));
    fixture.pu.piu(initSelf(6, 'ECHO'));
    expect(fixture.control.queuedFor('ECHO')).toEqual(['LU6', 'LU5', 'LU4', 'LU2', 'LU3']);
    came(fixture);
    // Looking at the queue again does not turn it round.
    fixture.node.sscp.retry();
    expect(fixture.control.queuedFor('ECHO')).toEqual(['LU6', 'LU5', 'LU4', 'LU2', 'LU3']);
    fixture.control.openApplication('ECHO');
    expect(came(fixture).map(([lu]) => lu)).toEqual([6, 5, 4, 2, 3]);
  });

  it.each([
    ['initiate only', 0x40, 0xc0, 'all', '083a00'],
    ['queue for the limit only', 0xc0, 0x80, 'all', '083a00'],
    ['queue until it is able', 0xc0, 0x40, 'none', '810681'],
    ['left to the definitions', 0x00, 0x00, 'notEnabled', '810681'],
    ['left to the definitions', 0x00, 0xc0, 'none', '083a00'],
  ] as const)('INIT-SELF format 1, %s (%i, %i) with queue: %s', (_, type, conditions, queue, answer) => {
    const fixture = up(withEcho({ open: false }, { queue }));
    fixture.pu.piu(initSelf1(2, 'ECHO', type, conditions));
    expect(came(fixture)).toEqual([[2, answer]]);
  });

  it('INIT-SELF format 1 that does not ask for the head waits at the tail', () => {
    const fixture = up(CLOSED);
    fixture.pu.piu(initSelf(2, 'ECHO'));
    fixture.pu.piu(initSelf1(3, 'ECHO', 0xc0, 0xc0));
    expect(fixture.control.queuedFor('ECHO')).toEqual(['LU2', 'LU3']);
  });

  it('queued logons are not counted; one place that comes free serves one', () => {
    const fixture = up(withEcho({ sessionMax: 2 }, { queue: 'sessionLimit' }));
    for (const lu of [2, 3, 4, 5]) fixture.pu.piu(initSelf(lu, 'ECHO'));
    expect([sessionsIn(fixture), fixture.control.queuedFor('ECHO')]).toEqual([2, ['LU4', 'LU5']]);
    came(fixture);
    fixture.control.unbind('LU3');
    expect(came(fixture)).toEqual([
      [3, '3201'],
      [4, BIND],
    ]);
    expect([sessionsIn(fixture), fixture.control.queuedFor('ECHO')]).toEqual([2, ['LU5']]);
    expect(fixture.node.lus.get('LU4')?.session?.isActive).toBe(true);
  });

  it('TERM-SELF for queued sessions, NOTIFY 01 and the loss of the LU take a logon out of it', () => {
    const fixture = up(CLOSED);
    for (const lu of [2, 3, 4]) fixture.pu.piu(initSelf(lu, 'ECHO'));
    came(fixture);
    fixture.pu.piu(onSscp(2, 2, '0b8000', Buffer.from('01068380f300', 'hex')));
    fixture.pu.piu(notify(3, 2, '01'));
    expect(came(fixture, 9)).toEqual([
      [2, '010683'],
      [3, '810620'],
      [3, '010604008008' + '3a0000'],
    ]);
    fixture.control.dactlu('LU4');
    fixture.clock.settle();
    expect(queuedIn(fixture)).toBe(0);
  });
});

describe('SETLOGON', () => {
  it('HOLD: logons wait whatever sscp.queue says, sessions go on; START: served in order, up to the limit', () => {
    const fixture = up(withEcho({ sessionMax: 3 }, { queue: 'sessionLimit' }));
    logon(fixture, 5, 'ECHO');
    fixture.control.holdLogons('ECHO');
    for (const lu of [4, 2, 3]) fixture.pu.piu(initSelf(lu, 'ECHO'));
    expect(came(fixture).map(([, ru]) => ru)).toEqual([ACCEPTED, ACCEPTED, ACCEPTED]);
    expect([sessionsIn(fixture), fixture.node.lus.get('LU5')?.session?.isActive]).toEqual([1, true]);
    fixture.control.startLogons('ECHO');
    expect(came(fixture)).toEqual([
      [4, BIND],
      [2, BIND],
    ]);
    expect(fixture.control.queuedFor('ECHO')).toEqual(['LU3']);
  });

  it('START where the limit allows no queue: the rest is told NSPE 0805', () => {
    const fixture = up(withEcho({ sessionMax: 1, accepts: 'queue' }));
    for (const lu of [2, 3]) fixture.pu.piu(initSelf(lu, 'ECHO'));
    came(fixture);
    fixture.control.startLogons('ECHO');
    expect(came(fixture, 9)).toEqual([
      [2, expect.stringMatching(/^3101/)],
      [3, '010604008008050000'],
    ]);
  });

  it('a held logon whose log mode does not exist fails when it is its turn', () => {
    const fixture = up(withEcho({ accepts: 'queue' }));
    fixture.pu.piu(initSelf(2, 'ECHO', 'NOMODE'));
    came(fixture);
    fixture.control.startLogons('ECHO');
    expect(came(fixture, 9)).toEqual([[2, '010604008008210000']]);
  });

  it('application closed while logons wait: NSPE 083A, or they wait on until it opens', () => {
    for (const [queue, expected] of [
      ['none', [[2, '0106040080083a0000']]],
      ['notEnabled', []],
    ] as const) {
      const fixture = up(withEcho({ accepts: 'queue' }, { queue }));
      fixture.pu.piu(initSelf(2, 'ECHO'));
      came(fixture);
      fixture.control.closeApplication('ECHO');
      expect(came(fixture, 9)).toEqual(expected);
      fixture.control.startLogons('ECHO');
      fixture.control.openApplication('ECHO');
      expect(came(fixture)).toEqual(queue === 'none' ? [] : [[2, BIND]]);
    }
  });
});

describe('4.4: CINIT, BIND, session', () => {
  const TOLD = withEcho({ binds: 'whenTold', sessionMax: 2 }, { queue: 'all' });

  it('CINIT to an application that binds when told: pending active, counted, bound with OPNDST', () => {
    const fixture = up(TOLD);
    for (const lu of [2, 3, 4]) fixture.pu.piu(initSelf(lu, 'ECHO'));
    expect(came(fixture).map(([, ru]) => ru)).toEqual([ACCEPTED, ACCEPTED, ACCEPTED]);
    expect([sessionsIn(fixture), fixture.node.sscp.unbound, queuedIn(fixture)]).toEqual([2, 2, 1]);
    expect([fixture.control.openSession('LU3'), fixture.control.openSession('LU4')]).toEqual([true, false]);
    expect(came(fixture)).toEqual([[3, BIND]]);
    expect([sessionsIn(fixture), fixture.node.sscp.unbound]).toEqual([2, 1]);
    expect(fixture.control.openSession('LU3')).toBe(false);
  });

  it('an LU that is pending active is at its limit', () => {
    const fixture = up(withEcho({ binds: 'whenTold' }));
    fixture.pu.piu(initSelf(2, 'ECHO'));
    fixture.pu.piu(initSelf(2, 'ECHO', '', 2));
    expect(came(fixture, 7)).toEqual([
      [2, ACCEPTED],
      [2, `08050000${ACCEPTED}`],
    ]);
  });

  it.each([
    ['the LU is disabled', ({ pu }: HostFixture) => pu.piu(notify(2, 2, '01')), '083a'],
    ['the application rejects it', ({ control }: HostFixture) => control.rejectLogon('LU2'), '080a'],
    ['the application closes', ({ control }: HostFixture) => control.closeApplication('ECHO'), '083a'],
    ['T_pendingActive', ({ clock }: HostFixture) => clock.advance(60_000), '0801'],
  ])('CINIT without a BIND, %s: NSPE, and the next in the queue has its place', (_, event, sense) => {
    const fixture = up({ ...TOLD, ...withEcho({ binds: 'whenTold', sessionMax: 1 }, { queue: 'all' }) });
    for (const lu of [2, 3]) fixture.pu.piu(initSelf(lu, 'ECHO'));
    came(fixture);
    event(fixture);
    expect(came(fixture, 9).filter(([, ru]) => ru !== '810620')).toEqual([[2, `0106040080${sense}0000`]]);
    const isOpen = fixture.node.applications.get('ECHO')!.isOpen;
    expect([sessionsIn(fixture), fixture.node.sscp.unbound, queuedIn(fixture)]).toEqual(isOpen ? [1, 1, 0] : [0, 0, 1]);
  });

  it.each([
    ['TERM-SELF', ({ pu }: HostFixture) => pu.piu(onSscp(2, 2, '0b8000', Buffer.from('01068340f300', 'hex')))],
    ['DACTLU', ({ control }: HostFixture) => control.dactlu('LU2')],
    ['the circuit is lost', ({ pu }: HostFixture) => pu.connection.close()],
  ])('CINIT without a BIND, %s: nothing is left of it', (_, event) => {
    const fixture = up(TOLD);
    fixture.pu.piu(initSelf(2, 'ECHO'));
    event(fixture);
    fixture.clock.settle();
    expect([sessionsIn(fixture), fixture.node.sscp.unbound, queuedIn(fixture)]).toEqual([0, 0, 0]);
    expect(fixture.rules()).toEqual([]);
  });

  it('what was called off has no timer left: the next one has its whole time', () => {
    const fixture = up(TOLD);
    expect(fixture.control.varyLogon('LU2', 'ECHO')).toBe(0);
    const timers = fixture.clock.pending();
    fixture.control.rejectLogon('LU2');
    expect(fixture.clock.pending()).toBe(timers - 1);
  });

  it('TERM-SELF: of queued sessions leaves the pending one, of all makes room for the next', () => {
    const fixture = up(withEcho({ binds: 'whenTold', sessionMax: 1 }, { queue: 'all' }));
    for (const lu of [2, 3]) fixture.pu.piu(initSelf(lu, 'ECHO'));
    fixture.pu.piu(onSscp(2, 2, '0b8000', Buffer.from('01068380f300', 'hex')));
    expect([fixture.node.sscp.unbound, fixture.control.queuedFor('ECHO')]).toEqual([1, ['LU3']]);
    fixture.pu.piu(onSscp(2, 3, '0b8000', Buffer.from('01068340f300', 'hex')));
    expect([fixture.node.sscp.unbound, fixture.control.queuedFor('ECHO')]).toEqual([1, []]);
    expect(fixture.control.openSession('LU3')).toBe(true);
  });

  it('BIND without an answer, and its UNBIND without one either: told once, the LU is free again', () => {
    const fixture = up(withEcho({}));
    fixture.pu.auto = false;
    fixture.pu.piu(initSelf(2, 'ECHO'));
    came(fixture);
    fixture.clock.advance(60_000);
    expect(came(fixture)).toEqual([
      [2, '010604'],
      [2, '320f'],
    ]);
    expect(sessionsIn(fixture)).toBe(1);
    fixture.clock.advance(5000);
    expect([came(fixture), sessionsIn(fixture), fixture.node.lus.get('LU2')?.session]).toEqual([[], 0, undefined]);
  });

  it('-RSP(BIND) 0845, then NOTIFY 01: kept until NOTIFY 03, and then before those that came later', () => {
    const fixture = up(withEcho({ sessionMax: 1 }, { queue: 'sessionLimit' }));
    fixture.pu.auto = false;
    fixture.pu.piu(initSelf(2, 'ECHO'));
    const bind = fixture.pu.drain().at(-1)!;
    fixture.pu.piu(initSelf(3, 'ECHO'));
    fixture.pu.auto = true;
    fixture.pu.respond(bind, undefined, '08450000');
    fixture.clock.settle();
    fixture.pu.piu(notify(2, 2, '01'));
    expect(queuedIn(fixture)).toBe(1);
    fixture.pu.piu(initSelf(4, 'ECHO'));
    came(fixture);
    fixture.pu.piu(notify(2, 3, '03'));
    expect(fixture.control.queuedFor('ECHO')).toEqual(['LU2', 'LU4']);
  });

  it('the report counts by stage, per application and in all', () => {
    const fixture = up(TOLD);
    for (const lu of [2, 3, 4, 5]) fixture.pu.piu(initSelf(lu, 'ECHO'));
    fixture.control.openSession('LU2');
    fixture.clock.settle();
    const { sessions, applications } = reportOf(fixture.node);
    expect(sessions).toEqual({ active: 1, pending: 1, queued: 2 });
    expect(applications[0]).toMatchObject({ name: 'ECHO', sessions: 2, queued: 2 });
  });
});

describe('4.4, a negotiable BIND', () => {
  it.each([
    ['lowered windows and RU sizes', { 8: 3, 9: 2, 10: 0x85, 11: 0x85, 12: 2, 13: 3 }, 'ACTIVE', []],
    ['a window that was raised', { 8: 9 }, undefined, ['BIND_RESPONSE']],
    ['an RU size that was raised', { 10: 0xff }, undefined, ['BIND_RESPONSE']],
  ] as const)('%s', (_, changes, state, rules) => {
    const mode = { name: 'NEG', negotiable: true, windowIn: 7, windowOut: 7, ruSizeIn: 1024, ruSizeOut: 1024 };
    const fixture = up({ logModes: [mode] });
    fixture.pu.auto = false;
    fixture.pu.piu(initSelf(2, 'ECHO', 'NEG'));
    const bind = fixture.pu.drain().at(-1)!;
    const image = Buffer.from(bind.ru);
    for (const [at, value] of Object.entries(changes)) image[Number(at)] = value;
    fixture.pu.auto = true;
    fixture.pu.respond(bind, image);
    fixture.clock.settle();
    expect([fixture.node.lus.get('LU2')?.session?.state, fixture.rules()]).toEqual([state, rules]);
  });
});
