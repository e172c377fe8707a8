import { HostLinkError } from '../base/errors.js';
import type { WorkerChannel } from '../channel/channel.js';
import { HELD_CALL, HELD_FLAG, HELD_MASK, HELD_RECEIVE, HELD_SEND, HELD_SLOT_MASK } from '../channel/messages.js';
import { Hold } from './hold.js';
import type { Recovery } from './recovery.js';
import type { LuSession } from './session.js';

/** What becomes of a session that is given back: `free` puts it at the pool's disposal. */
export interface HeldSessionsOwner {
  free(session: LuSession): void;
}

/**
 * The sessions of a link that programs keep, by the slot of the request that opened each. While it is kept a session is
 * OPEN; its request at the supervisor stays promised to it, so load and limits count it as they count a call.
 */
export class HeldSessions {
  private readonly recovery: Recovery;
  private readonly channel: WorkerChannel;
  private readonly lateReplyMs: number;
  private readonly owner: HeldSessionsOwner;
  private readonly bySlot = new Map<number, Hold>();
  private isStopping = false;

  constructor(recovery: Recovery, channel: WorkerChannel, lateReplyMs: number, owner: HeldSessionsOwner) {
    this.recovery = recovery;
    this.channel = channel;
    this.lateReplyMs = lateReplyMs;
    this.owner = owner;
  }

  /** Keep a free session for request `id`, from now until that request is cancelled or the session ends. */
  open(id: number, session: LuSession): void {
    const hold = new Hold(id, session, this.channel);
    session.hold = hold;
    this.bySlot.set(id & HELD_SLOT_MASK, hold);
    this.recovery.enter(session, 'OPEN');
    this.channel.opened(id, session.config.name);
  }

  /** Something to do on a kept session. Refused when it is no longer kept: its end is on its way to the supervisor. */
  request(id: number, target: number, bytes: Buffer, from: number, to: number): void {
    const hold = this.bySlot.get(target & HELD_SLOT_MASK);
    if (hold === undefined) {
      this.channel.refuse(id);
      return;
    }
    const flags = Math.floor((target & ~HELD_MASK) / HELD_FLAG);
    switch (target & HELD_MASK) {
      case HELD_CALL:
        return hold.call(id, bytes, from, to);
      case HELD_SEND:
        return hold.send(id, flags, bytes, from, to);
      case HELD_RECEIVE:
        return hold.receive(id);
      default:
        this.channel.fail(id, new HostLinkError('INTERNAL', `target ${target}`, { target }));
    }
  }

  /** The caller of `id` left: of an operation, or of a whole hold, which closes it. @returns false when it is of neither */
  cancel(id: number): boolean {
    const own = this.bySlot.get(id & HELD_SLOT_MASK);
    if (own?.id === id) {
      this.close(own);
      return true;
    }
    for (const hold of this.bySlot.values()) {
      if (!hold.carries(id)) continue;
      const isLate = !hold.cancel(id);
      if (isLate) this.channel.underway(id);
      if (isLate && hold.session.state === 'OPEN') this.recovery.enter(hold.session, 'OPEN', this.lateReplyMs);
      return true;
    }
    return false;
  }

  /** The host has sent something, and no call runs on this session now. */
  rested(session: LuSession): void {
    this.recovery.enter(session, 'OPEN');
    if (this.isStopping && session.hold!.isResting) this.close(session.hold!, stopped(session));
  }

  /** The session is gone. */
  lost(session: LuSession, reason: string): void {
    const { hold } = session;
    if (hold === undefined) return;
    const { name: lu } = session.config;
    this.release(hold);
    hold.end(new HostLinkError('SESSION_LOST', `(${lu}: ${reason})`, { lu, reason }));
  }

  /** The link stops: each is closed once its call or send has ended. */
  stop(): void {
    this.isStopping = true;
    for (const hold of [...this.bySlot.values()]) if (hold.isResting) this.close(hold, stopped(hold.session));
  }

  /** Given back: free for others where it stands between two tasks and the configuration keeps it; else it is ended. */
  private close(hold: Hold, error?: HostLinkError): void {
    const { session } = hold;
    const isKept = hold.isClean && session.config.afterUse === 'KEEP';
    this.release(hold);
    hold.end(error);
    if (session.state !== 'OPEN') return;
    if (isKept) this.owner.free(session);
    else this.recovery.renew(session);
  }

  private release(hold: Hold): void {
    hold.session.hold = undefined;
    this.bySlot.delete(hold.id & HELD_SLOT_MASK);
  }
}

function stopped(session: LuSession): HostLinkError {
  const { name: lu } = session.config;
  return new HostLinkError('SESSION_CLOSED', `(${lu}: its link stops)`, { lu, reason: 'its link stops', sent: 'no' });
}
