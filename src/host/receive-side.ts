import {
  DFC,
  PIU_HEADER_SIZE,
  RH0_BCI,
  RH0_ECI,
  RH1_FORM_MASK,
  RH1_PI,
  RH2_BBI,
  RH2_CDI,
  RH2_EBI,
  TH_EFI,
} from '../sna/masks.js';
import type { ChainBuffer } from './chain-buffer.js';
import { PacingIn } from './pacing.js';
import { putPacingResponse, putResponse } from './piu-out.js';
import type { ProtocolRule } from './protocol-errors.js';
import { type DfcEntry, dataRhFault, dfcRhFault, SLU_DFC } from './request-check.js';
import { u16 } from './response-check.js';
import type { PrimarySession } from './session.js';

const ERI = 0x10;
const DR_MASK = 0xa0;
const SENSE_BRACKET_RACE = 0x080b0000;
const SENSE_BID_REJECTED = 0x08130000;
const SENSE_RTR_NOT_REQUIRED = 0x08190000;
const SENSE_NO_RESOURCE = 0x08120000;

/** A chain that came whole and waits for the program to answer it. */
interface Pending {
  /** Header of the RU that asked for the response. */
  readonly header: Buffer;
  readonly isDefinite: boolean;
  readonly hasCd: boolean;
  readonly hasEb: boolean;
}

/** BETC between chains, INC in one, DISCARD in one that was refused. */
type ChainState = 'BETC' | 'INC' | 'DISCARD';

/** The normal flow from one LU to the host: every check the books name, chains put together, responses due. */
export class ReceiveSide {
  readonly pacing: PacingIn;
  /** SHUTC or QC came: no more data until it is released. */
  isQuiesced = false;
  private readonly session: PrimarySession;
  private readonly chain: ChainBuffer;
  private snf = 0;
  private state: ChainState = 'BETC';
  private hasEb = false;
  private chainDr = 0;
  private pending: Pending | undefined;
  /** Flush count of the output when a definite response was written: before it leaves nothing more may come. */
  private answeredAt = -1;
  /** The last RH that was found right: the same one again needs no second look. */
  private goodRh = -1;

  constructor(session: PrimarySession) {
    this.session = session;
    this.chain = session.chain;
    this.pacing = new PacingIn(session.rules.windowIn);
  }

  get isInChain(): boolean {
    return this.state !== 'BETC';
  }

  /** A chain waits for `respond` or `reject`. */
  get isPending(): boolean {
    return this.pending !== undefined;
  }

  get lastSnf(): number {
    return this.snf;
  }

  reset(): void {
    this.pacing.reset();
    this.isQuiesced = false;
    this.snf = 0;
    this.state = 'BETC';
    this.hasEb = false;
    this.chain.length = 0;
    this.pending = undefined;
    this.answeredAt = -1;
  }

  /** A data request `piu[at, end)`, whole. */
  onData(piu: Buffer, at: number, end: number): void {
    const rh1 = piu[at + 7]!;
    const fault = this.dataFault(piu, at, end);
    const paced = (rh1 & RH1_PI) !== 0;
    if (fault !== undefined) {
      this.refuse(fault, piu, at, end);
      return;
    }
    const isLast = (piu[at + 6]! & RH0_ECI) !== 0;
    if (this.state === 'DISCARD') {
      if (isLast) this.state = 'BETC';
      if (paced) this.grantPacing();
      return;
    }
    this.hasEb = this.hasEb || (piu[at + 8]! & RH2_EBI) !== 0;
    if (this.state === 'BETC' && isLast) {
      this.complete(piu, at, end, piu, at + PIU_HEADER_SIZE, end);
      return;
    }
    this.append(piu, at, end, isLast);
  }

  /** Everything that can be wrong with a data request, in the order path, sequence, pacing, RH, chain, bracket, direction. */
  private dataFault(piu: Buffer, at: number, end: number): ProtocolRule | undefined {
    const rh0 = piu[at + 6]!;
    const rh1 = piu[at + 7]!;
    const rh2 = piu[at + 8]!;
    const { session } = this;
    if ((piu[at]! & TH_EFI) !== 0) return 'RH_CATEGORY';
    const early = this.flowFault(piu, at, rh1);
    if (early !== undefined) return early;
    const rh = (rh0 << 16) | ((rh1 & ~RH1_PI) << 8) | rh2;
    if (rh !== this.goodRh) {
      const fault = dataRhFault(session.rules, rh0, rh1, rh2);
      if (fault !== undefined) return fault;
      this.goodRh = rh;
    }
    if (end - at - PIU_HEADER_SIZE > session.rules.ruSizeIn) return 'RU_LENGTH';
    if (this.isQuiesced) return 'QUIESCED';
    return this.chainFault(rh0, rh1, rh2, piu, at, end);
  }

