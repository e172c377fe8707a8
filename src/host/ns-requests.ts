import type { QueueRule } from './definitions.js';
import { fromEbcdic, paddedName } from './ebcdic.js';

/** What an LU asks for with INIT-SELF or a LOGON text. */
export interface LogonRequest {
  /** '' the host's default. */
  readonly application: string;
  readonly logMode: string;
  /** Passed on in the BIND, at most 255 bytes; a copy. */
  readonly userData: Buffer;
  /** What format 1 says of waiting; undefined where it says nothing. */
  readonly queue?: QueueRule | undefined;
  readonly atHead?: boolean | undefined;
}

/** What an LU asks for with TERM-SELF or a LOGOFF text. */
export interface LogoffRequest {
  /** Finish the bracket first. */
  readonly isOrderly: boolean;
  readonly isCleanup: boolean;
  /** Only queued logons are meant. */
  readonly isQueuedOnly: boolean;
  readonly alsoDeactivates: boolean;
}

const NETWORK_NAME_LU = 0xf3;
const NOTIFY_LU_STATE = 0x0c;

const INITIATE_ONLY = 0x40;
const INITIATE_OR_QUEUE = 0xc0;
const RULE_OF_CONDITIONS: readonly QueueRule[] = ['none', 'notEnabled', 'sessionLimit', 'all'];

/**
 * Type and queueing conditions of INIT-SELF format 1: initiate only, or queue when the session limit is reached (80) or the
 * other side cannot have it now (40), last in the queue or first (02). A type of 00 leaves it to the definitions.
 */
function queueing(type: number, conditions: number): Pick<LogonRequest, 'queue' | 'atHead'> {
  if ((type & 0xc0) === INITIATE_ONLY) return { queue: 'none' };
  if ((type & 0xc0) !== INITIATE_OR_QUEUE) return {};
  return { queue: RULE_OF_CONDITIONS[conditions >> 6], atHead: (conditions & 0x06) === 0x02 };
}

/** A length byte at `at` and as many bytes; undefined when they are not all there. */
function counted(ru: Buffer, at: number): Buffer | undefined {
  if (at >= ru.length) return undefined;
  const end = at + 1 + ru[at]!;
  return end <= ru.length ? ru.subarray(at + 1, end) : undefined;
}

/**
 * Decode INIT-SELF format 0, or format 1 as far as it is known.
 * @param ru 01 06 81 or 81 06 81 first
 * @returns undefined when it does not follow its layout
 * @source sna-wire 2.5
 */
export function decodeInitSelf(ru: Buffer): LogonRequest | undefined {
  const isFormat0 = ru[0] === 0x01;
  const modeAt = isFormat0 ? 4 : 8;
  if (ru.length < modeAt + 10 || ru[modeAt + 8] !== NETWORK_NAME_LU) return undefined;
  if (isFormat0 && (ru[3]! & 0xf0) !== 0) return undefined;
  const name = counted(ru, modeAt + 9);
  if (name === undefined || name.length > 8) return undefined;
  let at = modeAt + 10 + name.length;
  const fields: Buffer[] = [];
  for (let index = 0; index < 3; index += 1) {
    const field = counted(ru, at);
    if (field === undefined) return undefined;
    fields.push(field);
    at += 1 + field.length;
  }
  if (isFormat0 && at !== ru.length) return undefined;
  return {
    application: fromEbcdic(name).trimEnd(),
    logMode: fromEbcdic(ru, modeAt, modeAt + 8).trimEnd(),
    userData: Buffer.from(fields[2]!),
    ...(isFormat0 ? {} : queueing(ru[4]!, ru[5]!)),
  };
}

/**
 * Decode TERM-SELF of either format.
 * @source sna-wire 2.6
 */
export function decodeTermSelf(ru: Buffer): LogoffRequest | undefined {
  const isFormat0 = ru[0] === 0x01;
  const nameAt = isFormat0 ? 4 : 9;
  const type = ru[isFormat0 ? 3 : 4];
  if (type === undefined || ru[nameAt] !== NETWORK_NAME_LU || counted(ru, nameAt + 1) === undefined) return undefined;
  if (isFormat0 && (type & 0x01) !== 0) return undefined;
  return {
    isOrderly: (type & 0x20) !== 0,
    isCleanup: (type & 0x08) !== 0,
    isQueuedOnly: (type & 0xc0) === 0x80,
    alsoDeactivates: (type & 0x10) !== 0 && isFormat0,
  };
}

