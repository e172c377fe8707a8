import type { BindLimits } from '../config/model.js';
import type { LuLuState } from './lu-lu.js';

/** Indicators passed with received data (bit flags). */
export const RECEIVED = { FIRST: 1, LAST: 2, CD: 4, END_BRACKET: 8, BEGIN_BRACKET: 16, DEFINITE: 32, FMH: 64 } as const;

/** Options for sendChain (bit flags). CD, END_BRACKET and FMH count only where the BIND allows them. */
export const SEND = { CD: 1, DEFINITE: 2, FMH: 4, END_BRACKET: 8 } as const;

/** Returned by port.received to answer later with halfSession.respond(). */
export const DEFER_RESPONSE = -1;

export type NoticeKind =
  | 'SIGNAL'
  | 'LUSTAT'
  | 'BID'
  | 'RTR'
  | 'CHASE'
  | 'CANCEL'
  | 'SHUTD'
  | 'QEC'
  | 'QC'
  | 'RELQ'
  | 'SBI'
  | 'BIS'
  | 'STSN'
  /** Responses to what we sent; the value is 0 or the sense data. */
  | 'LUSTAT_ANSWERED'
  | 'SIGNAL_ANSWERED'
  | 'RSHUTD_ANSWERED';

/**
 * What a half-session asks of its surroundings. Calls come from within the half-session's own methods. `responded`,
 * `sent`, `stateChanged` and `notice` are made when its state is settled for sending; from within `received` nothing can be
 * sent yet, because the response to what was received goes first.
 */
export interface HalfSessionPort {
  /**
   * One PIU of this session goes out now. TH byte 0 is made by the port (expedited tells EFI); the port adds DAF and OAF,
   * segments where needed, and copies ru[from, to) during the call.
   */
  transmit(
    isExpedited: boolean,
    snf: number,
    rh0: number,
    rh1: number,
    rh2: number,
    ru: Uint8Array,
    from: number,
    to: number,
  ): void;
  /**
   * Data of one request RU; flags of RECEIVED. The bytes are valid during the call only. On LAST the return value decides
   * the response where one is asked for: 0 positive, a sense number such as 0x08120000 negative, DEFER_RESPONSE later.
   * On an earlier RU a sense number refuses the rest of the chain.
   */
  received(bytes: Uint8Array, from: number, to: number, flags: number): number;
  /** What received() was given of an unfinished chain is void (CANCEL, CLEAR, or an error in the chain). */
  chainDiscarded(senseData: number): void;
  /** Our chain has been transmitted whole. */
  sent(): void;
  /**
   * The answer to our last chain: 0 positive, else the sense data of a negative one. Only for definite response, or a
   * negative one to an exception-response chain. With `hasTransmitted` false nothing went out: the bid
   * for its bracket was refused, or lost a race (080B), and the chain may be sent again.
   */
  responded(senseData: number): void;
  /** LU-LU state changed. cause: event name; senseData: 0, the sense, or the type of an UNBIND (03 and up) without. */
  stateChanged(state: LuLuState, cause: string, senseData: number): void;
  /** SIGNAL: code and extension as one number. LUSTAT: the four status bytes. STSN: the action byte. Else 0. */
  notice(kind: NoticeKind, value: number): void;
  /** The partner broke the protocol (we answered senseData where we may) or a response could not be correlated. */
  protocolError(senseData: number, what: string): void;
}

/** Read, never changed: all sessions of a link share one, its `SnaOptions`. */
export interface HalfSessionOptions {
  readonly seqCheck: 'strict' | 'lenient';
  /** Answer a BIND with the image always, or only a negotiable one. */
  readonly replyBindImage: 'always' | 'negotiable';
  /** FM profile 3 only with brackets, termination rule 1 and flip-flop, as some hosts' stacks insist; false takes all. */
  readonly isProfile3Strict?: boolean;
  /** What we lower in a negotiable BIND. */
  readonly bindLimits?: BindLimits;
  /** Longest PIU of the link, bytes: bounds our RUs where the partner takes no segments. */
  readonly piuSizeMax?: number;
}
