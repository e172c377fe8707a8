import { describe, expect, it } from 'vitest';
import type { HostDefinitionsInput } from '../../../src/host/definitions.js';
import type { ProtocolRule } from '../../../src/host/protocol-errors.js';
import { expedited, type HostFixture, hostWith, initSelf, logon, request } from '../../helpers/host-fixture.js';

const MODES: HostDefinitionsInput['logModes'] = [
  { name: 'FAST', ruSizeIn: 256 },
  { name: 'DEFINITE', sluResponse: 'definite' },
  { name: 'EXCEPT', sluResponse: 'exception' },
  { name: 'SINGLE', sluChains: false },
  { name: 'PACED', windowIn: 2, windowOut: 2 },
  { name: 'NOBRACK', brackets: 'none' },
  { name: 'FDX', mode: 'fdx', brackets: 'none' },
  { name: 'FM2', fm: 2, ts: 2, mode: 'fdx', brackets: 'none', sluResponse: 'none', pluResponse: 'exception' },
  { name: 'FM4', fm: 4, ts: 4 },
  { name: 'WHOLE', wholeBius: true },
];

/** What the LU sends, after a good logon to the script that stays silent, and the rule it must be caught by. */
interface Case {
  readonly rule: ProtocolRule;
  readonly what: string;
  readonly mode?: string;
  /** PIUs in order; all but the last are right. */
  readonly pius: readonly (string | Buffer)[];
  /** RH and sense data of the negative response; '' none. */
  readonly answer?: string;
}

const AB = Buffer.from('AB');
const req = (snf: number, rh: string, ru: Buffer = AB) => request(2, 1, snf, rh, ru);
const exp = (snf: number, rh: string, ru: string) => expedited(2, 1, snf, rh, ru);
const withByte = (piu: Buffer, at: number, value: number) => {
  piu[at] = value;
  return piu;
};

const PATH: Case[] = [
  { rule: 'TH_LENGTH', what: 'five bytes', pius: ['2c00010200'] },
  { rule: 'TH_FID', what: 'FID 3', pius: [withByte(req(1, '0380a0'), 0, 0x3c)] },
  { rule: 'TH_FID', what: 'reserved byte set', pius: [withByte(req(1, '0380a0'), 1, 1)] },
  { rule: 'TH_ODAI', what: 'ODAI set', pius: [withByte(req(1, '0380a0'), 0, 0x2e)], answer: '800f0001' },
  { rule: 'TH_ADDRESS', what: 'unknown OAF', pius: [withByte(req(1, '0380a0'), 3, 99)], answer: '80050000' },
  { rule: 'TH_ADDRESS', what: 'unknown DAF', pius: [withByte(req(1, '0380a0'), 2, 99)], answer: '80050000' },
  { rule: 'PIU_LENGTH', what: 'over MAXDATA', pius: [req(1, '0380a0', Buffer.alloc(4097))], answer: '800a0000' },
  { rule: 'RH_LENGTH', what: 'a TH and no RH', pius: ['2c0001020001'] },
];

const SEGMENTS: Case[] = [
  { rule: 'SEGMENT', what: 'last without first', pius: ['2400010200014142'] },
  { rule: 'SEGMENT', what: 'middle without first', pius: ['2000010200014142'] },
  { rule: 'SEGMENT', what: 'first while one is open', pius: ['2800010200010390a041', '2800010200010390a041'] },
  { rule: 'SEGMENT', what: 'whole while one is open', pius: ['2800010200010390a041', req(2, '0390a0')] },
  { rule: 'SEGMENT', what: 'another number', pius: ['2800010200010390a041', '24000102000242'] },
  { rule: 'SEGMENT', what: 'first shorter than an RH', pius: ['2800010200010390'] },
  { rule: 'SEGMENT', what: 'expedited', pius: ['2900010200014b8000c9'] },
  { rule: 'SEGMENT', what: 'a response', pius: ['280001020001838000', '240001020001'] },
  { rule: 'SEGMENT', what: 'where the BIND wants whole BIUs', mode: 'WHOLE', pius: ['2800010200010390a041'] },
];

