import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { DeadlineSet } from '../base/deadline.js';
import type { EventName } from '../base/events.js';
import type { Prng } from '../base/prng.js';
import type { SessionState } from '../channel/messages.js';
import type { LinkConfig } from '../config/model.js';
import type { RetryClass } from '../sna/sense.js';
import { ProbeGate } from './probe-gate.js';
import type { Failure } from './reasons.js';
import type { LuSession } from './session.js';
import type { SessionList, SessionTable } from './session-table.js';

/** On the way up: the one session of a lost PU that may try keeps its turn through these. */
const IS_TRYING: Partial<Record<SessionState, boolean>> = {
  INIT_PENDING: true,
  QUEUED_AT_HOST: true,
  PENDING_ACTIVE: true,
};

/** A session that we end. */
interface Closing {
  /** The host has been told to end it at once. */
  readonly isForced: boolean;
  /** It is brought up afresh, or tried again as the failure says; undefined: as its end says. */
  readonly after: 'renew' | Failure | undefined;
}

/** What recovery asks of the link; each is done at once and answered by the host later. */
export interface RecoveryActions {
  /** Send the session information to the host: INIT-SELF, or the LOGON text. */
  initiate(session: LuSession): void;
  /** Ask the host to end the session: TERM-SELF, in order or forced. */
  terminate(session: LuSession, isForced: boolean): void;
  /** Forget the session without traffic. */
  reset(session: LuSession, cause: string): void;
  /** The host owes the answer to our logon for longer than initMs. */
  unanswered(session: LuSession): void;
  /** An attempt to bring it up came to nothing. */
  failed(session: LuSession, reason: string): void;
  /** Something changed that operators and the dispatcher want to know. */
  changed(): void;
  /** For the log and for subscribers. */
  event(name: EventName, session: LuSession, details: Record<string, unknown>): void;
}

/**
 * Brings sessions up and back: at most `bringUpMax` at once per link, each attempt with a time-out, each failure with a
 * back-off, and after the loss of a PU one session before all others. One timer for all; a session has at most one
 * deadline and it ends with the state it belongs to.
 * @source Tmax Host-link, session troubleshooting: end it, initialise it, send the session information, await the BIND, register
 */
export class Recovery {
  private readonly table: SessionTable;
  private readonly link: LinkConfig;
  private readonly clock: Clock;
  private readonly prng: Prng;
  private readonly actions: RecoveryActions;
  private readonly deadlines: DeadlineSet<LuSession>;
  private readonly backoffs = new Map<LuSession, Backoff>();
  /** Since when a session is usable: one that was for long enough starts its back-off anew. */
  private readonly activeSinceMs = new Map<LuSession, number>();
  private readonly gate = new ProbeGate();
  /** PUs that have had a session: what is lost for the first time is not lost. */
  private readonly seenPus = new Set<string>();
  /** Of those that are CLOSING by our doing: how they are ended, and what for. */
  private readonly closings = new Map<LuSession, Closing>();
  isStopping = false;

  constructor(table: SessionTable, link: LinkConfig, clock: Clock, prng: Prng, actions: RecoveryActions) {
    this.table = table;
    this.link = link;
    this.clock = clock;
    this.prng = prng;
    this.actions = actions;
    this.deadlines = new DeadlineSet(clock, (session) => this.expired(session));
  }

  /** The one way into another state: the old state's deadline ends, the new one's begins. */
  enter(session: LuSession, state: SessionState, timeoutMs?: number): void {
    if (this.deadlines.size > 0) this.deadlines.remove(session);
    if (timeoutMs !== undefined) this.deadlines.add(session, this.clock.nowMs() + timeoutMs);
    const from = session.list!;
    if (from.state === state) return;
    if (this.closings.size > 0) this.closings.delete(session);
    if (this.gate.isClosed && !IS_TRYING[state]) this.gate.gaveUp(session);
    const to = this.table.move(session, state);
    if (state === 'HELD') this.actions.event('session.held', session, { reason: session.reason });
    if (!from.isServing || !to.isServing) this.actions.changed();
  }

  /** The SSCP-LU session is active: the LU may ask for its session. */
  sscpActive(session: LuSession): void {
    if (this.isStopping || session.state !== 'DOWN') return;
    if (session.sscp.isEnabled) this.ready(session);
    else this.enter(session, 'HELD');
  }

  /** It may come up: by our asking, or by the host's own doing. */
  private ready(session: LuSession): void {
    if (session.config.initiate === 'wait') this.enter(session, 'QUEUED_AT_HOST');
    else this.enter(session, 'READY_TO_INIT');
    this.pump();
  }