  /** Sequence number and pacing of any normal-flow request. */
  private flowFault(piu: Buffer, at: number, rh1: number): ProtocolRule | undefined {
    const snf = u16(piu, at + 4);
    const expected = (this.snf + 1) & 0xffff;
    // 0 may be skipped when the numbers wrap: both ways are in use.
    const isNext = snf === expected || (expected === 0 && snf === 1);
    this.snf = snf;
    if (!isNext && this.session.owner.isSequenceStrict) return 'SEQUENCE';
    const { flushes } = this.session.owner.out;
    const isAnswerDue = this.pending?.isDefinite || this.answeredAt === flushes;
    if (isAnswerDue && !this.session.rules.sluDelayed) return 'IMMEDIATE_MODE';
    return this.pacing.take((rh1 & RH1_PI) !== 0, flushes);
  }

  private chainFault(
    rh0: number,
    rh1: number,
    rh2: number,
    piu: Buffer,
    at: number,
    end: number,
  ): ProtocolRule | undefined {
    const isFirst = (rh0 & RH0_BCI) !== 0;
    if (isFirst !== (this.state === 'BETC')) return 'CHAIN';
    if (!isFirst) {
      const isSameForm = (rh1 & DR_MASK) === this.chainDr || (rh0 & RH0_ECI) !== 0;
      return isSameForm ? undefined : 'RH_FORM';
    }
    this.hasEb = false;
    this.chainDr = rh1 & DR_MASK;
    const outcome = this.session.brackets.receiveStart((rh2 & RH2_BBI) !== 0);
    if (outcome !== 'race') return outcome;
    this.rejectChain(SENSE_BRACKET_RACE, piu, at, end);
    return undefined;
  }

  /** Refuse the chain that this RU begins or continues, without holding it against the partner. */
  private rejectChain(sense: number, piu: Buffer, at: number, end: number): void {
    if ((piu[at + 7]! & RH1_FORM_MASK) !== 0) this.session.putResponse(piu, at, end, sense);
    this.session.row.rejected += 1;
    this.chain.length = 0;
    this.state = 'DISCARD';
  }

  private refuse(fault: ProtocolRule, piu: Buffer, at: number, end: number): void {
    const isLast = (piu[at + 6]! & RH0_ECI) !== 0;
    this.chain.length = 0;
    this.state = isLast ? 'BETC' : 'DISCARD';
    this.session.brackets.receiveRejected();
    this.session.fail(fault, '', piu, at, end);
  }

  private append(piu: Buffer, at: number, end: number, isLast: boolean): void {
    const { chain } = this;
    const length = chain.length + end - at - PIU_HEADER_SIZE;
    if (length > this.session.owner.chainSizeMax) {
      this.rejectChain(SENSE_NO_RESOURCE, piu, at, end);
      if (isLast) this.state = 'BETC';
      return;
    }
    // What came in segments lies in its place already.
    if (piu !== chain.bytes) chain.write(piu, at + PIU_HEADER_SIZE, end, chain.end);
    chain.length = length;
    this.state = 'INC';
    if (isLast) this.complete(piu, at, end, chain.bytes, PIU_HEADER_SIZE, chain.end);
    else if ((piu[at + 7]! & RH1_PI) !== 0) this.grantPacing();
  }

  /** The chain `bytes[from, to)` is whole; `piu[at, end)` is its last RU. */
  private complete(piu: Buffer, at: number, end: number, bytes: Buffer, from: number, to: number): void {
    const { session } = this;
    const { program } = session.application;
    const rh1 = piu[at + 7]!;
    const form = rh1 & RH1_FORM_MASK;
    const isDefinite = form !== 0 && (form & ERI) === 0;
    const hasCd = (piu[at + 8]! & RH2_CDI) !== 0;
    this.state = 'BETC';
    this.chain.length = 0;
    if (program.respondsAtOnce) {
      this.respondNow(piu, at, end, isDefinite);
      session.brackets.receiveEnd(hasCd, this.hasEb);
    } else {
      if ((rh1 & RH1_PI) !== 0) this.grantPacing();
      const header = Buffer.from(piu.subarray(at, at + PIU_HEADER_SIZE));
      this.pending = { header, isDefinite, hasCd, hasEb: this.hasEb };
    }
    const { row } = session;
    this.chain.uncover();
    row.requests += 1;
    row.bytesIn += to - from;
    session.owner.onLedger?.(row, bytes, from, to);
    program.onChain(session, bytes, from, to);
    if (bytes === this.chain.bytes) this.chain.release();
    session.send.pump();
  }

