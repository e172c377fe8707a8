import type { Clock } from '../base/clock.js';
import type { ServerConfig } from '../config/model.js';
import type { WorkerRun, WorkerSeat } from './worker-seat.js';

/** What it has done for it. */
export interface WatchOrders {
  /** Is it one whose silence means something? */
  isWatched(seat: WorkerSeat): boolean;
  /** End a worker the hard way. */
  kill(seat: WorkerSeat, reason: string): void;
  /** The turn is over. */
  watched(): void;
}

/** Asks all workers for signs of life, and has those ended that give none. */
export class WorkerWatch {
  private readonly server: ServerConfig;
  private readonly clock: Clock;
  private readonly seats: readonly WorkerSeat[];
  private readonly orders: WatchOrders;
  private cancel: (() => void) | undefined;
  private dueMs = 0;
  private pings = 0;

  constructor(server: ServerConfig, clock: Clock, seats: readonly WorkerSeat[], orders: WatchOrders) {
    this.server = server;
    this.clock = clock;
    this.seats = seats;
    this.orders = orders;
  }

  /** Begin, and go on until `stop`. */
  start(): void {
    const { pingIntervalMs, pingTimeoutMs, idleTimeoutMs } = this.server;
    const periodMs = Math.max(10, Math.min(pingIntervalMs, pingTimeoutMs, idleTimeoutMs) / 2);
    this.dueMs = this.clock.nowMs() + periodMs;
    this.cancel = this.clock.after(periodMs, () => this.turn());
  }

  stop(): void {
    this.cancel?.();
  }

  /** Ask a worker for a sign of life. */
  ping(run: WorkerRun): void {
    this.pings += 1;
    run.channel.ping(this.pings);
  }

  private turn(): void {
    const nowMs = this.clock.nowMs();
    const didStandStill = nowMs - this.dueMs > this.server.pingTimeoutMs / 2;
    for (const seat of this.seats) {
      if (seat.run === undefined) continue;
      if (didStandStill) seat.run.watchdog.excuse(nowMs);
      if (this.orders.isWatched(seat)) this.look(seat, seat.run, nowMs);
    }
    this.orders.watched();
    this.start();
  }

  private look(seat: WorkerSeat, run: WorkerRun, nowMs: number): void {
    const verdict = run.watchdog.check(nowMs);
    if (verdict === 'ask') this.ping(run);
    else if (verdict === 'hung') this.orders.kill(seat, 'hung: no sign of life');
    else if (verdict === 'not-started') this.orders.kill(seat, 'did not start in time');
  }
}
