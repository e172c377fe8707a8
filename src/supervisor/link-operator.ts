import type { OperatorChange, OperatorChanged } from '../channel/messages.js';
import type { HostLinkConfig, LinkConfig } from '../config/model.js';
import type { Directory } from '../dispatch/directory.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { LinkPool } from './link-pool.js';
import type { WorkerSeat } from './worker-seat.js';

/** What an operator has made of a link; '' nothing. DRAINED: without a worker until it is started. */
export type LinkHold = '' | 'HELD' | 'DRAINING' | 'DRAINED';

/** What it looks at. */
export interface LinkOperatorView {
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly seats: readonly WorkerSeat[];
  readonly links: LinkPool;
}

/** What it has done for it. */
export interface WorkerOrders {
  /** Let a worker stop that is up, in order; nothing for one that is not. */
  drain(seat: WorkerSeat, reason: string, graceMs: number): void;
  /** A worker that is IDLE is to work for `link`, which has been taken. */
  startIdleSeat(link: LinkConfig): void;
  fillToMin(): void;
}

/**
 * What an operator wants of links and LUs, kept here so that it outlives their workers: a link that is held, or drained, or
 * whose LUs are deactivated, is so again when a worker starts for it.
 */
export class LinkOperator {
  private readonly config: HostLinkConfig;
  private readonly view: LinkOperatorView;
  private readonly orders: WorkerOrders;
  /** Names of the deactivated LUs, by link. */
  private readonly deactivated = new Map<LinkConfig, Set<string>>();
  private waiters: { readonly link: LinkConfig; readonly resolve: () => void }[] = [];

  constructor(config: HostLinkConfig, view: LinkOperatorView, orders: WorkerOrders) {
    this.config = config;
    this.view = view;
    this.orders = orders;
  }

  /** What was made of `link`. */
  holdOf(link: LinkConfig): LinkHold {
    if (this.view.links.isClosed(link)) return this.seatOf(link) === undefined ? 'DRAINED' : 'DRAINING';
    return this.view.dispatcher.holds.links.has(link.index) ? 'HELD' : '';
  }

  /** Give its worker no new requests. */
  hold(link: LinkConfig): void {
    this.view.dispatcher.holds.links.add(link.index);
    this.reportAgain(link);
  }

  /**
   * Let the worker of `link` take nothing new, finish, end its sessions in order and stop, and give the link no other.
   * Resolves when it has none. A worker that is just starting, or between two starts, stops as soon as it has come up.
   */
  drain(link: LinkConfig): Promise<void> {
    this.view.links.close(link);
    const seat = this.seatOf(link);
    if (seat !== undefined) this.orders.drain(seat, 'drained by the operator', this.graceMs());
    return this.withoutWorker(link);
  }

  /** Undo hold and drain. A link without a worker gets one where MAX allows it, also one that was DOWN. */
  async start(link: LinkConfig): Promise<void> {
    const { directory, dispatcher, links } = this.view;
    const seat = this.seatOf(link);
    dispatcher.holds.links.delete(link.index);
    links.reopen(link, seat !== undefined);
    if (seat !== undefined && directory.worker(seat.index).state === 'DRAINING') await this.withoutWorker(link);
    this.reportAgain(link);
    if (this.seatOf(link) !== undefined) return;
    if (directory.places === 0) this.revive(1);
    if (directory.places > 0 && links.takeThis(link)) this.orders.startIdleSeat(link);
  }

  /** Workers that were lost too often may start again. */
  startAll(): void {
    this.revive(this.view.seats.length);
    this.view.links.forgive();
    this.orders.fillToMin();
  }

  /** Deactivate or activate LUs of `link`; a link without a worker does so once it has one. */
  async change(
    link: LinkConfig,
    change: OperatorChange & { readonly lus: readonly string[] },
  ): Promise<OperatorChanged> {
    const names = this.deactivated.get(link) ?? new Set<string>();
    this.deactivated.set(link, names);
    for (const lu of change.lus) {
      if (change.name === 'deactivate') names.add(lu);
      else names.delete(lu);
    }
    const changed = await this.tell(this.seatOf(link), change);
    return changed ?? { lus: change.lus.length, held: change.name === 'deactivate' ? change.lus.length : 0 };
  }

  /** Tell every worker that runs. */
  async tellAll(change: OperatorChange): Promise<void> {
    await Promise.all(this.view.seats.map((seat) => this.tell(seat, change)));
  }

  /** A worker has been started. */
  started(seat: WorkerSeat): void {
    const names = this.deactivated.get(seat.link!);
    if (names === undefined || names.size === 0) return;
    void this.tell(seat, { name: 'deactivate', lus: [...names] });
  }

  /** A worker has reported: one that came up for a link that is to be drained stops at once. */
  reported(seat: WorkerSeat): void {
    if (seat.link === undefined || !this.view.links.isClosed(seat.link)) return;
    this.orders.drain(seat, 'drained by the operator', this.graceMs());
  }

  /** A worker has given its link back. */
  stopped(): void {
    const done = this.waiters.filter(({ link }) => this.seatOf(link) === undefined);
    this.waiters = this.waiters.filter(({ link }) => this.seatOf(link) !== undefined);
    for (const { resolve } of done) resolve();
  }

  private withoutWorker(link: LinkConfig): Promise<void> {
    if (this.seatOf(link) === undefined) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ link, resolve }));
  }

  private seatOf(link: LinkConfig): WorkerSeat | undefined {
    return this.view.seats.find((seat) => seat.link === link);
  }

  /** Its last report, once more: the dispatcher then puts the worker where it belongs. */
  private reportAgain(link: LinkConfig): void {
    const seat = this.seatOf(link);
    if (seat?.report !== undefined) this.view.dispatcher.workerReported(seat.index, seat.report);
  }

  /** @returns undefined when there is no worker, or it was lost meanwhile: the next one is told at its start */
  private async tell(seat: WorkerSeat | undefined, change: OperatorChange): Promise<OperatorChanged | undefined> {
    return seat?.run?.channel.operate(change).catch(() => undefined);
  }

  /** Workers that are DOWN become IDLE, `count` at most. */
  private revive(count: number): void {
    const { directory, seats } = this.view;
    for (const worker of directory.list('DOWN').slice(0, count)) {
      seats[worker.index]!.policy.forgive();
      seats[worker.index]!.reason = '';
      directory.move(worker, 'IDLE');
    }
  }

  /** No call that keeps its service's deadline fails because of a drain. */
  private graceMs(): number {
    const { server, services } = this.config;
    return Math.max(server.stopGraceMs, ...services.map((service) => service.timeoutMs));
  }
}
