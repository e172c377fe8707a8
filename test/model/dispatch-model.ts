import assert from 'node:assert/strict';
import { createSimulatedClock } from '../../src/base/clock.js';
import { HostLinkError } from '../../src/base/errors.js';
import { ANSWER_STATUS, AnswerBlock, type AnswerStatus } from '../../src/channel/blocks.js';
import type { ServiceConfig } from '../../src/config/model.js';
import { Directory, WORKER_STATES, type WorkerState } from '../../src/dispatch/directory.js';
import { Dispatcher } from '../../src/dispatch/dispatcher.js';
import { REFUSAL_PAUSE_MS } from '../../src/dispatch/placement.js';
import { slotOf } from '../../src/dispatch/request-table.js';

export const WORKERS = 3;
export const GROUPS = 2;
export const MAXQCOUNT = 4;

/** Services 0 and 1 are of group 0 and 1; service 2 is of group 0 and may be tried again. */
const SERVICES: readonly ServiceConfig[] = [0, 1, 0].map((group, index) => {
  return { name: `S${index}`, index, group, header: -1, timeoutMs: 1, codePage: '037', idempotent: index === 2 };
});

/** placing: the dispatcher is deciding about it right now. */
type Place = 'placing' | 'waiting' | 'atWorker' | 'abandoned' | 'done';

interface ModelRequest {
  readonly tag: number;
  readonly service: number;
  readonly group: number;
  readonly dueMs: number;
  id: number;
  place: Place;
  worker: number;
  isRetried: boolean;
  /** Workers that refused it since it last waited. */
  readonly tried: Set<number>;
  results: number;
  errorCode: string;
}

interface ModelWorker {
  state: WorkerState;
  readonly ready: number[];
  readonly full: boolean[];
}

/** Counts what the dispatcher does and holds every single step of it against the rules. */
export class DispatchModel {
  readonly clock = createSimulatedClock(1000);
  readonly directory = new Directory(WORKERS, GROUPS);
  readonly requests: ModelRequest[] = [];
  readonly workers: ModelWorker[] = Array.from({ length: WORKERS }, () => {
    return { state: 'IDLE' as WorkerState, ready: [0, 0], full: [false, false] };
  });
  readonly dispatcher: Dispatcher;
  isStopped = false;
  /** Workers that drained to their end, and those lost on the way. */
  drained = 0;
  lostDraining = 0;
  /** Requests given to a worker that had refused them, and has shown room since. */
  again = 0;
  private isPausing = false;
  private readonly bySlot: (ModelRequest | undefined)[] = [];
  private submitting: ModelRequest | undefined;

  constructor() {
    this.dispatcher = new Dispatcher({
      clock: this.clock,
      directory: this.directory,
      groups: GROUPS,
      services: SERVICES,
      maxqcount: MAXQCOUNT,
      sink: {
        reply: (slot, bytes, from) => this.result(slot, '', bytes.readUInt32LE(from)),
        fail: (slot, error) => this.result(slot, error.code, undefined),
      },
    });
  }

  of(place: Place, group?: number): ModelRequest[] {
    return this.requests.filter((one) => one.place === place && (group === undefined || one.group === group));
  }

  held(worker: number, group?: number): ModelRequest[] {
    const isHeld = (one: ModelRequest): boolean => one.place === 'atWorker' || one.place === 'abandoned';
    return this.requests.filter(
      (one) => isHeld(one) && one.worker === worker && (group === undefined || one.group === group),
    );
  }

  private hasRoom(worker: number, group: number): boolean {
    const { state, ready, full } = this.workers[worker]!;
    return state === 'READY' && !full[group]! && this.held(worker, group).length < ready[group]!;
  }

  private anyRoom(group: number): boolean {
    return this.workers.some((_, index) => this.hasRoom(index, group));
  }

  private hasHope(): boolean {
    return this.workers.some(({ state }) => state !== 'IDLE' && state !== 'DOWN');
  }

