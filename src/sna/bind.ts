import {
  BIND_FIXED_SIZE,
  BIND_FLAGS,
  BIND_NUMBERS,
  BIND_RESERVED_MASKS,
  type BindFlag,
  type BindNumber,
  maskShift,
} from './bind-fields.js';
import { RuReader, RuWriter } from './bytes.js';
import { decodeEbcdic, encodeEbcdic } from './ebcdic.js';
import { SC } from './masks.js';

/** Values of `type`. */
export const BIND_NEGOTIABLE = 0;
export const BIND_NON_NEGOTIABLE = 1;

/** Values of `normalFlow`. */
export const FLOW_FULL_DUPLEX = 0;
export const FLOW_HDX_CONTENTION = 1;
export const FLOW_HDX_FLIP_FLOP = 2;

/** Values of `pluChainResponse` and `sluChainResponse`: the responses that side may ask for. */
export const CHAIN_NO_RESPONSE = 0;
export const CHAIN_EXCEPTION = 1;
export const CHAIN_DEFINITE = 2;
export const CHAIN_DEFINITE_OR_EXCEPTION = 3;

/** Cryptography options, BIND byte 26 and what follows it. */
export interface BindCrypto {
  /** 0 none, 1 selective, 3 mandatory. */
  readonly level: number;
  /** Bits C0 of byte 26, 0..3. */
  readonly reserved: number;
  /** 0..15 bytes. */
  readonly options: Uint8Array;
}

/**
 * A BIND image: the fields of the tables in bind-fields.ts, then those of variable length. A field that a short BIND
 * leaves out is null, and so are all after it.
 */
export type BindImage = Readonly<Record<BindNumber, number>> &
  Readonly<Record<BindFlag, boolean>> & {
    /** Bits of bytes 0..14 that have no field, 15 bytes; null when all are 0. */
    readonly reserved: Uint8Array | null;
    /** Bytes 15..25, their meaning depends on luType; shorter than 11 bytes only where the BIND ends there. */
    readonly psUsage: Uint8Array;
    readonly crypto: BindCrypto | null;
    /** Code page 037, as sent: not trimmed. */
    readonly pluName: string | null;
    readonly userData: Uint8Array | null;
    /** User request correlation. */
    readonly urc: Uint8Array | null;
    /** Code page 037, as sent: not trimmed. */
    readonly sluName: string | null;
    /** Control vectors, or whatever follows the SLU name. */
    readonly vectors: Uint8Array;
  };

const PS_USAGE_SIZE = 11;
const CRYPTO_LEVEL = 0x30;

/** A BIND of nothing but zeros: where to start when building one. */
export const EMPTY_BIND: BindImage = decodeBind(Uint8Array.of(SC.BIND, ...new Uint8Array(30)));

function reservedBits(ru: Uint8Array): Uint8Array | null {
  const bits = BIND_RESERVED_MASKS.map((mask, at) => ru[at]! & mask);
  return bits.some((byte) => byte !== 0) ? bits : null;
}

function decodeCrypto(reader: RuReader): BindCrypto {
  const byte = reader.u8();
  return { level: (byte & CRYPTO_LEVEL) >> 4, reserved: byte >> 6, options: reader.take(byte & 0x0f) };
}

function text037(bytes: Uint8Array): string {
  return decodeEbcdic(bytes, '037');
}

/**
 * Decode a BIND image: a BIND request, or a +RSP(BIND) that returns one.
 * @param ru starts with the request code 31; at least 15 bytes. Byte fields of the result are views of it
 * @throws HostLinkError RU_TRUNCATED (answer sense 1002), RU_MALFORMED
 * @source SNA Formats GA27-3136, BIND; sna-wire 2.8
 */
export function decodeBind(ru: Uint8Array): BindImage {
  const reader = new RuReader(ru, 'BIND');
  const fixed = reader.take(BIND_FIXED_SIZE);
  if (fixed[0] !== SC.BIND) throw reader.malformed('no request code 31', 0);
  const numbers = {} as Record<BindNumber, number>;
  for (const [field, at, mask] of BIND_NUMBERS) numbers[field] = (fixed[at]! & mask) >> maskShift(mask);
  const flags = {} as Record<BindFlag, boolean>;
  for (const [field, at, mask] of BIND_FLAGS) flags[field] = (fixed[at]! & mask) !== 0;
  return {
    ...numbers,
    ...flags,
    reserved: reservedBits(ru),
    psUsage: reader.take(Math.min(PS_USAGE_SIZE, reader.left)),
    crypto: reader.optional(() => decodeCrypto(reader)),
    pluName: reader.optional(() => text037(reader.counted())),
    userData: reader.optional(() => reader.counted()),
    urc: reader.optional(() => reader.counted()),
    sluName: reader.optional(() => text037(reader.counted())),
    vectors: reader.rest(),
  };
}

