import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../src/base/errors.js';
import { BIND_FLAGS, BIND_NUMBERS, maskShift } from '../../src/sna/bind-fields.js';
import {
  type BindImage,
  decodeBind,
  decodePiu,
  decodeRh,
  decodeRu,
  decodeXid,
  encodeBind,
  encodePiu,
  encodeRh,
  encodeRu,
  encodeXid,
  negativeResponse,
  type Piu,
  positiveResponse,
  Reassembler,
  type Rh,
  type Ru,
  segmentPiu,
  type Xid,
} from '../../src/sna/index.js';

/** As toEqual does, but quick enough for a property; only a difference is worth its report. */
function expectSame(got: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(got, wanted)) expect(got).toStrictEqual(wanted);
}

/** What a reassembler may say. */
const ALLOWED = new Set(['SEGMENT_SEQUENCE', 'PIU_TOO_LONG', 'TH_TRUNCATED']);
const RUNS = { numRuns: 10_000 };
/** Records with the usual prototype, as decoders make them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });
const byte = fc.integer({ min: 0, max: 255 });
const word = fc.integer({ min: 0, max: 65_535 });
const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });
/** Names as 037 has them; none of these is a blank at the end. */
const nameOf = (maxLength: number) => fc.string({ unit: fc.constantFrom(...'ABCXYZ019#@$.'), maxLength });

const ths = record({
  mpf: fc.constant('whole' as const),
  odai: fc.boolean(),
  efi: fc.boolean(),
  reserved: byte,
  daf: byte,
  oaf: byte,
  snf: word,
});

const INDICATORS = ['fi', 'sdi', 'bci', 'eci', 'dr1', 'dr2', 'qri', 'pi'] as const;
const REQUEST_ONLY = ['eri', 'bbi', 'ebi', 'cdi', 'csi', 'edi', 'pdi', 'cebi', 'lcci', 'rlwi'] as const;

const rhs: fc.Arbitrary<Rh> = fc
  .tuple(fc.boolean(), fc.constantFrom('FMD', 'NC', 'DFC', 'SC'), fc.nat(0xff_ffff))
  .map(([rri, ruCategory, bits]) => {
    let next = 1;
    const toss = () => {
      next *= 2;
      return (bits & next) !== 0;
    };
    const flags: Record<string, boolean> = { rti: rri && toss() };
    for (const field of INDICATORS) flags[field] = toss();
    for (const field of REQUEST_ONLY) flags[field] = !rri && toss();
    const reserved = toss() ? 0x100000 : 0;
    return { ...flags, rri, ruCategory, reserved } as unknown as Rh;
  });

const pius: fc.Arbitrary<Piu> = record({ th: ths, rh: rhs, ru: bytes(40) });

const bindImages: fc.Arbitrary<BindImage> = record({
  numbers: fc.tuple(...BIND_NUMBERS.map(([, , mask]) => fc.integer({ min: 0, max: mask >> maskShift(mask) }))),
  flags: fc.tuple(...BIND_FLAGS.map(() => fc.boolean())),
  psUsage: bytes(11, 11),
  crypto: record({ level: fc.integer({ min: 0, max: 3 }), reserved: fc.constant(0), options: bytes(15) }),
  pluName: nameOf(17),
  userData: bytes(40),
  urc: bytes(20),
  sluName: nameOf(17),
  vectors: bytes(20),
  fields: fc.integer({ min: 0, max: 5 }),
}).map(({ numbers, flags, fields, psUsage, vectors, ...rest }) => {
  const tail = ['crypto', 'pluName', 'userData', 'urc', 'sluName'] as const;
  const given = tail.map((field, index) => [field, index < fields ? rest[field] : null] as const);
  return {
    ...Object.fromEntries(BIND_NUMBERS.map(([field], index) => [field, numbers[index]])),
    ...Object.fromEntries(BIND_FLAGS.map(([field], index) => [field, flags[index]])),
    ...Object.fromEntries(given),
    reserved: null,
    psUsage,
    vectors: fields === 5 ? vectors : new Uint8Array(0),
  } as unknown as BindImage;
});

const luServices = record({
  capability: byte,
  sessionLimit: word,
  sessionCount: word,
  flags: byte,
  name: fc.option(nameOf(8).map((name) => name.padEnd(8))),
});
const rest = bytes(10);
const none = fc.constant(new Uint8Array(0));

