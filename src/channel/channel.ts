import type { Clock } from '../base/clock.js';
import type { HostLinkError } from '../base/errors.js';
import type { EventName } from '../base/events.js';
import { ANSWER_STATUS, AnswerBlock, readRequests } from './blocks.js';
import type {
  FromWorker,
  OperatorChange,
  OperatorChanged,
  SessionRow,
  ToWorker,
  WorkerCounters,
  WorkerReport,
} from './messages.js';
import type { OpenAnswer } from './open-answer.js';

/** What the channel needs of a port; a MessagePort fits, and so does a pair of queues in a simulation. */
export interface PortLike {
  /** The parts named in `transferList` change hands; the rest is copied. */
  postMessage(value: unknown, transferList?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (value: unknown) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  close(): void;
}

/** What a worker does with what it is told. */
export interface WorkerHandler {
  /**
   * One request: `bytes[from, to)` is its payload, valid until `requestsEnd` has been called, not to be changed.
   * @param deadlineMs absolute, Clock.nowMs
   */
  request(id: number, group: number, deadlineMs: number, bytes: Buffer, from: number, to: number): void;
  /** After the last request of one block: the place to hand on what they put together. */
  requestsEnd(): void;
  /** The caller of this request left; it still gets its one answer. */
  cancel(id: number): void;
  inspect(): readonly SessionRow[];
  counters(): WorkerCounters;
  trace(pius: boolean, dlsw: boolean): void;
  operate(change: OperatorChange): OperatorChanged;
  stop(graceMs: number): void;
}

const NO_BYTES = new Uint8Array(0);

/**
 * The worker's end of its mailbox. Answers and the newest report of one tick are collected and posted once the events of
 * the tick have been handled, or when there are enough of them (BlockWriter.isEnough, isTight); everything else is posted as it comes.
 */
export class WorkerChannel {
  private readonly port: PortLike;
  private readonly clock: Clock;
  private readonly answers = new AnswerBlock();
  private readonly flush = (): void => this.flushNow();
  private handler: WorkerHandler | undefined;
  private newestReport: WorkerReport | undefined;
  private isFlushDue = false;
  private isClosed = false;
  private readonly onRequest: (id: number, group: number, due: number, bytes: Buffer, from: number, to: number) => void;

  constructor(port: PortLike, clock: Clock) {
    this.port = port;
    this.clock = clock;
    this.onRequest = (id, group, due, bytes, from, to) => this.handler!.request(id, group, due, bytes, from, to);
  }

  /** Start to receive. A message that cannot be read throws out of the port's event and so ends the worker. */
  serve(handler: WorkerHandler): void {
    this.handler = handler;
    this.port.on('message', (value) => this.receive(value as ToWorker));
    this.port.on('close', () => this.closed());
  }

  /** The host's reply to request `id`: `bytes[from, to)`, copied now. */
  reply(id: number, bytes: Uint8Array, from: number, to: number): void {
    if (this.answers.isTight(to - from)) this.flushNow();
    this.answers.add(id, ANSWER_STATUS.reply, bytes, from, to);
    if (this.answers.isEnough) this.flushNow();
    else this.due();
  }

  /** A reply that comes in several RUs or segments. It ends with `replyOpen` or `discard`, and is not used any more then. */
  beginReply(): OpenAnswer {
    return this.answers.begin();
  }

  /** The reply to request `id` is whole. */
  replyOpen(id: number, reply: OpenAnswer): void {
    if (!this.answers.holds(reply) && this.answers.isTight(reply.length)) this.flushNow();
    this.answers.finish(id, ANSWER_STATUS.reply, reply);
    if (this.answers.isEnough) this.flushNow();
    else this.due();
  }

  /** Nobody waits for this reply any more. */
  discard(reply: OpenAnswer): void {
    this.answers.discard(reply);
  }

  /** The caller of request `id` left, but bytes of it are out: its one last answer is still to come. */
  underway(id: number): void {
    this.answers.add(id, ANSWER_STATUS.underway, NO_BYTES);
    this.due();
  }

  /** Request `id` keeps a session from now on; its one last answer is still to come. */
  opened(id: number, lu: string): void {
    this.answers.add(id, ANSWER_STATUS.opened, Buffer.from(lu));
    this.due();
  }

  /** Request `id` was not sent: no free session of its group here. */
  refuse(id: number): void {
    this.answers.add(id, ANSWER_STATUS.refused, NO_BYTES);
    this.due();
  }

  /** Request `id` ended with an error. */
  fail(id: number, error: HostLinkError): void {
    this.answers.add(id, ANSWER_STATUS.failed, Buffer.from(JSON.stringify(error.toRecord())));
    this.due();
  }

  /** Session and link states now; the newest of a tick is posted, before the answers that are posted with it. */
  report(report: WorkerReport): void {
    this.newestReport = report;
    this.due();
  }

  event(name: EventName, details: Record<string, unknown>): void {
    this.post({ kind: 'event', name, details });
  }

  /** Recorded packets; the block changes hands. */
  trace(block: ArrayBuffer): void {
    this.post({ kind: 'trace', block }, [block]);
  }

  /** Post what is collected, then close the port. */
  close(): void {
    if (this.isClosed) return;
    this.flushNow();
    this.isClosed = true;
    this.port.close();
  }

  private receive(message: ToWorker): void {
    const handler = this.handler!;
    switch (message.kind) {
      case 'requests':
        readRequests(message.block, this.onRequest);
        handler.requestsEnd();
        this.answers.recycle(message.block);
        return;
      case 'cancel':
        for (const id of message.ids) handler.cancel(id);
        return;
      case 'ping':
        this.post({ kind: 'pong', seq: message.seq, counters: handler.counters(), heapBytes: heapBytes() });
        return;
      case 'inspect':
        this.post({ kind: 'inspected', seq: message.seq, rows: handler.inspect(), counters: handler.counters() });
        return;
      case 'trace':
        handler.trace(message.pius, message.dlsw);
        return;
      case 'operate':
        this.post({ kind: 'operated', seq: message.seq, changed: handler.operate(message.change) });
        return;
      case 'stop':
        handler.stop(message.graceMs);
        return;
    }
  }

  /** The supervisor went away: nobody is left to work for. */
  private closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler?.stop(0);
  }

  private due(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    this.clock.soon(this.flush);
  }

  private flushNow(): void {
    this.isFlushDue = false;
    const report = this.newestReport;
    if (report !== undefined) {
      this.newestReport = undefined;
      this.post({ kind: 'report', report });
    }
    const block = this.answers.take();
    if (block !== undefined) this.post({ kind: 'answers', block }, [block]);
  }

  private post(message: FromWorker, transferList?: readonly ArrayBuffer[]): void {
    if (!this.isClosed) this.port.postMessage(message, transferList);
  }
}

function heapBytes(): number {
  return process.memoryUsage().heapUsed;
}
