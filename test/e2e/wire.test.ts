import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { EmbeddedHost } from '../../src/host/embedded-host.js';
import type { HostLink, HostLinkInput } from '../../src/index.js';
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
  running.push({ stop: () => hostlink.stop() });
  await hostlink.ready({ sessions: 'all', timeoutMs: 10_000 });
  return hostlink;
}

async function freePort(address: string): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Bytes that show where they belong: nothing else has them. */
function payload(size: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * 31 + seed * 17) & 0xff));
}

/** Many calls at once, of many sizes; each reply is what was sent. */
async function echoes(hostlink: HostLink, sizes: readonly number[], calls: number): Promise<void> {
  const results = await Promise.all(
    Array.from({ length: calls }, async (_, index) => {
      const sent = payload(sizes[index % sizes.length]!, index);
      const reply = await hostlink.call('ECHO', sent, { timeoutMs: 20_000 });
      return sent.equals(reply);
    }),
  );
  expect(results.filter((isSame) => !isSame)).toEqual([]);
}

async function stopClean(hostlink: HostLink, host: EmbeddedHost): Promise<void> {
  await hostlink.stop();
  const { protocolErrors } = host.report();
  expect(protocolErrors.list.slice(0, 3)).toEqual([]);
  expect(protocolErrors.count).toBe(0);
}

describe('profiles: every log mode of the embedded host carries calls', () => {
  it.each([
    ['LU0FAST', [1, 100, 5000, 40_000]],
    ['LU0SAFE', [1, 100, 5000, 40_000]],
    ['LU0CONT', [1, 100, 5000]],
    ['LU0CONTB', [1, 100, 5000]],
    ['LU0FDX', [1, 100, 3000]],
    ['LU0FDX3', [1, 100, 3000]],
    ['LU0FM4', [1, 100, 5000]],
    ['LU0FM7', [1, 100, 5000]],
    ['LU0FM18', [1, 100, 5000]],
    ['LU0NEG', [1, 100, 5000]],
    ['LU0NEG4', [1, 100, 5000]],
    ['LU0INB', [1, 100, 5000]],
    ['LU0PLU1', [1, 100, 5000]],
    ['LU0HEX', [1, 100, 5000]],
  ] as const)('%s', async (logMode, sizes) => {
    for (const response of ['exception', 'definite']) {
      const host = await startHost();
      const pus = smallRuntime({ port: host.port, logMode, addresses: '2-9' }).links as { pus: { lus: object[] }[] }[];
      const lus = pus[0]!.pus[0]!.lus.map((lu) => ({ ...lu, response }));
      const link = { sna: { piuSizeMax: 521 }, pus: [{ ...pus[0]!.pus[0]!, lus }] };
      const hostlink = await startRuntime(smallRuntime({ port: host.port, link }));
      await echoes(hostlink, sizes, 60);
      await stopClean(hostlink, host);
    }
  });
});

describe('limits of a profile', () => {
  it('FM profile 2 has no chains: a payload that needs one fails its call alone, unsent', async () => {
    const host = await startHost();
    const hostlink = await startRuntime(smallRuntime({ port: host.port, logMode: 'LU0FDX', addresses: '2-3' }));
    const call = hostlink.call('ECHO', payload(5000, 1));
    await expect(call).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LONG' });
    await echoes(hostlink, [1, 3000], 20);
    expect(hostlink.stats().workers[0]!.restarts).toBe(0);
    await stopClean(hostlink, host);
  });
});

describe('DLSw: who connects, who looks for whom, on how many connections', () => {
  const address = '127.0.0.21';

  it('two connections: each side writes on its own', async () => {
    const port = await freePort(address);
    const host = await startHost({ listen: { address: '127.0.0.1', port: 0, peerPort: port, connections: 2 } });
    const link = { dlsw: { connections: 2 }, local: { address, port } };
    const hostlink = await startRuntime(smallRuntime({ port: host.port, addresses: '2-33', link }));
    await echoes(hostlink, [1, 1024, 20_000], 300);
    await stopClean(hostlink, host);
  });

  it.each([1, 2] as const)(
    'the host as origin, %i connections: it connects and looks for our PU',
    async (connections) => {
      const port = await freePort('127.0.0.1');
      const pus = [{ name: 'PU1A', mac: '4000.0000.0011', sap: 4 }];
      const link = { role: 'target', local: { address: '127.0.0.1', port }, dlsw: { connections } };
      const hostPort = await freePort('127.0.0.1');
      const hostlink = await dist.HostLink.start(smallRuntime({ port: hostPort, addresses: '2-33', link }));
      running.push({ stop: () => hostlink.stop() });
      const listen = { address: '127.0.0.1', port: hostPort };
      const host = await startHost({ listen, peers: [{ address: '127.0.0.1', port, connections, pus }] });
      await hostlink.ready({ sessions: 'all', timeoutMs: 10_000 });
      await echoes(hostlink, [1, 1024, 20_000], 300);
      await stopClean(hostlink, host);
    },
  );

  it.each([
    ['one message per write', { oneMessagePerWrite: true }],
    ['a window of one', { window: 1 }],
    ['strict credit', { enforceCredit: true, requireFca: true }],
    ['no explorer', { explorer: false }],
    ['keepalive', { keepalive: 50 }],
  ])('%s', async (_, dlsw) => {
    const host = await startHost({ dlsw: { window: 'window' in dlsw ? 1 : 20 } });
    const link = { dlsw: { connections: 1, ...dlsw } };
    const hostlink = await startRuntime(smallRuntime({ port: host.port, addresses: '2-33', link }));
    await echoes(hostlink, [1, 1024, 20_000], 200);
    await stopClean(hostlink, host);
  });
});

describe('the host takes things away', () => {
  it('restart of the circuit, DACTLU, UNBIND, halt of the PU and loss of the connection: sessions come back', async () => {
    const host = await startHost();
    const hostlink = await startRuntime(smallRuntime({ port: host.port, addresses: '2-33' }));
    const blows = [
      () => host.control.unbind('LA1002'),
      () => host.control.restartCircuit('PU1A'),
      () => host.control.haltPu('PU1A'),
      () => host.control.dropConnections(),
    ];
    for (const blow of blows) {
      await echoes(hostlink, [100], 50);
      const noticed = new Promise<void>((resolve) => {
        hostlink.on('event', (event) => {
          if (event.name.endsWith('.down')) resolve();
        });
      });
      blow();
      await noticed;
      await hostlink.ready({ sessions: 'all', timeoutMs: 10_000 });
    }
    await echoes(hostlink, [100], 50);
    await stopClean(hostlink, host);
  });
});
