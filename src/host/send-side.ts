import { copyBytes } from '../base/copy-bytes.js';
import { Queue } from '../base/queue.js';
import {
  DFC,
  PIU_HEADER_SIZE,
  RH0_BCI,
  RH0_ECI,
  RH1_PI,
  RH2_BBI,
  RH2_CDI,
  RH2_EBI,
  TH_FID2,
  TH_MPF_FIRST,
  TH_MPF_LAST,
  TH_MPF_MIDDLE,
  TH_SIZE,
} from '../sna/masks.js';
import { MODE, RESPONSE } from './bind-rules.js';
import { PacingOut } from './pacing.js';
import { putRequest, TH0_NORMAL } from './piu-out.js';
import { SentRequests } from './sent-requests.js';
import type { PrimarySession } from './session.js';

/** What a program may decide about a chain; what it leaves out follows the rules of the session. */
export interface ChainFlags {
  /** RH byte 1 of the last RU: DR1, DR2, ERI. */
  readonly form?: number | undefined;
  readonly bb?: boolean | undefined;
  readonly eb?: boolean | undefined;
  readonly cd?: boolean | undefined;
}

const NO_FLAGS: ChainFlags = {};
const FORM_RQE1 = 0x90;
const FORM_RQD1 = 0x80;
const FORM_MASK = 0xb0;
const ERI = 0x10;

/** A chain that waits for its turn, or for pacing in the middle. */
interface OutChain {
  readonly bytes: Buffer;
  readonly flags: ChainFlags;
  /** Not a reply: it begins a bracket of its own and waits while the LU's is open. */
  readonly isOwn: boolean;
}

/** The normal flow from the host to one LU: chains, elements, segments, pacing, responses awaited. */
export class SendSide {
  readonly sent = new SentRequests();
  readonly pacing: PacingOut;
  /** Sequence number of the last request. */
  private snf = 0;
  private readonly session: PrimarySession;
  private readonly waiting = new Queue<OutChain>();
  private readonly own = new Queue<OutChain>();
  /** The chain being sent, and how far it is; a chain stops in the middle only for pacing. */
  private current: OutChain | undefined;
  private at = 0;
  private chainFrom = 0;
  private form = 0;
  private rh2 = 0;
  private hasBegun = false;
  /** The last chain that may be refused in a race and then has to go again. */
  private repeatable: OutChain | undefined;
  /** QEC was received: chains wait from the next on. */
  private isQuiesced = false;
  private owesQc = false;
  /** BID was refused with 0814: wait for RTR. */
  private awaitsRtr = false;

  constructor(session: PrimarySession) {
    this.session = session;
    this.pacing = new PacingOut(session.rules.windowOut);
  }

  /** Nothing is being sent or waiting to be sent. */
  get isIdle(): boolean {
    return this.current === undefined && this.waiting.size === 0 && this.own.size === 0;
  }

  get lastSnf(): number {
    return this.snf;
  }

  /** As after BIND and CLEAR: nothing sent, nothing awaited, nothing kept. */
  reset(): void {
    this.sent.reset();
    this.pacing.reset();
    this.waiting.clear();
    this.own.clear();
    this.current = undefined;
    this.repeatable = undefined;
    this.snf = 0;
    this.isQuiesced = false;
    this.owesQc = false;
    this.awaitsRtr = false;
  }

  /** Send `bytes[from, to)` as a chain: at once where it may go, else from a copy when its turn comes. */
  send(bytes: Buffer, from: number, to: number, flags: ChainFlags = NO_FLAGS): void {
    const { rules, row } = this.session;
    row.replies += 1;
    row.bytesOut += to - from;
    const isFirst = this.waiting.size === 0 && this.current === undefined;
    if (isFirst && this.fitsNow(to - from) && rules.mode !== MODE.contention && this.mayStart()) {
      const { brackets } = this.session;
      if ((brackets.state === 'INB' || brackets.state === 'UNUSED') && brackets.leave() === 'now') {
        this.begin(flags);
        this.putChain(bytes, from, to);
        this.finish();
        if (this.own.size > 0) this.pump();
        return;
      }
    }
    this.enqueue(Buffer.from(bytes.subarray(from, to)), flags, false);
    this.pump();
  }

  /** May a whole chain of so many bytes go out at once? */
  private fitsNow(size: number): boolean {
    const { ruSizeOut, pluChains } = this.session.rules;
    if (size <= ruSizeOut) return this.pacing.canSend;
    return pluChains && this.pacing.allows(Math.ceil(size / ruSizeOut));
  }

  private putChain(bytes: Buffer, from: number, to: number): void {
    const { ruSizeOut } = this.session.rules;
    let at = from;
    for (; to - at > ruSizeOut; at += ruSizeOut) this.putElement(bytes, at, at + ruSizeOut, false);
    this.putElement(bytes, at, to, true);
  }

