import type { Clock } from '../base/clock.js';
import { TH_FID_MASK, TH_FID2 } from '../sna/masks.js';
import { piuLine } from '../sna/piu-words.js';

/** Bytes kept of a PIU: TH and RH, then request code or NS header, or sense data and the one they are about. */
const HEAD_SIZE = 16;
/** The same where payload may be logged. */
const HEAD_SIZE_WITH_PAYLOAD = 64;
const TH_DAF_AT = 2;
const TH_OAF_AT = 3;

/**
 * The PIUs that a link last sent and received, for whoever looks at a protocol error: when, which way, of which PU, how long,
 * and their first bytes. All memory is taken at the start; where payload is not to be logged it is not kept either.
 */
export class PiuRing {
  readonly capacity: number;
  private readonly clock: Clock;
  private readonly isPayloadShown: boolean;
  private readonly headSize: number;
  private readonly heads: Buffer;
  private readonly headWords: DataView;
  private readonly timesMs: Float64Array;
  private readonly sizes: Uint32Array;
  /** PU index times two, plus one for those to the host. */
  private readonly origins: Uint32Array;
  /** Where the next one goes, and how many are there. */
  private next = 0;
  private size = 0;
  /** One reading of the clock serves all PIUs of a turn; 0 before it. */
  private turnMs = 0;

  /**
   * @param capacity PIUs kept, at least 1
   * @param isPayloadShown log.payload
   */
  constructor(capacity: number, clock: Clock, isPayloadShown: boolean) {
    this.capacity = capacity;
    this.clock = clock;
    this.isPayloadShown = isPayloadShown;
    this.headSize = isPayloadShown ? HEAD_SIZE_WITH_PAYLOAD : HEAD_SIZE;
    this.heads = Buffer.alloc(capacity * this.headSize);
    this.headWords = new DataView(this.heads.buffer, this.heads.byteOffset, this.heads.length);
    this.timesMs = new Float64Array(capacity);
    this.sizes = new Uint32Array(capacity);
    this.origins = new Uint32Array(capacity);
  }

  /** Hot path: keep the begin of `bytes[from, to)`. */
  add(isToHost: boolean, puIndex: number, bytes: Buffer, from: number, to: number): void {
    const place = this.next;
    const size = to - from;
    this.keep(place * this.headSize, bytes, from, size < this.headSize ? size : this.headSize);
    if (this.turnMs === 0) this.turnMs = this.clock.wallMs();
    this.timesMs[place] = this.turnMs;
    this.sizes[place] = size;
    this.origins[place] = puIndex * 2 + (isToHost ? 1 : 0);
    this.next = place + 1 === this.capacity ? 0 : place + 1;
    if (this.size < this.capacity) this.size += 1;
  }

  /** Four bytes at a time, which takes half as long as one by one; a copy through views makes a view per PIU. */
  private keep(at: number, bytes: Buffer, from: number, size: number): void {
    const { headWords } = this;
    const rest = size & 3;
    const end = from + size - rest;
    let to = at;
    for (let next = from; next < end; next += 4, to += 4) {
      const high = (bytes[next]! << 24) | (bytes[next + 1]! << 16);
      headWords.setInt32(to, high | (bytes[next + 2]! << 8) | bytes[next + 3]!);
    }
    for (let index = 0; index < rest; index += 1) this.heads[to + index] = bytes[end + index]!;
  }

  /** What comes now belongs to another turn: the clock is read again. */
  nextTurn(): void {
    this.turnMs = 0;
  }

  /**
   * The last PIUs of one PU as text, oldest first: time, direction, headers, RU.
   * @param max most lines
   * @param address those of this local address only, and of the PU itself; all when absent
   */
  linesOf(puIndex: number, max: number, address?: number): string[] {
    const lines: string[] = [];
    for (let age = 1; age <= this.size && lines.length < max; age += 1) {
      const place = (this.next - age + this.capacity) % this.capacity;
      if (this.origins[place]! >>> 1 === puIndex && this.isOf(place, address)) lines.push(this.line(place));
    }
    return lines.reverse();
  }

  /** Local addresses are the DAF of what comes in and the OAF of what goes out; what is no FID2 may be anybody's. */
  private isOf(place: number, address: number | undefined): boolean {
    const at = place * this.headSize;
    if (address === undefined || (this.heads[at]! & TH_FID_MASK) !== TH_FID2) return true;
    const local = this.heads[at + ((this.origins[place]! & 1) !== 0 ? TH_OAF_AT : TH_DAF_AT)]!;
    return local === address || local === 0;
  }

  private line(place: number): string {
    const time = new Date(this.timesMs[place]!).toISOString();
    const direction = (this.origins[place]! & 1) !== 0 ? 'to host  ' : 'from host';
    const size = this.sizes[place]!;
    const at = place * this.headSize;
    const head = this.heads.subarray(at, at + Math.min(size, this.headSize));
    const line = `${time} ${direction} ${piuLine(head, size)}`;
    if (!this.isPayloadShown) return line;
    return `${line} ${head.toString('hex')}${size > head.length ? '...' : ''}`;
  }
}
