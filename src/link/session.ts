import { HostLinkError, toHostLinkError } from '../base/errors.js';
import type { WorkerChannel } from '../channel/channel.js';
import type { SessionRow, SessionState } from '../channel/messages.js';
import type { OpenAnswer } from '../channel/open-answer.js';
import type { LuConfig, SnaOptions } from '../config/model.js';
import { HalfSession } from '../fsm/half-session.js';
import { type HalfSessionPort, RECEIVED, SEND } from '../fsm/half-session-port.js';
import type { LuLuState } from '../fsm/lu-lu.js';
import { describeSense } from '../sna/sense.js';
import type { Hold } from './hold.js';
import type { LuWaiter } from './lu-calls.js';
import type { Failure } from './reasons.js';
import type { SessionList } from './session-table.js';
import type { SscpLu } from './sscp-lu.js';

/** What a session needs of its PU and link. */
export interface SessionOwner {
  readonly channel: WorkerChannel;
  readonly sna: SnaOptions;
  readonly replySizeMax: number;
  /** Send one BIU of the LU-LU session, segmented as the link asks. */
  transmit(
    session: LuSession,
    isExpedited: boolean,
    snf: number,
    rh0: number,
    rh1: number,
    rh2: number,
    ru: Uint8Array,
    from: number,
    to: number,
  ): void;
  /** The LU-LU machine changed its state: recovery decides what follows. */
  luLuChanged(session: LuSession, state: LuLuState, cause: string, senseData: number): void;
  /** The session has no request any more; it may be free again. */
  callEnded(session: LuSession): void;
  noticed(session: LuSession, kind: string, value: number): void;
  protocolError(session: LuSession, senseData: number, what: string): void;
  replied(): void;
  /** The reply to a request whose caller left, see leftMs. It goes to nobody. */
  lateReply(session: LuSession): void;
  nowMs(): number;
}

const EMPTY = new Uint8Array(0);
/** Ids of requests are 0 and above. */
const NO_REQUEST = -1;
const REPLY_TOO_LONG_SENSE = 0x08120000;
/** Bracket and direction races: the host did not take the request, so it may go elsewhere; so may one never sent. */
const RACE_SENSES = new Set([0x080b, 0x0813, 0x0814, 0x081b]);

/**
 * One LU of a PU with its LU-LU session as secondary, and the request it carries. Which list of the session table it is
 * in is its state; the half-session machine knows what SNA allows.
 */
export class LuSession implements HalfSessionPort {
  readonly config: LuConfig;
  readonly puName: string;
  readonly half: HalfSession;
  /** The list this session is in, and its neighbours there. Only the session table writes these. */
  list: SessionList | undefined;
  previous: LuSession | undefined;
  next: LuSession | undefined;
  /** Origin address of the PLU, from BIND to UNBIND. */
  pluAddress = -1;
  /** Of a PLU whose session was forgotten here: what it still sends on it is no fault of it. -1 after the next BIND. */
  forgottenPlu = -1;
  readonly owner: SessionOwner;
  /** SSCP-LU half of this LU. */
  sscp!: SscpLu;
  /** A request for this LU and no other. */
  waiter: LuWaiter | undefined;
  /** The host said that it is not fit for use: to be ended when its request is done, and tried again as `retry` says. */
  unfit: Failure | undefined;
  /** Kept by a program. */
  hold: Hold | undefined;
  /** The request it carries, or carried last, named this very LU. */
  isNamed = false;
  /** Why an operator wants it ended and kept so, whatever happens to the link; '' when none does. */
  heldFor = '';
  /** What had come in on the link when its logon was sent. */
  bytesInAtInit = 0;
  /** When the caller of the request it carries left. */
  leftMs = 0;
  /** Requests sent since start. */
  calls = 0;
  /** What last went wrong. */
  reason = '';
  /** What the host wrote in answer to the logon, '' nothing. */
  hostText = '';
  private requestId: number = NO_REQUEST;
  private hasCaller = false;
  /** A reply of which the last RU has not come yet. */
  private reply: OpenAnswer | undefined;
  private isReceiving = false;
  private change: { readonly state: LuLuState; readonly cause: string; readonly senseData: number } | undefined;

  constructor(config: LuConfig, puName: string, owner: SessionOwner) {
    this.config = config;
    this.puName = puName;
    this.owner = owner;
    this.half = new HalfSession(this, config.type, owner.sna);
  }

  get state(): SessionState {
    return this.list?.state ?? 'DOWN';
  }

  /** Kept for one terminal. */
  get isDedicated(): boolean {
    return this.config.mode === 'DEDICATE';
  }

  /** One of those that any request of its group may run on. */
  get isPooled(): boolean {
    return this.config.mode === 'POOL' && this.config.direction === 'INBOUND';
  }

