import { RuReader, RuWriter } from './bytes.js';
import { decodeEbcdic, encodeEbcdic } from './ebcdic.js';

/** Values of `conversation`. */
export const CONVERSATION_BASIC = 0xd0;
export const CONVERSATION_MAPPED = 0xd1;
/** Values of `syncLevel`. */
export const SYNC_NONE = 0x00;
export const SYNC_CONFIRM = 0x40;
export const SYNC_POINT = 0x80;

/** FMH-5 Attach: starts a program on the other side. A field that is left out is null, and so are all after it. */
export interface AttachHeader {
  readonly kind: 'ATTACH';
  /** Another FM header follows. */
  readonly isConcatenated: boolean;
  /** Byte 4: 80 user already verified, 60 persistent verification, 10 password substitute, 08 PIP present. */
  readonly flags: number;
  readonly conversation: number;
  readonly reserved: number;
  readonly syncLevel: number;
  /** More fixed bytes than the 3 above, normally none. */
  readonly fixedRest: Uint8Array;
  /** Transaction program name, code page 037. */
  readonly tpn: string | null;
  /** Access security, see decodeSecurity. */
  readonly security: Uint8Array | null;
  /** Logical unit of work, see decodeLuwid. */
  readonly luwid: Uint8Array | null;
  readonly correlator: Uint8Array | null;
  readonly sequence: Uint8Array | null;
  readonly rest: Uint8Array;
}

/** FMH-7: the error that a negative response 0846 promised. */
export interface ErrorHeader {
  readonly kind: 'ERROR';
  readonly isConcatenated: boolean;
  /** 32 bits. */
  readonly senseData: number;
  /** 80: error log data (GDS 12E1) follow. */
  readonly flags: number;
  readonly rest: Uint8Array;
}

/** Any other FM header, not taken apart. */
export interface OtherHeader {
  readonly kind: 'FMH';
  readonly isConcatenated: boolean;
  /** 0..127. */
  readonly type: number;
  /** What follows length and type. */
  readonly rest: Uint8Array;
}

export type FmHeader = AttachHeader | ErrorHeader | OtherHeader;

const CONCATENATED = 0x80;
const ATTACH_COMMAND = 0x02ff;
const ATTACH_FIXED = 3;
const ERROR_SIZE = 7;

/**
 * Decode the FM header at the start of `bytes`; its first byte says how long it is.
 * @param bytes at least 2; byte fields of the result are views of it
 * @throws HostLinkError RU_TRUNCATED, RU_MALFORMED
 * @source SNA Formats GA27-3136, FM headers 5 and 7; sna-wire 5.2, 5.3
 */
export function decodeFmh(bytes: Uint8Array): FmHeader {
  const outer = new RuReader(bytes, 'FM header');
  const length = outer.u8();
  if (length < 2) throw outer.malformed('length below 2', 0);
  const reader = new RuReader(bytes.subarray(0, 1 + outer.take(length - 1).length), 'FM header', 1);
  const byte = reader.u8();
  const isConcatenated = (byte & CONCATENATED) !== 0;
  const type = byte & 0x7f;
  const isAttach = type === 5 && bytes[2] === ATTACH_COMMAND >> 8 && bytes[3] === (ATTACH_COMMAND & 0xff) && length > 4;
  if (isAttach) return decodeAttach(reader, isConcatenated);
  if (type !== 7 || length < ERROR_SIZE) return { kind: 'FMH', isConcatenated, type, rest: reader.rest() };
  return { kind: 'ERROR', isConcatenated, senseData: reader.u32(), flags: reader.u8(), rest: reader.rest() };
}

function decodeAttach(reader: RuReader, isConcatenated: boolean): AttachHeader {
  reader.take(2);
  const flags = reader.u8();
  const fixed = reader.counted();
  if (fixed.length < ATTACH_FIXED) throw reader.malformed('too few fixed bytes', reader.at);
  const [conversation, reserved, syncLevel] = fixed;
  const counted = () => reader.counted();
  return {
    kind: 'ATTACH',
    isConcatenated,
    flags,
    conversation: conversation!,
    reserved: reserved!,
    syncLevel: syncLevel!,
    fixedRest: fixed.subarray(ATTACH_FIXED),
    tpn: reader.optional(() => decodeEbcdic(reader.counted(), '037')),
    security: reader.optional(counted),
    luwid: reader.optional(counted),
    correlator: reader.optional(counted),
    sequence: reader.optional(counted),
    rest: reader.rest(),
  };
}

