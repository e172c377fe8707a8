import { toHostLinkError } from '../base/errors.js';
import { RuReader, RuWriter } from './bytes.js';
import { type DfcName, dfcName, type NsName, nsHeaderOf, type ScName, scName } from './codes.js';
import { decodeFmHeaders, encodeFmh, type FmHeader } from './fmh.js';
import { DFC, NS, SC } from './masks.js';
import type { Rh, RuCategory } from './rh.js';
import { type DfcRu, decodeDfcRequest, encodeDfc } from './ru-dfc.js';
import { decodeNsRequest, encodeNs, type NsRu } from './ru-ns.js';
import { decodeScRequest, decodeScResponse, encodeSc } from './ru-sc.js';
import type { ScRu } from './ru-sc-types.js';

/** Name of a request that has a code. 'NONE': user data have none. */
export type RequestName = ScName | DfcName | NsName | 'NONE';

/** User data, or text for the SSCP; also an RU within a chain. */
export interface DataRu {
  readonly kind: 'DATA';
  readonly data: Uint8Array;
}

/** User data that begin with FM headers. */
export interface FmhRu {
  readonly kind: 'FMH';
  readonly headers: readonly FmHeader[];
  readonly data: Uint8Array;
}

/** A request that a node on the way replaced by sense data (SDI in a request): to be answered with that sense. */
export interface ExceptionRequest {
  readonly kind: 'EXR';
  /** 32 bits. */
  readonly senseData: number;
  /** What is left of the request. */
  readonly rest: Uint8Array;
}

/** A positive response without a layout of its own. */
export interface PositiveResponse {
  readonly kind: 'RSP';
  readonly of: RequestName;
  /** What follows the request code; normally nothing. */
  readonly rest: Uint8Array;
}

/** A negative response. */
export interface SenseResponse {
  readonly kind: 'SENSE';
  /** 32 bits, see describeSense. */
  readonly senseData: number;
  /** The request as far as `echo` tells. */
  readonly of: RequestName;
  /** What is repeated of the request: its code or header, for user data normally nothing. */
  readonly echo: Uint8Array;
}

/** Isolated pacing response: no RU. */
export interface IsolatedPacing {
  readonly kind: 'IPR';
}

/** Isolated pacing message of adaptive pacing. */
export interface PacingMessage {
  readonly kind: 'IPM';
  /** 0 solicited, 1 unsolicited, 2 reset acknowledgement. */
  readonly type: number;
  /** The residual window indicator. */
  readonly rwi: boolean;
  readonly reserved: number;
  readonly window: number;
  readonly rest: Uint8Array;
}

/** A request code, or a formatted request, that is not known: to be answered with sense 1003. */
export interface UnknownRu {
  readonly kind: 'UNKNOWN';
  readonly category: RuCategory;
  readonly data: Uint8Array;
}

export type Ru =
  | ScRu
  | DfcRu
  | NsRu
  | DataRu
  | FmhRu
  | ExceptionRequest
  | PositiveResponse
  | SenseResponse
  | IsolatedPacing
  | PacingMessage
  | UnknownRu;

/** Which session the RU came on: FI means an NS header on the one, an FM header on the other. ANY: see the bytes. */
export type SessionKind = 'SSCP' | 'LU' | 'ANY';

/**
 * Decode the RU of a whole or first segment.
 * @param rh the RH in front of it
 * @param ru may be empty; byte fields of the result are views of it
 * @throws HostLinkError RU_TRUNCATED, RU_MALFORMED
 * @source SNA Formats GA27-3136, Request/Response Units
 */
export function decodeRu(rh: Rh, ru: Uint8Array, session: SessionKind = 'ANY'): Ru {
  if (rh.rri) return decodeResponse(rh, ru);
  if (rh.sdi) {
    const reader = new RuReader(ru, 'exception request');
    return { kind: 'EXR', senseData: reader.u32(), rest: reader.rest() };
  }
  switch (rh.ruCategory) {
    case 'SC': {
      const name = scName(codeOf(ru));
      return name === undefined ? { kind: 'UNKNOWN', category: 'SC', data: ru } : decodeScRequest(name, ru);
    }
    case 'DFC': {
      const name = dfcName(codeOf(ru));
      return name === undefined ? { kind: 'UNKNOWN', category: 'DFC', data: ru } : decodeDfcRequest(name, ru);
    }
    case 'FMD':
      return decodeFmd(rh, ru, session);
    default:
      return { kind: 'UNKNOWN', category: rh.ruCategory, data: ru };
  }
}

function codeOf(ru: Uint8Array): number {
  return new RuReader(ru, 'request').u8();
}

