import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type SceneOptions, sessionsOf, withHost } from './bench-scene.js';
import { atMost, type Measure, shown } from './measure.js';
import type { MemoryOrder, MemoryResult } from './memory-process.js';

export interface MemoryOptions {
  readonly workers: number;
  readonly sessionsPerPu: number;
  readonly payloadSize: number;
  readonly calls: number;
}

const KB = 1024;

/** @throws Error when the process ends without its figures */
function runProcess(order: MemoryOrder): Promise<MemoryResult> {
  const child = fork(fileURLToPath(new URL('./memory-process.js', import.meta.url)));
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as MemoryResult));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the memory process ended with ${code}`)));
    child.send(order);
  });
}

/**
 * Memory of an idle session: a runtime with all sessions on its links less the same one with one session on each, heap and
 * buffers of all threads after a garbage collection, and after the same calls.
 */
export async function measureMemory({ workers, sessionsPerPu, ...load }: MemoryOptions): Promise<Measure[]> {
  const full: SceneOptions = { workers, shape: { sessionsPerPu } };
  const bare: SceneOptions = { workers, shape: { isSingle: true } };
  const [most, least] = await withHost(workers, undefined, async ({ port }) => [
    await runProcess({ port, scene: full, ...load }),
    await runProcess({ port, scene: bare, ...load }),
  ]);
  const more = sessionsOf(full) - sessionsOf(bare);
  const perSession = (pick: (result: MemoryResult) => number): number => (pick(most!) - pick(least!)) / more / KB;
  const [ofWorkers, ofSupervisor] = [perSession((one) => one.workers), perSession((one) => one.supervisor)];
  const resident = perSession(({ rss }) => rss);
  return [
    atMost({
      name: `memory per idle session, heap and buffers`,
      figure: ofWorkers + ofSupervisor,
      unit: 'KB',
      goal: 6,
      beside: `workers ${shown(ofWorkers)}, supervisor ${shown(ofSupervisor)} KB; resident ${shown(resident)} KB; ${sessionsOf(full)} sessions on ${workers} links`,
    }),
  ];
}
