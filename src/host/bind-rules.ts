/** How both sides send on the normal flow (BIND byte 7, bits 0-1). */
export const MODE = { fdx: 0x00, contention: 0x40, flipFlop: 0x80 } as const;

/** Which responses requests may ask for (BIND bytes 4 and 5). */
export const RESPONSE = { none: 0, exception: 1, definite: 2, either: 3 } as const;

/** What a BIND image makes of a session, ready to be asked for per PIU. PLU is the host, SLU the partner. */
export interface SessionRules {
  readonly isNegotiable: boolean;
  readonly fmProfile: number;
  readonly tsProfile: number;
  readonly luType: number;
  readonly pluChains: boolean;
  readonly sluChains: boolean;
  readonly pluDelayed: boolean;
  readonly sluDelayed: boolean;
  /** RESPONSE value. */
  readonly pluResponse: number;
  readonly sluResponse: number;
  readonly pluMayEnd: boolean;
  readonly sluMayEnd: boolean;
  readonly wholeBius: boolean;
  readonly fmHeaders: boolean;
  readonly brackets: boolean;
  /** Reset state of brackets: true between brackets, false in bracket. */
  readonly resetBetween: boolean;
  readonly rule1: boolean;
  readonly alternateCode: boolean;
  /** Sequence numbers are available for resynchronisation: STSN before SDT. */
  readonly resync: boolean;
  /** MODE value. */
  readonly mode: number;
  readonly sluFirstSpeaker: boolean;
  readonly pluSendsFirst: boolean;
  /** Pacing windows, 0 no pacing: requests SLU to PLU, and PLU to SLU. */
  readonly windowIn: number;
  readonly windowOut: number;
  /** Longest RU, bytes: SLU to PLU, and PLU to SLU. */
  readonly ruSizeIn: number;
  readonly ruSizeOut: number;
}

/** An RU size code `ab` = a * 2^b; 0 means no limit. @source SNA Formats, BIND byte 10 */
export function ruSizeOf(code: number): number {
  return code === 0 ? 65535 : (code >> 4) * 2 ** (code & 0x0f);
}

/** The code of an RU size, or undefined when no code gives exactly that size. 0 is no limit. */
export function ruSizeCode(size: number): number | undefined {
  if (size === 0) return 0;
  for (let exponent = 0; exponent <= 15; exponent += 1) {
    const mantissa = size / 2 ** exponent;
    if (mantissa >= 8 && mantissa <= 15 && Number.isInteger(mantissa)) return (mantissa << 4) | exponent;
  }
  return undefined;
}

/** FM profile 18 has brackets in any case; others when somebody may end one or the reset state says so. */
function usesBrackets(image: Uint8Array): boolean {
  return ((image[4]! | image[5]!) & 0x01) !== 0 || (image[6]! & 0x20) !== 0 || image[2] === 0x12;
}

/**
 * Read the rules of a session from its BIND image.
 * @param image the whole RU, code 31 first, at least 15 bytes
 * @source SNA Formats GA27-3136, BIND
 */
export function decodeRules(image: Uint8Array): SessionRules {
  return {
    isNegotiable: (image[1]! & 0x0f) === 0,
    fmProfile: image[2]!,
    tsProfile: image[3]!,
    luType: image[14]! & 0x7f,
    ...sideRules(image[4]!, image[5]!),
    wholeBius: (image[6]! & 0x80) !== 0,
    fmHeaders: (image[6]! & 0x40) !== 0,
    brackets: usesBrackets(image),
    resetBetween: (image[6]! & 0x20) !== 0,
    rule1: (image[6]! & 0x10) !== 0,
    alternateCode: (image[6]! & 0x08) !== 0,
    resync: (image[6]! & 0x04) !== 0,
    mode: image[7]! & 0xc0,
    sluFirstSpeaker: (image[7]! & 0x10) === 0,
    pluSendsFirst: (image[7]! & 0x01) !== 0,
    windowIn: image[8]! & 0x3f,
    windowOut: image[12]! & 0x3f,
    ruSizeIn: ruSizeOf(image[10]!),
    ruSizeOut: ruSizeOf(image[11]!),
  };
}

function sideRules(plu: number, slu: number) {
  return {
    pluChains: (plu & 0x80) !== 0,
    sluChains: (slu & 0x80) !== 0,
    pluDelayed: (plu & 0x40) !== 0,
    sluDelayed: (slu & 0x40) !== 0,
    pluResponse: (plu >> 4) & 3,
    sluResponse: (slu >> 4) & 3,
    pluMayEnd: (plu & 0x01) !== 0,
    sluMayEnd: (slu & 0x01) !== 0,
  };
}

/** Bits of bytes 4 to 14 that a negotiable response may turn off, besides windows, RU sizes and the contention winner. */
const MAY_CLEAR: Readonly<Record<number, number>> = { 4: 0x0a, 5: 0x0a, 6: 0x48, 9: 0x80, 13: 0x80 };

function mayChange(at: number, sent: number, got: number): boolean {
  if (at >= 15) return true;
  if (at === 10 || at === 11) return sent === 0 || (got !== 0 && ruSizeOf(got) <= ruSizeOf(sent));
  if (at === 8 || at === 9 || at === 12 || at === 13) {
    const isLower = (got & 0x3f) <= (sent & 0x3f) && ((got & 0x3f) > 0 || (sent & 0x3f) === 0);
    const changed = (sent ^ got) & 0xc0;
    return isLower && (changed & ~((MAY_CLEAR[at] ?? 0) & sent)) === 0;
  }
  if (at === 7) return (sent ^ got) === 0x10 && (got & 0x10) === 0;
  return ((sent ^ got) & ~((MAY_CLEAR[at] ?? 0) & sent)) === 0;
}

/**
 * Does the image of a BIND response follow from the one that was sent? Only a negotiable BIND may come back changed, and
 * only downwards.
 * @returns the offset of the first byte that may not be so, or -1
 * @source SNA Formats GA27-3136, RSP(BIND); sna-wire 2.8
 */
export function bindResponseFault(sent: Uint8Array, got: Uint8Array, isNegotiable: boolean): number {
  if (got.length < Math.min(sent.length, 15)) return got.length;
  for (let at = 0; at < Math.min(sent.length, got.length); at += 1) {
    if (sent[at] === got[at]) continue;
    if (!isNegotiable || !mayChange(at, sent[at]!, got[at]!)) return at;
  }
  return -1;
}
