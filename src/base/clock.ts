import { performance } from 'node:perf_hooks';

/**
 * The only door to time. Everything else is given a Clock, so the whole runtime also runs on a simulated one.
 * Milliseconds are monotonic and the same in every thread of the process, so that a deadline may cross a port.
 */
export interface Clock {
  /** Monotonic milliseconds with a fraction; same origin in all threads of this process. */
  nowMs(): number;
  /** Wall-clock milliseconds since 1970, with a fraction, for records and traces only. */
  wallMs(): number;
  /** Run `fire` once after `delayMs` (0 or more). The returned function cancels; calling it late does nothing. */
  after(delayMs: number, fire: () => void): () => void;
  /** Run `fire` once the events of this tick have been handled: the place where a batch is flushed. */
  soon(fire: () => void): void;
}

/** Offset from this thread's performance.now() to the process-wide monotonic clock. */
function threadOffsetMs(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1000 + nanos / 1e6 - performance.now();
}

/** The clock of the machine. */
export function createClock(): Clock {
  const offsetMs = threadOffsetMs();
  return {
    nowMs: () => performance.now() + offsetMs,
    wallMs: () => performance.timeOrigin + performance.now(),
    after(delayMs, fire) {
      const timer = setTimeout(fire, Math.max(0, delayMs));
      return () => clearTimeout(timer);
    },
    soon(fire) {
      setImmediate(fire);
    },
  };
}

/** A clock that stands still until it is told to go on. Ties fire in the order in which they were asked for. */
export interface SimulatedClock extends Clock {
  /** Fire everything due within the next `byMs` milliseconds, in order; time ends up `byMs` later. */
  advance(byMs: number): void;
  /** Fire what is due now (`soon` and zero delays) without moving time. */
  settle(): void;
  /** Jump to the next event and fire it; false when nothing is pending. */
  runNext(): boolean;
  /** How many timers are pending: a leak check. */
  pending(): number;
}

/** Least simulated time that a delay over 0 takes. */
const RESOLUTION_MS = 1e-6;

interface SimulatedTimer {
  readonly dueMs: number;
  readonly order: number;
  /** undefined once it has fired or was cancelled. */
  fire: (() => void) | undefined;
}

/** Timers by due time, then by the order in which they were asked for: a binary heap. Cancelled ones stay until they come up. */
class TimerHeap {
  /** Timers that are still to fire. */
  live = 0;
  private timers: SimulatedTimer[] = [];

  add(timer: SimulatedTimer): void {
    this.live += 1;
    this.push(timer);
  }

  cancel(timer: SimulatedTimer): void {
    if (timer.fire === undefined) return;
    timer.fire = undefined;
    this.live -= 1;
    if (this.timers.length > 64 && this.timers.length > 4 * this.live) this.rebuild();
  }

  /** The next to fire; it stays. */
  peek(): SimulatedTimer | undefined {
    while (this.timers.length > 0 && this.timers[0]!.fire === undefined) this.pop();
    return this.timers[0];
  }

  /** Take the next to fire out; gives what it is to do. */
  take(): () => void {
    const { fire } = this.timers[0]!;
    this.timers[0]!.fire = undefined;
    this.live -= 1;
    this.pop();
    return fire!;
  }

  private rebuild(): void {
    const kept = this.timers.filter((timer) => timer.fire !== undefined);
    this.timers = [];
    for (const timer of kept) this.push(timer);
  }

  private push(timer: SimulatedTimer): void {
    const { timers } = this;
    let at = timers.length;
    timers.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, timers[parent]!)) break;
      timers[at] = timers[parent]!;
      at = parent;
    }
    timers[at] = timer;
  }

  private pop(): void {
    const { timers } = this;
    const last = timers.pop()!;
    if (timers.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= timers.length) break;
      if (child + 1 < timers.length && isBefore(timers[child + 1]!, timers[child]!)) child += 1;
      if (!isBefore(timers[child]!, last)) break;
      timers[at] = timers[child]!;
      at = child;
    }
    timers[at] = last;
  }
}

function isBefore(one: SimulatedTimer, other: SimulatedTimer): boolean {
  return one.dueMs === other.dueMs ? one.order < other.order : one.dueMs < other.dueMs;
}

/** Make a simulated clock that starts at `startMs`. */
export function createSimulatedClock(startMs = 0): SimulatedClock {
  let now = startMs;
  let order = 0;
  const timers = new TimerHeap();

  function add(delayMs: number, fire: () => void): SimulatedTimer {
    // Whoever looks too early because a difference was rounded, and waits for the rest, shall find that time has passed.
    const dueMs = delayMs > 0 ? now + Math.max(RESOLUTION_MS, delayMs) : now;
    const timer = { dueMs, order: order++, fire };
    timers.add(timer);
    return timer;
  }
  function fireFirst(dueMs: number): void {
    const fire = timers.take();
    now = Math.max(now, dueMs);
    fire();
  }
  function runUntil(limitMs: number): void {
    for (let next = timers.peek(); next && next.dueMs <= limitMs; next = timers.peek()) fireFirst(next.dueMs);
  }
  return {
    nowMs: () => now,
    wallMs: () => 1_700_000_000_000 + now,
    after(delayMs, fire) {
      const timer = add(delayMs, fire);
      return () => timers.cancel(timer);
    },
    soon(fire) {
      add(0, fire);
    },
    advance(byMs) {
      const limitMs = now + byMs;
      runUntil(limitMs);
      now = limitMs;
    },
    settle() {
      runUntil(now);
    },
    runNext() {
      const next = timers.peek();
      if (!next) return false;
      fireFirst(next.dueMs);
      return true;
    },
    pending: () => timers.live,
  };
}
