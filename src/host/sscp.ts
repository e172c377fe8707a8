import type { Clock } from '../base/clock.js';
import { DeadlineSet } from '../base/deadline.js';
import type { HostDefinitions, QueueRule } from './definitions.js';
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
  /** Which failures it may wait out; as the definitions say (sscp.queue) when absent. */
  readonly queue?: QueueRule | undefined;
  /** It goes before those that wait already. */
  readonly atHead?: boolean | undefined;
}

/** Control Initiate: what an application is told of a session that it may bind now. */
export interface Cinit {
  readonly initiate: Initiate;
  readonly application: HostApplication;
  readonly mode: LogMode;
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
  /** In the order in which they are served: of arrival, but for those that asked for the head. */
  private queue: Initiate[] = [];
  /** Pending active, CINIT given, not bound yet. */
  private readonly cinits = new Map<HostLu, Cinit>();
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

  /** Sessions that their applications have not bound yet. */
  get unbound(): number {
    return this.cinits.size;
  }

  /** May this session be? @source sna-wire 4.3, in its order */
  decide(initiate: Initiate): Decision {
    const { lu } = initiate;
    const application = this.applications.get(initiate.application);
    if (lu.state !== 'ACTIVE') return this.refuse(SENSE.noSscpSession);
    if (application === undefined) return this.refuse(SENSE.unknown);
    if (!application.isOpen) return this.refuseOrQueue(initiate, SENSE.notEnabled, 'notEnabled');
    if (application.accepts === 'refuse') return this.refuse(SENSE.rejected);
    if (application.accepts === 'unavailable') return this.refuse(SENSE.unavailable);
    if (application.accepts === 'queue') return this.enqueue(SENSE.unavailable);
    if (this.modeOf(initiate) === undefined) return this.refuse(SENSE.invalidMode);
    if (!lu.isEnabled) return this.refuseOrQueue(initiate, SENSE.notEnabled, 'notEnabled');
    if (this.isTaken(lu) || application.isFull) return this.refuseOrQueue(initiate, SENSE.sessionLimit, 'sessionLimit');
    return GRANTED;
  }

  /** Its one session is there, or pending active. */
  private isTaken(lu: HostLu): boolean {
    return lu.session !== undefined || this.cinits.has(lu);
  }

  private refuse(sense: number): Decision {
    return { sense, isQueued: false };
  }

  private refuseOrQueue(initiate: Initiate, sense: number, reason: QueueReason): Decision {
    const queue = initiate.queue ?? this.definitions.sscp.queue;
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
      if (initiate.atHead) this.queue.unshift(initiate);
      else this.queue.push(initiate);
      return;
    }
    const application = this.applications.get(initiate.application);
    const mode = this.modeOf(initiate);
    if (application === undefined || mode === undefined) return;
    application.sessions += 1;
    this.pending.add(initiate.lu, this.clock.nowMs() + this.definitions.timers.pendingActiveMs);
    this.cinits.set(initiate.lu, { initiate, application, mode });
    if (application.bindsAtOnce) this.open(initiate.lu);
  }

  /** OPNDST: the application binds the LU that a CINIT told it of. False when there is no such. */
  open(lu: HostLu): boolean {
    const cinit = this.cinits.get(lu);
    if (cinit === undefined) return false;
    this.cinits.delete(lu);
    lu.bind(cinit.initiate, cinit.application, cinit.mode);
    return true;
  }

  /** CLSDST instead of OPNDST, or the set-up is called off: nothing was sent on the LU-LU session. */
  callOff(lu: HostLu, sense: number): void {
    const cinit = this.cinits.get(lu);
    if (cinit === undefined) return;
    this.dropCinit(lu, cinit);
    lu.tellFailure(cinit.initiate.origin, cinit.application.name, sense);
    this.retry();
  }

  private dropCinit(lu: HostLu, { application }: Cinit): void {
    this.cinits.delete(lu);
    this.pending.remove(lu);
    application.sessions -= 1;
  }

  /** Try the queue again in its order: something that an Initiate may wait for has changed. */
  retry(): void {
    const waiting = this.queue;
    this.queue = [];
    for (const initiate of waiting) {
      const decision = this.decide(initiate);
      if (decision.sense !== 0) initiate.lu.tellFailure(initiate.origin, initiate.application, decision.sense);
      // It keeps its place, whether it once asked for the head or not.
      else if (decision.isQueued) this.queue.push(initiate);
      else this.carryOut(initiate, decision);
    }
  }

  /** The application's ACB is closed: logons that may not wait for it to open fail, its pending ones too. */
  applicationClosed(application: HostApplication): void {
    for (const [lu, cinit] of this.cinits) if (cinit.application === application) this.callOff(lu, SENSE.notEnabled);
    this.retry();
  }

  /** LUs whose logons wait for an application, in the order of the queue. */
  waitingFor(application: HostApplication): string[] {
    return this.queue.filter((one) => one.application === application.name).map((one) => one.lu.name);
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
    // It had its turn already.
    if (kept !== undefined) this.queue.unshift(kept);
    if (this.queue.length > 0) this.retry();
    if (autologon === undefined || this.isTaken(lu)) return;
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

  /** Not bound in time, by the application or by the LU; or the UNBIND for that is not answered either. */
  private pendingTooLong(lu: HostLu): void {
    const { initiate, session } = lu;
    if (session === undefined) this.callOff(lu, SENSE.unavailable);
    else if (initiate === undefined) session.lose();
    else {
      lu.tellFailure(initiate.origin, initiate.application, SENSE.unavailable);
      // Told: the end of the session is not to tell it again.
      lu.initiate = undefined;
      this.pending.add(lu, this.clock.nowMs() + this.definitions.timers.haltMs);
      session.unbind(UNBIND_CLEANUP);
    }
  }

  /** TERM-SELF, or the LU is gone: its waiting logons are forgotten. @param alsoPending and the one that is not bound yet */
  forget(lu: HostLu, alsoPending: boolean): void {
    this.untilEnabled.delete(lu);
    this.queue = this.queue.filter((initiate) => initiate.lu !== lu);
    const cinit = alsoPending ? this.cinits.get(lu) : undefined;
    if (cinit === undefined) return;
    this.dropCinit(lu, cinit);
    this.retry();
  }

  /** The LU can have no session: its waiting logons fail, but for one that waits for just that. */
  failQueued(lu: HostLu, sense: number): void {
    const failed = this.queue.filter((initiate) => initiate.lu === lu);
    this.queue = this.queue.filter((initiate) => initiate.lu !== lu);
    for (const initiate of failed) lu.tellFailure(initiate.origin, initiate.application, sense);
    this.callOff(lu, sense);
  }
}
