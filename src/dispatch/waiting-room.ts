import type { Request } from './request-table.js';
import type { ServiceCounters } from './service-counters.js';
import { WaitQueue } from './wait-queue.js';

/** The wait queues of all groups, and the counts that follow from them. */
export class WaitingRoom {
  readonly queues: readonly WaitQueue[];
  /** Requests that wait, over all groups. */
  total = 0;
  /** Of those, the requests that name their LU, by index of its link. */
  readonly byLink: number[] = [];
  private readonly services: readonly ServiceCounters[];

  constructor(groups: number, services: readonly ServiceCounters[]) {
    this.queues = Array.from({ length: groups }, () => new WaitQueue());
    this.services = services;
  }

  sizeOf(group: number): number {
    return this.queues[group]!.size;
  }

  /** The request of `group` that has its turn. */
  first(group: number): Request | undefined {
    return this.queues[group]!.first;
  }

  /** Those that wait for any session of their group, group by group. */
  *requests(): IterableIterator<Request> {
    for (const queue of this.queues) yield* queue;
  }

  /** A request comes to wait, in its order of arrival. */
  enter(request: Request): void {
    this.queueOf(request).insert(request);
    const service = this.services[request.service]!;
    service.waiting += 1;
    service.queued += 1;
    this.total += 1;
    if (request.seat !== undefined) this.byLink[request.seat.link] = this.atLink(request.seat.link) + 1;
  }

  /** A request waits no more. */
  leave(request: Request): void {
    this.queueOf(request).remove(request);
    this.services[request.service]!.waiting -= 1;
    this.total -= 1;
    if (request.seat !== undefined) this.byLink[request.seat.link] = this.atLink(request.seat.link) - 1;
  }

  private atLink(link: number): number {
    return this.byLink[link] ?? 0;
  }

  private queueOf(request: Request): WaitQueue {
    return request.seat === undefined ? this.queues[request.group]! : request.seat.queue;
  }
}
