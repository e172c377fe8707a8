import { type BindImage, decodeBind, encodeBind } from './bind.js';
import { RuReader, RuWriter } from './bytes.js';
import { NS, SC } from './masks.js';
import { readLuServices, writeLuServices } from './ru-sc.js';
import type { LuServices } from './ru-sc-types.js';
import { decodeInitSelf, decodeTermSelf, encodeInitSelf, encodeTermSelf, type SelfRu } from './ru-self.js';

export interface NotifyRequest {
  readonly kind: 'NOTIFY';
  /** Control vector 0C; null where it is another one, then `rest` begins with its key. */
  readonly luLu: LuServices | null;
  readonly rest: Uint8Array;
}

export interface NmvtRequest {
  readonly kind: 'NMVT';
  /** Retired bytes 3-4, normally 0. */
  readonly retired: number;
  /** The 4 bits in front of the PRID. */
  readonly pridFlags: number;
  /** Procedure-related identifier, 0..4095. */
  readonly prid: number;
  /** 80 solicited, 60 sequence, 10 SNA address list present. */
  readonly flags: number;
  /** See decodeMajorVectors, unless an address list is in front. */
  readonly vectors: Uint8Array;
}

export interface MaintenanceRequest {
  readonly kind: 'REQMS' | 'RECFMS';
  /** CNM target. */
  readonly target: number;
  readonly pridFlags: number;
  readonly prid: number;
  /** 0..3, the upper two bits of byte 7. */
  readonly flags: number;
  /** 0..63; REQMS has 1..6. */
  readonly type: number;
  readonly rest: Uint8Array;
}

/** SSCP to PLU; on this side of the boundary function it is seen in vectors only. */
export interface CinitRequest {
  readonly kind: 'CINIT';
  readonly format: number;
  readonly control: number;
  readonly pluAddress: number;
  readonly sluAddress: number;
  readonly image: BindImage;
  readonly rest: Uint8Array;
}

/** A network services request whose layout is not taken apart. */
export interface NsOther {
  readonly kind: 'NS';
  readonly name: NsOtherName;
  readonly rest: Uint8Array;
}
export type NsOtherName = Exclude<keyof typeof NS, NsRu0['kind'] | SelfRu['kind']>;
type NsRu0 = NotifyRequest | NmvtRequest | MaintenanceRequest | CinitRequest;

export type NsRu = NsRu0 | SelfRu | NsOther;

const SESSION_KEY_ADDRESSES = 6;

/**
 * Decode the RU of a formatted network services request.
 * @param ru starts with the NS header
 * @throws HostLinkError RU_TRUNCATED, RU_MALFORMED
 * @source SNA Formats GA27-3136, NS requests; sna-wire 2.4 to 2.12
 */
export function decodeNsRequest(name: keyof typeof NS, ru: Uint8Array): NsRu {
  const reader = new RuReader(ru, name, 3);
  switch (name) {
    case 'INIT_SELF':
    case 'INIT_SELF_1':
      return decodeInitSelf(name, reader);
    case 'TERM_SELF':
    case 'TERM_SELF_1':
      return decodeTermSelf(name, reader);
    case 'NOTIFY':
      return { kind: name, luLu: readLuServices(reader), rest: reader.rest() };
    case 'NMVT':
      return decodeNmvt(reader);
    case 'REQMS':
    case 'RECFMS':
      return decodeMaintenance(name, reader);
    case 'CINIT':
      return decodeCinit(reader);
    default:
      return { kind: 'NS', name, rest: reader.rest() };
  }
}

function decodeNmvt(reader: RuReader): NmvtRequest {
  const retired = reader.u16();
  const prid = reader.u16();
  return {
    kind: 'NMVT',
    retired,
    pridFlags: prid >> 12,
    prid: prid & 0xfff,
    flags: reader.u8(),
    vectors: reader.rest(),
  };
}

function decodeMaintenance(kind: 'REQMS' | 'RECFMS', reader: RuReader): MaintenanceRequest {
  const target = reader.u16();
  const prid = reader.u16();
  const byte = reader.u8();
  const head = { target, pridFlags: prid >> 12, prid: prid & 0xfff, flags: byte >> 6, type: byte & 0x3f };
  return { kind, ...head, rest: reader.rest() };
}

