import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EmbeddedHost } from '../../src/host/embedded-host.js';
import type { HostLink, HostLinkInput } from '../../src/index.js';
import { dist, distHost } from '../helpers/dist.js';
import { hostDefinitions } from '../helpers/runtime.js';

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

const LINKS = 4;
const TERMINALS_PER_LINK = 250;
const POOL_PER_LINK = 6;

/** PUs PU1A to PU4B with LUs 2-129 each. */
function hostPus(): {
  name: string;
  idBlk: string;
  idNum: string;
  lus: { addresses: string; name: string; logMode: string }[];
}[] {
  return Array.from({ length: LINKS * 2 }, (_, at) => {
    const [link, side] = [Math.floor(at / 2) + 1, 'AB'[at % 2]!];
    const lus = [{ addresses: '2-129', name: `L${side}${link}{address:03}`, logMode: 'LU0FAST' }];
    return { name: `PU${link}${side}`, idBlk: '017', idNum: `000${link}${(at % 2) + 1}`, lus };
  });
}

/** On each link 250 dedicate LUs with terminals T1-001..., and 6 of the pool. */
function input(port: number): HostLinkInput {
  const links = Array.from({ length: LINKS }, (_, at) => {
    const link = at + 1;
    const pu = (side: 'A' | 'B', lus: object[]) => ({
      name: `PU${link}${side}`,
      idBlk: '017',
      idNum: `000${link}${side === 'A' ? 1 : 2}`,
      localMac: `4000.0000.00${link}${side === 'A' ? 1 : 2}`,
      remoteMac: '4000.3745.0001',
      lus: lus.map((lu) => ({ name: `L${side}${link}{address:03}`, application: 'ECHO', logMode: 'LU0FAST', ...lu })),
    });
    const first = link * 1000;
    return {
      name: `LINK${link}`,
      pus: [
        pu('A', [
          { addresses: '2-126', mode: 'DEDICATE', terminals: `${first + 1}-${first + 125}` },
          { addresses: '127-129' },
        ]),
        pu('B', [
          { addresses: '2-126', mode: 'DEDICATE', terminals: `${first + 126}-${first + 250}` },
          { addresses: '127-129' },
        ]),
      ],
    };
  });
  const peer = { address: '127.0.0.1', port };
  const timers = { sessionRetry: 50, sessionRetryMax: 200, connectRetry: 50, connectRetryMax: 200 };
  return {
    server: { name: 'DEDICATE', min: LINKS, maxrstart: 20 },
    log: { level: 'silent' },
    linkDefaults: { peer, dlsw: { connections: 1 }, sna: { piuSizeMax: 4105 }, timers },
    links,
    services: [{ name: 'ECHO', application: 'ECHO', timeout: 20_000 }],
  } as HostLinkInput;
}

interface Executed {
  readonly lu: string;
  readonly text: string;
}

async function start(): Promise<{ host: EmbeddedHost; hostlink: HostLink; executed: Executed[] }> {
  const executed: Executed[] = [];
  const host = await distHost.EmbeddedHost.start(hostDefinitions({ pus: hostPus() as never }), {
    onLedger: (row, bytes, from, to) =>
      void executed.push({ lu: row.lu, text: Buffer.from(bytes).toString('latin1', from, to) }),
  });
  running.push(host);
  const hostlink = await dist.HostLink.start(input(host.port));
  running.push({ stop: () => hostlink.stop() });
  await hostlink.ready({ sessions: 'all', timeoutMs: 20_000 });
  return { host, hostlink, executed };
}

/** Terminals 1001-1250, 2001-2250, ... */
const terminals = Array.from({ length: LINKS * TERMINALS_PER_LINK }, (_, at) =>
  String((Math.floor(at / TERMINALS_PER_LINK) + 1) * 1000 + (at % TERMINALS_PER_LINK) + 1),
);

/** What the host did for each terminal, in the host's order. */
function byTerminal(executed: readonly Executed[]): Map<string, { lus: Set<string>; counts: number[] }> {
  const found = new Map<string, { lus: Set<string>; counts: number[] }>();
  for (const { lu, text } of executed) {
    const [kind, terminal, count] = text.split(' ');
    if (kind !== 'T') continue;
    const entry = found.get(terminal!) ?? { lus: new Set(), counts: [] };
    found.set(terminal!, entry);
    entry.lus.add(lu);
    entry.counts.push(Number(count));
  }
  return found;
}

