/** What the decision to start one more worker rests on. */
export interface ScaleView {
  /** Calls that wait for a session. */
  readonly waiting: number;
  /** Waiting calls that start another worker; -1 never. */
  readonly asqcount: number;
  /** Links without a worker. */
  readonly freeLinks: number;
  /** Workers not started, of MAX. */
  readonly idleWorkers: number;
  readonly sinceLastGrowthMs: number;
}

/** Time a new worker is given to bring sessions up before another one is started. */
export const GROWTH_PAUSE_MS = 1000;

/** True when one more worker should start. */
export function shouldGrow(view: ScaleView): boolean {
  return (
    view.asqcount >= 0 &&
    view.waiting > view.asqcount &&
    view.freeLinks > 0 &&
    view.idleWorkers > 0 &&
    view.sinceLastGrowthMs >= GROWTH_PAUSE_MS
  );
}
