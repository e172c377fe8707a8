import type { Clock } from '../base/clock.js';
import type { ChainSpares } from './chain-buffer.js';
import type { LedgerRow, OnLedger } from './ledger.js';
import type { PiuOut } from './piu-out.js';
import type { ProtocolErrors } from './protocol-errors.js';
import type { PrimarySession } from './session.js';

/** Why a session is no more. */
export interface SessionEnd {
  /** refused: the LU rejected BIND or SDT. unbound: UNBIND by either side. lost: link or SSCP session gone. */
  readonly kind: 'refused' | 'unbound' | 'lost';
  /** Sense data of the refusal, or of an UNBIND FE; 0 otherwise. */
  readonly sense: number;
  /** UNBIND type; 0 when there was none. */
  readonly unbindType: number;
}

/** What a primary session needs of the LU it belongs to. */
export interface SessionOwner {
  readonly puName: string;
  readonly name: string;
  readonly localAddress: number;
  readonly piuSizeMax: number;
  readonly chainSizeMax: number;
  readonly chainSpares: ChainSpares;
  readonly isSequenceStrict: boolean;
  readonly clock: Clock;
  readonly errors: ProtocolErrors;
  readonly out: PiuOut;
  readonly onLedger: OnLedger | undefined;
  sessionActive(session: PrimarySession): void;
  sessionEnded(session: PrimarySession, end: SessionEnd): void;
}

/** The behaviour of a primary application. All calls are made in the turn of the PIU that caused them. */
export interface Program {
  /** false: the program answers chains itself with `respond` or `reject`. */
  readonly respondsAtOnce: boolean;
  /** A whole chain came; `bytes[from, to)` is valid during the call only. */
  onChain(session: PrimarySession, bytes: Buffer, from: number, to: number): void;
  onStart?(session: PrimarySession): void;
  onEnd?(session: PrimarySession): void;
  /** Data traffic begins anew (CLEAR): what came before is not answered any more. */
  onReset?(session: PrimarySession): void;
  /** A control request of the LU was answered: its request code. */
  onControl?(session: PrimarySession, code: number): void;
  /** A chain or control request of ours was answered; sense 0 when positively. */
  onResponse?(session: PrimarySession, sense: number): void;
}

/** An application as sessions see it. */
export interface SessionApplication {
  readonly name: string;
  /** OAF of its BINDs. */
  readonly address: number;
  readonly program: Program;
  readonly repliesDefinite: boolean;
}

export type { LedgerRow };
