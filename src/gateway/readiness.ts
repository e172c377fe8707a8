import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';

/** How many sessions can carry calls, of those defined on the links of the running workers. */
export interface SessionProgress {
  readonly sessions: number;
  readonly total: number;
}

export interface ReadyOptions {
  /** How many sessions to wait for; 'all' (the default): every one defined. */
  readonly sessions?: number | 'all';
  /** How long to wait; for ever when absent. */
  readonly timeoutMs?: number;
  /** Told at the start and whenever the count changes. */
  readonly onProgress?: (progress: SessionProgress) => void;
}

/** What Readiness looks at. */
export interface ReadinessView {
  progress(): SessionProgress;
  /** Why waiting is in vain: no worker comes back, or the runtime was stopped. */
  hopeless(): HostLinkError | undefined;
}

interface Waiter {
  readonly options: ReadyOptions;
  readonly resolve: (progress: SessionProgress) => void;
  readonly reject: (error: HostLinkError) => void;
  cancelTimer: () => void;
  seen: number;
}

/** Those who wait for sessions to come up. */
export class Readiness {
  private readonly waiters = new Set<Waiter>();
  private readonly clock: Clock;
  private readonly view: ReadinessView;

  constructor(clock: Clock, view: ReadinessView) {
    this.clock = clock;
    this.view = view;
  }

  /** @throws HostLinkError SESSION_WAIT_TIMEOUT, SERVICE_UNAVAILABLE, RUNTIME_STOPPED */
  wait(options: ReadyOptions): Promise<SessionProgress> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { options, resolve, reject, cancelTimer: () => {}, seen: -1 };
      this.waiters.add(waiter);
      if (options.timeoutMs !== undefined) {
        waiter.cancelTimer = this.clock.after(options.timeoutMs, () => this.expired(waiter));
      }
      this.checkOne(waiter);
    });
  }

  /** Something changed. */
  check(): void {
    for (const waiter of this.waiters) this.checkOne(waiter);
  }

  private checkOne(waiter: Waiter): void {
    const progress = this.view.progress();
    if (progress.sessions !== waiter.seen) {
      waiter.seen = progress.sessions;
      waiter.options.onProgress?.(progress);
    }
    const wanted = waiter.options.sessions ?? 'all';
    const enough = wanted === 'all' ? progress.total : wanted;
    const error = this.view.hopeless();
    if (error !== undefined) this.leave(waiter, () => waiter.reject(error));
    else if (progress.sessions >= enough) this.leave(waiter, () => waiter.resolve(progress));
  }

  private expired(waiter: Waiter): void {
    const { sessions, total } = this.view.progress();
    const note = `${sessions} of ${total} sessions are up.`;
    this.leave(waiter, () => waiter.reject(new HostLinkError('SESSION_WAIT_TIMEOUT', note, { sessions, total })));
  }

  private leave(waiter: Waiter, settle: () => void): void {
    this.waiters.delete(waiter);
    waiter.cancelTimer();
    settle();
  }
}
