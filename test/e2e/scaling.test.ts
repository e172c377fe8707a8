import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { HostReport } from '../../src/host/report.js';
import type { HostLink, HostLinkEvent, HostLinkInput } from '../../src/index.js';
import { dist } from '../helpers/dist.js';
import { hostDefinitions } from '../helpers/runtime.js';

const PUS = ['A', 'B'] as const;
const WAIT = { timeout: 30_000, interval: 10 };

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

/** The embedded host in a thread of its own. */
class HostThread {
  readonly port: number;
  private readonly thread: Worker;
  private stopped: Promise<HostReport> | undefined;

  private constructor(thread: Worker, port: number) {
    this.thread = thread;
    this.port = port;
  }

  /** @param lus address range of each of the two PUs of each link */
  static async start(links: number, lus: string): Promise<HostThread> {
    const pus = numbers(links).flatMap((link) => PUS.map((pu) => puOfHost(link, pu, lus)));
    const workerData = hostDefinitions({ pus });
    const thread = new Worker(new URL('../helpers/host-thread.mjs', import.meta.url), { workerData });
    const [{ port }] = (await once(thread, 'message')) as [{ port: number }];
    const host = new HostThread(thread, port);
    running.push(host);
    return host;
  }

  /** Take sessions away. This thread stands still until the runtime's workers have confirmed it: it hears of it later. */
  unbindUnheard(lus: readonly string[]): void {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    this.thread.postMessage({ kind: 'unbind', lus, flag });
    expect(Atomics.wait(flag, 0, 0, 20_000)).not.toBe('timed-out');
  }

