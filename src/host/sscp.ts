import type { Clock } from '../base/clock.js';
import { DeadlineSet } from '../base/deadline.js';
import type { HostDefinitions } from './definitions.js';
import type { HostApplication } from './host-application.js';
import type { HostLu } from './host-lu.js';
import type { LogMode } from './log-modes.js';
import type { PrimarySession } from './session.js';
import type { SessionEnd } from './session-types.js';

/** Where an Initiate came from; it decides how the LU learns of a later failure. */
export type Origin = 'init-self' | 'init-self-1' | 'text' | 'application' | 'operator';

/** A wish for a session of an LU with an application. */
export interface Initiate {
  readonly lu: HostLu;
  readonly origin: Origin;
  readonly application: string;
  /** '' the LU's default. */
  readonly logMode: string;
  readonly userData: Buffer;
}

/** What the decision table says: refused with sense data, or accepted, now or in the queue. */
export interface Decision {
  /** 0 accepted. */
  readonly sense: number;
  readonly isQueued: boolean;
}

const SENSE = {
  unavailable: 0x08010000,
  sessionLimit: 0x08050000,
  unknown: 0x08060000,
  rejected: 0x080a0000,
  invalidMode: 0x08210000,
  notEnabled: 0x083a0000,
  noSscpSession: 0x08570000,
} as const;
const BIND_NOT_NOW = 0x0845;
const UNBIND_CLEANUP = 0x0f;
const QUEUED: Decision = { sense: 0, isQueued: true };
const GRANTED: Decision = { sense: 0, isQueued: false };

/** Why an Initiate may wait instead of failing. */
type QueueReason = 'sessionLimit' | 'notEnabled';

/** The SSCP's view of logons: the decision table, the queue, and what happens as sessions come and go. */
export class Sscp {
  readonly applications: ReadonlyMap<string, HostApplication>;
  private readonly modes: ReadonlyMap<string, LogMode>;
  private readonly definitions: HostDefinitions;
  /** In order of arrival. */
  private queue: Initiate[] = [];
  /** LUs that refused their BIND with 0845, and what they asked for: tried again when NOTIFY comes. */
  private readonly untilEnabled = new Map<HostLu, Initiate>();
  private readonly pending: DeadlineSet<HostLu>;
  private readonly clock: Clock;

  constructor(definitions: HostDefinitions, applications: ReadonlyMap<string, HostApplication>, clock: Clock) {
    this.definitions = definitions;
    this.applications = applications;
    this.modes = new Map(definitions.logModes.map((mode) => [mode.name, mode]));
    this.clock = clock;
    this.pending = new DeadlineSet(clock, (lu) => this.pendingTooLong(lu));
  }

  /** Logons that wait. */
  get queued(): number {
    return this.queue.length + this.untilEnabled.size;
  }

  /** May this session be? @source sna-wire 4.3, in its order */
  decide(initiate: Initiate): Decision {
    const { lu } = initiate;
    const application = this.applications.get(initiate.application);
    if (lu.state !== 'ACTIVE') return this.refuse(SENSE.noSscpSession);
    if (application === undefined) return this.refuse(SENSE.unknown);
    if (!application.isOpen) return this.refuseOrQueue(SENSE.notEnabled, 'notEnabled');
    if (application.accepts === 'refuse') return this.refuse(SENSE.rejected);
    if (application.accepts === 'unavailable') return this.refuse(SENSE.unavailable);
    if (application.accepts === 'queue') return this.enqueue(SENSE.unavailable);
    if (this.modeOf(initiate) === undefined) return this.refuse(SENSE.invalidMode);
    if (!lu.isEnabled) return this.refuseOrQueue(SENSE.notEnabled, 'notEnabled');
    const isFull = application.sessionMax > 0 && application.sessions >= application.sessionMax;
    if (lu.session !== undefined || isFull) return this.refuseOrQueue(SENSE.sessionLimit, 'sessionLimit');
    return GRANTED;
  }

  private refuse(sense: number): Decision {
    return { sense, isQueued: false };
  }

  private refuseOrQueue(sense: number, reason: QueueReason): Decision {
    const { queue } = this.definitions.sscp;
    return queue === 'all' || queue === reason ? this.enqueue(sense) : this.refuse(sense);
  }

