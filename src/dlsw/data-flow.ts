import { HostLinkError } from '../base/errors.js';
import { Backlog } from './backlog.js';
import type { CircuitEnds } from './circuit-ends.js';
import type { CircuitCarrier, CircuitCounters } from './circuit-types.js';
import { ReceiveGrant, SendCredit } from './flow-control.js';
import { FLOW, INFO_HEADER, writeIfcm, writeInfoHeader } from './ssp.js';

/** The data of one circuit, both ways: credit, grants, what waits, and the writing of INFOFRAMEs. */
export class DataFlow {
  /** Where the PIU starts in the buffer that `reserve` gave. */
  at = 0;
  piusIn = 0;
  piusOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Set and cleared by the carrier: this flow is in its list of those that owe a grant. */
  isListed = false;
  private isOpen = false;
  private readonly carrier: CircuitCarrier;
  private readonly ends: CircuitEnds;
  private credit: SendCredit;
  private grant: ReceiveGrant;
  private readonly backlog = new Backlog();

  constructor(carrier: CircuitCarrier, ends: CircuitEnds) {
    this.carrier = carrier;
    this.ends = ends;
    this.credit = new SendCredit(carrier.peerWindow);
    this.grant = new ReceiveGrant(carrier.dlsw.window, carrier.dlsw);
  }

  /** The circuit starts: windows as agreed in the capabilities exchange, nothing granted yet. */
  open(): void {
    this.isOpen = true;
    this.credit = new SendCredit(this.carrier.peerWindow);
    this.grant = new ReceiveGrant(this.carrier.dlsw.window, this.carrier.dlsw);
  }

  /** The circuit is being ended: what waits is dropped, and nothing goes out any more. */
  close(): void {
    this.isOpen = false;
    this.dropBacklog();
  }

  dropBacklog(): void {
    this.backlog.clear();
  }

  /** PIUs that can be reserved now. */
  get room(): number {
    return this.credit.granted + this.carrier.backlogMax - this.backlog.count;
  }

  get counters(): CircuitCounters {
    const { credit, grant, backlog, piusIn, piusOut, bytesIn, bytesOut } = this;
    return {
      sendWindow: credit.window,
      sendGranted: credit.granted,
      receiveWindow: grant.window,
      receiveGranted: grant.granted,
      overruns: grant.overruns,
      backlog: backlog.count,
      piusIn,
      piusOut,
      bytesIn,
      bytesOut,
    };
  }

  /** Room for one PIU from `at` on, in the buffer returned. @throws HostLinkError LINK_CONGESTED */
  reserve(length: number): Buffer {
    // While anything waits there is no credit: each grant empties the backlog first, so order is kept.
    return this.credit.granted > 0 ? this.reserveOut(length) : this.reserveBacklog(length);
  }

  /** The hot path: one unit of credit, header in place, no allocation. */
  private reserveOut(length: number): Buffer {
    const { carrier, credit } = this;
    credit.granted -= 1;
    this.piusOut += 1;
    this.bytesOut += length;
    const at = carrier.reserve(INFO_HEADER + length);
    const out = carrier.out.bytes;
    const flow = credit.ackOwed || this.grant.isDue ? this.takeFlow(false) : 0;
    writeInfoHeader(out, at, length, this.ends.peerCorrelator, this.ends.peerPortId, flow);
    this.at = at + INFO_HEADER;
    return out;
  }

  private reserveBacklog(length: number): Buffer {
    const { backlogMax } = this.carrier;
    if (this.backlog.count >= backlogMax) {
      throw new HostLinkError('LINK_CONGESTED', '', { backlogMax, window: this.credit.window });
    }
    this.at = this.backlog.reserve(length);
    return this.backlog.bytes;
  }

  private drainBacklog(): void {
    while (this.backlog.count > 0 && this.credit.granted > 0) {
      const out = this.reserveOut(this.backlog.nextLength());
      this.backlog.shiftInto(out, this.at);
    }
  }

  /**
   * Account for the flow control byte of a message that came. New credit lets out what waits.
   * @param isIndependent the message is an IFCM
   * @returns the rule it breaks, or undefined
   */
  flowByte(flowByte: number, isIndependent: boolean): string | undefined {
    if (!this.isOpen) return undefined;
    if ((flowByte & FLOW.acknowledgment) !== 0) {
      this.grant.acknowledged(isIndependent);
      this.askForGrant();
    }
    if ((flowByte & FLOW.indication) !== 0) {
      const wrong = this.credit.indicated(flowByte & FLOW.operator);
      if (wrong !== undefined) return wrong;
      // A reset is acknowledged on its own and at once, never on another frame.
      if (this.credit.resetAckOwed) this.sendIndependent();
      if (this.backlog.count > 0) this.drainBacklog();
    }
    return undefined;
  }

  /** Account for one INFOFRAME or DGRMFRAME that came. @returns the rule it breaks, or undefined */
  unit(): string | undefined {
    if (!this.isOpen) return undefined;
    if (!this.grant.unit()) return 'units without a grant, or a grant not acknowledged';
    this.askForGrant();
    return undefined;
  }

  private askForGrant(): void {
    if (!this.grant.isDue || this.isListed) return;
    this.isListed = true;
    this.carrier.owesGrant(this);
  }

  /** Send an IFCM when a grant, or the acknowledgment of a reset, is still due; true when sent. */
  sendIndependent(): boolean {
    if (!this.isOpen || !(this.grant.isDue || this.credit.resetAckOwed)) return false;
    const at = this.carrier.reserve(INFO_HEADER);
    writeIfcm(this.carrier.out.bytes, at, this.ends.peerCorrelator, this.ends.peerPortId, this.takeFlow(true));
    return true;
  }

  /** Flow control byte of a message that goes out now; what was due then no longer is. */
  takeFlow(isIndependent: boolean): number {
    if (!this.isOpen) return 0;
    const { credit } = this;
    let bits = this.grant.takeIndication(isIndependent);
    if (credit.ackOwed || (credit.resetAckOwed && isIndependent)) {
      bits |= FLOW.acknowledgment;
      credit.ackOwed = false;
      if (isIndependent) credit.resetAckOwed = false;
    }
    return bits;
  }
}
