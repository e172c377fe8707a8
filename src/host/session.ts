import {
  DFC,
  PIU_HEADER_SIZE,
  RH0_CATEGORY_MASK,
  RH0_DFC,
  RH0_FMD,
  RH0_RRI,
  RH0_SC,
  RH1_FORM_MASK,
  SC,
  TH_EFI,
  TH_MPF_MASK,
  TH_MPF_WHOLE,
} from '../sna/masks.js';
import { bindResponseFault, decodeRules, type SessionRules } from './bind-rules.js';
import { Brackets } from './brackets.js';
import { ChainBuffer } from './chain-buffer.js';
import { ExpeditedFlow } from './expedited-flow.js';
import type { LedgerRow } from './ledger.js';
import { onNormalResponse } from './normal-responses.js';
import { putResponse } from './piu-out.js';
import { PRIMARY_MACHINE, type PrimaryAction, type PrimaryEvent, type PrimaryState } from './primary-machine.js';
import { PROTOCOL_RULES, type ProtocolRule } from './protocol-errors.js';
import { Reassembly } from './reassembly.js';
import { ReceiveSide } from './receive-side.js';
import { controlRhFault } from './request-check.js';
import { isPositive, responseRhFault, senseOf } from './response-check.js';
import { SendSide } from './send-side.js';
import type { SessionApplication, SessionEnd, SessionOwner } from './session-types.js';

const UNBIND_NORMAL = 0x01;
const UNBIND_INVALID_PARAMETERS = 0x06;
const UNBIND_FAILURE = 0xfe;
const STSN_SET_BOTH = 0x50;

/** One LU-LU session, seen from its primary. */
export class PrimarySession {
  readonly owner: SessionOwner;
  readonly application: SessionApplication;
  readonly row: LedgerRow;
  rules: SessionRules;
  brackets: Brackets;
  send: SendSide;
  receive: ReceiveSide;
  state: PrimaryState = 'RESET';
  /** SHUTD, or QEC, was sent: SHUTC, or QC, may come. */
  wasShutdown = false;
  wasQuiesced = false;
  /** What the LU sends is put together here: segments to RUs, RUs to chains. */
  readonly chain: ChainBuffer;
  private readonly image: Buffer;
  private readonly segments: Reassembly;
  private readonly expedited: ExpeditedFlow;
  private unbindType = UNBIND_NORMAL;
  private unbindSense = 0;
  private wasActive = false;
  /** Orderly end asked for: UNBIND goes between brackets. */
  private endsBetweenBrackets = false;
  private endsAfterShutc = false;

  /** @param image the BIND RU to send */
  constructor(owner: SessionOwner, application: SessionApplication, row: LedgerRow, image: Buffer) {
    this.owner = owner;
    this.application = application;
    this.row = row;
    this.image = image;
    this.chain = new ChainBuffer(owner.chainSpares);
    this.rules = decodeRules(image);
    this.brackets = new Brackets(this.rules);
    this.send = new SendSide(this);
    this.receive = new ReceiveSide(this);
    this.expedited = new ExpeditedFlow(owner, application.address);
    this.segments = new Reassembly(this.chain, Math.max(this.rules.ruSizeIn, 65535) + PIU_HEADER_SIZE);
  }

  get isActive(): boolean {
    return this.state === 'ACTIVE';
  }

  /** Send the BIND. */
  start(): void {
    this.step('START');
  }

  /** End the session with UNBIND. @param sense goes with type FE only */
  unbind(type: number, sense = 0): void {
    if (this.state === 'PEND_UNBIND') return;
    this.unbindType = type;
    this.unbindSense = sense;
    this.step('UNBIND');
  }

  /** End it when the bracket is over. */
  unbindOrderly(): void {
    this.endsBetweenBrackets = true;
    this.endIfBetween();
  }

  /** SHUTD; UNBIND follows the LU's SHUTC. */
  shutDown(): void {
    this.endsAfterShutc = true;
    this.sendExpedited(Uint8Array.of(DFC.SHUTD));
  }

  clear(): void {
    this.step('CLEAR');
  }

  /** The link or the SSCP session is gone: nothing is exchanged. */
  lose(): void {
    this.step('LOST');
  }

  /** Answer the chain that waits for it. */
  respond(): void {
    this.receive.answer(0);
  }

  reject(sense: number): void {
    this.receive.answer(sense);
  }

