/** What `hostlink status` shows of one service. */
export interface ServiceStats {
  readonly name: string;
  /** Calls that got their reply. */
  readonly count: number;
  /** Calls that ended with an error. */
  readonly fail: number;
  /** From call to reply, over `count` calls, ms. */
  readonly averageMs: number;
  readonly maxMs: number;
  /** Calls that wait for a session now. */
  readonly waiting: number;
  /** Times a call had to wait. */
  readonly queued: number;
  /** Times a call was given to another worker because the first one had no session. */
  readonly forwarded: number;
}

/** Counters of one service since the start, changed in place. */
export class ServiceCounters {
  readonly name: string;
  count = 0;
  fail = 0;
  totalMs = 0.5;
  maxMs = 0.5;
  waiting = 0;
  queued = 0;
  forwarded = 0;

  constructor(name: string) {
    this.name = name;
    // Fractions first, zero now: the engine then keeps both as floats from the start.
    this.totalMs = 0;
    this.maxMs = 0;
  }

  /** A call got its reply after `elapsedMs`. */
  replied(elapsedMs: number): void {
    this.count += 1;
    this.totalMs += elapsedMs;
    if (elapsedMs > this.maxMs) this.maxMs = elapsedMs;
  }

  toStats(): ServiceStats {
    const { name, count, fail, maxMs, waiting, queued, forwarded } = this;
    return { name, count, fail, averageMs: count === 0 ? 0 : this.totalMs / count, maxMs, waiting, queued, forwarded };
  }
}
