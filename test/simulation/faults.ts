import type { Chance } from './chance.js';
import { HOST_OPERATIONS, type OperationTarget } from './host-operations.js';
import type { SimWorker } from './launcher.js';
import { CALM, type Weather } from './pipe.js';
import type { Simulation } from './simulation.js';

/** How often each fault happened. */
export type FaultCounts = Readonly<Record<string, number>>;

/** Ends a fault that lasts. */
type Undo = () => void;

/** Mean time between two faults, ms; each simulation has its own weather. */
const GAP_MIN_MS = 1500;
const GAP_MAX_MS = 20_000;

/** How long after it has undone something an operator of the host looks at it. */
const LOOKS_MS = [1000, 3000, 10_000, 30_000];

const HARD_WEATHER = [
  { fastMs: 0.1, slowMs: 3, cut: 'bytes' },
  { fastMs: 0.1, slowMs: 3, cut: 'pieces' },
  { fastMs: 20, slowMs: 400, cut: 'pieces' },
  { fastMs: 5, slowMs: 3000, cut: 'whole' },
  { fastMs: 200, slowMs: 2000, cut: 'bytes' },
] as const;

/** What goes wrong, drawn from the seed: begins, and where it lasts ends, before a stated time. */
export class Faults {
  readonly counts: Record<string, number> = {};
  private readonly simulation: Simulation;
  private readonly chance: Chance;
  private readonly gapMs: number;
  /** Those that have not ended; the newest is the one that is. */
  private readonly weathers: Weather[] = [];
  private endMs = 0;
  private lasting = new Set<Undo>();

