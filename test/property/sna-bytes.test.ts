import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERRORS, HostLinkError } from '../../src/base/errors.js';
import {
  CODE_PAGES,
  DFC,
  decodeBind,
  decodeBindSubfields,
  decodeEbcdic,
  decodeFmHeaders,
  decodeFmh,
  decodeGds,
  decodeLuwid,
  decodeMajorVectors,
  decodePiu,
  decodeRh,
  decodeRu,
  decodeSdlc,
  decodeSecurity,
  decodeXid,
  encodeBind,
  encodeBindSubfields,
  encodeEbcdic,
  encodeFmh,
  encodeGds,
  encodeLuwid,
  encodeMajorVectors,
  encodePiu,
  encodeRu,
  encodeSdlc,
  encodeSecurity,
  encodeXid,
  NS,
  SC,
} from '../../src/sna/index.js';

const RUNS = { numRuns: 10_000 };

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** As expect does, but quick enough for a property. */
function expectSame(got: Uint8Array, wanted: Uint8Array): void {
  if (Buffer.compare(got, wanted) !== 0) throw new Error(`${hex(got)} should be ${hex(wanted)}`);
}

/** What `decode` gives, or undefined where it says by a listed code what is wrong. Any other throw fails the test. */
function valueOrError<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof HostLinkError) || error.code === 'INTERNAL' || !(error.code in ERRORS)) throw error;
    return undefined;
  }
}

/** How often bytes gave a value: a property that only ever saw errors would prove nothing. */
class Tally {
  values = 0;
  errors = 0;

  count(isValue: boolean): void {
    if (isValue) this.values += 1;
    else this.errors += 1;
  }
}

const bytes = (maxLength = 80) => fc.uint8Array({ maxLength });
const join = (...parts: readonly fc.Arbitrary<Uint8Array>[]) =>
  fc.tuple(...parts).map((all) => Uint8Array.from(all.flatMap((part) => [...part])));
const one = (...values: readonly number[]) => fc.constantFrom(...values).map((value) => Uint8Array.of(value));

const nsHeaders = fc
  .constantFrom(...Object.values(NS))
  .map((header) => Uint8Array.of(header >> 16, (header >> 8) & 0xff, header & 0xff));
const bindLike = join(
  fc.constant(Uint8Array.of(0x31)),
  fc.uint8Array({ minLength: 10, maxLength: 29 }),
  lengths(),
  bytes(20),
);
/** INIT-SELF and TERM-SELF with all their counted fields. */
const selfLike = join(
  fc
    .constantFrom(NS.INIT_SELF, NS.INIT_SELF_1, NS.TERM_SELF, NS.TERM_SELF_1)
    .map((header) => Uint8Array.of(header >> 16, (header >> 8) & 0xff, header & 0xff)),
  fc.uint8Array({ minLength: 9, maxLength: 14 }),
  one(0xf3),
  fc.uint8Array({ max: 3, minLength: 4, maxLength: 30 }),
);
const tails = fc.oneof(bytes(60), lengths(), join(lengths(), bytes(40)));
const given = (...texts: readonly string[]) =>
  fc.constantFrom(...texts.map((text) => Uint8Array.from(Buffer.from(text, 'hex'))));
/** RH and RU: those that belong together, so that each layout is met often, and those that do not. */
const traffic = fc.oneof(
  fc.tuple(given('6b8000', 'eb8000', 'ef9000'), join(one(...Object.values(SC)), tails)),
  fc.tuple(given('4b8000', 'cb8000', 'cf9000'), join(one(...Object.values(DFC)), tails)),
  fc.tuple(given('0b8000', '8b8000', '8f9000'), join(nsHeaders, tails)),
  fc.tuple(given('0b8000'), selfLike),
  fc.tuple(given('6b8000', 'eb8000'), bindLike),
  fc.tuple(given('0b90a0', '078000', '830100', '879000'), tails),
  fc.tuple(fc.uint8Array({ minLength: 3, maxLength: 3 }), bytes()),
);

/** Small numbers: they make counted fields that fit. */
function lengths(): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ max: 6, maxLength: 30 });
}

/** Any bytes give a value that encodes to the same bytes, or an error with a listed code. */
function sameBytesOrError<T>(
  input: fc.Arbitrary<Uint8Array>,
  decode: (b: Uint8Array) => T,
  encode: (v: T) => Uint8Array,
) {
  const tally = new Tally();
  fc.assert(
    fc.property(input, (given) => {
      const value = valueOrError(() => decode(given));
      tally.count(value !== undefined);
      if (value !== undefined) expectSame(encode(value), given);
    }),
    RUNS,
  );
  expect(tally.values).toBeGreaterThan(200);
  return tally;
}