  /** Positive response with the pacing response in it, or the pacing response alone, or neither: whatever is due. */
  private respondNow(piu: Buffer, at: number, end: number, isDefinite: boolean): void {
    const pacing = piu[at + 7]! & RH1_PI;
    const { out } = this.session.owner;
    if (pacing !== 0) this.pacing.grant(out.flushes);
    if (isDefinite) {
      putResponse(out, piu, at, end, 0, pacing);
      this.answeredAt = out.flushes;
    } else if (pacing !== 0) this.putPacing();
  }

  private grantPacing(): void {
    this.pacing.grant(this.session.owner.out.flushes);
    this.putPacing();
  }

  private putPacing(): void {
    const { owner, application } = this.session;
    putPacingResponse(owner.out, owner.localAddress, application.address);
  }

  /** Answer the chain that waits. @param sense 0 positively; a positive answer is silent where none was asked for */
  answer(sense: number): void {
    const { pending, session } = this;
    if (pending === undefined) return;
    this.pending = undefined;
    const { header } = pending;
    const asksForNone = (header[7]! & RH1_FORM_MASK) === 0;
    if (sense !== 0 ? !asksForNone : pending.isDefinite) session.putResponse(header, 0, PIU_HEADER_SIZE, sense);
    if (pending.isDefinite) this.answeredAt = session.owner.out.flushes;
    if (sense === 0) session.brackets.receiveEnd(pending.hasCd, pending.hasEb);
    else {
      session.row.rejected += 1;
      session.brackets.receiveRejected();
    }
    session.send.pump();
  }

  /** A request of data flow control, either flow. */
  onControl(piu: Buffer, at: number, end: number): void {
    const code = end - at > PIU_HEADER_SIZE ? piu[at + PIU_HEADER_SIZE]! : -1;
    const entry = SLU_DFC.get(code);
    const isExpedited = (piu[at]! & TH_EFI) !== 0;
    const fault = this.controlFault(entry, isExpedited, piu, at, end);
    if (fault !== undefined || entry === undefined) {
      this.session.fail(fault ?? 'FUNCTION', entry?.name ?? `code ${code}`, piu, at, end);
      return;
    }
    if (!isExpedited && (piu[at + 7]! & RH1_PI) !== 0) this.grantPacing();
    const sense = this.carryOut(code, piu[at + 8]!);
    const isDefinite = (piu[at + 7]! & ERI) === 0;
    if (sense !== 0 || isDefinite) this.session.putResponse(piu, at, end, sense);
    if (isDefinite && !isExpedited) this.answeredAt = this.session.owner.out.flushes;
    this.session.afterControl(code);
  }

  private controlFault(
    entry: DfcEntry | undefined,
    isExpedited: boolean,
    piu: Buffer,
    at: number,
    end: number,
  ): ProtocolRule | undefined {
    const { rules, brackets } = this.session;
    const flow = isExpedited ? undefined : this.flowFault(piu, at, piu[at + 7]!);
    if (flow !== undefined) return flow;
    if (entry === undefined || !entry.profiles.includes(rules.fmProfile)) return 'FUNCTION';
    if (entry.isExpedited !== isExpedited) return 'RH_CATEGORY';
    const rh2 = piu[at + 8]!;
    const fault = dfcRhFault(rules, entry, piu[at + 6]!, piu[at + 7]!, rh2);
    if (fault !== undefined) return fault;
    const code = piu[at + PIU_HEADER_SIZE]!;
    if (end - at - PIU_HEADER_SIZE !== entry.length) return 'RU_LAYOUT';
    if (!isExpedited && (code === DFC.CANCEL) !== this.isInChain) return 'CHAIN';
    if (code === DFC.SHUTC && !this.session.wasShutdown) return 'FUNCTION';
    if (code === DFC.QC && !this.session.wasQuiesced) return 'FUNCTION';
    if (code !== DFC.LUSTAT) return undefined;
    const outcome = brackets.receiveStart((rh2 & RH2_BBI) !== 0);
    return outcome === 'race' ? undefined : outcome;
  }

  /** Do what an accepted control request asks. @returns sense data when it cannot be granted, which is no mistake */
  private carryOut(code: number, rh2: number): number {
    const { brackets, send } = this.session;
    const hasCd = (rh2 & RH2_CDI) !== 0;
    const hasEb = (rh2 & RH2_EBI) !== 0;
    if (code === DFC.CANCEL) {
      this.state = 'BETC';
      this.chain.length = 0;
      brackets.receiveEnd(hasCd, hasEb);
    } else if (code === DFC.LUSTAT) brackets.receiveEnd(hasCd, hasEb);
    else if (code === DFC.BID) return brackets.receiveBid() ? 0 : SENSE_BID_REJECTED;
    else if (code === DFC.RTR) return send.readyToReceive() ? 0 : SENSE_RTR_NOT_REQUIRED;
    else if (code === DFC.SHUTC || code === DFC.QC) this.isQuiesced = true;
    return 0;
  }
}
