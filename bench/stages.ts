import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { type Clock, createClock } from '../src/base/clock.js';
import { createSilentLog } from '../src/base/log.js';
import { createPrng } from '../src/base/prng.js';
import { type PortLike, WorkerChannel } from '../src/channel/channel.js';
import { SupervisorChannel } from '../src/channel/supervisor-channel.js';
import { loadConfig } from '../src/config/load.js';
import { Directory } from '../src/dispatch/directory.js';
import { Dispatcher } from '../src/dispatch/dispatcher.js';
import { Calls } from '../src/gateway/calls.js';
import type { HostConnection } from '../src/host/connection.js';
import { parseDefinitions } from '../src/host/definitions.js';
import { HostNode } from '../src/host/host-node.js';
import { Link } from '../src/link/link.js';
import type { Transport, TransportEvents } from '../src/link/transport.js';
import { benchConfig, benchHost } from './bench-config.js';

/** The way of a call, in its order. */
export const STAGES = ['dispatch', 'worker', 'host', 'back', 'deliver'] as const;
export type Stage = (typeof STAGES)[number];

/** Nanoseconds of one call in each stage. */
export interface StagesRow {
  readonly payloadSize: number;
  readonly batch: number;
  readonly nanos: Readonly<Record<Stage, number>>;
}

export interface StagesOptions {
  readonly rows: readonly { readonly payloadSize: number; readonly piuSizeMax?: number; readonly batch: number }[];
  /** How often the batch goes round; the least of each stage counts. */
  readonly loops: number;
  readonly sessionsPerPu: number;
}

interface Written {
  readonly block: Buffer;
  readonly done: (block: Buffer) => void;
}

/** What goes over a port here: kept until the other side's turn. */
class Mailbox implements PortLike {
  readonly posted: unknown[] = [];
  private hear: (value: unknown) => void = () => {};

  postMessage(value: unknown): void {
    this.posted.push(value);
  }

  on(event: 'message' | 'close', listener: (value: unknown) => void): void {
    if (event === 'message') this.hear = listener;
  }

  close(): void {}

  deliver(value: unknown): void {
    this.hear(value);
  }
}

/** As much as a socket has read at once: by the link, and by the host. */
const LINK_READS = 262_144;
const HOST_READS = 65_536;
const BRING_UP_TURNS = 200;
const TURNS_MAX = 10_000;
const TIMEOUT_MS = 60_000;

/**
 * One call's way in one thread, without sockets and ports: dispatcher, link and embedded host as they are, and in between
 * nothing but this. What it costs more in the real thing is the system, the ports and cold caches.
 */
class Line {
  private readonly clock: Clock;
  private soons: (() => void)[] = [];
  private readonly toWorker = new Mailbox();
  private readonly toSupervisor = new Mailbox();
  private readonly toHost: Written[] = [];
  private readonly toLink: Written[] = [];
  private readonly node: HostNode;
  private readonly link: Link;
  private connection: HostConnection | undefined;
  private transport: TransportEvents | undefined;
  private readonly calls = new Calls(() => {});
  private readonly dispatcher: Dispatcher;
  private readonly least: Record<Stage, number>;
  private readonly spent: Record<Stage, number>;
  private readonly chunk = Buffer.allocUnsafeSlow(32 * 1_048_576);

  constructor(piuSizeMax: number | undefined, sessionsPerPu: number) {
    this.clock = { ...createClock(), soon: (fire) => this.soons.push(fire) };
    const { clock } = this;
    const shape = { sessionsPerPu, ...(piuSizeMax === undefined ? {} : { piuSizeMax }) };
    const config = loadConfig(benchConfig(1, 1, shape));
    const log = createSilentLog();
    this.node = new HostNode(parseDefinitions(benchHost(1, piuSizeMax)), { clock, log, onLedger: undefined });
    const workerChannel = new WorkerChannel(this.toWorker, clock);
    const { groups } = config;
    const start = {
      workerId: 0,
      link: config.links[0]!,
      groups,
      log: config.log,
      replySizeMax: 4_194_304,
      bindings: {},
    };
    const createTransport = (_: unknown, __: unknown, events: TransportEvents): Transport => this.wire(events);
    this.link = new Link(start, { channel: workerChannel, clock, prng: createPrng(), log, createTransport });
    workerChannel.serve(this.link);
    this.link.open();
    const directory = new Directory(1, groups.length);
    const { services } = config;
    const sink = this.calls;
    this.dispatcher = new Dispatcher({ clock, directory, groups: groups.length, services, maxqcount: -1, sink });
    const channel = new SupervisorChannel(this.toSupervisor, clock, {
      answers: (block) => this.dispatcher.answers(0, block),
      report: (report) => this.dispatcher.workerReported(0, report),
      pong() {},
      event() {},
      trace() {},
      closed() {},
    });
    this.dispatcher.workerStarted(0, channel, [2 * sessionsPerPu], 0);
    this.least = { dispatch: Infinity, worker: Infinity, host: Infinity, back: Infinity, deliver: Infinity };
    this.spent = { ...this.least };
  }

