import type { Prng } from './prng.js';

export interface BackoffOptions {
  /** First delay, ms. */
  readonly firstMs: number;
  /** No delay is longer than this, ms. */
  readonly maxMs: number;
  /** Growth per attempt; 2 doubles. */
  readonly factor?: number;
  /** Part of the delay left to chance, 0..1; 0.5 gives 50 % to 100 % of the full delay. */
  readonly jitter?: number;
}

/** Delays that grow with each failure and spread by jitter, so that many failing parties do not knock in step. */
export class Backoff {
  private attempts = 0;
  private readonly options: BackoffOptions;
  private readonly prng: Prng;

  constructor(options: BackoffOptions, prng: Prng) {
    this.options = options;
    this.prng = prng;
  }

  /** Failures since the last reset. */
  get failures(): number {
    return this.attempts;
  }

  /** The delay before the next attempt, ms; counts one failure. */
  nextMs(): number {
    const { firstMs, maxMs, factor = 2, jitter = 0.5 } = this.options;
    const fullMs = Math.min(maxMs, firstMs * factor ** this.attempts);
    this.attempts += 1;
    return fullMs * (1 - jitter * this.prng());
  }

  /** Success: the next failure starts again from the first delay. */
  reset(): void {
    this.attempts = 0;
  }
}
