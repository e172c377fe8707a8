import { LU_TARGET } from '../channel/messages.js';
import { Balancer } from './balancer.js';
import type { Directory, WorkerRecord } from './directory.js';
import type { DispatchCounters } from './dispatch-counters.js';
import type { DispatcherOptions } from './dispatcher-types.js';
import { LuDispatch } from './lu-dispatch.js';
import type { LuSeat } from './lu-seats.js';
import { REQUEST_STATE, type Request } from './request-table.js';
import type { ServiceCounters } from './service-counters.js';
import { WaitingRoom } from './waiting-room.js';

/** A worker that refused is asked again after this, where neither a reply nor a report of it shows room earlier. */
export const REFUSAL_PAUSE_MS = 50;

/**
 * Where requests are: promised to a worker, or waiting for one. Every reservation is made and ended here. While a request
 * of a group waits, no worker has room for that group.
 */
export class Placement {
  readonly room: WaitingRoom;
  /** Requests that name their LU. */
  readonly ofLu: LuDispatch;
  private readonly options: DispatcherOptions;
  private readonly directory: Directory;
  private readonly candidates: readonly WorkerRecord[];
  private readonly balancer: Balancer;
  private readonly services: readonly ServiceCounters[];
  private readonly counters: DispatchCounters;
  private cancelPause: (() => void) | undefined;
  private isStopped = false;

  constructor(options: DispatcherOptions, services: readonly ServiceCounters[], counters: DispatchCounters) {
    this.options = options;
    this.directory = options.directory;
    this.candidates = options.directory.list('READY');
    this.balancer = new Balancer(options.groups);
    this.services = services;
    this.counters = counters;
    this.room = new WaitingRoom(options.groups, services);
    this.ofLu = new LuDispatch(options.directory, this.room, (request, worker) => this.give(request, worker));
  }

  /** A worker for a request whose turn it is; none while others wait for the same. */
  pick(group: number, seat: LuSeat | undefined): WorkerRecord | undefined {
    if (seat !== undefined) return this.ofLu.pick(seat);
    return this.room.sizeOf(group) === 0 ? this.balancer.pick(this.candidates, group) : undefined;
  }

  /** How many wait already where this request would. */
  waitingFor(group: number, seat: LuSeat | undefined): number {
    return seat === undefined ? this.room.sizeOf(group) : seat.queue.size;
  }

  /** Hot path: promise a session of `worker` to the request, and send it there. */
  give(request: Request, worker: WorkerRecord): void {
    const { group, seat } = request;
    request.state = REQUEST_STATE.atWorker;
    request.worker = worker;
    if (seat === undefined || !seat.isDedicated) worker.reserved[group]! += 1;
    if (seat !== undefined) seat.running += 1;
    worker.reservedTotal += 1;
    const target = (seat === undefined ? group : LU_TARGET + seat.place) + request.verb;
    worker.port!.request(request.id, target, request.deadlineMs, request.payload);
  }

  /** The promise ends: its session is free again, and goes to the request that waits longest. */
  freed(worker: WorkerRecord, group: number, seat: LuSeat | undefined): void {
    this.release(worker, group, seat);
    this.drainFor(group, seat);
  }

  /** The promise ends; the session goes to nobody yet. */
  release(worker: WorkerRecord, group: number, seat: LuSeat | undefined): void {
    this.unreserve(worker, group, seat);
    worker.full[group] = 0;
  }

  /** A session may have become free: whoever waits for it has it. */
  drainFor(group: number, seat: LuSeat | undefined): void {
    this.drain(group);
    if (seat !== undefined) this.ofLu.drain();
  }

  /** The promise was not kept: the worker stays out for a while, or until it shows room. */
  refused(request: Request, worker: WorkerRecord): void {
    const { group, seat } = request;
    if (seat === undefined) {
      worker.full[group] = 1;
      request.tried ??= new Set();
      request.tried.add(worker);
    }
    if (!this.isStopped) this.cancelPause ??= this.options.clock.after(REFUSAL_PAUSE_MS, () => this.pauseOver());
    this.unreserve(worker, group, seat);
    // What had been promised to a call that names its LU is the group's again.
    if (seat !== undefined) this.drain(group);
  }

  /** A request that is certainly not under way any more: forward it, or let it wait in its order of arrival. */
  placeAgain(request: Request): void {
    const { group, seat, tried } = request;
    const isItsTurn = seat === undefined && this.room.sizeOf(group) === 0;
    const worker = isItsTurn ? this.pickAgain(group, tried) : undefined;
    if (worker === undefined) {
      this.enqueue(request);
      return;
    }
    this.counters.forwarded += 1;
    this.services[request.service]!.forwarded += 1;
    this.give(request, worker);
  }

  enqueue(request: Request): void {
    request.state = REQUEST_STATE.waiting;
    request.worker = undefined;
    request.tried = undefined;
    this.room.enter(request);
    if (request.seat !== undefined) this.ofLu.enter(request.seat);
    this.counters.queued += 1;
    this.options.onWaiting?.(this.room.total);
  }

  /** Something changed at some worker: whoever can go now goes. */
  drainAll(): void {
    if (this.room.total === 0) return;
    for (let group = 0; group < this.options.groups; group += 1) this.drain(group);
    this.ofLu.drain();
  }

  /** All that wait, for a group or for an LU. */
  waiting(): Request[] {
    return [...this.ofLu.requests(), ...this.room.requests()];
  }

  /** No timer any more. */
  stop(): void {
    this.isStopped = true;
    this.cancelPause?.();
  }

  private unreserve(worker: WorkerRecord, group: number, seat: LuSeat | undefined): void {
    if (seat === undefined || !seat.isDedicated) worker.reserved[group]! -= 1;
    if (seat !== undefined) seat.running -= 1;
    worker.reservedTotal -= 1;
  }

  /**
   * One that refused it comes last, and only where it has shown room since: if the request waited for that, all that come
   * behind it would wait as well, for a session that is free.
   */
  private pickAgain(group: number, tried: ReadonlySet<WorkerRecord> | undefined): WorkerRecord | undefined {
    const worker = this.balancer.pick(this.candidates, group, tried);
    return worker === undefined && tried !== undefined ? this.balancer.pick(this.candidates, group) : worker;
  }

  private drain(group: number): void {
    for (let first = this.room.first(group); first !== undefined; first = this.room.first(group)) {
      const worker = this.balancer.pick(this.candidates, group);
      if (worker === undefined) return;
      this.room.leave(first);
      this.give(first, worker);
    }
  }

  private pauseOver(): void {
    this.cancelPause = undefined;
    for (const worker of this.directory.workers) worker.full.fill(0);
    this.drainAll();
  }
}