const HEADERS: Case[] = [
  { rule: 'RH_RESERVED', what: 'bit 10 of byte 0', pius: [req(1, '1380a0')], answer: '40150000' },
  { rule: 'RH_RESERVED', what: 'QRI', pius: [req(1, '0382a0')], answer: '40150000' },
  { rule: 'RH_RESERVED', what: 'RLWI', pius: [req(1, '0384a0')], answer: '40150000' },
  { rule: 'RH_SENSE', what: 'SDI on a request', pius: [req(1, '0780a0')], answer: '40130000' },
  { rule: 'RH_CIPHER', what: 'EDI', pius: [req(1, '0380a4')], answer: '40160000' },
  { rule: 'RH_CIPHER', what: 'PDI', pius: [req(1, '0380a2')], answer: '40160000' },
  { rule: 'RH_CODE', what: 'alternate code', pius: [req(1, '0380a8')], answer: '40100000' },
  { rule: 'RH_FORM', what: 'ERI alone', pius: [req(1, '0310a0')] },
  { rule: 'RH_NO_RESPONSE', what: 'RQN', pius: [req(1, '0300a0')] },
  {
    rule: 'RH_EXCEPTION',
    what: 'RQE where definite is due',
    mode: 'DEFINITE',
    pius: [req(1, '0390a0')],
    answer: '40060000',
  },
  {
    rule: 'RH_DEFINITE',
    what: 'RQD where exception is due',
    mode: 'EXCEPT',
    pius: [req(1, '0380a0')],
    answer: '40070000',
  },
  { rule: 'RH_DEFINITE', what: 'RQD in FM 2', mode: 'FM2', pius: [req(1, '038000')], answer: '40070000' },
  { rule: 'RH_FORM', what: 'RQD in the middle', pius: [req(1, '029080'), req(2, '008000')], answer: '40140000' },
  { rule: 'RH_FORM', what: 'DR2 after DR1', pius: [req(1, '029080'), req(2, '003000')], answer: '40140000' },
  {
    rule: 'RH_CHAINING',
    what: 'chain where single RUs are due',
    mode: 'SINGLE',
    pius: [req(1, '029080')],
    answer: '400b0000',
  },
  { rule: 'RH_FORMAT', what: 'FM header', pius: [req(1, '0b80a0')], answer: '400f0000' },
  { rule: 'RH_BRACKETS', what: 'BB without brackets', mode: 'NOBRACK', pius: [req(1, '0380a0')], answer: '400c0000' },
  {
    rule: 'RH_BEGIN_BRACKET',
    what: 'BB later in the chain',
    pius: [req(1, '029080'), req(2, '0190a0')],
    answer: '40030000',
  },
  { rule: 'RH_END_BRACKET', what: 'EB by the SLU', pius: [req(1, '0380c0')], answer: '40040000' },
  { rule: 'RH_END_BRACKET', what: 'CEB', pius: [req(1, '0380a1')], answer: '40040000' },
  { rule: 'RH_CHANGE_DIRECTION', what: 'CD early in the chain', pius: [req(1, '0290a0')], answer: '40090000' },
  { rule: 'RH_DIRECTION', what: 'CD in full duplex', mode: 'FDX', pius: [req(1, '038020')], answer: '400d0000' },
  { rule: 'RH_CATEGORY', what: 'data on the expedited flow', pius: [exp(1, '0380a0', '4142')], answer: '40110000' },
  { rule: 'RH_CATEGORY', what: 'network control', pius: [req(1, '2b8000')], answer: '4011000041' },
  {
    rule: 'RH_CATEGORY',
    what: 'session control on the normal flow',
    pius: [req(1, '6b8000', Buffer.from([0x32, 1]))],
    answer: '4011000032',
  },
  {
    rule: 'RH_CATEGORY',
    what: 'SIGNAL on the normal flow',
    pius: [req(1, '4b8000', Buffer.from('c900010000', 'hex'))],
    answer: '40110000c9',
  },
];

