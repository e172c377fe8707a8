import type { Clock } from './clock.js';

/** No deadline, in `due`. */
const NONE = -1;
const SLOTS_MIN = 64;
/** The heap is rebuilt when less than a quarter of it counts. */
const REBUILD_MIN = 64;

/**
 * Many deadlines of numbered slots, one timer: the due times lie in an array by slot, the heap in two, so that on the call
 * path to add and to remove make no object and look nothing up. Removing is lazy: an entry of the heap
 * counts only while its slot still has that due time.
 */
export class SlotDeadlines {
  private due = new Float64Array(SLOTS_MIN).fill(NONE);
  private heapDue = new Float64Array(SLOTS_MIN);
  private heapSlot = new Uint32Array(SLOTS_MIN);
  private heapSize = 0;
  private live = 0;
  private cancelTimer: (() => void) | undefined;
  private timerMs = Number.POSITIVE_INFINITY;
  private readonly clock: Clock;
  private readonly expire: (slot: number) => void;

  /** @param expire called once per slot whose time has passed; it may add and remove */
  constructor(clock: Clock, expire: (slot: number) => void) {
    this.clock = clock;
    this.expire = expire;
  }

  /** Slots with a deadline. */
  get size(): number {
    return this.live;
  }

  /** Set or move the deadline of `slot`. @param dueMs absolute, 0 or more, in the clock's milliseconds */
  add(slot: number, dueMs: number): void {
    if (!Number.isFinite(dueMs)) return;
    if (slot >= this.due.length) this.due = grown(this.due, new Float64Array(2 * slot).fill(NONE));
    if (this.due[slot] === NONE) this.live += 1;
    this.due[slot] = dueMs;
    this.push(slot, dueMs);
    if (dueMs < this.timerMs) this.arm(dueMs);
  }

  /** Forget the deadline of `slot`; true when it had one. */
  remove(slot: number): boolean {
    if (slot >= this.due.length || this.due[slot] === NONE) return false;
    this.due[slot] = NONE;
    this.live -= 1;
    if (this.live === 0) this.clear();
    else if (this.heapSize > REBUILD_MIN && this.heapSize > 4 * this.live) this.rebuild();
    return true;
  }

  /** Nothing is due any more. */
  private clear(): void {
    this.heapSize = 0;
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
    while (this.heapSize > 0) {
      const slot = this.heapSlot[0]!;
      const dueMs = this.heapDue[0]!;
      const isLive = this.due[slot] === dueMs;
      if (isLive && dueMs > nowMs) break;
      this.pop();
      if (!isLive) continue;
      this.due[slot] = NONE;
      this.live -= 1;
      this.expire(slot);
    }
    // What expired may have armed the timer for something later.
    if (this.heapSize > 0 && this.heapDue[0]! < this.timerMs) this.arm(this.heapDue[0]!);
  }

  /** Keep the entries that count, in their order by time, which makes a heap of them. */
  private rebuild(): void {
    const { heapDue, heapSlot, due } = this;
    const size = this.heapSize;
    this.heapSize = 0;
    for (let at = 0; at < size; at += 1) {
      const slot = heapSlot[at]!;
      if (due[slot] === heapDue[at]!) this.push(slot, heapDue[at]!);
    }
  }

  private push(slot: number, dueMs: number): void {
    let at = this.heapSize;
    if (at === this.heapDue.length) {
      this.heapDue = grown(this.heapDue, new Float64Array(2 * at));
      this.heapSlot = grown(this.heapSlot, new Uint32Array(2 * at));
    }
    const { heapDue, heapSlot } = this;
    this.heapSize = at + 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heapDue[parent]! <= dueMs) break;
      heapDue[at] = heapDue[parent]!;
      heapSlot[at] = heapSlot[parent]!;
      at = parent;
    }
    heapDue[at] = dueMs;
    heapSlot[at] = slot;
  }

  private pop(): void {
    const { heapDue, heapSlot } = this;
    this.heapSize -= 1;
    const size = this.heapSize;
    if (size === 0) return;
    const dueMs = heapDue[size]!;
    const slot = heapSlot[size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && heapDue[child + 1]! < heapDue[child]!) child += 1;
      if (heapDue[child]! >= dueMs) break;
      heapDue[at] = heapDue[child]!;
      heapSlot[at] = heapSlot[child]!;
      at = child;
    }
    heapDue[at] = dueMs;
    heapSlot[at] = slot;
  }
}

function grown<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
