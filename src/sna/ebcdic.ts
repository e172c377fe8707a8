import { HostLinkError } from '../base/errors.js';
import { DOUBLE_TABLES, ENCODE_ONLY, SINGLE_TABLES } from './ebcdic-tables.js';

/** The code pages that are built in. 933 is Korean: single and double bytes, switched by SO and SI. */
export const CODE_PAGES = ['037', '500', '1047', '273', '1140', '933'] as const;
export type CodePage = (typeof CODE_PAGES)[number];

export interface EbcdicOptions {
  /** Put the page's substitute (byte 3F, character U+FFFD) where there is no counterpart, instead of an error. */
  readonly substitute?: boolean;
}

const SO = 0x0e;
const SI = 0x0f;
const SUB = 0x3f;
const BLANK = 0x40;
const HOLE = 0xfffd;
/** No code: more than any double-byte code, as FF is no lead byte. */
const NO_CODE = 0xffff;
const ROW_FIRST = 0x41;

interface Page {
  /** Byte to UTF-16 unit. */
  readonly single: Uint16Array;
  /** Double-byte code to UTF-16 unit; undefined for a page of single bytes. */
  readonly double: Uint16Array | undefined;
  /** UTF-16 unit to code: one byte below 256, two from there on, NO_CODE where there is none. */
  readonly codes: Uint16Array;
  /** The single byte of each of the first 256 characters and back, where all stay below 256; else undefined. */
  readonly latin: Uint8Array | undefined;
}

const pages = new Map<string, Page>();

/** Rows hold characters, `~n.` for n holes, and `^Xn.` for n characters that follow each other from X on. */
function unpackRow(row: string, lead: number, out: Uint16Array): void {
  let at = (lead << 8) | ROW_FIRST;
  for (let index = 0; index < row.length; index += 1) {
    const mark = row[index];
    if (mark !== '~' && mark !== '^') {
      out[at++] = row.charCodeAt(index);
      continue;
    }
    const end = row.indexOf('.', index);
    const digits = index + (mark === '^' ? 2 : 1);
    const count = Number(row.slice(digits, end));
    const first = row.charCodeAt(index + 1);
    for (let step = 0; step < count; step += 1) out[at++] = mark === '^' ? first + step : HOLE;
    index = end;
  }
}

function unpackDouble(codePage: string): Uint16Array | undefined {
  const table = DOUBLE_TABLES[codePage];
  if (table === undefined) return undefined;
  const out = new Uint16Array(65536).fill(HOLE);
  for (const [index, row] of table.rows.entries()) unpackRow(row, ROW_FIRST + index, out);
  out[0x4040] = table.blank.charCodeAt(0);
  return out;
}

function turnRound(codePage: string, single: Uint16Array, double: Uint16Array | undefined): Uint16Array {
  const codes = new Uint16Array(65536).fill(NO_CODE);
  for (let code = double?.length ?? 0; code >= 256; code -= 1) {
    const unit = double?.[code] ?? HOLE;
    if (unit !== HOLE) codes[unit] = code;
  }
  for (let byte = 255; byte >= 0; byte -= 1) if (single[byte] !== HOLE) codes[single[byte]!] = byte;
  const extra = ENCODE_ONLY[codePage] ?? '';
  for (let at = 0; at < extra.length; at += 5)
    codes[extra.charCodeAt(at)] = Number.parseInt(extra.slice(at + 1, at + 5), 16);
  return codes;
}

function isCodePage(name: string): name is CodePage {
  return (CODE_PAGES as readonly string[]).includes(name);
}

function pageOf(codePage: string): Page {
  const known = pages.get(codePage);
  if (known !== undefined) return known;
  if (!isCodePage(codePage)) {
    throw new HostLinkError('CODE_PAGE_UNKNOWN', `It is ${codePage}.`, { codePage, allowed: CODE_PAGES });
  }
  const single = Uint16Array.from(SINGLE_TABLES[codePage], (char) => char.charCodeAt(0));
  const double = unpackDouble(codePage);
  const isLatin = double === undefined && single.every((unit) => unit < 256);
  const latin = isLatin ? Uint8Array.from(single) : undefined;
  const page = { single, double, codes: turnRound(codePage, single, double), latin };
  pages.set(codePage, page);
  return page;
}

function unmappable(text: string, index: number, codePage: string): HostLinkError {
  const char = `U+${text.codePointAt(index)!.toString(16).toUpperCase().padStart(4, '0')}`;
  return new HostLinkError('EBCDIC_UNMAPPABLE', `It is ${char} at index ${index}, code page ${codePage}.`, {
    char,
    index,
    codePage,
  });
}

function malformed(offset: number, codePage: string, what: string): HostLinkError {
  return new HostLinkError('EBCDIC_MALFORMED', `${what} at offset ${offset}, code page ${codePage}.`, {
    offset,
    codePage,
  });
}

