import type { WorkerCounters, WorkerReport } from '../channel/messages.js';
import type { SupervisorChannel } from '../channel/supervisor-channel.js';
import type { LinkConfig } from '../config/model.js';
import type { RunningWorker } from './launcher.js';
import type { RestartPolicy } from './restart-policy.js';
import type { Watchdog } from './watchdog.js';

/** One run of a worker, from its start until its thread has ended. */
export interface WorkerRun {
  readonly running: RunningWorker;
  readonly channel: SupervisorChannel;
  readonly watchdog: Watchdog;
  /** Why we ended it the hard way; undefined when we did not. */
  killReason: string | undefined;
}

/** A place for a worker, 0..max-1: what stays when its thread comes and goes. */
export class WorkerSeat {
  readonly index: number;
  readonly policy: RestartPolicy;
  /** The link it works for; undefined while it has none. */
  link: LinkConfig | undefined = undefined;
  run: WorkerRun | undefined = undefined;
  /** Ends the timer of the state it is in (BACKOFF: the restart; lost: the wait for the thread's end). */
  cancelTimer: (() => void) | undefined = undefined;
  report: WorkerReport | undefined = undefined;
  counters: WorkerCounters | undefined = undefined;
  heapBytes = 0;
  restarts = 0;
  /** Order of its last start, not counting restarts: the newest worker has the highest. */
  order = 0;
  /** When its drain began, Clock.nowMs. */
  drainMs = 0;
  /** Since when it is lost, until it is up again or given up. */
  private lostMs: number | undefined;
  /** When it was last seen with a call, or started. */
  private calledMs = 0;
  private seenBlocks = 0;
  /** Why it is not READY; '' when it is. */
  reason = '';

  constructor(index: number, policy: RestartPolicy) {
    this.index = index;
    this.policy = policy;
  }

  /** Its run can do nothing any more. One that is lost again before it was up has been so all the time. */
  lost(nowMs: number): void {
    this.lostMs ??= nowMs;
  }

  /** It is up, or given up. @returns for how long it was lost, ms; undefined when it was not */
  takeDownMs(nowMs: number): number | undefined {
    const { lostMs } = this;
    this.lostMs = undefined;
    return lostMs === undefined ? undefined : Math.round(nowMs - lostMs);
  }

  /** A new run begins: it has had no call yet. */
  runs(run: WorkerRun, nowMs: number): void {
    this.run = run;
    this.calledMs = nowMs;
    this.seenBlocks = 0;
  }

  /**
   * How long it has had no call, as far as those who look can tell: at most that long, ms.
   * @param reserved sessions promised to calls now
   */
  idleFor(reserved: number, nowMs: number): number {
    const blocks = this.run?.channel.blocksPosted ?? 0;
    if (reserved > 0 || blocks !== this.seenBlocks) this.calledMs = nowMs;
    this.seenBlocks = blocks;
    return nowMs - this.calledMs;
  }

  /** End the timer of the state that is being left. */
  endTimer(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  /** Forget what the last run said. */
  clearRun(): void {
    this.run = undefined;
    this.report = undefined;
    this.counters = undefined;
    this.heapBytes = 0;
  }
}
