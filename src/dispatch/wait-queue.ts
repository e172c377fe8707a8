import type { Request } from './request-table.js';

/**
 * The requests of one group that wait for a session, first come, first served: a linked list through the requests
 * themselves, so that one whose caller leaves comes out of the middle at no cost.
 */
export class WaitQueue {
  private head: Request | undefined;
  private tail: Request | undefined;
  private count = 0;

  get size(): number {
    return this.count;
  }

  get first(): Request | undefined {
    return this.head;
  }

  /** Put `request` where its order of arrival says: a new one at the end, one that comes back near the front. */
  insert(request: Request): void {
    if (this.tail === undefined || this.tail.arrival < request.arrival) this.link(request, undefined);
    else this.link(request, this.firstAfter(request.arrival));
  }

  /** Take the first one out. */
  shift(): Request | undefined {
    const first = this.head;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Take `request` out, wherever it is. */
  remove(request: Request): void {
    const { before, behind } = request;
    if (before === undefined) this.head = behind;
    else before.behind = behind;
    if (behind === undefined) this.tail = before;
    else behind.before = before;
    request.before = undefined;
    request.behind = undefined;
    this.count -= 1;
  }

  *[Symbol.iterator](): IterableIterator<Request> {
    for (let request = this.head; request !== undefined; request = request.behind) yield request;
  }

  private firstAfter(arrival: number): Request | undefined {
    let request = this.head;
    while (request !== undefined && request.arrival < arrival) request = request.behind;
    return request;
  }

  /** @param next the one to stand before, undefined for the end */
  private link(request: Request, next: Request | undefined): void {
    const before = next === undefined ? this.tail : next.before;
    request.before = before;
    request.behind = next;
    if (before === undefined) this.head = request;
    else before.behind = request;
    if (next === undefined) this.tail = request;
    else next.before = request;
    this.count += 1;
  }
}
