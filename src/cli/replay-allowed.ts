import { decodePiu, encodePiu, type Piu } from '../sna/piu.js';

/** A difference that is none: why, and what the recorded PIU would be with it taken out. */
export interface AllowedDifference {
  readonly name: string;
  readonly reason: string;
  /** The recorded PIU as ours would write it in this respect; the same one where the difference is not there. */
  readonly even: (recorded: Piu, ours: Piu, isSscp: boolean) => Piu;
}

/** The whole list: every other difference is a fault. */
export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  {
    name: 'identifier',
    reason:
      'On sessions with the SSCP the SNF of a request is an identifier: any value will do, the response returns it.',
    even: (recorded, ours, isSscp) =>
      isSscp && recorded.rh?.rri === false ? { ...recorded, th: { ...recorded.th, snf: ours.th.snf } } : recorded,
  },
  {
    name: 'odai',
    reason: 'ODAI says nothing about sessions of dependent LUs; some controllers set it, we never do.',
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

/** What the comparison of two PIUs came to. */
export interface Comparison {
  readonly isSame: boolean;
  /** Names of the allowed differences that were found; where `isSame` is false they do not explain everything. */
  readonly allowed: readonly string[];
}

/**
 * Hold our PIU against the recorded one.
 * @param isSscp they belong to a session with the SSCP
 */
export function comparePius(recorded: Uint8Array, ours: Uint8Array, isSscp: boolean): Comparison {
  if (Buffer.compare(recorded, ours) === 0) return { isSame: true, allowed: [] };
  const target = decodePiu(ours);
  const allowed: string[] = [];
  let even = decodePiu(recorded);
  for (const difference of ALLOWED_DIFFERENCES) {
    const next = difference.even(even, target, isSscp);
    if (Buffer.compare(encodePiu(next), encodePiu(even)) === 0) continue;
    allowed.push(difference.name);
    even = next;
  }
  return { isSame: Buffer.compare(encodePiu(even), ours) === 0, allowed };
}