  private enqueue(senseWhenFull: number): Decision {
    return this.queue.length < this.definitions.sscp.queueMax ? QUEUED : this.refuse(senseWhenFull);
  }

  private modeOf(initiate: Initiate): LogMode | undefined {
    const name = initiate.logMode === '' ? initiate.lu.settings.defaultLogMode : initiate.logMode;
    return name === undefined ? this.definitions.logModes[0] : this.modes.get(name);
  }

  /** Decide and act, for Initiates that no LU waits for. @returns sense data, 0 when accepted */
  initiate(initiate: Initiate): number {
    const decision = this.decide(initiate);
    if (decision.sense === 0) this.carryOut(initiate, decision);
    return decision.sense;
  }

  /** Do what was decided. */
  carryOut(initiate: Initiate, decision: Decision): void {
    if (decision.isQueued) {
      this.queue.push(initiate);
      return;
    }
    const application = this.applications.get(initiate.application);
    const mode = this.modeOf(initiate);
    if (application === undefined || mode === undefined) return;
    application.sessions += 1;
    this.pending.add(initiate.lu, this.clock.nowMs() + this.definitions.timers.pendingActiveMs);
    initiate.lu.bind(initiate, application, mode);
  }

  /** Try the queue again, first come first served: something that an Initiate may wait for has changed. */
  retry(): void {
    const waiting = this.queue;
    this.queue = [];
    for (const initiate of waiting) {
      const decision = this.decide(initiate);
      if (decision.sense === 0) this.carryOut(initiate, decision);
      else initiate.lu.tellFailure(initiate.origin, initiate.application, decision.sense);
    }
  }

  /** ACTLU was accepted. */
  luActive(lu: HostLu): void {
    if (lu.isEnabled) this.luEnabled(lu);
  }

  /** The LU can have sessions now. */
  luEnabled(lu: HostLu): void {
    const { autologon } = lu.settings;
    const kept = this.untilEnabled.get(lu);
    this.untilEnabled.delete(lu);
    if (kept !== undefined) this.queue.push(kept);
    if (this.queue.length > 0) this.retry();
    if (autologon === undefined || lu.session !== undefined) return;
    this.initiate({ lu, origin: 'application', application: autologon, logMode: '', userData: Buffer.alloc(0) });
  }

  sessionActive(lu: HostLu, _session: PrimarySession): void {
    this.pending.remove(lu);
  }

  sessionEnded(lu: HostLu, session: PrimarySession, end: SessionEnd, initiate: Initiate | undefined): void {
    const application = this.applications.get(session.application.name);
    if (application) application.sessions -= 1;
    const wasPending = this.pending.remove(lu);
    if (initiate && wasPending && end.kind !== 'lost') this.bindFailed(lu, initiate, end);
    if (this.queue.length > 0) this.retry();
  }

  /** The session never came to be: 0845 keeps the Initiate until the LU says that it is ready. */
  private bindFailed(lu: HostLu, initiate: Initiate, end: SessionEnd): void {
    if (end.sense >>> 16 === BIND_NOT_NOW) {
      lu.isEnabled = false;
      this.untilEnabled.set(lu, initiate);
    } else lu.tellFailure(initiate.origin, initiate.application, end.sense === 0 ? SENSE.unavailable : end.sense);
  }

  private pendingTooLong(lu: HostLu): void {
    const { initiate, session } = lu;
    if (initiate === undefined || session === undefined) return;
    lu.tellFailure(initiate.origin, initiate.application, SENSE.unavailable);
    session.unbind(UNBIND_CLEANUP);
  }

  /** TERM-SELF, or the LU is gone: its waiting logons are forgotten. */
  forget(lu: HostLu): void {
    this.untilEnabled.delete(lu);
    this.queue = this.queue.filter((initiate) => initiate.lu !== lu);
  }

  /** The LU can have no session: its waiting logons fail. */
  failQueued(lu: HostLu, sense: number): void {
    const failed = this.queue.filter((initiate) => initiate.lu === lu);
    this.forget(lu);
    for (const initiate of failed) lu.tellFailure(initiate.origin, initiate.application, sense);
  }
}
