import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import type { Log, Logger } from '../base/log.js';
import type { Prng } from '../base/prng.js';
import type { FromWorker, WorkerReport, WorkerStart } from '../channel/messages.js';
import { type Inspection, SupervisorChannel } from '../channel/supervisor-channel.js';
import type { HostLinkConfig } from '../config/model.js';
import type { Directory, WorkerState } from '../dispatch/directory.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { Gate } from './gate.js';
import type { RunningWorker, WorkerLauncher, WorkerOutcome } from './launcher.js';
import { LinkPool, sessionsPerGroup } from './link-pool.js';
import { RestartPolicy } from './restart-policy.js';
import { shouldGrow } from './scaler.js';
import { Watchdog } from './watchdog.js';
import { type WorkerRun, WorkerSeat } from './worker-seat.js';

/** Something an operator may want to see; from a worker, or about one. */
export interface RuntimeEvent {
  /** Such as worker.started, worker.lost, worker.down, link.up, session.down. */
  readonly name: string;
  readonly workerId: number;
  readonly link: string;
  readonly details: Record<string, unknown>;
}

export interface SupervisorOptions {
  readonly config: HostLinkConfig;
  /** On every log line of the workers. */
  readonly bindings: Record<string, unknown>;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly log: Log;
  readonly launcher: WorkerLauncher;
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly onEvent: (event: RuntimeEvent) => void;
  /** Some worker's report has been taken in. */
  readonly onReport: () => void;
  /** Recorded packets of a worker; the block is the receiver's. */
  readonly onTrace: (workerId: number, block: ArrayBuffer) => void;
}

const RESTART_FIRST_MS = 100;
const RESTART_MAX_MS = 10_000;
const START_TIMEOUT_MS = 30_000;
/** From the loss of a worker's port to the end of its thread; then it is ended the hard way. */
const SETTLE_MS = 500;
/** On top of the grace, for threads to end by themselves. */
const STOP_MARGIN_MS = 1000;

