import type { Prng } from '../../../src/base/prng.js';
import { type Piu, type Setup, text } from './model-setup.js';

interface OutChain {
  readonly payload: Uint8Array;
  readonly hasCd: boolean;
  readonly hasEb: boolean;
  readonly isDefinite: boolean;
  hasBb: boolean;
  at: number;
  firstSnf: number;
}

type Bracket = 'NONE' | 'BETB' | 'PEND_SLU_BB' | 'INB' | 'PEND_EB';
type Phase = 'idle' | 'bid' | 'ready' | 'sending' | 'response' | 'cancel' | 'cancelling';

/**
 * A primary half-session written from the digest alone, as plainly as possible, and without the machines it is there to
 * check. Whatever its partner does wrong throws.
 */
export class ModelPrimary {
  readonly setup: Setup;
  readonly wire: Piu[] = [];
  /** Chains accepted from the partner, and our chains that went through, in order. */
  readonly accepted: string[] = [];
  readonly delivered: string[] = [];
  /** Our chains that were refused in a race: to be sent again. */
  readonly again: Uint8Array[] = [];
  bracket: Bracket;
  direction: 'CONT' | 'SEND' | 'RCV';
  phase: Phase = 'idle';
  refusals = 0;
  private readonly chance: Prng;
  private out: OutChain | undefined;
  private snfOut = 0;
  private snfIn = 0;
  private dfc: { readonly code: number; readonly snf: number } | undefined;
  private chain: Uint8Array[] | undefined;
  private isRefusing = false;
  private chainEb = false;
  private isRtrOwed = false;
  /** A BID was accepted since RTR went out. */
  private hasGranted = false;
  /** The chain being received was refused at its first element. */
  private refused = false;
  // Pacing: what we may send of this window, whether the next is open; what the partner may send, what we owe.
  private left = 0;
  private isNextOpen = true;
  private allowed: number;
  private owesPacing = false;

  constructor(setup: Setup, chance: Prng) {
    this.setup = setup;
    this.chance = chance;
    this.allowed = setup.sendWindow;
    this.bracket = !setup.hasBrackets ? 'NONE' : setup.startsInBracket ? 'INB' : 'BETB';
    const isOpen = setup.mode !== 'FLIP_FLOP' || this.bracket === 'BETB';
    this.direction = isOpen ? 'CONT' : setup.isPluFirstSender ? 'SEND' : 'RCV';
  }

  private fail(what: string): never {
    throw new Error(`the secondary broke the protocol: ${what} (${JSON.stringify(this.setup)})`);
  }

  canStart(): boolean {
    const isFree = this.phase === 'idle' && this.dfc === undefined && !(this.isRtrOwed && this.bracket === 'BETB');
    const isBetween = this.chain === undefined || this.setup.mode === 'DUPLEX';
    const isOpen = this.bracket === 'NONE' || this.bracket === 'BETB' || this.bracket === 'INB';
    return isFree && isBetween && isOpen && this.direction !== 'RCV';
  }

  start(payload: Uint8Array, wantsCd: boolean, wantsEb: boolean): void {
    const { setup } = this;
    const mustConfirm = setup.mode !== 'FLIP_FLOP';
    const isDefinite = setup.pluForms === 2 || (setup.pluForms === 3 && (mustConfirm || this.chance() < 0.5));
    const hasEb = wantsEb && setup.hasBrackets && (!mustConfirm || (isDefinite && setup.isRule1));
    const hasCd = wantsCd && !hasEb && setup.mode !== 'DUPLEX';
    const hasBb = this.bracket === 'BETB';
    this.out = { payload, hasCd, hasEb, isDefinite, hasBb, at: 0, firstSnf: 0 };
    if (hasBb && setup.isSluFirst) this.phase = 'bid';
    else {
      this.phase = 'ready';
      if (hasBb) this.bracket = 'INB';
    }
  }

  /** Do one thing of our own that is possible: bid, an element, a CANCEL, RTR, a pacing response. False when none is. */
  act(): boolean {
    if (this.owesPacing && this.chance() < 0.5) return this.grantPacing();
    if (
      this.isRtrOwed &&
      this.phase === 'idle' &&
      this.dfc === undefined &&
      this.bracket === 'BETB' &&
      this.mayPace()
    ) {
      this.isRtrOwed = false;
      this.hasGranted = false;
      this.bracket = 'PEND_SLU_BB';
      this.sendDfc(0x05);
      return true;
    }
    if (this.phase === 'bid' && this.dfc === undefined && this.bracket === 'BETB' && this.mayPace()) {
      this.sendDfc(0xc8);
      return true;
    }
    if (this.phase === 'cancel' && this.mayPace()) {
      this.phase = 'cancelling';
      this.sendDfc(0x83);
      return true;
    }
    if ((this.phase === 'ready' && this.direction !== 'RCV') || this.phase === 'sending') {
      if (this.mayPace()) return this.sendElement();
    }
    return this.owesPacing && this.grantPacing();
  }

