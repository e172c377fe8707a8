import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseStat } from '../../bench/cpu-time.js';
import { runLoad } from '../../bench/load.js';
import { atLeast, atMost } from '../../bench/measure.js';
import { type OpenRound, runOpen } from '../../bench/open-loop.js';
import { PARTS, type PartName, partOf, partsOf, sayFigures, sizesOf } from '../../bench/parts.js';
import { drawLines, linearTicks, logTicks, tickText } from '../../bench/plot.js';
import { picturesOf, writePictures } from '../../bench/plots.js';
import { HEADS, printOpenRow } from '../../bench/print.js';
import { renderReport } from '../../bench/report.js';
import { spreadOf } from '../../bench/runs.js';
import { sharesOf } from '../../bench/shares.js';
import { createSimulatedClock } from '../../src/base/clock.js';

/** Let everything that waits for a promise go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Run an open loop on a simulated clock; each call is answered `serviceMs` later. */
async function simulate(
  load: { perSecond: number; durationMs: number; outstandingMax: number },
  serviceMs: (index: number) => number,
): Promise<{ round: OpenRound; sentMs: number[]; most: number }> {
  const clock = createSimulatedClock();
  const startMs = clock.nowMs();
  const sentMs: number[] = [];
  const busy = new Set<number>();
  let most = 0;
  let isOver = false;
  const target = {
    name: 'test',
    async ask(index: number, caller: number) {
      expect(busy.has(caller)).toBe(false);
      busy.add(caller);
      most = Math.max(most, busy.size);
      sentMs[index] = clock.nowMs() - startMs;
      await new Promise<void>((resolve) => clock.after(serviceMs(index), resolve));
      busy.delete(caller);
    },
  };
  const running = runOpen(target, load, clock).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    clock.advance(1);
    await turn();
  }
  return { round: await running, sentMs, most };
}

describe('open loop', () => {
  it('sends on time, whatever became of the calls before', async () => {
    const { round, sentMs, most } = await simulate({ perSecond: 1000, durationMs: 50, outstandingMax: 100 }, () => 20);
    expect(sentMs).toEqual(Array.from({ length: 50 }, (_, at) => at));
    // 20, and one whose answer is under way in the ms in which the next is sent.
    expect(most).toBe(21);
    expect(round).toMatchObject({ calls: 50, askedPerSecond: 1000, held: 0 });
    for (const time of [round.p50Ms, round.p99Ms, round.p999Ms, round.maxMs]) expect(time).toBeCloseTo(20, 1);
  });

  it('counts from when a call was due: one that is slow makes those slow that wait behind it', async () => {
    // One at a time, 1 ms each, one due each 2 ms: none would wait but for the first, which takes 40 ms.
    const load = { perSecond: 500, durationMs: 200, outstandingMax: 1 };
    const { round, most } = await simulate(load, (index) => (index === 0 ? 40 : 1));
    expect(most).toBe(1);
    expect(round.calls).toBe(100);
    expect(round.held).toBeGreaterThan(15);
    expect(round.maxMs).toBeGreaterThanOrEqual(39.9);
    // From its sending each but the first takes 1 ms; from when they were due some 40 waited, half of them for long.
    expect(round.p99Ms).toBeGreaterThan(30);
    expect(round.p50Ms).toBeLessThan(3);
  });

  it('says what could not be sent for the limit, and sends it later', async () => {
    const load = { perSecond: 2000, durationMs: 20, outstandingMax: 5 };
    const { round, sentMs, most } = await simulate(load, () => 5);
    expect(most).toBe(5);
    expect(sentMs).toHaveLength(40);
    // The first five and no other found their place free.
    expect(round.held).toBeGreaterThan(30);
    expect(round.held).toBeLessThanOrEqual(35);
    expect(round.perSecond).toBeLessThan(1100);
    expect(printOpenRow({ fraction: 1.1, hostlink: round, piscina: { ...round, held: 0 } })).toMatch(
      /overload: \d+ % waited to be sent\n.*piscina.run.*\d {2}\n$/,
    );
  });

  it('ends with the first call that fails', async () => {
    const target = {
      name: 'test',
      async ask(index: number) {
        if (index === 3) throw new Error('call 3');
      },
    };
    await expect(runOpen(target, { perSecond: 10_000, durationMs: 5, outstandingMax: 9 })).rejects.toThrow('call 3');
  });

  it('ends with the first reply that is wrong', async () => {
    const target = {
      name: 'test',
      ask: async (index: number) => index,
      check(reply: unknown) {
        if (reply === 3) throw new Error('reply 3');
      },
    };
    await expect(runOpen(target, { perSecond: 10_000, durationMs: 5, outstandingMax: 9 })).rejects.toThrow('reply 3');
    await expect(runLoad(target, 2, 50, 0)).rejects.toThrow('reply 3');
  });
});

