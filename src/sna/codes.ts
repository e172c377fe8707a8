import { DFC, NS, SC } from './masks.js';

export type ScName = keyof typeof SC;
export type DfcName = keyof typeof DFC;
export type NsName = keyof typeof NS;

function byCode<N extends string>(table: Readonly<Record<N, number>>): ReadonlyMap<number, N> {
  return new Map(Object.entries<number>(table).map(([name, code]) => [code, name as N]));
}

const SC_NAMES = byCode(SC);
const DFC_NAMES = byCode(DFC);
const NS_NAMES = byCode(NS);

/** Name of a session control request code. */
export function scName(code: number): ScName | undefined {
  return SC_NAMES.get(code);
}

/** Name of a data flow control request code. */
export function dfcName(code: number): DfcName | undefined {
  return DFC_NAMES.get(code);
}

/** Name of the NS header at `at`; undefined where the three bytes are none that is known, or are not there. */
export function nsHeaderOf(ru: Uint8Array, at = 0): NsName | undefined {
  if (ru.length < at + 3) return undefined;
  return NS_NAMES.get((ru[at]! << 16) | (ru[at + 1]! << 8) | ru[at + 2]!);
}
