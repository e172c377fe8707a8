import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Balancer } from '../../../src/dispatch/balancer.js';
import { Directory, WORKER_STATES, WorkerRecord } from '../../../src/dispatch/directory.js';
import { Request, RequestTable, slotOf } from '../../../src/dispatch/request-table.js';
import { ServiceCounters } from '../../../src/dispatch/service-counters.js';
import { WaitQueue } from '../../../src/dispatch/wait-queue.js';

function workers(counts: readonly { ready: number; reserved: number; full?: boolean }[]): WorkerRecord[] {
  return counts.map(({ ready, reserved, full = false }, index) => {
    const worker = new WorkerRecord(index, 1);
    worker.ready[0] = ready;
    worker.reserved[0] = reserved;
    worker.full[0] = full ? 1 : 0;
    return worker;
  });
}

describe('directory', () => {
  it('keeps every worker in exactly one list', () => {
    const moves = fc.array(fc.tuple(fc.nat({ max: 4 }), fc.constantFrom(...WORKER_STATES)), { maxLength: 50 });
    fc.assert(
      fc.property(moves, (steps) => {
        const directory = new Directory(5, 1);
        const expected = new Array<string>(5).fill('IDLE');
        for (const [index, state] of steps) {
          directory.move(directory.worker(index), state);
          expected[index] = state;
        }
        for (const state of WORKER_STATES) {
          const inList = directory.list(state).map((worker) => worker.index);
          expect(inList.toSorted()).toEqual([0, 1, 2, 3, 4].filter((index) => expected[index] === state));
        }
        expect(directory.hasHope()).toBe(expected.some((state) => state !== 'IDLE' && state !== 'DOWN'));
      }),
    );
  });

  it('knows no worker beyond MAX', () => {
    expect(() => new Directory(2, 1).worker(2)).toThrow('no worker 2');
  });
});

describe('balancer', () => {
  it('takes the least reserved, round robin among equals', () => {
    const balancer = new Balancer(1);
    const three = workers([
      { ready: 5, reserved: 0 },
      { ready: 5, reserved: 0 },
      { ready: 5, reserved: 0 },
    ]);
    expect([1, 2, 3, 4].map(() => balancer.pick(three, 0)!.index)).toEqual([0, 1, 2, 0]);
    three[2]!.reserved[0] = 1;
    three[1]!.reserved[0] = 1;
    expect([1, 2].map(() => balancer.pick(three, 0)!.index)).toEqual([0, 0]);
  });

  it('fills all workers evenly and takes none beyond its sessions', () => {
    const balancer = new Balancer(1);
    const uneven = workers([
      { ready: 1, reserved: 0 },
      { ready: 3, reserved: 0 },
      { ready: 2, reserved: 0, full: true },
    ]);
    const picked: number[] = [];
    for (let worker = balancer.pick(uneven, 0); worker !== undefined; worker = balancer.pick(uneven, 0)) {
      worker.reserved[0]! += 1;
      picked.push(worker.index);
    }
    expect(picked).toEqual([0, 1, 1, 1]);
    expect(balancer.pick([], 0)).toBeUndefined();
  });

  it('goes on in turn when the list has become shorter', () => {
    const balancer = new Balancer(1);
    const three = workers(Array.from({ length: 3 }, () => ({ ready: 9, reserved: 0 })));
    expect([1, 2, 3].map(() => balancer.pick(three, 0)!.index)).toEqual([0, 1, 2]);
    expect(balancer.pick(three.slice(0, 1), 0)!.index).toBe(0);
  });
});

describe('wait queue', () => {
  it('is first come, first served, also for those that come back and those that leave', () => {
    const step = fc.record({ at: fc.nat({ max: 19 }), isBack: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const all = Array.from({ length: 20 }, (_, slot) => Object.assign(new Request(slot), { arrival: slot }));
        const queue = new WaitQueue();
        const inside = new Set<Request>();
        for (const { at, isBack } of steps) {
          const request = all[at]!;
          if (inside.delete(request)) queue.remove(request);
          if (!isBack) continue;
          queue.insert(request);
          inside.add(request);
        }
        const expected = [...inside].sort((a, b) => a.arrival - b.arrival);
        expect([...queue].map((request) => request.slot)).toEqual(expected.map((request) => request.slot));
        expect(queue.size).toBe(expected.length);
        expect(expected.map(() => queue.shift()?.slot)).toEqual(expected.map((request) => request.slot));
        expect([queue.shift(), queue.first, queue.size]).toEqual([undefined, undefined, 0]);
      }),
    );
  });
});

describe('request table', () => {
  it('uses slots again, ids not', () => {
    const table = new RequestTable();
    const seen = new Set<number>();
    for (let round = 0; round < 2000; round += 1) {
      const request = table.take()!;
      request.state = 1;
      expect(request.slot).toBe(0);
      expect(slotOf(request.id)).toBe(0);
      expect(seen.has(request.id)).toBe(false);
      seen.add(request.id);
      expect(table.find(request.id)).toBe(request);
      table.release(request);
      expect(table.find(request.id)).toBeUndefined();
    }
    const last = table.take()!;
    expect(last.id).toBeLessThan(2 ** 31);
    expect(table.size).toBe(1);
  });

  it('goes round its generations', () => {
    const table = new RequestTable();
    const first = table.take()!.id;
    const request = table.at(0)!;
    let rounds = 0;
    do {
      table.release(request);
      table.take();
      rounds += 1;
    } while (request.id !== first);
    expect(rounds).toBe(2048);
  });
});

describe('service counters', () => {
  it('give count, average and longest', () => {
    const counters = new ServiceCounters('ECHO');
    expect(counters.toStats()).toMatchObject({ count: 0, averageMs: 0, maxMs: 0 });
    counters.replied(2);
    counters.replied(4);
    expect(counters.toStats()).toMatchObject({ name: 'ECHO', count: 2, averageMs: 3, maxMs: 4 });
  });
});
