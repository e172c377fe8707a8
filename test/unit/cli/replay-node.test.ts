import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runReplay } from '../../../src/cli/replay-command.js';
import { Replay } from '../../../src/cli/replay-compare.js';
import { learnFacts } from '../../../src/cli/replay-facts.js';
import { ReplayNode } from '../../../src/cli/replay-node.js';
import { TraceRecorder } from '../../../src/trace/recorder.js';
import { parseRecording, printRecording, type RecordedPiu, type Recording } from '../../../src/trace/recording.js';
import { TRACE_KIND, TraceBlock } from '../../../src/trace/records.js';
import { fakeIo } from './fake-io.js';

const TRACES = ['vtam-terminal-short.json', 'vtam-terminal-logon.json'].map((name) => `../shared/traces/${name}`);
const VECTORS = new URL('../../vectors/sna-vectors.json', import.meta.url);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostlink-replay-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The LU 0 session of the vectors: INIT-SELF, BIND, a request and its reply, pacing, SHUTD, UNBIND. */
function lu0Flow(): Recording {
  const vectors = JSON.parse(readFileSync(VECTORS, 'utf8')) as { name: string; hex: string }[];
  const pius = vectors
    .filter(({ name }) => name.startsWith('flow.lu0.'))
    .map(({ name, hex }, index): RecordedPiu => {
      return { atMs: index, from: name.includes('.host2') ? 'host' : 'terminal', piu: Buffer.from(hex, 'hex') };
    });
  return { name: 'flow.lu0', recordedFrom: '', note: '', pius };
}

function replay(recording: Recording) {
  return new Replay(recording, new ReplayNode(learnFacts(recording))).run();
}

const fromHex = (...lines: readonly (readonly ['host' | 'terminal', string])[]): Recording => ({
  name: '',
  recordedFrom: '',
  note: '',
  pius: lines.map(([from, hex], atMs) => ({ atMs, from, piu: Buffer.from(hex, 'hex') })),
});

/** A recording as our own recorder would have written it. */
async function toPcapng({ pius }: Recording): Promise<Buffer> {
  const output = new PassThrough();
  const file = buffer(output);
  const recorder = new TraceRecorder(output, { linkOf: () => ({ number: 3, name: 'LINK4', pus: ['PU4A'] }) });
  const block = new TraceBlock();
  for (const { atMs, from, piu } of pius) {
    block.add(1_700_000_000_000 + atMs, TRACE_KIND.piu, from === 'terminal', 0, piu, 0, piu.length);
  }
  recorder.add(0, block.take()!);
  await recorder.end();
  return file;
}

describe('our PU 2.0 in a replay', () => {
  it('does what the secondary of the LU 0 vectors does, byte for byte', () => {
    const result = replay(lu0Flow());
    expect(result.rows.map(({ mark }) => mark).filter((mark) => mark !== 'host' && mark !== 'same')).toEqual([]);
    expect(result.rows).toHaveLength(20);
  });

  it('is caught at any byte that it sends differently', () => {
    const flow = lu0Flow();
    const DATA = 10; // its bytes are the user's, and sent as recorded: its number is changed instead
    for (const [index, { from, piu }] of flow.pius.entries()) {
      if (from === 'host') continue;
      const changed = Buffer.from(piu);
      changed[index === DATA ? 5 : piu.length === 9 ? 7 : piu.length - 1]! ^= 0x01;
      const pius = flow.pius.map((each, at) => (at === index ? { ...each, piu: changed } : each));
      expect(replay({ ...flow, pius }).differences, `PIU ${index}`).toBeGreaterThan(0);
    }
  });

  it('splits and segments as the recorded terminal did, and puts the chain of the host together', () => {
    const flow = lu0Flow();
    const text = 'c1'.repeat(300);
    const [first, last] = [text.slice(0, 512), text.slice(512)]; // RUs of at most 256 bytes
    const chain = fromHex(
      ['terminal', `280001020001029080${first.slice(0, 2 * 191)}`],
      ['terminal', `240001020001${first.slice(2 * 191)}`],
      ['terminal', `2c0001020002018020${last}`],
      ['host', '2c0002010002838000'],
      ['host', `280002010001029140${'d1'.repeat(100)}`],
      ['host', `240002010001${'d2'.repeat(100)}`],
      ['terminal', '2c0001020000830100'],
      ['host', '2c0002010002018000d3'],
      ['terminal', '2c0001020002838000'],
    );
    const result = replay({ ...flow, pius: [...flow.pius.slice(0, 10), ...chain.pius] });
    expect(result.rows.filter(({ mark }) => mark !== 'host' && mark !== 'same')).toEqual([]);
  });

  it('sends TERM-SELF, text, NOTIFY, SIGNAL, LUSTAT, RSHUTD and UNBIND when the terminal did', () => {
    const flow = lu0Flow();
    const more = fromHex(
      ['terminal', '2d00010200024b8000c900010000'],
      ['host', '2d0002010002cb8000c9'],
      ['terminal', '2d00010200034b8000c2'],
      ['host', '2d0002010003cb8000c2'],
      ['host', '2d00020100036b80003201'],
      ['terminal', '2d0001020003eb800032'],
      ['terminal', '2c0000020002038000d3d6c7d6c6c6'],
      ['host', '2c0002000002838000'],
      ['terminal', '2c00000200030b8000010683' + '60f300'],
      ['host', '2c00020000038b8000010683'],
    );
    const result = replay({ ...flow, pius: [...flow.pius.slice(0, 10), ...more.pius] });
    expect(result.differences).toBe(0);
    expect([...result.allowed.keys()]).toEqual(['identifier']);
  });
});