  /** Not before somebody asks for it: without a session, or as soon as the one it has is over. */
  hold(session: LuSession, reason: string): void {
    session.reason = reason;
    this.enter(session, 'HELD');
    this.actions.failed(session, reason);
    this.pump();
  }

  /** Held no longer. */
  release(session: LuSession): void {
    if (session.state === 'HELD' && !this.isStopping) this.ready(session);
  }

  /** The host is asked to end the session; a request that runs may finish. */
  closing(session: LuSession): void {
    this.enter(session, 'CLOSING', session.hasRequest ? this.link.timers.lateReplyMs : this.link.timers.haltMs);
  }

  /** A PU is gone, with its circuit or by word of the host; its sessions follow. */
  puDown(pu: string): void {
    if (this.seenPus.has(pu)) this.gate.close(pu);
  }

  /** No SSCP-LU session any more. */
  down(session: LuSession, reason: string): void {
    session.reason = session.heldFor || reason;
    this.enter(session, session.heldFor === '' ? 'DOWN' : 'HELD');
    this.pump();
  }

  /** INIT-SELF was accepted; the BIND may take its time. */
  accepted(session: LuSession): void {
    if (session.state !== 'INIT_PENDING') return;
    this.enter(session, 'QUEUED_AT_HOST', this.link.timers.bindMs);
    this.pump();
  }

  /** BIND answered positively. */
  bound(session: LuSession): void {
    if (this.isStopping) return this.close(session);
    this.enter(session, 'PENDING_ACTIVE', this.link.timers.sdtMs);
    if (!this.gate.isClosed) return;
    const probeMs = this.gate.open(session, this.clock.nowMs());
    if (probeMs === undefined) return;
    this.actions.event('link.probed', session, { probeMs: Math.round(probeMs) });
    this.pump();
  }

  /** Data may flow. */
  active(session: LuSession): void {
    if (this.isStopping) return this.close(session);
    const wasDown = session.state === 'PENDING_ACTIVE';
    this.enter(session, 'ACTIVE');
    if (!wasDown) return;
    session.reason = '';
    session.hostText = '';
    this.activeSinceMs.set(session, this.clock.nowMs());
    this.seenPus.add(session.puName);
    this.pump();
  }

  /** The attempt failed, or the session ended: once more, later, or not before an operator acts. */
  failed(session: LuSession, reason: string, retry: RetryClass): void {
    const isAnswered = session.hostText !== '';
    session.reason = isAnswered ? `${reason} (the host says: ${session.hostText})` : reason;
    this.actions.event('session.down', session, { reason: session.reason, retry });
    this.actions.failed(session, reason);
    const backoff = this.backoff(session);
    if (this.isStopping) this.enter(session, 'DOWN');
    else if (retry === 'operator' || retry === 'never') this.enter(session, 'HELD');
    else if (retry === 'now' && backoff.failures === 0) this.again(session, backoff);
    else this.enter(session, 'RETRY', backoff.nextMs());
    this.pump();
  }

  /** At once, but only the first time in a row: a host that ends every session it starts is not to be kept busy. */
  private again(session: LuSession, backoff: Backoff): void {
    backoff.nextMs();
    this.ready(session);
  }

  /** Somebody waits for this very session: its back-off ends now. */
  hurry(session: LuSession): void {
    if (session.state === 'RETRY' && !this.isStopping) this.ready(session);
  }

  /** UNBIND 02: the next BIND is on its way. */
  bindForthcoming(session: LuSession): void {
    this.enter(session, 'QUEUED_AT_HOST', this.link.timers.bindMs);
  }

  /** The caller left; the reply is still due. */
  late(session: LuSession): void {
    this.enter(session, 'LATE', this.link.timers.lateReplyMs);
  }

  /** Ended by us: TERM-SELF is out, UNBIND awaited. @param isForced it is in the middle of something nobody will finish */
  close(session: LuSession, isForced = !session.half.isBetweenBrackets, after?: Closing['after']): void {
    this.enter(session, 'CLOSING', this.link.timers.haltMs);
    this.closings.set(session, { isForced, after });
    this.actions.terminate(session, isForced);
  }

  /** End it, and try again when the failure says. */
  retire(session: LuSession, failure: Failure): void {
    session.unfit = undefined;
    this.close(session, undefined, failure);
  }

  /** Why it was ended by us, where it is to be tried again as that says. */
  retired(session: LuSession): Failure | undefined {
    const after = this.closings.get(session)?.after;
    return after === 'renew' ? undefined : after;
  }

  /** End it, and bring it up afresh: the next user gets a session that nobody has used. */
  renew(session: LuSession): void {
    this.close(session, undefined, 'renew');
  }

  isRenewing(session: LuSession): boolean {
    return this.closings.get(session)?.after === 'renew';
  }

