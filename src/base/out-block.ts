/**
 * The bytes of one tick, written in place and handed on as one block: PIUs go straight into it, the socket takes it whole.
 * A block that has been handed on is not touched again until it is given back with `recycle`.
 */
export class OutBlock {
  /** Where to write. Changes when `reserve` has to grow it, so read it after `reserve`. */
  bytes: Buffer;
  /** Bytes written so far. */
  length = 0;
  private spare: Buffer | undefined;
  private readonly sizeMin: number;

  /** @param sizeMin bytes of a fresh block; it grows by doubling when a tick needs more */
  constructor(sizeMin = 65536) {
    this.sizeMin = sizeMin;
    this.bytes = Buffer.allocUnsafeSlow(sizeMin);
  }

  /** Room for `size` bytes; gives the offset in `bytes` where they start. The caller fills all of them. */
  reserve(size: number): number {
    const at = this.length;
    const end = at + size;
    if (end > this.bytes.length) this.grow(end);
    this.length = end;
    return at;
  }

  /** Hand on what was written (undefined when nothing was) and start afresh. The receiver owns it until `recycle`. */
  take(): Buffer | undefined {
    if (this.length === 0) return undefined;
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = this.spare ?? Buffer.allocUnsafeSlow(this.sizeMin);
    this.spare = undefined;
    this.length = 0;
    return taken;
  }

  /** Give a block of `take` back once nobody reads it any more; one is kept for the next tick. */
  recycle(block: Buffer): void {
    const whole = Buffer.from(block.buffer);
    if (this.spare === undefined || this.spare.length < whole.length) this.spare = whole;
  }

  private grow(needed: number): void {
    const bigger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(bigger, 0, 0, this.length);
    this.bytes = bigger;
  }
}
