import type { Clock } from '../base/clock.js';
import { DeadlineSet } from '../base/deadline.js';
import { type ErrorRecord, HostLinkError } from '../base/errors.js';
import { ANSWER_STATUS, type AnswerStatus, readAnswers } from '../channel/blocks.js';
import { LU_TARGET, type WorkerReport } from '../channel/messages.js';
import { Balancer } from './balancer.js';
import type { Directory, RequestPort, WorkerRecord } from './directory.js';
import { type DispatchCounters, newDispatchCounters } from './dispatch-counters.js';
import { callTimeout, type NotSentCode, notSent, queueFull, waitTimeout, workerLost } from './dispatch-errors.js';
import type { DispatcherOptions, ResultSink } from './dispatcher-types.js';
import { Holds } from './holds.js';
import { LuDispatch } from './lu-dispatch.js';
import type { LuSeat } from './lu-seats.js';
import { REQUEST_STATE, REQUESTS_MAX, type Request, RequestTable } from './request-table.js';
import { ServiceCounters } from './service-counters.js';
import { WaitingRoom } from './waiting-room.js';

/** Most waiting requests per group where the configuration sets no limit. */
export const WAITING_MAX = 100_000;

/** A worker that refused is asked again after this, where neither a reply nor a report of it shows room earlier. */
export const REFUSAL_PAUSE_MS = 50;

/**
 * Gives requests to workers. Pure: time and ports are injected, results go to the sink. Every accepted request gets
 * exactly one result, at the latest at its deadline; every reservation ends with its worker's answer or its worker.
 * While a request of a group waits, no worker has room for that group.
 */
export class Dispatcher {
  readonly counters: DispatchCounters = newDispatchCounters();
  readonly services: readonly ServiceCounters[];
  readonly holds: Holds;
  private readonly options: DispatcherOptions;
  private readonly clock: Clock;
  private readonly directory: Directory;
  private readonly sink: ResultSink;
  private readonly candidates: readonly WorkerRecord[];
  private readonly balancer: Balancer;
  private readonly requests = new RequestTable();
  private readonly room: WaitingRoom;
  private readonly ofLu: LuDispatch;
  private readonly deadlines: DeadlineSet<number>;
  private waitingMax: number;
  private readonly onAnswer: (id: number, status: AnswerStatus, bytes: Buffer, from: number, to: number) => void;
  private isStopped = false;
  private cancelPause: (() => void) | undefined;
  /** Of the block of answers being read. */
  private answeringWorker: WorkerRecord | undefined;
  private answeringMs = 0.5;

  constructor(options: DispatcherOptions) {
    this.options = options;
    this.clock = options.clock;
    this.directory = options.directory;
    this.sink = options.sink;
    this.candidates = options.directory.list('READY');
    this.balancer = new Balancer(options.groups);
    this.services = options.services.map((service) => new ServiceCounters(service.name));
    this.holds = new Holds(options.services.length);
    this.room = new WaitingRoom(options.groups, this.services);
    this.ofLu = new LuDispatch(options.directory, this.room, (request, worker) => this.give(request, worker));
    this.waitingMax = options.maxqcount < 0 ? WAITING_MAX : options.maxqcount;
    this.deadlines = new DeadlineSet(options.clock, (slot) => this.expired(slot));
    this.onAnswer = (id, status, bytes, from, to) => this.answered(id, status, bytes, from, to);
  }

  /** Requests that wait for a session, over all groups. */
  get waiting(): number {
    return this.room.total;
  }

  /** Of the waiting requests those that name their LU, by index of its link; absent is none. */
  get waitingByLink(): readonly number[] {
    return this.room.byLink;
  }

  /** Requests that live, those whose caller left included. */
  get living(): number {
    return this.requests.size;
  }

  /** Requests of one group that wait for a session. */
  waitingOf(group: number): number {
    return this.room.sizeOf(group);
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
    if (this.isStopped) throw new HostLinkError('RUNTIME_STOPPED');
    if (this.holds.services[service] !== 0) throw this.holds.error(service, this.services[service]!.name);
    const group = given ?? this.options.services[service]!.group;
    const worker = seat === undefined ? this.pick(group) : this.ofLu.pick(seat);
    if (worker === undefined) this.checkMayWait(service, group, seat);
    const request = this.requests.take();
    if (request === undefined) throw this.tooMany(service, group, REQUESTS_MAX);
    request.service = service;
    request.group = group;
    request.seat = seat;
    request.payload = payload;
    request.startMs = this.clock.nowMs();
    request.deadlineMs = request.startMs + timeoutMs;
    this.deadlines.add(request.slot, request.deadlineMs);
    if (worker !== undefined) this.give(request, worker);
    else this.enqueue(request);
    return request.id;
  }

