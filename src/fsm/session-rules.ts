import { DFC } from '../sna/masks.js';
import { decodeRuSize } from '../sna/ru-size.js';

/** What a BIND fixes for one of the two sides. */
export interface SideRules {
  /** Chains of more than one RU. */
  readonly chainsAllowed: boolean;
  /** Delayed request mode: may go on while a definite response is due. */
  readonly isDelayedRequest: boolean;
  /** Responses its chains may ask for: bit 1 exception, bit 2 definite; 0 none. */
  readonly chainResponse: number;
  readonly mayEndBracket: boolean;
}

export const RESPONSE_EXCEPTION = 1;
export const RESPONSE_DEFINITE = 2;

export type SendMode = 'DUPLEX' | 'CONTENTION' | 'FLIP_FLOP';

/** What a half-session needs to know of its BIND, as plain values. */
export interface SessionRules {
  /** 2, 3, 4, 7 or 18. */
  readonly fmProfile: number;
  /** 2, 3 or 4. */
  readonly tsProfile: number;
  /** 0..3. */
  readonly luType: number;
  readonly plu: SideRules;
  readonly slu: SideRules;
  readonly isFmhAllowed: boolean;
  readonly isAlternateCodeAllowed: boolean;
  readonly hasBrackets: boolean;
  /** The session starts in a bracket. */
  readonly isResetInBracket: boolean;
  /** Termination rule 1: EB on a definite-response chain ends the bracket with the positive response. */
  readonly isEndConditional: boolean;
  /** First speaker, and winner of a contention. */
  readonly isSluFirstSpeaker: boolean;
  readonly mode: SendMode;
  /** Flip-flop: who has the turn when the session starts (in a bracket, or without brackets). */
  readonly isPluFirstSender: boolean;
  readonly isRecoverySymmetric: boolean;
  /** The partner takes no segments: RUs have to fit the link. */
  readonly isWholeBiuRequired: boolean;
  /** Requests per pacing window, 0..63; 0 is no pacing. */
  readonly sendWindow: number;
  readonly receiveWindow: number;
  /** Longest RU each way, bytes; 0 is no limit. */
  readonly sendRuSize: number;
  readonly receiveRuSize: number;
  readonly hasSdt: boolean;
  readonly hasClear: boolean;
  readonly hasStsn: boolean;
  /** DFC requests the partner may send, and we may: masks of `dfcBit`. */
  readonly dfcReceive: number;
  readonly dfcSend: number;
}

const DFC_CODES: readonly number[] = Object.values(DFC);
const DFC_BITS = new Int32Array(256);
for (const [index, code] of DFC_CODES.entries()) DFC_BITS[code] = 1 << index;

/** The bit of a DFC request code in `dfcReceive` and `dfcSend`; 0 for a code that is none. */
export function dfcBit(code: number): number {
  return DFC_BITS[code & 0xff] as number;
}

function bitsOf(...codes: readonly number[]): number {
  let mask = 0;
  for (const code of codes) mask |= dfcBit(code);
  return mask;
}

interface DfcSets {
  readonly receive: number;
  readonly send: number;
}

const BRACKET_DFC = bitsOf(DFC.BID, DFC.RTR);
const FM3: DfcSets = {
  receive: bitsOf(DFC.CANCEL, DFC.SIGNAL, DFC.CHASE, DFC.SHUTD, DFC.BID, DFC.RTR),
  send: bitsOf(DFC.CANCEL, DFC.SIGNAL, DFC.LUSTAT, DFC.CHASE, DFC.SHUTC, DFC.RSHUTD, DFC.BID, DFC.RTR),
};
const FM4_MORE = bitsOf(DFC.LUSTAT, DFC.QEC, DFC.QC, DFC.RELQ);
const FM18 = bitsOf(DFC.CANCEL, DFC.SIGNAL, DFC.LUSTAT, DFC.BIS, DFC.SBI, DFC.CHASE, DFC.BID, DFC.RTR);

