import net from 'node:net';
import type { Prng } from '../../src/base/prng.js';

export type Direction = 'toHost' | 'toRuntime';

/** What the proxy does to the bytes that pass. Each can be changed at any time. */
export interface Faults {
  /** Every byte comes this much later, ms, and up to jitterMs more; order is kept, as TCP does. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Most bytes of one write, one write per turn of the event loop; 0 as they come. */
  readonly sliceBytes: number;
  /** Of each direction of each connection; 0 no limit. */
  readonly bytesPerSecond: number;
  /** Nothing passes this way; what comes waits, and its sender feels it once the buffers are full. */
  readonly stall: readonly Direction[];
  /** Share of the bytes that are changed on the way, 0 to 1. */
  readonly corrupt: Readonly<Partial<Record<Direction, number>>>;
  /**
   * A path that has forgotten its connections: those that are open or come while it is on swallow everything, for good,
   * and neither end hears of the other's.
   */
  readonly halfOpen: boolean;
}

export const NO_FAULTS: Faults = {
  latencyMs: 0,
  jitterMs: 0,
  sliceBytes: 0,
  bytesPerSecond: 0,
  stall: [],
  corrupt: {},
  halfOpen: false,
};

/** Held per direction before its sender is made to wait. */
const HELD_MAX = 262_144;
/** A limited flow may send again after this long, ms. */
const BUCKET_MS = 10;

/** What all flows of a proxy share. */
interface Shared {
  faults: Faults;
  readonly prng: Prng;
  readonly stats: ProxyStats;
}

export interface ProxyStats {
  connections: number;
  toHost: number;
  toRuntime: number;
  corrupted: number;
  resets: number;
}

/** One direction of one connection. */
class Flow {
  /** Swallows everything from now on. */
  isDead = false;
  /** Bytes in the queue. */
  held = 0;
  private readonly shared: Shared;
  private readonly direction: Direction;
  private readonly from: net.Socket;
  private readonly to: net.Socket;
  private queue: { bytes: Buffer; readonly dueMs: number }[] = [];
  private lastDueMs = 0;
  private hasEnded = false;
  private isBlocked = false;
  private budget = 0;
  private budgetMs = 0;
  /** Bytes that pass unharmed before the next one that does not, for the rate it was drawn at. */
  private untilCorrupt = 0;
  private corruptRate = 0;
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;

  constructor(shared: Shared, direction: Direction, from: net.Socket, to: net.Socket) {
    this.shared = shared;
    this.direction = direction;
    this.from = from;
    this.to = to;
    from.on('data', (chunk: Buffer) => this.take(chunk));
    from.on('end', () => {
      this.hasEnded = true;
      this.pump();
    });
    to.on('drain', () => {
      this.isBlocked = false;
      this.pump();
    });
  }

  /** The faults have changed, or a wait is over: send what may go. */
  readonly pump = (): void => {
    if (this.timer !== undefined || this.immediate !== undefined || this.isBlocked || this.isDead) return;
    while (this.queue.length > 0) if (!this.sendOne()) return;
    if (this.hasEnded && !this.to.writableEnded) this.to.end();
  };

  /** Wake up now instead of at the end of a wait that was meant for other faults. */
  repump(): void {
    this.endTimers();
    this.pump();
  }

  die(): void {
    this.isDead = true;
    this.end();
    this.from.resume();
  }

  end(): void {
    this.endTimers();
    this.queue = [];
    this.held = 0;
  }

  private endTimers(): void {
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    this.timer = undefined;
    this.immediate = undefined;
  }

  private take(chunk: Buffer): void {
    if (this.isDead) return;
    const { faults, prng } = this.shared;
    const dueMs = performance.now() + faults.latencyMs + faults.jitterMs * prng();
    this.lastDueMs = faults.latencyMs + faults.jitterMs > 0 ? Math.max(dueMs, this.lastDueMs) : 0;
    this.queue.push({ bytes: chunk, dueMs: this.lastDueMs });
    this.held += chunk.length;
    if (this.held > HELD_MAX) this.from.pause();
    this.pump();
  }