  /** The caller of `id` left, for `reason`. Nothing happens when it has its result already. */
  abort(id: number, reason?: unknown): void {
    const request = this.requests.find(id);
    if (request === undefined || request.state === REQUEST_STATE.abandoned) return;
    const sent = request.state === REQUEST_STATE.waiting ? 'no' : 'maybe';
    const details = { service: this.nameOf(request), sent };
    this.giveUp(request, new HostLinkError('CALL_ABORTED', '', details, { cause: reason }));
  }

  /** The answers of one tick of a worker. @throws CHANNEL_MALFORMED; those before the broken place have been taken */
  answers(index: number, block: ArrayBuffer): void {
    this.answeringWorker = this.directory.worker(index);
    this.answeringMs = this.clock.nowMs();
    readAnswers(block, this.onAnswer);
    this.answeringWorker = undefined;
  }

  /** A worker's thread runs; it gets requests once it reports sessions. `defined`: per group; `link`: its index. */
  workerStarted(index: number, port: RequestPort, defined: readonly number[], link: number): void {
    const worker = this.directory.worker(index);
    worker.clear();
    worker.defined.set(defined);
    worker.port = port;
    worker.link = link;
    this.directory.move(worker, 'STARTING');
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
    this.drainAll();
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
      if (request.state === REQUEST_STATE.abandoned) this.requests.release(request);
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
    this.waitingMax = count < 0 ? WAITING_MAX : count;
  }

  /** End the requests that wait, of all services or of the one with this index. @returns how many they were */
  failWaiting(code: NotSentCode, service?: number): number {
    const waiting = [...this.ofLu.requests(), ...this.room.requests()];
    const those = waiting.filter((request) => service === undefined || request.service === service);
    for (const request of those) this.giveUp(request, notSent(code, this.nameOf(request)));
    return those.length;
  }

  /** No new requests; those that wait end with RUNTIME_STOPPED, those at workers run on. */
  stop(): void {
    this.isStopped = true;
    this.cancelPause?.();
    this.failWaiting('RUNTIME_STOPPED');
  }

  private answered(id: number, status: AnswerStatus, bytes: Buffer, from: number, to: number): void {
    const worker = this.answeringWorker!;
    const request = this.requests.find(id);
    if (request === undefined || request.worker !== worker) {
      this.counters.stray += 1;
      return;
    }
    if (status === ANSWER_STATUS.refused) this.refused(request, worker);
    else if (request.state === REQUEST_STATE.abandoned) this.late(request, worker);
    else if (status === ANSWER_STATUS.reply) this.replied(request, worker, bytes, from, to);
    else this.failed(request, worker, bytes, from, to);
  }

  private replied(request: Request, worker: WorkerRecord, bytes: Buffer, from: number, to: number): void {
    const { group, slot, seat } = request;
    this.services[request.service]!.replied(this.answeringMs - request.startMs);
    this.deadlines.remove(slot);
    this.requests.release(request);
    this.freed(worker, group, seat);
    this.sink.reply(slot, bytes, from, to);
    this.drain(group);
    if (seat !== undefined) this.ofLu.drain();
  }

  private late(request: Request, worker: WorkerRecord): void {
    const { group, seat } = request;
    this.counters.late += 1;
    this.requests.release(request);
    this.freed(worker, group, seat);
    this.drain(group);
    if (seat !== undefined) this.ofLu.drain();
  }

  private failed(request: Request, worker: WorkerRecord, bytes: Buffer, from: number, to: number): void {
    const error = HostLinkError.fromRecord(JSON.parse(bytes.toString('utf8', from, to)) as ErrorRecord);
    if (error.code === 'SESSION_LOST') {
      this.refused(request, worker);
      return;
    }
    const { group, seat } = request;
    this.freed(worker, group, seat);
    if (error.code === 'OUTCOME_UNKNOWN') this.outcomeUnknown(request, error);
    else this.end(request, error);
    this.drain(group);
    if (seat !== undefined) this.ofLu.drain();
  }

  /** Not sent: another worker, or the queue. The worker that refused stays out for a while, or until it shows room. */
  private refused(request: Request, worker: WorkerRecord): void {
    if (request.seat === undefined) worker.full[request.group] = 1;
    if (!this.isStopped) this.cancelPause ??= this.clock.after(REFUSAL_PAUSE_MS, () => this.pauseOver());
    this.unreserve(worker, request.group, request.seat);
    if (request.state === REQUEST_STATE.abandoned) {
      this.requests.release(request);
      return;
    }
    this.counters.refused += 1;
    this.placeAgain(request);
  }

