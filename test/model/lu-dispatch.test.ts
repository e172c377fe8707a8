import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../src/base/clock.js';
import { HostLinkError } from '../../src/base/errors.js';
import { ANSWER_STATUS, AnswerBlock, type AnswerStatus } from '../../src/channel/blocks.js';
import { LU_TARGET } from '../../src/channel/messages.js';
import { hasRoom } from '../../src/dispatch/balancer.js';
import { Directory } from '../../src/dispatch/directory.js';
import { Dispatcher } from '../../src/dispatch/dispatcher.js';
import { type LuSeat, LuSeats } from '../../src/dispatch/lu-seats.js';
import { slotOf } from '../../src/dispatch/request-table.js';
import { linkConfig, luConfig, puConfig } from '../helpers/link-config.js';

const WORKERS = 2;
const POOL_SESSIONS = 2;
const MAXQCOUNT = 5;
const SERVICE = { name: 'S', index: 0, group: 0, header: -1, timeoutMs: 1000, codePage: '037', idempotent: false };

/** Two links; on each two LUs kept for terminals and two of the pool. */
const LINKS = [0, 1].map((index) => {
  const name = (lu: number) => `L${index}${lu}`;
  const lus = [
    ...[0, 1].map((lu) => luConfig(lu + 2, { name: name(lu), mode: 'DEDICATE', terminal: `T${index}${lu}` })),
    ...[2, 3].map((lu) => luConfig(lu + 2, { name: name(lu) })),
  ];
  return linkConfig({ name: `LINK${index}`, index, pus: [puConfig(0, { lus })] });
});

interface Entry {
  readonly tag: number;
  readonly seat: LuSeat | undefined;
  readonly dueMs: number;
  results: number;
}

/** One request that a worker has and has not answered. */
interface Given {
  readonly id: number;
  readonly target: number;
  readonly entry: Entry;
}

class World {
  readonly clock = createSimulatedClock(1000);
  readonly directory = new Directory(WORKERS, 1);
  readonly seats = new LuSeats(LINKS);
  readonly entries: Entry[] = [];
  readonly given: Given[][] = [[], []];
  readonly isUp = [false, false];
  readonly dispatcher: Dispatcher;
  /** Tags in the order in which each terminal's requests were handed out; handed back ones may come again. */
  readonly order = new Map<LuSeat, number[]>();
  private readonly bySlot: Entry[] = [];
  private readonly ids = new Map<Entry, number>();

  constructor() {
    const result = (slot: number): void => {
      this.bySlot[slot]!.results += 1;
    };
    this.dispatcher = new Dispatcher({
      clock: this.clock,
      directory: this.directory,
      groups: 1,
      services: [SERVICE],
      maxqcount: MAXQCOUNT,
      sink: { reply: result, fail: result },
    });
  }

  start(worker: number): void {
    if (this.isUp[worker]) return;
    this.isUp[worker] = true;
    const port = {
      request: (id: number, target: number, _due: number, payload: Uint8Array) =>
        this.take(worker, id, target, payload),
      cancel: () => {},
    };
    this.dispatcher.workerStarted(worker, port, [POOL_SESSIONS], worker);
    this.report(worker);
  }

  report(worker: number): void {
    if (!this.isUp[worker]) return;
    this.dispatcher.workerReported(worker, { link: 'ACTIVE', reason: '', ready: [POOL_SESSIONS], states: [] });
  }

  lose(worker: number): void {
    if (!this.isUp[worker]) return;
    this.isUp[worker] = false;
    this.given[worker] = [];
    this.dispatcher.workerLost(worker, 'BACKOFF', []);
  }

  submit(seat: LuSeat | undefined, timeoutMs: number): void {
    const entry: Entry = { tag: this.entries.length, seat, dueMs: this.clock.nowMs() + timeoutMs, results: 0 };
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(entry.tag);
    this.entries.push(entry);
    try {
      const id = this.dispatcher.submit(0, payload, timeoutMs, ...((seat === undefined ? [] : [seat]) as [LuSeat]));
      this.bySlot[slotOf(id)] = entry;
      this.ids.set(entry, id);
    } catch (error) {
      expect((error as HostLinkError).code).toMatch(/QUEUE_FULL|SERVICE_UNAVAILABLE/);
      entry.results += 1;
    }
  }

  abort(index: number): void {
    const entry = this.entries[index % Math.max(1, this.entries.length)];
    const id = entry && this.ids.get(entry);
    if (id !== undefined) this.dispatcher.abort(id);
  }

