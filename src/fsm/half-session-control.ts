import * as M from '../sna/masks.js';
import { BRACKET } from './bracket.js';
import { CHAIN_IN, CHAIN_OUT } from './chain.js';
import { actionsOf, lookUp, nextOf } from './dense.js';
import { DUPLEX } from './direction.js';
import {
  hasTraffic,
  OWE,
  readUint32,
  refuse,
  respondPositive,
  type SessionCore,
  sendIsolatedPacing,
  stepBracket,
  stepChainOut,
  stepDirection,
} from './half-session-core.js';
import { beginReceiving, bracketSense, loseBid, takeSequence } from './half-session-data.js';
import { takeLuLuRequest } from './half-session-lu-lu.js';
import type { NoticeKind } from './half-session-port.js';
import type { LuLuEvent } from './lu-lu.js';
import { SENSE } from './senses.js';
import { dfcBit } from './session-rules.js';

const { DFC } = M;
const ONLY = M.RH0_BCI | M.RH0_ECI;

/** Sense for the RH of a DFC or SC request: one RU, formatted, with a valid form; 0 when it is right. @source sna-wire 1.2 */
export function checkControlRh(rh0: number, rh1: number): number {
  if ((rh0 & ONLY) !== ONLY) return SENSE.CHAINING_UNSUPPORTED;
  if ((rh0 & M.RH0_FI) === 0) return SENSE.WRONG_FI;
  return (rh1 & M.RH1_FORM_MASK) === M.RH1_ERI ? SENSE.WRONG_FORM : 0;
}

/** One normal-flow DFC request, in a state that has data traffic. @source sna-wire 2.1, 3.4 to 3.8 */
export function receiveDfc(
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
  const code = from < to ? bytes[from]! : 0;
  const senseData = takeSequence(core, snf) || checkDfc(core, rh0, rh1, rh2, code) || stepChainIn(core, code);
  if (senseData !== 0) refuse(core, false, snf, rh0, rh1, code, senseData, 'data flow control request');
  else takeDfc(core, snf, rh0, rh1, rh2, code, bytes, from, to);
  sendIsolatedPacing(core);
}

/** Sense for a DFC request that the session's profile or RH rules do not allow. */
function checkDfc(core: SessionCore, rh0: number, rh1: number, rh2: number, code: number): number {
  const rules = core.rules!;
  if (EXPEDITED_EVENTS[code] !== undefined) return SENSE.WRONG_CATEGORY;
  if ((dfcBit(code) & rules.dfcReceive) === 0) return SENSE.FUNCTION_UNSUPPORTED;
  const senseData = checkControlRh(rh0, rh1);
  if (senseData !== 0) return senseData;
  const isLustat = code === DFC.LUSTAT;
  if ((rh2 & M.RH2_BBI) !== 0 && (!isLustat || !rules.hasBrackets)) return SENSE.BB_NOT_ALLOWED;
  if ((rh2 & (M.RH2_EBI | M.RH2_CEBI)) !== 0) return SENSE.EB_NOT_ALLOWED;
  if ((rh2 & M.RH2_CDI) === 0) return 0;
  if (rules.mode === 'DUPLEX') return SENSE.CD_UNSUPPORTED;
  return isLustat || code === DFC.CANCEL ? 0 : SENSE.CD_NOT_ALLOWED;
}

/** CANCEL ends a chain, any other DFC request stands between chains. Gives the sense when it does not. */
function stepChainIn(core: SessionCore, code: number): number {
  const event = code === DFC.CANCEL ? CHAIN_IN.event.CANCEL : CHAIN_IN.event.DFC;
  const cell = lookUp(CHAIN_IN, core.chainIn, event);
  const actions = actionsOf(cell);
  if ((actions & CHAIN_IN.action.REJECT_2002) !== 0) return SENSE.CHAINING;
  if ((actions & CHAIN_IN.action.REJECT_200A) !== 0) return SENSE.IMMEDIATE_MODE;
  core.chainIn = nextOf(cell);
  if ((actions & CHAIN_IN.action.VOID) !== 0) core.port.chainDiscarded(0);
  return 0;
}

