import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { HostLinkError } from '../../../src/base/errors.js';
import { readAnswers } from '../../../src/channel/blocks.js';
import { WorkerChannel } from '../../../src/channel/channel.js';
import type { FromWorker, ToWorker, WorkerCounters, WorkerReport } from '../../../src/channel/messages.js';
import { SupervisorChannel } from '../../../src/channel/supervisor-channel.js';
import { fakePorts } from '../../helpers/fake-port.js';

const COUNTERS: WorkerCounters = {
  requests: 1,
  replies: 2,
  refused: 3,
  lateReplies: 4,
  piusIn: 5,
  piusOut: 6,
  bytesIn: 7,
  bytesOut: 8,
  protocolErrors: 9,
  sessionsLost: 10,
};

function report(ready: number): WorkerReport {
  return { link: 'ACTIVE', reason: '', ready: [ready], states: [] };
}

function build() {
  const clock = createSimulatedClock();
  const [near, far] = fakePorts();
  const heard: string[] = [];
  const worker = new WorkerChannel(far, clock);
  worker.serve({
    request: (id, group, due, bytes, from, to) => {
      heard.push(`request ${id} ${group} ${due} ${bytes.toString('latin1', from, to)}`);
    },
    requestsEnd: () => heard.push('end'),
    cancel: (id) => heard.push(`cancel ${id}`),
    inspect: () => [{ lu: 'LU1', pu: 'PU1', localAddress: 2, state: 'ACTIVE', group: 0, reason: '', calls: 3 }],
    counters: () => COUNTERS,
    trace: (pius, dlsw) => heard.push(`trace ${pius} ${dlsw}`),
    operate: (change) => {
      heard.push(`operate ${JSON.stringify(change)}`);
      return { lus: 2, held: 1 };
    },
    stop: (graceMs) => heard.push(`stop ${graceMs}`),
  });
  const supervisor = new SupervisorChannel(near, clock, {
    answers: (block) =>
      readAnswers(block, (id, status, bytes, from, to) => {
        heard.push(`answer ${id} ${status} ${bytes.toString('latin1', from, to)}`);
      }),
    report: ({ ready }) => heard.push(`report ${ready[0]}`),
    pong: (seq, counters, heapBytes) => heard.push(`pong ${seq} ${counters.piusOut} ${heapBytes > 0}`),
    event: (name, details) => heard.push(`event ${name} ${JSON.stringify(details)}`),
    trace: (block) => heard.push(`recorded ${block.byteLength}`),
    closed: () => heard.push('closed'),
  });
  const kinds = (posted: readonly unknown[]): string[] => posted.map((one) => (one as ToWorker | FromWorker).kind);
  return { clock, near, far, worker, supervisor, heard, kinds };
}

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

describe('channel, towards the worker', () => {
  it('sends the requests of a tick in one post, the cancels after them', () => {
    const { clock, near, far, supervisor, heard, kinds } = build();
    supervisor.request(1, 0, 10.5, text('one'));
    supervisor.cancel(1);
    supervisor.request(2, 3, 20, text(''));
    expect(near.posted).toEqual([]);
    clock.settle();
    expect(kinds(near.posted)).toEqual(['requests', 'cancel']);
    far.deliver();
    expect(heard).toEqual(['request 1 0 10.5 one', 'request 2 3 20 ', 'end', 'cancel 1']);
  });

  it('copies the payload when the request is given to it', () => {
    const { clock, far, supervisor, heard } = build();
    const payload = text('before');
    supervisor.request(1, 0, 0, payload);
    payload.set(text('after!'));
    clock.settle();
    far.deliver();
    expect(heard[0]).toBe('request 1 0 0 before');
  });

  it('gives back the requests that never left', () => {
    const { clock, far, supervisor } = build();
    supervisor.request(1, 0, 0, text('a'));
    clock.settle();
    supervisor.request(2, 0, 0, text('b'));
    supervisor.request(3, 0, 0, text('c'));
    far.close();
    expect(supervisor.takeUnposted()).toEqual([2, 3]);
    expect(supervisor.takeUnposted()).toEqual([]);
    expect(clock.pending()).toBe(1);
    clock.settle();
  });

  it('sends what is collected before a stop', () => {
    const { near, far, supervisor, heard, kinds } = build();
    supervisor.request(1, 0, 0, text('a'));
    supervisor.trace(true, false);
    supervisor.stop(250);
    expect(kinds(near.posted)).toEqual(['trace', 'requests', 'stop']);
    far.deliver();
    expect(heard).toEqual(['trace true false', 'request 1 0 0 a', 'end', 'stop 250']);
  });
});

