import {
  DFC,
  RH0_BCI,
  RH0_ECI,
  RH0_FI,
  RH0_SDI,
  RH1_FORM_MASK,
  RH1_LCCI,
  RH1_QRI,
  RH1_RLWI,
  RH2_BBI,
  RH2_CDI,
  RH2_CEBI,
  RH2_CSI,
  RH2_EBI,
  RH2_EDI,
  RH2_PDI,
} from '../sna/masks.js';
import { MODE, RESPONSE, type SessionRules } from './bind-rules.js';
import type { ProtocolRule } from './protocol-errors.js';

const RH0_RESERVED = 0x10;
const RH1_RESERVED = 0x08 | RH1_LCCI | RH1_RLWI | RH1_QRI;
const RH2_RESERVED = 0x10;
const RQN = 0x00;
const ERI_ALONE = 0x10;
const ERI = 0x10;

/** Bits that no request of a dependent LU without cryptography sets. */
function reservedFault(rh0: number, rh1: number, rh2: number): ProtocolRule | undefined {
  if ((rh0 & RH0_RESERVED) !== 0 || (rh1 & RH1_RESERVED) !== 0 || (rh2 & RH2_RESERVED) !== 0) return 'RH_RESERVED';
  if ((rh0 & RH0_SDI) !== 0) return 'RH_SENSE';
  if ((rh2 & (RH2_EDI | RH2_PDI)) !== 0) return 'RH_CIPHER';
  return (rh1 & RH1_FORM_MASK) === ERI_ALONE ? 'RH_FORM' : undefined;
}

/** Which form of response the request asks for, against what the BIND allows the SLU (byte 5). */
function formFault(allowed: number, form: number, isLast: boolean): ProtocolRule | undefined {
  if (allowed === RESPONSE.none) return form === RQN ? undefined : (form & ERI) !== 0 ? 'RH_EXCEPTION' : 'RH_DEFINITE';
  if (form === RQN) return 'RH_NO_RESPONSE';
  const isException = (form & ERI) !== 0;
  // All RUs of a chain but its last ask for exception responses, whatever the chain asks for.
  if (!isLast) return isException ? undefined : 'RH_FORM';
  if (isException && allowed === RESPONSE.definite) return 'RH_EXCEPTION';
  return !isException && allowed === RESPONSE.exception ? 'RH_DEFINITE' : undefined;
}

function bracketFault(rules: SessionRules, isFirst: boolean, rh2: number): ProtocolRule | undefined {
  if ((rh2 & (RH2_BBI | RH2_EBI)) === 0) return undefined;
  if (!rules.brackets) return 'RH_BRACKETS';
  if ((rh2 & RH2_BBI) !== 0 && !isFirst) return 'RH_BEGIN_BRACKET';
  return (rh2 & RH2_EBI) !== 0 && !rules.sluMayEnd ? 'RH_END_BRACKET' : undefined;
}

/**
 * The RH of a data request of the SLU, as far as it can be judged without any state.
 * @source SNA Formats GA27-3136, RH; sense data category 40
 */
export function dataRhFault(rules: SessionRules, rh0: number, rh1: number, rh2: number): ProtocolRule | undefined {
  const isFirst = (rh0 & RH0_BCI) !== 0;
  const isLast = (rh0 & RH0_ECI) !== 0;
  const fault =
    reservedFault(rh0, rh1, rh2) ??
    formFault(rules.sluResponse, rh1 & RH1_FORM_MASK, isLast) ??
    bracketFault(rules, isFirst, rh2);
  if (fault !== undefined) return fault;
  if (!rules.sluChains && !(isFirst && isLast)) return 'RH_CHAINING';
  if ((rh0 & RH0_FI) !== 0 && !(rules.fmHeaders && isFirst)) return 'RH_FORMAT';
  if ((rh2 & RH2_CDI) !== 0 && rules.mode === MODE.fdx) return 'RH_DIRECTION';
  if ((rh2 & RH2_CDI) !== 0 && !isLast) return 'RH_CHANGE_DIRECTION';
  if ((rh2 & RH2_CEBI) !== 0) return 'RH_END_BRACKET';
  return (rh2 & RH2_CSI) !== 0 && !rules.alternateCode ? 'RH_CODE' : undefined;
}

