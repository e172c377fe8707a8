import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createClock } from '../../../src/base/clock.js';
import type { HostLinkError } from '../../../src/base/errors.js';
import type { LinkConfig, PeerAddress } from '../../../src/config/model.js';
import { TcpTransport } from '../../../src/link/transport.js';
import { DLSW, linkConfig, TIMERS } from '../../helpers/link-config.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function freePort(): Promise<number> {
  const server = await listen(() => {}, '127.0.0.1');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listen(accepted: (socket: net.Socket) => void, host: string, port = 0): Promise<net.Server> {
  const server = net.createServer(accepted);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  closers.push(() => server.close());
  return server;
}

class Recorder {
  ups: [string, string][] = [];
  bytes = Buffer.alloc(0);
  downs: HostLinkError[] = [];
  readonly transport: TcpTransport;

  private readonly link: LinkConfig;

  constructor(link: LinkConfig) {
    this.link = link;
    this.transport = new TcpTransport(link, createClock(), this);
    closers.push(() => this.transport.destroy());
  }

  open(peer?: PeerAddress): void {
    this.transport.open(peer ?? this.link.peer);
  }

  up(local: string, remote: string): void {
    this.ups.push([local, remote]);
  }
  data(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
  }
  down(error: HostLinkError): void {
    this.downs.push(error);
  }
}

describe('TcpTransport', () => {
  it('one connection, origin: both directions on it, blocks come back, the end is told once', async () => {
    let peer: net.Socket | undefined;
    const server = await listen((socket) => {
      peer = socket;
      socket.on('data', (chunk) => socket.write(chunk));
    }, '127.0.0.1');
    const { port } = server.address() as AddressInfo;
    const recorder = new Recorder(linkConfig({ peer: { address: '127.0.0.1', port } }));
    recorder.open();
    await vi.waitUntil(() => recorder.ups.length === 1);
    const block = Buffer.from('one block');
    const done = vi.fn();
    recorder.transport.write(block, done);
    await vi.waitUntil(() => recorder.bytes.length === block.length);
    expect(recorder.bytes).toEqual(block);
    expect(done).toHaveBeenCalledExactlyOnceWith(block);
    peer!.destroy();
    await vi.waitUntil(() => recorder.downs.length > 0);
    expect(recorder.downs.map((error) => error.code)).toEqual(['LINK_LOST']);
  });

  it('two connections: up only when both are there, writes on its own, reads the other, early bytes are kept', async () => {
    const localPort = await freePort();
    const seen: Buffer[] = [];
    let accepted = 0;
    const server = await listen((socket) => {
      accepted += 1;
      socket.on('data', (chunk) => seen.push(chunk));
    }, '127.0.0.1');
    const peer = { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const local = { address: '127.0.0.1', port: localPort };
    const recorder = new Recorder(linkConfig({ peer, local, dlsw: { ...DLSW, connections: 2 } }));
    recorder.open();
    await vi.waitUntil(() => accepted === 1);
    expect(recorder.ups).toEqual([]);
    const back = net.connect({ host: '127.0.0.1', port: localPort });
    closers.push(() => back.destroy());
    back.write('early');
    await vi.waitUntil(() => recorder.bytes.toString() === 'early');
    expect(recorder.ups).toEqual([['127.0.0.1', '127.0.0.1']]);
    expect(accepted, 'one connection of ours is enough').toBe(1);
    recorder.transport.write(Buffer.from('out'), () => {});
    await vi.waitUntil(() => Buffer.concat(seen).toString() === 'out');
    recorder.transport.reduce('ours');
    recorder.transport.write(Buffer.from('more'), () => {});
    await vi.waitUntil(() => Buffer.concat(seen).toString() === 'outmore');
    expect(recorder.downs).toEqual([]);
  });

  it('target: waits to be connected to, and takes only its peer', async () => {
    const local = { address: '127.0.0.1', port: await freePort() };
    const recorder = new Recorder(linkConfig({ role: 'target', local, peer: { address: '127.0.0.9', port: 1 } }));
    recorder.open();
    await new Promise<void>((resolve) => {
      const attempt = (): void => {
        const stranger = net.connect(local.port, local.address);
        stranger.once('error', () => setTimeout(attempt, 20));
        stranger.once('close', () => resolve());
      };
      attempt();
    });
    expect(recorder.ups).toEqual([]);
    const peer = net.connect({ ...local, host: local.address, localAddress: '127.0.0.9' });
    closers.push(() => peer.destroy());
    await vi.waitUntil(() => recorder.ups.length === 1);
    peer.write('hello');
    await vi.waitUntil(() => recorder.bytes.toString() === 'hello');
  });

  it('tells nobody there, port taken and no answer apart', async () => {
    const nobody = new Recorder(linkConfig({ peer: { address: '127.0.0.1', port: await freePort() } }));
    nobody.open();
    await vi.waitUntil(() => nobody.downs.length === 1);
    expect(nobody.downs[0]!.code).toBe('LINK_REFUSED');

    const taken = (await listen(() => {}, '127.0.0.1')).address() as AddressInfo;
    const local = { address: '127.0.0.1', port: taken.port };
    const second = new Recorder(linkConfig({ role: 'target', local }));
    second.open();
    await vi.waitUntil(() => second.downs.length === 1);
    expect(second.downs[0]).toMatchObject({ code: 'PORT_TAKEN', details: { port: taken.port } });

    const deaf = await listen(() => {}, '127.0.0.1');
    const lonely = new Recorder(
      linkConfig({
        peer: { address: '127.0.0.1', port: (deaf.address() as AddressInfo).port },
        local: { address: '127.0.0.1', port: await freePort() },
        dlsw: { ...DLSW, connections: 2 },
        timers: { ...TIMERS, connectMs: 100 },
      }),
    );
    lonely.open();
    await vi.waitUntil(() => lonely.downs.length === 1);
    expect(lonely.downs[0]).toMatchObject({
      code: 'LINK_TIMEOUT',
      details: { missing: expect.stringContaining('back') },
    });
  });
});
