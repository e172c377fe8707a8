import { decodeBind, encodeBind } from './bind.js';
import { RuReader, RuWriter } from './bytes.js';
import { decodeEbcdic, encodeEbcdic } from './ebcdic.js';
import { SC } from './masks.js';
import type {
  ActluResponse,
  BindRequest,
  BindResponse,
  LuServices,
  ScRu,
  SscpLuCapabilities,
  Stsn,
} from './ru-sc-types.js';

/** UNBIND types. @source z/OS Communications Server SNA programming; sna-wire 2.9 */
const UNBIND_TYPES: Readonly<Record<number, string>> = {
  1: 'NORMAL',
  2: 'BIND_FORTHCOMING',
  3: 'TALK_FOR_RETRY',
  4: 'SYNC_POINT_RESYNC',
  5: 'SESSION_LIMIT',
  6: 'INVALID_SESSION_PARAMETERS',
  7: 'VIRTUAL_ROUTE_INOPERATIVE',
  8: 'ROUTE_EXTENSION_INOPERATIVE',
  9: 'HIERARCHICAL_RESET',
  10: 'VIRTUAL_ROUTE_DEACTIVATED',
  11: 'VIRTUAL_ROUTE_DEACTIVATED_FORCED',
  12: 'LU_FAILURE',
  14: 'BRACKET_OR_BIND_RACE',
  15: 'CLEANUP',
  17: 'GATEWAY_TAKEDOWN',
  254: 'SESSION_FAILURE',
};
const UNBIND_WITH_SENSE = 0xfe;

/** Name of an UNBIND type; one that is not known, or is missing, counts as a normal end. */
export function unbindTypeName(type: number | null): string {
  return UNBIND_TYPES[type ?? 1] ?? `NORMAL_${(type ?? 1).toString(16).toUpperCase().padStart(2, '0')}`;
}

const CV_SSCP_LU = 0x00;
const CV_SSCP_LU_SIZE = 5;
const CV_LU_LU = 0x0c;
const CV_LU_LU_SHORT = 6;
const CV_LU_LU_LONG = 14;

/** Read control vector 0C; null (nothing read) where the next bytes are not one of its two forms. */
export function readLuServices(reader: RuReader): LuServices | null {
  const { bytes, at } = reader;
  const length = bytes[at + 1] ?? 0;
  if (bytes[at] !== CV_LU_LU || (length !== CV_LU_LU_SHORT && length !== CV_LU_LU_LONG)) return null;
  if (reader.left < 2 + length) return null;
  reader.take(2);
  return {
    capability: reader.u8(),
    sessionLimit: reader.u16(),
    sessionCount: reader.u16(),
    flags: reader.u8(),
    name: length === CV_LU_LU_LONG ? decodeEbcdic(reader.take(8), '037') : null,
  };
}

/** Write control vector 0C with its key and length. @throws HostLinkError RU_INVALID, EBCDIC_UNMAPPABLE */
export function writeLuServices(writer: RuWriter, luLu: LuServices): void {
  writer.u8('key', CV_LU_LU).u8('length', luLu.name === null ? CV_LU_LU_SHORT : CV_LU_LU_LONG);
  writer.u8('capability', luLu.capability).u16('sessionLimit', luLu.sessionLimit);
  writer.u16('sessionCount', luLu.sessionCount).u8('flags', luLu.flags);
  if (luLu.name !== null) writer.fixed('name', encodeEbcdic(luLu.name.padEnd(8), '037'), 8);
}

function readSscpLu(reader: RuReader): SscpLuCapabilities | null {
  if (reader.left < CV_SSCP_LU_SIZE || reader.bytes[reader.at] !== CV_SSCP_LU) return null;
  reader.take(1);
  return { ruSizeCode: reader.u8(), capabilities: reader.u16(), reserved: reader.u8() };
}

function high(byte: number | null): number | null {
  return byte === null ? null : byte >> 4;
}

function low(byte: number | null): number | null {
  return byte === null ? null : byte & 0x0f;
}

/** Decode a session control request. @param ru 1 byte or more @throws HostLinkError RU_TRUNCATED, RU_MALFORMED */
export function decodeScRequest(name: keyof typeof SC, ru: Uint8Array): ScRu {
  const reader = new RuReader(ru, name, 1);
  const u8 = () => reader.u8();
  switch (name) {
    case 'ACTPU': {
      const form = reader.optional(u8);
      const profiles = reader.optional(u8);
      const sscpId = reader.left < 6 ? null : reader.take(6);
      const head = { format: high(form), activation: low(form), fmProfile: high(profiles), tsProfile: low(profiles) };
      return { kind: name, ...head, sscpId, rest: reader.rest() };
    }
    case 'DACTPU':
    case 'DACTLU':
      return { kind: name, type: reader.optional(u8), cause: reader.optional(u8), rest: reader.rest() };
    case 'ACTLU': {
      const type = reader.optional(u8);
      const profiles = reader.optional(u8);
      return { kind: name, type, fmProfile: high(profiles), tsProfile: low(profiles), rest: reader.rest() };
    }
    case 'BIND':
      return { kind: name, image: decodeBind(ru) };
    case 'UNBIND': {
      const type = reader.optional(u8);
      const hasSense = type === UNBIND_WITH_SENSE && reader.left >= 4;
      return { kind: name, type, senseData: hasSense ? reader.u32() : null, rest: reader.rest() };
    }
    case 'STSN':
      return decodeStsn('STSN', reader);
    default:
      return { kind: name, rest: reader.rest() };
  }
}

