import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageVersion } from '../../../src/cli/package-root.js';
import { runCli } from '../../../src/cli/program.js';
import { type FakeIo, fakeIo } from './fake-io.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostlink-program-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: readonly string[]): Promise<FakeIo & { exitCode: number }> {
  const io = fakeIo();
  const exitCode = await runCli(args, io);
  return Object.assign(io, { exitCode });
}

describe('hostlink', () => {
  it('prints its version and its commands', async () => {
    expect((await run('--version')).out.text).toBe(`${packageVersion()}\n`);
    const help = await run('--help');
    expect(help.exitCode).toBe(0);
    for (const command of ['start', 'check', 'host', 'call', 'status', 'trace', 'replay', 'demo']) {
      expect(help.out.text).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
  });

  it.each([
    [[]],
    [['nonsense']],
    [['start']],
    [['check']],
    [['host']],
    [['call']],
    [['call', 'ECHO', '--text', 'a', '--hex', 'c1']],
    [['call', 'ECHO', '--timeout', '0']],
    [['trace', 'file', '--count', '1.5']],
    [['host', '-c', 'file', '--port', '65536']],
    [['demo', '--calls', 'many']],
    [['status', '--verbose']],
  ])('ends with 2 for what it does not understand: %j', async (args) => {
    const io = await run(...args);
    expect(io.exitCode).toBe(2);
    expect(io.out.text).toBe('');
    expect(io.err.text).not.toBe('');
  });

  it('ends with 1 for errors, in words or as JSON', async () => {
    const words = await run('status', '--control', join(folder, 'absent'));
    expect(words.exitCode).toBe(1);
    expect(words.err.lines[0]).toMatch(/^error CONTROL_UNREACHABLE: /);
    const json = await run('status', '--json', '--control', join(folder, 'absent'));
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.out.text)).toMatchObject({ error: { code: 'CONTROL_UNREACHABLE' } });
    expect(json.err.text).toBe('');
  });
});

describe('hostlink check', () => {
  it('prints the effective configuration and a summary', async () => {
    const io = await run('check', '-c', 'examples/hostlink.yaml');
    expect(io.exitCode).toBe(0);
    expect(io.out.text).toMatch(/^server:\n/);
    expect(io.out.text).toMatch(/HOSTLINK: 2 links, 4 PUs, 512 LUs/);
    const json = await run('check', '--json', '-c', 'examples/hostlink.yaml');
    expect(JSON.parse(json.out.text)).toMatchObject({
      ok: true,
      problems: [],
      config: { server: { name: 'HOSTLINK' } },
    });
  });

  it('lists every problem with its place, and ends with 1', async () => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, 'server:\n  min: 0\n  colour: red\nlinks: []\n');
    const io = await run('check', '-c', file);
    expect(io.exitCode).toBe(1);
    expect(io.err.lines.length).toBeGreaterThanOrEqual(4);
    expect(io.err.text).toContain(`${file}:2:8: `);
    expect(io.err.text).toContain(`${file}:3:3: `);
    expect(io.err.lines.at(-1)).toMatch(/\d problems$/);
    const json = await run('check', '--json', '-c', file);
    const said = JSON.parse(json.out.text) as { ok: boolean; problems: { line: number; path: string }[] };
    expect(said.ok).toBe(false);
    expect(said.problems.map(({ line }) => line)).toEqual([2, 3, 4]);
  });

  it('says when the file is not there', async () => {
    expect((await run('check', '-c', join(folder, 'absent'))).err.lines[0]).toMatch(/^error CONFIG_UNREADABLE/);
  });
});