describe('CPU time', () => {
  it('is read behind the name, whatever that holds', () => {
    const rest = 'S 1 2 3 4 5 6 7 8 9 10 250 31 0 0 20 0 11 0';
    expect(parseStat(`4711 (node) ${rest}`)).toBe(2810);
    expect(parseStat(`4711 (a) b (c)) ${rest}`)).toBe(2810);
  });

  it('is split over the calls, and unknown where the system does not tell', () => {
    const before = { host: 100, runtime: 1000, supervisor: 300, workers: 600 };
    const after = { host: 1100, runtime: 4000, supervisor: 1300, workers: 2400 };
    const known = { hostUs: 1, runtimeUs: 3, supervisorUs: 1, workersUs: 1.8 };
    const { otherUs, ...shares } = sharesOf(before, after, 1_000_000);
    expect(shares).toEqual(known);
    expect(otherUs).toBeCloseTo(0.2);
    const blind = { ...after, host: undefined, workers: undefined };
    expect(sharesOf(before, blind, 1_000_000)).toEqual({ ...known, hostUs: null, workersUs: null, otherUs: null });
  });
});

const side = (perSecond: number) => ({ calls: 10, perSecond, p50Ms: 1, p99Ms: perSecond / 1000, maxMs: 9 });
const scalePoint = (links: number, inFlight: number, perSecond: number) => ({
  links,
  inFlight,
  hostlink: side(perSecond),
  piscina: side(perSecond / 4),
  ratioToPiscina: 4,
  p99ToPiscina: 0.25,
});

/** Figures of one run; `pace` is how quick the machine was. */
function figures(pace: number) {
  const open = { ...side(5000 * pace), askedPerSecond: 5000, p999Ms: 8, held: 0 };
  const delay = { p50Ms: 0.1, p99Ms: 3 };
  const row = { inFlight: 8, hostlink: side(8000 * pace), piscina: side(2000 * pace), tcp: side(20_000 * pace) };
  return {
    measures: [
      atLeast({ name: 'quick', figure: 4 * pace, unit: 'x', goal: 4, beside: `pace ${pace}` }),
      atMost({ name: 'small', figure: 6 / pace, unit: 'KB', goal: 5, beside: `pace ${pace}` }),
    ],
    calls: { rows: [{ ...row, ratioToPiscina: 4, ratioToTcp: 0.4, p99ToPiscina: 0.2 }], sessions: 512, bringUpMs: 300 },
    shares: {
      workers: 2,
      rows: [
        {
          inFlight: 8,
          calls: 10,
          perSecond: 8000 * pace,
          hostUs: null,
          runtimeUs: 4 / pace,
          supervisorUs: null,
          workersUs: null,
          otherUs: null,
          hostMostPerSecond: null,
          supervisorDelay: delay,
          workerDelay: delay,
        },
      ],
    },
    open: {
      inFlight: 8,
      closedPerSecond: 8000 * pace,
      piscinaClosedPerSecond: 2000,
      outstandingMax: 64,
      rows: [0.5, 1].map((fraction) => ({ fraction, hostlink: open, piscina: { ...open, held: 5 } })),
    },
    scale: {
      sessionsPerLink: 256,
      byLinks: [scalePoint(1, 8, 4000 * pace), scalePoint(2, 8, 8000 * pace)],
      byInFlight: [scalePoint(2, 8, 8000 * pace), scalePoint(2, 16, 9000 * pace)],
    },
  };
}

