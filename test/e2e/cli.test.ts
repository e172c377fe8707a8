import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CLI_FILE } from '../helpers/dist.js';

const MAIN = fileURLToPath(CLI_FILE);
const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const execute = promisify(execFile);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as a person runs it. */
async function hostlink(...args: string[]): Promise<Ended> {
  try {
    return { code: 0, ...(await execute(process.execPath, [MAIN, ...args], { maxBuffer: 1 << 26 })) };
  } catch (error) {
    const { code, stdout, stderr } = error as Ended;
    return { code, stdout, stderr };
  }
}

/** A command that runs until it is told to end, and the lines it prints. */
function background(...args: string[]): { child: ChildProcess; lines: string[]; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  return { child, lines, ended: new Promise((resolve) => child.once('close', resolve)) };
}

describe('command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostlink-cli-'));
  const config = join(folder, 'hostlink.yaml');
  const control = join(folder, 'control.sock');
  const trace = join(folder, 'start.pcapng');
  let host: ReturnType<typeof background>;
  let runtime: ReturnType<typeof background>;

  beforeAll(async () => {
    host = background('host', '-c', join(EXAMPLES, 'host.yaml'), '--port', '0', '--json');
    await vi.waitUntil(() => host.lines.length > 0, { timeout: 10_000 });
    const { port } = JSON.parse(host.lines[0]!) as { port: number };
    const text = readFileSync(join(EXAMPLES, 'hostlink.yaml'), 'utf8');
    writeFileSync(config, text.replace('port: 12065', `port: ${port}`).replace('./hostlink.sock', control));
    runtime = background('start', '-c', config, '--trace', trace);
    await vi.waitUntil(async () => (await hostlink('status', '-c', config, '--json')).stdout.includes('"ACTIVE":256'), {
      timeout: 20_000,
      interval: 200,
    });
  }, 40_000);

  afterAll(async () => {
    runtime?.child.kill('SIGKILL');
    host?.child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('check: the effective configuration, or every mistake with file, line, column and what is allowed', async () => {
    const good = await hostlink('check', '-c', config);
    expect(good.code).toBe(0);
    expect(good.stdout).toContain('LINK1');
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(
      wrong,
      readFileSync(config, 'utf8').replace('min: 2', 'min: 0').replace('idBlk: "017"', 'idBlk: "XYZ"'),
    );
    const bad = await hostlink('check', '-c', wrong);
    expect(bad.code).toBe(1);
    const output = bad.stdout + bad.stderr;
    expect(output).toMatch(/wrong\.yaml:7:\d+: .*min/);
    expect(output).toMatch(/wrong\.yaml:\d+:\d+: .*idBlk/);
    expect((await hostlink('check', '-c', join(folder, 'none.yaml'))).stderr).toContain('CONFIG_UNREADABLE');
    expect((await hostlink('check')).code).toBe(2);
  });

  it('check: what a Tmax configuration gave, what is not used, and its mistakes', async () => {
    const text = readFileSync(config, 'utf8').replace('# tmax: ./tmax.m', 'tmax: ./tmax.m');
    const tmax = readFileSync(join(EXAMPLES, 'tmax.m'), 'utf8');
    const named = join(folder, 'named.yaml');
    writeFileSync(named, text);
    writeFileSync(join(folder, 'tmax.m'), tmax);
    const good = await hostlink('check', '-c', named);
    expect(good.code).toBe(0);
    expect(good.stdout).toContain('asqcount: 8');
    expect(good.stdout).toContain('line 22: ASQCOUNT = 8 gives server.asqcount');
    expect(good.stdout).toContain('line 33: *SERVICE POSTING: SVRNAME, SVCTIME (a service of another server)');
    const json = JSON.parse((await hostlink('check', '--json', '-c', named)).stdout);
    expect(json.config.tmax.taken).toContainEqual({ key: 'server.min', written: 'MIN = 2', line: 21, column: 15 });
    writeFileSync(join(folder, 'tmax.m'), tmax.replace('MIN = 2, MAX = 2,', 'MIN = 3, MAX 2,'));
    const bad = await hostlink('check', '-c', named);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/named\.yaml:7:8: min is 2, but \S+tmax\.m:21:15 says MIN = 3/);
    expect(bad.stderr).toMatch(/tmax\.m:21:18: "MAX" has no = and no value; allowed: NAME = value/);
    expect(bad.stderr).toContain('2 problems');
  });

  it('start refuses a wrong file, and starts nothing', async () => {
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(wrong, 'server: { name: X, min: 5 }\n');
    const ended = await hostlink('start', '-c', wrong);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('CONFIG_INVALID');
  });

  it('call: text, hex and bytes reach the host and come back', async () => {
    const upper = await hostlink('call', 'UPPER', '--text', 'hello, host', '-c', config);
    expect(upper).toMatchObject({ code: 0, stdout: expect.stringContaining('HELLO, HOST') });
    const echo = await hostlink('call', 'ECHO', '--hex', 'c1c2c3', '-c', config);
    expect(echo.stdout.trim().toLowerCase()).toBe('c1c2c3');
    const piped = spawnSync(process.execPath, [MAIN, 'call', 'ECHO', '-c', config], { input: 'from stdin' });
    expect(piped.stdout.toString()).toContain('from stdin');
    const unknown = await hostlink('call', 'ECO', '--text', 'x', '-c', config);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('SERVICE_UNKNOWN');
  });

  it('call --standalone: a runtime of its own for one call', async () => {
    const other = background('host', '-c', join(EXAMPLES, 'host.yaml'), '--port', '0', '--json');
    try {
      await vi.waitUntil(() => other.lines.length > 0, { timeout: 10_000 });
      const { port } = JSON.parse(other.lines[0]!) as { port: number };
      const own = join(folder, 'alone.yaml');
      writeFileSync(own, readFileSync(join(EXAMPLES, 'hostlink.yaml'), 'utf8').replace('port: 12065', `port: ${port}`));
      const alone = await hostlink('call', 'ECHO', '--text', 'alone', '--standalone', '-c', own);
      expect(alone).toMatchObject({ code: 0, stdout: expect.stringContaining('alone') });
    } finally {
      other.child.kill('SIGTERM');
      expect(await other.ended).toBe(0);
    }
  });

  it('status: workers, links, sessions by state, services with count, average and queue', async () => {
    const table = await hostlink('status', '-c', config);
    expect(table.stdout).toMatch(/LINK1[\s\S]*LINK2/);
    expect(table.stdout).toMatch(/UPPER/);
    const { stdout } = await hostlink('status', '-c', config, '--json');
    const stats = JSON.parse(stdout) as { services: { name: string; count: number }[]; links: { up: number }[] };
    expect(stats.links.map((link) => link.up)).toEqual([256, 256]);
    expect(stats.services.find((service) => service.name === 'UPPER')!.count).toBeGreaterThan(0);
    const none = await hostlink('status', '--control', join(folder, 'none.sock'));
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('CONTROL_UNREACHABLE') });
  });

  it('trace: records the running one; replay takes the recording', async () => {
    const file = join(folder, 'live.pcapng');
    const recording = hostlink('trace', file, '-c', config, '--count', '4', '--seconds', '20', '--json');
    await vi.waitUntil(
      async () => {
        await hostlink('call', 'ECHO', '--text', 'recorded', '-c', config);
        return (
          statSync(file, { throwIfNoEntry: false }) !== undefined &&
          (await Promise.race([recording, undefined])) !== undefined
        );
      },
      { timeout: 20_000 },
    );
    const ended = await recording;
    expect(ended.code).toBe(0);
    expect(statSync(file).size).toBeGreaterThan(400);
  });

  it('the socket is for its owner only', () => {
    expect(statSync(control).mode & 0o777).toBe(0o600);
  });

  it('stops in order on SIGTERM; the host has nothing to object to', async () => {
    runtime.child.kill('SIGTERM');
    expect(await runtime.ended).toBe(0);
    host.child.kill('SIGTERM');
    expect(await host.ended).toBe(0);
    const report = host.lines.map((line) => JSON.parse(line) as { event: string; protocolErrors?: number });
    expect(report.find((line) => line.event === 'report')!.protocolErrors).toBe(0);
    const replay = await hostlink('replay', trace, '--json');
    expect(replay.code, replay.stdout.slice(0, 500) + replay.stderr).toBe(0);
  });
});
