import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { ANSWER_STATUS, AnswerBlock, type AnswerStatus } from '../../../src/channel/blocks.js';
import { Directory } from '../../../src/dispatch/directory.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { LuSeats } from '../../../src/dispatch/lu-seats.js';
import { REFUSAL_PAUSE_MS } from '../../../src/dispatch/placement.js';
import { fakeConfig } from '../../helpers/fake-config.js';

/** Workers with one session each, link w for worker w; the test is the workers. */
class Scene {
  readonly clock = createSimulatedClock(1000);
  readonly directory: Directory;
  readonly seats: LuSeats;
  readonly dispatcher: Dispatcher;
  /** Ids in the order in which each worker was given them. */
  readonly given: number[][];

  constructor(workers: number) {
    const links = Array.from({ length: workers }, (_, at) => `L${at}`);
    const config = fakeConfig({ links, services: [{}] });
    this.given = links.map(() => []);
    this.seats = new LuSeats(config.links);
    this.directory = new Directory(workers, 1);
    this.dispatcher = new Dispatcher({
      clock: this.clock,
      directory: this.directory,
      groups: 1,
      services: config.services,
      maxqcount: -1,
      sink: { reply: () => {}, fail: () => {} },
    });
    for (const [index, ids] of this.given.entries()) {
      this.dispatcher.workerStarted(index, { request: (id) => ids.push(id), cancel: () => {} }, [1], index);
      this.report(index);
    }
  }

  report(worker: number): void {
    this.dispatcher.workerReported(worker, { link: 'ACTIVE', reason: '', ready: [1], states: [] });
  }

  call(lu?: string): number {
    const seat = lu === undefined ? undefined : this.seats.ofLu(lu)!;
    return this.dispatcher.submit(0, Buffer.of(1), 10_000, seat);
  }

  answer(worker: number, id: number, status: AnswerStatus): void {
    const block = new AnswerBlock();
    block.add(id, status, Buffer.alloc(0));
    this.dispatcher.answers(worker, block.take()!);
  }

  refuse(worker: number, id: number): void {
    this.answer(worker, id, ANSWER_STATUS.refused);
  }
}

describe('a request that was refused', () => {
  it('by all: waits until they are asked again, not earlier', () => {
    const scene = new Scene(2);
    const id = scene.call();
    scene.refuse(0, id);
    scene.refuse(1, id);
    scene.clock.advance(REFUSAL_PAUSE_MS - 1);
    expect([scene.given, scene.dispatcher.waiting]).toEqual([[[id], [id]], 1]);
    scene.clock.advance(1);
    expect([scene.given.flat().length, scene.dispatcher.waiting]).toEqual([3, 0]);
  });

  it.each([
    ['may be asked again', (scene: Scene) => scene.clock.advance(REFUSAL_PAUSE_MS)],
    ['has reported', (scene: Scene) => scene.report(0)],
  ])(
    'by one that %s, then by the other: goes to the first again, and nobody behind it waits for a free session',
    (_, show) => {
      const scene = new Scene(2);
      const first = scene.call();
      scene.refuse(0, first);
      show(scene);
      scene.refuse(1, first);
      expect([scene.given, scene.dispatcher.waiting]).toEqual([[[first, first], [first]], 0]);
      const second = scene.call();
      expect(scene.dispatcher.waiting).toBe(1);
      scene.answer(0, first, ANSWER_STATUS.reply);
      expect([scene.given[0], scene.dispatcher.waiting]).toEqual([[first, first, second], 0]);
      expect(scene.dispatcher.counters).toMatchObject({ refused: 2, forwarded: 2, queued: 1 });
    },
  );

  it('meets those that have not refused it first', () => {
    const scene = new Scene(3);
    const [a, b, c] = [scene.call(), scene.call(), scene.call()];
    scene.answer(0, a, ANSWER_STATUS.reply);
    scene.answer(2, c, ANSWER_STATUS.reply);
    const id = scene.call();
    scene.refuse(0, id);
    scene.report(0);
    scene.answer(1, b, ANSWER_STATUS.reply);
    // Worker 0 would be the next in turn.
    scene.refuse(2, id);
    expect(scene.given).toEqual([
      [a, id],
      [b, id],
      [c, id],
    ]);
  });

  it('and names an LU of the pool: its promise is that of a call that waits, it waits itself', () => {
    const scene = new Scene(1);
    const named = scene.call('LU00');
    const call = scene.call();
    expect([scene.given, scene.dispatcher.waiting]).toEqual([[[named]], 1]);
    scene.refuse(0, named);
    expect([scene.given, scene.dispatcher.waiting]).toEqual([[[named, call]], 1]);
    expect(scene.directory.worker(0).reserved[0]).toBe(1);
    scene.clock.advance(REFUSAL_PAUSE_MS);
    expect(scene.given).toEqual([[named, call, named]]);
  });
});
