import * as M from '../sna/masks.js';
import { BRACKET } from './bracket.js';
import { CHAIN_OUT } from './chain.js';
import { DUPLEX } from './direction.js';
import { takeGrant } from './half-session-control.js';
import { readUint32, type SessionCore, stepBracket, stepChainOut, stepDirection } from './half-session-core.js';
import { stepLuLu } from './half-session-lu-lu.js';
import { isRaceSense, SENSE } from './senses.js';

const { DFC, SC } = M;

/** Sense data of a negative response; 0 for a positive one. A negative one without sense data reads as 4013. */
function senseOf(rh0: number, rh1: number, bytes: Uint8Array, from: number, to: number): number {
  if ((rh1 & M.RH1_RTI) === 0) return 0;
  const hasSense = (rh0 & M.RH0_SDI) !== 0 && to - from >= 4;
  return (hasSense ? readUint32(bytes, from, to) : 0) || SENSE.SENSE_AND_TYPE;
}

/** One response of the partner, on either flow. @source sna-wire 1.2, 1.6, 3.6, 3.7 */
export function receiveResponse(
  core: SessionCore,
  isExpedited: boolean,
  snf: number,
  rh0: number,
  rh1: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  if (core.rules === undefined) return core.port.protocolError(SENSE.CORRELATION, 'response without a session');
  const senseData = senseOf(rh0, rh1, bytes, from, to);
  if (isExpedited) return takeExpedited(core, snf, senseData);
  if (core.state === 'UNBINDING') return;
  if ((rh1 & M.RH1_PI) !== 0 && !core.pacingOut.open()) core.port.protocolError(SENSE.PACING, 'pacing response');
  const isIsolated = (rh1 & (M.RH1_DR1 | M.RH1_DR2 | M.RH1_RTI)) === 0;
  if (isIsolated) return;
  if (core.dfcCode !== 0 && snf === core.dfcSnf && (rh0 & M.RH0_CATEGORY_MASK) === M.RH0_DFC) takeDfc(core, senseData);
  else if ((rh0 & M.RH0_CATEGORY_MASK) !== M.RH0_FMD) core.port.protocolError(SENSE.CORRELATION, 'response');
  else if (senseData === 0) takePositive(core, snf);
  else takeNegative(core, snf, senseData);
}

/** Positive response to our chain: it has to be that of its last RU. */
function takePositive(core: SessionCore, snf: number): void {
  if (core.chainOut !== CHAIN_OUT.state.PEND_RSP || snf !== core.lastSnf) {
    return core.port.protocolError(SENSE.CORRELATION, 'positive response');
  }
  core.hasRange = false;
  stepChainOut(core, CHAIN_OUT.event.POSITIVE);
  if (core.bracket === BRACKET.state.PEND_EB_OUT) stepBracket(core, BRACKET.event.EB_CONFIRMED);
  core.port.responded(0);
}

/** Negative response: to any RU of the chain sent last. */
function takeNegative(core: SessionCore, snf: number, senseData: number): void {
  const isOfChain = ((snf - core.firstSnf) & 0xffff) <= ((core.lastSnf - core.firstSnf) & 0xffff);
  if (!core.hasRange || !isOfChain) return core.port.protocolError(SENSE.CORRELATION, 'negative response');
  core.hasRange = false;
  core.hasCancelCd = false;
  const actions = stepChainOut(core, CHAIN_OUT.event.NEGATIVE);
  const isRace = isRaceSense(senseData);
  if (isRace && core.beginsBracket) stepBracket(core, BRACKET.event.BB_REFUSED);
  else if (core.bracket === BRACKET.state.PEND_EB_OUT) stepBracket(core, BRACKET.event.EB_REFUSED);
  if (!isRace && core.bracket !== BRACKET.state.BETB) stepDirection(core, DUPLEX.event.NEGATIVE_RECEIVED);
  if ((actions & CHAIN_OUT.action.ANSWERED) !== 0) core.port.responded(senseData);
  // The next chain is waiting already: its caller must not take this for its own answer.
  else core.port.protocolError(senseData, 'late negative response');
}

/** Response to our one outstanding normal-flow DFC request. */
function takeDfc(core: SessionCore, senseData: number): void {
  const code = core.dfcCode;
  core.dfcCode = 0;
  if (code === DFC.BID) return takeBid(core, senseData);
  if (code === DFC.CANCEL) stepChainOut(core, CHAIN_OUT.event.CANCEL_ANSWERED);
  else if (code === DFC.LUSTAT) core.port.notice('LUSTAT_ANSWERED', senseData);
  else if (senseData !== 0) core.port.protocolError(senseData, 'data flow control request refused');
}

/** Response to BID: granted, deferred until RTR, or refused. One that lost a race was given back before. */
function takeBid(core: SessionCore, senseData: number): void {
  const wasPending = core.bracket === BRACKET.state.PEND_BB;
  if (senseData === 0) {
    if ((stepBracket(core, BRACKET.event.BID_ACCEPTED) & BRACKET.action.GRANTED) !== 0) takeGrant(core);
    return;
  }
  const isDeferred = senseData >>> 16 === 0x0814;
  stepBracket(core, isDeferred ? BRACKET.event.BID_DEFERRED : BRACKET.event.BID_REFUSED);
  if (!wasPending || isDeferred) return;
  const actions = stepChainOut(core, CHAIN_OUT.event.BID_REFUSED);
  if ((actions & CHAIN_OUT.action.ANSWERED) !== 0) core.port.responded(senseData);
}

/** Response to our one outstanding expedited request. */
function takeExpedited(core: SessionCore, snf: number, senseData: number): void {
  const code = core.expeditedCode;
  if (code === 0 || snf !== core.expeditedSnf) {
    return core.port.protocolError(SENSE.CORRELATION, 'expedited response');
  }
  core.expeditedCode = 0;
  if (code === SC.UNBIND) stepLuLu(core, 'UNBIND_ANSWERED', 'UNBIND_ANSWERED', senseData);
  else if (code === DFC.SIGNAL) core.port.notice('SIGNAL_ANSWERED', senseData);
  else if (code === DFC.RSHUTD) {
    if (senseData !== 0) stepLuLu(core, 'CLOSE_REFUSED', 'CLOSE_REFUSED', senseData);
    core.port.notice('RSHUTD_ANSWERED', senseData);
  } else if (senseData !== 0) core.port.protocolError(senseData, 'SHUTC refused');
}