function decodeStsn(kind: Stsn['kind'], reader: RuReader): Stsn {
  return { kind, action: reader.u8(), sluNumber: reader.u16(), pluNumber: reader.u16(), rest: reader.rest() };
}

/** Decode a positive response that has a layout of its own; undefined for all others. */
export function decodeScResponse(name: keyof typeof SC, ru: Uint8Array): ScRu | undefined {
  const reader = new RuReader(ru, `+RSP(${name})`, 1);
  const u8 = () => reader.u8();
  if (name === 'ACTPU') {
    const form = reader.optional(u8);
    const contentsId = reader.left < 8 ? null : reader.take(8);
    return { kind: 'ACTPU_RSP', format: high(form), activation: low(form), contentsId, rest: reader.rest() };
  }
  if (name === 'ACTLU') {
    const activation = reader.optional(u8);
    const profiles = reader.optional(u8);
    const head = { activation, fmProfile: high(profiles), tsProfile: low(profiles) };
    const sscpLu = readSscpLu(reader);
    return { kind: 'ACTLU_RSP', ...head, sscpLu, luLu: readLuServices(reader), rest: reader.rest() };
  }
  if (ru.length === 1) return undefined;
  if (name === 'BIND') return { kind: 'BIND_RSP', image: decodeBind(ru) };
  if (name === 'STSN') return decodeStsn('STSN_RSP', reader);
  return undefined;
}

/** Two nibbles in one byte that may be left out, together. */
function nibbles(writer: RuWriter, field: string, first: number | null, second: number | null): void {
  writer.optional(field, first, (value) => {
    if (value < 0 || value > 15 || second === null || second < 0 || second > 15) {
      throw writer.invalid(field, 'is out of range 0..15');
    }
    writer.u8(field, (value << 4) | second);
  });
}

function encodeBody(writer: RuWriter, ru: Exclude<ScRu, BindRequest | BindResponse>): void {
  switch (ru.kind) {
    case 'ACTPU':
      nibbles(writer, 'activation', ru.format, ru.activation);
      nibbles(writer, 'profiles', ru.fmProfile, ru.tsProfile);
      writer.optional('sscpId', ru.sscpId, (id) => writer.fixed('sscpId', id, 6));
      break;
    case 'ACTPU_RSP':
      nibbles(writer, 'activation', ru.format, ru.activation);
      writer.optional('contentsId', ru.contentsId, (id) => writer.fixed('contentsId', id, 8));
      break;
    case 'DACTPU':
    case 'DACTLU':
      writer.optional('type', ru.type, (type) => writer.u8('type', type));
      writer.optional('cause', ru.cause, (cause) => writer.u8('cause', cause));
      break;
    case 'ACTLU':
      writer.optional('type', ru.type, (type) => writer.u8('type', type));
      nibbles(writer, 'profiles', ru.fmProfile, ru.tsProfile);
      break;
    case 'ACTLU_RSP':
      writer.optional('activation', ru.activation, (activation) => writer.u8('activation', activation));
      nibbles(writer, 'profiles', ru.fmProfile, ru.tsProfile);
      encodeActluVectors(writer, ru);
      break;
    case 'UNBIND':
      writer.optional('type', ru.type, (type) => writer.u8('type', type));
      if (ru.senseData !== null) writer.number('senseData', ru.senseData, 4);
      break;
    case 'STSN':
    case 'STSN_RSP':
      writer.u8('action', ru.action).u16('sluNumber', ru.sluNumber).u16('pluNumber', ru.pluNumber);
      break;
    default:
  }
}

function encodeActluVectors(writer: RuWriter, ru: ActluResponse): void {
  const { sscpLu, luLu } = ru;
  if (sscpLu !== null) {
    writer.u8('key', CV_SSCP_LU).u8('ruSizeCode', sscpLu.ruSizeCode);
    writer.u16('capabilities', sscpLu.capabilities).u8('reserved', sscpLu.reserved);
  }
  if (luLu !== null) writeLuServices(writer, luLu);
}

const RESPONSE_OF = { ACTPU_RSP: 'ACTPU', ACTLU_RSP: 'ACTLU', STSN_RSP: 'STSN' } as const;

/** Encode a session control RU with its request code. @throws HostLinkError RU_INVALID, EBCDIC_UNMAPPABLE */
export function encodeSc(ru: ScRu): Uint8Array {
  if (ru.kind === 'BIND' || ru.kind === 'BIND_RSP') return encodeBind(ru.image);
  const writer = new RuWriter(ru.kind);
  const isResponse = ru.kind === 'ACTPU_RSP' || ru.kind === 'ACTLU_RSP' || ru.kind === 'STSN_RSP';
  writer.u8('code', isResponse ? SC[RESPONSE_OF[ru.kind]] : SC[ru.kind]);
  encodeBody(writer, ru);
  return writer.raw(ru.rest).done();
}
