import type { Chance } from './chance.js';
import { Pipe, type PipeEnd, type Weather } from './pipe.js';
import type { WireTap } from './wire-tap.js';
import type { World } from './world.js';

/** One TCP connection: two pipes. Either side closes it, or the network does. */
export class SimConnection {
  readonly link: string;
  isOver = false;
  private readonly chance: Chance;
  private readonly toHost: Pipe;
  private readonly toLink: Pipe;
  private readonly tap: WireTap;

  constructor(
    world: World,
    chance: Chance,
    weather: Weather,
    tap: WireTap,
    ends: { readonly link: PipeEnd; readonly host: PipeEnd; readonly name: string },
  ) {
    this.link = ends.name;
    this.chance = chance;
    this.tap = tap;
    this.toHost = new Pipe(world, chance, weather, ends.host);
    this.toLink = new Pipe(world, chance, weather, ends.link);
  }

  fromLink(bytes: Buffer): void {
    this.tap.fromLink(bytes);
    this.toHost.write(bytes);
  }

  fromHost(bytes: Buffer): void {
    this.tap.fromHost(bytes);
    this.toLink.write(bytes);
  }

  closedByLink(): void {
    this.isOver = true;
    this.toLink.drop();
    this.toHost.end(this.chance.is(0.5));
  }

  closedByHost(): void {
    this.isOver = true;
    this.toHost.drop();
    this.toLink.end(this.chance.is(0.5));
  }

  /** The network loses it: both sides hear so, each in its time, and what was under way is gone. */
  reset(): void {
    this.isOver = true;
    this.resume();
    this.toHost.end(true);
    this.toLink.end(true);
  }

  stall(which: 'toHost' | 'toLink' | 'both'): void {
    if (which !== 'toLink') this.toHost.stall();
    if (which !== 'toHost') this.toLink.stall();
  }

  resume(): void {
    this.toHost.resume();
    this.toLink.resume();
  }
}
