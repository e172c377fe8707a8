import { describe, expect, it } from 'vitest';
import { comparePius } from '../../../src/cli/replay-allowed.js';
import { Replay, type ReplayedNode } from '../../../src/cli/replay-compare.js';
import { learnFacts } from '../../../src/cli/replay-facts.js';
import { replayLines } from '../../../src/cli/replay-lines.js';
import { styleOf } from '../../../src/cli/style.js';
import { piuWords } from '../../../src/sna/piu-words.js';
import type { RecordedPiu, Recording } from '../../../src/trace/recording.js';
import { fakeIo } from './fake-io.js';

type Line = readonly ['host' | 'terminal', string];

function recording(...lines: readonly Line[]): Recording {
  const pius = lines.map(([from, hex], index) => ({ atMs: index * 10, from, piu: Buffer.from(hex, 'hex') }));
  return { name: 'test', recordedFrom: 'made up', note: '', pius };
}

/** Answers as a script says: what to send at each PIU received, and when asked to act. */
class ScriptedNode implements ReplayedNode {
  readonly received: string[] = [];
  readonly acted: number[] = [];
  private sent: Buffer[] = [];
  private readonly answers: Readonly<Record<number, readonly string[]>>;
  private readonly actions: Readonly<Record<number, readonly string[]>>;

  constructor(
    answers: Readonly<Record<number, readonly string[]>>,
    actions: Readonly<Record<number, readonly string[]>> = {},
  ) {
    this.answers = answers;
    this.actions = actions;
  }

  receive(piu: Buffer): void {
    this.send(this.answers[this.received.length]);
    this.received.push(piu.toString('hex'));
  }

  takeSent(): Buffer[] {
    const taken = this.sent;
    this.sent = [];
    return taken;
  }

  act(_pius: readonly RecordedPiu[], index: number): string {
    this.acted.push(index);
    const action = this.actions[index];
    this.send(action);
    return action === undefined ? 'cannot' : '';
  }

  private send(pius: readonly string[] = []): void {
    this.sent.push(...pius.map((hex) => Buffer.from(hex, 'hex')));
  }
}

const ACTPU = '2d00000000016b8000110101050000000001';
const ACTPU_RSP = '2d0000000001eb800011014040404040404040';
const ACTLU = '2d00020000016b80000d0101';
const ACTLU_RSP = '2d0000020001eb80000d0101';
/** NOTIFY with identifier 0, and with identifier 1; the host's answers to them. */
const NOTIFY_0 = '2c00000200000b80008106200c06030001000000';
const NOTIFY_1 = '2c00000200010b80008106200c06030001000000';
const NOTIFY_0_RSP = '2c00020000008b8000810620';
const NOTIFY_1_RSP = '2c00020000018b8000810620';

