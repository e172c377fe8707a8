import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EmbeddedHost } from '../../src/host/embedded-host.js';
import type { HostLink, SessionInfo } from '../../src/index.js';
import { dist, distHost } from '../helpers/dist.js';
import { hostDefinitions, smallRuntime } from '../helpers/runtime.js';

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

interface ApplicationOptions {
  readonly sessionMax?: number;
  readonly accepts?: 'yes' | 'queue';
  readonly binds?: 'atOnce' | 'whenTold';
}

type Definitions = ReturnType<typeof hostDefinitions>;

/** A host whose ECHO is as the test wants it. */
async function startHost(echo: ApplicationOptions, more: Partial<Definitions> = {}): Promise<EmbeddedHost> {
  const applications: Definitions['applications'] = [{ name: 'ECHO', program: 'ECHO', ...echo }];
  const host = await distHost.EmbeddedHost.start(hostDefinitions({ applications, ...more }));
  running.push(host);
  return host;
}

interface RuntimeOptions {
  readonly lu?: object;
  readonly timers?: object;
  readonly sna?: object;
  readonly logMode?: string;
}

/** Four LUs towards ECHO. */
async function startRuntime(host: EmbeddedHost, options: RuntimeOptions = {}): Promise<HostLink> {
  const { lu = {}, timers = {}, sna = {}, logMode = 'LU0FAST' } = options;
  const input = smallRuntime({ port: host.port, logMode });
  const links = (input.links as Record<string, unknown>[]).map((link) => ({
    ...link,
    sna: { ...(link.sna as object), ...sna },
    timers: { ...(link.timers as object), ...timers },
    pus: (link.pus as { lus: object[] }[]).map((pu) => ({ ...pu, lus: pu.lus.map((one) => ({ ...one, ...lu })) })),
  }));
  const hostlink = await dist.HostLink.start({ ...input, links } as typeof input);
  running.push({ stop: () => hostlink.stop({ graceMs: 500 }) });
  return hostlink;
}

/** LUs by state, in the order of their addresses. */
async function states(hostlink: HostLink): Promise<string> {
  return (await hostlink.sessions()).map(({ state }) => state).join(' ');
}

async function becomes(hostlink: HostLink, wanted: string): Promise<void> {
  await vi.waitFor(async () => expect(await states(hostlink)).toBe(wanted), { timeout: 5000, interval: 20 });
}

async function sessionWith(hostlink: HostLink, reason: string, state?: string): Promise<SessionInfo> {
  return vi.waitFor(
    async () => {
      const sessions = await hostlink.sessions();
      const found = sessions.find(
        (session) => session.reason.includes(reason) && (state === undefined || session.state === state),
      );
      if (found === undefined) throw new Error(sessions.map((session) => session.reason).join('; '));
      return found;
    },
    { timeout: 5000, interval: 20 },
  );
}

async function echoes(hostlink: HostLink, sizes: readonly number[] = [1, 100, 3000]): Promise<void> {
  for (const size of sizes) {
    const sent = Buffer.alloc(size, size & 0xff);
    const replies = await Promise.all([1, 2, 3, 4].map(() => hostlink.call('ECHO', sent, { timeoutMs: 10_000 })));
    expect(replies.map((reply) => sent.equals(reply))).toEqual([true, true, true, true]);
  }
}

function expectClean(host: EmbeddedHost): void {
  expect(host.report().protocolErrors.list.slice(0, 3)).toEqual([]);
}

const QUEUED = 'QUEUED_AT_HOST';

describe('queued, pending active, active: seen from both sides', () => {
  it('SETLOGON HOLD: all wait at the host; START: they come up in the order of their logons', async () => {
    const host = await startHost({ accepts: 'queue' });
    const hostlink = await startRuntime(host);
    const order: unknown[] = [];
    hostlink.on('event', ({ name, details }) => {
      if (name === 'session.active') order.push(details.lu);
    });
    await becomes(hostlink, `${QUEUED} ${QUEUED} ${QUEUED} ${QUEUED}`);
    expect(host.report().sessions).toEqual({ active: 0, pending: 0, queued: 4 });
    await vi.waitUntil(() => hostlink.stats().sessions.byState.QUEUED_AT_HOST === 4);
    const arrival = host.control.queuedFor('ECHO');
    expect([...arrival].sort()).toEqual(['LA1002', 'LA1003', 'LA1004', 'LA1005']);
    host.control.startLogons('ECHO');
    await hostlink.ready({ timeoutMs: 5000 });
    // Our answer to SDT may still be on its way.
    await vi.waitFor(() => expect(host.report().sessions).toEqual({ active: 4, pending: 0, queued: 0 }));
    await vi.waitUntil(() => order.length === 4);
    expect(order).toEqual(arrival);
    await echoes(hostlink);
    expectClean(host);
  });

  it('sessionMax 2, four LUs: two active, two queued; one comes free, the next comes up', async () => {
    const host = await startHost({ sessionMax: 2 }, { sscp: { queue: 'sessionLimit' } });
    const hostlink = await startRuntime(host, { timers: { sessionRetry: 60_000, sessionRetryMax: 60_000 } });
    await becomes(hostlink, `ACTIVE ACTIVE ${QUEUED} ${QUEUED}`);
    await vi.waitUntil(() => hostlink.stats().links[0]!.sessions.QUEUED_AT_HOST === 2);
    expect(host.report().applications[0]).toMatchObject({ sessions: 2, queued: 2 });
    await echoes(hostlink);
    host.control.unbind('LA1002');
    await becomes(hostlink, `RETRY ACTIVE ACTIVE ${QUEUED}`);
    expect(host.control.queuedFor('ECHO')).toEqual(['LA1005']);
    await echoes(hostlink);
    expect((await hostlink.sessions())[0]!.reason).toBe('the host ended the session (UNBIND)');
    expectClean(host);
  });

  it('CINIT given, BIND not sent: queued for us; SDT comes late: pending active', async () => {
    const host = await startHost({ binds: 'whenTold' });
    const hostlink = await startRuntime(host);
    await becomes(hostlink, `${QUEUED} ${QUEUED} ${QUEUED} ${QUEUED}`);
    expect(host.report().sessions).toEqual({ active: 0, pending: 4, queued: 0 });
    host.control.openSession('LA1004');
    await becomes(hostlink, `${QUEUED} ${QUEUED} ACTIVE ${QUEUED}`);
    host.control.rejectLogon('LA1002', 0x08010000);
    expect((await sessionWith(hostlink, '08010000')).reason).toMatch(
      /^the host gave up the logon it had accepted \(NSPE or NOTIFY\): 08010000 RESOURCE_NOT_AVAILABLE/,
    );
    expectClean(host);
  });

  it('application closed while logons wait: each is told, and all come up when it opens', async () => {
    const host = await startHost({ accepts: 'queue' });
    const hostlink = await startRuntime(host);
    await becomes(hostlink, `${QUEUED} ${QUEUED} ${QUEUED} ${QUEUED}`);
    host.control.closeApplication('ECHO');
    const told = await sessionWith(hostlink, '083A0000 LU_NOT_ENABLED');
    expect(told.state).toMatch(/RETRY|READY_TO_INIT|INIT_PENDING/);
    expect(host.report().sessions.queued).toBe(0);
    host.control.startLogons('ECHO');
    host.control.openApplication('ECHO');
    await hostlink.ready({ timeoutMs: 5000 });
    await echoes(hostlink);
    expectClean(host);
  });
});

