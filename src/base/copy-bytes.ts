/** Fewer bytes than this are copied one by one. */
const LOOP_MAX = 32;

/** What was copied from last, and where it lies: many parts of one block, or of one read, are copied in a row. */
let lastSource: Uint8Array = new Uint8Array(0);
let lastBuffer: ArrayBufferLike = lastSource.buffer;
let lastOffset = 0;

/**
 * Hot path: copy `source[from, to)` to `target[at...]`. To ask a typed array for its buffer costs as much as to copy 2,000
 * bytes, and `Buffer.subarray` and `Buffer.copy` ask each time; here a source is asked once. It stays alive until a part of
 * another one is copied.
 * @param from not checked here: `from` and `to` lie within the source, the target has room and is other memory
 */
export function copyBytes(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
  const length = to - from;
  if (length < LOOP_MAX) {
    for (let index = 0; index < length; index += 1) target[at + index] = source[from + index]!;
    return;
  }
  if (length === source.length) {
    target.set(source, at);
    return;
  }
  if (source !== lastSource) {
    lastSource = source;
    lastBuffer = source.buffer;
    lastOffset = source.byteOffset;
  }
  target.set(new Uint8Array(lastBuffer, lastOffset + from, length), at);
}
