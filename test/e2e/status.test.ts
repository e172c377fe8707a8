import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NotUp } from '../../src/control/status.js';
import type { HostLink, HostLinkInput } from '../../src/index.js';
import { CLI_FILE, dist, distHost } from '../helpers/dist.js';
import { FAKE_WORKER, fakeConfig } from '../helpers/fake-config.js';
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
let ends: (() => Promise<unknown>)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostlink-status-'));
  control = join(folder, 'control.sock');
  ends = [];
});

afterEach(async () => {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(hostlink: HostLink): Promise<void> {
  const logger = hostlink.log.part('control');
  const socket = await ControlServer.start(control, controlled(hostlink), { callSizeMax: 1000, logger });
  ends.push(() => socket.stop());
}

/** `hostlink status` as an operator runs it. */
async function status(...args: string[]): Promise<string> {
  return (await execute(process.execPath, [MAIN, 'status', ...args, '--control', control])).stdout;
}

async function notUp(): Promise<NotUp[]> {
  return (JSON.parse(await status('--json')) as { notUp: NotUp[] }).notUp;
}

describe('hostlink status', { timeout: 60_000 }, () => {
  it('tells why which sessions are not up: refusals of the host and of ours, and what an operator did', async () => {
    const { logModes = [] } = hostDefinitions();
    // A session of LU type 2, which nobody here speaks.
    const typed = { name: 'OFTYPE2', bind: '31 01 03 03 B1 B0 30 80 00 00 F8 F8 00 00 02' };
    const host = await distHost.EmbeddedHost.start(hostDefinitions({ logModes: [...logModes, typed] }));
    ends.push(() => host.stop());
    const config = smallRuntime({ port: host.port, addresses: '2-5' });
    const [link] = config.links;
    const [pu] = link!.pus;
    const [echo] = pu!.lus;
    const more = [
      { ...echo!, addresses: '10-14', application: 'NOSUCH' },
      { ...echo!, addresses: '20-21', logMode: 'OFTYPE2' },
    ];
    // What is refused stays so while we look.
    const timers = { sessionRetry: 60_000, sessionRetryMax: 60_000 };
    const links = [{ ...link!, timers, pus: [{ ...pu!, lus: [echo!, ...more] }] }];
    const services = [...config.services!, { name: 'NOSUCH', application: 'NOSUCH' }];
    const hostlink = await dist.HostLink.start({ ...config, links, services } as HostLinkInput);
    ends.push(() => hostlink.stop());
    await hostlink.ready({ sessions: 4, timeoutMs: 15_000 });
    await serve(hostlink);
    await hostlink.operations.deactivate('lu', 'LA1002');
    host.control.dactlu('LA1003');
    let groups: NotUp[] = [];
    await vi.waitUntil(async () => {
      groups = await notUp();
      return groups.length === 4 && groups.every(({ state }) => ['HELD', 'DOWN', 'RETRY'].includes(state));
    }, WAIT);
    expect(groups.map(({ reason, ...rest }) => rest)).toEqual([
      { link: 'LINK1', state: 'RETRY', sessions: 5, lus: ['LA1010', 'LA1011', 'LA1012'] },
      { link: 'LINK1', state: 'HELD', sessions: 2, lus: ['LA1020', 'LA1021'] },
      { link: 'LINK1', state: expect.any(String), sessions: 1, lus: [expect.any(String)] },
      { link: 'LINK1', state: expect.any(String), sessions: 1, lus: [expect.any(String)] },
    ]);
    expect(groups.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('the host refused the logon (INIT-SELF): 08060000 RESOURCE_UNKNOWN'),
      expect.stringContaining('we refused the BIND of the host: 0821'),
      expect.any(String),
      expect.any(String),
    ]);
    const table = await status();
    expect(table).toMatch(/^LINK1 +\w+ +5 +LA1010, LA1011, LA1012 and 2 more +the host refused the logon/m);
    expect(table).toMatch(/^LINK1 +HELD +2 +LA1020, LA1021 +we refused the BIND of the host: 0821/m);
    expect(table).toMatch(/^LINK1 +HELD +1 +LA1002 +deactivated by the operator$/m);
    expect(table).toMatch(/^LINK1 +DOWN +1 +LA1003 +the host deactivated the LU \(DACTLU\)$/m);
  });

  it('does not wait for a worker that hangs', async () => {
    const config = fakeConfig({ links: ['A', 'B'], sessions: 2, server: { pingTimeoutMs: 600_000 } });
    const hostlink = await dist.HostLink.start(config, { workerFile: FAKE_WORKER });
    ends.push(() => hostlink.stop({ graceMs: 0 }));
    await hostlink.ready({ timeoutMs: 15_000 });
    await serve(hostlink);
    hostlink.call('SVC0', Buffer.from('loop')).catch(() => {});
    await vi.waitUntil(async () => (await hostlink.sessions({ timeoutMs: 1000 })).length < 4, WAIT);
    expect(await status()).toContain('4 of 4 sessions');
  });
});
