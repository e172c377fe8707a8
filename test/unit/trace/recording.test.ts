import { existsSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { TraceRecorder } from '../../../src/trace/recorder.js';
import { listCircuits, printRecording, type Recording, readRecording } from '../../../src/trace/recording.js';
import { TRACE_KIND, TraceBlock } from '../../../src/trace/records.js';

const TRACES = ['vtam-terminal-logon.json', 'vtam-terminal-short.json'].map((name) => `../shared/traces/${name}`);
const hasTraces = TRACES.every((path) => existsSync(path));
if (!hasTraces) console.log('skipped: recordings of a real VTAM: ../shared/traces is absent');

const recordingArbitrary: fc.Arbitrary<Recording> = fc.record({
  name: fc.string(),
  recordedFrom: fc.string(),
  note: fc.string(),
  pius: fc.array(
    fc.record({
      atMs: fc.integer({ min: 0, max: 1e9 }),
      from: fc.constantFrom('host' as const, 'terminal' as const),
      piu: fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    }),
    { minLength: 1 },
  ),
});

/** Two PUs of one link, their PIUs taking turns. */
async function record(recordings: readonly Recording[], kind: 0 | 1 = TRACE_KIND.piu): Promise<Buffer> {
  const output = new PassThrough();
  const file = buffer(output);
  const recorder = new TraceRecorder(output, { linkOf: () => ({ number: 0, name: 'LINK1', pus: [] }) });
  const block = new TraceBlock();
  for (const [pu, recording] of recordings.entries()) {
    for (const { atMs, from, piu } of recording.pius) {
      block.add(1_700_000_000_000 + atMs, kind, from === 'terminal', pu, piu, 0, piu.length);
    }
  }
  recorder.add(0, block.take()!);
  await recorder.end();
  return file;
}

const one = (...pius: readonly [number, 'host' | 'terminal', string][]): Recording => ({
  name: '',
  recordedFrom: '',
  note: '',
  pius: pius.map(([atMs, from, hex]) => ({ atMs, from, piu: Buffer.from(hex, 'hex') })),
});

describe('the JSON form', () => {
  it('round-trips', () => {
    fc.assert(
      fc.property(recordingArbitrary, (recording) => {
        expect(readRecording(Buffer.from(printRecording(recording)), 'a.json')).toEqual(recording);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['{', /neither pcapng nor JSON/],
    ['[]', /whole/],
    ['{}', /pius/],
    ['{"pius":[{"atMs":-1,"from":"host","piu":"2c"}]}', /pius\.0\.atMs/],
    ['{"pius":[{"atMs":1,"from":"printer","piu":"2c"}]}', /pius\.0\.from/],
    ['{"pius":[{"atMs":1,"from":"host","piu":"2c0"}]}', /pius\.0\.piu: not an even number of hex digits/],
    ['', /neither pcapng nor JSON/],
  ])('says what is wrong with %s', (text, message) => {
    const read = () => readRecording(Buffer.from(text), 'a.json');
    expect(read).toThrow(HostLinkError);
    expect(read).toThrow(message);
  });

  it.skipIf(!hasTraces)('takes the recordings of a real VTAM', () => {
    const [logon, short] = TRACES.map((path) => readRecording(readFileSync(path), path));
    expect(logon!.pius.length).toBeGreaterThan(short!.pius.length);
    expect(short!.pius.slice(0, 2).map(({ from }) => from)).toEqual(['host', 'terminal']);
    expect(Buffer.from(short!.pius[0]!.piu).toString('hex')).toBe('2f00000000016b8000110101050000000001');
  });
});

describe('a pcapng file of ours', () => {
  const first = one([0, 'host', '2d0000000001eb8000'], [12.5, 'terminal', '2c00']);
  const second = one([3, 'terminal', '2c000201']);

  it('gives the PIUs of the first circuit, or of the one asked for by either address', async () => {
    const file = await record([first, second]);
    expect(readRecording(file, 'a.pcapng')).toEqual({
      ...first,
      name: 'a.pcapng',
      recordedFrom: 'hostlink, link LINK1, 40:48:01:00:00:00',
    });
    expect(listCircuits(file)).toEqual([
      { mac: '40:48:01:00:00:00', link: 'LINK1', pius: 2 },
      { mac: '40:48:01:00:00:01', link: 'LINK1', pius: 1 },
    ]);
    for (const mac of ['40:48:01:00:00:01', '40:48:02:00:00:01']) {
      expect(readRecording(file, 'b', mac).pius).toEqual([{ ...second.pius[0], atMs: 0 }]);
    }
  });

  it('says which circuits there are when the one asked for is not', async () => {
    const file = await record([first]);
    expect(() => readRecording(file, 'a', '40:48:01:00:00:07')).toThrow(/there are: 40:48:01:00:00:00/);
  });

  it('says so when it holds DLSw frames only, or nothing', async () => {
    const dlsw = one([0, 'host', '31100000000000010000000100000a00']);
    const file = await record([dlsw], TRACE_KIND.dlsw);
    expect(() => readRecording(file, 'a')).toThrow(/only frames of other kinds \(Ethernet\)/);
    expect(() => readRecording(file.subarray(0, file.readUInt32LE(4)), 'a')).toThrow(/no packets/);
  });
});
