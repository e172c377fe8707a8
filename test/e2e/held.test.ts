import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EmbeddedHost } from '../../src/host/embedded-host.js';
import type { ScriptStepInput } from '../../src/host/script-steps.js';
import type { HostLink, HostLinkError, HostLinkEvent, SessionInfo } from '../../src/index.js';
import { dist, distHost } from '../helpers/dist.js';
import { hostDefinitions, smallRuntime } from '../helpers/runtime.js';

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

interface Setting {
  readonly steps?: readonly ScriptStepInput[];
  readonly application?: string;
  readonly addresses?: string;
  readonly logMode?: string;
  readonly server?: Record<string, unknown>;
  /** Further settings of the LU range. */
  readonly lus?: Record<string, unknown>;
}

async function start(
  setting: Setting = {},
): Promise<{ host: EmbeddedHost; hostlink: HostLink; events: HostLinkEvent[] }> {
  const { steps, application = steps ? 'PLAY' : 'ECHO', addresses = '2-3', logMode, server, lus } = setting;
  const base = hostDefinitions();
  const play = { name: 'PLAY', program: 'SCRIPT' as const, steps: [...(steps ?? [])] };
  const host = await distHost.EmbeddedHost.start({ ...base, applications: [...(base.applications ?? []), play] });
  running.push(host);
  const input = smallRuntime({
    port: host.port,
    application,
    addresses,
    ...(logMode ? { logMode } : {}),
    ...(server ? { server } : {}),
  });
  Object.assign((input.links[0] as { pus: { lus: object[] }[] }).pus[0]!.lus[0]!, lus);
  const hostlink = await dist.HostLink.start(input);
  running.push({ stop: () => hostlink.stop() });
  const events: HostLinkEvent[] = [];
  hostlink.on('event', (event) => events.push(event));
  await hostlink.ready({ sessions: 'all', timeoutMs: 20_000 });
  return { host, hostlink, events };
}

async function rowOf(hostlink: HostLink, lu: string): Promise<SessionInfo> {
  const row = (await hostlink.sessions()).find((one) => one.lu === lu);
  if (row === undefined) throw new Error(`no ${lu}`);
  return row;
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (data: Uint8Array): string => Buffer.from(data).toString('latin1');

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: HostLinkError) => error.code,
  );
}

