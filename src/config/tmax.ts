import { type Problem, suggest } from './problems.js';
import { type TmaxToken, tokenizeTmax } from './tmax-tokens.js';

/** The grammar of a Tmax configuration file: text to entries with places. What the items mean is not known here. */

/** Sections whose entries are read. @source Tmax administration guide, environment file */
export const TMAX_SECTIONS = [
  'DOMAIN',
  'NODE',
  'SVRGROUP',
  'SERVER',
  'SERVICE',
  'GATEWAY',
  'ROUTING',
  'RQ',
  'HMS',
] as const;
/** Sections that other tools write; what they hold is not looked at. */
const SKIPPED_SECTIONS = ['TMAX', 'ENVFILE'] as const;
const ALL_SECTIONS: readonly string[] = [...TMAX_SECTIONS, ...SKIPPED_SECTIONS];
const DEFAULT = 'DEFAULT';
const NAME_LENGTH_MAX = 63;
/** Most items of an entry, and of all DEFAULT entries of a section together. */
const ITEMS_MAX = 256;
/** With more mistakes than this it is no such file; reading stops. */
const PROBLEMS_MAX = 1000;

export interface TmaxPlace {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** NAME = value. */
export interface TmaxItem extends TmaxPlace {
  /** In upper case. */
  readonly name: string;
  /** As written, without quotes. */
  readonly text: string;
  readonly isQuoted: boolean;
  /** Where the value stands; the place of the item itself is that of its name. */
  readonly value: TmaxPlace;
}

export interface TmaxEntry extends TmaxPlace {
  readonly section: string;
  readonly name: string;
  /** Gives defaults to the entries behind it, up to the end of its section. */
  readonly isDefault: boolean;
  readonly items: readonly TmaxItem[];
  /** Items of the DEFAULT entries before it that it does not give itself. */
  readonly inherited: readonly TmaxItem[];
}

export interface TmaxTree {
  /** Name for messages. */
  readonly file: string;
  /** In the order of the file. */
  readonly entries: readonly TmaxEntry[];
  /** Sections that are passed over unread. */
  readonly skipped: readonly (TmaxPlace & { readonly section: string })[];
  /** All mistakes of grammar, in the order of the file. */
  readonly problems: readonly Problem[];
}

/** What may come next in an entry: an item, an item after a comma, a comma, or either (after a mistake). */
type Awaits = 'first' | 'item' | 'comma' | 'any';

/** Reads token by token; a mistake is noted, and reading goes on where the next item or entry can be told. */
class TmaxParser {
  readonly entries: TmaxEntry[] = [];
  readonly skipped: (TmaxPlace & { section: string })[] = [];
  readonly problems: Problem[] = [];
  private readonly file: string;
  private readonly tokens: readonly TmaxToken[];
  private readonly seen = new Map<string, number>();
  private section: string | undefined;
  private isSkipping = false;
  private defaults = new Map<string, TmaxItem>();
  private entry: { head: Omit<TmaxEntry, 'items' | 'inherited'>; items: Map<string, TmaxItem> } | undefined;
  private awaits: Awaits = 'any';
  private comma: TmaxToken | undefined;
  private at = 0;

  constructor(file: string, tokens: readonly TmaxToken[]) {
    this.file = file;
    this.tokens = tokens;
  }

  parse(): void {
    for (let token = this.tokens[0]; token && this.problems.length < PROBLEMS_MAX; token = this.tokens[this.at]) {
      this.at += 1;
      if (this.startsSection(token)) this.readSection(token);
      else if (this.isSkipping) continue;
      else if (this.section === undefined) this.refuseHomeless(token);
      else if (this.startsEntry(token)) this.openEntry(token);
      else this.readPart(token);
    }
    this.closeEntry();
    if (this.problems.length >= PROBLEMS_MAX) {
      const { line, column } = this.tokens[this.at - 1] ?? { line: 1, column: 1 };
      this.report({ line, column }, `more than ${PROBLEMS_MAX} mistakes: reading stopped here`, 'a Tmax configuration');
    }
  }

  private report({ line, column }: TmaxPlace, message: string, allowed: string): void {
    const { section, entry } = this;
    const path = [section === undefined ? undefined : `*${section}`, entry?.head.name].filter(Boolean).join(' ');
    this.problems.push({ file: this.file, line, column, path, message, allowed });
  }

