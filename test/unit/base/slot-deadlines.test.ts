import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { createSeededPrng } from '../../../src/base/prng.js';
import { SlotDeadlines } from '../../../src/base/slot-deadlines.js';

describe('SlotDeadlines', () => {
  it('keeps one timer for many deadlines and expires each once, in order', () => {
    const clock = createSimulatedClock();
    const expired: number[] = [];
    const deadlines = new SlotDeadlines(clock, (slot) => expired.push(slot));
    for (const [slot, dueMs] of [50, 10, 40, 20, 30].entries()) deadlines.add(slot, dueMs);
    expect(clock.pending()).toBe(1);
    expect(deadlines.remove(2)).toBe(true);
    expect(deadlines.remove(2)).toBe(false);
    expect(deadlines.remove(1_000_000)).toBe(false);
    deadlines.add(1, 35);
    clock.advance(100);
    expect(expired).toEqual([3, 4, 1, 0]);
    expect(clock.pending()).toBe(0);
    expect(deadlines.size).toBe(0);
  });

  it('a late deadline added while one expires does not put off an earlier one', () => {
    const clock = createSimulatedClock();
    const expired: string[] = [];
    const deadlines: SlotDeadlines = new SlotDeadlines(clock, (slot) => {
      expired.push(`${slot} ${clock.nowMs()}`);
      if (slot === 0) deadlines.add(9, 1000);
    });
    deadlines.add(0, 10);
    deadlines.add(1, 20);
    clock.advance(500);
    expect(expired).toEqual(['0 10', '1 20']);
    expect(clock.pending()).toBe(1);
  });

  it('no timer stays when nothing is due, and nothing is due for ever', () => {
    const clock = createSimulatedClock();
    const deadlines = new SlotDeadlines(clock, () => {});
    deadlines.add(3, Number.POSITIVE_INFINITY);
    expect(deadlines.size).toBe(0);
    deadlines.add(3, 10);
    deadlines.remove(3);
    expect(clock.pending()).toBe(0);
  });

  it('does not grow with slots that come and go', () => {
    const clock = createSimulatedClock();
    const deadlines = new SlotDeadlines(clock, () => {});
    deadlines.add(0, 1e9);
    for (let round = 1; round < 10_000; round += 1) {
      deadlines.add(1 + (round % 50), 1000 + round);
      deadlines.remove(1 + (round % 50));
    }
    expect(deadlines.size).toBe(1);
    expect((deadlines as unknown as { heapSize: number }).heapSize).toBeLessThan(200);
  });

  it('agrees with a plain model over random use, beyond the size it begins with', () => {
    const prng = createSeededPrng(11);
    const clock = createSimulatedClock();
    const model = new Map<number, number>();
    const expired: number[] = [];
    const deadlines = new SlotDeadlines(clock, (slot) => expired.push(slot));
    for (let step = 0; step < 40_000; step += 1) {
      const slot = Math.floor(prng() * 3000);
      if (prng() < 0.6) {
        const dueMs = clock.nowMs() + 1 + Math.floor(prng() * 500);
        deadlines.add(slot, dueMs);
        model.set(slot, dueMs);
      } else {
        expect(deadlines.remove(slot)).toBe(model.delete(slot));
      }
      if (step % 97 !== 0) continue;
      clock.advance(Math.floor(prng() * 60));
      const due = [...model].filter(([, dueMs]) => dueMs <= clock.nowMs());
      for (const [gone] of due) model.delete(gone);
      expect([...expired].sort((a, b) => a - b)).toEqual(due.map(([gone]) => gone).sort((a, b) => a - b));
      expired.length = 0;
    }
    expect(deadlines.size).toBe(model.size);
  });
});
