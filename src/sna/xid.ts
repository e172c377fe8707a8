import { HostLinkError } from '../base/errors.js';

/** No information field: asks the other link station to identify itself. */
export interface XidNull {
  readonly format: 'null';
}

/** XID format 0: a fixed-format identification of a PU 2.0. */
export interface Xid0 {
  readonly format: 0;
  /** Node type, 0..15; 2 is PU 2.0. */
  readonly nodeType: number;
  /** Block number, 12 bits as 3 hex digits in capitals. */
  readonly idBlk: string;
  /** Identification number, 20 bits as 5 hex digits in capitals. */
  readonly idNum: string;
  /** Byte 1, normally 0. */
  readonly reserved?: number;
  /** Bytes from 6 on, normally none. */
  readonly rest?: Uint8Array;
}

/** XID format 3 (T2.1). Of the fixed part only what a PU 2.0 looks at is named; `body` has all of it. */
export interface Xid3 {
  readonly format: 3;
  readonly nodeType: number;
  readonly idBlk: string;
  readonly idNum: string;
  /** Bytes 6 to the end of the fixed part, as sent; the length in byte 18 says where that ends. */
  readonly body: Uint8Array;
  readonly vectors: readonly XidVector[];
}

/** A control vector of an XID-3. */
export interface XidVector {
  /** 0E CP name, 10 product set. */
  readonly key: number;
  readonly data: Uint8Array;
}

export type Xid = XidNull | Xid0 | Xid3;

const HEAD_SIZE = 6;
/** Offset of the DLC section length in an XID-3; the section ends the fixed part, and the length counts itself. */
const DLC_SECTION_LENGTH = 18;
const XID3_SIZE_LEAST = 19;

function malformed(why: string, offset: number): HostLinkError {
  return new HostLinkError('XID_MALFORMED', `${why} at offset ${offset}.`, { offset });
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/**
 * Decode the information field of an XID.
 * @param bytes empty for a null XID; byte fields of the result are views of it
 * @throws HostLinkError XID_MALFORMED, also for the formats 1 and 2
 * @source SNA Formats GA27-3136, XID; sna-wire 6.7
 */
export function decodeXid(bytes: Uint8Array): Xid {
  if (bytes.length === 0) return { format: 'null' };
  if (bytes.length < HEAD_SIZE) throw malformed('The XID ends', bytes.length);
  const format = bytes[0]! >> 4;
  const node = {
    nodeType: bytes[0]! & 0x0f,
    idBlk: hex((bytes[2]! << 4) | (bytes[3]! >> 4), 3),
    idNum: hex(((bytes[3]! & 0x0f) << 16) | (bytes[4]! << 8) | bytes[5]!, 5),
  };
  if (format === 0) return { format, ...node, reserved: bytes[1]!, rest: bytes.subarray(HEAD_SIZE) };
  if (format === 3) return { format, ...node, ...decodeXid3(bytes) };
  throw malformed(`Format ${format} is not known`, 0);
}

function decodeXid3(bytes: Uint8Array): { body: Uint8Array; vectors: XidVector[] } {
  if (bytes[1] !== bytes.length) throw malformed(`Length ${bytes[1]} is not that of the XID`, 1);
  if (bytes.length < XID3_SIZE_LEAST) throw malformed('The XID ends', bytes.length);
  const end = DLC_SECTION_LENGTH + bytes[DLC_SECTION_LENGTH]!;
  if (end < XID3_SIZE_LEAST || end > bytes.length) throw malformed('The DLC section does not fit', DLC_SECTION_LENGTH);
  const vectors: XidVector[] = [];
  for (let at = end; at < bytes.length; ) {
    const next = at + 2 + (bytes[at + 1] ?? Number.POSITIVE_INFINITY);
    if (next > bytes.length) throw malformed('A control vector does not fit', at);
    vectors.push({ key: bytes[at]!, data: bytes.subarray(at + 2, next) });
    at = next;
  }
  return { body: bytes.subarray(HEAD_SIZE, end), vectors };
}

function hexField(field: string, text: string, digits: number): number {
  if (text.length === digits && /^[0-9A-Fa-f]+$/.test(text)) return Number.parseInt(text, 16);
  throw new HostLinkError('XID_INVALID', `${field} is ${text}, must be ${digits} hex digits.`, { field });
}

function head(xid: Xid0 | Xid3, byte1: number): number[] {
  if (!Number.isInteger(xid.nodeType) || xid.nodeType < 0 || xid.nodeType > 15) {
    throw new HostLinkError('XID_INVALID', `nodeType is ${xid.nodeType}.`, { field: 'nodeType' });
  }
  const blk = hexField('idBlk', xid.idBlk, 3);
  const num = hexField('idNum', xid.idNum, 5);
  return [
    (xid.format << 4) | xid.nodeType,
    byte1,
    blk >> 4,
    ((blk & 0x0f) << 4) | (num >> 16),
    (num >> 8) & 0xff,
    num & 0xff,
  ];
}

/**
 * Encode the information field of an XID.
 * @returns fresh bytes: none for a null XID, 6 for a plain XID-0
 * @throws HostLinkError XID_INVALID
 * @source SNA Formats GA27-3136, XID; sna-wire 6.7
 */
export function encodeXid(xid: Xid): Uint8Array {
  if (xid.format === 'null') return new Uint8Array(0);
  if (xid.format === 0) {
    const reserved = xid.reserved ?? 0;
    if (!Number.isInteger(reserved) || reserved < 0 || reserved > 255) {
      throw new HostLinkError('XID_INVALID', `reserved is ${reserved}.`, { field: 'reserved' });
    }
    return Uint8Array.of(...head(xid, reserved), ...(xid.rest ?? []));
  }
  const tail = [...xid.body];
  for (const { key, data } of xid.vectors) tail.push(key, data.length, ...data);
  const length = HEAD_SIZE + tail.length;
  const sectionEnd = DLC_SECTION_LENGTH + (xid.body[DLC_SECTION_LENGTH - HEAD_SIZE] ?? 0);
  if (length > 255 || sectionEnd !== HEAD_SIZE + xid.body.length || xid.vectors.some(({ data }) => data.length > 255)) {
    throw new HostLinkError('XID_INVALID', 'The parts do not fit their lengths.', { field: 'body', length });
  }
  return Uint8Array.of(...head(xid, length), ...tail);
}
