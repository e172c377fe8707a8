import { assert } from '../base/assert.js';
import { type ErrorCode, HostLinkError } from '../base/errors.js';
import { CircuitEnds } from './circuit-ends.js';
import { CIRCUIT_MACHINE, type CircuitAction, type CircuitEvent, type CircuitState } from './circuit-machine.js';
import { EVENT_OF, FLOW_CARRIERS, haltReasonOf, MESSAGE_OF, TIMER_OF } from './circuit-messages.js';
import type {
  CircuitAddress,
  CircuitCarrier,
  CircuitCounters,
  CircuitHandler,
  CircuitOptions,
} from './circuit-types.js';
import { DataFlow } from './data-flow.js';
import { FLOW, SSP, SSP_FLAG_EXPLORER, type SspControl } from './ssp.js';

const NO_DATA = new Uint8Array(0);
/** Answers to a peer that asks for our XID over and over: so many at once, then one per interval. */
const XID_BURST = 8;
const XID_INTERVAL_MS = 500;

/**
 * One circuit: the data link between our station and one station behind the peer. Made by `DlswPeer.openCircuit` and
 * `awaitCircuit`; lives until `disconnected` was told.
 */
export class Circuit {
  /** Where the PIU starts in the buffer that `reservePiu` gave; valid until the next `reservePiu`. */
  at = 0;
  /** What the peer finds us by; unique within the link, never 0. */
  readonly correlator: number;
  /** As given, MAC addresses in lower case. */
  readonly address: CircuitAddress;
  readonly isPrimary: boolean;
  /** Messages that had no meaning in the state they met. */
  ignored = 0;
  private readonly carrier: CircuitCarrier;
  private readonly xid: Uint8Array;
  private readonly handler: CircuitHandler;
  private readonly ends: CircuitEnds;
  private readonly flow: DataFlow;

  private current: CircuitState = 'DISCONNECTED';
  /** The state before, for reports. */
  private previous: CircuitState = 'DISCONNECTED';
  private cancelTimer: (() => void) | undefined;
  private tries = 0;
  private triesMax = 1;
  private xidAnswers = 0;
  private xidSinceMs = 0;
  private isXidDue = false;
  /** Details for the next report: why the peer, or the connection, ended it. */
  private reason: HostLinkError | undefined;
  private haltReason = '';
  private otherReply: SspControl | undefined;
  private hasReported = false;

  /** @param xid what an XIDFRAME of ours carries, 0 or more bytes; kept, not copied */
  constructor(
    carrier: CircuitCarrier,
    correlator: number,
    address: CircuitAddress,
    xid: Uint8Array,
    handler: CircuitHandler,
    options: CircuitOptions,
  ) {
    this.carrier = carrier;
    this.correlator = correlator;
    this.address = address;
    this.xid = xid;
    this.handler = handler;
    this.isPrimary = options.isPrimary ?? false;
    this.ends = new CircuitEnds(correlator, address, carrier.piuSizeMax, carrier.peerTransportId);
    this.flow = new DataFlow(carrier, this.ends);
  }

  get state(): CircuitState {
    return this.current;
  }

  get isConnected(): boolean {
    return this.current === 'CONNECTED';
  }

  /** PIUs that may be reserved now without LINK_CONGESTED; 0 while not connected. */
  get room(): number {
    return this.isConnected ? this.flow.room : 0;
  }

  get counters(): CircuitCounters {
    return this.flow.counters;
  }

  /**
   * Room for one PIU of `length` bytes, which the caller fills at once, from `at` on, in the buffer returned: the
   * connection's out block while there is credit, else a backlog that goes out, in order, as credit comes.
   * @throws HostLinkError LINK_LOST (not connected), PIU_TOO_LONG, LINK_CONGESTED (backlogMax PIUs of this circuit wait
   * already); nothing was reserved then, and the circuit goes on
   */
  reservePiu(length: number): Buffer {
    if (this.current !== 'CONNECTED' || length > this.carrier.piuSizeMax) throw this.notSendable(length);
    const buffer = this.flow.reserve(length);
    this.at = this.flow.at;
    return buffer;
  }

  private notSendable(length: number): HostLinkError {
    const { piuSizeMax } = this.carrier;
    if (length > piuSizeMax) return new HostLinkError('PIU_TOO_LONG', '', { length, piuSizeMax });
    return new HostLinkError('LINK_LOST', 'The circuit is not connected.', { state: this.current });
  }

  /** End the circuit in order: HALT_DL, then `disconnected` (LINK_LOST) once the peer answered or haltMs passed. */
  halt(): void {
    this.step('HALT');
  }

  /** Reset the data link: RESTART_DL, then `restarted` once the peer answered. */
  restart(): void {
    this.step('RESTART');
  }

