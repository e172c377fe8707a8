import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';
import { createSeededPrng } from '../src/base/prng.js';
import { packageRoot } from '../src/cli/package-root.js';
import { HostLink } from '../src/index.js';
import type { Comparison } from '../test/fault/book.js';
import { type FaultFigures, printFigures, Scene } from '../test/fault/scene.js';
import { faultRow, SOAK_FAULTS, type SoakContext } from './soak-faults.js';
import { type Sample, type Trend, Watch } from './soak-watch.js';

const WORKER_FILE = 'test/fault/fault-worker.mjs';
const SAMPLE_MS = 10_000;
/** A short run has samples, too. */
const SAMPLES_MIN = 9;
const WARM_UP_CALLS = 5000;
const CALM_MAX_MS = 1500;
const CALLS_PER_SECOND_MAX = 10_000;
const SESSIONS = { links: 2, pool: 112, terminals: 16 };
const LOAD = { callers: 256, payloadSize: 200, timeoutMs: 2000, thinkMs: 40 };
const MB = 1_048_576;

interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly isJson: boolean;
  /** Names of SOAK_FAULTS. */
  readonly faults: readonly string[];
}

/** All of one kind of fault. */
interface FaultSum extends FaultFigures {
  readonly times: number;
  readonly recoveryMaxMs: number;
}

interface SoakReport {
  readonly isOk: boolean;
  readonly minutes: number;
  readonly seed: number;
  readonly sessions: number;
  readonly comparison: Comparison;
  readonly faults: readonly FaultSum[];
  /** Why workers were lost, and how often. */
  readonly lost: Readonly<Record<string, number>>;
  readonly trends: readonly Trend[];
  readonly samples: readonly Sample[];
  /** Everything that must not be, in words. */
  readonly problems: readonly string[];
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** @throws Error for what is not a number over 0, or no fault */
function readOptions(): SoakOptions {
  const minutes = Number(option('--minutes') ?? 10);
  const seed = Number(option('--seed') ?? Date.now() % 1_000_000);
  if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('usage: soak [--minutes M] [--seed N] [--json]');
  const known = Object.keys(SOAK_FAULTS);
  const faults = option('--faults')?.split(',') ?? known;
  const unknown = faults.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`--faults ${unknown.join(', ')}: known are ${known.join(', ')}`);
  return { minutes, seed, faults, isJson: process.argv.includes('--json') };
}

function inMb(bytes: number): string {
  return (bytes / MB).toFixed(1);
}

function printSample(sample: Sample): void {
  const { atMs, calls, failed, rss, heap, workerHeap, handles, timers, workerHandles, workerTimers, sessions } = sample;
  const memory = `rss ${inMb(rss)} MB, heap ${inMb(heap)} + ${inMb(workerHeap)} MB`;
  const held = `handles ${handles} + ${workerHandles}, timers ${timers} + ${workerTimers}`;
  process.stdout.write(
    `${(atMs / 1000).toFixed(0).padStart(5)} s  ${calls} calls, ${failed} failed; ${memory}; ${held}; ${sessions} up\n`,
  );
}

/** One run: a scene, its watch, and faults one after the other. */
class Soak {
  private readonly options: SoakOptions;
  private readonly context: SoakContext;
  private readonly watch: Watch;
  private readonly endMs: number;
  private readonly sampleMs: number;
  private sampledMs = 0;

  constructor(options: SoakOptions, context: SoakContext) {
    const { minutes } = options;
    this.options = options;
    this.context = context;
    this.watch = new Watch(context.orders, SESSIONS.links);
    this.endMs = performance.now() + minutes * 60_000;
    this.sampleMs = Math.min(SAMPLE_MS, (minutes * 60_000) / SAMPLES_MIN);
  }

  /** @returns what went wrong on the way, in words; the run ends with the first */
  async run(): Promise<string[]> {
    const { scene, prng } = this.context;
    const row = faultRow(this.options.faults, prng);
    try {
      // What grows only once is no leak: the first sample comes after calls have been made.
      scene.load.start();
      await scene.served(WARM_UP_CALLS);
      await this.sample();
      do {
        const name = row.next().value;
        await SOAK_FAULTS[name]!(this.context, name);
        await pause(prng() * Math.min(CALM_MAX_MS, this.sampleMs));
        if (performance.now() - this.sampledMs >= this.sampleMs) await this.sample();
      } while (performance.now() < this.endMs);
      await this.sample();
      const failed = await scene.sweep();
      return failed === 0 ? [] : [`${failed} sessions did not work at the end`];
    } catch (error) {
      return [(error as Error).message];
    }
  }

  /** Let the callers rest, and look when nothing runs. */
  private async sample(): Promise<void> {
    const { scene } = this.context;
    await scene.load.stop();
    await scene.quiet();
    const { calls, served } = scene.book.tally();
    const sample = await this.watch.look({ calls, served, failed: calls - served, sessions: scene.up });
    if (!this.options.isJson) printSample(sample);
    this.sampledMs = performance.now();
    scene.load.start();
  }

