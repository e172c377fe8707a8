import { fileURLToPath } from 'node:url';
import { askWorkers } from './ask-workers.js';
import { withScene } from './bench-scene.js';
import { hostlinkTarget } from './calls.js';
import { cpuTimeMs, ownCpuTimeMs } from './cpu-time.js';
import { type LoadResult, runLoad, type Target, warmUp } from './load.js';
import { channelName, DelayWatch, type LoopDelay, type ThreadAnswer } from './shares-worker.js';

/** CPU time, user and system, of one call, microseconds; null where the system does not tell. */
export interface CpuShares {
  /** The embedded host, a process of its own. */
  readonly hostUs: number | null;
  /** The whole process of the runtime, with the bench's callers in it. */
  readonly runtimeUs: number;
  /** Of that: the thread of supervisor and callers, all worker threads, and the rest (collections, compiling). */
  readonly supervisorUs: number | null;
  readonly workersUs: number | null;
  readonly otherUs: number | null;
}

export interface SharesRow extends CpuShares {
  readonly inFlight: number;
  readonly calls: number;
  readonly perSecond: number;
  /** Most calls per second that the host can do with one core to itself. */
  readonly hostMostPerSecond: number | null;
  /** Of a round of its own at the same load. */
  readonly supervisorDelay: LoopDelay;
  /** The median of the worst worker, and its p99. */
  readonly workerDelay: LoopDelay;
}

export interface SharesOptions {
  readonly workers: number;
  readonly sessionsPerPu: number;
  readonly payloadSize: number;
  readonly inFlight: readonly number[];
  readonly warmUpMs: number;
  /** CPU time is told in steps of 10 ms: at least a second gives figures that mean something. */
  readonly roundMs: number;
}

export interface SharesResult {
  readonly workers: number;
  readonly rows: readonly SharesRow[];
}

const WORKER_FILE = fileURLToPath(new URL('./shares-worker.js', import.meta.url));
const US_PER_SECOND = 1e6;

/** CPU time so far, ms, of all that has a share. */
interface CpuReading {
  readonly host: number | undefined;
  readonly runtime: number;
  readonly supervisor: number | undefined;
  readonly workers: number | undefined;
}

function readCpu(hostPid: number, threads: readonly (number | undefined)[]): CpuReading {
  const times = threads.map((thread) => (thread === undefined ? undefined : cpuTimeMs(process.pid, thread)));
  const sum = times.reduce((all, time) => (all === undefined || time === undefined ? undefined : all + time), 0);
  return {
    host: cpuTimeMs(hostPid),
    runtime: ownCpuTimeMs(),
    supervisor: cpuTimeMs(process.pid, process.pid),
    workers: sum,
  };
}

/** What a call took of each, from a reading before and one after so many of them. */
export function sharesOf(before: CpuReading, after: CpuReading, calls: number): CpuShares {
  const perCall = (name: keyof CpuReading): number | null => {
    const [from, to] = [before[name], after[name]];
    return from === undefined || to === undefined ? null : ((to - from) * 1000) / calls;
  };
  const [runtimeUs, supervisorUs, workersUs] = [perCall('runtime')!, perCall('supervisor'), perCall('workers')];
  // The two are read from two places, one of them in steps: a rest of nothing may come out below 0.
  const otherUs =
    supervisorUs === null || workersUs === null ? null : Math.max(0, runtimeUs - supervisorUs - workersUs);
  return { hostUs: perCall('host'), runtimeUs, supervisorUs, workersUs, otherUs };
}

async function measureCpu(
  target: Target,
  inFlight: number,
  roundMs: number,
  read: () => CpuReading,
): Promise<{ load: LoadResult; shares: CpuShares }> {
  const before = read();
  const load = await runLoad(target, inFlight, roundMs, 0);
  return { load, shares: sharesOf(before, read(), load.calls) };
}

async function measureDelay(
  target: Target,
  inFlight: number,
  roundMs: number,
  ask: (question: 'start' | 'stop') => Promise<ThreadAnswer[]>,
): Promise<Pick<SharesRow, 'supervisorDelay' | 'workerDelay'>> {
  const own = new DelayWatch();
  await ask('start');
  own.start();
  await runLoad(target, inFlight, roundMs, 0);
  const supervisorDelay = own.stop();
  const delays = (await ask('stop')).map(({ delay }) => delay);
  const workerDelay = {
    p50Ms: Math.max(...delays.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...delays.map(({ p99Ms }) => p99Ms)),
  };
  return { supervisorDelay, workerDelay };
}

/** Whose CPU time a whole call is: the embedded host's, the supervisor's, the workers'. */
export async function runShares(options: SharesOptions, progress: (row: SharesRow) => void): Promise<SharesResult> {
  const { workers, sessionsPerPu, payloadSize, warmUpMs, roundMs } = options;
  const scene = { workers, shape: { sessionsPerPu }, runtime: { workerFile: WORKER_FILE } };
  const rows: SharesRow[] = [];
  await withScene(scene, async (hostlink, host) => {
    const target = hostlinkTarget(hostlink, payloadSize);
    const ask = (question: 'start' | 'stop'): Promise<ThreadAnswer[]> =>
      askWorkers(channelName(hostlink.run), workers, question);
    const threads = (await ask('stop')).map(({ thread }) => thread);
    for (const inFlight of options.inFlight) {
      await warmUp([target], inFlight, { warmUpMs });
      const { load, shares } = await measureCpu(target, inFlight, roundMs, () => readCpu(host.pid, threads));
      const hostMostPerSecond = shares.hostUs === null ? null : US_PER_SECOND / shares.hostUs;
      const { calls, perSecond } = load;
      const delays = await measureDelay(target, inFlight, roundMs, ask);
      const row = { inFlight, calls, perSecond, ...shares, hostMostPerSecond, ...delays };
      rows.push(row);
      progress(row);
    }
  });
  return { workers, rows };
}