  /** Send a request on the expedited flow: SIGNAL, SHUTD, QEC, RELQ. */
  sendExpedited(ru: Uint8Array): void {
    if (ru[0] === DFC.SHUTD) this.wasShutdown = true;
    if (ru[0] === DFC.QEC) this.wasQuiesced = true;
    this.expedited.send(RH0_DFC, ru);
  }

  /** One PIU of this session. */
  onPiu(piu: Buffer, at: number, end: number): void {
    const isWhole = (piu[at]! & TH_MPF_MASK) === TH_MPF_WHOLE;
    if (isWhole && (!this.segments.isOpen || (piu[at]! & TH_EFI) !== 0 || (piu[at + 6]! & RH0_RRI) !== 0)) {
      this.onBiu(piu, at, end);
      return;
    }
    this.onSegment(piu, at, end);
  }

  private onSegment(piu: Buffer, at: number, end: number): void {
    const { chain, segments } = this;
    const isExpedited = (piu[at]! & TH_EFI) !== 0;
    const outcome = isExpedited || this.rules.wholeBius ? 'error' : segments.take(piu, at, end);
    if (outcome === 'held') return;
    if (outcome === 'error') {
      segments.reset();
      if (this.state !== 'PEND_UNBIND') this.fail('SEGMENT', '', piu, at, end, false);
      return;
    }
    const biu = chain.length;
    const isResponse = (chain.bytes[biu + 6]! & RH0_RRI) !== 0;
    if (isResponse) this.fail('SEGMENT', 'a response in segments', piu, at, end, false);
    else this.onBiu(chain.bytes, biu, biu + segments.length);
    chain.uncover();
  }

  private onBiu(piu: Buffer, at: number, end: number): void {
    if (end - at < PIU_HEADER_SIZE) {
      this.fail('RH_LENGTH', '', piu, at, end, false);
      return;
    }
    const rh0 = piu[at + 6]!;
    if ((rh0 & RH0_RRI) !== 0) this.onResponse(piu, at, end);
    else this.onRequest(piu, at, end, rh0 & RH0_CATEGORY_MASK);
  }

  private onRequest(piu: Buffer, at: number, end: number, category: number): void {
    if (category === RH0_SC) {
      this.onSessionControl(piu, at, end);
      return;
    }
    // Whatever was under way when UNBIND or CLEAR went out does not count any more.
    if (this.state === 'PEND_UNBIND' || this.state === 'PEND_CLEAR') return;
    if (this.state !== 'ACTIVE') this.fail('TRAFFIC_RESET', this.state, piu, at, end);
    else if (category === RH0_FMD) this.receive.onData(piu, at, end);
    else if (category === RH0_DFC) this.receive.onControl(piu, at, end);
    else this.fail('RH_CATEGORY', 'network control', piu, at, end);
    this.afterChain();
  }

  /** A chain of either side is over, and with it perhaps the bracket. */
  afterChain(): void {
    if (this.endsBetweenBrackets) this.endIfBetween();
  }

  private endIfBetween(): void {
    if (this.state === 'PEND_UNBIND' || this.state === 'RESET') return;
    if (!this.isActive || (this.brackets.isBetween && this.send.isIdle)) this.unbind(UNBIND_NORMAL);
  }

  /** UNBIND and RQR are all that an SLU may send. */
  private onSessionControl(piu: Buffer, at: number, end: number): void {
    const code = end - at > PIU_HEADER_SIZE ? piu[at + PIU_HEADER_SIZE]! : -1;
    const fault = (piu[at]! & TH_EFI) === 0 ? 'RH_CATEGORY' : controlRhFault(piu[at + 6]!);
    const isDefinite = (piu[at + 7]! & RH1_FORM_MASK) === 0x80;
    if (fault !== undefined || !isDefinite) this.fail(fault ?? 'RH_FORM', '', piu, at, end);
    else if (code === SC.UNBIND) this.onUnbind(piu, at, end);
    else if (this.state === 'PEND_UNBIND') return;
    else if (code === SC.RQR && this.rules.tsProfile === 4) {
      this.putResponse(piu, at, end, 0);
      this.clear();
    } else this.fail('FUNCTION', `session control ${code}`, piu, at, end);
  }

