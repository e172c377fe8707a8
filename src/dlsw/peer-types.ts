import type { Clock } from '../base/clock.js';
import type { HostLinkError } from '../base/errors.js';
import type { OutBlock } from '../base/out-block.js';
import type { DlswOptions, LinkTimers } from '../config/model.js';

/** What the owner of a peer does for it. */
export interface PeerOutput {
  /** Bytes for the connection we write on. */
  readonly out: OutBlock;
  /** Something was written to an empty `out`: take it within this tick. */
  wantsFlush(): void;
  /** Capabilities are exchanged: circuits may be opened. */
  up(): void;
  /**
   * Both sides offered to come down from two connections to one, and will now: keep the one we opened ('ours', and
   * read on it too) or the one the peer opened ('theirs', and write on it from now on), close the other. Called before
   * `up`, once what was written so far may still go the old way. On the side that keeps 'ours' bytes may still come in
   * on the other until the peer closes it.
   */
  dualToSingle?(keep: 'ours' | 'theirs'): void;
  /**
   * The peer broke the protocol, refused us or did not answer: CAPABILITIES_REFUSED, CAPABILITIES_MALFORMED,
   * LINK_TIMEOUT, SSP_MALFORMED, SSP_TOO_LONG. Flush `out`, close the connections, later connect anew.
   */
  failed(error: HostLinkError): void;
}

/** What is known of the connection. Addresses matter only for coming down from two connections to one. */
export interface ConnectionInfo {
  /** TCP connections there are now; default 1. */
  readonly connections?: 1 | 2;
  readonly localAddress?: string;
  readonly remoteAddress?: string;
}

export interface DlswPeerOptions {
  readonly dlsw: DlswOptions;
  readonly timers: LinkTimers;
  readonly clock: Clock;
  /** Text for control vector 84. */
  readonly vendorText?: string;
  /** PIUs each circuit may hold while it has no credit. */
  readonly backlogMax: number;
  /** Longest PIU we send, bytes. */
  readonly piuSizeMax: number;
}

export type PeerState = 'DOWN' | 'CAPEX' | 'UP';

/** Counters since the peer was made; over all its connections. */
export interface PeerStats {
  bytesIn: number;
  /** SSP messages that came, of all kinds. */
  messagesIn: number;
  /** Control messages, IFCMs and KEEPALIVEs written; INFOFRAMEs are counted by their circuits. */
  controlsOut: number;
  /** Of unknown type, or not meant for the state of the connection. */
  dropped: number;
  /** For circuits we do not have. */
  unknownCircuit: number;
  keepalivesOut: number;
  ifcmsOut: number;
}
