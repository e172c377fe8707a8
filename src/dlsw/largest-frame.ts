/** Octets of the eight base values of the largest-frame field. @source RFC 1795 section 3.4, IEEE 802.1D annex C */
const BASE_SIZES = [516, 1470, 2052, 4472, 8144, 11407, 17749, 41600] as const;

/** The target may answer with a smaller size; the circuit is not failed for it. */
export const SIZE_CONTROL = 0x80;
/** Base and extension bits. */
const SIZE_BITS = 0x3f;

/** Largest-frame bits for PIUs of up to `size` bytes: the smallest base value that holds them. */
export function largestFrameCode(size: number): number {
  const index = BASE_SIZES.findIndex((base) => base >= size);
  return (index < 0 ? BASE_SIZES.length - 1 : index) << 3;
}

/** The smaller of what was offered and what we take, for ICANREACH. */
export function answerLargestFrame(offered: number, ours: number): number {
  return Math.min(offered & SIZE_BITS, ours & SIZE_BITS);
}
