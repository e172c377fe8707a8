import { createHistogram, performance } from 'node:perf_hooks';

/** One thing that can be asked again and again, with so many under way at once. */
export interface Target {
  readonly name: string;
  /**
   * One round trip.
   * @param index counts up, so that each payload can be its own
   * @param caller below the number in flight: who asks, and has nothing else under way
   */
  ask(index: number, caller: number): Promise<unknown>;
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
const WARM_UP_IN_FLIGHT = 64;

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
  const histogram = createHistogram({ lowest: 1000, highest: 60e9, figures: 3 });
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let next = 0;
  async function caller(_: unknown, number: number): Promise<void> {
    for (;;) {
      const sentMs = performance.now();
      if (sentMs >= endMs) return;
      await target.ask(next++, number);
      histogram.record(Math.max(1, Math.round((performance.now() - sentMs) * NANOS_PER_MS)));
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller));
  const seconds = (performance.now() - startMs) / 1000;
  return {
    calls: next,
    perSecond: next / seconds,
    p50Ms: histogram.percentile(50) / NANOS_PER_MS,
    p99Ms: histogram.percentile(99) / NANOS_PER_MS,
    maxMs: histogram.max / NANOS_PER_MS,
  };
}

/**
 * Measure each target `rounds` times, taking turns, so that a change of the machine's mood meets all of them.
 * @param options warmUpMs: how long each is used once before the first round, so that none is measured while it is compiled
 * @returns the rounds of each target, in the order of the targets
 */
export async function takeTurns(
  targets: readonly Target[],
  inFlight: number,
  { roundMs, rounds, warmUpMs = 0 }: { readonly roundMs: number; readonly rounds: number; readonly warmUpMs?: number },
): Promise<LoadResult[][]> {
  if (warmUpMs > 0) for (const target of targets) await drive(target, WARM_UP_IN_FLIGHT, warmUpMs);
  const results: LoadResult[][] = targets.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, target] of targets.entries()) {
      results[index]!.push(await runLoad(target, inFlight, roundMs, roundMs / 4));
    }
  }
  return results;
}