  /** Stop the chain we are in with CANCEL; it counts as never sent. */
  cancel(): void {
    if (this.phase !== 'sending') return;
    this.again.push(this.out!.payload);
    this.out = undefined;
    this.phase = 'cancel';
  }

  private mayPace(): boolean {
    return this.setup.receiveWindow === 0 || this.left > 0 || this.isNextOpen;
  }

  /** Count a request; 1 when it carries PI. */
  private pace(): number {
    if (this.setup.receiveWindow === 0) return 0;
    const opens = this.left === 0;
    if (opens) {
      this.left = this.setup.receiveWindow;
      this.isNextOpen = false;
    }
    this.left -= 1;
    return opens ? 1 : 0;
  }

  private sendDfc(code: number): void {
    this.snfOut = (this.snfOut + 1) & 0xffff;
    this.dfc = { code, snf: this.snfOut };
    this.wire.push({
      isExpedited: false,
      snf: this.snfOut,
      rh: [0x4b, 0x80 | this.pace(), 0],
      ru: Uint8Array.of(code),
    });
  }

  private sendElement(): true {
    const out = this.out!;
    const size = this.setup.hasChains ? 1 + Math.floor(this.chance() * this.setup.ruSize) : out.payload.length;
    const end = Math.min(out.payload.length, out.at + size);
    const isFirst = this.phase === 'ready';
    const isLast = end === out.payload.length;
    this.snfOut = (this.snfOut + 1) & 0xffff;
    if (isFirst) out.firstSnf = this.snfOut;
    const rh0 = (isFirst ? 2 : 0) | (isLast ? 1 : 0);
    const rh1 = (isLast && out.isDefinite ? 0x80 : 0x90) | this.pace();
    const rh2 =
      (isFirst && out.hasBb ? 0x80 : 0) | (isFirst && out.hasEb ? 0x40 : 0) | (isLast && out.hasCd ? 0x20 : 0);
    this.wire.push({ isExpedited: false, snf: this.snfOut, rh: [rh0, rh1, rh2], ru: out.payload.slice(out.at, end) });
    out.at = end;
    this.phase = isLast ? 'response' : 'sending';
    if (this.setup.mode === 'FLIP_FLOP') this.direction = 'SEND';
    if (isLast) this.sentLast(out);
    return true;
  }

  private sentLast(out: OutChain): void {
    if (out.hasCd) this.direction = 'RCV';
    else if (this.setup.mode === 'CONTENTION' && this.direction === 'SEND') this.direction = 'CONT';
    if (out.hasEb && (!this.setup.isRule1 || !out.isDefinite)) this.endBracket();
    else if (out.hasEb) this.bracket = 'PEND_EB';
    if (out.isDefinite) return;
    this.delivered.push(text(out.payload));
    this.phase = 'idle';
  }

  private endBracket(): void {
    this.bracket = 'BETB';
    this.direction = 'CONT';
  }

  private respond(request: Piu, senseData: number, pi: number): void {
    const code = (request.rh[0] & 0x60) === 0 ? [] : [request.ru[0]!];
    const rh0 = (request.rh[0] & 0x68) | 0x83;
    const sense = [senseData >>> 24, (senseData >> 16) & 255, (senseData >> 8) & 255, senseData & 255];
    const rh1 = (request.rh[1] & 0xa0) | pi;
    if (senseData !== 0) {
      this.wire.push({ ...request, rh: [rh0 | 4, rh1 | 0x10, 0], ru: Uint8Array.from([...sense, ...code]) });
    } else if ((request.rh[1] & 0x10) === 0) {
      this.wire.push({ ...request, rh: [rh0, rh1, 0], ru: Uint8Array.from(code) });
    }
  }

  private grantPacing(): true {
    this.owesPacing = false;
    this.allowed += this.setup.sendWindow;
    this.wire.push({ isExpedited: false, snf: 0, rh: [0x83, 1, 0], ru: new Uint8Array(0) });
    return true;
  }

  /** Pacing goes with a response that is sent anyway, half of the time. */
  private piggyback(request: Piu, senseData: number): number {
    const isSent = senseData !== 0 || (request.rh[1] & 0x10) === 0;
    if (!this.owesPacing || !isSent || this.chance() < 0.5) return 0;
    this.owesPacing = false;
    this.allowed += this.setup.sendWindow;
    return 1;
  }