describe('held sessions', () => {
  it('keeps one LU for itself until it is closed; everybody else uses the others', async () => {
    const { hostlink } = await start();
    const session = await hostlink.open({ service: 'ECHO' });
    expect((await rowOf(hostlink, session.lu)).state).toBe('OPEN');
    const before = (await rowOf(hostlink, session.lu)).calls;
    const others = Array.from({ length: 50 }, (_, at) => hostlink.call('ECHO', bytes(`pool ${at}`)));
    expect(text(await session.call(bytes('one')))).toBe('one');
    expect((await Promise.all(others)).map(text)).toEqual(Array.from({ length: 50 }, (_, at) => `pool ${at}`));
    expect(text(await session.call(bytes('two')))).toBe('two');
    expect((await rowOf(hostlink, session.lu)).calls - before, 'nobody else was on it').toBe(2);
    expect(hostlink.stats().held).toMatchObject([{ lu: session.lu, link: 'LINK1', service: 'ECHO' }]);
    expect(hostlink.stats().groups[0]).toMatchObject({ active: 2, reserved: 1 });
    await session.close();
    expect(session.isOpen).toBe(false);
    expect(await codeOf(session.call(bytes('late')))).toBe('SESSION_CLOSED');
    expect((await rowOf(hostlink, session.lu)).state).toBe('ACTIVE');
    expect(hostlink.stats().groups[0]).toMatchObject({ active: 2, reserved: 0 });
    expect(hostlink.stats().held).toEqual([]);
  });

  it('is given to who waits longest, in order with calls; the wait has its deadline and its signal', async () => {
    const { hostlink } = await start({ addresses: '2' });
    const first = await hostlink.open({ service: 'ECHO' });
    expect(await codeOf(hostlink.open({ service: 'ECHO', timeoutMs: 30 }))).toBe('SESSION_WAIT_TIMEOUT');
    const abort = new AbortController();
    const aborted = codeOf(hostlink.open({ service: 'ECHO', signal: abort.signal }));
    const order: string[] = [];
    const call = hostlink.call('ECHO', bytes('call')).then(() => order.push('call'));
    const second = hostlink.open({ service: 'ECHO' });
    void second.then(() => order.push('open'));
    abort.abort();
    expect(await aborted).toBe('CALL_ABORTED');
    await first.close();
    await call;
    await using held = await second;
    expect(order).toEqual(['call', 'open']);
    expect(text(await held.call(bytes('mine')))).toBe('mine');
  });

  it('converses: messages both ways, the turn kept or given, the bracket ended by the host', async () => {
    const steps: ScriptStepInput[] = [
      { expect: { data: '01' } },
      { expect: { data: '02' } },
      { send: { data: 'c1', cd: false, eb: false } },
      { send: { data: 'c2', cd: true, eb: false } },
      { expect: { data: '03' } },
      { send: { data: 'c3', eb: true } },
      { repeat: true },
    ];
    const { hostlink, host } = await start({ steps, addresses: '2' });
    const session = await hostlink.open({ service: 'PLAY' });
    for (let round = 0; round < 2; round += 1) {
      await session.send(Buffer.of(1), { keepTurn: true });
      await session.send(Buffer.of(2));
      const one = await session.receive();
      expect([...one.data, one.hasTurn, one.isBracketEnd]).toEqual([0xc1, false, false]);
      const two = await session.receive();
      expect([...two.data, two.hasTurn, two.isBracketEnd]).toEqual([0xc2, true, false]);
      const waiting = session.receive();
      await session.send(Buffer.of(3));
      const three = await waiting;
      expect([...three.data, three.hasTurn, three.isBracketEnd]).toEqual([0xc3, true, true]);
    }
    await session.close();
    expect((await rowOf(hostlink, session.lu)).state, 'between brackets it goes back to the pool').toBe('ACTIVE');
    expect(host.report().protocolErrors.count).toBe(0);
  });

  it('closed in the middle of a conversation it is ended and made anew, and what waited ends', async () => {
    const steps: ScriptStepInput[] = [
      { expect: {} },
      { expect: {} },
      { send: { data: 'c1', cd: true } },
      { repeat: true },
    ];
    const { hostlink, events } = await start({ steps, addresses: '2' });
    const session = await hostlink.open({ service: 'PLAY' });
    await session.send(Buffer.of(1), { keepTurn: true });
    const waiting = codeOf(session.receive());
    await session.close();
    expect(await waiting).toBe('CALL_ABORTED');
    await vi.waitUntil(() => events.some(({ name }) => name === 'session.renewed'), { timeout: 10_000 });
    const again = await hostlink.open({ service: 'PLAY' });
    await again.send(Buffer.of(1), { keepTurn: true });
    await again.send(Buffer.of(2));
    expect((await again.receive()).data[0], 'the script began anew').toBe(0xc1);
    await again.close();
  });

  it('says where a retry makes sense when a named LU cannot be had, and limits the users of one LU', async () => {
    const { hostlink } = await start({ server: { instanceMax: 2 } });
    await using held = await hostlink.open({ lu: 'LA1002' });
    expect(held.lu).toBe('LA1002');
    const inUse = await hostlink.call('ECHO', bytes('x'), { lu: 'LA1002' }).catch((error: HostLinkError) => error);
    expect(inUse).toMatchObject({ code: 'LU_IN_USE', details: { lu: 'LA1002', retry: 'now' } });
    expect(await codeOf(hostlink.open({ instance: 'LA1002' }))).toBe('LU_IN_USE');
    expect(await codeOf(hostlink.open({ lu: 'LA1099' }))).toBe('LU_UNKNOWN');
    expect(await codeOf(hostlink.open({ terminal: '1' }))).toBe('TERMINAL_UNKNOWN');
    expect(await codeOf(hostlink.open({}))).toBe('OPTION_INVALID');
    expect(await codeOf(hostlink.open({ type: 'NONE' }))).toBe('OPTION_INVALID');
    expect(await codeOf(hostlink.open({ service: 'NONE' }))).toBe('SERVICE_UNKNOWN');
    expect(await codeOf(hostlink.open({ service: 'ECHO', idleTimeoutMs: 0 }))).toBe('OPTION_INVALID');
    const slow = [1, 2, 3].map(() => hostlink.call('ECHO', bytes('x'), { lu: 'LA1003' }));
    const codes = await Promise.all(slow.map(codeOf));
    expect(codes[2], 'a third at once is over instanceMax').toBe('LU_IN_USE');
  });

  it('holds the LU of a terminal: its calls wait their turn, and go on after the close', async () => {
    const { hostlink } = await start({ lus: { mode: 'DEDICATE', terminals: '7-8' } });
    const held = await hostlink.open({ terminal: 7 });
    let isDone = false;
    const waiting = hostlink.call('ECHO', bytes('after'), { terminal: 7 }).finally(() => {
      isDone = true;
    });
    expect(text(await held.call(bytes('held')))).toBe('held');
    expect(isDone).toBe(false);
    await held.close();
    expect(text(await waiting)).toBe('after');
  });

  it('afterUse END: each use by name, and each hold, leaves a session that nobody used', async () => {
    const { hostlink, events } = await start({ lus: { afterUse: 'END' } });
    const renewed = (): number => events.filter(({ name }) => name === 'session.renewed').length;
    await (await hostlink.open({ lu: 'LA1002' })).close();
    await vi.waitUntil(() => renewed() === 1, { timeout: 10_000 });
    expect(text(await hostlink.call('ECHO', bytes('x'), { lu: 'LA1002' }))).toBe('x');
    await vi.waitUntil(() => renewed() === 2, { timeout: 10_000 });
    expect(text(await hostlink.call('ECHO', bytes('y'), { lu: 'LA1002' }))).toBe('y');
    for (let at = 0; at < 10; at += 1) await hostlink.call('ECHO', bytes('pool'));
    await vi.waitUntil(() => renewed() >= 3, { timeout: 10_000 });
    expect(renewed(), 'pool calls name nobody').toBe(3);
  });

  it('closes an idle one by itself, and reports one held too long with the place that opened it', async () => {
    const { hostlink, events } = await start({ server: { heldReport: 60 } });
    const leaked = await hostlink.open({ service: 'ECHO' });
    const idle = await hostlink.open({ service: 'ECHO', idleTimeoutMs: 40 });
    await vi.waitUntil(() => !idle.isOpen, { timeout: 10_000 });
    await expect(idle.call(bytes('x'))).rejects.toMatchObject({ code: 'SESSION_CLOSED', details: { sent: 'no' } });
    expect(events.find(({ name }) => name === 'session.idle')?.details).toMatchObject({ lu: idle.lu });
    await vi.waitUntil(() => events.some(({ name }) => name === 'session.leak'), { timeout: 10_000 });
    const leak = events.find(({ name, details }) => name === 'session.leak' && details.lu === leaked.lu);
    expect(String(leak?.details.openedAt)).toContain('held.test.ts');
    expect(leaked.isOpen).toBe(true);
    await leaked.close();
    await vi.waitUntil(() => hostlink.stats().groups[0]?.reserved === 0, { timeout: 10_000 });
  });

  it('lost: what runs on it ends, the next use says so, and the session comes back for others', async () => {
    const steps: ScriptStepInput[] = [{ expect: {} }, { unbind: { type: 1 } }];
    const { hostlink } = await start({ steps, addresses: '2' });
    const session = await hostlink.open({ service: 'PLAY' });
    expect(await codeOf(session.call(Buffer.of(1)))).toBe('OUTCOME_UNKNOWN');
    await vi.waitUntil(() => !session.isOpen, { timeout: 10_000 });
    expect(await codeOf(session.receive())).toBe('SESSION_LOST');
    await session.close();
    await vi.waitUntil(() => hostlink.stats().groups[0]?.active === 1, { timeout: 10_000 });
    await using again = await hostlink.open({ service: 'PLAY' });
    expect(again.lu).toBe('LA1002');
  });

  it('one operation at a time; a time-out leaves the session held, and its late reply to nobody', async () => {
    const { hostlink } = await start({ application: 'SLOW', addresses: '2' });
    await using session = await hostlink.open({ service: 'SLOW' });
    const slow = (ms: string): Promise<Uint8Array> => session.call(ms, { timeoutMs: 20_000 });
    await session.send('0100');
    expect(await codeOf(session.send('0000')), "the host's turn").toBe('SESSION_BUSY');
    expect(Buffer.from((await session.receive()).data).toString('hex')).toBe('f0f1f0f0');
    const first = slow('0200');
    expect(await codeOf(slow('0000'))).toBe('SESSION_BUSY');
    await first;
    expect(await codeOf(session.call('0150', { timeoutMs: 20 }))).toBe('CALL_TIMEOUT');
    let reply: Uint8Array | undefined;
    await vi.waitUntil(
      async () => {
        reply = await session.call('0001').catch(() => undefined);
        return reply !== undefined;
      },
      { timeout: 10_000 },
    );
    expect(Buffer.from(reply!).toString('hex'), 'its own reply, not the late one').toBe('f0f0f0f1');
  });

  it('a stop ends those that rest at once, and lets a call that runs finish', async () => {
    const { hostlink } = await start({ application: 'SLOW' });
    const resting = await hostlink.open({ service: 'SLOW' });
    const busy = await hostlink.open({ service: 'SLOW' });
    const call = busy.call('0200');
    await vi.waitUntil(async () => (await rowOf(hostlink, busy.lu)).calls === 1);
    const stopped = hostlink.stop();
    expect(Buffer.from(await call).toString('hex')).toBe('f0f2f0f0');
    await stopped;
    expect([resting.isOpen, busy.isOpen]).toEqual([false, false]);
    expect(resting.error?.code).toBe('SESSION_CLOSED');
    expect(await codeOf(hostlink.open({ service: 'SLOW' }))).toBe('RUNTIME_STOPPED');
  });
});