describe('process runs', () => {
  const { median, lowest, highest } = spreadOf([figures(0.5), figures(2), figures(1), figures(0.9), figures(1.5)]);

  it('give the median of each figure, with the lowest and highest', () => {
    const rates = [median, lowest, highest].map(({ calls }) => calls!.rows[0]!.hostlink.perSecond);
    expect(rates).toEqual([8000, 4000, 16_000]);
    expect(median.scale!.byLinks.map(({ links }) => links)).toEqual([1, 2]);
    expect(median.shares!.rows[0]).toMatchObject({ hostUs: null, runtimeUs: 4, perSecond: 8000 });
    expect(median.open!.rows[1]).toMatchObject({ fraction: 1, piscina: { held: 5 } });
  });

  it('are ok or short by the median, with the words of that run', () => {
    expect(median.measures).toMatchObject([
      { name: 'quick', figure: 4, ok: true, beside: 'pace 1', range: [2, 8] },
      { name: 'small', figure: 6, ok: false, beside: 'pace 1', range: [3, 12] },
    ]);
    expect(spreadOf([figures(0.9), figures(0.8), figures(3)]).median.measures![0]!.ok).toBe(false);
  });

  it('are what the README says, with pictures of them', () => {
    const made = { commit: 'abc1234', node: 'v20', cpu: 'x', cores: 2, payloadSize: 1024 };
    const pictures = picturesOf({ figures: median, lowest, highest });
    const text = renderReport({ ...median, ...made, runs: 5, lowest, highest }, pictures);
    expect(text).toContain('Medians of 5 process runs');
    expect(text).toContain('| quick | 4.00 x | 2.00 to 8.00 | >= 4 x | ok | pace 1 |');
    expect(text).toContain('| 8 | 8,000 (4,000 to 16,000) | 1.00 / 8.00 |');
    expect(text).toContain('| 8 | 8,000 | unknown | 4.00 (2.00 to 8.00) | unknown |');
    expect(text).toContain('| x 0.50 | 5,000 | 5,000 | 1.00 / 5.00 (2.50 to 10.00) / 8.00 / 9.00 |  | 5,000 |');
    expect(text).toContain('overload: 50 % waited to be sent |');
    expect(text).toContain('| 2 | 16 | 9,000 (4,500 to 18,000) | 1.00 / 9.00 |');
    for (const { file } of pictures) expect(text).toContain(`](docs/bench/${file})`);
    expect(pictures.map(({ file }) => file)).toEqual(['goals.svg', 'in-flight.svg', 'links.svg', 'open-loop.svg']);
    expect(text).not.toMatch(/undefined|NaN/);
  });

  it('are said as they were while they were measured', () => {
    const said: string[] = [];
    sayFigures(median, (words) => said.push(words));
    const text = said.join('');
    expect(said).toHaveLength(5);
    expect(text).toContain('  2.00 to 8.00; pace 1');
    expect(text).toMatch(/in flight, 8,000 calls\/s: host unknown \(alone on a core at most unknown\), runtime 4\.00/);
    const once: string[] = [HEADS.micro, HEADS.stages, HEADS.routing];
    for (const head of Object.values(HEADS)) expect(text.includes(head)).toBe(!once.includes(head));
    expect(text).not.toMatch(/undefined|NaN/);
  });
});

/** How often a tag begins with these words. */
function times(svg: string, begin: string): number {
  return svg.split(begin).length - 1;
}

