import net, { isIPv4 } from 'node:net';
import { AcceptedSocket } from '../base/accepted-socket.js';
import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import type { LinkConfig, PeerAddress } from '../config/model.js';

/** What a transport tells its link. After `up` comes `data` any number of times, then `down` once. */
export interface TransportEvents {
  /** Both connections (or the one) are open. Addresses tell who gives way when two become one (CV 87). */
  up(localAddress: string, remoteAddress: string): void;
  /** Bytes of the peer; the buffer is used again after the call. */
  data(chunk: Buffer): void;
  /** The connection could not be had, or is gone. */
  down(error: HostLinkError): void;
}

/** The carrier of one link: a TCP connection, or the pair of RFC 1795. */
export interface Transport {
  /** Begin: connect to `peer` (origin) or make ready to be connected to (target). Ends in `up` or `down`. */
  open(peer: PeerAddress): void;
  /** Write one block; `done` gives it back when the system has taken it. Dropped when not up. */
  write(block: Buffer, done: (block: Buffer) => void): void;
  /** The pair has become one connection (CV 87): `keep` says which direction's connection stays. */
  reduce(keep: 'ours' | 'theirs'): void;
  /** Close whatever is open, without a `down`. */
  close(): void;
  /** Close and stop listening: the end. */
  destroy(): void;
}

export type CreateTransport = (link: LinkConfig, clock: Clock, events: TransportEvents) => Transport;

const READ_BUFFER_SIZE = 262_144;
const LISTEN_BACKLOG = 8;
/** TCP keepalive finds a peer that died without a word. */
const KEEPALIVE_DELAY_MS = 30_000;

function plainAddress(address: string | undefined): string {
  return address?.startsWith('::ffff:') ? address.slice(7) : (address ?? '');
}

/**
 * DLSw over TCP. One connection: whoever connects, both directions on it. Two: each side opens one to the other's
 * listening port, writes on its own and reads the other.
 * @source RFC 1795 section 7.1 (connection pair), RFC 2166 section 3 (single connection)
 */
