import type { ProtocolRule } from './protocol-errors.js';

/** What a request of ours was, for the one who gets its response. */
export interface SentRequest {
  /** Sequence number of the RU that carries the request for response. */
  readonly snf: number;
  /** First RU of its chain. */
  readonly chainFrom: number;
  /** DR1, DR2 and ERI as sent. */
  readonly form: number;
  /** Request code of a DFC request; -1 for data. */
  readonly code: number;
}

const DR_MASK = 0xa0;
const RANGES_MAX = 64;

/** Is `a` at or before `b`, counting modulo 65536? */
function isUpTo(a: number, b: number): boolean {
  return ((b - a) & 0xffff) < 0x8000;
}

interface ExceptionRange {
  readonly from: number;
  to: number;
  readonly dr: number;
}

/** The requests of one normal flow of ours that may still be answered. */
export class SentRequests {
  private definite: SentRequest[] = [];
  /** RUs sent with exception response: only a negative response may come, for any of them. */
  private exceptions: ExceptionRange[] = [];

  reset(): void {
    this.definite = [];
    this.exceptions = [];
  }

  /** A definite response is due. */
  get isWaiting(): boolean {
    return this.definite.length > 0;
  }

  sentDefinite(request: SentRequest): void {
    this.definite.push(request);
  }

  /** @param form RH byte 1 as sent, with ERI */
  sentException(snf: number, form: number): void {
    const dr = form & DR_MASK;
    const { length } = this.exceptions;
    // To read element -1 of an empty array makes every later read here a slow one.
    const last = length > 0 ? this.exceptions[length - 1] : undefined;
    if (last && last.dr === dr && ((last.to + 1) & 0xffff) === snf) {
      // A range of half the number space and more could not be told from the past.
      last.to = snf;
      if (((last.to - last.from) & 0xffff) > 0x4000) this.exceptions[length - 1] = { from: snf, to: snf, dr };
      return;
    }
    if (length === RANGES_MAX) this.exceptions.shift();
    this.exceptions.push({ from: snf, to: snf, dr });
  }

  /**
   * Find and close the request that a response answers.
   * @param rh1 RH byte 1 of the response
   * @returns the request, or the rule that the response breaks
   */
  match(snf: number, rh1: number, isPositive: boolean): SentRequest | ProtocolRule {
    const index = this.definite.findIndex((request) => request.snf === snf || (!isPositive && isWithin(request, snf)));
    if (index < 0) return isPositive ? 'RESPONSE_UNEXPECTED' : this.matchException(snf, rh1);
    const request = this.definite[index]!;
    this.definite.splice(index, 1);
    this.exceptions = this.exceptions.filter((range) => !isUpTo(range.to, snf));
    if (index > 0) return 'RESPONSE_ORDER';
    return (request.form & DR_MASK) === (rh1 & DR_MASK) ? request : 'RESPONSE_FORM';
  }

  private matchException(snf: number, rh1: number): SentRequest | ProtocolRule {
    const range = this.exceptions.find((one) => isUpTo(one.from, snf) && isUpTo(snf, one.to));
    if (!range) return 'RESPONSE_UNEXPECTED';
    if ((rh1 & DR_MASK) !== range.dr) return 'RESPONSE_FORM';
    return { snf, chainFrom: snf, form: range.dr | 0x10, code: -1 };
  }
}

function isWithin(request: SentRequest, snf: number): boolean {
  return isUpTo(request.chainFrom, snf) && isUpTo(snf, request.snf);
}
