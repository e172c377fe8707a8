import { assert } from '../base/assert.js';

const SIZE_MIN = 8192;
/** Length of the PIU that follows, big-endian. */
const ENTRY_HEADER = 4;

/** PIUs that wait for credit, first in first out, back to back in one buffer. */
export class Backlog {
  /** Where to write. Changes when `reserve` makes room, so read it after `reserve`. */
  bytes = Buffer.alloc(0);
  /** PIUs that wait. */
  count = 0;
  private start = 0;
  private end = 0;

  /** Room for a PIU of `length` bytes behind the others; gives the offset in `bytes`. The caller fills all of it. */
  reserve(length: number): number {
    const size = ENTRY_HEADER + length;
    if (this.end + size > this.bytes.length) this.makeRoom(size);
    const at = this.end;
    this.bytes.writeUInt32BE(length, at);
    this.end = at + size;
    this.count += 1;
    return at + ENTRY_HEADER;
  }

  /** Length of the PIU that is next; one must be there. */
  nextLength(): number {
    assert(this.count > 0, 'backlog is empty');
    return this.bytes.readUInt32BE(this.start);
  }

  /** Move the next PIU to `out` at `at`. */
  shiftInto(out: Buffer, at: number): void {
    const from = this.start + ENTRY_HEADER;
    const to = from + this.nextLength();
    this.bytes.copy(out, at, from, to);
    this.start = to;
    this.count -= 1;
    if (this.count === 0) this.clear();
  }

  /** Forget all; the buffer is kept for the next time. */
  clear(): void {
    this.start = 0;
    this.end = 0;
    this.count = 0;
  }

  private makeRoom(size: number): void {
    const used = this.end - this.start;
    const needed = used + size;
    if (needed > this.bytes.length / 2) {
      const bigger = Buffer.allocUnsafeSlow(Math.max(SIZE_MIN, 2 * needed));
      this.bytes.copy(bigger, 0, this.start, this.end);
      this.bytes = bigger;
    } else {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.start = 0;
    this.end = used;
  }
}
