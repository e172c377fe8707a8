import { HostLinkError } from '../base/errors.js';
import * as M from '../sna/masks.js';
import { BRACKET } from './bracket.js';
import { CHAIN_IN, CHAIN_OUT } from './chain.js';
import { DUPLEX } from './direction.js';
import { hasTraffic, OWE, type SessionCore, stepBracket, stepChainOut, stepDirection } from './half-session-core.js';
import { sendDfc, settleOwed } from './half-session-owed.js';
import { SEND } from './half-session-port.js';
import { dfcBit, RESPONSE_DEFINITE, RESPONSE_EXCEPTION, type SessionRules } from './session-rules.js';

const { IDLE, WAIT_BRACKET, READY, SENDING, CANCEL_WANTED } = CHAIN_OUT.state;
const NO_PAYLOAD = new Uint8Array(0);
const RQE1 = M.RH1_DR1 | M.RH1_ERI;
const RQD1 = M.RH1_DR1;

/** True when direction lets a chain of ours start. */
function isOurTurn(core: SessionCore): boolean {
  const { CONT, SEND: OURS, RESERVED } = DUPLEX.state;
  return core.direction === CONT || core.direction === OURS || core.direction === RESERVED;
}

/** True when brackets let a chain of ours start: between them, or inside one. */
function isBracketOpen(core: SessionCore): boolean {
  const { bracket } = core;
  const { NONE, BETB, INB_OURS, INB } = BRACKET.state;
  if (bracket === INB || bracket === INB_OURS) return true;
  // Between brackets an owed SHUTC or BIS comes before a new one.
  return (bracket === NONE || bracket === BETB) && (core.owed & (OWE.SHUTC | OWE.BIS)) === 0;
}

/** Whether a chain may start now. */
export function canSend(core: SessionCore): boolean {
  return (
    core.state === 'ACTIVE' &&
    core.chainOut === IDLE &&
    core.dfcCode === 0 &&
    (core.owed & OWE.QC) === 0 &&
    (core.chainIn === CHAIN_IN.state.BETC || core.directionMachine === DUPLEX) &&
    isOurTurn(core) &&
    isBracketOpen(core)
  );
}

/**
 * Start a chain. False when it cannot start, with nothing done.
 * @throws HostLinkError PAYLOAD_TOO_LONG
 */
export function sendChain(core: SessionCore, payload: Uint8Array, from: number, to: number, flags: number): boolean {
  if (!canSend(core)) return false;
  const rules = core.rules!;
  if (!rules.slu.chainsAllowed && rules.sendRuSize !== 0 && to - from > rules.sendRuSize) {
    throw new HostLinkError('PAYLOAD_TOO_LONG', 'The session has no chains, so it has to fit one RU.', {
      length: to - from,
      ruSizeMax: rules.sendRuSize,
    });
  }
  core.payload = payload;
  core.at = from;
  core.to = to;
  core.sendFlags = allowedFlags(rules, flags);
  setForms(core, rules, flags);
  core.hasTransmitted = false;
  core.beginsBracket = core.bracket === BRACKET.state.BETB || (core.owed & OWE.EMPTY_BRACKET) !== 0;
  core.owed &= ~OWE.EMPTY_BRACKET;
  const mustBid = core.bracket === BRACKET.state.BETB && isBidder(rules);
  stepChainOut(core, mustBid ? CHAIN_OUT.event.START_BRACKET : CHAIN_OUT.event.START);
  if (core.bracket === BRACKET.state.BETB && !mustBid) stepBracket(core, BRACKET.event.COMMIT);
  settle(core);
  if (core.chainOut === READY || core.chainOut === SENDING || core.chainOut === WAIT_BRACKET) keepPayload(core);
  return true;
}

/** What could not go out at once, for pacing or for a bracket, goes from a copy later. */
function keepPayload(core: SessionCore): void {
  core.payload = new Uint8Array(core.payload.subarray(core.at, core.to));
  core.to -= core.at;
  core.at = 0;
}

/** The partner is first speaker and the profile has BID; without BID the data itself is the bid. */
function isBidder(rules: SessionRules): boolean {
  return !rules.isSluFirstSpeaker && (rules.dfcSend & dfcBit(M.DFC.BID)) !== 0;
}

/** The flags that the BIND lets us use; EB rules CD out. */
function allowedFlags(rules: SessionRules, flags: number): number {
  let allowed = flags;
  if (!rules.isFmhAllowed) allowed &= ~SEND.FMH;
  if (!rules.hasBrackets || !rules.slu.mayEndBracket) allowed &= ~SEND.END_BRACKET;
  if (rules.mode === 'DUPLEX' || (allowed & SEND.END_BRACKET) !== 0) allowed &= ~SEND.CD;
  return allowed;
}

/** The form of response to ask for, of those that the BIND allows. */
function setForms(core: SessionCore, rules: SessionRules, flags: number): void {
  const allowed = rules.slu.chainResponse;
  core.partForm = allowed === 0 ? 0 : RQE1;
  core.lastForm = 0;
  if ((allowed & RESPONSE_EXCEPTION) !== 0) core.lastForm = RQE1;
  if ((allowed & RESPONSE_DEFINITE) !== 0 && (allowed !== 3 || (flags & SEND.DEFINITE) !== 0)) core.lastForm = RQD1;
}