  /** Is it one that requests run on? */
  get isInUse(): boolean {
    return this.list?.isReady === true;
  }

  /** Does it carry a request, with or without a caller that still waits? */
  get hasRequest(): boolean {
    return this.requestId !== NO_REQUEST;
  }

  /** Is this the request with that id? */
  carries(id: number): boolean {
    return this.requestId === id;
  }

  /** May a request start now? */
  canCall(): boolean {
    return this.requestId === NO_REQUEST && this.half.canSend();
  }

  /**
   * Send a request to the host. The bytes are not kept: what cannot go out at once is copied.
   * @returns busy when the session cannot take it now, failed when it never can (its caller has been told); nothing was sent
   *   then
   */
  call(id: number, bytes: Uint8Array, from: number, to: number): 'sent' | 'busy' | 'failed' {
    this.requestId = id;
    this.hasCaller = true;
    if (!this.startChain(bytes, from, to)) {
      const isRefused = this.requestId === NO_REQUEST;
      this.requestId = NO_REQUEST;
      return isRefused ? 'failed' : 'busy';
    }
    this.calls += 1;
    return 'sent';
  }

  /** The caller left. True when the request was still unsent and has been taken back; else its reply will come late. */
  abandon(): boolean {
    this.hasCaller = false;
    this.leftMs = this.owner.nowMs();
    if (this.half.hasTransmitted) return false;
    this.half.cancelChain();
    this.owner.channel.refuse(this.requestId);
    this.endCall();
    return true;
  }

  /** The session is gone: its request fails, or goes elsewhere when certainly nothing of it was sent. */
  lose(reason: string): void {
    this.reason = reason;
    this.isNamed = false;
    this.unfit = undefined;
    if (this.requestId === NO_REQUEST) return;
    if (this.half.hasTransmitted) {
      const { name: lu } = this.config;
      this.owner.channel.fail(this.requestId, new HostLinkError('OUTCOME_UNKNOWN', `(${reason})`, { lu, reason }));
    } else {
      this.owner.channel.refuse(this.requestId);
    }
    this.dropCall();
  }

  /** Ask the host for the session. */
  initiate(): void {
    this.hostText = '';
    this.half.initiated();
    this.sscp.initiate();
  }

  /** Forget the LU-LU session without traffic. */
  reset(cause: string): void {
    if (this.pluAddress >= 0) this.forgottenPlu = this.pluAddress;
    this.half.reset(cause);
    this.pluAddress = -1;
  }

  /**
   * Hot path: one BIU of the LU-LU session. What it changes is worked off afterwards, so that the half-session has
   * answered before anything new is sent.
   */
  receive(
    isExpedited: boolean,
    snf: number,
    rh0: number,
    rh1: number,
    rh2: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): void {
    this.isReceiving = true;
    this.half.receive(isExpedited, snf, rh0, rh1, rh2, bytes, from, to);
    this.isReceiving = false;
    if (this.change !== undefined) this.settle();
    if (this.requestId === NO_REQUEST && this.isInUse && this.state !== 'ACTIVE') this.owner.callEnded(this);
  }

  row(): SessionRow {
    const { name: lu, localAddress, group } = this.config;
    return { lu, pu: this.puName, localAddress, state: this.state, group, reason: this.reason, calls: this.calls };
  }

  // HalfSessionPort

  transmit(
    isExpedited: boolean,
    snf: number,
    rh0: number,
    rh1: number,
    rh2: number,
    ru: Uint8Array,
    from: number,
    to: number,
  ): void {
    this.owner.transmit(this, isExpedited, snf, rh0, rh1, rh2, ru, from, to);
  }

  /** Hot path: a reply in one RU goes from the socket's bytes into the answer block of this tick, copied once. */
  received(bytes: Uint8Array, from: number, to: number, flags: number): number {
    if (this.requestId === NO_REQUEST) {
      if (this.hold !== undefined) return this.hold.received(bytes, from, to, flags);
      this.owner.noticed(this, 'UNSOLICITED_DATA', to - from);
      return 0;
    }
    const isComplete = (flags & RECEIVED.LAST) !== 0 && this.endsReply(flags);
    if (isComplete && this.reply === undefined) {
      if (to - from > this.owner.replySizeMax) return this.replyTooLong(to - from);
      this.answer(bytes, from, to);
      return 0;
    }
    return this.collect(bytes, from, to, isComplete);
  }

  /** Where a RU of a reply that comes in segments is put together; undefined when nobody waits for one. */
  replyPlace(): OpenAnswer | undefined {
    if (this.requestId === NO_REQUEST) return undefined;
    this.reply ??= this.owner.channel.beginReply();
    return this.reply;
  }

