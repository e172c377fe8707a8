import { describe, expect, it } from 'vitest';
import type { HostDefinitionsInput } from '../../../src/host/definitions.js';
import { toEbcdic } from '../../../src/host/ebcdic.js';
import {
  APPLICATIONS,
  expedited,
  type HostFixture,
  hostWith,
  initSelf,
  logon,
  request,
} from '../../helpers/host-fixture.js';

type Input = Partial<HostDefinitionsInput>;
const QUEUE_ALL: Input['sscp'] = { queue: 'all' };

/** Notify vector 0C of LU `lu`. */
function notify(lu: number, snf: number, capability: string, rh = '0b8000'): Buffer {
  const ru = Buffer.from(`8106200c0e${capability}00010000004040404040404040`, 'hex');
  return Buffer.concat([Buffer.from([0x2c, 0, 0, lu, 0, snf]), Buffer.from(rh, 'hex'), ru]);
}

function onSscp(lu: number, snf: number, rh: string, ru: Buffer | string): Buffer {
  const body = typeof ru === 'string' ? Buffer.from(ru, 'hex') : ru;
  return Buffer.concat([Buffer.from([0x2c, 0, 0, lu, 0, snf]), Buffer.from(rh, 'hex'), body]);
}

function up(input: Input = {}): HostFixture {
  const fixture = hostWith(input);
  fixture.pu.up();
  return fixture;
}

/** RH and RU of everything that came. */
function came(fixture: HostFixture): [string, string][] {
  return fixture.pu.drain().map(({ rh, ru }) => [rh, ru.toString('hex')]);
}

describe('decision on INIT-SELF (sna-wire 4.3)', () => {
  it.each([
    ['unknown application', 'NOSUCH', '', {}, '08060000'],
    ['application closed', 'SHUT', '', {}, '083a0000'],
    ['application refuses logons', 'REFUSE', '', {}, '080a0000'],
    ['application cannot take logons now', 'NOTNOW', '', {}, '08010000'],
    ['unknown log mode', 'ECHO', 'NOMODE', {}, '08210000'],
    ['application at its limit', 'FULL', '', {}, '08050000'],
  ])('%s', (_, application, mode, input, sense) => {
    const fixture = up({
      applications: [
        { name: 'ECHO', program: 'ECHO' },
        { name: 'SHUT', program: 'ECHO', open: false },
        { name: 'REFUSE', program: 'ECHO', accepts: 'refuse' },
        { name: 'NOTNOW', program: 'ECHO', accepts: 'unavailable' },
        { name: 'FULL', program: 'ECHO', sessionMax: 1 },
      ],
      ...input,
    });
    logon(fixture, 3, 'FULL');
    fixture.pu.piu(initSelf(2, application, mode));
    expect(came(fixture)).toEqual([['8f9000', `${sense}010681`]]);
    expect(fixture.rules()).toEqual([]);
  });

  it('LU already in session: 0805', () => {
    const fixture = up();
    logon(fixture, 2, 'ECHO');
    fixture.pu.piu(initSelf(2, 'UPPER', '', 2));
    expect(came(fixture)).toEqual([['8f9000', '08050000010681']]);
  });

  it('LU disabled: 083A, or the queue until NOTIFY 03', () => {
    const refusing = up();
    refusing.pu.piu(notify(2, 1, '01'));
    refusing.pu.drain();
    refusing.pu.piu(initSelf(2, 'ECHO'));
    expect(came(refusing)).toEqual([['8f9000', '083a0000010681']]);
    const queueing = up({ sscp: QUEUE_ALL });
    queueing.pu.piu(notify(2, 1, '01'));
    queueing.pu.drain();
    queueing.pu.piu(initSelf(2, 'ECHO'));
    expect(came(queueing)).toEqual([['8b8000', '010681']]);
    expect(queueing.node.sscp.queued).toBe(1);
    queueing.pu.piu(notify(2, 3, '03'));
    expect(came(queueing).map(([rh, ru]) => [rh, ru.slice(0, 6)])).toEqual([
      ['8b8000', '810620'],
      ['6b8000', '310103'],
    ]);
  });

  it('no SSCP session: 0857 to an operator who wants one', () => {
    const fixture = up();
    fixture.control.dactlu('LU2');
    fixture.pu.clock.settle();
    expect(fixture.control.varyLogon('LU2', 'ECHO')).toBe(0x08570000);
  });

  it('queues in order of arrival: application closed, then opened', () => {
    const fixture = up({
      sscp: QUEUE_ALL,
      applications: [{ name: 'ECHO', program: 'ECHO', open: false, sessionMax: 1 }],
    });
    for (const lu of [4, 2]) fixture.pu.piu(initSelf(lu, 'ECHO'));
    expect(came(fixture).map(([rh]) => rh)).toEqual(['8b8000', '8b8000']);
    fixture.control.openApplication('ECHO');
    fixture.pu.clock.settle();
    expect(fixture.pu.drain().map(({ daf, ru }) => [daf, ru[0]])).toEqual([[4, 0x31]]);
    fixture.control.unbind('LU4');
    fixture.pu.clock.settle();
    expect(fixture.pu.drain().map(({ daf, ru }) => [daf, ru[0]])).toEqual([
      [4, 0x32],
      [2, 0x31],
    ]);
  });

  it('an application that queues logons serves them when it says yes', () => {
    const fixture = up({ applications: [{ name: 'ECHO', program: 'ECHO', accepts: 'queue' }] });
    fixture.pu.piu(initSelf(2, 'ECHO'));
    expect(came(fixture)).toEqual([['8b8000', '010681']]);
    fixture.control.setLogon('ECHO', 'yes');
    fixture.pu.clock.settle();
    expect(fixture.pu.take().ru[0]).toBe(0x31);
  });

  it('passes user data of the logon on in the BIND', () => {
    const fixture = up();
    fixture.pu.piu(initSelf(2, 'ECHO', 'FAST', 1, 'HELLO'));
    expect(came(fixture)[1]?.[1].slice(54)).toBe(
      `04${toEbcdic('ECHO').toString('hex')}05${toEbcdic('HELLO').toString('hex')}00`,
    );
  });
});

