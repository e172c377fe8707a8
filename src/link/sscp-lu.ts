import { assert } from '../base/assert.js';
import { SSCP_LU, type SscpLuAction, type SscpLuEvent, type SscpLuState } from '../fsm/sscp-lu.js';
import { decodeEbcdic, encodeEbcdic, encodeName } from '../sna/ebcdic.js';
import { NS, RH0_RRI, SC, TH_SIZE } from '../sna/masks.js';
import { decodePiu, negativeResponse, type Piu, positiveResponse } from '../sna/piu.js';
import type { Pu } from './pu.js';
import type { LuSession } from './session.js';
import { failureWithin, isSessionOutcome } from './session-outcome.js';
import type { Sessions } from './sessions.js';

/** RH of a formatted (NS) and of a character-coded request, only in chain, definite response. */
const RH_FORMATTED = 0x0b;
const RH_CHARACTER = 0x03;
const RH_DEFINITE = 0x80;
const BLANKS = new Array<number>(8).fill(0x40);
/** LU name type in network name fields. */
const NAME_TYPE_LU = 0xf3;
/** Active, pending and queued sessions; orderly. */
const TERM_ORDERLY = 0x60;
const TERM_FORCED = 0x40;
const SENSE_LU_NOT_ACTIVE = 0x80090000;
const SENSE_NOT_SUPPORTED = 0x10030000;
const NO_SENSE = 0;
const TEXT_SHOWN_MAX = 160;
const WAITING_MAX = 8;
/** Secondary capability in control vector 0C: enabled, or not now. */
const CAPABLE = 0x03;
const NOT_CAPABLE = 0x01;
const VECTOR_CAPABILITIES = 0x0c;

type Purpose = 'INITIATE' | 'TERMINATE' | 'NOTIFY' | 'DATA';

interface NsRequest {
  readonly purpose: Purpose;
  readonly rh0: number;
  readonly ru: Uint8Array;
}

/** What most LUs wait with: none. */
const NO_REQUESTS: readonly NsRequest[] = [];

/**
 * The SSCP-LU session of one LU: answers ACTLU and DACTLU, asks for sessions and for their end, reports availability. One
 * request is outstanding at a time (FM profile 0, immediate request mode); the next waits for its response.
 * @source sna-wire sections 2.3 to 2.7, 3.3
 */
export class SscpLu {
  private readonly session: LuSession;
  private readonly pu: Pu;
  private readonly sessions: Sessions;
  private state: SscpLuState = 'OFF_ENABLED';
  /** Address of the SSCP, as ACTLU came with; -1 before. */
  partner = -1;
  private identifier = 0;
  private outstanding: NsRequest | undefined;
  private waiting = NO_REQUESTS;
  /** How the session is asked to end that the application has left; undefined: by TERM-SELF. */
  private endLuLu: (() => void) | undefined;

  constructor(session: LuSession, pu: Pu, sessions: Sessions) {
    this.session = session;
    this.pu = pu;
    this.sessions = sessions;
  }

  get isActive(): boolean {
    return this.state !== 'OFF_ENABLED' && this.state !== 'OFF_DISABLED';
  }

  /** May the LU have sessions, as far as we are concerned? */
  get isEnabled(): boolean {
    return this.state === 'ON_ENABLED' || this.state === 'OFF_ENABLED';
  }

  /** Is nothing more to be said, now that all has been answered or the SSCP is gone? */
  get isQuiet(): boolean {
    return this.state !== 'ON_ENDING' && this.outstanding === undefined && this.waiting.length === 0;
  }

  /** An application owns the LU again: sessions are wanted. */
  attach(): void {
    if (!this.isEnabled) this.step('APPLICATION_ATTACHED', undefined, '');
  }

  /**
   * Nobody owns the LU: no sessions are wanted, the one that is bound is to end.
   * @param end asks the host for that; TERM-SELF does without it
   */
  detach(isBound: boolean, end?: () => void): void {
    if (!this.isEnabled) return;
    this.endLuLu = end;
    const isEnding = isBound && this.isActive;
    this.step(isEnding ? 'APPLICATION_DETACHED_BOUND' : 'APPLICATION_DETACHED', undefined, '');
  }

  /** The LU-LU session is over. */
  luLuEnded(): void {
    if (this.state === 'ON_ENDING') this.step('LU_LU_ENDED', undefined, '');
  }

  /** Send the session information to the host: INIT-SELF, or a LOGON text. The answer comes as `initAnswered`. */
  initiate(): void {
    const { initiate } = this.session.config;
    if (initiate === 'logon') this.request({ purpose: 'INITIATE', rh0: RH_CHARACTER, ru: this.logonText() });
    else this.request({ purpose: 'INITIATE', rh0: RH_FORMATTED, ru: this.initSelf() });
  }

