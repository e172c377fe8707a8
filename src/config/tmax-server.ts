import type { TmaxUnused } from './model.js';
import { type Problem, suggest } from './problems.js';
import type { TmaxEntry, TmaxItem, TmaxPlace, TmaxTree } from './tmax.js';
import { CLOPT_LENGTH_MAX, type CloptOption, expandClopt, parseClopt, printClopt } from './tmax-clopt.js';

/** From the entries of a Tmax configuration to our values: one SERVER entry, and the SERVICE entries that name it. */

/** Keys of our server that a SERVER entry gives. */
export type TmaxServerKey = 'min' | 'max' | 'asqcount' | 'maxqcount' | 'maxrstart' | 'gperiod';

export interface TmaxValue extends TmaxPlace {
  /** Such as 'MIN = 2'. */
  readonly written: string;
}

export interface TmaxServer {
  /** Counts as they are; gperiod in milliseconds. */
  readonly values: ReadonlyMap<TmaxServerKey, TmaxValue & { readonly value: number }>;
  /** -o of CLOPT, $(SVR) filled in. */
  readonly logFile: (TmaxValue & { readonly value: string }) | undefined;
  /** SVCTIME by service name, milliseconds. */
  readonly timeouts: ReadonlyMap<string, TmaxValue & { readonly value: number }>;
  /** In the order of the file. */
  readonly unused: readonly TmaxUnused[];
  readonly problems: readonly Problem[];
}

export interface TmaxWanted {
  /** Name of the SERVER entry. */
  readonly server: string;
  /** Services that hostlink.yaml defines. */
  readonly services: ReadonlySet<string>;
  /** hostlink.yaml has a log.file of its own. */
  readonly hasLogFile: boolean;
}

/** Seconds that stand for SVCTIME = 0, no limit: our longest time-out, one day. */
const SVCTIME_MAX = 86_400;

/** Item, our key, least, most, and what one of it is in our unit. */
const NUMBERS = [
  ['MIN', 'min', 1, 64, 1],
  ['MAX', 'max', 1, 64, 1],
  ['ASQCOUNT', 'asqcount', -1, 1_000_000, 1],
  ['MAXQCOUNT', 'maxqcount', -1, 1_000_000, 1],
  ['MAXRSTART', 'maxrstart', -1, 1000, 1],
  ['GPERIOD', 'gperiod', 1, 604_800, 1000],
] as const satisfies readonly (readonly [string, TmaxServerKey, number, number, number])[];

/** Items that are known and not used, and why. @source Tmax administration guide, SERVER and SERVICE sections */
const NOT_USED: Readonly<Record<string, string | undefined>> = {
  SVGNAME: 'hostlink has no server groups',
  SVRTYPE: 'the server is hostlink itself',
  TARGET: 'the program is hostlink itself',
  CPC: 'no CLH stands before hostlink',
  SCHEDULE: 'the worker with the fewest requests is always picked',
  ULOGDIR: 'log.file says where the log is',
  SVRLOGLVL: 'log.level says what is logged',
  CONV: 'hostlink needs no such mark',
};
const USED_ITEMS: readonly string[] = [...NUMBERS.map(([name]) => name), 'RESTART', 'CLOPT', 'SVRNAME', 'SVCTIME'];

function notKnown(name: string): string {
  const meant = suggest(name, USED_ITEMS);
  return meant === undefined || meant === name ? 'not known here' : `not known here; did you mean ${meant}?`;
}

function reasonOf(name: string): string {
  return NOT_USED[name] ?? notKnown(name);
}

function write({ name, text, isQuoted }: TmaxItem): string {
  return `${name} = ${isQuoted ? `"${text}"` : text}`;
}

function allItems({ items, inherited }: TmaxEntry): Map<string, TmaxItem> {
  return new Map([...inherited, ...items].map((item) => [item.name, item]));
}

const NAMES_SHOWN = 20;

/** Names for a message: the first ones, and how many more. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown;
}

/** The names of the SERVER entries. */
export function tmaxServerNames(tree: TmaxTree): string[] {
  return namesIn(tree, 'SERVER');
}

function namesIn(tree: TmaxTree, section: string): string[] {
  return tree.entries.filter((entry) => entry.section === section && !entry.isDefault).map(({ name }) => name);
}

