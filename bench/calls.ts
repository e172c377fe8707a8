import { HostLink } from '../src/index.js';
import { startPiscinaEcho, startTcpEcho } from './baselines.js';
import { benchConfig } from './bench-config.js';
import { startHost } from './host-process.js';
import { type LoadResult, type Target, takeTurns } from './load.js';
import { median } from './measure.js';

/** One in-flight count: the whole call beside the two baselines, all in the same run. */
export interface CallsRow {
  readonly inFlight: number;
  readonly hostlink: LoadResult;
  readonly piscina: LoadResult;
  readonly tcp: LoadResult;
  /** Whole calls per second over those of the baseline. */
  readonly ratioToPiscina: number;
  readonly ratioToTcp: number;
  /** p99 of the whole call over that of piscina.run; below 1 is quicker. */
  readonly p99ToPiscina: number;
}

export interface CallsOptions {
  readonly inFlight: readonly number[];
  readonly payloadSize: number;
  readonly workers: number;
  /** Length of one measurement, ms; each of the three is measured `rounds` times, taking turns. */
  readonly roundMs: number;
  readonly rounds: number;
}

export interface CallsResult {
  readonly rows: readonly CallsRow[];
  readonly sessions: number;
  readonly bringUpMs: number;
  /** What the embedded host objected to; anything but 0 spoils the run. */
  readonly protocolErrors: number;
}

/** Payloads made beforehand: so many, and so many bytes of them. */
const PAYLOADS_MAX = 1024;
const PAYLOAD_BYTES_MAX = 4 * 1_048_576;

/** A call of ECHO with its own bytes each time; the reply is held against them. */
export function hostlinkTarget(hostlink: HostLink, payloadSize: number): Target {
  const kinds = Math.min(PAYLOADS_MAX, Math.ceil(PAYLOAD_BYTES_MAX / payloadSize));
  const payloads = Array.from({ length: kinds }, (_, index) => {
    const payload = Buffer.alloc(payloadSize, index);
    payload.writeUInt32BE(index, 0);
    return payload;
  });
  return {
    name: 'hostlink.call ECHO',
    async ask(index) {
      const payload = payloads[index % payloads.length]!;
      const reply = await hostlink.call('ECHO', payload);
      if (!payload.equals(reply)) throw new Error(`reply ${index} is not what was sent`);
    },
  };
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

async function measureRow(targets: readonly Target[], inFlight: number, options: CallsOptions): Promise<CallsRow> {
  const results = await takeTurns(targets, inFlight, options);
  const [hostlink, piscina, tcp] = results.map(medians) as [LoadResult, LoadResult, LoadResult];
  return {
    inFlight,
    hostlink,
    piscina,
    tcp,
    ratioToPiscina: hostlink.perSecond / piscina.perSecond,
    ratioToTcp: hostlink.perSecond / tcp.perSecond,
    p99ToPiscina: hostlink.p99Ms / piscina.p99Ms,
  };
}

/** Whole calls: caller, dispatcher, worker thread, SNA session, DLSw, host process and back, beside the baselines. */
export async function runCalls(options: CallsOptions, progress: (row: CallsRow) => void): Promise<CallsResult> {
  const host = await startHost();
  const payload = Buffer.alloc(options.payloadSize, 0xc1);
  const piscina = startPiscinaEcho(payload, options.workers);
  const tcp = await startTcpEcho(payload);
  const startMs = performance.now();
  const hostlink = await HostLink.start(benchConfig(host.port, options.workers));
  const { sessions } = await hostlink.ready({ sessions: 'all', timeoutMs: 30_000 });
  const bringUpMs = performance.now() - startMs;
  const rows: CallsRow[] = [];
  for (const inFlight of options.inFlight) {
    const row = await measureRow([hostlinkTarget(hostlink, options.payloadSize), piscina, tcp], inFlight, options);
    rows.push(row);
    progress(row);
  }
  await hostlink.stop();
  await piscina.stop();
  await tcp.stop();
  const { protocolErrors } = await host.stop();
  return { rows, sessions, bringUpMs, protocolErrors };
}
