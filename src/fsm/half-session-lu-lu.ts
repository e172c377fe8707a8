import { decodeBind } from '../sna/bind.js';
import * as M from '../sna/masks.js';
import { checkBind, isNegotiable, negotiateBind } from './bind-check.js';
import {
  endSession,
  OWE,
  readUint32,
  refuse,
  resetTraffic,
  respondNegative,
  respondPositive,
  respondWith,
  SCRATCH,
  type SessionCore,
  startSession,
} from './half-session-core.js';
import { LU_LU, type LuLuAction, type LuLuEvent, type LuLuState } from './lu-lu.js';
import { SENSE } from './senses.js';
import { sharedRulesOf } from './shared-rules.js';

const { SC } = M;

/** Sense data behind the reject actions of the lu-lu table. */
const REJECTS: Partial<Record<LuLuAction, number>> = {
  REJECT_0809: SENSE.MODE_INCONSISTENT,
  REJECT_0815: SENSE.SESSION_BUSY,
  REJECT_2005: SENSE.TRAFFIC_RESET,
  REJECT_2007: SENSE.TRAFFIC_NOT_RESET,
  REJECT_8005: SENSE.NO_SESSION,
};

/** What a step of the lu-lu machine asks to be done to the half-session; requests are answered by the caller. */
function perform(core: SessionCore, actions: readonly LuLuAction[]): void {
  for (const action of actions) {
    if (action === 'END_SESSION') endSession(core);
    else if (action === 'RESET_TRAFFIC') resetTraffic(core);
    else if (action === 'OWE_SHUTC') core.owed |= OWE.SHUTC;
    else if (action === 'OWE_QC') core.owed |= OWE.QC;
    else if (action === 'OWE_BIS') core.owed |= OWE.BIS;
    else if (action === 'RELEASE') core.owed &= ~(OWE.SHUTC | OWE.QC | OWE.BIS);
    else if (action === 'SEND_RSHUTD') core.owed |= OWE.RSHUTD;
  }
}

/** Go to a state and tell the port when it is another one. */
function moveTo(core: SessionCore, next: LuLuState, cause: string, senseData: number): void {
  if (core.state === next) return;
  core.state = next;
  core.port.stateChanged(next, cause, senseData);
}

/** A local event: step, act, tell. False when the table has no row for it. */
export function stepLuLu(core: SessionCore, event: LuLuEvent, cause: string = event, senseData = 0): boolean {
  const step = LU_LU.step(core.state, event);
  if (step === undefined) return false;
  perform(core, step.actions);
  moveTo(core, step.next, cause, senseData);
  return true;
}

/**
 * A request that the lu-lu table answers. True when it was accepted.
 * The response goes out before the state changes, so that what the change causes comes behind it.
 */
export function takeLuLuRequest(
  core: SessionCore,
  event: LuLuEvent,
  isExpedited: boolean,
  snf: number,
  rh0: number,
  rh1: number,
  code: number,
  senseData = 0,
): boolean {
  const step = LU_LU.step(core.state, event);
  const first = step?.actions[0];
  const reject = first === undefined ? SENSE.MODE_INCONSISTENT : REJECTS[first];
  if (step === undefined || reject !== undefined) {
    refuse(core, isExpedited, snf, rh0, rh1, code, reject ?? SENSE.MODE_INCONSISTENT, `${event} in ${core.state}`);
    return false;
  }
  if (first === 'DISCARD') return false;
  respondPositive(core, isExpedited, snf, rh0, rh1, code);
  perform(core, step.actions);
  moveTo(core, step.next, event, senseData);
  return true;
}

/** BIND: refused while there is a session, else checked, answered and taken. @source sna-wire 2.8, 3.4 */
export function receiveBind(core: SessionCore, snf: number, rh0: number, rh1: number, image: Uint8Array): void {
  if (LU_LU.step(core.state, 'BIND') !== undefined) {
    takeLuLuRequest(core, 'BIND', true, snf, rh0, rh1, SC.BIND);
    return;
  }
  if (core.bindRefusal !== 0) {
    // No fault of the partner: its BIND and our NOTIFY crossed.
    respondNegative(core, true, snf, rh0, rh1, SC.BIND, core.bindRefusal);
    stepLuLu(core, 'BIND_REFUSED', 'BIND_REFUSED', core.bindRefusal);
    return;
  }
  const negotiated = isNegotiable(image) && image.length >= 15;
  const answer = negotiated ? negotiateBind(image, core.options.bindLimits) : image;
  const { replyBindImage, isProfile3Strict, piuSizeMax } = core.options;
  const senseData = checkBind(answer, core.luType, isProfile3Strict) || tryDecode(answer);
  if (senseData !== 0) {
    refuse(core, true, snf, rh0, rh1, SC.BIND, senseData, 'BIND');
    stepLuLu(core, 'BIND_REFUSED', 'BIND_REFUSED', senseData);
    return;
  }
  const isWhole = negotiated || replyBindImage === 'always';
  respondWith(core, true, snf, rh0, rh1, answer, isWhole ? answer.length : 1);
  const bound = sharedRulesOf(answer, piuSizeMax);
  startSession(core, bound);
  stepLuLu(core, bound.rules.hasSdt ? 'BIND_TAKEN' : 'BIND_TAKEN_NO_SDT', 'BIND');
}

/** 0 when the image decodes; else the sense to refuse it with. */
function tryDecode(image: Uint8Array): number {
  try {
    decodeBind(image);
    return 0;
  } catch {
    return SENSE.RU_LENGTH;
  }
}

/** UNBIND with its type, or the sense that type FE carries. @source sna-wire 2.9 */
export function receiveUnbind(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const type = from + 1 < to ? bytes[from + 1]! : 1;
  const event = type === 2 ? 'UNBIND_BIND_FORTHCOMING' : 'UNBIND';
  const isPlain = type === 1 || type === 2;
  const reason = type === 0xfe && to - from >= 6 ? readUint32(bytes, from + 2, to) : isPlain ? 0 : type;
  takeLuLuRequest(core, event, true, snf, rh0, rh1, SC.UNBIND, reason);
}

/**
 * STSN: sensed directions are answered with our numbers, set ones take the host's; sensing comes first.
 * @source sna-wire 2.10
 */
export function receiveStsn(
  core: SessionCore,
  snf: number,
  rh0: number,
  rh1: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  if (to - from < 6) return refuse(core, true, snf, rh0, rh1, SC.STSN, SENSE.RU_LENGTH, 'STSN');
  const step = LU_LU.step(core.state, 'STSN');
  if (step?.actions[0] !== 'RESPOND') {
    takeLuLuRequest(core, 'STSN', true, snf, rh0, rh1, SC.STSN);
    return;
  }
  const action = bytes[from + 1]!;
  SCRATCH[0] = SC.STSN;
  SCRATCH[1] = action;
  writeNumber(2, (action & 0x80) !== 0 ? core.snfOut : readNumber(bytes, from + 2));
  writeNumber(4, (action & 0x20) !== 0 ? core.snfIn : readNumber(bytes, from + 4));
  if ((action & 0x40) !== 0) core.snfOut = readNumber(bytes, from + 2);
  if ((action & 0x10) !== 0) core.snfIn = readNumber(bytes, from + 4);
  respondWith(core, true, snf, rh0, rh1, SCRATCH, 6);
  core.port.notice('STSN', action);
}

function readNumber(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function writeNumber(at: number, value: number): void {
  SCRATCH[at] = value >> 8;
  SCRATCH[at + 1] = value;
}
