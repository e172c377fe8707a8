import { dirname, isAbsolute, join } from 'node:path';
import { HostLinkError } from '../base/errors.js';
import type { Path } from './describe.js';
import type { TmaxOrigin } from './model.js';
import { type Finding, type Problem, printPath, suggest } from './problems.js';
import { SERVER_NAME } from './schema.js';
import { parseTmax } from './tmax.js';
import { listNames, readTmaxServer, type TmaxServer, type TmaxValue, tmaxServerNames } from './tmax-server.js';
import { parseDuration } from './units.js';

/** A Tmax configuration below hostlink.yaml: it gives what hostlink.yaml leaves out, and must not say otherwise. */

type Tree = Readonly<Record<string, unknown>>;

/** The text of a file. @throws HostLinkError CONFIG_UNREADABLE, with details.reason */
export type ReadText = (file: string) => string;

export interface TmaxMerged {
  /** The data with what the Tmax configuration gives. */
  readonly data: unknown;
  /** Mistakes of our own file. */
  readonly findings: readonly Finding[];
  /** Mistakes of the Tmax configuration. */
  readonly problems: readonly Problem[];
  readonly origin: TmaxOrigin | undefined;
  /** A finding about a value that came from the Tmax configuration, as a problem of that file. */
  problemOf(finding: Finding): Problem | undefined;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function nothing(data: unknown, findings: readonly Finding[] = [], problems: readonly Problem[] = []): TmaxMerged {
  return { data, findings, problems, origin: undefined, problemOf: () => undefined };
}

function wrong(key: string, message: string, allowed: string): Finding {
  return { path: ['server', key], at: 'value', message, allowed, needsWhole: true };
}

/** A time of ours in milliseconds, or a count; undefined when it is neither, which the schema reports. */
function numberOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseDuration(value) : typeof value === 'number' ? value : undefined;
}

/** Puts values where there are none, and notes where both files speak and disagree. */
class Merge {
  readonly findings: Finding[] = [];
  readonly taken: TmaxOrigin['taken'][number][] = [];
  /** Values of the Tmax configuration by printed path. */
  readonly places = new Map<string, TmaxValue>();
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** @returns the value that counts */
  private put(path: Path, ours: unknown, theirs: TmaxValue & { readonly value: number | string }): unknown {
    const key = printPath(path);
    const { written, line, column, value } = theirs;
    const own = typeof value === 'number' ? numberOf(ours) : textOr(ours, '');
    if (ours !== undefined && own !== value) {
      if (own !== undefined) this.disagree(path, String(ours), theirs);
      return ours;
    }
    this.taken.push({ key, written, line, column });
    if (ours === undefined) this.places.set(key, theirs);
    return ours ?? value;
  }

  private disagree(path: Path, ours: string, { written, line, column }: TmaxValue): void {
    const message = `${path.at(-1)} is ${ours}, but ${this.file}:${line}:${column} says ${written}`;
    this.findings.push({ path, at: 'value', message, allowed: 'one of the two, or the same value in both' });
  }

  server(server: Tree, { values }: TmaxServer): Tree {
    const merged = new Map(Object.entries(server));
    for (const [key, theirs] of values) merged.set(key, this.put(['server', key], server[key], theirs));
    return Object.fromEntries(merged);
  }

  services(services: readonly unknown[], { timeouts }: TmaxServer): unknown[] {
    return services.map((service, at) => {
      const theirs = isTree(service) ? timeouts.get(textOr(service.name, '')) : undefined;
      if (!isTree(service) || !theirs) return service;
      return { ...service, timeout: this.put(['services', at, 'timeout'], service.timeout, theirs) };
    });
  }

  log(log: unknown, { logFile }: TmaxServer): unknown {
    if (!logFile || (log !== undefined && !isTree(log))) return log;
    return { ...log, file: this.put(['log', 'file'], log?.file, logFile) };
  }
}

function noSuchServer(known: readonly string[], name: string, key: string, file: string): Finding {
  const meant = suggest(name, known);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  const allowed = listNames(known) || 'a SERVER entry in that file';
  return wrong(key, `${file} has no SERVER entry ${name}${hint}`, allowed);
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}

function mergeFile(data: Tree, server: Tree, file: string, text: string): TmaxMerged {
  const tree = parseTmax(text, file);
  const name = textOr(server.tmaxServer, textOr(server.name, SERVER_NAME));
  const known = tmaxServerNames(tree);
  if (!known.includes(name)) {
    const key = server.tmaxServer === undefined && server.name !== undefined ? 'name' : 'tmaxServer';
    const isBroken = tree.problems.length > 0;
    return nothing(data, isBroken ? [] : [noSuchServer(known, name, key, file)], tree.problems);
  }
  const services = listOf(data.services);
  const result = readTmaxServer(tree, {
    server: name,
    services: new Set(services.map((service) => (isTree(service) ? textOr(service.name, '') : ''))),
    hasLogFile: isTree(data.log) && data.log.file !== undefined,
  });
  const merge = new Merge(file);
  const log = merge.log(data.log, result);
  const merged = {
    ...data,
    server: merge.server(server, result),
    ...(log === undefined ? {} : { log }),
    ...(Array.isArray(data.services) ? { services: merge.services(services, result) } : {}),
  };
  return {
    data: merged,
    findings: merge.findings,
    problems: [...tree.problems, ...result.problems],
    origin: { file, server: name, taken: merge.taken, unused: result.unused },
    problemOf({ path, message, allowed }) {
      const place = merge.places.get(printPath(path));
      if (!place) return undefined;
      const { line, column, written } = place;
      return { file, line, column, path: printPath(path), message: `${written}: ${message}`, allowed };
    },
  };
}

/**
 * Read the Tmax configuration that server.tmax names, and put its values below ours.
 * @param data the file as it was read, Tmax words of the server in lower case; it is not changed
 * @param from path of that file; the Tmax configuration is looked for from its folder, else from the working directory
 */
export function mergeTmax(data: unknown, from: string | undefined, read: ReadText): TmaxMerged {
  if (!isTree(data) || !isTree(data.server)) return nothing(data);
  const { server } = data;
  if (server.tmax === undefined && server.tmaxServer !== undefined) {
    return nothing(data, [wrong('tmaxServer', 'tmaxServer is given, but no tmax', 'tmax with the file it is in')]);
  }
  const { tmax } = server;
  if (typeof tmax !== 'string' || tmax === '') return nothing(data);
  const file = from === undefined || isAbsolute(tmax) ? tmax : join(dirname(from), tmax);
  let text: string;
  try {
    text = read(file);
  } catch (error) {
    if (!(error instanceof HostLinkError)) throw error;
    const reason = String(error.details.reason);
    return nothing(data, [wrong('tmax', `tmax cannot be read: ${reason}`, 'a Tmax configuration, such as ./tmax.m')]);
  }
  return mergeFile(data, server, file, text);
}