class ServerReader {
  readonly values = new Map<TmaxServerKey, TmaxValue & { value: number }>();
  readonly timeouts = new Map<string, TmaxValue & { value: number }>();
  readonly unused: TmaxUnused[] = [];
  logFile: (TmaxValue & { value: string }) | undefined;
  private readonly found: Problem[] = [];
  private readonly tree: TmaxTree;
  private readonly wanted: TmaxWanted;
  /** Items that count: an item of a DEFAULT entry may count for several entries. */
  private readonly used = new Set<TmaxItem>();

  constructor(tree: TmaxTree, wanted: TmaxWanted) {
    this.tree = tree;
    this.wanted = wanted;
  }

  read(): void {
    const { tree } = this;
    const targets = new Set([...namesIn(tree, 'SERVER'), ...namesIn(tree, 'GATEWAY')]);
    for (const entry of tree.entries) {
      if (entry.isDefault) continue;
      if (entry.section === 'SERVER') this.readServer(entry);
      else if (entry.section === 'SERVICE') this.readService(entry, targets);
      else this.leaveEntry(entry, 'hostlink reads SERVER and SERVICE only');
    }
    for (const entry of tree.entries) if (entry.isDefault) this.leaveDefaults(entry);
    for (const { section, ...place } of tree.skipped) {
      this.unused.push({ ...place, section, entry: '', items: [], reason: 'the section is passed over' });
    }
    this.unused.sort((left, right) => left.line - right.line || left.column - right.column);
  }

  /** An item of a DEFAULT entry is at fault once, however many entries take it. */
  get problems(): Problem[] {
    return [...new Map(this.found.map((one) => [`${one.line}:${one.column}:${one.message}`, one])).values()];
  }

  private report(place: TmaxPlace, path: string, message: string, allowed: string): void {
    const { line, column } = place;
    this.found.push({ file: this.tree.file, line, column, path, message, allowed });
  }

  private leaveEntry({ section, name, items, line, column }: TmaxEntry, reason: string): void {
    this.unused.push({ section, entry: name, items: items.map((item) => item.name), reason, line, column });
  }

  /** Of its own items only: those of a DEFAULT entry are listed there. */
  private leaveItem(entry: TmaxEntry, item: TmaxItem, reason: string, text = item.name): void {
    if (!entry.items.includes(item)) return;
    const { line, column } = item;
    this.unused.push({ section: entry.section, entry: entry.name, items: [text], reason, line, column });
  }

  private leaveDefaults(entry: TmaxEntry): void {
    if (entry.section !== 'SERVER' && entry.section !== 'SERVICE') {
      this.leaveEntry(entry, 'hostlink reads SERVER and SERVICE only');
      return;
    }
    for (const item of entry.items) {
      if (this.used.has(item)) continue;
      const isUsable = USED_ITEMS.includes(item.name);
      this.leaveItem(entry, item, isUsable ? 'no entry that hostlink reads takes it from here' : reasonOf(item.name));
    }
  }

  private readServer(entry: TmaxEntry): void {
    if (entry.name !== this.wanted.server) {
      this.leaveEntry(entry, 'another server');
      return;
    }
    const items = allItems(entry);
    for (const [name, key, least, most, unit] of NUMBERS) {
      const item = items.get(name);
      const value = item && this.numberOf(item, entry, least, most);
      if (item && value !== undefined) this.keep(key, item, value * unit);
    }
    this.readRestart(entry, items);
    this.readClopt(entry, items.get('CLOPT'));
    for (const item of items.values())
      if (!USED_ITEMS.includes(item.name)) this.leaveItem(entry, item, reasonOf(item.name));
    for (const name of ['SVRNAME', 'SVCTIME']) {
      const item = items.get(name);
      if (item) this.leaveItem(entry, item, 'an item of SERVICE entries');
    }
  }

  private keep(key: TmaxServerKey, item: TmaxItem, value: number): void {
    this.used.add(item);
    this.values.set(key, { ...item.value, written: write(item), value });
  }

  private numberOf(item: TmaxItem, { section, name }: TmaxEntry, least: number, most: number): number | undefined {
    const allowed = `${least}..${most}`;
    const path = `*${section} ${name} ${item.name}`;
    this.used.add(item);
    if (item.isQuoted || !/^-?\d{1,15}$/.test(item.text)) {
      this.report(item.value, path, `${write(item)} is not a number`, allowed);
      return undefined;
    }
    const value = Number(item.text);
    if (value >= least && value <= most) return value;
    this.report(item.value, path, `${write(item)}, too ${value < least ? 'small' : 'large'}`, allowed);
    return undefined;
  }

