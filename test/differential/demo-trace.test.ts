import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SspFramer } from '../../src/dlsw/framing.js';
import { decodePiu } from '../../src/sna/piu.js';
import { type ReadPacket, readPcapng } from '../../src/trace/pcapng-reader.js';
import { CLI_FILE } from '../helpers/dist.js';
import { type FieldRow, tsharkFields, tsharkMissing } from '../helpers/tshark.js';

const missing = tsharkMissing();
if (missing !== undefined) console.log(`skipped: a whole demo run through tshark: ${missing}`);

const LINK_TYPE_TOKEN_RING = 6;
const TOKEN_RING_HEADER = 18;
const IP_HEADER = 14;
const TCP_HEADER = 34;
const TROUBLE = '_ws.malformed || _ws.expert.severity >= 0x600000';
const TH = ['mpf', 'odai', 'efi', 'daf', 'oaf', 'snf'].map((name) => `sna.th.${name}`);
const RH = [
  'rri',
  'ru_category',
  'fi',
  'sdi',
  'bci',
  'eci',
  'dr1',
  'dr2',
  'eri',
  'rti',
  'qri',
  'pi',
  'bbi',
  'ebi',
  'cdi',
  'csi',
];
const RH_FIELDS = RH.map((name) => `sna.rh.${name}`);
const DLSW = ['ip.src', 'ip.dst', 'tcp.srcport', 'tcp.dstport', 'dlsw.message_type', 'dlsw.message_length'];
const MPF_FIRST = 2;

const number = (values: readonly string[] | undefined) => (values?.length ? Number(values[0]) : undefined);

/** What our own codec reads, in the words and numbers of tshark. */
function ours(piu: Buffer): Record<string, number | undefined> {
  const { th, rh } = decodePiu(piu);
  const fields: Record<string, number | undefined> = {
    'sna.th.mpf': (piu[0]! >> 2) & 3,
    'sna.th.odai': Number(th.odai),
    'sna.th.efi': Number(th.efi),
    'sna.th.daf': th.daf,
    'sna.th.oaf': th.oaf,
    'sna.th.snf': th.snf,
  };
  if (rh === null) return fields;
  const requestOnly = new Set(['eri', 'bbi', 'ebi', 'cdi', 'csi']);
  for (const name of RH) {
    if (name === 'ru_category') fields['sna.rh.ru_category'] = (piu[6]! >> 5) & 3;
    else if (name === 'rti') fields['sna.rh.rti'] = rh.rri ? Number(rh.rti) : undefined;
    else if (requestOnly.has(name) && rh.rri) fields[`sna.rh.${name}`] = undefined;
    else fields[`sna.rh.${name}`] = Number(rh[name as keyof typeof rh]);
  }
  return fields;
}

function differences(packets: readonly ReadPacket[], rows: readonly FieldRow[]): string[] {
  const wrong: string[] = [];
  for (const [index, packet] of packets.entries()) {
    if (packet.linkType !== LINK_TYPE_TOKEN_RING) continue;
    const expected = ours(packet.bytes.subarray(TOKEN_RING_HEADER));
    const row = rows[index]!;
    const isHeaded = (expected['sna.th.mpf']! & MPF_FIRST) !== 0;
    for (const field of isHeaded ? [...TH, ...RH_FIELDS] : TH) {
      if (number(row[field]) !== expected[field])
        wrong.push(`frame ${index + 1} ${field}: ${row[field]} is not ${expected[field]}`);
    }
  }
  return wrong;
}

/** The TCP payload of an Ethernet frame: padding and TCP options left out. */
function tcpPayload(frame: Buffer): Buffer {
  const end = IP_HEADER + frame.readUInt16BE(IP_HEADER + 2);
  return frame.subarray(TCP_HEADER + (frame[TCP_HEADER + 12]! >> 4) * 4, end);
}

type Streams = Map<string, string[]>;

function note(streams: Streams, key: string, message: string): void {
  const list = streams.get(key);
  if (list) list.push(message);
  else streams.set(key, [message]);
}

/** Every SSP message as type/length, in order, per direction of a connection: framed by us. */
function ourMessages(packets: readonly ReadPacket[]): Streams {
  const streams: Streams = new Map();
  const framers = new Map<string, SspFramer>();
  for (const { linkType, bytes } of packets) {
    if (linkType === LINK_TYPE_TOKEN_RING) continue;
    const key = [...bytes.subarray(26, 34), bytes.readUInt16BE(34), bytes.readUInt16BE(36)].join('.');
    let framer = framers.get(key);
    if (framer === undefined) {
      framer = new SspFramer((data, from) => note(streams, key, `${data[from + 14]}/${data.readUInt16BE(from + 2)}`));
      framers.set(key, framer);
    }
    framer.push(tcpPayload(bytes));
  }
  return streams;
}

function theirMessages(rows: readonly FieldRow[]): Streams {
  const streams: Streams = new Map();
  for (const row of rows) {
    const key = ['ip.src', 'ip.dst', 'tcp.srcport', 'tcp.dstport'].map((field) => row[field]![0]).join('.');
    for (const [at, type] of row['dlsw.message_type']!.entries()) {
      note(streams, key, `${Number(type)}/${Number(row['dlsw.message_length']![at])}`);
    }
  }
  return streams;
}

describe.skipIf(missing !== undefined)('a whole demo run, read by tshark', () => {
  it('every PIU and every DLSw message has the values we say, and none is malformed', { timeout: 180_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'hostlink-demo-'));
    try {
      const file = join(folder, 'demo.pcapng');
      const args = [fileURLToPath(CLI_FILE), 'demo', '--json', '--trace', file, '--dlsw'];
      const result = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Record<string, unknown>;
      expect(result).toMatchObject({
        sessions: 512,
        calls: 20_000,
        failed: 0,
        executedTwice: 0,
        hostProtocolErrors: 0,
      });
      for (const key of ['bringUpMs', 'callsPerSecond', 'p50Ms', 'p99Ms', 'forwarded', 'queued']) {
        expect(result[key], key).toBeTypeOf('number');
      }
      const capture = readFileSync(file);
      const packets = [...readPcapng(capture)];
      expect(packets.filter((packet) => packet.linkType === LINK_TYPE_TOKEN_RING).length).toBeGreaterThan(40_000);
      const rows = tsharkFields(capture, [...TH, ...RH_FIELDS, ...DLSW]);
      expect(rows).toHaveLength(packets.length);
      expect(differences(packets, rows).slice(0, 10)).toEqual([]);
      const [read, said] = [
        theirMessages(rows.filter((row) => row['dlsw.message_type']!.length > 0)),
        ourMessages(packets),
      ];
      expect([...read.keys()].sort()).toEqual([...said.keys()].sort());
      for (const [key, messages] of said) expect(read.get(key), key).toEqual(messages);
      expect(tsharkFields(capture, ['frame.number'], TROUBLE)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