  /** @returns whether the next may go at once */
  private sendOne(): boolean {
    const { faults, stats } = this.shared;
    const head = this.queue[0]!;
    if (faults.stall.includes(this.direction)) return false;
    const waitMs = faults.latencyMs + faults.jitterMs > 0 ? head.dueMs - performance.now() : 0;
    if (waitMs > 0) return this.later(waitMs);
    const size = Math.min(head.bytes.length, faults.sliceBytes || Number.POSITIVE_INFINITY, this.allowance());
    if (size < 1) return this.later(BUCKET_MS);
    const piece = head.bytes.subarray(0, size);
    head.bytes = head.bytes.subarray(size);
    if (head.bytes.length === 0) this.queue.shift();
    this.held -= size;
    this.budget -= size;
    stats[this.direction] += size;
    this.corrupt(piece);
    if (this.from.isPaused() && this.held < HELD_MAX / 2) this.from.resume();
    this.isBlocked = !this.to.write(piece);
    if (this.isBlocked) return false;
    return faults.sliceBytes === 0 || this.nextTurn();
  }

  private later(ms: number): false {
    this.timer = setTimeout(() => this.repump(), Math.ceil(ms));
    return false;
  }

  private nextTurn(): false {
    this.immediate = setImmediate(() => this.repump());
    return false;
  }

  /** Bytes that the limit allows now. */
  private allowance(): number {
    const { bytesPerSecond } = this.shared.faults;
    if (bytesPerSecond === 0) return Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    const most = Math.max(1, (bytesPerSecond * BUCKET_MS) / 1000);
    const earned = ((nowMs - this.budgetMs) * bytesPerSecond) / 1000;
    this.budget = Math.min(most, Math.max(0, this.budget) + earned);
    this.budgetMs = nowMs;
    return Math.floor(this.budget);
  }

  private corrupt(piece: Buffer): void {
    const rate = this.shared.faults.corrupt[this.direction] ?? 0;
    if (rate === 0) return;
    if (rate !== this.corruptRate) {
      this.corruptRate = rate;
      this.untilCorrupt = this.drawGap();
    }
    while (this.untilCorrupt < piece.length) {
      piece[this.untilCorrupt]! ^= 1 + Math.floor(this.shared.prng() * 255);
      this.shared.stats.corrupted += 1;
      this.untilCorrupt += 1 + this.drawGap();
    }
    this.untilCorrupt -= piece.length;
  }

  /** Unharmed bytes before the next hit, so that each byte is hit with the rate's chance. */
  private drawGap(): number {
    if (this.corruptRate >= 1) return 0;
    return Math.floor(Math.log(1 - this.shared.prng()) / Math.log(1 - this.corruptRate));
  }
}

/** One connection of the runtime, and the one to the host that belongs to it. */
class Pair {
  readonly flows: readonly [toHost: Flow, toRuntime: Flow];
  private readonly ends: Readonly<Record<'runtime' | 'host', net.Socket>>;
  private isDead = false;

  constructor(shared: Shared, runtime: net.Socket, host: net.Socket, closed: (pair: Pair) => void) {
    this.ends = { runtime, host };
    this.flows = [new Flow(shared, 'toHost', runtime, host), new Flow(shared, 'toRuntime', host, runtime)];
    this.watch(runtime, host, closed);
    this.watch(host, runtime, closed);
    if (shared.faults.halfOpen) this.die();
  }

  /** Swallows, or has been reset on one side. */
  get isForgotten(): boolean {
    return this.isDead;
  }

