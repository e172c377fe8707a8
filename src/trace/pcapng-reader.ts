import { HostLinkError } from '../base/errors.js';
import { LINK_TYPE, PCAPNG } from './pcapng-writer.js';

/** One packet of a pcapng file; `bytes` is a view on the file. */
export interface ReadPacket {
  /** Milliseconds since 1970, with a fraction. */
  readonly wallMs: number;
  readonly interfaceId: number;
  readonly linkType: number;
  readonly interfaceName: string;
  readonly bytes: Buffer;
  /** in or out as the file says; undefined when it does not. */
  readonly isOutbound: boolean | undefined;
  readonly dropped: number;
  readonly comment: string;
}

interface Interface {
  readonly linkType: number;
  readonly name: string;
  readonly unitsPerMs: number;
}

/** Reads numbers in the byte order of the section. */
interface Order {
  u16(bytes: Buffer, at: number): number;
  u32(bytes: Buffer, at: number): number;
}

const LITTLE: Order = { u16: (bytes, at) => bytes.readUInt16LE(at), u32: (bytes, at) => bytes.readUInt32LE(at) };
const BIG: Order = { u16: (bytes, at) => bytes.readUInt16BE(at), u32: (bytes, at) => bytes.readUInt32BE(at) };

function malformed(at: number, note: string): HostLinkError {
  return new HostLinkError('TRACE_MALFORMED', note, { at });
}

/** Does the file begin as pcapng does? */
export function isPcapng(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x0a && bytes[1] === 0x0d && bytes[2] === 0x0d && bytes[3] === 0x0a;
}

/**
 * All packets of a pcapng file, in order; blocks of kinds that hold no packet are passed over.
 * @param file the whole file; the packets are views on it
 * @throws HostLinkError TRACE_MALFORMED with the offset in details.at
 * @source pcapng (IETF opsawg draft), sections 3 and 4
 */
export function* readPcapng(file: Buffer): Generator<ReadPacket> {
  if (!isPcapng(file)) throw malformed(0, 'It does not begin as a pcapng file.');
  let order = LITTLE;
  let interfaces: Interface[] = [];
  for (let at = 0; at < file.length; ) {
    if (at + 12 > file.length) throw malformed(at, 'It ends inside a block.');
    const isSection = file.readUInt32LE(at) === PCAPNG.SECTION;
    if (isSection) {
      order = sectionOrder(file, at);
      interfaces = [];
    }
    const length = order.u32(file, at + 4);
    if (length < 12 || length % 4 !== 0 || at + length > file.length)
      throw malformed(at, 'A block has a wrong length.');
    const body = file.subarray(at + 8, at + length - 4);
    const type = order.u32(file, at);
    if (type === PCAPNG.INTERFACE) interfaces.push(readInterface(body, order, at));
    else if (type === PCAPNG.PACKET) yield readPacket(body, order, interfaces, at);
    at += length;
  }
}

function sectionOrder(file: Buffer, at: number): Order {
  if (file.readUInt32LE(at + 8) === PCAPNG.BYTE_ORDER) return LITTLE;
  if (file.readUInt32BE(at + 8) === PCAPNG.BYTE_ORDER) return BIG;
  throw malformed(at, 'The section names no byte order.');
}

function readInterface(body: Buffer, order: Order, at: number): Interface {
  if (body.length < 8) throw malformed(at, 'An interface block is too short.');
  const options = readOptions(body.subarray(8), order, at);
  const unit = options.get(PCAPNG.INTERFACE_TIME_UNIT)?.[0] ?? 6;
  const unitsPerSecond = unit & 0x80 ? 2 ** (unit & 0x7f) : 10 ** unit;
  return {
    linkType: order.u16(body, 0),
    name: options.get(PCAPNG.INTERFACE_NAME)?.toString() ?? '',
    unitsPerMs: unitsPerSecond / 1000,
  };
}

function readPacket(body: Buffer, order: Order, interfaces: readonly Interface[], at: number): ReadPacket {
  if (body.length < 20) throw malformed(at, 'A packet block is too short.');
  const interfaceId = order.u32(body, 0);
  const source = interfaces[interfaceId];
  if (source === undefined) throw malformed(at, `A packet names interface ${interfaceId}, which is not described.`);
  const length = order.u32(body, 12);
  const end = 20 + length;
  if (end > body.length) throw malformed(at, 'A packet is longer than its block.');
  const options = readOptions(body.subarray(Math.min(body.length, (end + 3) & ~3)), order, at);
  const flags = options.get(PCAPNG.PACKET_FLAGS);
  const direction = flags !== undefined && flags.length === 4 ? order.u32(flags, 0) & 3 : 0;
  const dropped = options.get(PCAPNG.PACKET_DROPPED);
  return {
    wallMs: (order.u32(body, 4) * 0x1_0000_0000 + order.u32(body, 8)) / source.unitsPerMs,
    interfaceId,
    linkType: source.linkType,
    interfaceName: source.name,
    bytes: body.subarray(20, end),
    isOutbound: direction === 0 ? undefined : direction === 2,
    dropped: dropped !== undefined && dropped.length === 8 ? order.u32(dropped, order === LITTLE ? 0 : 4) : 0,
    comment: options.get(PCAPNG.OPTION_COMMENT)?.toString() ?? '',
  };
}

function readOptions(bytes: Buffer, order: Order, blockAt: number): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const code = order.u16(bytes, at);
    if (code === PCAPNG.OPTION_END) break;
    const length = order.u16(bytes, at + 2);
    if (at + 4 + length > bytes.length) throw malformed(blockAt, 'An option is longer than its block.');
    if (!options.has(code)) options.set(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + ((length + 3) & ~3);
  }
  return options;
}

/** In words, for messages. */
export function linkTypeName(linkType: number): string {
  if (linkType === LINK_TYPE.TOKEN_RING) return 'Token Ring';
  return linkType === LINK_TYPE.ETHERNET ? 'Ethernet' : `link type ${linkType}`;
}
