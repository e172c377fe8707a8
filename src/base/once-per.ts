/** Lets one through per period, and counts those it holds back. Pure. */
export class OncePer {
  private readonly periodMs: number;
  private passedMs = Number.NEGATIVE_INFINITY;
  private heldBack = 0;

  constructor(periodMs: number) {
    this.periodMs = periodMs;
  }

  /**
   * May this one through?
   * @returns how many were held back since the last one that was let through; undefined: this one is held back too
   */
  pass(nowMs: number): number | undefined {
    if (nowMs - this.passedMs < this.periodMs) {
      this.heldBack += 1;
      return undefined;
    }
    const before = this.heldBack;
    this.passedMs = nowMs;
    this.heldBack = 0;
    return before;
  }
}
