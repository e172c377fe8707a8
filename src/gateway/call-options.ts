import { HostLinkError } from '../base/errors.js';
import type { LuWish, OpenWish } from './lu-target.js';

/** Longest deadline of a call, ms: what a timer of Node holds. */
export const CALL_TIMEOUT_MAX_MS = 2_147_483_647;

/** How a call is to be made. Naming an LU, a terminal or an instance ties it to that one LU session. */
export interface CallOptions extends LuWish {
  /** Deadline from now, over 0 and at most CALL_TIMEOUT_MAX_MS; the service's own when absent. */
  readonly timeoutMs?: number | undefined;
  /** Aborting it ends the call with CALL_ABORTED; what was sent already is not taken back. */
  readonly signal?: AbortSignal | undefined;
}

/** Which session is to be kept, and for how long. Service, type, LU, terminal and instance must fit together. */
export interface OpenOptions extends OpenWish {
  readonly service?: string | undefined;
  /** Deadline for getting it, from now; the service's own when absent. */
  readonly timeoutMs?: number | undefined;
  /** Aborting it gives the wait up; the session once held stays. */
  readonly signal?: AbortSignal | undefined;
  /** Closed by itself when nothing ran on it for this long; heldIdleTimeout of the configuration when absent. */
  readonly idleTimeoutMs?: number | undefined;
}

/** @returns the deadline from now. @throws HostLinkError CALL_ABORTED, OPTION_INVALID */
export function checkOptions({ timeoutMs, signal }: CallOptions, serviceMs: number): number {
  if (signal?.aborted) {
    throw new HostLinkError('CALL_ABORTED', '', { sent: 'no' }, { cause: signal.reason });
  }
  if (timeoutMs === undefined) return serviceMs;
  checkMs('timeoutMs', timeoutMs);
  return timeoutMs;
}

/** @throws HostLinkError OPTION_INVALID */
export function checkMs(option: string, value: number): void {
  if (value > 0 && value <= CALL_TIMEOUT_MAX_MS) return;
  const allowed = `over 0, at most ${CALL_TIMEOUT_MAX_MS}`;
  throw new HostLinkError('OPTION_INVALID', `${option}: ${allowed}.`, { option, value, allowed });
}

/** Where the program called `entry`, line by line, without the lines below it. */
export function callerStack(entry: (options: OpenOptions) => unknown): string {
  const place: { stack?: string } = {};
  Error.captureStackTrace(place, entry);
  return (place.stack ?? '')
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .join('\n');
}