const STATES: Case[] = [
  { rule: 'SEQUENCE', what: 'begins with 2', pius: [req(2, '0390a0')], answer: '20010000' },
  { rule: 'SEQUENCE', what: 'gap', pius: [req(1, '029080'), req(3, '009000')], answer: '20010000' },
  { rule: 'SEQUENCE', what: 'the same again', pius: [req(1, '029080'), req(1, '009000')], answer: '20010000' },
  { rule: 'CHAIN', what: 'middle without first', pius: [req(1, '009000')], answer: '20020000' },
  { rule: 'CHAIN', what: 'last without first', pius: [req(1, '019020')], answer: '20020000' },
  { rule: 'CHAIN', what: 'first in a chain', pius: [req(1, '029080'), req(2, '029080')], answer: '20020000' },
  {
    rule: 'CHAIN',
    what: 'CANCEL without a chain',
    pius: [req(1, '4b8000', Buffer.from([0x83]))],
    answer: '2002000083',
  },
  {
    rule: 'CHAIN',
    what: 'CHASE in a chain',
    pius: [req(1, '029080'), req(2, '4b8000', Buffer.from([0x84]))],
    answer: '2002000084',
  },
  { rule: 'BRACKET', what: 'no BB between brackets', pius: [req(1, '038020')], answer: '20030000' },
  { rule: 'BRACKET', what: 'BB in bracket', pius: [req(1, '039080'), req(2, '039080')], answer: '20030000' },
  { rule: 'DIRECTION', what: 'more after CD', pius: [req(1, '0390a0'), req(2, '039000')], answer: '20040000' },
  {
    rule: 'RU_LENGTH',
    what: 'RU over the size of the BIND',
    pius: [req(1, '0390a0', Buffer.alloc(257))],
    answer: '10020000',
  },
  {
    rule: 'PACING_EXCEEDED',
    what: 'a third request of a window of 2 before the pacing response',
    mode: 'PACED',
    pius: [req(1, '029180'), req(2, '009000'), req(3, '009100')],
    answer: '20110000',
  },
  { rule: 'PACING_INDICATOR', what: 'no PI on the first', mode: 'PACED', pius: [req(1, '0390a0')], answer: '20110000' },
  {
    rule: 'PACING_INDICATOR',
    what: 'PI on the second',
    mode: 'PACED',
    pius: [req(1, '029180'), req(2, '009100')],
    answer: '20110000',
  },
  { rule: 'PACING_INDICATOR', what: 'PI without pacing', pius: [req(1, '0391a0')], answer: '20110000' },
  { rule: 'PACING_INDICATOR', what: 'pacing response to nothing', pius: [req(0, '830100', Buffer.alloc(0))] },
  { rule: 'FUNCTION', what: 'unknown DFC code', pius: [req(1, '4b8000', Buffer.from([0x99]))], answer: '1003000099' },
  { rule: 'FUNCTION', what: 'QC in FM 3', pius: [req(1, '4b8000', Buffer.from([0x81]))], answer: '1003000081' },
  { rule: 'FUNCTION', what: 'SHUTC without SHUTD', pius: [exp(1, '4b8000', 'c1')], answer: '10030000c1' },
  { rule: 'FUNCTION', what: 'SDT by an SLU', pius: [exp(1, '6b8000', 'a0')], answer: '10030000a0' },
  { rule: 'FUNCTION', what: 'RQR in TS 3', pius: [exp(1, '6b8000', 'a3')], answer: '10030000a3' },
  {
    rule: 'FUNCTION',
    what: 'SIGNAL in FM 2',
    mode: 'FM2',
    pius: [exp(1, '4b8000', 'c900010000')],
    answer: '10030000c9',
  },
  { rule: 'RU_LAYOUT', what: 'short SIGNAL', pius: [exp(1, '4b8000', 'c90001')], answer: '10050000c9' },
  { rule: 'RU_LAYOUT', what: 'UNBIND without type', pius: [exp(1, '6b8000', '32')], answer: '' },
  { rule: 'RH_CHAINING', what: 'DFC without EC', pius: [exp(1, '4a8000', 'c900010000')], answer: '400b0000c9' },
  { rule: 'RH_FORMAT', what: 'DFC without FI', pius: [exp(1, '438000', 'c900010000')], answer: '400f0000c9' },
  { rule: 'RH_EXCEPTION', what: 'CHASE RQE', pius: [req(1, '4b9000', Buffer.from([0x84]))], answer: '4006000084' },
  {
    rule: 'BRACKET',
    what: 'LUSTAT without BB',
    pius: [req(1, '4b8000', Buffer.from('0400060000', 'hex'))],
    answer: '2003000004',
  },
];

