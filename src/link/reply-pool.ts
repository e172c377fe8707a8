import { copyBytes } from '../base/copy-bytes.js';

/** Size of a fresh buffer; it grows by doubling. */
const REPLY_SIZE_MIN = 16_384;
/** What is kept for the next replies: so many buffers, and so many bytes in all. */
const SPARES_MAX = 64;
const SPARE_BYTES_MAX = 4 * 1_048_576;

/** A reply that comes in several RUs, put together in place. */
export class Reply {
  bytes: Buffer = Buffer.allocUnsafeSlow(REPLY_SIZE_MIN);
  length = 0;

  /** Copy `bytes[from, to)` to its end. */
  append(bytes: Uint8Array, from: number, to: number): void {
    const end = this.length + to - from;
    if (end > this.bytes.length) {
      const bigger = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.bytes.length));
      bigger.set(this.bytes.subarray(0, this.length));
      this.bytes = bigger;
    }
    copyBytes(bytes, from, to, this.bytes, this.length);
    this.length = end;
  }
}

/**
 * Where the sessions of a link get what they put long replies together in. Buffers are used again: fresh ones for every RU
 * cost more, in garbage collection, than all the copying.
 */
export class ReplyPool {
  private readonly spares: Reply[] = [];
  private spareBytes = 0;

  /** An empty one; give it back when the reply has gone on. */
  take(): Reply {
    const reply = this.spares.pop();
    if (reply === undefined) return new Reply();
    this.spareBytes -= reply.bytes.length;
    reply.length = 0;
    return reply;
  }

  give(reply: Reply): void {
    const { length } = reply.bytes;
    if (this.spares.length >= SPARES_MAX || this.spareBytes + length > SPARE_BYTES_MAX) return;
    this.spareBytes += length;
    this.spares.push(reply);
  }
}
