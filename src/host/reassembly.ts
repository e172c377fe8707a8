import { copyBytes } from '../base/copy-bytes.js';
import { RH_SIZE, TH_MPF_FIRST, TH_MPF_LAST, TH_MPF_MASK, TH_MPF_WHOLE, TH_SIZE } from '../sna/masks.js';

/** What became of a segment: kept for later, a whole BIU in `bytes[0, length)`, or against the rules. */
export type SegmentOutcome = 'held' | 'whole' | 'error';

/** Puts the segments of one direction of one session together: the TH of the first, its RH, all RU bytes. */
export class Reassembly {
  /** The BIU, valid after 'whole' until the next call; after 'error' the beginning of the one that was dropped. */
  bytes: Buffer = Buffer.alloc(0);
  length = 0;
  /** Some segment was kept: the next one of the normal flow must continue it. */
  isOpen = false;
  private readonly sizeMax: number;

  /** @param sizeMax longest BIU that is put together, bytes */
  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
  }

  reset(): void {
    this.isOpen = false;
    this.length = 0;
  }

  /** Take one segment `piu[at, end)`, at least a TH long; it is copied. */
  take(piu: Buffer, at: number, end: number): SegmentOutcome {
    const mpf = piu[at]! & TH_MPF_MASK;
    if (mpf === TH_MPF_FIRST) return this.open(piu, at, end);
    if (mpf === TH_MPF_WHOLE || !this.isOpen || !this.isSameRequest(piu, at)) return this.drop();
    if (this.length + end - at - TH_SIZE > this.sizeMax) return this.drop();
    this.append(piu, at + TH_SIZE, end);
    if (mpf !== TH_MPF_LAST) return 'held';
    this.isOpen = false;
    return 'whole';
  }

  private open(piu: Buffer, at: number, end: number): SegmentOutcome {
    const isRight = !this.isOpen && end - at >= TH_SIZE + RH_SIZE;
    this.length = 0;
    this.append(piu, at, end);
    if (!isRight) return this.drop();
    this.bytes[0] = (this.bytes[0]! & ~TH_MPF_MASK) | TH_MPF_WHOLE;
    this.isOpen = true;
    return 'held';
  }

  private drop(): SegmentOutcome {
    this.isOpen = false;
    return 'error';
  }

  private isSameRequest(piu: Buffer, at: number): boolean {
    for (let index = 2; index < TH_SIZE; index += 1) if (piu[at + index] !== this.bytes[index]) return false;
    return true;
  }

  private append(piu: Buffer, from: number, to: number): void {
    const length = this.length + to - from;
    if (length > this.bytes.length) {
      const bigger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.bytes.length, 1024));
      this.bytes.copy(bigger, 0, 0, this.length);
      this.bytes = bigger;
    }
    copyBytes(piu, from, to, this.bytes, this.length);
    this.length = length;
  }
}
