import { afterEach, describe, expect, it, vi } from 'vitest';
import { splitSsp } from '../../src/dlsw/framing.js';
import { SSP } from '../../src/dlsw/ssp.js';
import type { EmbeddedHost } from '../../src/host/embedded-host.js';
import type { HostLink, HostLinkError, HostLinkEvent } from '../../src/index.js';
import { piuWords } from '../../src/sna/piu-words.js';
import { readTrace, TRACE_KIND } from '../../src/trace/records.js';
import { dist, distHost } from '../helpers/dist.js';
import { hostDefinitions, smallRuntime } from '../helpers/runtime.js';

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

interface Scene {
  readonly host: EmbeddedHost;
  readonly hostlink: HostLink;
  readonly events: HostLinkEvent[];
}

/** Two sessions with an application that thinks for as long as a request says: four EBCDIC digits, ms. */
async function start(server: Record<string, unknown> = {}): Promise<Scene> {
  const host = await distHost.EmbeddedHost.start(hostDefinitions());
  running.push(host);
  const hostlink = await dist.HostLink.start(
    smallRuntime({ port: host.port, application: 'SLOW', addresses: '2-3', server }),
  );
  running.push({ stop: () => hostlink.stop({ mode: 'now' }) });
  const events: HostLinkEvent[] = [];
  hostlink.on('event', (event) => events.push(event));
  await hostlink.ready({ sessions: 'all', timeoutMs: 20_000 });
  return { host, hostlink, events };
}

function thinking(ms: number): Uint8Array {
  return Buffer.from(String(ms).padStart(4, '0'), 'latin1').map((digit) => 0xf0 | (digit & 0x0f));
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'reply',
    (error: HostLinkError) => error.code,
  );
}

/** Calls of which two are at the host and the others wait. */
async function callMany({ host, hostlink }: Scene, count: number, ms: number): Promise<Promise<string>[]> {
  const calls = Array.from({ length: count }, () => codeOf(hostlink.call('SLOW', thinking(ms))));
  await vi.waitUntil(() => requestsOf(host) === 2, { timeout: 10_000 });
  expect(hostlink.stats().dispatch.waiting).toBe(count - 2);
  return calls;
}

function requestsOf(host: EmbeddedHost): number {
  return host.report().applications.find(({ name }) => name === 'SLOW')!.requests;
}

function stoppedBy(events: readonly HostLinkEvent[]): unknown {
  return events.find(({ name }) => name === 'runtime.stopped')?.details.mode;
}

