import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printProblem } from '../../../src/config/problems.js';
import { parseTmax, TMAX_SECTIONS, type TmaxTree } from '../../../src/config/tmax.js';

const EXAMPLE = readFileSync(new URL('../../../examples/tmax.m', import.meta.url), 'utf8');

/** Each entry as `SECTION name NAME=value ...`, inherited items behind a bar. */
function shown({ entries }: TmaxTree): string[] {
  return entries.map(({ section, name, items, inherited }) => {
    const [own, from] = [items, inherited].map((list) => list.map((item) => `${item.name}=${item.text}`));
    return [section, name, ...own!, ...(from!.length === 0 ? [] : ['|', ...from!])].join(' ');
  });
}

function mistakes(text: string): string[] {
  return parseTmax(text, 't.m').problems.map(printProblem);
}

describe('what is taken', () => {
  it.each([
    ['an entry and its items', '*SERVER\na MIN = 1, MAX=2', ['SERVER a MIN=1 MAX=2']],
    ['items on lines of their own', '*SERVER\na\n  MIN\n =\n 1\n\t,\n\n  MAX = 2\n', ['SERVER a MIN=1 MAX=2']],
    ['line ends of every kind', '*SERVER\r\na MIN = 1,\r MAX = 2\r\nb', ['SERVER a MIN=1 MAX=2', 'SERVER b']],
    ['a byte order mark', '\uFEFF*SERVER\na MIN = 1', ['SERVER a MIN=1']],
    ['comments', '# x\n*SERVER # y\na # z "\n # MIN = 3,\n MIN = 1 # , MAX = 2', ['SERVER a MIN=1']],
    [
      'quotes with commas, blanks, = and #',
      '*SERVER\na CLOPT = "-o a,b = #c", MIN = 1',
      ['SERVER a CLOPT=-o a,b = #c MIN=1'],
    ],
    ['empty quotes', '*SERVER\na CLOPT = ""', ['SERVER a CLOPT=']],
    [
      'words of every kind',
      '*NODE\na A = 0600, B = ./x/y-z.m, C = $(SVR), D = *, E = -1',
      ['NODE a A=0600 B=./x/y-z.m C=$(SVR) D=* E=-1'],
    ],
    ['item names in any case', '*SERVER\na Min = 1', ['SERVER a MIN=1']],
    [
      'sections in any order and more than once',
      '*SERVICE\nS\n*SERVER\na\n*SERVICE\nT',
      ['SERVICE S', 'SERVER a', 'SERVICE T'],
    ],
    ['the same name in two sections', '*SERVER\na\n*SERVICE\na', ['SERVER a', 'SERVICE a']],
    ['an empty section, an empty text', '*SERVER\n*SERVICE\n', []],
    ['nothing', '', []],
    [
      'DEFAULT',
      '*SERVER\na\nDEFAULT MIN = 2\nb\nc MIN = 3',
      ['SERVER a', 'SERVER DEFAULT MIN=2', 'SERVER b | MIN=2', 'SERVER c MIN=3'],
    ],
    [
      'DEFAULT: however it is written',
      '*SERVER\nDEFAULT:MIN = 2\na\nDEFAULT : MAX = 3\nb',
      ['SERVER DEFAULT MIN=2', 'SERVER a | MIN=2', 'SERVER DEFAULT MAX=3', 'SERVER b | MIN=2 MAX=3'],
    ],
    [
      'a later DEFAULT over an earlier one',
      '*SERVER\nDEFAULT MIN = 2\nDEFAULT MIN = 3\na',
      ['SERVER DEFAULT MIN=2', 'SERVER DEFAULT MIN=3', 'SERVER a | MIN=3'],
    ],
    [
      'DEFAULT alone, which clears',
      '*SERVER\nDEFAULT MIN = 2\nDEFAULT:\na',
      ['SERVER DEFAULT MIN=2', 'SERVER DEFAULT', 'SERVER a'],
    ],
    [
      'DEFAULT up to the end of its section',
      '*SERVER\nDEFAULT MIN = 2\n*SERVICE\nS\n*SERVER\na',
      ['SERVER DEFAULT MIN=2', 'SERVICE S', 'SERVER a'],
    ],
    ['*TMAX and *ENVFILE, unread', '*TMAX\n= , "\n  *SERVER\n*ENVFILE\nA="B\n*SERVER\na', ['SERVER a']],
  ])('%s', (_, text, entries) => {
    const tree = parseTmax(text, 't.m');
    expect(tree.problems).toEqual([]);
    expect(shown(tree)).toEqual(entries);
  });

  it('all nine sections of the example, with places', () => {
    const tree = parseTmax(EXAMPLE, 'tmax.m');
    expect(tree.problems).toEqual([]);
    expect([...new Set(tree.entries.map((entry) => entry.section))].sort()).toEqual([...TMAX_SECTIONS].sort());
    const entry = tree.entries.find(({ section, name }) => section === 'SERVER' && name === 'HOSTLINK');
    expect(entry).toMatchObject({ line: 19, column: 1, isDefault: false });
    expect(entry?.items.find(({ name }) => name === 'CLOPT')).toEqual({
      name: 'CLOPT',
      text: '-o $(SVR).out -e $(SVR).err -- -c hostlink.cfg',
      isQuoted: true,
      line: 23,
      column: 9,
      value: { line: 23, column: 17 },
    });
  });

  it('sections passed over are named with their place', () => {
    expect(parseTmax('*TMAX\nx\n*ENVFILE\n', 't.m').skipped).toEqual([
      { section: 'TMAX', line: 1, column: 1 },
      { section: 'ENVFILE', line: 3, column: 1 },
    ]);
  });
});

