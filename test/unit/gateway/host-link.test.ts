import { afterEach, describe, expect, it } from 'vitest';
import { createSilentLog } from '../../../src/base/log.js';
import { HostLink, type HostLinkOptions } from '../../../src/gateway/host-link.js';
import type { RuntimeEvent } from '../../../src/supervisor/options.js';
import { FAKE_WORKER, type FakeConfig, fakeConfig } from '../../helpers/fake-config.js';

let runtime: HostLink | undefined;

async function start(over: FakeConfig = {}, options: HostLinkOptions = {}): Promise<HostLink> {
  runtime = await HostLink.start(fakeConfig(over), { workerFile: FAKE_WORKER, log: createSilentLog(), ...options });
  await runtime.ready({ timeoutMs: 10_000 });
  return runtime;
}

afterEach(async () => {
  await runtime?.stop({ graceMs: 200 });
  runtime = undefined;
});

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

describe('HostLink over real threads with a fake worker', () => {
  it('calls, and gives every caller its own reply', async () => {
    const link = await start();
    const payloads = Array.from({ length: 300 }, (_, index) => Buffer.alloc(11 + index, index % 251));
    const replies = await Promise.all(payloads.slice(0, 100).map((payload) => link.call('SVC0', payload)));
    replies.forEach((reply, index) => {
      expect(Buffer.compare(reply, payloads[index]!)).toBe(0);
    });
    const stats = link.stats();
    expect(stats.services[0]).toMatchObject({ name: 'SVC0', count: 100, fail: 0, waiting: 0, queued: 92 });
    expect(stats.services[0]!.averageMs).toBeGreaterThan(0);
    expect(stats.services[0]!.maxMs).toBeGreaterThanOrEqual(stats.services[0]!.averageMs);
    expect(stats.workers.map((worker) => worker.reserved)).toEqual([0, 0]);
    expect(stats.dispatch.stray).toBe(0);
  });

  it('shares the load over the workers', async () => {
    const link = await start();
    await Promise.all(Array.from({ length: 8 }, () => link.call('SVC0', bytes('a payload of some length'))));
    await link.sessions();
    const held = Array.from({ length: 8 }, () => link.call('SVC0', bytes('hold'), { timeoutMs: 200 }));
    expect(link.stats().workers.map((worker) => worker.reserved)).toEqual([4, 4]);
    const results = await Promise.allSettled(held);
    expect(results.every((result) => result.status === 'rejected')).toBe(true);
  });

  it('takes text in the code page of the service', async () => {
    const link = await start();
    const reply = await link.call('SVC0', 'HELLO, HOST');
    expect(Buffer.from(reply).toString('hex')).toBe('c8c5d3d3d66b40c8d6e2e3');
    await expect(link.callText('SVC0', 'HELLO, HOST')).resolves.toBe('HELLO, HOST');
  });

  it('names what is wrong with a call', async () => {
    const link = await start({ server: { callSizeMax: 20 } });
    await expect(link.call('NONE', bytes('x'))).rejects.toMatchObject({
      code: 'SERVICE_UNKNOWN',
      details: { service: 'NONE', known: ['SVC0'] },
    });
    await expect(link.call('SVC0', Buffer.alloc(21))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LONG' });
    await expect(link.call('SVC0', 42 as unknown as string)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
      await expect(link.call('SVC0', bytes('x'), { timeoutMs })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    }
    expect(link.stats().services[0]).toMatchObject({ count: 0, fail: 0 });
  });

  it('ends a call at its deadline, and uses the session again afterwards', async () => {
    const link = await start({ links: ['ONE'], sessions: 1 });
    const held = link.call('SVC0', bytes('hold'), { timeoutMs: 100 });
    const waiting = link.call('SVC0', bytes('waits for the session'), { timeoutMs: 50 });
    await expect(waiting).rejects.toMatchObject({
      code: 'SESSION_WAIT_TIMEOUT',
      details: { service: 'SVC0', sessions: 1, active: 1, free: 0, down: 0, waiting: 1, sent: 'no' },
    });
    await expect(held).rejects.toMatchObject({ code: 'CALL_TIMEOUT', details: { sent: 'maybe' } });
    await expect(link.call('SVC0', bytes('and one more'))).resolves.toHaveLength(12);
    expect(link.stats().dispatch.late).toBe(1);
  });

  it('ends a call when its signal is aborted', async () => {
    const link = await start({ links: ['ONE'], sessions: 1 });
    await expect(link.call('SVC0', bytes('x'), { signal: AbortSignal.abort('why') })).rejects.toMatchObject({
      code: 'CALL_ABORTED',
      cause: 'why',
      details: { sent: 'no' },
    });
    const atWorker = new AbortController();
    const queued = new AbortController();
    const held = link.call('SVC0', bytes('hold'), { signal: atWorker.signal });
    const waiting = link.call('SVC0', bytes('waits'), { signal: queued.signal });
    queued.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CALL_ABORTED', details: { sent: 'no' } });
    atWorker.abort();
    await expect(held).rejects.toMatchObject({ code: 'CALL_ABORTED', details: { sent: 'maybe' } });
    const fine = new AbortController();
    await expect(link.call('SVC0', bytes('fine'), { signal: fine.signal })).resolves.toHaveLength(4);
    fine.abort();
  });

  it('passes on errors of the worker with their code and details', async () => {
    const link = await start();
    await expect(link.call('SVC0', bytes('unknown'))).rejects.toMatchObject({
      name: 'HostLinkError',
      code: 'OUTCOME_UNKNOWN',
      details: { fake: true },
    });
  });

  it('turns a call away when too many wait', async () => {
    const link = await start({ links: ['ONE'], sessions: 1, server: { maxqcount: 1 } });
    const calls = ['hold', 'wait', 'full'].map((text) => link.call('SVC0', bytes(text), { timeoutMs: 80 }));
    const codes = (await Promise.allSettled(calls)).map((result) =>
      result.status === 'rejected' ? result.reason.code : '',
    );
    expect(codes).toEqual(['CALL_TIMEOUT', 'SESSION_WAIT_TIMEOUT', 'QUEUE_FULL']);
    await expect(calls[2]).rejects.toMatchObject({
      message: expect.stringContaining('1 sessions: 1 active, 0 free, 0 down; 1 calls waiting, at most 1 may.'),
      details: { service: 'SVC0', sessions: 1, active: 1, free: 0, down: 0, waiting: 1, maxqcount: 1, sent: 'no' },
    });
  });

  it('lists sessions and records traces to the last block', async () => {
    const link = await start({ links: ['A', 'B'], sessions: 2 });
    const rows = await link.sessions();
    expect(rows.map((row) => `${row.worker} ${row.link} ${row.lu}`)).toEqual([
      '0 A LU00',
      '0 A LU01',
      '1 B LU10',
      '1 B LU11',
    ]);
    const blocks: string[] = [];
    const end = link.trace((worker, block) => blocks.push(`${worker}:${Buffer.from(block).toString('hex')}`), {
      dlsw: true,
    });
    await end();
    expect(blocks.sort()).toEqual(['0:0000', '0:0101', '1:0000', '1:0101']);
  });

  it('stops: waiting calls end, calls under way may finish, later ones are turned away', async () => {
    const link = await start({ links: ['ONE'], sessions: 1 });
    const under = link.call('SVC0', bytes('this one is under way'));
    const waiting = link.call('SVC0', bytes('this one waits'));
    const stopped = link.stop({ graceMs: 500 });
    await expect(waiting).rejects.toMatchObject({ code: 'RUNTIME_STOPPED', details: { sent: 'no' } });
    await expect(under).resolves.toHaveLength(21);
    await stopped;
    await expect(link.call('SVC0', bytes('x'))).rejects.toMatchObject({ code: 'RUNTIME_STOPPED' });
    await expect(link.ready()).rejects.toMatchObject({ code: 'RUNTIME_STOPPED' });
    expect(link.stats().server.state).toBe('STOPPED');
    expect(link.stop()).toBe(link.stop());
  });

  it('reports progress while sessions come up, and says how many did not', async () => {
    runtime = await HostLink.start(fakeConfig({ links: ['A', 'DEAF'], sessions: 3 }), {
      workerFile: FAKE_WORKER,
      log: createSilentLog(),
    });
    const seen: string[] = [];
    const onProgress = (progress: { sessions: number; total: number }): void => {
      seen.push(`${progress.sessions}/${progress.total}`);
    };
    await expect(runtime.ready({ sessions: 3, onProgress })).resolves.toEqual({ sessions: 3, total: 6 });
    expect(seen.at(-1)).toBe('3/6');
    await expect(runtime.ready({ timeoutMs: 20 })).rejects.toMatchObject({
      code: 'SESSION_WAIT_TIMEOUT',
      details: { sessions: 3, total: 6 },
    });
    const stats = runtime.stats();
    expect(stats.links[1]).toMatchObject({
      name: 'DEAF',
      worker: 1,
      state: 'DOWN',
      reason: 'nobody there',
      up: 0,
      total: 3,
    });
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
  });

  it('hands events on', async () => {
    const events: RuntimeEvent[] = [];
    const link = await start({ links: ['ONE'] });
    link.on('event', (event) => events.push(event));
    await expect.poll(() => events.shift()?.name).toBe('worker.started');
    await expect(link.call('SVC0', bytes('exit'))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    const told = ['worker.lost', 'worker.started', 'worker.restarted'];
    await expect.poll(() => events.map((event) => event.name)).toEqual(told);
    expect(events[0]).toMatchObject({ workerId: 0, link: 'ONE', details: { reason: 'worker exited with code: 7' } });
    expect(events[2]).toMatchObject({ workerId: 0, details: { restarts: 1, downMs: expect.any(Number) } });
  });

  it('says why it did not start', async () => {
    const config = fakeConfig({ links: ['THROW'], server: { maxrstart: 0 } });
    const failed = HostLink.start(config, { workerFile: FAKE_WORKER, log: createSilentLog() });
    await expect(failed).rejects.toMatchObject({
      code: 'WORKER_START_FAILED',
      details: { reason: 'told to throw at start' },
    });
    await expect(
      HostLink.start(config, { workerFile: '/nonexistent/worker.js', log: createSilentLog() }),
    ).rejects.toMatchObject({ code: 'WORKER_START_FAILED' });
  });
});