describe('stop', () => {
  it('drain: calls at the host and calls that wait finish, new ones are turned away', async () => {
    const scene = await start();
    const { host, hostlink, events } = scene;
    const calls = await callMany(scene, 6, 400);
    const stopped = hostlink.stop({ mode: 'drain' });
    expect(hostlink.stats().server).toMatchObject({ state: 'DRAINING', left: { calls: 6, held: 0 } });
    expect(await codeOf(hostlink.call('SLOW', thinking(1)))).toBe('RUNTIME_STOPPED');
    expect(await codeOf(hostlink.open({ service: 'SLOW' }))).toBe('RUNTIME_STOPPED');
    expect(await codeOf(hostlink.ready())).toBe('RUNTIME_STOPPED');
    expect(await Promise.all(calls)).toEqual(['reply', 'reply', 'reply', 'reply', 'reply', 'reply']);
    await stopped;
    expect(hostlink.stats().server).toMatchObject({ state: 'STOPPED', left: { calls: 0, held: 0 } });
    await vi.waitUntil(() => stoppedBy(events) !== undefined);
    expect(stoppedBy(events)).toBe('drain');
    expect(requestsOf(host)).toBe(6);
    expect(host.report().protocolErrors.list).toEqual([]);
  });

  it('drain: a held session is waited for, and what its program does on it goes on', async () => {
    const { host, hostlink, events } = await start();
    const session = await hostlink.open({ service: 'SLOW' });
    const stopped = hostlink.stop({ mode: 'drain' });
    expect(hostlink.stats().server.left).toEqual({ calls: 0, held: 1 });
    for (let round = 0; round < 3; round += 1) expect(await codeOf(session.call(thinking(1)))).toBe('reply');
    expect(hostlink.stats().server.state).toBe('DRAINING');
    await session.close();
    await stopped;
    await vi.waitUntil(() => stoppedBy(events) === 'drain');
    expect(host.report().protocolErrors.list).toEqual([]);
  });

  it('drain: what takes longer than the grace is stopped fast', async () => {
    const { hostlink, events } = await start();
    const session = await hostlink.open({ service: 'SLOW' });
    await hostlink.stop({ mode: 'drain', graceMs: 50 });
    expect(session.error?.code).toBe('SESSION_CLOSED');
    await vi.waitUntil(() => stoppedBy(events) !== undefined);
    expect(['fast', 'now'], 'now on a slow machine').toContain(stoppedBy(events));
  });

  it('fast: calls at the host finish, those that wait end', async () => {
    const scene = await start();
    const { host, hostlink, events } = scene;
    const calls = await callMany(scene, 5, 600);
    const stopped = hostlink.stop({ mode: 'fast' });
    expect(hostlink.stats().server.state).toBe('STOPPING');
    const codes = (await Promise.all(calls)).sort();
    expect(codes).toEqual(['RUNTIME_STOPPED', 'RUNTIME_STOPPED', 'RUNTIME_STOPPED', 'reply', 'reply']);
    await stopped;
    await vi.waitUntil(() => stoppedBy(events) === 'fast');
    expect(requestsOf(host)).toBe(2);
    expect(host.report().protocolErrors.list).toEqual([]);
  });

  it('now: nothing is waited for', async () => {
    const scene = await start();
    const { host, hostlink } = scene;
    const calls = await callMany(scene, 4, 9000);
    await hostlink.stop({ mode: 'now' });
    const codes = (await Promise.all(calls)).sort();
    expect(codes).toEqual(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN', 'RUNTIME_STOPPED', 'RUNTIME_STOPPED']);
    expect(host.report().protocolErrors.list).toEqual([]);
  });

  it('drain, then fast, then now: each hastens the one before', async () => {
    const scene = await start({ stopMode: 'drain', stopGrace: '1h' });
    const { hostlink, events } = scene;
    const calls = await callMany(scene, 3, 9000);
    const stopped = hostlink.stop();
    expect(hostlink.stats().server.state).toBe('DRAINING');
    void hostlink.stop({ mode: 'fast' });
    expect(await calls[2]).toBe('RUNTIME_STOPPED');
    expect(hostlink.stats().server).toMatchObject({ state: 'STOPPING', left: { calls: 2, held: 0 } });
    void hostlink.stop({ mode: 'now' });
    expect(await Promise.all(calls)).toEqual(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN', 'RUNTIME_STOPPED']);
    await stopped;
    await vi.waitUntil(() => stoppedBy(events) === 'now');
  });
});

/** Where the type of an SSP message stands, and how long the header of an INFOFRAME is. @source RFC 1795 section 3.1 */
const SSP_TYPE = 14;
const INFO_HEADER = 16;

/** What goes out on the wire from here on, in words: messages of DLSw, and PIUs as `LU: request`. */
function watchWire(hostlink: HostLink): string[] {
  const seen: string[] = [];
  hostlink.trace(
    (_, block) =>
      void readTrace(block, (_wallMs, kind, toHost, _pu, bytes, from, to) => {
        if (kind !== TRACE_KIND.dlsw || !toHost) return;
        for (const message of splitSsp(Buffer.from(bytes.subarray(from, to)))) seen.push(...messageWords(message));
      }),
    { dlsw: true },
  );
  return seen;
}

function messageWords(message: Buffer): string[] {
  const type = message[SSP_TYPE];
  if (type !== SSP.INFOFRAME) return type === SSP.HALT_DL ? ['HALT_DL'] : [];
  const piu = message.subarray(INFO_HEADER);
  const { rh, ru } = piuWords(piu);
  return [`${piu[3]}: ${rh.startsWith('+RSP') ? '+' : ''}${ru}`];
}

describe('what a stop says on the wire', () => {
  it.each([
    ['LU0FAST', 'RSHUTD'],
    ['LU0FM4', 'RSHUTD'],
    ['LU0FM7', 'RSHUTD'],
    ['LU0FM18', 'TERM_SELF'],
    ['LU0FDX', 'TERM_SELF'],
  ])(
    '%s: each LU asks for its end with %s, answers UNBIND, says that it is off; then HALT_DL',
    async (logMode, end) => {
      const host = await distHost.EmbeddedHost.start(hostDefinitions());
      running.push(host);
      const hostlink = await dist.HostLink.start(smallRuntime({ port: host.port, logMode, addresses: '2-4' }));
      running.push({ stop: () => hostlink.stop({ mode: 'now' }) });
      await hostlink.ready({ sessions: 'all', timeoutMs: 20_000 });
      await hostlink.call('ECHO', thinking(1));
      const wire = watchWire(hostlink);
      await hostlink.stop({ mode: 'fast' });
      for (const lu of [2, 3, 4]) {
        expect(wire.filter((words) => words.startsWith(`${lu}: `))).toEqual([
          `${lu}: ${end}`,
          `${lu}: +UNBIND`,
          `${lu}: NOTIFY`,
        ]);
      }
      expect(wire).toHaveLength(10);
      expect(wire.at(-1)).toBe('HALT_DL');
      expect(host.report().protocolErrors.list).toEqual([]);
      expect(host.report().sessions).toEqual({ active: 0, pending: 0, queued: 0 });
    },
  );

  it('now: UNBIND per session and HALT_DL, in one write', async () => {
    const scene = await start();
    const { host, hostlink } = scene;
    const calls = await callMany(scene, 2, 9000);
    const wire = watchWire(hostlink);
    await hostlink.stop({ mode: 'now' });
    expect(wire).toEqual(['2: UNBIND', '3: UNBIND', 'HALT_DL']);
    expect(await Promise.all(calls)).toEqual(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN']);
    expect(host.report().protocolErrors.list).toEqual([]);
  });
});
