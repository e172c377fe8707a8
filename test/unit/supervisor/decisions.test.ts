import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../src/base/backoff.js';
import { Gate } from '../../../src/supervisor/gate.js';
import { LinkPool, sessionsOf, sessionsPerGroup } from '../../../src/supervisor/link-pool.js';
import { RestartPolicy } from '../../../src/supervisor/restart-policy.js';
import { GROWTH_PAUSE_MS, type ScaleView, shouldGrow } from '../../../src/supervisor/scaler.js';
import { Watchdog } from '../../../src/supervisor/watchdog.js';
import { fakeConfig } from '../../helpers/fake-config.js';

function policy(maxrstart: number, gperiodMs: number): RestartPolicy {
  return new RestartPolicy({ maxrstart, gperiodMs }, new Backoff({ firstMs: 100, maxMs: 1000, jitter: 0 }, () => 0));
}

describe('restart policy', () => {
  it('starts again later each time, at most MAXRSTART times within GPERIOD', () => {
    const tested = policy(3, 60_000);
    expect([0, 1000, 2000, 3000].map((nowMs) => tested.lost(nowMs))).toEqual([100, 200, 400, undefined]);
  });

  it('counts a restart no longer once GPERIOD has passed', () => {
    const tested = policy(1, 1000);
    expect(tested.lost(0)).toBe(100);
    expect(tested.lost(1099)).toBeUndefined();
    expect(tested.lost(1100)).toBe(200);
  });

  it('begins with the first delay again once it works', () => {
    const tested = policy(-1, 1000);
    expect([tested.lost(0), tested.lost(0)]).toEqual([100, 200]);
    tested.settled();
    expect(tested.lost(0)).toBe(100);
  });

  it('allows none with 0', () => {
    expect(policy(0, 1000).lost(0)).toBeUndefined();
  });

  it('never allows more than MAXRSTART restarts in any GPERIOD', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5 }), fc.array(fc.nat({ max: 800 }), { maxLength: 40 }), (maxrstart, gapsMs) => {
        const tested = policy(maxrstart, 1000);
        const restartsMs: number[] = [];
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          const delayMs = tested.lost(nowMs);
          if (delayMs === undefined) continue;
          nowMs += delayMs;
          restartsMs.push(nowMs);
        }
        for (const fromMs of restartsMs) {
          const within = restartsMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + 1000);
          expect(within.length).toBeLessThanOrEqual(maxrstart);
        }
      }),
    );
  });
});

describe('scaler', () => {
  const view: ScaleView = { waiting: 6, asqcount: 5, freeLinks: 1, idleWorkers: 1, sinceLastGrowthMs: GROWTH_PAUSE_MS };

  it('grows when more than ASQCOUNT calls wait', () => {
    expect(shouldGrow(view)).toBe(true);
    expect(shouldGrow({ ...view, waiting: 5 })).toBe(false);
  });

  it.each([{ asqcount: -1 }, { freeLinks: 0 }, { idleWorkers: 0 }, { sinceLastGrowthMs: GROWTH_PAUSE_MS - 1 }])(
    'does not grow with %o',
    (over) => {
      expect(shouldGrow({ ...view, ...over })).toBe(false);
    },
  );
});

describe('watchdog', () => {
  const limits = { pingIntervalMs: 100, pingTimeoutMs: 50, startTimeoutMs: 1000 };

  it('gives a new thread its start time', () => {
    const dog = new Watchdog(limits, 0);
    expect(dog.check(999)).toBe('fine');
    expect(dog.check(1000)).toBe('not-started');
  });

  it('asks in intervals and finds who does not answer', () => {
    const dog = new Watchdog(limits, 0);
    dog.heard(10);
    expect(dog.check(99)).toBe('fine');
    expect(dog.check(100)).toBe('ask');
    expect(dog.check(149)).toBe('fine');
    expect(dog.check(150)).toBe('hung');
    dog.heard(151);
    expect(dog.check(152)).toBe('fine');
  });

  it('blames nobody for the time we stood still ourselves', () => {
    const dog = new Watchdog(limits, 0);
    dog.heard(1);
    expect(dog.check(100)).toBe('ask');
    dog.excuse(5000);
    expect(dog.check(5000)).toBe('fine');
    expect(dog.check(5050)).toBe('hung');
  });
});

describe('link pool and gate', () => {
  it('puts links given back at the end', () => {
    const { links } = fakeConfig({ links: ['A', 'B'], sessions: 3, groups: 2 });
    const pool = new LinkPool(links, 2);
    const first = pool.take()!;
    pool.giveBack(first);
    expect([pool.take()?.name, pool.take()?.name, pool.take()]).toEqual(['B', 'A', undefined]);
    expect(sessionsPerGroup(first, 2)).toEqual([3, 3]);
    expect(sessionsOf(first)).toBe(6);
  });

  it('opens when the last one has left', async () => {
    const gate = new Gate<number>();
    await gate.empty();
    gate.enter(1);
    gate.enter(2);
    let isOpen = false;
    const open = gate.empty().then(() => {
      isOpen = true;
    });
    gate.leave(1);
    await Promise.resolve();
    expect(isOpen).toBe(false);
    gate.leave(2);
    await open;
    expect(isOpen).toBe(true);
  });
});
