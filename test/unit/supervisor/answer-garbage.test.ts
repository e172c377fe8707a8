import { describe, expect, it, vi } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { youngCollection } from '../../../src/base/young-collection.js';
import { AnswerGarbage } from '../../../src/supervisor/answer-garbage.js';

const MB = 1_048_576;

describe('garbage of answers', () => {
  it('is collected after every 8 MB of them, as long as the heap is small', () => {
    let heapBytes = 10 * MB;
    let collected = 0;
    const garbage = new AnswerGarbage(
      () => {
        collected += 1;
      },
      createSimulatedClock(),
      () => heapBytes,
    );
    for (let block = 0; block < 32; block += 1) garbage.came(MB);
    expect(collected).toBe(4);
    heapBytes = 65 * MB;
    for (let block = 0; block < 32; block += 1) garbage.came(MB);
    expect(collected).toBe(4);
    heapBytes = 64 * MB;
    garbage.came(100 * MB);
    garbage.came(1);
    expect([collected, garbage.collections]).toEqual([5, 5]);
  });

  it('is left to V8 for a while where it takes long: much of it lives', () => {
    const clock = createSimulatedClock();
    let tookMs = 1;
    const garbage = new AnswerGarbage(
      () => clock.advance(tookMs),
      clock,
      () => 0,
    );
    const collectionsIn = (times: number): number => {
      const before = garbage.collections;
      for (let time = 0; time < times; time += 1) garbage.came(8 * MB);
      return garbage.collections - before;
    };
    expect(collectionsIn(50)).toBe(50);
    tookMs = 3;
    expect(collectionsIn(1), 'one may be an accident').toBe(1);
    tookMs = 1;
    expect(collectionsIn(10)).toBe(10);
    tookMs = 3;
    expect(collectionsIn(18)).toBe(2);
    expect(collectionsIn(18)).toBe(2);
    tookMs = 1;
    expect(collectionsIn(18)).toBe(18);
  });

  it('is left to V8 where there is no way to it, or none is wanted', () => {
    const garbage = new AnswerGarbage(undefined, createSimulatedClock(), () => 0);
    garbage.came(100 * MB);
    expect(garbage.collections).toBe(0);
  });

  it('goes with a collection of what is young, and the program is shown no more than before', async () => {
    const before = (globalThis as { gc?: unknown }).gc;
    const collect = youngCollection();
    expect(collect).toBeTypeOf('function');
    expect(youngCollection()).toBe(collect);
    expect((globalThis as { gc?: unknown }).gc).toBe(before);
    const emptyBytes = process.memoryUsage().arrayBuffers;
    for (let block = 0; block < 20; block += 1) new Uint8Array(MB).fill(block);
    await vi.waitUntil(() => {
      collect!();
      return process.memoryUsage().arrayBuffers < emptyBytes + 4 * MB;
    });
  });
});
