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
const { printMeasure, runMeasures } = (await built('measures.js')) as typeof import('../../bench/measures.js');
const { sizesOf } = (await built('parts.js')) as typeof import('../../bench/parts.js');
const { runCalls } = (await built('calls.js')) as typeof import('../../bench/calls.js');
const { runOpenSeries } = (await built('open-loop.js')) as typeof import('../../bench/open-loop.js');
const { runProcesses } = (await built('runs.js')) as typeof import('../../bench/runs.js');
const { runScale } = (await built('scale.js')) as typeof import('../../bench/scale.js');
const { runShares } = (await built('shares.js')) as typeof import('../../bench/shares.js');
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

describe('table of goals', () => {
  it('measures each of them, on a small scale', { timeout: 60_000 }, async () => {
    const rounds = { roundMs: 20, rounds: 2, warmUpMs: 10 };
    const pair = { workers: 2, sessionsPerPu: 4 };
    const seen: string[] = [];
    const measures = await runMeasures(
      {
        loaded: { ...pair, ...rounds, payloadSize: 64, inFlight: [16, 8] },
        single: { ...pair, ...rounds, payloadSize: 64 },
        bringUp: { ...pair, rounds: 2 },
        loss: { sessionsPerPu: 4, rounds: 2 },
        memory: { ...pair, payloadSize: 64, calls: 20 },
        scale: { workers: 3, sessionsPerPu: 4, payloadSize: 64, roundMs: 40 },
        long: { ...pair, ...rounds, payloadSize: 9000, piuSizeMax: 1033, inFlight: [4, 2] },
      },
      ({ name }) => seen.push(name),
    );
    expect(measures.map(({ name }) => name)).toEqual(seen);
    expect(measures.map(({ unit }) => unit)).toEqual(['x', 'x', 'x', 'x', 'ms', 'ms', 'KB', 'sessions', 'x', 'x']);
    expect(measures.map(({ goal }) => goal)).toEqual([4, 0.5, 0.4, 1.5, 250, 150, 6, 24, 10, 0.6]);
    for (const measure of measures) {
      const { name, figure, goal, bound, ok } = measure;
      expect(Number.isFinite(figure), name).toBe(true);
      // 16 sessions are fewer than what a collection leaves behind by chance: only there a figure may be below 0.
      if (measure.unit !== 'KB') expect(figure, name).toBeGreaterThan(0);
      expect(ok, name).toBe(bound === 'least' ? figure >= goal : figure <= goal);
      expect(printMeasure(measure)).toContain(ok ? 'ok' : 'short');
    }
    expect(measures.find(({ unit }) => unit === 'sessions')).toMatchObject({ figure: 24, ok: true });
  });
});

