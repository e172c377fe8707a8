import type { BindLimits, LuType } from '../config/model.js';
import { encodeRuSize } from '../sna/ru-size.js';
import { SENSE } from './senses.js';

const LU_TYPE_CODES: Readonly<Record<LuType, number>> = { LU0: 0, LU1: 1, LU2: 2, LU3: 3 };

/** FM and TS profiles that go with each LU type. @source sna-wire 3.8, 3.9 */
const PROFILES: Readonly<Record<LuType, { readonly fm: readonly number[]; readonly ts: readonly number[] }>> = {
  LU0: { fm: [2, 3, 4, 7, 18], ts: [2, 3, 4] },
  LU1: { fm: [3, 4], ts: [3, 4] },
  LU2: { fm: [3], ts: [3] },
  LU3: { fm: [3], ts: [3] },
};

const SIZE_MIN = 15;
const NAME_SIZE_MAX = 17;

/** 0835 with the offset of the byte at fault. */
function invalidAt(offset: number): number {
  return SENSE.INVALID_PARAMETER | offset;
}

function isRuSizeCode(code: number): boolean {
  return code === 0 || (code & 0x80) !== 0;
}

/** Sense for what is wrong in the profiles and the usage of FM, bytes 1 to 7; 0 when nothing is. */
function checkUsage(image: Uint8Array, luType: LuType, isProfile3Strict: boolean): number {
  const profiles = PROFILES[luType];
  if ((image[1]! & 0xf0) !== 0 || (image[1]! & 0x0f) > 1) return invalidAt(1);
  if (!profiles.fm.includes(image[2]!)) return invalidAt(2);
  if (!profiles.ts.includes(image[3]!)) return invalidAt(3);
  // We could not read compressed data, and must not hand it on as if it were plain.
  if ((image[4]! & 0x02) !== 0) return invalidAt(4);
  if (image[2] === 2 && (image[4]! & 0x30) === 0) return invalidAt(4);
  if ((image[7]! & 0xc0) === 0xc0) return invalidAt(7);
  return image[2] === 3 && isProfile3Strict ? checkProfile3(image) : 0;
}

function checkProfile3(image: Uint8Array): number {
  if ((image[6]! & 0x10) === 0) return invalidAt(6);
  if (((image[4]! | image[5]!) & 0x01) === 0 && (image[6]! & 0x20) === 0) return invalidAt(6);
  return (image[7]! & 0xc0) === 0x80 ? 0 : invalidAt(7);
}

/** Sense for what is wrong in sizes, LU type and cryptography; 0 when nothing is. */
function checkSession(image: Uint8Array, luType: LuType): number {
  if (!isRuSizeCode(image[10]!)) return invalidAt(10);
  if (!isRuSizeCode(image[11]!)) return invalidAt(11);
  // Not one byte at fault: the BIND is for another kind of LU.
  if ((image[14]! & 0x7f) !== LU_TYPE_CODES[luType]) return SENSE.INVALID_SESSION_PARAMETERS;
  return image.length > 26 && (image[26]! & 0x30) !== 0 ? invalidAt(26) : 0;
}

/** Sense for fields behind byte 26 that run over the end; 0 when none does. Missing trailing fields are empty. */
function checkLengths(image: Uint8Array): number {
  if (image.length <= 26) return 0;
  let at = 27 + (image[26]! & 0x0f);
  for (let field = 0; field < 4 && at < image.length; field += 1) {
    const size = image[at]!;
    // PLU name, user data, URC, SLU name.
    const isName = field === 0 || field === 3;
    if (isName && size > NAME_SIZE_MAX) return invalidAt(at);
    at += 1 + size;
  }
  return at > image.length && image.length > 27 ? SENSE.RU_LENGTH : 0;
}

/**
 * Sense for what is wrong in a BIND that we would be the secondary of; 0 when we take it.
 * @param image the BIND from its request code on; neither kept nor changed
 * @param luType of the LU that it is for
 * @param isProfile3Strict see HalfSessionOptions
 * @source sna-wire 2.8 (validation matrix), 3.8, 3.9
 */
export function checkBind(image: Uint8Array, luType: LuType, isProfile3Strict = false): number {
  if (image.length < SIZE_MIN) return SENSE.RU_LENGTH;
  return checkUsage(image, luType, isProfile3Strict) || checkSession(image, luType) || checkLengths(image);
}

/** True when the host lets us change the BIND in our response. */
export function isNegotiable(image: Uint8Array): boolean {
  return ((image[1] ?? 1) & 0x0f) === 0;
}

function lowerWindow(image: Uint8Array, at: number, max: number | undefined): void {
  const byte = image[at]!;
  if (max !== undefined && (byte & 0x3f) > max) image[at] = (byte & 0xc0) | max;
}

function lowerRuSize(image: Uint8Array, at: number, max: number | undefined): void {
  if (max === undefined) return;
  const code = encodeRuSize(max);
  const current = image[at]!;
  // Codes compare by exponent first, then by mantissa.
  const rank = (value: number) => ((value & 0x0f) << 4) | (value >> 4);
  if (current === 0 || rank(current) > rank(code)) image[at] = code;
}

/**
 * The image to answer a negotiable BIND with: no adaptive pacing, no compression, windows and RU sizes within the limits.
 * A window of 0 (no pacing) stays 0.
 * @param image the BIND from its request code on, at least 15 bytes; not changed
 * @returns a fresh copy
 * @source sna-wire 1.6, 2.8
 */
export function negotiateBind(image: Uint8Array, limits: BindLimits = {}): Uint8Array {
  const answer = image.slice();
  answer[4] = answer[4]! & ~0x02;
  answer[5] = answer[5]! & ~0x02;
  answer[9] = answer[9]! & ~0x80;
  lowerWindow(answer, 8, limits.sendWindowMax);
  lowerWindow(answer, 13, limits.sendWindowMax);
  lowerWindow(answer, 9, limits.receiveWindowMax);
  lowerWindow(answer, 12, limits.receiveWindowMax);
  lowerRuSize(answer, 10, limits.sendRuSizeMax);
  lowerRuSize(answer, 11, limits.receiveRuSizeMax);
  return answer;
}
