import assert from 'node:assert/strict';
import { createSimulatedClock } from '../../src/base/clock.js';
import { HostLinkError } from '../../src/base/errors.js';
import { AnswerBlock } from '../../src/channel/blocks.js';
import { LU_TARGET } from '../../src/channel/messages.js';
import type { LinkConfig } from '../../src/config/model.js';
import { Directory, type WorkerState } from '../../src/dispatch/directory.js';
import { Dispatcher } from '../../src/dispatch/dispatcher.js';
import { slotOf } from '../../src/dispatch/request-table.js';
import { UserHeader } from '../../src/dispatch/user-header.js';
import { LuTargets } from '../../src/gateway/lu-target.js';
import { decodeEbcdic } from '../../src/sna/ebcdic.js';
import { sessionsPerGroup } from '../../src/supervisor/link-pool.js';
import { bytesOf, type Entry, isPromised, isSameQueue, isUnsent, type Place } from './routing-entry.js';
import { type Call, CONFIG, contentOf, encodeCall, GROUPS, LINKS, MAXQCOUNT, routeOf, tagOf } from './routing-scene.js';
import { type FakeAnswer, type FakeSession, RoutingWorker, WORKER_STAGES } from './routing-worker.js';

/** How long a worker that refused may be passed over; nobody waits for it longer. */
const REFUSAL_PAUSE_MS = 50;

/** The stages of a living request: waiting for the first time, handed back and waiting again, and those at a worker. */
export const STAGES = ['waiting', 'back', ...WORKER_STAGES] as const;
export type Stage = (typeof STAGES)[number];

interface Seat {
  state: WorkerState;
  run: RoutingWorker | undefined;
  link: LinkConfig | undefined;
  /** As last reported; undefined before the first report of a run. */
  ready: readonly number[] | undefined;
}

/** Runs the real header, LU and dispatch code over fake workers, and holds every step against the rules. */
export class RoutingModel {
  readonly clock = createSimulatedClock(1000);
  readonly directory = new Directory(LINKS, GROUPS.length);
  readonly entries: Entry[] = [];
  readonly workers: Seat[] = Array.from({ length: LINKS }, () => {
    return { state: 'IDLE' as WorkerState, run: undefined, link: undefined, ready: undefined };
  });
  readonly dispatcher: Dispatcher;
  /** What the runs met. */
  readonly seen = new Map<string, number>();
  isStopped = false;
  private readonly targets = new LuTargets(CONFIG);
  private readonly headers = CONFIG.headers.map((one) => new UserHeader(one, CONFIG, decodeEbcdic));
  private readonly freeLinks = [...CONFIG.links];
  private readonly bySlot: Entry[] = [];
  private refusedMs = Number.NEGATIVE_INFINITY;
  /** The dispatcher looks at lost or answered requests in their order of arrival: those between wait for their turn. */
  private isInOrder = true;

  constructor() {
    const sink = {
      reply: (slot: number, bytes: Buffer, from: number, to: number) =>
        this.result(slot, '', undefined, tagOf(bytes.subarray(from, to))),
      fail: (slot: number, error: HostLinkError) => this.result(slot, error.code, error.details.sent, undefined),
      opened: () => assert.fail('nobody asked to keep a session'),
    };
    this.dispatcher = new Dispatcher({
      clock: this.clock,
      directory: this.directory,
      groups: GROUPS.length,
      services: CONFIG.services,
      maxqcount: MAXQCOUNT,
      sink,
    });
  }

  of(place: Place): Entry[] {
    return this.entries.filter((one) => one.place === place);
  }

  at(worker: RoutingWorker): Entry[] {
    return this.entries.filter((one) => one.worker === worker);
  }

  /** Where each living request is. */
  stageOf(entry: Entry): Stage {
    if (entry.place === 'waiting') return entry.wasGiven ? 'back' : 'waiting';
    return entry.worker!.stages().get(entry.tag)!;
  }

