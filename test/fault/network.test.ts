import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dist } from '../helpers/dist.js';
import { printFigures, Scene } from './scene.js';
import { until } from './until.js';

const callers = 32;

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start(dist.HostLink.start, { size: { links: 2, pool: 16, terminals: 0 }, callers });
});
afterAll(async () => {
  process.stdout.write(`\n${printFigures(scene.figures)}`);
  await scene.dispose();
});

afterEach(() => scene.proxy.heal());

const heal = (): void => scene.proxy.heal();
const notServed = (): number => Object.values(scene.book.tally().failed).reduce((sum, count) => sum + count, 0);

/** All one after the other on one runtime, which so has to come back from each as if nothing had been. */
describe('faults of the network under load, 64 sessions on two links', () => {
  beforeEach(() => {
    scene.load.timeoutMs = 10_000;
  });

  it('latency and jitter: everything is served', async () => {
    const fault = async (): Promise<void> => {
      scene.proxy.set({ latencyMs: 20, jitterMs: 10 });
      await scene.settled(200);
    };
    const { failed } = await scene.under('latency 20 to 30 ms', fault, heal);
    expect(failed).toEqual({});
  });

  it('single bytes: everything is served', async () => {
    const fault = async (): Promise<void> => {
      scene.proxy.set({ sliceBytes: 1 });
      await scene.settled(150);
    };
    const { failed } = await scene.under('single bytes', fault, heal);
    expect(failed).toEqual({});
  });

  it('little bandwidth: calls go on', async () => {
    const fault = async (): Promise<void> => {
      scene.proxy.set({ bytesPerSecond: 50_000 });
      await scene.served(150);
    };
    await scene.under('50 kB/s', fault, heal);
  });

  it.each([[['toHost'] as const], [['toRuntime'] as const], [['toHost', 'toRuntime'] as const]])(
    'stall %s: callers time out, sessions come back without a new link',
    async (stall) => {
      const downs = scene.events('link.down');
      scene.load.timeoutMs = 400;
      const fault = async (): Promise<void> => {
        scene.proxy.set({ stall });
        await scene.failed('CALL_TIMEOUT', callers);
      };
      await scene.under(`stall ${stall.join(', ')}`, fault, heal);
      expect(scene.events('link.down')).toBe(downs);
    },
  );
});

describe('connections that end', () => {
  beforeEach(() => {
    scene.load.timeoutMs = 400;
  });

  it('reset, twice', async () => {
    const reset = async (): Promise<void> => {
      await scene.repliesStalled();
      expect(scene.proxy.reset()).toBe(2);
    };
    for (const name of ['reset', 'reset again']) {
      scene.load.timeoutMs = 10_000;
      const { failed } = await scene.under(name, reset, heal, { comebacks: 2 });
      // Each caller lost one; some called again before the other link was known to be lost.
      expect(Object.keys(failed)).toEqual(['OUTCOME_UNKNOWN']);
      expect(failed.OUTCOME_UNKNOWN).toBeGreaterThanOrEqual(callers);
    }
  });

  it('reset, and nobody to connect to for a while', async () => {
    const fault = async (): Promise<void> => {
      scene.proxy.refuse();
      scene.proxy.reset();
      await scene.said('link.refused', 2);
      await scene.failed('SESSION_WAIT_TIMEOUT', callers);
    };
    const { failed } = await scene.under('refused', fault, () => scene.proxy.accept(), { comebacks: 2 });
    const { OUTCOME_UNKNOWN: _lost, SESSION_WAIT_TIMEOUT: _notSent, ...others } = failed;
    expect(others).toEqual({});
  });

  it('reset, and the host hears of it later: until then it has no place for us', async () => {
    const fault = async (): Promise<void> => {
      expect(scene.proxy.reset('runtime')).toBe(2);
      await scene.said('circuit.down', 8);
    };
    await scene.under('host hears later', fault, () => scene.proxy.dropDead(), { comebacks: 2 });
  });

  it('half-open: the runtime finds out by itself that nobody answers, and connects anew', async () => {
    const fault = async (): Promise<void> => {
      const { connections } = scene.proxy.stats;
      scene.proxy.set({ halfOpen: true });
      await scene.failed('CALL_TIMEOUT', callers);
      await scene.failed('SESSION_WAIT_TIMEOUT', callers);
      scene.proxy.heal();
      await until('new connections', () => scene.proxy.stats.connections >= connections + 2);
    };
    // The host still holds the old ones: it has a place for us when it hears of their end.
    await scene.under('half-open', fault, () => void scene.proxy.dropDead(), { comebacks: 2 });
  });

  it('after all of them every session works, and the books agree', async () => {
    await scene.load.stop();
    await scene.quiet();
    expect(await scene.sweep()).toBe(0);
    const failed = notServed();
    const { comparison, report } = await scene.end();
    expect(comparison.faults).toEqual([]);
    expect(comparison.served + failed).toBe(comparison.calls);
    expect(report?.list).toEqual([]);
    expect(scene.host.crashes).toEqual([]);
  });
});

describe('the comparison itself', () => {
  it('finds calls that were executed twice, where the runtime was allowed to send them again', async () => {
    const twice = await Scene.start(dist.HostLink.start, { size: { links: 1, pool: 4 }, callers: 8, idempotent: true });
    try {
      twice.load.start();
      await twice.served(20);
      await twice.repliesStalled();
      twice.proxy.reset();
      twice.proxy.heal();
      await twice.served(20);
      const { comparison } = await twice.end();
      expect(comparison.faults).toEqual([expect.stringContaining('8 calls executed more than once')]);
    } finally {
      await twice.dispose();
    }
  });
});
