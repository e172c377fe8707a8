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

interface SimulatedTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Make a simulated clock that starts at `startMs`. */
export function createSimulatedClock(startMs = 0): SimulatedClock {
  let now = startMs;
  let order = 0;
  const timers = new Set<SimulatedTimer>();

  function add(delayMs: number, fire: () => void): SimulatedTimer {
    const timer = { dueMs: now + Math.max(0, delayMs), order: order++, fire };
    timers.add(timer);
    return timer;
  }
  function earliest(): SimulatedTimer | undefined {
    let best: SimulatedTimer | undefined;
    for (const timer of timers) {
      if (!best || timer.dueMs < best.dueMs || (timer.dueMs === best.dueMs && timer.order < best.order)) best = timer;
    }
    return best;
  }
  function runUntil(limitMs: number): void {
    for (let next = earliest(); next && next.dueMs <= limitMs; next = earliest()) {
      timers.delete(next);
      now = Math.max(now, next.dueMs);
      next.fire();
    }
  }
  return {
    nowMs: () => now,
    wallMs: () => 1_700_000_000_000 + now,
    after(delayMs, fire) {
      const timer = add(delayMs, fire);
      return () => {
        timers.delete(timer);
      };
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
      const next = earliest();
      if (!next) return false;
      timers.delete(next);
      now = Math.max(now, next.dueMs);
      next.fire();
      return true;
    },
    pending: () => timers.size,
  };
}
