import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { HostLinkError } from '../../../src/base/errors.js';
import type { WorkerReport } from '../../../src/channel/messages.js';
import { Directory } from '../../../src/dispatch/directory.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { LuSeats } from '../../../src/dispatch/lu-seats.js';
import { fakeConfig } from '../../helpers/fake-config.js';

/** Two services over one group; worker w has link w. */
function build(workers = 1, sessions = 1) {
  const links = Array.from({ length: workers }, (_, at) => `L${at}`);
  const config = fakeConfig({ links, sessions, services: [{}, {}] });
  const clock = createSimulatedClock(1000);
  const directory = new Directory(workers, 1);
  const results: string[] = [];
  const given: number[][] = links.map(() => []);
  const dispatcher = new Dispatcher({
    clock,
    directory,
    groups: 1,
    services: config.services,
    maxqcount: 100,
    sink: {
      reply: () => results.push('reply'),
      fail: (_slot, error) => results.push(error.code),
    },
  });
  const report = (ready: number): WorkerReport => ({ link: 'ACTIVE', reason: '', ready: [ready], states: [] });
  for (const [index] of links.entries()) {
    const port = { request: (id: number) => given[index]!.push(id), cancel: () => {} };
    dispatcher.workerStarted(index, port, [sessions], index);
    dispatcher.workerReported(index, report(sessions));
  }
  const submit = (service = 0): number => dispatcher.submit(service, Buffer.from('x'), 60_000);
  const codeOf = (service: number): unknown => {
    try {
      submit(service);
      return 'taken';
    } catch (error) {
      return error instanceof HostLinkError ? [error.code, error.details.held, error.details.sent] : error;
    }
  };
  return { config, directory, dispatcher, results, given, report, submit, codeOf };
}

describe('a held service', () => {
  it('takes no new request; what runs and what waits goes on', () => {
    const { dispatcher, given, codeOf, submit, directory } = build();
    submit();
    submit();
    expect(dispatcher.waiting).toBe(1);
    dispatcher.holds.holdService(0, true);
    expect(codeOf(0)).toEqual(['SERVICE_HELD', 'service', 'no']);
    expect(codeOf(1)).toBe('taken');
    expect(dispatcher.waiting).toBe(2);
    expect(given[0]).toHaveLength(1);
    expect(directory.worker(0).state).toBe('READY');
    dispatcher.holds.holdService(0, false);
    expect(codeOf(0)).toBe('taken');
  });

  it('stays held when the server is held and started again; a held server holds all', () => {
    const { dispatcher, codeOf } = build();
    const { holds } = dispatcher;
    expect(holds.isServerHeld).toBe(false);
    holds.holdService(1, true);
    holds.holdServer(true);
    expect(holds.isServerHeld).toBe(true);
    expect([codeOf(0), codeOf(1)]).toEqual([
      ['SERVICE_HELD', 'server', 'no'],
      ['SERVICE_HELD', 'service', 'no'],
    ]);
    holds.holdServer(false);
    expect([holds.isServiceHeld(0), holds.isServiceHeld(1)]).toEqual([false, true]);
    expect([codeOf(0), codeOf(1)]).toEqual(['taken', ['SERVICE_HELD', 'service', 'no']]);
  });
});

describe('a held link', () => {
  it('gives its worker no new request, also none that names an LU of it, until it is started', () => {
    const { config, dispatcher, directory, given, report, submit } = build(2, 2);
    const seat = new LuSeats(config.links).ofLu('LU00')!;
    dispatcher.holds.links.add(0);
    dispatcher.workerReported(0, report(2));
    expect(directory.worker(0).state).toBe('HELD');
    for (let call = 0; call < 3; call += 1) submit();
    dispatcher.submit(0, Buffer.from('x'), 60_000, seat);
    expect(given.map((ids) => ids.length)).toEqual([0, 2]);
    expect(dispatcher.waiting).toBe(2);
    dispatcher.holds.links.delete(0);
    dispatcher.workerReported(0, report(2));
    expect(directory.worker(0).state).toBe('READY');
    expect(given.map((ids) => ids.length)).toEqual([2, 2]);
    expect(dispatcher.waiting).toBe(0);
  });

  it('is still held when its worker was lost and started again', () => {
    const { dispatcher, directory, report } = build();
    dispatcher.holds.links.add(0);
    dispatcher.workerLost(0, 'BACKOFF', []);
    dispatcher.workerStarted(0, { request: () => {}, cancel: () => {} }, [1], 0);
    dispatcher.workerReported(0, report(1));
    expect(directory.worker(0).state).toBe('HELD');
  });
});

describe('purge', () => {
  it('ends the requests that wait, of one service or of all, and no others', () => {
    const { config, dispatcher, results, submit } = build();
    const seat = new LuSeats(config.links).ofLu('LU00')!;
    submit();
    for (const service of [0, 1, 0]) submit(service);
    dispatcher.workerDraining(0);
    dispatcher.submit(1, Buffer.from('x'), 60_000, seat);
    expect(dispatcher.waiting).toBe(4);
    expect(dispatcher.failWaiting('QUEUE_PURGED', 0)).toBe(2);
    expect(results).toEqual(['QUEUE_PURGED', 'QUEUE_PURGED']);
    expect(dispatcher.waiting).toBe(2);
    expect(dispatcher.failWaiting('QUEUE_PURGED')).toBe(2);
    expect(results).toHaveLength(4);
    expect([dispatcher.waiting, dispatcher.living]).toEqual([0, 1]);
    expect(dispatcher.failWaiting('QUEUE_PURGED')).toBe(0);
  });
});

describe('MAXQCOUNT at run time', () => {
  it('counts for the next request that has to wait', () => {
    const { dispatcher, codeOf, submit } = build();
    for (let call = 0; call < 4; call += 1) submit();
    dispatcher.maxqcount = 2;
    expect(dispatcher.waiting).toBe(3);
    expect(codeOf(0)).toEqual(['QUEUE_FULL', undefined, 'no']);
    dispatcher.maxqcount = -1;
    expect(codeOf(0)).toBe('taken');
  });
});
