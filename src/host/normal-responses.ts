import { DFC, PIU_HEADER_SIZE, RH0_CATEGORY_MASK, RH0_DFC, RH0_FMD, RH1_PI } from '../sna/masks.js';
import { controlResponseFault, isPacingOnly, isPositive, senseOf, u16 } from './response-check.js';
import type { PrimarySession } from './session.js';

/** Sense data of a request that lost a race or a bid, and is sent again: 080B, 0813, 0814, 081B. */
const RACE_LOST: ReadonlySet<number> = new Set([0x080b, 0x0813, 0x0814, 0x081b]);
const RTR_FOLLOWS = 0x0814;

/** A response of the LU on the normal flow, `piu[at, end)`, its RH found right: pacing response, answer, or both. */
export function onNormalResponse(session: PrimarySession, piu: Buffer, at: number, end: number): void {
  const hasPi = (piu[at + 7]! & RH1_PI) !== 0;
  if (hasPi && !session.send.pacing.onResponse()) {
    session.record('PACING_INDICATOR', 'no window is open', piu, at, end);
  }
  if (!isPacingOnly(piu, at, end)) matchResponse(session, piu, at, end);
}

function matchResponse(session: PrimarySession, piu: Buffer, at: number, end: number): void {
  const positive = isPositive(piu, at);
  const request = session.send.sent.match(u16(piu, at + 4), piu[at + 7]!, positive);
  if (typeof request === 'string') {
    session.record(request, '', piu, at, end);
    return;
  }
  checkForm(session, request.code, piu, at, end);
  onAnswer(session, request.code, positive ? 0 : senseOf(piu, at, end));
}

/** @param code request code of data flow control; -1 for data, whose positive responses have no RU */
function checkForm(session: PrimarySession, code: number, piu: Buffer, at: number, end: number): void {
  const isControl = code >= 0;
  if ((piu[at + 6]! & RH0_CATEGORY_MASK) !== (isControl ? RH0_DFC : RH0_FMD)) {
    session.record('RESPONSE_FORM', 'category', piu, at, end);
  } else if (isControl) {
    const fault = controlResponseFault(piu, at, end, code, false);
    if (fault !== undefined) session.record(fault, 'response', piu, at, end);
  } else if (isPositive(piu, at) && end - at > PIU_HEADER_SIZE) {
    session.record('RESPONSE_CODE', 'data behind it', piu, at, end);
  }
}

/** One of our normal-flow requests was answered. */
function onAnswer(session: PrimarySession, code: number, sense: number): void {
  const { brackets, send } = session;
  const category = sense >>> 16;
  if (code === DFC.BID) {
    brackets.onBidResponse(sense === 0);
    if (category === RTR_FOLLOWS) send.onRaceLost(category);
  } else if (code < 0 && RACE_LOST.has(category)) send.onRaceLost(category);
  else if (code < 0) {
    const needsCancel = sense !== 0 && send.abandon();
    brackets.onResponse(sense === 0);
    if (needsCancel) send.sendControl(DFC.CANCEL);
  }
  session.application.program.onResponse?.(session, sense);
}
