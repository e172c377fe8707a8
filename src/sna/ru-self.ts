import type { RuReader, RuWriter } from './bytes.js';
import { decodeEbcdic, decodeName, encodeEbcdic, encodeName } from './ebcdic.js';

/** Kind of name: LU network name. */
export const NAME_TYPE_LU = 0xf3;

/** A field that a short form leaves out is null, and so are all after it. */
interface InitSelfTail {
  /** 8 characters at most, without the blanks that pad it; '' is the host's default. Code page 037. */
  readonly mode: string | null;
  /** F3: the network name of an LU. */
  readonly nameType: number | null;
  /** The PLU asked for, as sent: it may end in blanks. '' lets the host choose. Code page 037. */
  readonly plu: string | null;
  readonly requesterId: Uint8Array | null;
  readonly password: Uint8Array | null;
  readonly userData: Uint8Array | null;
  readonly rest: Uint8Array;
}

export interface InitSelf0 extends InitSelfTail {
  readonly kind: 'INIT_SELF';
  /** Byte 3: format in the upper nibble. */
  readonly format: number;
}

/** Formats 1 and 2; what is in front of the mode name is not taken apart. We never send it. */
export interface InitSelf1 extends InitSelfTail {
  readonly kind: 'INIT_SELF_1';
  /** Everything between the header and the mode name; all there is when no name could be found. */
  readonly head: Uint8Array;
  /** User request correlation. */
  readonly urc: Uint8Array | null;
}

export interface TermSelf0 {
  readonly kind: 'TERM_SELF';
  /** C0 which sessions, 20 orderly, 10 also DACTLU, 08 cleanup, 06 role of the name. */
  readonly type: number;
  readonly nameType: number | null;
  /** As sent; '' is whichever partner there is. */
  readonly name: string | null;
  readonly rest: Uint8Array;
}

export interface TermSelf1 {
  readonly kind: 'TERM_SELF_1';
  readonly format: number | null;
  readonly type: number | null;
  readonly reason: number | null;
  readonly notify: number | null;
  /** 01: a name follows. */
  readonly sessionKey: number | null;
  readonly nameType: number | null;
  readonly name: string | null;
  readonly rest: Uint8Array;
}

export type SelfRu = InitSelf0 | InitSelf1 | TermSelf0 | TermSelf1;

const MODE_SIZE = 8;
const NAME_SIZE_MAX = 17;
const SESSION_KEY_NAME = 1;

function countedName(reader: RuReader): string {
  return decodeEbcdic(reader.counted(), '037');
}

/** A byte and a counted name, where both are whole; else nothing is read. */
function typedName(reader: RuReader): { nameType: number | null; name: string | null } {
  const length = reader.bytes[reader.at + 1];
  if (length === undefined || reader.left < 2 + length) return { nameType: null, name: null };
  return { nameType: reader.u8(), name: countedName(reader) };
}

/** Where F3 and a length that fits stand: 8 bytes behind the mode name. Offset 16 first, where the books put it. */
function findName(reader: RuReader): number | undefined {
  const { bytes, at } = reader;
  const isName = (offset: number): boolean => {
    const length = bytes[offset + 1];
    return bytes[offset] === NAME_TYPE_LU && length !== undefined && length <= NAME_SIZE_MAX;
  };
  const fits = (offset: number): boolean => isName(offset) && offset + 2 + bytes[offset + 1]! <= bytes.length;
  const usual = at + 13;
  if (fits(usual)) return usual;
  for (let offset = at + MODE_SIZE; offset < bytes.length; offset += 1) if (fits(offset)) return offset;
  return undefined;
}