describe('logons', () => {
  it('LOGON text brings sessions up and calls work', async () => {
    const host = await startHost({});
    const hostlink = await startRuntime(host, { lu: { initiate: 'logon', userData: 'TERMINAL 7' } });
    await hostlink.ready({ timeoutMs: 5000 });
    await echoes(hostlink);
    expectClean(host);
  });

  it('LOGON text that fails: what the host wrote and its sense are the reason', async () => {
    const host = await startHost({});
    const hostlink = await startRuntime(host, { lu: { initiate: 'logon' }, logMode: 'NOMODE' });
    const session = await sessionWith(hostlink, '08210000', 'HELD');
    expect(session.reason).toContain('UNABLE TO ESTABLISH SESSION, SENSE 08210000');
    expectClean(host);
  });

  it('wait: the host logs the LUs on; after an UNBIND they wait again and ask for nothing', async () => {
    const host = await startHost({});
    const hostlink = await startRuntime(host, { lu: { initiate: 'wait' } });
    await becomes(hostlink, `${QUEUED} ${QUEUED} ${QUEUED} ${QUEUED}`);
    expect(host.control.varyLogon('LA1003', 'ECHO')).toBe(0);
    await becomes(hostlink, `${QUEUED} ACTIVE ${QUEUED} ${QUEUED}`);
    host.control.unbind('LA1003');
    await becomes(hostlink, `${QUEUED} ${QUEUED} ${QUEUED} ${QUEUED}`);
    expect(host.report().sessions).toEqual({ active: 0, pending: 0, queued: 0 });
    expect(host.control.varyLogon('LA1003', 'ECHO')).toBe(0);
    await becomes(hostlink, `${QUEUED} ACTIVE ${QUEUED} ${QUEUED}`);
    await echoes(hostlink);
    expectClean(host);
  });

  it('no BIND in time: the logon is taken back, and tried again until one comes', async () => {
    const host = await startHost({ accepts: 'queue' });
    const hostlink = await startRuntime(host, { timers: { bind: 150 } });
    const session = await sessionWith(hostlink, 'the host accepted the logon, but no BIND came in time');
    expect(session.state).toMatch(/RETRY|READY_TO_INIT|INIT_PENDING|QUEUED_AT_HOST/);
    await vi.waitUntil(() => host.report().sessions.queued > 0);
    expect(host.report().sessions.queued).toBeLessThanOrEqual(4);
    host.control.startLogons('ECHO');
    await hostlink.ready({ timeoutMs: 5000 });
    await echoes(hostlink);
    expectClean(host);
  });

  it('the host gives the set-up up after its own time: NSPE is the reason, and the next try works', async () => {
    const host = await startHost({ binds: 'whenTold' }, { timers: { pendingActiveMs: 100 } });
    const hostlink = await startRuntime(host);
    const session = await sessionWith(hostlink, '08010000');
    expect(session.reason).toContain('NSPE');
    await vi.waitUntil(() => host.control.openSession('LA1002'), { timeout: 5000, interval: 20 });
    await vi.waitFor(async () => expect((await hostlink.sessions())[0]!.state).toBe('ACTIVE'));
    expect((await hostlink.sessions())[0]!.reason).toBe('');
    expectClean(host);
  });
});

describe('negotiable BIND', () => {
  it.each([
    ['windows of one both ways', { sendWindowMax: 1, receiveWindowMax: 1 }],
    ['short RUs both ways', { sendRuSizeMax: 64, receiveRuSizeMax: 80 }],
    ['all of it', { sendWindowMax: 2, receiveWindowMax: 3, sendRuSizeMax: 256, receiveRuSizeMax: '1KB' }],
  ])('%s: carries calls', async (_, bindLimits) => {
    const host = await startHost({});
    const hostlink = await startRuntime(host, { logMode: 'LU0NEG', sna: { bindLimits } });
    await hostlink.ready({ timeoutMs: 5000 });
    await echoes(hostlink, [1, 64, 100, 5000]);
    expectClean(host);
  });
});
