import type { Clock } from '../base/clock.js';
import { type CollectYoung, heapInUse } from '../base/young-collection.js';

const MB = 1_048_576;
/** Bytes of answers between two collections. */
const COLLECT_EVERY = 8 * MB;
/**
 * And between two where answers are long, so many bytes on average: few objects live then, and a collection takes a third of
 * a ms. What it finds dead is given back, and counted as such, by another thread: on busy processors up to an interval
 * later, so that two count.
 */
const LONG_EVERY = 4 * MB;
const LONG_ANSWER = 8192;
/** A heap in use of more than this may grow by so much that V8 collects young garbage in time by itself. */
const HEAP_MAX = 64 * MB;
/** So long a collection takes only where much that is young lives: thousands of calls wait. It is moved about, for nothing. */
const SLOW_MS = 2;
/** After so many slow ones in a row, so many are left out. One or two are a busy machine. */
const SLOW_MAX = 8;
const LEFT_OUT = 16;
/** Then so many that are slow again are enough. */
const SLOW_AGAIN = 2;

/**
 * Blocks of answers live until the callers drop the replies in them: mostly at once. V8 sees buffers from other threads grow a
 * small heap and marks all of it every 20 MB or so, on every core, though what is dead is young: that takes a quarter of
 * the processors at full load, and is what the slowest hundredth of the calls waits for. Young garbage alone is collected
 * in a fraction of it, when it is done before V8 loses patience.
 */
export class AnswerGarbage {
  /** Collections so far. */
  collections = 0;
  private bytes = 0;
  private answers = 0;
  private slow = 0;
  private leftOut = 0;
  private readonly collect: CollectYoung | undefined;
  private readonly clock: Clock;
  private readonly heapBytes: () => number;

  /**
   * @param collect undefined: it is left to V8
   * @param heapBytes of objects in use
   */
  constructor(collect: CollectYoung | undefined, clock: Clock, heapBytes: () => number = heapInUse) {
    this.collect = collect;
    this.clock = clock;
    this.heapBytes = heapBytes;
  }

  /** A block of so many bytes has come. @param answers in it */
  came(bytes: number, answers: number): void {
    this.bytes += bytes;
    this.answers += answers;
    const areLong = this.bytes >= this.answers * LONG_ANSWER;
    if (this.bytes >= (areLong ? LONG_EVERY : COLLECT_EVERY)) this.isEnough();
  }

  private isEnough(): void {
    this.bytes = 0;
    this.answers = 0;
    const { clock, collect } = this;
    if (collect === undefined || this.heapBytes() > HEAP_MAX) return;
    if (this.leftOut > 0) {
      this.leftOut -= 1;
      return;
    }
    const startMs = clock.nowMs();
    collect();
    this.collections += 1;
    this.slow = clock.nowMs() - startMs > SLOW_MS ? this.slow + 1 : 0;
    if (this.slow < SLOW_MAX) return;
    this.slow = SLOW_MAX - SLOW_AGAIN;
    this.leftOut = LEFT_OUT;
  }
}