  private startsSection(token: TmaxToken): boolean {
    if (token.kind !== 'word' || !token.text.startsWith('*')) return false;
    return token.column === 1 || (token.isFirst && !this.isSkipping);
  }

  private readSection(token: TmaxToken): void {
    this.closeEntry();
    this.defaults = new Map();
    const written = token.text.slice(1);
    const name = written.toUpperCase();
    const known = ALL_SECTIONS.includes(name);
    if (token.column !== 1) this.report(token, `section ${token.text} is not in column 1`, 'sections in column 1');
    if (!known) this.refuseSection(token, written);
    else if (written !== name) this.report(token, `section ${token.text} is not in capitals`, `*${name}`);
    this.section = known ? name : written;
    this.isSkipping = !(TMAX_SECTIONS as readonly string[]).includes(name);
    if (known && this.isSkipping) this.skipped.push({ section: name, line: token.line, column: token.column });
    const next = this.tokens[this.at];
    if (next?.line !== token.line) return;
    if (known) this.report(next, `"${next.text}" behind the name of a section`, 'the name alone on its line');
    while (this.tokens[this.at]?.line === token.line) this.at += 1;
  }

  private refuseSection(token: TmaxToken, written: string): void {
    const meant = written === '' ? undefined : suggest(written, ALL_SECTIONS);
    const what = written === '' ? 'a section without a name' : `unknown section ${token.text}`;
    const hint = meant === undefined ? '' : `; did you mean *${meant}?`;
    this.report(token, `${what}${hint}`, ALL_SECTIONS.map((name) => `*${name}`).join(', '));
  }

  private refuseHomeless(token: TmaxToken): void {
    this.report(token, `"${token.text}" stands before the first section`, 'a section such as *SERVER first');
    this.isSkipping = true;
  }

  /** In column 1 everything but NAME = is an entry; elsewhere only what can be nothing else. */
  private startsEntry(token: TmaxToken): boolean {
    if (token.kind !== 'word' || !token.isFirst || this.tokens[this.at]?.kind === 'equals') return false;
    if (token.column === 1) return true;
    if (this.entry && this.awaits !== 'comma') return false;
    const [next, then] = [this.tokens[this.at], this.tokens[this.at + 1]];
    return next?.kind === 'word' && next.line === token.line && then?.kind === 'equals';
  }

  private openEntry(token: TmaxToken): void {
    this.closeEntry();
    const isDefault = token.text === DEFAULT || token.text === `${DEFAULT}:`;
    const name = isDefault ? DEFAULT : token.text;
    const section = this.section ?? '';
    const { line, column } = token;
    if (column !== 1) this.report(token, `entry ${name} is not in column 1`, 'entries in column 1');
    if (name.length > NAME_LENGTH_MAX) {
      this.report(token, `entry name of ${name.length} characters`, `at most ${NAME_LENGTH_MAX} characters`);
    }
    const earlier = this.seen.get(`${section} ${name}`);
    if (earlier !== undefined) {
      this.report(token, `entry ${name} is given twice; first in line ${earlier}`, 'each entry of a section once');
    } else if (!isDefault) this.seen.set(`${section} ${name}`, line);
    this.entry = { head: { section, name, isDefault, line, column }, items: new Map() };
    this.awaits = 'first';
    if (isDefault && this.tokens[this.at]?.text === ':' && this.tokens[this.at]?.line === line) this.at += 1;
  }

  private closeEntry(): void {
    if (this.awaits === 'item' && this.comma) {
      this.report(this.comma, 'a comma with no item behind it', 'another item, or no comma after the last one');
    }
    this.awaits = 'any';
    if (!this.entry) return;
    const { head, items } = this.entry;
    const inherited = head.isDefault ? [] : [...this.defaults.values()].filter(({ name }) => !items.has(name));
    if (!this.isRepeated(head)) this.entries.push({ ...head, items: [...items.values()], inherited });
    this.entry = undefined;
    if (!head.isDefault) return;
    if (items.size === 0) this.defaults = new Map();
    for (const item of items.values()) this.keep(this.defaults, item);
  }

