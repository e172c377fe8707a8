import { MODE, type SessionRules } from './bind-rules.js';
import type { ProtocolRule } from './protocol-errors.js';

/**
 * Bracket states. UNUSED: the session has none. BETB between brackets. BID_SENT: our BID waits for its response. BID_WON: it
 * was accepted, our BB comes next. BID_TAKEN: we accepted the partner's BID, its BB comes next. INB in bracket. END_SENT:
 * EB sent with definite response under rule 1, the bracket ends with the positive response.
 */
export type BracketState = 'UNUSED' | 'BETB' | 'BID_SENT' | 'BID_WON' | 'BID_TAKEN' | 'INB' | 'END_SENT';

/** Whose turn it is: ours, the partner's, or nobody's (between brackets, contention, full duplex). */
export type Turn = 'OURS' | 'THEIRS' | 'FREE';

/** What stands between us and sending a chain now: nothing, a BID that has to go first, or waiting. */
export type SendLeave = 'now' | 'bid' | 'wait';

/** Outcome of the start of a received chain. `race`: the partner is within its rights but loses (080B). */
export type StartOutcome = ProtocolRule | 'race' | undefined;

/**
 * Brackets and direction of one session as the primary sees them.
 * @source SNA Formats GA27-3136, RH BB/EB/CD; sna-wire 3.6
 */
export class Brackets {
  state: BracketState = 'UNUSED';
  turn: Turn = 'FREE';
  /** We began this bracket and the partner has shown nothing since: its own BB may have crossed ours. */
  private mayRace = false;
  private readonly rules: SessionRules;
  private readonly isFlipFlop: boolean;

  constructor(rules: SessionRules) {
    this.rules = rules;
    this.isFlipFlop = rules.mode === MODE.flipFlop;
    this.reset();
  }

  /** As after BIND and CLEAR. */
  reset(): void {
    this.mayRace = false;
    if (this.rules.brackets && this.rules.resetBetween) {
      this.toBetween();
      return;
    }
    this.state = this.rules.brackets ? 'INB' : 'UNUSED';
    this.turn = this.isFlipFlop ? (this.rules.pluSendsFirst ? 'OURS' : 'THEIRS') : 'FREE';
  }

  get isBetween(): boolean {
    return this.state === 'BETB' || this.state === 'UNUSED';
  }

  /** A chain (or LUSTAT) of the partner begins. @returns the rule it breaks, 'race', or undefined when it is fine */
  receiveStart(hasBb: boolean): StartOutcome {
    if (this.state !== 'UNUSED') {
      if (hasBb) {
        if (this.state === 'INB' || this.state === 'END_SENT') return this.mayRace ? 'race' : 'BRACKET';
        this.state = 'INB';
        this.mayRace = false;
        this.turn = this.isFlipFlop ? 'THEIRS' : 'FREE';
        return undefined;
      }
      if (this.state !== 'INB') return 'BRACKET';
    }
    this.mayRace = false;
    return this.isFlipFlop && this.turn === 'OURS' ? 'DIRECTION' : undefined;
  }

  /** A chain of the partner was accepted as a whole. */
  receiveEnd(hasCd: boolean, hasEb: boolean): void {
    if (hasEb) this.toBetween();
    else if (hasCd) this.turn = 'OURS';
    else if (!this.isFlipFlop) this.turn = 'FREE';
  }

  /** We refused a chain of the partner for another reason than a lost race: recovery, and so the turn, is ours. */
  receiveRejected(): void {
    if (this.isFlipFlop && this.state === 'INB') this.turn = 'OURS';
  }

  /** The partner bids. @returns true when it may begin a bracket */
  receiveBid(): boolean {
    if (this.state !== 'BETB') return false;
    this.state = 'BID_TAKEN';
    return true;
  }

  /** May a chain of ours go? */
  leave(): SendLeave {
    if (this.state === 'UNUSED' || this.state === 'INB') return this.turn === 'THEIRS' ? 'wait' : 'now';
    if (this.state === 'BID_WON') return 'now';
    if (this.state === 'BETB') return this.rules.sluFirstSpeaker ? 'bid' : 'now';
    return 'wait';
  }

  /** We sent a BID. */
  sendBid(): void {
    this.state = 'BID_SENT';
  }

  /** The partner answered our BID. */
  onBidResponse(isPositive: boolean): void {
    if (this.state !== 'BID_SENT') return;
    this.state = isPositive ? 'BID_WON' : 'BETB';
  }

  /** A chain of ours begins. @returns true when it must carry BB */
  sendStart(): boolean {
    if (this.isFlipFlop) this.turn = 'OURS';
    if (this.state === 'UNUSED' || this.state === 'INB') return false;
    this.state = 'INB';
    this.mayRace = true;
    return true;
  }

  /** A chain of ours is out. */
  sendEnd(hasCd: boolean, hasEb: boolean, isDefinite: boolean): void {
    if (hasEb) {
      if (isDefinite && this.rules.rule1) this.state = 'END_SENT';
      else this.toBetween();
    } else if (hasCd) this.turn = 'THEIRS';
    else this.turn = this.isFlipFlop ? 'OURS' : 'FREE';
  }

  /** The partner answered a chain of ours. */
  onResponse(isPositive: boolean): void {
    this.mayRace = false;
    if (this.state !== 'END_SENT') {
      if (!isPositive && this.isFlipFlop && this.state === 'INB') this.turn = 'OURS';
      return;
    }
    if (isPositive) this.toBetween();
    else {
      this.state = 'INB';
      this.turn = this.isFlipFlop ? 'OURS' : 'FREE';
    }
  }

  /** The partner refused our BB (080B, 0813, 0814): there is no bracket. */
  onRefused(): void {
    if (this.state === 'INB' || this.state === 'END_SENT') this.toBetween();
  }

  private toBetween(): void {
    this.state = this.rules.brackets ? 'BETB' : 'UNUSED';
    this.turn = 'FREE';
    this.mayRace = false;
  }
}
