import { afterEach, describe, expect, it } from 'vitest';
import type { HostLinkError } from '../../../src/base/errors.js';
import { createSilentLog } from '../../../src/base/log.js';
import { HostLink } from '../../../src/gateway/host-link.js';
import type { RuntimeEvent } from '../../../src/supervisor/options.js';
import { FAKE_WORKER, type FakeConfig, fakeConfig } from '../../helpers/fake-config.js';

let runtime: HostLink | undefined;
let events: RuntimeEvent[] = [];

/** Real threads, run by piscina, that misbehave on command. */
async function start(over: FakeConfig, sessions: number): Promise<HostLink> {
  events = [];
  runtime = await HostLink.start(fakeConfig(over), { workerFile: FAKE_WORKER, log: createSilentLog() });
  runtime.on('event', (event) => events.push(event));
  await runtime.ready({ sessions, timeoutMs: 10_000 });
  return runtime;
}

afterEach(async () => {
  await runtime?.stop({ graceMs: 100 });
  runtime = undefined;
});

async function codeOf(call: Promise<Uint8Array>): Promise<string> {
  return call.then(
    () => 'reply',
    (error: HostLinkError) => error.code,
  );
}

const send = (link: HostLink, text: string, timeoutMs = 10_000): Promise<string> =>
  codeOf(link.call('SVC0', Buffer.from(text), { timeoutMs }));