  receive(piu: Piu): void {
    if (piu.isExpedited) return;
    if ((piu.rh[0] & 0x80) !== 0) this.takeResponse(piu);
    else this.takeRequest(piu);
  }

  private takeResponse(piu: Piu): void {
    if ((piu.rh[1] & 1) !== 0) {
      if (this.setup.receiveWindow === 0 || this.isNextOpen) this.fail('pacing response that nobody asked for');
      this.isNextOpen = true;
    }
    if ((piu.rh[1] & 0xb0) === 0) return;
    const senseData = (piu.rh[1] & 0x10) === 0 ? 0 : new DataView(piu.ru.buffer, piu.ru.byteOffset).getUint32(0);
    if ((piu.rh[0] & 0x60) === 0x40) this.takeDfcResponse(piu, senseData);
    else this.takeChainResponse(piu, senseData);
  }

  private takeDfcResponse(piu: Piu, senseData: number): void {
    const { dfc } = this;
    if (dfc === undefined || dfc.snf !== piu.snf) this.fail('response to a request that is not outstanding');
    this.dfc = undefined;
    if (dfc.code === 0xc8) {
      if (senseData === 0) {
        this.bracket = 'INB';
        this.phase = 'ready';
      } else {
        if (![0x080b, 0x0813, 0x081b].includes(senseData >>> 16))
          this.fail(`BID refused with ${senseData.toString(16)}`);
        this.takeBack();
      }
    } else if (dfc.code === 0x05) {
      if (senseData !== 0 && senseData >>> 16 !== 0x0819) this.fail('RTR refused');
      if (senseData !== 0 && this.bracket === 'PEND_SLU_BB' && !this.hasGranted) this.bracket = 'BETB';
    } else if (senseData !== 0) this.fail('CANCEL refused');
    else this.phase = 'idle';
  }

  private takeBack(): void {
    this.again.push(this.out!.payload);
    this.out = undefined;
    this.phase = 'idle';
  }

  private takeChainResponse(piu: Piu, senseData: number): void {
    const { out } = this;
    if (senseData === 0) {
      if (this.phase !== 'response' || piu.snf !== this.snfOut) this.fail('positive response out of turn');
      this.delivered.push(text(out!.payload));
      if (this.bracket === 'PEND_EB') this.endBracket();
      this.phase = 'idle';
      return;
    }
    this.refusals += 1;
    const isRace = senseData >>> 16 === 0x081b;
    if (!isRace && senseData >>> 16 !== 0x0812) this.fail(`refused with ${senseData.toString(16)}`);
    if (this.phase === 'sending') {
      this.cancel();
    } else if (this.phase === 'response') {
      this.takeBack();
      if (this.bracket === 'PEND_EB') this.bracket = 'INB';
    } else if (this.phase !== 'cancel' && this.phase !== 'cancelling') this.fail('negative response out of turn');
    // We recover: the turn is ours.
    if (!isRace && this.bracket !== 'BETB') this.direction = this.setup.mode === 'FLIP_FLOP' ? 'SEND' : 'CONT';
  }

  private takeRequest(piu: Piu): void {
    if (piu.snf !== ((this.snfIn + 1) & 0xffff)) this.fail(`sequence number ${piu.snf} after ${this.snfIn}`);
    this.snfIn = piu.snf;
    this.countPacing(piu);
    if ((piu.rh[0] & 0x60) === 0x40) this.takeDfc(piu);
    else this.takeData(piu);
  }

  private countPacing(piu: Piu): void {
    if (this.setup.sendWindow === 0) {
      if ((piu.rh[1] & 1) !== 0) this.fail('pacing request without pacing');
      return;
    }
    if (this.allowed === 0) this.fail('pacing overrun');
    this.allowed -= 1;
    if ((piu.rh[1] & 1) !== 0) this.owesPacing = true;
  }

  private takeDfc(piu: Piu): void {
    const code = piu.ru[0];
    const hasCd = (piu.rh[2] & 0x20) !== 0;
    if (code === 0xc8) return this.takeBid(piu);
    if (code === 0x83) {
      this.chain = undefined;
      this.isRefusing = false;
      if (this.setup.mode === 'CONTENTION') this.direction = 'CONT';
      if (hasCd) this.direction = 'SEND';
    } else if (code === 0x04) {
      if ((piu.rh[2] & 0x80) === 0 || this.bracket !== 'PEND_SLU_BB') this.fail('LUSTAT that opens no bracket');
      this.bracket = 'INB';
      if (this.setup.mode === 'FLIP_FLOP') this.direction = 'RCV';
      if (hasCd) this.direction = 'SEND';
    } else this.fail(`unexpected request ${code?.toString(16)}`);
    this.respond(piu, 0, this.piggyback(piu, 0));
  }

