import { afterEach, describe, expect, it } from 'vitest';
import type { RuntimeName } from '../../bench/routing-config.js';
import type { HostLink } from '../../src/index.js';
import { dist, distHost } from '../helpers/dist.js';

/** The benches as they run: built, with worker threads. How quick they are is not looked at. */
async function built(file: string): Promise<unknown> {
  return import(new URL(`../../dist/bench/${file}`, import.meta.url).href);
}
const { hostDefinitions, placesOf, RUNTIME_NAMES, routingConfig } = (await built(
  'routing-config.js',
)) as typeof import('../../bench/routing-config.js');
const { routesOf, runRouting } = (await built('routing.js')) as typeof import('../../bench/routing.js');

const SIZE = { workers: 2, sessionsPerPu: 8 };
const PLACES = 32;
const NAMES = ['plain', 'plain again', 'header', 'terminal', 'header terminal', 'mixed'];

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

async function start(name: RuntimeName, port: number): Promise<HostLink> {
  const hostlink = await dist.HostLink.start(routingConfig(name, port, SIZE));
  running.push(hostlink);
  await hostlink.ready({ sessions: 'all', timeoutMs: 30_000 });
  return hostlink;
}

/** Calls that each LU had so far. */
async function callsOf(hostlink: HostLink): Promise<Map<string, number>> {
  const sessions = await hostlink.sessions();
  return new Map(sessions.map(({ lu, calls }) => [lu, calls]));
}

describe('routing bench', () => {
  it('measures each way at each in-flight count, and nobody waits', async () => {
    const options = { ...SIZE, inFlight: [1, PLACES], payloadSize: 64, roundMs: 40, rounds: 2, warmUpMs: 40 };
    const seen: number[] = [];
    const { rows, sessions, queued } = await runRouting(options, ({ inFlight }) => seen.push(inFlight));
    expect(seen).toEqual([1, PLACES]);
    expect([sessions, queued]).toEqual([PLACES, 0]);
    for (const { cells } of rows) {
      expect(cells.map(({ name }) => name)).toEqual(NAMES);
      for (const { name, calls, perSecond, ratio } of cells) {
        expect(calls, name).toBeGreaterThan(0);
        expect(perSecond, name).toBeGreaterThan(0);
        expect(ratio, name).toBeGreaterThan(0);
      }
      expect(cells[0]!.ratio).toBe(1);
    }
  });

  it('refuses more under way than there are terminals', async () => {
    const options = { ...SIZE, inFlight: [PLACES + 1], payloadSize: 64, roundMs: 1, rounds: 1, warmUpMs: 1 };
    await expect(runRouting(options)).rejects.toThrow(/33 in flight, and 32 terminals/);
  });

  it('goes the way it says: each call of a terminal on the LU of that terminal, no other on one', async () => {
    const host = await distHost.EmbeddedHost.start({ ...hostDefinitions(SIZE), listen: { port: 0 } });
    running.push(host);
    const entries: [RuntimeName, HostLink][] = [];
    for (const name of RUNTIME_NAMES) entries.push([name, await start(name, host.port)]);
    const runtimes = Object.fromEntries(entries) as Record<RuntimeName, HostLink>;
    const seats = new Map(
      Object.values(runtimes).map((hostlink) => {
        const lus = hostlink.config.links.flatMap(({ pus }) => pus.flatMap((pu) => pu.lus));
        return [hostlink, lus] as const;
      }),
    );
    for (const route of routesOf(runtimes, SIZE, 64)) {
      for (const place of placesOf(SIZE)) {
        const what = `${route.name}, place ${place.index}`;
        const before = await callsOf(route.hostlink);
        await route.ask(place, route.payloads[place.index]!);
        const after = await callsOf(route.hostlink);
        const met = [...after].filter(([lu, calls]) => calls > before.get(lu)!).map(([lu]) => lu);
        expect(met, what).toHaveLength(1);
        const lu = seats.get(route.hostlink)!.find(({ name }) => name === met[0])!;
        const isTied = route.name.endsWith('terminal') || (route.name === 'mixed' && place.kind >= 2);
        expect(lu.terminal, what).toBe(isTied ? String(place.terminal) : '');
        const type = route.name.startsWith('plain') ? '' : ['QUERY', 'UPDATE'][place.type];
        expect(route.hostlink.config.groups[lu.group]!.sessionType, what).toBe(type);
      }
    }
  });
});