/** Do whatever can go on now: our chain, a bid, a CANCEL, what we owe. Called after everything that may have moved. */
export function settle(core: SessionCore): void {
  if ((core.chainOut === IDLE && core.owed === 0) || !hasTraffic(core.state)) return;
  if (core.chainOut === READY || core.chainOut === SENDING) pump(core);
  else if (core.chainOut === WAIT_BRACKET) bid(core);
  else if (core.chainOut === CANCEL_WANTED) cancel(core);
  if (core.owed !== 0) settleOwed(core);
}

/** Transmit what pacing lets go of the current chain. */
function pump(core: SessionCore): void {
  if (core.chainOut === READY && !mayBegin(core)) return;
  while (core.pacingOut.canSend()) {
    if (sendElement(core)) {
      core.port.sent();
      return;
    }
  }
}

/**
 * Whether a chain that waited for pacing may still begin: in contention or full duplex the partner may have begun a chain,
 * or have ended the bracket that it was meant for. Then it begins one of its own.
 */
function mayBegin(core: SessionCore): boolean {
  const { NONE, BETB, COMMITTED, INB_OURS, INB } = BRACKET.state;
  if (core.bracket === BETB) {
    core.beginsBracket = true;
    if (isBidder(core.rules!)) {
      stepChainOut(core, CHAIN_OUT.event.BRACKET_LOST);
      bid(core);
      return false;
    }
    stepBracket(core, BRACKET.event.COMMIT);
  }
  const { bracket } = core;
  const isOpen = bracket === NONE || bracket === COMMITTED || bracket === INB_OURS || bracket === INB;
  return isOpen && isOurTurn(core);
}

/** Transmit one RU; true when it was the last of its chain. */
function sendElement(core: SessionCore): boolean {
  const ruSize = core.rules!.sendRuSize;
  const isFirst = core.chainOut === READY;
  const from = core.at;
  const end = ruSize !== 0 && core.to - from > ruSize ? from + ruSize : core.to;
  const isLast = end === core.to;
  const { payload, sendFlags: flags } = core;
  let rh0 = isLast ? M.RH0_ECI : 0;
  let rh1 = isLast ? core.lastForm : core.partForm;
  let rh2 = isLast && (flags & SEND.CD) !== 0 ? M.RH2_CDI : 0;
  if (isFirst) {
    rh0 |= (flags & SEND.FMH) !== 0 ? M.RH0_BCI | M.RH0_FI : M.RH0_BCI;
    if (core.beginsBracket) rh2 |= M.RH2_BBI;
    if ((flags & SEND.END_BRACKET) !== 0) rh2 |= M.RH2_EBI;
  }
  if (core.pacingOut.count()) rh1 |= M.RH1_PI;
  const snf = (core.snfOut + 1) & 0xffff;
  core.snfOut = snf;
  core.lastSnf = snf;
  core.hasTransmitted = true;
  core.at = end;
  if (isFirst) beginSending(core, snf);
  if (isLast) endSending(core);
  else stepChainOut(core, CHAIN_OUT.event.SENT_PART);
  core.port.transmit(false, snf, rh0, rh1, rh2, payload, from, end);
  return isLast;
}

function beginSending(core: SessionCore, snf: number): void {
  core.firstSnf = snf;
  core.hasRange = true;
  if (core.beginsBracket) stepBracket(core, BRACKET.event.SEND_BB);
  stepDirection(core, DUPLEX.event.SEND_BEGIN);
}

function endSending(core: SessionCore): void {
  core.payload = NO_PAYLOAD;
  const isDefinite = core.lastForm === RQD1;
  stepChainOut(core, isDefinite ? CHAIN_OUT.event.SENT_LAST_DEFINITE : CHAIN_OUT.event.SENT_LAST);
  const hasCd = (core.sendFlags & SEND.CD) !== 0;
  stepDirection(core, hasCd ? DUPLEX.event.SEND_END_CD : DUPLEX.event.SEND_END);
  if ((core.sendFlags & SEND.END_BRACKET) === 0) return;
  const isConditional = isDefinite && core.rules!.isEndConditional;
  stepBracket(core, isConditional ? BRACKET.event.EB_OUT_CONDITIONAL : BRACKET.event.EB_OUT);
}

/** Ask for a bracket, once the partner's is over. */
function bid(core: SessionCore): void {
  if (core.bracket !== BRACKET.state.BETB || core.chainIn !== CHAIN_IN.state.BETC) return;
  if (core.dfcCode !== 0 || !core.pacingOut.canSend()) return;
  stepBracket(core, BRACKET.event.BID_SENT);
  sendDfc(core, M.DFC.BID, 0);
}

function cancel(core: SessionCore): void {
  if (core.dfcCode !== 0 || !core.pacingOut.canSend()) return;
  stepChainOut(core, CHAIN_OUT.event.CANCEL_SENT);
  if (core.hasCancelCd) stepDirection(core, DUPLEX.event.SEND_END_CD);
  else stepDirection(core, DUPLEX.event.SEND_END);
  sendDfc(core, M.DFC.CANCEL, core.hasCancelCd ? M.RH2_CDI : 0);
}

/** Give up the current chain: what is not out stays here; what is out is cancelled. */
export function cancelChain(core: SessionCore): void {
  core.hasCancelCd = (core.sendFlags & SEND.CD) !== 0;
  const actions = stepChainOut(core, CHAIN_OUT.event.GIVE_UP);
  if ((actions & CHAIN_OUT.action.UNSENT) !== 0 && core.beginsBracket) {
    stepBracket(core, BRACKET.event.GIVE_UP);
    // The partner granted the bracket and waits for its begin.
    if (core.bracket === BRACKET.state.INB_OURS) core.owed |= OWE.EMPTY_BRACKET;
  }
  settle(core);
}
