import { afterEach, describe, expect, it } from 'vitest';
import { dist } from '../helpers/dist.js';
import type { Direction } from './fault-proxy.js';
import { printFigures, Scene } from './scene.js';

let scene: Scene | undefined;
afterEach(async () => {
  if (scene) process.stdout.write(`\n${printFigures(scene.figures)}`);
  await scene?.dispose();
  scene = undefined;
});

/**
 * TCP has its checksums, so this is what a broken router or program in between would do. It may leave the two ends with
 * different ideas of a circuit or session that nothing but a new connection sets right, so the damage ends with one.
 */
describe.each<[Direction, number]>([
  ['toHost', 1],
  ['toRuntime', 2],
])('bytes changed %s', (direction, seed) => {
  it('no crash of either side, no call without an answer, wrong replies explained, everything back once it is over', async () => {
    const at = await Scene.start(dist.HostLink.start, { size: { links: 2, pool: 16, terminals: 0 }, seed });
    scene = at;
    const fault = async (): Promise<void> => {
      at.load.timeoutMs = 300;
      at.proxy.set({ corrupt: { [direction]: 0.0005 } });
      await at.settled(1000);
      at.load.timeoutMs = 10_000;
    };
    const heal = (): number => {
      at.proxy.heal();
      at.proxy.reset();
      return at.size.links;
    };
    const { wrong } = await at.under(`bytes changed ${direction}`, fault, heal);
    expect(at.proxy.stats.corrupted).toBeGreaterThan(20);
    expect(wrong).toBeGreaterThan(0);
    await at.load.stop();
    await at.activateHeld();
    await at.quiet();
    expect(await at.sweep()).toBe(0);
    const { comparison } = await at.end({ [direction]: true });
    expect(comparison.faults).toEqual([]);
    expect(at.host.crashes).toEqual([]);
    expect([at.events('worker.lost'), at.events('worker.down')]).toEqual([0, 0]);
  });
});