  private isRepeated({ section, name, line, isDefault }: Omit<TmaxEntry, 'items' | 'inherited'>): boolean {
    return !isDefault && this.seen.get(`${section} ${name}`) !== line;
  }

  private readPart(token: TmaxToken): void {
    if (token.kind === 'comma') this.readComma(token);
    else if (token.kind === 'word' && this.tokens[this.at]?.kind === 'equals') this.readItem(token);
    else this.refusePart(token);
  }

  private readComma(token: TmaxToken): void {
    if (this.awaits === 'first' || this.awaits === 'item') {
      this.report(token, 'a comma with no item before it', 'commas between items only');
    }
    this.awaits = 'item';
    this.comma = token;
  }

  /** What is neither NAME = value nor a comma. */
  private refusePart(token: TmaxToken): void {
    const shown = token.text.length > 40 ? `${token.text.slice(0, 37)}...` : token.text;
    if (token.kind === 'broken') this.report(token, 'the quote is not closed on its line', 'text in double quotes');
    else if (token.kind === 'equals') this.report(token, '= without a name before it', 'NAME = value');
    else if (this.awaits === 'comma') {
      const allowed = 'a comma between items; a value with blanks in double quotes';
      this.report(token, `"${shown}" behind a value, without a comma`, allowed);
    } else this.report(token, `"${shown}" has no = and no value`, 'NAME = value');
    this.skipBroken(token.line);
  }

  /** After a mistake: go on at the next comma, or on the next line. */
  private skipBroken(line: number): void {
    for (let next = this.tokens[this.at]; next?.line === line && next.kind !== 'comma'; next = this.tokens[this.at]) {
      this.at += 1;
    }
    this.awaits = 'any';
  }

  private readItem(token: TmaxToken): void {
    const name = token.text.toUpperCase();
    if (token.column === 1) {
      this.report(token, `item ${name} is in column 1`, 'entries in column 1, items behind it');
    } else if (!this.entry) {
      this.report(token, `item ${name} belongs to no entry`, 'the name of an entry in column 1 first');
    } else if (this.awaits === 'comma') {
      const ended = `entry ${this.entry.head.name} ended before it`;
      this.report(token, `item ${name} without a comma before it: ${ended}`, 'a comma between items');
    }
    this.at += 1;
    this.awaits = 'comma';
    const value = this.tokens[this.at];
    const isMissing = !value || value.column === 1 || value.kind === 'comma' || value.kind === 'equals';
    if (isMissing || (value.isFirst && this.tokens[this.at + 1]?.kind === 'equals')) {
      this.report(token, `${name} has no value`, 'NAME = value');
      this.awaits = 'any';
      return;
    }
    this.at += 1;
    if (value.kind === 'broken') this.refusePart(value);
    else this.keepItem(token, name, value);
  }

  private keepItem(token: TmaxToken, name: string, { kind, text, line, column }: TmaxToken): void {
    const earlier = this.entry?.items.get(name);
    if (earlier) {
      this.report(token, `${name} is given twice; first in line ${earlier.line}`, 'each item once');
      return;
    }
    const value = { line, column };
    const item = { name, text, isQuoted: kind === 'literal', value, line: token.line, column: token.column };
    if (this.entry) this.keep(this.entry.items, item);
  }

  private keep(items: Map<string, TmaxItem>, item: TmaxItem): void {
    if (items.size < ITEMS_MAX || items.has(item.name)) items.set(item.name, item);
    else this.report(item, `item ${item.name} is one too many`, `at most ${ITEMS_MAX} items`);
  }
}

/**
 * Parse a Tmax configuration: `*` and the name of a section in column 1, entries in column 1, items NAME = value with
 * commas between them, # comments, text in double quotes. A DEFAULT entry gives defaults to what follows it in its
 * section; DEFAULT without items clears them.
 * @param file name for messages
 * @returns what could be read, and every mistake with its line and column; never throws for what the text holds
 * @source Tmax administration guide, environment file; DEFAULT as in published sample files
 */
export function parseTmax(text: string, file: string): TmaxTree {
  const parser = new TmaxParser(file, tokenizeTmax(text));
  parser.parse();
  const { entries, skipped, problems } = parser;
  return { file, entries, skipped, problems };
}