  /** Is the reply under way put together there? */
  repliesIn(place: unknown): place is OpenAnswer {
    return this.reply !== undefined && this.reply === place;
  }

  chainDiscarded(): void {
    this.dropReply();
    this.hold?.discard();
  }

  sent(): void {
    this.hold?.sent();
  }

  responded(senseData: number): void {
    if (this.requestId === NO_REQUEST) this.hold?.responded(senseData);
    else if (senseData !== 0) this.rejected(senseData);
  }

  stateChanged(state: LuLuState, cause: string, senseData: number): void {
    this.change = { state, cause, senseData };
    if (!this.isReceiving) this.settle();
  }

  notice(kind: string, value: number): void {
    this.owner.noticed(this, kind, value);
  }

  protocolError(senseData: number, what: string): void {
    this.owner.protocolError(this, senseData, what);
  }

  /** A payload that the BIND leaves no way to send fails its call: one RU only, and it is longer. */
  private startChain(bytes: Uint8Array, from: number, to: number): boolean {
    const flags = this.config.response === 'definite' ? SEND.CD | SEND.DEFINITE : SEND.CD;
    try {
      return this.half.sendChain(bytes, from, to, flags);
    } catch (error) {
      this.owner.channel.fail(this.requestId, toHostLinkError(error));
      this.dropCall();
      return false;
    }
  }

  private settle(): void {
    const { change } = this;
    if (change === undefined) return;
    this.change = undefined;
    if (change.state === 'RESET' || change.state === 'WAIT_BIND') this.pluAddress = -1;
    this.owner.luLuChanged(this, change.state, change.cause, change.senseData);
  }

  /** A reply is whole when the turn comes back to us or the bracket ends; without turns, at each end of chain. */
  private endsReply(flags: number): boolean {
    if ((flags & (RECEIVED.CD | RECEIVED.END_BRACKET)) !== 0) return true;
    return this.half.rules?.mode !== 'FLIP_FLOP';
  }

  private collect(bytes: Uint8Array, from: number, to: number, isComplete: boolean): number {
    const { channel, replySizeMax } = this.owner;
    const size = (this.reply?.length ?? 0) + (to - from);
    if (size > replySizeMax) return this.replyTooLong(size);
    this.reply ??= channel.beginReply();
    // What came in segments lies in its place already.
    if (this.reply.ahead > 0 && bytes === this.reply.bytes) this.reply.accept();
    else this.reply.append(bytes, from, to);
    if (isComplete) this.answerOpen(this.reply);
    return 0;
  }

  private replyTooLong(size: number): number {
    const { replySizeMax } = this.owner;
    const { name: lu } = this.config;
    this.failCall(new HostLinkError('REPLY_TOO_LONG', '', { lu, size, replySizeMax }));
    return REPLY_TOO_LONG_SENSE;
  }

  private rejected(senseData: number): void {
    const sense = describeSense(senseData);
    const details = { lu: this.config.name, senseData: sense.code, senseName: sense.name, retry: sense.retry };
    this.reason = `request rejected: ${sense.code} ${sense.name}`;
    if (RACE_SENSES.has(senseData >>> 16) || !this.half.hasTransmitted) {
      this.owner.channel.refuse(this.requestId);
      this.endCall();
      return;
    }
    this.failCall(new HostLinkError('SESSION_REJECTED', `(${sense.code} ${sense.name})`, details));
  }

  private answer(bytes: Uint8Array, from: number, to: number): void {
    const id = this.requestId;
    if (this.hasCaller) {
      this.owner.channel.reply(id, bytes, from, to);
      this.owner.replied();
    } else {
      this.owner.channel.reply(id, EMPTY, 0, 0);
      this.owner.lateReply(this);
    }
    this.dropCall();
  }

  private answerOpen(reply: OpenAnswer): void {
    if (!this.hasCaller) return this.answer(EMPTY, 0, 0);
    this.reply = undefined;
    this.owner.channel.replyOpen(this.requestId, reply);
    this.owner.replied();
    this.dropCall();
  }

  private failCall(error: HostLinkError): void {
    this.owner.channel.fail(this.requestId, error);
    this.endCall();
  }

  private endCall(): void {
    this.dropCall();
    if (!this.isReceiving) this.owner.callEnded(this);
  }

  /** Without a word to the owner: it looks at the session itself once the PIU at hand has been worked off. */
  private dropCall(): void {
    this.requestId = NO_REQUEST;
    this.dropReply();
  }

  private dropReply(): void {
    if (this.reply === undefined) return;
    const { reply } = this;
    this.reply = undefined;
    this.owner.channel.discard(reply);
  }
}
