import { assert } from '../base/assert.js';
import { HostLinkError } from '../base/errors.js';
import type {
  GroupConfig,
  HeaderConfig,
  HeaderFieldConfig,
  HeaderFieldKind,
  HostLinkConfig,
  ServiceConfig,
} from '../config/model.js';

/** What the leading bytes of a request say. */
export interface HeaderRoute {
  /** Index of the service: that of the caller, or the one the header names. */
  readonly service: number;
  /** Index of the group whose sessions may carry the request. */
  readonly group: number;
  /** Number of the terminal; '' where the header has none, or blanks. Dedicate mode picks the LU by it. */
  readonly terminal: string;
}

/** EBCDIC bytes to text. @throws HostLinkError EBCDIC_MALFORMED */
export type DecodeText = (bytes: Uint8Array, codePage: string) => string;

/** Field values of which the meaning is remembered, per field; what comes after them is worked out each time. */
export const REMEMBERED_MAX = 4096;

/** Bytes of a wrong value that its error shows. */
const SHOWN_BYTES_MAX = 32;
const SIGN_NEGATIVE = new Set([0xb, 0xd]);

/** All bytes printable, blank included. */
const ASCII = /^[\x20-\x7e]*$/;
const CONTROL = /\p{Cc}/u;
const TERMINAL = /^[A-Za-z0-9._-]{0,16}$/;

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').toUpperCase();
}

function numberOf(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

const HASH_FIRST = 0x811c9dc5;
const HASH_FACTOR = 0x01000193;
/** Small enough for the engine to keep it without a box. */
const HASH_MASK = 0x3fffffff;

/** @source Fowler, Noll, Vo: FNV-1a, 32 bits */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = HASH_FIRST;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ bytes[at]!, HASH_FACTOR);
  return hash & HASH_MASK;
}

/** A value seen before: its bytes, as two may have one hash, and what they mean. */
interface Remembered<T> {
  readonly bytes: Uint8Array;
  readonly meaning: T;
}

function isAt(value: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < value.length; at += 1) if (value[at] !== bytes[from + at]) return false;
  return true;
}

/** Two digits a byte, the last half byte a sign: A, C, E, F positive, B and D negative. */
function packedText(bytes: Uint8Array): string | undefined {
  const hex = hexOf(bytes);
  const digits = hex.slice(0, -1);
  const sign = Number.parseInt(hex.slice(-1), 16);
  if (!/^\d+$/.test(digits) || sign < 0xa) return undefined;
  const number = digits.replace(/^0+(?=\d)/, '');
  return SIGN_NEGATIVE.has(sign) && number !== '0' ? `-${number}` : number;
}

/** The value of a field as text, undefined when its bytes are none of its kind. */
const TEXT_OF: Readonly<
  Record<HeaderFieldKind, (bytes: Uint8Array, codePage: string, decode: DecodeText) => string | undefined>
> = {
  ebcdic(bytes, codePage, decode) {
    const text = decode(bytes, codePage);
    return CONTROL.test(text) ? undefined : text.trim();
  },
  ascii(bytes) {
    const text = latin(bytes);
    return ASCII.test(text) ? text.trim() : undefined;
  },
  binary: (bytes) => String(numberOf(bytes)),
  packed: packedText,
};

const NOT_OF_KIND: Readonly<Record<HeaderFieldKind, string>> = {
  ebcdic: 'is not EBCDIC text',
  ascii: 'is not ASCII text',
  binary: 'is not a number',
  packed: 'is not packed decimal',
};

/** One field of a header, and what its values mean. */
class FieldReader<T extends string | number> {
  private readonly header: HeaderConfig;
  private readonly field: HeaderFieldConfig;
  private readonly decode: DecodeText;
  private readonly meaning: (text: string) => T | undefined;
  private readonly refuse: (text: string, payload: Uint8Array) => HostLinkError;
  private readonly from: number;
  private readonly to: number;
  private readonly remembered = new Map<number, Remembered<T>>();

  /** @param meaning of the text of a value; `refuse` makes the error where it has none */
  constructor(
    header: HeaderConfig,
    name: string,
    decode: DecodeText,
    meaning: (text: string) => T | undefined,
    refuse: (text: string, payload: Uint8Array) => HostLinkError,
  ) {
    const field = header.fields.find((one) => one.name === name);
    assert(field !== undefined, 'a header without the field that it names');
    this.header = header;
    this.field = field;
    this.decode = decode;
    this.meaning = meaning;
    this.refuse = refuse;
    this.from = field.offset;
    this.to = field.offset + field.length;
  }

  /** @param payload as long as the header, or longer */
  read(payload: Uint8Array): T {
    const hash = hashOf(payload, this.from, this.to);
    const known = this.remembered.get(hash);
    return known !== undefined && isAt(known.bytes, payload, this.from) ? known.meaning : this.readAnew(payload, hash);
  }

  /** HEADER_INVALID about this field of `payload`. */
  invalid(payload: Uint8Array, what: string, cause?: unknown): HostLinkError {
    const { from, to } = this;
    const value = hexOf(payload.subarray(from, Math.min(to, from + SHOWN_BYTES_MAX)));
    const [header, field] = [this.header.name, this.field.name];
    const note = `${header}, field ${field} at offset ${from}: ${value} ${what}.`;
    return new HostLinkError('HEADER_INVALID', note, { header, field, offset: from, value, sent: 'no' }, { cause });
  }

