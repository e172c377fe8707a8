import { assert } from '../base/assert.js';
import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import type { EventName } from '../base/events.js';
import type { Logger } from '../base/log.js';
import { countAnswers } from '../channel/blocks.js';
import type { FromWorker, WorkerReport, WorkerStart } from '../channel/messages.js';
import { type Inspection, SupervisorChannel } from '../channel/supervisor-channel.js';
import type { LinkConfig } from '../config/model.js';
import type { Directory, WorkerState } from '../dispatch/directory.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { Gate } from './gate.js';
import { type RunningWorker, reasonOf, type WorkerOutcome } from './launcher.js';
import { LinkOperator } from './link-operator.js';
import { LinkPool, sessionsPerGroup } from './link-pool.js';
import type { SupervisorOptions } from './options.js';
import { RestartPolicy } from './restart-policy.js';
import { countWorking } from './scaler.js';
import { Scaling, type ScalingCounters } from './scaling.js';
import { Watchdog } from './watchdog.js';
import { type WorkerRun, WorkerSeat } from './worker-seat.js';
import { WorkerWatch } from './worker-watch.js';

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
  /** What an operator does to links and their workers. */
  readonly operator: LinkOperator;
  private readonly scaling: Scaling;
  private readonly watch: WorkerWatch;
  private readonly logger: Logger;
  /** Workers that have not said their first word. */
  private readonly starting = new Gate<WorkerSeat>();
  /** Workers whose thread has not ended. */
  private readonly running = new Gate<WorkerSeat>();
  private startError: HostLinkError | undefined;
  private isStopping = false;
  private stopped: Promise<void> | undefined;
  private cancelAbort: (() => void) | undefined;
  private starts = 0;
  private tracing = { pius: false, dlsw: false };

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.clock = options.clock;
    this.directory = options.directory;
    this.dispatcher = options.dispatcher;
    this.links = new LinkPool(options.config.links, options.config.groups.length);
    this.logger = options.log.part('supervisor');
    this.seats = options.directory.workers.map((worker) => new WorkerSeat(worker.index, this.newPolicy()));
    this.scaling = this.newScaling();
    this.watch = this.newWatch();
    const { directory, dispatcher, seats, links } = this;
    this.operator = new LinkOperator(options.config, { directory, dispatcher, seats, links }, this);
  }

  /** Workers started and stopped because of the load. */
  get scaled(): ScalingCounters {
    return this.scaling.counters;
  }

  /**
   * Start MIN workers. Resolves when each has said its first word or was lost, and at least one lives.
   * @throws HostLinkError WORKER_START_FAILED when none came up
   */
  async start(): Promise<void> {
    this.fillToMin();
    this.watch.start();
    await this.starting.empty();
    if (this.seats.some((seat) => seat.run?.watchdog.isHeard)) return;
    throw this.startError ?? new HostLinkError('WORKER_START_FAILED', '', { reason: 'stopped' });
  }

  /**
   * Stop all workers in order; after graceMs and a little the hard way. Resolves when no thread is left. Asked again with a
   * graceMs of 0 it ends at once what is still there.
   */
  stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    this.watch.stop();
    this.scaling.stop();
    for (const seat of this.seats) this.stopSeat(seat, graceMs);
    this.cancelAbort?.();
    this.cancelAbort = this.clock.after(graceMs + STOP_MARGIN_MS, () => {
      for (const seat of this.seats) this.abort(seat);
    });
    this.stopped ??= this.running.empty().then(() => {
      this.cancelAbort?.();
      return this.options.launcher.close();
    });
    return this.stopped;
  }

  /** The sessions of all workers that answer (within timeoutMs), by worker index. */
  async inspect(timeoutMs?: number): Promise<Map<number, Inspection>> {
    const live = this.seats.filter((seat) => seat.run !== undefined && this.stateOf(seat) !== 'BACKOFF');
    const results = await Promise.allSettled(live.map((seat) => seat.run!.channel.inspect(timeoutMs)));
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
  considerGrowth(): void {
    if (!this.isStopping) this.scaling.grow();
  }

  /**
   * Let a worker stop: it gets no requests, finishes those it has, ends its sessions in order, gives its link back and is
   * IDLE then. All of it within graceMs; after that, and a little, the hard way. Nothing for one that is not up.
   * @param reason goes into its events
   */
  drain(seat: WorkerSeat, reason: string, graceMs = this.options.config.server.stopGraceMs): void {
    const state = this.stateOf(seat);
    if (state !== 'READY' && state !== 'HELD' && state !== 'LINK_DOWN') return;
    const { reservedTotal } = this.directory.worker(seat.index);
    this.tell('info', seat, 'worker.draining', { reason, reserved: reservedTotal, sessions: seat.report?.ready ?? [] });
    seat.reason = reason;
    this.stopSeat(seat, graceMs);
    seat.cancelTimer = this.clock.after(graceMs + STOP_MARGIN_MS, () => this.abort(seat));
    this.options.onReport();
  }

  stateOf(seat: WorkerSeat): WorkerState {
    return this.directory.worker(seat.index).state;
  }

  private newPolicy(): RestartPolicy {
    const backoff = new Backoff({ firstMs: RESTART_FIRST_MS, maxMs: RESTART_MAX_MS }, this.options.prng);
    return new RestartPolicy(this.options.config.server, backoff);
  }

  private newScaling(): Scaling {
    const { clock, directory, dispatcher, seats, links, logger } = this;
    return new Scaling({
      server: this.options.config.server,
      clock,
      directory,
      dispatcher,
      seats,
      links,
      logger,
      start: (link) => this.startIdleSeat(link),
      drain: (seat, reason) => this.drain(seat, reason),
    });
  }

  private newWatch(): WorkerWatch {
    return new WorkerWatch(this.options.config.server, this.clock, this.seats, {
      isWatched: (seat) => this.stateOf(seat) !== 'BACKOFF',
      kill: (seat, reason) => this.kill(seat, reason),
      watched: () => this.scaling.shrink(),
    });
  }

  /** Keep MIN workers, and more where calls wait: one that is DOWN, or stops, gives its place to one that is not started. */
  fillToMin(): void {
    const { min } = this.options.config.server;
    while (countWorking(this.seats.map((seat) => this.stateOf(seat))) < min) {
      const link = this.directory.places > 0 ? this.links.take() : undefined;
      if (link === undefined) break;
      this.startIdleSeat(link);
    }
    this.considerGrowth();
  }

  startIdleSeat(link: LinkConfig): void {
    const idle = this.seats.find((seat) => this.stateOf(seat) === 'IDLE' && seat.run === undefined);
    assert(idle !== undefined, 'a start without a place');
    this.starts += 1;
    idle.order = this.starts;
    idle.link = link;
    this.startSeat(idle);
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
    seat.runs(run, this.clock.nowMs());
    seat.reason = 'starting';
    this.starting.enter(seat);
    this.running.enter(seat);
    this.dispatcher.workerStarted(seat.index, run.channel, sessionsPerGroup(link, config.groups.length), link.index);
    this.watch.ping(run);
    if (this.tracing.pius || this.tracing.dlsw) run.channel.trace(this.tracing.pius, this.tracing.dlsw);
    this.operator.started(seat);
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
      // Before its replies are anybody's: there is least alive now.
      this.options.garbage?.came(block.byteLength, countAnswers(block));
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
    this.operator.reported(seat);
    this.options.onReport();
  }

  /** A pong; the first one is the end of its start. */
  private alive(seat: WorkerSeat, watchdog: Watchdog): void {
    const isFirst = !watchdog.isHeard;
    watchdog.heard(this.clock.nowMs());
    if (isFirst) {
      seat.reason = seat.report?.reason ?? 'no link yet';
      this.tell('info', seat, 'worker.started', { restarts: seat.restarts });
      const downMs = seat.takeDownMs(this.clock.nowMs());
      if (downMs !== undefined) this.tell('info', seat, 'worker.restarted', { restarts: seat.restarts, downMs });
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
    this.dispatcher.workerLost(seat.index, isOrdered ? 'DRAINING' : 'BACKOFF', run.channel.takeUnposted());
    run.channel.close();
    if (!isOrdered) {
      seat.lost(this.clock.nowMs());
      seat.cancelTimer = this.clock.after(SETTLE_MS, () => run.running.abort());
    }
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
    seat.reason = reason;
    if (isOrdered) this.seatStopped(seat, reason);
    else this.seatLost(seat, reason);
    this.starting.leave(seat);
    this.running.leave(seat);
  }

  /** The end of a drain, or of a worker lost while it drained: either way it is not missed. */
  private seatStopped(seat: WorkerSeat, reason: string): void {
    const drainMs = Math.round(this.clock.nowMs() - seat.drainMs);
    this.directory.move(this.directory.worker(seat.index), 'IDLE');
    this.tell('info', seat, 'worker.stopped', { reason, drainMs, restarts: seat.restarts });
    seat.reason = '';
    this.placeFree(seat);
  }

  /** A worker has given up its link: another may start in its place, and with its link. */
  private placeFree(seat: WorkerSeat): void {
    if (seat.link !== undefined) this.links.giveBack(seat.link, this.stateOf(seat) === 'DOWN');
    seat.link = undefined;
    seat.takeDownMs(this.clock.nowMs());
    this.operator.stopped();
    if (!this.isStopping) this.fillToMin();
    this.dispatcher.failWithoutHope();
    this.options.onReport();
  }

  private seatLost(seat: WorkerSeat, reason: string): void {
    const link = seat.link?.name;
    this.startError ??= new HostLinkError('WORKER_START_FAILED', reason, { reason, worker: seat.index, link });
    const delayMs = this.isStopping ? undefined : seat.policy.lost(this.clock.nowMs());
    if (delayMs === undefined) {
      this.directory.move(this.directory.worker(seat.index), 'DOWN');
      this.tell('error', seat, 'worker.down', { reason, restarts: seat.restarts });
      this.placeFree(seat);
    } else {
      this.tell('warn', seat, 'worker.lost', { reason, delayMs: Math.round(delayMs), restarts: seat.restarts });
      seat.cancelTimer = this.clock.after(delayMs, () => {
        seat.restarts += 1;
        this.startSeat(seat);
      });
      this.options.onReport();
    }
  }

  private stopSeat(seat: WorkerSeat, graceMs: number): void {
    const run = seat.run;
    if (run === undefined || this.stateOf(seat) === 'BACKOFF') {
      seat.endTimer();
      run?.running.abort();
      if (this.stateOf(seat) === 'BACKOFF') this.dispatcher.workerLost(seat.index, 'IDLE', []);
      return;
    }
    if (this.stateOf(seat) !== 'DRAINING') seat.drainMs = this.clock.nowMs();
    this.dispatcher.workerDraining(seat.index);
    run.channel.stop(graceMs);
  }

  private abort(seat: WorkerSeat): void {
    if (seat.run === undefined) return;
    this.logger.warn({ worker: seat.index }, 'worker did not stop in time');
    seat.run.running.abort();
  }

  /** About a worker, into the log and to subscribers. */
  private tell(
    level: 'info' | 'warn' | 'error',
    seat: WorkerSeat,
    name: EventName,
    details: Record<string, unknown>,
  ): void {
    this.logger[level]({ worker: seat.index, link: seat.link?.name ?? '', ...details }, name);
    this.emit(seat, name, details);
  }

  /** To subscribers; a worker has its own events in the log already. */
  private emit(seat: WorkerSeat, name: EventName, details: Record<string, unknown>): void {
    this.options.onEvent({ name, workerId: seat.index, link: seat.link?.name ?? '', details });
  }
}
