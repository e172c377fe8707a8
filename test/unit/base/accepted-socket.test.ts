import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { AcceptedSocket } from '../../../src/base/accepted-socket.js';

const servers: net.Server[] = [];

/** A connection, from both ends: the one that connected, and the one that was accepted, not read yet. */
async function connect(): Promise<{ client: net.Socket; accepted: net.Socket }> {
  const server = net.createServer({ pauseOnConnect: true });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [net.Socket];
  return { client, accepted };
}

/** Everything that comes until the connection ends. */
async function allOf(read: AcceptedSocket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const ended = once(read.socket, 'close');
  read.listen((chunk) => chunks.push(Buffer.from(chunk)));
  await ended;
  return Buffer.concat(chunks);
}

describe('AcceptedSocket', () => {
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  it('gives every byte, those from before anybody listened too, and reads into the one buffer', async () => {
    const { client, accepted } = await connect();
    const read = new AcceptedSocket(accepted, Buffer.alloc(1000));
    const sent = Buffer.from(Array.from({ length: 50_000 }, (_, at) => at % 251));
    client.end(sent);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await allOf(read)).equals(sent)).toBe(true);
  });

  it('writes, knows its peer, and ends like any socket', async () => {
    const { client, accepted } = await connect();
    const { remotePort } = accepted;
    const read = new AcceptedSocket(accepted, Buffer.alloc(1000));
    expect(read.socket.remotePort).toBe(remotePort);
    read.socket.write('hello');
    const [chunk] = (await once(client, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('hello');
    const closed = once(read.socket, 'close');
    read.listen(() => {});
    client.destroy();
    await closed;
  });

  it('does with an ordinary socket where net hides what it needs', async () => {
    const { client, accepted } = await connect();
    const plain = new Proxy(accepted, {
      get(target, name) {
        if (name === '_handle') return undefined;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
    const read = new AcceptedSocket(plain, Buffer.alloc(10));
    expect(read.socket).toBe(plain);
    client.end('to be read the ordinary way');
    expect((await allOf(read)).toString()).toBe('to be read the ordinary way');
  });
});
