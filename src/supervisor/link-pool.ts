import type { LinkConfig } from '../config/model.js';

/** Link definitions without a worker. Those given back go to the end, so that a bad one is not taken at once again. */
export class LinkPool {
  private readonly free: LinkConfig[];
  /** Those that get no worker before an operator starts them. */
  private readonly closed = new Set<LinkConfig>();
  /** Those whose last worker was lost too often: one request alone does not start them again. */
  private readonly lost = new Set<LinkConfig>();
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
    return this.takeAt(0);
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
    return most === 0 ? undefined : this.takeAt(uses.indexOf(most));
  }

  /**
   * Take the link that most of the requests wait for which name their LU, the first one among equals. Not one whose worker
   * was lost too often: MAXRSTART would mean nothing.
   * @param waitingAt such requests, of one link
   * @returns undefined when no free link is waited for
   */
  takeAwaited(waitingAt: (link: LinkConfig) => number): LinkConfig | undefined {
    const counts = this.free.map((link) => (this.lost.has(link) ? 0 : waitingAt(link)));
    const most = Math.max(0, ...counts);
    return most === 0 ? undefined : this.takeAt(counts.indexOf(most));
  }

  /** Requests that name their LU, over all free links. */
  awaited(waitingAt: (link: LinkConfig) => number): number {
    return this.free.reduce((sum, link) => sum + waitingAt(link), 0);
  }

  /** Take this one. @returns false when it is not free */
  takeThis(link: LinkConfig): boolean {
    const at = this.free.indexOf(link);
    return this.takeAt(at) !== undefined;
  }

  /** @param isLost its worker was lost too often */
  giveBack(link: LinkConfig, isLost = false): void {
    if (isLost) this.lost.add(link);
    if (!this.closed.has(link)) this.free.push(link);
  }

  /** Links of workers that were lost too often are like any other again. */
  forgive(): void {
    this.lost.clear();
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
    this.lost.delete(link);
    if (this.closed.delete(link) && !hasWorker) this.free.push(link);
  }

  /** The only way out of the pool. @param at place among the free ones; below 0 none */
  private takeAt(at: number): LinkConfig | undefined {
    const link = at < 0 ? undefined : this.free.splice(at, 1)[0];
    if (link !== undefined) this.lost.delete(link);
    return link;
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
