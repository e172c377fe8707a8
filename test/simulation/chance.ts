import type { Prng } from '../../src/base/prng.js';

/** Draws of one kind or another from one generator. */
export class Chance {
  readonly prng: Prng;

  constructor(prng: Prng) {
    this.prng = prng;
  }

  /** True in `share` of all cases. */
  is(share: number): boolean {
    return this.prng() < share;
  }

  /** A number from `from` up to, not including, `to`. */
  between(from: number, to: number): number {
    return from + this.prng() * (to - from);
  }

  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.prng() * (to - from + 1));
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.prng() * values.length)]!;
  }

  /** Small numbers mostly, now and then one up to `max`. */
  skewed(min: number, max: number): number {
    return min + (max - min) * this.prng() ** 4;
  }
}