function takeDfc(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  rh2: number,
  code: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const givesDirection = (rh2 & M.RH2_CDI) !== 0;
  switch (code) {
    case DFC.BID:
    case DFC.RTR:
      return takeBracketRequest(core, snf, rh0, rh1, code);
    case DFC.LUSTAT:
      return takeLustat(core, snf, rh0, rh1, rh2, bytes, from, to);
    case DFC.CHASE:
      return takeChase(core, snf, rh0, rh1);
    case DFC.CANCEL:
      core.hasEbIn = false;
      respondPositive(core, false, snf, rh0, rh1, code);
      if (givesDirection) stepDirection(core, DUPLEX.event.RECEIVE_END_CD);
      return core.port.notice('CANCEL', 0);
    default:
      respondPositive(core, false, snf, rh0, rh1, code);
      return core.port.notice(code === DFC.QC ? 'QC' : 'BIS', 0);
  }
}

/** BID and RTR: the bracket machine says yes or no. */
function takeBracketRequest(core: SessionCore, snf: number, rh0: number, rh1: number, code: number): void {
  const isBid = code === DFC.BID;
  const actions = stepBracket(core, isBid ? BRACKET.event.PLU_BID : BRACKET.event.RTR);
  const senseData = bracketSense(actions);
  if (senseData === 0) respondPositive(core, false, snf, rh0, rh1, code);
  else refuse(core, false, snf, rh0, rh1, code, senseData, isBid ? 'BID' : 'RTR');
  if ((actions & BRACKET.action.GRANTED) !== 0) takeGrant(core);
  if (senseData === 0 && isBid) loseBid(core);
  if (senseData === 0) core.port.notice(isBid ? 'BID' : 'RTR', 0);
}

/** The bracket we bid for is ours: its chain may go, or, where it was given up meanwhile, an empty bracket is begun. */
export function takeGrant(core: SessionCore): void {
  if (core.chainOut === CHAIN_OUT.state.WAIT_BRACKET) stepChainOut(core, CHAIN_OUT.event.GRANTED);
  else core.owed |= OWE.EMPTY_BRACKET;
}

/** LUSTAT may begin a bracket and give direction like data; between brackets without BB it changes nothing. */
function takeLustat(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  rh2: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const hasBb = (rh2 & M.RH2_BBI) !== 0;
  const isOutside = core.bracket === BRACKET.state.BETB && !hasBb;
  const senseData = to - from < 5 ? SENSE.PARAMETER : isOutside ? 0 : beginReceiving(core, hasBb);
  if (senseData !== 0) return refuse(core, false, snf, rh0, rh1, DFC.LUSTAT, senseData, 'LUSTAT');
  respondPositive(core, false, snf, rh0, rh1, DFC.LUSTAT);
  const givesDirection = (rh2 & M.RH2_CDI) !== 0;
  if (!isOutside) stepDirection(core, givesDirection ? DUPLEX.event.RECEIVE_END_CD : DUPLEX.event.RECEIVE_END);
  core.port.notice('LUSTAT', readUint32(bytes, from + 1, to));
}

/** CHASE is answered behind every response that is owed. */
function takeChase(core: SessionCore, snf: number, rh0: number, rh1: number): void {
  if (core.owedResponses.size === 0) respondPositive(core, false, snf, rh0, rh1, DFC.CHASE);
  else {
    const entry = { snf, rh0, rh1, code: DFC.CHASE, endsBracket: false, givesDirection: false, hasPacing: false };
    core.owedResponses.push(entry, 0);
  }
  core.port.notice('CHASE', 0);
}

const EXPEDITED_EVENTS: Readonly<Record<number, LuLuEvent & NoticeKind>> = {
  [DFC.SIGNAL]: 'SIGNAL',
  [DFC.SHUTD]: 'SHUTD',
  [DFC.QEC]: 'QEC',
  [DFC.RELQ]: 'RELQ',
  [DFC.SBI]: 'SBI',
};

/** One expedited DFC request: SIGNAL, or what quiesces and releases. @source sna-wire 1.5, 3.4 */
export function receiveExpeditedDfc(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const code = from < to ? bytes[from]! : 0;
  const event = EXPEDITED_EVENTS[code];
  const isKnown = event !== undefined && (core.rules === undefined || (dfcBit(code) & core.rules.dfcReceive) !== 0);
  const senseData = isKnown ? checkControlRh(rh0, rh1) : SENSE.FUNCTION_UNSUPPORTED;
  const isShort = code === DFC.SIGNAL && to - from < 3;
  if (senseData !== 0 || isShort) {
    return refuse(core, true, snf, rh0, rh1, code, senseData || SENSE.PARAMETER, 'expedited data flow control request');
  }
  const before = core.state;
  if (!takeLuLuRequest(core, event!, true, snf, rh0, rh1, code)) return;
  if (hasTraffic(before)) core.port.notice(event!, code === DFC.SIGNAL ? readUint32(bytes, from + 1, to) : 0);
}
