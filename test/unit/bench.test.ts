import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runLoad, takeTurns, warmUp } from '../../bench/load.js';
import { atLeast, atMost, ratioOf } from '../../bench/measure.js';
import { goalSizes, printMeasure } from '../../bench/measures.js';
import { runMicro } from '../../bench/micro.js';
import { printStagesRow } from '../../bench/print.js';
import { type BenchReport, writeToReadme } from '../../bench/report.js';
import { cellOf, orderOf, placeOf } from '../../bench/routing.js';
import { placesOf } from '../../bench/routing-config.js';
import { runStages, STAGES } from '../../bench/stages.js';

describe('bench', () => {
  it('runs its codec figures, with every frame accounted for', async () => {
    const results = await runMicro(5);
    expect(results.length).toBeGreaterThanOrEqual(8);
    for (const { name, perSecond } of results) expect(perSecond, name).toBeGreaterThan(0);
  });

  it('sends a call through every stage in one thread, and tells what each cost', async () => {
    const seen: number[] = [];
    const rows = [
      { payloadSize: 100, batch: 3 },
      { payloadSize: 9000, piuSizeMax: 265, batch: 2 },
    ];
    const result = await runStages({ sessionsPerPu: 2, loops: 3, rows }, ({ payloadSize }) => seen.push(payloadSize));
    expect(seen).toEqual([100, 9000]);
    for (const { nanos } of result) for (const stage of STAGES) expect(nanos[stage], stage).toBeGreaterThan(0);
    expect(result.map(printStagesRow).join('')).toMatch(/100 bytes: dispatch [\d,]+, worker .*\n {2}9,000 bytes/);
  });

  it('warms baselines up for as long as they need, where that is another time', async () => {
    const asked = [0, 0];
    const targets = asked.map((_, index) => ({
      name: `target ${index}`,
      async ask() {
        asked[index]! += 1;
        await new Promise((resolve) => setImmediate(resolve));
      },
    }));
    await warmUp(targets, 100, { warmUpMs: 20, baselineWarmUpMs: 0 });
    expect(asked[0]).toBeGreaterThan(0);
    expect(asked[1]).toBe(0);
    await warmUp(targets, 100, { warmUpMs: 20 });
    expect(asked[1]).toBeGreaterThan(0);
  });

  it('keeps so many under way, and counts each once', async () => {
    let open = 0;
    let most = 0;
    const busy = new Set<number>();
    const target = {
      name: 'test',
      async ask(_index: number, caller: number) {
        expect(caller).toBeLessThan(7);
        expect(busy.has(caller)).toBe(false);
        busy.add(caller);
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        busy.delete(caller);
      },
    };
    const { calls, perSecond, p50Ms, p99Ms, maxMs } = await runLoad(target, 7, 30, 5);
    expect(most).toBe(7);
    expect(open).toBe(0);
    expect(calls).toBeGreaterThan(7);
    expect(perSecond).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
    expect(maxMs).toBeGreaterThanOrEqual(p99Ms);
  });

  it('writes its tables between the markers, and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hostlink-bench-'));
    const file = join(folder, 'README.md');
    const load = { calls: 10, perSecond: 1234.5, p50Ms: 1, p99Ms: 2, maxMs: 3 };
    const row = {
      inFlight: 32,
      hostlink: load,
      piscina: load,
      tcp: load,
      ratioToPiscina: 1.5,
      ratioToTcp: 0.5,
      p99ToPiscina: 1,
    };
    const calls = { rows: [row], sessions: 512, bringUpMs: 300.4 };
    const micro = [{ name: 'decodePiu', perSecond: 1e6, nanos: 1000 }];
    const cells = [
      { name: 'plain', ...load, ratio: 1, quartiles: [1, 1] as const, isWithin: true },
      { name: 'header', ...load, ratio: 0.9, quartiles: [0.8, 1] as const, isWithin: true },
      { name: 'terminal', ...load, ratio: 0.89, quartiles: [0.8, 1] as const, isWithin: false },
    ];
    const routing = { rows: [{ inFlight: 256, cells }], sessions: 512, queued: 0 };
    const measures = [
      atLeast({ name: 'quick', figure: 4.126, unit: 'x', goal: 4, beside: '4 and 1' }),
      atMost({ name: 'small', figure: 6.67, unit: 'KB', goal: 6, beside: 'much' }),
    ];
    const made = { commit: 'abc1234', node: 'v20', cpu: 'x', cores: 2, payloadSize: 1024 };
    const report: BenchReport = { measures, ...made, runs: 1, micro, calls, routing };
    const picture = { file: 'goals.svg', alt: 'the goals', svg: '<svg/>' };
    try {
      writeFileSync(file, 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n');
      writeToReadme(report, [picture], pathToFileURL(file));
      const text = readFileSync(file, 'utf8');
      expect(text).toMatch(/^before\n<!-- bench:begin -->\n/);
      expect(text).toMatch(/<!-- bench:end -->\nafter\n$/);
      expect(text).toContain('of commit abc1234 with Node v20 on 2 cores');
      expect(text).toContain('| quick | 4.13 x |  | >= 4 x | ok | 4 and 1 |');
      expect(text).toContain('| small | 6.67 KB |  | <= 6 KB | short | much |');
      expect(text).toContain('| 32 | 1,235 | 1.00 / 2.00 |');
      expect(text).toContain('| in flight | plain | header | terminal |');
      expect(text).toContain('| 256 | 1,235 | 1,235, x 0.90 | 1,235, x 0.89 (short) |');
      expect(text).toContain('![the goals](docs/bench/goals.svg)');
      expect(text).not.toMatch(/old|process runs|CPU time|Open loop|Cost against scale/);
      writeFileSync(file, 'no markers');
      expect(() => writeToReadme(report, [], pathToFileURL(file))).toThrow(/lacks/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('takes turns, and holds each round against the one beside it', async () => {
    const order: string[] = [];
    const target = (name: string) => ({
      name,
      async ask() {
        if (order.at(-1) !== name) order.push(name);
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
    const results = await takeTurns([target('a'), target('b')], 1, { roundMs: 20, rounds: 3, warmUpMs: 0 });
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    expect(results.map((rounds) => rounds.length)).toEqual([3, 3]);
    // Twice as quick in each round, though the machine slows down: the medians alone would say 1.
    const over = [{ n: 400 }, { n: 200 }, { n: 100 }];
    const under = [{ n: 200 }, { n: 100 }, { n: 50 }];
    expect(ratioOf(over, under, ({ n }) => n)).toBe(2);
  });

  it('says ok at the goal and short beyond it, never ok of what is no number', () => {
    const given = { name: 'm', unit: 'x', goal: 4, beside: 'why' };
    expect([4, 3.9, Number.NaN].map((figure) => atLeast({ ...given, figure }).ok)).toEqual([true, false, false]);
    expect([4, 4.1, Number.NaN].map((figure) => atMost({ ...given, figure }).ok)).toEqual([true, false, false]);
    expect(printMeasure(atLeast({ ...given, figure: 4.5 }))).toMatch(/^m +4\.50 x {2}>= 4 x +ok\n {2}why\n$/);
    expect(printMeasure(atMost({ ...given, figure: 4.5 }))).toMatch(/^m +4\.50 x {2}<= 4 x +short\n/);
  });

  it('measures the sizes that the goals are about, quick or not', () => {
    for (const isQuick of [true, false]) {
      const { loaded, memory, scale, long, loss, bringUp } = goalSizes(isQuick);
      expect(loaded).toMatchObject({ workers: 2, payloadSize: 1024, inFlight: [512, 256] });
      expect([memory, scale].map((size) => size.workers * 2 * size.sessionsPerPu)).toEqual([4096, 4096]);
      expect([bringUp.workers * 2 * bringUp.sessionsPerPu, 2 * loss.sessionsPerPu]).toEqual([512, 256]);
      expect(long.payloadSize).toBe(65_536);
      expect(long.piuSizeMax).toBeLessThan(3840);
    }
  });

  it('holds each way against the plain calls of its round', () => {
    const load = (perSecond: number) => ({ calls: 1, perSecond, p50Ms: 1, p99Ms: 2, maxMs: 3 });
    // A machine that halves its pace after the first round: the medians of each side alone would say 1.2.
    const paces = [1000, 500, 500];
    const pairs = [890, 445, 600].map((perSecond, at) => ({ plain: load(paces[at]!), other: load(perSecond) }));
    const slow = cellOf('slow', pairs);
    expect(slow).toMatchObject({ name: 'slow', calls: 3, perSecond: 600, ratio: 0.89, isWithin: false });
    expect(slow.quartiles).toEqual([0.89, 1.2]);
    const same = cellOf(
      'same',
      pairs.map(({ plain }) => ({ plain, other: load(plain.perSecond * 0.9) })),
    );
    expect(same).toMatchObject({ ratio: 0.9, quartiles: [0.9, 0.9], isWithin: true });
  });

  it('gives everybody each place in the order', () => {
    const firsts = new Set<number>();
    const lasts = new Set<number>();
    for (let round = 0; round < 10; round += 1) {
      const order = orderOf(5, round);
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
      firsts.add(order[0]!);
      lasts.add(order.at(-1)!);
    }
    expect([firsts.size, lasts.size]).toEqual([5, 5]);
  });

  it('lets no two callers meet at a place, and none of a busy kind or link', () => {
    const places = placesOf({ workers: 2, sessionsPerPu: 128 });
    expect(places).toHaveLength(512);
    expect(new Set(places.map(({ terminal }) => terminal)).size).toBe(512);
    for (const inFlight of [1, 32, 100, 256, 512]) {
      const owner = new Map<number, number>();
      for (let caller = 0; caller < inFlight; caller += 1) {
        for (let turn = 0; turn < 600; turn += 1) {
          const at = placeOf(caller, turn, inFlight, places.length);
          if (at >= places.length) expect.fail(`there is no place ${at}`);
          if ((owner.get(at) ?? caller) !== caller) expect.fail(`place ${at} is of two callers`);
          owner.set(at, caller);
        }
      }
      if (512 % inFlight === 0) expect(owner.size).toBe(512);
    }
    for (const key of ['link', 'pu', 'type'] as const) {
      expect(places.filter((place) => place[key] === 0).length).toBe(256);
      expect(places.slice(0, 32).filter((place) => place[key] === 0).length).toBe(16);
    }
    for (const kind of [0, 1, 2, 3]) expect(places.filter((place) => place.kind === kind).length).toBe(128);
  });
});
