import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import type { HostLinkError } from '../../../src/base/errors.js';
import { ANSWER_STATUS, AnswerBlock } from '../../../src/channel/blocks.js';
import { Directory } from '../../../src/dispatch/directory.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { Calls } from '../../../src/gateway/calls.js';
import { fakeConfig } from '../../helpers/fake-config.js';

/** Where a call is when its signal fires. */
const STAGES = ['at worker', 'waiting', 'forwarded', 'refused and waiting', 'answered', 'worker lost', 'late'] as const;

/** Two workers of one session each; what they are given is kept until the test answers. */
function build() {
  const config = fakeConfig({ sessions: 1 });
  const clock = createSimulatedClock(1000);
  const directory = new Directory(2, 1);
  const given: { worker: number; id: number }[] = [];
  const calls = new Calls((id, reason) => dispatcher.abort(id, reason));
  const dispatcher: Dispatcher = new Dispatcher({
    clock,
    directory,
    groups: 1,
    services: config.services,
    maxqcount: 10,
    sink: calls,
  });
  const states = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
  const start = (worker: number): void => {
    const port = { request: (id: number): unknown => given.push({ worker, id }), cancel: () => {} };
    dispatcher.workerStarted(worker, port, [1], worker);
    dispatcher.workerReported(worker, { link: 'ACTIVE', reason: '', ready: [1], states });
  };
  start(0);
  start(1);
  const answer = (status: (typeof ANSWER_STATUS)[keyof typeof ANSWER_STATUS]): void => {
    const first = given.shift();
    if (first === undefined) return;
    const block = new AnswerBlock();
    block.add(first.id, status, Buffer.alloc(0));
    dispatcher.answers(first.worker, block.take()!);
  };
  const controllers: AbortController[] = [];
  const results: string[] = [];
  const call = (): AbortController => {
    const controller = new AbortController();
    const promise = calls.open(dispatcher.submit(0, Buffer.from('x'), 60_000), controller.signal);
    const note = (text: string): unknown => results.push(text);
    promise.then(
      () => note('reply'),
      (error: HostLinkError) => note(error.code),
    );
    controllers.push(controller);
    return controller;
  };
  return { clock, directory, dispatcher, given, controllers, results, call, answer };
}

/** Bring a call to `stage`, and abort it there. */
function abortAt(stage: (typeof STAGES)[number]): ReturnType<typeof build> {
  const scene = build();
  const { dispatcher, given, call, answer } = scene;
  const isQueued = stage === 'waiting' || stage === 'refused and waiting';
  if (isQueued) call();
  if (stage === 'waiting') call();
  const { signal, abort } = ((controller) => ({ signal: controller.signal, abort: () => controller.abort() }))(call());
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  if (stage === 'forwarded') answer(ANSWER_STATUS.refused);
  if (stage === 'refused and waiting') {
    given.reverse();
    answer(ANSWER_STATUS.refused);
    expect(dispatcher.waiting).toBe(1);
  }
  if (stage === 'answered' || stage === 'late') {
    if (stage === 'late') abort();
    answer(ANSWER_STATUS.reply);
  }
  if (stage === 'worker lost') dispatcher.workerLost(given.shift()!.worker, 'BACKOFF', []);
  abort();
  return scene;
}

describe('a call that is aborted', () => {
  it.each(STAGES)('%s: leaves no request, reservation, timer or listener behind', async (stage) => {
    const { clock, directory, dispatcher, given, controllers, results, answer } = abortAt(stage);
    for (const { signal } of controllers.slice(-1)) expect(getEventListeners(signal, 'abort')).toEqual([]);
    while (given.length > 0) answer(ANSWER_STATUS.reply);
    await Promise.resolve();
    expect(results.length).toBe(controllers.length);
    const own = { answered: 'reply', 'worker lost': 'OUTCOME_UNKNOWN' };
    expect(results).toContain(stage in own ? own[stage as keyof typeof own] : 'CALL_ABORTED');
    expect([dispatcher.living, dispatcher.waiting]).toEqual([0, 0]);
    expect(directory.workers.map((worker) => worker.reservedTotal)).toEqual([0, 0]);
    dispatcher.stop();
    expect(clock.pending()).toBe(0);
  });

  it('any number of them, at any time and in any order: nothing is left', async () => {
    const step = fc.oneof(
      fc.constant('call' as const),
      fc.nat({ max: 20 }),
      fc.constantFrom(...Object.values(ANSWER_STATUS).filter((status) => status !== ANSWER_STATUS.failed)).map(String),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, directory, dispatcher, given, controllers, results, call, answer } = build();
        for (const one of steps) {
          if (one === 'call' && dispatcher.waiting < 10) call();
          else if (typeof one === 'number') controllers[one]?.abort();
          else answer(Number(one) === ANSWER_STATUS.refused ? ANSWER_STATUS.refused : ANSWER_STATUS.reply);
        }
        for (const controller of controllers) controller.abort();
        while (given.length > 0) answer(ANSWER_STATUS.reply);
        await Promise.resolve();
        expect(results).toHaveLength(controllers.length);
        for (const { signal } of controllers) expect(getEventListeners(signal, 'abort')).toEqual([]);
        expect([dispatcher.living, dispatcher.waiting]).toEqual([0, 0]);
        expect(directory.workers.map((worker) => worker.reservedTotal)).toEqual([0, 0]);
        dispatcher.stop();
        expect(clock.pending()).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