  /** Each kind of fault: how long it may last, and what it does. */
  private readonly kinds: readonly (readonly [name: string, maxMs: number, begin: () => Undo | undefined])[] = [
    ['reset', 0, () => this.reset()],
    ['stall', 40_000, () => this.stall()],
    ['refuse', 30_000, () => this.shut(this.simulation.network.refused)],
    ['no answer', 30_000, () => this.shut(this.simulation.network.unanswered)],
    ['weather', 30_000, () => this.changeWeather()],
    ['worker killed', 0, () => this.killWorker()],
    ['worker hangs', 40_000, () => this.hangWorker()],
    ['host restart', 20_000, () => this.restartHost()],
    ['host stands still', 8000, () => this.stopHostForAWhile()],
    ['host operator', 20_000, () => this.operateHost()],
    ['host operator', 20_000, () => this.operateHost()],
    ['host operator', 20_000, () => this.operateHost()],
    ['operator', 20_000, () => this.operate()],
  ];

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    this.chance = simulation.world.fork('faults');
    this.gapMs = this.chance.between(GAP_MIN_MS, GAP_MAX_MS);
  }

  /** Let things go wrong from now on; all is over at `endMs`. */
  start(endMs: number): void {
    const { clock } = this.simulation.world;
    this.endMs = endMs;
    clock.after(endMs - clock.nowMs(), () => {
      for (const undo of [...this.lasting]) undo();
    });
    this.later();
  }

  private later(): void {
    const { clock } = this.simulation.world;
    const delayMs = -Math.log(1 - this.chance.prng()) * this.gapMs;
    if (clock.nowMs() + delayMs >= this.endMs) return;
    clock.after(delayMs, () => {
      this.one();
      this.later();
    });
  }

  private one(): void {
    const { world } = this.simulation;
    const [name, maxMs, begin] = this.chance.pick(this.kinds);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    world.tell(`fault: ${name}`);
    const undo = begin();
    if (undo === undefined) return;
    const end = (): void => {
      if (!this.lasting.delete(end)) return;
      world.tell(`end of fault: ${name}`);
      undo();
    };
    this.lasting.add(end);
    world.clock.after(this.chance.skewed(100, maxMs), end);
  }

  private link(): string {
    return this.chance.pick(this.simulation.scene.links);
  }

  private reset(): undefined {
    for (const one of this.simulation.network.connectionsOf(this.link())) one.reset();
  }

  /** Half-open: nothing passes, in one direction or both; later it goes on, or is lost. */
  private stall(): Undo {
    const connections = this.simulation.network.connectionsOf(this.link());
    const which = this.chance.pick(['toHost', 'toLink', 'both'] as const);
    for (const one of connections) one.stall(which);
    return () => {
      const isLost = this.chance.is(0.5);
      for (const one of connections) {
        if (isLost) one.reset();
        else one.resume();
      }
    };
  }

  /** The link gets no new connection, and mostly loses the one it has. */
  private shut(closed: Set<string>): Undo {
    const { network } = this.simulation;
    const links = this.chance.is(0.3) ? [...this.simulation.scene.links] : [this.link()];
    for (const link of links) {
      closed.add(link);
      if (this.chance.is(0.8)) for (const one of network.connectionsOf(link)) one.reset();
    }
    return () => {
      for (const link of links) closed.delete(link);
    };
  }

  private changeWeather(): Undo {
    const { weather } = this.simulation.network;
    const hard = { ...this.chance.pick(HARD_WEATHER) };
    this.weathers.push(hard);
    Object.assign(weather, hard);
    return () => {
      this.weathers.splice(this.weathers.indexOf(hard), 1);
      Object.assign(weather, this.weathers.at(-1) ?? CALM);
    };
  }

  private worker(): SimWorker | undefined {
    return this.chance.pick([...this.simulation.launcher.workers]);
  }

  private killWorker(): undefined {
    this.worker()?.kill('killed');
  }

  private hangWorker(): Undo | undefined {
    const process = this.worker()?.process;
    process?.pause();
    return process && (() => process.resume());
  }

  private restartHost(): Undo | undefined {
    const { host } = this.simulation;
    if (!host.isUp) return undefined;
    host.stop();
    return () => host.start();
  }

  private stopHostForAWhile(): Undo {
    const { process } = this.simulation.host;
    process.pause();
    return () => process.resume();
  }

  private operateHost(): Undo | undefined {
    const { host, scene, world } = this.simulation;
    const [name, act, actBack] = this.chance.pick(HOST_OPERATIONS);
    const lu = this.chance.pick(scene.lus);
    const on = { lu: lu.name, pu: this.chance.pick(scene.pus), application: lu.application, isActive: false };
    host.operate(`${name} ${on.lu} ${on.pu}`, (control) => {
      act(control, { ...on, isActive: host.node.lus.get(on.lu)?.session?.isActive ?? false });
    });
    if (actBack === undefined) return undefined;
    return () => {
      host.operate(`after ${name} ${on.lu} ${on.pu}`, (control) => actBack(control, on));
      for (const delayMs of LOOKS_MS) world.clock.after(delayMs, () => this.lookAfter(on));
    };
  }

  /** Activation is refused while deactivation is under way: the operator looks whether it has worked, and does it again. */
  private lookAfter({ lu, pu }: Pick<OperationTarget, 'lu' | 'pu'>): void {
    const { host } = this.simulation;
    host.process.enter(() => {
      if (host.node.pus.get(pu)?.state === 'INACTIVE') host.control.actpu(pu);
      if (host.node.lus.get(lu)?.state === 'RESET') host.control.actlu(lu);
    });
  }

  /** What an operator of the runtime does, and undoes. */
  private operate(): Undo | undefined {
    const { runtime, scene, world } = this.simulation;
    const { operations } = runtime;
    const lu = this.chance.pick(scene.lus);
    const link = this.link();
    const what = this.chance.pick(['deactivate', 'hold link', 'drain', 'hold service', 'purge'] as const);
    const told = (promise: Promise<unknown>): void => {
      promise.catch((error: unknown) => world.fail('crash', `${what}: ${String(error)}`));
    };
    world.tell(`operator: ${what} ${lu.name} ${link}`);
    switch (what) {
      case 'deactivate':
        told(operations.deactivate('lu', lu.name));
        return () => told(operations.activate('lu', lu.name));
      case 'hold link':
        operations.hold('link', link);
        return () => told(operations.start('link', link));
      case 'drain':
        told(operations.drain(link));
        return () => told(operations.start('link', link));
      case 'hold service':
        operations.hold('service', 'ECHO');
        return () => told(operations.start('service', 'ECHO'));
      case 'purge':
        operations.purge();
        return undefined;
    }
  }
}