/**
 * Text to EBCDIC bytes. New lines follow the tables of iconv: U+000A is byte 25 and U+0085 byte 15.
 * @param codePage one of CODE_PAGES
 * @returns fresh bytes; in code page 933 double bytes stand between SO and SI, and the text ends in single bytes
 * @throws HostLinkError EBCDIC_UNMAPPABLE (unless options.substitute), CODE_PAGE_UNKNOWN
 * @source iconv tables of the GNU C library; SO/SI: IBM CCSID 933
 */
export function encodeEbcdic(text: string, codePage: string, options: EbcdicOptions = {}): Uint8Array {
  const page = pageOf(codePage);
  // Worst case: single and double bytes in turn, each double one between SO and SI.
  const out = new Uint8Array(page.double === undefined ? text.length : text.length * 4);
  let at = 0;
  let isDouble = false;
  for (let index = 0; index < text.length; index += 1) {
    let code = page.codes[text.charCodeAt(index)]!;
    if (code === NO_CODE) {
      if (!options.substitute) throw unmappable(text, index, codePage);
      code = SUB;
      if (text.codePointAt(index)! > 0xffff) index += 1;
    }
    if (code > 0xff !== isDouble) {
      isDouble = !isDouble;
      out[at++] = isDouble ? SO : SI;
    }
    if (isDouble) out[at++] = code >> 8;
    out[at++] = code;
  }
  if (isDouble) out[at++] = SI;
  return at === out.length ? out : out.slice(0, at);
}

const CHUNK = 4096;

function unitsToString(units: Uint16Array, length: number): string {
  let text = '';
  for (let at = 0; at < length; at += CHUNK) {
    text += String.fromCharCode(...units.subarray(at, Math.min(at + CHUNK, length)));
  }
  return text;
}

/**
 * EBCDIC bytes to text, the reverse of `encodeEbcdic`.
 * @param bytes neither kept nor changed
 * @throws HostLinkError EBCDIC_MALFORMED (unless options.substitute): byte without a character, SO or SI out of turn,
 *   half a double-byte character, no SI at the end; CODE_PAGE_UNKNOWN
 * @source iconv tables of the GNU C library; SO/SI: IBM CCSID 933
 */
export function decodeEbcdic(bytes: Uint8Array, codePage: string, options: EbcdicOptions = {}): string {
  const page = pageOf(codePage);
  if (page.latin !== undefined) return decodeLatin(bytes, page.latin);
  if (page.double !== undefined) return decodeDouble(bytes, page.single, page.double, codePage, options);
  const units = new Uint16Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) units[at] = page.single[bytes[at]!]!;
  const hole = options.substitute ? -1 : units.indexOf(HOLE);
  if (hole >= 0) throw malformed(hole, codePage, 'A byte without a character');
  return unitsToString(units, units.length);
}

/** All characters are below 256: translate the bytes and let the engine make the string in one go. */
function decodeLatin(bytes: Uint8Array, latin: Uint8Array): string {
  const out = Buffer.allocUnsafe(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) out[at] = latin[bytes[at]!]!;
  return out.toString('latin1');
}

function decodeDouble(
  bytes: Uint8Array,
  single: Uint16Array,
  double: Uint16Array,
  codePage: string,
  options: EbcdicOptions,
): string {
  const units = new Uint16Array(bytes.length);
  let length = 0;
  let isDouble = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === (isDouble ? SI : SO)) {
      isDouble = !isDouble;
      continue;
    }
    // A missing second byte reads as SI, which no row has: the half character becomes a hole.
    const isHalf = isDouble && (at + 1 === bytes.length || bytes[at + 1] === SI);
    const unit = isDouble ? double[(byte << 8) | (isHalf ? SI : bytes[at + 1]!)]! : single[byte]!;
    if (unit === HOLE && !options.substitute)
      throw malformed(at, codePage, isHalf ? 'Half a character' : 'No character');
    units[length++] = unit;
    if (isDouble && !isHalf) at += 1;
  }
  if (isDouble && !options.substitute) throw malformed(bytes.length, codePage, 'No shift-in');
  return unitsToString(units, length);
}

/**
 * A network name in code page 037, padded with blanks or cut to `length` bytes.
 * @throws HostLinkError EBCDIC_UNMAPPABLE
 */
export function encodeName(text: string, length: number): Uint8Array {
  const codes = pageOf('037').codes;
  const out = new Uint8Array(length).fill(BLANK);
  for (let at = 0; at < text.length && at < length; at += 1) {
    const code = codes[text.charCodeAt(at)]!;
    if (code > 0xff) throw unmappable(text, at, '037');
    out[at] = code;
  }
  return out;
}

/** The name in `bytes[from..to)`, code page 037, without the blanks that pad it. */
export function decodeName(bytes: Uint8Array, from = 0, to = bytes.length): string {
  let end = Math.min(to, bytes.length);
  while (end > from && bytes[end - 1] === BLANK) end -= 1;
  return decodeEbcdic(bytes.subarray(from, end), '037');
}
