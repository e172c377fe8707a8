import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { EmbeddedHost } from '../../src/host/embedded-host.js';
import { CLI_FILE, distHost } from '../helpers/dist.js';
import { hostDefinitions, smallRuntime } from '../helpers/runtime.js';

const MAIN = fileURLToPath(CLI_FILE);
const folder = mkdtempSync(join(tmpdir(), 'hostlink-stop-'));
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Command {
  readonly child: ChildProcess;
  readonly out: string[];
  readonly err: string[];
  readonly ended: Promise<number | null>;
}

function command(...args: string[]): Command {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  ends.push(() => child.kill('SIGKILL'));
  const out: string[] = [];
  const err: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => out.push(line));
  createInterface({ input: child.stderr! }).on('line', (line) => err.push(line));
  return { child, out, err, ended: new Promise((resolve) => child.once('close', resolve)) };
}

/** `hostlink start` with two sessions of an application that thinks for long, and calls of other processes under way. */
async function startWithCalls(thinkMs: string, count: number) {
  const host: EmbeddedHost = await distHost.EmbeddedHost.start(hostDefinitions());
  ends.push(() => host.stop());
  const config = join(folder, 'hostlink.json');
  const server = { control: join(folder, 'control.sock') };
  const input = smallRuntime({ port: host.port, application: 'SLOW', addresses: '2-3', server });
  writeFileSync(config, JSON.stringify(input));
  const runtime = command('start', '-c', config);
  await vi.waitUntil(() => runtime.out.some((line) => line.startsWith('ready')), { timeout: 20_000 });
  const hex = [...thinkMs].map((digit) => `f${digit}`).join('');
  const calls = Array.from({ length: count }, () => command('call', 'SLOW', '--hex', hex, '-c', config));
  const requests = () => host.report().applications.find(({ name }) => name === 'SLOW')!.requests;
  await vi.waitUntil(() => requests() === Math.min(2, count), { timeout: 20_000 });
  return { host, runtime, calls, requests };
}

describe('hostlink start and signals', () => {
  it('SIGTERM once: calls that wait or run finish, then it ends in order', async () => {
    const { host, runtime, calls, requests } = await startWithCalls('2500', 2);
    runtime.child.kill('SIGTERM');
    await vi.waitUntil(() => runtime.err.length > 0, { timeout: 10_000 });
    expect(runtime.err[0]).toBe(
      'SIGTERM: draining for at most 10 s, 2 calls and 0 held sessions left; once more stops now',
    );
    expect(await Promise.all(calls.map(({ ended }) => ended))).toEqual([0, 0]);
    expect(calls.map(({ out }) => out)).toEqual([['f2f5f0f0'], ['f2f5f0f0']]);
    expect(await runtime.ended).toBe(0);
    expect(runtime.err).toContain('draining: 2 calls and 0 held sessions left');
    expect(runtime.out.at(-1)).toBe('stopped after 2 calls');
    expect(requests()).toBe(2);
    expect(host.report().protocolErrors.list).toEqual([]);
    expect(host.report().sessions.active).toBe(0);
  });

  it('SIGTERM twice: it stops now, and its exit code says so', async () => {
    const { host, runtime, calls } = await startWithCalls('9999', 1);
    runtime.child.kill('SIGTERM');
    await vi.waitUntil(() => runtime.err.length > 0, { timeout: 10_000 });
    runtime.child.kill('SIGTERM');
    expect(await runtime.ended).toBe(1);
    expect(runtime.err).toContain('SIGTERM: stopping now');
    expect(await calls[0]!.ended).toBe(1);
    expect(calls[0]!.err.join('\n')).toContain('OUTCOME_UNKNOWN');
    expect(host.report().protocolErrors.list).toEqual([]);
  });
});