  /**
   * TERM-SELF: end the session with whichever PLU, or the logon that waits for one.
   * @param isForced at once; else in order: the host may finish what it is in the middle of
   * @source sna-wire 2.6
   */
  terminate(isForced = false): void {
    const type = isForced ? TERM_FORCED : TERM_ORDERLY;
    const ru = Uint8Array.of(...nsHeader(NS.TERM_SELF), type, NAME_TYPE_LU, 0);
    this.request({ purpose: 'TERMINATE', rh0: RH_FORMATTED, ru });
  }

  /** NOTIFY: this LU can, or cannot now, have sessions. */
  notify(isAvailable: boolean): void {
    const vector = this.capabilities(isAvailable ? CAPABLE : NOT_CAPABLE);
    this.request({ purpose: 'NOTIFY', rh0: RH_FORMATTED, ru: Uint8Array.of(...nsHeader(NS.NOTIFY), ...vector) });
  }

  /** Character-coded data to the SSCP, as a terminal user types it. */
  sendText(text: Uint8Array): void {
    this.request({ purpose: 'DATA', rh0: RH_CHARACTER, ru: text });
  }

  /** The PU or the link went away. */
  drop(reason: string): void {
    this.step('DROPPED', undefined, reason);
  }

  /** One PIU with the SSCP's address, whole. */
  received(partner: number, bytes: Buffer, from: number, to: number): void {
    const isResponse = (bytes[from + TH_SIZE]! & RH0_RRI) !== 0;
    const piu = decodePiu(bytes.subarray(from, to));
    if (isResponse) this.responded(piu);
    else this.requested(partner, piu);
  }

  private requested(partner: number, piu: Piu): void {
    const event = luEvent(piu);
    if (event === undefined) {
      this.pu.sender.sendPiu(negativeResponse(piu, SENSE_NOT_SUPPORTED));
      return;
    }
    if (event === 'ACTLU_COLD' || event === 'ACTLU_ERP') this.partner = partner;
    this.step(event, piu, event);
    if (event === 'ACTLU_COLD' || event === 'ACTLU_ERP') this.sessions.luActive(this.session);
  }

  private step(event: SscpLuEvent, piu: Piu | undefined, reason: string): void {
    const step = SSCP_LU.step(this.state, event);
    assert(step !== undefined, `no row for ${this.state} / ${event}`);
    this.state = step.next;
    if (!this.isActive) this.partner = -1;
    for (const action of step.actions) this.act(action, piu, reason);
  }

  private act(action: SscpLuAction, piu: Piu | undefined, reason: string): void {
    switch (action) {
      case 'STORE_SSCP':
        this.forgetRequests();
        return;
      case 'RESET_LU_LU':
        this.forgetRequests();
        return this.sessions.luDown(this.session, reason);
      case 'NOTIFY_ENABLED':
        return this.notify(true);
      case 'NOTIFY_DISABLED':
        return this.notify(false);
      case 'END_LU_LU':
        return this.endLuLu === undefined ? this.terminate() : this.endLuLu();
      default:
        if (piu !== undefined) this.answer(action, piu);
    }
  }

  private answer(action: SscpLuAction, piu: Piu): void {
    switch (action) {
      case 'RESPOND_COLD_ENABLED':
        return this.actluResponse(piu, 1, CAPABLE);
      case 'RESPOND_COLD_DISABLED':
        return this.actluResponse(piu, 1, NOT_CAPABLE);
      case 'RESPOND_ERP_ENABLED':
        return this.actluResponse(piu, 2, CAPABLE);
      case 'RESPOND_ERP_DISABLED':
        return this.actluResponse(piu, 2, NOT_CAPABLE);
      case 'RESPOND':
        return this.pu.sender.sendPiu(positiveResponse(piu));
      case 'DELIVER':
        return this.deliver(piu);
      case 'FAIL_INITIATE':
        return this.outcome(piu.ru);
      case 'REJECT_8009':
        return this.pu.sender.sendPiu(negativeResponse(piu, SENSE_LU_NOT_ACTIVE));
      default:
    }
  }

  /** What the host writes to whoever sits at the LU; a logon by text learns of its failure in this way. */
  private deliver({ rh, ru }: Piu): void {
    this.pu.noticed(this.session, 'SSCP_TEXT', ru.length);
    if (rh?.fi === false) this.sessions.hostSays(this.session, printable(ru));
  }