describe('logon by other means', () => {
  const text = (words: string) => onSscp(2, 1, '038000', toEbcdic(words));

  it('LOGON text', () => {
    const fixture = up();
    fixture.pu.piu(text('LOGON APPLID(ECHO) LOGMODE(FAST) DATA(ab cd)'));
    const got = came(fixture);
    expect(got[0]).toEqual(['838000', '']);
    expect(got[1]?.[1].slice(54)).toBe(`04c5c3c8d605${toEbcdic('ab cd').toString('hex')}00`);
    fixture.pu.piu(text('LOGOFF'));
    expect(came(fixture).map(([, ru]) => ru)).toEqual(['', '3201']);
    expect(fixture.rules()).toEqual([]);
  });

  it('LOGON text that fails: response first, then message and NOTIFY, one after the other', () => {
    const fixture = up();
    fixture.pu.piu(text('LOGON APPLID(NOSUCH)'));
    const [response, message, ...rest] = fixture.pu.drain();
    expect([response?.rh, message?.rh, rest.length]).toEqual(['838000', '038000', 0]);
    expect(message?.ru.toString('hex')).toBe(
      toEbcdic('\nUNABLE TO ESTABLISH SESSION, SENSE 08060000\n').toString('hex'),
    );
    fixture.pu.respond(message!);
    fixture.pu.clock.settle();
    expect(came(fixture)).toEqual([['0b8000', '81062003060380' + '08060000']]);
  });

  it('a command nobody knows', () => {
    const fixture = up();
    fixture.pu.piu(text('IBMTEST'));
    expect(fixture.pu.drain()[1]?.ru.toString('hex')).toBe(toEbcdic('\nCOMMAND UNRECOGNIZED\n').toString('hex'));
  });

  it('INIT-SELF format 1', () => {
    const fixture = up();
    const ru = `8106811000000000${toEbcdic('FAST    ').toString('hex')}f304c5c3c8d6000000`;
    fixture.pu.piu(onSscp(2, 1, '0b8000', ru));
    expect(came(fixture).map(([rh, body]) => [rh, body.slice(0, 6)])).toEqual([
      ['8b8000', '810681'],
      ['6b8000', '310103'],
    ]);
  });

  it('autologon binds as soon as the LU is enabled', () => {
    const fixture = up({
      pus: [{ name: 'PU1A', idBlk: '017', idNum: '00011', lus: [{ addresses: 2, name: 'LU2', autologon: 'ECHO' }] }],
    });
    expect(fixture.pu.take().ru[0]).toBe(0x31);
    expect(fixture.node.lus.get('LU2')?.session?.state).toBe('ACTIVE');
  });

  it('VARY LOGON and CLSDST PASS', () => {
    const fixture = up();
    expect(fixture.control.varyLogon('LU2', 'ECHO', 'FAST', Buffer.from([7]))).toBe(0);
    fixture.pu.clock.settle();
    expect(fixture.pu.take().oaf).toBe(1);
    fixture.control.pass('LU2', 'UPPER');
    fixture.pu.clock.settle();
    const [unbind, bind] = fixture.pu.drain();
    expect([unbind?.ru.toString('hex'), bind?.oaf]).toEqual(['3202', 2]);
    expect(bind?.ru.toString('hex', 27)).toBe('05e4d7d7c5d9010700');
    expect(fixture.rules()).toEqual([]);
  });
});

