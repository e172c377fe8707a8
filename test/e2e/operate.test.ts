import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EmbeddedHost } from '../../src/host/embedded-host.js';
import type { HostLink, HostLinkInput, SessionInfo } from '../../src/index.js';
import { CLI_FILE, dist, distHost } from '../helpers/dist.js';
import { hostDefinitions, smallRuntime } from '../helpers/runtime.js';

const MAIN = fileURLToPath(CLI_FILE);
const load = async (file: string): Promise<unknown> =>
  import(new URL(`../../dist/src/control/${file}`, import.meta.url).href);
const { ControlServer } = (await load('server.js')) as typeof import('../../src/control/server.js');
const { controlled } = (await load('record.js')) as typeof import('../../src/control/record.js');
const execute = promisify(execFile);
const WAIT = { timeout: 15_000, interval: 20 };

let folder: string;
let control: string;
let host: EmbeddedHost;
let hostlink: HostLink;
let events: string[];
let ends: (() => Promise<unknown>)[];

/** Two links of four LUs each towards SLOW; all sessions up. */
async function start(server: Record<string, unknown> = {}): Promise<void> {
  const one = smallRuntime({ port: host.port, application: 'SLOW', server: { min: 2, max: 2, ...server } });
  const two = smallRuntime({ port: host.port, application: 'SLOW', idNum: '00021' });
  const other = two.links[0]!;
  const pus = [{ ...other.pus[0]!, name: 'PU2A', localMac: '4000.0000.0021' }];
  const lus = pus[0]!.lus.map((lu) => ({ ...lu, name: 'LA2{address:03}' }));
  const links = [one.links[0]!, { ...other, name: 'LINK2', pus: [{ ...pus[0]!, lus }] }];
  hostlink = await dist.HostLink.start({ ...one, links } as HostLinkInput);
  ends.push(() => hostlink.stop());
  hostlink.on('event', ({ name }) => events.push(name));
  const logger = hostlink.log.part('control');
  const socket = await ControlServer.start(control, controlled(hostlink), { callSizeMax: 1000, logger });
  ends.push(() => socket.stop());
  await hostlink.ready({ timeoutMs: 15_000 });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostlink-operate-'));
  control = join(folder, 'control.sock');
  events = [];
  ends = [];
  host = await distHost.EmbeddedHost.start(hostDefinitions());
  ends.push(() => host.stop());
});

