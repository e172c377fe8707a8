import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { faultRow, SOAK_FAULTS } from '../../bench/soak-faults.js';
import { trendOf } from '../../bench/soak-watch.js';
import { createSeededPrng } from '../../src/base/prng.js';

const SOAK = fileURLToPath(new URL('../../dist/bench/soak.js', import.meta.url));

interface Report {
  readonly isOk: boolean;
  readonly sessions: number;
  readonly problems: readonly string[];
  readonly comparison: { readonly calls: number; readonly served: number };
  readonly faults: readonly { readonly fault: string; readonly times: number }[];
  readonly lost: Readonly<Record<string, number>>;
  readonly samples: readonly { readonly sessions: number }[];
}

/** As `npm run soak` runs it, in a process with a small heap. */
async function soak(...args: string[]): Promise<Report> {
  const command = ['--max-old-space-size=96', SOAK, '--json', ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 10_000_000 });
  return JSON.parse(stdout) as Report;
}

describe('soak', () => {
  it('a tenth of a minute of random faults leaves nothing behind', async () => {
    const report = await soak('--minutes', '0.1', '--seed', '5');
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ isOk: true, sessions: 512 });
    expect(report.comparison.served).toBeGreaterThan(5000);
    expect(report.faults.length).toBeGreaterThan(0);
    expect(report.samples.length).toBeGreaterThan(1);
    expect(report.samples.every(({ sessions }) => sessions === 512)).toBe(true);
  });

  it('a worker that runs out of memory dies alone', async () => {
    const report = await soak('--minutes', '0.001', '--seed', '1', '--faults', 'worker-memory');
    expect(report.problems).toEqual([]);
    expect(Object.entries(report.lost)).toEqual([[expect.stringContaining('JS heap out of memory'), 1]]);
  });

  it('says what it takes', async () => {
    await expect(soak('--faults', 'flood')).rejects.toThrow('--faults flood: known are latency, slices');
    await expect(soak('--minutes', 'ten')).rejects.toThrow('usage: soak');
  });
});

describe('what soak finds', () => {
  const rows = (values: readonly number[]) => values.map((value, at) => ({ atMs: at * 1000, value }));
  const trend = (values: readonly number[]) =>
    trendOf(
      'x',
      '',
      rows(values),
      ({ value }) => value,
      () => 1,
    );

  it('a row that stays is flat, one that grows is not', () => {
    expect(trend([10, 12, 9, 10, 11, 9, 10, 12, 9])).toMatchObject({ isFlat: true });
    expect(trend([10, 10, 10, 11, 11, 11, 12, 12, 12])).toMatchObject({ isFlat: false, firstThird: 10, lastThird: 12 });
    expect(trend([1, 2, 3]).slopePerHour).toBeCloseTo(3600);
    expect(trend([5]).slopePerHour).toBe(0);
  });

  it('draws every fault once before any comes again, and the same row for the same seed', () => {
    const names = Object.keys(SOAK_FAULTS);
    const draw = (seed: number): string[] => {
      const row = faultRow(names, createSeededPrng(seed));
      return Array.from({ length: 2 * names.length }, () => row.next().value);
    };
    const drawn = draw(1);
    expect(new Set(drawn.slice(0, names.length)).size).toBe(names.length);
    expect(new Set(drawn.slice(names.length)).size).toBe(names.length);
    expect(draw(1)).toEqual(drawn);
    expect(draw(2)).not.toEqual(drawn);
  });
});
