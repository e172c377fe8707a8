import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import type { WorkerChannel } from '../channel/channel.js';
import { HELD_CALL, LU_TARGET, OPEN_TARGET } from '../channel/messages.js';
import { HeldSessions } from './held-sessions.js';
import { LuCalls, type LuWaiter, waiterOf } from './lu-calls.js';
import type { Recovery } from './recovery.js';
import type { LuSession } from './session.js';
import type { SessionTable } from './session-table.js';

/**
 * Requests meet sessions. The supervisor's dispatcher has promised one of our free sessions to each request; where the
 * promise cannot be kept (the session went down, or is still finishing its last exchange) the request waits for a
 * finishing session or is refused, which sends it to another worker.
 */
export class Calls {
  private readonly table: SessionTable;
  private readonly recovery: Recovery;
  private readonly channel: WorkerChannel;
  private readonly clock: Clock;
  private readonly finishTimeoutMs: number;
  private readonly waiting: LuWaiter[][];
  private waitingCount = 0;
  /** Time of the block being worked off: one reading of the clock serves all its requests. */
  private blockMs = -1;
  requests = 0;
  refused = 0;
  /** Requests for one LU and no other. */
  readonly ofLu: LuCalls;
  /** Sessions that programs keep. */
  readonly held: HeldSessions;

  constructor(
    table: SessionTable,
    recovery: Recovery,
    channel: WorkerChannel,
    clock: Clock,
    groupCount: number,
    finishTimeoutMs: number,
  ) {
    this.table = table;
    this.recovery = recovery;
    this.channel = channel;
    this.clock = clock;
    this.finishTimeoutMs = finishTimeoutMs;
    this.held = new HeldSessions(recovery, channel, finishTimeoutMs, { free: (session) => this.ended(session) });
    this.ofLu = new LuCalls(table, recovery, channel, this.held);
    this.waiting = Array.from({ length: groupCount }, () => []);
  }

  /** Hot path: one request onto the longest idle free session of its group, or onto the LU it names. */
  request(id: number, target: number, deadlineMs: number, bytes: Buffer, from: number, to: number): void {
    if (this.blockMs < 0) this.blockMs = this.clock.nowMs();
    this.requests += 1;
    if (deadlineMs <= this.blockMs) {
      this.channel.fail(id, new HostLinkError('CALL_TIMEOUT', '(not sent)', { sent: 'no' }));
      return;
    }
    if (target >= OPEN_TARGET) {
      this.requestOther(id, target, bytes, from, to);
      return;
    }
    for (let session = this.table.firstFree(target); session; session = this.table.firstFree(target)) {
      if (this.start(session, id, bytes, from, to) !== 'busy') return;
      this.recovery.enter(session, 'BUSY', this.finishTimeoutMs);
    }
    this.waitOrRefuse(id, target, bytes, from, to);
  }

  /** What is not a call on any free session. */
  private requestOther(id: number, target: number, bytes: Buffer, from: number, to: number): void {
    if (target >= LU_TARGET) {
      const lu = target - LU_TARGET;
      if (lu < OPEN_TARGET) this.ofLu.request(lu, id, bytes, from, to, false);
      else this.ofLu.request(lu - OPEN_TARGET, id, bytes, from, to, true);
    } else if (target >= HELD_CALL) {
      this.held.request(id, target, bytes, from, to);
    } else {
      this.open(id, target - OPEN_TARGET);
    }
  }

  /** Keep any free session of the group. One that is still finishing is not waited for: another worker may have one. */
  private open(id: number, group: number): void {
    for (let session = this.table.firstFree(group); session; session = this.table.firstFree(group)) {
      if (session.canCall()) return this.held.open(id, session);
      this.recovery.enter(session, 'BUSY', this.finishTimeoutMs);
    }
    this.refuse(id);
  }

  /** The block has been worked off. */
  requestsEnd(): void {
    this.blockMs = -1;
  }

  /** The caller of a request left: take it back if it is still unsent, else let its reply come late. */
  cancel(id: number): void {
    if (this.ofLu.cancel(id) || this.held.cancel(id)) return;
    if (this.waitingCount > 0 && this.cancelWaiting(id)) return;
    for (const session of this.table.list('BUSY')) {
      if (!session.carries(id)) continue;
      if (session.abandon()) return;
      this.recovery.late(session);
      this.channel.underway(id);
      return;
    }
  }

  /** A session has no request any more: it takes a waiting one, becomes free, or has yet to finish its exchange. */
  ended(session: LuSession): void {
    if (session.hold !== undefined) {
      this.held.rested(session);
      return;
    }
    if (session.unfit !== undefined) {
      this.recovery.retire(session, session.unfit);
      return;
    }
    if (session.isNamed) {
      session.isNamed = false;
      if (session.config.afterUse === 'END') {
        this.recovery.renew(session);
        return;
      }
    }
    if (!session.canCall()) {
      this.recovery.enter(session, 'BUSY', this.finishTimeoutMs);
      return;
    }
    if (session.waiter !== undefined && this.ofLu.serve(session)) return;
    const queue = this.waiting[session.config.group]!;
    while (session.isPooled && queue.length > 0) {
      const next = queue.shift()!;
      this.waitingCount -= 1;
      const outcome = this.start(session, next.id, next.bytes, next.from, next.to);
      if (outcome === 'sent') return;
      if (outcome === 'busy') this.refuse(next.id);
    }
    this.recovery.active(session);
  }

  /** A session of this group went down: nobody waits for more finishing sessions than there are. */
  lost(group: number): void {
    const queue = this.waiting[group]!;
    if (queue.length === 0) return;
    for (let excess = queue.length - this.finishing(group); excess > 0; excess -= 1) {
      this.waitingCount -= 1;
      this.refuse(queue.pop()!.id);
    }
  }

  private start(session: LuSession, id: number, bytes: Buffer, from: number, to: number): 'sent' | 'busy' | 'failed' {
    const outcome = session.call(id, bytes, from, to);
    if (outcome === 'sent') this.recovery.enter(session, 'BUSY');
    return outcome;
  }

  private waitOrRefuse(id: number, group: number, bytes: Buffer, from: number, to: number): void {
    const queue = this.waiting[group];
    if (queue === undefined || queue.length >= this.finishing(group)) {
      this.refuse(id);
      return;
    }
    queue.push(waiterOf(id, bytes, from, to, false));
    this.waitingCount += 1;
  }

  private refuse(id: number): void {
    this.refused += 1;
    this.channel.refuse(id);
  }

  private cancelWaiting(id: number): boolean {
    for (const queue of this.waiting) {
      const at = queue.findIndex((request) => request.id === id);
      if (at < 0) continue;
      queue.splice(at, 1);
      this.waitingCount -= 1;
      this.refuse(id);
      return true;
    }
    return false;
  }

  /** Sessions of the group that are about to become free. */
  private finishing(group: number): number {
    let count = 0;
    for (const session of this.table.list('BUSY')) {
      if (session.config.group === group && !session.hasRequest) count += 1;
    }
    return count;
  }
}
