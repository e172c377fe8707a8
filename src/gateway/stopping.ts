import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import type { RuntimeState, WorkLeft } from './stats.js';

/** In order of hardness: each begins where the one before it has been too slow. */
const MODES = ['drain', 'fast', 'now'] as const;

/**
 * How a runtime stops. drain: what waits, runs or is held finishes. fast: what waits ends, what is at the host finishes.
 * now: nothing is waited for.
 */
export type StopMode = (typeof MODES)[number];

export interface StopOptions {
  /** stopMode of the configuration when absent. A second stop with a harder mode hastens the first. */
  readonly mode?: StopMode;
  /**
   * How long a drain waits before it goes on as a fast stop, and how long that waits before it goes on as `now`, ms;
   * stopGraceMs of the configuration when absent.
   */
  readonly graceMs?: number;
}

/** What is stopped. */
export interface StoppingParts {
  readonly clock: Clock;
  left(): WorkLeft;
  /** Take no new requests; `done` follows once none is left. */
  drain(done: () => void): void;
  /** End the requests that wait. */
  endWaiting(): void;
  /** Stop the workers; again with 0: at once. Resolves when none is left. */
  stopWorkers(graceMs: number): Promise<void>;
  /** The state is another one. */
  changed(): void;
  event(name: 'runtime.draining' | 'runtime.stopped', details: Record<string, unknown>): void;
}

/** The end of a runtime, in at most three stages: each has its time, and then the next one begins. */
export class Stopping {
  state: RuntimeState = 'RUNNING';
  private readonly parts: StoppingParts;
  /** Resolves when no worker is left. */
  private readonly ended: Promise<void>;
  private settle!: { resolve: () => void; reject: (error: unknown) => void };
  /** The hardest mode that was asked for, or that time has led to; what has been begun may be ahead of it. */
  private mode: StopMode | undefined;
  private stage: StopMode | undefined;
  private cancelTimer: (() => void) | undefined;
  private beganMs = 0;

  constructor(parts: StoppingParts) {
    this.parts = parts;
    this.ended = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    // Those who asked for the stop hear of it; while nobody has, it is no unhandled rejection.
    this.ended.catch(() => {});
  }

  /**
   * Stop, or hasten a stop. Every caller gets the same promise.
   * @throws HostLinkError (as rejection) OPTION_INVALID
   */
  stop(mode: StopMode, graceMs: number): Promise<void> {
    if (!MODES.includes(mode)) {
      const details = { option: 'mode', value: mode, allowed: MODES.join(', ') };
      return Promise.reject(new HostLinkError('OPTION_INVALID', `mode: allowed are ${details.allowed}.`, details));
    }
    if (isHarder(mode, this.mode) && this.state !== 'STOPPED') {
      this.mode = mode;
      this.begin(mode, graceMs);
    }
    return this.ended;
  }

  private begin(stage: StopMode, graceMs: number): void {
    if (!isHarder(stage, this.stage)) return;
    if (this.stage === undefined) this.beganMs = this.parts.clock.nowMs();
    const isFirstEnd = this.stage === undefined || this.stage === 'drain';
    this.stage = stage;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    if (stage === 'drain') this.drain(graceMs);
    else this.end(stage, graceMs, isFirstEnd);
  }

  private drain(graceMs: number): void {
    const { parts } = this;
    this.state = 'DRAINING';
    parts.event('runtime.draining', { ...parts.left(), graceMs });
    this.cancelTimer = parts.clock.after(graceMs, () => void this.stop('fast', graceMs));
    // Later, so that whoever got the last result is not kept from it.
    parts.drain(() => parts.clock.soon(() => this.begin('fast', graceMs)));
    parts.changed();
  }

  private end(stage: 'fast' | 'now', graceMs: number, isFirst: boolean): void {
    const { parts } = this;
    this.state = 'STOPPING';
    parts.endWaiting();
    parts.changed();
    const stopped = parts.stopWorkers(stage === 'now' ? 0 : graceMs);
    if (isFirst) stopped.then(() => this.finished(), this.settle.reject);
    if (stage === 'fast') this.cancelTimer = parts.clock.after(graceMs, () => void this.stop('now', 0));
  }

  private finished(): void {
    const { parts } = this;
    this.cancelTimer?.();
    this.state = 'STOPPED';
    parts.event('runtime.stopped', { mode: this.mode, ms: Math.round(parts.clock.nowMs() - this.beganMs) });
    parts.changed();
    // Behind the event: whoever waited for the end has been told of it by then.
    parts.clock.soon(() => this.settle.resolve());
  }
}

function isHarder(mode: StopMode, than: StopMode | undefined): boolean {
  return than === undefined || MODES.indexOf(mode) > MODES.indexOf(than);
}
