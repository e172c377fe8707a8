import { expect, it } from 'vitest';
import { failureLines, TEST_HOURS } from './campaign.js';
import { freshSeed, runSeeds } from './run-seeds.js';

const SEEDS = 250;
const FIRST = freshSeed() + 0;

it(`fresh seeds, from ${FIRST} on: nothing is found`, { timeout: 300_000 }, async () => {
  console.log(`simulation: ${SEEDS} seeds from ${FIRST} on; SIMULATION_SEED=${FIRST - 0} repeats them`);
  const campaign = await runSeeds(FIRST, SEEDS, TEST_HOURS);
  expect(campaign.failures.flatMap((failure) => failureLines(failure, TEST_HOURS)).join('\n')).toBe('');
  expect(campaign.seeds).toBe(SEEDS);
  expect(campaign.outcomes.reply).toBeGreaterThan(SEEDS * 20);
  expect(Object.keys(campaign.faults).length).toBeGreaterThanOrEqual(11);
});