const WRONG = `stray = 1
*server
a       MIN = 1, MAX
        = 2
  *NODE
*SERVICES
anything goes = = here
*SERVER behind
b       MIN = 1
        MAX = 2, CPC 3, CLOPT = "open, MIN = 4
        , ASQCOUNT = , RESTART = Y
a       MIN = 3
MAX     = 4
  c     MIN = 1, MIN = 2, = 5
d,      CLOPT = -o x, GPERIOD = 60,
*
*SERVICE
        SVCTIME = 3
`;

describe('what is wrong', () => {
  it('all at once, each with line, column and what is allowed', () => {
    expect(mistakes(WRONG)).toEqual([
      't.m:1:1: "stray" stands before the first section; allowed: a section such as *SERVER first',
      't.m:2:1: section *server is not in capitals; allowed: *SERVER',
      't.m:5:3: section *NODE is not in column 1; allowed: sections in column 1',
      `t.m:6:1: unknown section *SERVICES; did you mean *SERVICE?; allowed: *${TMAX_SECTIONS.join(', *')}, *TMAX, *ENVFILE`,
      't.m:8:9: "behind" behind the name of a section; allowed: the name alone on its line',
      't.m:10:9: item MAX without a comma before it: entry b ended before it; allowed: a comma between items',
      't.m:10:18: "CPC" has no = and no value; allowed: NAME = value',
      't.m:10:33: the quote is not closed on its line; allowed: text in double quotes',
      't.m:11:11: ASQCOUNT has no value; allowed: NAME = value',
      't.m:12:1: entry a is given twice; first in line 3; allowed: each entry of a section once',
      't.m:13:1: item MAX is in column 1; allowed: entries in column 1, items behind it',
      't.m:14:3: entry c is not in column 1; allowed: entries in column 1',
      't.m:14:18: MIN is given twice; first in line 14; allowed: each item once',
      't.m:14:27: = without a name before it; allowed: NAME = value',
      't.m:15:2: a comma with no item before it; allowed: commas between items only',
      't.m:15:20: "x" behind a value, without a comma; allowed: a comma between items; a value with blanks in double quotes',
      't.m:15:35: a comma with no item behind it; allowed: another item, or no comma after the last one',
      `t.m:16:1: a section without a name; allowed: *${TMAX_SECTIONS.join(', *')}, *TMAX, *ENVFILE`,
      't.m:18:9: item SVCTIME belongs to no entry; allowed: the name of an entry in column 1 first',
    ]);
  });

  it('what is right around a mistake is read all the same', () => {
    expect(shown(parseTmax(WRONG, 't.m'))).toEqual([
      'SERVER a MIN=1 MAX=2',
      'SERVER b MIN=1 MAX=2 RESTART=Y',
      'SERVER c MIN=1',
      'SERVER d CLOPT=-o GPERIOD=60',
    ]);
  });

  it('a problem names its section and entry', () => {
    expect(parseTmax('*SERVER\na MIN 1', 't.m').problems).toMatchObject([{ file: 't.m', path: '*SERVER a' }]);
  });

  it.each([
    ['a value that is missing at the end', '*SERVER\na MIN =', ['t.m:2:3: MIN has no value']],
    ['a value that is missing before an entry', '*SERVER\na MIN =\nb', ['t.m:2:3: MIN has no value']],
    ['a value that is missing before the next item', '*SERVER\na MIN =\n  MAX = 2', ['t.m:2:3: MIN has no value']],
    ['two commas', '*SERVER\na MIN = 1,, MAX = 2', ['t.m:2:11: a comma with no item before it']],
    ['two =', '*SERVER\na MIN = = 1', ['t.m:2:3: MIN has no value', 't.m:2:9: = without a name before it']],
    ['a second = behind a value', '*SERVER\na MIN = 5 = 6', ['t.m:2:11: = without a name before it']],
    ['a word between items', '*SERVER\na MIN = 1 b MAX = 2', ['t.m:2:11: "b" behind a value, without a comma']],
    ['a long entry name', `*SERVER\n${'a'.repeat(64)}`, ['t.m:2:1: entry name of 64 characters']],
  ])('%s', (_, text, expected) => {
    expect(parseTmax(text, 't.m').problems.map((one) => printProblem({ ...one, allowed: '' }))).toEqual(expected);
  });

  it('more mistakes than anyone reads end the reading', () => {
    const { problems } = parseTmax(`*SERVER\n${'= '.repeat(3)}\n`.repeat(600), 't.m');
    expect(problems).toHaveLength(600);
    const endless = parseTmax(`*SERVER\n${'=\n'.repeat(2000)}`, 't.m').problems;
    expect(endless).toHaveLength(1001);
    expect(printProblem(endless[1000]!)).toBe(
      't.m:1001:1: more than 1000 mistakes: reading stopped here; allowed: a Tmax configuration',
    );
  });
});

