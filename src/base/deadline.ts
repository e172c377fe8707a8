import type { Clock } from './clock.js';

interface Entry<K> {
  readonly key: K;
  readonly dueMs: number;
}

/**
 * Many deadlines, one timer: a binary heap of due times. Removing is lazy: an entry counts only while its key still
 * has that due time, so the call path pays one map write to add and one map delete to remove.
 */
export class DeadlineSet<K> {
  private readonly due = new Map<K, number>();
  private heap: Entry<K>[] = [];
  private cancelTimer: (() => void) | undefined;
  private timerMs = Number.POSITIVE_INFINITY;
  private readonly clock: Clock;
  private readonly expire: (key: K) => void;

  /** @param expire called once per key whose time has passed; it may add and remove keys */
  constructor(clock: Clock, expire: (key: K) => void) {
    this.clock = clock;
    this.expire = expire;
  }

  get size(): number {
    return this.due.size;
  }

  /** Set or move the deadline of `key`. @param dueMs absolute, in the clock's milliseconds */
  add(key: K, dueMs: number): void {
    if (!Number.isFinite(dueMs)) return;
    this.due.set(key, dueMs);
    this.push({ key, dueMs });
    if (dueMs < this.timerMs) this.arm(dueMs);
  }

  /** Forget `key`; true when it was there. */
  remove(key: K): boolean {
    const wasThere = this.due.delete(key);
    if (this.due.size === 0) this.clear();
    else if (this.heap.length > 64 && this.heap.length > 4 * this.due.size) this.rebuild();
    return wasThere;
  }

  /** Forget all and end the timer. */
  clear(): void {
    this.due.clear();
    this.heap = [];
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.timerMs = Number.POSITIVE_INFINITY;
  }

  private arm(dueMs: number): void {
    this.cancelTimer?.();
    this.timerMs = dueMs;
    this.cancelTimer = this.clock.after(dueMs - this.clock.nowMs(), () => this.fire());
  }

  private fire(): void {
    this.cancelTimer = undefined;
    this.timerMs = Number.POSITIVE_INFINITY;
    const nowMs = this.clock.nowMs();
    for (let top = this.heap[0]; top; top = this.heap[0]) {
      const isLive = this.due.get(top.key) === top.dueMs;
      if (isLive && top.dueMs > nowMs) break;
      this.pop();
      if (!isLive) continue;
      this.due.delete(top.key);
      this.expire(top.key);
    }
    const next = this.heap[0];
    // What expired may have armed the timer for something later.
    if (next && next.dueMs < this.timerMs) this.arm(next.dueMs);
  }

  private rebuild(): void {
    this.heap = [];
    for (const [key, dueMs] of this.due) this.push({ key, dueMs });
  }

  private push(entry: Entry<K>): void {
    const heap = this.heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.dueMs <= entry.dueMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): void {
    const heap = this.heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child += 1;
      if (heap[child]!.dueMs >= last.dueMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
