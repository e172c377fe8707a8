import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BroadcastChannel } from 'node:worker_threads';
import linkWorker from '../workers/link-worker.js';

type Start = Parameters<typeof linkWorker>[0];

/** Bytes that one thread holds after a garbage collection: its heap, and buffers beside it. */
export interface Held {
  readonly worker: number;
  readonly bytes: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Heap and buffers of this thread, with nothing in them that nobody uses. */
export function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Where the threads of a run are asked. */
export function channelName(run: string): string {
  return `memory-${run}`;
}

/** The link worker, which also says what its thread holds when it is asked. */
export default async function memoryWorker(start: Start): Promise<unknown> {
  const asked = new BroadcastChannel(channelName(String(start.bindings.run)));
  asked.onmessage = (message: unknown) => {
    if ((message as { data: unknown }).data !== 'look') return;
    asked.postMessage({ worker: start.workerId, bytes: heldBytes() } satisfies Held);
  };
  asked.unref();
  try {
    return await linkWorker(start);
  } finally {
    asked.close();
  }
}
