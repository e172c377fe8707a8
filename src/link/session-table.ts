import { assert } from '../base/assert.js';
import { SESSION_STATES, type SessionState } from '../channel/messages.js';
import type { LuSession } from './session.js';

/** A doubly linked list through the sessions themselves: taking any member out costs nothing and keeps the order. */
export class SessionList {
  readonly state: SessionState;
  head: LuSession | undefined;
  tail: LuSession | undefined;
  size = 0;

  constructor(state: SessionState) {
    this.state = state;
  }

  append(session: LuSession): void {
    session.previous = this.tail;
    session.next = undefined;
    if (this.tail) this.tail.next = session;
    else this.head = session;
    this.tail = session;
    this.size += 1;
  }

  remove(session: LuSession): void {
    if (session.previous) session.previous.next = session.next;
    else this.head = session.next;
    if (session.next) session.next.previous = session.previous;
    else this.tail = session.previous;
    session.previous = undefined;
    session.next = undefined;
    this.size -= 1;
  }

  *[Symbol.iterator](): IterableIterator<LuSession> {
    for (let session = this.head; session; ) {
      const { next } = session;
      yield session;
      session = next;
    }
  }
}

const IS_READY: Record<SessionState, boolean> = {
  DOWN: false,
  READY_TO_INIT: false,
  INIT_PENDING: false,
  QUEUED_AT_HOST: false,
  PENDING_ACTIVE: false,
  ACTIVE: true,
  BUSY: true,
  LATE: true,
  OPEN: true,
  RETRY: false,
  CLOSING: false,
  HELD: false,
};

/**
 * All LU sessions of one link, each in exactly one list, and the list is its state. `move` is the only function that
 * changes a state. Those of the pool that are free for a request (ACTIVE) are kept apart by group, longest idle first.
 */
export class SessionTable {
  readonly sessions: LuSession[] = [];
  /** Usable sessions per group of the pool: ACTIVE, BUSY, LATE and OPEN. */
  readonly ready: number[];
  private readonly lists: Record<SessionState, SessionList>;
  private readonly free: SessionList[];
  private readonly counts: Record<SessionState, number>;

  constructor(groupCount: number) {
    this.ready = new Array<number>(groupCount).fill(0);
    this.free = Array.from({ length: groupCount }, () => new SessionList('ACTIVE'));
    const lists: Partial<Record<SessionState, SessionList>> = {};
    const counts: Partial<Record<SessionState, number>> = {};
    for (const state of SESSION_STATES) {
      lists[state] = new SessionList(state);
      counts[state] = 0;
    }
    this.lists = lists as Record<SessionState, SessionList>;
    this.counts = counts as Record<SessionState, number>;
  }

  /** Take a new session in; it starts DOWN. */
  add(session: LuSession): void {
    assert(session.list === undefined, `${session.config.name} is in a table already`);
    this.sessions.push(session);
    session.list = this.lists.DOWN;
    this.lists.DOWN.append(session);
    this.counts.DOWN += 1;
  }

  /** Put a session into the list of `state`. */
  move(session: LuSession, state: SessionState): void {
    const from = session.list;
    assert(from !== undefined, `${session.config.name} is in no table`);
    const { group } = session.config;
    const to = state === 'ACTIVE' && session.isPooled ? this.free[group] : this.lists[state];
    assert(to !== undefined, `group ${group} is not of this table`);
    from.remove(session);
    to.append(session);
    session.list = to;
    this.counts[from.state] -= 1;
    this.counts[state] += 1;
    const gained = Number(IS_READY[state]) - Number(IS_READY[from.state]);
    if (gained !== 0 && session.isPooled) this.ready[group]! += gained;
  }

  /** The longest idle free session of a group, still ACTIVE, or undefined. */
  firstFree(group: number): LuSession | undefined {
    return this.free[group]?.head;
  }

  /** The sessions of one state; ACTIVE ones are asked for by group with `firstFree`. */
  list(state: Exclude<SessionState, 'ACTIVE'>): SessionList {
    return this.lists[state];
  }

  count(state: SessionState): number {
    return this.counts[state];
  }

  /** Counts in the order of SESSION_STATES. */
  countsByState(): number[] {
    return SESSION_STATES.map((state) => this.counts[state]);
  }
}
