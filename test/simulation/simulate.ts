import { Command, InvalidArgumentError } from 'commander';
import { type CliIo, print, printJson, processIo } from '../../src/cli/io.js';
import { Progress } from '../../src/cli/progress.js';
import { positiveNumber, wholeNumber } from '../../src/cli/run-command.js';
import { countText, tableLines } from '../../src/cli/table.js';
import { Campaign, failureLines, HOURS } from './campaign.js';
import { RECOVERY_MAX_MS, Simulation, type SimulationResult } from './simulation.js';
import { CHECKERS } from './world.js';

interface Options {
  readonly seed?: number;
  readonly seeds?: readonly [number, number];
  readonly count?: number;
  readonly from: number;
  readonly hours: number;
  readonly log?: true;
  readonly json?: true;
}

const SEED_MAX = 0xffff_ffff;
/** Failing seeds that are printed in full. */
const PRINTED_MAX = 5;

function seedRange(text: string): readonly [number, number] {
  const [first = Number.NaN, last = Number.NaN] = /^(\d+)-(\d+)$/.exec(text)?.slice(1).map(Number) ?? [];
  if (first <= last && last <= SEED_MAX) return [first, last];
  throw new InvalidArgumentError('Allowed: FIRST-LAST.');
}

function rangeOf({ seed, seeds, count, from }: Options): readonly [number, number] {
  if (seed !== undefined) return [seed, seed];
  return seeds ?? [from, from + (count ?? 1) - 1];
}

function sums(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${name} ${countText(count)}`).join(', ');
}

function printCampaign(io: CliIo, campaign: Campaign, wallMs: number): void {
  const rows = [
    ['seeds', `${countText(campaign.seeds)}, of which ${countText(campaign.failures.length)} failed`],
    ['simulated', `${(campaign.simulatedMs / 3_600_000).toFixed(2)} hours, ${countText(campaign.steps)} steps`],
    ['requests', `${countText(campaign.requests)}; the host executed ${countText(campaign.executions)}`],
    ['outcomes', sums(campaign.outcomes)],
    ['faults', sums(campaign.faults)],
    [
      'all READY',
      `at most ${(campaign.recoveryMaxMs / 1000).toFixed(1)} s after the last fault (${RECOVERY_MAX_MS / 1000} s are allowed)`,
    ],
    ['checkers', `${CHECKERS.join(', ')}: after every step`],
    ['took', `${(wallMs / 1000).toFixed(1)} s`],
  ];
  const [, ...lines] = tableLines([{ title: '' }, { title: '' }], rows);
  for (const line of lines) print(io.out, line);
}

function simulateOne(io: CliIo, seed: number, options: Options): Promise<SimulationResult> {
  const simulation = new Simulation({ seed, hours: options.hours });
  if (options.log) simulation.world.onLine = (line) => print(io.err, line);
  return simulation.run();
}

async function runSeeds(io: CliIo, options: Options): Promise<number> {
  const [first, last] = rangeOf(options);
  const { clock } = io;
  const startMs = clock.nowMs();
  const campaign = new Campaign();
  const progress = first === last || options.json ? undefined : new Progress(io, io.err, 'seeds');
  for (let seed = first; seed <= last; seed += 1) {
    const result = await simulateOne(io, seed, options);
    campaign.add(result);
    const isPrinted = result.failure !== undefined && campaign.failures.length <= PRINTED_MAX && !options.json;
    if (isPrinted) for (const line of failureLines(result, options.hours)) print(io.out, line);
    progress?.update(seed - first + 1, last - first + 1);
    if (first === last && !options.json) print(io.out, `event log ${result.logHash}`);
  }
  const wallMs = clock.nowMs() - startMs;
  if (options.json) printJson(io.out, campaign.toRecord(wallMs));
  else printCampaign(io, campaign, wallMs);
  return campaign.failures.length === 0 ? 0 : 1;
}

/** The command line of the simulation. */
async function main(io: CliIo): Promise<void> {
  const program = new Command('simulate')
    .description('the whole runtime, its host and its callers in one thread, on a simulated clock and a faulty network')
    .option('--seed <number>', 'run this one', wholeNumber(0, SEED_MAX))
    .option('--seeds <range>', 'run these, such as 1-500', seedRange)
    .option('--count <number>', 'run so many', wholeNumber(1, SEED_MAX))
    .option('--from <number>', 'the first of them', wholeNumber(0, SEED_MAX), 1)
    .option('--hours <number>', 'simulated hours with traffic and faults, each seed', positiveNumber, HOURS)
    .option('--log', 'print the event log while it runs')
    .option('--json', 'print one JSON object')
    .action(async (options: Options) => {
      process.exitCode = await runSeeds(io, options);
    });
  await program.parseAsync();
}

await main(processIo());
