import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../src/base/backoff.js';
import { createClock, createSimulatedClock } from '../../../src/base/clock.js';
import { DeadlineSet } from '../../../src/base/deadline.js';
import { ERRORS, HostLinkError, toHostLinkError } from '../../../src/base/errors.js';
import { compileMachine } from '../../../src/base/machine.js';
import { OutBlock } from '../../../src/base/out-block.js';
import { createSeededPrng } from '../../../src/base/prng.js';
import { Queue } from '../../../src/base/queue.js';
import { Ring } from '../../../src/base/ring.js';

describe('clock', () => {
  it('gives all threads the same monotonic time', () => {
    const [first, second] = [createClock(), createClock()];
    expect(Math.abs(first.nowMs() - second.nowMs())).toBeLessThan(50);
    const [seconds, nanos] = process.hrtime();
    expect(Math.abs(first.nowMs() - (seconds * 1000 + nanos / 1e6))).toBeLessThan(50);
  });

  it('simulated: fires in order of time, then of asking, and stands still otherwise', () => {
    const clock = createSimulatedClock(100);
    const fired: string[] = [];
    clock.after(20, () => fired.push('b'));
    clock.after(10, () => fired.push('a'));
    clock.after(20, () => fired.push('c'));
    const cancel = clock.after(15, () => fired.push('never'));
    cancel();
    clock.soon(() => fired.push('soon'));
    clock.settle();
    expect(fired).toEqual(['soon']);
    clock.advance(19.5);
    expect(fired).toEqual(['soon', 'a']);
    clock.advance(1);
    expect(fired).toEqual(['soon', 'a', 'b', 'c']);
    expect(clock.nowMs()).toBe(120.5);
    expect(clock.pending()).toBe(0);
  });

  it('simulated: a delay over 0 takes time, however short it is', () => {
    const clock = createSimulatedClock(133_507.28);
    const fired: number[] = [];
    clock.after(1e-11, () => fired.push(clock.nowMs()));
    clock.runNext();
    expect(fired[0]).toBeGreaterThan(133_507.28);
  });

  it('simulated: agrees with a plain list of timers over random use', () => {
    const prng = createSeededPrng(11);
    const clock = createSimulatedClock();
    let model: { dueMs: number; name: number; cancel: () => void }[] = [];
    const fired: number[] = [];
    const expected: number[] = [];
    for (let name = 0; name < 4000; name += 1) {
      const delayMs = Math.floor(prng() * 20);
      const cancel = clock.after(delayMs, () => fired.push(name));
      model.push({ dueMs: clock.nowMs() + delayMs, name, cancel });
      if (prng() < 0.5) model.splice(Math.floor(prng() * model.length), 1)[0]!.cancel();
      if (prng() < 0.2) {
        clock.advance(Math.floor(prng() * 5));
        const due = model.filter(({ dueMs }) => dueMs <= clock.nowMs()).sort((a, b) => a.dueMs - b.dueMs);
        expected.push(...due.map((one) => one.name));
        model = model.filter(({ dueMs }) => dueMs > clock.nowMs());
        for (const one of due) one.cancel();
      }
      expect(clock.pending()).toBe(model.length);
    }
    expect(fired).toEqual(expected);
    expect(fired.length).toBeGreaterThan(500);
  });
});

describe('DeadlineSet', () => {
  it('keeps one timer for many deadlines and expires each once, in order', () => {
    const clock = createSimulatedClock();
    const expired: number[] = [];
    const set = new DeadlineSet<number>(clock, (key) => expired.push(key));
    const due = [50, 10, 40, 20, 30];
    due.forEach((dueMs, key) => {
      set.add(key, dueMs);
    });
    expect(clock.pending()).toBe(1);
    expect(set.remove(2)).toBe(true);
    expect(set.remove(2)).toBe(false);
    set.add(1, 35);
    clock.advance(100);
    expect(expired).toEqual([3, 4, 1, 0]);
    expect(clock.pending()).toBe(0);
    expect(set.size).toBe(0);
  });

  it('a late deadline added while one expires does not put off an earlier one', () => {
    const clock = createSimulatedClock();
    const expired: string[] = [];
    const set: DeadlineSet<string> = new DeadlineSet(clock, (key) => {
      expired.push(`${key} ${clock.nowMs()}`);
      if (key === 'first') set.add('late', 1000);
    });
    set.add('first', 10);
    set.add('second', 20);
    clock.advance(500);
    expect(expired).toEqual(['first 10', 'second 20']);
    expect(clock.pending()).toBe(1);
  });

  it('does not grow with keys that come and go', () => {
    const clock = createSimulatedClock();
    const set = new DeadlineSet<number>(clock, () => {});
    set.add(-1, 1e9);
    for (let key = 0; key < 10_000; key += 1) {
      set.add(key, 1000 + key);
      set.remove(key);
    }
    expect(set.size).toBe(1);
    expect((set as unknown as { keys: unknown[] }).keys.length).toBe(2);
    expect((set as unknown as { deadlines: { heapSize: number } }).deadlines.heapSize).toBeLessThan(200);
  });

  it('agrees with a plain model over random use', () => {
    const prng = createSeededPrng(7);
    const clock = createSimulatedClock();
    const model = new Map<number, number>();
    const expired: number[] = [];
    const set = new DeadlineSet<number>(clock, (key) => {
      expired.push(key);
      expect(model.get(key)).toBeLessThanOrEqual(clock.nowMs());
      model.delete(key);
    });
    for (let turn = 0; turn < 5000; turn += 1) {
      const key = Math.floor(prng() * 100);
      if (prng() < 0.6) {
        const dueMs = clock.nowMs() + Math.floor(prng() * 50);
        model.set(key, dueMs);
        set.add(key, dueMs);
      } else {
        expect(set.remove(key)).toBe(model.delete(key));
      }
      if (prng() < 0.3) clock.advance(prng() * 10);
      for (const dueMs of model.values()) expect(dueMs).toBeGreaterThan(clock.nowMs() - 1e-9);
    }
    expect(expired.length).toBeGreaterThan(100);
  });
});

