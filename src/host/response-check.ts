import {
  PIU_HEADER_SIZE,
  RH0_BCI,
  RH0_CATEGORY_MASK,
  RH0_ECI,
  RH0_FMD,
  RH0_SDI,
  RH1_FORM_MASK,
  RH1_PI,
  RH1_RTI,
} from '../sna/masks.js';
import type { ProtocolRule } from './protocol-errors.js';

/** Big-endian halfword. */
export function u16(bytes: Buffer, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Sense data of a negative response PIU, 32 bits, or 0 when it has none. */
export function senseOf(bytes: Buffer, at: number, end: number): number {
  return end - at >= PIU_HEADER_SIZE + 4 ? bytes.readUInt32BE(at + PIU_HEADER_SIZE) : 0;
}

export function isPositive(bytes: Buffer, at: number): boolean {
  return (bytes[at + 7]! & RH1_RTI) === 0;
}

/** RH 83 01 00 and no RU: nothing but a pacing response. */
export function isPacingOnly(bytes: Buffer, at: number, end: number): boolean {
  const hasForm = (bytes[at + 7]! & RH1_FORM_MASK) !== 0;
  const isFmd = (bytes[at + 6]! & RH0_CATEGORY_MASK) === RH0_FMD;
  return isFmd && !hasForm && (bytes[at + 7]! & RH1_PI) !== 0 && end - at === PIU_HEADER_SIZE;
}

/**
 * The form of any response: BC and EC, byte 2 zero, sense data exactly on negative ones, and at least four bytes of it.
 * @source SNA Formats GA27-3136, response header
 */
export function responseRhFault(bytes: Buffer, at: number, end: number): ProtocolRule | undefined {
  const rh0 = bytes[at + 6]!;
  if ((rh0 & (RH0_BCI | RH0_ECI)) !== (RH0_BCI | RH0_ECI)) return 'RH_CHAINING';
  if ((rh0 & 0x10) !== 0 || (bytes[at + 7]! & 0x4c) !== 0 || bytes[at + 8] !== 0) return 'RH_RESERVED';
  const hasSense = (rh0 & RH0_SDI) !== 0;
  if (hasSense === isPositive(bytes, at)) return 'RH_SENSE';
  return hasSense && end - at < PIU_HEADER_SIZE + 4 ? 'RESPONSE_CODE' : undefined;
}

/**
 * The RU of a response to a control request: the request code `code` (one byte), after the sense data when negative.
 * Positive ones may carry more behind it where `mayHaveMore`.
 */
export function controlResponseFault(
  bytes: Buffer,
  at: number,
  end: number,
  code: number,
  mayHaveMore: boolean,
): ProtocolRule | undefined {
  const codeAt = at + PIU_HEADER_SIZE + (isPositive(bytes, at) ? 0 : 4);
  if (codeAt >= end || bytes[codeAt] !== code) return 'RESPONSE_CODE';
  return end > codeAt + 1 && !mayHaveMore ? 'RESPONSE_CODE' : undefined;
}
