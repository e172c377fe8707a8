import type { PcapngWriter } from './pcapng-writer.js';
import { SEGMENT_MAX, TCP_FLAG, TcpFrames } from './tcp-frames.js';

const SSP_INFO_HEADER = 0x10;
const SSP_CONTROL_HEADER = 0x48;
const SSP_TYPE = 14;
const SSP_CAP_EXCHANGE = 0x20;
const GDS_ID = SSP_CONTROL_HEADER + 2;
const GDS_CAPABILITIES_REQUEST = 0x1520;
const NOTHING = Buffer.alloc(0);

/** Does an SSP message plausibly begin at `from`? @source RFC 1795 3.1 */
function isSspStart(bytes: Buffer, from: number, to: number): boolean {
  if (to - from < SSP_INFO_HEADER) return false;
  const headerLength = bytes[from + 1];
  return (bytes[from]! & 0xf0) === 0x30 && (headerLength === SSP_INFO_HEADER || headerLength === SSP_CONTROL_HEADER);
}

/** Is it the first message of a DLSw connection? @source RFC 1795 7 */
function isCapabilitiesRequest(bytes: Buffer, from: number, to: number): boolean {
  if (to - from < GDS_ID + 2 || bytes[from + 1] !== SSP_CONTROL_HEADER) return false;
  return bytes[from + SSP_TYPE] === SSP_CAP_EXCHANGE && bytes.readUInt16BE(from + GDS_ID) === GDS_CAPABILITIES_REQUEST;
}

/**
 * Writes the DLSw bytes of one link as TCP frames. A recording may begin in the middle of the stream, or lose a piece:
 * a direction is then left out until one of its chunks begins with an SSP message.
 */
export class DlswStream {
  private readonly tcp: TcpFrames;
  private readonly writer: PcapngWriter;
  private readonly interfaceId: number;
  private isOpen = false;
  /** Which directions are in step with the SSP messages: [from the host, to the host]. */
  private readonly inStep: [boolean, boolean] = [false, false];
  /** Packets lost that no frame has told of yet. */
  private lostPackets = 0;
  /** Chunks left out because they do not begin with a message. */
  skipped = 0;

  constructor(writer: PcapngWriter, interfaceId: number, link: number) {
    this.writer = writer;
    this.interfaceId = interfaceId;
    this.tcp = new TcpFrames(link);
  }

  /** One chunk as written to, or read from, the socket. @returns false when it was left out */
  add(wallMs: number, toHost: boolean, bytes: Buffer, from: number, to: number): boolean {
    const mine = toHost ? 1 : 0;
    if (this.inStep[mine] && isCapabilitiesRequest(bytes, from, to)) this.restart();
    if (!this.inStep[mine]) {
      if (!isSspStart(bytes, from, to)) {
        this.skipped += 1;
        return false;
      }
      this.inStep[mine] = true;
    }
    if (!this.isOpen) this.open(wallMs);
    for (let at = from; at < to; at += SEGMENT_MAX) {
      this.frame(wallMs, toHost, TCP_FLAG.PUSH | TCP_FLAG.ACK, bytes, at, Math.min(to, at + SEGMENT_MAX));
    }
    return true;
  }

  /** Packets are missing from here on: what follows is shown as another connection. */
  lost(packets: number): void {
    this.lostPackets += packets;
    this.restart();
  }

  private restart(): void {
    if (this.isOpen) this.tcp.reopen();
    this.isOpen = false;
    this.inStep[0] = false;
    this.inStep[1] = false;
  }

  private open(wallMs: number): void {
    this.isOpen = true;
    this.frame(wallMs, true, TCP_FLAG.SYN, NOTHING, 0, 0);
    this.frame(wallMs, false, TCP_FLAG.SYN | TCP_FLAG.ACK, NOTHING, 0, 0);
    this.frame(wallMs, true, TCP_FLAG.ACK, NOTHING, 0, 0);
  }

  private frame(wallMs: number, toHost: boolean, flags: number, bytes: Buffer, from: number, to: number): void {
    const size = this.tcp.frameSize(flags, to - from);
    const note = { isOutbound: toHost, dropped: this.lostPackets, comment: '' };
    this.lostPackets = 0;
    const at = this.writer.packet(this.interfaceId, wallMs, size, note);
    this.tcp.write(this.writer.out.bytes, at, toHost, flags, bytes, from, to);
  }
}
