import { assert } from '../base/assert.js';
import type { LuType } from '../config/model.js';
import * as M from '../sna/masks.js';
import { BRACKET } from './bracket.js';
import { CHAIN_OUT } from './chain.js';
import { checkControlRh, receiveDfc, receiveExpeditedDfc } from './half-session-control.js';
import { hasTraffic, OWE, refuse, SessionCore } from './half-session-core.js';
import { answerDeferred, receiveData } from './half-session-data.js';
import { receiveBind, receiveStsn, receiveUnbind, stepLuLu, takeLuLuRequest } from './half-session-lu-lu.js';
import { sendLustat, sendUnbind } from './half-session-owed.js';
import type { HalfSessionOptions, HalfSessionPort } from './half-session-port.js';
import { receiveResponse } from './half-session-response.js';
import { cancelChain, canSend, sendChain, settle } from './half-session-send.js';
import type { LuLuState } from './lu-lu.js';
import { SENSE } from './senses.js';
import { dfcBit, type SessionRules } from './session-rules.js';

export {
  DEFER_RESPONSE,
  type HalfSessionOptions,
  type HalfSessionPort,
  type NoticeKind,
  RECEIVED,
  SEND,
} from './half-session-port.js';

const { DFC, SC } = M;
/** RH byte 0 bits that are all 0 in an FMD request. */
const NOT_FMD_REQUEST = M.RH0_RRI | M.RH0_CATEGORY_MASK;

/**
 * The LU-LU half-session of a secondary LU: session control, data flow control, chains, brackets, direction, pacing and
 * sequence numbers of one session. Pure: no clock, no socket; what it wants done it asks of its port.
 * @source sna-wire 1.4 to 1.6, 2.8 to 2.10, 3.4 to 3.9
 */
export class HalfSession {
  private readonly core: SessionCore;

  constructor(port: HalfSessionPort, luType: LuType, options: HalfSessionOptions) {
    this.core = new SessionCore(port, luType, options);
  }

  get state(): LuLuState {
    return this.core.state;
  }

  /** Rules of the session; undefined without one. */
  get rules(): SessionRules | undefined {
    return this.core.rules;
  }

  /** Has any byte of the current, or last, chain been handed to port.transmit. */
  get hasTransmitted(): boolean {
    return this.core.hasTransmitted;
  }

  /** No bracket is open, or the session has none. */
  get isBetweenBrackets(): boolean {
    const { bracket } = this.core;
    return bracket === BRACKET.state.NONE || bracket === BRACKET.state.BETB;
  }

  /** Is a chain of ours on its way: not all out, or its definite response still due? */
  get isSending(): boolean {
    return this.core.chainOut !== CHAIN_OUT.state.IDLE;
  }

  /** Refuse every BIND with this sense (0x08450000: not now, NOTIFY will follow); 0 takes those that can be taken. */
  refuseBinds(senseData: number): void {
    this.core.bindRefusal = senseData;
  }

  /** May a chain start now: ACTIVE, our turn or between brackets, nothing of ours unfinished or unanswered. */
  canSend(): boolean {
    return canSend(this.core);
  }

  /**
   * Start one chain: RUs of the BIND's size, BB between brackets, BID first where the partner is first speaker; it stops
   * on pacing and goes on by itself. `payload` is neither changed nor kept: what cannot go out at once is copied.
   * @param flags of SEND
   * @returns false when it cannot start; nothing is done then
   * @throws HostLinkError PAYLOAD_TOO_LONG when the session has no chains and one RU is too short
   */
  sendChain(payload: Uint8Array, from: number, to: number, flags: number): boolean {
    return sendChain(this.core, payload, from, to, flags);
  }

  /** Drop what is not transmitted of the current chain, with CANCEL when part is out. Does nothing without one. */
  cancelChain(): void {
    cancelChain(this.core);
  }

  /** Answer the oldest deferred chain: 0 positive, else sense data. False when none is open. */
  respond(senseData: number): boolean {
    const isAnswered = answerDeferred(this.core, senseData);
    settle(this.core);
    return isAnswered;
  }

  /** Send SIGNAL, now or after the expedited request that is outstanding. @param code 16 bits; 1 asks for direction */
  sendSignal(code: number, extension = 0): boolean {
    assert(
      code >= 0 && code <= 0xffff && extension >= 0 && extension <= 0xffff,
      'SIGNAL code and extension are 16 bits',
    );
    if (!this.mayOwe(DFC.SIGNAL)) return false;
    this.core.signalCode = code * 0x10000 + extension;
    this.core.owed |= OWE.SIGNAL;
    settle(this.core);
    return true;
  }

  /** Send LUSTAT. @param status four bytes as a number @returns false when it may not go now; it is not kept */
  sendLustat(status: number): boolean {
    return this.mayOwe(DFC.LUSTAT) && sendLustat(this.core, status);
  }