describe('Replay', () => {
  it('finds nothing where the answers are the recorded ones', () => {
    const node = new ScriptedNode({ 0: [ACTPU_RSP], 1: [ACTLU_RSP] });
    const result = new Replay(
      recording(['host', ACTPU], ['host', ACTLU], ['terminal', ACTPU_RSP], ['terminal', ACTLU_RSP]),
      node,
    ).run();
    expect(result.differences).toBe(0);
    expect(result.rows.map(({ mark }) => mark)).toEqual(['host', 'host', 'same', 'same']);
    expect(node.received).toEqual([ACTPU, ACTLU]);
  });

  it('tells of answers that differ, are missing, or are too many', () => {
    const other = ACTLU_RSP.replace(/01$/, '02');
    const node = new ScriptedNode({ 0: [ACTPU_RSP, ACTPU_RSP], 1: [other] });
    const lines: Line[] = [
      ['host', ACTPU],
      ['terminal', ACTPU_RSP],
      ['host', ACTLU],
      ['terminal', ACTLU_RSP],
      ['terminal', '2c00000200018b8000'],
    ];
    const result = new Replay(recording(...lines), node).run();
    expect(result.rows.map(({ mark }) => mark)).toEqual(['host', 'extra', 'same', 'host', 'differs', 'missing']);
    expect(result.differences).toBe(3);
    expect(node.acted).toEqual([]);
  });

  it('makes our side do what the terminal did, and gives the host our identifier', () => {
    const node = new ScriptedNode({ 0: [ACTPU_RSP], 1: [ACTLU_RSP] }, { 4: [NOTIFY_1] });
    const lines: Line[] = [
      ['host', ACTPU],
      ['terminal', ACTPU_RSP],
      ['host', ACTLU],
      ['terminal', ACTLU_RSP],
      ['terminal', NOTIFY_0],
      ['host', NOTIFY_0_RSP],
    ];
    const result = new Replay(recording(...lines), node).run();
    expect(node.acted).toEqual([4]);
    expect(node.received.at(-1)).toBe(NOTIFY_1_RSP);
    expect(result.differences).toBe(0);
    expect(result.rows.at(4)).toMatchObject({ mark: 'allowed', note: 'identifier' });
    expect([...result.allowed]).toEqual([['identifier', 1]]);
  });

  it('allows an answer that the terminal still owed when its session ended, and no other', () => {
    const request = '2c00020100010380a0c1';
    const answer = '2c0001020001838000';
    const run = (...after: readonly Line[]) => {
      const node = new ScriptedNode({ 0: [answer] });
      return new Replay(recording(['host', request], ...after), node).run();
    };
    expect(run(['host', ACTPU]).rows.map(({ mark }) => mark)).toEqual(['host', 'allowed', 'host']);
    expect(run(['host', '2f00020100026b80003201'])).toMatchObject({ differences: 0 });
    expect(run()).toMatchObject({ differences: 0 });
    expect(run(['host', '2f00030100026b80003201'])).toMatchObject({ differences: 0 });
    expect(run(['terminal', '2c0001020002838000']).rows.map(({ mark }) => mark)).toEqual(['host', 'extra', 'missing']);
    const exception = new ScriptedNode({ 0: [answer] });
    const result = new Replay(recording(['host', request.replace('0380', '0390')]), exception).run();
    expect(result.rows.map(({ mark }) => mark)).toEqual(['host', 'extra']);
  });

  it('says why our side could not do it', () => {
    const node = new ScriptedNode({});
    const result = new Replay(recording(['host', ACTLU], ['terminal', NOTIFY_0]), node).run();
    expect(result.rows.at(1)).toMatchObject({ mark: 'missing', note: 'cannot' });
    expect(result.differences).toBe(1);
  });

  it('takes bytes that are no PIU without harm', () => {
    const node = new ScriptedNode({});
    const result = new Replay(recording(['host', '2d00'], ['terminal', 'ff']), node).run();
    expect(result.rows.map(({ mark }) => mark)).toEqual(['host', 'missing']);
  });

  it('prints every PIU, ours beside the recorded one where they differ, and the list of allowed differences', () => {
    const node = new ScriptedNode({ 0: [ACTPU_RSP.replace('eb8000', 'ef9000')] }, { 3: [NOTIFY_1] });
    const source = recording(['host', ACTPU], ['terminal', ACTPU_RSP], ['host', ACTLU], ['terminal', NOTIFY_0]);
    const io = fakeIo();
    const text = replayLines(source, new Replay(source, node).run(), styleOf(io, io.out)).join('\n');
    expect(text).toMatch(/0 +host +00>00 0001 exp +RQ only RQD1 +ACTPU +2d00/);
    expect(text).toMatch(/10 +recorded +! +00>00 0001 exp +\+RSP DR1 +ACTPU/);
    expect(text).toMatch(/ours +! +00>00 0001 exp +-RSP DR1/);
    expect(text).toMatch(/30 +recorded +~ +02>00 0000 +RQ only RQD1 FI +NOTIFY/);
    expect(text).toMatch(/identifier \(1 times\): With the SSCP/);
    expect(text).toMatch(
      /2 PIUs of the host played; of the terminal's: 0 same \(=\), 1 with allowed differences \(~\), 1 diff/,
    );
  });
});

