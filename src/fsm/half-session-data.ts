import * as M from '../sna/masks.js';
import { BRACKET } from './bracket.js';
import { CHAIN_IN, CHAIN_OUT } from './chain.js';
import { actionsOf, lookUp, NO_ROW, nextOf } from './dense.js';
import { DUPLEX } from './direction.js';
import {
  hasTraffic,
  readUint32,
  refuse,
  respondNegative,
  respondPositive,
  type SessionCore,
  sendIsolatedPacing,
  stepBracket,
  stepChainOut,
  stepDirection,
} from './half-session-core.js';
import { DEFER_RESPONSE, RECEIVED } from './half-session-port.js';
import { explainRh, isRhAllowed } from './rh-check.js';
import { isRaceSense, SENSE } from './senses.js';

const { DELIVER, VOID, REJECT_200A } = CHAIN_IN.action;
const BRACKET_REJECTS = BRACKET.action.REJECT_080B | BRACKET.action.REJECT_081B | BRACKET.action.REJECT_2003;
const IS_LAST = M.RH0_ECI;
const IS_FIRST = M.RH0_BCI;

/**
 * One normal-flow FMD request, in a state that has data traffic. Runs for every RU: table look-ups, no allocation.
 * The order of the checks is sequence, chain, RH, length, bracket, direction.
 */
export function receiveData(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  rh2: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  core.pacingIn.count((rh1 & M.RH1_PI) !== 0);
  let senseData = takeSequence(core, snf);
  const element = rh0 & 3;
  const cell = lookUp(CHAIN_IN, core.chainIn, element);
  const actions = actionsOf(cell);
  if ((element & IS_FIRST) !== 0) core.hasEbIn = false;
  if ((rh2 & M.RH2_EBI) !== 0) core.hasEbIn = true;
  if (senseData === 0 && (actions & DELIVER) !== 0) senseData = checkElement(core, rh0, rh1, rh2, bytes, from, to);
  else if (senseData === 0) return passOver(core, cell, snf, rh0, rh1);
  if (senseData !== 0) return refuseElement(core, snf, rh0, rh1, senseData);

  core.chainIn = nextOf(cell);
  const answer = core.port.received(bytes, from, to, receivedFlags(core, rh0, rh1, rh2));
  // The session may have been reset from within.
  if (!hasTraffic(core.state)) return;
  if ((element & IS_LAST) !== 0) endChain(core, snf, rh0, rh1, rh2, answer);
  else if (answer > 0) refuseElement(core, snf, rh0, rh1, answer);
  sendIsolatedPacing(core);
}

/** Take the next sequence number; gives 2001 when it is another. After 65535 both 0 and 1 are taken. */
export function takeSequence(core: SessionCore, snf: number): number {
  const expected = (core.snfIn + 1) & 0xffff;
  if (snf !== expected && core.options.seqCheck === 'strict' && !(expected === 0 && snf === 1)) return SENSE.SEQUENCE;
  core.snfIn = snf;
  return 0;
}

/** Sense for an element that fits into its chain; 0 when it may be delivered: bracket and direction are stepped then. */
function checkElement(
  core: SessionCore,
  rh0: number,
  rh1: number,
  rh2: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  const rules = core.rules!;
  // An upstream node replaced the RU by sense data: that is what we answer.
  if ((rh0 & M.RH0_SDI) !== 0) return senseInside(bytes, from, to);
  if (!isRhAllowed(core.masks, rules, rh0, rh1, rh2)) return explainRh(rules, rh0, rh1, rh2);
  if ((rh2 & M.RH2_CDI) !== 0 && core.hasEbIn) return SENSE.CD_NOT_ALLOWED;
  if (rules.receiveRuSize !== 0 && to - from > rules.receiveRuSize) return SENSE.RU_LENGTH;
  if ((rh0 & IS_FIRST) === 0) return 0;
  if (core.owedResponses.isFull) return SENSE.INSUFFICIENT_RESOURCE;
  return beginReceiving(core, (rh2 & M.RH2_BBI) !== 0);
}

/** The sense data of an exception request; 4013 where there is none. */
function senseInside(bytes: Uint8Array, from: number, to: number): number {
  return (to - from >= 4 ? readUint32(bytes, from, to) : 0) || SENSE.SENSE_AND_TYPE;
}

