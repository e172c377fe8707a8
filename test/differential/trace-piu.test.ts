import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createSeededPrng } from '../../src/base/prng.js';
import { TraceRecorder } from '../../src/trace/recorder.js';
import { TRACE_KIND, TraceBlock } from '../../src/trace/records.js';
import { tsharkFields, tsharkMissing } from '../helpers/tshark.js';

const missing = tsharkMissing();
if (missing !== undefined) console.log(`skipped: recorded PIUs through tshark: ${missing}`);

/** Frames that tshark finds malformed, or that draw a warning or an error. */
const TROUBLE = '_ws.malformed || _ws.expert.severity >= 0x600000';
const START_MICROS = 1_700_000_000_123_456;

/** Fields of one PIU, chosen at random within what the books allow. */
interface Sample {
  readonly worker: number;
  readonly pu: number;
  readonly toHost: boolean;
  readonly mpf: number;
  readonly odai: number;
  readonly efi: number;
  readonly daf: number;
  readonly oaf: number;
  readonly snf: number;
  readonly isResponse: boolean;
  readonly rh: readonly [number, number, number];
  readonly ruLength: number;
}

const prng = createSeededPrng(20);
const pick = (below: number) => Math.floor(prng() * below);

function sample(index: number): Sample {
  const isResponse = pick(3) === 0;
  const category = [0x00, 0x40, 0x60][pick(3)]!;
  return {
    worker: pick(2),
    pu: pick(3),
    toHost: pick(2) === 1,
    mpf: 3,
    odai: pick(2),
    efi: pick(2),
    daf: pick(256),
    oaf: pick(256),
    snf: pick(65536),
    isResponse,
    rh: [(isResponse ? 0x80 : 0) | category | pick(16), pick(256) & 0xb3, isResponse ? 0 : pick(256) & 0xe8],
    ruLength: index < 200 ? pick(300) : pick(5000),
  };
}

function encode(each: Sample): Buffer {
  const header = Buffer.alloc(9);
  header[0] = 0x20 | (each.mpf << 2) | (each.odai << 1) | each.efi;
  header[2] = each.daf;
  header[3] = each.oaf;
  header.writeUInt16BE(each.snf, 4);
  header.set(each.rh, 6);
  const ru = Buffer.alloc(each.ruLength);
  for (let at = 0; at < ru.length; at += 1) ru[at] = pick(256);
  return Buffer.concat([header, ru]);
}

async function record(samples: readonly Sample[], pius: readonly Buffer[]): Promise<Buffer> {
  const output = new PassThrough();
  const file = buffer(output);
  const linkOf = (worker: number) => ({ number: worker, name: `LINK${worker}`, pus: ['PUA', 'PUB', 'PUC'] });
  const recorder = new TraceRecorder(output, { linkOf });
  for (const [index, each] of samples.entries()) {
    const block = new TraceBlock();
    const piu = pius[index]!;
    block.add(START_MICROS / 1000 + index, TRACE_KIND.piu, each.toHost, each.pu, piu, 0, piu.length);
    recorder.add(each.worker, block.take()!);
  }
  expect(await recorder.end()).toMatchObject({ packets: samples.length, dropped: 0 });
  return file;
}

const FIELDS = [
  'frame.time_epoch',
  'frame.interface_name',
  'frame.protocols',
  'tr.src',
  'tr.dst',
  'llc.control.n_s',
  'sna.th.fid',
  'sna.th.mpf',
  'sna.th.odai',
  'sna.th.efi',
  'sna.th.daf',
  'sna.th.oaf',
  'sna.th.snf',
  'sna.rh.rri',
  'sna.rh.ru_category',
  'sna.rh.fi',
  'sna.rh.sdi',
  'sna.rh.bci',
  'sna.rh.eci',
  'sna.rh.dr1',
  'sna.rh.dr2',
  'sna.rh.eri',
  'sna.rh.rti',
  'sna.rh.qri',
  'sna.rh.pi',
  'sna.rh.bbi',
  'sna.rh.ebi',
  'sna.rh.cdi',
  'sna.rh.csi',
  'frame.len',
];

const flag = (byte: number, mask: number) => [byte & mask ? '1' : '0'];