  private pauseOver(): void {
    this.cancelPause = undefined;
    for (const worker of this.directory.workers) worker.full.fill(0);
    this.drainAll();
  }

  /** A request that is certainly not under way any more: forward it, or let it wait in its order of arrival. */
  private placeAgain(request: Request): void {
    if (this.isStopped) {
      this.end(request, notSent('RUNTIME_STOPPED', this.nameOf(request)));
      return;
    }
    const worker = request.seat === undefined ? this.pick(request.group) : undefined;
    if (worker === undefined) {
      this.enqueue(request);
      return;
    }
    this.counters.forwarded += 1;
    this.services[request.service]!.forwarded += 1;
    this.give(request, worker);
  }

  /** The bytes may be out: only an idempotent service may try again, once. */
  private outcomeUnknown(request: Request, error: HostLinkError): void {
    if (this.options.services[request.service]!.idempotent && !request.isRetried) {
      request.isRetried = true;
      this.counters.retried += 1;
      this.placeAgain(request);
    } else {
      this.end(request, error);
    }
  }

  private give(request: Request, worker: WorkerRecord): void {
    const group = request.group;
    request.state = REQUEST_STATE.atWorker;
    request.worker = worker;
    const { seat } = request;
    if (seat === undefined || !seat.isDedicated) worker.reserved[group]! += 1;
    if (seat !== undefined) seat.running += 1;
    worker.reservedTotal += 1;
    const target = seat === undefined ? group : LU_TARGET + seat.place;
    worker.port!.request(request.id, target, request.deadlineMs, request.payload);
  }

  private enqueue(request: Request): void {
    request.state = REQUEST_STATE.waiting;
    request.worker = undefined;
    this.room.enter(request);
    if (request.seat !== undefined) this.ofLu.enter(request.seat);
    this.counters.queued += 1;
    this.options.onWaiting?.(this.room.total);
  }

  private unreserve(worker: WorkerRecord, group: number, seat: LuSeat | undefined): void {
    if (seat === undefined || !seat.isDedicated) worker.reserved[group]! -= 1;
    if (seat !== undefined) seat.running -= 1;
    worker.reservedTotal -= 1;
  }

  /** A session of `worker` is free again; `drain` then gives it to the request that waits longest. */
  private freed(worker: WorkerRecord, group: number, seat: LuSeat | undefined): void {
    this.unreserve(worker, group, seat);
    worker.full[group] = 0;
  }

  /** A worker for a request whose turn it is; none while others wait. */
  private pick(group: number): WorkerRecord | undefined {
    return this.room.sizeOf(group) === 0 ? this.balancer.pick(this.candidates, group) : undefined;
  }

  private drain(group: number): void {
    for (let first = this.room.first(group); first !== undefined; first = this.room.first(group)) {
      const worker = this.balancer.pick(this.candidates, group);
      if (worker === undefined) return;
      this.room.leave(first);
      this.give(first, worker);
    }
  }

  private drainAll(): void {
    if (this.room.total === 0) return;
    for (let group = 0; group < this.options.groups; group += 1) this.drain(group);
    this.ofLu.drain();
  }

  private expired(slot: number): void {
    const request = this.requests.at(slot)!;
    const name = this.nameOf(request);
    const isWaiting = request.state === REQUEST_STATE.waiting;
    const error = isWaiting
      ? waitTimeout(name, request.group, this.waitingOf(request.group), this.directory)
      : callTimeout(name, request, this.clock.nowMs());
    this.giveUp(request, error);
  }

  /** The caller gets `error` now. A worker that has the request is told; its session stays promised until it answers. */
  private giveUp(request: Request, error: HostLinkError): void {
    if (request.state === REQUEST_STATE.waiting) {
      this.room.leave(request);
      this.end(request, error);
      return;
    }
    request.state = REQUEST_STATE.abandoned;
    request.worker!.port!.cancel(request.id);
    this.fail(request, error);
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

  private checkMayWait(service: number, group: number, seat: LuSeat | undefined): void {
    if (!this.directory.hasHope()) throw notSent('SERVICE_UNAVAILABLE', this.services[service]!.name);
    const waiting = seat === undefined ? this.room.sizeOf(group) : seat.queue.size;
    if (waiting >= this.waitingMax) throw this.tooMany(service, group, waiting);
  }

  private tooMany(service: number, group: number, waiting: number): HostLinkError {
    this.counters.queueFull += 1;
    return queueFull(this.services[service]!.name, group, waiting, this.waitingMax, this.directory);
  }

  private nameOf(request: Request): string {
    return this.services[request.service]!.name;
  }
}