describe('a BIND that does not work', () => {
  function bound(input: Input = {}, application = 'ECHO'): HostFixture {
    const fixture = up(input);
    fixture.pu.auto = false;
    fixture.pu.piu(initSelf(2, application));
    fixture.pu.take();
    return fixture;
  }

  it('refused: NSPE with the sense data of the LU', () => {
    const fixture = bound();
    fixture.pu.respond(fixture.pu.take(), undefined, '08350006');
    fixture.pu.clock.settle();
    expect(came(fixture)).toEqual([['0b8000', '0106040080' + '08350006' + 'f304c5c3c8d6']]);
    expect(fixture.node.applications.get('ECHO')?.sessions).toBe(0);
  });

  it('0845: kept until NOTIFY 03, then bound again', () => {
    const fixture = bound();
    fixture.pu.respond(fixture.pu.take(), undefined, '08450000');
    fixture.pu.clock.settle();
    expect([came(fixture), fixture.node.sscp.queued]).toEqual([[], 1]);
    fixture.pu.piu(notify(2, 2, '03'));
    expect(came(fixture).map(([, ru]) => ru.slice(0, 2))).toEqual(['81', '31']);
  });

  it('not answered for a minute: NSPE, and UNBIND of type 0F', () => {
    const fixture = bound();
    fixture.pu.drain();
    fixture.clock.advance(59_999);
    expect(came(fixture)).toEqual([]);
    fixture.clock.advance(1);
    fixture.clock.settle();
    expect(came(fixture).map(([, ru]) => ru)).toEqual(['010604008008010000f304c5c3c8d6', '320f']);
  });

  it('SDT refused: UNBIND FE with that sense data', () => {
    const fixture = bound();
    fixture.pu.respond(fixture.pu.take());
    fixture.pu.clock.settle();
    fixture.pu.respond(fixture.pu.take(), undefined, '10030000');
    fixture.pu.clock.settle();
    expect(came(fixture)[0]).toEqual(['6b8000', '32fe10030000']);
  });
});