/** DFC requests of each FM profile. @source sna-wire 3.8 */
const DFC_BY_PROFILE: Readonly<Record<number, DfcSets>> = {
  2: { receive: 0, send: 0 },
  3: FM3,
  4: { receive: FM3.receive | FM4_MORE, send: FM3.send | FM4_MORE },
  7: {
    receive: bitsOf(DFC.CANCEL, DFC.SIGNAL, DFC.LUSTAT),
    send: bitsOf(DFC.CANCEL, DFC.SIGNAL, DFC.LUSTAT, DFC.RSHUTD),
  },
  18: { receive: FM18, send: FM18 },
};

const MODES: readonly SendMode[] = ['DUPLEX', 'CONTENTION', 'FLIP_FLOP', 'FLIP_FLOP'];

function sideOf(byte: number): SideRules {
  return {
    chainsAllowed: (byte & 0x80) !== 0,
    isDelayedRequest: (byte & 0x40) !== 0,
    chainResponse: (byte >> 4) & 0x03,
    mayEndBracket: (byte & 0x01) !== 0,
  };
}

/** Windows, sizes and transmission services of a BIND. */
function transmissionRules(image: Uint8Array) {
  const tsProfile = image[3]!;
  return {
    tsProfile,
    luType: image[14]! & 0x7f,
    isWholeBiuRequired: (image[6]! & 0x80) !== 0,
    sendWindow: image[8]! & 0x3f,
    receiveWindow: image[9]! & 0x3f,
    sendRuSize: decodeRuSize(image[10]!),
    receiveRuSize: decodeRuSize(image[11]!),
    hasSdt: tsProfile === 3 || tsProfile === 4,
    hasClear: tsProfile === 2 || tsProfile === 3 || tsProfile === 4,
    hasStsn: tsProfile === 4,
  };
}

/** What FM profile 2 fixes whatever the BIND says. @source sna-wire 3.8 */
function profile2(rules: SessionRules): SessionRules {
  return {
    ...rules,
    plu: { ...rules.plu, chainsAllowed: false, mayEndBracket: true },
    slu: { chainsAllowed: false, isDelayedRequest: true, chainResponse: 0, mayEndBracket: false },
    isFmhAllowed: false,
    isResetInBracket: rules.hasBrackets && rules.isResetInBracket,
    isEndConditional: false,
    isSluFirstSpeaker: true,
    mode: 'DUPLEX',
    isRecoverySymmetric: false,
  };
}

/**
 * The rules that a BIND sets. It is one that `checkBind` takes; nothing is checked here.
 * @param image the BIND from its request code on, at least 15 bytes; neither kept nor changed
 * @source sna-wire 2.8, 3.8, 3.9
 */
export function sessionRulesOf(image: Uint8Array): SessionRules {
  const common = image[6]!;
  const traffic = image[7]!;
  const plu = sideOf(image[4]!);
  const slu = sideOf(image[5]!);
  const hasBrackets = plu.mayEndBracket || slu.mayEndBracket || (common & 0x20) !== 0;
  const fmProfile = image[2]!;
  const dfc = DFC_BY_PROFILE[fmProfile] ?? { receive: 0, send: 0 };
  const without = hasBrackets ? 0 : BRACKET_DFC;
  const rules: SessionRules = {
    fmProfile,
    ...transmissionRules(image),
    plu,
    slu,
    isFmhAllowed: (common & 0x40) !== 0,
    isAlternateCodeAllowed: (common & 0x08) !== 0,
    hasBrackets,
    isResetInBracket: hasBrackets && (common & 0x20) === 0,
    isEndConditional: (common & 0x10) !== 0,
    isSluFirstSpeaker: (traffic & 0x10) === 0,
    mode: MODES[traffic >> 6]!,
    isPluFirstSender: (traffic & 0x01) !== 0,
    isRecoverySymmetric: (traffic & 0x20) !== 0,
    dfcReceive: dfc.receive & ~without,
    dfcSend: dfc.send & ~without,
  };
  return fmProfile === 2 ? profile2(rules) : rules;
}
