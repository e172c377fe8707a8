import { copyBytes } from '../base/copy-bytes.js';

/** Size of a fresh buffer of its own; it grows by doubling. */
const OWN_SIZE_MIN = 16_384;
const NO_BYTES = Buffer.alloc(0);

/** The block at whose end an answer is put together. */
export interface AnswerHome {
  /** Make its buffer at least `size` bytes long, and tell the answer where it lies now. */
  extend(size: number): void;
}

/**
 * An answer whose bytes come in parts: several RUs, or the segments of one. The only one of its link is put together at the
 * end of the block that it will be posted in; as soon as something else is to be posted it moves to a buffer of its own.
 */
export class OpenAnswer {
  /** The answer so far is `bytes[from, from + length)`. Both may change with everything that is written. */
  bytes: Buffer = NO_BYTES;
  from = 0;
  length = 0;
  /** Bytes behind it of a RU that is not whole yet: nobody has looked at them. */
  ahead = 0;
  private home: AnswerHome | undefined;
  /** Kept for the next time that it needs one. */
  private own: Buffer = NO_BYTES;

  /** Bytes of the buffer that it keeps while it is not in use. */
  get ownSize(): number {
    return this.own.length;
  }

  /** Begin afresh: at the end of a block, or in a buffer of its own. */
  begin(home: AnswerHome | undefined, bytes: Buffer, from: number): void {
    this.home = home;
    this.bytes = home === undefined ? this.own : bytes;
    this.from = home === undefined ? 0 : from;
    this.length = 0;
    this.ahead = 0;
  }

  /** For its home: it lies there now. */
  lies(bytes: Buffer, from: number): void {
    this.bytes = bytes;
    this.from = from;
  }

  /** Hot path: copy `bytes[from, to)` behind what is ahead. */
  put(bytes: Uint8Array, from: number, to: number): void {
    const size = this.length + this.ahead;
    const end = this.from + size + to - from;
    if (end > this.bytes.length) this.grow(end);
    copyBytes(bytes, from, to, this.bytes, this.from + size);
    this.ahead += to - from;
  }

  /** What is ahead belongs to the answer. */
  accept(): void {
    this.length += this.ahead;
    this.ahead = 0;
  }

  /** Copy `bytes[from, to)` to its end, before what is ahead. */
  append(bytes: Uint8Array, from: number, to: number): void {
    const at = this.from + this.length;
    const later = this.ahead === 0 ? undefined : Buffer.from(this.bytes.subarray(at, at + this.ahead));
    this.ahead = 0;
    this.put(bytes, from, to);
    this.accept();
    if (later !== undefined) this.put(later, 0, later.length);
  }

  /** Leave the block: the rest is put together in a buffer of its own. */
  moveOut(): void {
    if (this.home === undefined) return;
    const { bytes, from } = this;
    const size = this.length + this.ahead;
    this.home = undefined;
    if (this.own.length < size) this.own = Buffer.allocUnsafeSlow(Math.max(size, OWN_SIZE_MIN));
    copyBytes(bytes, from, from + size, this.own, 0);
    this.lies(this.own, 0);
  }

  private grow(end: number): void {
    if (this.home !== undefined) {
      this.home.extend(end);
      return;
    }
    const bigger = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.own.length, OWN_SIZE_MIN));
    copyBytes(this.own, 0, this.length + this.ahead, bigger, 0);
    this.own = bigger;
    this.bytes = bigger;
  }
}