describe('any bytes give a value that encodes to the same bytes, or a named error', () => {
  it('PIU', () => {
    const headers = join(
      fc.integer({ min: 0x1f, max: 0x30 }).map((byte) => Uint8Array.of(byte)),
      bytes(20),
    );
    const tally = sameBytesOrError(fc.oneof(bytes(), headers), decodePiu, encodePiu);
    expect(tally.errors).toBeGreaterThan(200);
  });

  it('RU, in any session', () => {
    const kinds = new Map<string, number>();
    const sessions = fc.constantFrom('SSCP', 'LU', 'ANY');
    fc.assert(
      fc.property(traffic, sessions, ([rhBytes, ruBytes], session) => {
        const rh = decodeRh(rhBytes);
        const value = valueOrError(() => decodeRu(rh, ruBytes, session));
        const kind = value?.kind ?? 'error';
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        if (value === undefined) return;
        const encoded = encodeRu(value);
        expectSame(encoded, ruBytes);
        if (!isDeepStrictEqual(decodeRu(rh, encoded, session), value)) throw new Error(`${kind} changes on its way`);
      }),
      { numRuns: 20_000 },
    );
    const met = [
      'ACTPU',
      'ACTLU',
      'BIND',
      'BIND_RSP',
      'UNBIND',
      'STSN',
      'SIGNAL',
      'INIT_SELF',
      'INIT_SELF_1',
      'TERM_SELF',
    ];
    for (const kind of [...met, 'TERM_SELF_1', 'NOTIFY', 'NMVT', 'NS', 'FMH', 'SENSE', 'EXR', 'IPM', 'error']) {
      expect(kinds.get(kind), kind).toBeGreaterThan(3);
    }
  });

  it('BIND', () => {
    const tally = sameBytesOrError(bindLike, decodeBind, encodeBind);
    expect(tally.errors).toBeGreaterThan(200);
  });

  it('BIND user data', () => {
    const structured = join(fc.constant(Uint8Array.of(0)), lengths());
    sameBytesOrError(
      structured,
      (given) => decodeBindSubfields(given) ?? given,
      (value) => (value instanceof Uint8Array ? value : encodeBindSubfields(value)),
    );
  });

  it('XID', () => {
    const xid3 = fc
      .tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.integer({ min: 0, max: 20 }), lengths())
      .map(([head, section, tail]) => {
        const whole = Uint8Array.from([0x32, 0, ...head, section, ...tail]);
        whole[1] = whole.length;
        return whole;
      });
    const xid0 = join(one(0x00, 0x02, 0x04), bytes(12));
    sameBytesOrError(fc.oneof(bytes(), xid0, xid3), decodeXid, encodeXid);
  });

  it('FM headers', () => {
    const attach = join(fc.constant(Uint8Array.of(0x05, 0x02, 0xff)), lengths()).map((body) =>
      Uint8Array.of(body.length + 1, ...body),
    );
    sameBytesOrError(fc.oneof(lengths(), attach, bytes(12)), decodeFmHeaders, ({ headers, data }) =>
      Uint8Array.from([...headers.flatMap((header) => [...encodeFmh(header)]), ...data]),
    );
    sameBytesOrError(attach, decodeFmh, encodeFmh);
  });

  it('GDS records', () => {
    sameBytesOrError(fc.oneof(lengths(), bytes()), (given) => decodeGds(given), encodeGds);
    sameBytesOrError(fc.oneof(lengths(), bytes()), (given) => decodeGds(given, true), encodeGds);
  });

  it('subfields of many kinds', () => {
    sameBytesOrError(lengths(), decodeSecurity, encodeSecurity);
    sameBytesOrError(
      fc.oneof(lengths(), fc.uint8Array({ max: 8, minLength: 9, maxLength: 12 })),
      decodeLuwid,
      (luwid) => {
        return encodeLuwid(luwid);
      },
    );
    const vectors = join(fc.constant(Uint8Array.of(0)), lengths());
    sameBytesOrError(fc.oneof(vectors, lengths()), decodeMajorVectors, encodeMajorVectors);
  });

  it('SDLC frames', () => {
    sameBytesOrError(bytes(20), decodeSdlc, encodeSdlc);
  });
});

describe('EBCDIC', () => {
  it('any bytes give text that encodes to the same bytes, or a named error; never an error when substituting', () => {
    const doubles = fc.array(fc.tuple(fc.integer({ min: 0x41, max: 0xd3 }), fc.integer({ min: 0x41, max: 0xfe })), {
      maxLength: 9,
    });
    const shifted = doubles.map((pairs) => Uint8Array.from([0x0e, ...pairs.flat(), 0x0f, 0xc1]));
    const pages = fc.constantFrom(...CODE_PAGES);
    const tally = new Tally();
    fc.assert(
      fc.property(pages, fc.oneof(bytes(), shifted), (page, given) => {
        expect(typeof decodeEbcdic(given, page, { substitute: true })).toBe('string');
        const text = valueOrError(() => decodeEbcdic(given, page));
        tally.count(text !== undefined);
        if (text === undefined) return;
        const again = encodeEbcdic(text, page);
        if (page === '933') expect(decodeEbcdic(again, page)).toBe(text);
        else expect(hex(again)).toBe(hex(given));
      }),
      RUNS,
    );
    expect(Math.min(tally.values, tally.errors)).toBeGreaterThan(200);
  });

  it('any text gives bytes that read back, or a named error; never an error when substituting', () => {
    const pages = fc.constantFrom(...CODE_PAGES);
    const hangul = fc.integer({ min: 0xac00, max: 0xd7a3 }).map((code) => String.fromCharCode(code));
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: fc.oneof(hangul, fc.constantFrom('A', ' ', '9')) }),
    );
    const tally = new Tally();
    fc.assert(
      fc.property(pages, texts, (page, text) => {
        const substituted = encodeEbcdic(text, page, { substitute: true });
        expect(typeof decodeEbcdic(substituted, page)).toBe('string');
        const encoded = valueOrError(() => encodeEbcdic(text, page));
        tally.count(encoded !== undefined);
        if (encoded !== undefined) expect(hex(encodeEbcdic(decodeEbcdic(encoded, page), page))).toBe(hex(encoded));
      }),
      RUNS,
    );
    expect(Math.min(tally.values, tally.errors)).toBeGreaterThan(200);
  });
});