  /** RESTART = N: no restart at all, whatever MAXRSTART says. */
  private readRestart(entry: TmaxEntry, items: ReadonlyMap<string, TmaxItem>): void {
    const item = items.get('RESTART');
    if (!item) return;
    this.used.add(item);
    if (item.isQuoted || !/^[YN]$/.test(item.text)) {
      this.report(item.value, `*SERVER ${entry.name} RESTART`, `${write(item)} is neither Y nor N`, 'Y, N');
      return;
    }
    if (item.text === 'Y') return;
    const maxrstart = items.get('MAXRSTART');
    if (maxrstart) {
      this.used.delete(maxrstart);
      this.leaveItem(entry, maxrstart, 'RESTART = N');
    }
    this.keep('maxrstart', item, 0);
  }

  private readClopt(entry: TmaxEntry, item: TmaxItem | undefined): void {
    if (!item) return;
    this.used.add(item);
    const path = `*SERVER ${entry.name} CLOPT`;
    if (item.text.length > CLOPT_LENGTH_MAX) {
      const message = `CLOPT has ${item.text.length} characters`;
      this.report(item.value, path, message, `at most ${CLOPT_LENGTH_MAX} characters`);
      return;
    }
    for (const option of parseClopt(item.text)) {
      const place = { line: item.value.line, column: item.value.column + (item.isQuoted ? 1 : 0) + option.offset };
      const isFile = !option.isProgram && (option.flag === '-o' || option.flag === '-e');
      if (isFile && option.value === '') {
        this.report(place, path, `${option.flag} of CLOPT names no file`, `${option.flag} FILE`);
        continue;
      }
      const reason = this.useOption(option, place);
      if (reason === undefined) continue;
      const items = [`CLOPT ${printClopt(option)}`];
      this.unused.push({ section: 'SERVER', entry: entry.name, items, reason, ...place });
    }
  }

  /** @returns why it is not used; undefined when it is */
  private useOption(option: CloptOption, place: TmaxPlace): string | undefined {
    if (option.isProgram) return 'meant for the gateway program';
    if (option.flag === '-e') return 'hostlink has one log, which -o names';
    if (option.flag !== '-o') return 'hostlink has no such option';
    if (this.wanted.hasLogFile) return 'log.file is set';
    if (this.logFile) return 'an earlier -o names the log';
    const value = expandClopt(option.value, this.wanted.server);
    if (value === undefined) return 'only $(SVR) is filled in here';
    this.logFile = { ...place, written: `CLOPT ${printClopt(option)}`, value };
    return undefined;
  }

  private readService(entry: TmaxEntry, targets: ReadonlySet<string>): void {
    const items = allItems(entry);
    const server = items.get('SVRNAME');
    if (server && !targets.has(server.text)) {
      const message = `${write(server)}, which is no entry of SERVER or GATEWAY`;
      this.report(server.value, `*SERVICE ${entry.name} SVRNAME`, message, listNames([...targets]));
    }
    const reason = this.reasonToLeave(entry.name, server);
    if (reason !== undefined) {
      this.leaveEntry(entry, reason);
      return;
    }
    if (server) this.used.add(server);
    const item = items.get('SVCTIME');
    const seconds = item && this.numberOf(item, entry, 0, SVCTIME_MAX);
    if (item && seconds !== undefined) {
      const value = (seconds === 0 ? SVCTIME_MAX : seconds) * 1000;
      this.timeouts.set(entry.name, { ...item.value, written: write(item), value });
    }
    for (const other of entry.items) {
      if (other !== item && other !== server) this.leaveItem(entry, other, reasonOf(other.name));
    }
  }

  private reasonToLeave(service: string, server: TmaxItem | undefined): string | undefined {
    if (!server) return 'it names no server (SVRNAME)';
    if (server.text !== this.wanted.server) return 'a service of another server';
    return this.wanted.services.has(service) ? undefined : 'the configuration of hostlink has no such service';
  }
}

/**
 * What one SERVER entry and its SERVICE entries come to, DEFAULT entries worked in.
 * @returns values with their places, what is not used and why, and every value that is wrong
 */
export function readTmaxServer(tree: TmaxTree, wanted: TmaxWanted): TmaxServer {
  const reader = new ServerReader(tree, wanted);
  reader.read();
  const { values, logFile, timeouts, unused, problems } = reader;
  return { values, logFile, timeouts, unused, problems };
}
