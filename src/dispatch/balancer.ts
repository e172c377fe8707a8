import type { WorkerRecord } from './directory.js';

/** True when `worker` has a session of `group` that nobody was promised. */
export function hasRoom(worker: WorkerRecord, group: number): boolean {
  return worker.ready[group]! > worker.reserved[group]! && worker.full[group] === 0;
}

/** Picks a worker for a request: least reserved first, round robin among equals, for each group on its own. */
export class Balancer {
  /** Per group, the place in the list where the next look starts. */
  private readonly cursors: Int32Array;

  constructor(groups: number) {
    this.cursors = new Int32Array(groups);
  }

  /** The worker to use, or undefined when none of `candidates` has room for `group`, those of `tried` aside. */
  pick(
    candidates: readonly WorkerRecord[],
    group: number,
    tried?: ReadonlySet<WorkerRecord>,
  ): WorkerRecord | undefined {
    const count = candidates.length;
    let best: WorkerRecord | undefined;
    let bestPlace = 0;
    let bestReserved = 0x7fffffff;
    let place = this.cursors[group]!;
    for (let looked = 0; looked < count; looked += 1) {
      if (place >= count) place = 0;
      const worker = candidates[place]!;
      const reserved = worker.reserved[group]!;
      if (reserved < bestReserved && hasRoom(worker, group) && (tried === undefined || !tried.has(worker))) {
        best = worker;
        bestPlace = place;
        bestReserved = reserved;
      }
      place += 1;
    }
    if (best !== undefined) this.cursors[group] = bestPlace + 1;
    return best;
  }
}
