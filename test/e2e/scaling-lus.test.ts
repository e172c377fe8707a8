import { afterEach, describe, expect, it, vi } from 'vitest';
import type { HostLink, HostLinkInput } from '../../src/index.js';
import { dist, distHost } from '../helpers/dist.js';
import { hostDefinitions } from '../helpers/runtime.js';

const WAIT = { timeout: 30_000, interval: 10 };
const LINKS = [1, 2, 3, 4];

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

/** Four links of two LUs of the pool; the fourth also has those of terminals 401 and 402. */
function input(port: number, server: object): HostLinkInput {
  const links = LINKS.map((link) => {
    const lu = { name: `L${link}{address:03}`, application: 'ECHO', logMode: 'LU0FAST' };
    const dedicate = { ...lu, addresses: '10-11', mode: 'DEDICATE', terminals: `${link}01-${link}02` };
    const lus = [{ ...lu, addresses: '2-3' }, ...(link === 4 ? [dedicate] : [])];
    const mac = { localMac: `4000.0000.000${link}`, remoteMac: '4000.3745.0001' };
    return { name: `LINK${link}`, pus: [{ name: `PU${link}`, idBlk: '017', idNum: `0000${link}`, ...mac, lus }] };
  });
  const timers = { sessionRetry: 50, sessionRetryMax: 200, connectRetry: 50, connectRetryMax: 200 };
  return {
    server: { name: 'SCALE', min: 1, pingInterval: '100ms', ...server },
    log: { level: 'silent' },
    linkDefaults: {
      peer: { address: '127.0.0.1', port },
      dlsw: { connections: 1 },
      sna: { piuSizeMax: 4105 },
      timers,
    },
    links,
    services: [{ name: 'ECHO', application: 'ECHO', timeout: '60s' }],
  } as HostLinkInput;
}

async function start(server: object) {
  const pus = LINKS.map((link) => {
    const lus = [{ addresses: '2-11', name: `L${link}{address:03}`, logMode: 'LU0FAST' }];
    return { name: `PU${link}`, idBlk: '017', idNum: `0000${link}`, piuSizeMax: 4105, lus };
  });
  const host = await distHost.EmbeddedHost.start(hostDefinitions({ pus }));
  running.push(host);
  const hostlink = await dist.HostLink.start(input(host.port, server));
  running.push({ stop: () => hostlink.stop() });
  await hostlink.ready({ timeoutMs: 20_000 });
  return { host, hostlink };
}

function workerLinks(hostlink: HostLink): string[] {
  return hostlink.stats().workers.map(({ link }) => link);
}

/** As a caller should: where LU_UNAVAILABLE says that it makes sense, once more. */
async function patient(hostlink: HostLink, text: string, lu: string): Promise<void> {
  await vi.waitUntil(async () => {
    try {
      await echo(hostlink, text, { lu });
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'LU_UNAVAILABLE', details: { retry: 'later' } });
      return false;
    }
  }, WAIT);
}

async function echo(hostlink: HostLink, text: string, options: object): Promise<void> {
  const reply = await hostlink.call('ECHO', Buffer.from(text, 'latin1'), options);
  expect(Buffer.from(reply).toString('latin1')).toBe(text);
}

describe('MIN 1 MAX 4, and nothing but calls that name their LU', { timeout: 60_000 }, () => {
  it('a call by a terminal of the fourth link starts the worker of that link, and succeeds', async () => {
    const { host, hostlink } = await start({ max: 4 });
    expect(workerLinks(hostlink)).toEqual(['LINK1', '', '', '']);
    await Promise.all(['one', 'two'].map((text) => echo(hostlink, text, { terminal: 402 })));
    expect(workerLinks(hostlink)).toEqual(['LINK1', 'LINK4', '', '']);
    await Promise.all([patient(hostlink, 'three', 'L3002'), patient(hostlink, 'four', 'L2003')]);
    expect(workerLinks(hostlink)).toEqual(['LINK1', 'LINK4', 'LINK3', 'LINK2']);
    expect(hostlink.stats().scaling).toEqual({ grown: 3, shrunk: 0 });
    const { ledger, protocolErrors } = host.report();
    const used = ledger.filter((row) => row.requests > 0).map((row) => `${row.lu} ${row.requests}`);
    expect(used.sort()).toEqual(['L2003 1', 'L3002 1', 'L4011 2']);
    expect(protocolErrors.list).toEqual([]);
  });

  it('where MAX is reached it gets the place of a worker without calls, and gives it back in turn', async () => {
    const { hostlink } = await start({ max: 2, idleTimeout: '300ms' });
    const starts: string[] = [];
    hostlink.on('event', ({ name, link }) => {
      if (name === 'worker.started') starts.push(link);
    });
    await patient(hostlink, 'one', 'L2002');
    expect(workerLinks(hostlink)).toEqual(['LINK1', 'LINK2']);
    await patient(hostlink, 'two', 'L3002');
    expect(workerLinks(hostlink)).toContain('LINK3');
    await vi.waitUntil(() => hostlink.stats().workers.filter(({ state }) => state === 'IDLE').length === 1, WAIT);
    expect(hostlink.stats().workers.filter(({ state }) => state === 'READY')).toHaveLength(1);
    expect(starts).toEqual(['LINK2', 'LINK3']);
    await patient(hostlink, 'three', 'L2002');
  });
});
