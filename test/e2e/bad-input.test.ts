import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EmbeddedHost } from '../../src/host/embedded-host.js';
import type { HostLink, HostLinkInput, SessionInfo } from '../../src/index.js';
import { dist, distHost } from '../helpers/dist.js';
import { hostDefinitions, smallRuntime } from '../helpers/runtime.js';

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

async function startHost(more: Parameters<typeof hostDefinitions>[0] = {}): Promise<EmbeddedHost> {
  const host = await distHost.EmbeddedHost.start(hostDefinitions(more));
  running.push(host);
  return host;
}

async function startRuntime(input: HostLinkInput): Promise<HostLink> {
  const hostlink = await dist.HostLink.start(input);
  running.push({ stop: () => hostlink.stop({ graceMs: 500 }) });
  return hostlink;
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const HELLO = Buffer.from('hello');

function linkReason(hostlink: HostLink): string {
  return hostlink.stats().links[0]!.reason;
}

async function sessionWith(hostlink: HostLink, reason: string): Promise<SessionInfo> {
  let found: SessionInfo | undefined;
  await vi.waitUntil(
    async () => {
      found = (await hostlink.sessions()).find((session) => session.reason.includes(reason));
      return found !== undefined;
    },
    { timeout: 5000 },
  );
  return found!;
}

describe('a tour of bad input: each has a clear error and does no harm', () => {
  it('wrong configuration: every mistake with its place, and nothing is started', async () => {
    const attempt = dist.HostLink.start({ server: { min: 0 }, links: [], services: [{ name: 'A' }] } as never);
    const error = await attempt.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(dist.HostLinkError);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', tperrno: 4 });
    const { problems } = (error as InstanceType<typeof dist.HostLinkError>).details as {
      problems: { message: string }[];
    };
    expect(problems.length).toBeGreaterThanOrEqual(3);
  });

  it('host not there: calls wait until their deadline, and the link comes up when the host does', async () => {
    const port = await freePort();
    const hostlink = await startRuntime(smallRuntime({ port }));
    await vi.waitUntil(() => /could not be opened/.test(linkReason(hostlink)));
    await expect(hostlink.call('ECHO', HELLO, { timeoutMs: 150 })).rejects.toMatchObject({
      code: 'SESSION_WAIT_TIMEOUT',
      details: { active: 0, waiting: expect.any(Number), sessions: 4 },
    });
    await startHost({ listen: { address: '127.0.0.1', port } });
    const reply = await hostlink.call('ECHO', HELLO, { timeoutMs: 10_000 });
    expect(Buffer.from(reply)).toEqual(HELLO);
  });

  it('the host refuses the XID', async () => {
    const host = await startHost();
    const hostlink = await startRuntime(smallRuntime({ port: host.port, idNum: '0DEAD' }));
    await vi.waitUntil(() => /after our XID/.test(linkReason(hostlink)));
    expect(host.report().refusedXids).toBeGreaterThan(0);
  });

  it('ACTLU for an LU that is not configured here leaves the others alone', async () => {
    const host = await startHost();
    const hostlink = await startRuntime(smallRuntime({ port: host.port, addresses: '2-3' }));
    await hostlink.ready({ sessions: 'all', timeoutMs: 5000 });
    expect(Buffer.from(await hostlink.call('ECHO', HELLO))).toEqual(HELLO);
    expect(host.report().sessions.active).toBe(2);
  });

  it('a BIND that we cannot take: 0835 and 0821, told to the host and to the operator', async () => {
    const logModes = [
      { name: 'BADFM', bind: '31 01 06 03 B1 B0 30 80 00 00 F8 F8 00 00 00' },
      { name: 'BADLU', bind: '31 01 03 03 B1 B0 30 80 00 00 F8 F8 00 00 02' },
    ];
    for (const [logMode, sense] of [
      ['BADFM', '0835'],
      ['BADLU', '0821'],
    ] as const) {
      const host = await startHost({ logModes: [...(hostDefinitions().logModes ?? []), ...logModes] as never });
      const hostlink = await startRuntime(smallRuntime({ port: host.port, addresses: '2', logMode }));
      const session = await sessionWith(hostlink, sense);
      expect(session.state).not.toBe('ACTIVE');
      expect(host.report().sessions.active).toBe(0);
    }
  });

  it('an unknown application and an unknown log mode are told with the sense of the host', async () => {
    const host = await startHost();
    const unknown = await startRuntime(smallRuntime({ port: host.port, application: 'NOWHERE', addresses: '2' }));
    expect((await sessionWith(unknown, '0806')).state).toMatch(/RETRY|HELD|INIT_PENDING|QUEUED_AT_HOST/);
  });

  it('port taken: said so, and up once the port is free', async () => {
    const blocker = net.createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    const link = { role: 'target', local: { address: '127.0.0.1', port }, dlsw: { connections: 2 } };
    const hostlink = await startRuntime(smallRuntime({ port: await freePort(), link }));
    await vi.waitUntil(() => linkReason(hostlink).includes('in use'));
    await new Promise((resolve) => blocker.close(resolve));
    await vi.waitUntil(() => linkReason(hostlink).includes('waiting for the peer'));
  });

  it('calls that cannot be: unknown service, payload over the limit, wrong kind, aborted, after stop', async () => {
    const host = await startHost();
    const hostlink = await startRuntime(smallRuntime({ port: host.port, server: { callSizeMax: 1000 } }));
    await hostlink.ready({ sessions: 'all', timeoutMs: 5000 });
    const failing = [
      [hostlink.call('ECO', HELLO), { code: 'SERVICE_UNKNOWN', details: { known: ['ECHO'] }, tperrno: 6 }],
      [hostlink.call('ECHO', Buffer.alloc(1001)), { code: 'PAYLOAD_TOO_LONG' }],
      [hostlink.call('ECHO', 5 as never), { code: 'PAYLOAD_INVALID' }],
      [
        hostlink.call('ECHO', HELLO, { signal: AbortSignal.abort() }),
        { code: 'CALL_ABORTED', details: { sent: 'no' } },
      ],
    ] as const;
    for (const [call, expected] of failing) await expect(call).rejects.toMatchObject(expected);
    expect(Buffer.from(await hostlink.call('ECHO', HELLO))).toEqual(HELLO);
    await hostlink.stop();
    await expect(hostlink.call('ECHO', HELLO)).rejects.toMatchObject({ code: 'RUNTIME_STOPPED' });
    expect(host.report().protocolErrors).toMatchObject({ count: 0 });
  });
});
