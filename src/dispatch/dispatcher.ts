import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import { SlotDeadlines } from '../base/slot-deadlines.js';
import { ANSWER_STATUS, type AnswerStatus, readAnswers } from '../channel/blocks.js';
import { HELD_CALL, HELD_SLOT_MASK, OPEN_TARGET, type WorkerReport } from '../channel/messages.js';
import { Admission } from './admission.js';
import type { Directory, RequestPort, WorkerRecord } from './directory.js';
import { type DispatchCounters, newDispatchCounters } from './dispatch-counters.js';
import {
  callTimeout,
  errorIn,
  holdLost,
  isNothingSent,
  type NotSentCode,
  notSent,
  sentBefore,
  waitTimeout,
  workerLost,
} from './dispatch-errors.js';
import type { DispatcherOptions, ResultSink } from './dispatcher-types.js';
import { HeldRequests } from './held-requests.js';
import type { Holds } from './holds.js';
import { LastWords } from './last-words.js';
import type { LuSeat } from './lu-seats.js';
import { Placement } from './placement.js';
import { NO_PAYLOAD, REQUEST_STATE, type Request, RequestTable } from './request-table.js';
import { ServiceCounters } from './service-counters.js';

/**
 * Gives requests to workers. Pure: time and ports are injected, results go to the sink. Every accepted request gets
 * exactly one result, at its deadline or, where its worker is asked what was sent, wordMs later; every reservation ends with its worker's answer or its worker. A
 * request that opens a held session lives on after its result, until the session is given back or lost.
 */
export class Dispatcher {
  readonly counters: DispatchCounters = newDispatchCounters();
  readonly services: readonly ServiceCounters[];
  private readonly options: DispatcherOptions;
  private readonly clock: Clock;
  private readonly directory: Directory;
  private readonly sink: ResultSink;
  private readonly requests = new RequestTable();
  private readonly placement: Placement;
  private readonly admission: Admission;
  private readonly held: HeldRequests;
  private readonly lastWords: LastWords;
  private readonly deadlines: SlotDeadlines;
  private readonly onAnswer: (id: number, status: AnswerStatus, bytes: Buffer, from: number, to: number) => void;
  /** Of the block of answers being read. */
  private answeringWorker: WorkerRecord | undefined;
  private answeringMs = 0.5;

  constructor(options: DispatcherOptions) {
    this.options = options;
    this.clock = options.clock;
    this.directory = options.directory;
    this.sink = options.sink;
    this.services = options.services.map((service) => new ServiceCounters(service.name));
    this.placement = new Placement(options, this.services, this.counters);
    this.admission = new Admission(options, this.placement, this.counters);
    this.deadlines = new SlotDeadlines(options.clock, (slot) => this.expired(slot));
    const { requests, placement, deadlines, counters, sink, clock } = this;
    this.held = new HeldRequests({ requests, placement, deadlines, counters, sink });
    this.lastWords = new LastWords({
      clock,
      requests,
      deadlines,
      wordMs: options.wordMs ?? 0,
      tell: (request, error) => this.fail(request, error),
      waitTimeout: (request) => this.waitTimeout(request),
    });
    this.onAnswer = (id, status, bytes, from, to) => this.answered(id, status, bytes, from, to);
  }

  /** What operators hold. */
  get holds(): Holds {
    return this.admission.holds;
  }

  /** Requests that wait for a session, over all groups. */
  get waiting(): number {
    return this.placement.room.total;
  }

  /** Of the waiting requests those that name their LU, by index of its link; absent is none. */
  get waitingByLink(): readonly number[] {
    return this.placement.room.byLink;
  }

  /** Requests that live, those whose caller left included. */
  get living(): number {
    return this.requests.size;
  }

  /** Requests that somebody waits for, held sessions included: what a drain has to wait for. */
  get wanted(): number {
    return this.requests.wanted;
  }

  /** Requests of one group that wait for a session. */
  waitingOf(group: number): number {
    return this.placement.room.sizeOf(group);
  }

