import { setTimeout as pause } from 'node:timers/promises';
import type { HostLink, HostLinkError } from '../../src/index.js';
import { type Book, payloadOf } from './book.js';
import { SERVICE } from './fault-config.js';

export interface LoadOptions {
  readonly callers: number;
  readonly payloadSize: number;
  readonly timeoutMs: number;
  /** The first so many callers each call with a terminal of their own, 1 and up. */
  readonly terminals: number;
  /** Each caller rests this long after a reply, ms; 0 not at all. */
  readonly thinkMs: number;
}

/** After an error a caller rests: where nobody can be reached, calls may fail at once. */
const REST_MS = 10;

/** Callers that call all the time, each one call after the other, and write down what they are told. */
export class Load {
  private readonly hostlink: Pick<HostLink, 'call'>;
  private readonly book: Book;
  readonly options: LoadOptions;
  /** Deadline of the calls that begin from now on, ms. */
  timeoutMs: number;
  private isOn = false;
  private running: Promise<void>[] = [];

  constructor(hostlink: Pick<HostLink, 'call'>, book: Book, options: LoadOptions) {
    this.hostlink = hostlink;
    this.book = book;
    this.options = options;
    this.timeoutMs = options.timeoutMs;
  }

  start(): void {
    if (this.isOn) return;
    this.isOn = true;
    this.running = Array.from({ length: this.options.callers }, (_, at) => this.caller(at));
  }

  /** Let the callers finish. Resolves when each has its last answer. */
  async stop(): Promise<void> {
    this.isOn = false;
    await Promise.all(this.running);
    this.running = [];
  }

  /** One call, in the book. @param terminal 0 none. @returns whether its echo came */
  async call(terminal: number, timeoutMs = this.timeoutMs): Promise<boolean> {
    const id = this.book.take();
    const payload = payloadOf(id, terminal, this.options.payloadSize);
    const options = terminal === 0 ? { timeoutMs } : { timeoutMs, terminal };
    let reply: Uint8Array;
    try {
      reply = await this.hostlink.call(SERVICE, payload, options);
    } catch (error) {
      this.book.failed(id, error as HostLinkError);
      return false;
    }
    this.book.replied(id, payload, reply);
    return payload.equals(reply);
  }

  private async caller(at: number): Promise<void> {
    const terminal = at < this.options.terminals ? at + 1 : 0;
    while (this.isOn) {
      const isServed = await this.call(terminal);
      const restMs = isServed ? this.options.thinkMs : REST_MS;
      if (restMs > 0) await pause(restMs);
    }
  }
}