  submit(service: number, timeoutMs: number): void {
    const group = SERVICES[service]!.group;
    const tag = this.requests.length;
    const dueMs = this.clock.nowMs() + timeoutMs;
    const base = { tag, service, group, dueMs, id: -1, worker: -1, isRetried: false, results: 0, errorCode: '' };
    const request: ModelRequest = { ...base, tried: new Set(), place: 'placing' };
    const expected = this.expectedRefusal(group);
    this.requests.push(request);
    this.submitting = request;
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(tag);
    try {
      request.id = this.dispatcher.submit(service, payload, timeoutMs);
      assert.equal(expected, '');
      this.bySlot[slotOf(request.id)] = request;
      if (request.place === 'placing') request.place = 'waiting';
    } catch (error) {
      assert.ok(error instanceof HostLinkError);
      assert.equal(error.code, expected);
      request.place = 'done';
    }
    this.submitting = undefined;
  }

  private expectedRefusal(group: number): string {
    if (this.isStopped) return 'RUNTIME_STOPPED';
    if (this.anyRoom(group) && this.of('waiting', group).length === 0) return '';
    if (!this.hasHope()) return 'SERVICE_UNAVAILABLE';
    return this.of('waiting', group).length >= MAXQCOUNT ? 'QUEUE_FULL' : '';
  }

  /** A port got a request: none without a submit, none twice, in order, only where there is room, least reserved. */
  private given(worker: number, id: number, group: number, dueMs: number, payload: Uint8Array): void {
    const request = this.requests[Buffer.from(payload).readUInt32LE(0)]!;
    assert.ok(request.place === 'placing' || request.place === 'waiting', 'given twice');
    if (request !== this.submitting) assert.equal(id, request.id);
    assert.deepEqual([group, dueMs], [request.group, request.dueMs]);
    assert.equal(this.hasRoom(worker, group), true);
    const earlier = this.of('waiting', group).filter((one) => one.tag < request.tag);
    assert.deepEqual(earlier, []);
    const others = this.workers.map((_, index) => index).filter((index) => this.hasRoom(index, group));
    const untried = others.filter((index) => !request.tried.has(index));
    if (request.tried.has(worker)) this.again += 1;
    if (untried.length > 0) assert.equal(request.tried.has(worker), false, 'those that refused it come last');
    const least = Math.min(...(untried.length > 0 ? untried : others).map((index) => this.held(index, group).length));
    assert.equal(this.held(worker, group).length, least);
    request.place = 'atWorker';
    request.worker = worker;
  }

  private cancelled(worker: number, id: number): void {
    const request = this.requests.find((one) => one.id === id)!;
    assert.deepEqual([request.place, request.worker], ['atWorker', worker]);
    request.place = 'abandoned';
  }

  /** A result: one for each request, and the reply is its own. */
  private result(slot: number, errorCode: string, tag: number | undefined): void {
    const request = this.bySlot[slot]!;
    assert.equal(request.results, 0);
    request.results = 1;
    request.errorCode = errorCode;
    if (tag !== undefined) assert.equal(tag, request.tag);
    if (errorCode === 'SESSION_WAIT_TIMEOUT' || errorCode === 'CALL_TIMEOUT') {
      assert.ok(this.clock.nowMs() >= request.dueMs, 'early');
      assert.equal(request.place, errorCode === 'CALL_TIMEOUT' ? 'abandoned' : 'waiting');
    }
    if (request.place !== 'abandoned') request.place = 'done';
  }

  start(worker: number): void {
    const model = this.workers[worker]!;
    if (!['IDLE', 'BACKOFF'].includes(model.state)) return;
    model.state = 'STARTING';
    this.dispatcher.workerStarted(
      worker,
      {
        request: (id, group, dueMs, payload) => this.given(worker, id, group, dueMs, payload),
        cancel: (id) => this.cancelled(worker, id),
      },
      [5, 5],
      worker,
    );
  }

  report(worker: number, ready: readonly number[]): void {
    const model = this.workers[worker]!;
    if (['IDLE', 'BACKOFF', 'DOWN'].includes(model.state)) return;
    ready.forEach((count, group) => {
      model.ready[group] = count;
      model.full[group] = false;
    });
    const isUsable = ready.some((count) => count > 0);
    if (model.state !== 'DRAINING') model.state = isUsable ? 'READY' : 'LINK_DOWN';
    const states = new Array<number>(11).fill(0);
    this.dispatcher.workerReported(worker, { link: isUsable ? 'ACTIVE' : 'DOWN', reason: '', ready, states });
  }

  drain(worker: number): void {
    const model = this.workers[worker]!;
    if (model.state !== 'READY' && model.state !== 'LINK_DOWN') return;
    model.state = 'DRAINING';
    this.dispatcher.workerDraining(worker);
  }