  private takeBid(piu: Piu): void {
    let senseData = 0;
    const dice = this.chance();
    if (this.setup.isSluFirst) this.fail('BID of the first speaker');
    if (this.bracket === 'PEND_SLU_BB') senseData = 0;
    else if (this.bracket !== 'BETB' || this.phase !== 'idle') senseData = 0x080b0000;
    else if (dice < 0.2) senseData = 0x08130000;
    else if (dice < 0.4) senseData = 0x08140000;
    if (senseData === 0) this.bracket = 'PEND_SLU_BB';
    this.hasGranted = senseData === 0;
    if (senseData === 0x08140000) this.isRtrOwed = true;
    this.respond(piu, senseData, this.piggyback(piu, senseData));
  }

  private takeData(piu: Piu): void {
    const isFirst = (piu.rh[0] & 2) !== 0;
    const isLast = (piu.rh[0] & 1) !== 0;
    if (piu.ru.length > this.setup.ruSize) this.fail('RU too long');
    if (isFirst) this.beginChain(piu);
    else if (this.chain === undefined && !this.isRefusing) this.fail('element without a chain');
    if (isLast && (piu.rh[0] & 2) === 0 && !this.setup.hasChains) this.fail('chain');
    this.checkForm(piu, isLast);
    if (this.isRefusing) {
      if (isLast) this.isRefusing = false;
      return;
    }
    this.chain!.push(piu.ru);
    if (isLast) this.endChain(piu);
  }

  private beginChain(piu: Piu): void {
    if (this.chain !== undefined || this.isRefusing) this.fail('chain in a chain');
    const hasBb = (piu.rh[2] & 0x80) !== 0;
    this.chainEb = (piu.rh[2] & 0x40) !== 0;
    const mayBegin = this.bracket === 'PEND_SLU_BB' || (this.bracket === 'BETB' && this.setup.isSluFirst);
    if (hasBb && !mayBegin) this.fail(`BB in ${this.bracket}`);
    if (!hasBb && this.bracket !== 'NONE' && this.bracket !== 'INB' && this.bracket !== 'PEND_EB') {
      this.fail(`data without BB in ${this.bracket}`);
    }
    // The contention winner refuses what meets its own chain.
    if (this.setup.mode === 'CONTENTION' && this.phase === 'sending' && !this.setup.isSluFirst) {
      this.isRefusing = (piu.rh[0] & 1) === 0;
      this.respond(piu, 0x081b0000, 0);
      this.chain = this.isRefusing ? undefined : [];
      this.refused = true;
      return;
    }
    this.refused = false;
    if (this.setup.mode === 'FLIP_FLOP' && this.direction === 'SEND') this.fail('data in our turn');
    if (hasBb) this.bracket = 'INB';
    if (this.phase === 'bid' && this.dfc === undefined) this.takeBack();
    if (this.setup.mode !== 'DUPLEX') this.direction = 'RCV';
    this.chain = [];
  }

  private checkForm(piu: Piu, isLast: boolean): void {
    const form = piu.rh[1] & 0xb0;
    const forms = this.setup.sluForms;
    const isRight = isLast
      ? (form === 0x80 && (forms & 2) !== 0) || (form === 0x90 && (forms & 1) !== 0)
      : form === 0x90;
    if (!isRight) this.fail(`form ${form.toString(16)}`);
  }

  private endChain(piu: Piu): void {
    const payload = Buffer.concat(this.chain!);
    this.chain = undefined;
    if (this.refused) return;
    const { setup } = this;
    const isDefinite = (piu.rh[1] & 0x10) === 0;
    const hasCd = (piu.rh[2] & 0x20) !== 0;
    const isConditional = setup.isRule1 && isDefinite;
    const senseData = isDefinite && this.chance() < 0.1 ? 0x08120000 : 0;
    this.respond(piu, senseData, this.piggyback(piu, senseData));
    if (senseData === 0) this.accepted.push(text(payload));
    if (setup.mode === 'CONTENTION') this.direction = 'CONT';
    if (hasCd || (senseData !== 0 && setup.mode === 'FLIP_FLOP')) this.direction = 'SEND';
    if (this.chainEb && (!isConditional || senseData === 0)) this.endBracket();
    // Nobody is asked to recover between brackets.
    if (this.bracket === 'BETB') this.direction = 'CONT';
  }
}
