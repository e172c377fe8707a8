import { HostLinkError } from '../base/errors.js';
import { CONTROL_HEADER, sspSize } from './ssp.js';

/** Longest message taken unless told otherwise: the largest frame any LAN carries, and a control header. */
export const SSP_MESSAGE_SIZE_MAX = CONTROL_HEADER + 41600;

const HELD_SIZE_MIN = 4096;

/**
 * Splits a TCP stream, however it was cut, into SSP messages. Messages that lie whole in a chunk are handed on where
 * they are; only one that is split over chunks is copied, once.
 */
export class SspFramer {
  private readonly onFrame: (bytes: Buffer, from: number, to: number) => void;
  private readonly messageSizeMax: number;
  /** Start of a message whose rest has not come yet, kept in front of this buffer. */
  private held = Buffer.allocUnsafeSlow(HELD_SIZE_MIN);
  private heldLength = 0;
  private hasEnded = false;

  /**
   * @param onFrame called with each message as `bytes[from, to)`, valid during the call only
   * @param messageSizeMax header and data of one message, bytes
   */
  constructor(onFrame: (bytes: Buffer, from: number, to: number) => void, messageSizeMax = SSP_MESSAGE_SIZE_MAX) {
    this.onFrame = onFrame;
    this.messageSizeMax = messageSizeMax;
  }

  /** Bytes of an unfinished message. */
  get pending(): number {
    return this.heldLength;
  }

  /** Nothing more is handed on, not even the rest of a chunk being split now. */
  end(): void {
    this.hasEnded = true;
  }

  /**
   * Take the next bytes of the stream. The chunk is neither kept nor changed.
   * @throws HostLinkError SSP_MALFORMED, SSP_TOO_LONG: the stream is lost, later chunks are ignored
   */
  push(chunk: Buffer): void {
    if (this.hasEnded) return;
    let at = this.heldLength === 0 ? 0 : this.finishHeld(chunk);
    while (at < chunk.length && !this.hasEnded) {
      const size = this.size(chunk, at, chunk.length - at);
      const end = at + size;
      if (size === 0 || end > chunk.length) {
        this.hold(chunk, at, chunk.length, size);
        return;
      }
      this.onFrame(chunk, at, end);
      at = end;
    }
  }

  /** Complete the held message from the front of `chunk`; gives how many bytes of it that took. */
  private finishHeld(chunk: Buffer): number {
    let at = 0;
    let size = 0;
    // The first four bytes say how long it is, and may themselves come one by one.
    while (size === 0) {
      if (at === chunk.length) return at;
      if (this.heldLength < 4) {
        this.hold(chunk, at, at + 1, 0);
        at += 1;
      }
      size = this.size(this.held, 0, this.heldLength);
    }
    const end = Math.min(chunk.length, at + size - this.heldLength);
    this.hold(chunk, at, end, size);
    if (this.heldLength < size) return end;
    this.heldLength = 0;
    this.onFrame(this.held, 0, size);
    return end;
  }

  private hold(chunk: Buffer, from: number, to: number, size: number): void {
    const needed = Math.max(size, this.heldLength + to - from);
    if (needed > this.held.length) {
      const bigger = Buffer.allocUnsafeSlow(needed);
      this.held.copy(bigger, 0, 0, this.heldLength);
      this.held = bigger;
    }
    chunk.copy(this.held, this.heldLength, from, to);
    this.heldLength += to - from;
  }

  private size(bytes: Buffer, from: number, available: number): number {
    try {
      const size = sspSize(bytes, from, available);
      if (size <= this.messageSizeMax) return size;
      throw new HostLinkError('SSP_TOO_LONG', '', { size, sizeMax: this.messageSizeMax });
    } catch (error) {
      this.hasEnded = true;
      throw error;
    }
  }
}

/**
 * Cut a block of whole SSP messages into single ones, for peers that take one message per read.
 * @returns views into the block
 * @throws HostLinkError SSP_MALFORMED, SSP_TRUNCATED when the block does not end with a whole message
 */
export function splitSsp(block: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < block.length; ) {
    const size = sspSize(block, at, block.length - at);
    if (size === 0 || at + size > block.length) throw new HostLinkError('SSP_TRUNCATED', '', { at, size });
    messages.push(block.subarray(at, at + size));
    at += size;
  }
  return messages;
}
