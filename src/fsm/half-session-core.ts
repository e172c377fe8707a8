import type { LuType } from '../config/model.js';
import * as M from '../sna/masks.js';
import { BRACKET } from './bracket.js';
import { CHAIN_IN, CHAIN_OUT } from './chain.js';
import { actionsOf, lookUp, NO_ROW, nextOf } from './dense.js';
import { CONTENTION_LOSER, CONTENTION_WINNER, type DirectionMachine, DUPLEX, FLIP_FLOP } from './direction.js';
import type { HalfSessionOptions, HalfSessionPort } from './half-session-port.js';
import type { LuLuState } from './lu-lu.js';
import { OwedResponses } from './owed-responses.js';
import { ReceivePacing, SendPacing } from './pacing.js';
import type { RhMasks } from './rh-check.js';
import type { SessionRules } from './session-rules.js';
import type { BoundRules } from './shared-rules.js';

/** Requests of ours that wait until they may go out (bit mask `owed`). */
export const OWE = {
  SHUTC: 1,
  QC: 2,
  BIS: 4,
  SIGNAL: 8,
  RSHUTD: 16,
  /** LUSTAT with BB: the bracket we were granted has no chain any more. */
  EMPTY_BRACKET: 32,
} as const;

const NO_BYTES = new Uint8Array(0);
const NO_PACING_OUT = new SendPacing(0);
const NO_PACING_IN = new ReceivePacing(0);
const NO_MASKS: RhMasks = {
  rh0Forbidden: new Uint8Array(4),
  rh2Forbidden: new Uint8Array(4),
  forms: new Uint16Array(4),
};

/** RUs that we make are written here: transmit copies them during the call. */
export const SCRATCH = new Uint8Array(16);

/**
 * The state of one half-session, shared by the functions that make it up: receiving, sending, session and data flow
 * control each have their file. States of the dense machines are their numbers.
 */
export class SessionCore {
  readonly port: HalfSessionPort;
  readonly luType: LuType;
  readonly options: HalfSessionOptions;

  state: LuLuState = 'RESET';
  rules: SessionRules | undefined;
  /** Sense to refuse every BIND with; 0 takes those that `checkBind` takes. */
  bindRefusal = 0;
  masks: RhMasks = NO_MASKS;

  chainIn: number = CHAIN_IN.state.BETC;
  chainOut: number = CHAIN_OUT.state.IDLE;
  bracket: number = BRACKET.state.NONE;
  direction: number = DUPLEX.state.CONT;
  directionMachine: DirectionMachine = DUPLEX;
  pacingOut = NO_PACING_OUT;
  pacingIn = NO_PACING_IN;
  readonly owedResponses = new OwedResponses();

  /** Sequence numbers of the last normal-flow request each way. */
  snfIn = 0;
  snfOut = 0;
  /** Last identifier seen on the expedited flow, either way: ours go on from there. */
  expeditedId = 0;

  /** EB was in the chain that is being received. */
  hasEbIn = false;

  /** What we still have to send by ourselves: mask of OWE. */
  owed = 0;
  signalCode = 0;
  /** Our expedited request that is not answered: its code (0 none) and identifier. */
  expeditedCode = 0;
  expeditedSnf = 0;
  /** Our normal-flow DFC request that is not answered. */
  dfcCode = 0;
  dfcSnf = 0;

  /** The chain we send: payload[at, to) is still to go. */
  payload: Uint8Array = NO_BYTES;
  at = 0;
  to = 0;
  sendFlags = 0;
  /** RH byte 1 of its last RU, and of those before, without PI. */
  lastForm = 0;
  partForm = 0;
  /** CANCEL is to carry CD, as the chain would have. */
  hasCancelCd = false;
  /** It begins a bracket. */
  beginsBracket = false;
  hasTransmitted = false;
  /** Sequence numbers of the first and last RU of the chain sent last; hasRange says that they mean something. */
  firstSnf = 0;
  lastSnf = 0;
  hasRange = false;

  constructor(port: HalfSessionPort, luType: LuType, options: HalfSessionOptions) {
    this.port = port;
    this.luType = luType;
    this.options = options;
  }
}

/** Take the rules of a BIND and set every machine to its start. */
export function startSession(core: SessionCore, { rules, masks }: BoundRules): void {
  core.rules = rules;
  core.masks = masks;
  core.pacingOut = new SendPacing(rules.sendWindow);
  core.pacingIn = new ReceivePacing(rules.receiveWindow);
  core.directionMachine = directionMachineOf(rules);
  core.hasTransmitted = false;
  core.signalCode = 0;
  resetTraffic(core);
}

/** Forget the session. What was transmitted of the last chain stays known. */
export function endSession(core: SessionCore): void {
  resetTraffic(core);
  core.rules = undefined;
  core.masks = NO_MASKS;
}

/** Everything that BIND and CLEAR set back. @source sna-wire 3.4 (CLEAR), 3.6 (start) */
export function resetTraffic(core: SessionCore): void {
  if (core.chainIn === CHAIN_IN.state.INC) core.port.chainDiscarded(0);
  core.chainIn = CHAIN_IN.state.BETC;
  core.chainOut = CHAIN_OUT.state.IDLE;
  core.payload = NO_BYTES;
  core.at = 0;
  core.to = 0;
  core.snfIn = 0;
  core.snfOut = 0;
  core.hasEbIn = false;
  core.hasRange = false;
  core.owed = 0;
  core.expeditedCode = 0;
  core.dfcCode = 0;
  core.owedResponses.clear();
  core.pacingOut.reset();
  core.pacingIn.reset();
  const { rules } = core;
  if (rules === undefined) return;
  core.bracket = startBracket(rules);
  core.direction = startDirection(rules);
}