  private onUnbind(piu: Buffer, at: number, end: number): void {
    const length = end - at - PIU_HEADER_SIZE;
    const type = length > 1 ? piu[at + PIU_HEADER_SIZE + 1]! : 0;
    if (length < 2 || (type === UNBIND_FAILURE && length < 6)) this.record('RU_LAYOUT', 'UNBIND', piu, at, end);
    this.putResponse(piu, at, end, 0);
    if (this.state === 'PEND_UNBIND') return;
    this.unbindType = type;
    this.unbindSense = type === UNBIND_FAILURE && length >= 6 ? piu.readUInt32BE(at + PIU_HEADER_SIZE + 2) : 0;
    this.step('SLU_UNBIND');
  }

  private onResponse(piu: Buffer, at: number, end: number): void {
    const isExpedited = (piu[at]! & TH_EFI) !== 0;
    const fault = responseRhFault(piu, at, end);
    if (fault !== undefined) this.record(fault, 'response', piu, at, end);
    else if (isExpedited) this.onExpeditedResponse(piu, at, end);
    else if (this.state !== 'PEND_UNBIND' && this.state !== 'PEND_CLEAR') this.onNormalResponse(piu, at, end);
  }

  private onNormalResponse(piu: Buffer, at: number, end: number): void {
    onNormalResponse(this, piu, at, end);
    this.send.pump();
    this.afterChain();
  }

  private onExpeditedResponse(piu: Buffer, at: number, end: number): void {
    const outcome = this.expedited.onResponse(piu, at, end);
    // An answer to what went out before UNBIND may still be on its way.
    if (outcome.code < 0 && this.state === 'PEND_UNBIND') return;
    if (outcome.fault !== undefined) this.record(outcome.fault, 'expedited flow', piu, at, end);
    if (outcome.code < 0) return;
    this.onExpeditedAnswer(outcome.code, piu, at, end);
    if (this.state !== 'RESET') this.expedited.pump();
  }

  private onExpeditedAnswer(code: number, piu: Buffer, at: number, end: number): void {
    const sense = isPositive(piu, at) ? 0 : senseOf(piu, at, end);
    if (code === SC.UNBIND) this.step('UNBIND_ANSWERED');
    else if (code === SC.BIND) this.onBindAnswer(sense, piu, at, end);
    else if (code === SC.STSN) this.stepUnless(sense, 'STSN_ANSWERED');
    else if (code === SC.SDT) this.stepUnless(sense, 'SDT_ACCEPTED');
    else if (code === SC.CLEAR) this.stepUnless(sense, this.afterBind('CLEARED_READY', 'CLEARED_SDT', 'CLEARED_STSN'));
    else {
      if (code === DFC.RELQ && sense === 0) this.receive.isQuiesced = false;
      this.application.program.onResponse?.(this, sense);
    }
  }

  private stepUnless(sense: number, event: PrimaryEvent): void {
    if (this.state === 'PEND_UNBIND') return;
    if (sense === 0) this.step(event);
    else {
      this.unbindType = UNBIND_FAILURE;
      this.unbindSense = sense;
      this.step('REFUSED');
    }
  }

  private onBindAnswer(sense: number, piu: Buffer, at: number, end: number): void {
    if (this.state === 'PEND_UNBIND') return;
    this.unbindSense = sense;
    if (sense !== 0) {
      this.step('REFUSED');
      return;
    }
    const image = piu.subarray(at + PIU_HEADER_SIZE, end);
    const fault = this.bindFault(image);
    if (fault >= 0) {
      this.record('BIND_RESPONSE', `byte ${fault}`, piu, at, end);
      this.unbind(UNBIND_INVALID_PARAMETERS);
      return;
    }
    if (this.rules.isNegotiable) this.adopt(image);
    this.step(this.afterBind('BOUND_READY', 'BOUND_SDT', 'BOUND_STSN'));
  }

  private bindFault(image: Buffer): number {
    // The code alone is the usual answer to a BIND that leaves nothing open.
    if (image.length === 1) return this.rules.isNegotiable ? 1 : -1;
    return bindResponseFault(this.image, image, this.rules.isNegotiable);
  }

  /** The negotiated image is what counts from here on. */
  private adopt(image: Buffer): void {
    this.rules = decodeRules(image);
    this.brackets = new Brackets(this.rules);
    this.send = new SendSide(this);
    this.receive = new ReceiveSide(this);
  }