  /**
   * Take a request; its result goes to the sink later.
   * @param service index of a configured service
   * @param payload kept until the result, not copied: its owner must not change it before that
   * @param timeoutMs from now
   * @param seat the one LU to use; when absent any session of the group, the service's own unless another is given
   * @returns the request's id
   * @throws HostLinkError RUNTIME_STOPPED, SERVICE_HELD, QUEUE_FULL, SERVICE_UNAVAILABLE; the sink then hears nothing
   */
  submit(service: number, payload: Uint8Array, timeoutMs: number, seat?: LuSeat, given?: number): number {
    return this.place(service, payload, timeoutMs, seat, given, 0);
  }

  /**
   * Keep a session. The sink's `opened` is its result; `reply` follows when it has been given back, `fail` when it is lost.
   * @param timeoutMs until it must be open; the others as for `submit`
   * @returns the request's id, which names the held session from then on
   * @throws HostLinkError what `submit` throws
   */
  open(service: number, timeoutMs: number, seat?: LuSeat, given?: number): number {
    return this.place(service, NO_PAYLOAD, timeoutMs, seat, given, OPEN_TARGET);
  }

  /**
   * Do something on a held session.
   * @param openId id of the request that opened it
   * @param verb HELD_CALL, HELD_SEND with its flags, or HELD_RECEIVE
   * @returns the request's id; its result goes to the sink later
   * @throws HostLinkError RUNTIME_STOPPED, SESSION_CLOSED (it is held no more)
   */
  operate(openId: number, verb: number, payload: Uint8Array, timeoutMs: number): number {
    if (this.admission.isStopped) throw new HostLinkError('RUNTIME_STOPPED');
    const hold = this.held.find(openId);
    const request = this.take(hold.service, payload, timeoutMs);
    request.group = hold.group;
    request.verb = verb + (openId & HELD_SLOT_MASK);
    request.state = REQUEST_STATE.atWorker;
    request.worker = hold.worker;
    hold.worker!.port!.request(request.id, request.verb, request.deadlineMs, payload);
    return request.id;
  }

  /** Give a held session back. Its end goes to the sink later. Nothing happens when it has ended already. */
  close(openId: number): void {
    this.held.close(openId);
  }

  /** The caller of `id` left, for `reason`. Nothing happens when it has its result already. */
  abort(id: number, reason?: unknown): void {
    const request = this.requests.find(id);
    if (request === undefined || request.state >= REQUEST_STATE.abandoned) return;
    const isHere = request.state === REQUEST_STATE.waiting || isNothingSent(request.verb);
    const details = { service: this.nameOf(request), sent: isHere ? sentBefore(request) : 'maybe' };
    this.giveUp(request, new HostLinkError('CALL_ABORTED', '', details, { cause: reason }));
  }

  /**
   * Read the answers of one tick of a worker.
   * @throws HostLinkError CHANNEL_MALFORMED; the answers before the broken place have been taken
   */
  answers(index: number, block: ArrayBuffer): void {
    this.answeringWorker = this.directory.worker(index);
    this.answeringMs = this.clock.nowMs();
    readAnswers(block, this.onAnswer);
    this.answeringWorker = undefined;
  }

  /**
   * A worker's thread runs; it gets requests once it reports sessions.
   * @param defined sessions per group its link has
   * @param link index of that link
   */
  workerStarted(index: number, port: RequestPort, defined: readonly number[], link: number): void {
    this.directory.start(index, port, defined, link);
  }

  /** A worker's sessions changed. */
  workerReported(index: number, report: WorkerReport): void {
    const worker = this.directory.worker(index);
    if (worker.port === undefined) return;
    worker.ready.set(report.ready);
    const isUsable = report.link === 'ACTIVE' || worker.ready.some((count) => count > 0);
    const usable = this.holds.links.has(worker.link) ? 'HELD' : 'READY';
    if (worker.state !== 'DRAINING') this.directory.move(worker, isUsable ? usable : 'LINK_DOWN');
    worker.full.fill(0);
    this.placement.drainAll();
  }

  /** A worker gets no more requests; it finishes those it has. */
  workerDraining(index: number): void {
    this.directory.move(this.directory.worker(index), 'DRAINING');
  }

