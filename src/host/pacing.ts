import type { ProtocolRule } from './protocol-errors.js';

/**
 * Watches the partner's pacing. The first request of each window of N carries PI; the pacing response to it allows one
 * window more, so that never more than 2N - 1 requests are ahead of us.
 * @source SNA Formats RH, pacing indicator; sna-wire 1.6
 */
export class PacingIn {
  private readonly window: number;
  private credit: number;
  /** Requests of the current window so far. */
  private position = 0;
  /** Granted by a pacing response that had not left when `grantedAt` flushes were done. */
  private unsent = 0;
  private grantedAt = 0;

  /** @param window N, 0 when this direction is not paced */
  constructor(window: number) {
    this.window = window;
    this.credit = window;
  }

  reset(): void {
    this.credit = this.window;
    this.position = 0;
    this.unsent = 0;
  }

  /**
   * One request came.
   * @param flushes blocks of ours that have left so far
   * @returns the rule it breaks, if any
   */
  take(hasPi: boolean, flushes: number): ProtocolRule | undefined {
    if (this.window === 0) return hasPi ? 'PACING_INDICATOR' : undefined;
    if (flushes !== this.grantedAt) this.settle();
    if (this.credit === 0) return 'PACING_EXCEEDED';
    const isFirst = this.position === 0;
    this.credit -= 1;
    this.position = this.position + 1 === this.window ? 0 : this.position + 1;
    return isFirst === hasPi ? undefined : 'PACING_INDICATOR';
  }

  /** A pacing response was written; it counts for the partner once it has left. */
  grant(flushes: number): void {
    if (flushes !== this.grantedAt) this.settle();
    this.grantedAt = flushes;
    this.unsent += this.window;
  }

  private settle(): void {
    this.credit += this.unsent;
    this.unsent = 0;
  }
}

/** Paces what we send. */
export class PacingOut {
  private readonly window: number;
  private credit: number;
  private position = 0;
  /** Windows opened with PI whose pacing response is still due. */
  private due = 0;

  constructor(window: number) {
    this.window = window;
    this.credit = window;
  }

  reset(): void {
    this.credit = this.window;
    this.position = 0;
    this.due = 0;
  }

  get canSend(): boolean {
    return this.window === 0 || this.credit > 0;
  }

  /** May so many requests go out now? */
  allows(count: number): boolean {
    return this.window === 0 || this.credit >= count;
  }

  /** One request is being sent. @returns true when it opens a window and must carry PI */
  take(): boolean {
    if (this.window === 0) return false;
    const isFirst = this.position === 0;
    this.credit -= 1;
    this.position = this.position + 1 === this.window ? 0 : this.position + 1;
    if (isFirst) this.due += 1;
    return isFirst;
  }

  /** A pacing response came. @returns false when none was due */
  onResponse(): boolean {
    if (this.due === 0) return false;
    this.due -= 1;
    this.credit += this.window;
    return true;
  }
}
