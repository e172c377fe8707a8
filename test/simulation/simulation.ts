import { createSilentLog } from '../../src/base/log.js';
import { HostLink } from '../../src/gateway/host-link.js';
import { progressOf } from '../../src/gateway/stats.js';
import { AnswerWatch } from './answers.js';
import { Book } from './book.js';
import { type Check, checkDirectory, checkReservations, checkTable } from './checks.js';
import { Clients } from './clients.js';
import { type FaultCounts, Faults } from './faults.js';
import { insidesOf, type RuntimeInsides } from './insides.js';
import { SimLauncher } from './launcher.js';
import { SimNetwork } from './network.js';
import { drawScene, LATE_REPLY_MS, type Scene } from './scene.js';
import { SimHost } from './sim-host.js';
import { type Checker, type Failure, World } from './world.js';

/** Within this simulated time after the last fault every worker is READY and every session usable. */
export const RECOVERY_MAX_MS = 120_000;
/** Longest simulated time of a stop, and of the last calls. */
const END_MAX_MS = 60_000;
const CALM_MS = 3000;
const STOP_GRACE_MS = 10_000;
const MS_PER_HOUR = 3_600_000;

export interface SimulationOptions {
  readonly seed: number;
  /** Simulated hours with traffic and faults; what comes after the last fault is on top. */
  readonly hours: number;
  readonly hasFaults?: boolean;
  /** Breaks something on purpose before anything starts: how checkers are proved. */
  readonly defect?: ((simulation: Simulation) => void) | undefined;
}

export interface SimulationResult {
  readonly seed: number;
  readonly failure: Failure | undefined;
  readonly steps: number;
  readonly requests: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** By the host. */
  readonly executions: number;
  readonly faults: FaultCounts;
  /** From the last fault until everything was READY, simulated ms. */
  readonly recoveryMs: number;
  readonly simulatedMs: number;
  readonly logHash: string;
  /** Newest lines of the event log. */
  readonly recent: readonly string[];
}

const LOG = createSilentLog();

/** One seed: a runtime, its host, the network between them, the programs that use it and what goes wrong. */
export class Simulation {
  readonly world: World;
  readonly scene: Scene;
  readonly network: SimNetwork;
  readonly launcher: SimLauncher;
  readonly host: SimHost;
  readonly book: Book;
  readonly answers: AnswerWatch;
  readonly faults: Faults;
  runtime!: HostLink;
  insides!: RuntimeInsides;
  private readonly options: SimulationOptions;
  private recoveryMs = 0;

  constructor(options: SimulationOptions) {
    this.options = options;
    this.world = new World(options.seed);
    this.scene = drawScene(this.world.fork('scene'));
    this.network = new SimNetwork(this.world);
    this.launcher = new SimLauncher(this.world, this.network, LOG);
    this.book = new Book(this.world);
    this.host = new SimHost(this.world, this.network, this.scene.host, LOG, (row, bytes, from, to) =>
      this.book.executed(row.lu, bytes, from, to),
    );
    this.answers = new AnswerWatch(this.world);
    this.answers.watchWorkers(this.launcher);
    this.faults = new Faults(this);
    options.defect?.(this);
  }

  async run(): Promise<SimulationResult> {
    const { world } = this;
    const started = HostLink.start(this.scene.config, {
      clock: world.clock,
      prng: world.fork('runtime').prng,
      log: LOG,
      launcher: this.launcher,
      prepare: (runtime) => this.prepare(runtime),
    });
    const clients = new Clients(world, this.scene, this.runtime, this.book);
    const endMs = this.options.hours * MS_PER_HOUR;
    clients.start();
    await this.settle('recovery', 'the start', started, RECOVERY_MAX_MS);
    if (this.options.hasFaults ?? true) this.faults.start(endMs);
    await this.until(() => world.clock.nowMs() >= endMs);
    clients.calm();
    await this.recover();
    const calmMs = world.clock.nowMs() + CALM_MS;
    await this.until(() => world.clock.nowMs() >= calmMs);
    clients.stop();
    await this.end(clients);
    return this.result();
  }

  private prepare(runtime: HostLink): void {
    this.runtime = runtime;
    this.insides = insidesOf(runtime);
    this.answers.watchResults(this.insides);
    runtime.on('event', ({ name, link, details }) => {
      const { pu = '', lu = '', reason = '' } = details as Partial<Record<string, string>>;
      if (name === 'protocol.error') this.world.fail('protocol', `${link} saw ${JSON.stringify(details)}`);
      this.world.tell(`event ${name} ${[link, pu, lu, reason].filter((part) => part !== '').join(' ')}`);
    });
  }

