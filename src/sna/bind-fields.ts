/**
 * BIND bytes 1 to 14 as a table that can be held against the book: field, byte, mask. A mask of one bit is a flag.
 * @source SNA Formats GA27-3136, BIND; sna-wire 2.8
 */
export const BIND_NUMBERS = [
  ['format', 1, 0xf0],
  ['type', 1, 0x0f],
  ['fmProfile', 2, 0xff],
  ['tsProfile', 3, 0xff],
  ['pluChainResponse', 4, 0x30],
  ['sluChainResponse', 5, 0x30],
  ['normalFlow', 7, 0xc0],
  ['alternateCodeId', 7, 0x0c],
  ['sluSendWindow', 8, 0x3f],
  ['sluReceiveWindow', 9, 0x3f],
  ['sluRuSizeCode', 10, 0xff],
  ['pluRuSizeCode', 11, 0xff],
  ['pluSendWindow', 12, 0x3f],
  ['pluReceiveWindow', 13, 0x3f],
  ['luType', 14, 0x7f],
] as const;

export const BIND_FLAGS = [
  ['pluMultiChain', 4, 0x80],
  ['pluDelayedRequest', 4, 0x40],
  ['pluTwoPhaseCommit', 4, 0x08],
  ['pluCompression', 4, 0x02],
  ['pluMayEndBracket', 4, 0x01],
  ['sluMultiChain', 5, 0x80],
  ['sluDelayedRequest', 5, 0x40],
  ['sluTwoPhaseCommit', 5, 0x08],
  ['sluCompression', 5, 0x02],
  ['sluMayEndBracket', 5, 0x01],
  ['wholeBiuRequired', 6, 0x80],
  ['fmHeaders', 6, 0x40],
  ['bracketsResetBetb', 6, 0x20],
  ['bracketRule1', 6, 0x10],
  ['alternateCode', 6, 0x08],
  ['sequenceNumbersForResync', 6, 0x04],
  ['bisSent', 6, 0x02],
  ['mayBeQueued', 6, 0x01],
  ['symmetricRecovery', 7, 0x20],
  ['pluFirstSpeaker', 7, 0x10],
  ['controlVectorsFollow', 7, 0x02],
  ['pluSendsFirst', 7, 0x01],
  ['sluSendTwoStages', 8, 0x80],
  ['adaptivePacing', 9, 0x80],
  ['pluSendOneStage', 12, 0x80],
] as const;

export type BindNumber = (typeof BIND_NUMBERS)[number][0];
export type BindFlag = (typeof BIND_FLAGS)[number][0];

/** Bytes before the PS usage field. */
export const BIND_FIXED_SIZE = 15;

/** The bits of bytes 0..14 that no field above names, byte 0 being the request code. */
export const BIND_RESERVED_MASKS: Uint8Array = (() => {
  const masks = new Uint8Array(BIND_FIXED_SIZE).fill(0xff);
  masks[0] = 0;
  for (const [, at, mask] of [...BIND_NUMBERS, ...BIND_FLAGS]) masks[at]! &= ~mask;
  return masks;
})();

/** How far to the right a mask's lowest bit is. */
export function maskShift(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