describe('dedicate mode', () => {
  it('1,000 terminals over 4 workers under mixed load: each meets its LU only, gapless and in order', {
    timeout: 90_000,
  }, async () => {
    const { host, hostlink, executed } = await start();
    const rounds = 6;
    const calls: Promise<boolean>[] = [];
    const ask = async (text: string, terminal?: string): Promise<boolean> => {
      const sent = Buffer.from(text, 'latin1');
      const options = terminal === undefined ? undefined : { terminal };
      return sent.equals(await hostlink.call('ECHO', sent, options));
    };
    for (let round = 1; round <= rounds; round += 1) {
      for (const terminal of terminals) calls.push(ask(`T ${terminal} ${round}`, terminal));
      for (let pool = 0; pool < 300; pool += 1) calls.push(ask(`P ${pool} ${round}`));
    }
    expect((await Promise.all(calls)).every(Boolean)).toBe(true);
    const found = byTerminal(executed);
    expect(found.size).toBe(1000);
    const expected = Array.from({ length: rounds }, (_, at) => at + 1);
    for (const [terminal, { lus, counts }] of found) {
      expect(lus.size, terminal).toBe(1);
      expect(counts, terminal).toEqual(expected);
    }
    expect(new Set([...found.values()].flatMap(({ lus }) => [...lus])).size, 'an LU each').toBe(1000);
    const pooled = new Set(executed.filter(({ text }) => text.startsWith('P')).map(({ lu }) => lu));
    expect(pooled.size).toBeLessThanOrEqual(LINKS * POOL_PER_LINK);
    await hostlink.stop();
    expect(host.report().protocolErrors.count).toBe(0);
  });

  it('a terminal meets the same LU again after its link was lost', { timeout: 60_000 }, async () => {
    const { host, hostlink, executed } = await start();
    const call = (count: number) => hostlink.call('ECHO', Buffer.from(`T 2007 ${count}`, 'latin1'), { terminal: 2007 });
    await call(1);
    const down = new Promise<void>((resolve) => {
      hostlink.on('event', (event) => {
        if (event.name === 'link.down' && event.link === 'LINK2') resolve();
      });
    });
    host.control.dropConnections();
    await down;
    await Promise.all([call(2), call(3)]);
    const { lus, counts } = byTerminal(executed).get('2007')!;
    expect([...lus]).toHaveLength(1);
    expect(counts).toEqual([1, 2, 3]);
  });

  it('calls that name an LU: given when free, refused when in use, unknown or of another application', async () => {
    const { host, hostlink } = await start();
    const free = await hostlink.call('ECHO', Buffer.from('hello'), { lu: 'LA3127' });
    expect(Buffer.from(free).toString()).toBe('hello');
    expect(host.report().ledger.find((row) => row.lu === 'LA3127')!.requests).toBe(1);
    const both = await Promise.allSettled(
      [1, 2, 3].map(() => hostlink.call('ECHO', Buffer.from('again'), { instance: 'LA3128' })),
    );
    const failed = both.filter((one) => one.status === 'rejected').map((one) => (one as PromiseRejectedResult).reason);
    expect(failed).toHaveLength(2);
    for (const error of failed)
      expect(error).toMatchObject({ code: 'LU_IN_USE', details: { lu: 'LA3128', retry: 'now' } });
    const hello = Buffer.from('hello');
    await expect(hostlink.call('ECHO', hello, { lu: 'NOSUCH' })).rejects.toMatchObject({ code: 'LU_UNKNOWN' });
    await expect(hostlink.call('ECHO', hello, { terminal: 1 })).rejects.toMatchObject({ code: 'TERMINAL_UNKNOWN' });
    const twice = hostlink.call('ECHO', hello, { terminal: 1001, lu: 'LA1002' });
    await expect(twice).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    host.control.dactlu('LA3129');
    await vi.waitUntil(async () =>
      (await hostlink.sessions()).some((one) => one.lu === 'LA3129' && one.state === 'DOWN'),
    );
    await expect(hostlink.call('ECHO', hello, { lu: 'LA3129' })).rejects.toMatchObject({
      code: 'LU_UNAVAILABLE',
      details: { retry: 'later' },
    });
  });
});
