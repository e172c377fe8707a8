import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  PARTS,
  PAYLOAD_SIZE,
  type PartName,
  partOf,
  partsOf,
  runParts,
  type Say,
  sayFigures,
  sizesOf,
} from './parts.js';
import { type Drawn, picturesOf, writePictures } from './plots.js';
import { type BenchReport, PICTURES, writeToReadme } from './report.js';
import { runProcesses } from './runs.js';

const ROOT = new URL('../../', import.meta.url);
const README = new URL('README.md', ROOT);
/** What the README's figures are medians of. */
const README_RUNS = 5;
/** Those that are of one run: codecs have no neighbour to be held against, routing takes turns thirty times by itself. */
const SINGLE_PARTS: ReadonlySet<PartName> = new Set(['micro', 'stages', 'routing']);

interface Options {
  readonly parts: readonly PartName[];
  readonly isQuick: boolean;
  readonly isJson: boolean;
  readonly isReadme: boolean;
  /** Process runs; 1 is this process alone. */
  readonly runs: number;
  readonly out: string | undefined;
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** @throws Error for what makes no sense */
function readOptions(): Options {
  const has = (name: string): boolean => process.argv.includes(name);
  const [isQuick, isJson, isReadme, only] = [has('--quick'), has('--json'), has('--readme'), option('--only')];
  const runs = has('--runs') ? Number(option('--runs')) : isReadme ? README_RUNS : 1;
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs N: a whole number from 1');
  if (isReadme && only !== undefined) throw new Error('--readme takes all parts: not with --only');
  const parts = only !== undefined ? [partOf(only)] : isReadme ? PARTS : partsOf(isQuick);
  return { parts, isQuick, isJson, isReadme, runs, out: option('--out') };
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

function commitOf(): string {
  try {
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}

/** What the figures are of, and what they were made on. */
function machine(): Pick<BenchReport, 'commit' | 'node' | 'cpu' | 'cores'> {
  const cpu = cpus()[0]?.model ?? 'unknown';
  return { commit: commitOf(), node: process.version, cpu, cores: cpus().length };
}

/** All parts in this process, or, as medians, in so many processes one after the other. */
async function figuresOf({ parts, isQuick, isJson, runs }: Options, say: Say): Promise<Drawn> {
  const sizes = sizesOf(isQuick);
  if (runs === 1) return { figures: await runParts(parts, sizes, say) };
  const single = parts.length === 1 ? [] : parts.filter((part) => SINGLE_PARTS.has(part));
  const repeated = parts.filter((part) => !single.includes(part));
  const { median, lowest, highest } = await runProcesses(runs, { parts: repeated, sizes, isQuiet: isJson }, say);
  for (const [name, figures] of Object.entries({ Lowest: lowest, Highest: highest, Medians: median })) {
    say(`\n${name} of ${runs} process runs\n`);
    sayFigures(figures, say);
  }
  return { figures: { ...median, ...(await runParts(single, sizes, say)) }, lowest, highest };
}

async function main(): Promise<void> {
  const options = readOptions();
  const { isJson, isReadme, runs, out } = options;
  const say: Say = (text) => {
    if (!isJson) process.stdout.write(text);
  };
  const made = machine();
  say(`commit ${made.commit}, Node ${made.node}, ${made.cores} cores (${made.cpu})\n`);
  const drawn = await figuresOf(options, say);
  const { figures, ...ends } = drawn;
  const report: BenchReport = { ...figures, ...made, payloadSize: PAYLOAD_SIZE, runs, ...ends };
  if (out !== undefined) writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`);
  if (isReadme) {
    const pictures = picturesOf(drawn);
    writePictures(pictures, new URL(PICTURES, ROOT));
    writeToReadme(report, pictures, README);
    say(`\n${fileURLToPath(README)} and ${pictures.length} pictures in ${PICTURES}\n`);
  }
  if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
}

await main();
