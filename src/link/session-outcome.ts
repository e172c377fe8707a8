import { NS } from '../sna/masks.js';

/** Control vector of the LU's own availability: a NOTIFY with it is no outcome. */
const VECTOR_CAPABILITIES = 0x0c;
/** Control vector of what became of a session set-up: length, status, reason, sense data. */
const VECTOR_SET_UP = 0x03;
const STATUS_SESSION_STARTED = 0x02;
/** NSPE: reserved, reason, then the sense data. */
const NSPE_SENSE_AT = 5;
const SET_UP_STATUS_AT = 5;
const SET_UP_SENSE_AT = 7;
const SENSE_SIZE = 4;
/** First bytes of the sense data of SNA; anything else at that place is no sense data. */
const CATEGORIES: readonly number[] = [0x08, 0x10, 0x20, 0x40, 0x80];

function header(ru: Uint8Array): number {
  return ru.length < 4 ? 0 : (ru[0]! << 16) | (ru[1]! << 8) | ru[2]!;
}

/** NSPE, or a NOTIFY that is not about LU availability: the host says what became of a session it was asked for. */
export function isSessionOutcome(ru: Uint8Array): boolean {
  const code = header(ru);
  return code === NS.NSPE || (code === NS.NOTIFY && ru[3] !== VECTOR_CAPABILITIES);
}

function senseAt(ru: Uint8Array, at: number): number {
  if (at < 0 || at + SENSE_SIZE > ru.length || !CATEGORIES.includes(ru[at]!)) return 0;
  return Buffer.from(ru).readUInt32BE(at);
}

/**
 * What a session outcome says of an Initiate that had been accepted.
 * @param ru of NSPE or NOTIFY, header first; see isSessionOutcome
 * @returns its sense data, 0 when it carries none that can be found; undefined: the session was set up, nothing failed
 * @source sna-wire 2.4, 2.5; the layout of other vectors is not published, their sense data are looked for at the end
 */
export function failureWithin(ru: Uint8Array): number | undefined {
  if (header(ru) === NS.NSPE) return senseAt(ru, NSPE_SENSE_AT) || senseAt(ru, ru.length - SENSE_SIZE);
  if (ru[3] !== VECTOR_SET_UP) return senseAt(ru, ru.length - SENSE_SIZE);
  if (ru[SET_UP_STATUS_AT] === STATUS_SESSION_STARTED) return undefined;
  return senseAt(ru, SET_UP_SENSE_AT) || senseAt(ru, ru.length - SENSE_SIZE);
}
