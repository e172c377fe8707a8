/** One PIU on its way, without addresses. */
export interface Piu {
  readonly isExpedited: boolean;
  readonly snf: number;
  readonly rh: readonly [number, number, number];
  readonly ru: Uint8Array;
}

/** What the BIND of a model session says. */
export interface Setup {
  readonly mode: 'DUPLEX' | 'CONTENTION' | 'FLIP_FLOP';
  readonly hasBrackets: boolean;
  readonly isRule1: boolean;
  readonly isSluFirst: boolean;
  readonly startsInBracket: boolean;
  readonly isPluFirstSender: boolean;
  readonly hasChains: boolean;
  /** Bit 1 exception, bit 2 definite. */
  readonly pluForms: number;
  readonly sluForms: number;
  readonly sluMayEnd: boolean;
  readonly sendWindow: number;
  readonly receiveWindow: number;
  readonly ruSize: 8 | 16 | 64;
}

const SIZE_CODES = { 8: 0x80, 16: 0x81, 64: 0x83 } as const;
const MODES = { DUPLEX: 0, CONTENTION: 0x40, FLIP_FLOP: 0x80 } as const;

/** The BIND image of a setup: FM 3, TS 3, LU 0. */
export function imageOf(s: Setup): Uint8Array {
  const image = new Uint8Array(28);
  const side = (forms: number, mayEnd: boolean) => (s.hasChains ? 0x80 : 0) | (forms << 4) | (mayEnd ? 1 : 0);
  const common = (s.hasBrackets && !s.startsInBracket ? 0x20 : 0) | (s.isRule1 ? 0x10 : 0);
  const traffic = MODES[s.mode] | (s.isSluFirst ? 0 : 0x10) | (s.isPluFirstSender ? 1 : 0);
  const size = SIZE_CODES[s.ruSize];
  const head = [0x31, 1, 3, 3, side(s.pluForms, s.hasBrackets), side(s.sluForms, s.sluMayEnd), common, traffic];
  image.set([...head, s.sendWindow, s.receiveWindow, size, size, s.receiveWindow, s.sendWindow, 0]);
  return image;
}

/** Bytes as a string that compares like them. */
export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