/** Bracket and direction at the start of a chain of the partner. Gives the sense when one of them objects. */
export function beginReceiving(core: SessionCore, hasBb: boolean): number {
  const event = hasBb ? BRACKET.event.PLU_BB : BRACKET.event.PLU_DATA;
  const bracketCell = lookUp(BRACKET, core.bracket, event);
  const rejects = bracketCell === NO_ROW ? BRACKET.action.REJECT_2003 : actionsOf(bracketCell) & BRACKET_REJECTS;
  if (rejects !== 0) return bracketSense(rejects);
  const directionCell = lookUp(core.directionMachine, core.direction, DUPLEX.event.RECEIVE_BEGIN);
  if (directionCell !== NO_ROW) {
    const objects = actionsOf(directionCell);
    if ((objects & DUPLEX.action.REJECT_2004) !== 0) return SENSE.DIRECTION;
    if ((objects & DUPLEX.action.REJECT_081B) !== 0) return SENSE.RECEIVER_TRANSMITS;
    core.direction = nextOf(directionCell);
  }
  core.bracket = nextOf(bracketCell);
  if (hasBb) loseBid(core);
  return 0;
}

/**
 * The partner begins a bracket while a chain of ours waits for one: it goes back to its caller unsent, who may need the
 * session to answer in the partner's bracket first.
 */
export function loseBid(core: SessionCore): void {
  if (core.chainOut !== CHAIN_OUT.state.WAIT_BRACKET) return;
  stepChainOut(core, CHAIN_OUT.event.BID_REFUSED);
  core.port.responded(SENSE.BRACKET_RACE);
}

/** The sense behind a reject action of the bracket machine. */
export function bracketSense(actions: number): number {
  if ((actions & BRACKET.action.REJECT_0813) !== 0) return SENSE.BID_REFUSED;
  if ((actions & BRACKET.action.REJECT_0819) !== 0) return SENSE.RTR_NOT_REQUIRED;
  if ((actions & BRACKET.action.REJECT_080B) !== 0) return SENSE.BRACKET_RACE;
  if ((actions & BRACKET.action.REJECT_081B) !== 0) return SENSE.RECEIVER_TRANSMITS;
  return (actions & BRACKET.action.REJECT_2003) !== 0 ? SENSE.BRACKET_STATE : 0;
}

function receivedFlags(core: SessionCore, rh0: number, rh1: number, rh2: number): number {
  let flags = 0;
  if ((rh0 & IS_FIRST) !== 0) {
    flags = RECEIVED.FIRST;
    if ((rh2 & M.RH2_BBI) !== 0) flags |= RECEIVED.BEGIN_BRACKET;
    if ((rh0 & M.RH0_FI) !== 0) flags |= RECEIVED.FMH;
  }
  if ((rh0 & IS_LAST) === 0) return flags;
  flags |= RECEIVED.LAST;
  if ((rh2 & M.RH2_CDI) !== 0) flags |= RECEIVED.CD;
  if (core.hasEbIn) flags |= RECEIVED.END_BRACKET;
  return isDefinite(rh1) ? flags | RECEIVED.DEFINITE : flags;
}

/** True when the RH of a request asks for a definite response. */
export function isDefinite(rh1: number): boolean {
  const form = rh1 & M.RH1_FORM_MASK;
  return form !== 0 && (form & M.RH1_ERI) === 0;
}

/** An element that is not delivered: one of a chain refused before, or one that the chain machine rejects. */
function passOver(core: SessionCore, cell: number, snf: number, rh0: number, rh1: number): void {
  const actions = actionsOf(cell);
  core.chainIn = nextOf(cell);
  if ((actions & (CHAIN_IN.action.REJECT_2002 | REJECT_200A)) !== 0) {
    const senseData = (actions & REJECT_200A) !== 0 ? SENSE.IMMEDIATE_MODE : SENSE.CHAINING;
    if ((actions & VOID) !== 0) core.port.chainDiscarded(senseData);
    rejectChain(core, snf, rh0, rh1, senseData);
  }
  if ((rh0 & IS_LAST) !== 0) endBracket(core, rh1, false);
  sendIsolatedPacing(core);
}

