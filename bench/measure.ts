/** One line of the table of goals. */
export interface Measure {
  readonly name: string;
  readonly figure: number;
  /** `x` for ratios. */
  readonly unit: string;
  readonly goal: number;
  /** Is the goal the least or the most that the figure may be? */
  readonly bound: 'least' | 'most';
  readonly ok: boolean;
  /** The figures behind it, in words; of several process runs those of the median one. */
  readonly beside: string;
  /** Lowest and highest figure of several process runs. */
  readonly range?: readonly [low: number, high: number];
}

type Given = Pick<Measure, 'name' | 'figure' | 'unit' | 'goal' | 'beside'>;

/** A figure that is to be at least its goal. */
export function atLeast(given: Given): Measure {
  return { ...given, bound: 'least', ok: given.figure >= given.goal };
}

/** A figure that is to be at most its goal; what is no number is never ok. */
export function atMost(given: Given): Measure {
  return { ...given, bound: 'most', ok: given.figure <= given.goal };
}

/** Of one measure in several process runs: the one with the median figure, which also says ok or short. */
export function medianMeasure(runs: readonly Measure[]): Measure {
  const sorted = [...runs].sort((a, b) => a.figure - b.figure);
  const middle = sorted[sorted.length >> 1]!;
  return { ...middle, range: [sorted[0]!.figure, sorted.at(-1)!.figure] };
}

/** The middle one; of an even count the upper. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/**
 * The median of the ratios of rounds that took turns: each is held against what was measured right beside it.
 * @param under as many rounds as `over`
 */
export function ratioOf<T>(over: readonly T[], under: readonly T[], pick: (round: T) => number): number {
  return median(over.map((round, at) => pick(round) / pick(under[at]!)));
}

/** 1,234,567 or 0.123: as many digits as say something. */
export function shown(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
