import type { ErrorRecord } from '../base/errors.js';
import type { EventName } from '../base/events.js';
import type { LogLevel, LogOptions, LogPart } from '../base/log.js';
import type { GroupConfig, LinkConfig } from '../config/model.js';

/** What a worker is given when it starts; `port` is its mailbox. */
export interface WorkerStart {
  readonly workerId: number;
  readonly link: LinkConfig;
  readonly groups: readonly GroupConfig[];
  readonly log: LogOptions;
  readonly replySizeMax: number;
  /** Bindings for the log, such as the server's name. */
  readonly bindings: Record<string, unknown>;
}

/** How a worker's one long task ended, when it ended by itself. */
export interface WorkerEnd {
  readonly workerId: number;
  readonly reason: 'stopped' | 'failed';
  readonly error?: ErrorRecord;
}

/**
 * The states of an LU session of a link, which are the lists of its session table.
 * DOWN: no SSCP-LU session. INIT_PENDING: INIT-SELF sent. QUEUED_AT_HOST: accepted, BIND may take long.
 * PENDING_ACTIVE: bound, SDT awaited. ACTIVE: free for a request. BUSY: carries a request. LATE: its caller left,
 * the reply is still due. OPEN: kept by a program, from open to close. RETRY: refused or ended, waits for its back-off. CLOSING: being ended by us.
 * HELD: not before an operator acts.
 */
export const SESSION_STATES = [
  'DOWN',
  'READY_TO_INIT',
  'INIT_PENDING',
  'QUEUED_AT_HOST',
  'PENDING_ACTIVE',
  'ACTIVE',
  'BUSY',
  'LATE',
  'OPEN',
  'RETRY',
  'CLOSING',
  'HELD',
] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** One LU session as `hostlink status` shows it. */
export interface SessionRow {
  readonly lu: string;
  readonly pu: string;
  readonly localAddress: number;
  readonly state: SessionState;
  readonly group: number;
  /** What last went wrong here, in words; '' when nothing did. */
  readonly reason: string;
  readonly calls: number;
}

/** A link's state as operators see it. */
export type LinkState = 'DOWN' | 'CONNECTING' | 'CONNECTED' | 'ACTIVE' | 'STOPPING';

/** Sent whenever it changed, at most once per tick. */
export interface WorkerReport {
  readonly link: LinkState;
  /** Why the link is not ACTIVE; '' when it is. */
  readonly reason: string;
  /** Usable sessions (ACTIVE, BUSY, LATE, OPEN) per group index. */
  readonly ready: readonly number[];
  /** Sessions by state, in the order of SESSION_STATES. */
  readonly states: readonly number[];
}

/** Counters of a worker since its start. */
export interface WorkerCounters {
  readonly requests: number;
  readonly replies: number;
  readonly refused: number;
  readonly lateReplies: number;
  readonly piusIn: number;
  readonly piusOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly protocolErrors: number;
  readonly sessionsLost: number;
}

/**
 * What a request asks for, in one number.
 *   group index                                a call on any free session of the group
 *   LU_TARGET + place                          a call on one LU, by its place among all of the link, PU by PU
 *   OPEN_TARGET + (either of these)            keep that session; the request lives until the session is given back
 *   HELD_CALL, HELD_SEND, HELD_RECEIVE + slot  on the session kept by the request in that slot;
 *                                              HELD_SEND with flags of HELD_MESSAGE times HELD_FLAG
 */
export const LU_TARGET = 0x8000_0000;
export const OPEN_TARGET = 0x1000_0000;
export const HELD_CALL = 0x2000_0000;
export const HELD_SEND = 0x3000_0000;
export const HELD_RECEIVE = 0x4000_0000;
/** What of a target says what to do with a held session; below it are flags and slot. */
export const HELD_MASK = 0x7000_0000;
export const HELD_FLAG = 0x0010_0000;
/** Slot of the request that keeps the session. */
export const HELD_SLOT_MASK = 0x000f_ffff;

/**
 * How a message leaves things: the turn goes to the other side, the bracket ends. Flags of HELD_SEND, and the first byte
 * of what HELD_RECEIVE is answered with, before the message itself.
 */
export const HELD_MESSAGE = { turn: 1, bracketEnd: 2 } as const;

/** What an operator changes inside a worker. LUs are named; one that the link does not have is passed over. */
export type OperatorChange =
  /** End these sessions in order once their requests are done, and keep them HELD, whatever happens to the link. */
  | { readonly name: 'deactivate'; readonly lus: readonly string[] }
  /** Bring these sessions up again, also those HELD for another reason. */
  | { readonly name: 'activate'; readonly lus: readonly string[] }
  | { readonly name: 'loglevel'; readonly part: LogPart; readonly level: LogLevel };

/** What an OperatorChange came to: LUs it was about, and how many of them are HELD now. */
export interface OperatorChanged {
  readonly lus: number;
  readonly held: number;
}

/** To a worker. A closed union: the other union below is the way back. */
export type ToWorker =
  /** Requests of one tick or a part of it, packed by RequestBlock; the block is transferred. */
  | { readonly kind: 'requests'; readonly block: ArrayBuffer }
  /** Callers of these requests left. Each still gets its one answer. */
  | { readonly kind: 'cancel'; readonly ids: readonly number[] }
  | { readonly kind: 'ping'; readonly seq: number }
  | { readonly kind: 'inspect'; readonly seq: number }
  /** Record PIUs (and DLSw frames) and send them as `trace`. */
  | { readonly kind: 'trace'; readonly pius: boolean; readonly dlsw: boolean }
  /** Change what an operator asked for, and confirm it with `operated`. */
  | { readonly kind: 'operate'; readonly seq: number; readonly change: OperatorChange }
  /** Finish what runs, end the sessions in order, at the latest after graceMs. */
  | { readonly kind: 'stop'; readonly graceMs: number };

/** From a worker. */
export type FromWorker =
  /** Answers of one tick or a part of it, packed by AnswerBlock; the block is transferred. */
  | { readonly kind: 'answers'; readonly block: ArrayBuffer }
  | { readonly kind: 'report'; readonly report: WorkerReport }
  | { readonly kind: 'pong'; readonly seq: number; readonly counters: WorkerCounters; readonly heapBytes: number }
  | {
      readonly kind: 'inspected';
      readonly seq: number;
      readonly rows: readonly SessionRow[];
      readonly counters: WorkerCounters;
    }
  | { readonly kind: 'operated'; readonly seq: number; readonly changed: OperatorChanged }
  /** Something an operator may want to see, see base/events. */
  | { readonly kind: 'event'; readonly name: EventName; readonly details: Record<string, unknown> }
  /** Recorded packets, see trace/records. */
  | { readonly kind: 'trace'; readonly block: ArrayBuffer };
