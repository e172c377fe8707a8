import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dist } from '../helpers/dist.js';
import { printFigures, Scene } from './scene.js';

const WORKER_FILE = fileURLToPath(new URL('./fault-worker.mjs', import.meta.url));

let scene: Scene;
let orders: BroadcastChannel;
beforeAll(async () => {
  scene = await Scene.start(dist.HostLink.start, {
    size: { links: 2, pool: 8, terminals: 8 },
    callers: 48,
    server: { pingInterval: '100ms', pingTimeout: '600ms' },
    runtime: { workerFile: WORKER_FILE },
  });
  orders = new BroadcastChannel(`faults-${scene.hostlink.run}`);
});
beforeEach(() => {
  scene.load.timeoutMs = 10_000;
});
afterAll(async () => {
  orders.close();
  process.stdout.write(`\n${printFigures(scene.figures)}`);
  await scene.dispose();
});

/** Out of memory is for soak.test.ts: it needs a process with a small heap. */
describe('workers that die under load, 32 sessions of the pool and 32 of terminals', () => {
  it.each([
    ['exit', 0, 'worker exited with code: 7'],
    ['throw', 1, 'told to throw'],
    ['loop', 0, 'hung: no sign of life'],
  ])('%s: lost once, started again, all sessions back, the other worker goes on', async (command, workerId, reason) => {
    const before = scene.lost.length;
    const other = scene.hostlink.stats().workers[1 - workerId]!;
    const order = async (): Promise<void> => orders.postMessage({ workerId, command });
    const { failed } = await scene.under(command, order, () => {}, { comebacks: 1 });
    expect(scene.lost.slice(before)).toEqual([expect.stringContaining(reason)]);
    // At most what the lost one had under way: as many calls as it has sessions.
    const { OUTCOME_UNKNOWN: unknown = 0, ...others } = failed;
    expect(others).toEqual({});
    expect(unknown).toBeLessThanOrEqual(32);
    const after = scene.hostlink.stats().workers[1 - workerId]!;
    expect([after.restarts, after.state]).toEqual([other.restarts, 'READY']);
  });

  it('both at once', async () => {
    const before = scene.lost.length;
    const order = async (): Promise<void> => {
      for (const workerId of [0, 1]) orders.postMessage({ workerId, command: 'exit' });
    };
    await scene.under('exit, both', order, () => {}, { comebacks: 2 });
    expect(scene.lost.length - before).toBe(2);
  });

  it('afterwards each terminal still meets its LU, and the books agree', async () => {
    await scene.load.stop();
    await scene.quiet();
    expect(await scene.sweep()).toBe(0);
    const { comparison, report } = await scene.end();
    expect(comparison.faults).toEqual([]);
    expect(report?.list).toEqual([]);
    expect(scene.host.crashes).toEqual([]);
  });
});
