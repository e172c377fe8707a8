import { fileURLToPath } from 'node:url';
import type { HostLink } from '../src/index.js';
import { askWorkers } from './ask-workers.js';
import { type SceneOptions, withRuntime } from './bench-scene.js';
import { hostlinkTarget } from './calls.js';
import { channelName, type Held, heldBytes } from './memory-worker.js';

/** What this process is told by its parent. */
export interface MemoryOrder {
  readonly port: number;
  readonly scene: SceneOptions;
  readonly payloadSize: number;
  /** Calls before it looks, so that all that is made on first use has been made. */
  readonly calls: number;
}

/** What it says: bytes, when nothing runs. */
export interface MemoryResult {
  readonly supervisor: number;
  readonly workers: number;
  readonly rss: number;
}

const WORKER_FILE = fileURLToPath(new URL('./memory-worker.js', import.meta.url));

async function look(hostlink: HostLink, workers: number): Promise<MemoryResult> {
  const answers = await askWorkers<Held>(channelName(hostlink.run), workers, 'look');
  const supervisor = heldBytes();
  const inWorkers = answers.reduce((sum, { bytes }) => sum + bytes, 0);
  return { supervisor, workers: inWorkers, rss: process.memoryUsage().rss };
}

/** A runtime in a process of its own: what other parts of the bench leave behind is not in its figures. */
async function run({ port, scene, payloadSize, calls }: MemoryOrder): Promise<MemoryResult> {
  return withRuntime(port, { ...scene, runtime: { workerFile: WORKER_FILE } }, async (hostlink) => {
    const { ask, check } = hostlinkTarget(hostlink, payloadSize);
    for (let call = 0; call < calls; call += 1) check!(await ask(call, 0), call);
    // The first look has made what looking itself needs.
    await look(hostlink, scene.workers);
    return look(hostlink, scene.workers);
  });
}

process.once('message', (order: MemoryOrder) => {
  void run(order).then(
    (result) => process.send!(result, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
