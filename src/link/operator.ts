import type { OperatorChanged } from '../channel/messages.js';
import type { LuSession } from './session.js';
import type { Sessions } from './sessions.js';

/** Why a session is HELD that an operator deactivated. */
export const DEACTIVATED = 'deactivated by the operator';

/** What an operator does to the sessions of a link. */
export class Operator {
  private readonly sessions: Sessions;

  constructor(sessions: Sessions) {
    this.sessions = sessions;
  }

  /** End these sessions when their requests are done, and keep them HELD until they are activated. */
  deactivate(lus: readonly string[]): OperatorChanged {
    return this.each(lus, (session) => {
      if (session.heldFor !== '') return;
      session.heldFor = DEACTIVATED;
      this.sessions.disable(session, DEACTIVATED);
      if (session.state === 'DOWN') this.sessions.recovery.hold(session, DEACTIVATED);
    });
  }

  /** Bring these sessions up again: at once, or when the host activates their LU. */
  activate(lus: readonly string[]): OperatorChanged {
    return this.each(lus, (session) => {
      session.heldFor = '';
      if (session.state === 'HELD' && !session.sscp.isActive) {
        this.sessions.recovery.down(session, 'the host has not activated the LU');
      }
      this.sessions.enable(session);
      this.sessions.recovery.hurry(session);
    });
  }

  private each(lus: readonly string[], change: (session: LuSession) => void): OperatorChanged {
    const names = new Set(lus);
    const found = this.sessions.table.sessions.filter((session) => names.has(session.config.name));
    for (const session of found) change(session);
    return { lus: found.length, held: found.filter((session) => session.state === 'HELD').length };
  }
}
