import { SC } from '../sna/masks.js';
import { decodePiu, encodePiu, type Piu } from '../sna/piu.js';
import type { RecordedPiu } from '../trace/recording.js';
import { tryDecode } from './replay-facts.js';

/** A difference that is none, and why. */
export interface AllowedDifference {
  readonly name: string;
  readonly reason: string;
}

/** An allowed difference between two PIUs. */
interface PiuDifference extends AllowedDifference {
  /** The recorded PIU as ours would write it in this respect; the same one where the difference is not there. */
  readonly even: (recorded: Piu, ours: Piu, hasIdentifier: boolean) => Piu;
}

const PIU_DIFFERENCES: readonly PiuDifference[] = [
  {
    name: 'identifier',
    reason:
      'With the SSCP, and on the expedited flow, the SNF of a request is an identifier: any will do, responses return it.',
    even: (recorded, ours, hasIdentifier) =>
      hasIdentifier && recorded.rh?.rri === false
        ? { ...recorded, th: { ...recorded.th, snf: ours.th.snf } }
        : recorded,
  },
  {
    name: 'odai',
    reason: 'ODAI means nothing on sessions of dependent LUs; who sets or returns it differs between controllers.',
    even: (recorded, ours) => ({ ...recorded, th: { ...recorded.th, odai: ours.th.odai } }),
  },
  {
    name: 'reserved',
    reason: 'Reserved bits of the headers mean nothing; old equipment sets some, we send zeros.',
    even: (recorded, ours) => ({
      ...recorded,
      th: { ...recorded.th, reserved: ours.th.reserved },
      rh: recorded.rh && { ...recorded.rh, reserved: ours.rh?.reserved ?? 0 },
    }),
  },
  {
    name: 'echo',
    reason: 'What follows the sense data of a negative response repeats the request; it may be left out or cut short.',
    even: (recorded, ours) =>
      recorded.rh?.rti && ours.rh?.rti && recorded.ru.length >= 4 && ours.ru.length >= 4
        ? { ...recorded, ru: Buffer.concat([recorded.ru.subarray(0, 4), ours.ru.subarray(4)]) }
        : recorded,
  },
];

/** An answer of ours that the recording lacks. */
export const UNANSWERED: AllowedDifference = {
  name: 'unanswered',
  reason:
    'We answer at once; the recorded terminal still owed this response when its session was reset, or the recording ended.',
};

/** The whole list: every other difference is a fault. */
export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [...PIU_DIFFERENCES, UNANSWERED];

/** Requests after which the responses still owed on a LU-LU session, and on all sessions of an LU, or of the PU, are void. */
const ENDS_SESSION: ReadonlySet<number> = new Set([SC.CLEAR, SC.UNBIND, SC.BIND]);
const ENDS_LU: ReadonlySet<number> = new Set([SC.ACTLU, SC.DACTLU]);
const ENDS_PU: ReadonlySet<number> = new Set([SC.ACTPU, SC.DACTPU]);

/**
 * Did the terminal never come to answer the definite-response request at `index`, because its session ended first?
 * @param response ours to that request
 */
export function wasLeftUnanswered(pius: readonly RecordedPiu[], index: number, response: Piu): boolean {
  const request = tryDecode(pius[index]!.piu);
  const { th } = response;
  if (request?.rh == null || request.rh.rri || request.rh.eri || !(request.rh.dr1 || request.rh.dr2)) return false;
  if (!response.rh?.rri || response.rh.rti) return false;
  if (request.th.daf !== th.oaf || request.th.oaf !== th.daf || request.th.snf !== th.snf) return false;
  for (const { from, piu: bytes } of pius.slice(index + 1)) {
    const piu = tryDecode(bytes);
    if (piu?.rh == null) continue;
    if (from === 'host' && endsSession(piu, th.oaf, th.daf)) return true;
    if (from === 'terminal' && piu.rh.rri && piu.th.oaf === th.oaf && piu.th.daf === th.daf && piu.th.efi === th.efi)
      return false;
  }
  return true;
}

function endsSession({ th, rh, ru }: Piu, own: number, partner: number): boolean {
  if (rh?.rri || rh?.ruCategory !== 'SC') return false;
  const code = ru[0] ?? 0;
  if (ENDS_PU.has(code)) return true;
  if (th.daf !== own) return false;
  return ENDS_LU.has(code) || (ENDS_SESSION.has(code) && th.oaf === partner);
}

/** What the comparison of two PIUs came to. */
export interface Comparison {
  readonly isSame: boolean;
  /** Names of the allowed differences that were found; where `isSame` is false they do not explain everything. */
  readonly allowed: readonly string[];
}

/**
 * Hold our PIU against the recorded one.
 * @param hasIdentifier the SNF is no sequence number: a session with the SSCP, or the expedited flow
 */
export function comparePius(recorded: Uint8Array, ours: Uint8Array, hasIdentifier: boolean): Comparison {
  if (Buffer.compare(recorded, ours) === 0) return { isSame: true, allowed: [] };
  const target = decodePiu(ours);
  const allowed: string[] = [];
  let even = decodePiu(recorded);
  for (const difference of PIU_DIFFERENCES) {
    const next = difference.even(even, target, hasIdentifier);
    if (Buffer.compare(encodePiu(next), encodePiu(even)) === 0) continue;
    allowed.push(difference.name);
    even = next;
  }
  return { isSame: Buffer.compare(encodePiu(even), ours) === 0, allowed };
}
