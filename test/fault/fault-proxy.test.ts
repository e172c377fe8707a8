import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSeededPrng } from '../../src/base/prng.js';
import { FaultProxy } from './fault-proxy.js';

const WAIT = { timeout: 10_000, interval: 5 };

/** One end of a connection, and what has come to it. */
class End {
  readonly socket: net.Socket;
  readonly chunks: Buffer[] = [];
  isEnded = false;
  error = '';

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    socket.on('end', () => {
      this.isEnded = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get size(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }
}

interface Path {
  readonly proxy: FaultProxy;
  readonly hosts: End[];
  /** Connect once more. @returns both ends */
  connect(): Promise<{ runtime: End; host: End }>;
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(): Promise<Path> {
  const hosts: End[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => hosts.push(new End(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    for (const { socket } of hosts) socket.destroy();
  });
  const proxy = await FaultProxy.start((server.address() as net.AddressInfo).port, createSeededPrng(1));
  cleanups.push(() => proxy.stop());
  const connect = async () => {
    const before = hosts.length;
    const socket = net.connect({ port: proxy.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    cleanups.push(() => socket.destroy());
    const runtime = new End(socket);
    await vi.waitUntil(() => hosts.length > before, WAIT);
    return { runtime, host: hosts.at(-1)! };
  };
  return { proxy, hosts, connect };
}

const PATTERN = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 251));

async function arrives(end: End, bytes: Buffer): Promise<void> {
  await vi.waitUntil(() => end.size >= bytes.length, WAIT);
  expect(end.bytes.equals(bytes)).toBe(true);
}

describe('fault proxy', () => {
  it('without faults passes bytes and ends both ways', async () => {
    const { proxy, connect } = await open();
    const { runtime, host } = await connect();
    runtime.socket.write(PATTERN);
    host.socket.write(PATTERN);
    await Promise.all([arrives(host, PATTERN), arrives(runtime, PATTERN)]);
    expect(proxy.stats).toMatchObject({ connections: 1, toHost: 5000, toRuntime: 5000, corrupted: 0 });
    runtime.socket.end();
    await vi.waitUntil(() => host.isEnded, WAIT);
    expect(runtime.isEnded).toBe(false);
    host.socket.end();
    await vi.waitUntil(() => proxy.open === 0, WAIT);
  });

  it('delays every byte, and keeps the order whatever the jitter', async () => {
    const { proxy, connect } = await open();
    const { runtime, host } = await connect();
    proxy.set({ latencyMs: 60, jitterMs: 40 });
    const startMs = performance.now();
    for (let at = 0; at < 5000; at += 500) runtime.socket.write(PATTERN.subarray(at, at + 500));
    await arrives(host, PATTERN);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(59);
  });

  it('cuts to single bytes', async () => {
    const { proxy, connect } = await open();
    const { runtime, host } = await connect();
    proxy.set({ sliceBytes: 1 });
    runtime.socket.write(PATTERN);
    await arrives(host, PATTERN);
    // The system may put some together again, but no write of the proxy had more than one.
    expect(host.chunks.length).toBeGreaterThan(100);
    expect(host.chunks.filter(({ length }) => length === 1).length).toBeGreaterThan(50);
  });

  it('limits bytes per second', async () => {
    const { proxy, connect } = await open();
    const { runtime, host } = await connect();
    proxy.set({ bytesPerSecond: 20_000 });
    const startMs = performance.now();
    runtime.socket.write(PATTERN);
    await arrives(host, PATTERN);
    // 5000 bytes are a quarter of a second, less the bucket that is full at the start.
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(200);
  });

  it('stalls one way only, loses nothing, and makes the sender wait', async () => {
    const { proxy, connect } = await open();
    const { runtime, host } = await connect();
    proxy.set({ stall: ['toHost'] });
    const much = Buffer.alloc(32 * 1_048_576, 7);
    let isTaken = false;
    runtime.socket.write(much, () => {
      isTaken = true;
    });
    host.socket.write(PATTERN);
    await arrives(runtime, PATTERN);
    expect([host.size, isTaken, proxy.stats.toHost]).toEqual([0, false, 0]);
    proxy.heal();
    await vi.waitUntil(() => isTaken && host.size === much.length, WAIT);
  });

  it('changes bytes at a rate, in one direction, and as often as it says', async () => {
    const { proxy, connect } = await open();
    const { runtime, host } = await connect();
    proxy.set({ corrupt: { toHost: 0.01 } });
    runtime.socket.write(PATTERN);
    host.socket.write(PATTERN);
    await arrives(runtime, PATTERN);
    await vi.waitUntil(() => host.size === PATTERN.length, WAIT);
    const got = host.bytes;
    const changed = PATTERN.reduce((count, byte, at) => count + (got[at] === byte ? 0 : 1), 0);
    expect(changed).toBe(proxy.stats.corrupted);
    expect(changed).toBeGreaterThan(20);
    expect(changed).toBeLessThan(100);
  });

  it('resets both sides, or one while the other hears nothing', async () => {
    const { proxy, connect } = await open();
    const first = await connect();
    expect(proxy.reset()).toBe(1);
    await vi.waitUntil(() => first.runtime.error === 'ECONNRESET' && first.host.error === 'ECONNRESET', WAIT);
    await vi.waitUntil(() => proxy.open === 0, WAIT);

    const second = await connect();
    proxy.reset('runtime');
    await vi.waitUntil(() => second.runtime.error === 'ECONNRESET', WAIT);
    second.host.socket.write(PATTERN);
    const third = await connect();
    third.runtime.socket.write(PATTERN);
    await arrives(third.host, PATTERN);
    expect([second.host.error, second.host.isEnded]).toEqual(['', false]);
    expect(proxy.dropDead()).toBe(1);
    await vi.waitUntil(() => second.host.error === 'ECONNRESET', WAIT);
  });

  it('passes on the reset of an end', async () => {
    const { connect } = await open();
    const { runtime, host } = await connect();
    host.socket.resetAndDestroy();
    await vi.waitUntil(() => runtime.error === 'ECONNRESET', WAIT);
  });

  it('forgets its connections: they swallow everything for good, later ones do not', async () => {
    const { proxy, connect } = await open();
    const old = await connect();
    proxy.set({ halfOpen: true });
    old.runtime.socket.write(PATTERN);
    old.host.socket.write(PATTERN);
    proxy.heal();
    old.runtime.socket.end();
    const later = await connect();
    later.runtime.socket.write(PATTERN);
    later.host.socket.write(PATTERN);
    await Promise.all([arrives(later.host, PATTERN), arrives(later.runtime, PATTERN)]);
    expect([old.host.size, old.host.isEnded, old.runtime.size, old.host.error]).toEqual([0, false, 0, '']);
  });

  it('refuses connections, then takes them on the same port', async () => {
    const { proxy, connect } = await open();
    const old = await connect();
    proxy.refuse();
    const refused = net.connect({ port: proxy.port, host: '127.0.0.1' });
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    old.runtime.socket.write(PATTERN);
    await arrives(old.host, PATTERN);
    await proxy.accept();
    const later = await connect();
    later.runtime.socket.write(PATTERN);
    await arrives(later.host, PATTERN);
  });

  it('resets the caller when the host is not there', async () => {
    const gone = net.createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as net.AddressInfo;
    gone.close();
    await once(gone, 'close');
    const proxy = await FaultProxy.start(port, createSeededPrng(1));
    cleanups.push(() => proxy.stop());
    const end = new End(net.connect({ port: proxy.port, host: '127.0.0.1' }));
    await vi.waitUntil(() => end.error === 'ECONNRESET' && proxy.open === 0, WAIT);
  });
});
