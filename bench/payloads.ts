/** Made beforehand: so many, and so many bytes of them. */
const PAYLOADS_MAX = 1024;
const PAYLOAD_BYTES_MAX = 4 * 1_048_576;

/**
 * The payloads that a target and its baselines take in turns, the same for all of them: one and the same bytes over and
 * over would lie in the processor's cache, which no service's requests do.
 * @param size bytes of each, at least 4
 */
export function payloadsOf(size: number): readonly Buffer[] {
  const kinds = Math.min(PAYLOADS_MAX, Math.ceil(PAYLOAD_BYTES_MAX / size));
  return Array.from({ length: kinds }, (_, index) => {
    const payload = Buffer.alloc(size, index);
    payload.writeUInt32BE(index, 0);
    return payload;
  });
}
