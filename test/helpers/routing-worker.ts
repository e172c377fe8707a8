import type { ErrorCode } from '../../src/base/errors.js';
import { ANSWER_STATUS, type AnswerStatus } from '../../src/channel/blocks.js';
import { LU_TARGET, type WorkerReport } from '../../src/channel/messages.js';
import type { LinkConfig, LuConfig } from '../../src/config/model.js';
import type { RequestPort } from '../../src/dispatch/directory.js';
import { tagOf } from './routing-scene.js';

/** A request as the worker got it. */
interface Posted {
  readonly id: number;
  readonly tag: number;
  readonly target: number;
  readonly dueMs: number;
}

/** A request on a session. Unsent: its bytes are certainly not at the host. */
interface Carried {
  readonly posted: Posted;
  isSent: boolean;
}

/** One LU session. Finishing: it has no request any more, and is not free yet. */
export interface FakeSession {
  readonly lu: LuConfig;
  isUp: boolean;
  isFinishing: boolean;
  carried: Carried | undefined;
  /** Waits for this very session. */
  waiter: Posted | undefined;
}

export interface FakeAnswer {
  readonly id: number;
  readonly tag: number;
  readonly status: AnswerStatus;
  /** Of a failed one; '' else. */
  readonly code: ErrorCode | '';
}

/** Where a request is inside the worker. Posted: not taken in yet. Waiter: waits for its LU. */
export const WORKER_STAGES = ['posted', 'waiter', 'unsent', 'sent', 'answered'] as const;
export type WorkerStage = (typeof WORKER_STAGES)[number];

/** Who watches a worker. */
export interface WorkerWatch {
  given(worker: RoutingWorker, id: number, target: number, dueMs: number, payload: Uint8Array): void;
  cancelled(worker: RoutingWorker, id: number): void;
  /** The bytes of a request leave for the host, on this session. */
  sent(tag: number, session: FakeSession): void;
  /** A rule is broken inside the worker. */
  broken(rule: string): void;
}

/**
 * A worker without thread and host: it holds the sessions of its link and treats requests as src/link does. Nothing goes on
 * by itself: the test says when requests are taken in, bytes leave, the host answers, and answers and reports travel.
 */
export class RoutingWorker implements RequestPort {
  readonly index: number;
  readonly link: LinkConfig;
  readonly sessions: readonly FakeSession[];
  /** Not posted yet, or posted and not taken in. */
  inbox: Posted[] = [];
  outbox: FakeAnswer[] = [];
  hasNews = true;
  private cancels: number[] = [];
  private isLinkUp = true;
  private readonly groups: number;
  private readonly watch: WorkerWatch;

  constructor(index: number, link: LinkConfig, groups: number, watch: WorkerWatch) {
    this.index = index;
    this.link = link;
    this.groups = groups;
    this.watch = watch;
    const blank = { isUp: true, isFinishing: false, carried: undefined, waiter: undefined };
    this.sessions = link.pus.flatMap((pu) => pu.lus).map((lu) => ({ lu, ...blank }));
  }

  request(id: number, target: number, dueMs: number, payload: Uint8Array): void {
    this.watch.given(this, id, target, dueMs, payload);
    this.inbox.push({ id, target, dueMs, tag: tagOf(payload) });
  }

  cancel(id: number): void {
    this.watch.cancelled(this, id);
    this.cancels.push(id);
  }

  /** All it has and has not answered for the dispatcher to know, by tag; one that is there twice breaks the rules. */
  stages(): Map<number, WorkerStage> {
    const stages = new Map<number, WorkerStage>();
    const note = (tag: number, stage: WorkerStage): void => {
      if (stages.has(tag)) this.watch.broken(`request ${tag} is ${stages.get(tag)} and ${stage}`);
      stages.set(tag, stage);
    };
    for (const { tag } of this.inbox) note(tag, 'posted');
    for (const { carried, waiter } of this.sessions) {
      if (carried !== undefined) note(carried.posted.tag, carried.isSent ? 'sent' : 'unsent');
      if (waiter !== undefined) note(waiter.tag, 'waiter');
    }
    for (const { tag } of this.outbox) note(tag, 'answered');
    return stages;
  }

  report(): WorkerReport {
    const ready = new Array<number>(this.groups).fill(0);
    for (const { lu, isUp } of this.sessions) {
      if (isUp && isPooled(lu)) ready[lu.group]! += 1;
    }
    return { link: this.isLinkUp ? 'ACTIVE' : 'DOWN', reason: '', ready, states: new Array<number>(11).fill(0) };
  }

