import type { Clock } from '../base/clock.js';
import { DeadlineSet } from '../base/deadline.js';
import type { SessionState } from '../channel/messages.js';
import type { PuCircuit } from './pu-circuit.js';
import type { LuSession } from './session.js';
import type { Sessions } from './sessions.js';

/** Our answer to a BIND for an LU that is disabled: not now, NOTIFY will follow. */
export const SENSE_NOT_NOW = 0x08450000;
const UNBIND_NORMAL = 0x01;

/** A session in one of these is there, or on its way, and has to be ended. */
const IS_OPEN: Partial<Record<SessionState, boolean>> = {
  PENDING_ACTIVE: true,
  ACTIVE: true,
  BUSY: true,
  LATE: true,
  OPEN: true,
  CLOSING: true,
};

export interface ShutdownParts {
  readonly sessions: Sessions;
  readonly circuits: readonly Pick<PuCircuit, 'pu' | 'isOpen' | 'halt'>[];
  readonly clock: Clock;
  /** How long the answer to a NOTIFY may take; the other steps have the same time, see Recovery and the circuit. */
  readonly haltMs: number;
  /** No circuit is left. */
  ended(): void;
}

/**
 * Ask the host for the end of a session. When the link stops, nobody owns the LU any more: RSHUTD, where the profile has it
 * and no bracket is open, else TERM-SELF; the host answers with UNBIND, and after that NOTIFY tells it that the LU is off.
 * @param isForced at once: it is in the middle of something nobody will finish, or did not end in order
 * @source sna-wire 3.3 (application detaches), 3.4 (local CLOSE), 4.5
 */
export function endSession(session: LuSession, isForced: boolean, isStopping: boolean): void {
  const { half, sscp } = session;
  if (!isStopping || !sscp.isEnabled) {
    sscp.terminate(isForced);
    return;
  }
  sscp.detach(session.pluAddress >= 0, () => {
    if (isForced || !half.sendRshutd()) sscp.terminate(isForced);
  });
}

/**
 * The end of a link, in order. Per LU: its request finishes, RSHUTD or TERM-SELF, the host's UNBIND is answered, NOTIFY; then
 * HALT_DL per circuit, once all its LUs are through. Each step has its deadline and is left out when it has passed.
 *
 * No NOTIFY goes out where the host has deactivated the LU or the PU meanwhile, or never activated it: without an SSCP-LU
 * session there is nothing to send it on, and no LU that could become unavailable (3.3, row OFF). Nor for an LU that is off
 * already: availability does not change (2.4). After UNBIND 02 it waits, as the next BIND is coming (2.9); that one is
 * refused with 0845, and then it goes out.
 */
export class Shutdown {
  private readonly parts: ShutdownParts;
  /** Circuits that are still needed, each with the LUs that are not through. */
  private readonly left = new Map<ShutdownParts['circuits'][number], Set<LuSession>>();
  /** LUs whose session is over, and whose NOTIFY the host has yet to answer; each is given its time once. */
  private readonly notified = new Set<LuSession>();
  private readonly deadlines: DeadlineSet<LuSession>;
  private state: 'WAITING' | 'ENDING' | 'OVER' = 'WAITING';

  constructor(parts: ShutdownParts) {
    this.parts = parts;
    this.deadlines = new DeadlineSet(parts.clock, (session) => {
      for (const sessions of this.left.values()) sessions.delete(session);
      this.look();
    });
  }

  /** Begin. Sessions with a request are ended once it is done: `look` when anything has changed. */
  begin(): void {
    const { sessions, circuits } = this.parts;
    this.state = 'ENDING';
    for (const circuit of circuits) this.left.set(circuit, new Set(circuit.pu.sessions()));
    sessions.calls.ofLu.stop();
    sessions.recovery.stop();
    sessions.calls.held.stop();
    for (const session of sessions.table.sessions) {
      session.half.refuseBinds(SENSE_NOT_NOW);
      this.release(session);
    }
    this.look();
  }

  /** Something has changed: end the circuits whose LUs are through, and the link once no circuit is left. */
  look(): void {
    if (this.state !== 'ENDING') return;
    for (const [circuit, sessions] of this.left) {
      for (const session of sessions) if (this.isThrough(session)) sessions.delete(session);
      if (sessions.size > 0) continue;
      this.left.delete(circuit);
      circuit.halt();
    }
    if (this.left.size === 0 && this.parts.circuits.every(({ isOpen }) => !isOpen)) this.over();
  }

  /** No time is left: tell the host with one last write, UNBIND per session and HALT_DL, and wait for nothing. */
  now(): void {
    const { sessions, circuits } = this.parts;
    sessions.calls.ofLu.stop();
    for (const session of sessions.table.sessions) session.half.sendUnbind(UNBIND_NORMAL);
    for (const circuit of circuits) circuit.halt();
    this.over();
  }

  /** The end, once: nothing more is sent, and no timer is left. */
  over(): void {
    if (this.state === 'OVER') return;
    this.state = 'OVER';
    this.deadlines.clear();
    this.parts.ended();
  }

  /** Nobody owns this LU any more. One that carries a request is let go when that is done. */
  private release({ sscp, pluAddress, state }: LuSession): void {
    if (!sscp.isActive) return;
    if (pluAddress < 0) sscp.detach(false);
    else if (state === 'CLOSING') sscp.detach(true, () => {}); // its end has been asked for already
  }

  private isThrough(session: LuSession): boolean {
    if (IS_OPEN[session.state]) return false;
    if (session.sscp.isQuiet) {
      this.deadlines.remove(session);
      return true;
    }
    if (!this.notified.has(session)) this.deadlines.add(session, this.parts.clock.nowMs() + this.parts.haltMs);
    this.notified.add(session);
    return false;
  }
}