describe('ends of a session (sna-wire 4.5)', () => {
  function inSession(input: Input = {}): HostFixture {
    const fixture = up(input);
    logon(fixture, 2, 'ECHO');
    return fixture;
  }
  const gone = ({ node }: HostFixture) => node.lus.get('LU2')?.session === undefined;

  it.each([
    ['forced', '0106834' + '0f300', '3201'],
    ['cleanup', '01068348f300', '320f'],
    ['orderly, between brackets', '01068360f300', '3201'],
    ['as a 3274 sends it', '810683114410000001f300', '3201'],
  ])('TERM-SELF %s', (_, ru, unbind) => {
    const fixture = inSession();
    fixture.pu.piu(onSscp(2, 2, '0b8000', ru));
    expect(came(fixture).map(([, body]) => body)).toEqual([ru.slice(0, 6), unbind]);
    expect([gone(fixture), fixture.rules()]).toEqual([true, []]);
  });

  it('TERM-SELF orderly in a bracket waits for its end', () => {
    const fixture = inSession({ applications: [{ name: 'ECHO', program: 'SLOW' }] });
    fixture.pu.piu(request(2, 1, 1, '0390a0', Buffer.from('AB')));
    fixture.pu.piu(onSscp(2, 2, '0b8000', '01068360f300'));
    expect(came(fixture)).toEqual([['8b8000', '010683']]);
    fixture.clock.advance(100);
    expect(came(fixture)).toEqual([
      ['039040', '4142'],
      ['6b8000', '3201'],
    ]);
    expect([gone(fixture), fixture.rules()]).toEqual([true, []]);
  });

  it('RSHUTD: response, UNBIND 01', () => {
    const fixture = inSession();
    fixture.pu.piu(expedited(2, 1, 1, '4b8000', 'c2'));
    expect(came(fixture)).toEqual([
      ['cb8000', 'c2'],
      ['6b8000', '3201'],
    ]);
    expect(gone(fixture)).toBe(true);
  });

  it('UNBIND by the LU, and crossing ours', () => {
    const fixture = inSession();
    fixture.pu.piu(expedited(2, 1, 1, '6b8000', '3201'));
    expect([came(fixture), gone(fixture)]).toEqual([[['eb8000', '32']], true]);
    const crossing = inSession();
    crossing.pu.auto = false;
    crossing.control.unbind('LU2');
    crossing.pu.piu(expedited(2, 1, 1, '6b8000', '3201'));
    const got = crossing.pu.drain();
    expect(got.map(({ ru }) => ru.toString('hex'))).toEqual(['3201', '32']);
    crossing.pu.respond(got[0]!);
    expect([gone(crossing), crossing.rules()]).toEqual([true, []]);
  });

  it('data that crosses our UNBIND is dropped', () => {
    const fixture = inSession();
    fixture.pu.auto = false;
    fixture.control.unbind('LU2', 0xfe, 0x08240000);
    fixture.pu.piu(request(2, 1, 9, '0390a0', Buffer.from('AB')));
    expect(came(fixture)).toEqual([['6b8000', '32fe08240000']]);
    expect(fixture.rules()).toEqual([]);
  });

  it('NOTIFY 01 from an LU in session: UNBIND 0F', () => {
    const fixture = inSession();
    fixture.pu.piu(notify(2, 2, '01'));
    expect(came(fixture).map(([, ru]) => ru)).toEqual(['810620', '320f']);
  });

  it('NOTIFY without a response asked for, as a 3274 sends it', () => {
    const fixture = inSession();
    fixture.pu.piu(notify(2, 2, '03', '0b0020'));
    expect([came(fixture), fixture.rules()]).toEqual([[], []]);
  });

  it('VARY INACT: UNBIND, then DACTLU; immediate: DACTLU alone', () => {
    const fixture = inSession();
    const before = fixture.pu.all.length;
    fixture.control.varyInact('LU2');
    fixture.pu.clock.settle();
    expect(fixture.pu.all.slice(before).map(({ ru }) => ru.toString('hex'))).toEqual(['3201', '0e']);
    const immediate = inSession();
    const from = immediate.pu.all.length;
    immediate.control.dactlu('LU2');
    immediate.pu.clock.settle();
    expect(immediate.pu.all.slice(from).map(({ ru }) => ru.toString('hex'))).toEqual(['0e']);
    expect([gone(immediate), immediate.node.lus.get('LU2')?.state]).toEqual([true, 'RESET']);
    expect([...fixture.rules(), ...immediate.rules()]).toEqual([]);
  });

  it('ACTLU again, ACTPU again, DACTPU: sessions are dropped without UNBIND', () => {
    const fixture = inSession();
    fixture.control.actlu('LU2');
    fixture.pu.clock.settle();
    expect([gone(fixture), fixture.node.lus.get('LU2')?.state]).toEqual([true, 'ACTIVE']);
    logon(fixture, 3, 'ECHO');
    fixture.control.actpu('PU1A');
    fixture.pu.clock.settle();
    expect(fixture.node.lus.get('LU3')?.session).toBe(undefined);
    expect([...fixture.node.lus.values()].map(({ state }) => state)).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE', 'ACTIVE']);
    fixture.control.dactpu('PU1A');
    fixture.pu.clock.settle();
    expect(fixture.node.pus.get('PU1A')?.state).toBe('INACTIVE');
    expect(fixture.pu.all.some(({ ru }) => ru[0] === 0x32)).toBe(false);
    expect(fixture.rules()).toEqual([]);
  });

  it('ACTPU while an ACTLU is on its way: its late response does not count', () => {
    const fixture = inSession();
    fixture.pu.auto = false;
    fixture.control.actlu('LU2');
    fixture.pu.clock.settle();
    const actlu = fixture.pu.drain().at(-1)!;
    fixture.control.actpu('PU1A');
    fixture.pu.respond(actlu, Buffer.from([0x0d, 0x01]));
    fixture.pu.clock.settle();
    expect(fixture.rules()).toEqual([]);
    fixture.pu.auto = true;
    fixture.pu.respond(fixture.pu.take(), Buffer.from([0x11, 0x01]));
    fixture.pu.clock.settle();
    expect([...fixture.node.lus.values()].every(({ state }) => state === 'ACTIVE')).toBe(true);
  });

  it('application closed: UNBIND, and 083A from then on', () => {
    const fixture = inSession();
    fixture.control.closeApplication('ECHO');
    fixture.pu.clock.settle();
    fixture.pu.piu(initSelf(2, 'ECHO', '', 2));
    expect(came(fixture).map(([, ru]) => ru)).toEqual(['3201', '083a0000010681']);
  });

  it.each([
    ['shutd', [['cb8000', 'c1']]],
    [
      'closeSession',
      [
        ['cb8000', 'c1'],
        ['6b8000', '3201'],
      ],
    ],
  ] as const)('%s: SHUTD, SHUTC, and UNBIND where it was asked for', (how, after) => {
    const fixture = inSession();
    fixture.control[how]('LU2');
    fixture.pu.clock.settle();
    const shutd = fixture.pu.take();
    expect([shutd.rh, shutd.ru.toString('hex'), shutd.th0]).toEqual(['4b8000', 'c0', 0x2d]);
    fixture.pu.respond(shutd);
    fixture.pu.piu(expedited(2, 1, 5, '4b8000', 'c1'));
    expect(came(fixture)).toEqual(after);
    expect(fixture.rules()).toEqual([]);
  });

  it('ACTLU before the PU is there comes to nothing: the PU activates all its LUs when it comes', () => {
    const fixture = hostWith();
    fixture.control.actlu('LU2');
    fixture.pu.up();
    expect(fixture.node.lus.get('LU2')?.state).toBe('ACTIVE');
  });

  it('CLEAR: numbers and brackets start again', () => {
    const fixture = inSession();
    fixture.pu.piu(request(2, 1, 1, '039080', Buffer.from('AB')));
    fixture.control.clear('LU2');
    fixture.pu.clock.settle();
    fixture.pu.drain();
    fixture.pu.piu(request(2, 1, 1, '0390a0', Buffer.from('CD')));
    expect(fixture.pu.drain().map(({ snf, ru }) => [snf, ru.toString()])).toEqual([[1, 'CD']]);
    expect(fixture.rules()).toEqual([]);
  });
});

