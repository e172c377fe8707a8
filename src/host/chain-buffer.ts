import { copyBytes } from '../base/copy-bytes.js';
import { PIU_HEADER_SIZE } from '../sna/masks.js';

const SIZE_MIN = 4096;

/**
 * The RUs of one received chain, one behind the other. A RU that comes in segments is put together where the chain wants
 * it; to be looked at as a BIU it gets its TH and RH in front, over the end of the RU before, until `uncover`.
 */
export class ChainBuffer {
  /** The chain is `bytes[PIU_HEADER_SIZE, PIU_HEADER_SIZE + length)`: its first RU has room for a header too. */
  bytes: Buffer = Buffer.alloc(0);
  length = 0;
  private readonly covered = new Uint8Array(PIU_HEADER_SIZE);
  private coveredAt = -1;

  /** Where the bytes of the next RU go. */
  get end(): number {
    return PIU_HEADER_SIZE + this.length;
  }

  /** Copy `piu[from, to)` to `bytes` at `at`; the length stays as it is. */
  write(piu: Buffer, from: number, to: number, at: number): void {
    const end = at + to - from;
    if (end > this.bytes.length) this.grow(end);
    copyBytes(piu, from, to, this.bytes, at);
  }

  /** Put a header in front of the RU that was written at the end. */
  cover(header: Uint8Array): void {
    const { bytes, covered, length } = this;
    for (let index = 0; index < PIU_HEADER_SIZE; index += 1) {
      covered[index] = bytes[length + index]!;
      bytes[length + index] = header[index]!;
    }
    this.coveredAt = length;
  }

  /** The header is not needed any more. */
  uncover(): void {
    if (this.coveredAt >= 0) this.restore();
  }

  private restore(): void {
    const { bytes, covered, coveredAt } = this;
    for (let index = 0; index < PIU_HEADER_SIZE; index += 1) bytes[coveredAt + index] = covered[index]!;
    this.coveredAt = -1;
  }

  private grow(end: number): void {
    const bigger = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.bytes.length, SIZE_MIN));
    this.bytes.copy(bigger);
    this.bytes = bigger;
  }
}
