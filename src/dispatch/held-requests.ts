import { HostLinkError } from '../base/errors.js';
import type { SlotDeadlines } from '../base/slot-deadlines.js';
import type { DispatchCounters } from './dispatch-counters.js';
import type { ResultSink } from './dispatcher-types.js';
import type { Placement } from './placement.js';
import { REQUEST_STATE, type Request, type RequestTable } from './request-table.js';

const NO_BYTES = Buffer.alloc(0);

/** What HeldRequests shares with its dispatcher. */
export interface HeldRequestsParts {
  readonly requests: RequestTable;
  readonly placement: Placement;
  readonly deadlines: SlotDeadlines;
  readonly counters: DispatchCounters;
  readonly sink: ResultSink;
}

/**
 * Requests that opened a session which their caller keeps: they live, and keep their promise of a session, until it has
 * been given back or is lost.
 */
export class HeldRequests {
  private readonly parts: HeldRequestsParts;

  constructor(parts: HeldRequestsParts) {
    this.parts = parts;
  }

  /** The request behind a held session. @throws HostLinkError SESSION_CLOSED when it is held no more */
  find(openId: number): Request {
    const hold = this.parts.requests.find(openId);
    if (hold?.state === REQUEST_STATE.held) return hold;
    throw new HostLinkError('SESSION_CLOSED', '', { sent: 'no' });
  }

  /** Give it back. Its end goes to the sink later. Nothing happens when it has ended already. */
  close(openId: number): void {
    const hold = this.parts.requests.find(openId);
    if (hold?.state === REQUEST_STATE.held) hold.worker!.port!.cancel(openId);
  }

  /** The session is kept. One whose caller has left is being given back already: its last answer is on the way. */
  opened(request: Request, lu: string): void {
    if (request.state !== REQUEST_STATE.atWorker) return;
    request.state = REQUEST_STATE.held;
    this.parts.counters.opened += 1;
    this.parts.deadlines.remove(request.slot);
    this.parts.sink.opened?.(request.slot, lu, request.worker!.index);
  }

  /** Its last answer: the session is the worker's again. */
  answered(request: Request, error: HostLinkError | undefined): void {
    const { group, seat } = request;
    const worker = request.worker!;
    this.ended(request, error);
    this.parts.placement.freed(worker, group, seat);
  }

  /** A held session has been given back, or is lost. */
  ended(request: Request, error: HostLinkError | undefined): void {
    const { slot } = request;
    this.parts.requests.release(request);
    if (error === undefined) this.parts.sink.reply(slot, NO_BYTES, 0, 0);
    else this.parts.sink.fail(slot, error);
  }
}
