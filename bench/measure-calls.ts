import { type Baseline, startPiscinaEcho, startPortEcho, startTcpEcho } from './baselines.js';
import { withScene } from './bench-scene.js';
import { hostlinkTarget } from './calls.js';
import { type LoadResult, type TurnOptions, takeTurns } from './load.js';
import { atLeast, atMost, type Measure, median, ratioOf, shown } from './measure.js';

export interface RoundOptions extends TurnOptions {
  readonly workers: number;
  readonly sessionsPerPu: number;
  readonly payloadSize: number;
}

export interface LoadedOptions extends RoundOptions {
  /** Calls under way, for the calls per second and for the p99. */
  readonly inFlight: readonly [throughput: number, latency: number];
}

const perSecond = (round: LoadResult): number => round.perSecond;
const p99Ms = (round: LoadResult): number => round.p99Ms;
const p50Us = (round: LoadResult): number => round.p50Ms * 1000;

/** The median of one figure over the rounds, as text. */
function middle(rounds: readonly LoadResult[], pick: (round: LoadResult) => number): string {
  return shown(median(rounds.map(pick)));
}

async function stopAll(baselines: readonly Baseline[]): Promise<void> {
  for (const baseline of baselines) await baseline.stop();
}

/** Whole calls under load: beside `piscina.run` of an empty task, and beside a bare TCP echo of the same bytes. */
export async function measureLoaded(options: LoadedOptions): Promise<Measure[]> {
  const { workers, sessionsPerPu, payloadSize, inFlight } = options;
  return withScene({ workers, shape: { sessionsPerPu } }, async (hostlink) => {
    const piscina = startPiscinaEcho(payloadSize, workers);
    const tcp = await startTcpEcho(payloadSize);
    try {
      const call = hostlinkTarget(hostlink, payloadSize);
      const [calls, tasks, echoes] = await takeTurns([call, piscina, tcp], inFlight[0], options);
      const { roundMs, rounds, warmUpMs } = options;
      // Everything is compiled by now; only the load is another one.
      const shorter = { roundMs, rounds, warmUpMs: warmUpMs / 4 };
      const [near, nearTasks] = await takeTurns([call, piscina], inFlight[1], shorter);
      const what = `${inFlight[0]} in flight`;
      return [
        atLeast({
          name: `calls per second over piscina.run of an empty echo, ${what}`,
          figure: ratioOf(calls!, tasks!, perSecond),
          unit: 'x',
          goal: 4,
          beside: `${middle(calls!, perSecond)} calls/s of ${payloadSize} bytes, ${middle(tasks!, perSecond)} tasks/s; ${workers} threads each`,
        }),
        atLeast({
          name: `calls per second over bare batched TCP echo, ${what}`,
          figure: ratioOf(calls!, echoes!, perSecond),
          unit: 'x',
          goal: 0.5,
          beside: `${middle(calls!, perSecond)} calls/s, ${middle(echoes!, perSecond)} echoes/s from one thread`,
        }),
        atMost({
          name: `p99 of calls over p99 of piscina.run, ${inFlight[1]} in flight`,
          figure: ratioOf(near!, nearTasks!, p99Ms),
          unit: 'x',
          goal: 0.4,
          beside: `${middle(near!, p99Ms)} ms, ${middle(nearTasks!, p99Ms)} ms`,
        }),
      ];
    } finally {
      await stopAll([piscina, tcp]);
    }
  });
}

/** One call at a time: beside one TCP echo and one hop to a thread and back, the two ways that it cannot do without. */
export async function measureSingle(options: RoundOptions): Promise<Measure[]> {
  const { workers, sessionsPerPu, payloadSize } = options;
  return withScene({ workers, shape: { sessionsPerPu } }, async (hostlink) => {
    const tcp = await startTcpEcho(payloadSize, true);
    const port = await startPortEcho(payloadSize);
    try {
      const [calls, echoes, hops] = await takeTurns([hostlinkTarget(hostlink, payloadSize), tcp, port], 1, options);
      const floors = echoes!.map((echo, at) => ({ p50Ms: echo.p50Ms + hops![at]!.p50Ms }));
      return [
        atMost({
          name: 'p50 of a single call over one TCP echo and one MessagePort hop',
          figure: ratioOf(calls as readonly { p50Ms: number }[], floors, (round) => round.p50Ms),
          unit: 'x',
          goal: 1.5,
          beside: `${middle(calls!, p50Us)} us, ${middle(echoes!, p50Us)} + ${middle(hops!, p50Us)} us`,
        }),
      ];
    } finally {
      await stopAll([tcp, port]);
    }
  });
}

/**
 * Long payloads, as chains of requests in segments: beside a bare TCP echo of the same bytes.
 * @param options piuSizeMax: MAXDATA; below the 3,840 bytes of a RU each RU travels in segments. inFlight: the goal is about
 *   the first, the others are told beside it
 */
export async function measureLong(
  options: RoundOptions & { readonly piuSizeMax: number; readonly inFlight: readonly [number, ...number[]] },
): Promise<Measure[]> {
  const { workers, sessionsPerPu, payloadSize, piuSizeMax, inFlight } = options;
  return withScene({ workers, shape: { sessionsPerPu, piuSizeMax } }, async (hostlink) => {
    const tcp = await startTcpEcho(payloadSize);
    const megabytes = (round: LoadResult): number => (round.perSecond * payloadSize) / 1e6;
    try {
      const figures: { readonly ratio: number; readonly beside: string }[] = [];
      for (const callers of inFlight) {
        const targets = [hostlinkTarget(hostlink, payloadSize), tcp];
        const [calls, echoes] = await takeTurns(targets, callers, options);
        const beside = `${middle(calls!, megabytes)} MB/s each way, ${middle(echoes!, megabytes)} MB/s`;
        figures.push({ ratio: ratioOf(calls!, echoes!, megabytes), beside: `${callers} in flight: ${beside}` });
      }
      const [first, ...others] = figures;
      const told = others.map(({ ratio, beside }) => `; ${beside}, ${shown(ratio)} x`).join('');
      return [
        atLeast({
          name: `MB/s of ${payloadSize} bytes, chained and segmented, over bare TCP echo`,
          figure: first!.ratio,
          unit: 'x',
          goal: 0.6,
          beside: `${first!.beside}${told}; MAXDATA ${piuSizeMax}`,
        }),
      ];
    } finally {
      await stopAll([tcp]);
    }
  });
}
