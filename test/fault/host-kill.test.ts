import { afterEach, describe, expect, it } from 'vitest';
import { dist } from '../helpers/dist.js';
import { type FaultFigures, printFigures, Scene } from './scene.js';

let scene: Scene | undefined;
afterEach(async () => {
  if (scene) process.stdout.write(`\n${printFigures(scene.figures)}`);
  await scene?.dispose();
  scene = undefined;
});

/** kill -9, nobody there for a while, and the same host again: it knows nothing of before. */
function killed(at: Scene, name: string): Promise<FaultFigures> {
  const fault = async (): Promise<void> => {
    at.load.timeoutMs = 300;
    await at.host.kill();
    await at.failed('SESSION_WAIT_TIMEOUT', at.load.options.callers);
    at.load.timeoutMs = 10_000;
  };
  return at.under(name, fault, () => at.host.start(), { comebacks: 2 });
}

describe('the host is killed and comes back, 512 sessions', () => {
  it('under load, twice: no call is lost or doubled, every session comes back', async () => {
    scene = await Scene.start(dist.HostLink.start, { size: { links: 2, pool: 112, terminals: 16 }, callers: 256 });
    expect(scene.total).toBe(512);
    for (const name of ['host kill -9', 'host kill -9 again']) {
      const { failed } = await killed(scene, name);
      expect(failed.OUTCOME_UNKNOWN).toBeGreaterThan(0);
    }
    await scene.load.stop();
    await scene.quiet();
    expect(await scene.sweep()).toBe(0);
    const { comparison, report } = await scene.end();
    expect(comparison.faults).toEqual([]);
    expect(comparison.unknown.done + comparison.unknown.notDone).toBeGreaterThan(0);
    expect(report?.list).toEqual([]);
    expect(scene.host.crashes).toEqual([]);
  });
});
