import type { Clock } from '../base/clock.js';
import type { HostLinkError } from '../base/errors.js';
import type { OutBlock } from '../base/out-block.js';
import type { DlswOptions, LinkTimers } from '../config/model.js';
import type { DataFlow } from './data-flow.js';
import type { SspControl } from './ssp.js';

/** The two ends of a circuit: MAC addresses as 12 hex digits in non-canonical order, SAPs 0..255. */
export interface CircuitAddress {
  readonly localMac: string;
  readonly remoteMac: string;
  readonly localSap: number;
  readonly remoteSap: number;
}

/** What the owner of a circuit is told, from within `received` or `disconnected` of the peer, a timer, or `halt`. */
export interface CircuitHandler {
  /** Contact is made: PIUs may flow. */
  connected(): void;
  /** One PIU, `bytes[from, to)`, valid during the call only. What this throws is thrown by `received`. */
  piu(bytes: Buffer, from: number, to: number): void;
  /** The data link was restarted: all sessions are gone, waiting PIUs dropped; the circuit comes back by itself. */
  restarted(): void;
  /**
   * The end, told once: LINK_TIMEOUT, LINK_XID_REFUSED, LINK_LOST, LINK_PROTOCOL_ERROR. While the connection is up, a
   * new circuit for the same address may be opened at once, from within this call too.
   */
  disconnected(error: HostLinkError): void;
}

export interface CircuitOptions {
  /** Our station is the host: it takes XIDs and sends CONTACT. Default: a PU, which is identified and contacted. */
  readonly isPrimary?: boolean;
}

/** What a circuit needs of the connection that carries it. */
export interface CircuitCarrier {
  readonly out: OutBlock;
  readonly dlsw: DlswOptions;
  readonly timers: LinkTimers;
  readonly clock: Clock;
  readonly backlogMax: number;
  readonly piuSizeMax: number;
  /** Control vector 83 of the peer. */
  readonly peerWindow: number;
  readonly peerTransportId: number;
  /** Room for `size` bytes in `out`; a flush is asked for. */
  reserve(size: number): number;
  send(message: SspControl): void;
  /** A grant is due: when nothing else goes out in this tick, `sendIndependent` is called. */
  owesGrant(flow: DataFlow): void;
  /** Turn down a reply to our CANUREACH_cs that came too many. */
  refuse(message: SspControl): void;
  /** Take a circuit that has ended out of the tables. */
  ended(correlator: number): void;
}

/** Counters of one circuit since it was made. */
export interface CircuitCounters {
  readonly sendWindow: number;
  readonly sendGranted: number;
  readonly receiveWindow: number;
  readonly receiveGranted: number;
  /** INFOFRAMEs the peer sent without a grant. */
  readonly overruns: number;
  /** PIUs that wait for credit. */
  readonly backlog: number;
  readonly piusIn: number;
  readonly piusOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}