function encodeAttach(writer: RuWriter, header: AttachHeader): void {
  const { conversation, reserved, syncLevel, fixedRest } = header;
  writer
    .u16('command', ATTACH_COMMAND)
    .u8('flags', header.flags)
    .u8('fixedLength', ATTACH_FIXED + fixedRest.length);
  writer.u8('conversation', conversation).u8('reserved', reserved).u8('syncLevel', syncLevel).raw(fixedRest);
  writer.optional('tpn', header.tpn, (tpn) => writer.counted('tpn', encodeEbcdic(tpn, '037')));
  for (const field of ['security', 'luwid', 'correlator', 'sequence'] as const) {
    writer.optional(field, header[field], (bytes) => writer.counted(field, bytes));
  }
  writer.tail('rest', header.rest);
}

/** Encode one FM header with its length. @throws HostLinkError RU_INVALID, EBCDIC_UNMAPPABLE */
export function encodeFmh(header: FmHeader): Uint8Array {
  const writer = new RuWriter('FM header');
  const type = header.kind === 'ATTACH' ? 5 : header.kind === 'ERROR' ? 7 : header.type;
  if (!Number.isInteger(type) || type < 0 || type > 127) throw writer.invalid('type', `is ${type}, allowed is 0..127`);
  writer.u8('type', type | (header.isConcatenated ? CONCATENATED : 0));
  if (header.kind === 'ATTACH') encodeAttach(writer, header);
  else if (header.kind === 'ERROR') {
    writer.number('senseData', header.senseData, 4).u8('flags', header.flags).raw(header.rest);
  } else writer.raw(header.rest);
  const body = writer.done();
  return new RuWriter('FM header')
    .u8('length', body.length + 1)
    .raw(body)
    .done();
}

/** The FM headers at the start of an RU, and what follows them. @throws HostLinkError RU_TRUNCATED, RU_MALFORMED */
export function decodeFmHeaders(ru: Uint8Array): { headers: FmHeader[]; data: Uint8Array } {
  const headers: FmHeader[] = [];
  let at = 0;
  for (;;) {
    const header = decodeFmh(ru.subarray(at));
    headers.push(header);
    at += ru[at]!;
    if (!header.isConcatenated) return { headers, data: ru.subarray(at) };
  }
}

/** One access security subfield of an Attach. */
export interface SecuritySubfield {
  /** 00 profile, 01 password, 02 user id. */
  readonly type: number;
  readonly data: Uint8Array;
}

/** The access security subfields of an Attach. @throws HostLinkError RU_TRUNCATED, RU_MALFORMED */
export function decodeSecurity(bytes: Uint8Array): SecuritySubfield[] {
  const reader = new RuReader(bytes, 'access security');
  const subfields: SecuritySubfield[] = [];
  while (reader.left > 0) {
    const length = reader.u8();
    if (length === 0) throw reader.malformed('an empty subfield', reader.at - 1);
    subfields.push({ type: reader.u8(), data: reader.take(length - 1) });
  }
  return subfields;
}

/** Access security subfields for an Attach. @throws HostLinkError RU_INVALID */
export function encodeSecurity(subfields: readonly SecuritySubfield[]): Uint8Array {
  const writer = new RuWriter('access security');
  for (const { type, data } of subfields)
    writer
      .u8('length', data.length + 1)
      .u8('type', type)
      .raw(data);
  return writer.done();
}

/** Logical unit of work identifier. */
export interface Luwid {
  /** Fully qualified LU name, code page 037. */
  readonly luName: string;
  /** 6 bytes. */
  readonly instance: Uint8Array;
  readonly sequence: number;
}

/** Decode the LUWID of an Attach. @throws HostLinkError RU_TRUNCATED, RU_MALFORMED */
export function decodeLuwid(bytes: Uint8Array): Luwid {
  const reader = new RuReader(bytes, 'LUWID');
  const luName = decodeEbcdic(reader.counted(), '037');
  const luwid = { luName, instance: reader.take(6), sequence: reader.u16() };
  if (reader.left > 0) throw reader.malformed('more than a LUWID', reader.at);
  return luwid;
}

/** A LUWID for an Attach. @throws HostLinkError RU_INVALID, EBCDIC_UNMAPPABLE */
export function encodeLuwid(luwid: Luwid): Uint8Array {
  const writer = new RuWriter('LUWID').counted('luName', encodeEbcdic(luwid.luName, '037'), 17);
  return writer.fixed('instance', luwid.instance, 6).u16('sequence', luwid.sequence).done();
}