const RESPONSES: Case[] = [
  { rule: 'RESPONSE_UNEXPECTED', what: 'positive, to nothing', pius: [req(1, '838000', Buffer.alloc(0))] },
  { rule: 'RESPONSE_UNEXPECTED', what: 'expedited, to nothing', pius: [exp(9, 'eb8000', 'a0')] },
  { rule: 'RH_CHAINING', what: 'without EC', pius: [req(1, '828000', Buffer.alloc(0))] },
  { rule: 'RH_RESERVED', what: 'byte 2 set', pius: [req(1, '838020', Buffer.alloc(0))] },
  { rule: 'RH_SENSE', what: 'negative without SDI', pius: [req(1, '839000', Buffer.alloc(4))] },
  { rule: 'RH_SENSE', what: 'SDI on a positive one', pius: [req(1, '878000', Buffer.alloc(4))] },
  { rule: 'RESPONSE_CODE', what: 'negative without sense data', pius: [req(1, '879000', Buffer.alloc(2))] },
];

function silentHost(mode: string): HostFixture {
  const fixture = hostWith({
    logModes: MODES,
    applications: [{ name: 'QUIET', program: 'SINK' }],
  });
  fixture.pu.up();
  logon(fixture, 2, 'QUIET', mode);
  return fixture;
}

describe.each([
  ['path', PATH],
  ['segments', SEGMENTS],
  ['headers', HEADERS],
  ['states', STATES],
  ['responses', RESPONSES],
])('checks: %s', (_, cases) => {
  it.each(cases)('$rule: $what', ({ rule, mode = 'FAST', pius, answer }) => {
    const fixture = silentHost(mode);
    const { pu, rules, node } = fixture;
    for (const piu of pius.slice(0, -1)) pu.piu(piu, false);
    expect(rules()).toEqual([]);
    pu.piu(pius.at(-1)!);
    expect(rules()).toEqual([rule]);
    expect(node.errors.list()[0]).toMatchObject({ pu: 'PU1A', atMs: 0 });
    const negative = pu
      .drain()
      .filter(({ rh }) => rh !== '' && (Number.parseInt(rh.slice(2, 4), 16) & 0x10) !== 0 && rh > '8');
    if (answer !== undefined) expect(negative.map(({ ru }) => ru.toString('hex')).join()).toBe(answer);
  });
});

