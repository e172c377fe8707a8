import type { Simulation } from './simulation.js';

export type FaultCounts = Readonly<Record<string, number>>;

export class Faults {
  readonly counts: Record<string, number> = {};
  private readonly simulation: Simulation;
  constructor(simulation: Simulation) {
    this.simulation = simulation;
  }
  start(_endMs: number): void {
    void this.simulation;
  }
}
