import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createSeededPrng } from '../../src/base/prng.js';
import {
  encodeCapexNegative,
  encodeCapexPositive,
  encodeCapexRequest,
  SNA_SAP_LIST,
} from '../../src/dlsw/capabilities.js';
import {
  EMPTY_CONTROL,
  encodeSsp,
  SSP,
  type SspControl,
  type SspMessage,
  writeInfoHeader,
} from '../../src/dlsw/ssp.js';

const DLSW_PORT = 2065;

function tsharkVersion(): string | undefined {
  const found = spawnSync('tshark', ['--version'], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.split('\n')[0] : undefined;
}

const VERSION = tsharkVersion();
if (VERSION === undefined) console.log('skipped: tshark is not installed, so nothing to hold our DLSw frames against');

const folder = mkdtempSync(join(tmpdir(), 'hostlink-dlsw-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One Ethernet/IPv4/TCP packet to port 2065 (checksums left zero, as with offloading). */
function packet(payload: Buffer, seq: number): Buffer {
  const head = Buffer.alloc(54);
  head.write('020000000002020000000001', 0, 'hex');
  head.writeUInt16BE(0x0800, 12);
  head[14] = 0x45;
  head.writeUInt16BE(40 + payload.length, 16);
  head[22] = 64;
  head[23] = 6;
  head.write('0a0000010a000002', 26, 'hex');
  head.writeUInt16BE(40000, 34);
  head.writeUInt16BE(DLSW_PORT, 36);
  head.writeUInt32BE(seq, 38);
  head[46] = 0x50;
  head[47] = 0x18;
  head.writeUInt16BE(0xffff, 48);
  return Buffer.concat([head, payload]);
}

/** A capture file of one TCP stream in these segments. */
function pcap(segments: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262144, 16);
  header.writeUInt32LE(1, 20);
  const parts: Buffer[] = [header];
  let seq = 1;
  segments.forEach((segment, index) => {
    const bytes = packet(segment, seq);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_700_000_000 + index, 0);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    parts.push(record, bytes);
    seq += segment.length;
  });
  return Buffer.concat(parts);
}

/** Run tshark over these segments: one row per packet, per field all its occurrences. */
function dissect(segments: readonly Buffer[], fields: readonly string[]): string[][][] {
  const file = join(folder, `dlsw-${segments.length}-${fields.length}.pcap`);
  writeFileSync(file, pcap(segments));
  const options = fields.flatMap((field) => ['-e', field]);
  const args = [
    '-r',
    file,
    '-T',
    'fields',
    '-E',
    'separator=|',
    '-E',
    'occurrence=a',
    '-E',
    'aggregator=;',
    ...options,
  ];
  const run = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (run.status !== 0) throw new Error(`tshark failed: ${run.stderr}`);
  const rows = run.stdout.split('\n').slice(0, -1);
  return rows.map((row) => row.split('|').map((cell) => (cell === '' ? [] : cell.split(';'))));
}

const MALFORMED = '_ws.malformed';
const u8 = fc.integer({ min: 0, max: 0xff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const circuitType = fc.constantFrom(
  ...Object.entries(SSP)
    .filter(([name]) => !/NETBIOS|CAP_EXCHANGE|INFOFRAME|IFCM|KEEPALIVE|DATAFRAME/.test(name))
    .map(([, type]) => type),
);
const control: fc.Arbitrary<SspControl> = fc.record({
  kind: fc.constant('control' as const),
  messageType: circuitType,
  flowByte: u8,
  remoteCorrelator: u32,
  remotePortId: u32,
  data: fc.uint8Array({ maxLength: 40 }),
  largestFrame: u8,
  flags: fc.constantFrom(0, 0x80),
  priority: fc.integer({ min: 0, max: 4 }),
  targetMac: mac,
  originMac: mac,
  originSap: u8,
  targetSap: u8,
  direction: fc.constantFrom(1, 2),
  dlcHeaderLength: fc.constant(0),
  originPortId: u32,
  originCorrelator: u32,
  originTransportId: u32,
  targetPortId: u32,
  targetCorrelator: u32,
  targetTransportId: u32,
});
const info: fc.Arbitrary<SspMessage> = fc.record({
  kind: fc.constant('info' as const),
  messageType: fc.constantFrom(SSP.INFOFRAME, SSP.IFCM, SSP.KEEPALIVE),
  flowByte: u8,
  remoteCorrelator: u32,
  remotePortId: u32,
  data: fc.uint8Array({ maxLength: 60 }),
});

function colons(text: string): string {
  return text.match(/../g)!.join(':');
}

/** How tshark shows the fields of the first 16 bytes. */
const COMMON: readonly (readonly [string, (message: SspMessage) => string])[] = [
  ['dlsw.version', () => '49'],
  ['dlsw.header_length', (m) => (m.kind === 'control' ? '72' : '16')],
  ['dlsw.message_length', (m) => String(m.data.length)],
  ['dlsw.remote_dlc', (m) => String(m.remoteCorrelator)],
  ['dlsw.remote_dlc_pid', (m) => String(m.remotePortId)],
  ['dlsw.message_type', (m) => hex(m.messageType)],
  ['dlsw.flow_ctrl_byte', (m) => hex(m.flowByte)],
];

const CONTROL: readonly (readonly [string, (message: SspControl) => string])[] = [
  ['dlsw.protocol_id', () => '0x42'],
  ['dlsw.header_number', () => '0x01'],
  ['dlsw.largest_frame_size', (m) => String(m.largestFrame)],
  ['dlsw.flags', (m) => hex(m.flags)],
  ['dlsw.circuit_priority', (m) => String(m.priority)],
  ['dlsw.old_message_type', (m) => hex(m.messageType)],
  ['dlsw.target_mac_address', (m) => colons(m.targetMac)],
  ['dlsw.origin_mac_address', (m) => colons(m.originMac)],
  ['dlsw.origin_link_sap', (m) => hex(m.originSap)],
  ['dlsw.target_link_sap', (m) => hex(m.targetSap)],
  ['dlsw.frame_direction', (m) => hex(m.direction)],
  ['dlsw.dlc_header_length', (m) => String(m.dlcHeaderLength)],
  ['dlsw.origin_dlc_port_id', (m) => String(m.originPortId)],
  ['dlsw.origin_dlc', (m) => String(m.originCorrelator)],
  ['dlsw.origin_transport_id', (m) => String(m.originTransportId)],
  ['dlsw.target_dlc_port_id', (m) => String(m.targetPortId)],
  ['dlsw.target_dlc', (m) => String(m.targetCorrelator)],
  ['dlsw.target_transport_id', (m) => String(m.targetTransportId)],
];

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

describe.skipIf(VERSION === undefined)(`DLSw through ${VERSION}`, () => {
  it('reads the fields of our control messages', () => {
    const messages = fc.sample(control, { seed: 2065, numRuns: 400 });
    const fields = [...COMMON.map(([name]) => name), ...CONTROL.map(([name]) => name), MALFORMED];
    const rows = dissect(
      messages.map((message) => Buffer.from(encodeSsp(message))),
      fields,
    );
    expect(rows.length).toBe(messages.length);
    messages.forEach((message, index) => {
      const expected = [...COMMON.map(([, show]) => show(message)), ...CONTROL.map(([, show]) => show(message))];
      expect(rows[index]).toEqual([...expected.map((value) => [value]), []]);
    });
  });

  it('reads INFOFRAME, IFCM and KEEPALIVE, and the bits of the flow control byte', () => {
    const messages = fc.sample(info, { seed: 1795, numRuns: 300 });
    const names = ['dlsw.flow_control_indication', 'dlsw.flow_control_ack', 'dlsw.flow_control_operator', MALFORMED];
    const fields = [...COMMON.map(([name]) => name), ...names];
    const rows = dissect(
      messages.map((message) => Buffer.from(encodeSsp(message))),
      fields,
    );
    messages.forEach((message, index) => {
      const { flowByte } = message;
      // It shows the acknowledgment and the operator of indications only.
      const rest = [(flowByte >> 6) & 1, flowByte & 7].map((value) => (flowByte & 0x80 ? [String(value)] : []));
      const bits = [[String(flowByte >> 7)], ...rest];
      const expected = [...COMMON.map(([, show]) => [show(message)]), ...bits, []];
      expect(rows[index]).toEqual(expected);
    });
  });

  it('frames a stream of INFOFRAMEs written in place, however TCP cuts it', () => {
    const prng = createSeededPrng(7);
    const lengths = Array.from({ length: 200 }, () => Math.floor(prng() * 900));
    const blocks = lengths.map((length, index) => {
      const block = Buffer.alloc(16 + length, index);
      writeInfoHeader(block, 0, length, 0x1000 + index, 1, 0);
      return block;
    });
    const stream = Buffer.concat(blocks);
    const segments: Buffer[] = [];
    for (let at = 0; at < stream.length; ) {
      const to = Math.min(stream.length, at + 1 + Math.floor(prng() * 1400));
      segments.push(stream.subarray(at, to));
      at = to;
    }
    const rows = dissect(segments, ['dlsw.message_length', 'dlsw.remote_dlc', MALFORMED]);
    expect(rows.flatMap((row) => row[0]!).map(Number)).toEqual(lengths);
    expect(rows.flatMap((row) => row[1]!).map(Number)).toEqual(lengths.map((_, index) => 0x1000 + index));
    expect(rows.flatMap((row) => row[2]!)).toEqual([]);
  });

  it('would say so if a frame were malformed', () => {
    const message = { ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, data: Buffer.from('0020152005810000', 'hex') };
    const [row] = dissect([Buffer.from(encodeSsp(message))], [MALFORMED]);
    expect(row![0]!.length).toBeGreaterThan(0);
  });

  it('reads our capabilities exchange', () => {
    const capex = (data: Uint8Array, direction: number) =>
      Buffer.from(encodeSsp({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, direction, data }));
    const request = encodeCapexRequest({
      vendorOui: 0x0123ab,
      version: 1,
      release: 0,
      initialWindow: 20,
      sapList: SNA_SAP_LIST,
      versionText: 'hostlink 0.1.0',
      tcpConnections: 2,
      macExclusive: true,
      macList: [Buffer.from('400037450001ffffffffffff', 'hex')],
      others: [{ type: 0x8b, data: Uint8Array.of(1, 2, 3) }],
    });
    const fields = [
      'dlsw.gds_id',
      'dlsw.capabilities_length',
      'dlsw.vector_type',
      'dlsw.vector_length',
      'dlsw.oui',
      'dlsw.initial_pacing_window',
      'dlsw.version_string',
      'dlsw.tcp_connections',
      'dlsw.mac_address_exclusivity',
      'dlsw.mac_address_list',
      'dlsw.error_pointer',
      'dlsw.error_cause',
      MALFORMED,
    ];
    const negative = encodeCapexNegative([{ offset: 4, reason: 9 }]);
    const rows = dissect([capex(request, 1), capex(encodeCapexPositive(), 2), capex(negative, 2)], fields);
    const none: string[] = [];
    expect(rows[0]).toEqual([
      [String(0x1520)],
      [String(request.length)],
      ['0x81', '0x82', '0x83', '0x86', '0x87', '0x84', '0x85', '0x89', '0x8b'],
      ['5', '4', '4', '18', '3', '16', '3', '14', '5'],
      ['0x0123ab'],
      ['20'],
      ['hostlink 0.1.0'],
      ['2'],
      ['1'],
      ['40:00:37:45:00:01', 'ff:ff:ff:ff:ff:ff'],
      none,
      none,
      none,
    ]);
    expect(rows[1]!.slice(0, 3)).toEqual([[String(0x1521)], ['4'], none]);
    expect(rows[2]).toEqual([[String(0x1522)], ['8'], ...Array(8).fill(none), ['4'], ['0x0009'], none]);
  });
});
