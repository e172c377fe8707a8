import {
  PIU_HEADER_SIZE,
  RH0_CATEGORY_MASK,
  RH0_DFC,
  RH0_FI,
  RH0_FMD,
  RH0_RRI,
  RH0_SC,
  RH1_FORM_MASK,
  SC,
  TH_EFI,
  TH_MPF_MASK,
  TH_MPF_WHOLE,
} from '../sna/masks.js';
import { ChainBuffer } from './chain-buffer.js';
import { type PiuOut, putRequest, putResponse, TH0_EXPEDITED, TH0_NORMAL } from './piu-out.js';
import { PROTOCOL_RULES, type ProtocolErrors, type ProtocolRule } from './protocol-errors.js';
import { Reassembly } from './reassembly.js';
import { sscpRhFault } from './request-check.js';
import { controlResponseFault, isPositive, responseRhFault, senseOf, u16 } from './response-check.js';

/** Longest RU an LU may send to the SSCP, bytes. @source sna-wire 3.9, TS profile 1 */
const RU_SIZE_IN = 512;

/** Who stands behind an SSCP session: a PU or an LU. */
export interface SscpPartner {
  readonly puName: string;
  readonly name: string;
  /** 0 for the PU. */
  readonly localAddress: number;
  readonly errors: ProtocolErrors;
  readonly sscpAddress: number;
  readonly out: PiuOut;
  /** Requests are taken now; undefined: dropped without a word. */
  readonly isOpen: boolean | undefined;
  /** A response to ACTPU, ACTLU, DACTPU, DACTLU; `ru` without sense data, valid during the call. */
  onControlAnswer(code: number, sense: number, ru: Buffer): void;
  /** A formatted or character-coded request; `ru` valid during the call. Answer with `answer`. */
  onServiceRequest(ru: Buffer, isFormatted: boolean): void;
  /** Requests that may come RQN and with CD. */
  isLenient(ru: Buffer, at: number): boolean;
}

/** A request of network services on its way down. */
interface DownRequest {
  readonly ru: Buffer;
  readonly isFormatted: boolean;
}

/** One SSCP-PU or SSCP-LU session (FM profile 0, TS profile 1): its flows, checks and responses. */
export class SscpSession {
  private readonly partner: SscpPartner;
  /** No chains here: one RU at a time. */
  private readonly ru = new ChainBuffer();
  private readonly segments = new Reassembly(this.ru, RU_SIZE_IN + PIU_HEADER_SIZE);
  private readonly down: DownRequest[] = [];
  private isDownWaiting = false;
  private snf = 0;
  private downSnf = 0;
  /** SNF of a request that waited when the session was reset: its answer may still be on the way. -1 none. */
  private forgottenSnf = -1;
  /** Code and SNF of the session control request that waits; -1 none. */
  private controlCode = -1;
  private controlSnf = 0;
  /** The request being handled, for `answer`. */
  private request: Buffer | undefined;
  private requestEnd = 0;
  /** Flush count of the output at our last response: a request that comes before that left did not wait for it. */
  private answeredAt = -1;

  constructor(partner: SscpPartner) {
    this.partner = partner;
  }

  /** Nothing waits, nothing is kept. */
  reset(): void {
    this.segments.reset();
    this.down.length = 0;
    if (this.isDownWaiting) this.forgottenSnf = this.downSnf;
    this.isDownWaiting = false;
    this.controlCode = -1;
    this.answeredAt = -1;
  }

  /** Send ACTPU, ACTLU, DACTPU or DACTLU. */
  sendControl(ru: Uint8Array): void {
    const { partner } = this;
    this.controlCode = ru[0]!;
    this.controlSnf = this.nextSnf();
    putRequest(partner.out, TH0_EXPEDITED, partner.localAddress, partner.sscpAddress, this.controlSnf, 0x6b8000, ru);
  }

  /** Send a network services request or a text, when its turn comes. */
  sendDown(ru: Buffer, isFormatted: boolean): void {
    this.down.push({ ru, isFormatted });
    this.pumpDown();
  }

  private pumpDown(): void {
    const next = this.down[0];
    // A session that is being deactivated takes nothing any more; the reset that follows drops what is left.
    const isEnding = this.controlCode === SC.DACTLU || this.controlCode === SC.DACTPU;
    if (next === undefined || this.isDownWaiting || isEnding) return;
    const { partner } = this;
    this.isDownWaiting = true;
    this.downSnf = this.nextSnf();
    const rh = next.isFormatted ? 0x0b8000 : 0x038000;
    putRequest(partner.out, TH0_NORMAL, partner.localAddress, partner.sscpAddress, this.downSnf, rh, next.ru);
  }

  private nextSnf(): number {
    this.snf = this.snf === 0xffff ? 1 : this.snf + 1;
    return this.snf;
  }

  /** One PIU of this session. */
  onPiu(piu: Buffer, at: number, end: number): void {
    if ((piu[at]! & TH_MPF_MASK) === TH_MPF_WHOLE && !this.segments.isOpen) {
      this.onBiu(piu, at, end);
      return;
    }
    const outcome = (piu[at]! & TH_EFI) !== 0 ? 'error' : this.segments.take(piu, at, end);
    if (outcome === 'error') {
      this.segments.reset();
      this.record('SEGMENT', '', piu, at, end);
    } else if (outcome === 'whole') this.onBiu(this.ru.bytes, 0, this.segments.length);
  }