  /** Every worker that has a link is READY, with all its sessions. */
  private async recover(): Promise<void> {
    const { world } = this;
    const fromMs = world.clock.nowMs();
    await this.until(() => this.isReady() || world.clock.nowMs() > fromMs + RECOVERY_MAX_MS);
    this.recoveryMs = world.clock.nowMs() - fromMs;
    if (!this.isReady())
      world.fail('recovery', `not all READY ${RECOVERY_MAX_MS} ms after the last fault: ${this.notReady()}`);
  }

  private isReady(): boolean {
    const { seats } = this.insides.supervisor;
    const { directory } = this.insides;
    let working = 0;
    for (const seat of seats) {
      const { state } = directory.worker(seat.index);
      if (state === 'READY') working += 1;
      else if (state !== 'IDLE' && state !== 'DRAINING') return false;
    }
    const { sessions, total } = progressOf(seats.filter((seat) => directory.worker(seat.index).state === 'READY'));
    return working >= this.scene.config.server.min && sessions === total;
  }

  private notReady(): string {
    const { directory, supervisor } = this.insides;
    const workers = supervisor.seats.map(
      (seat) => `worker ${seat.index} ${directory.worker(seat.index).state} ${seat.reason}`,
    );
    const sessions = [...this.launcher.workers].flatMap(({ link }) => link?.inspect() ?? []);
    const down = sessions.filter(({ state }) => !['ACTIVE', 'BUSY', 'LATE', 'OPEN'].includes(state));
    return [...workers, ...down.map(({ lu, state, reason }) => `${lu} ${state} ${reason}`)].join('; ');
  }

  /** All requests end, nothing is promised to anybody, the runtime stops, and no timer is left behind. */
  private async end(clients: Clients): Promise<void> {
    const { world } = this;
    const fromMs = world.clock.nowMs();
    const { dispatcher, directory } = this.insides;
    const isIdle = (): boolean => clients.running.size === 0 && dispatcher.living === 0;
    await this.until(() => isIdle() || world.clock.nowMs() > fromMs + END_MAX_MS + LATE_REPLY_MS);
    if (!isIdle())
      world.fail('leak', `${dispatcher.living} requests live on; ${[...clients.running.values()].join(', ')}`);
    const promised = directory.workers.reduce((sum, { reservedTotal }) => sum + reservedTotal, 0);
    if (promised > 0) world.fail('reservations', `${promised} sessions are promised, and no request is left`);
    await this.settle('leak', 'the stop', this.runtime.stop({ graceMs: STOP_GRACE_MS }), END_MAX_MS);
    if (world.failure !== undefined) return;
    this.host.stop();
    const limitMs = world.clock.nowMs() + MS_PER_HOUR;
    await this.until(() => world.clock.nowMs() > limitMs);
    if (world.clock.pending() > 0) world.fail('leak', `${world.clock.pending()} timers go on after the stop`);
    if (this.launcher.workers.size > 0) world.fail('leak', `${this.launcher.workers.size} workers run after the stop`);
  }

  /** Let time pass until `promise` has its result. */
  private async settle(checker: Checker, what: string, promise: Promise<unknown>, withinMs: number): Promise<void> {
    const { world } = this;
    const limitMs = world.clock.nowMs() + withinMs;
    let isSettled = false;
    promise.then(
      () => {
        isSettled = true;
      },
      (error: unknown) => world.fail(checker, `${what}: ${String(error)}`),
    );
    await this.until(() => isSettled || world.clock.nowMs() > limitMs);
    if (!isSettled) world.fail(checker, `${what} takes longer than ${withinMs} ms`);
  }

  /** Let time pass until `isDone`, nothing is to come, or something is wrong. */
  private async until(isDone: () => boolean): Promise<void> {
    const { world } = this;
    while (world.failure === undefined && !isDone()) {
      if (!(await world.step())) return;
      this.check();
    }
  }

  /** After every step. */
  private check(): void {
    const { world } = this;
    for (const { process, link } of this.launcher.workers) {
      if (link === undefined || process.ranAt !== world.steps - 1) continue;
      this.found('one list', checkTable(link.sessions.table));
    }
    this.found('one list', checkDirectory(this.insides));
    this.found('reservations', checkReservations(this.insides));
    const { errors } = this.host.node;
    if (errors.count > 0) world.fail('protocol', `the host saw ${JSON.stringify(errors.list()[0])}`);
  }

  private found(checker: Checker, evidence: Check): void {
    if (evidence !== undefined) this.world.fail(checker, evidence);
  }

  private result(): SimulationResult {
    const { world, book } = this;
    return {
      seed: world.seed,
      failure: world.failure,
      steps: world.steps,
      requests: book.size,
      outcomes: Object.fromEntries([...book.outcomes].sort(([a], [b]) => (a < b ? -1 : 1))),
      executions: book.executions,
      faults: this.faults.counts,
      recoveryMs: Math.round(this.recoveryMs),
      simulatedMs: Math.round(world.clock.nowMs()),
      logHash: world.logHash,
      recent: world.recent(),
    };
  }
}

/** Run one seed. */
export function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run();
}
