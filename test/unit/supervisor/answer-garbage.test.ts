import { describe, expect, it, vi } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { youngCollection } from '../../../src/base/young-collection.js';
import { AnswerGarbage } from '../../../src/supervisor/answer-garbage.js';

const MB = 1_048_576;

describe('garbage of answers', () => {
  it('is collected after every 8 MB of them, as long as the heap is small', () => {
    let heapBytes = 10 * MB;
    const garbage = new AnswerGarbage(
      () => {},
      createSimulatedClock(),
      () => heapBytes,
    );
    const comes = (blocks: number): void => {
      for (let block = 0; block < blocks; block += 1) garbage.came(MB / 16, 64);
    };
    comes(127);
    expect(garbage.collections).toBe(0);
    comes(1 + 3 * 128);
    expect(garbage.collections).toBe(4);
    heapBytes = 65 * MB;
    comes(512);
    expect(garbage.collections).toBe(4);
    heapBytes = 64 * MB;
    garbage.came(100 * MB, 1);
    garbage.came(1, 1);
    expect(garbage.collections).toBe(5);
  });

  it('is collected after every 4 MB where answers are long', () => {
    const garbage = new AnswerGarbage(
      () => {},
      createSimulatedClock(),
      () => 0,
    );
    const collectionsIn = (megabytes: number, answerBytes: number): number => {
      const before = garbage.collections;
      const blocks = (megabytes * MB) / (4 * answerBytes);
      for (let block = 0; block < blocks; block += 1) garbage.came(4 * answerBytes, 4);
      return garbage.collections - before;
    };
    expect(collectionsIn(16, 65_536)).toBe(4);
    expect(collectionsIn(16, 8192)).toBe(4);
    expect(collectionsIn(16, 4096)).toBe(2);
  });

  it('is left to V8 for a while where it takes long again and again: much of it lives', () => {
    const clock = createSimulatedClock();
    let tookMs = 1;
    const garbage = new AnswerGarbage(
      () => clock.advance(tookMs),
      clock,
      () => 0,
    );
    const collectionsIn = (times: number): number => {
      const before = garbage.collections;
      for (let time = 0; time < times; time += 1) garbage.came(8 * MB, 100_000);
      return garbage.collections - before;
    };
    expect(collectionsIn(50)).toBe(50);
    tookMs = 3;
    expect(collectionsIn(7), 'some may be a busy machine').toBe(7);
    tookMs = 1;
    expect(collectionsIn(10)).toBe(10);
    tookMs = 3;
    expect(collectionsIn(8 + 16)).toBe(8);
    expect(collectionsIn(2 + 16), 'it is as it was').toBe(2);
    expect(collectionsIn(2 + 16)).toBe(2);
    tookMs = 1;
    expect(collectionsIn(50)).toBe(50);
    tookMs = 3;
    expect(collectionsIn(8 + 16)).toBe(8);
  });

  it('is left to V8 where there is no way to it, or none is wanted', () => {
    const garbage = new AnswerGarbage(undefined, createSimulatedClock(), () => 0);
    garbage.came(100 * MB, 1);
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