describe('worker threads', () => {
  it.each([
    ['throw', 'told to throw'],
    ['exit', 'worker exited with code: 7'],
    ['bye', 'LINK_LOST: bye'],
    ['garbage', 'its answers could not be read'],
    ['loop', 'hung: no sign of life'],
  ])('one that does "%s" is lost once, and comes back', async (command, reason) => {
    const link = await start({ links: ['ONE'], server: { pingIntervalMs: 100, pingTimeoutMs: 400 } }, 4);
    const codes = await Promise.all([send(link, 'hold'), send(link, 'hold'), send(link, command), send(link, 'hold')]);
    expect(codes).toEqual(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN']);
    await expect(send(link, 'after its return')).resolves.toBe('reply');
    const lost = events.filter((event) => event.name === 'worker.lost');
    expect(lost.map((event) => event.details.reason)).toEqual([expect.stringContaining(reason)]);
    expect(link.stats().workers[0]).toMatchObject({ state: 'READY', restarts: 1, reserved: 0 });
    expect(link.stats().dispatch.stray).toBe(0);
  });

  it('one that answers calls but no pings is alive, until it says nothing at all', async () => {
    const link = await start({ links: ['ONE'], server: { pingIntervalMs: 50, pingTimeoutMs: 300 } }, 4);
    const muted = send(link, 'mute');
    const until = performance.now() + 900;
    while (performance.now() < until) await expect(send(link, 'keeps it alive')).resolves.toBe('reply');
    expect(events.map((event) => event.name)).not.toContain('worker.lost');
    await expect(muted).resolves.toBe('OUTCOME_UNKNOWN');
    const lost = (): RuntimeEvent | undefined => events.find((event) => event.name === 'worker.lost');
    await expect.poll(() => lost()?.details.reason).toBe('hung: no sign of life');
  });

  it('calls that wait go on with the workers that are left', async () => {
    const link = await start({ links: ['A', 'B'], sessions: 1 }, 2);
    const codes = await Promise.all(
      ['throw', 'first of two', 'waits here', 'waits here, too'].map((text) => send(link, text)),
    );
    expect(codes).toEqual(['OUTCOME_UNKNOWN', 'reply', 'reply', 'reply']);
  });

  it('a refused call is forwarded, then waits; a worker that refuses is left alone for a while', async () => {
    const link = await start({ links: ['A', 'B'], sessions: 2, server: { pingIntervalMs: 60_000 } }, 4);
    // On a slow machine the deadline may strike while a worker is being asked.
    await expect(send(link, 'refuse', 340)).resolves.toMatch(/^(SESSION_WAIT|CALL)_TIMEOUT$/);
    const { refused, forwarded, queued, waiting } = link.stats().dispatch;
    expect([refused - forwarded - queued, waiting]).toEqual([0, 0]);
    expect(forwarded).toBeGreaterThan(0);
    expect(queued).toBeGreaterThan(0);
    // Two workers, asked every 50 ms for 340 ms at most; the deadline lies between two times of asking.
    expect(refused).toBeLessThanOrEqual(14);
    await expect.poll(() => link.stats().workers.map((worker) => worker.reserved)).toEqual([0, 0]);
  });

  it('a call that was certainly not sent is tried elsewhere; one of unknown outcome only where that is allowed', async () => {
    const services = [{}, { idempotent: true }];
    const link = await start({ links: ['A', 'B'], sessions: 2, services }, 4);
    await expect(send(link, 'lost', 340)).resolves.toMatch(/^(SESSION_WAIT|CALL)_TIMEOUT$/);
    await expect(send(link, 'unknown')).resolves.toBe('OUTCOME_UNKNOWN');
    expect(link.stats().dispatch.retried).toBe(0);
    await expect(codeOf(link.call('SVC1', Buffer.from('unknown')))).resolves.toBe('OUTCOME_UNKNOWN');
    expect(link.stats().dispatch.retried).toBe(1);
  });

  it('one that always fails goes DOWN after MAXRSTART; the others carry on', async () => {
    const link = await start({ links: ['GOOD', 'THROW'], server: { maxrstart: 1 } }, 4);
    await expect.poll(() => link.stats().workers[1]!.state, { timeout: 5000 }).toBe('DOWN');
    expect(link.stats().workers[1]).toMatchObject({ restarts: 1, reason: 'told to throw at start' });
    await expect(send(link, 'is answered')).resolves.toBe('reply');
    await expect(link.ready()).resolves.toEqual({ sessions: 4, total: 4 });
  });

  it.each([
    ['EXIT', 'worker exited with code: 3'],
    ['RETURN', 'its task ended: stopped'],
  ])('one that ends at its start (%s) is lost, too', async (name, reason) => {
    const link = await start({ links: ['GOOD', name], server: { maxrstart: 0 } }, 4);
    await expect.poll(() => link.stats().workers[1]).toMatchObject({ state: 'DOWN', reason });
  });

  it('all DOWN: calls that wait and calls to come end with SERVICE_UNAVAILABLE', async () => {
    const link = await start({ links: ['ONE'], sessions: 1, server: { maxrstart: 0 } }, 1);
    const codes = await Promise.all([send(link, 'throw'), send(link, 'waits')]);
    expect(codes).toEqual(['OUTCOME_UNKNOWN', 'SERVICE_UNAVAILABLE']);
    await expect(send(link, 'later')).resolves.toBe('SERVICE_UNAVAILABLE');
    await expect(link.ready({ sessions: 1 })).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('one that does not stop in time is ended the hard way, one in an endless loop too', async () => {
    const link = await start({ links: ['STUBBORN', 'B'], sessions: 1 }, 2);
    const calls = [send(link, 'hold'), send(link, 'loop')];
    await link.sessions().catch(() => {});
    await link.stop({ graceMs: 50 });
    expect(await Promise.all(calls)).toEqual(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN']);
    expect(link.stats().workers.map((worker) => worker.state)).toEqual(['IDLE', 'IDLE']);
  });

  it('more are started when calls wait, up to MAX', async () => {
    const link = await start({ links: ['A', 'B', 'C'], sessions: 1, server: { min: 1, max: 2, asqcount: 1 } }, 1);
    const held = Array.from({ length: 4 }, () => send(link, 'hold', 2000));
    await expect.poll(() => link.stats().workers.map((worker) => worker.state)).toEqual(['READY', 'READY']);
    expect(link.stats().links.map((one) => one.worker)).toEqual([0, 1, null]);
    await Promise.all(held);
  });
});