  note(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  private waitingWith(entry: Entry): Entry[] {
    return this.of('waiting').filter((one) => isSameQueue(one, entry));
  }

  private hasHope(): boolean {
    return this.workers.some(({ state }) => state !== 'IDLE' && state !== 'DOWN');
  }

  /** What the gateway does with a call: header, LU, dispatcher. */
  submit(call: Call, timeoutMs: number): void {
    const expected = routeOf(call);
    const tag = this.entries.length;
    const request = encodeCall(call, tag);
    const own = CONFIG.services.find(({ name }) => name === call.service)!;
    const header = this.headers[own.header];
    try {
      const route = header?.resolve(request, own.index);
      const service = CONFIG.services[route?.service ?? own.index]!;
      const seat = route
        ? this.targets.findByHeader(call.wish, route, service, true)
        : this.targets.find(call.wish, service);
      assert(typeof expected !== 'string', `${JSON.stringify(call)} must end with ${expected}`);
      assert.deepEqual([service.name, seat?.name], [expected.service.name, expected.place?.lu.name]);
      const { group } = expected;
      const dueMs = this.clock.nowMs() + timeoutMs;
      const base = { id: -1, place: 'between' as Place, worker: undefined, wasGiven: false, isEnded: false };
      const rest = { code: '', cancels: 0, sent: 0 };
      const entry: Entry = { tag, call, service: service.index, group, seat, dueMs, ...base, ...rest };
      this.entries.push(entry);
      this.accept(entry, header?.content(request) ?? request, timeoutMs, route?.group);
    } catch (error) {
      if (!(error instanceof HostLinkError)) throw error;
      assert.equal(error.code, expected);
      this.note(error.code);
    }
  }

  private accept(entry: Entry, payload: Uint8Array, timeoutMs: number, given: number | undefined): void {
    const waiting = this.waitingWith(entry).length;
    try {
      const id = this.dispatcher.submit(entry.service, payload, timeoutMs, entry.seat, given);
      assert.ok(entry.id === -1 || entry.id === id);
      assert.ok(this.bySlot[slotOf(id)]?.place !== 'atWorker', 'a slot in use');
      this.bySlot[slotOf(id)] = entry;
      entry.id = id;
      assert.ok(!this.isStopped && this.hasHope());
      if (entry.place === 'between') {
        assert.ok(waiting < MAXQCOUNT, 'the queue has its limit');
        entry.place = 'waiting';
      }
    } catch (error) {
      if (!(error instanceof HostLinkError)) throw error;
      entry.place = 'done';
      entry.isEnded = true;
      entry.code = error.code;
      const isFull = waiting >= MAXQCOUNT;
      const code = this.isStopped ? 'RUNTIME_STOPPED' : this.hasHope() ? 'QUEUE_FULL' : 'SERVICE_UNAVAILABLE';
      assert.deepEqual([error.code, error.code !== 'QUEUE_FULL' || isFull], [code, true]);
      this.note(code);
    }
  }

  /** A worker is given a request: its own kind of session, its own LU, one at a time, in order, where there is room. */
  private given(worker: RoutingWorker, id: number, target: number, dueMs: number, payload: Uint8Array): void {
    const entry = this.entries[tagOf(payload)]!;
    const { group, seat } = entry;
    const { state, run, ready } = this.workers[worker.index]!;
    assert.ok(entry.place === 'waiting' || entry.place === 'between', `request ${entry.tag} is given twice`);
    assert.equal(entry.isEnded, false, 'given after its end');
    assert.deepEqual(Buffer.from(payload), contentOf(entry.call, encodeCall(entry.call, entry.tag)));
    assert.equal(dueMs, entry.dueMs);
    assert.ok(this.clock.nowMs() <= dueMs, 'given after its deadline');
    assert.equal(run, worker, 'to a worker that runs');
    const ahead = this.entries.filter((one) => one.tag < entry.tag && isSameQueue(one, entry) && this.isAhead(one));
    assert.deepEqual(ahead, [], 'not before those that came earlier');
    if (seat === undefined) {
      assert.deepEqual([state, target], ['READY', group], 'a session of its type');
      const promised = this.at(worker).filter((one) => isPromised(one) && one.group === group).length;
      assert.ok(promised < ready![group]!, 'no more than there are sessions');
    } else {
      assert.deepEqual([worker.link.index, target], [seat.link, LU_TARGET + seat.place], 'the LU of its terminal');
      assert.notEqual(state, 'DRAINING');
      const others = this.of('atWorker').filter((one) => seat.isDedicated && one.seat === seat);
      assert.deepEqual(others, [], 'one at a time for a terminal');
    }
    this.note(seat === undefined ? 'given to a group' : seat.isDedicated ? 'given to a terminal' : 'given to an LU');
    Object.assign(entry, { id, worker, place: 'atWorker', wasGiven: true });
  }

  /** A terminal's request goes only after all earlier ones have ended; others may overtake what is at a worker. */
  private isAhead(one: Entry): boolean {
    if (one.place === 'waiting') return true;
    if (one.place === 'between') return this.isInOrder;
    return one.place === 'atWorker' && one.seat?.isDedicated === true;
  }

  private cancelled(worker: RoutingWorker, id: number): void {
    const entry = this.at(worker).find((one) => one.id === id);
    assert.equal(entry?.place, 'atWorker', 'a cancel of what is not there');
    entry!.cancels += 1;
    assert.equal(entry!.cancels, 1);
  }

  private result(slot: number, code: string, sent: unknown, tag: number | undefined): void {
    const entry = this.bySlot[slot]!;
    assert.equal(entry.isEnded, false, `request ${entry.tag} ends twice`);
    assert.ok(this.clock.nowMs() <= entry.dueMs, `request ${entry.tag} ends after its deadline`);
    if (tag !== undefined) assert.equal(tag, entry.tag, 'the reply of another');
    // One that may be sent twice is said to be unsent when it waits for its second time.
    if (sent === 'no' && !CONFIG.services[entry.service]!.idempotent) assert.equal(entry.sent, 0, 'it was sent');
    if (code.endsWith('TIMEOUT')) assert.equal(this.clock.nowMs(), entry.dueMs, 'early');
    entry.isEnded = true;
    entry.code = code;
    if (entry.place !== 'atWorker') entry.place = 'done';
    this.note(code === '' ? 'reply' : code);
  }

  /** Bytes leave: at most once, and on a session that may carry them. */
  private sent(tag: number, { lu }: FakeSession): void {
    const entry = this.entries[tag]!;
    entry.sent += 1;
    assert.ok(entry.sent <= (CONFIG.services[entry.service]!.idempotent ? 2 : 1), 'sent again');
    assert.equal(lu.group, entry.group, 'on a session of its type');
    assert.equal(lu.mode === 'POOL' ? entry.seat?.name : lu.name, entry.seat && lu.name, 'on its LU');
  }

  /** Its thread starts: one that was lost keeps its link, another takes one that is free. */
  start(index: number, nth: number): void {
    const seat = this.workers[index]!;
    if (seat.state !== 'IDLE' && seat.state !== 'BACKOFF') return;
    const link = seat.link ?? this.freeLinks.splice(nth % this.freeLinks.length, 1)[0]!;
    const run = new RoutingWorker(index, link, GROUPS.length, {
      given: (...args) => this.given(...args),
      cancelled: (...args) => this.cancelled(...args),
      sent: (...args) => this.sent(...args),
      broken: (rule) => assert.fail(rule),
    });
    Object.assign(seat, { state: 'STARTING', run, link, ready: undefined });
    this.dispatcher.workerStarted(index, run, sessionsPerGroup(link, GROUPS.length), link.index);
  }

  /** Answers of a worker arrive, at most `max`, and with the last of them its report. */
  deliver(index: number, max = 99): void {
    const { run } = this.workers[index]!;
    if (run === undefined) return;
    const answers = run.outbox.splice(0, max);
    if (answers.length > 0) this.answers(run, answers);
    if (run.outbox.length === 0 && run.hasNews) this.report(run);
  }

  private report(run: RoutingWorker): void {
    const seat = this.workers[run.index]!;
    const report = run.report();
    run.hasNews = false;
    seat.ready = report.ready;
    if (seat.state !== 'DRAINING') seat.state = report.link === 'ACTIVE' ? 'READY' : 'LINK_DOWN';
    this.dispatcher.workerReported(run.index, report);
  }

  private answers(run: RoutingWorker, answers: readonly FakeAnswer[]): void {
    const block = new AnswerBlock();
    const back: Entry[] = [];
    this.isInOrder = answers.length === 1;
    for (const answer of answers) {
      const entry = this.entries[answer.tag]!;
      assert.deepEqual([entry.place, entry.worker, entry.id], ['atWorker', run, answer.id]);
      block.add(answer.id, answer.status, bytesOf(answer));
      if (isUnsent(answer)) this.refusedMs = this.clock.nowMs();
      entry.worker = undefined;
      entry.place = entry.isEnded ? 'done' : 'between';
      if (!entry.isEnded) back.push(entry);
      this.note(entry.isEnded ? 'late answer' : answer.code || `answer ${answer.status}`);
    }
    this.dispatcher.answers(run.index, block.take()!);
    this.settle(back);
    this.isInOrder = true;
    for (const { tag, status, code } of answers) {
      const entry = this.entries[tag]!;
      if (!back.includes(entry) || entry.code === 'RUNTIME_STOPPED') continue;
      const isAgain = code === 'OUTCOME_UNKNOWN' && CONFIG.services[entry.service]!.idempotent && !entry.isEnded;
      const isBack = isAgain || isUnsent({ status, code });
      assert.deepEqual([entry.isEnded, entry.code], isBack ? [false, ''] : [true, code], `answer ${status} ${code}`);
    }
  }

  /** The dispatcher has decided: who is not at a worker and has not ended waits. */
  private settle(entries: readonly Entry[]): void {
    for (const entry of entries) if (entry.place === 'between') entry.place = 'waiting';
  }

  drain(index: number): void {
    const seat = this.workers[index]!;
    if (seat.state !== 'READY' && seat.state !== 'LINK_DOWN') return;
    seat.state = 'DRAINING';
    this.dispatcher.workerDraining(index);
  }

  /** The thread is gone, in order when it drained. @param next DOWN: lost too often */
  end(index: number, next: 'BACKOFF' | 'DOWN'): void {
    const seat = this.workers[index]!;
    const { run, state } = seat;
    if (run === undefined) return;
    const lost = this.at(run);
    const unposted = run.inbox.map(({ id }) => id);
    const isDrained = state === 'DRAINING';
    Object.assign(seat, { state: isDrained ? 'DRAINING' : 'BACKOFF', run: undefined, ready: undefined });
    this.note(isDrained ? 'drained' : 'lost');
    for (const entry of lost) {
      entry.worker = undefined;
      entry.place = entry.isEnded ? 'done' : 'between';
    }
    this.dispatcher.workerLost(index, isDrained ? 'DRAINING' : 'BACKOFF', unposted);
    this.settle(lost);
    for (const { id, cancels, code, service } of lost) {
      const isSafe = unposted.includes(id) && !this.isStopped;
      if (isSafe && cancels === 0) assert.equal(code, '', 'it never left, and is not placed again');
      const isUnknown = !unposted.includes(id) && cancels === 0 && !CONFIG.services[service]!.idempotent;
      if (isUnknown) assert.equal(code, 'OUTCOME_UNKNOWN');
    }
    if (isDrained || next === 'DOWN') this.leave(seat, index, isDrained ? 'IDLE' : 'DOWN');
  }

  /** It comes back neither by itself nor soon: its link is free for another. */
  private leave(seat: Seat, index: number, state: 'IDLE' | 'DOWN'): void {
    this.freeLinks.push(seat.link!);
    Object.assign(seat, { state, link: undefined });
    this.directory.move(this.directory.worker(index), state);
    this.dispatcher.failWithoutHope();
  }

  /** An operator starts a worker that was lost too often. */
  forgive(index: number): void {
    const seat = this.workers[index]!;
    if (seat.state !== 'DOWN') return;
    seat.state = 'IDLE';
    this.directory.move(this.directory.worker(index), 'IDLE');
  }

  /** A caller leaves; its request is at this stage. */
  abort(stage: Stage, nth: number): void {
    const those = this.entries.filter((one) => !one.isEnded && this.stageOf(one) === stage);
    if (those.length === 0) return;
    const entry = those[nth % those.length]!;
    this.dispatcher.abort(entry.id);
    assert.equal(entry.code, 'CALL_ABORTED');
    assert.equal(entry.cancels, stage === 'waiting' || stage === 'back' ? 0 : 1);
    this.note(`aborted: ${stage}`);
  }

  /** Aborting what has ended does nothing. */
  abortEnded(nth: number): void {
    const ended = this.entries.filter((one) => one.isEnded && one.id >= 0);
    if (ended.length > 0) this.dispatcher.abort(ended[nth % ended.length]!.id);
  }

  purge(service: number): void {
    const those = this.of('waiting').filter((one) => one.service === service);
    assert.equal(this.dispatcher.failWaiting('QUEUE_PURGED', service), those.length);
    for (const { code } of those) assert.equal(code, 'QUEUE_PURGED');
  }

  stop(): void {
    this.isStopped = true;
    this.dispatcher.stop();
    assert.deepEqual(this.of('waiting'), []);
  }

  /** True once the pause that follows a refusal is over. */
  get isPauseOver(): boolean {
    return this.clock.nowMs() >= this.refusedMs + REFUSAL_PAUSE_MS;
  }
}
