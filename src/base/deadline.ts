import type { Clock } from './clock.js';
import { SlotDeadlines } from './slot-deadlines.js';

/**
 * Many deadlines of objects, one timer: each key with a deadline has a slot of `SlotDeadlines`. Whoever has numbers for
 * its objects already uses that at once.
 */
export class DeadlineSet<K> {
  private readonly slots = new Map<K, number>();
  private readonly keys: (K | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly deadlines: SlotDeadlines;

  /** @param expire called once per key whose time has passed; it may add and remove keys */
  constructor(clock: Clock, expire: (key: K) => void) {
    this.deadlines = new SlotDeadlines(clock, (slot) => {
      const key = this.keys[slot] as K;
      this.release(key, slot);
      expire(key);
    });
  }

  get size(): number {
    return this.slots.size;
  }

  /** Set or move the deadline of `key`. @param dueMs absolute, in the clock's milliseconds */
  add(key: K, dueMs: number): void {
    if (!Number.isFinite(dueMs)) return;
    let slot = this.slots.get(key);
    if (slot === undefined) {
      slot = this.free.pop() ?? this.keys.length;
      this.slots.set(key, slot);
      this.keys[slot] = key;
    }
    this.deadlines.add(slot, dueMs);
  }

  /** Forget `key`; true when it was there. */
  remove(key: K): boolean {
    const slot = this.slots.get(key);
    if (slot === undefined) return false;
    this.release(key, slot);
    return this.deadlines.remove(slot);
  }

  /** Forget all and end the timer. */
  clear(): void {
    for (const key of [...this.slots.keys()]) this.remove(key);
  }

  private release(key: K, slot: number): void {
    this.slots.delete(key);
    this.keys[slot] = undefined;
    this.free.push(slot);
  }
}