  /** Ask the partner to end the session. False where the profile or the state has no RSHUTD. */
  sendRshutd(): boolean {
    if (!this.mayOwe(DFC.RSHUTD) || !stepLuLu(this.core, 'CLOSE')) return false;
    settle(this.core);
    return true;
  }

  /** End the session ourselves. @param type of UNBIND; FE takes the sense data */
  sendUnbind(type: number, senseData = 0): boolean {
    return sendUnbind(this.core, type, senseData);
  }

  /** An Initiate for this session has been sent. */
  initiated(): void {
    stepLuLu(this.core, 'OPEN');
  }

  initAccepted(): void {
    stepLuLu(this.core, 'INIT_ACCEPTED');
  }

  /** The Initiate was refused, at once or later (NSPE, NOTIFY, no BIND in time). */
  initRefused(senseData: number): void {
    stepLuLu(this.core, 'INIT_REFUSED', 'INIT_REFUSED', senseData);
  }

  /** Everything is gone without traffic: DACTLU, DACTPU, link lost. */
  reset(cause: string): void {
    stepLuLu(this.core, 'DROPPED', cause);
  }

  /**
   * One BIU from the partner, segments joined: a request or a response with its RU in bytes[from, to). The bytes are not
   * kept. Nothing that the partner may send makes it throw.
   */
  receive(
    isExpedited: boolean,
    snf: number,
    rh0: number,
    rh1: number,
    rh2: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    const { core } = this;
    if ((rh0 & NOT_FMD_REQUEST) === 0 && !isExpedited && hasTraffic(core.state)) {
      receiveData(core, snf, rh0, rh1, rh2, bytes, from, to);
    } else if ((rh0 & M.RH0_RRI) !== 0) {
      receiveResponse(core, isExpedited, snf, rh0, rh1, bytes, from, to);
    } else if (isExpedited) {
      receiveExpedited(core, snf, rh0, rh1, bytes, from, to);
    } else {
      receiveNormal(core, snf, rh0, rh1, rh2, bytes, from, to);
    }
    settle(core);
  }

  private mayOwe(code: number): boolean {
    const { state, rules } = this.core;
    return rules !== undefined && hasTraffic(state) && (rules.dfcSend & dfcBit(code)) !== 0;
  }
}

/** A normal-flow request that is not data in traffic: data flow control, or something in the wrong place. */
function receiveNormal(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  rh2: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const category = rh0 & M.RH0_CATEGORY_MASK;
  const isDfc = category === M.RH0_DFC;
  const code = category === M.RH0_FMD || from >= to ? 0 : bytes[from]!;
  if (isDfc && hasTraffic(core.state)) receiveDfc(core, snf, rh0, rh1, rh2, bytes, from, to);
  else if (isDfc || category === M.RH0_FMD) takeLuLuRequest(core, 'DATA', false, snf, rh0, rh1, code);
  else refuse(core, false, snf, rh0, rh1, code, SENSE.WRONG_CATEGORY, 'category on the normal flow');
}

function receiveExpedited(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const category = rh0 & M.RH0_CATEGORY_MASK;
  const code = from < to ? bytes[from]! : 0;
  core.expeditedId = snf;
  if (category === M.RH0_DFC) receiveExpeditedDfc(core, snf, rh0, rh1, bytes, from, to);
  else if (category === M.RH0_SC) receiveSc(core, snf, rh0, rh1, code, bytes, from, to);
  else refuse(core, true, snf, rh0, rh1, 0, SENSE.WRONG_CATEGORY, 'category on the expedited flow');
}

/** Session control. @source sna-wire 2.1, 3.4, 3.9 */
function receiveSc(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  code: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const { rules } = core;
  const senseData = checkControlRh(rh0, rh1) || unsupportedSc(rules, code);
  if (senseData !== 0) return refuse(core, true, snf, rh0, rh1, code, senseData, 'session control request');
  if (code === SC.BIND) receiveBind(core, snf, rh0, rh1, bytes.slice(from, to));
  else if (code === SC.UNBIND) receiveUnbind(core, snf, rh0, rh1, bytes, from, to);
  else if (code === SC.STSN) receiveStsn(core, snf, rh0, rh1, bytes, from, to);
  else if (code === SC.SDT) takeLuLuRequest(core, 'SDT', true, snf, rh0, rh1, code);
  else takeLuLuRequest(core, rules?.hasSdt === false ? 'CLEAR_NO_SDT' : 'CLEAR', true, snf, rh0, rh1, code);
}

/** 1003 for a session control request that the TS profile has not; 0 else. Without a session the lu-lu table decides. */
function unsupportedSc(rules: SessionRules | undefined, code: number): number {
  const isKnown =
    code === SC.BIND ||
    code === SC.UNBIND ||
    (code === SC.SDT && rules?.hasSdt !== false) ||
    (code === SC.CLEAR && rules?.hasClear !== false) ||
    (code === SC.STSN && rules?.hasStsn !== false);
  return isKnown ? 0 : SENSE.FUNCTION_UNSUPPORTED;
}
