import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readPcapng } from '../../../src/trace/pcapng-reader.js';
import { openTraceFile, type TraceLink, TraceRecorder } from '../../../src/trace/recorder.js';
import { TRACE_KIND, TraceBlock, type TraceKind } from '../../../src/trace/records.js';
import { readTokenRing, TOKEN_RING_HEADER } from '../../../src/trace/token-ring.js';

/** An output that writes only when told to. */
class SlowOutput extends Writable {
  readonly chunks: Buffer[] = [];
  private waiting: (() => void)[] = [];
  isSlow: boolean;

  constructor(isSlow: boolean) {
    super({ highWaterMark: 1 });
    this.isSlow = isSlow;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.chunks.push(Buffer.from(chunk));
    if (this.isSlow) this.waiting.push(() => done());
    else done();
  }

  release(): void {
    this.isSlow = false;
    const waiting = this.waiting;
    this.waiting = [];
    for (const done of waiting) done();
  }

  get file(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

const LINKS: readonly TraceLink[] = [
  { number: 0, name: 'LINK1', pus: ['PU1A', 'PU1B'] },
  { number: 300, name: 'LINK2', pus: ['PU2A'] },
];
const linkOf = (workerId: number) => LINKS[workerId]!;

function oneBlock(...packets: readonly [TraceKind, boolean, number, Buffer][]): ArrayBuffer {
  const block = new TraceBlock();
  for (const [index, [kind, toHost, pu, bytes]] of packets.entries()) {
    block.add(1000.25 + index, kind, toHost, pu, bytes, 0, bytes.length);
  }
  return block.take()!;
}

const PIU = Buffer.from('2c00020100010390a0c1c2', 'hex');
const INFO_FRAME = Buffer.from('31100003000000010000000100000a00aabbcc', 'hex');

describe('TraceRecorder', () => {
  it('writes PIUs with the direction, link and PU in the addresses, and numbers per direction', async () => {
    const output = new SlowOutput(false);
    const recorder = new TraceRecorder(output, { linkOf });
    recorder.add(0, oneBlock([0, true, 1, PIU], [0, true, 1, PIU], [0, false, 1, PIU], [0, true, 0, PIU]));
    recorder.add(1, oneBlock([0, false, 0, PIU]));
    expect(await recorder.end()).toMatchObject({ packets: 5, dropped: 0, skipped: 0, bytes: output.file.length });
    const packets = [...readPcapng(output.file)];
    expect(packets.map(({ bytes }) => readTokenRing(bytes))).toEqual([
      { toHost: true, link: 0, pu: 1 },
      { toHost: true, link: 0, pu: 1 },
      { toHost: false, link: 0, pu: 1 },
      { toHost: true, link: 0, pu: 0 },
      { toHost: false, link: 300, pu: 0 },
    ]);
    const numbers = packets.map(({ bytes }) => [bytes[16]! >> 1, bytes[17]! >> 1]);
    expect(numbers.slice(0, 3)).toEqual([
      [0, 0],
      [1, 0],
      [0, 2],
    ]);
    for (const { bytes } of packets) expect(bytes.subarray(TOKEN_RING_HEADER)).toEqual(PIU);
    expect(packets.map(({ interfaceName }) => interfaceName)).toEqual(['LINK1', 'LINK1', 'LINK1', 'LINK1', 'LINK2']);
    expect(packets[0]).toMatchObject({ wallMs: 1000.25, isOutbound: true });
    expect(packets[0]!.comment).toBe('LINK1/PU1B: PU 40:48:01:00:00:01, host 40:48:02:00:00:01');
    expect(packets[1]!.comment).toBe('');
    expect(packets[4]!.comment).toBe('LINK2/PU2A: PU 40:48:01:01:2c:00, host 40:48:02:01:2c:00');
  });

  it('drops and counts while too much waits for the output, and tells of it in the next packet', async () => {
    const output = new SlowOutput(true);
    const recorder = new TraceRecorder(output, { linkOf, pendingMax: 1000 });
    const big = Buffer.alloc(2000, 0x2c);
    recorder.add(0, oneBlock([0, true, 0, big]));
    recorder.add(0, oneBlock([0, true, 0, PIU], [0, true, 0, PIU], [1, true, 0, INFO_FRAME]));
    expect(recorder.summary).toMatchObject({ packets: 1, dropped: 3 });
    output.release();
    await new Promise<void>((resolve) => output.write(Buffer.alloc(0), () => resolve()));
    recorder.add(0, oneBlock([0, true, 0, PIU], [0, true, 0, PIU]));
    expect(await recorder.end()).toMatchObject({ packets: 3, dropped: 3 });
    expect([...readPcapng(output.file)].map(({ dropped }) => dropped)).toEqual([0, 3, 0]);
  });

  it('counts what the worker itself had to drop', async () => {
    const output = new SlowOutput(false);
    const recorder = new TraceRecorder(output, { linkOf });
    const block = new TraceBlock(60);
    for (let index = 0; index < 4; index += 1) block.add(index, TRACE_KIND.piu, true, 0, PIU, 0, PIU.length);
    recorder.add(0, block.take()!);
    expect(await recorder.end()).toMatchObject({ packets: 1, dropped: 3 });
  });

  it('counts chunks of a DLSw stream that it cannot place', async () => {
    const output = new SlowOutput(false);
    const recorder = new TraceRecorder(output, { linkOf });
    recorder.add(0, oneBlock([1, true, 0, PIU], [1, true, 0, INFO_FRAME], [1, true, 0, PIU]));
    expect(await recorder.end()).toMatchObject({ packets: 2, skipped: 1 });
    const frames = [...readPcapng(output.file)];
    expect(frames).toHaveLength(5); // the opening takes three
    expect(Buffer.concat(frames.map(({ bytes }) => bytes.subarray(-INFO_FRAME.length)).slice(3, 4))).toEqual(
      INFO_FRAME,
    );
  });

  it('leaves DLSw streams out where only PIUs are wanted', async () => {
    const output = new SlowOutput(false);
    const recorder = new TraceRecorder(output, { linkOf, dlsw: false });
    recorder.add(0, oneBlock([1, true, 0, INFO_FRAME], [0, true, 0, PIU]));
    expect(await recorder.end()).toMatchObject({ packets: 1, dropped: 0, skipped: 0 });
    expect([...readPcapng(output.file)]).toHaveLength(1);
  });

  it('goes on counting when its output fails, and says so at the end', async () => {
    const output = new Writable({
      write(_chunk, _encoding, done) {
        done(new Error('no space left'));
      },
    });
    const recorder = new TraceRecorder(output, { linkOf });
    await new Promise<void>((resolve) => output.once('error', () => resolve()));
    recorder.add(0, oneBlock([0, true, 0, PIU]));
    expect(recorder.summary).toMatchObject({ packets: 0, dropped: 1 });
    await expect(recorder.end()).rejects.toMatchObject({ code: 'TRACE_UNREADABLE' });
  });

  it('says TRACE_UNREADABLE for a file that cannot be opened', async () => {
    await expect(openTraceFile('/does/not/exist/a.pcapng')).rejects.toMatchObject({ code: 'TRACE_UNREADABLE' });
  });
});
