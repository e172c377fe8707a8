import { z } from 'zod';
import { allowedOf, type Path, schemaAt, shapeOf, unwrap } from './describe.js';

/** One mistake in a configuration. */
export interface Problem {
  /** undefined for an object passed by a program. */
  readonly file: string | undefined;
  /** From 1; undefined for an object. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Where in the structure, such as links[0].pus[1].idBlk; '' is the whole. */
  readonly path: string;
  /** What is wrong. */
  readonly message: string;
  /** What would be right. */
  readonly allowed: string;
}

/** A mistake before its place in the file is known. `at` says whether the key or the value is to blame. */
export interface Finding {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly allowed: string;
  /** Depends on the rest of the file: where its syntax is broken, this may only seem so. */
  readonly needsWhole?: boolean;
}

/** A path as people write it, such as links[0].peer.port. */
export function printPath(path: Path): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`)).join('');
}

/** `file:line:column: what is wrong; allowed: what would be right`, or the path where there is no file. */
export function printProblem(problem: Problem): string {
  const place =
    problem.line === undefined
      ? problem.path || '(configuration)'
      : `${problem.file ?? '(text)'}:${problem.line}:${problem.column}`;
  const allowed = problem.allowed === '' ? '' : `; allowed: ${problem.allowed}`;
  return `${place}: ${problem.message}${allowed}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `"${value.slice(0, 57)}..."` : `"${value}"`;
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'empty';
  return typeof value === 'object' ? 'a group of keys' : String(value);
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** Edits that turn one word into the other: insert, remove, replace one letter. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let at = 1; at <= left.length; at += 1) {
    const next = [at];
    for (let to = 1; to <= right.length; to += 1) {
      const replaced = row[to - 1]! + (left[at - 1] === right[to - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[to]! + 1, next[to - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}

/** The known word nearest to a wrong one, when it is near enough to be meant. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const lower = word.slice(0, 64).toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(lower.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(lower, candidate.toLowerCase());
    if (edits < bestDistance) [best, bestDistance] = [candidate, edits];
  }
  return best;
}

function unknownKeys(root: z.ZodType, path: Path, keys: readonly string[]): Finding[] {
  const schema = schemaAt(root, path);
  const known = schema instanceof z.ZodObject ? Object.keys(shapeOf(schema)) : [];
  return keys.map((key) => {
    const meant = suggest(key, known);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    return { path: [...path, key], at: 'key', message: `unknown key ${key}${hint}`, allowed: known.join(', ') };
  });
}

const TYPES: Readonly<Record<string, string | undefined>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
};

function messageOf(issue: z.core.$ZodIssue, name: string, value: unknown): string {
  const shown = `${name} is ${show(value)}`;
  if (issue.code === 'custom' || issue.code === 'invalid_format') return `${shown}, ${issue.message}`;
  if (issue.code === 'invalid_type') return `${shown}, not ${TYPES[issue.expected] ?? 'of the right type'}`;
  if (issue.code === 'not_multiple_of') return `${shown}, not a multiple of ${issue.divisor}`;
  if (issue.code === 'invalid_value') return `${shown}, which is not a choice`;
  if (issue.code === 'too_small') return Array.isArray(value) ? `${name} has too few entries` : `${shown}, too small`;
  if (issue.code === 'too_big') return Array.isArray(value) ? `${name} has too many entries` : `${shown}, too large`;
  return `${shown}, which is not possible here`;
}

function lastName(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the configuration';
  if (typeof last === 'string') return last;
  return `entry ${last + 1} of ${printPath(path.slice(0, -1))}`;
}

/** What zod found, in our words. @param data what was checked, to show the wrong value */
export function findingsOf(root: z.ZodType, issues: readonly z.core.$ZodIssue[], data: unknown): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    const path = issue.path as Path;
    if (issue.code === 'unrecognized_keys') return unknownKeys(root, path, issue.keys);
    const schema = schemaAt(root, path);
    const allowed = schema ? allowedOf(unwrap(schema)) : '';
    const value = valueAt(data, path);
    const name = lastName(path);
    if (value === undefined) return [{ path, at: 'value', message: `${name} is missing`, allowed, needsWhole: true }];
    return [{ path, at: 'value', message: messageOf(issue, name, value), allowed, needsWhole: value === null }];
  });
}
