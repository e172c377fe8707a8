import type { Backoff } from '../base/backoff.js';

export interface RestartLimits {
  /** Restarts allowed within gperiodMs; 0 none, -1 unlimited. */
  readonly maxrstart: number;
  readonly gperiodMs: number;
}

/** Whether and when a lost worker starts again: at most MAXRSTART times within any GPERIOD, later each time. Pure. */
export class RestartPolicy {
  private readonly limits: RestartLimits;
  private readonly backoff: Backoff;
  private restartsMs: number[] = [];

  constructor(limits: RestartLimits, backoff: Backoff) {
    this.limits = limits;
    this.backoff = backoff;
  }

  /**
   * A worker was lost at `nowMs`.
   * @returns the delay before it starts again, ms; undefined: not again, it was lost too often
   */
  lost(nowMs: number): number | undefined {
    const { maxrstart, gperiodMs } = this.limits;
    this.restartsMs = this.restartsMs.filter((atMs) => nowMs - atMs < gperiodMs);
    if (maxrstart >= 0 && this.restartsMs.length >= maxrstart) return undefined;
    const delayMs = this.backoff.nextMs();
    if (maxrstart >= 0) this.restartsMs.push(nowMs + delayMs);
    return delayMs;
  }

  /** An operator starts it: it may be lost MAXRSTART times again. */
  forgive(): void {
    this.restartsMs = [];
    this.backoff.reset();
  }

  /** It works again: the next delay starts from the first. What counts against MAXRSTART stays. */
  settled(): void {
    this.backoff.reset();
  }
}
