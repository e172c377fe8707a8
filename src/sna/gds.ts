import { RuReader, RuWriter } from './bytes.js';

/** GDS identifiers. @source SNA Formats GA27-3136, GDS variables; sna-wire 5.4 */
export const GDS = {
  APPLICATION_DATA: 0x12ff,
  NULL_DATA: 0x12f1,
  USER_CONTROL: 0x12f2,
  MAP_NAME: 0x12f3,
  ERROR_DATA: 0x12f4,
  PIP: 0x12f5,
  PIP_SUBFIELD: 0x12e2,
  ERROR_LOG: 0x12e1,
  CNOS: 0x1210,
} as const;

/** One LL/ID record, or one segment of a record. */
export interface GdsRecord {
  /** null in the segments after the first one of a continued record: those have LL only. */
  readonly id: number | null;
  /** Another segment of the same record follows. */
  readonly isContinued: boolean;
  readonly data: Uint8Array;
  /** Bytes of the record that are not here yet: more than 0 in the last one of a piece only. */
  readonly missing: number;
}

/** A piece of a record stream. */
export interface GdsPiece {
  readonly records: readonly GdsRecord[];
  /** Too few bytes for a header, or a sync-point PS header (LL 0001) and what follows it. */
  readonly rest: Uint8Array;
}

const LL_CONTINUED = 0x8000;
const LL_MAX = 0x7fff;
const LL_PS_HEADER = 0x0001;

/**
 * Take the records of a piece of a conversation apart. Records lie over the RUs of a chain like a byte stream:
 * `missing` and `rest` say what the next RU continues.
 * @param bytes data from the start of a record; views of it are handed out
 * @param isContinuation true when the record before was continued: the first one has LL only
 * @throws HostLinkError RU_MALFORMED for an LL that cannot be
 * @source SNA Formats GA27-3136, GDS variables; sna-wire 5.4
 */
export function decodeGds(bytes: Uint8Array, isContinuation = false): GdsPiece {
  const reader = new RuReader(bytes, 'GDS record');
  const records: GdsRecord[] = [];
  let isNextContinuation = isContinuation;
  for (;;) {
    const headerSize = isNextContinuation ? 2 : 4;
    const ll = reader.left < 2 ? 0 : (bytes[reader.at]! << 8) | bytes[reader.at + 1]!;
    if (reader.left < 2 || ll === LL_PS_HEADER || reader.left < headerSize) return { records, rest: reader.rest() };
    const length = ll & LL_MAX;
    if (length < headerSize) throw reader.malformed(`LL is ${length}`, reader.at);
    reader.take(2);
    const id = isNextContinuation ? null : reader.u16();
    const data = reader.take(Math.min(length - headerSize, reader.left));
    const missing = length - headerSize - data.length;
    isNextContinuation = (ll & LL_CONTINUED) !== 0;
    records.push({ id, isContinued: isNextContinuation, data, missing });
    if (missing > 0) return { records, rest: reader.rest() };
  }
}

/** Encode a piece of a record stream, the reverse of `decodeGds`. @throws HostLinkError RU_INVALID */
export function encodeGds(piece: GdsPiece): Uint8Array {
  const writer = new RuWriter('GDS record');
  for (const { id, isContinued, data, missing } of piece.records) {
    const length = data.length + missing + (id === null ? 2 : 4);
    if (length > LL_MAX) throw writer.invalid('data', `makes a record of ${length} bytes, allowed are ${LL_MAX}`);
    writer.u16('ll', length | (isContinued ? LL_CONTINUED : 0));
    if (id !== null) writer.u16('id', id);
    writer.raw(data);
  }
  return writer.raw(piece.rest).done();
}