function encodeFixed(image: BindImage, writer: RuWriter): Uint8Array {
  const fixed = new Uint8Array(BIND_FIXED_SIZE);
  fixed[0] = SC.BIND;
  for (const [field, at, mask] of BIND_NUMBERS) {
    const value = image[field];
    const max = mask >> maskShift(mask);
    if (!Number.isInteger(value) || value < 0 || value > max) {
      throw writer.invalid(field, `is ${value}, allowed is 0..${max}`);
    }
    fixed[at]! |= value << maskShift(mask);
  }
  for (const [field, at, mask] of BIND_FLAGS) if (image[field]) fixed[at]! |= mask;
  if (image.reserved !== null) {
    for (const [at, mask] of BIND_RESERVED_MASKS.entries()) fixed[at]! |= (image.reserved[at] ?? 0) & mask;
  }
  return fixed;
}

function encodeCrypto(writer: RuWriter, crypto: BindCrypto): void {
  const { level, reserved, options } = crypto;
  if (level < 0 || level > 3 || reserved < 0 || reserved > 3 || options.length > 15) {
    throw writer.invalid('crypto', 'does not fit: level and reserved are 0..3, options have 0..15 bytes');
  }
  writer.u8('crypto', (reserved << 6) | (level << 4) | options.length).raw(options);
}

function bytes037(text: string): Uint8Array {
  return encodeEbcdic(text, '037');
}

/**
 * Encode a BIND image with its request code.
 * @returns fresh bytes: byte for byte what `decodeBind` read
 * @throws HostLinkError RU_INVALID, EBCDIC_UNMAPPABLE
 * @source SNA Formats GA27-3136, BIND; sna-wire 2.8
 */
export function encodeBind(image: BindImage): Uint8Array {
  const writer = new RuWriter('BIND');
  writer.raw(encodeFixed(image, writer));
  const { psUsage } = image;
  if (psUsage.length > PS_USAGE_SIZE || (psUsage.length < PS_USAGE_SIZE && image.crypto !== null)) {
    throw writer.invalid('psUsage', `has ${psUsage.length} bytes, must have ${PS_USAGE_SIZE}`);
  }
  writer.raw(psUsage);
  writer.optional('crypto', image.crypto, (crypto) => encodeCrypto(writer, crypto));
  writer.optional('pluName', image.pluName, (name) => writer.counted('pluName', bytes037(name)));
  writer.optional('userData', image.userData, (data) => writer.counted('userData', data));
  writer.optional('urc', image.urc, (urc) => writer.counted('urc', urc));
  writer.optional('sluName', image.sluName, (name) => writer.counted('sluName', bytes037(name)));
  return writer.tail('vectors', image.vectors).done();
}

/** One structured subfield of BIND user data. */
export interface BindSubfield {
  /** 02 mode name, 03 session instance, 04 PLU name, 05 SLU name (both network-qualified), 11..14 security. */
  readonly key: number;
  readonly data: Uint8Array;
}

/**
 * The structured subfields of BIND user data.
 * @returns undefined where the user data are the application's own: first byte not 00, or not made of subfields
 * @source SNA Formats GA27-3136, BIND user data subfields; sna-wire 2.8
 */
export function decodeBindSubfields(userData: Uint8Array): BindSubfield[] | undefined {
  if (userData[0] !== 0) return undefined;
  const subfields: BindSubfield[] = [];
  for (let at = 1; at < userData.length; ) {
    const length = userData[at]!;
    if (length === 0 || at + 1 + length > userData.length) return undefined;
    subfields.push({ key: userData[at + 1]!, data: userData.subarray(at + 2, at + 1 + length) });
    at += 1 + length;
  }
  return subfields;
}

/** Structured subfields as BIND user data. @throws HostLinkError RU_INVALID */
export function encodeBindSubfields(subfields: readonly BindSubfield[]): Uint8Array {
  const writer = new RuWriter('BIND user data').u8('structured', 0);
  for (const { key, data } of subfields) writer.counted('subfield', Uint8Array.of(key, ...data));
  return writer.done();
}
