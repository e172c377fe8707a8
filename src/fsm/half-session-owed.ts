import * as M from '../sna/masks.js';
import { BRACKET } from './bracket.js';
import { CHAIN_IN, CHAIN_OUT } from './chain.js';
import { DUPLEX } from './direction.js';
import { OWE, SCRATCH, type SessionCore, stepDirection, writeUint32 } from './half-session-core.js';
import { stepLuLu } from './half-session-lu-lu.js';

const { DFC, SC } = M;
const DFC_RH0 = M.RH0_DFC | M.RH0_FI | M.RH0_BCI | M.RH0_ECI;
const SC_RH0 = M.RH0_SC | M.RH0_FI | M.RH0_BCI | M.RH0_ECI;
/** LUSTAT 0006 0000: nothing but its RH counts. */
const LUSTAT_NO_OP = 0x00060000;

/** Send a normal-flow DFC request (RQD1); the caller has seen that pacing allows it and none is outstanding. */
export function sendDfc(core: SessionCore, code: number, rh2: number, size = 1): void {
  const rh1 = core.pacingOut.count() ? M.RH1_DR1 | M.RH1_PI : M.RH1_DR1;
  core.snfOut = (core.snfOut + 1) & 0xffff;
  core.dfcCode = code;
  core.dfcSnf = core.snfOut;
  SCRATCH[0] = code;
  core.port.transmit(false, core.snfOut, DFC_RH0, rh1, rh2, SCRATCH, 0, size);
}

/**
 * Send an expedited request. Identifiers only need to differ among what is outstanding; ours follow the last one seen
 * on the expedited flow, which keeps a trace readable and 0 out.
 */
export function sendExpedited(core: SessionCore, rh0: number, code: number, size: number): void {
  core.expeditedId = (core.expeditedId % 0xffff) + 1;
  core.expeditedCode = code;
  core.expeditedSnf = core.expeditedId;
  SCRATCH[0] = code;
  core.port.transmit(true, core.expeditedId, rh0, M.RH1_DR1, 0, SCRATCH, 0, size);
}

/** Nothing of ours is unfinished or unanswered on the normal flow. */
function isDrained(core: SessionCore): boolean {
  return core.chainOut === CHAIN_OUT.state.IDLE && core.dfcCode === 0;
}

/** Between brackets (or without any), between chains, and no response owed. */
function isQuiet(core: SessionCore): boolean {
  const isBetween = core.bracket === BRACKET.state.BETB || core.bracket === BRACKET.state.NONE;
  return isBetween && core.chainIn === CHAIN_IN.state.BETC && core.owedResponses.size === 0 && isDrained(core);
}

/** Send what we owe, as far as it may go now. */
export function settleOwed(core: SessionCore): void {
  settleNormal(core);
  if (core.expeditedCode !== 0) return;
  if ((core.owed & OWE.SIGNAL) !== 0) {
    core.owed &= ~OWE.SIGNAL;
    writeUint32(SCRATCH.subarray(1), core.signalCode);
    sendExpedited(core, DFC_RH0, DFC.SIGNAL, 5);
  } else if ((core.owed & OWE.RSHUTD) !== 0) {
    core.owed &= ~OWE.RSHUTD;
    sendExpedited(core, DFC_RH0, DFC.RSHUTD, 1);
  } else if ((core.owed & OWE.SHUTC) !== 0 && isQuiet(core)) {
    core.owed &= ~OWE.SHUTC;
    sendExpedited(core, DFC_RH0, DFC.SHUTC, 1);
    stepLuLu(core, 'QUIESCE_SENT', 'SHUTC');
  }
}

/** QC at the end of the current chain, BIS between brackets, and the LUSTAT that begins an empty bracket. */
function settleNormal(core: SessionCore): void {
  if ((core.owed & (OWE.QC | OWE.BIS | OWE.EMPTY_BRACKET)) === 0) return;
  if (!isDrained(core) || !core.pacingOut.canSend()) return;
  if ((core.owed & OWE.EMPTY_BRACKET) !== 0) {
    core.owed &= ~OWE.EMPTY_BRACKET;
    beginEmptyBracket(core);
  } else if ((core.owed & OWE.QC) !== 0) {
    core.owed &= ~OWE.QC;
    sendDfc(core, DFC.QC, 0);
    stepLuLu(core, 'QUIESCE_SENT', 'QC');
  } else if (isQuiet(core)) {
    core.owed &= ~OWE.BIS;
    sendDfc(core, DFC.BIS, 0);
    stepLuLu(core, 'QUIESCE_SENT', 'BIS');
  }
}

/** LUSTAT with BB (and CD where there is a direction to give): the partner granted a bracket that we do not need now. */
function beginEmptyBracket(core: SessionCore): void {
  const hasCd = core.rules!.mode !== 'DUPLEX';
  stepDirection(core, DUPLEX.event.SEND_BEGIN);
  stepDirection(core, hasCd ? DUPLEX.event.SEND_END_CD : DUPLEX.event.SEND_END);
  writeUint32(SCRATCH.subarray(1), LUSTAT_NO_OP);
  sendDfc(core, DFC.LUSTAT, hasCd ? M.RH2_BBI | M.RH2_CDI : M.RH2_BBI, 5);
}

/** LUSTAT to the partner. False when it may not go now; it is not kept. @source sna-wire 2.10, 3.6 */
export function sendLustat(core: SessionCore, status: number): boolean {
  const { BETB, NONE, INB, INB_OURS } = BRACKET.state;
  const { bracket } = core;
  const isOpen = bracket === BETB || bracket === NONE || bracket === INB || bracket === INB_OURS;
  const isState = core.state === 'ACTIVE' || core.state === 'CLOSING';
  if (!isState || !isOpen || !isDrained(core) || !core.pacingOut.canSend()) return false;
  if (core.direction === DUPLEX.state.RCV || (core.owed & (OWE.QC | OWE.EMPTY_BRACKET)) !== 0) return false;
  writeUint32(SCRATCH.subarray(1), status);
  sendDfc(core, DFC.LUSTAT, 0, 5);
  return true;
}

/** UNBIND to the partner. False where there is no session to end. @source sna-wire 2.9 */
export function sendUnbind(core: SessionCore, type: number, senseData: number): boolean {
  if (core.state !== 'BOUND' && core.state !== 'ACTIVE' && core.state !== 'QUIESCED' && core.state !== 'CLOSING') {
    return false;
  }
  SCRATCH[1] = type;
  writeUint32(SCRATCH.subarray(2), senseData);
  sendExpedited(core, SC_RH0, SC.UNBIND, type === 0xfe ? 6 : 2);
  return stepLuLu(core, 'UNBIND_SENT');
}
