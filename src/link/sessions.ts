import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { Prng } from '../base/prng.js';
import type { WorkerChannel } from '../channel/channel.js';
import type { GroupConfig, LinkConfig } from '../config/model.js';
import type { LuLuState } from '../fsm/lu-lu.js';
import { describeSense, printSense } from '../sna/sense.js';
import { Calls } from './calls.js';
import type { LinkCounters } from './counters.js';
import { Recovery } from './recovery.js';
import type { LuSession } from './session.js';
import { SessionTable } from './session-table.js';

/** Below this a reason is the type of an UNBIND, above it is sense data. */
const UNBIND_TYPE_MAX = 0xff;

export interface SessionsContext {
  readonly link: LinkConfig;
  readonly groups: readonly GroupConfig[];
  readonly channel: WorkerChannel;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger;
  readonly counters: LinkCounters;
  /** The counts changed: report them when the tick ends. */
  readonly changed: () => void;
}

/** What happens to the sessions of a link: events of the PUs come in here and move sessions, requests and recovery on. */
export class Sessions {
  readonly table: SessionTable;
  readonly recovery: Recovery;
  readonly calls: Calls;
  private readonly context: SessionsContext;

  constructor(context: SessionsContext) {
    const { link, groups, channel, clock, prng } = context;
    this.context = context;
    this.table = new SessionTable(groups.length);
    this.recovery = new Recovery(this.table, link, clock, prng, {
      initiate: (session) => session.initiate(),
      terminate: (session) => session.sscp.terminate(),
      reset: (session, cause) => session.reset(cause),
      failed: (session, reason) => this.calls.ofLu.failed(session, reason),
      changed: context.changed,
      event: (name, session, details) => this.event(name, session, details),
    });
    this.calls = new Calls(this.table, this.recovery, channel, clock, groups.length, link.timers.lateReplyMs);
  }

  applicationOf(session: LuSession): string {
    return this.context.groups[session.config.group]?.application ?? '';
  }

  /** The SSCP activated the LU. */
  luActive(session: LuSession): void {
    this.recovery.sscpActive(session);
  }

  /** The SSCP-LU session is gone, and what was built on it. */
  luDown(session: LuSession, reason: string): void {
    this.requestLost(session, reason);
    this.recovery.down(session, reason);
    session.reset(reason);
    this.calls.ofLu.failed(session, reason);
    this.calls.lost(session.config.group);
  }

  /** The host answered INIT-SELF. */
  initAnswered(session: LuSession, isNegative: boolean, senseData: number): void {
    if (isNegative) {
      session.half.initRefused(senseData);
      return;
    }
    session.half.initAccepted();
    this.recovery.accepted(session);
  }

  /** The host had accepted INIT-SELF, and now says that nothing comes of it. */
  initFailed(session: LuSession, senseData: number): void {
    const isAwaited = session.state === 'QUEUED_AT_HOST' || session.state === 'INIT_PENDING';
    if (isAwaited) session.half.initRefused(senseData);
  }

  /** The LU-LU machine moved. Called when the PIU at hand has been worked off. */
  luLuChanged(session: LuSession, state: LuLuState, cause: string, senseData: number): void {
    switch (state) {
      case 'BOUND':
        this.requestLost(session, cause);
        this.recovery.bound(session);
        return;
      case 'ACTIVE':
        this.started(session);
        return;
      case 'QUIESCED':
        if (session.state === 'ACTIVE') this.recovery.enter(session, 'CLOSING', this.context.link.timers.bindMs);
        return;
      case 'WAIT_BIND':
        if (!session.isInUse && session.state !== 'PENDING_ACTIVE') return;
        this.requestLost(session, cause);
        this.recovery.bindForthcoming(session);
        return;
      case 'RESET':
        this.ended(session, cause, senseData);
        return;
      default:
    }
  }

  /** A session in use has no request any more. */
  callEnded(session: LuSession): void {
    this.calls.ended(session);
  }

  private started(session: LuSession): void {
    if (session.state === 'CLOSING' || session.hasRequest) return;
    if (!session.canCall()) {
      this.recovery.enter(session, 'PENDING_ACTIVE');
      return;
    }
    this.event('session.active', session, {});
    this.recovery.active(session);
    this.calls.ofLu.serve(session);
  }

  private ended(session: LuSession, cause: string, senseData: number): void {
    const { state } = session;
    if (state === 'DOWN' || state === 'RETRY' || state === 'HELD' || state === 'READY_TO_INIT') return;
    this.requestLost(session, cause);
    if (state === 'CLOSING') this.recovery.failed(session, cause, 'later');
    else this.attemptFailed(session, cause, senseData);
    this.calls.lost(session.config.group);
  }

  private requestLost(session: LuSession, cause: string): void {
    if (session.isInUse) this.context.counters.sessionsLost += 1;
    session.lose(cause);
  }

  private attemptFailed(session: LuSession, what: string, senseData: number): void {
    if (senseData <= UNBIND_TYPE_MAX && senseData >= 0) {
      this.recovery.failed(session, senseData === 0 ? what : `${what} type ${hexByte(senseData)}`, 'now');
      return;
    }
    const sense = describeSense(senseData);
    this.recovery.failed(session, `${what}: ${printSense(senseData)} ${sense.name}`, sense.retry);
  }

  private event(name: string, session: LuSession, details: Record<string, unknown>): void {
    const all = { pu: session.puName, lu: session.config.name, ...details };
    if (name === 'session.active') this.context.logger.debug(all, name);
    else this.context.logger.info(all, name);
    this.context.channel.event(name, { link: this.context.link.name, ...all });
  }
}

function hexByte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}
