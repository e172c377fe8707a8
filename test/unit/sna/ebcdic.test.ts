import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { createSeededPrng } from '../../../src/base/prng.js';
import { CODE_PAGES, decodeEbcdic, decodeName, encodeEbcdic, encodeName } from '../../../src/sna/index.js';
import { bytesOf, hex } from './vector-file.js';

function failure(action: () => unknown): HostLinkError {
  try {
    action();
  } catch (error) {
    if (error instanceof HostLinkError) return error;
  }
  throw new Error('no HostLinkError thrown');
}

/** Text and bytes from the code page charts. */
const KNOWN = [
  ['037', 'HELLO, world [1]!', 'c8c5d3d3d66b40a6969993844 0baf1bb5a'],
  ['500', '[!]', '4a4f5a'],
  ['1047', '[^]', 'ad5fbd'],
  ['273', 'ÄÖÜäöüß', '4ae05ac06ad0a1'],
  ['1140', '100 €', 'f1f0f0409f'],
  ['933', '한국 ABC', '0ed0658a820f40c1c2c3'],
  ['933', 'A가B', 'c10e88610fc2'],
  ['037', 'a\nb\u0085c', '8125821583'],
] as const;

describe('EBCDIC', () => {
  it.each(KNOWN)('code page %s: %s', (codePage, text, wanted) => {
    const bytes = wanted.replaceAll(' ', '');
    expect(hex(encodeEbcdic(text, codePage))).toBe(bytes);
    expect(decodeEbcdic(bytesOf(bytes), codePage)).toBe(text);
  });

  it.each(CODE_PAGES.filter((page) => page !== '933'))('code page %s maps 256 bytes to 256 characters', (codePage) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const text = decodeEbcdic(bytes, codePage);
    expect(new Set(text).size).toBe(256);
    expect(encodeEbcdic(text, codePage)).toEqual(bytes);
  });

  it('says which character cannot be encoded, or substitutes it', () => {
    const error = failure(() => encodeEbcdic('ab😀c', '037'));
    expect(error.code).toBe('EBCDIC_UNMAPPABLE');
    expect(error.details).toMatchObject({ char: 'U+1F600', index: 2 });
    expect(hex(encodeEbcdic('ab😀c', '037', { substitute: true }))).toBe('81823f83');
    expect(hex(encodeEbcdic('가😀가', '933', { substitute: true }))).toBe('0e88610f3f0e88610f');
  });

  it.each([
    ['0e8861', 'no shift-in'],
    ['0e880f', 'half a character'],
    ['0e88', 'half a character at the end'],
    ['0f', 'shift-in out of turn'],
    ['0e88610e0f', 'shift-out twice'],
    ['0efefe0f', 'a code without a character'],
  ])('933: %s is refused (%s), or read with U+FFFD', (bytes) => {
    expect(failure(() => decodeEbcdic(bytesOf(bytes), '933')).code).toBe('EBCDIC_MALFORMED');
    expect(decodeEbcdic(bytesOf(bytes), '933', { substitute: true })).toMatch(/^가?\ufffd*$/);
  });

  it('names the code pages when one is not known', () => {
    const error = failure(() => encodeEbcdic('a', '1'));
    expect(error.code).toBe('CODE_PAGE_UNKNOWN');
    expect(error.details.allowed).toEqual(CODE_PAGES);
    expect(failure(() => decodeEbcdic(new Uint8Array(1), 'constructor')).code).toBe('CODE_PAGE_UNKNOWN');
  });

  it('pads, cuts and trims names', () => {
    expect(hex(encodeName('TSO', 8))).toBe('e3e2d64040404040');
    expect(hex(encodeName('HOSTAPPL', 4))).toBe('c8d6e2e3');
    expect(decodeName(encodeName('TSO', 8))).toBe('TSO');
    expect(decodeName(bytesOf('4040'))).toBe('');
    expect(decodeName(bytesOf('ffc1c24040ff'), 1, 5)).toBe('AB');
    expect(failure(() => encodeName('가', 8)).code).toBe('EBCDIC_UNMAPPABLE');
  });
});

const version = spawnSync('iconv', ['--version'], { encoding: 'utf8' }).stdout ?? '';
const isGlibc = version.includes('GNU libc') || version.includes('GLIBC');
if (!isGlibc) console.log('skipped: EBCDIC tables against iconv: the iconv of the GNU C library is not here');

describe.skipIf(!isGlibc)('tables against iconv', () => {
  it('making them again gives the committed file', () => {
    const script = fileURLToPath(new URL('../../../scripts/make-ebcdic-tables.mjs', import.meta.url));
    const file = readFileSync(new URL('../../../src/sna/ebcdic-tables.ts', import.meta.url), 'utf8');
    const made = execFileSync(process.execPath, [script, '--stdout'], { encoding: 'utf8', maxBuffer: 1 << 22 });
    expect(made === file).toBe(true);
    expect(file.length).toBeLessThan(80_000);
  });

  it.each(CODE_PAGES)('code page %s reads and writes text as iconv does', (codePage) => {
    const prng = createSeededPrng(1140);
    const pick = (text: string) => text[Math.floor(prng() * text.length)]!;
    const hangul = Array.from({ length: 400 }, (_, index) => String.fromCharCode(0xac00 + 28 * index)).join('');
    const special: Record<string, string> = { '933': `가각한글國ァα，ⅸ①─㎜${hangul}`, '1140': '€äß' };
    const pool = `ABCxyz019 .,[]{}!^|~@#$${special[codePage] ?? 'ÄÖé¢'}`;
    const text = Array.from({ length: 5000 }, () => pick(pool)).join('');
    const mappable = onlyMappable(text, codePage);
    const theirs = execFileSync('iconv', ['-f', 'UTF-8', '-t', `IBM${codePage}`], { input: mappable });
    expect(mappable.length).toBeGreaterThan(2000);
    expect(hex(encodeEbcdic(mappable, codePage))).toBe(hex(theirs));
    expect(decodeEbcdic(theirs, codePage)).toBe(mappable);
  });
});

/** Without what the page lacks, so that iconv takes the rest. */
function onlyMappable(text: string, codePage: string): string {
  const sub = 0x3f;
  return [...text].filter((char) => encodeEbcdic(char, codePage, { substitute: true })[0] !== sub).join('');
}
