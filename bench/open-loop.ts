import { type Clock, createClock } from '../src/base/clock.js';
import { startPiscinaEcho } from './baselines.js';
import { withScene } from './bench-scene.js';
import { hostlinkTarget } from './calls.js';
import { Latencies, medians, type Target, type TurnOptions, takeTurns } from './load.js';
import { median } from './measure.js';

/** Calls that began at a fixed rate, whatever became of those before them. */
export interface OpenRound {
  readonly calls: number;
  readonly askedPerSecond: number;
  /** Answered, from the first call's time until the last reply. */
  readonly perSecond: number;
  /** From the time at which a call was due, not from when it could be sent: waiting counts. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Calls that were due while as many as allowed were under way: more than 0 is overload. They were sent later. */
  readonly held: number;
}

export interface OpenLoad {
  readonly perSecond: number;
  readonly durationMs: number;
  /** Most calls under way at once. */
  readonly outstandingMax: number;
}

/** Shortest wait that timers can do. */
const TICK_MS = 1;

/** One round: what is due is sent each ms, and whenever a reply has come. */
class OpenLoop {
  private readonly target: Target;
  private readonly clock: Clock;
  private readonly perMs: number;
  private readonly total: number;
  private readonly startMs: number;
  /** Callers that have nothing under way. */
  private readonly free: number[];
  private readonly latencies = new Latencies();
  private next = 0;
  private done = 0;
  private held = 0;
  private heldTo = 0;
  private hasFailed = false;
  private settle: (error?: unknown) => void = () => {};

  constructor(target: Target, { perSecond, durationMs, outstandingMax }: OpenLoad, clock: Clock) {
    this.target = target;
    this.clock = clock;
    this.perMs = perSecond / 1000;
    this.total = Math.max(1, Math.round(this.perMs * durationMs));
    this.free = Array.from({ length: outstandingMax }, (_, at) => outstandingMax - 1 - at);
    this.startMs = clock.nowMs();
  }

  async run(): Promise<OpenRound> {
    await new Promise<void>((resolve, reject) => {
      this.settle = (error) => {
        this.hasFailed = error !== undefined;
        if (this.hasFailed) reject(error);
        else resolve();
      };
      this.tick();
    });
    const { latencies, total, held } = this;
    return {
      calls: total,
      askedPerSecond: this.perMs * 1000,
      perSecond: (total / (this.clock.nowMs() - this.startMs)) * 1000,
      p50Ms: latencies.percentileMs(50),
      p99Ms: latencies.percentileMs(99),
      p999Ms: latencies.percentileMs(99.9),
      maxMs: latencies.maxMs,
      held,
    };
  }

  private readonly tick = (): void => {
    this.sendDue(this.clock.nowMs());
    if (this.next < this.total && !this.hasFailed) this.clock.after(TICK_MS, this.tick);
  };

  private sendDue(nowMs: number): void {
    const due = Math.min(this.total, Math.floor((nowMs - this.startMs) * this.perMs) + 1);
    while (this.next < due && this.free.length > 0) this.send(this.next++, this.free.pop()!);
    if (this.next >= due) return;
    this.held += due - Math.max(this.next, this.heldTo);
    this.heldTo = due;
  }

  private send(index: number, caller: number): void {
    const dueMs = this.startMs + index / this.perMs;
    this.target
      .ask(index, caller)
      .then((reply) => {
        this.target.check?.(reply, index);
        const nowMs = this.clock.nowMs();
        this.latencies.record(nowMs - dueMs);
        this.free.push(caller);
        this.done += 1;
        if (this.done === this.total) this.settle();
        else if (!this.hasFailed) this.sendDue(nowMs);
      })
      .catch(this.settle);
  }
}

/** Calls at a fixed rate for `durationMs`, until the last of them is answered. @throws what the first failed call throws */
export function runOpen(target: Target, load: OpenLoad, clock: Clock = createClock()): Promise<OpenRound> {
  return new OpenLoop(target, load, clock).run();
}

/** One rate: whole calls, and beside them `piscina.run` of an empty echo. */
export interface OpenRow {
  /** Of the closed-loop throughput. */
  readonly fraction: number;
  readonly hostlink: OpenRound;
  readonly piscina: OpenRound;
}

export interface OpenOptions extends TurnOptions {
  readonly workers: number;
  readonly sessionsPerPu: number;
  readonly payloadSize: number;
  /** Of the closed loop before, whose calls per second the rates are fractions of. */
  readonly inFlight: number;
  readonly fractions: readonly number[];
  readonly outstandingMax: number;
}

export interface OpenResult {
  readonly inFlight: number;
  /** Closed loop, just before. */
  readonly closedPerSecond: number;
  readonly piscinaClosedPerSecond: number;
  readonly outstandingMax: number;
  readonly rows: readonly OpenRow[];
}

function mediansOf(rounds: readonly OpenRound[]): OpenRound {
  const sum = (pick: (round: OpenRound) => number): number => rounds.reduce((all, round) => all + pick(round), 0);
  const middle = (pick: (round: OpenRound) => number): number => median(rounds.map(pick));
  return {
    calls: sum(({ calls }) => calls),
    askedPerSecond: middle(({ askedPerSecond }) => askedPerSecond),
    perSecond: middle(({ perSecond }) => perSecond),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    p999Ms: middle(({ p999Ms }) => p999Ms),
    maxMs: Math.max(...rounds.map(({ maxMs }) => maxMs)),
    held: sum(({ held }) => held),
  };
}

async function measureRow(
  [call, task]: readonly [Target, Target],
  fraction: number,
  closedPerSecond: number,
  { roundMs, rounds, outstandingMax }: OpenOptions,
): Promise<OpenRow> {
  const load = { perSecond: fraction * closedPerSecond, durationMs: roundMs, outstandingMax };
  const measured: { hostlink: OpenRound[]; piscina: OpenRound[] } = { hostlink: [], piscina: [] };
  for (let round = 0; round < rounds; round += 1) {
    await runOpen(call, { ...load, durationMs: roundMs / 4 });
    measured.hostlink.push(await runOpen(call, load));
    await runOpen(task, { ...load, durationMs: roundMs / 4 });
    measured.piscina.push(await runOpen(task, load));
  }
  return { fraction, hostlink: mediansOf(measured.hostlink), piscina: mediansOf(measured.piscina) };
}

/** Latency at fixed rates, as fractions of what the closed loop reached just before in the same process. */
export async function runOpenSeries(options: OpenOptions, progress: (row: OpenRow) => void): Promise<OpenResult> {
  const { workers, sessionsPerPu, payloadSize, inFlight, outstandingMax } = options;
  return withScene({ workers, shape: { sessionsPerPu } }, async (hostlink) => {
    const call = hostlinkTarget(hostlink, payloadSize);
    const piscina = startPiscinaEcho(payloadSize, workers);
    try {
      const [calls, tasks] = await takeTurns([call, piscina], inFlight, options);
      const closedPerSecond = medians(calls!).perSecond;
      const rows: OpenRow[] = [];
      for (const fraction of options.fractions) {
        const row = await measureRow([call, piscina], fraction, closedPerSecond, options);
        rows.push(row);
        progress(row);
      }
      const piscinaClosedPerSecond = medians(tasks!).perSecond;
      return { inFlight, closedPerSecond, piscinaClosedPerSecond, outstandingMax, rows };
    } finally {
      await piscina.stop();
    }
  });
}
