import { FLOW, FLOW_OPERATOR } from './ssp.js';

const WINDOW_MAX = 0xffff;

/**
 * What we may send on one circuit: the sender's half of flow control.
 * @source RFC 1795 sections 8.1 to 8.6 and 8.9.1
 */
export class SendCredit {
  /** CurrentWindow: the base of the next grant, set by the receiver. */
  window: number;
  /** GrantedUnits: INFOFRAMEs that may go out now. Nothing may before the first indication. */
  granted = 0;
  /** The next frame of this circuit carries FCA. */
  ackOwed = false;
  /** A reset was received: an IFCM with FCA is due at once. */
  resetAckOwed = false;
  private isReset = false;

  /** @param initialWindow control vector 83 of the receiver, 1..65535 */
  constructor(initialWindow: number) {
    this.window = initialWindow;
  }

  /**
   * The receiver sent FCI with this operator.
   * @returns what was wrong with it, or undefined; indications that overtake our acknowledgment are taken
   */
  indicated(operator: number): string | undefined {
    if (this.isReset && operator !== FLOW_OPERATOR.increment) return 'after a reset only an increment may come';
    if (operator === FLOW_OPERATOR.reset) return this.reset();
    if (operator > FLOW_OPERATOR.halve) return `reserved operator ${operator}`;
    if (operator === FLOW_OPERATOR.decrement && this.window <= 1) return 'decrement of a window of one';
    if (operator === FLOW_OPERATOR.increment && this.window === WINDOW_MAX) return 'window beyond 65535';
    this.isReset = false;
    this.window = nextWindow(this.window, operator);
    this.granted += this.window;
    this.ackOwed = true;
    return undefined;
  }

  private reset(): undefined {
    this.window = 0;
    this.granted = 0;
    this.isReset = true;
    // Only the reset is acknowledged, even when an earlier indication still was to be.
    this.ackOwed = false;
    this.resetAckOwed = true;
    return undefined;
  }
}

function nextWindow(window: number, operator: number): number {
  if (operator === FLOW_OPERATOR.increment) return window + 1;
  if (operator === FLOW_OPERATOR.decrement) return window - 1;
  if (operator === FLOW_OPERATOR.halve) return window > 1 ? window >>> 1 : window;
  return window;
}

/** Which rules the peer is held to; see DlswOptions. */
export interface GrantRules {
  readonly enforceCredit: boolean;
  readonly requireFca: boolean;
}

/**
 * What the peer may send to us on one circuit: the receiver's half of flow control. It grants one window whenever
 * half of it or less is left, so a peer that keeps the rules has always acknowledged the grant before.
 * @source RFC 1795 sections 8.1 to 8.7
 */
export class ReceiveGrant {
  window: number;
  /** Units granted and not yet used; stays at 0 when the peer sends without being granted. */
  granted = 0;
  /** The peer has not acknowledged our last indication. Kept for `requireFca`: acknowledgments get lost. */
  ackOwed = false;
  /** An indication is to go out: on the next frame, or on its own when this tick has none. */
  isDue = true;
  /** Units that came without a grant. */
  overruns = 0;
  private operator: number = FLOW_OPERATOR.repeat;
  private lastGrant = 0;
  /** none; due: a reset is to be sent; sent: its acknowledgment is awaited; done: held until resume. */
  private resetState: 'none' | 'due' | 'sent' | 'done' = 'none';
  private readonly rules: GrantRules;

  /** @param initialWindow our control vector 83, 1..65535 */
  constructor(initialWindow: number, rules: GrantRules) {
    this.window = initialWindow;
    this.rules = rules;
  }

  /** One unit came. @returns false when it breaks a rule the peer is held to */
  unit(): boolean {
    if (this.granted === 0) {
      this.overruns += 1;
      this.refresh();
      return !this.rules.enforceCredit;
    }
    this.granted -= 1;
    if (this.ackOwed && this.granted < this.lastGrant) {
      // It uses units of the indication it has not acknowledged: the FCA is lost, or the peer never sends any.
      if (this.rules.requireFca) return false;
      this.ackOwed = false;
    }
    if (this.granted <= this.window >>> 1) this.refresh();
    return true;
  }

  /** FCA came. @param isIndependent on an IFCM, as the answer to a reset has to be */
  acknowledged(isIndependent: boolean): void {
    if (this.resetState === 'sent' && isIndependent) {
      this.resetState = 'done';
      this.granted = 0;
    }
    this.ackOwed = false;
    this.refresh();
  }

  /**
   * Flow bits (FCI and operator) for a frame that goes out now, 0 when none are due. Counts the grant.
   * @param isIndependent the frame is an IFCM: the only one that may carry a reset
   */
  takeIndication(isIndependent: boolean): number {
    if (!this.isDue) return 0;
    if (this.resetState === 'due') return isIndependent ? this.takeReset() : 0;
    const operator = this.operator;
    this.window = nextWindow(this.window, operator);
    this.granted += this.window;
    this.lastGrant = this.window;
    this.operator = FLOW_OPERATOR.repeat;
    this.ackOwed = true;
    this.refresh();
    return FLOW.indication | operator;
  }

  /** Use this operator, once, in the next grant: 0 repeat, 1 increment, 2 decrement, 4 halve. False when it may not be. */
  plan(operator: number): boolean {
    const { increment, decrement, reset, halve } = FLOW_OPERATOR;
    if (operator === reset || operator > halve || this.resetState !== 'none') return false;
    // After a reset only an increment may come, and that is on its way.
    if (this.window === 0) return operator === increment;
    if (operator === decrement && this.window <= 1) return false;
    if (operator === increment && this.window >= WINDOW_MAX) return false;
    this.operator = operator;
    return true;
  }

  /** Take all grants back (reset operator), until `resume`. What is on its way is still taken. */
  hold(): void {
    if (this.resetState !== 'none') return;
    this.resetState = 'due';
    this.isDue = true;
  }

  /** End a `hold` the peer has acknowledged: grants start again from a window of one. False when it has not yet. */
  resume(): boolean {
    if (this.resetState !== 'done') return false;
    this.resetState = 'none';
    this.operator = FLOW_OPERATOR.increment;
    this.refresh();
    return true;
  }

  private takeReset(): number {
    this.resetState = 'sent';
    this.window = 0;
    this.ackOwed = false;
    this.isDue = false;
    return FLOW.indication | FLOW_OPERATOR.reset;
  }

  private refresh(): void {
    const isWaiting = this.rules.requireFca && this.ackOwed;
    const isLow = this.granted <= this.window >>> 1;
    this.isDue = this.resetState === 'due' || (this.resetState === 'none' && isLow && !isWaiting);
  }
}
