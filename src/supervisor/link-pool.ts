import type { LinkConfig } from '../config/model.js';

/** Link definitions without a worker. Those given back go to the end, so that a bad one is not taken at once again. */
export class LinkPool {
  private readonly free: LinkConfig[];

  constructor(links: readonly LinkConfig[]) {
    this.free = [...links];
  }

  get size(): number {
    return this.free.length;
  }

  take(): LinkConfig | undefined {
    return this.free.shift();
  }

  giveBack(link: LinkConfig): void {
    this.free.push(link);
  }
}

/** INBOUND sessions that `link` defines, per group index. */
export function sessionsPerGroup(link: LinkConfig, groups: number): number[] {
  const counts = new Array<number>(groups).fill(0);
  for (const pu of link.pus) {
    for (const lu of pu.lus) {
      if (lu.direction === 'INBOUND') counts[lu.group] = (counts[lu.group] ?? 0) + 1;
    }
  }
  return counts;
}

/** All LU sessions that `link` defines. */
export function sessionsOf(link: LinkConfig): number {
  return link.pus.reduce((sum, pu) => sum + pu.lus.length, 0);
}