describe('hostlink replay', () => {
  for (const path of TRACES) {
    const isThere = existsSync(path);
    if (!isThere) console.log(`skipped: ${path} is absent`);
    it.skipIf(!isThere)(`finds nothing but allowed differences in ${path}, as JSON and as pcapng`, async () => {
      const pcapng = join(folder, 'as.pcapng');
      writeFileSync(pcapng, await toPcapng(parseRecording(readFileSync(path, 'utf8'))));
      for (const file of [path, pcapng]) {
        const io = fakeIo();
        const exitCode = await runReplay(io, file, {});
        expect(io.out.lines.at(-1)).toMatch(/, 0 different/);
        expect(exitCode).toBe(0);
      }
    });
  }

  it('ends with 1 and shows both sides where something differs', async () => {
    const flow = lu0Flow();
    const pius = flow.pius.slice(0, 2).map(({ piu, ...rest }) => ({ ...rest, piu: Buffer.from(piu) }));
    pius[1]!.piu[17] = 0x41;
    const file = join(folder, 'differs.json');
    writeFileSync(file, printRecording({ ...flow, pius }));
    const io = fakeIo();
    expect(await runReplay(io, file, {})).toBe(1);
    expect(io.out.text).toMatch(/recorded +!.*\n.*ours +!/);
    const json = fakeIo();
    expect(await runReplay(json, file, { json: true })).toBe(1);
    expect(JSON.parse(json.out.text)).toMatchObject({
      played: 1,
      same: 0,
      differences: 1,
      rows: [{ mark: 'differs' }],
    });
  });

  it('plays the activations that a recording lacks, and says so; a session that it lacks is a difference', async () => {
    const flow = lu0Flow();
    const run = async (from: number) => {
      const file = join(folder, 'middle.json');
      writeFileSync(file, printRecording({ ...flow, pius: flow.pius.slice(from) }));
      const io = fakeIo();
      return { exitCode: await runReplay(io, file, {}), first: io.out.lines[0] };
    };
    expect(await run(2)).toEqual({ exitCode: 0, first: expect.stringContaining('1 activation (ACTPU, ACTLU)') });
    expect(await run(4)).toEqual({ exitCode: 0, first: expect.stringContaining('2 activations (ACTPU, ACTLU)') });
    expect(await run(8)).toMatchObject({ exitCode: 1 });
  });

  it('says TRACE_UNREADABLE and TRACE_MALFORMED', async () => {
    await expect(runReplay(fakeIo(), join(folder, 'absent'), {})).rejects.toMatchObject({ code: 'TRACE_UNREADABLE' });
    const file = join(folder, 'nonsense');
    writeFileSync(file, 'nonsense');
    await expect(runReplay(fakeIo(), file, {})).rejects.toMatchObject({ code: 'TRACE_MALFORMED' });
  });
});
