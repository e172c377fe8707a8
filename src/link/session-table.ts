import { assert } from '../base/assert.js';
import { SESSION_STATES, type SessionState } from '../channel/messages.js';
import type { LuSession } from './session.js';

/** States in which a session is usable. */
const READY: readonly SessionState[] = ['ACTIVE', 'BUSY', 'LATE', 'OPEN'];
/** Between these two a session goes back and forth with every request; nobody is told of that. */
const SERVING: readonly SessionState[] = ['ACTIVE', 'BUSY'];

/** A doubly linked list through the sessions themselves: taking any member out costs nothing and keeps the order. */
export class SessionList {
  readonly state: SessionState;
  /** Are its sessions usable? */
  readonly isReady: boolean;
  /** Is it one of the two that a session changes between with every request? */
  readonly isServing: boolean;
  head: LuSession | undefined;
  tail: LuSession | undefined;
  size = 0;

  constructor(state: SessionState) {
    this.state = state;
    this.isReady = READY.includes(state);
    this.isServing = SERVING.includes(state);
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

  constructor(groupCount: number) {
    this.ready = new Array<number>(groupCount).fill(0);
    this.free = Array.from({ length: groupCount }, () => new SessionList('ACTIVE'));
    const lists: Partial<Record<SessionState, SessionList>> = {};
    for (const state of SESSION_STATES) lists[state] = new SessionList(state);
    this.lists = lists as Record<SessionState, SessionList>;
  }

  /** Take a new session in; it starts DOWN. */
  add(session: LuSession): void {
    assert(session.list === undefined, `${session.config.name} is in a table already`);
    this.sessions.push(session);
    session.list = this.lists.DOWN;
    this.lists.DOWN.append(session);
  }

  /**
   * Put a session into the list of `state`. Hot path: twice per request, so what is asked about a state is a property of its
   * list, and not looked up by name.
   * @returns the list that it is in now
   */
  move(session: LuSession, state: SessionState): SessionList {
    const from = session.list;
    // No text put together here: it would be for every move.
    assert(from !== undefined, 'a session that is in no table');
    const { group } = session.config;
    const to = state === 'ACTIVE' && session.isPooled ? this.free[group] : this.listOf(state);
    assert(to !== undefined, 'a session of a group that is not of this table');
    from.remove(session);
    to.append(session);
    session.list = to;
    if (from.isReady !== to.isReady && session.isPooled) this.ready[group]! += to.isReady ? 1 : -1;
    return to;
  }

  private listOf(state: SessionState): SessionList {
    return state === 'BUSY' ? this.lists.BUSY : this.lists[state];
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
    const { size } = this.lists[state];
    return state === 'ACTIVE' ? this.free.reduce((sum, list) => sum + list.size, size) : size;
  }

  /** Counts in the order of SESSION_STATES. */
  countsByState(): number[] {
    return SESSION_STATES.map((state) => this.count(state));
  }
}
