import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { BroadcastChannel } from 'node:worker_threads';
import { until } from '../test/fault/until.js';

/** What is held at a moment when nothing runs. Memory in bytes, after a garbage collection. */
export interface Sample {
  readonly atMs: number;
  readonly calls: number;
  readonly served: number;
  readonly failed: number;
  /** Of the process: all threads. */
  readonly rss: number;
  /** Heap and buffers of the main thread, and those of all workers. */
  readonly heap: number;
  readonly workerHeap: number;
  readonly handles: number;
  readonly timers: number;
  readonly workerHandles: number;
  readonly workerTimers: number;
  readonly sessions: number;
}

/** A row of samples, and whether it stays where it was. */
export interface Trend {
  readonly name: string;
  readonly unit: 'MB' | '';
  /** Least squares over all samples, per hour. */
  readonly slopePerHour: number;
  readonly firstThird: number;
  readonly lastThird: number;
  /** Most that the last third may be over the first. */
  readonly allowed: number;
  readonly isFlat: boolean;
}

interface Look {
  readonly from: number;
  readonly seq: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly resources: readonly string[];
}

const MB = 1_048_576;
/** What the system has given to the process grows for a minute or two before it settles. */
const SHORT_MS = 120_000;
const RSS_SHORT_MB = 100;
const RSS_MB = 24;
const HOUR_MS = 3_600_000;
const TIMERS = new Set(['Timeout', 'Immediate']);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function countOf(resources: readonly string[]): { timers: number; handles: number } {
  const timers = resources.filter((name) => TIMERS.has(name)).length;
  return { timers, handles: resources.length - timers };
}

/** Looks at the process and into its workers. */
export class Watch {
  readonly samples: Sample[] = [];
  private readonly orders: BroadcastChannel;
  private readonly workers: number;
  private readonly startMs = performance.now();
  private looks: Look[] = [];
  private seq = 0;

  constructor(orders: BroadcastChannel, workers: number) {
    this.orders = orders;
    this.workers = workers;
    orders.onmessage = (message: unknown) => {
      this.looks.push((message as { data: Look }).data);
    };
  }

  /** Take a sample; nothing may run. */
  async look(counts: { calls: number; served: number; failed: number; sessions: number }): Promise<Sample> {
    this.seq += 1;
    this.looks = [];
    this.orders.postMessage({ command: 'look', seq: this.seq });
    const answers = (): Look[] => this.looks.filter(({ seq }) => seq === this.seq);
    await until('all workers have looked at themselves', () => answers().length === this.workers);
    collectGarbage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const own = countOf(process.getActiveResourcesInfo());
    const theirs = answers().map(({ resources }) => countOf(resources));
    const sample: Sample = {
      ...counts,
      atMs: Math.round(performance.now() - this.startMs),
      rss,
      heap: heapUsed + external,
      workerHeap: answers().reduce((sum, look) => sum + look.heapUsed + look.external, 0),
      handles: own.handles,
      timers: own.timers,
      workerHandles: theirs.reduce((sum, { handles }) => sum + handles, 0),
      workerTimers: theirs.reduce((sum, { timers }) => sum + timers, 0),
    };
    this.samples.push(sample);
    return sample;
  }

  trends(): Trend[] {
    const { samples } = this;
    const isShort = (samples.at(-1)?.atMs ?? 0) < SHORT_MS;
    return [
      memoryTrend('resident memory', samples, ({ rss }) => rss, 0.1, isShort ? RSS_SHORT_MB : RSS_MB),
      memoryTrend('heap, main thread', samples, ({ heap }) => heap, 0.05, 2),
      memoryTrend('heap, workers', samples, ({ workerHeap }) => workerHeap, 0.05, 2),
      trendOf(
        'handles, main thread',
        '',
        samples,
        ({ handles }) => handles,
        () => 1,
      ),
      trendOf(
        'timers, main thread',
        '',
        samples,
        ({ timers }) => timers,
        () => 1,
      ),
      trendOf(
        'handles, workers',
        '',
        samples,
        ({ workerHandles }) => workerHandles,
        () => 1,
      ),
      trendOf(
        'timers, workers',
        '',
        samples,
        ({ workerTimers }) => workerTimers,
        () => 1,
      ),
    ];
  }
}

function memoryTrend(
  name: string,
  samples: readonly Sample[],
  pick: (sample: Sample) => number,
  share: number,
  slackMb: number,
): Trend {
  return trendOf(
    name,
    'MB',
    samples,
    (sample) => pick(sample) / MB,
    (first) => first * share + slackMb,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** Of least squares, per ms. */
function slopeOf(points: readonly (readonly [atMs: number, value: number])[]): number {
  const meanAt = mean(points.map(([at]) => at));
  const meanValue = mean(points.map(([, value]) => value));
  const spread = points.reduce((sum, [at]) => sum + (at - meanAt) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, [at, value]) => sum + (at - meanAt) * (value - meanValue), 0) / spread;
}

/** First third against last third, and the slope over all. */
export function trendOf<S extends { readonly atMs: number }>(
  name: string,
  unit: Trend['unit'],
  samples: readonly S[],
  pick: (sample: S) => number,
  allow: (firstThird: number) => number,
): Trend {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const firstThird = mean(samples.slice(0, third).map(pick));
  const lastThird = mean(samples.slice(-third).map(pick));
  const allowed = allow(firstThird);
  const slopePerHour = slopeOf(samples.map((sample) => [sample.atMs, pick(sample)] as const)) * HOUR_MS;
  return { name, unit, slopePerHour, firstThird, lastThird, allowed, isFlat: lastThird - firstThird <= allowed };
}
