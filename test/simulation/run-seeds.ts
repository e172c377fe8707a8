import { Campaign } from './campaign.js';
import { simulate } from './simulation.js';

/** Run `count` seeds from `first` on. Other work of the process gets its turn between two of them. */
export async function runSeeds(first: number, count: number, hours: number): Promise<Campaign> {
  const campaign = new Campaign();
  for (let seed = first; seed < first + count; seed += 1) {
    campaign.add(await simulate({ seed, hours }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return campaign;
}

/** Seeds that differ from one second to the next; SIMULATION_SEED repeats those of a run. */
export function freshSeed(): number {
  const given = process.env.SIMULATION_SEED;
  return given === undefined ? (Math.floor(Date.now() / 1000) * 500) % 0x7fff_ff00 : Number(given);
}
