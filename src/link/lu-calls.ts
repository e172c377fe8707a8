import { HostLinkError } from '../base/errors.js';
import type { WorkerChannel } from '../channel/channel.js';
import type { HeldSessions } from './held-sessions.js';
import type { Recovery } from './recovery.js';
import type { LuSession } from './session.js';
import type { SessionTable } from './session-table.js';

/** A request that waits for a session to be ready for it. */
export interface LuWaiter {
  readonly id: number;
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** Not a call: the session is to be kept. */
  readonly isOpen: boolean;
}

/** Let a request wait: its payload is copied, as the block that it came in is written over. */
export function waiterOf(id: number, bytes: Buffer, from: number, to: number, isOpen: boolean): LuWaiter {
  const payload = Buffer.from(bytes.subarray(from, to));
  return { id, bytes: payload, from: 0, to: payload.length, isOpen };
}

/**
 * Requests for one LU by its place in the link. An LU of a pool is given when it is free, or brought up for the request;
 * else its caller is told at once whether a retry makes sense. A dedicate LU serves its terminal only: the request waits
 * for the session however it stands, until its deadline. One request waits per LU.
 */
export class LuCalls {
  private readonly table: SessionTable;
  private readonly recovery: Recovery;
  private readonly channel: WorkerChannel;
  private readonly held: HeldSessions;
  private waiting = 0;

  constructor(table: SessionTable, recovery: Recovery, channel: WorkerChannel, held: HeldSessions) {
    this.table = table;
    this.recovery = recovery;
    this.channel = channel;
    this.held = held;
  }

  /**
   * Hot path: what finds its LU free makes no object of its own.
   * @param lu place of the LU among all of the link, PU by PU
   * @param isOpen not a call: the session is to be kept
   */
  request(lu: number, id: number, bytes: Buffer, from: number, to: number, isOpen: boolean): void {
    const session = this.table.sessions[lu];
    if (session === undefined) {
      this.channel.fail(id, new HostLinkError('LU_UNKNOWN', '', { lu, retry: 'never' }));
      return;
    }
    if (session.waiter !== undefined) return this.inUse(id, session);
    if (session.state === 'ACTIVE' && this.start(session, id, bytes, from, to, isOpen)) return;
    if (!session.isDedicated) {
      if (session.isInUse) return this.inUse(id, session);
      const isClosing = session.state === 'CLOSING' && !this.recovery.isRenewing(session);
      // One that is DOWN without a reason has not been asked for yet: its ACTLU may be on the way.
      const isDown = session.state === 'DOWN' && session.reason !== '';
      if (isDown || session.state === 'HELD' || isClosing) {
        return this.unavailable(id, session, session.reason || `the session is ${session.state}`);
      }
    }
    session.waiter = waiterOf(id, bytes, from, to, isOpen);
    this.waiting += 1;
    this.recovery.hurry(session);
  }

  /** The session can take a request: the one that waits for it has it. @returns false when none waits */
  serve(session: LuSession): boolean {
    const waiter = this.take(session);
    if (waiter === undefined) return false;
    const { id, bytes, from, to, isOpen } = waiter;
    if (this.start(session, id, bytes, from, to, isOpen)) return true;
    this.channel.refuse(id);
    return false;
  }

  /** The link stops: who still waits goes back unsent. */
  stop(): void {
    for (const session of this.table.sessions) {
      const waiter = this.take(session);
      if (waiter !== undefined) this.channel.refuse(waiter.id);
    }
  }

  /** The session did not come up. Who asked for this LU of a pool is told; a terminal goes on waiting. */
  failed(session: LuSession, reason: string): void {
    if (session.waiter === undefined || session.isDedicated) return;
    this.unavailable(this.take(session)!.id, session, reason);
  }

  /** The caller of a waiting request left. @returns false when it does not wait here */
  cancel(id: number): boolean {
    if (this.waiting === 0) return false;
    const session = this.table.sessions.find((one) => one.waiter?.id === id);
    if (session === undefined) return false;
    this.take(session);
    this.channel.refuse(id);
    return true;
  }

  private take(session: LuSession): LuWaiter | undefined {
    const { waiter } = session;
    if (waiter === undefined) return undefined;
    session.waiter = undefined;
    this.waiting -= 1;
    return waiter;
  }

  /** @returns true when the request has been sent or has failed for good */
  private start(session: LuSession, id: number, bytes: Buffer, from: number, to: number, isOpen: boolean): boolean {
    if (isOpen) {
      if (!session.canCall()) return false;
      this.held.open(id, session);
      return true;
    }
    const outcome = session.call(id, bytes, from, to);
    if (outcome === 'sent') {
      session.isNamed = true;
      this.recovery.enter(session, 'BUSY');
    }
    return outcome !== 'busy';
  }

  private inUse(id: number, session: LuSession): void {
    const { name: lu } = session.config;
    this.channel.fail(id, new HostLinkError('LU_IN_USE', `(${lu})`, { lu, retry: 'now' }));
  }

  private unavailable(id: number, session: LuSession, reason: string): void {
    const { name: lu } = session.config;
    const retry = session.state === 'HELD' ? 'operator' : 'later';
    this.channel.fail(id, new HostLinkError('LU_UNAVAILABLE', `(${lu}: ${reason})`, { lu, reason, retry }));
  }
}