function decodeFmd(rh: Rh, ru: Uint8Array, session: SessionKind): Ru {
  if (!rh.fi || !rh.bci) return { kind: 'DATA', data: ru };
  const name = session === 'LU' ? undefined : nsHeaderOf(ru);
  if (name !== undefined) return decodeNsRequest(name, ru);
  if (session === 'LU') return { kind: 'FMH', ...decodeFmHeaders(ru) };
  const unknown: UnknownRu = { kind: 'UNKNOWN', category: 'FMD', data: ru };
  if (session === 'SSCP') return unknown;
  try {
    return { kind: 'FMH', ...decodeFmHeaders(ru) };
  } catch (error) {
    // The bytes were only a guess, so that they are no FM header is no error. Anything else is our own mistake.
    if (toHostLinkError(error).code === 'INTERNAL') throw error;
    return unknown;
  }
}

function requestName(category: RuCategory, bytes: Uint8Array): RequestName | undefined {
  if (bytes.length === 0) return 'NONE';
  if (category === 'SC') return scName(bytes[0]!);
  if (category === 'DFC') return dfcName(bytes[0]!);
  return category === 'FMD' ? (nsHeaderOf(bytes) ?? 'NONE') : undefined;
}

function decodeResponse(rh: Rh, ru: Uint8Array): Ru {
  if (rh.sdi) {
    const reader = new RuReader(ru, 'negative response');
    const senseData = reader.u32();
    const echo = reader.rest();
    return { kind: 'SENSE', senseData, of: requestName(rh.ruCategory, echo) ?? 'NONE', echo };
  }
  if (rh.rti) throw new RuReader(ru, 'negative response').malformed('no sense data', 0);
  if (rh.ruCategory === 'FMD' && rh.pi && !rh.dr1 && !rh.dr2) return decodePacing(ru);
  const of = requestName(rh.ruCategory, ru);
  if (of === undefined) return { kind: 'UNKNOWN', category: rh.ruCategory, data: ru };
  if (rh.ruCategory === 'SC' && of !== 'NONE') {
    const own = decodeScResponse(of as ScName, ru);
    if (own !== undefined) return own;
  }
  return { kind: 'RSP', of, rest: ru.subarray(codeBytes(of).length) };
}

function decodePacing(ru: Uint8Array): IsolatedPacing | PacingMessage {
  if (ru.length === 0) return { kind: 'IPR' };
  const reader = new RuReader(ru, 'IPM');
  const byte = reader.u8();
  const head = { type: byte >> 6, rwi: (byte & 0x20) !== 0, reserved: byte & 0x1f };
  return { kind: 'IPM', ...head, window: reader.u16(), rest: reader.rest() };
}

const CODES: Readonly<Record<string, number>> = { ...SC, ...DFC };
const HEADERS: Readonly<Record<string, number>> = NS;

/** The bytes that a response repeats of a request: its code, its NS header, or nothing. */
export function codeBytes(name: RequestName): Uint8Array {
  const header = HEADERS[name];
  if (header !== undefined) return Uint8Array.of(header >> 16, (header >> 8) & 0xff, header & 0xff);
  const code = CODES[name];
  return code === undefined ? new Uint8Array(0) : Uint8Array.of(code);
}

/**
 * Encode an RU, the reverse of `decodeRu`.
 * @returns fresh bytes
 * @throws HostLinkError RU_INVALID, EBCDIC_UNMAPPABLE
 * @source SNA Formats GA27-3136, Request/Response Units
 */
export function encodeRu(ru: Ru): Uint8Array {
  switch (ru.kind) {
    case 'DATA':
    case 'UNKNOWN':
      return ru.data.slice();
    case 'FMH':
      return concat(...ru.headers.map(encodeFmh), ru.data);
    case 'EXR':
      return new RuWriter(ru.kind).number('senseData', ru.senseData, 4).raw(ru.rest).done();
    case 'RSP':
      return concat(codeBytes(ru.of), ru.rest);
    case 'SENSE':
      return new RuWriter(ru.kind).number('senseData', ru.senseData, 4).raw(ru.echo).done();
    case 'IPR':
      return new Uint8Array(0);
    case 'IPM':
      return encodePacing(ru);
    default:
      return encodeCoded(ru);
  }
}

function encodePacing(ru: PacingMessage): Uint8Array {
  const writer = new RuWriter(ru.kind);
  if (ru.type < 0 || ru.type > 3 || ru.reserved < 0 || ru.reserved > 31)
    throw writer.invalid('type', 'is out of range');
  writer.u8('type', (ru.type << 6) | (ru.rwi ? 0x20 : 0) | ru.reserved).u16('window', ru.window);
  return writer.raw(ru.rest).done();
}

function isDfc(ru: ScRu | DfcRu | NsRu): ru is DfcRu {
  return Object.hasOwn(DFC, ru.kind);
}

function isNs(ru: ScRu | NsRu): ru is NsRu {
  return ru.kind === 'NS' || Object.hasOwn(NS, ru.kind);
}

function encodeCoded(ru: ScRu | DfcRu | NsRu): Uint8Array {
  if (isDfc(ru)) return encodeDfc(ru);
  return isNs(ru) ? encodeNs(ru) : encodeSc(ru);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