function decodeCinit(reader: RuReader): CinitRequest {
  const format = reader.u8();
  const control = reader.u8();
  if (reader.u8() !== SESSION_KEY_ADDRESSES) throw reader.malformed('the session key is not 06', reader.at - 1);
  const pluAddress = reader.u16();
  const sluAddress = reader.u16();
  const image = decodeBind(Uint8Array.of(SC.BIND, ...reader.take(reader.u16())));
  return { kind: 'CINIT', format, control, pluAddress, sluAddress, image, rest: reader.rest() };
}

function nsWriter(name: keyof typeof NS): RuWriter {
  return new RuWriter(name).number('header', NS[name], 3);
}

function bits(writer: RuWriter, field: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw writer.invalid(field, `is ${value}, allowed 0..${max}`);
  return value;
}

function writePrid(writer: RuWriter, ru: { pridFlags: number; prid: number }): void {
  writer.u16('prid', (bits(writer, 'pridFlags', ru.pridFlags, 15) << 12) | bits(writer, 'prid', ru.prid, 0xfff));
}

/** Encode a network services request with its header. @throws HostLinkError RU_INVALID, EBCDIC_UNMAPPABLE */
export function encodeNs(ru: NsRu): Uint8Array {
  const writer = nsWriter(ru.kind === 'NS' ? ru.name : ru.kind);
  switch (ru.kind) {
    case 'INIT_SELF':
    case 'INIT_SELF_1':
      encodeInitSelf(writer, ru);
      break;
    case 'TERM_SELF':
    case 'TERM_SELF_1':
      encodeTermSelf(writer, ru);
      break;
    case 'NOTIFY':
      if (ru.luLu !== null) writeLuServices(writer, ru.luLu);
      break;
    case 'NMVT':
      writer.u16('retired', ru.retired);
      writePrid(writer, ru);
      return writer.u8('flags', ru.flags).raw(ru.vectors).done();
    case 'REQMS':
    case 'RECFMS':
      writer.u16('target', ru.target);
      writePrid(writer, ru);
      writer.u8('type', (bits(writer, 'flags', ru.flags, 3) << 6) | bits(writer, 'type', ru.type, 0x3f));
      break;
    case 'CINIT': {
      const image = encodeBind(ru.image).subarray(1);
      writer.u8('format', ru.format).u8('control', ru.control).u8('key', SESSION_KEY_ADDRESSES);
      writer.u16('pluAddress', ru.pluAddress).u16('sluAddress', ru.sluAddress);
      writer.u16('imageLength', image.length).raw(image);
      break;
    }
    default:
  }
  return writer.raw(ru.rest).done();
}

/** One MS major vector of an NMVT. */
export interface MajorVector {
  readonly key: number;
  readonly subvectors: readonly { readonly key: number; readonly data: Uint8Array }[];
}

/**
 * Take the major vectors of an NMVT apart.
 * @throws HostLinkError RU_TRUNCATED, RU_MALFORMED
 * @source SNA Formats GA27-3136, MS major vectors; sna-wire 2.11
 */
export function decodeMajorVectors(bytes: Uint8Array): MajorVector[] {
  const reader = new RuReader(bytes, 'major vector');
  const vectors: MajorVector[] = [];
  while (reader.left > 0) {
    const start = reader.at;
    const length = reader.u16();
    const key = reader.u16();
    if (length < 4) throw reader.malformed('length below 4', start);
    const inner = new RuReader(reader.take(length - 4), 'subvector');
    const subvectors = [];
    while (inner.left > 0) {
      const subLength = inner.u8();
      if (subLength < 2) throw inner.malformed('length below 2', inner.at - 1);
      subvectors.push({ key: inner.u8(), data: inner.take(subLength - 2) });
    }
    vectors.push({ key, subvectors });
  }
  return vectors;
}

/** Major vectors as the `vectors` of an NMVT. @throws HostLinkError RU_INVALID */
export function encodeMajorVectors(vectors: readonly MajorVector[]): Uint8Array {
  const writer = new RuWriter('major vector');
  for (const { key, subvectors } of vectors) {
    const length = subvectors.reduce((sum, { data }) => sum + 2 + data.length, 4);
    writer.u16('length', length).u16('key', key);
    for (const sub of subvectors)
      writer
        .u8('length', sub.data.length + 2)
        .u8('key', sub.key)
        .raw(sub.data);
  }
  return writer.done();
}
