import type { Log } from '../../src/base/log.js';
import { WorkerChannel } from '../../src/channel/channel.js';
import type { WorkerStart } from '../../src/channel/messages.js';
import { Link } from '../../src/link/link.js';
import type { RunningWorker, WorkerLauncher, WorkerOutcome } from '../../src/supervisor/launcher.js';
import type { Chance } from './chance.js';
import type { SimNetwork } from './network.js';
import { type SimPort, simPorts } from './port.js';
import { SimProcess } from './process.js';
import { stackOf, type World } from './world.js';

const BOOT_MIN_MS = 5;
const BOOT_MAX_MS = 200;
const ABORT_MAX_MS = 50;
const END_MAX_MS = 100;

/** One worker: a link in a process of its own, as src/link/run.ts has it, with a port to the supervisor. */
export class SimWorker implements RunningWorker {
  readonly start: WorkerStart;
  readonly process: SimProcess;
  readonly port: SimPort;
  link: Link | undefined;
  private readonly far: SimPort;
  private readonly launcher: SimLauncher;
  private readonly chance: Chance;
  private readonly ended: (outcome: WorkerOutcome) => void;
  private isOver = false;

  constructor(launcher: SimLauncher, start: WorkerStart, ended: (outcome: WorkerOutcome) => void) {
    const { world } = launcher;
    this.launcher = launcher;
    this.start = start;
    this.ended = ended;
    this.chance = launcher.chance;
    this.process = new SimProcess(world, `worker of ${start.link.name}`, (error) => {
      world.fail('crash', `${start.link.name}: ${stackOf(error)}`);
      this.kill('crashed');
    });
    const near = (work: () => void): void => work();
    [this.port, this.far] = simPorts(world, this.chance, near, (work) => this.process.enter(work));
    this.process.clock.after(this.chance.skewed(BOOT_MIN_MS, BOOT_MAX_MS), () => this.run());
  }

  drain(hear: (message: unknown) => void): void {
    this.port.drain(hear);
  }

  abort(): void {
    this.launcher.world.clock.after(this.chance.skewed(0, ABORT_MAX_MS), () => this.kill('aborted'));
  }

  /** End it the hard way, with everything it has. */
  kill(reason: string): void {
    if (this.isOver) return;
    this.launcher.world.tell(`${this.process.name} is ${reason}`);
    this.end({ kind: 'broke', reason });
  }

  private run(): void {
    const { clock } = this.process;
    const channel = new WorkerChannel(this.far, clock);
    const { log, network, chance } = this.launcher;
    const createTransport = network.transportOf(this.process);
    const link = new Link(this.start, { channel, clock, prng: chance.prng, log, createTransport });
    this.link = link;
    channel.serve(link);
    link.open();
    void link.stopped.then(() => {
      channel.close();
      this.end({ kind: 'ended', end: { workerId: this.start.workerId, reason: 'stopped' } });
    });
  }

  /** The port closes and the thread ends; which of the two is heard first is chance. */
  private end(outcome: WorkerOutcome): void {
    if (this.isOver) return;
    this.isOver = true;
    this.process.kill();
    this.launcher.network.processEnded(this.process);
    this.launcher.workers.delete(this);
    this.far.close();
    this.launcher.world.clock.after(this.chance.skewed(0, END_MAX_MS), () => this.ended(outcome));
  }
}

/** Starts workers in this thread. */
export class SimLauncher implements WorkerLauncher {
  readonly world: World;
  readonly network: SimNetwork;
  readonly chance: Chance;
  readonly log: Log;
  /** Those that run. */
  readonly workers = new Set<SimWorker>();
  /** Told of each worker before it says or hears anything. */
  onLaunch: (worker: SimWorker) => void = () => {};

  constructor(world: World, network: SimNetwork, log: Log) {
    this.world = world;
    this.network = network;
    this.log = log;
    this.chance = world.fork('workers');
  }

  launch(start: WorkerStart, ended: (outcome: WorkerOutcome) => void): SimWorker {
    const worker = new SimWorker(this, start, ended);
    this.onLaunch(worker);
    this.workers.add(worker);
    this.world.tell(`${worker.process.name} starts`);
    return worker;
  }

  close(): Promise<void> {
    for (const worker of [...this.workers]) worker.kill('ended with the launcher');
    return Promise.resolve();
  }
}
