import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type CallsRow, runCalls } from './calls.js';
import type { Measure } from './measure.js';
import { goalSizes, MEASURES_HEAD, printMeasure, runMeasures } from './measures.js';
import { type MicroResult, runMicro } from './micro.js';
import { type BenchReport, writeToReadme } from './report.js';
import { RATIO_MIN, type RoutingResult, type RoutingRow, runRouting } from './routing.js';

const PAYLOAD_SIZE = 1024;
const README = new URL('../../README.md', import.meta.url);

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US').padStart(12);
}

function printMicro(results: readonly MicroResult[]): void {
  process.stdout.write('\nCodecs and framing\n');
  for (const { name, perSecond, nanos } of results) {
    process.stdout.write(`  ${name.padEnd(46)}${count(perSecond)} /s ${count(nanos)} ns\n`);
  }
  process.stdout.write(`\nWhole calls, ${PAYLOAD_SIZE} bytes: calls per second, p50 and p99 in ms\n`);
  process.stdout.write('  in flight    hostlink                      piscina.run echo              bare TCP echo\n');
}

function figures({ perSecond, p50Ms, p99Ms }: CallsRow['tcp']): string {
  return `${count(perSecond)} ${p50Ms.toFixed(2).padStart(7)} ${p99Ms.toFixed(2).padStart(7)}  `;
}

function printRow(row: CallsRow): void {
  const ratios = `x${row.ratioToPiscina.toFixed(2)} piscina, x${row.ratioToTcp.toFixed(2)} TCP`;
  const columns = [row.hostlink, row.piscina, row.tcp].map(figures).join('');
  process.stdout.write(`  ${String(row.inFlight).padStart(9)}${columns} ${ratios}\n`);
}

const IN_FLIGHT = [1, 32, 256, 512] as const;

function printRoutingRow({ inFlight, cells }: RoutingRow): void {
  for (const [at, cell] of cells.entries()) {
    const first = at === 0 ? String(inFlight) : '';
    const [low, high] = cell.quartiles.map((ratio) => ratio.toFixed(2));
    const verdict = `${cell.isWithin ? 'ok' : `short of ${RATIO_MIN}`} (half between ${low} and ${high})`;
    const ratio = at === 0 ? '' : `x${cell.ratio.toFixed(3)} plain, ${verdict}`;
    process.stdout.write(`  ${first.padStart(9)}  ${cell.name.padEnd(16)}${figures(cell)} ${ratio}\n`);
  }
}

async function routing(isQuick: boolean, isJson: boolean): Promise<RoutingResult> {
  const rounds = isQuick ? { roundMs: 60, rounds: 3, warmUpMs: 200 } : { roundMs: 120, rounds: 30, warmUpMs: 1000 };
  const size = { workers: 2, sessionsPerPu: 128, payloadSize: PAYLOAD_SIZE };
  if (!isJson) {
    process.stdout.write(
      '\nDedicate and header routing beside plain pool calls: calls per second, p50 and p99 in ms\n',
    );
  }
  const result = await runRouting({ inFlight: IN_FLIGHT, ...size, ...rounds }, (row) => {
    if (!isJson) printRoutingRow(row);
  });
  if (!isJson) process.stdout.write(`  ${result.sessions} sessions each, ${result.queued} calls waited for one\n`);
  return result;
}

async function measures(isQuick: boolean, isJson: boolean): Promise<Measure[]> {
  if (!isJson) process.stdout.write(`\n${MEASURES_HEAD}\n`);
  return runMeasures(goalSizes(isQuick), (measure) => {
    if (!isJson) process.stdout.write(printMeasure(measure));
  });
}

function git(...args: readonly string[]): string {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
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

function printMachine({ commit, node, cpu, cores }: ReturnType<typeof machine>): void {
  process.stdout.write(`commit ${commit}, Node ${node}, ${cores} cores (${cpu})\n`);
}

/** Parts of the bench that run alone: `--only NAME`. */
async function runPart(name: string, isQuick: boolean, isJson: boolean): Promise<void> {
  if (name !== 'routing' && name !== 'measures') throw new Error(`--only ${name}: known are measures, routing`);
  const made = machine();
  if (!isJson) printMachine(made);
  const result =
    name === 'routing'
      ? await routing(isQuick, isJson)
      : { measures: await measures(isQuick, isJson), ...made, payloadSize: PAYLOAD_SIZE };
  if (isJson) process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function main(): Promise<void> {
  const isJson = process.argv.includes('--json');
  const isQuick = process.argv.includes('--quick');
  const only = option('--only');
  if (only !== undefined) return runPart(only, isQuick, isJson);
  const made = machine();
  if (!isJson) printMachine(made);
  const goals = await measures(isQuick, isJson);
  const micro = await runMicro(isQuick ? 100 : 500);
  if (!isJson) printMicro(micro);
  const rounds = isQuick ? { roundMs: 250, rounds: 1 } : { roundMs: 2000, rounds: 3 };
  const calls = await runCalls({ inFlight: IN_FLIGHT, payloadSize: PAYLOAD_SIZE, workers: 2, ...rounds }, (row) => {
    if (!isJson) printRow(row);
  });
  if (!isJson) process.stdout.write(`  ${calls.sessions} sessions up in ${Math.round(calls.bringUpMs)} ms\n`);
  const routed = await routing(isQuick, isJson);
  const report: BenchReport = { measures: goals, ...made, payloadSize: PAYLOAD_SIZE, micro, calls, routing: routed };
  const file = option('--out');
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  if (process.argv.includes('--readme')) writeToReadme(report, README);
  if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
  if (calls.protocolErrors > 0) throw new Error(`the host saw ${calls.protocolErrors} protocol errors`);
}

await main();
