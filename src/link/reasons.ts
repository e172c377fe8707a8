import type { SessionState } from '../channel/messages.js';
import { describeSense, printSense, type RetryClass } from '../sna/sense.js';

/** Why a session is not up, in words for an operator; the SNA word stays in, for the books. */

/** Below this a reason is the type of an UNBIND, above it is sense data. */
const UNBIND_TYPE_MAX = 0xff;

/** Events of the machines that end sessions. */
const WORDS: Readonly<Record<string, string>> = {
  UNBIND: 'the host ended the session (UNBIND)',
  UNBIND_BIND_FORTHCOMING: 'the host passes the session on (UNBIND 02): its BIND is awaited',
  BIND_REFUSED: 'we refused the BIND of the host',
  ACTLU_COLD: 'the host activated the LU anew (ACTLU)',
  DACTLU: 'the host deactivated the LU (DACTLU)',
  ACTPU_COLD: 'the host activated the PU anew (ACTPU)',
  ACTPU_ERP: 'the host activated the PU anew (ACTPU)',
  DACTPU: 'the host deactivated the PU (DACTPU)',
};

/** The event in words; text that is no event stays as it is. */
export function inWords(cause: string): string {
  return WORDS[cause] ?? cause;
}

/** An Initiate that failed: at once, or after it had been accepted. */
function initiateWords(state: SessionState): string {
  return state === 'INIT_PENDING'
    ? 'the host refused the logon (INIT-SELF)'
    : 'the host gave up the logon it had accepted (NSPE or NOTIFY)';
}

/** Why an attempt or a session ended, and when to try again. */
export interface Failure {
  readonly reason: string;
  readonly retry: RetryClass;
}

/**
 * The failure behind a change of the LU-LU state to RESET.
 * @param state of the session when it happened
 * @param cause event of the LU-LU machine, or words
 * @param senseData 32 bits; the type of an UNBIND up to FF; 0 none
 * @param isOurDoing we had asked for the end: the sense of it is no reason to wait for an operator
 */
export function failureOf(state: SessionState, cause: string, senseData: number, isOurDoing: boolean): Failure {
  const what = cause === 'INIT_REFUSED' ? initiateWords(state) : inWords(cause);
  if (senseData >= 0 && senseData <= UNBIND_TYPE_MAX) {
    return { reason: senseData === 0 ? what : `${what}: type ${hexByte(senseData)}`, retry: 'later' };
  }
  const { name, text, retry } = describeSense(senseData);
  return { reason: `${what}: ${printSense(senseData)} ${name}. ${text}`, retry: isOurDoing ? 'later' : retry };
}

function hexByte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}
