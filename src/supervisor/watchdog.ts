export interface WatchdogLimits {
  /** A silent worker is asked this often. */
  readonly pingIntervalMs: number;
  /** A worker that says nothing for this long after it was asked is hung. */
  readonly pingTimeoutMs: number;
  /** A new thread may take this long to its first word. */
  readonly startTimeoutMs: number;
}

export type WatchdogVerdict = 'fine' | 'ask' | 'hung' | 'not-started';

/** Finds out whether a worker is alive: any message is a sign of life, a ping asks for one. Pure. */
export class Watchdog {
  private readonly limits: WatchdogLimits;
  private readonly startMs: number;
  private askedMs: number;
  private heardMs = Number.NEGATIVE_INFINITY;

  /** The worker was started, and asked for its first word, at `nowMs`. */
  constructor(limits: WatchdogLimits, nowMs: number) {
    this.limits = limits;
    this.startMs = nowMs;
    this.askedMs = nowMs;
  }

  /** True once the worker has said anything. */
  get isHeard(): boolean {
    return this.heardMs !== Number.NEGATIVE_INFINITY;
  }

  heard(nowMs: number): void {
    this.heardMs = nowMs;
  }

  /** We ourselves stood still until `nowMs`: what the worker said meanwhile is not read yet, so nobody is to blame. */
  excuse(nowMs: number): void {
    this.askedMs = nowMs;
  }

  /** What to do about it now; 'ask' means that a ping is sent now. */
  check(nowMs: number): WatchdogVerdict {
    const { pingIntervalMs, pingTimeoutMs, startTimeoutMs } = this.limits;
    if (!this.isHeard) return nowMs - this.startMs >= startTimeoutMs ? 'not-started' : 'fine';
    const isAnswered = this.heardMs >= this.askedMs;
    if (!isAnswered) return nowMs - this.askedMs >= pingTimeoutMs ? 'hung' : 'fine';
    if (nowMs - this.askedMs < pingIntervalMs) return 'fine';
    this.askedMs = nowMs;
    return 'ask';
  }
}
