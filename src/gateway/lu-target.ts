import { HostLinkError } from '../base/errors.js';
import type { HostLinkConfig, ServiceConfig } from '../config/model.js';
import { type LuSeat, LuSeats } from '../dispatch/lu-seats.js';
import type { HeaderRoute } from '../dispatch/user-header.js';

/** Which LU a call wants; at most one of these. */
export interface LuWish {
  /** The LU by name. */
  readonly lu?: string | undefined;
  /** The terminal whose dedicate LU it is. */
  readonly terminal?: string | number | undefined;
  /** The general word for one of a kind: of an SNA host, the LU. */
  readonly instance?: string | undefined;
}

/** Finds the one LU that a call asks for. */
export class LuTargets {
  private readonly config: HostLinkConfig;
  private readonly seats: LuSeats;

  constructor(config: HostLinkConfig) {
    this.config = config;
    this.seats = new LuSeats(config.links);
  }

  /**
   * @returns undefined when the wish names none
   * @throws HostLinkError OPTION_INVALID (more than one named), TERMINAL_UNKNOWN, LU_UNKNOWN, LU_UNAVAILABLE (the LU serves
   *   another application, or the host's own requests)
   */
  find(wish: LuWish, service: ServiceConfig): LuSeat | undefined {
    const { terminal } = wish;
    const lu = wish.lu ?? wish.instance;
    if (terminal === undefined && lu === undefined) return undefined;
    if ((terminal !== undefined && lu !== undefined) || (wish.lu !== undefined && wish.instance !== undefined)) {
      throw new HostLinkError('OPTION_INVALID', 'Name one of lu, terminal and instance.', { ...wish });
    }
    const seat = terminal === undefined ? this.ofLu(lu!) : this.ofTerminal(String(terminal));
    this.checkServes(seat, service);
    return seat;
  }

  /**
   * The same for a call with a user header: an LU that the call names itself comes before the terminal of the header.
   * @param route what the header said; @param service the service that the call goes to
   * @param isTyped the header gave the session type: an LU of another one will not do
   * @throws HostLinkError what `find` throws
   */
  findByHeader(wish: LuWish, route: HeaderRoute, service: ServiceConfig, isTyped: boolean): LuSeat | undefined {
    const { terminal, group } = route;
    const named = this.find(wish, service);
    const seat = named ?? (terminal === '' ? undefined : this.find({ terminal }, service));
    if (seat === undefined || !isTyped || seat.group === group) return seat;
    const [own, wanted] = [seat.group, group].map((index) => this.config.groups[index]!.sessionType);
    const reason = `its session type is '${own}', not '${wanted}'`;
    throw new HostLinkError('LU_UNAVAILABLE', `(${seat.name}: ${reason})`, { lu: seat.name, reason, retry: 'never' });
  }

  private ofTerminal(terminal: string): LuSeat {
    const seat = this.seats.ofTerminal(terminal);
    if (seat !== undefined) return seat;
    throw new HostLinkError('TERMINAL_UNKNOWN', `(${terminal})`, {
      terminal,
      known: this.seats.terminals,
      retry: 'never',
    });
  }

  private ofLu(lu: string): LuSeat {
    const seat = this.seats.ofLu(lu);
    if (seat !== undefined) return seat;
    throw new HostLinkError('LU_UNKNOWN', `(${lu})`, { lu, retry: 'never' });
  }

  private checkServes(seat: LuSeat, service: ServiceConfig): void {
    const { groups } = this.config;
    const serves = groups[seat.group]!.application;
    const wanted = groups[service.group]!.application;
    if (serves === wanted && !seat.isOutbound) return;
    const reason = seat.isOutbound ? 'it is OUTBOUND' : `it serves ${serves}, not ${wanted}`;
    throw new HostLinkError('LU_UNAVAILABLE', `(${seat.name}: ${reason})`, { lu: seat.name, reason, retry: 'never' });
  }
}
