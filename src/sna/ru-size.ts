import { HostLinkError } from '../base/errors.js';

/** The largest RU size that the code can say: 15 * 2^15. */
export const RU_SIZE_MAX = 491_520;

/**
 * RU size of a BIND or control vector: byte ab stands for a * 2^b.
 * @returns bytes; 0 means no limit. The books ask for a = 8..15; a smaller one is taken as it stands
 * @source SNA Formats GA27-3136, BIND bytes 10 and 11
 */
export function decodeRuSize(code: number): number {
  return ((code >> 4) & 0x0f) * 2 ** (code & 0x0f);
}

/**
 * The code of the largest size that is not over `size`.
 * @param size bytes, 8..491520 (larger ones give 491520), or 0 for no limit
 * @throws HostLinkError RU_INVALID
 */
export function encodeRuSize(size: number): number {
  if (size === 0) return 0;
  if (!Number.isInteger(size) || size < 8) {
    throw new HostLinkError('RU_INVALID', `An RU size of ${size} has no code; the least is 8.`, {
      field: 'ruSize',
      size,
    });
  }
  if (size >= RU_SIZE_MAX) return 0xff;
  const exponent = Math.floor(Math.log2(size)) - 3;
  return (Math.floor(size / 2 ** exponent) << 4) | exponent;
}