  /** For the carrier: start as origin, or wait to be called. */
  begin(event: 'OPEN' | 'OPEN_KNOWN' | 'AWAIT'): void {
    this.ends.isOrigin = event !== 'AWAIT';
    this.step(event);
  }

  /** For the carrier: the connection is gone. @param reason told to the owner */
  transportLost(reason: HostLinkError): void {
    this.reason = reason;
    this.step('XPORT_FAILURE');
  }

  /** For the carrier: end it without a word to anyone. */
  stop(): void {
    this.hasReported = true;
    this.step('XPORT_FAILURE');
  }

  /** For the carrier: an INFOFRAME came, its PIU in `bytes[from, to)`. Once per PIU. */
  infoFrame(bytes: Buffer, from: number, to: number, flowByte: number): void {
    const { flow } = this;
    if (flowByte !== 0) this.flowByte(flowByte, false);
    const wrong = flow.unit();
    if (wrong !== undefined) this.broke(wrong);
    if (this.current !== 'CONNECTED') {
      this.ignored += 1;
      return;
    }
    flow.piusIn += 1;
    flow.bytesIn += to - from;
    this.handler.piu(bytes, from, to);
  }

  /** For the carrier: the flow control byte of a message of this circuit. @param isIndependent it was an IFCM */
  flowByte(flowByte: number, isIndependent: boolean): void {
    const wrong = this.flow.flowByte(flowByte, isIndependent);
    if (wrong !== undefined) this.broke(wrong);
  }

  private broke(rule: string): void {
    this.reason = new HostLinkError('LINK_PROTOCOL_ERROR', `Flow control: ${rule}.`, { ...this.address, rule });
    this.step('BROKEN');
  }

  /** For the carrier: a control message of this circuit, or one that may start it. */
  receive(message: SspControl): void {
    const type = message.messageType;
    if (type === SSP.ICANREACH) return this.receiveReply(message);
    if (FLOW_CARRIERS.has(type)) this.flowByte(message.flowByte, false);
    if (type === SSP.DGRMFRAME) return this.countDatagram();
    if (type === SSP.CANUREACH) this.takeCall(message);
    if (type === SSP.REACH_ACK) this.ends.learn(message);
    if (type === SSP.HALT_DL || type === SSP.HALT_DL_NOACK) this.haltReason = haltReasonOf(message.data);
    const event = type === SSP.XIDFRAME ? this.xidEvent(message) : EVENT_OF.get(type);
    if (event === undefined || !this.isWelcome(event)) this.ignored += 1;
    else this.step(event);
  }

  /** UI frames are no business of ours, but they use units. */
  private countDatagram(): void {
    this.ignored += 1;
    const wrong = this.flow.unit();
    if (wrong !== undefined) this.broke(wrong);
  }

  /** ICANREACH: the answer to our explorer, to our circuit start, or one too many. */
  private receiveReply(message: SspControl): void {
    if ((message.flags & SSP_FLAG_EXPLORER) !== 0) return this.step('ICANREACH_EX');
    if (this.current === 'CIRCUIT_START') {
      this.ends.learn(message);
      this.flow.open();
      // It cannot acknowledge: nothing was indicated yet.
      this.flowByte(message.flowByte & ~FLOW.acknowledgment, false);
      return this.step('ICANREACH_CS');
    }
    // The same reply again is no second partner: refusing it would end the circuit we have.
    if (this.ends.isSamePeer(message)) return;
    this.otherReply = message;
    this.step('ICANREACH_OTHER');
  }

  /** CANUREACH_cs: who calls, by which ids, and how large its frames may be. */
  private takeCall(message: SspControl): void {
    if (this.current !== 'AWAITING' && this.current !== 'CIRCUIT_PENDING' && !this.isCalling) return;
    this.ends.called(message);
    this.flow.open();
  }

  /** We are looking for the peer's station and have no circuit yet. */
  get isCalling(): boolean {
    return this.current === 'EXPLORING' || this.current === 'CIRCUIT_START';
  }

  /** The peer calls, or called, us: a station here may be found by explorers. */
  get isTarget(): boolean {
    return !this.ends.isOrigin;
  }

  /** Is this CANUREACH_cs from the station we are being called by? */
  isCalledBy(message: SspControl): boolean {
    return this.isTarget && this.ends.isFrom(message);
  }

  private xidEvent(message: SspControl): CircuitEvent {
    this.isXidDue = false;
    if (!this.isPrimary) return 'XID';
    return message.data.length === 0 ? 'PEER_XID_NULL' : 'PEER_XID';
  }

