import { readlinkSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { BroadcastChannel } from 'node:worker_threads';
import linkWorker from '../workers/link-worker.js';

type Start = Parameters<typeof linkWorker>[0];

/** Event-loop delay, ms: how much later than it should a timer fired. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a worker says of its thread. */
export interface ThreadAnswer {
  readonly worker: number;
  /** The system's number of the thread; undefined where the system does not tell. */
  readonly thread: number | undefined;
  /** Since it was last asked. */
  readonly delay: LoopDelay;
}

const RESOLUTION_MS = 1;
const NANOS_PER_MS = 1e6;

/** Watches the event loop of its thread. */
export class DelayWatch {
  private histogram: IntervalHistogram | undefined;

  /** Begin anew. */
  start(): void {
    this.histogram?.disable();
    this.histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.histogram.enable();
  }

  /** What was seen since the start; 0 without one. */
  stop(): LoopDelay {
    const { histogram } = this;
    this.histogram = undefined;
    histogram?.disable();
    // What is counted is the time from one firing to the next, the wait that was asked for included.
    const late = (percent: number): number =>
      Math.max(0, (histogram?.percentile(percent) ?? 0) / NANOS_PER_MS - RESOLUTION_MS);
    return { p50Ms: late(50), p99Ms: late(99) };
  }
}

/** Number of the calling thread as proc(5) has it. */
function threadNumber(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return undefined;
  }
}

/** Where the threads of a run are asked: `start` begins to watch the event loop, `stop` ends it; both are answered. */
export function channelName(run: string): string {
  return `shares-${run}`;
}

/** The link worker, which also says what thread it is and how late its event loop was. */
export default async function sharesWorker(start: Start): Promise<unknown> {
  const asked = new BroadcastChannel(channelName(String(start.bindings.run)));
  const watch = new DelayWatch();
  asked.onmessage = (message: unknown) => {
    const { data } = message as { data: unknown };
    if (data !== 'start' && data !== 'stop') return;
    const delay = watch.stop();
    if (data === 'start') watch.start();
    asked.postMessage({ worker: start.workerId, thread: threadNumber(), delay } satisfies ThreadAnswer);
  };
  asked.unref();
  try {
    return await linkWorker(start);
  } finally {
    watch.stop();
    asked.close();
  }
}