function expected(each: Sample, index: number): Record<string, readonly string[]> {
  const [rh0, rh1, rh2] = each.rh;
  const own = `40:48:01:00:${hex(each.worker)}:${hex(each.pu)}`;
  const host = `40:48:02:00:${hex(each.worker)}:${hex(each.pu)}`;
  const request = (value: readonly string[]) => (each.isResponse ? [] : value);
  return {
    'frame.time_epoch': [epochText(START_MICROS + 1000 * index)],
    'frame.interface_name': [`LINK${each.worker}`],
    'tr.src': each.toHost ? [own, own] : [host, host], // tshark gives it with and without the source-routing bit
    'tr.dst': [each.toHost ? host : own],
    'sna.th.fid': ['0x02'],
    'sna.th.mpf': [String(each.mpf)],
    'sna.th.odai': [String(each.odai)],
    'sna.th.efi': [String(each.efi)],
    'sna.th.daf': [`0x${each.daf.toString(16).padStart(4, '0')}`],
    'sna.th.oaf': [`0x${each.oaf.toString(16).padStart(4, '0')}`],
    'sna.th.snf': [String(each.snf)],
    'sna.rh.rri': [String(rh0 >> 7)],
    'sna.rh.ru_category': [`0x${((rh0 >> 5) & 3).toString(16).padStart(2, '0')}`],
    'sna.rh.fi': flag(rh0, 0x08),
    'sna.rh.sdi': flag(rh0, 0x04),
    'sna.rh.bci': flag(rh0, 0x02),
    'sna.rh.eci': flag(rh0, 0x01),
    'sna.rh.dr1': flag(rh1, 0x80),
    'sna.rh.dr2': flag(rh1, 0x20),
    'sna.rh.eri': request(flag(rh1, 0x10)),
    'sna.rh.rti': each.isResponse ? flag(rh1, 0x10) : [],
    'sna.rh.qri': flag(rh1, 0x02),
    'sna.rh.pi': flag(rh1, 0x01),
    'sna.rh.bbi': request(flag(rh2, 0x80)),
    'sna.rh.ebi': request(flag(rh2, 0x40)),
    'sna.rh.cdi': request(flag(rh2, 0x20)),
    'sna.rh.csi': request([String((rh2 >> 3) & 1)]),
    'frame.len': [String(18 + 9 + each.ruLength)],
  };
}

/** As tshark prints it: seconds with nine digits behind the point. */
const epochText = (micros: number) => `${String(micros).slice(0, -6)}.${String(micros).slice(-6)}000`;
const hex = (value: number) => value.toString(16).padStart(2, '0');

describe.skipIf(missing !== undefined)('recorded PIUs, read by tshark without any setting', () => {
  it('have the same TH and RH fields, addresses and times, at any size up to 5,000 bytes', async () => {
    const samples = Array.from({ length: 400 }, (_, index) => sample(index));
    const file = await record(samples, samples.map(encode));
    const rows = tsharkFields(file, FIELDS);
    expect(rows).toHaveLength(samples.length);
    for (const [index, each] of samples.entries()) expect(rows[index]).toMatchObject(expected(each, index));
    expect(tsharkFields(file, ['frame.number'], TROUBLE)).toEqual([]);
  });

  it('stay well formed where segments of several LUs with the same number come between each other', async () => {
    const base = sample(0);
    const lus = [2, 3, 4];
    const samples: Sample[] = [];
    for (const mpf of [2, 0, 0, 1]) {
      for (const daf of lus)
        samples.push({ ...base, isResponse: false, rh: [2, 0x90, 0x80], mpf, daf, efi: 0, ruLength: 500 });
    }
    const file = await record(samples, samples.map(encode));
    const rows = tsharkFields(file, ['sna.th.mpf', 'sna.th.daf']);
    expect(rows.map((row) => [row['sna.th.mpf']!.map(Number), row['sna.th.daf']!.map(Number)])).toEqual(
      samples.map(({ mpf, daf }) => [[mpf], [daf]]),
    );
    expect(tsharkFields(file, ['frame.number'], TROUBLE)).toEqual([]);
  });
});