/** How a request code of data flow control travels from the SLU. */
export interface DfcEntry {
  readonly name: string;
  readonly isExpedited: boolean;
  /** RU length, bytes. */
  readonly length: number;
  /** FM profiles in which an SLU may send it. */
  readonly profiles: readonly number[];
  /** RH byte 2 bits that may stand on it. */
  readonly rh2: number;
  /** May ask for an exception response instead of a definite one. */
  readonly mayBeException: boolean;
}

function dfc(name: string, isExpedited: boolean, length: number, profiles: readonly number[], rh2 = 0): DfcEntry {
  return { name, isExpedited, length, profiles, rh2, mayBeException: name === 'LUSTAT' };
}

/** @source sna-wire 2.1 and 3.8 */
export const SLU_DFC: ReadonlyMap<number, DfcEntry> = new Map([
  [DFC.LUSTAT, dfc('LUSTAT', false, 5, [3, 4, 7, 18], RH2_BBI | RH2_EBI | RH2_CDI)],
  [DFC.RTR, dfc('RTR', false, 1, [3, 4, 18])],
  [DFC.BIS, dfc('BIS', false, 1, [18])],
  [DFC.SBI, dfc('SBI', true, 1, [18])],
  [DFC.QEC, dfc('QEC', true, 1, [4])],
  [DFC.QC, dfc('QC', false, 1, [4])],
  [DFC.RELQ, dfc('RELQ', true, 1, [4])],
  [DFC.CANCEL, dfc('CANCEL', false, 1, [3, 4, 7, 18], RH2_EBI | RH2_CDI)],
  [DFC.CHASE, dfc('CHASE', false, 1, [3, 4, 18])],
  [DFC.SHUTC, dfc('SHUTC', true, 1, [3, 4])],
  [DFC.RSHUTD, dfc('RSHUTD', true, 1, [3, 4, 7])],
  [DFC.BID, dfc('BID', false, 1, [3, 4, 18])],
  [DFC.SIGNAL, dfc('SIGNAL', true, 5, [3, 4, 7, 18])],
]);

/**
 * The RH of a DFC request of the SLU: category DFC, FI, BC and EC set, RQD1 (or RQE1 for LUSTAT), BB, EB and CD only where
 * they may stand.
 */
export function dfcRhFault(
  rules: SessionRules,
  entry: DfcEntry,
  rh0: number,
  rh1: number,
  rh2: number,
): ProtocolRule | undefined {
  const fault = reservedFault(rh0, rh1, rh2) ?? controlRhFault(rh0);
  if (fault !== undefined) return fault;
  const form = rh1 & RH1_FORM_MASK;
  if (form === RQN) return 'RH_NO_RESPONSE';
  if ((form & ERI) !== 0 && !entry.mayBeException) return 'RH_EXCEPTION';
  const bits = rh2 & ~entry.rh2;
  if ((bits & RH2_BBI) !== 0) return 'RH_BEGIN_BRACKET';
  if ((bits & (RH2_EBI | RH2_CEBI)) !== 0) return 'RH_END_BRACKET';
  if ((bits & RH2_CDI) !== 0) return 'RH_CHANGE_DIRECTION';
  if ((bits & RH2_CSI) !== 0) return 'RH_CODE';
  if ((rh2 & RH2_CDI) !== 0 && rules.mode === MODE.fdx) return 'RH_DIRECTION';
  return bracketFault(rules, true, rh2);
}

/** SC and DFC requests are chains of their own and have the format indicator. */
export function controlRhFault(rh0: number): ProtocolRule | undefined {
  if ((rh0 & (RH0_BCI | RH0_ECI)) !== (RH0_BCI | RH0_ECI)) return 'RH_CHAINING';
  return (rh0 & RH0_FI) === 0 ? 'RH_FORMAT' : undefined;
}

/** The RH of an SC or NS request: RQD1 only, nothing in byte 2. NOTIFY and TERM-SELF may come RQN with CD (lenient). */
export function sscpRhFault(rh0: number, rh1: number, rh2: number, isLenient: boolean): ProtocolRule | undefined {
  const fault = reservedFault(rh0, rh1, rh2);
  if (fault !== undefined) return fault;
  if ((rh0 & (RH0_BCI | RH0_ECI)) !== (RH0_BCI | RH0_ECI)) return 'RH_CHAINING';
  const form = rh1 & RH1_FORM_MASK;
  if (isLenient && form === RQN) return undefined;
  if (form !== 0x80) return form === RQN ? 'RH_NO_RESPONSE' : 'RH_FORM';
  return rh2 === 0 ? undefined : 'RH_BRACKETS';
}
