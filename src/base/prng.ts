/** The only door to chance. A number generator gives floats in [0, 1); a seeded one gives the same row every time. */
export type Prng = () => number;

/** Chance of the machine. */
export function createPrng(): Prng {
  return Math.random;
}

/** Seeded generator (mulberry32): the same seed, the same row. @param seed any 32-bit integer */
export function createSeededPrng(seed: number): Prng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