  /** Stop it. @returns what it has seen */
  stop(): Promise<HostReport> {
    this.stopped ??= once(this.thread, 'message').then(([{ report }]) => report as HostReport);
    this.thread.postMessage({ kind: 'stop' });
    return this.stopped;
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

function puOfHost(link: number, pu: string, addresses: string) {
  const lus = [{ addresses, name: `L${link}${pu}{address:03}`, logMode: 'LU0FAST' }];
  return { name: `PU${link}${pu}`, idBlk: '017', idNum: `000${link}${pu}`, piuSizeMax: 4105, lus };
}

function puOfLink(link: number, pu: string, addresses: string) {
  const lus = [{ addresses, name: `L${link}${pu}{address:03}`, application: 'SLOW', logMode: 'LU0FAST' }];
  const mac = { localMac: `4000.0000.0${link}0${pu}`, remoteMac: '4000.3745.0001' };
  return { name: `PU${link}${pu}`, idBlk: '017', idNum: `000${link}${pu}`, ...mac, lus };
}

async function startRuntime(port: number, links: number, lus: string, server: object): Promise<HostLink> {
  const input = {
    server: { name: 'SCALE', min: links, ...server },
    log: { level: 'silent' },
    links: numbers(links).map((link) => ({
      name: `LINK${link}`,
      peer: { address: '127.0.0.1', port },
      dlsw: { connections: 1 },
      sna: { piuSizeMax: 4105 },
      // Sessions taken away stay away long enough to be missed.
      timers: { connectRetry: 50, connectRetryMax: 200, sessionRetry: 2000, sessionRetryMax: 2000 },
      pus: PUS.map((pu) => puOfLink(link, pu, lus)),
    })),
    services: [{ name: 'SLOW', application: 'SLOW', timeout: '30s' }],
  } as HostLinkInput;
  const hostlink = await dist.HostLink.start(input);
  running.push({ stop: () => hostlink.stop() });
  await hostlink.ready({ sessions: 'all', timeoutMs: 20_000 });
  return hostlink;
}

/** One call that the host thinks about for `thinkMs`; its reply is its own, or this throws. */
async function slow(hostlink: HostLink, thinkMs: number, mark: number): Promise<void> {
  const text = `${String(thinkMs).padStart(4, '0')} ${mark}`;
  const reply = await hostlink.callText('SLOW', text);
  if (reply !== text) throw new Error(`${text}: ${reply}`);
}

function states(hostlink: HostLink): string[] {
  return hostlink.stats().workers.map((worker) => worker.state);
}

/** Calls all the time, from so many callers, until told to stop. @returns stops, and tells how many calls there were */
function load(hostlink: HostLink, callers: number): () => Promise<number> {
  let isOn = true;
  let calls = 0;
  const caller = async (): Promise<void> => {
    while (isOn) {
      calls += 1;
      await slow(hostlink, 30, calls);
    }
  };
  const all = Promise.all(Array.from({ length: callers }, caller));
  return async () => {
    isOn = false;
    await all;
    return calls;
  };
}

async function stopClean(hostlink: HostLink, host: HostThread): Promise<HostReport> {
  await hostlink.stop();
  const report = await host.stop();
  expect(report.protocolErrors.list.slice(0, 3)).toEqual([]);
  return report;
}

describe('MIN 1, MAX 4', () => {
  it('grows to 4 under load, forwards what one cannot take, and goes back to 1; no call fails', async () => {
    const host = await HostThread.start(4, '2-5');
    const scale = { min: 1, max: 4, asqcount: 4, idleTimeout: '1s', pingInterval: '100ms' };
    const hostlink = await startRuntime(host.port, 4, '2-5', scale);
    const events: HostLinkEvent[] = [];
    hostlink.on('event', (event) => events.push(event));
    expect(states(hostlink)).toEqual(['READY', 'IDLE', 'IDLE', 'IDLE']);

    const stopLoad = load(hostlink, 40);
    await vi.waitUntil(() => hostlink.stats().sessions.sessions === 32, WAIT);
    const calls = await stopLoad();
    const grown = hostlink.stats();
    expect(grown.scaling).toEqual({ grown: 3, shrunk: 0 });
    expect(grown.dispatch.queued).toBeGreaterThan(4);
    expect(grown.services[0]).toMatchObject({ count: calls, fail: 0, waiting: 0 });

    // The host takes all sessions of a worker; the dispatcher, which has not heard of it, promises four of them.
    const victim = grown.workers[1]!.link.slice(-1);
    host.unbindUnheard(PUS.flatMap((pu) => [2, 3, 4, 5].map((address) => `L${victim}${pu}00${address}`)));
    const before = grown.dispatch;
    const sixteen = Promise.all(numbers(16).map((mark) => slow(hostlink, 10, mark)));
    expect(hostlink.stats().workers.map((worker) => worker.reserved)).toEqual([4, 4, 4, 4]);
    await sixteen;
    const { refused, forwarded } = hostlink.stats().dispatch;
    expect([refused - before.refused, forwarded - before.forwarded]).toEqual([4, 4]);

    // Calls come while workers drain, too.
    const meanwhile: Promise<void>[] = [];
    hostlink.on('event', (event) => {
      if (event.name === 'worker.draining') for (const mark of numbers(8)) meanwhile.push(slow(hostlink, 20, mark));
    });
    await vi.waitUntil(() => states(hostlink).filter((state) => state === 'IDLE').length === 3, WAIT);
    await Promise.all(meanwhile);
    const shrunk = hostlink.stats();
    expect(shrunk.scaling).toEqual({ grown: 3, shrunk: 3 });
    expect(shrunk.links.filter((link) => link.worker === null)).toHaveLength(3);
    expect(shrunk.sessions).toMatchObject({ sessions: 8, total: 8 });
    expect(shrunk.services[0]).toMatchObject({ count: calls + 16 + 24, fail: 0 });
    const stopped = events.filter((event) => event.name === 'worker.stopped');
    expect(stopped.map((event) => event.details)).toEqual(
      stopped.map(() => ({ reason: 'its task ended: stopped', drainMs: expect.any(Number), restarts: 0 })),
    );
    expect(new Set(stopped.map((event) => event.link)).size).toBe(3);
    await stopClean(hostlink, host);
  });
});

describe('more calls at once than one worker has sessions', () => {
  it('257 and 513 on 2 workers of 256 sessions: all served, the 513th after a wait', async () => {
    const host = await HostThread.start(2, '2-129');
    const hostlink = await startRuntime(host.port, 2, '2-129', {});
    const at = (calls: number): Promise<unknown> =>
      Promise.all(numbers(calls).map((mark) => slow(hostlink, 500, mark)));
    const reserved = (): number => hostlink.stats().workers.reduce((sum, worker) => sum + worker.reserved, 0);
    const few = at(257);
    expect([reserved(), hostlink.stats().dispatch.waiting]).toEqual([257, 0]);
    await few;
    expect(hostlink.stats().dispatch.queued).toBe(0);
    const many = at(513);
    expect([reserved(), hostlink.stats().dispatch.waiting]).toEqual([512, 1]);
    await many;
    expect(hostlink.stats().dispatch).toMatchObject({ queued: 1, refused: 0, forwarded: 0, waiting: 0 });
    expect(hostlink.stats().services[0]).toMatchObject({ count: 770, fail: 0 });
    const { ledger } = await stopClean(hostlink, host);
    // Each of the 512 LUs has had its share.
    expect(ledger.filter((row) => row.requests > 0)).toHaveLength(512);
  });
});
