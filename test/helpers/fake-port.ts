import type { PortLike } from '../../src/channel/channel.js';

/** One end of a pair of ports in this thread. What is posted is cloned, and waits until `deliver`. */
export class FakePort implements PortLike {
  peer: FakePort | undefined;
  readonly posted: unknown[] = [];
  isClosed = false;
  private readonly inbox: unknown[] = [];
  private hear: ((value: unknown) => void) | undefined;
  private closed: (() => void) | undefined;

  postMessage(value: unknown, transferList: readonly ArrayBuffer[] = []): void {
    if (this.isClosed) return;
    const copy: unknown = structuredClone(value, { transfer: [...transferList] });
    this.posted.push(copy);
    this.peer?.inbox.push(copy);
  }

  on(event: 'message', listener: (value: unknown) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  on(event: 'message' | 'close', listener: ((value: unknown) => void) & (() => void)): unknown {
    if (event === 'message') this.hear = listener;
    else this.closed = listener;
    return this;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.peer?.closeFromPeer();
  }

  /** Hand over what has arrived; gives the number of messages. */
  deliver(): number {
    const messages = this.inbox.splice(0);
    for (const message of messages) this.hear?.(message);
    return messages.length;
  }

  /** As `deliver`, to somebody else. */
  drain(hear: (message: unknown) => void): void {
    for (const message of this.inbox.splice(0)) hear(message);
  }

  private closeFromPeer(): void {
    if (this.isClosed) return;
    this.deliver();
    this.isClosed = true;
    this.closed?.();
  }
}

/** Two ports that hear each other. */
export function fakePorts(): [FakePort, FakePort] {
  const one = new FakePort();
  const other = new FakePort();
  one.peer = other;
  other.peer = one;
  return [one, other];
}
