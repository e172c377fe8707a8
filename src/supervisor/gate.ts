/** Holds its waiters until everybody inside has left. */
export class Gate<T> {
  private readonly inside = new Set<T>();
  private waiters: (() => void)[] = [];

  enter(who: T): void {
    this.inside.add(who);
  }

  leave(who: T): void {
    this.inside.delete(who);
    if (this.inside.size > 0) return;
    const waiters = this.waiters;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Resolves once nobody is inside. */
  empty(): Promise<void> {
    if (this.inside.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }
}
