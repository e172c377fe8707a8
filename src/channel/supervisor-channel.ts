import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import type { EventName } from '../base/events.js';
import { RequestBlock, readRequests } from './blocks.js';
import type { PortLike } from './channel.js';
import type {
  FromWorker,
  OperatorChange,
  OperatorChanged,
  SessionRow,
  ToWorker,
  WorkerCounters,
  WorkerReport,
} from './messages.js';

/** What the supervisor does with what a worker tells it. */
export interface SupervisorHandler {
  /** The answers of one tick or a part of it, for `readAnswers`; the block is the receiver's. */
  answers(block: ArrayBuffer): void;
  report(report: WorkerReport): void;
  pong(seq: number, counters: WorkerCounters, heapBytes: number): void;
  event(name: EventName, details: Record<string, unknown>): void;
  /** Recorded packets; the block is the receiver's. */
  trace(block: ArrayBuffer): void;
  /** The port closed: nothing comes any more. Once. */
  closed(): void;
}

/** What a worker says when it is inspected. */
export interface Inspection {
  readonly rows: readonly SessionRow[];
  readonly counters: WorkerCounters;
}

/** Who waits for the answer to a question. */
interface Asker<T> {
  readonly resolve: (answer: T) => void;
  readonly reject: (error: HostLinkError) => void;
}

/**
 * The supervisor's end of a worker's mailbox: the requests of one tick travel in one post, or in several where they
 * are many (BlockWriter.isEnough, isTight), then the cancels.
 */
export class SupervisorChannel {
  /** Blocks of requests posted so far: how one that looks now and then sees whether there was work. */
  blocksPosted = 0;
  private readonly port: PortLike;
  private readonly clock: Clock;
  private readonly handler: SupervisorHandler;
  private readonly requests = new RequestBlock();
  private readonly flush = (): void => this.flushNow();
  private readonly inspectors = new Map<number, Asker<Inspection>>();
  private readonly operators = new Map<number, Asker<OperatorChanged>>();
  private cancels: number[] = [];
  private askSeq = 0;
  private isFlushDue = false;
  private isClosed = false;

  constructor(port: PortLike, clock: Clock, handler: SupervisorHandler) {
    this.port = port;
    this.clock = clock;
    this.handler = handler;
    port.on('message', (value) => this.receive(value as FromWorker));
    port.on('close', () => this.closed());
  }

  /**
   * Send a request with the others of this tick. The payload is copied now.
   * @param deadlineMs absolute, Clock.nowMs
   */
  request(id: number, group: number, deadlineMs: number, payload: Uint8Array): void {
    if (this.requests.isTight(payload.length)) this.postRequests();
    this.requests.add(id, group, deadlineMs, payload);
    if (this.requests.isEnough) this.postRequests();
    else if (!this.isFlushDue) this.due();
  }

  /** Tell the worker that the caller of `id` left. It still answers. */
  cancel(id: number): void {
    this.cancels.push(id);
    if (!this.isFlushDue) this.due();
  }

  ping(seq: number): void {
    this.post({ kind: 'ping', seq });
  }

  /**
   * The worker's sessions, row by row. Rejects with WORKER_LOST when the worker ends first, or takes longer than
   * timeoutMs: it may hang.
   */
  async inspect(timeoutMs?: number): Promise<Inspection> {
    const answer = this.ask<Inspection>(this.inspectors, (seq) => ({ kind: 'inspect', seq }));
    if (timeoutMs === undefined) return answer;
    const { askSeq } = this;
    const cancel = this.clock.after(timeoutMs, () => this.noAnswer(askSeq));
    return answer.finally(cancel);
  }

  /** Have the worker change what an operator asked for. Rejects with WORKER_LOST when the worker ends first. */
  operate(change: OperatorChange): Promise<OperatorChanged> {
    return this.ask(this.operators, (seq) => ({ kind: 'operate', seq, change }));
  }

  trace(pius: boolean, dlsw: boolean): void {
    this.post({ kind: 'trace', pius, dlsw });
  }

  stop(graceMs: number): void {
    this.flushNow();
    this.post({ kind: 'stop', graceMs });
  }

  /** Ids of requests that were given to this channel but certainly never left it; forgets them. */
  takeUnposted(): number[] {
    const ids: number[] = [];
    const block = this.requests.take();
    if (block !== undefined) readRequests(block, (id) => ids.push(id));
    return ids;
  }

  /** Hear a message. The port's listener does; so does whoever drains the port of a worker that ended. */
  receive(message: FromWorker): void {
    if (this.isClosed) return;
    switch (message.kind) {
      case 'answers':
        this.handler.answers(message.block);
        return;
      case 'report':
        this.handler.report(message.report);
        return;
      case 'pong':
        this.handler.pong(message.seq, message.counters, message.heapBytes);
        return;
      case 'inspected':
        this.inspectors.get(message.seq)?.resolve({ rows: message.rows, counters: message.counters });
        this.inspectors.delete(message.seq);
        return;
      case 'operated':
        this.operators.get(message.seq)?.resolve(message.changed);
        this.operators.delete(message.seq);
        return;
      case 'event':
        this.handler.event(message.name, message.details);
        return;
      case 'trace':
        this.handler.trace(message.block);
        return;
    }
  }

  /** Close the port. What was not posted stays for `takeUnposted`. */
  close(): void {
    this.port.close();
    this.closed();
  }

  private closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const askers of [this.inspectors, this.operators]) {
      for (const asker of askers.values()) asker.reject(new HostLinkError('WORKER_LOST'));
      askers.clear();
    }
    this.handler.closed();
  }

  private noAnswer(seq: number): void {
    this.inspectors.get(seq)?.reject(new HostLinkError('WORKER_LOST', '(it does not answer)'));
    this.inspectors.delete(seq);
  }

  private ask<T>(askers: Map<number, Asker<T>>, question: (seq: number) => ToWorker): Promise<T> {
    if (this.isClosed) return Promise.reject(new HostLinkError('WORKER_LOST'));
    this.askSeq += 1;
    const seq = this.askSeq;
    return new Promise((resolve, reject) => {
      askers.set(seq, { resolve, reject });
      this.post(question(seq));
    });
  }

  private due(): void {
    this.isFlushDue = true;
    this.clock.soon(this.flush);
  }

  private flushNow(): void {
    this.isFlushDue = false;
    if (this.isClosed) return;
    this.postRequests();
    if (this.cancels.length === 0) return;
    this.post({ kind: 'cancel', ids: this.cancels });
    this.cancels = [];
  }

  private postRequests(): void {
    if (this.isClosed) return;
    const block = this.requests.take();
    if (block === undefined) return;
    this.blocksPosted += 1;
    this.post({ kind: 'requests', block }, [block]);
  }

  private post(message: ToWorker, transferList?: readonly ArrayBuffer[]): void {
    if (!this.isClosed) this.port.postMessage(message, transferList);
  }
}
