import { readFileSync } from 'node:fs';
import { HostLinkError } from '../base/errors.js';
import { crossCheck, type LooseFile } from './checks.js';
import { lenient, type Path } from './describe.js';
import { toEffective } from './effective.js';
import type { HostLinkConfig, TmaxOrigin } from './model.js';
import { type Finding, findingsOf, type Problem, printPath, printProblem } from './problems.js';
import {
  type HostLinkFile,
  type HostLinkInput,
  hostLinkSchema,
  LINK_SETTING_KEYS,
  TMAX_SERVER_KEYS,
} from './schema.js';
import { mergeTmax } from './tmax-merge.js';
import { parseYaml, placeAll, sortProblems } from './yaml-source.js';

/** Longest configuration file, bytes. */
const FILE_SIZE_MAX = 16 * 1024 * 1024;
/** Longest Tmax configuration, bytes. */
const TMAX_SIZE_MAX = 1024 * 1024;
/** Settings nest this deep at most; merging goes no further. */
const MERGE_DEPTH = 8;

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `over` on top of `under`: groups of keys are merged, everything else is replaced. */
function merge(under: unknown, over: unknown, depth = MERGE_DEPTH): unknown {
  if (over === undefined) return under;
  if (!isTree(under) || !isTree(over) || depth === 0) return over;
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) merged.set(key, merge(merged.get(key), value, depth - 1));
  return Object.fromEntries(merged);
}

/** Tmax words of the server in lower case, whatever case they came in. */
function withTmaxWords(server: unknown, findings: Finding[]): unknown {
  if (!isTree(server)) return server;
  const entries = new Map<string, unknown>();
  for (const [key, value] of Object.entries(server)) {
    const word = TMAX_SERVER_KEYS.find((tmax) => tmax === key.toLowerCase()) ?? key;
    if (entries.has(word)) {
      findings.push({ path: ['server', key], at: 'key', message: `${word} is given twice`, allowed: 'each key once' });
    }
    entries.set(word, value);
  }
  return Object.fromEntries(entries);
}

/** The data with linkDefaults below each link, ready for the schema. */
function prepare(raw: unknown, findings: Finding[]): unknown {
  if (!isTree(raw)) return raw;
  const { linkDefaults, links, server } = raw;
  const prepared: Record<string, unknown> = { ...raw };
  if (server !== undefined) prepared.server = withTmaxWords(server, findings);
  if (isTree(linkDefaults) && Array.isArray(links)) {
    const shared = Object.fromEntries(
      LINK_SETTING_KEYS.filter((key) => linkDefaults[key] !== undefined).map((key) => [key, linkDefaults[key]]),
    );
    prepared.links = links.map((link: unknown) => (isTree(link) ? merge(shared, link) : link));
  }
  return prepared;
}

function isThere(data: unknown, path: Path): boolean {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return false;
    value = (value as Record<string | number, unknown>)[step];
  }
  return true;
}

/** Where a finding about a link really stands: in the link, or in linkDefaults. */
function toOrigin(finding: Finding, raw: unknown): Finding {
  const [top, at, ...rest] = finding.path;
  if (top !== 'links' || at === undefined || isThere(raw, finding.path)) return finding;
  const path = ['linkDefaults', ...rest];
  return rest.length > 0 && isThere(raw, path) ? { ...finding, path } : finding;
}

interface Checked {
  /** Undefined when the schema was not met. */
  readonly value: HostLinkFile | undefined;
  readonly findings: readonly Finding[];
  /** Mistakes of the Tmax configuration, and of the values that it gave. */
  readonly tmaxProblems: readonly Problem[];
  readonly tmax: TmaxOrigin | undefined;
}

let loose: ReturnType<typeof lenient> | undefined;

/**
 * @param from path of the file that the data is from
 * @param isWhole all of it could be read
 */
function check(raw: unknown, from: string | undefined, isWhole = true): Checked {
  const findings: Finding[] = [];
  const tmax = mergeTmax(prepare(raw, findings), from, (file) => read(file, TMAX_SIZE_MAX));
  const { data } = tmax;
  findings.push(...tmax.findings);
  const result = hostLinkSchema.safeParse(data);
  if (!result.success) findings.push(...findingsOf(hostLinkSchema, result.error.issues, data));
  loose ??= lenient(hostLinkSchema);
  const readable = result.success ? result.data : ((loose.parse(data) ?? {}) as LooseFile);
  findings.push(...crossCheck(readable));
  const tmaxProblems = [...tmax.problems];
  const ours: Finding[] = [];
  for (const finding of findings) {
    const problem = tmax.problemOf(finding);
    if (problem === undefined) ours.push(toOrigin(finding, raw));
    else if (isWhole) tmaxProblems.push(problem);
  }
  return { value: result.data, findings: ours, tmaxProblems: sortProblems(tmaxProblems), tmax: tmax.origin };
}

/** Mistakes that are told; the others are of the same kinds, and nobody reads on. */
const PROBLEMS_MAX = 1000;

function reject(found: readonly Problem[], file: string | undefined): never {
  const problems = found.slice(0, PROBLEMS_MAX);
  const lines = problems.map(printProblem).join('\n');
  const more = found.length > problems.length ? `\nand ${found.length - problems.length} more` : '';
  const details = { file, problems, count: found.length };
  throw new HostLinkError('CONFIG_INVALID', `${found.length} in all:\n${lines}${more}`, details);
}

function read(file: string, sizeMax = FILE_SIZE_MAX): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HostLinkError('CONFIG_UNREADABLE', reason, { file, reason }, { cause: error });
  }
  if (bytes.length <= sizeMax) return bytes.toString('utf8');
  const reason = `${file} is longer than ${sizeMax} bytes`;
  throw new HostLinkError('CONFIG_UNREADABLE', reason, { file, reason });
}

/**
 * The effective configuration of a YAML text. A Tmax configuration that it names is read.
 * @param file its name, for messages; the Tmax configuration is looked for from its folder
 * @throws HostLinkError CONFIG_INVALID with all mistakes in details.problems
 */
export function parseConfig(text: string, file: string): HostLinkConfig {
  const source = parseYaml(text, file, hostLinkSchema);
  const { value, findings, tmaxProblems, tmax } = check(
    source.data,
    file,
    source.brokenAt === Number.POSITIVE_INFINITY,
  );
  const problems = [...placeAll(source, findings), ...tmaxProblems];
  if (value === undefined || problems.length > 0) reject(problems, file);
  return toEffective(value, file, tmax);
}

/**
 * Load a configuration: every default filled in, every check made.
 * @param fileOrObject path of a YAML file, or the same structure as an object (it is not changed)
 * @throws HostLinkError CONFIG_UNREADABLE, or CONFIG_INVALID with all mistakes in details.problems (see Problem)
 */
export function loadConfig(fileOrObject: string | HostLinkInput | object): HostLinkConfig {
  if (typeof fileOrObject === 'string') return parseConfig(read(fileOrObject), fileOrObject);
  const { value, findings, tmaxProblems, tmax } = check(fileOrObject, undefined);
  const ours = findings.map(({ path, message, allowed }): Problem => {
    return { file: undefined, line: undefined, column: undefined, path: printPath(path), message, allowed };
  });
  const problems = [...sortProblems(ours), ...tmaxProblems];
  if (value === undefined || problems.length > 0) reject(problems, undefined);
  return toEffective(value, undefined, tmax);
}
