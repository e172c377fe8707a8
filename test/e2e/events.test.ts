import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ScriptStepInput } from '../../src/host/script-steps.js';
import type { HostLink, HostLinkEvent } from '../../src/index.js';
import { dist, distHost } from '../helpers/dist.js';
import { hostDefinitions, smallRuntime } from '../helpers/runtime.js';

const SECRET = 'd7c1e2e2e6d6d9c4';
/** LU 2 of the only application: a request whose sequence number comes far too early. */
const WRONG_NUMBER = '2c0002010063039040';
const toClean: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of toClean.splice(0).reverse()) await clean();
});

type LogLine = Record<string, unknown> & { readonly msg: string };

interface Scene {
  readonly hostlink: HostLink;
  readonly events: HostLinkEvent[];
  readonly linesOf: (msg: string) => LogLine[];
}

/** A runtime with one LU, a log at level debug, and a host that plays the steps. */
async function start(steps: readonly ScriptStepInput[], payload = false): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'hostlink-events-'));
  toClean.push(() => rmSync(folder, { recursive: true }));
  const play = { name: 'PLAY', program: 'SCRIPT' as const, steps: [...steps] };
  const host = await distHost.EmbeddedHost.start(hostDefinitions({ applications: [play] }));
  toClean.push(() => host.stop());
  const file = join(folder, 'log');
  const input = smallRuntime({ port: host.port, application: 'PLAY', addresses: '2' });
  const events: HostLinkEvent[] = [];
  const hostlink = await dist.HostLink.start(
    { ...input, log: { level: 'debug', payload, file } },
    { prepare: (starting) => starting.on('event', (event) => events.push(event)) },
  );
  toClean.push(() => hostlink.stop({ graceMs: 300 }));
  await hostlink.ready({ sessions: 'all', timeoutMs: 20_000 });
  const lines = (): LogLine[] => {
    const text = readFileSync(file, 'utf8').trim();
    return text.split('\n').map((line) => JSON.parse(line) as LogLine);
  };
  return { hostlink, events, linesOf: (msg) => lines().filter((line) => line.msg === msg) };
}

async function eventOf({ events }: Scene, name: string): Promise<HostLinkEvent> {
  return vi.waitUntil(() => events.find((event) => event.name === name), { timeout: 20_000 });
}

const call = (scene: Scene, timeoutMs = 20_000): Promise<string> =>
  scene.hostlink.call('PLAY', Buffer.from(SECRET, 'hex'), { timeoutMs }).then(
    (reply) => Buffer.from(reply).toString('hex'),
    (error: { code: string }) => error.code,
  );

describe('a protocol error of the host', () => {
  const steps: ScriptStepInput[] = [
    { expect: {} },
    { raw: `${WRONG_NUMBER}${SECRET}` },
    { send: { data: 'c1', cd: true } },
  ];

  it('is an event and a dump in the log, with the PIUs before it in words, without payload', async () => {
    const scene = await start(steps);
    void call(scene);
    const { details, link } = await eventOf(scene, 'protocol.error');
    expect(link).toBe('LINK1');
    expect(details).toMatchObject({ pu: 'PU1A', lu: 'LA1002', kind: 'session', sense: '20010000', suppressed: 0 });
    const pius = details.pius as string[];
    const at = pius.findIndex((line) => line.includes(`from host [${WRONG_NUMBER}]`));
    expect(pius[at]).toMatch(/01>02 0063 RQ only RQE1 .*8 bytes$/);
    expect(pius[at - 1], 'what the host should have answered').toMatch(/to host .* 02>01 0001 RQ only .*8 bytes$/);
    const before = pius.slice(0, at).map((line) => /INIT_SELF|BIND|SDT/.exec(line)?.[0]);
    expect(before).toEqual(expect.arrayContaining(['INIT_SELF', 'BIND', 'SDT']));
    for (const line of pius) expect(line, 'of this LU').toMatch(/ (02>0[01]|0[01]>02) /);
    const [dump] = scene.linesOf('piu.dump');
    expect(dump).toMatchObject({ level: 40, link: 'LINK1', pu: 'PU1A', lu: 'LA1002', pius, suppressed: 0 });
    expect(JSON.stringify([details, dump])).not.toContain(SECRET);
  });

  it('shows payload where the configuration asks for it', async () => {
    const scene = await start(steps, true);
    void call(scene);
    const { details } = await eventOf(scene, 'protocol.error');
    expect((details.pius as string[]).filter((line) => line.endsWith(SECRET))).not.toEqual([]);
  });
});

describe('a reply that comes too late', () => {
  it('is counted, told with how late it is, and given to nobody', async () => {
    const steps: ScriptStepInput[] = [
      { expect: {} },
      { waitMs: 300 },
      { send: { data: 'c1', cd: true } },
      { expect: {} },
      { send: { data: 'c2', cd: true } },
    ];
    const scene = await start(steps);
    expect(await call(scene, 50)).toBe('CALL_TIMEOUT');
    const next = call(scene);
    const { details } = await eventOf(scene, 'reply.late');
    expect(details).toMatchObject({ pu: 'PU1A', lu: 'LA1002', suppressed: 0, lateMs: expect.any(Number) });
    expect(details.lateMs).toBeGreaterThan(0);
    expect(scene.linesOf('reply.late')).toMatchObject([{ link: 'LINK1', lu: 'LA1002', lateMs: details.lateMs }]);
    expect(await next).toBe('c2');
  });
});

describe('every event', () => {
  it('has a line of its name in the log, with its details', async () => {
    const scene = await start([{ expect: {} }, { unbind: { type: 1 } }]);
    const { hostlink, events } = scene;
    await call(scene);
    await eventOf(scene, 'session.down');
    await hostlink.operations.deactivate('link', 'LINK1');
    await eventOf(scene, 'session.held');
    await hostlink.operations.activate('link', 'LINK1');
    await hostlink.ready({ sessions: 'all', timeoutMs: 20_000 });
    const session = await hostlink.open({ service: 'PLAY', idleTimeoutMs: 20 });
    await eventOf(scene, 'session.idle');
    expect(session.isOpen).toBe(false);
    await hostlink.operations.drain('LINK1');
    await eventOf(scene, 'worker.stopped');
    const names = [...new Set(events.map(({ name }) => name))];
    expect(names).toEqual(
      expect.arrayContaining([
        ...['worker.started', 'link.connecting', 'link.connected', 'link.active', 'circuit.up', 'pu.active'],
        ...['session.active', 'session.down', 'session.held', 'session.idle', 'operator.drain', 'worker.draining'],
      ]),
    );
    for (const name of names) {
      const told = events.filter((event) => event.name === name);
      const lines = scene.linesOf(name);
      expect(lines, name).toHaveLength(told.length);
      for (const [at, { details }] of told.entries()) {
        expect(lines[at], name).toMatchObject(JSON.parse(JSON.stringify(details)));
      }
    }
  });
});
