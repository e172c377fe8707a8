import type { LinkConfig, LuConfig } from '../config/model.js';
import { WaitQueue } from './wait-queue.js';

/** One LU that requests may name, with those that wait for it in their order of arrival. */
export class LuSeat {
  readonly name: string;
  readonly group: number;
  /** Index of its link, and its place among all LUs of that link, PU by PU. */
  readonly link: number;
  readonly place: number;
  /** Kept for one terminal: its requests run one after another, and no pool call uses it. */
  readonly isDedicated: boolean;
  /** For requests of the host: no call may use it. */
  readonly isOutbound: boolean;
  readonly queue = new WaitQueue();
  /** Requests for it at its worker: at most one of a dedicate LU. */
  running = 0;

  constructor(lu: LuConfig, link: number, place: number) {
    this.name = lu.name;
    this.group = lu.group;
    this.link = link;
    this.place = place;
    this.isDedicated = lu.mode === 'DEDICATE';
    this.isOutbound = lu.direction === 'OUTBOUND';
  }

  /** May a request go to its worker now? Those for an LU of a pool do not wait for each other: the worker tells at once. */
  get isFree(): boolean {
    return !this.isDedicated || this.running === 0;
  }
}

/** All LUs by name, and by the terminal they are kept for. A terminal keeps its LU for as long as it is configured. */
export class LuSeats {
  private readonly byName = new Map<string, LuSeat>();
  private readonly byTerminal = new Map<string, LuSeat>();

  constructor(links: readonly LinkConfig[]) {
    for (const link of links) {
      let place = 0;
      for (const pu of link.pus) {
        for (const lu of pu.lus) {
          const seat = new LuSeat(lu, link.index, place);
          place += 1;
          this.byName.set(lu.name, seat);
          if (lu.terminal !== '') this.byTerminal.set(lu.terminal, seat);
        }
      }
    }
  }

  /** How many terminals have an LU of their own. */
  get terminals(): number {
    return this.byTerminal.size;
  }

  ofLu(name: string): LuSeat | undefined {
    return this.byName.get(name);
  }

  ofTerminal(terminal: string): LuSeat | undefined {
    return this.byTerminal.get(terminal);
  }
}