describe('checks on SSCP sessions', () => {
  it.each([
    ['SSCP_FUNCTION', 'an RU nobody knows', onSscp(2, 1, '0b8000', '010699'), '10030000010699'],
    ['SSCP_RU', 'INIT-SELF cut short', initSelf(2, 'ECHO').subarray(0, 28), '10020000010681'],
    [
      'SSCP_RU',
      'INIT-SELF with something behind it',
      Buffer.concat([initSelf(2, 'ECHO'), Buffer.alloc(1)]),
      '10020000010681',
    ],
    ['SSCP_RU', 'NOTIFY of another length', onSscp(2, 1, '0b8000', '8106200c0e0300010000'), '10020000810620'],
    ['SSCP_RU', 'TERM-SELF without name', onSscp(2, 1, '0b8000', '01068340'), '10020000010683'],
    ['RH_NO_RESPONSE', 'INIT-SELF RQN', onSscp(2, 1, '0b0000', initSelf(2, 'ECHO').subarray(9)), undefined],
    ['RH_FORM', 'INIT-SELF RQE', onSscp(2, 1, '0b9000', initSelf(2, 'ECHO').subarray(9)), '40140000010681'],
    ['RH_CHAINING', 'INIT-SELF without EC', onSscp(2, 1, '0a8000', initSelf(2, 'ECHO').subarray(9)), '400b0000010681'],
    ['FUNCTION', 'data flow control', onSscp(2, 1, '4b8000', '84'), '1003000084'],
    ['RU_LENGTH', 'text over 512 bytes', onSscp(2, 1, '038000', Buffer.alloc(513, 0x40)), '10020000'],
    ['RH_CATEGORY', 'session control', onSscp(2, 1, '6b8000', 'a0'), '40110000a0'],
  ])('%s: %s', (rule, _, piu, answer) => {
    const fixture = up();
    fixture.pu.piu(piu);
    expect(fixture.rules()).toEqual([rule]);
    if (answer) expect(came(fixture).map(([, ru]) => ru)).toEqual([answer]);
  });

  it('SSCP_IMMEDIATE: a second request before the first was answered', () => {
    const fixture = up();
    fixture.pu.piu(notify(2, 1, '03'), false);
    fixture.pu.piu(initSelf(2, 'ECHO', '', 2));
    expect(fixture.rules()).toEqual(['SSCP_IMMEDIATE']);
  });

  it('SSCP_STATE: a request before ACTLU was answered', () => {
    const fixture = hostWith({}, { auto: true });
    fixture.pu.up();
    fixture.control.dactlu('LU2');
    fixture.pu.clock.settle();
    fixture.pu.piu(initSelf(2, 'ECHO'));
    expect(fixture.rules()).toEqual(['SSCP_STATE']);
    expect(came(fixture).map(([, ru]) => ru)).toEqual(['80090000010681']);
  });

  it('responses: wrong number, wrong code, short vector', () => {
    const manual = () => {
      const fixture = hostWith({}, { auto: true });
      fixture.pu.exchangeCapabilities();
      fixture.pu.startCircuit();
      fixture.pu.sendXid(Buffer.from('020001700011', 'hex'));
      return fixture;
    };
    const wrongNumber = manual();
    wrongNumber.pu.piu('2d0000020063eb80000d0101');
    expect(wrongNumber.rules()).toEqual(['RESPONSE_UNEXPECTED']);
    const wrongCode = manual();
    wrongCode.control.dactlu('LU2');
    wrongCode.pu.auto = false;
    wrongCode.pu.clock.settle();
    const dactlu = wrongCode.pu.drain().at(-1)!;
    wrongCode.pu.respond(dactlu, Buffer.from([0x0d]));
    expect(wrongCode.rules()).toEqual(['RESPONSE_CODE']);
    const vector = manual();
    vector.control.actlu('LU2');
    vector.pu.auto = false;
    vector.pu.clock.settle();
    vector.pu.respond(vector.pu.drain().at(-1)!, Buffer.from('0d010100850000000c0e0300010000', 'hex'));
    expect(vector.rules()).toEqual(['SSCP_RU']);
  });

  it('ACTPU refused: tried again after a minute', () => {
    const fixture = hostWith({}, { auto: false });
    const { pu } = fixture;
    pu.exchangeCapabilities();
    pu.startCircuit();
    pu.sendXid(Buffer.from('020001700011', 'hex'));
    pu.control(0x09);
    pu.clock.settle();
    pu.respond(pu.take(), undefined, '08150000');
    expect(fixture.node.pus.get('PU1A')?.state).toBe('REFUSED');
    fixture.clock.advance(60_000);
    fixture.clock.settle();
    expect(pu.take().ru[0]).toBe(0x11);
    expect(fixture.rules()).toEqual([]);
  });

  it('ACTLU refused: the LU stays down, others work', () => {
    const fixture = hostWith({}, { auto: false });
    const { pu } = fixture;
    pu.exchangeCapabilities();
    pu.startCircuit();
    pu.sendXid(Buffer.from('020001700011', 'hex'));
    pu.control(0x09);
    pu.clock.settle();
    pu.respond(pu.take(), Buffer.from([0x11, 0x01]));
    pu.clock.settle();
    const [first, ...others] = pu.drain();
    pu.respond(first!, undefined, '08010000');
    for (const piu of others) pu.respond(piu, Buffer.from([0x0d, 0x01]));
    pu.clock.settle();
    expect([...fixture.node.lus.values()].map(({ state }) => state)).toEqual(['RESET', 'ACTIVE', 'ACTIVE', 'ACTIVE']);
    expect(fixture.rules()).toEqual([]);
  });

  it('NMVT is taken, REQDISCONT ends the SSCP-PU session, others are refused', () => {
    const fixture = up({ applications: APPLICATIONS });
    fixture.pu.piu(onSscp(0, 1, '0b8000', '41038d0000000000'));
    fixture.pu.piu(onSscp(0, 2, '0b8000', '810620'));
    expect(came(fixture)).toEqual([
      ['8b8000', '41038d'],
      ['8f9000', '10030000810620'],
    ]);
    fixture.pu.piu(onSscp(0, 3, '0b8000', '01021b'));
    expect(fixture.node.pus.get('PU1A')?.state).toBe('INACTIVE');
    expect(fixture.rules()).toEqual(['SSCP_FUNCTION']);
  });
});
