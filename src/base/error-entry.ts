/** Numbers of the Tmax API (atmi.h) that each error code maps to. */
export const TPERRNO = {
  TPEBLOCK: 3,
  TPEINVAL: 4,
  TPELIMIT: 5,
  TPENOENT: 6,
  TPEOS: 7,
  TPEPROTO: 9,
  TPESVCERR: 10,
  TPESVCFAIL: 11,
  TPESYSTEM: 12,
  TPETIME: 13,
  TPEITYPE: 17,
  TPENOREADY: 24,
  TPEQFULL: 26,
  TPEQPURGE: 27,
  TPECLOSE: 28,
  TPESVRDOWN: 29,
} as const;

export interface ErrorEntry {
  /** One sentence: what happened. */
  readonly text: string;
  /** Why that usually happens. */
  readonly cause: string;
  /** What to do about it. */
  readonly action: string;
  readonly tperrno: number;
}

/** One row of a table of errors. */
export function entry(tperrno: number, text: string, cause: string, action: string): ErrorEntry {
  return { text, cause, action, tperrno };
}

export const FROM_PEER = 'The partner sent bytes that do not follow the books, or the line garbled them.';
export const LOOK_AT_TRACE = 'Record a trace (hostlink trace) and look at the bytes before this error.';
