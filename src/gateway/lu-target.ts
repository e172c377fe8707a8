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

/** What `HostLink.open` is asked for. */
export interface OpenWish extends LuWish {
  /** Session type within the application; the service's own when absent. */
  readonly type?: string | undefined;
}

/** What `HostLink.open` opens. */
export interface OpenTarget {
  readonly service: ServiceConfig;
  readonly seat: LuSeat | undefined;
  readonly group: number;
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
    if (seat !== undefined && isTyped) this.checkType(seat, group);
    return seat;
  }

  private checkType(seat: LuSeat, group: number): void {
    if (seat.group === group) return;
    const [own, wanted] = [seat.group, group].map((index) => this.config.groups[index]!.sessionType);
    const reason = `its session type is '${own}', not '${wanted}'`;
    throw new HostLinkError('LU_UNAVAILABLE', `(${seat.name}: ${reason})`, { lu: seat.name, reason, retry: 'never' });
  }

  /**
   * What `HostLink.open` is to open: the service it counts for, its LU or the group of which any session will do.
   * @param wish names a service, a session type, an LU, terminal or instance, or several of these that fit together
   * @throws HostLinkError OPTION_INVALID (nothing named, no such type, more than one meant), and what `find` throws
   */
  findToOpen(wish: OpenWish, service: ServiceConfig | undefined): OpenTarget {
    const given = service ?? this.serviceFor(wish);
    const seat = this.find(wish, given);
    if (wish.type === undefined) return { service: given, seat, group: given.group };
    const { application } = this.config.groups[given.group]!;
    const typed = this.config.groups.find(
      (group) => group.application === application && group.sessionType === wish.type,
    );
    if (typed === undefined) throw this.typeUnknown(wish.type);
    if (seat !== undefined) this.checkType(seat, typed.index);
    return { service: given, seat, group: typed.index };
  }

  /** The service of an open that names none: one of the application that the LU, or the session type, is of. */
  private serviceFor(wish: OpenWish): ServiceConfig {
    const { groups, services } = this.config;
    const lu = wish.lu ?? wish.instance;
    let applications: (string | undefined)[];
    if (wish.terminal !== undefined) {
      applications = [groups[this.ofTerminal(String(wish.terminal)).group]?.application];
    } else if (lu !== undefined) {
      applications = [groups[this.ofLu(lu).group]?.application];
    } else if (wish.type !== undefined) {
      applications = groups.filter((group) => group.sessionType === wish.type).map((group) => group.application);
      if (applications.length === 0) throw this.typeUnknown(wish.type);
    } else {
      throw new HostLinkError('OPTION_INVALID', 'Name a service, type, lu, terminal or instance.', {
        option: 'service',
      });
    }
    const serving = services.filter((one) => applications.includes(groups[one.group]!.application));
    const exact = serving.filter((one) => wish.type === undefined || groups[one.group]!.sessionType === wish.type);
    const distinct = new Set(applications);
    const [service = serving[0]] = exact;
    if (service !== undefined && distinct.size === 1) return service;
    const why = distinct.size > 1 ? `${[...distinct].join(', ')} all have it` : 'no service is of its application';
    throw new HostLinkError('OPTION_INVALID', `Name the service: ${why}.`, { option: 'service', ...wish });
  }

  private typeUnknown(type: string): HostLinkError {
    const allowed = [...new Set(this.config.groups.map((group) => group.sessionType))];
    const note = `type: one of ${allowed.map((one) => `'${one}'`).join(', ')}.`;
    return new HostLinkError('OPTION_INVALID', note, { option: 'type', value: type, allowed });
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
