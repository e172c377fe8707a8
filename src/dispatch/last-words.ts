import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import type { SlotDeadlines } from '../base/slot-deadlines.js';
import { HELD_CALL } from '../channel/messages.js';
import { REQUEST_STATE, type Request, type RequestTable } from './request-table.js';

export interface LastWordsParts {
  readonly clock: Clock;
  readonly requests: RequestTable;
  readonly deadlines: SlotDeadlines;
  /** How long a word is waited for; 0: not at all. */
  readonly wordMs: number;
  /** Tell the caller. The request lives on until its worker answers. */
  tell(request: Request, error: HostLinkError): void;
  /** SESSION_WAIT_TIMEOUT with its numbers. */
  waitTimeout(request: Request): HostLinkError;
}

/**
 * Callers whose time is up while their request is at a worker. The worker knows whether anything of it was sent, so they
 * are told with its word, which takes one way there and back; where it does not come in time they are told 'maybe'.
 */
export class LastWords {
  private readonly parts: LastWordsParts;

  constructor(parts: LastWordsParts) {
    this.parts = parts;
  }

  /** Ask the worker to take the request back; the caller hears soon. */
  ask(request: Request, error: HostLinkError): void {
    const { clock, deadlines, wordMs } = this.parts;
    request.worker!.port!.cancel(request.id);
    if (wordMs === 0) {
      this.parts.requests.abandon(request);
      this.parts.tell(request, error);
      return;
    }
    request.state = REQUEST_STATE.ending;
    request.ending = error;
    deadlines.add(request.slot, clock.nowMs() + wordMs);
  }

  /**
   * The worker's word, or the end of the wait for it. Does nothing for a request that is not in ENDING.
   * @param isUnsent nothing was sent: what looked like a host that does not answer was a wait for a session
   * @returns false when the request was not in ENDING
   */
  heard(request: Request, isUnsent: boolean): boolean {
    if (request.state !== REQUEST_STATE.ending) return false;
    const error = request.ending!;
    this.parts.requests.abandon(request);
    request.ending = undefined;
    this.parts.tell(request, isUnsent ? this.unsent(request, error) : error);
    return true;
  }

  private unsent(request: Request, error: HostLinkError): HostLinkError {
    if (error.code === 'CALL_TIMEOUT' && request.verb < HELD_CALL) return this.parts.waitTimeout(request);
    return new HostLinkError(error.code, '(not sent)', { ...error.details, sent: 'no' }, { cause: error.cause });
  }
}