  answer(worker: number, index: number, status: AnswerStatus): void {
    const list = this.given[worker]!;
    if (list.length === 0) return;
    const [one] = list.splice(index % list.length, 1);
    const block = new AnswerBlock();
    const record = new HostLinkError('SESSION_REJECTED').toRecord();
    block.add(one!.id, status, status === ANSWER_STATUS.failed ? Buffer.from(JSON.stringify(record)) : Buffer.alloc(4));
    this.dispatcher.answers(worker, block.take()!);
  }

  private take(worker: number, id: number, target: number, payload: Uint8Array): void {
    const entry = this.entries[Buffer.from(payload).readUInt32LE(0)]!;
    const { seat } = entry;
    expect(this.isUp[worker], 'to a worker that runs').toBe(true);
    if (seat === undefined) {
      expect(target).toBe(0);
    } else {
      expect([worker, target], 'to the worker that has its link, and to its LU').toEqual([
        seat.link,
        LU_TARGET + seat.place,
      ]);
      if (seat.isDedicated) {
        const others = this.given[worker]!.filter((one) => one.target === target);
        expect(others, 'one at a time for a terminal').toEqual([]);
        const order = this.order.get(seat) ?? [];
        this.order.set(seat, [...order, entry.tag]);
      }
    }
    const pool = this.given[worker]!.filter((one) => one.target < LU_TARGET).length;
    if (seat === undefined) expect(pool, 'no more than there are sessions').toBeLessThan(POOL_SESSIONS);
    this.given[worker]!.push({ id, target, entry });
  }
}

type Step = (world: World) => void;

const worker = fc.nat({ max: WORKERS - 1 });
const seatName = fc.constantFrom('T00', 'T01', 'T10', 'T11');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(seatName, fc.integer({ min: 1, max: 500 })).map(
      ([name, ms]): Step =>
        (w) =>
          w.submit(w.seats.ofTerminal(name), ms),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 500 }).map(
      (ms): Step =>
        (w) =>
          w.submit(undefined, ms),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('L02', 'L13').map(
      (name): Step =>
        (w) =>
          w.submit(w.seats.ofLu(name), 300),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(worker, fc.nat(), fc.constantFrom(0, 0, 0, 1, 2)).map(
      ([at, index, status]): Step =>
        (w) =>
          w.answer(at, index, status as AnswerStatus),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat().map(
      (index): Step =>
        (w) =>
          w.abort(index),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 120 }).map(
      (ms): Step =>
        (w) =>
          w.clock.advance(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: worker.map(
      (at): Step =>
        (w) =>
          w.lose(at),
    ),
  },
  {
    weight: 2,
    arbitrary: worker.map(
      (at): Step =>
        (w) =>
          w.start(at),
    ),
  },
  {
    weight: 1,
    arbitrary: worker.map(
      (at): Step =>
        (w) =>
          w.report(at),
    ),
  },
);

/** Let everything come to its end: answers, deadlines. */
function finish(world: World): void {
  for (const at of [0, 1]) world.start(at);
  for (let turn = 0; turn < 200; turn += 1) {
    for (const at of [0, 1]) while (world.given[at]!.length > 0) world.answer(at, 0, ANSWER_STATUS.reply);
    world.clock.advance(60);
  }
}

describe('requests that name their LU', () => {
  it('over any run of events: one result each, their LU only, one at a time for a terminal, in order, nothing left', () => {
    let given = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), (steps) => {
        const world = new World();
        for (const at of [0, 1]) world.start(at);
        for (const each of steps) {
          each(world);
          for (const entry of world.entries) {
            expect(entry.results).toBeLessThanOrEqual(1);
            if (entry.dueMs <= world.clock.nowMs()) expect(entry.results, 'its deadline is kept').toBe(1);
          }
          if (world.dispatcher.waitingOf(0) === 0) continue;
          const free = world.directory.list('READY').filter((one) => hasRoom(one, 0));
          expect(free, 'no pool call waits while there is room').toEqual([]);
        }
        finish(world);
        for (const name of ['T00', 'T01', 'T10', 'T11']) world.submit(world.seats.ofTerminal(name), 500);
        expect(world.given.flat(), 'every terminal is served at once again').toHaveLength(4);
        finish(world);
        for (const entry of world.entries) expect(entry.results, `request ${entry.tag}`).toBe(1);
        for (const tags of world.order.values()) {
          const first = [...new Set(tags)];
          expect(first, 'in their order of arrival').toEqual([...first].sort((a, b) => a - b));
          given += tags.length;
        }
        expect(world.dispatcher.living).toBe(0);
        expect(world.dispatcher.waiting).toBe(0);
        expect(world.clock.pending()).toBe(0);
        for (const one of world.directory.workers) expect([one.reservedTotal, one.reserved[0]]).toEqual([0, 0]);
      }),
      { numRuns: 2000 },
    );
    expect(given).toBeGreaterThan(5000);
  });
});
