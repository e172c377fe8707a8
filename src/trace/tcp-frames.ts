/**
 * The DLSw byte stream of a link as Ethernet frames of one TCP connection, made up so that Wireshark and tshark put the
 * SSP messages together again, across frames:
 *   our side   02:48:01:LL:LL:00, 10.1.X.Y, port 49152 and up
 *   host side  02:48:02:LL:LL:00, 10.2.X.Y, port 2065
 * where LL:LL is the number of the link from 0, and X.Y the same from 1 (10.1.0.1 is the first link).
 * The stream begins with the three frames of a TCP opening; a new DLSw connection takes the next port of ours. A link
 * with two TCP connections (RFC 1795) is shown as one with both directions.
 * @source RFC 791, RFC 793, RFC 1071 (checksum), RFC 1795 7 (a DLSw connection begins with CAP_EXCHANGE)
 */
export const DLSW_PORT = 2065;

/** Ethernet 14, IPv4 20, TCP 20. */
export const TCP_HEADER = 54;
/** Opening frames carry the window-scale option besides. */
export const TCP_OPENING = 58;
/**
 * Most bytes of the stream in one frame: the IPv4 packet must stay below 65,536, and Wireshark counts every SSP message in
 * it as a layer, of which newer versions take some 500.
 */
export const SEGMENT_MAX = 8192;

const FIRST_PORT = 49_152;
const FIRST_SEQUENCE = 1;
const WINDOW = 65_535;
const WINDOW_SCALE = 7;
const TCP_PROTOCOL = 6;
const IP_AT = 14;
const TCP_AT = 34;
export const TCP_FLAG = { SYN: 0x02, PUSH: 0x08, ACK: 0x10 } as const;

/** One made-up TCP connection: writes frames with the right sequence numbers. */
export class TcpFrames {
  private readonly link: number;
  private port = FIRST_PORT;
  private identification = 0;
  /** Next sequence number: [from the host, to the host]. */
  private readonly next: [number, number] = [FIRST_SEQUENCE, FIRST_SEQUENCE];

  /** @param link number of the link, 0..65535 */
  constructor(link: number) {
    this.link = link;
  }

  /** A new connection: the next port of ours, sequence numbers from the start. */
  reopen(): void {
    this.port = this.port === 65_535 ? FIRST_PORT : this.port + 1;
    this.next[0] = FIRST_SEQUENCE;
    this.next[1] = FIRST_SEQUENCE;
  }

  /** Bytes the frame needs: the header and its `length` stream bytes. */
  frameSize(flags: number, length: number): number {
    return (flags & TCP_FLAG.SYN ? TCP_OPENING : TCP_HEADER) + length;
  }

  /** Write one frame at `at`; its stream bytes `source[from, to)` are copied, and counted. */
  write(out: Buffer, at: number, toHost: boolean, flags: number, source: Buffer, from: number, to: number): void {
    const size = this.frameSize(flags, to - from);
    writeEthernet(out, at, toHost, this.link);
    this.writeIp(out, at + IP_AT, toHost, size - IP_AT);
    this.writeTcp(out, at + TCP_AT, toHost, flags);
    source.copy(out, at + size - (to - from), from, to);
    const mine = toHost ? 1 : 0;
    this.next[mine] = (this.next[mine] + (to - from) + (flags & TCP_FLAG.SYN ? 1 : 0)) >>> 0;
    const pseudo = sum(out, at + IP_AT + 12, at + IP_AT + 20, TCP_PROTOCOL + size - TCP_AT);
    out.writeUInt16BE(finish(sum(out, at + TCP_AT, at + size, pseudo)), at + TCP_AT + 16);
  }

  private writeIp(out: Buffer, at: number, toHost: boolean, length: number): void {
    this.identification = (this.identification + 1) & 0xffff;
    out.writeUInt16BE(0x4500, at);
    out.writeUInt16BE(length, at + 2);
    out.writeUInt16BE(this.identification, at + 4);
    out.writeUInt16BE(0x4000, at + 6); // do not fragment
    out[at + 8] = 64;
    out[at + 9] = TCP_PROTOCOL;
    out.writeUInt16BE(0, at + 10);
    writeAddress(out, at + 12, !toHost, this.link);
    writeAddress(out, at + 16, toHost, this.link);
    out.writeUInt16BE(finish(sum(out, at, at + 20, 0)), at + 10);
  }

  private writeTcp(out: Buffer, at: number, toHost: boolean, flags: number): void {
    const isOpening = (flags & TCP_FLAG.SYN) !== 0;
    out.writeUInt16BE(toHost ? this.port : DLSW_PORT, at);
    out.writeUInt16BE(toHost ? DLSW_PORT : this.port, at + 2);
    out.writeUInt32BE(this.next[toHost ? 1 : 0], at + 4);
    out.writeUInt32BE(flags & TCP_FLAG.ACK ? this.next[toHost ? 0 : 1] : 0, at + 8);
    out[at + 12] = isOpening ? 0x60 : 0x50;
    out[at + 13] = flags;
    out.writeUInt16BE(WINDOW, at + 14);
    out.writeUInt32BE(0, at + 16);
    if (isOpening) out.writeUInt32BE(0x03030000 | (WINDOW_SCALE << 8) | 1, at + 20);
  }
}

function writeEthernet(out: Buffer, at: number, toHost: boolean, link: number): void {
  writeMac(out, at, toHost, link);
  writeMac(out, at + 6, !toHost, link);
  out.writeUInt16BE(0x0800, at + 12);
}

function writeMac(out: Buffer, at: number, isHost: boolean, link: number): void {
  out[at] = 0x02;
  out[at + 1] = 0x48;
  out[at + 2] = isHost ? 2 : 1;
  out.writeUInt16BE(link & 0xffff, at + 3);
  out[at + 5] = 0;
}

function writeAddress(out: Buffer, at: number, isHost: boolean, link: number): void {
  out[at] = 10;
  out[at + 1] = isHost ? 2 : 1;
  out.writeUInt16BE((link + 1) & 0xffff, at + 2);
}

/** Ones' complement sum of 16-bit words, carries not yet folded; an odd last byte counts as the high one. */
function sum(bytes: Buffer, from: number, to: number, start: number): number {
  let total = start;
  let at = from;
  for (; at + 1 < to; at += 2) total += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < to) total += bytes[at]! << 8;
  return total;
}

function finish(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}
