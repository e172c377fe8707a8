import { Bench } from 'tinybench';
import { SspFramer } from '../src/dlsw/framing.js';
import { INFO_HEADER, writeInfoHeader } from '../src/dlsw/ssp.js';
import { decodeEbcdic, encodeEbcdic } from '../src/sna/ebcdic.js';
import { decodePiu, encodePiu } from '../src/sna/piu.js';
import { Reassembler, segmentPiu } from '../src/sna/segment.js';

export interface MicroResult {
  readonly name: string;
  readonly perSecond: number;
  readonly nanos: number;
}

const PIU = Buffer.concat([Buffer.from('2c0001020001039020', 'hex'), Buffer.alloc(1024, 0xc1)]);
const FRAMES = 64;
const TEXT = 'The quick brown fox jumps over the lazy dog 0123456789 '.repeat(19).slice(0, 1024);

/** A stream of so many INFOFRAMEs, as one chunk. */
function stream(): Buffer {
  const size = INFO_HEADER + PIU.length;
  const out = Buffer.alloc(size * FRAMES);
  for (let frame = 0; frame < FRAMES; frame += 1) {
    writeInfoHeader(out, frame * size, PIU.length, 1, 1, 0);
    PIU.copy(out, frame * size + INFO_HEADER);
  }
  return out;
}

function addFraming(bench: Bench): void {
  const whole = stream();
  let seen = 0;
  const framer = new SspFramer(() => {
    seen += 1;
  });
  bench.add(`framing: ${FRAMES} frames of 1 KB in one chunk`, () => framer.push(whole));
  const pieces: Buffer[] = [];
  for (let at = 0; at < whole.length; at += 1460) pieces.push(whole.subarray(at, at + 1460));
  bench.add(`framing: ${FRAMES} frames of 1 KB in 1,460-byte pieces`, () => {
    for (const piece of pieces) framer.push(piece);
  });
  bench.addEventListener('complete', () => {
    if (seen % FRAMES !== 0) throw new Error(`frames were lost: ${seen}`);
  });
}

/** Codec and framing figures. @param timeMs how long each is run */
export async function runMicro(timeMs: number): Promise<MicroResult[]> {
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 5 });
  const decoded = decodePiu(PIU);
  const segments = segmentPiu(PIU, 265);
  const reassembler = new Reassembler(65_536);
  const ebcdic = encodeEbcdic(TEXT, '037');
  bench
    .add('decodePiu, 1 KB', () => void decodePiu(PIU))
    .add('encodePiu, 1 KB', () => void encodePiu(decoded))
    .add('segmentPiu, 1 KB into 265', () => void segmentPiu(PIU, 265))
    .add('Reassembler, 1 KB of 265', () => {
      for (const segment of segments) reassembler.push(segment, 0, segment.length);
    })
    .add('encodeEbcdic 037, 1 KB', () => void encodeEbcdic(TEXT, '037'))
    .add('decodeEbcdic 037, 1 KB', () => void decodeEbcdic(ebcdic, '037'));
  addFraming(bench);
  await bench.run();
  return bench.tasks.map((task) => {
    const { result } = task;
    if (!('latency' in result)) throw new Error(`${task.name} did not run`);
    return { name: task.name, perSecond: 1000 / result.latency.mean, nanos: result.latency.mean * 1e6 };
  });
}
