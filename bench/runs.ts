import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Measure, median, medianMeasure } from './measure.js';
import type { Figures, Say } from './parts.js';
import type { RunAnswer, RunOrder } from './run-process.js';

/** The figures of several process runs, each by itself. */
export interface Spread {
  readonly median: Partial<Figures>;
  readonly lowest: Partial<Figures>;
  readonly highest: Partial<Figures>;
}

type Json = number | string | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };

/**
 * One tree of the same shape as each of `runs`, with each number made of theirs. What is null in one run is null; a flag is
 * set if it is in most; a text is that of the first.
 */
function merge(runs: readonly Json[], pick: (values: readonly number[]) => number): Json {
  const [first] = runs;
  if (runs.some((value) => value === null || value === undefined)) return null;
  if (typeof first === 'number') return pick(runs as readonly number[]);
  if (typeof first === 'boolean') return runs.filter((value) => value).length * 2 > runs.length;
  if (typeof first === 'string') return first;
  if (Array.isArray(first)) {
    return first.map((_, at) =>
      merge(
        runs.map((run) => (run as readonly Json[])[at]),
        pick,
      ),
    );
  }
  const names = Object.keys(first as object);
  const byName = (name: string): Json[] => runs.map((run) => (run as { readonly [name: string]: Json })[name]);
  return Object.fromEntries(names.map((name) => [name, merge(byName(name), pick)]));
}

function mergeMeasures(runs: readonly (readonly Measure[])[]): Measure[] {
  return runs[0]!.map(({ name }) => {
    const same = runs.map((run) => run.find((measure) => measure.name === name));
    return medianMeasure(same.filter((measure) => measure !== undefined));
  });
}

/** Median, lowest and highest of each figure; a measure is ok or short by its median. */
export function spreadOf(runs: readonly Partial<Figures>[]): Spread {
  const measured = runs.map(({ measures }) => measures).filter((measures) => measures !== undefined);
  const rest = runs.map(({ measures: _, ...others }) => others as unknown as Json);
  const of = (pick: (values: readonly number[]) => number): Partial<Figures> => merge(rest, pick) as Partial<Figures>;
  return {
    median: { ...(measured.length === 0 ? {} : { measures: mergeMeasures(measured) }), ...of(median) },
    lowest: of((values) => Math.min(...values)),
    highest: of((values) => Math.max(...values)),
  };
}

const FILE = fileURLToPath(new URL('./run-process.js', import.meta.url));

/** One process run. @throws Error when it ends without its figures */
export function runInProcess(order: RunOrder): Promise<Partial<Figures>> {
  // What is said on the way belongs to stdout only where it is not the JSON that is waited for there.
  const child = fork(FILE, { stdio: ['ignore', order.isQuiet ? 'ignore' : 'inherit', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    let answer: RunAnswer = { error: 'it said nothing' };
    child.once('message', (message) => {
      answer = message as RunAnswer;
    });
    child.once('error', reject);
    // Only when it is gone the next may start.
    child.once('exit', () => {
      if ('figures' in answer) resolve(answer.figures);
      else reject(new Error(`the process run failed: ${answer.error}`));
    });
    child.send(order);
  });
}

/** So many process runs, one after the other. */
export async function runProcesses(runs: number, order: RunOrder, say: Say): Promise<Spread> {
  const results: Partial<Figures>[] = [];
  for (let run = 1; run <= runs; run += 1) {
    say(`\nProcess run ${run} of ${runs}\n`);
    const startMs = performance.now();
    results.push(await runInProcess(order));
    say(`\nProcess run ${run} of ${runs} took ${Math.round((performance.now() - startMs) / 1000)} s\n`);
  }
  return spreadOf(results);
}
