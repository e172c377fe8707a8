import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ERRORS } from '../../../src/base/errors.js';
import { loadConfig } from '../../../src/config/load.js';
import { printConfig } from '../../../src/config/print.js';
import { MARKERS, renderConfigReference, renderErrorReference, renewReadme } from '../../../src/config/reference.js';
import { parseDuration, parseSize } from '../../../src/config/units.js';

const README = new URL('../../../README.md', import.meta.url);

interface Row {
  readonly section: string;
  readonly key: string;
  readonly range: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The rows of the reference, read back from its Markdown. */
function rowsOf(markdown: string): Row[] {
  let section = '';
  return markdown.split('\n').flatMap((line): Row[] => {
    section = /^#### `?([^`]*)`?$/.exec(line)?.[1] ?? section;
    const cells = /^\| `/.test(line) ? line.slice(2, -2).split(/ \| /) : [];
    const [key = '', range = '', fallback = '', meaning = ''] = cells;
    return cells.length === 0 ? [] : [{ section, key: key.replaceAll('`', ''), range, fallback, meaning }];
  });
}

const MINIMAL = {
  links: [
    {
      name: 'L',
      peer: { address: 'h' },
      backup: { address: 'b' },
      pus: [
        {
          name: 'P',
          idBlk: '017',
          idNum: '00001',
          localMac: '400000000001',
          remoteMac: '400037450001',
          lus: [{ addresses: 1, name: 'A', application: 'ECHO' }],
        },
      ],
    },
    {
      name: 'M',
      role: 'target' as const,
      peer: { address: 'g', port: 1 },
      local: { address: '127.0.0.1', port: 1 },
      dlsw: { window: 1 },
      sna: { piuSizeMax: 64 },
      timers: { halt: 77 },
      bringUpMax: 1,
      backlogMax: 1,
      recentPius: 1,
      pus: [
        {
          name: 'Q',
          idBlk: '017',
          idNum: '00002',
          localMac: '400000000002',
          remoteMac: '400037450001',
          lus: [{ addresses: 1, name: 'B', application: 'ECHO' }],
        },
      ],
    },
  ],
  headers: [
    {
      name: 'H',
      length: 1,
      fields: [{ name: 'F', offset: 0, length: 1, kind: 'ascii' as const }],
      sessionType: { field: 'F' },
    },
  ],
  services: [{ name: 'S', application: 'ECHO' }],
};

/** The value at a section such as links[].pus[], taking the first of each list. */
function sectionOf(tree: unknown, section: string): Record<string, unknown> {
  let value = tree;
  for (const step of section === 'The file' ? [] : section.split('.')) {
    value = (value as Record<string, unknown>)[step.replace('[]', '')];
    if (step.endsWith('[]')) value = (value as unknown[])[0];
  }
  return value as Record<string, unknown>;
}

describe('configuration reference', () => {
  const rows = rowsOf(renderConfigReference());

  it('gives every key a range and a meaning', () => {
    expect(rows.length).toBeGreaterThan(80);
    for (const { key, range, meaning } of rows) {
      expect([key, range.length > 0, meaning.length > 5]).toEqual([key, true, true]);
      expect(range).not.toBe('see the reference');
    }
  });

  it('documents the defaults that are applied', () => {
    const applied: unknown = parse(printConfig(loadConfig(MINIMAL)));
    const documented = rows.filter(({ fallback }) => fallback.startsWith('`'));
    expect(documented.length).toBeGreaterThan(55);
    for (const { section, key, fallback } of documented) {
      const value = String(sectionOf(applied, section)[key]);
      const text = fallback.replaceAll('`', '').replace(/^''$/, '');
      const same = [value === text, inUnits(value) !== undefined && inUnits(value) === inUnits(text)];
      expect([section, key, value, text, same.includes(true)]).toEqual([section, key, value, text, true]);
    }
  });

  it('calls required what cannot be left out', () => {
    const required = rows
      .filter(({ fallback }) => fallback === '**required**')
      .map(({ section, key }) => `${section} ${key}`);
    expect(required).toEqual([
      'The file links',
      'links[] name',
      'links[] pus',
      'links[].backup address',
      'links[].pus[] name',
      'links[].pus[] idBlk',
      'links[].pus[] idNum',
      'links[].pus[] localMac',
      'links[].pus[] remoteMac',
      'links[].pus[] lus',
      'links[].pus[].lus[] addresses',
      'links[].pus[].lus[] name',
      'links[].pus[].lus[] application',
      'headers[] name',
      'headers[] length',
      'headers[] fields',
      'headers[].fields[] name',
      'headers[].fields[] offset',
      'headers[].fields[] length',
      'headers[].fields[] kind',
      'headers[].sessionType field',
      'headers[].terminal field',
      'headers[].service field',
      'services[] name',
      'services[] application',
    ]);
  });
});

/** 60s and 1m are the same default. */
function inUnits(value: string): number | undefined {
  return parseDuration(value) ?? parseSize(value);
}

describe('error reference', () => {
  it('has a row for every code, with its tperrno by name and number', () => {
    const lines = renderErrorReference().split('\n').slice(2);
    expect(lines).toHaveLength(Object.keys(ERRORS).length);
    expect(lines.find((line) => line.startsWith('| `QUEUE_FULL`'))).toMatch(/ \| TPEQFULL \(26\) \|$/);
    for (const line of lines) expect(line).not.toContain('undefined');
  });
});

describe('README', () => {
  const empty = Object.values(MARKERS)
    .map(([begin, end]) => `${begin}\nOUTDATED\n${end}`)
    .join('\n\n');

  it('is renewed between its markers only, and once', () => {
    const renewed = renewReadme(`head\n${empty}\ntail\n`);
    expect(renewed).toMatch(/^head\n<!-- config:begin -->\n\n#### The file/);
    expect(renewed).toMatch(/<!-- events:end -->\ntail\n$/);
    expect(renewed).not.toContain('OUTDATED');
    expect(renewReadme(renewed!)).toBe(renewed);
    expect(renewReadme('no markers')).toBeUndefined();
  });

  it.skipIf(!existsSync(README))('is up to date (run node scripts/make-reference.mjs)', () => {
    const readme = readFileSync(README, 'utf8');
    expect(renewReadme(readme)).toBe(readme);
  });
});
