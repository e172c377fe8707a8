import { type RetryClass, SENSE_ROWS } from './sense-table.js';

export type { RetryClass } from './sense-table.js';

/** What sense data mean. */
export interface SenseDescription {
  /** Category and modifier, 4 hex digits, such as '0835'. */
  readonly code: string;
  /** Sense-specific bytes, 0..65535; for 0835 the offset of the bad byte, for LU 0 often the application's own. */
  readonly specific: number;
  /** A name in capitals, such as 'INVALID_PARAMETER'. */
  readonly name: string;
  /** One sentence. */
  readonly text: string;
  readonly retry: RetryClass;
}

const BY_CODE = new Map(SENSE_ROWS.map((row) => [row[0], row]));

/** What can be said of a code that is not in the table: its first byte tells the category. */
const CATEGORIES: readonly (readonly [high: number, name: string, text: string, retry: RetryClass])[] = [
  // Only the application knows whether it helps to ask again; a session must not be given up for it.
  [0x00, 'USER_SENSE', 'The application gives a sense of its own.', 'later'],
  [0x08, 'REQUEST_REJECT', 'The request is good but was not done.', 'later'],
  [0x10, 'REQUEST_ERROR', 'The request is wrong or not supported.', 'never'],
  [0x20, 'STATE_ERROR', 'The request does not fit the state.', 'later'],
  [0x40, 'RH_USAGE_ERROR', 'The RH breaks the rules of the session.', 'operator'],
  [0x80, 'PATH_ERROR', 'The PIU did not reach its destination.', 'later'],
];
const UNKNOWN_CATEGORY = [0, 'UNKNOWN', 'The sense code is not known.', 'later'] as const;

/**
 * Say what sense data mean and whether to try again.
 * @param senseData 32 bits: category, modifier, two sense-specific bytes
 * @source SNA Formats GA27-3136, Sense Data
 */
export function describeSense(senseData: number): SenseDescription {
  const code = (senseData >>> 16) & 0xffff;
  const [, name, text, retry] =
    BY_CODE.get(code) ?? CATEGORIES.find(([high]) => high === code >> 8) ?? UNKNOWN_CATEGORY;
  return { code: code.toString(16).toUpperCase().padStart(4, '0'), specific: senseData & 0xffff, name, text, retry };
}

/** Sense data as the books print them: 8 hex digits. */
export function printSense(senseData: number): string {
  return (senseData >>> 0).toString(16).toUpperCase().padStart(8, '0');
}
