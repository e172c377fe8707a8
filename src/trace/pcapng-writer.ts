import { OutBlock } from '../base/out-block.js';

/** Block types and options used here. @source pcapng (IETF opsawg draft), sections 4.1 to 4.3 */
export const PCAPNG = {
  SECTION: 0x0a0d0d0a,
  INTERFACE: 1,
  SIMPLE_PACKET: 3,
  PACKET: 6,
  BYTE_ORDER: 0x1a2b3c4d,
  OPTION_END: 0,
  OPTION_COMMENT: 1,
  SECTION_APPLICATION: 4,
  INTERFACE_NAME: 2,
  INTERFACE_DESCRIPTION: 3,
  INTERFACE_TIME_UNIT: 9,
  PACKET_FLAGS: 2,
  PACKET_DROPPED: 4,
} as const;

/** Link types of the packets we write. */
export const LINK_TYPE = { ETHERNET: 1, TOKEN_RING: 6 } as const;

/** Times are microseconds: ten to the power of minus six. */
const TIME_UNIT_MICROSECONDS = 6;
const INBOUND = 1;
const OUTBOUND = 2;
const PACKET_FIXED = 28;
const FLAGS_OPTION = 8;
const DROPPED_OPTION = 12;
const END_OPTION = 4;
const TRAILER = 4;

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** What is said about a packet beside its bytes. */
export interface PacketNote {
  /** True when it left us. */
  readonly isOutbound: boolean;
  /** Packets lost just before this one. */
  readonly dropped: number;
  /** Shown by Wireshark with the packet; '' for none. */
  readonly comment: string;
}

/** Writes pcapng blocks, little-endian, into `out`; the owner takes them from there. */
export class PcapngWriter {
  readonly out = new OutBlock();
  private interfaces = 0;

  /** The section header; the first block of a file. @param application who wrote the file */
  section(application: string): void {
    const text = Buffer.from(application);
    const at = this.begin(PCAPNG.SECTION, 24 + 4 + padded(text.length) + END_OPTION + TRAILER);
    const bytes = this.out.bytes;
    bytes.writeUInt32LE(PCAPNG.BYTE_ORDER, at + 8);
    bytes.writeUInt16LE(1, at + 12);
    bytes.writeUInt16LE(0, at + 14);
    bytes.fill(0xff, at + 16, at + 24); // length of the section: not known
    this.end(this.option(at + 24, PCAPNG.SECTION_APPLICATION, text));
  }

  /** Describe an interface; packets refer to it by the number returned. */
  interface(linkType: number, name: string, description: string): number {
    const nameText = Buffer.from(name);
    const descriptionText = Buffer.from(description);
    const options = 4 + padded(nameText.length) + 4 + padded(descriptionText.length) + 8 + END_OPTION;
    const at = this.begin(PCAPNG.INTERFACE, 16 + options + TRAILER);
    const bytes = this.out.bytes;
    bytes.writeUInt16LE(linkType, at + 8);
    bytes.writeUInt16LE(0, at + 10);
    bytes.writeUInt32LE(0, at + 12); // no limit on captured bytes
    let next = this.option(at + 16, PCAPNG.INTERFACE_NAME, nameText);
    next = this.option(next, PCAPNG.INTERFACE_DESCRIPTION, descriptionText);
    next = this.option(next, PCAPNG.INTERFACE_TIME_UNIT, Buffer.of(TIME_UNIT_MICROSECONDS));
    this.end(next);
    this.interfaces += 1;
    return this.interfaces - 1;
  }

  /**
   * Begin a packet of `length` bytes; the caller fills `out.bytes` from the offset returned before it writes anything else.
   * @param wallMs milliseconds since 1970, with a fraction
   */
  packet(interfaceId: number, wallMs: number, length: number, note: PacketNote): number {
    const comment = note.comment === '' ? undefined : Buffer.from(note.comment);
    const dropped = note.dropped > 0 ? DROPPED_OPTION : 0;
    const options = FLAGS_OPTION + dropped + (comment ? 4 + padded(comment.length) : 0) + END_OPTION;
    const at = this.begin(PCAPNG.PACKET, PACKET_FIXED + padded(length) + options + TRAILER);
    const bytes = this.out.bytes;
    const micros = Math.round(wallMs * 1000);
    bytes.writeUInt32LE(interfaceId, at + 8);
    bytes.writeUInt32LE(Math.floor(micros / 0x1_0000_0000), at + 12);
    bytes.writeUInt32LE(micros % 0x1_0000_0000, at + 16);
    bytes.writeUInt32LE(length, at + 20);
    bytes.writeUInt32LE(length, at + 24);
    const frameAt = at + PACKET_FIXED;
    bytes.fill(0, frameAt + length, frameAt + padded(length));
    this.packetOptions(frameAt + padded(length), note, comment);
    return frameAt;
  }

  private packetOptions(at: number, note: PacketNote, comment: Buffer | undefined): void {
    const bytes = this.out.bytes;
    bytes.writeUInt16LE(PCAPNG.PACKET_FLAGS, at);
    bytes.writeUInt16LE(4, at + 2);
    bytes.writeUInt32LE(note.isOutbound ? OUTBOUND : INBOUND, at + 4);
    let next = at + FLAGS_OPTION;
    if (note.dropped > 0) {
      bytes.writeUInt16LE(PCAPNG.PACKET_DROPPED, next);
      bytes.writeUInt16LE(8, next + 2);
      bytes.writeUInt32LE(note.dropped, next + 4);
      bytes.writeUInt32LE(0, next + 8);
      next += DROPPED_OPTION;
    }
    if (comment) next = this.option(next, PCAPNG.OPTION_COMMENT, comment);
    this.end(next);
  }

  /** Reserve one block and write its type and length, which stand at both ends. */
  private begin(type: number, length: number): number {
    const at = this.out.reserve(length);
    const bytes = this.out.bytes;
    bytes.writeUInt32LE(type, at);
    bytes.writeUInt32LE(length, at + 4);
    bytes.writeUInt32LE(length, at + length - TRAILER);
    return at;
  }

  private option(at: number, code: number, value: Buffer): number {
    const bytes = this.out.bytes;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt16LE(value.length, at + 2);
    bytes.set(value, at + 4);
    bytes.fill(0, at + 4 + value.length, at + 4 + padded(value.length));
    return at + 4 + padded(value.length);
  }

  private end(at: number): void {
    this.out.bytes.writeUInt32LE(PCAPNG.OPTION_END, at);
  }
}