/** An RU of each kind that has fields, with the RH in front of it. */
const rus: fc.Arbitrary<readonly [rh: string, ru: Ru]> = fc.oneof(
  record({
    kind: fc.constant('ACTPU' as const),
    format: fc.nat(15),
    activation: fc.nat(15),
    fmProfile: fc.nat(15),
    tsProfile: fc.nat(15),
    sscpId: bytes(6, 6),
    rest,
  }).map((ru) => ['6b8000', ru] as const),
  record({
    kind: fc.constant('ACTLU_RSP' as const),
    activation: byte,
    fmProfile: fc.nat(15),
    tsProfile: fc.nat(15),
    sscpLu: record({ ruSizeCode: byte, capabilities: word, reserved: byte }),
    luLu: luServices,
    rest,
  }).map((ru) => ['eb8000', ru] as const),
  record({ kind: fc.constant('UNBIND' as const), type: fc.constant(0xfe), senseData: fc.nat(0xffff_ffff), rest }).map(
    (ru) => ['6b8000', ru] as const,
  ),
  record({ kind: fc.constant('STSN' as const), action: byte, sluNumber: word, pluNumber: word, rest }).map(
    (ru) => ['6b8000', ru] as const,
  ),
  record({ kind: fc.constant('SIGNAL' as const), code: word, extension: word, rest }).map(
    (ru) => ['4b8000', ru] as const,
  ),
  record({ kind: fc.constant('NOTIFY' as const), luLu: luServices, rest }).map((ru) => ['0b8000', ru] as const),
  record({
    kind: fc.constant('INIT_SELF' as const),
    format: byte,
    mode: nameOf(8),
    nameType: byte,
    plu: nameOf(17),
    requesterId: bytes(8),
    password: bytes(8),
    userData: bytes(30),
    rest,
  }).map((ru) => ['0b8000', ru] as const),
  record({ kind: fc.constant('TERM_SELF' as const), type: byte, nameType: byte, name: nameOf(17), rest }).map(
    (ru) => ['0b8000', ru] as const,
  ),
  record({
    kind: fc.constant('REQMS' as const),
    target: word,
    pridFlags: fc.nat(15),
    prid: fc.nat(4095),
    flags: fc.nat(3),
    type: fc.nat(63),
    rest,
  }).map((ru) => ['0b8000', ru] as const),
  record({
    kind: fc.constant('CINIT' as const),
    format: byte,
    control: byte,
    pluAddress: word,
    sluAddress: word,
    image: bindImages,
    rest,
  }).map((ru) => ['0b8000', ru] as const),
  record({
    kind: fc.constant('SENSE' as const),
    senseData: fc.nat(0xffff_ffff),
    of: fc.constant('BIND' as const),
    echo: fc.constant(Uint8Array.of(0x31)),
  }).map((ru) => ['ef9000', ru] as const),
  record({
    kind: fc.constant('IPM' as const),
    type: fc.nat(3),
    rwi: fc.boolean(),
    reserved: fc.nat(31),
    window: word,
    rest: none,
  }).map((ru) => ['830100', ru] as const),
);

const hexDigits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789ABCDEF'), minLength: length, maxLength: length });
const xids: fc.Arbitrary<Xid> = record({
  format: fc.constant(0 as const),
  nodeType: fc.nat(15),
  idBlk: hexDigits(3),
  idNum: hexDigits(5),
  reserved: byte,
  rest,
});

describe('values round trip', () => {
  it('PIU', () => {
    fc.assert(
      fc.property(pius, (piu) => {
        expectSame(decodePiu(encodePiu(piu)), piu);
      }),
      RUNS,
    );
  });

  it('BIND image', () => {
    fc.assert(
      fc.property(bindImages, (image) => {
        expectSame(decodeBind(encodeBind(image)), image);
      }),
      RUNS,
    );
  });

  it('RUs with fields', () => {
    fc.assert(
      fc.property(rus, ([rh, ru]) => {
        expectSame(decodeRu(decodeRh(Buffer.from(rh, 'hex')), encodeRu(ru)), ru);
      }),
      RUNS,
    );
  });

  it('XID', () => {
    fc.assert(
      fc.property(xids, (xid) => {
        expectSame(decodeXid(encodeXid(xid)), xid);
      }),
      RUNS,
    );
  });
});