describe('channel, from the worker', () => {
  it('posts the newest report, then all answers of the tick in one block', () => {
    const { clock, near, far, worker, heard, kinds } = build();
    worker.reply(1, text('xxreplyxx'), 2, 7);
    worker.report(report(1));
    worker.refuse(2);
    worker.report(report(5));
    worker.fail(3, new HostLinkError('LINK_LOST', '', { why: 'test' }));
    clock.settle();
    expect(kinds(far.posted)).toEqual(['report', 'answers']);
    near.deliver();
    expect(heard.slice(0, 3)).toEqual(['report 5', 'answer 1 0 reply', 'answer 2 1 ']);
    const record = JSON.parse(heard[3]!.slice('answer 3 2 '.length)) as Record<string, unknown>;
    expect(record).toMatchObject({ code: 'LINK_LOST', details: { why: 'test' } });
  });

  it('answers pings and inspections, passes on events and recordings', async () => {
    const { near, far, worker, supervisor, heard } = build();
    supervisor.ping(7);
    const inspection = supervisor.inspect();
    worker.event('link.active', { link: 'L1' });
    worker.trace(new ArrayBuffer(16));
    far.deliver();
    near.deliver();
    expect(heard).toEqual(['event link.active {"link":"L1"}', 'recorded 16', 'pong 7 6 true']);
    await expect(inspection).resolves.toMatchObject({ rows: [{ lu: 'LU1' }], counters: COUNTERS });
  });

  it('does not wait for a worker that hangs longer than it is told to', async () => {
    const { clock, near, far, supervisor } = build();
    const answered = supervisor.inspect(1000);
    far.deliver();
    near.deliver();
    await expect(answered).resolves.toMatchObject({ counters: COUNTERS });
    await Promise.resolve();
    expect(clock.pending()).toBe(0);
    const hangs = supervisor.inspect(1000);
    const patient = supervisor.inspect();
    clock.advance(1000);
    await expect(hangs).rejects.toMatchObject({ code: 'WORKER_LOST' });
    far.deliver();
    near.deliver();
    await expect(patient).resolves.toMatchObject({ counters: COUNTERS });
  });

  it('has a change of the operator confirmed, each by its own answer', async () => {
    const { near, far, supervisor, heard } = build();
    const changes = [
      supervisor.operate({ name: 'deactivate', lus: ['LU1', 'LU2'] }),
      supervisor.operate({ name: 'loglevel', part: 'link', level: 'debug' }),
    ];
    const inspection = supervisor.inspect();
    far.deliver();
    expect(heard).toEqual([
      'operate {"name":"deactivate","lus":["LU1","LU2"]}',
      'operate {"name":"loglevel","part":"link","level":"debug"}',
    ]);
    near.deliver();
    await expect(Promise.all(changes)).resolves.toEqual([
      { lus: 2, held: 1 },
      { lus: 2, held: 1 },
    ]);
    await expect(inspection).resolves.toMatchObject({ counters: COUNTERS });
    const unanswered = supervisor.operate({ name: 'activate', lus: ['LU1'] });
    supervisor.close();
    await expect(unanswered).rejects.toMatchObject({ code: 'WORKER_LOST' });
  });

  it('closes after what was collected has been posted, and tells once', async () => {
    const { clock, far, worker, supervisor, heard } = build();
    const inspection = supervisor.inspect();
    worker.reply(1, text('last'), 0, 4);
    worker.close();
    worker.close();
    expect(heard).toEqual(['answer 1 0 last', 'closed']);
    await expect(inspection).rejects.toMatchObject({ code: 'WORKER_LOST' });
    await expect(supervisor.inspect()).rejects.toMatchObject({ code: 'WORKER_LOST' });
    worker.reply(2, text('too late'), 0, 8);
    supervisor.request(9, 0, 0, text('nobody'));
    clock.settle();
    expect(far.posted).toHaveLength(1);
    expect(heard).toHaveLength(2);
  });

  it('stops the worker when the supervisor went away', () => {
    const { near, heard } = build();
    near.close();
    expect(heard).toEqual(['stop 0']);
  });
});