  /** TS profile 2 has no SDT; profile 4 sets sequence numbers first where they are kept. */
  private afterBind(ready: PrimaryEvent, sdt: PrimaryEvent, stsn: PrimaryEvent): PrimaryEvent {
    if (this.rules.tsProfile === 2) return ready;
    return this.rules.tsProfile === 4 && this.rules.resync ? stsn : sdt;
  }

  private step(event: PrimaryEvent): void {
    const step = PRIMARY_MACHINE.step(this.state, event);
    if (step === undefined) return;
    this.state = step.next;
    for (const action of step.actions) this.act(action);
  }

  private act(action: PrimaryAction): void {
    if (action === 'SEND_BIND') this.expedited.send(RH0_SC, this.image);
    else if (action === 'SEND_STSN') this.expedited.send(RH0_SC, Uint8Array.of(SC.STSN, STSN_SET_BOTH, 0, 0, 0, 0));
    else if (action === 'SEND_SDT') this.expedited.send(RH0_SC, Uint8Array.of(SC.SDT));
    else if (action === 'SEND_CLEAR') this.expedited.send(RH0_SC, Uint8Array.of(SC.CLEAR));
    else if (action === 'SEND_UNBIND') this.putUnbind();
    else if (action === 'RESET_TRAFFIC') this.resetTraffic();
    else if (action === 'REPORT_ACTIVE') this.reportActive();
    else this.reportEnd(action === 'REPORT_REFUSED' ? 'refused' : action === 'REPORT_LOST' ? 'lost' : 'unbound');
  }

  private reportActive(): void {
    if (!this.wasActive) {
      this.wasActive = true;
      this.row.sessions += 1;
      this.owner.sessionActive(this);
      this.application.program.onStart?.(this);
    }
    this.send.pump();
  }

  private reportEnd(kind: SessionEnd['kind']): void {
    if (this.wasActive) this.application.program.onEnd?.(this);
    const isUnbound = kind === 'unbound';
    this.owner.sessionEnded(this, { kind, sense: this.unbindSense, unbindType: isUnbound ? this.unbindType : 0 });
  }

  private resetTraffic(): void {
    this.brackets.reset();
    this.send.reset();
    this.receive.reset();
    this.segments.reset();
    this.wasShutdown = false;
    this.wasQuiesced = false;
    this.application.program.onReset?.(this);
  }

  /** UNBIND does not wait for answers to anything else. */
  private putUnbind(): void {
    this.expedited.reset();
    const ru = Buffer.from([SC.UNBIND, this.unbindType, 0, 0, 0, 0]);
    ru.writeUInt32BE(this.unbindSense >>> 0, 2);
    this.expedited.send(RH0_SC, this.unbindType === UNBIND_FAILURE ? ru : ru.subarray(0, 2));
  }

  /** What a control request of the LU means beyond its own answer. */
  afterControl(code: number): void {
    if (code === DFC.RSHUTD || (code === DFC.SHUTC && this.endsAfterShutc)) this.unbind(UNBIND_NORMAL);
    else if (code === DFC.QEC) this.send.quiesce();
    else if (code === DFC.RELQ) this.send.resume();
    this.application.program.onControl?.(this, code);
    this.send.pump();
  }

  putResponse(piu: Buffer, at: number, end: number, sense: number): void {
    putResponse(this.owner.out, piu, at, end, sense);
  }

  /** Book a mistake of the LU. */
  record(rule: ProtocolRule, note: string, piu: Buffer, at: number, end: number): void {
    this.owner.errors.record(rule, this.owner.puName, this.owner.name, note, piu, at, end);
  }

  /** The LU broke a rule: book it, refuse the request where it may be refused, and end a session that cannot go on. */
  fail(rule: ProtocolRule, note: string, piu: Buffer, at: number, end: number, mayAnswer = true): void {
    this.record(rule, note, piu, at, end);
    const sense = (PROTOCOL_RULES[rule].sense << 16) >>> 0;
    const asks = mayAnswer && (piu[at + 7]! & RH1_FORM_MASK) !== 0 && (piu[at + 7]! & RH1_FORM_MASK) !== 0x10;
    if (asks) {
      this.row.rejected += 1;
      this.putResponse(piu, at, end, sense);
    }
    const category = sense >>> 24;
    if (category === 0x20 || category === 0x40 || category === 0x80) this.unbind(UNBIND_FAILURE, sense);
  }
}