  /** Everything up: so many sessions. @throws Error when they do not come */
  async bringUp(sessions: number): Promise<void> {
    for (let turn = 0; turn < BRING_UP_TURNS; turn += 1) {
      for (let again = 0; again < TURNS_MAX && this.shuttle(); again += 1);
      if (this.link.sessions.table.count('ACTIVE') === sessions) return;
      await wait(10);
    }
    throw new Error(`${this.link.sessions.table.count('ACTIVE')} of ${sessions} sessions are up`);
  }

  /** A batch of calls goes round once. */
  async round(payload: Buffer, batch: number): Promise<void> {
    const { spent } = this;
    for (const stage of STAGES) spent[stage] = 0;
    let open = batch;
    const settled = (): void => {
      open -= 1;
    };
    let failed: unknown;
    this.timed('dispatch', () => {
      for (let call = 0; call < batch; call += 1) {
        const id = this.dispatcher.submit(0, payload, TIMEOUT_MS);
        this.calls.open(id, undefined).then(settled, (error: unknown) => {
          failed = error;
        });
      }
      this.runSoons();
    });
    for (let turn = 0; open > 0; turn += 1) {
      if (failed !== undefined) throw failed;
      if (turn === TURNS_MAX) throw new Error(`${open} calls got no reply`);
      await this.turn();
    }
    for (const stage of STAGES) this.least[stage] = Math.min(this.least[stage], spent[stage] / batch);
  }

  /** @throws Error when the host objected to anything */
  result(): Record<Stage, number> {
    const { count } = this.node.errors;
    if (count > 0) throw new Error(`the host saw ${count} protocol errors`);
    return this.least;
  }

  /** No timer stays. */
  stop(): void {
    this.link.stop(0);
    this.runSoons();
    this.connection?.close();
  }

  private async turn(): Promise<void> {
    this.timed('worker', () => {
      for (const message of this.toSupervisor.posted.splice(0)) this.toWorker.deliver(message);
      this.runSoons();
    });
    const up = this.gather(this.toHost);
    this.timed('host', () => {
      for (let at = 0; at < up; at += HOST_READS)
        this.connection!.data(this.chunk.subarray(at, Math.min(up, at + HOST_READS)));
      this.runSoons();
    });
    const down = this.gather(this.toLink);
    this.timed('back', () => {
      for (let at = 0; at < down; at += LINK_READS)
        this.transport!.data(this.chunk.subarray(at, Math.min(down, at + LINK_READS)));
      this.runSoons();
    });
    const startNs = process.hrtime.bigint();
    for (const message of this.toWorker.posted.splice(0)) this.toSupervisor.deliver(message);
    // The callers run.
    await undefined;
    await undefined;
    this.spent.deliver += Number(process.hrtime.bigint() - startNs);
  }

  private timed(stage: Stage, run: () => void): void {
    const startNs = process.hrtime.bigint();
    run();
    this.spent[stage] += Number(process.hrtime.bigint() - startNs);
  }

  /** The blocks of a tick as a socket would have them. @returns how many bytes they are */
  private gather(written: Written[]): number {
    let size = 0;
    for (const { block, done } of written.splice(0)) {
      size += block.copy(this.chunk, size);
      done(block);
    }
    return size;
  }

  private runSoons(): void {
    while (this.soons.length > 0) {
      const { soons } = this;
      this.soons = [];
      for (const fire of soons) fire();
    }
  }

  /** One turn of everything, not measured. @returns whether anything happened */
  private shuttle(): boolean {
    this.runSoons();
    for (const message of this.toWorker.posted.splice(0)) this.toSupervisor.deliver(message);
    for (const message of this.toSupervisor.posted.splice(0)) this.toWorker.deliver(message);
    const up = this.gather(this.toHost);
    if (up > 0) this.connection!.data(this.chunk.subarray(0, up));
    this.runSoons();
    const down = this.gather(this.toLink);
    if (down > 0) this.transport!.data(this.chunk.subarray(0, down));
    return up + down + this.soons.length > 0;
  }

  private wire(events: TransportEvents): Transport {
    this.transport = events;
    const write = (to: Written[]) => (block: Buffer, done: (block: Buffer) => void) => void to.push({ block, done });
    return {
      open: () => {
        this.clock.soon(() => {
          const facts = { remoteAddress: '127.0.0.1', connections: 1 } as const;
          this.connection = this.node.attach({ write: write(this.toLink), close() {} }, facts);
          events.up('127.0.0.1', '127.0.0.1');
        });
      },
      write: write(this.toHost),
      reduce() {},
      close() {},
      destroy() {},
    };
  }
}

/** Where the time of a call goes, stage by stage: the least of many loops, so that neighbours of this process do not count. */
export async function runStages(options: StagesOptions, progress: (row: StagesRow) => void): Promise<StagesRow[]> {
  const rows: StagesRow[] = [];
  for (const { payloadSize, piuSizeMax, batch } of options.rows) {
    const line = new Line(piuSizeMax, options.sessionsPerPu);
    await line.bringUp(2 * options.sessionsPerPu);
    const payload = Buffer.alloc(payloadSize, 0xc1);
    for (let loop = 0; loop < options.loops; loop += 1) {
      await line.round(payload, batch);
      if (loop % 100 === 0) await nextTurn();
    }
    const row = { payloadSize, batch, nanos: line.result() };
    line.stop();
    rows.push(row);
    progress(row);
  }
  return rows;
}