  /** Events that the options, or prudence, keep from the machine. */
  private isWelcome(event: CircuitEvent): boolean {
    if (event === 'CONTACT' && (this.isXidDue || this.current === 'CONNECT_PENDING')) {
      return this.carrier.dlsw.acceptContactAsXidReply;
    }
    return event === 'XID' || event === 'PEER_XID_NULL' ? this.mayAnswerXid() : true;
  }

  /** Two sides that answer each XID with an XID would never stop. */
  private mayAnswerXid(): boolean {
    const nowMs = this.carrier.clock.nowMs();
    if (this.xidAnswers === 0) this.xidSinceMs = nowMs;
    if (this.xidAnswers >= XID_BURST + (nowMs - this.xidSinceMs) / XID_INTERVAL_MS) return false;
    this.xidAnswers += 1;
    return true;
  }

  private step(event: CircuitEvent): void {
    const step = CIRCUIT_MACHINE.step(this.current, event);
    if (step === undefined) {
      this.ignored += 1;
      return;
    }
    if (step.next !== this.current) this.tries = 0;
    this.previous = this.current;
    this.current = step.next;
    for (const action of step.actions) this.act(action);
  }

  private act(action: CircuitAction): void {
    const sent = MESSAGE_OF[action];
    const timer = TIMER_OF[action];
    if (sent !== undefined) this.send(sent, action);
    else if (timer !== undefined) this.startTimer(this.carrier.timers[timer.name], timer.tries);
    else if (action === 'STOP_TIMER') this.stopTimer();
    else if (action === 'DROP_BACKLOG') this.flow.dropBacklog();
    else if (action === 'REFUSE_OTHER') this.refuseOther();
    else this.tell(action);
  }

  private send(messageType: number, action: CircuitAction): void {
    if (action === 'SEND_REACH_ACK') this.isXidDue = !this.isPrimary;
    if (action === 'SEND_DL_RESTARTED') this.restarting();
    const isExplorer = action === 'SEND_CANUREACH_EX';
    const hasFlow = FLOW_CARRIERS.has(messageType) || messageType === SSP.ICANREACH;
    const flowByte = hasFlow ? this.flow.takeFlow(false) : 0;
    const data = action === 'SEND_XID' ? this.xid : NO_DATA;
    this.carrier.send({
      ...this.ends.header(),
      messageType,
      flowByte,
      data,
      flags: isExplorer ? SSP_FLAG_EXPLORER : 0,
    });
    if (action === 'SEND_HALT_DL') this.flow.close();
  }

  /** Identification starts over: its tries, its answers, and CONTACT may come without an XID. */
  private restarting(): void {
    this.tries = 0;
    this.xidAnswers = 0;
    this.isXidDue = false;
  }

  private refuseOther(): void {
    if (this.otherReply) this.carrier.refuse(this.otherReply);
    this.otherReply = undefined;
  }

  private startTimer(delayMs: number, triesMax: number): void {
    this.stopTimer();
    this.triesMax = triesMax;
    this.cancelTimer = this.carrier.clock.after(delayMs, () => {
      this.cancelTimer = undefined;
      this.tries += 1;
      this.step(this.tries < this.triesMax ? 'TIMER' : 'LAST_TIMER');
    });
  }

  private stopTimer(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private tell(action: CircuitAction): void {
    switch (action) {
      case 'REPORT_CONNECTED':
        return this.handler.connected();
      case 'REPORT_RESTARTED':
        return this.handler.restarted();
      case 'REPORT_TIMEOUT':
        return this.report(this.error('LINK_TIMEOUT', `No answer in state ${this.previous}.`));
      case 'REPORT_BROKEN':
        return this.report(this.reason);
      case 'END_TIMEOUT':
        return this.end(this.error('LINK_TIMEOUT', `No answer in state ${this.previous}.`));
      case 'END_REFUSED':
        return this.end(this.error('LINK_XID_REFUSED', this.haltReason));
      case 'END_LOST':
        return this.end(this.reason ?? this.error('LINK_LOST', `The peer halted it. ${this.haltReason}`.trim()));
      case 'END_HALTED':
        return this.end(this.reason ?? this.error('LINK_LOST', 'Halted by this side.'));
      default:
        assert(false, `circuit action ${action}`);
    }
  }

  private error(code: ErrorCode, note: string): HostLinkError {
    return new HostLinkError(code, note, { ...this.address, state: this.previous, haltReason: this.haltReason });
  }

  private end(error: HostLinkError): void {
    this.stopTimer();
    this.flow.close();
    this.carrier.ended(this.correlator);
    this.report(error);
  }

  /** Once in the life of a circuit. */
  private report(error: HostLinkError | undefined): void {
    if (this.hasReported || error === undefined) return;
    this.hasReported = true;
    this.handler.disconnected(error);
  }
}
