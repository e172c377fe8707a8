import { HostLinkError } from '../../src/base/errors.js';
import type { LinkConfig } from '../../src/config/model.js';
import type { ConnectionFacts, HostConnection, HostTransport } from '../../src/host/connection.js';
import type { CreateTransport, Transport, TransportEvents } from '../../src/link/transport.js';
import type { Chance } from './chance.js';
import { SimConnection } from './connection.js';
import { CALM, type Weather } from './pipe.js';
import type { SimProcess } from './process.js';
import { WireTap } from './wire-tap.js';
import type { World } from './world.js';

/** What listens at the host's address. */
export interface Listener {
  readonly process: SimProcess;
  attach(transport: HostTransport, facts: ConnectionFacts): HostConnection;
}

const CONNECT_MAX_MS = 40;
const TAKEN_MAX_MS = 5;

/** The carrier of one link in the simulation: one TCP connection, opened by the link. */
class SimTransport implements Transport {
  readonly link: LinkConfig;
  readonly process: SimProcess;
  readonly events: TransportEvents;
  private readonly network: SimNetwork;
  private connection: SimConnection | undefined;
  private attempt = 0;
  private cancelTimer: (() => void) | undefined;

  constructor(network: SimNetwork, process: SimProcess, link: LinkConfig, events: TransportEvents) {
    this.network = network;
    this.process = process;
    this.link = link;
    this.events = events;
  }

  open(): void {
    this.attempt += 1;
    const { attempt } = this;
    this.cancelTimer = this.process.clock.after(this.link.timers.connectMs, () => this.failed('LINK_TIMEOUT'));
    this.network.connect(this, (connection) => {
      if (attempt !== this.attempt) connection?.closedByLink();
      else if (connection === undefined) this.failed('LINK_REFUSED');
      else this.connected(connection);
    });
  }

  write(block: Buffer, done: (block: Buffer) => void): void {
    const copy = Buffer.from(block);
    this.connection?.fromLink(block);
    this.network.taken(this.process, block, copy, done);
  }

  reduce(): void {
    throw new Error('a single connection is not reduced');
  }

  close(): void {
    this.attempt += 1;
    this.cancelTimer?.();
    this.connection?.closedByLink();
    this.connection = undefined;
  }

  destroy(): void {
    this.close();
  }

  data(chunk: Buffer): void {
    if (this.connection !== undefined) this.events.data(chunk);
  }

  failed(code: 'LINK_LOST' | 'LINK_REFUSED' | 'LINK_TIMEOUT'): void {
    if (code === 'LINK_LOST' && this.connection === undefined) return;
    this.close();
    this.events.down(new HostLinkError(code, '(simulated)'));
  }

  private connected(connection: SimConnection): void {
    this.cancelTimer?.();
    this.connection = connection;
    this.events.up(`10.0.0.${this.link.index + 1}`, '10.0.1.1');
  }
}

/** Everything between the links and the host. */
export class SimNetwork {
  readonly weather: Weather = { ...CALM };
  readonly connections = new Set<SimConnection>();
  /** Names of the links whose connects are refused, or never answered. */
  readonly refused = new Set<string>();
  readonly unanswered = new Set<string>();
  /** The host, while it is up. */
  listener: Listener | undefined;
  private readonly world: World;
  private readonly chance: Chance;
  private readonly lastTakenMs = new WeakMap<SimProcess, number>();
  private readonly transports = new Map<SimProcess, SimTransport>();

  constructor(world: World) {
    this.world = world;
    this.chance = world.fork('network');
  }

  /** For the link of a worker. */
  transportOf(process: SimProcess): CreateTransport {
    return (link, _clock, events) => {
      const transport = new SimTransport(this, process, link, events);
      this.transports.set(process, transport);
      return transport;
    };
  }

  /** A process is gone: its sockets are closed. */
  processEnded(process: SimProcess): void {
    this.transports.get(process)?.close();
    this.transports.delete(process);
  }

  /** The connections of one link that are there now. */
  connectionsOf(link: string): SimConnection[] {
    return [...this.connections].filter((one) => one.link === link && !one.isOver);
  }

  /** @param settled with the connection, or without when it is refused */
  connect(transport: SimTransport, settled: (connection: SimConnection | undefined) => void): void {
    const { name } = transport.link;
    this.world.clock.after(this.chance.skewed(0.2, CONNECT_MAX_MS), () => {
      if (this.unanswered.has(name)) return;
      const isRefused = this.listener === undefined || this.refused.has(name);
      const connection = isRefused ? undefined : this.accept(transport, this.listener!);
      this.world.tell(`${name} ${isRefused ? 'is refused' : 'connects'}`);
      transport.process.enter(() => settled(connection));
    });
  }

  /** The system takes blocks, later and in order: until then nobody may have changed them. */
  taken(process: SimProcess, block: Buffer, copy: Buffer, done: (block: Buffer) => void): void {
    const nowMs = this.world.clock.nowMs();
    const takenMs = Math.max(this.lastTakenMs.get(process) ?? 0, nowMs + this.chance.skewed(0, TAKEN_MAX_MS));
    this.lastTakenMs.set(process, takenMs);
    process.clock.after(takenMs - nowMs, () => {
      if (!block.equals(copy)) this.world.fail('crash', `${process.name} changed a block that was being written`);
      done(block);
    });
  }

  private accept(transport: SimTransport, listener: Listener): SimConnection {
    const { name } = transport.link;
    const { process } = listener;
    let peer: HostConnection | undefined;
    const connection: SimConnection = new SimConnection(
      this.world,
      this.chance,
      this.weather,
      new WireTap(this.world, name),
      {
        name,
        link: {
          enter: (work) => transport.process.enter(work),
          data: (chunk) => transport.data(chunk),
          end: () => transport.failed('LINK_LOST'),
        },
        host: {
          enter: (work) => process.enter(work),
          data: (chunk) => peer?.data(chunk),
          end: () => {
            this.connections.delete(connection);
            peer?.closed();
          },
        },
      },
    );
    this.connections.add(connection);
    const hostTransport: HostTransport = {
      write: (block, done) => {
        const copy = Buffer.from(block);
        connection.fromHost(block);
        this.taken(process, block, copy, done);
      },
      close: () => {
        this.connections.delete(connection);
        connection.closedByHost();
      },
    };
    const facts = { remoteAddress: `10.0.0.${transport.link.index + 1}`, connections: 1 } as const;
    process.enter(() => {
      peer = listener.attach(hostTransport, facts);
    });
    return connection;
  }
}