describe('pictures', () => {
  it('have ticks that a reader can count in', () => {
    expect(linearTicks(233_580)).toEqual([0, 50_000, 100_000, 150_000, 200_000, 250_000]);
    expect(linearTicks(0.9)).toHaveLength(6);
    expect(logTicks(1.2, 60)).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(logTicks(0.2, 700)).toEqual([0.1, 1, 10, 100, 1000]);
    expect(logTicks(3, 3)).toEqual([2, 5]);
    expect([0.5, 2, 1000, 150_000].map(tickText)).toEqual(['0.5', '2', '1,000', '150k']);
  });

  it('show each point where it is, and each series by name, line and mark', () => {
    const points = [
      { x: 16, y: 0 },
      { x: 32, y: 50, low: 25, high: 75 },
      { x: 64, y: 100 },
    ];
    const series = ['ours', 'a < b & "c"', 'third'].map((name) => ({ name, points }));
    const labels = { title: 'Title', xLabel: 'in flight', yLabel: 'per second' };
    const svg = drawLines({ ...labels, xScale: 'log', yScale: 'linear', series });
    // Doubling is one step on the axis, 50 the middle of 0 to 100.
    expect(svg).toContain('points="84.00,362.00 410.00,223.00 736.00,84.00"');
    expect(svg).toContain('<line x1="410" y1="292.5" x2="410" y2="153.5" class="s0"/>');
    expect([times(svg, '<circle'), times(svg, '<polyline'), times(svg, 'class="m1"')]).toEqual([4, 3, 4]);
    for (const words of ['Title', 'in flight', 'per second', 'a &lt; b &amp; &quot;c&quot;', '>16<', '>100<']) {
      expect(svg).toContain(words);
    }
    expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 760 420"[^>]*>[\s\S]*<\/svg>\n$/);
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  it('leave out what a log axis has no place for', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 1, y: 10, low: 0, high: 20 },
      { x: 2, y: Number.NaN },
    ];
    const labels = { title: 'Title', xLabel: 'x', yLabel: 'y' };
    const svg = drawLines({ ...labels, xScale: 'linear', yScale: 'log', series: [{ name: 'one', points }] });
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(times(svg, '<circle')).toBe(2);
  });

  it('show a goal that is met right of the line, and one that is not left of it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hostlink-bench-'));
    try {
      const measures = [
        atLeast({ name: 'half', figure: 2, unit: 'x', goal: 4, beside: '' }),
        atMost({ name: 'twice', figure: 2, unit: 'ms', goal: 4, beside: '' }),
      ];
      writePictures(picturesOf({ figures: { measures } }), pathToFileURL(join(folder, 'docs', 'bench', '/')));
      const svg = readFileSync(join(folder, 'docs', 'bench', 'goals.svg'), 'utf8');
      const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="14" class="(\w+)"/g)];
      expect(bars.map(([, , , kind]) => kind)).toEqual(['short', 'ok']);
      const [short, ok] = bars.map(([, x, width]) => [Number(x), Number(x) + Number(width)]);
      expect(short![1]).toBeCloseTo(380);
      expect(ok![0]).toBeCloseTo(380);
      expect(short![1]! - short![0]!).toBeCloseTo(ok![1]! - ok![0]!);
      expect(svg).toContain('2.00 x, goal &gt;= 4 x: short');
      expect(svg).toContain('2.00 ms, goal &lt;= 4 ms: ok');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('parts', () => {
  it('begin with the goals, quick or not, and leave out the long ones when quick', () => {
    expect(partsOf(false)).toEqual(PARTS);
    expect(partsOf(true)).toEqual(['measures', 'stages'] satisfies PartName[]);
    expect(partOf('open')).toBe('open');
    expect(() => partOf('opn')).toThrow(
      /--only opn: known are measures, micro, stages, calls, shares, open, scale, routing/,
    );
  });

  it('have the scale of the goals, quick or not', () => {
    for (const isQuick of [true, false]) {
      const { scale, open, shares } = sizesOf(isQuick);
      expect(scale).toMatchObject({ links: [1, 2, 4, 8, 16], linksInFlight: 512, sessionsPerPu: 128 });
      expect(scale.inFlight).toEqual([16, 32, 64, 128, 256, 512]);
      expect(open.fractions.at(-1)).toBeGreaterThan(1);
      // CPU time comes in steps of 10 ms.
      expect(shares.roundMs).toBeGreaterThanOrEqual(1000);
    }
  });
});
