import type { WorkerState } from '../dispatch/directory.js';

/** What the decision to start one more worker rests on. */
export interface ScaleView {
  /** Calls that wait for any session of their group. */
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

/** A worker, as the decision to let one stop looks at it. */
export interface IdleView {
  readonly state: WorkerState;
  /** How long it has had no call. */
  readonly idleMs: number;
  /** Order of start: the highest is the newest. */
  readonly order: number;
  /** Its sessions have a use that does not show in calls: it is never too much. */
  readonly isKept: boolean;
}

/** Workers that work, or will: all but those that are not started, are stopping, or are down for good. */
const COUNTS: Readonly<Record<WorkerState, boolean>> = {
  IDLE: false,
  STARTING: true,
  READY: true,
  HELD: true,
  LINK_DOWN: true,
  DRAINING: false,
  BACKOFF: true,
  DOWN: false,
};

/** How many of `states` count for MIN. */
export function countWorking(states: readonly WorkerState[]): number {
  return states.filter((state) => COUNTS[state]).length;
}

/**
 * The worker that should stop: idle for long enough, the newest of those. MIN workers stay, and MIN with a link as long
 * as there are that many: a worker without its link stops before one that has it.
 * @returns undefined when none should
 */
export function pickIdle<T extends IdleView>(views: readonly T[], min: number, idleTimeoutMs: number): T | undefined {
  const spare = countWorking(views.map(({ state }) => state)) - min;
  if (spare <= 0) return undefined;
  const spareReady = views.filter(({ state }) => state === 'READY').length - min;
  const isSpare = ({ state }: T): boolean => (state === 'READY' ? spareReady > 0 : state === 'LINK_DOWN');
  const idle = views.filter((view) => !view.isKept && view.idleMs >= idleTimeoutMs && isSpare(view));
  return idle.reduce<T | undefined>((newest, view) => (newest && newest.order > view.order ? newest : view), undefined);
}