  /** The answer of `worker` to one of its requests. */
  answer(worker: number, nth: number, status: AnswerStatus, code: string): void {
    const held = this.held(worker);
    if (held.length === 0) return;
    const request = held[nth % held.length]!;
    const wasAbandoned = request.place === 'abandoned';
    const isNotSent = status === ANSWER_STATUS.refused || (status === ANSWER_STATUS.failed && code === 'SESSION_LOST');
    const isRefusal = isNotSent && !wasAbandoned;
    const isUnknown = status === ANSWER_STATUS.failed && code === 'OUTCOME_UNKNOWN';
    const isRetry = isUnknown && SERVICES[request.service]!.idempotent && !request.isRetried && !wasAbandoned;
    this.workers[worker]!.full[request.group] = isRefusal;
    if (isRefusal) this.pause();
    if (isRefusal) request.tried.add(worker);
    request.place = wasAbandoned ? 'done' : 'placing';
    request.worker = -1;
    if (isRetry) request.isRetried = true;
    if (isRetry) request.tried.clear();
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(request.tag);
    const record = Buffer.from(JSON.stringify({ code, message: code, details: {} }));
    const block = new AnswerBlock();
    block.add(request.id, status, status === ANSWER_STATUS.reply ? payload : record);
    this.dispatcher.answers(worker, block.take()!);
    if (request.place !== 'placing') return;
    request.place = 'waiting';
    request.tried.clear();
  }

  /** A request is refused by its worker, which then shows room, and by all others that it is sent on to. */
  sendRound(nth: number): void {
    const atWorkers = this.of('atWorker');
    if (atWorkers.length === 0) return;
    const request = atWorkers[nth % atWorkers.length]!;
    const { worker } = request;
    for (let turn = 0; turn < WORKERS && request.place === 'atWorker'; turn += 1) {
      this.answer(request.worker, this.held(request.worker).indexOf(request), ANSWER_STATUS.refused, '');
      this.check();
      if (turn === 0) this.report(worker, [...this.workers[worker]!.ready]);
    }
  }

  /** All workers are asked again a while after the first refusal. Asked for before the dispatcher's, so it fires first. */
  private pause(): void {
    if (this.isPausing || this.isStopped) return;
    this.isPausing = true;
    this.clock.after(REFUSAL_PAUSE_MS, () => {
      this.isPausing = false;
      for (const { full } of this.workers) full.fill(false);
    });
  }

  /** An answer to a request that this worker does not have: another's, or one that has ended. */
  strayAnswer(worker: number, nth: number): void {
    const others = this.requests.filter((one) => one.id >= 0 && (one.place === 'done' || one.worker !== worker));
    if (others.length === 0) return;
    const { id } = others[nth % others.length]!;
    const strayBefore = this.dispatcher.counters.stray;
    const block = new AnswerBlock();
    block.add(id, ANSWER_STATUS.reply, Buffer.alloc(4));
    this.dispatcher.answers(worker, block.take()!);
    assert.equal(this.dispatcher.counters.stray, strayBefore + 1);
  }

  lost(worker: number, isUnposted: boolean, next: 'BACKOFF' | 'IDLE' | 'DOWN'): void {
    const model = this.workers[worker]!;
    if (['IDLE', 'BACKOFF', 'DOWN'].includes(model.state)) return;
    const held = this.held(worker);
    // One that drains has yet to end; nobody misses it.
    const becomes = model.state === 'DRAINING' ? 'DRAINING' : next === 'IDLE' ? 'IDLE' : 'BACKOFF';
    if (becomes === 'DRAINING') this.lostDraining += 1;
    model.state = becomes;
    model.ready.fill(0);
    model.full.fill(false);
    const unposted = isUnposted ? held.slice(held.length >> 1) : [];
    const unknown: ModelRequest[] = [];
    for (const request of held) {
      const isAgain = SERVICES[request.service]!.idempotent && !request.isRetried;
      if (request.place === 'abandoned') request.place = 'done';
      else if (unposted.includes(request)) request.place = 'placing';
      else if (isAgain) request.place = 'placing';
      else unknown.push(request);
      if (isAgain && !unposted.includes(request)) request.isRetried = true;
      request.tried.clear();
      request.worker = -1;
    }
    this.dispatcher.workerLost(
      worker,
      becomes,
      unposted.map((request) => request.id),
    );
    for (const request of unknown) assert.equal(request.errorCode, 'OUTCOME_UNKNOWN');
    for (const request of this.of('placing')) request.place = 'waiting';
    if (next === 'DOWN' && becomes !== 'DRAINING') this.down(worker);
  }

