import net from 'node:net';

/** What net keeps below a socket: undocumented, so looked at only here, and done without where it is missing. */
interface Inside {
  _handle?: object | null;
}

/**
 * An accepted connection that reads into one buffer again and again. net offers that (`onread`) only for sockets that one
 * makes oneself; an accepted one gets a fresh 64 KB for every read, and collecting those costs more than all else that a
 * busy reader does. So the connection is handed to a socket of our own, as net.Server itself makes one.
 */
export class AcceptedSocket {
  /** Use this one from now on; the one that was accepted is spent. */
  readonly socket: net.Socket;
  /** Does it read the ordinary way? */
  private readonly isPlain: boolean;
  private onData: ((chunk: Buffer) => void) | undefined;
  /** What came before anybody listened: at most one buffer, as reading stops then. */
  private early: Buffer | undefined;

  /**
   * @param accepted of a server with `pauseOnConnect`, not read yet
   * @param buffer what is read goes here; others may read into it too, as a chunk is worked off during the call
   */
  constructor(accepted: net.Socket, buffer: Buffer) {
    const inside = accepted as Inside;
    const handle = inside._handle;
    this.isPlain = handle === undefined || handle === null;
    if (this.isPlain) {
      this.socket = accepted;
      return;
    }
    inside._handle = null;
    accepted.destroy();
    const onread = {
      buffer,
      callback: (size: number) => this.received(buffer.subarray(0, size)),
    };
    this.socket = new net.Socket({ handle, onread } as net.SocketConstructorOpts);
  }

  /** Hear what comes, from its first byte on. A chunk is valid during the call only. */
  listen(onData: (chunk: Buffer) => void): void {
    this.onData = onData;
    const { early, socket } = this;
    this.early = undefined;
    if (early !== undefined) onData(early);
    if (this.isPlain) socket.on('data', onData);
    socket.resume();
  }

  private received(chunk: Buffer): boolean {
    if (this.onData === undefined) {
      this.early = Buffer.from(chunk);
      return false;
    }
    this.onData(chunk);
    return true;
  }
}
