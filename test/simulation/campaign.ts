import type { SimulationResult } from './simulation.js';

/** Simulated hours of a seed where none are given: with what follows the last fault, about two minutes. */
export const HOURS = 0.02;
/** The same for the fresh seeds of each test run, which are many. */
export const TEST_HOURS = 0.01;

/** How to run a seed again. */
export function commandOf(seed: number, hours: number): string {
  return `npm run simulate -- --seed ${seed}${hours === HOURS ? '' : ` --hours ${hours}`}`;
}

/** What a failing seed prints: what was found, how to run it again, and what happened before. */
export function failureLines({ seed, failure, recent }: SimulationResult, hours: number): string[] {
  if (failure === undefined) return [];
  const { checker, evidence, atMs, step } = failure;
  return [
    `seed ${seed} failed: ${checker}, at ${atMs.toFixed(3)} ms, step ${step}`,
    `  ${evidence}`,
    `  again: ${commandOf(seed, hours)}`,
    ...recent.map((line) => `    ${line}`),
  ];
}

/** The sums over many seeds. */
export class Campaign {
  readonly failures: SimulationResult[] = [];
  readonly outcomes: Record<string, number> = {};
  readonly faults: Record<string, number> = {};
  seeds = 0;
  steps = 0;
  requests = 0;
  executions = 0;
  simulatedMs = 0;
  recoveryMaxMs = 0;

  add(result: SimulationResult): void {
    this.seeds += 1;
    this.steps += result.steps;
    this.requests += result.requests;
    this.executions += result.executions;
    this.simulatedMs += result.simulatedMs;
    this.recoveryMaxMs = Math.max(this.recoveryMaxMs, result.recoveryMs);
    addAll(this.outcomes, result.outcomes);
    addAll(this.faults, result.faults);
    if (result.failure !== undefined) this.failures.push(result);
  }

  toRecord(wallMs: number): Record<string, unknown> {
    const { failures, ...sums } = this;
    return {
      ...sums,
      failed: failures.map(({ seed, failure }) => ({ seed, ...failure })),
      simulatedHours: this.simulatedMs / 3_600_000,
      wallMs: Math.round(wallMs),
    };
  }
}

function addAll(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}
