import type { LinkConfig } from '../config/model.js';

/** Link definitions without a worker. Those given back go to the end, so that a bad one is not taken at once again. */
export class LinkPool {
  private readonly free: LinkConfig[];
  /** Those that get no worker before an operator starts them. */
  private readonly closed = new Set<LinkConfig>();
  /** Of all links; looked at whenever a call has to wait. */
  private readonly sessions: ReadonlyMap<LinkConfig, readonly number[]>;

  /** @param groups how many session groups there are */
  constructor(links: readonly LinkConfig[], groups: number) {
    this.free = [...links];
    this.sessions = new Map(links.map((link) => [link, sessionsPerGroup(link, groups)]));
  }

  get size(): number {
    return this.free.length;
  }

  take(): LinkConfig | undefined {
    return this.free.shift();
  }

  /**
   * Take the link that most of the waiting calls could use, the first one among equals.
   * @param waitingOf calls that wait, of one group
   * @returns undefined when no free link has sessions for any of them
   */
  takeFor(waitingOf: (group: number) => number): LinkConfig | undefined {
    const uses = this.free.map((link) => {
      return this.sessions.get(link)!.reduce((sum, count, group) => (count > 0 ? sum + waitingOf(group) : sum), 0);
    });
    const most = Math.max(0, ...uses);
    return most === 0 ? undefined : this.free.splice(uses.indexOf(most), 1)[0];
  }

  /** Take this one. @returns false when it is not free */
  takeThis(link: LinkConfig): boolean {
    const at = this.free.indexOf(link);
    if (at >= 0) this.free.splice(at, 1);
    return at >= 0;
  }

  giveBack(link: LinkConfig): void {
    if (!this.closed.has(link)) this.free.push(link);
  }

  isClosed(link: LinkConfig): boolean {
    return this.closed.has(link);
  }

  /** Let it have no worker any more, once the one it may have is gone. */
  close(link: LinkConfig): void {
    this.closed.add(link);
    this.takeThis(link);
  }

  /** It may have a worker again. @param hasWorker then it is free when that one gives it back */
  reopen(link: LinkConfig, hasWorker: boolean): void {
    if (this.closed.delete(link) && !hasWorker) this.free.push(link);
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

/** True when `link` has sessions that are there for the host or for a terminal, called or not: OUTBOUND, DEDICATE. */
export function isAlwaysWanted(link: LinkConfig): boolean {
  return link.pus.some((pu) => pu.lus.some((lu) => lu.direction === 'OUTBOUND' || lu.mode === 'DEDICATE'));
}
