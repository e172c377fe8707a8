import { describe, expect, it } from 'vitest';
import { createSeededPrng } from '../../src/base/prng.js';
import { encodePiu, encodeXid, type Mpf, type Piu, type Rh, type RuCategory, type Xid } from '../../src/sna/index.js';
import { tsharkFields, tsharkMissing } from '../helpers/tshark.js';

const missing = tsharkMissing();
if (missing !== undefined) console.log(`skipped: SNA codecs through tshark: ${missing}`);

const PIUS = 600;
const XIDS = 100;
/** Frames that tshark finds malformed, or that draw a warning or an error. */
const TROUBLE = '_ws.malformed || _ws.expert.severity >= 0x600000';

const prng = createSeededPrng(11);
const pick = (below: number) => Math.floor(prng() * below);
const toss = () => pick(2) === 1;
const oneOf = <T>(...values: readonly T[]) => values[pick(values.length)]!;

/** 802.3 with 802.2 LLC, SAP 04 on both sides; control 00 00 is an I-frame, BF an XID. */
function frame(control: readonly number[], payload: Uint8Array): Buffer {
  const llc = Buffer.from([0x04, 0x04, ...control, ...payload]);
  const ethernet = Buffer.alloc(14);
  ethernet.write('400037450001400037450002', 'hex');
  ethernet.writeUInt16BE(llc.length, 12);
  return Buffer.concat([ethernet, llc]);
}

/** A capture file in the classic form, link type Ethernet. */
function pcap(frames: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(1, 20);
  parts.push(head);
  for (const [index, each] of frames.entries()) {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_700_000_000 + index, 0);
    record.writeUInt32LE(each.length, 8);
    record.writeUInt32LE(each.length, 12);
    parts.push(record, each);
  }
  return Buffer.concat(parts);
}

const BOTH = ['fi', 'sdi', 'bci', 'eci', 'dr1', 'dr2', 'qri', 'pi'] as const;
const REQUEST = ['lcci', 'eri', 'rlwi', 'bbi', 'ebi', 'cdi', 'csi', 'edi', 'pdi', 'cebi'] as const;

function randomRh(): Rh {
  const rri = toss();
  const flags: Record<string, boolean> = { rti: rri && toss() };
  for (const field of BOTH) flags[field] = toss();
  for (const field of REQUEST) flags[field] = !rri && toss();
  const ruCategory: RuCategory = oneOf('FMD', 'NC', 'DFC', 'SC');
  return { ...flags, rri, ruCategory, reserved: 0 } as unknown as Rh;
}

function randomPiu(): Piu {
  const mpf: Mpf = oneOf('whole', 'whole', 'whole', 'first', 'middle', 'last');
  const th = { mpf, odai: toss(), efi: toss(), reserved: 0, daf: pick(256), oaf: pick(256), snf: pick(65_536) };
  const ru = Uint8Array.from({ length: pick(120) }, () => pick(256));
  return { th, rh: mpf === 'whole' || mpf === 'first' ? randomRh() : null, ru };
}

const TH_FIELDS = ['fid', 'mpf', 'odai', 'efi', 'daf', 'oaf', 'snf'].map((field) => `sna.th.${field}`);
const RH_FIELDS = ['rri', 'ru_category', 'rti', ...BOTH, ...REQUEST].map((field) => `sna.rh.${field}`);
const MPF_NUMBERS: Readonly<Record<Mpf, string>> = { middle: '0', last: '1', first: '2', whole: '3' };
const CATEGORY_NUMBERS: Readonly<Record<RuCategory, string>> = { FMD: '0x00', NC: '0x01', DFC: '0x02', SC: '0x03' };

function bit(value: boolean): string {
  return value ? '1' : '0';
}

function expectedTh({ th }: Piu): Record<string, string[]> {
  const address = (value: number) => [`0x${value.toString(16).padStart(4, '0')}`];
  return {
    'sna.th.fid': ['0x02'],
    'sna.th.mpf': [MPF_NUMBERS[th.mpf]],
    'sna.th.odai': [bit(th.odai)],
    'sna.th.efi': [bit(th.efi)],
    'sna.th.daf': address(th.daf),
    'sna.th.oaf': address(th.oaf),
    'sna.th.snf': [String(th.snf)],
  };
}

function expectedRh({ rh }: Piu): Record<string, string[]> {
  if (rh === null) return Object.fromEntries(RH_FIELDS.map((field) => [field, []]));
  const expected: Record<string, string[]> = {
    'sna.rh.rri': [bit(rh.rri)],
    'sna.rh.ru_category': [CATEGORY_NUMBERS[rh.ruCategory]],
    'sna.rh.rti': rh.rri ? [bit(rh.rti)] : [],
  };
  for (const field of BOTH) expected[`sna.rh.${field}`] = [bit(rh[field])];
  for (const field of REQUEST) expected[`sna.rh.${field}`] = rh.rri ? [] : [bit(rh[field])];
  return expected;
}

describe.skipIf(missing !== undefined)('what we encode, read by tshark', () => {
  it(`${PIUS} random PIUs have the same TH and RH fields`, () => {
    const pius = Array.from({ length: PIUS }, randomPiu);
    const file = pcap(pius.map((piu) => frame([0, 0], encodePiu(piu))));
    // These segments belong to nothing, so they are read one by one.
    const rows = tsharkFields(file, [...TH_FIELDS, ...RH_FIELDS], '', ['sna.defragment:FALSE']);
    expect(rows).toHaveLength(PIUS);
    for (const [index, piu] of pius.entries()) {
      expect(rows[index], `PIU ${index}`).toMatchObject({ ...expectedTh(piu), ...expectedRh(piu) });
    }
    expect(tsharkFields(file, ['frame.number'], TROUBLE, ['sna.defragment:FALSE'])).toEqual([]);
  });

  it(`${XIDS} random XIDs have the same fields`, () => {
    const digits = (count: number) => Array.from({ length: count }, () => pick(16).toString(16)).join('');
    const xids = Array.from({ length: XIDS }, (): Xid => {
      const node = { nodeType: 2, idBlk: digits(3), idNum: digits(5) };
      if (toss()) return { format: 0, ...node };
      const body = Uint8Array.from({ length: 23 }, (_, index) => (index === 11 ? 1 : index === 12 ? 11 : 0));
      const name = Uint8Array.of(0xf4, 0xc1, 0xc2);
      return { format: 3, ...node, body, vectors: [{ key: 0x0e, data: name }] };
    });
    const file = pcap(xids.map((xid) => frame([0xbf], encodeXid(xid))));
    const fields = ['format', 'type', 'len', 'idblock', 'idnum'].map((field) => `sna.xid.${field}`);
    const rows = tsharkFields(file, fields);
    expect(rows).toHaveLength(XIDS);
    for (const [index, xid] of xids.entries()) {
      if (xid.format === 'null') throw new Error('no null XID was made');
      const wanted = [xid.format, 2, xid.format === 0 ? 0 : 34, Number(`0x${xid.idBlk}`), Number(`0x${xid.idNum}`)];
      expect(
        fields.map((field) => rows[index]![field]!.map(Number)),
        `XID ${index}`,
      ).toEqual(wanted.map((one) => [one]));
    }
    expect(tsharkFields(file, ['frame.number'], TROUBLE)).toEqual([]);
  });
});