  /** Send data that answers nothing: between brackets, after a BID where the LU is first speaker. The bytes are copied. */
  sendOwn(bytes: Uint8Array, flags: ChainFlags = NO_FLAGS): void {
    this.session.row.replies += 1;
    this.session.row.bytesOut += bytes.length;
    this.enqueue(Buffer.from(bytes), flags, true);
    this.pump();
  }

  private enqueue(bytes: Buffer, flags: ChainFlags, isOwn: boolean): void {
    const { pluChains, ruSizeOut } = this.session.rules;
    const queue = isOwn ? this.own : this.waiting;
    if (pluChains || bytes.length <= ruSizeOut) {
      queue.push({ bytes, flags, isOwn });
      return;
    }
    // Chains of one RU only: the data goes as several of them, and only the last ends the turn.
    for (let at = 0; at < bytes.length; at += ruSizeOut) {
      const isLast = at + ruSizeOut >= bytes.length;
      const part = bytes.subarray(at, at + ruSizeOut);
      queue.push({ bytes: part, flags: isLast ? flags : { eb: false, cd: false }, isOwn });
    }
  }

  /** Send what may go now: called whenever something that held it back has changed. */
  pump(): void {
    while (this.session.isActive) {
      if (this.current === undefined && !this.next()) return;
      if (!this.pacing.canSend) return;
      const { bytes } = this.current!;
      const end = Math.min(bytes.length, this.at + this.session.rules.ruSizeOut);
      const from = this.at;
      this.at = end;
      this.putElement(bytes, from, end, end === bytes.length);
      if (end === bytes.length) {
        this.current = undefined;
        this.finish();
      }
    }
  }

  /** Take the next waiting chain if it may start; a BID goes first where it must. */
  private next(): boolean {
    if (this.owesQc && this.mayStart(true)) {
      this.owesQc = false;
      this.sendControl(DFC.QC);
    }
    const queue = this.waiting.size > 0 ? this.waiting : this.own;
    const next = queue.peek();
    if (next === undefined || !this.mayStart() || !this.pacing.canSend) return false;
    if (next.isOwn && this.session.brackets.state === 'INB') return false;
    const leave = this.session.brackets.leave();
    if (leave === 'bid') {
      this.session.brackets.sendBid();
      this.sendControl(DFC.BID);
    }
    if (leave !== 'now') return false;
    queue.shift();
    this.current = next;
    this.at = 0;
    const mayLose = this.session.rules.mode === MODE.contention || this.session.brackets.state !== 'INB';
    this.repeatable = mayLose ? this.current : undefined;
    this.begin(next.flags);
    return true;
  }

  private mayStart(evenQuiesced = false): boolean {
    if (!this.session.isActive || (this.isQuiesced && !evenQuiesced) || this.awaitsRtr) return false;
    if (this.sent.isWaiting && !this.session.rules.pluDelayed) return false;
    return this.session.rules.mode === MODE.fdx || !this.session.receive.isInChain;
  }

  /** Settle the flags of a chain that starts now. */
  private begin(flags: ChainFlags): void {
    const { rules, brackets } = this.session;
    const needsBb = brackets.sendStart();
    const hasBb = flags.bb ?? needsBb;
    const hasEb = flags.eb ?? (rules.brackets && rules.pluMayEnd && flags.cd !== true);
    const hasCd = flags.cd ?? (!hasEb && rules.mode === MODE.flipFlop);
    this.rh2 = (hasBb ? RH2_BBI : 0) | (hasEb ? RH2_EBI : 0) | (hasCd ? RH2_CDI : 0);
    this.form = flags.form ?? this.usualForm();
    this.chainFrom = (this.snf + 1) & 0xffff;
    this.hasBegun = false;
  }

  private usualForm(): number {
    const allowed = this.session.rules.pluResponse;
    if (allowed === RESPONSE.none) return 0;
    const isDefinite =
      allowed === RESPONSE.definite || (allowed === RESPONSE.either && this.session.application.repliesDefinite);
    return isDefinite ? FORM_RQD1 : FORM_RQE1;
  }

