import type { HostLink } from '../src/index.js';
import { startPiscinaEcho, startTcpEcho } from './baselines.js';
import { sessionsOf, withScene } from './bench-scene.js';
import { type LoadResult, medians, type Target, type TurnOptions, takeTurns } from './load.js';
import { ratioOf } from './measure.js';
import { payloadsOf } from './payloads.js';

/** One in-flight count: the whole call beside the two baselines, all in the same run. */
export interface CallsRow {
  readonly inFlight: number;
  readonly hostlink: LoadResult;
  readonly piscina: LoadResult;
  readonly tcp: LoadResult;
  /** Whole calls per second over those of the baseline: the median of the rounds' ratios. */
  readonly ratioToPiscina: number;
  readonly ratioToTcp: number;
  /** p99 of the whole call over that of piscina.run; below 1 is quicker. */
  readonly p99ToPiscina: number;
}

export interface CallsOptions extends TurnOptions {
  readonly inFlight: readonly number[];
  readonly payloadSize: number;
  readonly workers: number;
  readonly sessionsPerPu: number;
}

export interface CallsResult {
  readonly rows: readonly CallsRow[];
  readonly sessions: number;
  readonly bringUpMs: number;
}

/** A call of ECHO with its own bytes each time; the reply is held against them. */
export function hostlinkTarget(hostlink: HostLink, payloadSize: number): Target {
  const payloads = payloadsOf(payloadSize);
  return {
    name: 'hostlink.call ECHO',
    ask: (index) => hostlink.call('ECHO', payloads[index % payloads.length]!),
    check(reply, index) {
      const isSame = payloads[index % payloads.length]!.equals(reply as Uint8Array);
      if (!isSame) throw new Error(`reply ${index} is not what was sent`);
    },
  };
}

async function measureRow(targets: readonly Target[], inFlight: number, options: CallsOptions): Promise<CallsRow> {
  const [calls, tasks, echoes] = await takeTurns(targets, inFlight, options);
  return {
    inFlight,
    hostlink: medians(calls!),
    piscina: medians(tasks!),
    tcp: medians(echoes!),
    ratioToPiscina: ratioOf(calls!, tasks!, ({ perSecond }) => perSecond),
    ratioToTcp: ratioOf(calls!, echoes!, ({ perSecond }) => perSecond),
    p99ToPiscina: ratioOf(calls!, tasks!, ({ p99Ms }) => p99Ms),
  };
}

/** Whole calls: caller, dispatcher, worker thread, SNA session, DLSw, host process and back, beside the baselines. */
export async function runCalls(options: CallsOptions, progress: (row: CallsRow) => void): Promise<CallsResult> {
  const { workers, sessionsPerPu, payloadSize } = options;
  const rows: CallsRow[] = [];
  let startMs = Number.NaN;
  const runtime = {
    prepare() {
      startMs = performance.now();
    },
  };
  const scene = { workers, shape: { sessionsPerPu }, runtime };
  return withScene(scene, async (hostlink) => {
    const bringUpMs = performance.now() - startMs;
    const piscina = startPiscinaEcho(payloadSize, workers);
    const tcp = await startTcpEcho(payloadSize);
    try {
      const targets = [hostlinkTarget(hostlink, payloadSize), piscina, tcp];
      for (const inFlight of options.inFlight) {
        const row = await measureRow(targets, inFlight, options);
        rows.push(row);
        progress(row);
      }
    } finally {
      await piscina.stop();
      await tcp.stop();
    }
    return { rows, sessions: sessionsOf(scene), bringUpMs };
  });
}
