import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createSeededPrng } from '../../src/base/prng.js';
import { TraceRecorder } from '../../src/trace/recorder.js';
import { TRACE_KIND, TraceBlock } from '../../src/trace/records.js';
import { tsharkFields, tsharkMissing } from '../helpers/tshark.js';

const missing = tsharkMissing();
if (missing !== undefined) console.log(`skipped: recorded DLSw frames through tshark: ${missing}`);

/** Frames that tshark finds malformed, or where the TCP connection looks wrong. */
const TROUBLE = '_ws.malformed || _ws.expert.severity >= 0x600000 || tcp.analysis.flags';
const FIELDS = ['tcp.srcport', 'tcp.dstport', 'dlsw.message_type', 'dlsw.message_length', 'tcp.stream'];
const CAPABILITIES_VECTORS = '05810000000482010004830014128600'.concat('ff'.repeat(15));

const prng = createSeededPrng(7);
const pick = (below: number) => Math.floor(prng() * below);

/** One SSP message, made by hand: control messages have 72 bytes of header, INFOFRAME (0A) 16. */
function message(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(type === 0x0a ? 16 : 72);
  header[0] = 0x31;
  header[1] = header.length;
  header.writeUInt16BE(body.length, 2);
  header.writeUInt32BE(0x11223344, 4);
  header[14] = type;
  if (header.length === 72) {
    header[16] = 0x42;
    header[17] = 1;
    header[38] = 1;
  }
  return Buffer.concat([header, body]);
}

const capabilities = () => {
  const vectors = Buffer.from(CAPABILITIES_VECTORS, 'hex');
  const head = Buffer.alloc(4);
  head.writeUInt16BE(4 + vectors.length, 0);
  head.writeUInt16BE(0x1520, 2);
  return message(0x20, Buffer.concat([head, vectors]));
};
const infoFrame = (length: number) => message(0x0a, Buffer.alloc(length, 0x2c));

interface Stream {
  readonly toHost: boolean;
  readonly messages: readonly Buffer[];
}

function sizes(): number[] {
  return [...Array.from({ length: 80 }, () => 9 + pick(4000)), 65_000, 9, ...Array.from({ length: 20 }, () => 3849)];
}

const streams: readonly Stream[] = [true, false].map((toHost) => ({
  toHost,
  messages: [capabilities(), message(0x03, Buffer.alloc(0)), ...sizes().map(infoFrame)],
}));

/** Cut each stream into chunks of any size (some far above 64 KB), and mix the two directions. */
function chunks(): { toHost: boolean; bytes: Buffer }[] {
  const left = streams.map(({ toHost, messages }) => ({ toHost, bytes: Buffer.concat(messages) }));
  const cut: { toHost: boolean; bytes: Buffer }[] = [];
  while (left.some((each) => each.bytes.length > 0)) {
    const each = left[pick(2)]!;
    const length = cut.length < 4 ? 200 : [pick(40) + 1, pick(5000) + 1, pick(12) === 0 ? 90_000 : 1460][pick(3)]!;
    if (each.bytes.length === 0) continue;
    cut.push({ toHost: each.toHost, bytes: each.bytes.subarray(0, length) });
    each.bytes = each.bytes.subarray(length);
  }
  return cut;
}

async function record(packets: readonly { toHost: boolean; bytes: Buffer }[], lostAfter = -1): Promise<Buffer> {
  const output = new PassThrough();
  const file = buffer(output);
  const recorder = new TraceRecorder(output, { linkOf: () => ({ number: 0, name: 'LINK1', pus: ['PU1A'] }) });
  for (const [index, { toHost, bytes }] of packets.entries()) {
    const block = new TraceBlock(index === lostAfter ? 16 : undefined);
    block.add(1_700_000_000_000 + index, TRACE_KIND.dlsw, toHost, 0, bytes, 0, bytes.length);
    recorder.add(0, block.take()!);
  }
  await recorder.end();
  return file;
}

/** [type, length] of all messages one way, in order. */
function messagesOf(rows: ReturnType<typeof tsharkFields>, toHost: boolean): number[][] {
  const port = toHost ? 'tcp.dstport' : 'tcp.srcport';
  return rows
    .filter((row) => row[port]![0] === '2065')
    .flatMap((row) =>
      row['dlsw.message_type']!.map((type, at) => [Number(type), Number(row['dlsw.message_length']![at])]),
    );
}

const typesAndLengths = (messages: readonly Buffer[]) => messages.map((each) => [each[14]!, each.readUInt16BE(2)]);

describe.skipIf(missing !== undefined)('recorded DLSw streams, read by tshark without any setting', () => {
  it('give the same messages both ways, however they were cut, with no trouble in TCP', async () => {
    const file = await record(chunks());
    const rows = tsharkFields(file, FIELDS);
    for (const { toHost, messages } of streams) expect(messagesOf(rows, toHost)).toEqual(typesAndLengths(messages));
    expect(tsharkFields(file, ['frame.number'], TROUBLE)).toEqual([]);
  });

  it('stay readable where thousands of small messages were written at once', async () => {
    const messages = Array.from({ length: 3000 }, () => infoFrame(9));
    const file = await record([{ toHost: true, bytes: Buffer.concat(messages) }]);
    expect(messagesOf(tsharkFields(file, FIELDS), true)).toEqual(typesAndLengths(messages));
    expect(tsharkFields(file, ['frame.number'], TROUBLE)).toEqual([]);
  });

  it('have right checksums', async () => {
    const file = await record(chunks());
    const rows = tsharkFields(file, ['ip.checksum.status', 'tcp.checksum.status'], '', [
      'ip.check_checksum:TRUE',
      'tcp.check_checksum:TRUE',
    ]);
    expect(rows.length).toBeGreaterThan(100);
    for (const row of rows) expect(row).toEqual({ 'ip.checksum.status': ['1'], 'tcp.checksum.status': ['1'] });
  });

  it('show a new DLSw connection, a start inside a message and a loss as connections of their own', async () => {
    const half = infoFrame(500);
    const packets = [
      { toHost: false, bytes: half.subarray(200) },
      { toHost: true, bytes: infoFrame(100) },
      { toHost: false, bytes: infoFrame(200) },
      { toHost: true, bytes: capabilities() },
      { toHost: false, bytes: capabilities() },
      { toHost: true, bytes: half.subarray(0, 300) },
      { toHost: true, bytes: half.subarray(300) },
      { toHost: true, bytes: infoFrame(300) },
    ];
    const file = await record(packets, 5);
    const rows = tsharkFields(file, FIELDS, 'dlsw');
    const seen = rows.map((row) => [Number(row['tcp.stream']![0]), Number(row['dlsw.message_length']![0])]);
    expect(seen).toEqual([
      [0, 100],
      [0, 200],
      [1, 35],
      [1, 35],
      [2, 300],
    ]);
    expect(tsharkFields(file, ['frame.number'], TROUBLE)).toEqual([]);
  });
});