describe('checks: what only time can break', () => {
  it('IMMEDIATE_MODE: a request before the definite response could have come', () => {
    const { pu, rules } = silentHost('FAST');
    pu.piu(req(1, '038080'), false);
    pu.piu(req(2, '038000'), false);
    expect(rules()).toEqual(['IMMEDIATE_MODE']);
  });

  it('IMMEDIATE_MODE: not when it waits', () => {
    const { pu, rules } = silentHost('FAST');
    pu.piu(req(1, '038080'));
    pu.piu(req(2, '038000'));
    expect(rules()).toEqual([]);
  });

  it('TRAFFIC_RESET: data before SDT was answered', () => {
    const { pu, rules } = hostWith({ logModes: MODES }, { auto: true });
    pu.up();
    pu.auto = false;
    pu.piu(initSelf(2, 'ECHO'));
    const bind = pu.drain()[1]!;
    pu.respond(bind);
    pu.clock.settle();
    expect(pu.take().ru.toString('hex')).toBe('a0');
    pu.piu(req(1, '0390a0'));
    expect(rules()).toEqual(['TRAFFIC_RESET']);
    expect(pu.drain().map(({ rh, ru }) => [rh, ru.toString('hex')])).toEqual([
      ['879000', '20050000'],
      ['6b8000', '32fe20050000'],
    ]);
  });

  it('QUIESCED: data after SHUTC', () => {
    const { pu, rules, control } = silentHost('FAST');
    control.shutd('LU2');
    pu.clock.settle();
    pu.respond(pu.drain().find(({ ru }) => ru[0] === 0xc0)!);
    pu.piu(exp(5, '4b8000', 'c1'));
    expect(rules()).toEqual([]);
    pu.piu(req(1, '0390a0'));
    expect(rules()).toEqual(['QUIESCED']);
  });

  it('SEQUENCE: taken as it comes where the definitions say so', () => {
    const fixture = hostWith({ checks: { sequence: 'lenient', odai: false } });
    fixture.pu.up();
    logon(fixture, 2, 'ECHO');
    fixture.pu.piu(withByte(req(77, '0390a0'), 0, 0x2e));
    expect(fixture.rules()).toEqual([]);
    expect(fixture.pu.drain().map(({ rh }) => rh)).toEqual(['039040']);
  });

  it('SEQUENCE: wraps to 0, or to 1', () => {
    for (const next of [0, 1]) {
      const { pu, rules } = silentHost('FM2');
      for (let snf = 1; snf <= 65535; snf += 1) {
        pu.piu(req(snf, '030000', Buffer.alloc(0)), false);
        if (snf % 100 === 0) pu.clock.settle();
      }
      pu.piu(req(next, '030000'));
      pu.piu(req(next + 1, '030000'));
      expect(rules()).toEqual([]);
    }
  });

  it('ends a session whose state is lost with UNBIND FE, and keeps one whose request was merely unknown', () => {
    const lost = silentHost('FAST');
    lost.pu.piu(req(7, '0390a0'));
    expect(lost.pu.drain().map(({ ru }) => ru.toString('hex'))).toEqual(['20010000', '32fe20010000']);
    expect(lost.node.lus.get('LU2')?.session).toBe(undefined);
    const kept = silentHost('FAST');
    kept.pu.piu(req(1, '4b8000', Buffer.from([0x99])));
    expect(kept.node.lus.get('LU2')?.session?.state).toBe('ACTIVE');
  });

  it('keeps the last 200 errors and counts them all', () => {
    const { pu, node } = silentHost('FAST');
    for (let count = 0; count < 250; count += 1) pu.piu('2c00010200');
    expect(node.errors.count).toBe(250);
    expect(node.errors.list().length).toBe(200);
    expect(node.errors.list()[0]).toMatchObject({ rule: 'TH_LENGTH', piuHex: '2c00010200', lu: '' });
  });
});

describe('checks: responses to requests of the host', () => {
  /** The host sends 'AB' RQD1 in a bracket of the LU; the response is for the test to send. */
  function asked(): HostFixture {
    const fixture = hostWith({ logModes: [{ name: 'FAST', pluResponse: 'definite' }] });
    fixture.pu.up();
    logon(fixture, 2, 'ECHO');
    fixture.pu.piu(req(1, '0390a0'));
    expect(fixture.pu.take().rh).toBe('038040');
    return fixture;
  }

  it.each([
    ['838000', 1, '', []],
    ['838000', 2, '', ['RESPONSE_UNEXPECTED']],
    ['832000', 1, '', ['RESPONSE_FORM']],
    ['c38000', 1, '', ['RESPONSE_FORM']],
    ['838000', 1, '41', ['RESPONSE_CODE']],
    ['879000', 1, '081c0000', []],
    ['838100', 1, '', ['PACING_INDICATOR']],
  ])('RH %s, SNF %i, RU %s', (rh, snf, ru, broken) => {
    const { pu, rules } = asked();
    pu.piu(req(snf, rh, Buffer.from(ru, 'hex')));
    expect(rules()).toEqual(broken);
  });

  it('ends the bracket with the positive response only, under rule 1', () => {
    const fixture = asked();
    const session = fixture.node.lus.get('LU2')!.session!;
    expect(session.brackets.state).toBe('END_SENT');
    fixture.pu.piu(req(1, '838000', Buffer.alloc(0)));
    expect(session.brackets.state).toBe('BETB');
    const other = asked();
    other.pu.piu(req(1, '879000', Buffer.from('081c0000', 'hex')));
    expect(other.node.lus.get('LU2')!.session!.brackets.state).toBe('INB');
  });

  it('a BB of the LU before its response breaks the bracket', () => {
    const { pu, rules } = asked();
    pu.piu(req(2, '0390a0'));
    expect(rules()).toEqual(['BRACKET']);
  });
});