  get isOpen(): boolean {
    return !this.ends.runtime.destroyed || !this.ends.host.destroyed;
  }

  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    for (const flow of this.flows) flow.die();
  }

  /** A reset (RST). Of one side only: the other hears nothing, and what it sends is swallowed. */
  reset(side: 'both' | 'runtime'): void {
    this.die();
    this.ends.runtime.resetAndDestroy();
    if (side === 'both') this.ends.host.resetAndDestroy();
  }

  private watch(socket: net.Socket, other: net.Socket, closed: (pair: Pair) => void): void {
    socket.on('error', () => {
      if (!this.isDead) other.resetAndDestroy();
    });
    socket.once('close', () => {
      for (const flow of this.flows) if (!this.isOpen) flow.end();
      if (!this.isOpen) closed(this);
    });
  }
}

/** A TCP proxy between runtime and host that can do to their connections what networks do. */
export class FaultProxy {
  readonly port: number;
  private server: net.Server;
  private readonly target: { readonly host: string; readonly port: number };
  private readonly shared: Shared;
  private readonly pairs = new Set<Pair>();

  /** @param target port of the host on this machine */
  static async start(target: number, prng: Prng): Promise<FaultProxy> {
    const server = await listen(0);
    return new FaultProxy(server, target, prng);
  }

  private constructor(server: net.Server, target: number, prng: Prng) {
    this.target = { host: '127.0.0.1', port: target };
    const stats = { connections: 0, toHost: 0, toRuntime: 0, corrupted: 0, resets: 0 };
    this.shared = { faults: NO_FAULTS, prng, stats };
    this.server = server;
    this.port = (server.address() as net.AddressInfo).port;
    server.on('connection', (socket) => this.accepted(socket));
  }

  get stats(): Readonly<ProxyStats> {
    return this.shared.stats;
  }

  /** Connections of which at least one side is open. */
  get open(): number {
    return this.pairs.size;
  }

  /** Bytes that have come in and not gone out yet. */
  held(direction: Direction): number {
    return [...this.pairs].reduce((sum, { flows }) => sum + flows[direction === 'toHost' ? 0 : 1].held, 0);
  }

  /** These faults and no others, from now on. */
  set(faults: Partial<Faults>): void {
    this.shared.faults = { ...NO_FAULTS, ...faults };
    for (const pair of this.pairs) {
      if (this.shared.faults.halfOpen) pair.die();
      for (const flow of pair.flows) flow.repump();
    }
  }

  /** No faults any more; connections that are dead stay so. */
  heal(): void {
    this.set({});
  }

  /** Reset all connections; with 'runtime' the host does not hear of it before dropDead. @returns how many */
  reset(side: 'both' | 'runtime' = 'both'): number {
    const pairs = [...this.pairs];
    for (const pair of pairs) pair.reset(side);
    this.shared.stats.resets += pairs.length;
    return pairs.length;
  }

  /** What is left of dead connections is reset: the ends that have not heard yet hear now. */
  dropDead(): number {
    const dead = [...this.pairs].filter((pair) => pair.isForgotten);
    for (const pair of dead) pair.reset('both');
    return dead.length;
  }

  /** Connections are refused from now on; those that are there stay. */
  refuse(): void {
    // The server would tell only when its connections are gone, but it listens no more from here on.
    this.server.close();
  }

  /** Connections are taken again, on the same port. */
  async accept(): Promise<void> {
    if (this.server.listening) return;
    this.server = await listen(this.port);
    this.server.on('connection', (socket) => this.accepted(socket));
  }

  stop(): void {
    this.server.close();
    for (const pair of [...this.pairs]) pair.reset('both');
  }

  private accepted(runtime: net.Socket): void {
    this.shared.stats.connections += 1;
    const host = net.connect({ ...this.target, noDelay: true, allowHalfOpen: true });
    this.pairs.add(new Pair(this.shared, runtime, host, (pair) => this.pairs.delete(pair)));
  }
}

async function listen(port: number): Promise<net.Server> {
  const server = net.createServer({ noDelay: true, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  return server;
}
