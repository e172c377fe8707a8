import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { HostLinkError } from '../../../src/base/errors.js';
import { ANSWER_STATUS, AnswerBlock, type AnswerStatus } from '../../../src/channel/blocks.js';
import { Directory } from '../../../src/dispatch/directory.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { fakeConfig } from '../../helpers/fake-config.js';

const WORD_MS = 100;
const NOTHING = Buffer.alloc(0);

/** One worker with one session; the test is the worker. */
class Scene {
  readonly clock = createSimulatedClock();
  readonly directory = new Directory(1, 1);
  readonly results: string[] = [];
  readonly sent: number[] = [];
  readonly cancelled: number[] = [];
  readonly dispatcher: Dispatcher;

  constructor() {
    this.dispatcher = new Dispatcher({
      clock: this.clock,
      directory: this.directory,
      groups: 1,
      services: fakeConfig({ services: [{}] }).services,
      maxqcount: -1,
      wordMs: WORD_MS,
      sink: {
        reply: () => this.results.push('reply'),
        fail: (_slot, error) => this.results.push(`${error.code} ${String(error.details.sent)}`),
      },
    });
    const port = { request: (id: number) => this.sent.push(id), cancel: (id: number) => this.cancelled.push(id) };
    this.dispatcher.workerStarted(0, port, [1], 0);
    this.dispatcher.workerReported(0, { link: 'ACTIVE', reason: '', ready: [1], states: [] });
  }

  call(timeoutMs = 1000): number {
    return this.dispatcher.submit(0, Buffer.of(1), timeoutMs);
  }

  answer(id: number, status: AnswerStatus, bytes: Buffer = NOTHING): void {
    const block = new AnswerBlock();
    block.add(id, status, bytes);
    this.dispatcher.answers(0, block.take()!);
  }

  heard(): string[] {
    return this.results.splice(0);
  }
}

describe('a caller whose time is up while its request is at a worker', () => {
  it('time-out, nothing was sent: SESSION_WAIT_TIMEOUT, sent no', () => {
    const scene = new Scene();
    const id = scene.call();
    scene.clock.advance(1000);
    expect([scene.cancelled, scene.heard()]).toEqual([[id], []]);
    scene.answer(id, ANSWER_STATUS.refused);
    expect(scene.heard()).toEqual(['SESSION_WAIT_TIMEOUT no']);
    expect([scene.dispatcher.living, scene.directory.worker(0).reservedTotal]).toEqual([0, 0]);
  });

  it('time-out, it was sent: CALL_TIMEOUT, sent maybe; the late answer frees the session', () => {
    const scene = new Scene();
    const id = scene.call();
    scene.clock.advance(1000);
    scene.answer(id, ANSWER_STATUS.underway);
    expect(scene.heard()).toEqual(['CALL_TIMEOUT maybe']);
    expect([scene.dispatcher.living, scene.directory.worker(0).reservedTotal]).toEqual([1, 1]);
    scene.answer(id, ANSWER_STATUS.reply);
    expect([scene.heard(), scene.dispatcher.counters.late]).toEqual([[], 1]);
    expect([scene.dispatcher.living, scene.directory.worker(0).reservedTotal]).toEqual([0, 0]);
  });

  it('abort: the same, with CALL_ABORTED', () => {
    const scene = new Scene();
    const unsent = scene.call();
    scene.dispatcher.abort(unsent);
    scene.dispatcher.abort(unsent);
    scene.answer(unsent, ANSWER_STATUS.refused);
    const sent = scene.call();
    scene.dispatcher.abort(sent);
    scene.answer(sent, ANSWER_STATUS.underway);
    expect(scene.heard()).toEqual(['CALL_ABORTED no', 'CALL_ABORTED maybe']);
  });

  it.each([
    ['the reply itself', ANSWER_STATUS.reply, NOTHING],
    ['an error', ANSWER_STATUS.failed, Buffer.from(JSON.stringify(new HostLinkError('OUTCOME_UNKNOWN').toRecord()))],
  ])('%s instead of the word: it was sent, and the caller has left', (_, status, bytes) => {
    const scene = new Scene();
    const id = scene.call();
    scene.clock.advance(1000);
    scene.answer(id, status, bytes);
    expect(scene.heard()).toEqual(['CALL_TIMEOUT maybe']);
    expect([scene.dispatcher.living, scene.directory.worker(0).reservedTotal]).toEqual([0, 0]);
  });

  it('no word in time: maybe', () => {
    const scene = new Scene();
    scene.call();
    scene.clock.advance(1000 + WORD_MS - 1);
    expect(scene.heard()).toEqual([]);
    scene.clock.advance(1);
    expect(scene.heard()).toEqual(['CALL_TIMEOUT maybe']);
  });

  it('the worker is lost before its word: what never left for it was not sent', () => {
    const scene = new Scene();
    const posted = scene.call();
    scene.clock.advance(1000);
    scene.dispatcher.workerLost(0, 'BACKOFF', []);
    expect(scene.heard()).toEqual(['CALL_TIMEOUT maybe']);
    expect(scene.dispatcher.living).toBe(0);
    const other = new Scene();
    const unposted = other.call();
    other.clock.advance(1000);
    other.dispatcher.workerLost(0, 'BACKOFF', [unposted]);
    expect([posted, other.heard()]).toEqual([posted, ['SESSION_WAIT_TIMEOUT no']]);
    expect(other.clock.pending()).toBe(0);
  });
});
