import type { Clock } from '../base/clock.js';
import type { EventName } from '../base/events.js';
import type { Logger } from '../base/log.js';
import type { Prng } from '../base/prng.js';
import type { WorkerChannel } from '../channel/channel.js';
import type { GroupConfig, LinkConfig } from '../config/model.js';
import type { LuLuState } from '../fsm/lu-lu.js';
import { describeSense, printSense } from '../sna/sense.js';
import { Calls } from './calls.js';
import type { LinkCounters } from './counters.js';
import { failureOf, inWords } from './reasons.js';
import { Recovery } from './recovery.js';
import type { LuSession } from './session.js';
import { SessionTable } from './session-table.js';
import { endSession, SENSE_NOT_NOW } from './shutdown.js';

/** First byte of a LUSTAT status that is a sense code; others, such as 0006, are for the application. */
const LUSTAT_STATUS = 0x08;

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
  /** The host owes an answer, and not one byte has come from it since it was asked. */
  readonly silent: (session: LuSession) => void;
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
      initiate: (session) => {
        session.bytesInAtInit = context.counters.bytesIn;
        session.initiate();
      },
      unanswered: (session) => {
        if (session.bytesInAtInit === context.counters.bytesIn) context.silent(session);
      },
      terminate: (session, isForced) => endSession(session, isForced, this.recovery.isStopping),
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

  /** A PU is gone, with its circuit or by word of the host: `luDown` follows for each of its LUs. */
  puDown(pu: string): void {
    this.recovery.puDown(pu);
  }

  /** The SSCP activated the LU. */
  luActive(session: LuSession): void {
    this.recovery.sscpActive(session);
  }

  /** The SSCP-LU session is gone, and what was built on it. */
  luDown(session: LuSession, cause: string): void {
    const reason = inWords(cause);
    this.requestLost(session, reason);
    this.recovery.down(session, reason);
    session.reset(reason);
    this.calls.ofLu.failed(session, reason);
    this.calls.lost(session.config.group);
  }

  /** The host answered NOTIFY. */
  notified(): void {
    this.context.changed();
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

  /** NOTIFY that is no failure: whoever waits to try again, as after sense 0845, tries now. */
  hostReady(session: LuSession): void {
    this.recovery.hurry(session);
  }

  /** Text of the host while a logon waits for its BIND: likely why none will come. */
  hostSays(session: LuSession, text: string): void {
    if (text === '' || (session.state !== 'QUEUED_AT_HOST' && session.state !== 'INIT_PENDING')) return;
    session.hostText = text;
    session.reason = `the host says: ${text}`;
  }

  /**
   * No session on this LU until `enable`: the host is told (NOTIFY), a BIND that is on its way is refused for now (0845), a
   * session that is there is ended in order, after the request it carries.
   */
  disable(session: LuSession, reason: string): void {
    if (!session.sscp.isEnabled) return;
    const isBound = session.pluAddress >= 0;
    session.half.refuseBinds(SENSE_NOT_NOW);
    session.sscp.detach(isBound);
    session.reason = reason;
    if (isBound) this.recovery.closing(session);
    else if (session.state !== 'DOWN') {
      this.recovery.hold(session, reason);
      session.reset(reason);
    }
  }

  /** Sessions on this LU again, also on one that was held for an operator to look at. */
  enable(session: LuSession): void {
    session.half.refuseBinds(0);
    session.sscp.attach();
    this.recovery.release(session);
  }

  /** The LU-LU machine moved. Called when the PIU at hand has been worked off. */
  luLuChanged(session: LuSession, state: LuLuState, cause: string, senseData: number): void {
    switch (state) {
      case 'BOUND':
        this.requestLost(session, inWords(cause));
        this.recovery.bound(session);
        return;
      case 'ACTIVE':
        if (cause === 'CLOSE_REFUSED') session.sscp.terminate();
        else this.started(session);
        return;
      case 'QUIESCED':
        if (session.state === 'ACTIVE') this.recovery.enter(session, 'CLOSING', this.context.link.timers.bindMs);
        return;
      case 'WAIT_BIND':
        if (!session.isInUse && session.state !== 'PENDING_ACTIVE') return;
        this.requestLost(session, inWords(cause));
        this.recovery.bindForthcoming(session);
        return;
      case 'RESET':
        this.ended(session, cause, senseData);
        return;
      default:
    }
  }

  /** LUSTAT: an 08xx status says how the session is, and its class whether it is of any use as it stands. */
  lustat(session: LuSession, status: number): void {
    const { name, text, retry } = describeSense(status);
    this.event('session.status', session, { status: printSense(status), name, retry });
    const isBad = status >>> 24 === LUSTAT_STATUS && (retry === 'later' || retry === 'operator');
    if (!isBad || session.half.state !== 'ACTIVE') return;
    session.unfit = { reason: `the host says (LUSTAT): ${printSense(status)} ${name}. ${text}`, retry };
    if (session.state === 'ACTIVE') this.calls.ended(session);
  }

  /** A session in use has no request any more. */
  callEnded(session: LuSession): void {
    this.calls.ended(session);
  }

  private started(session: LuSession): void {
    if (session.state === 'CLOSING' || session.hasRequest || session.hold !== undefined) return;
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
    const { reason, retry } = this.recovery.retired(session) ?? failureOf(state, cause, senseData, state === 'CLOSING');
    const heldFor = session.sscp.isEnabled || this.recovery.isStopping ? undefined : session.reason;
    this.requestLost(session, reason);
    if (heldFor !== undefined) this.recovery.hold(session, heldFor);
    else if (this.recovery.isRenewing(session)) this.recovery.renewed(session);
    else this.recovery.failed(session, reason, retry);
    this.calls.lost(session.config.group);
    session.sscp.luLuEnded();
  }

  private requestLost(session: LuSession, cause: string): void {
    if (session.isInUse) this.context.counters.sessionsLost += 1;
    session.lose(cause);
    this.calls.held.lost(session, cause);
  }

  private event(name: EventName, session: LuSession, details: Record<string, unknown>): void {
    const all = { pu: session.puName, lu: session.config.name, ...details };
    if (name === 'session.active') this.context.logger.debug(all, name);
    else this.context.logger.info(all, name);
    this.context.channel.event(name, { link: this.context.link.name, ...all });
  }
}
