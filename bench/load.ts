import { createHistogram, performance } from 'node:perf_hooks';
import { median } from './measure.js';

/** One thing that can be asked again and again, with so many under way at once. */
export interface Target {
  readonly name: string;
  /**
   * One round trip.
   * @param index counts up, so that each payload can be its own
   * @param caller below the number in flight: who asks, and has nothing else under way
   */
  ask(index: number, caller: number): Promise<unknown>;
  /** Hold the reply of `index` against what was sent; apart, so that no target pays for another promise. @throws Error */
  check?(reply: unknown, index: number): void;
}

export interface LoadResult {
  readonly calls: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The slowest of all. */
  readonly maxMs: number;
}

const NANOS_PER_MS = 1e6;
/** With fewer under way than this, code is run too seldom to be compiled in a moment. */
const WARM_UP_IN_FLIGHT_MIN = 64;

/** Times from a microsecond to a minute, kept to three figures. */
export class Latencies {
  private readonly histogram = createHistogram({ lowest: 1000, highest: 60e9, figures: 3 });

  record(ms: number): void {
    this.histogram.record(Math.max(1, Math.round(ms * NANOS_PER_MS)));
  }

  percentileMs(percent: number): number {
    return this.histogram.percentile(percent) / NANOS_PER_MS;
  }

  get maxMs(): number {
    return this.histogram.max / NANOS_PER_MS;
  }
}

/** Keep `inFlight` requests under way for `durationMs`, after a warm-up that is not counted. */
export async function runLoad(
  target: Target,
  inFlight: number,
  durationMs: number,
  warmUpMs: number,
): Promise<LoadResult> {
  await drive(target, inFlight, warmUpMs);
  return drive(target, inFlight, durationMs);
}

async function drive(target: Target, inFlight: number, durationMs: number): Promise<LoadResult> {
  const latencies = new Latencies();
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let next = 0;
  async function caller(_: unknown, number: number): Promise<void> {
    for (;;) {
      const sentMs = performance.now();
      if (sentMs >= endMs) return;
      const index = next++;
      const reply = await target.ask(index, number);
      target.check?.(reply, index);
      latencies.record(performance.now() - sentMs);
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller));
  const seconds = (performance.now() - startMs) / 1000;
  return {
    calls: next,
    perSecond: next / seconds,
    p50Ms: latencies.percentileMs(50),
    p99Ms: latencies.percentileMs(99),
    maxMs: latencies.maxMs,
  };
}

/** How each target is used before the first round, and measured in turns after it. */
export interface TurnOptions {
  readonly roundMs: number;
  readonly rounds: number;
  readonly warmUpMs: number;
  /** Of the baselines, all targets but the first, if it is another one: they are less code, which is compiled sooner. */
  readonly baselineWarmUpMs?: number;
}

/** Use each target at the load it will be measured at, until its code is compiled: what is compiled late is no slow target. */
export async function warmUp(
  targets: readonly Target[],
  inFlight: number,
  { warmUpMs, baselineWarmUpMs = warmUpMs }: Omit<TurnOptions, 'roundMs' | 'rounds'>,
): Promise<void> {
  const isFew = inFlight < WARM_UP_IN_FLIGHT_MIN;
  for (const [index, target] of targets.entries()) {
    const durationMs = index === 0 ? warmUpMs : baselineWarmUpMs;
    if (isFew) await drive(target, WARM_UP_IN_FLIGHT_MIN, durationMs / 2);
    await drive(target, inFlight, isFew ? durationMs / 2 : durationMs);
  }
}

/**
 * Measure each target `rounds` times, taking turns, so that a change of the machine's mood meets all of them.
 * @returns the rounds of each target, in the order of the targets
 */
export async function takeTurns(
  targets: readonly Target[],
  inFlight: number,
  { roundMs, rounds, ...warmUps }: TurnOptions,
): Promise<LoadResult[][]> {
  await warmUp(targets, inFlight, warmUps);
  const results: LoadResult[][] = targets.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, target] of targets.entries()) {
      results[index]!.push(await runLoad(target, inFlight, roundMs, roundMs / 4));
    }
  }
  return results;
}

/** The median of several rounds, figure by figure. */
export function medians(rounds: readonly LoadResult[]): LoadResult {
  return {
    calls: rounds.reduce((sum, round) => sum + round.calls, 0),
    perSecond: median(rounds.map((round) => round.perSecond)),
    p50Ms: median(rounds.map((round) => round.p50Ms)),
    p99Ms: median(rounds.map((round) => round.p99Ms)),
    maxMs: Math.max(...rounds.map((round) => round.maxMs)),
  };
}
