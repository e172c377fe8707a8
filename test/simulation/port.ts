import type { PortLike } from '../../src/channel/channel.js';
import type { Chance } from './chance.js';
import type { World } from './world.js';

/** Runs what arrives at one end: a process of the simulation, or the runtime itself. */
export type Enter = (work: () => void) => void;

/** What passes at an end of a port; what it gives instead is what is heard. */
export type PortTap = (message: unknown) => readonly unknown[];

const DELAY_MAX_MS = 3;

/**
 * One end of a message port. What is posted is cloned or changes hands, as between threads, and arrives later, in order.
 * When one end closes, the other hears what was posted before, and then that it is closed.
 */
export class SimPort implements PortLike {
  peer!: SimPort;
  /** Sees what arrives here. */
  tap: PortTap = (message) => [message];
  private readonly world: World;
  private readonly chance: Chance;
  private readonly enter: Enter;
  private inbox: unknown[] = [];
  private hear: ((value: unknown) => void) | undefined;
  private closed: (() => void) | undefined;
  private isClosed = false;
  private isPeerClosed = false;
  private isDue = false;

  constructor(world: World, chance: Chance, enter: Enter) {
    this.world = world;
    this.chance = chance;
    this.enter = enter;
  }

  postMessage(value: unknown, transferList: readonly ArrayBuffer[] = []): void {
    const copy: unknown = structuredClone(value, { transfer: [...transferList] });
    if (!this.isClosed) this.peer.arrive(copy);
  }

  on(event: 'message', listener: (value: unknown) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  on(event: 'message' | 'close', listener: ((value: unknown) => void) & (() => void)): unknown {
    if (event === 'close') this.closed = listener;
    else {
      this.hear = listener;
      this.due();
    }
    return this;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.inbox = [];
    this.peer.peerClosed();
  }

  /** Hand over what has arrived and was not heard, at once. */
  drain(hear: (message: unknown) => void): void {
    const messages = this.inbox;
    this.inbox = [];
    for (const message of messages) for (const one of this.tap(message)) hear(one);
  }

  private arrive(message: unknown): void {
    if (this.isClosed) return;
    this.inbox.push(message);
    this.due();
  }

  private peerClosed(): void {
    this.isPeerClosed = true;
    this.due();
  }

  private due(): void {
    // Messages wait until somebody listens.
    if (this.isDue || this.hear === undefined) return;
    this.isDue = true;
    this.world.clock.after(this.chance.skewed(0, DELAY_MAX_MS), () => this.enter(() => this.deliver()));
  }

  private deliver(): void {
    this.isDue = false;
    if (this.isClosed) return;
    this.drain((message) => {
      if (!this.isClosed) this.hear?.(message);
    });
    if (!this.isPeerClosed || this.isClosed) return;
    this.isClosed = true;
    this.closed?.();
  }
}

/** Two ends that hear each other. */
export function simPorts(world: World, chance: Chance, near: Enter, far: Enter): readonly [SimPort, SimPort] {
  const one = new SimPort(world, chance, near);
  const other = new SimPort(world, chance, far);
  one.peer = other;
  other.peer = one;
  return [one, other];
}
