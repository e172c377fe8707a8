import net from 'node:net';
import { AcceptedSocket } from '../base/accepted-socket.js';
import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import type { HostConnection, HostTransport } from './connection.js';
import type { PeerDefinition } from './definitions.js';
import type { HostNode } from './host-node.js';

const BACKLOG = 511;
const READ_BUFFER_SIZE = 65_536;
const KEEPALIVE_DELAY_MS = 30_000;

function plainAddress(address: string | undefined): string {
  return address?.startsWith('::ffff:') ? address.slice(7) : (address ?? '');
}

/** Where the bytes of a peer come from. */
type ReadEnd = Pick<AcceptedSocket, 'socket' | 'listen'>;

/** A connection that we made ourselves. */
function readEndOf(socket: net.Socket): ReadEnd {
  return { socket, listen: (onData) => void socket.on('data', onData) };
}

/** The sockets of one peer: one for both directions, or one to read and one to write. */
class SocketTransport implements HostTransport {
  private readonly write_: net.Socket;
  private readonly sockets: readonly net.Socket[];

  constructor(read: net.Socket, write: net.Socket) {
    this.write_ = write;
    this.sockets = read === write ? [read] : [read, write];
  }

  write(block: Buffer, done: (block: Buffer) => void): void {
    this.write_.write(block, () => done(block));
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** The TCP side of the embedded host: listens, and connects to peers that it has to find. Nothing but bytes pass here. */
export class HostServer {
  private readonly node: HostNode;
  private readonly clock: Clock;
  private readonly server: net.Server;
  private readonly sockets = new Set<net.Socket>();
  /** Peers that we hold a connection to, or are getting one. */
  private readonly busyPeers = new Set<PeerDefinition>();
  /** Our halves of pairs whose other half has not come yet. */
  private readonly awaited = new Map<PeerDefinition, net.Socket>();
  private isStopping = false;
  /** Of all connections: each works its bytes off before the next one reads. */
  private readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);

  constructor(node: HostNode) {
    this.node = node;
    this.clock = node.clock;
    this.server = net.createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.onAccepted(socket));
  }

  /**
   * Start to listen, and to connect to the peers with PUs of their own.
   * @throws HostLinkError PORT_TAKEN, LINK_REFUSED (address cannot be had)
   */
  async listen(): Promise<{ address: string; port: number }> {
    const { address, port } = this.node.definitions.listen;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (error: NodeJS.ErrnoException) => {
        const code = error.code === 'EADDRINUSE' ? 'PORT_TAKEN' : 'LINK_REFUSED';
        reject(new HostLinkError(code, error.message, { address, port }, { cause: error }));
      });
      this.server.listen({ host: address, port, backlog: BACKLOG }, resolve);
    });
    for (const peer of this.node.definitions.peers) if (peer.pus.length > 0) this.connect(peer);
    const bound = this.server.address() as net.AddressInfo;
    return { address: bound.address, port: bound.port };
  }

  /** Close everything. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const connection of [...this.node.connections]) connection.close();
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private track(socket: net.Socket): void {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_DELAY_MS);
    this.sockets.add(socket);
    socket.on('error', (error) => this.node.warn(error.message));
    socket.once('close', () => this.sockets.delete(socket));
  }

  private onAccepted(accepted: net.Socket): void {
    const read = new AcceptedSocket(accepted, this.readBuffer);
    const { socket } = read;
    this.track(socket);
    const remoteAddress = plainAddress(socket.remoteAddress);
    if (this.joinAwaited(read, remoteAddress)) return;
    const peer = this.node.definitions.peers.find(
      (one) => one.address === remoteAddress && one.connections === 2 && !this.busyPeers.has(one),
    );
    const { connections } = this.node.definitions.listen;
    const isPair = connections === 2 || (connections === 'auto' && peer !== undefined);
    if (!isPair) this.join(read, socket, remoteAddress, peer);
    else this.connectBack(read, remoteAddress, peer);
  }

  /** Two connections: we write on one of our own, to the peer's port. @source RFC 1795 section 7.1 */
  private connectBack(read: AcceptedSocket, remoteAddress: string, peer: PeerDefinition | undefined): void {
    const port = peer?.port ?? this.node.definitions.listen.peerPort;
    if (peer) this.busyPeers.add(peer);
    const write = net.connect({ host: remoteAddress, port });
    this.track(write);
    read.socket.once('close', () => {
      write.destroy();
      if (peer) this.busyPeers.delete(peer);
    });
    write.once('close', () => read.socket.destroy());
    write.once('connect', () => this.join(read, write, remoteAddress, peer));
  }

  /** Host as origin: connect, and again when it is lost. */
  private connect(peer: PeerDefinition): void {
    this.busyPeers.add(peer);
    const socket = net.connect({ host: peer.address, port: peer.port });
    this.track(socket);
    socket.once('close', () => {
      this.busyPeers.delete(peer);
      if (this.isStopping) return;
      this.clock.after(this.node.definitions.timers.connectRetryMs, () => {
        if (!this.isStopping) this.connect(peer);
      });
    });
    if (peer.connections === 2) this.awaitTheirs(socket, peer);
    else socket.once('connect', () => this.join(readEndOf(socket), socket, peer.address, peer));
  }

  /**
   * The peer opens its own connection once ours is there: what it writes comes on that. It may come before we hear that
   * ours is there, so it is awaited from the start.
   */
  private awaitTheirs(write: net.Socket, peer: PeerDefinition): void {
    this.awaited.set(peer, write);
    write.once('close', () => this.awaited.delete(peer));
  }

  /** Is this the other half of a pair that we began? */
  private joinAwaited(read: AcceptedSocket, remoteAddress: string): boolean {
    for (const [peer, write] of this.awaited) {
      if (peer.address !== remoteAddress) continue;
      this.awaited.delete(peer);
      write.once('close', () => read.socket.destroy());
      read.socket.once('close', () => write.destroy());
      if (!write.connecting) this.join(read, write, remoteAddress, peer);
      else write.once('connect', () => this.join(read, write, remoteAddress, peer));
      return true;
    }
    return false;
  }

  private join(
    read: ReadEnd,
    write: net.Socket,
    remoteAddress: string,
    peer: PeerDefinition | undefined,
  ): HostConnection {
    const { socket } = read;
    const facts = { remoteAddress, connections: socket === write ? 1 : 2, peer } as const;
    const connection = this.node.attach(new SocketTransport(socket, write), facts);
    socket.once('close', () => connection.closed());
    write.once('close', () => connection.closed());
    read.listen((chunk) => connection.data(chunk));
    return connection;
  }
}
