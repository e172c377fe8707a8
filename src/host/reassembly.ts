import { PIU_HEADER_SIZE, TH_MPF_FIRST, TH_MPF_LAST, TH_MPF_MASK, TH_MPF_WHOLE, TH_SIZE } from '../sna/masks.js';
import type { ChainBuffer } from './chain-buffer.js';

/** What became of a segment: kept for later, its BIU whole, or against the rules. */
export type SegmentOutcome = 'held' | 'whole' | 'error';

/** Puts the segments of one direction of one session together: the TH of the first, its RH, all RU bytes. */
export class Reassembly {
  /** Of the BIU; after 'whole' it is `chain.bytes[chain.length, chain.length + length)` until `chain.uncover`. */
  length = 0;
  /** Some segment was kept: the next one of the normal flow must continue it. */
  isOpen = false;
  private readonly header = new Uint8Array(PIU_HEADER_SIZE);
  private readonly chain: ChainBuffer;
  private readonly sizeMax: number;

  /**
   * @param chain gets the RU bytes behind those it has; not to be changed while a BIU is open
   * @param sizeMax longest BIU that is put together, bytes
   */
  constructor(chain: ChainBuffer, sizeMax: number) {
    this.chain = chain;
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
    this.chain.cover(this.header);
    return 'whole';
  }

  private open(piu: Buffer, at: number, end: number): SegmentOutcome {
    if (this.isOpen || end - at < PIU_HEADER_SIZE) return this.drop();
    for (let index = 0; index < PIU_HEADER_SIZE; index += 1) this.header[index] = piu[at + index]!;
    this.header[0] = (piu[at]! & ~TH_MPF_MASK) | TH_MPF_WHOLE;
    this.length = PIU_HEADER_SIZE;
    this.append(piu, at + PIU_HEADER_SIZE, end);
    this.isOpen = true;
    return 'held';
  }

  private drop(): SegmentOutcome {
    this.isOpen = false;
    return 'error';
  }

  private isSameRequest(piu: Buffer, at: number): boolean {
    for (let index = 2; index < TH_SIZE; index += 1) if (piu[at + index] !== this.header[index]) return false;
    return true;
  }

  private append(piu: Buffer, from: number, to: number): void {
    this.chain.write(piu, from, to, this.chain.length + this.length);
    this.length += to - from;
  }
}
