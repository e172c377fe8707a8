import type { Clock } from '../base/clock.js';
import { DeadlineSet } from '../base/deadline.js';
import { HostLinkError } from '../base/errors.js';
import type { EventName } from '../base/events.js';
import type { ServiceConfig } from '../config/model.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { LuSeat } from '../dispatch/lu-seats.js';
import type { Calls } from './calls.js';
import { HeldSession, type HeldSessionOwner, type HeldSessionPlace, type OperationLimits } from './held-session.js';

/** Most held sessions that the statistics name, those held longest. */
const STATS_MAX = 100;

/** A held session, as plain JSON. */
export interface HeldStats {
  readonly lu: string;
  readonly link: string;
  readonly service: string;
  readonly heldMs: number;
  /** Since its last operation; 0 while one runs. */
  readonly idleMs: number;
  /** Stack of the program where it was opened. */
  readonly openedAt: string;
}

export interface HeldSessionsParts {
  readonly clock: Clock;
  readonly calls: Calls;
  readonly dispatcher: () => Dispatcher;
  /** Held for longer: reported, once. */
  readonly reportMs: number;
  linkOf(worker: number): string;
  /** Payload as bytes, checked. @throws HostLinkError */
  bytesOf(payload: Uint8Array | string, service: ServiceConfig): Uint8Array;
  /** Deadline from now, checked. @throws HostLinkError */
  timeoutOf(limits: OperationLimits, service: ServiceConfig): number;
  /** `session.leak` and `session.idle`: for the log and for subscribers. */
  event(name: EventName, session: HeldSession, details: Record<string, unknown>): void;
}

/** What is to be opened. */
export interface OpenRequest {
  readonly service: ServiceConfig;
  readonly seat: LuSeat | undefined;
  readonly group: number;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Stack of the program. */
  readonly at: string;
}

/** The sessions that programs keep: opened, idle for too long, held for too long, ended. One timer for all. */
export class HeldSessions implements HeldSessionOwner {
  private readonly parts: HeldSessionsParts;
  private readonly sessions = new Set<HeldSession>();
  /** Operations under way, by session. */
  private readonly operations = new Map<HeldSession, Set<number>>();
  private readonly idle: DeadlineSet<HeldSession>;
  private readonly reports: DeadlineSet<HeldSession>;
  private readonly idleErrors = new Map<HeldSession, HostLinkError>();

  constructor(parts: HeldSessionsParts) {
    this.parts = parts;
    this.idle = new DeadlineSet(parts.clock, (session) => this.lookAtIdle(session));
    this.reports = new DeadlineSet(parts.clock, (session) => this.report(session));
  }

  /** @throws HostLinkError what Dispatcher.open throws; rejects with SESSION_WAIT_TIMEOUT, CALL_ABORTED, LU_... */
  open(request: OpenRequest): Promise<HeldSession> {
    const { service, timeoutMs, seat, group } = request;
    const id = this.parts.dispatcher().open(service.index, timeoutMs, seat, group);
    let session: HeldSession | undefined;
    const opening = this.parts.calls.openHeld(id, request.signal, {
      opened: (lu, worker) => {
        session = this.add(id, request, { lu, worker, link: this.parts.linkOf(worker) });
      },
      ended: (error) => this.ended(session!, error),
    });
    return opening.then(() => session!);
  }

  // HeldSessionOwner

  async operate(
    session: HeldSession,
    verb: number,
    payload: Uint8Array | string,
    limits: OperationLimits,
  ): Promise<Uint8Array> {
    if (!session.isOpen) throw closedError(session);
    const bytes = this.parts.bytesOf(payload, session.service);
    const timeoutMs = this.parts.timeoutOf(limits, session.service);
    const id = this.parts.dispatcher().operate(session.id, verb, bytes, timeoutMs);
    const running = this.operations.get(session)!;
    running.add(id);
    session.usedMs = this.parts.clock.nowMs();
    try {
      return await this.parts.calls.open(id, limits.signal);
    } finally {
      running.delete(id);
      session.usedMs = this.parts.clock.nowMs();
    }
  }

  close(session: HeldSession): void {
    const dispatcher = this.parts.dispatcher();
    for (const id of this.operations.get(session) ?? []) dispatcher.abort(id);
    dispatcher.close(session.id);
  }

  /** Those held longest first. */
  stats(): HeldStats[] {
    const nowMs = this.parts.clock.nowMs();
    return [...this.sessions].slice(0, STATS_MAX).map((session) => ({
      lu: session.lu,
      link: session.link,
      service: session.service.name,
      heldMs: Math.round(nowMs - session.openedMs),
      idleMs: this.isRunning(session) ? 0 : Math.round(nowMs - session.usedMs),
      openedAt: session.openedAt,
    }));
  }

  get size(): number {
    return this.sessions.size;
  }

  private isRunning(session: HeldSession): boolean {
    return this.operations.get(session)!.size > 0;
  }

  private add(id: number, request: OpenRequest, place: HeldSessionPlace): HeldSession {
    const { service, at, idleTimeoutMs } = request;
    const ms = this.parts.clock.nowMs();
    const session = new HeldSession(this, id, service, place, { at, ms, idleTimeoutMs });
    this.sessions.add(session);
    this.operations.set(session, new Set());
    this.idle.add(session, ms + idleTimeoutMs);
    this.reports.add(session, ms + this.parts.reportMs);
    return session;
  }

  private ended(session: HeldSession, error: HostLinkError | undefined): void {
    const because = this.idleErrors.get(session) ?? error;
    this.idleErrors.delete(session);
    this.sessions.delete(session);
    this.operations.delete(session);
    this.idle.remove(session);
    this.reports.remove(session);
    session.ended(because);
  }

  /** Its idle time-out may have passed; uses in between have not moved the deadline, so look. */
  private lookAtIdle(session: HeldSession): void {
    const nowMs = this.parts.clock.nowMs();
    const dueMs = (this.isRunning(session) ? nowMs : session.usedMs) + session.idleTimeoutMs;
    if (dueMs > nowMs) {
      this.idle.add(session, dueMs);
      return;
    }
    const { lu, idleTimeoutMs } = session;
    const reason = `idle for ${idleTimeoutMs} ms`;
    this.idleErrors.set(session, new HostLinkError('SESSION_CLOSED', `(${lu}: ${reason})`, { lu, reason, sent: 'no' }));
    this.parts.event('session.idle', session, this.describe(session));
    this.close(session);
  }

  /** Held for so long that it may have been forgotten. */
  private report(session: HeldSession): void {
    this.parts.event('session.leak', session, this.describe(session));
  }

  private describe(session: HeldSession): Record<string, unknown> {
    const heldMs = Math.round(this.parts.clock.nowMs() - session.openedMs);
    const { lu, openedAt } = session;
    return { lu, service: session.service.name, heldMs, openedAt };
  }
}

function closedError(session: HeldSession): HostLinkError {
  return session.error ?? new HostLinkError('SESSION_CLOSED', `(${session.lu})`, { lu: session.lu, sent: 'no' });
}