/** Decode what follows the header of an INIT-SELF. @throws HostLinkError RU_TRUNCATED */
export function decodeInitSelf(kind: 'INIT_SELF' | 'INIT_SELF_1', reader: RuReader): InitSelf0 | InitSelf1 {
  if (kind === 'INIT_SELF') {
    const format = reader.u8();
    return { kind, format, ...initSelfTail(reader), rest: reader.rest() };
  }
  const nameAt = findName(reader);
  const head = nameAt === undefined ? reader.rest() : reader.take(nameAt - MODE_SIZE - reader.at);
  const tail = initSelfTail(reader);
  const urc = reader.optional(() => reader.counted());
  return { kind, head, ...tail, urc, rest: reader.rest() };
}

function initSelfTail(reader: RuReader): Omit<InitSelfTail, 'rest'> {
  return {
    mode: reader.optional(() => decodeName(reader.take(MODE_SIZE))),
    nameType: reader.optional(() => reader.u8()),
    plu: reader.optional(() => countedName(reader)),
    requesterId: reader.optional(() => reader.counted()),
    password: reader.optional(() => reader.counted()),
    userData: reader.optional(() => reader.counted()),
  };
}

function writeName(writer: RuWriter, field: string, name: string): void {
  writer.counted(field, encodeEbcdic(name, '037'));
}

/** Write what follows the header. @throws HostLinkError RU_INVALID, EBCDIC_UNMAPPABLE */
export function encodeInitSelf(writer: RuWriter, ru: InitSelf0 | InitSelf1): void {
  if (ru.kind === 'INIT_SELF') writer.u8('format', ru.format);
  else writer.raw(ru.head);
  writer.optional('mode', ru.mode, (mode) => {
    if (mode.length > MODE_SIZE)
      throw writer.invalid('mode', `has ${mode.length} characters, allowed are ${MODE_SIZE}`);
    writer.raw(encodeName(mode, MODE_SIZE));
  });
  writer.optional('nameType', ru.nameType, (type) => writer.u8('nameType', type));
  writer.optional('plu', ru.plu, (plu) => writeName(writer, 'plu', plu));
  writer.optional('requesterId', ru.requesterId, (id) => writer.counted('requesterId', id));
  writer.optional('password', ru.password, (password) => writer.counted('password', password));
  writer.optional('userData', ru.userData, (data) => writer.counted('userData', data));
  if (ru.kind === 'INIT_SELF_1') writer.optional('urc', ru.urc, (urc) => writer.counted('urc', urc));
}

/** Decode what follows the header of a TERM-SELF. @throws HostLinkError RU_TRUNCATED */
export function decodeTermSelf(kind: 'TERM_SELF' | 'TERM_SELF_1', reader: RuReader): TermSelf0 | TermSelf1 {
  if (kind === 'TERM_SELF') return { kind, type: reader.u8(), ...typedName(reader), rest: reader.rest() };
  const format = reader.optional(() => reader.u8());
  const type = reader.optional(() => reader.u8());
  const reason = reader.optional(() => reader.u8());
  const notify = reader.left < 2 ? null : reader.u16();
  const sessionKey = notify === null ? null : reader.optional(() => reader.u8());
  const name = sessionKey === SESSION_KEY_NAME ? typedName(reader) : { nameType: null, name: null };
  return { kind, format, type, reason, notify, sessionKey, ...name, rest: reader.rest() };
}

/** Write what follows the header. @throws HostLinkError RU_INVALID, EBCDIC_UNMAPPABLE */
export function encodeTermSelf(writer: RuWriter, ru: TermSelf0 | TermSelf1): void {
  if (ru.kind === 'TERM_SELF') writer.u8('type', ru.type);
  else {
    writer.optional('format', ru.format, (format) => writer.u8('format', format));
    writer.optional('type', ru.type, (type) => writer.u8('type', type));
    writer.optional('reason', ru.reason, (reason) => writer.u8('reason', reason));
    writer.optional('notify', ru.notify, (notify) => writer.u16('notify', notify));
    writer.optional('sessionKey', ru.sessionKey, (key) => writer.u8('sessionKey', key));
  }
  writer.optional('nameType', ru.nameType, (type) => writer.u8('nameType', type));
  writer.optional('name', ru.name, (name) => writeName(writer, 'name', name));
}
