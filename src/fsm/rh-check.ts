import * as M from '../sna/masks.js';
import { SENSE } from './senses.js';
import { RESPONSE_DEFINITE, RESPONSE_EXCEPTION, type SessionRules } from './session-rules.js';

/**
 * RH bits that may not be set in data requests of the partner, by chain element (RH byte 0, mask 03: 0 middle, 1 last,
 * 2 first, 3 only). Made once per set of rules, so that a request costs three array reads.
 */
export interface RhMasks {
  readonly rh0Forbidden: Uint8Array;
  readonly rh2Forbidden: Uint8Array;
  /** Bit (RH byte 1 >> 4 & 0b1011) is set for each allowed combination of DR1, DR2 and ERI. */
  readonly forms: Uint16Array;
}

const FORM_NONE = 1 << 0;
const FORMS_DEFINITE = (1 << 0b1000) | (1 << 0b0010) | (1 << 0b1010);
const FORMS_EXCEPTION = (1 << 0b1001) | (1 << 0b0011) | (1 << 0b1011);

const IS_LAST = M.RH0_ECI;
const IS_FIRST = M.RH0_BCI;

function formsOf(element: number, chainResponse: number): number {
  if (chainResponse === 0) return FORM_NONE;
  if ((element & IS_LAST) === 0) return FORMS_EXCEPTION;
  const definite = (chainResponse & RESPONSE_DEFINITE) === 0 ? 0 : FORMS_DEFINITE;
  return definite | ((chainResponse & RESPONSE_EXCEPTION) === 0 ? 0 : FORMS_EXCEPTION);
}

function rh2ForbiddenOf(element: number, rules: SessionRules): number {
  let mask = M.RH2_CEBI | M.RH2_EDI | M.RH2_PDI;
  if (!rules.isAlternateCodeAllowed) mask |= M.RH2_CSI;
  if (!rules.hasBrackets || (element & IS_FIRST) === 0) mask |= M.RH2_BBI;
  if (!rules.hasBrackets || !rules.plu.mayEndBracket) mask |= M.RH2_EBI;
  if (rules.mode === 'DUPLEX' || (element & IS_LAST) === 0) mask |= M.RH2_CDI;
  return mask;
}

/** The masks of a session. @source sna-wire 1.2, 3.8 */
export function rhMasksOf(rules: SessionRules): RhMasks {
  const rh0Forbidden = new Uint8Array(4);
  const rh2Forbidden = new Uint8Array(4);
  const forms = new Uint16Array(4);
  for (let element = 0; element < 4; element += 1) {
    rh0Forbidden[element] = rules.isFmhAllowed && (element & IS_FIRST) !== 0 ? 0 : M.RH0_FI;
    rh2Forbidden[element] = rh2ForbiddenOf(element, rules);
    forms[element] = formsOf(element, rules.plu.chainResponse);
  }
  return { rh0Forbidden, rh2Forbidden, forms };
}

/** Whether the RH of a data request follows the session's rules; `explainRh` says what is wrong. */
export function isRhAllowed(masks: RhMasks, rules: SessionRules, rh0: number, rh1: number, rh2: number): boolean {
  const element = rh0 & 3;
  const form = (rh1 >> 4) & 0b1011;
  return (
    (rh2 & (masks.rh2Forbidden[element] as number)) === 0 &&
    (rh0 & (masks.rh0Forbidden[element] as number)) === 0 &&
    (((masks.forms[element] as number) >> form) & 1) !== 0 &&
    (element === 3 || rules.plu.chainsAllowed)
  );
}

/** Sense for the form of response asked for; 0 when it is right. */
function explainForm(rules: SessionRules, element: number, rh1: number): number {
  const form = rh1 & M.RH1_FORM_MASK;
  if (form === M.RH1_ERI) return SENSE.WRONG_FORM;
  if (((formsOf(element, rules.plu.chainResponse) >> ((rh1 >> 4) & 0b1011)) & 1) !== 0) return 0;
  if (form === 0) return SENSE.NO_RESPONSE_NOT_ALLOWED;
  return (form & M.RH1_ERI) === 0 ? SENSE.DEFINITE_NOT_ALLOWED : SENSE.EXCEPTION_NOT_ALLOWED;
}

/** Sense for brackets and direction; 0 when they are right. */
function explainBrackets(rules: SessionRules, element: number, rh2: number): number {
  const hasBb = (rh2 & M.RH2_BBI) !== 0;
  const hasEb = (rh2 & M.RH2_EBI) !== 0;
  const hasCd = (rh2 & M.RH2_CDI) !== 0;
  if ((hasBb || hasEb) && !rules.hasBrackets) return SENSE.BRACKETS_UNSUPPORTED;
  if (hasBb && (element & IS_FIRST) === 0) return SENSE.BB_NOT_ALLOWED;
  if (hasEb && !rules.plu.mayEndBracket) return SENSE.EB_NOT_ALLOWED;
  if ((rh2 & M.RH2_CEBI) !== 0) return SENSE.EB_NOT_ALLOWED;
  if (hasCd && rules.mode === 'DUPLEX') return SENSE.CD_UNSUPPORTED;
  return hasCd && (hasEb || (element & IS_LAST) === 0) ? SENSE.CD_NOT_ALLOWED : 0;
}

/**
 * What is wrong in the RH of a data request; 0 when nothing is.
 * @source sna-wire 1.2, 2.13 (40xx), 3.8
 */
export function explainRh(rules: SessionRules, rh0: number, rh1: number, rh2: number): number {
  const element = rh0 & 3;
  if (element !== 3 && !rules.plu.chainsAllowed) return SENSE.CHAINING_UNSUPPORTED;
  if ((rh0 & M.RH0_FI) !== 0 && (!rules.isFmhAllowed || (element & IS_FIRST) === 0)) return SENSE.WRONG_FI;
  const senseData = explainForm(rules, element, rh1) || explainBrackets(rules, element, rh2);
  if (senseData !== 0) return senseData;
  if ((rh2 & M.RH2_CSI) !== 0 && !rules.isAlternateCodeAllowed) return SENSE.CODE_UNSUPPORTED;
  if ((rh2 & M.RH2_EDI) !== 0) return SENSE.ENCIPHERED;
  return (rh2 & M.RH2_PDI) !== 0 ? SENSE.PADDED : 0;
}