  private onBiu(piu: Buffer, at: number, end: number): void {
    if (end - at < PIU_HEADER_SIZE) this.record('RH_LENGTH', '', piu, at, end);
    else if ((piu[at + 6]! & RH0_RRI) !== 0) this.onResponse(piu, at, end);
    else if (this.partner.isOpen !== undefined) this.onRequest(piu, at, end);
  }

  private onRequest(piu: Buffer, at: number, end: number): void {
    const fault = this.requestFault(piu, at, end);
    if (fault !== undefined) {
      this.refuse(fault, piu, at, end);
      return;
    }
    this.request = piu.subarray(at, end);
    this.requestEnd = end - at;
    this.partner.onServiceRequest(piu.subarray(at + PIU_HEADER_SIZE, end), (piu[at + 6]! & RH0_FI) !== 0);
    this.request = undefined;
  }

  private requestFault(piu: Buffer, at: number, end: number): ProtocolRule | undefined {
    if (this.partner.isOpen === false) return 'SSCP_STATE';
    const category = piu[at + 6]! & RH0_CATEGORY_MASK;
    if (category === RH0_DFC) return 'FUNCTION';
    if (category !== RH0_FMD || (piu[at]! & TH_EFI) !== 0) return 'RH_CATEGORY';
    if (end - at - PIU_HEADER_SIZE > RU_SIZE_IN) return 'RU_LENGTH';
    if (this.answeredAt === this.partner.out.flushes) return 'SSCP_IMMEDIATE';
    const isLenient = this.partner.isLenient(piu, at + PIU_HEADER_SIZE);
    const rh2 = isLenient ? piu[at + 8]! & ~0x20 : piu[at + 8]!;
    return sscpRhFault(piu[at + 6]!, piu[at + 7]!, rh2, isLenient);
  }

  /** Answer the request being handled. @param sense 0 positively */
  answer(sense: number): void {
    const { request } = this;
    if (request === undefined || (request[7]! & RH1_FORM_MASK) === 0) return;
    putResponse(this.partner.out, request, 0, this.requestEnd, sense, 0, true);
    this.answeredAt = this.partner.out.flushes;
  }

  /** The request being handled breaks a rule: book and refuse it. */
  refuseRequest(rule: ProtocolRule, note: string): void {
    const { request } = this;
    if (request === undefined) return;
    this.record(rule, note, request, 0, this.requestEnd);
    this.answer((PROTOCOL_RULES[rule].sense << 16) >>> 0);
  }

  private refuse(rule: ProtocolRule, piu: Buffer, at: number, end: number): void {
    this.record(rule, '', piu, at, end);
    if ((piu[at + 7]! & RH1_FORM_MASK) === 0) return;
    putResponse(this.partner.out, piu, at, end, (PROTOCOL_RULES[rule].sense << 16) >>> 0, 0, true);
  }

  private onResponse(piu: Buffer, at: number, end: number): void {
    const fault = responseRhFault(piu, at, end);
    if (fault !== undefined) this.record(fault, 'response', piu, at, end);
    else if ((piu[at]! & TH_EFI) !== 0) this.onControlResponse(piu, at, end);
    else this.onDownResponse(piu, at, end);
  }

  private onControlResponse(piu: Buffer, at: number, end: number): void {
    const code = this.controlCode;
    if (code < 0 || u16(piu, at + 4) !== this.controlSnf) {
      this.record('RESPONSE_UNEXPECTED', '', piu, at, end);
      return;
    }
    const isEcho = (piu[at + 6]! & RH0_CATEGORY_MASK) === RH0_SC && (piu[at + 7]! & 0xa0) === 0x80;
    const positive = isPositive(piu, at);
    const fault = isEcho ? controlResponseFault(piu, at, end, code, positive) : 'RESPONSE_FORM';
    if (fault !== undefined) this.record(fault, '', piu, at, end);
    this.controlCode = -1;
    const sense = positive ? 0 : senseOf(piu, at, end);
    this.partner.onControlAnswer(code, sense, piu.subarray(at + PIU_HEADER_SIZE + (positive ? 0 : 4), end));
  }

  private onDownResponse(piu: Buffer, at: number, end: number): void {
    const request = this.down[0];
    if (this.forgottenSnf >= 0 && u16(piu, at + 4) === this.forgottenSnf) {
      this.forgottenSnf = -1;
      return;
    }
    if (!this.isDownWaiting || request === undefined || u16(piu, at + 4) !== this.downSnf) {
      this.record('RESPONSE_UNEXPECTED', '', piu, at, end);
      return;
    }
    const hasFi = (piu[at + 6]! & RH0_FI) !== 0;
    const isEcho = (piu[at + 6]! & RH0_CATEGORY_MASK) === RH0_FMD && hasFi === request.isFormatted;
    if (!isEcho || (piu[at + 7]! & 0xa0) !== 0x80) this.record('RESPONSE_FORM', '', piu, at, end);
    else if (request.isFormatted && !this.hasHeader(piu, at, end, request.ru))
      this.record('RESPONSE_CODE', '', piu, at, end);
    this.isDownWaiting = false;
    this.down.shift();
    this.pumpDown();
  }

  private hasHeader(piu: Buffer, at: number, end: number, ru: Buffer): boolean {
    const from = at + PIU_HEADER_SIZE + (isPositive(piu, at) ? 0 : 4);
    return end - from === 3 && piu.compare(ru, 0, 3, from, end) === 0;
  }

  record(rule: ProtocolRule, note: string, piu: Buffer, at: number, end: number): void {
    const { partner } = this;
    partner.errors.record(rule, partner.puName, partner.localAddress === 0 ? '' : partner.name, note, piu, at, end);
  }
}