  /** Write one RU of the current chain, in segments where it is longer than a PIU may be. */
  private putElement(bytes: Buffer, from: number, to: number, isLast: boolean): void {
    const isFirst = !this.hasBegun;
    this.hasBegun = true;
    const form = isLast || this.form === 0 ? this.form : this.form | ERI;
    const pacing = this.pacing.take() ? RH1_PI : 0;
    const rh0 = (isFirst ? RH0_BCI : 0) | (isLast ? RH0_ECI : 0);
    const rh2 = (isFirst ? this.rh2 & (RH2_BBI | RH2_EBI) : 0) | (isLast ? this.rh2 & RH2_CDI : 0);
    const rh = (rh0 << 16) | ((form | pacing) << 8) | rh2;
    this.snf = (this.snf + 1) & 0xffff;
    if (PIU_HEADER_SIZE + to - from <= this.session.owner.piuSizeMax) {
      const { owner, application } = this.session;
      putRequest(owner.out, TH0_NORMAL, owner.localAddress, application.address, this.snf, rh, bytes, from, to);
    } else this.putSegments(bytes, from, to, rh);
    if ((form & FORM_MASK) === 0) return;
    if ((form & ERI) !== 0) this.sent.sentException(this.snf, form);
    else this.sent.sentDefinite({ snf: this.snf, chainFrom: this.chainFrom, form, code: -1 });
  }

  private putSegments(bytes: Buffer, from: number, to: number, rh: number): void {
    const { piuSizeMax } = this.session.owner;
    let at = from + piuSizeMax - PIU_HEADER_SIZE;
    this.putSegment(TH_MPF_FIRST, bytes, from, at, rh);
    while (to - at > piuSizeMax - TH_SIZE) {
      const end = at + piuSizeMax - TH_SIZE;
      this.putSegment(TH_MPF_MIDDLE, bytes, at, end, -1);
      at = end;
    }
    this.putSegment(TH_MPF_LAST, bytes, at, to, -1);
  }

  /** @param rh the RH of a first segment; -1 on the others, which have none */
  private putSegment(mpf: number, bytes: Buffer, from: number, to: number, rh: number): void {
    const { owner, application } = this.session;
    const headerSize = rh < 0 ? TH_SIZE : PIU_HEADER_SIZE;
    const at = owner.out.reserve(headerSize + to - from);
    const target = owner.out.bytes;
    target[at] = TH_FID2 | mpf;
    target[at + 1] = 0;
    target[at + 2] = owner.localAddress;
    target[at + 3] = application.address;
    target[at + 4] = this.snf >>> 8;
    target[at + 5] = this.snf;
    if (rh >= 0) {
      target[at + 6] = rh >>> 16;
      target[at + 7] = rh >>> 8;
      target[at + 8] = rh;
    }
    copyBytes(bytes, from, to, target, at + headerSize);
  }

  private finish(): void {
    const isDefinite = this.form !== 0 && (this.form & ERI) === 0;
    this.session.brackets.sendEnd((this.rh2 & RH2_CDI) !== 0, (this.rh2 & RH2_EBI) !== 0, isDefinite);
    this.session.afterChain();
  }

  /** Send a request of data flow control on the normal flow, RQD1. */
  sendControl(code: number, body: Uint8Array = Uint8Array.of(code)): void {
    const { owner, application } = this.session;
    const pacing = this.pacing.take() ? RH1_PI : 0;
    this.snf = (this.snf + 1) & 0xffff;
    const rh = 0x4b0000 | ((FORM_RQD1 | pacing) << 8);
    putRequest(owner.out, TH0_NORMAL, owner.localAddress, application.address, this.snf, rh, body);
    this.sent.sentDefinite({ snf: this.snf, chainFrom: this.snf, form: FORM_RQD1, code });
  }

  /** QEC: finish the chain being sent, answer with QC, hold the rest until RELQ. */
  quiesce(): void {
    this.isQuiesced = true;
    this.owesQc = true;
    this.pump();
  }

  /** RELQ. */
  resume(): void {
    this.isQuiesced = false;
    this.pump();
  }

  /** RTR: the LU is ready for the bracket whose BID it refused with 0814. */
  readyToReceive(): boolean {
    if (!this.awaitsRtr) return false;
    this.awaitsRtr = false;
    this.session.brackets.state = 'BID_WON';
    return true;
  }

  /** A race was lost (080B, 0813, 0814, 081B): the chain goes again when the LU has had its turn. */
  onRaceLost(category: number): void {
    this.awaitsRtr = category === 0x0814;
    if (category !== 0x081b) this.session.brackets.onRefused();
    const lost = this.repeatable;
    this.repeatable = undefined;
    if (lost === undefined) return;
    const queue = lost.isOwn ? this.own : this.waiting;
    const rest = [...queue];
    queue.clear();
    for (const chain of [lost, ...rest]) queue.push(chain);
    this.current = undefined;
  }

  /** A chain of ours was refused: what is left of it is not sent. @returns true when it was cut off and needs CANCEL */
  abandon(): boolean {
    const wasCut = this.current !== undefined && this.hasBegun;
    this.current = undefined;
    return wasCut;
  }
}