  /** The thread of a worker that drains has ended, whatever it had left is lost. */
  ended(worker: number): void {
    if (this.workers[worker]!.state !== 'DRAINING') return;
    this.drained += 1;
    this.lost(worker, false, 'IDLE');
    this.workers[worker]!.state = 'IDLE';
    this.directory.move(this.directory.worker(worker), 'IDLE');
    const hopeless = this.hasHope() ? [] : this.of('waiting');
    this.dispatcher.failWithoutHope();
    for (const request of hopeless) assert.equal(request.errorCode, 'SERVICE_UNAVAILABLE');
  }

  private down(worker: number): void {
    this.workers[worker]!.state = 'DOWN';
    this.directory.move(this.directory.worker(worker), 'DOWN');
    const hopeless = this.hasHope() ? [] : this.of('waiting');
    this.dispatcher.failWithoutHope();
    for (const request of hopeless) assert.equal(request.errorCode, 'SERVICE_UNAVAILABLE');
  }

  abort(nth: number): void {
    const live = this.requests.filter((one) => one.results === 0 && one.place !== 'done');
    if (live.length === 0) return;
    const request = live[nth % live.length]!;
    this.dispatcher.abort(request.id);
    assert.equal(request.errorCode, 'CALL_ABORTED');
  }

  /** Aborting a request that has its result does nothing. */
  abortDone(nth: number): void {
    const done = this.requests.filter((one) => one.results === 1);
    if (done.length > 0) this.dispatcher.abort(done[nth % done.length]!.id);
  }

  advance(byMs: number): void {
    this.clock.advance(byMs);
    const nowMs = this.clock.nowMs();
    const overdue = this.requests.filter((one) => one.place !== 'done' && one.results === 0 && one.dueMs <= nowMs);
    assert.deepEqual(overdue, []);
  }

  stop(): void {
    this.isStopped = true;
    const waiting = this.of('waiting');
    this.dispatcher.stop();
    for (const request of waiting) assert.equal(request.errorCode, 'RUNTIME_STOPPED');
  }

  /** What must hold between any two events. */
  check(): void {
    const { dispatcher, directory } = this;
    this.workers.forEach((model, index) => {
      const worker = directory.worker(index);
      assert.equal(worker.state, model.state);
      for (let group = 0; group < GROUPS; group += 1) {
        assert.equal(worker.reserved[group], this.held(index, group).length);
      }
      assert.equal(worker.reservedTotal, this.held(index).length);
      const lists = WORKER_STATES.filter((state) => directory.list(state).includes(worker));
      assert.deepEqual(lists, [model.state]);
      assert.equal(directory.list(model.state)[worker.place], worker);
    });
    assert.equal(dispatcher.waiting, this.of('waiting').length);
    assert.equal(dispatcher.living, this.requests.filter((one) => one.place !== 'done').length);
    for (let group = 0; group < GROUPS; group += 1) {
      assert.equal(dispatcher.waitingOf(group), this.of('waiting', group).length);
      if (dispatcher.waitingOf(group) > 0) assert.equal(this.anyRoom(group), false, 'nobody waits while there is room');
    }
  }

  /** The model's own timer. */
  private endPause(): void {
    if (this.isPausing) this.clock.advance(REFUSAL_PAUSE_MS);
  }

  /** Everything ends: every request has had one result, nothing is left over. */
  finish(): void {
    this.stop();
    for (let worker = 0; worker < WORKERS; worker += 1) {
      while (this.held(worker).length > 0) this.answer(worker, 0, ANSWER_STATUS.reply, '');
    }
    this.check();
    assert.equal(dispatcherIsEmpty(this.dispatcher), true);
    this.endPause();
    assert.equal(this.clock.pending(), 0);
    for (const request of this.requests) if (request.id >= 0) assert.equal(request.results, 1);
  }
}

function dispatcherIsEmpty(dispatcher: Dispatcher): boolean {
  return dispatcher.living === 0 && dispatcher.waiting === 0;
}