  /**
   * A worker is gone. Its requests end with OUTCOME_UNKNOWN, but those of an idempotent service and those that certainly
   * never left are given to another.
   * @param next BACKOFF when it may start again, DRAINING when its thread has yet to end
   * @param unposted ids of requests that never left for the worker
   */
  workerLost(index: number, next: 'BACKOFF' | 'DRAINING' | 'IDLE', unposted: readonly number[]): void {
    const worker = this.directory.worker(index);
    const lost = this.requests.ofWorker(worker);
    const safe = new Set(unposted);
    worker.clear();
    this.directory.move(worker, next);
    for (const request of lost) {
      if (request.seat !== undefined) request.seat.running -= 1;
      request.tried = undefined;
      this.lastWords.heard(request, safe.has(request.id));
      if (request.state === REQUEST_STATE.abandoned) this.requests.release(request);
      else if (request.state === REQUEST_STATE.held) this.held.ended(request, holdLost('its worker was lost'));
      else if (safe.has(request.id)) this.placeAgain(request);
      else this.outcomeUnknown(request, workerLost(this.nameOf(request), index));
    }
  }

  /** End the requests that wait with SERVICE_UNAVAILABLE when no worker is left that runs or comes back. */
  failWithoutHope(): void {
    if (!this.directory.hasHope()) this.failWaiting('SERVICE_UNAVAILABLE');
  }

  /** MAXQCOUNT from now on; those that wait already stay. */
  set maxqcount(count: number) {
    this.admission.maxqcount = count;
  }

  /** End the requests that wait, of all services or of the one with this index. @returns how many they were */
  failWaiting(code: NotSentCode, service?: number): number {
    const those = this.placement.waiting().filter((request) => service === undefined || request.service === service);
    for (const request of those) this.giveUp(request, notSent(code, this.nameOf(request), sentBefore(request)));
    return those.length;
  }

  /** No new requests; those that wait, run or keep a session go on. @param done called once nobody waits for any */
  drain(done: () => void): void {
    this.admission.close();
    this.requests.whenNoneWanted(done);
  }

  /** No new requests; those that wait end with RUNTIME_STOPPED, those at workers run on. */
  stop(): void {
    this.admission.stop();
    this.placement.stop();
    this.failWaiting('RUNTIME_STOPPED');
  }

  /** Check, make and place a request of a group or an LU. */
  private place(
    service: number,
    payload: Uint8Array,
    timeoutMs: number,
    seat: LuSeat | undefined,
    given: number | undefined,
    verb: number,
  ): number {
    this.admission.check(service, seat);
    const group = seat?.group ?? given ?? this.options.services[service]!.group;
    const worker = this.placement.pick(group, seat);
    if (worker === undefined) this.admission.checkMayWait(service, group, seat);
    const request = this.take(service, payload, timeoutMs);
    request.group = group;
    request.seat = seat;
    request.verb = verb;
    if (worker !== undefined) this.placement.give(request, worker);
    else this.placement.enqueue(request);
    return request.id;
  }

  private take(service: number, payload: Uint8Array, timeoutMs: number): Request {
    const request = this.requests.take();
    if (request === undefined) throw this.admission.tooManyLive(service);
    request.service = service;
    request.payload = payload;
    request.startMs = this.clock.nowMs();
    request.deadlineMs = request.startMs + timeoutMs;
    this.deadlines.add(request.slot, request.deadlineMs);
    return request;
  }

  private answered(id: number, status: AnswerStatus, bytes: Buffer, from: number, to: number): void {
    const worker = this.answeringWorker!;
    const request = this.requests.find(id);
    if (request === undefined || request.worker !== worker) {
      this.counters.stray += 1;
      return;
    }
    this.lastWords.heard(request, status === ANSWER_STATUS.refused);
    if (status === ANSWER_STATUS.underway) return;
    if (status === ANSWER_STATUS.opened) this.held.opened(request, bytes.toString('utf8', from, to));
    else if (request.state === REQUEST_STATE.held) {
      this.held.answered(request, status === ANSWER_STATUS.failed ? errorIn(bytes, from, to) : undefined);
    } else if (status === ANSWER_STATUS.refused) this.refused(request, worker);
    else if (request.state === REQUEST_STATE.abandoned) this.gone(request, worker, true);
    else if (status === ANSWER_STATUS.reply) this.replied(request, worker, bytes, from, to);
    else this.failed(request, worker, errorIn(bytes, from, to));
  }