  /** It was ended to be brought up afresh. */
  renewed(session: LuSession): void {
    this.actions.event('session.renewed', session, {});
    if (this.isStopping) this.enter(session, 'DOWN');
    else this.ready(session);
  }

  /** Stop: no session is brought up any more; those without a request are ended, the others when they are done. */
  stop(): void {
    this.isStopping = true;
    for (const session of this.table.sessions) {
      const { state } = session;
      if (state === 'ACTIVE' || state === 'PENDING_ACTIVE' || (state === 'BUSY' && !session.hasRequest))
        this.close(session);
      else if (state === 'READY_TO_INIT' || state === 'RETRY') this.enter(session, 'DOWN');
    }
  }

  /** End all timers. */
  destroy(): void {
    this.isStopping = true;
    this.deadlines.clear();
  }

  /** Start as many waiting sessions as there are places. */
  private pump(): void {
    const waiting = this.table.list('READY_TO_INIT');
    this.initiateFrom(waiting);
    if (this.gate.isClosed && waiting.size > 0 && this.gate.startAnew()) this.initiateFrom(waiting);
  }

  private initiateFrom(waiting: SessionList): void {
    for (const session of waiting) {
      // What is sent may fail and take the whole PU along.
      if (this.isStopping || session.state !== 'READY_TO_INIT') return;
      if (this.inProgress() >= this.link.bringUpMax) return;
      if (this.gate.mayTry(session)) this.initiate(session);
    }
  }

  private initiate(session: LuSession): void {
    const failures = this.backoffs.get(session)?.failures ?? 0;
    if (failures > 0) this.actions.event('session.retry', session, { attempt: failures + 1 });
    if (this.gate.isClosed && this.gate.tries(session, this.clock.nowMs())) {
      this.actions.event('link.probe', session, {});
    }
    this.enter(session, 'INIT_PENDING', this.link.timers.initMs);
    this.actions.initiate(session);
  }

  private inProgress(): number {
    return this.table.count('INIT_PENDING') + this.table.count('PENDING_ACTIVE');
  }

  private backoff(session: LuSession): Backoff {
    let backoff = this.backoffs.get(session);
    if (!backoff) {
      const { sessionRetryMs: firstMs, sessionRetryMaxMs: maxMs } = this.link.timers;
      backoff = new Backoff({ firstMs, maxMs }, this.prng);
      this.backoffs.set(session, backoff);
    }
    const sinceMs = this.activeSinceMs.get(session);
    if (sinceMs !== undefined) {
      this.activeSinceMs.delete(session);
      if (this.clock.nowMs() - sinceMs >= this.link.timers.sessionRetryMs) backoff.reset();
    }
    return backoff;
  }

  private expired(session: LuSession): void {
    switch (session.state) {
      case 'RETRY':
        return this.ready(session);
      case 'INIT_PENDING':
        this.actions.unanswered(session);
        // A link that is given up for it has taken the session along.
        if (session.state !== 'INIT_PENDING') return;
        return this.giveUp(session, 'the host did not answer the logon (INIT-SELF) in time');
      case 'QUEUED_AT_HOST':
        return this.giveUp(session, 'the host accepted the logon, but no BIND came in time');
      case 'PENDING_ACTIVE':
        return this.giveUp(session, 'the host bound the session but did not start it in time');
      case 'LATE':
      case 'OPEN':
      case 'BUSY':
        return this.giveUp(session, 'the host kept the session without an answer');
      case 'CLOSING':
        return this.closeLate(session);
      default:
    }
  }

  /** The host did not end it in order: then at once; and when it does not do that either, it is forgotten here. */
  private closeLate(session: LuSession): void {
    const closing = this.closings.get(session);
    if (closing?.isForced) return this.forget(session, 'the host did not end the session in time');
    this.closings.set(session, { isForced: true, after: closing?.after });
    this.deadlines.add(session, this.clock.nowMs() + this.link.timers.haltMs);
    this.actions.terminate(session, true);
  }

  /** End what may be left of the attempt at the host and try again later. A bound session is over when the host says so. */
  private giveUp(session: LuSession, reason: string): void {
    if (session.state === 'INIT_PENDING' || session.state === 'QUEUED_AT_HOST') {
      this.actions.terminate(session, false);
      this.forget(session, reason);
    } else {
      this.close(session, true, { reason, retry: 'later' });
    }
  }

  /** Forgetting a session tells of its end by itself, unless there was nothing to forget. */
  private forget(session: LuSession, reason: string): void {
    const { state } = session;
    this.actions.reset(session, reason);
    if (session.state === state) this.failed(session, reason, 'later');
  }
}