describe('answers', () => {
  it('go back where the request came from, and are what the books say', () => {
    const requests = pius.filter(({ rh }) => !rh!.rri);
    fc.assert(
      fc.property(requests, fc.nat(0xffff_ffff), fc.boolean(), (request, senseData, pi) => {
        for (const answer of [positiveResponse(request, undefined, pi), negativeResponse(request, senseData, pi)]) {
          const { th, rh } = decodePiu(encodePiu(answer));
          const { odai, efi, snf, daf, oaf } = request.th;
          expectSame(th, { mpf: 'whole', odai, efi, reserved: 0, daf: oaf, oaf: daf, snf });
          const { ruCategory, fi, dr1, dr2, qri } = request.rh!;
          const { ruCategory: category, fi: format, bci, eci, reserved } = rh!;
          expectSame([category, format, rh!.dr1, rh!.dr2, rh!.qri], [ruCategory, fi, dr1, dr2, qri]);
          expectSame([rh!.rri, rh!.pi, bci, eci, reserved], [true, pi, true, true, 0]);
          expectSame([rh!.rti, encodeRh(rh!)[2]], [rh!.sdi, 0]);
        }
      }),
      RUNS,
    );
  });
});

/** BIUs of several sessions, cut at one size, in any order that keeps each session's own. */
const interleaved = record({
  sizeMax: fc.integer({ min: 10, max: 60 }),
  lengths: fc.array(record({ daf: fc.nat(3), oaf: fc.nat(1), ru: bytes(120) }), { minLength: 1, maxLength: 8 }),
  order: fc.array(fc.nat(100), { minLength: 32, maxLength: 32 }),
  lead: fc.nat(5),
});

describe('segments', () => {
  it('of any size reassemble, other sessions in between', () => {
    let segmented = 0;
    fc.assert(
      fc.property(interleaved, ({ sizeMax, lengths, order, lead }) => {
        const biuOf = ({ daf, oaf, ru }: (typeof lengths)[number], snf: number) =>
          Uint8Array.from([0x2c, 0, daf, oaf, 0, snf, 0x03, 0x80, 0x00, ...ru]);
        const bius = lengths.map(biuOf);
        const waiting = new Map<string, Uint8Array[]>();
        for (const [index, { daf, oaf }] of lengths.entries()) {
          const key = `${daf}/${oaf}`;
          const parts = segmentPiu(bius[index]!, sizeMax);
          if (parts.length > 1) segmented += 1;
          expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(sizeMax);
          waiting.set(key, [...(waiting.get(key) ?? []), ...parts]);
        }
        const reassembler = new Reassembler(200);
        const arrived: string[] = [];
        let turn = 0;
        while (waiting.size > 0) {
          const keys = [...waiting.keys()];
          const key = keys[order[turn++ % order.length]! % keys.length]!;
          const segment = waiting.get(key)!.shift()!;
          if (waiting.get(key)!.length === 0) waiting.delete(key);
          const framed = Uint8Array.from([...new Uint8Array(lead), ...segment, 0xff]);
          const whole = reassembler.push(framed, lead, lead + segment.length);
          if (whole !== null) arrived.push(Buffer.from(whole).toString('hex'));
        }
        expect(arrived.sort()).toEqual(bius.map((biu) => Buffer.from(biu).toString('hex')).sort());
        expect(reassembler.size).toBe(0);
      }),
      RUNS,
    );
    expect(segmented).toBeGreaterThan(5000);
  });

  it('in any disorder give whole PIUs or a named error, and hold no more than the limits', () => {
    const parts = segmentPiu(Uint8Array.from([0x2c, 0, 2, 5, 0, 1, 3, 0x80, 0, ...new Uint8Array(60)]), 20);
    const pick = fc.tuple(fc.nat(parts.length - 1), fc.nat(2), fc.nat(1), fc.nat(20));
    fc.assert(
      fc.property(fc.array(pick, { maxLength: 30 }), (picks) => {
        const reassembler = new Reassembler(70, 2);
        for (const [index, daf, snf, cut] of picks) {
          const part = Uint8Array.from(parts[index]!);
          part[2] = daf;
          part[5] = snf;
          const end = cut === 0 ? 5 : cut === 1 ? 8 : part.length;
          try {
            const whole = reassembler.push(part.subarray(0, end), 0, Math.min(end, part.length));
            if (whole !== null && (whole[0]! & 0x0c) !== 0x0c) throw new Error('not whole');
          } catch (error) {
            if (!(error instanceof HostLinkError) || !ALLOWED.has(error.code)) throw error;
          }
          if (reassembler.size > 2) throw new Error('over the limit');
        }
      }),
      RUNS,
    );
  });
});
