import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runLoad } from '../../bench/load.js';
import { runMicro } from '../../bench/micro.js';
import { type BenchReport, writeToReadme } from '../../bench/report.js';

describe('bench', () => {
  it('runs its codec figures, with every frame accounted for', async () => {
    const results = await runMicro(5);
    expect(results.length).toBeGreaterThanOrEqual(8);
    for (const { name, perSecond } of results) expect(perSecond, name).toBeGreaterThan(0);
  });

  it('keeps so many under way, and counts each once', async () => {
    let open = 0;
    let most = 0;
    const target = {
      name: 'test',
      async ask() {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
      },
    };
    const { calls, perSecond, p50Ms, p99Ms } = await runLoad(target, 7, 30, 5);
    expect(most).toBe(7);
    expect(open).toBe(0);
    expect(calls).toBeGreaterThan(7);
    expect(perSecond).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
  });

  it('writes its tables between the markers, and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hostlink-bench-'));
    const file = join(folder, 'README.md');
    const load = { calls: 10, perSecond: 1234.5, p50Ms: 1, p99Ms: 2 };
    const row = {
      inFlight: 32,
      hostlink: load,
      piscina: load,
      tcp: load,
      ratioToPiscina: 1.5,
      ratioToTcp: 0.5,
      p99ToPiscina: 1,
    };
    const calls = { rows: [row], sessions: 512, bringUpMs: 300.4, protocolErrors: 0 };
    const micro = [{ name: 'decodePiu', perSecond: 1e6, nanos: 1000 }];
    const report: BenchReport = { node: 'v20', cpu: 'x', cores: 2, payloadSize: 1024, micro, calls };
    try {
      writeFileSync(file, 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n');
      writeToReadme(report, pathToFileURL(file));
      const text = readFileSync(file, 'utf8');
      expect(text).toMatch(/^before\n<!-- bench:begin -->\n/);
      expect(text).toMatch(/<!-- bench:end -->\nafter\n$/);
      expect(text).toContain('| 32 | 1,235 | 1.00 / 2.00 |');
      expect(text).not.toContain('old');
      writeFileSync(file, 'no markers');
      expect(() => writeToReadme(report, pathToFileURL(file))).toThrow(/lacks/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