export class TcpTransport implements Transport {
  private readonly link: LinkConfig;
  private readonly clock: Clock;
  private readonly events: TransportEvents;
  private server: net.Server | undefined;
  /** The connection we opened. */
  private ours: net.Socket | undefined;
  /** The connection the peer opened. */
  private theirs: AcceptedSocket | undefined;
  private isUp = false;
  private isOpening = false;
  private cancelTimer: (() => void) | undefined;
  /** The peer of this attempt: the configured one, or its backup. */
  private peer: PeerAddress;
  private readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);

  constructor(link: LinkConfig, clock: Clock, events: TransportEvents) {
    this.link = link;
    this.peer = link.peer;
    this.clock = clock;
    this.events = events;
  }

  private get needsListener(): boolean {
    return this.link.role === 'target' || this.link.dlsw.connections === 2;
  }

  private get needsOurs(): boolean {
    return this.link.role === 'origin' || this.link.dlsw.connections === 2;
  }

  open(peer: PeerAddress): void {
    this.peer = peer;
    this.isOpening = true;
    if (this.link.role === 'origin') {
      this.cancelTimer = this.clock.after(this.link.timers.connectMs, () => this.timedOut());
    }
    if (this.needsListener && !this.server) this.listen();
    else this.connectWhenDue();
  }

  write(block: Buffer, done: (block: Buffer) => void): void {
    const socket = this.ours ?? this.theirs?.socket;
    if (!this.isUp || !socket) {
      done(block);
      return;
    }
    socket.write(block, () => done(block));
  }

  reduce(keep: 'ours' | 'theirs'): void {
    const { ours, theirs } = this;
    if (keep === 'theirs') {
      ours?.removeAllListeners('close');
      ours?.end();
      this.ours = undefined;
      return;
    }
    // The peer closes its own connection; until then bytes may still come in on it.
    theirs?.socket.removeAllListeners('close');
    theirs?.socket.once('close', () => {
      if (this.theirs === theirs) this.theirs = undefined;
    });
  }

  close(): void {
    this.isUp = false;
    this.isOpening = false;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    for (const socket of [this.ours, this.theirs?.socket]) {
      socket?.removeAllListeners('close');
      socket?.destroy();
    }
    this.ours = undefined;
    this.theirs = undefined;
  }

  destroy(): void {
    this.close();
    this.server?.close();
    this.server = undefined;
  }

  private listen(): void {
    const { address, port } = this.link.local;
    const server = net.createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_DELAY_MS, pauseOnConnect: true },
      (socket) => this.accepted(socket),
    );
    server.on('error', (error: NodeJS.ErrnoException) => {
      this.server = undefined;
      const code = error.code === 'EADDRINUSE' ? 'PORT_TAKEN' : 'LINK_REFUSED';
      this.failed(
        new HostLinkError(code, `(listening at ${address}:${port})`, { address, port, reason: error.message }),
      );
    });
    server.listen({ host: address, port, backlog: LISTEN_BACKLOG }, () => this.connectWhenDue());
    this.server = server;
  }

  /** An origin connects at once; a target waits to be connected to first, and connects back where two are wanted. */
  private connectWhenDue(): void {
    if (!this.isOpening) return;
    const isTurn = this.link.role === 'origin' || this.theirs !== undefined;
    if (this.needsOurs && isTurn && this.ours === undefined) this.connect();
    else this.checkUp();
  }

  private connect(): void {
    const { address: host, port } = this.peer;
    const bound = this.link.local.address;
    const socket = net.connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEPALIVE_DELAY_MS,
      ...(isIPv4(bound) && bound !== '0.0.0.0' ? { localAddress: bound } : {}),
      onread: {
        buffer: this.readBuffer,
        callback: (size: number, buffer: Uint8Array) => {
          this.events.data((buffer as Buffer).subarray(0, size));
          return true;
        },
      },
    });
    this.ours = socket;
    socket.once('connect', () => this.checkUp());
    this.watch(socket, `${host}:${port}`);
  }

  private accepted(socket: net.Socket): void {
    const remote = plainAddress(socket.remoteAddress);
    if (!this.isOpening || this.theirs || !this.isPeer(remote)) {
      socket.destroy();
      return;
    }
    this.theirs = new AcceptedSocket(socket, this.readBuffer);
    this.watch(this.theirs.socket, remote);
    this.connectWhenDue();
  }

  /** Only the peer may connect, or as target its backup; a name instead of an address cannot be compared and is let in. */
  private isPeer(remote: string): boolean {
    const { role, backup } = this.link;
    const may = ({ address }: PeerAddress): boolean =>
      net.isIP(address) === 0 || address === '0.0.0.0' || plainAddress(address) === remote;
    return may(this.peer) || (role === 'target' && backup !== undefined && may(backup));
  }

  private watch(socket: net.Socket, peer: string): void {
    let reason = 'the peer closed the connection';
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.once('close', () => {
      const code = this.isUp ? 'LINK_LOST' : 'LINK_REFUSED';
      this.failed(new HostLinkError(code, `(${peer}: ${reason})`, { peer, reason }));
    });
  }

  private checkUp(): void {
    const isOursReady = !this.needsOurs || (this.ours !== undefined && !this.ours.connecting);
    const isTheirsReady = !this.needsListener || this.theirs !== undefined;
    if (this.isUp || !this.isOpening || !isOursReady || !isTheirsReady) return;
    this.isUp = true;
    this.cancelTimer?.();
    const socket = (this.ours ?? this.theirs?.socket)!;
    this.events.up(plainAddress(socket.localAddress), plainAddress(socket.remoteAddress));
    // Only now: what the peer sent before both connections were open has waited.
    this.theirs?.listen((chunk) => this.events.data(chunk));
  }

  private timedOut(): void {
    const { address, port } = this.peer;
    const missing = this.ours && !this.ours.connecting ? 'its connection back to us did not come' : 'no answer';
    const waitedMs = this.link.timers.connectMs;
    this.failed(
      new HostLinkError('LINK_TIMEOUT', `(${address}:${port}: ${missing})`, { address, port, waitedMs, missing }),
    );
  }

  private failed(error: HostLinkError): void {
    if (!this.isOpening) return;
    this.close();
    this.events.down(error);
  }
}

/** The transport of the product. */
export const createTcpTransport: CreateTransport = (link, clock, events) => new TcpTransport(link, clock, events);
