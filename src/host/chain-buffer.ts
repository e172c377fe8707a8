import { copyBytes } from '../base/copy-bytes.js';
import { PIU_HEADER_SIZE } from '../sna/masks.js';

const SIZE_MIN = 4096;
const NO_BYTES = Buffer.alloc(0);
/** Buffers of chains that are over: so many are kept, and none larger than this. */
const SPARES_MAX = 8;
const SPARE_SIZE_MAX = 1_048_576;

/**
 * Buffers for the next chains of any session of a host. One per session would be as many as there are sessions, each cold
 * when its turn comes; here the one that came back last, which the caches know, is the next.
 */
export class ChainSpares {
  private readonly spares: Buffer[] = [];

  /** One of at least `size` bytes. */
  take(size: number): Buffer {
    const spare = this.spares.pop();
    return spare !== undefined && spare.length >= size ? spare : Buffer.allocUnsafeSlow(size);
  }

  give(bytes: Buffer): void {
    if (bytes === NO_BYTES) return;
    if (this.spares.length < SPARES_MAX && bytes.length <= SPARE_SIZE_MAX) this.spares.push(bytes);
  }
}

/**
 * The RUs of one received chain, one behind the other. A RU that comes in segments is put together where the chain wants
 * it; to be looked at as a BIU it gets its TH and RH in front, over the end of the RU before, until `uncover`.
 */
export class ChainBuffer {
  /** The chain is `bytes[PIU_HEADER_SIZE, PIU_HEADER_SIZE + length)`: its first RU has room for a header too. */
  bytes: Buffer = NO_BYTES;
  length = 0;
  private readonly covered = new Uint8Array(PIU_HEADER_SIZE);
  private coveredAt = -1;
  private readonly spares: ChainSpares | undefined;

  /** @param spares where `release` gives its buffer back to */
  constructor(spares?: ChainSpares) {
    this.spares = spares;
  }

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

  /** Nothing in it is needed any more, and nobody looks at its bytes. */
  release(): void {
    this.length = 0;
    this.coveredAt = -1;
    if (this.spares === undefined) return;
    this.spares.give(this.bytes);
    this.bytes = NO_BYTES;
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
    const size = Math.max(end, 2 * this.bytes.length, SIZE_MIN);
    const bigger = this.spares?.take(size) ?? Buffer.allocUnsafeSlow(size);
    this.bytes.copy(bigger);
    this.spares?.give(this.bytes);
    this.bytes = bigger;
  }
}