describe('limits', () => {
  const items = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => `A${from + at} = 1`).join(', ');

  it('256 items in an entry', () => {
    expect(mistakes(`*SERVER\na ${items(1, 256)}`)).toEqual([]);
    expect(mistakes(`*SERVER\na ${items(1, 256)},\n  B = 1, C = 1`)).toEqual([
      't.m:3:3: item B is one too many; allowed: at most 256 items',
      't.m:3:10: item C is one too many; allowed: at most 256 items',
    ]);
  });

  it('256 items in all DEFAULT entries that count at once', () => {
    const text = `*SERVER\nDEFAULT ${items(1, 200)}\nDEFAULT ${items(150, 256)}\n`;
    expect(mistakes(text)).toEqual([]);
    expect(mistakes(`${text}DEFAULT A7 = 2, B = 1\n`)).toEqual([
      't.m:4:17: item B is one too many; allowed: at most 256 items',
    ]);
    expect(mistakes(`${text}DEFAULT\nDEFAULT B = 1\n`)).toEqual([]);
  });
});

const anyBare = fc.stringMatching(/^[A-Za-z0-9_./$()*:-]{1,12}$/);
const anyItem = fc.record({
  name: fc.stringMatching(/^[A-Z][A-Z0-9_]{0,10}$/),
  value: fc.oneof(
    anyBare.map((text) => ({ text, isQuoted: false })),
    fc.stringMatching(/^[ -!#-~]{0,20}$/).map((text) => ({ text, isQuoted: true })),
  ),
  before: fc.constantFrom(' ', '\n ', '\t', ' # , "\n\t'),
  around: fc.constantFrom('', ' ', '\n  '),
});
const anyEntry = fc.record({
  section: fc.constantFrom(...TMAX_SECTIONS),
  name: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,14}$/).filter((name) => name !== 'DEFAULT'),
  items: fc.uniqueArray(anyItem, { maxLength: 5, selector: (item) => item.name }),
});
const anyFile = fc.uniqueArray(anyEntry, { maxLength: 8, selector: ({ section, name }) => `${section} ${name}` });

type Entries = typeof anyFile extends fc.Arbitrary<infer T> ? T : never;

function print(entries: Entries): string {
  return entries
    .map(({ section, name, items }) => {
      const printed = items.map(({ name: item, value, before, around }) => {
        return `${before}${item}${around}=${around}${value.isQuoted ? `"${value.text}"` : value.text}${around}`;
      });
      return `*${section}\n${name}${printed.join(',')}\n`;
    })
    .join('');
}

describe('properties', () => {
  it('what is printed by the rules is read as it was', () => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const { problems, entries } = parseTmax(print(file), 't.m');
        expect(problems).toEqual([]);
        const read = entries.map(({ section, name, items }) => {
          return { section, name, items: items.map((item) => [item.name, item.text, item.isQuoted]) };
        });
        const meant = file.map(({ section, name, items }) => {
          return { section, name, items: items.map((item) => [item.name, item.value.text, item.value.isQuoted]) };
        });
        expect(read).toEqual(meant);
      }),
      { numRuns: 500 },
    );
  });

  it('any text gives a tree, and every problem and item has its place in the text', () => {
    const piece = fc.constantFrom(
      '*SERVER',
      '*',
      '=',
      ',',
      '"',
      '#',
      '\n',
      '\r\n',
      ' ',
      'a',
      'DEFAULT:',
      'MIN = 1',
      ':',
    );
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
        const { problems, entries, skipped } = parseTmax(text, 't.m');
        const items = entries.flatMap((entry) => entry.items);
        for (const { line, column } of [...problems, ...entries, ...skipped, ...items]) {
          expect(lines[line! - 1]?.[column! - 1] ?? '').toMatch(/\S/);
        }
        for (const { value, text: written, isQuoted } of items) {
          const from = value.column - (isQuoted ? 0 : 1);
          expect(lines[value.line - 1]?.slice(from, from + written.length)).toBe(written);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
