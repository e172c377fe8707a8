import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { failureLines } from './campaign.js';
import { Simulation, simulate } from './simulation.js';

interface FailedSeed {
  readonly seed: number;
  readonly hours: number;
  /** What was wrong then. */
  readonly was: string;
}

const failed = JSON.parse(readFileSync(new URL('./failed-seeds.json', import.meta.url), 'utf8')) as FailedSeed[];

describe('simulation', () => {
  it.each(failed)('seed $seed, which failed once: $was', async ({ seed, hours }) => {
    expect(failureLines(await simulate({ seed, hours }), hours).join('\n')).toBe('');
  });

  it('the same seed gives the same event log, another seed another', async () => {
    const log = async (seed: number): Promise<string[]> => {
      const lines: string[] = [];
      const simulation = new Simulation({ seed, hours: 0.01 });
      simulation.world.onLine = (line) => lines.push(line);
      lines.push((await simulation.run()).logHash);
      return lines;
    };
    const first = await log(4);
    expect(first.length).toBeGreaterThan(200);
    expect(await log(4)).toEqual(first);
    expect((await log(5)).at(-1)).not.toBe(first.at(-1));
  });

  it('without faults every call that is in order and in time gets its reply, and nothing is executed twice', async () => {
    const { failure, faults, outcomes, executions, requests } = await simulate({
      seed: 9,
      hours: 0.02,
      hasFaults: false,
    });
    expect([failure, faults]).toEqual([undefined, {}]);
    expect(outcomes.reply).toBeGreaterThan(100);
    expect(executions).toBeLessThanOrEqual(requests);
  });
});