/**
 * Decode the LU state that NOTIFY or RSP(ACTLU) carries in control vector 0C at `at`.
 * @returns true enabled, false disabled, undefined when the vector does not follow its layout
 * @source sna-wire 2.3 and 2.4
 */
export function decodeLuVector(ru: Buffer, at: number): boolean | undefined {
  const length = ru[at + 1];
  if (ru[at] !== NOTIFY_LU_STATE || (length !== 0x06 && length !== 0x0e)) return undefined;
  if (at + 2 + length !== ru.length) return undefined;
  const capability = ru[at + 2]! & 0x0f;
  if (capability !== 0x01 && capability !== 0x03) return undefined;
  return capability === 0x03;
}

/**
 * Decode RSP(ACTLU) behind its header: code, type of activation, profile, control vectors 00 (no length byte) and 0C.
 * @returns whether the LU is enabled, undefined when it does not follow its layout
 */
export function decodeActluResponse(ru: Buffer): boolean | undefined {
  if (ru.length < 2 || (ru[1] !== 1 && ru[1] !== 2)) return undefined;
  if (ru.length === 2) return true;
  if (ru[2] !== 0x01) return undefined;
  let at = 3;
  if (ru[at] === 0x00) at += 5;
  return at >= ru.length ? (at === ru.length ? true : undefined) : decodeLuVector(ru, at);
}

/** LOGON APPLID(x) LOGMODE(y) DATA(z), LOGOFF, or nothing that is known. */
export type TextCommand =
  | { readonly kind: 'logon'; readonly request: LogonRequest }
  | { readonly kind: 'logoff'; readonly request: LogoffRequest }
  | { readonly kind: 'unknown' };

function operand(text: string, name: string): string {
  return new RegExp(`\\b${name}\\(([^)]*)\\)`, 'i').exec(text)?.[1] ?? '';
}

/** Read a character-coded request (USS command), EBCDIC. @source sna-wire 2.7 */
export function decodeTextCommand(ru: Buffer): TextCommand {
  const text = fromEbcdic(ru).trim();
  const verb = /^\w+/.exec(text)?.[0]?.toUpperCase();
  if (verb === 'LOGOFF') {
    const isOrderly = !/UNCOND/i.test(operand(text, 'TYPE'));
    return { kind: 'logoff', request: { isOrderly, isCleanup: false, isQueuedOnly: false, alsoDeactivates: false } };
  }
  if (verb !== 'LOGON') return { kind: 'unknown' };
  const application = operand(text, 'APPLID').trim().toUpperCase();
  const logMode = operand(text, 'LOGMODE').trim().toUpperCase();
  // The user data is taken as it stands, so that it reaches the application byte for byte.
  const data = /\bDATA\(/i.exec(text);
  const userData = data ? Buffer.from(ru.subarray(dataStart(ru, 'DATA('), ru.lastIndexOf(0x5d))) : Buffer.alloc(0);
  return { kind: 'logon', request: { application, logMode, userData: userData.subarray(0, 255) } };
}

function dataStart(ru: Buffer, keyword: string): number {
  return fromEbcdic(ru).toUpperCase().indexOf(keyword) + keyword.length;
}

/**
 * NSPE: an Initiate that was accepted could not be completed.
 * 01 06 04, reserved 00, reason 80 (setup failed), sense data, F3, length, PLU name.
 */
export function encodeNspe(sense: number, application: string): Buffer {
  const ru = Buffer.alloc(11 + application.length);
  ru.set([0x01, 0x06, 0x04, 0x00, 0x80]);
  ru.writeUInt32BE(sense >>> 0, 5);
  ru[9] = NETWORK_NAME_LU;
  ru[10] = application.length;
  paddedName(application, application.length).copy(ru, 11);
  return ru;
}

/** NOTIFY of a failed session set-up: 81 06 20, vector 03, length 06, status 03 (procedure error), reason 80, sense data. */
export function encodeNotifyFailure(sense: number): Buffer {
  const ru = Buffer.from([0x81, 0x06, 0x20, 0x03, 0x06, 0x03, 0x80, 0, 0, 0, 0]);
  ru.writeUInt32BE(sense >>> 0, 7);
  return ru;
}
