import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../../../src/base/clock.js';
import { runHost } from '../../../src/cli/host-command.js';
import { fakeIo } from './fake-io.js';

const DEFINITIONS = 'examples/host.yaml';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostlink-host-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const newIo = () => Object.assign(fakeIo(), { clock: createClock() });

async function untilLine(io: ReturnType<typeof newIo>): Promise<void> {
  while (io.out.lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
}

describe('hostlink host', () => {
  it('listens until a signal, then reports; nothing wrong ends with 0', async () => {
    const io = newIo();
    const running = runHost(io, { config: DEFINITIONS, port: 0 });
    await untilLine(io);
    expect(io.out.lines[0]).toMatch(/listening on 127\.0\.0\.1:\d+/);
    io.signal('SIGTERM');
    expect(await running).toBe(0);
    expect(io.out.text).toMatch(/^APPLICATION +ACB +SESSIONS/m);
    expect(io.out.lines.at(-1)).toBe('0 protocol errors');
  });

  it('ends with 1 when a peer broke the protocol, and says how', async () => {
    const io = newIo();
    const running = runHost(io, { config: DEFINITIONS, port: 0, json: true });
    await untilLine(io);
    const { port } = JSON.parse(io.out.lines[0]!) as { port: number };
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.alloc(100, 0xee)));
      socket.resume().on('error', () => {});
      socket.on('close', () => resolve());
    });
    io.signal();
    expect(await running).toBe(1);
    const said = io.out.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(said.map(({ event }) => event)).toEqual(['listening', 'protocolError', 'report']);
    expect(said[1]).toMatchObject({ rule: 'SSP_STREAM' });
    expect(said[2]).toMatchObject({ protocolErrors: 1 });
  });

  it('says PORT_TAKEN', async () => {
    const first = newIo();
    const running = runHost(first, { config: DEFINITIONS, port: 0, json: true });
    await untilLine(first);
    const { port } = JSON.parse(first.out.lines[0]!) as { port: number };
    await expect(runHost(newIo(), { config: DEFINITIONS, port })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    first.signal();
    await running;
  });

  it('lists every mistake of the definitions with its place', async () => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(
      file,
      readFileSync(DEFINITIONS, 'utf8')
        .replace('port: 12065', 'port: -1')
        .replace(/^ {2}window: \d+/m, '  windows: 256'),
    );
    const failure = await runHost(newIo(), { config: file }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'HOST_CONFIG_INVALID' });
    expect((failure as Error).message).toMatch(/wrong\.yaml:5:9: .*\n.*wrong\.yaml:13:3: /s);
    await expect(runHost(newIo(), { config: join(folder, 'absent') })).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
    });
  });
});