  private replied(request: Request, worker: WorkerRecord, bytes: Buffer, from: number, to: number): void {
    const { group, slot, seat, verb } = request;
    this.services[request.service]!.replied(this.answeringMs - request.startMs);
    this.deadlines.remove(slot);
    this.requests.release(request);
    this.sink.reply(slot, bytes, from, to);
    if (verb < HELD_CALL) this.placement.freed(worker, group, seat);
  }

  private failed(request: Request, worker: WorkerRecord, error: HostLinkError): void {
    if (error.code === 'SESSION_LOST') {
      this.refused(request, worker);
      return;
    }
    const { group, seat, verb } = request;
    const isOperation = verb >= HELD_CALL;
    if (!isOperation) this.placement.release(worker, group, seat);
    if (error.code === 'OUTCOME_UNKNOWN') this.outcomeUnknown(request, error);
    else this.end(request, error);
    if (!isOperation) this.placement.drainFor(group, seat);
  }

  /** Not sent: another worker, or the queue. What was meant for a held session goes nowhere else. */
  private refused(request: Request, worker: WorkerRecord): void {
    if (request.state === REQUEST_STATE.abandoned) {
      this.gone(request, worker, false);
      return;
    }
    if (request.verb < HELD_CALL) {
      this.placement.refused(request, worker);
      this.counters.refused += 1;
    }
    this.placeAgain(request);
  }

  /** The last answer to a request whose caller has left: the session is free again. @param isLate something was sent */
  private gone(request: Request, worker: WorkerRecord, isLate: boolean): void {
    const { group, seat, verb } = request;
    if (isLate) this.counters.late += 1;
    this.requests.release(request);
    if (verb < HELD_CALL) this.placement.freed(worker, group, seat);
  }

  private placeAgain(request: Request): void {
    if (request.verb >= HELD_CALL) this.end(request, holdLost('it ended before the request was sent'));
    else if (this.admission.isStopped)
      this.end(request, notSent('RUNTIME_STOPPED', this.nameOf(request), sentBefore(request)));
    else this.placement.placeAgain(request);
  }

  /** The bytes may be out: only an idempotent service may try again, once. */
  private outcomeUnknown(request: Request, error: HostLinkError): void {
    const isPlain = request.verb === 0;
    if (isPlain && this.options.services[request.service]!.idempotent && !request.isRetried) {
      request.isRetried = true;
      request.tried = undefined;
      this.counters.retried += 1;
      this.placeAgain(request);
    } else {
      this.end(request, isPlain || !isNothingSent(request.verb) ? error : holdLost('its worker was lost'));
    }
  }

  private expired(slot: number): void {
    const request = this.requests.at(slot)!;
    if (this.lastWords.heard(request, false)) return;
    const isWaiting = request.state === REQUEST_STATE.waiting || request.verb === OPEN_TARGET;
    if (isWaiting) this.giveUp(request, this.waitTimeout(request));
    else this.giveUp(request, callTimeout(this.nameOf(request), request, this.clock.nowMs()));
  }

  /** The caller gets `error` now. A worker that has the request is told; its session stays promised until it answers. */
  private giveUp(request: Request, error: HostLinkError): void {
    if (request.state === REQUEST_STATE.waiting) {
      this.placement.room.leave(request);
      this.end(request, error);
      return;
    }
    this.lastWords.ask(request, error);
  }

  private waitTimeout(request: Request): HostLinkError {
    return waitTimeout(this.nameOf(request), request, this.waitingOf(request.group), this.directory);
  }

  private end(request: Request, error: HostLinkError): void {
    this.requests.release(request);
    this.fail(request, error);
  }

  private fail(request: Request, error: HostLinkError): void {
    this.deadlines.remove(request.slot);
    this.services[request.service]!.fail += 1;
    this.sink.fail(request.slot, error);
  }

  private nameOf(request: Request): string {
    return this.services[request.service]!.name;
  }
}
