import { HostLinkError } from '../base/errors.js';
import { PCAPNG } from './pcapng-writer.js';

/** No block of ours is longer: one packet and what is said about it. */
const BLOCK_MAX = 16 * 1024 * 1024;
const BLOCK_MIN = 12;

/** Cuts a pcapng stream of ours at block boundaries, and counts the packets. */
export class BlockCutter {
  private rest: Buffer = Buffer.alloc(0);
  private readonly packetsMax: number;
  /** Packets and bytes handed on so far. */
  packets = 0;
  bytes = 0;

  /** @param packetsMax hand on no more packets than these */
  constructor(packetsMax = Number.POSITIVE_INFINITY) {
    this.packetsMax = packetsMax;
  }

  get isFull(): boolean {
    return this.packets >= this.packetsMax;
  }

  /** Take a chunk of any size; gives the whole blocks that are there now. @throws HostLinkError TRACE_MALFORMED */
  push(chunk: Buffer): Buffer {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (at + 8 <= bytes.length && !this.isFull) {
      const length = bytes.readUInt32LE(at + 4);
      if (length < BLOCK_MIN || length > BLOCK_MAX) throw new HostLinkError('TRACE_MALFORMED', '', { at, length });
      if (at + length > bytes.length) break;
      if (bytes.readUInt32LE(at) === PCAPNG.PACKET) this.packets += 1;
      at += length;
    }
    this.rest = bytes.subarray(at);
    this.bytes += at;
    return bytes.subarray(0, at);
  }
}