  /** Takes in what was posted: the requests, then the cancels. */
  work(nowMs: number): void {
    const [inbox, cancels] = [this.inbox, this.cancels];
    this.inbox = [];
    this.cancels = [];
    for (const posted of inbox) this.takeIn(posted, nowMs);
    for (const id of cancels) this.takeBack(id);
  }

  /** The bytes of all requests leave. */
  transmit(): void {
    for (const session of this.sessions) {
      if (session.carried === undefined || session.carried.isSent) continue;
      session.carried.isSent = true;
      this.watch.sent(session.carried.posted.tag, session);
    }
  }

  /** The host answers one of the requests it has. */
  hostAnswers(nth: number, isReply: boolean, isFinishing: boolean): void {
    const having = this.sessions.filter((one) => one.carried?.isSent);
    if (having.length === 0) return;
    const session = having[nth % having.length]!;
    const { posted } = session.carried!;
    session.carried = undefined;
    session.isFinishing = isFinishing;
    if (isReply) this.answer(posted, ANSWER_STATUS.reply);
    else this.answer(posted, ANSWER_STATUS.failed, 'SESSION_REJECTED');
    this.serve(session);
  }

  /** Sessions that had still to finish their exchange are free. */
  finishExchanges(): void {
    for (const session of this.sessions) {
      session.isFinishing = false;
      this.serve(session);
    }
  }

  sessionDown(nth: number): void {
    const session = this.sessions[nth % this.sessions.length]!;
    if (!session.isUp) return;
    const { carried } = session;
    session.isUp = false;
    session.isFinishing = false;
    session.carried = undefined;
    this.hasNews = true;
    if (carried !== undefined) {
      this.answer(carried.posted, ANSWER_STATUS.failed, carried.isSent ? 'OUTCOME_UNKNOWN' : 'SESSION_LOST');
    }
  }

  sessionUp(nth: number): void {
    const session = this.sessions[nth % this.sessions.length]!;
    if (session.isUp || !this.isLinkUp) return;
    session.isUp = true;
    this.hasNews = true;
    this.serve(session);
  }

  linkDown(): void {
    for (const nth of this.sessions.keys()) this.sessionDown(nth);
    this.isLinkUp = false;
    this.hasNews = true;
  }

  /** The link, and all its sessions with it. */
  linkUp(): void {
    this.isLinkUp = true;
    this.hasNews = true;
    for (const nth of this.sessions.keys()) this.sessionUp(nth);
  }

  private takeIn(posted: Posted, nowMs: number): void {
    if (posted.dueMs <= nowMs) return this.answer(posted, ANSWER_STATUS.failed, 'CALL_TIMEOUT');
    if (posted.target >= LU_TARGET) return this.takeInForLu(posted, this.sessions[posted.target - LU_TARGET]!);
    const free = this.sessions.find((one) => isPooled(one.lu) && one.lu.group === posted.target && isFree(one));
    if (free === undefined) this.answer(posted, ANSWER_STATUS.refused);
    else this.start(free, posted);
  }

  private takeInForLu(posted: Posted, session: FakeSession): void {
    const { lu, isUp, carried, waiter } = session;
    if (isFree(session)) return this.start(session, posted);
    if (isPooled(lu)) return this.answer(posted, ANSWER_STATUS.failed, isUp ? 'LU_IN_USE' : 'LU_UNAVAILABLE');
    if (carried !== undefined || waiter !== undefined) this.watch.broken(`${lu.name} of a terminal has two requests`);
    session.waiter = posted;
  }

  private takeBack(id: number): void {
    const session = this.sessions.find((one) => one.waiter?.id === id || one.carried?.posted.id === id);
    if (session === undefined || (session.waiter === undefined && session.carried!.isSent)) return;
    const posted = session.waiter ?? session.carried!.posted;
    session.waiter = undefined;
    session.carried = undefined;
    this.answer(posted, ANSWER_STATUS.refused);
  }

  private serve(session: FakeSession): void {
    const { waiter } = session;
    if (waiter === undefined || !isFree(session)) return;
    session.waiter = undefined;
    this.start(session, waiter);
  }

  private start(session: FakeSession, posted: Posted): void {
    if (session.carried !== undefined) this.watch.broken(`${session.lu.name} is given to two`);
    session.carried = { posted, isSent: false };
  }

  private answer({ id, tag }: Posted, status: AnswerStatus, code: ErrorCode | '' = ''): void {
    this.outbox.push({ id, tag, status, code });
  }
}

function isPooled(lu: LuConfig): boolean {
  return lu.mode === 'POOL' && lu.direction === 'INBOUND';
}

function isFree({ isUp, isFinishing, carried }: FakeSession): boolean {
  return isUp && !isFinishing && carried === undefined;
}