  private outcome(ru: Uint8Array): void {
    const senseData = failureWithin(ru);
    if (senseData !== undefined) this.sessions.initFailed(this.session, senseData);
    else this.sessions.hostReady(this.session);
  }

  /** Control vector 00: largest RU on this session (85 = 256 bytes); 0C: what sessions the LU can have. */
  private actluResponse(piu: Piu, performed: number, capability: number): void {
    const vectors = [0x00, 0x85, 0, 0, 0, ...this.capabilities(capability)];
    this.pu.sender.sendPiu(positiveResponse(piu, Uint8Array.of(SC.ACTLU, performed, 0x01, ...vectors)));
  }

  private forgetRequests(): void {
    this.outstanding = undefined;
    this.waiting = NO_REQUESTS;
  }

  private responded(piu: Piu): void {
    const request = this.outstanding;
    if (request === undefined || piu.th.snf !== this.identifier) {
      this.pu.protocolError(this.session, 0x200e0000, 'response on the SSCP-LU session to nothing we sent');
      return;
    }
    this.outstanding = undefined;
    const isNegative = piu.rh?.rti ?? false;
    const senseData = isNegative && piu.ru.length >= 4 ? Buffer.from(piu.ru).readUInt32BE(0) : NO_SENSE;
    if (request.purpose === 'INITIATE') this.sessions.initAnswered(this.session, isNegative, senseData);
    this.sendNext();
    if (request.purpose === 'NOTIFY') this.sessions.notified();
  }

  private request(request: NsRequest): void {
    if (!this.isActive) return;
    if (this.waiting.length >= WAITING_MAX) {
      this.pu.protocolError(this.session, 0x08120000, 'too many requests wait for the SSCP');
      return;
    }
    this.waiting = [...this.waiting, request];
    this.sendNext();
  }

  private sendNext(): void {
    if (this.outstanding !== undefined) return;
    const [request, ...others] = this.waiting;
    if (request === undefined) return;
    this.waiting = others.length === 0 ? NO_REQUESTS : others;
    this.outstanding = request;
    this.identifier = (this.identifier % 0xffff) + 1;
    const { localAddress } = this.session.config;
    const { rh0, ru } = request;
    this.pu.sender.send(false, this.partner, localAddress, this.identifier, rh0, RH_DEFINITE, 0, ru, 0, ru.length);
  }

  private initSelf(): Uint8Array {
    const { logMode, userData } = this.session.config;
    const mode = logMode === '' ? BLANKS : encodeName(logMode, 8);
    const name = encodeName(this.sessions.applicationOf(this.session), 8);
    const user = encodeEbcdic(userData, '037');
    const header = [...nsHeader(NS.INIT_SELF), 0x00];
    return Uint8Array.of(...header, ...mode, NAME_TYPE_LU, name.length, ...name, 0, 0, user.length, ...user);
  }

  private logonText(): Uint8Array {
    const { logMode, userData } = this.session.config;
    const mode = logMode === '' ? '' : ` LOGMODE(${logMode})`;
    const data = userData === '' ? '' : ` DATA(${userData})`;
    return encodeEbcdic(`LOGON APPLID(${this.sessions.applicationOf(this.session)})${mode}${data}`, '037');
  }

  /** Control vector 0C: what sessions this LU can have. */
  private capabilities(capability: number): number[] {
    const body = [capability, 0x00, 0x01, 0x00, 0x00, 0x00];
    if (this.pu.sna.luVectorForm === 'short') return [VECTOR_CAPABILITIES, 0x06, ...body];
    return [VECTOR_CAPABILITIES, 0x0e, ...body, ...BLANKS];
  }
}

function nsHeader(code: number): [number, number, number] {
  return [code >>> 16, (code >>> 8) & 0xff, code & 0xff];
}

function luEvent({ rh, ru }: Piu): SscpLuEvent | undefined {
  if (rh?.ruCategory === 'SC') {
    if (ru[0] === SC.ACTLU) return ((ru[1] ?? 1) & 0x03) === 2 ? 'ACTLU_ERP' : 'ACTLU_COLD';
    return ru[0] === SC.DACTLU ? 'DACTLU' : undefined;
  }
  if (rh?.ruCategory !== 'FMD') return undefined;
  return rh.fi && isSessionOutcome(ru) ? 'SESSION_OUTCOME' : 'DATA';
}

/** EBCDIC text on one line; what cannot be shown is a blank. */
function printable(ru: Uint8Array): string {
  const text = decodeEbcdic(ru.subarray(0, TEXT_SHOWN_MAX), '037');
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
}
