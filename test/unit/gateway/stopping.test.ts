import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { Stopping } from '../../../src/gateway/stopping.js';

function scene() {
  const clock = createSimulatedClock();
  const done: string[] = [];
  const states: string[] = [];
  let drained: () => void = () => {};
  let workersGone: () => void = () => {};
  const workers = new Promise<void>((resolve) => {
    workersGone = resolve;
  });
  const stopping: Stopping = new Stopping({
    clock,
    left: () => ({ calls: 3, held: 1 }),
    drain(fire) {
      done.push('drain');
      drained = fire;
    },
    endWaiting: () => void done.push('end waiting'),
    stopWorkers(graceMs) {
      done.push(`stop workers ${graceMs}`);
      return workers;
    },
    changed: () => void states.push(stopping.state),
    event: (name, details) => void done.push(`${name} ${JSON.stringify(details)}`),
  });
  /** No worker is left. */
  async function finish(): Promise<void> {
    workersGone();
    await workers;
    clock.settle();
  }
  return { clock, done, states, stopping, drained: () => drained(), finish };
}

describe('stopping', () => {
  it('drain: nothing ends before all is done; then the workers stop', async () => {
    const { clock, done, states, stopping, drained, finish } = scene();
    const ended = stopping.stop('drain', 1000);
    expect(done).toEqual(['runtime.draining {"calls":3,"held":1,"graceMs":1000}', 'drain']);
    clock.advance(400);
    expect(stopping.state).toBe('DRAINING');
    drained();
    clock.settle();
    expect(done.splice(2)).toEqual(['end waiting', 'stop workers 1000']);
    clock.advance(999);
    expect(done.splice(2), 'the fast stage has its own time').toEqual([]);
    await finish();
    await ended;
    expect(done.splice(2)).toEqual(['runtime.stopped {"mode":"drain","ms":1399}']);
    expect(states).toEqual(['DRAINING', 'STOPPING', 'STOPPED']);
    expect(clock.pending()).toBe(0);
  });

  it('what takes too long goes on as the next stage, each with its time', async () => {
    const { clock, done, stopping, drained, finish } = scene();
    const ended = stopping.stop('drain', 1000);
    clock.advance(999);
    expect(done.splice(2)).toEqual([]);
    clock.advance(1);
    expect(done.splice(2)).toEqual(['end waiting', 'stop workers 1000']);
    drained();
    clock.settle();
    expect(done.splice(2), 'the last call ends while the workers stop').toEqual([]);
    clock.advance(1000);
    expect(done.splice(2)).toEqual(['end waiting', 'stop workers 0']);
    await finish();
    await ended;
    expect(done.splice(2)).toEqual(['runtime.stopped {"mode":"now","ms":2000}']);
    expect(clock.pending()).toBe(0);
  });

  it('a harder stop hastens, a softer one only waits; all get the same promise', async () => {
    const { done, stopping, finish } = scene();
    const first = stopping.stop('drain', 1000);
    expect(stopping.stop('drain', 5)).toBe(first);
    expect(done.splice(2)).toEqual([]);
    expect(stopping.stop('fast', 700)).toBe(first);
    expect(done.splice(2)).toEqual(['end waiting', 'stop workers 700']);
    expect(stopping.stop('drain', 5)).toBe(first);
    expect(stopping.stop('now', 700)).toBe(first);
    expect(done.splice(2)).toEqual(['end waiting', 'stop workers 0']);
    expect(stopping.stop('fast', 5)).toBe(first);
    expect(done.splice(2)).toEqual([]);
    await finish();
    await first;
    expect(stopping.state).toBe('STOPPED');
    expect(stopping.stop('now', 0)).toBe(first);
    expect(done.splice(2)).toHaveLength(1);
  });

  it('fast after a drain that is over already: what was begun is not begun again', async () => {
    const { clock, done, stopping, drained, finish } = scene();
    const ended = stopping.stop('drain', 1000);
    drained();
    clock.settle();
    done.splice(0);
    void stopping.stop('fast', 10);
    expect(done).toEqual([]);
    clock.advance(999);
    expect(stopping.state).toBe('STOPPING');
    await finish();
    await ended;
    expect(done).toEqual(['runtime.stopped {"mode":"fast","ms":999}']);
  });

  it('now: at once', async () => {
    const { clock, done, stopping, finish } = scene();
    const ended = stopping.stop('now', 9000);
    expect(done).toEqual(['end waiting', 'stop workers 0']);
    await finish();
    await ended;
    expect(clock.pending()).toBe(0);
    expect(done.at(-1)).toBe('runtime.stopped {"mode":"now","ms":0}');
  });

  it('an unknown mode is refused, and stops nothing', async () => {
    const { done, stopping } = scene();
    await expect(stopping.stop('later' as 'now', 0)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      details: { option: 'mode', allowed: 'drain, fast, now' },
    });
    expect(done).toEqual([]);
    expect(stopping.state).toBe('RUNNING');
  });
});