describe('series', () => {
  const tiny = { sessionsPerPu: 4, payloadSize: 64, roundMs: 30, rounds: 2, warmUpMs: 10 };

  it('measures whole calls beside both baselines', async () => {
    const { rows, sessions, bringUpMs } = await runCalls({ ...tiny, workers: 2, inFlight: [1, 8] }, () => {});
    expect(rows.map(({ inFlight }) => inFlight)).toEqual([1, 8]);
    expect(sessions).toBe(16);
    expect(bringUpMs).toBeGreaterThan(0);
    for (const { hostlink, piscina, tcp, ratioToPiscina, ratioToTcp, p99ToPiscina } of rows) {
      for (const { calls, perSecond } of [hostlink, piscina, tcp])
        expect(Math.min(calls, perSecond)).toBeGreaterThan(0);
      expect(Math.min(ratioToPiscina, ratioToTcp, p99ToPiscina)).toBeGreaterThan(0);
    }
  });

  it('goes over links and over calls in flight', { timeout: 60_000 }, async () => {
    const seen: string[] = [];
    const size = { links: [1, 3], linksInFlight: 4, inFlight: [2, 12], inFlightLinks: 2 };
    const { byLinks, byInFlight, sessionsPerLink } = await runScale({ ...tiny, ...size }, ({ links, inFlight }) => {
      seen.push(`${links} ${inFlight}`);
    });
    expect(seen).toEqual(['2 2', '2 12', '1 4', '3 4']);
    expect([...byInFlight, ...byLinks].map(({ links, inFlight }) => `${links} ${inFlight}`)).toEqual(seen);
    expect(sessionsPerLink).toBe(8);
    for (const { hostlink, piscina, ratioToPiscina, p99ToPiscina } of [...byLinks, ...byInFlight]) {
      expect(Math.min(hostlink.calls, piscina.calls, ratioToPiscina, p99ToPiscina)).toBeGreaterThan(0);
    }
  });

  it('goes over rates, as fractions of what the closed loop reached', async () => {
    const size = { workers: 2, inFlight: 8, fractions: [0.1, 1.5], outstandingMax: 4 };
    const { rows, closedPerSecond } = await runOpenSeries({ ...tiny, ...size }, () => {});
    expect(rows.map(({ fraction }) => fraction)).toEqual([0.1, 1.5]);
    for (const { fraction, hostlink, piscina } of rows) {
      for (const round of [hostlink, piscina]) {
        expect(round.askedPerSecond).toBeCloseTo(fraction * closedPerSecond, 3);
        expect(round.calls).toBe(2 * Math.max(1, Math.round((fraction * closedPerSecond * tiny.roundMs) / 1000)));
        expect(round.maxMs).toBeGreaterThanOrEqual(round.p50Ms);
        expect(round.p999Ms).toBeGreaterThanOrEqual(round.p99Ms);
      }
    }
  });

  it('splits the CPU time of a call, as far as the system tells', async () => {
    const size = { workers: 2, sessionsPerPu: 4, payloadSize: 64, inFlight: [8], warmUpMs: 10, roundMs: 200 };
    const { rows } = await runShares(size, () => {});
    expect(rows).toHaveLength(1);
    const [{ calls, runtimeUs, hostUs, supervisorUs, workersUs, hostMostPerSecond, workerDelay }] = rows as [
      (typeof rows)[0],
    ];
    expect(calls).toBeGreaterThan(0);
    expect(runtimeUs).toBeGreaterThan(0);
    expect(workerDelay.p99Ms).toBeGreaterThanOrEqual(workerDelay.p50Ms);
    if (process.platform !== 'linux') return;
    // Steps of 10 ms are coarse here; what all threads together took may be off by one step of each.
    expect(hostUs).toBeGreaterThan(0);
    expect(hostMostPerSecond).toBeGreaterThan(0);
    expect(supervisorUs! + workersUs!).toBeGreaterThan(0);
    expect(supervisorUs! + workersUs!).toBeLessThanOrEqual(runtimeUs + (3 * 10_000) / calls);
  });

  it('runs in fresh processes, and gives their medians', { timeout: 60_000 }, async () => {
    const shares = { workers: 1, sessionsPerPu: 4, payloadSize: 64, inFlight: [4], warmUpMs: 10, roundMs: 100 };
    const sizes = { ...sizesOf(true), shares, micro: { timeMs: 5 } };
    const said: string[] = [];
    const order = { parts: ['micro', 'shares'] as const, sizes, isQuiet: true };
    const { median, lowest, highest } = await runProcesses(2, order, (text) => said.push(text));
    expect(said.join('')).toMatch(/run 1 of 2\n[\s\S]*run 1 of 2 took[\s\S]*run 2 of 2\n[\s\S]*run 2 of 2 took/);
    expect(Object.keys(median)).toEqual(['micro', 'shares']);
    const rates = [lowest, median, highest].map((figures) => figures.shares!.rows[0]!.perSecond);
    expect(rates[0]).toBeGreaterThan(0);
    expect([...rates].sort((a, b) => a - b)).toEqual(rates);
    expect(median.micro!.map(({ name }) => name)).toContain('decodePiu, 1 KB');
  });

  it('says so when a process run fails', async () => {
    const sizes = { ...sizesOf(true), shares: { ...sizesOf(true).shares, workers: 0 } };
    const order = { parts: ['shares'] as const, sizes, isQuiet: true };
    await expect(runProcesses(1, order, () => {})).rejects.toThrow(
      /the process run failed: .*pus has too few entries/s,
    );
  });
});

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