afterEach(async () => {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

/** The command line as an operator runs it; what it printed, or the first line of its complaint. */
async function cli(...args: string[]): Promise<string> {
  try {
    return (await execute(process.execPath, [MAIN, ...args, '--control', control])).stdout.trim();
  } catch (error) {
    return (error as { stderr: string }).stderr.trim();
  }
}

async function sessions(...args: string[]): Promise<SessionInfo[]> {
  return JSON.parse(await cli('sessions', '--json', ...args)) as SessionInfo[];
}

/** A call that the host thinks about for `ms`; its code when it fails. */
function slow(ms: number): Promise<string> {
  return hostlink.callText('SLOW', String(ms).padStart(4, '0')).catch((error: { code: string }) => error.code);
}

describe('hostlink ctl', () => {
  it('holds a service under load: what runs and waits finishes, new calls are refused, until it is started', async () => {
    await start();
    const under = Array.from({ length: 20 }, () => slow(600));
    await vi.waitUntil(() => hostlink.stats().dispatch.waiting === 12, WAIT);
    expect(await cli('ctl', 'hold', 'service', 'SLOW')).toBe('hold service SLOW: open -> HELD');
    expect(await slow(1)).toBe('SERVICE_HELD');
    expect(await Promise.all(under)).toEqual(Array(20).fill('0600'));
    expect(await cli('status')).toMatch(/^SLOW \(HELD\) /m);
    expect(await cli('ctl', 'start', 'service', 'SLOW')).toBe('start service SLOW: HELD -> open');
    expect(await slow(1)).toBe('0001');
    expect(await cli('ctl', 'hold', 'server')).toBe('hold server: open -> HELD');
    expect(await slow(1)).toBe('SERVICE_HELD');
    await cli('ctl', 'start', 'server');
    expect(await slow(1)).toBe('0001');
    expect(events.filter((name) => name.startsWith('operator.'))).toEqual([
      'operator.hold',
      'operator.start',
      'operator.hold',
      'operator.start',
    ]);
  });

  it('holds a link: all calls go over the other one', async () => {
    await start();
    await cli('ctl', 'hold', 'link', 'LINK1');
    expect(hostlink.stats().workers.map(({ state }) => state)).toEqual(['HELD', 'READY']);
    await Promise.all(Array.from({ length: 12 }, () => slow(1)));
    const calls = async (link: string) => (await sessions('--link', link)).reduce((sum, row) => sum + row.calls, 0);
    expect([await calls('LINK1'), await calls('LINK2')]).toEqual([0, 12]);
    expect(await cli('ctl', 'start', 'link', 'LINK1')).toBe('start link LINK1: HELD -> open');
    await Promise.all(Array.from({ length: 8 }, () => slow(50)));
    expect(await calls('LINK1')).toBeGreaterThan(0);
  });

  it('deactivates an LU when its call is done; it stays HELD over a loss of the link, and comes back', async () => {
    await start();
    const running = Array.from({ length: 8 }, () => slow(3000));
    expect(hostlink.stats().workers.map(({ reserved }) => reserved)).toEqual([4, 4]);
    expect(await cli('ctl', 'deactivate', 'lu', 'LA1002')).toBe('deactivate lu LA1002: 1 LUs -> 0 HELD');
    expect(await Promise.all(running)).toEqual(Array(8).fill('3000'));
    const state = async () => {
      const [row] = await sessions('--lu', 'LA1002');
      return `${row?.state} ${row?.reason}`.trim();
    };
    await vi.waitUntil(async () => (await state()) === 'HELD deactivated by the operator', WAIT);
    expect(hostlink.stats().sessions.sessions).toBe(7);
    host.control.dropConnections();
    await vi.waitUntil(() => events.filter((name) => name === 'link.down').length === 2, WAIT);
    await hostlink.ready({ sessions: 7, timeoutMs: 15_000 });
    expect(await state()).toBe('HELD deactivated by the operator');
    await cli('ctl', 'activate', 'lu', 'LA1002');
    await hostlink.ready({ timeoutMs: 15_000 });
    expect(await state()).toBe('ACTIVE');
    expect(host.report().protocolErrors.list).toEqual([]);
  });

  it('deactivates a PU and a link; what is deactivated stays so when its worker starts again', async () => {
    await start();
    await cli('ctl', 'deactivate', 'pu', 'LINK1/PU1A');
    await vi.waitUntil(async () => (await sessions('--state', 'HELD')).length === 4, WAIT);
    await cli('ctl', 'drain', 'link', 'LINK1');
    await cli('ctl', 'start', 'link', 'LINK1');
    await vi.waitUntil(async () => (await sessions('--state', 'HELD')).length === 4, WAIT);
    expect((await sessions('--state', 'HELD')).every(({ link }) => link === 'LINK1')).toBe(true);
    await cli('ctl', 'activate', 'link', 'LINK1');
    await hostlink.ready({ timeoutMs: 15_000 });
    expect(await cli('sessions', '--link', 'LINK1')).toMatch(/4 sessions, 4 up: ACTIVE 4$/);
  });

  it('drains a link under load without a failed call; it stays down until it is started', async () => {
    await start();
    let isLoaded = true;
    const results: string[] = [];
    const load = Array.from({ length: 16 }, async () => {
      while (isLoaded) results.push(await slow(20));
    });
    expect(await cli('ctl', 'drain', 'link', 'LINK1')).toBe('drain link LINK1: open -> DRAINED');
    const at = results.length;
    await vi.waitUntil(() => results.length > at + 50, WAIT);
    expect(hostlink.stats().links.map(({ hold, worker, up }) => [hold, worker, up])).toEqual([
      ['DRAINED', null, 0],
      ['', 1, 4],
    ]);
    expect(await cli('ctl', 'start', 'link', 'LINK1')).toBe('start link LINK1: DRAINED -> open');
    await hostlink.ready({ timeoutMs: 15_000 });
    isLoaded = false;
    await Promise.all(load);
    expect(results.filter((result) => result !== '0020')).toEqual([]);
    expect(hostlink.stats().links.map(({ up }) => up)).toEqual([4, 4]);
    expect(host.report().protocolErrors.list).toEqual([]);
  });

  it('purges what waits, and only that', async () => {
    await start();
    const calls = Array.from({ length: 13 }, () => slow(4000));
    await vi.waitUntil(() => hostlink.stats().dispatch.waiting === 5, WAIT);
    expect(await cli('ctl', 'purge', 'service', 'SLOW')).toBe('purge service SLOW: 5 -> 0');
    const results = await Promise.all(calls);
    expect(results.slice(0, 8)).toEqual(Array(8).fill('4000'));
    expect(results.slice(8)).toEqual(Array(5).fill('QUEUE_PURGED'));
    expect(await cli('ctl', 'purge', 'all')).toBe('purge all: 0 -> 0');
  });

  it('changes settings within the ranges of the configuration; a raised MAX and MIN start a worker', async () => {
    await start({ min: 1, max: 1 });
    expect(hostlink.stats().workers).toHaveLength(1);
    expect(await cli('ctl', 'set', 'maxqcount', '2')).toBe('set maxqcount: 10000 -> 2');
    const calls = Array.from({ length: 7 }, () => slow(300));
    expect((await Promise.all(calls)).sort()).toEqual([...Array(6).fill('0300'), 'QUEUE_FULL']);
    expect(await cli('ctl', 'set', 'gperiod', '90s')).toBe('set gperiod: 60000 -> 90000');
    expect(await cli('ctl', 'set', 'maxqcount', '-2')).toMatch(/SETTING_INVALID: .*-1\.\.1000000/);
    expect(await cli('ctl', 'set', 'min', '2')).toMatch(/SETTING_INVALID: .*max is 1, less than min 2/);
    expect(await cli('ctl', 'set', 'max', '3')).toMatch(/SETTING_INVALID: .*number of links, 2/);
    expect(await cli('ctl', 'set', 'max', '2')).toBe('set max: 1 -> 2');
    expect(await cli('ctl', 'set', 'min', '2')).toBe('set min: 1 -> 2');
    await vi.waitUntil(() => hostlink.stats().sessions.sessions === 8, WAIT);
    expect(await cli('ctl', 'set', 'loglevel', 'link', 'debug')).toBe('set loglevel link: silent -> debug');
    expect(await cli('ctl', 'set', 'loglevel', 'link', 'loud')).toMatch(/SETTING_INVALID/);
    await cli('ctl', 'set', 'loglevel', 'link', 'silent');
  });

  it('refuses a second operator while the first one is at it, and says who that is', async () => {
    await start();
    const running = Array.from({ length: 8 }, () => slow(6000));
    await vi.waitUntil(() => hostlink.stats().workers[0]!.reserved === 4, WAIT);
    const draining = cli('ctl', 'drain', 'link', 'LINK1');
    await vi.waitUntil(() => hostlink.stats().links[0]!.hold === 'DRAINING', WAIT);
    expect(await cli('ctl', 'hold', 'server')).toMatch(
      /OPERATOR_BUSY: .*process \d+ has been at "drain link LINK1" since/,
    );
    expect(await sessions('--link', 'LINK2')).toHaveLength(4);
    expect(await draining).toBe('drain link LINK1: open -> DRAINED');
    expect(await Promise.all(running)).toEqual(Array(8).fill('6000'));
    expect(await cli('ctl', 'hold', 'server')).toBe('hold server: open -> HELD');
  });

  it('names what it does not know', async () => {
    await start();
    expect(await cli('ctl', 'hold', 'service', 'NONE')).toMatch(/SERVICE_UNKNOWN[\s\S]*SLOW/);
    expect(await cli('ctl', 'drain', 'link', 'NONE')).toMatch(/LINK_UNKNOWN[\s\S]*LINK1/);
    expect(await cli('ctl', 'activate', 'pu', 'LINK1/NONE')).toMatch(/PU_UNKNOWN[\s\S]*LINK1\/PU1A/);
    expect(await cli('ctl', 'activate', 'lu', 'NONE')).toMatch(/LU_UNKNOWN/);
    expect(await cli('ctl', 'set', 'callSizeMax', '1')).toMatch(/CONTROL_REQUEST_UNKNOWN[\s\S]*maxqcount/);
    expect(await cli('ctl', 'explode')).toMatch(/CONTROL_REQUEST_UNKNOWN[\s\S]*hold/);
    expect(events.filter((name) => name.startsWith('operator.'))).toEqual([]);
  });
});