/** Starts workers, each with one link, finds out when one is lost or hung, and decides what its death means. */
export class Supervisor {
  readonly seats: readonly WorkerSeat[];
  private readonly options: SupervisorOptions;
  private readonly clock: Clock;
  private readonly directory: Directory;
  private readonly dispatcher: Dispatcher;
  private readonly links: LinkPool;
  private readonly logger: Logger;
  /** Workers that have not said their first word. */
  private readonly starting = new Gate<WorkerSeat>();
  /** Workers whose thread has not ended. */
  private readonly running = new Gate<WorkerSeat>();
  private startError: HostLinkError | undefined;
  private isStopping = false;
  private cancelWatch: (() => void) | undefined;
  private watchDueMs = 0;
  private pings = 0;
  private grownMs = Number.NEGATIVE_INFINITY;
  private tracing = { pius: false, dlsw: false };

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.clock = options.clock;
    this.directory = options.directory;
    this.dispatcher = options.dispatcher;
    this.links = new LinkPool(options.config.links);
    this.logger = options.log.part('supervisor');
    this.seats = options.directory.workers.map((worker) => new WorkerSeat(worker.index, this.newPolicy()));
  }

  /**
   * Start MIN workers. Resolves when each has said its first word or was lost, and at least one lives.
   * @throws HostLinkError WORKER_START_FAILED when none came up
   */
  async start(): Promise<void> {
    this.fillToMin();
    this.watchLater();
    await this.starting.empty();
    if (this.seats.some((seat) => seat.run?.watchdog.isHeard)) return;
    throw this.startError ?? new HostLinkError('WORKER_START_FAILED', '', { reason: 'stopped' });
  }

  /** Stop all workers in order; after graceMs and a little the hard way. Resolves when no thread is left. */
  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    this.cancelWatch?.();
    for (const seat of this.seats) this.stopSeat(seat, graceMs);
    const cancel = this.clock.after(graceMs + STOP_MARGIN_MS, () => this.abortRest());
    await this.running.empty();
    cancel();
    await this.options.launcher.close();
  }

  /** The sessions of all workers that answer, by worker index. */
  async inspect(): Promise<Map<number, Inspection>> {
    const live = this.seats.filter((seat) => seat.run !== undefined && this.stateOf(seat) !== 'BACKOFF');
    const results = await Promise.allSettled(live.map((seat) => seat.run!.channel.inspect()));
    const found = new Map<number, Inspection>();
    results.forEach((result, at) => {
      if (result.status === 'fulfilled') found.set(live[at]!.index, result.value);
    });
    return found;
  }

  /** Record from now on in all workers, also those started later; both false ends it. */
  trace(pius: boolean, dlsw: boolean): void {
    this.tracing = { pius, dlsw };
    for (const seat of this.seats) seat.run?.channel.trace(pius, dlsw);
  }

  /** Calls wait: start one more worker where that is wanted and possible. */
  considerGrowth(waiting: number): void {
    const nowMs = this.clock.nowMs();
    const view = {
      waiting,
      asqcount: this.options.config.server.asqcount,
      freeLinks: this.links.size,
      idleWorkers: this.directory.list('IDLE').length,
      sinceLastGrowthMs: nowMs - this.grownMs,
    };
    if (this.isStopping || !shouldGrow(view)) return;
    this.grownMs = nowMs;
    this.logger.info({ waiting, asqcount: view.asqcount }, 'calls wait: one more worker');
    this.startIdleSeat();
  }

  stateOf(seat: WorkerSeat): WorkerState {
    return this.directory.worker(seat.index).state;
  }

  private newPolicy(): RestartPolicy {
    const { maxrstart, gperiodMs } = this.options.config.server;
    const backoff = new Backoff({ firstMs: RESTART_FIRST_MS, maxMs: RESTART_MAX_MS }, this.options.prng);
    return new RestartPolicy({ maxrstart, gperiodMs }, backoff);
  }

  /** Keep MIN workers: a worker that is DOWN for good gives its place to one that was never started. */
  private fillToMin(): void {
    const { min } = this.options.config.server;
    const spent = (): number => this.directory.list('IDLE').length + this.directory.list('DOWN').length;
    while (this.seats.length - spent() < min && this.startIdleSeat());
  }

  private startIdleSeat(): boolean {
    const idle = this.seats.find((seat) => this.stateOf(seat) === 'IDLE' && seat.run === undefined);
    if (idle === undefined) return false;
    const link = this.links.take();
    if (link === undefined) return false;
    idle.link = link;
    this.startSeat(idle);
    return true;
  }

  private startSeat(seat: WorkerSeat): void {
    const { config, launcher } = this.options;
    const link = seat.link!;
    const start: WorkerStart = {
      workerId: seat.index,
      link,
      groups: config.groups,
      log: config.log,
      replySizeMax: config.server.replySizeMax,
      bindings: this.options.bindings,
    };
    seat.endTimer();
    const running = launcher.launch(start, (outcome) => this.ended(seat, run, outcome));
    const run = this.open(seat, running);
    seat.run = run;
    seat.reason = 'starting';
    this.starting.enter(seat);
    this.running.enter(seat);
    this.dispatcher.workerStarted(seat.index, run.channel, sessionsPerGroup(link, config.groups.length));
    run.channel.ping(this.nextPing());
    if (this.tracing.pius || this.tracing.dlsw) run.channel.trace(this.tracing.pius, this.tracing.dlsw);
  }

  private open(seat: WorkerSeat, running: RunningWorker): WorkerRun {
    const { pingIntervalMs, pingTimeoutMs } = this.options.config.server;
    const limits = { pingIntervalMs, pingTimeoutMs, startTimeoutMs: START_TIMEOUT_MS };
    const watchdog = new Watchdog(limits, this.clock.nowMs());
    const channel: SupervisorChannel = new SupervisorChannel(running.port, this.clock, {
      answers: (block) => {
        watchdog.heard(this.clock.nowMs());
        this.answers(seat, block);
      },
      report: (report) => this.reported(seat, report),
      pong: (_seq, counters, heapBytes) => {
        seat.counters = counters;
        seat.heapBytes = heapBytes;
        this.alive(seat, watchdog);
      },
      event: (name, details) => this.emit(seat, name, details),
      trace: (block) => this.options.onTrace(seat.index, block),
      closed: () => this.lost(seat, run),
    });
    const run: WorkerRun = { running, channel, watchdog, killReason: undefined };
    return run;
  }

  private answers(seat: WorkerSeat, block: ArrayBuffer): void {
    try {
      this.dispatcher.answers(seat.index, block);
    } catch (error) {
      this.kill(seat, `its answers could not be read: ${String(error)}`);
    }
  }

  private reported(seat: WorkerSeat, report: WorkerReport): void {
    const before = this.stateOf(seat);
    seat.report = report;
    seat.reason = report.reason;
    this.dispatcher.workerReported(seat.index, report);
    if (before !== 'READY' && this.stateOf(seat) === 'READY') seat.policy.settled();
    this.options.onReport();
  }

  /** A pong; the first one is the end of its start. */
  private alive(seat: WorkerSeat, watchdog: Watchdog): void {
    const isFirst = !watchdog.isHeard;
    watchdog.heard(this.clock.nowMs());
    if (isFirst) {
      seat.reason = seat.report?.reason ?? 'no link yet';
      this.logger.info({ worker: seat.index, link: seat.link?.name }, 'worker started');
      this.emit(seat, 'worker.started', { restarts: seat.restarts });
      this.starting.leave(seat);
    }
  }

  /** End a worker the hard way. */
  private kill(seat: WorkerSeat, reason: string): void {
    const run = seat.run;
    if (run === undefined) return;
    run.killReason = reason;
    this.lost(seat, run);
    run.running.abort();
  }

  /**
   * A worker can be given nothing and will answer nothing any more: the first of port close, thread end and kill gets
   * here. Its thread may still be ending; `ended` decides what comes next.
   */
  private lost(seat: WorkerSeat, run: WorkerRun): void {
    const state = this.stateOf(seat);
    if (seat.run !== run || state === 'BACKOFF' || state === 'IDLE') return;
    seat.reason = run.killReason ?? 'its port closed';
    const isOrdered = state === 'DRAINING';
    seat.report = undefined;
    this.dispatcher.workerLost(seat.index, isOrdered ? 'IDLE' : 'BACKOFF', run.channel.takeUnposted());
    run.channel.close();
    if (!isOrdered) seat.cancelTimer = this.clock.after(SETTLE_MS, () => run.running.abort());
    this.options.onReport();
  }

  /** The thread has ended. */
  private ended(seat: WorkerSeat, run: WorkerRun, outcome: WorkerOutcome): void {
    if (seat.run !== run) return;
    run.running.drain((message) => run.channel.receive(message as FromWorker));
    const isOrdered = this.stateOf(seat) === 'DRAINING' || this.stateOf(seat) === 'IDLE';
    const reason = run.killReason ?? reasonOf(outcome);
    this.lost(seat, run);
    seat.endTimer();
    seat.clearRun();
    seat.reason = isOrdered ? '' : reason;
    if (isOrdered) this.seatStopped(seat);
    else this.seatLost(seat, reason);
    this.starting.leave(seat);
    this.running.leave(seat);
  }

  private seatStopped(seat: WorkerSeat): void {
    this.logger.info({ worker: seat.index, link: seat.link?.name }, 'worker stopped');
    this.emit(seat, 'worker.stopped', {});
    this.releaseLink(seat);
  }

  private seatLost(seat: WorkerSeat, reason: string): void {
    const link = seat.link?.name;
    this.startError ??= new HostLinkError('WORKER_START_FAILED', reason, { reason, worker: seat.index, link });
    const delayMs = this.isStopping ? undefined : seat.policy.lost(this.clock.nowMs());
    if (delayMs === undefined) {
      this.logger.error({ worker: seat.index, link, reason }, 'worker lost, not started again');
      this.directory.move(this.directory.worker(seat.index), 'DOWN');
      this.emit(seat, 'worker.down', { reason, restarts: seat.restarts });
      this.releaseLink(seat);
      if (!this.isStopping) this.fillToMin();
      this.dispatcher.failWithoutHope();
    } else {
      this.logger.warn({ worker: seat.index, link, reason, delayMs: Math.round(delayMs) }, 'worker lost');
      this.emit(seat, 'worker.lost', { reason, delayMs, restarts: seat.restarts });
      seat.cancelTimer = this.clock.after(delayMs, () => {
        seat.restarts += 1;
        this.startSeat(seat);
      });
    }
    this.options.onReport();
  }

  private releaseLink(seat: WorkerSeat): void {
    if (seat.link !== undefined) this.links.giveBack(seat.link);
    seat.link = undefined;
  }

  private stopSeat(seat: WorkerSeat, graceMs: number): void {
    const run = seat.run;
    if (run === undefined || this.stateOf(seat) === 'BACKOFF') {
      seat.endTimer();
      run?.running.abort();
      if (this.stateOf(seat) === 'BACKOFF') this.dispatcher.workerLost(seat.index, 'IDLE', []);
      return;
    }
    this.dispatcher.workerDraining(seat.index);
    run.channel.stop(graceMs);
  }

  private abortRest(): void {
    for (const seat of this.seats) {
      if (seat.run === undefined) continue;
      this.logger.warn({ worker: seat.index }, 'worker did not stop in time');
      seat.run.running.abort();
    }
  }

  private watchLater(): void {
    const { pingIntervalMs, pingTimeoutMs } = this.options.config.server;
    const periodMs = Math.max(10, Math.min(pingIntervalMs, pingTimeoutMs) / 2);
    this.watchDueMs = this.clock.nowMs() + periodMs;
    this.cancelWatch = this.clock.after(periodMs, () => this.watch());
  }

  private watch(): void {
    const nowMs = this.clock.nowMs();
    const didStandStill = nowMs - this.watchDueMs > this.options.config.server.pingTimeoutMs / 2;
    for (const seat of this.seats) {
      if (seat.run === undefined) continue;
      if (didStandStill) seat.run.watchdog.excuse(nowMs);
      this.watchSeat(seat, seat.run, nowMs);
    }
    this.watchLater();
  }

  private watchSeat(seat: WorkerSeat, run: WorkerRun, nowMs: number): void {
    if (this.stateOf(seat) === 'BACKOFF') return;
    const verdict = run.watchdog.check(nowMs);
    if (verdict === 'ask') run.channel.ping(this.nextPing());
    else if (verdict === 'hung') this.kill(seat, 'hung: no sign of life');
    else if (verdict === 'not-started') this.kill(seat, 'did not start in time');
  }

  private nextPing(): number {
    this.pings += 1;
    return this.pings;
  }

  private emit(seat: WorkerSeat, name: string, details: Record<string, unknown>): void {
    this.options.onEvent({ name, workerId: seat.index, link: seat.link?.name ?? '', details });
  }
}

function reasonOf(outcome: WorkerOutcome): string {
  if (outcome.kind === 'broke') return outcome.reason;
  const { reason, error } = outcome.end;
  return error === undefined ? `its task ended: ${reason}` : `${error.code}: ${error.message}`;
}