describe('machine', () => {
  it('looks rows up and refuses two for the same state and event', () => {
    const machine = compileMachine<'A' | 'B', 'go' | 'stop', 'beep'>('test', [
      ['A', 'go', 'B', 'beep'],
      ['B', 'stop', 'A'],
    ]);
    expect(machine.step('A', 'go')).toEqual({ next: 'B', actions: ['beep'] });
    expect(machine.step('A', 'stop')).toBeUndefined();
    expect(() =>
      compileMachine('double', [
        ['A', 'go', 'B'],
        ['A', 'go', 'A'],
      ]),
    ).toThrow(/two rows for A \/ go/);
  });
});

describe('OutBlock', () => {
  it('grows, hands on what was written and reuses what comes back', () => {
    const out = new OutBlock(16);
    expect(out.take()).toBeUndefined();
    const at = out.reserve(10);
    out.bytes.fill(1, at, at + 10);
    const next = out.reserve(20);
    out.bytes.fill(2, next, next + 20);
    const block = out.take();
    expect(block).toEqual(Buffer.concat([Buffer.alloc(10, 1), Buffer.alloc(20, 2)]));
    expect(out.length).toBe(0);
    out.recycle(block!);
    out.reserve(1);
    expect(out.bytes.buffer).toBe(block!.buffer);
  });

  it('begins as large as the tick before, with a block that came back where one is large enough', () => {
    const out = new OutBlock(16);
    out.reserve(1000);
    const large = out.take()!;
    out.reserve(1);
    expect(out.bytes.length).toBeGreaterThanOrEqual(1000);
    expect(out.bytes.buffer).not.toBe(large.buffer);
    const small = out.take()!;
    for (let each = 0; each < 20; each += 1) out.recycle(Buffer.from(new ArrayBuffer(1024)));
    out.recycle(large);
    out.recycle(small);
    expect((out as unknown as { spares: unknown[] }).spares).toHaveLength(3);
  });
});

describe('Queue and Ring', () => {
  it('Queue gives things back in order through growth', () => {
    const queue = new Queue<number>();
    for (let value = 0; value < 5000; value += 1) queue.push(value);
    for (let value = 0; value < 4000; value += 1) expect(queue.shift()).toBe(value);
    expect(queue.size).toBe(1000);
    expect([...queue][0]).toBe(4000);
    queue.clear();
    expect(queue.shift()).toBeUndefined();
  });

  it('Ring keeps the newest, oldest first', () => {
    const ring = new Ring<number>(3);
    for (const value of [1, 2, 3, 4, 5]) ring.push(value);
    expect(ring.toArray()).toEqual([3, 4, 5]);
    expect(ring.size).toBe(3);
  });
});

describe('Backoff', () => {
  it('doubles up to its limit, spread by jitter, and starts anew', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1000, jitter: 0.5 }, createSeededPrng(1));
    const delays = Array.from({ length: 8 }, () => backoff.nextMs());
    delays.forEach((delayMs, index) => {
      const fullMs = Math.min(1000, 100 * 2 ** index);
      expect(delayMs).toBeLessThanOrEqual(fullMs);
      expect(delayMs).toBeGreaterThanOrEqual(fullMs / 2);
    });
    expect(backoff.failures).toBe(8);
    backoff.reset();
    expect(backoff.nextMs()).toBeLessThanOrEqual(100);
  });
});

describe('errors', () => {
  it('every code has a sentence, a cause, what to do and a tperrno', () => {
    for (const [code, entry] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
      for (const text of [entry.text, entry.cause, entry.action]) expect(text).toMatch(/\.$/);
      expect(entry.tperrno).toBeGreaterThan(0);
    }
  });

  it('survives the way through a port', () => {
    const error = new HostLinkError('QUEUE_FULL', '(3 of 3)', { waiting: 3 });
    const copy = HostLinkError.fromRecord(structuredClone(error.toRecord()));
    expect(copy).toBeInstanceOf(HostLinkError);
    expect(copy).toMatchObject({ code: 'QUEUE_FULL', details: { waiting: 3 }, tperrno: 26, message: error.message });
    expect(toHostLinkError(new Error('odd')).code).toBe('INTERNAL');
    expect(toHostLinkError(error)).toBe(error);
  });
});
