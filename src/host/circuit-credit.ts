import { FLOW, FLOW_OPERATOR } from '../dlsw/ssp.js';

/**
 * DLSw flow control of one circuit, both ways. Units are INFOFRAMEs; nothing goes before the receiver has granted some.
 * @source RFC 1795 section 8
 */
export class CircuitCredit {
  /** INFOFRAMEs we may still send, and the partner may still send. */
  grantedOut = 0;
  grantedIn = 0;
  /** The partner granted, and we have not acknowledged yet. */
  owesAcknowledgment = false;
  private windowOut: number;
  private isReset = false;
  private readonly windowIn: number;
  /** We granted, and the partner has not acknowledged yet. */
  private isUnacknowledged = false;

  /** @param windowIn what we said in our capabilities @param windowOut what the partner said */
  constructor(windowIn: number, windowOut: number) {
    this.windowIn = windowIn;
    this.windowOut = windowOut;
  }

  /** Time for another grant: half of it is used up. Never blocked for good by an acknowledgment that got lost. */
  get isGrantDue(): boolean {
    if (this.isUnacknowledged && this.grantedIn > 0) return false;
    return this.grantedIn <= this.windowIn >> 1;
  }

  /** The flow control byte of a message that goes out now: acknowledgment and grant, as far as they are due. */
  takeByte(): number {
    let byte = 0;
    if (this.owesAcknowledgment) {
      this.owesAcknowledgment = false;
      byte = FLOW.acknowledgment;
    }
    if (!this.isGrantDue) return byte;
    this.grantedIn += this.windowIn;
    this.isUnacknowledged = true;
    return byte | FLOW.indication | FLOW_OPERATOR.repeat;
  }

  /** An INFOFRAME came. @returns false when it was not granted */
  takeIn(): boolean {
    this.grantedIn -= 1;
    return this.grantedIn >= 0;
  }

  /** The flow control byte of a message that came. @returns false when it breaks the rules */
  onByte(byte: number, isIfcm: boolean): boolean {
    if ((byte & FLOW.acknowledgment) !== 0) this.isUnacknowledged = false;
    if ((byte & FLOW.indication) === 0) return (byte & FLOW.operator) === 0;
    this.owesAcknowledgment = true;
    return this.operate(byte & FLOW.operator, isIfcm);
  }

  private operate(operator: number, isIfcm: boolean): boolean {
    if (this.isReset && operator !== FLOW_OPERATOR.increment) return false;
    this.isReset = false;
    if (operator === FLOW_OPERATOR.reset) {
      this.windowOut = 0;
      this.grantedOut = 0;
      this.isReset = true;
      return isIfcm;
    }
    if (operator === FLOW_OPERATOR.increment) this.windowOut += 1;
    else if (operator === FLOW_OPERATOR.decrement) {
      if (this.windowOut <= 1) return false;
      this.windowOut -= 1;
    } else if (operator === FLOW_OPERATOR.halve) this.windowOut = Math.max(1, this.windowOut >> 1);
    else if (operator !== FLOW_OPERATOR.repeat) return false;
    this.grantedOut += this.windowOut;
    return true;
  }
}
