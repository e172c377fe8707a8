import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { LinkConfig, ServerConfig } from '../config/model.js';
import type { Directory } from '../dispatch/directory.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { isAlwaysWanted, type LinkPool } from './link-pool.js';
import { GROWTH_PAUSE_MS, type IdleView, pickIdle, shouldGrow } from './scaler.js';
import type { WorkerSeat } from './worker-seat.js';

/** Workers started and stopped because of the load, since the start. */
export interface ScalingCounters {
  /** Workers started because calls waited. */
  grown: number;
  /** Workers stopped because nobody called. */
  shrunk: number;
}

/** What scaling looks at, and what it has done for it. */
export interface ScalingContext {
  readonly server: ServerConfig;
  readonly clock: Clock;
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly seats: readonly WorkerSeat[];
  readonly links: LinkPool;
  readonly logger: Logger;
  /** A worker that is not started is to work for `link`. */
  readonly start: (link: LinkConfig) => void;
  readonly drain: (seat: WorkerSeat, reason: string) => void;
}

interface SeatView extends IdleView {
  readonly seat: WorkerSeat;
}

/**
 * MIN to MAX. Calls that wait, over all groups, start one worker at a time; each gets GROWTH_PAUSE_MS before the next
 * one is thought of. A call that waits for an LU of a link without a worker starts that one, at once and whatever ASQCOUNT
 * says: nobody else can serve it. Workers that had no call for idleTimeoutMs stop one by one, the newest first, while no
 * call waits that they could be needed for. One that stops has nothing to finish and is not called back: calls that come
 * to wait meanwhile start another worker, or its own place again once it has stopped.
 */
export class Scaling {
  readonly counters: ScalingCounters = { grown: 0, shrunk: 0 };
  private readonly context: ScalingContext;
  private grownMs = Number.NEGATIVE_INFINITY;
  private cancelLook: (() => void) | undefined;

  constructor(context: ScalingContext) {
    this.context = context;
  }

  /** Calls wait, or a place or a link is free again: start one more worker where that is wanted and of use. */
  grow(): void {
    const { directory, dispatcher, links } = this.context;
    if (links.size === 0 || directory.places === 0 || dispatcher.waiting === 0) return;
    this.growForLus();
    const link = this.linkForLoad();
    if (link !== undefined) this.start(link, 'calls wait: one more worker');
  }

  private growForLus(): void {
    const { directory, dispatcher, links } = this.context;
    const { holds, waitingByLink } = dispatcher;
    // The worker of a held link would be given nothing.
    const waitingAt = ({ index }: LinkConfig): number => (holds.links.has(index) ? 0 : (waitingByLink[index] ?? 0));
    while (directory.places > 0) {
      const link = links.takeAwaited(waitingAt);
      if (link === undefined) return;
      this.start(link, 'a call waits for an LU of this link');
    }
  }

  /** The link for a worker that any call may use; those that wait for one LU are no reason for it. */
  private linkForLoad(): LinkConfig | undefined {
    const { server, clock, directory, dispatcher, links } = this.context;
    const view = {
      waiting: dispatcher.waiting - sum(dispatcher.waitingByLink),
      asqcount: server.asqcount,
      freeLinks: links.size,
      idleWorkers: directory.places,
      sinceLastGrowthMs: clock.nowMs() - this.grownMs,
    };
    return shouldGrow(view) ? links.takeFor((group) => dispatcher.waitingOf(group)) : undefined;
  }

  private start(link: LinkConfig, why: string): void {
    const { server, clock, dispatcher, logger } = this.context;
    this.grownMs = clock.nowMs();
    this.counters.grown += 1;
    logger.info({ waiting: dispatcher.waiting, asqcount: server.asqcount, link: link.name }, why);
    this.context.start(link);
    // The calls of a burst all wait already: none of them will ask again.
    this.cancelLook?.();
    this.cancelLook = clock.after(GROWTH_PAUSE_MS, () => this.grow());
  }

  /** Look at all workers, at least twice in idleTimeoutMs; let one stop that is too much. */
  shrink(): void {
    const { server, clock, dispatcher, directory, links, logger } = this.context;
    const nowMs = clock.nowMs();
    const { waiting, waitingByLink } = dispatcher;
    const views = this.context.seats.map((seat): SeatView => {
      const { state, reservedTotal } = directory.worker(seat.index);
      const isKept = seat.link === undefined || isAlwaysWanted(seat.link);
      return { seat, state, idleMs: seat.idleFor(reservedTotal, nowMs), order: seat.order, isKept };
    });
    // Calls for an LU of a link without a worker need none of these workers, but perhaps the place of one.
    if (waiting > links.awaited(({ index }) => waitingByLink[index] ?? 0)) return;
    const view = pickIdle(views, server.min, server.idleTimeoutMs);
    if (view === undefined) return;
    const { seat, idleMs } = view;
    this.counters.shrunk += 1;
    logger.info({ worker: seat.index, link: seat.link?.name, idleMs: Math.round(idleMs) }, 'no calls: one worker less');
    this.context.drain(seat, 'idle');
  }

  stop(): void {
    this.cancelLook?.();
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
