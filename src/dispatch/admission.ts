import { HostLinkError } from '../base/errors.js';
import type { DispatchCounters } from './dispatch-counters.js';
import { notSent, queueFull } from './dispatch-errors.js';
import type { DispatcherOptions } from './dispatcher-types.js';
import { Holds } from './holds.js';
import type { LuSeat } from './lu-seats.js';
import type { Placement } from './placement.js';
import { REQUESTS_MAX } from './request-table.js';

/** Most waiting requests per group where the configuration sets no limit. */
export const WAITING_MAX = 100_000;

/** May a request come in: what operators hold, and how many may wait. */
export class Admission {
  readonly holds: Holds;
  private readonly options: DispatcherOptions;
  private readonly placement: Placement;
  private readonly counters: DispatchCounters;
  /** Nothing new is done, not even on held sessions. */
  isStopped = false;
  private isClosed = false;
  private waitingMax = 0;

  constructor(options: DispatcherOptions, placement: Placement, counters: DispatchCounters) {
    this.options = options;
    this.placement = placement;
    this.counters = counters;
    this.holds = new Holds(options.services.length);
    this.maxqcount = options.maxqcount;
  }

  /** MAXQCOUNT from now on; those that wait already stay. */
  set maxqcount(count: number) {
    this.waitingMax = count < 0 ? WAITING_MAX : count;
  }

  /** No new requests from now on; held sessions may still be used. */
  close(): void {
    this.isClosed = true;
  }

  /** Nothing at all from now on. */
  stop(): void {
    this.isClosed = true;
    this.isStopped = true;
  }

  /** @throws HostLinkError RUNTIME_STOPPED, SERVICE_HELD, LU_IN_USE */
  check(service: number, seat: LuSeat | undefined): void {
    if (this.isClosed) throw new HostLinkError('RUNTIME_STOPPED');
    if (this.holds.services[service] !== 0) throw this.holds.error(service, this.nameOf(service));
    const { instanceMax = 0 } = this.options;
    if (seat === undefined || instanceMax === 0) return;
    const count = seat.running + seat.queue.size;
    if (count < instanceMax) return;
    const note = `(${seat.name}: ${count} at once, at most ${instanceMax} may)`;
    throw new HostLinkError('LU_IN_USE', note, { lu: seat.name, count, instanceMax, retry: 'now', sent: 'no' });
  }

  /** @throws HostLinkError SERVICE_UNAVAILABLE, QUEUE_FULL */
  checkMayWait(service: number, group: number, seat: LuSeat | undefined): void {
    if (!this.options.directory.hasHope()) throw notSent('SERVICE_UNAVAILABLE', this.nameOf(service));
    const waiting = this.placement.waitingFor(group, seat);
    if (waiting >= this.waitingMax) throw this.tooMany(service, group, waiting);
  }

  /** There are REQUESTS_MAX, over all services. */
  tooManyLive(service: number): HostLinkError {
    return this.tooMany(service, this.options.services[service]!.group, REQUESTS_MAX);
  }

  private tooMany(service: number, group: number, waiting: number): HostLinkError {
    this.counters.queueFull += 1;
    return queueFull(this.nameOf(service), group, waiting, this.waitingMax, this.options.directory);
  }

  private nameOf(service: number): string {
    return this.options.services[service]!.name;
  }
}