  async end(problems: string[]): Promise<SoakReport> {
    const { scene } = this.context;
    const { faults, minutes, seed } = this.options;
    const { comparison } = await scene.end({
      toHost: faults.includes('corrupt-to-host'),
      toRuntime: faults.includes('corrupt-to-runtime'),
    });
    const trends = this.watch.trends();
    const growing = trends.filter(({ isFlat }) => !isFlat).map(({ name }) => `not flat: ${name}`);
    const all = [...problems, ...comparison.faults, ...scene.host.crashes, ...growing];
    const { samples } = this.watch;
    const sums = sumsOf(scene.figures);
    const { total: sessions } = scene;
    const isOk = all.length === 0;
    const lost = countsOf(scene.lost);
    return { isOk, minutes, seed, sessions, comparison, faults: sums, lost, trends, samples, problems: all };
  }
}

function countsOf(names: readonly string[]): Record<string, number> {
  return Object.fromEntries([...new Set(names)].map((name) => [name, names.filter((one) => one === name).length]));
}

function sumsOf(figures: readonly FaultFigures[]): FaultSum[] {
  const sums = new Map<string, FaultSum>();
  for (const one of figures) {
    const sum = sums.get(one.fault);
    const codes = new Set([...Object.keys(one.failed), ...Object.keys(sum?.failed ?? {})]);
    const failed = [...codes].map((code) => [code, (one.failed[code] ?? 0) + (sum?.failed[code] ?? 0)] as const);
    const times = (sum?.times ?? 0) + 1;
    sums.set(one.fault, {
      fault: one.fault,
      times,
      calls: one.calls + (sum?.calls ?? 0),
      served: one.served + (sum?.served ?? 0),
      wrong: one.wrong + (sum?.wrong ?? 0),
      failed: Object.fromEntries(failed),
      recoveryMs: Math.round(((sum?.recoveryMs ?? 0) * (times - 1) + one.recoveryMs) / times),
      recoveryMaxMs: Math.max(one.recoveryMs, sum?.recoveryMaxMs ?? 0),
    });
  }
  return [...sums.values()].sort((a, b) => (a.fault < b.fault ? -1 : 1));
}

function printReport({ comparison, faults, lost, trends, problems, sessions }: SoakReport): void {
  const { calls, served, executed, damaged, unknown } = comparison;
  const shown = faults.map((sum) => ({ ...sum, fault: `${sum.fault} x ${sum.times}` }));
  const lines = trends.map(({ name, unit, slopePerHour, firstThird, lastThird, isFlat }) => {
    const ends = `${firstThird.toFixed(1).padStart(8)}${lastThird.toFixed(1).padStart(9)}`;
    const slope = `${slopePerHour.toFixed(1).padStart(9)}`;
    return `  ${name.padEnd(22)}${ends}${slope}  ${unit.padEnd(2)}  ${isFlat ? 'flat' : 'NOT FLAT'}`;
  });
  const reasons = Object.entries(lost).map(([reason, count]) => `  ${count} x ${reason}\n`);
  process.stdout.write(
    `\nBy fault, with the calls around it; back: mean time to all ${sessions} sessions up\n${printFigures(shown)}\n` +
      `Workers lost\n${reasons.join('') || '  none\n'}\n` +
      `At rest${' '.repeat(15)} first 1/3  last 1/3  per hour\n${lines.join('\n')}\n\n` +
      `${calls} calls, ${served} served; the host executed ${executed}, and ${damaged} that reached it damaged; ` +
      `of the calls of unknown outcome it had done ${unknown.done}, and not ${unknown.notDone}\n` +
      `${problems.length === 0 ? 'everything was right' : problems.join('\n')}\n`,
  );
}

async function main(): Promise<void> {
  const options = readOptions();
  const { minutes, seed, isJson } = options;
  if (!isJson) process.stdout.write(`soak of ${minutes} minutes, --seed ${seed}\n`);
  const scene = await Scene.start(HostLink.start, {
    ...LOAD,
    size: SESSIONS,
    seed,
    server: { pingInterval: '500ms', pingTimeout: '5s' },
    runtime: { workerFile: join(packageRoot(), WORKER_FILE) },
    calls: Math.ceil(minutes * 60 * CALLS_PER_SECOND_MAX),
  });
  const orders = new BroadcastChannel(`faults-${scene.hostlink.run}`);
  try {
    const soak = new Soak(options, { scene, orders, prng: createSeededPrng(seed) });
    const report = await soak.end(await soak.run());
    if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
    else printReport(report);
    process.exitCode = report.isOk ? 0 : 1;
  } finally {
    orders.close();
    await scene.dispose();
  }
}

await main();