function startBracket(rules: SessionRules): number {
  if (!rules.hasBrackets) return BRACKET.state.NONE;
  return rules.isResetInBracket ? BRACKET.state.INB : BRACKET.state.BETB;
}

function startDirection(rules: SessionRules): number {
  const isBetween = rules.hasBrackets && !rules.isResetInBracket;
  if (rules.mode !== 'FLIP_FLOP' || isBetween) return DUPLEX.state.CONT;
  return rules.isPluFirstSender ? DUPLEX.state.RCV : DUPLEX.state.SEND;
}

function directionMachineOf(rules: SessionRules): DirectionMachine {
  if (rules.mode === 'DUPLEX') return DUPLEX;
  if (rules.mode === 'FLIP_FLOP') return FLIP_FLOP;
  return rules.isSluFirstSpeaker ? CONTENTION_WINNER : CONTENTION_LOSER;
}

/** Step the bracket machine; gives the action mask. An event without a row changes nothing. */
export function stepBracket(core: SessionCore, event: number): number {
  const cell = lookUp(BRACKET, core.bracket, event);
  if (cell === NO_ROW) return 0;
  core.bracket = nextOf(cell);
  const actions = actionsOf(cell);
  if ((actions & BRACKET.action.ENDED) !== 0) stepDirection(core, DUPLEX.event.BRACKET_END);
  return actions;
}

/** Step the direction machine; an event without a row changes nothing. */
export function stepDirection(core: SessionCore, event: number): void {
  const cell = lookUp(core.directionMachine, core.direction, event);
  if (cell !== NO_ROW) core.direction = nextOf(cell);
}

/** Step the machine of our own chain; gives the action mask, 0 where there is no row. */
export function stepChainOut(core: SessionCore, event: number): number {
  const cell = lookUp(CHAIN_OUT, core.chainOut, event);
  if (cell === NO_ROW) return 0;
  core.chainOut = nextOf(cell);
  return actionsOf(cell);
}

/** RH byte 0 of the response to a request: category and FI are copied. */
function responseRh0(rh0: number): number {
  return (rh0 & (M.RH0_CATEGORY_MASK | M.RH0_FI)) | M.RH0_RRI | M.RH0_BCI | M.RH0_ECI;
}

/** RH byte 1 of a response: form and QRI are copied, PI is set when a pacing response is owed on this flow. */
function responseRh1(core: SessionCore, isExpedited: boolean, rh1: number): number {
  const pi = !isExpedited && core.pacingIn.take() ? M.RH1_PI : 0;
  return (rh1 & (M.RH1_DR1 | M.RH1_DR2 | M.RH1_QRI)) | pi;
}

/** Send a positive response, where the request asks for a definite one. @param code request code, 0 for data */
export function respondPositive(
  core: SessionCore,
  isExpedited: boolean,
  snf: number,
  rh0: number,
  rh1: number,
  code: number,
): void {
  SCRATCH[0] = code;
  respondWith(core, isExpedited, snf, rh0, rh1, SCRATCH, code === 0 ? 0 : 1);
}

/** As `respondPositive`, with the RU in ru[0, size). */
export function respondWith(
  core: SessionCore,
  isExpedited: boolean,
  snf: number,
  rh0: number,
  rh1: number,
  ru: Uint8Array,
  size: number,
): void {
  const form = rh1 & M.RH1_FORM_MASK;
  if (form === 0 || (form & M.RH1_ERI) !== 0) return;
  const rsp1 = responseRh1(core, isExpedited, rh1);
  core.port.transmit(isExpedited, snf, responseRh0(rh0), rsp1, 0, ru, 0, size);
}

/** Send a negative response, where the request allows one. False when it asked for no response. */
export function respondNegative(
  core: SessionCore,
  isExpedited: boolean,
  snf: number,
  rh0: number,
  rh1: number,
  code: number,
  senseData: number,
): boolean {
  if ((rh1 & M.RH1_FORM_MASK) === 0) return false;
  writeUint32(SCRATCH, senseData);
  SCRATCH[4] = code;
  const rsp0 = responseRh0(rh0) | M.RH0_SDI;
  const rsp1 = responseRh1(core, isExpedited, rh1) | M.RH1_RTI;
  core.port.transmit(isExpedited, snf, rsp0, rsp1, 0, SCRATCH, 0, code === 0 ? 4 : 5);
  return true;
}

/** Answer a request that breaks the protocol, and say so. */
export function refuse(
  core: SessionCore,
  isExpedited: boolean,
  snf: number,
  rh0: number,
  rh1: number,
  code: number,
  senseData: number,
  what: string,
): void {
  respondNegative(core, isExpedited, snf, rh0, rh1, code, senseData);
  core.port.protocolError(senseData, what);
}

/** Send the pacing response by itself where no response took it along. */
export function sendIsolatedPacing(core: SessionCore): void {
  if (!core.pacingIn.take()) return;
  const rh0 = M.RH0_RRI | M.RH0_BCI | M.RH0_ECI;
  core.port.transmit(false, 0, rh0, M.RH1_PI, 0, NO_BYTES, 0, 0);
}

export function writeUint32(out: Uint8Array, value: number): void {
  out[0] = value >>> 24;
  out[1] = value >>> 16;
  out[2] = value >>> 8;
  out[3] = value;
}

/** The 32-bit number at `at`; bytes beyond `to` read as 0. */
export function readUint32(bytes: Uint8Array, at: number, to: number): number {
  let value = 0;
  for (let index = at; index < at + 4; index += 1) value = value * 256 + (index < to ? bytes[index]! : 0);
  return value;
}

/** True while data traffic may flow in. */
export function hasTraffic(state: LuLuState): boolean {
  return state === 'ACTIVE' || state === 'QUIESCED' || state === 'CLOSING';
}
