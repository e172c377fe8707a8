/** Blocks given back that are kept for the next ticks: so many, and none larger than this. */
const SPARES_MAX = 3;
const SPARE_SIZE_MAX = 4 * 1_048_576;
const NO_BYTES = Buffer.alloc(0);

/**
 * The bytes of one tick, written in place and handed on as one block: PIUs go straight into it, the socket takes it whole.
 * A block that has been handed on is not touched again until it is given back with `recycle`.
 */
export class OutBlock {
  /** Where to write. Changes when `reserve` has to grow it, so read it after `reserve`. */
  bytes: Buffer = NO_BYTES;
  /** Bytes written so far. */
  length = 0;
  private readonly spares: Buffer[] = [];
  private readonly sizeMin: number;
  /** Size to begin the next block with: to grow it means to copy it. */
  private sizeNext: number;

  /** @param sizeMin bytes of a fresh block at least; it grows by doubling when a tick needs more */
  constructor(sizeMin = 65536) {
    this.sizeMin = sizeMin;
    this.sizeNext = sizeMin;
  }

  /** Room for `size` bytes; gives the offset in `bytes` where they start. The caller fills all of them. */
  reserve(size: number): number {
    const at = this.length;
    const end = at + size;
    if (end > this.bytes.length) this.makeRoom(end);
    this.length = end;
    return at;
  }

  /** Hand on what was written (undefined when nothing was) and start afresh. The receiver owns it until `recycle`. */
  take(): Buffer | undefined {
    const { length } = this;
    if (length === 0) return undefined;
    const taken = this.bytes.subarray(0, length);
    this.sizeNext = Math.max(this.sizeMin, length + (length >> 2));
    this.bytes = NO_BYTES;
    this.length = 0;
    return taken;
  }

  /** Give a block of `take` back once nobody reads it any more; some are kept for the next ticks. */
  recycle(block: Buffer): void {
    const { byteLength } = block.buffer;
    if (this.spares.length < SPARES_MAX && byteLength <= SPARE_SIZE_MAX) this.spares.push(Buffer.from(block.buffer));
  }

  private makeRoom(needed: number): void {
    if (this.length === 0) this.begin();
    if (needed > this.bytes.length) this.grow(needed);
  }

  /** Begin with the block that came back last, as the caches know it, unless it is much too small. */
  private begin(): void {
    const spare = this.spares.pop();
    const fits = spare !== undefined && spare.length >= this.sizeNext >> 1;
    this.bytes = fits ? spare : Buffer.allocUnsafeSlow(this.sizeNext);
  }

  private grow(needed: number): void {
    const bigger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(bigger, 0, 0, this.length);
    this.bytes = bigger;
  }
}