describe('allowed differences', () => {
  const compare = (recorded: string, ours: string, isSscp = false) =>
    comparePius(Buffer.from(recorded, 'hex'), Buffer.from(ours, 'hex'), isSscp);

  it('do not include numbers on LU-LU sessions, nor those of responses', () => {
    expect(compare('2c00010200010390207dc1', '2c00010200020390207dc1')).toEqual({ isSame: false, allowed: [] });
    expect(compare('2c0000020001838000', '2c0000020002838000', true)).toEqual({ isSame: false, allowed: [] });
  });

  it('are ODAI, reserved bits, and the echo after sense data', () => {
    expect(compare('2e00010200010390207dc1', '2c00010200010390207dc1')).toEqual({ isSame: true, allowed: ['odai'] });
    expect(compare('2c000102000193800000', '2c000102000183800000')).toEqual({ isSame: true, allowed: ['reserved'] });
    expect(compare('2c00010200018790000835000331', '2c000102000187900008350003')).toEqual({
      isSame: true,
      allowed: ['echo'],
    });
  });

  it('never hide another difference', () => {
    expect(compare('2e00010200010390207dc1', '2c00010200010390207dc2').isSame).toBe(false);
    expect(compare('2c000102000187900008350003', '2c000102000187900008210003').isSame).toBe(false);
  });
});

describe('learnFacts', () => {
  it('learns the LUs, what they asked for, and which forms the terminal used', () => {
    const initSelf = `010681 00 d3e4f0c6c1e2e340 f3 04 c5c3c8d6 00 00 02 c8c9`.replaceAll(' ', '');
    const facts = learnFacts(
      recording(
        ['host', ACTPU],
        ['terminal', '2d0000000001eb80001111404040404040404000000701000000000000'],
        ['host', ACTLU],
        ['terminal', '2d0000020001eb80000d010100850000000c06030001000000'],
        ['terminal', `2c00000200010b8000${initSelf}`],
        ['host', '2f00020100016b800031010303b19030800001858500000200000000001850185002000003e3e2d600'],
        ['terminal', '280001020001039000c1c2c3'],
      ),
    );
    expect(facts).toEqual({
      lus: [{ localAddress: 2, type: 'LU2', application: 'ECHO', logMode: 'LU0FAST', userData: 'HI' }],
      sna: { actpuRspFormat: 1, luVectorForm: 'short', replyBindImage: 'negotiable', piuSizeMax: 12 },
      missing: [],
    });
  });

  it('sees which activations a recording lacks because it begins in the middle', () => {
    const missing = (...lines: readonly Line[]) =>
      learnFacts(recording(...lines)).missing.map((piu) => piu.toString('hex'));
    expect(missing(['host', ACTPU], ['host', ACTLU])).toEqual([]);
    expect(missing(['host', ACTLU], ['host', ACTPU])).toEqual([ACTPU]);
    expect(missing(['host', ACTPU], ['host', '2f00020100016b8000a0'])).toEqual([ACTLU]);
    expect(missing(['host', '2c00020100010380a0c1'], ['host', ACTLU])).toEqual([ACTPU, ACTLU]);
  });
});

describe('piuWords', () => {
  it.each([
    ['2d0001020001eb800031', '02>01 0001 exp', '+RSP DR1', 'BIND'],
    ['2d0001020001ef90000835000331', '02>01 0001 exp', '-RSP DR1', '08350003 INVALID_PARAMETER (BIND)'],
    ['2c00010200010390a0c1c2', '02>01 0001', 'RQ only RQE1 BB CD', '2 bytes'],
    ['2800010200010291807d', '02>01 0001 first', 'RQ first RQE1 BB PI', '1 byte'],
    ['2400010200017d7d', '02>01 0001 last', '', '2 bytes'],
    ['2c0001020000830100', '02>01 0000', '+RSP PI', ''],
    ['2c00010200054b800004', '02>01 0005', 'RQ only RQD1', 'LUSTAT'],
    ['2c0000', '?', '', 'TH_TRUNCATED'],
  ])('says %s', (hex, th, rh, ru) => {
    expect(piuWords(Buffer.from(hex, 'hex'))).toEqual({ th, rh, ru });
  });
});