/** Refuse an element for its content; the rest of its chain is passed over. */
function refuseElement(core: SessionCore, snf: number, rh0: number, rh1: number, senseData: number): void {
  const isLast = (rh0 & IS_LAST) !== 0;
  const wasRefused = core.chainIn === CHAIN_IN.state.DISCARD || core.chainIn === CHAIN_IN.state.PEND_DISCARD;
  const cell = lookUp(CHAIN_IN, core.chainIn, isLast ? CHAIN_IN.event.REFUSED_LAST : CHAIN_IN.event.REFUSED);
  core.chainIn = nextOf(cell);
  if ((actionsOf(cell) & VOID) !== 0) core.port.chainDiscarded(senseData);
  // One negative response per chain.
  if (wasRefused && (rh0 & IS_FIRST) === 0) core.port.protocolError(senseData, 'chain refused before');
  else rejectChain(core, snf, rh0, rh1, senseData);
  if (isLast) endBracket(core, rh1, false);
  sendIsolatedPacing(core);
}

function rejectChain(core: SessionCore, snf: number, rh0: number, rh1: number, senseData: number): void {
  refuse(core, false, snf, rh0, rh1, 0, senseData, 'data request');
  if (!isRaceSense(senseData)) stepDirection(core, DUPLEX.event.NEGATIVE_SENT);
}

/** EB at the end of a chain. True when the bracket ends only with the positive response. @source sna-wire 3.6 */
function endBracket(core: SessionCore, rh1: number, isAccepted: boolean): boolean {
  if (!core.hasEbIn) return false;
  const isConditional = core.rules!.isEndConditional && isDefinite(rh1);
  if (!isConditional) stepBracket(core, BRACKET.event.EB_IN);
  else if (isAccepted) stepBracket(core, BRACKET.event.EB_IN_CONDITIONAL);
  return isConditional && isAccepted;
}

/** A chain is complete and delivered: answer it now or later. */
function endChain(core: SessionCore, snf: number, rh0: number, rh1: number, rh2: number, answer: number): void {
  const endsBracket = endBracket(core, rh1, true);
  const givesDirection = (rh2 & M.RH2_CDI) !== 0;
  if (answer !== DEFER_RESPONSE && core.owedResponses.size === 0) {
    settleChain(core, snf, rh0, rh1, answer, endsBracket, givesDirection);
    return;
  }
  const entry = { snf, rh0, rh1, code: 0, endsBracket, givesDirection, hasPacing: false };
  core.owedResponses.push(entry, answer === DEFER_RESPONSE ? undefined : answer);
  core.owedResponses.holdPacing(core.pacingIn);
  if (isDefinite(rh1) && !core.rules!.plu.isDelayedRequest) {
    core.chainIn = nextOf(lookUp(CHAIN_IN, core.chainIn, CHAIN_IN.event.RESPONSE_OWED));
  }
}

/** Send the response to a chain, where it asked for one, and let bracket and direction follow. */
function settleChain(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  answer: number,
  endsBracket: boolean,
  givesDirection: boolean,
): void {
  const isRefused = answer !== 0 && respondNegative(core, false, snf, rh0, rh1, 0, answer);
  if (!isRefused) respondPositive(core, false, snf, rh0, rh1, 0);
  if (endsBracket) stepBracket(core, isRefused ? BRACKET.event.EB_REFUSED : BRACKET.event.EB_CONFIRMED);
  if (!isRefused) stepDirection(core, givesDirection ? DUPLEX.event.RECEIVE_END_CD : DUPLEX.event.RECEIVE_END);
  else if (!isRaceSense(answer)) stepDirection(core, DUPLEX.event.NEGATIVE_SENT);
}

/** Answer the oldest deferred chain, and whatever was decided behind it. False when none is open. */
export function answerDeferred(core: SessionCore, senseData: number): boolean {
  if (!hasTraffic(core.state) || !core.owedResponses.decide(senseData)) return false;
  for (let owed = core.owedResponses.take(); owed !== undefined; owed = core.owedResponses.take()) {
    if (owed.hasPacing) core.pacingIn.isOwed = true;
    if (owed.code === 0) {
      settleChain(core, owed.snf, owed.rh0, owed.rh1, owed.answer, owed.endsBracket, owed.givesDirection);
    } else {
      respondPositive(core, false, owed.snf, owed.rh0, owed.rh1, owed.code);
    }
    if (isDefinite(owed.rh1)) core.chainIn = nextOf(lookUp(CHAIN_IN, core.chainIn, CHAIN_IN.event.RESPONDED));
  }
  sendIsolatedPacing(core);
  return true;
}