  private readAnew(payload: Uint8Array, hash: number): T {
    const text = this.textOf(payload);
    const meaning = this.meaning(text);
    if (meaning === undefined) throw this.refuse(text, payload);
    const bytes = Uint8Array.prototype.slice.call(payload, this.from, this.to);
    if (this.remembered.size < REMEMBERED_MAX) this.remembered.set(hash, { bytes, meaning });
    return meaning;
  }

  private textOf(payload: Uint8Array): string {
    const { kind } = this.field;
    let text: string | undefined;
    try {
      text = TEXT_OF[kind](payload.subarray(this.from, this.to), this.header.codePage, this.decode);
    } catch (error) {
      throw this.invalid(payload, NOT_OF_KIND[kind], error);
    }
    if (text === undefined) throw this.invalid(payload, NOT_OF_KIND[kind]);
    return text;
  }
}

/** The groups of each application by session type. */
function typesOf(groups: readonly GroupConfig[]): Map<string, Map<string, number>> {
  const types = new Map<string, Map<string, number>>();
  for (const { application, sessionType, index } of groups) {
    const own = types.get(application) ?? new Map<string, number>();
    types.set(application, own.set(sessionType, index));
  }
  return types;
}

/** What a header is read against. */
export type HeaderContext = Pick<HostLinkConfig, 'groups' | 'services'>;

/**
 * One user header of the configuration, ready to read requests by it. Pure: reading changes nothing but what it
 * remembers, and that has a limit.
 */
export class UserHeader {
  readonly config: HeaderConfig;
  private readonly services: readonly ServiceConfig[];
  /** Groups by session type, for each service. */
  private readonly groups: readonly ReadonlyMap<string, number>[];
  private readonly sessionType: FieldReader<string> | undefined;
  private readonly service: FieldReader<number> | undefined;
  private readonly terminal: FieldReader<string> | undefined;

  constructor(config: HeaderConfig, context: HeaderContext, decode: DecodeText) {
    const { sessionType, service, terminal } = config;
    const types = typesOf(context.groups);
    this.config = config;
    this.services = context.services;
    this.groups = context.services.map(({ group }) => types.get(context.groups[group]!.application)!);
    this.sessionType = sessionType && this.sessionTypeReader(sessionType, decode);
    this.service = service && this.serviceReader(service.field, decode);
    this.terminal = terminal && this.terminalReader(terminal.field, decode);
  }

  /**
   * Read the header of one request.
   * @param payload the request, header first; neither kept nor changed
   * @param caller index of the service that was called
   * @throws HostLinkError HEADER_INVALID: too short, bytes that are not of the kind of their field, or a session type
   *   without LUs; SERVICE_UNKNOWN: the header names a service that there is not
   */
  resolve(payload: Uint8Array, caller: number): HeaderRoute {
    if (payload.length < this.config.length) throw this.tooShort(payload.length);
    const service = this.service === undefined ? caller : this.service.read(payload);
    const terminal = this.terminal === undefined ? '' : this.terminal.read(payload);
    if (this.sessionType === undefined) return { service, group: this.services[service]!.group, terminal };
    const type = this.sessionType.read(payload);
    const group = this.groups[service]!.get(type);
    if (group === undefined) throw this.noSessions(this.sessionType, payload, service, type);
    return { service, group, terminal };
  }

  /** What the host gets of a request: the whole, or what follows the header; a view, not a copy. */
  content(payload: Uint8Array): Uint8Array {
    return this.config.strip ? payload.subarray(this.config.length) : payload;
  }

  private sessionTypeReader(
    { field, map }: NonNullable<HeaderConfig['sessionType']>,
    decode: DecodeText,
  ): FieldReader<string> {
    const types = map === undefined ? undefined : new Map(Object.entries(map));
    const reader: FieldReader<string> = new FieldReader(
      this.config,
      field,
      decode,
      (text) => (types === undefined ? text : types.get(text)),
      (_text, payload) => reader.invalid(payload, `is none of ${[...types!.keys()].join(', ')}`),
    );
    return reader;
  }

  private serviceReader(field: string, decode: DecodeText): FieldReader<number> {
    const byName = new Map(this.services.map(({ name, index }) => [name, index]));
    const header = this.config.name;
    return new FieldReader(
      this.config,
      field,
      decode,
      (text) => byName.get(text),
      (service) => {
        const known = [...byName.keys()];
        const note = `"${service}" is in field ${field} of the header ${header}. Known: ${known.join(', ')}.`;
        return new HostLinkError('SERVICE_UNKNOWN', note, { service, known, header, field, sent: 'no' });
      },
    );
  }

  private terminalReader(field: string, decode: DecodeText): FieldReader<string> {
    const reader: FieldReader<string> = new FieldReader(
      this.config,
      field,
      decode,
      (text) => (TERMINAL.test(text) ? text : undefined),
      (_text, payload) => reader.invalid(payload, 'is not a terminal: up to 16 of A-Z a-z 0-9 . _ -'),
    );
    return reader;
  }

  private tooShort(size: number): HostLinkError {
    const { name: header, length } = this.config;
    const note = `${header} has ${length} bytes, the request ${size}.`;
    return new HostLinkError('HEADER_INVALID', note, { header, length, size, sent: 'no' });
  }

  private noSessions(
    reader: FieldReader<string>,
    payload: Uint8Array,
    service: number,
    sessionType: string,
  ): HostLinkError {
    const known = [...this.groups[service]!.keys()].map((type) => `'${type}'`).join(', ');
    const { name } = this.services[service]!;
    return reader.invalid(payload, `is session type '${sessionType}', and the LUs of service ${name} have ${known}`);
  }
}
