import { describe, expect, it } from 'vitest';
import { copyBytes } from '../../../src/base/copy-bytes.js';

/** Bytes 0, 1, 2, ... as a view that does not begin where its memory does. */
function counted(length: number, offset: number): Uint8Array {
  const memory = Buffer.allocUnsafeSlow(length + offset + 7).fill(0xee);
  const bytes = new Uint8Array(memory.buffer, offset, length);
  for (let index = 0; index < length; index += 1) bytes[index] = index;
  return bytes;
}

describe('copyBytes', () => {
  it.each([0, 1, 31, 32, 33, 64, 200])('copies %i bytes to their place and touches no others', (length) => {
    const source = counted(256, 5);
    const target = Buffer.alloc(300, 0xff);
    copyBytes(source, 3, 3 + length, target, 10);
    const expected = Buffer.alloc(300, 0xff);
    expected.set(source.subarray(3, 3 + length), 10);
    expect(target).toEqual(expected);
  });

  it('copies a whole source', () => {
    const source = counted(100, 9);
    const target = new Uint8Array(100);
    copyBytes(source, 0, 100, target, 0);
    expect(target).toEqual(new Uint8Array(source));
  });

  it('takes sources in turn: each from where it lies itself', () => {
    const first = counted(128, 0);
    const second = counted(128, 16).map((byte) => byte ^ 0xff);
    const target = new Uint8Array(80);
    for (const source of [first, second, Buffer.from(first), first]) {
      copyBytes(source, 20, 60, target, 40);
      expect([...target.subarray(40)]).toEqual([...source.subarray(20, 60)]);
    }
  });

  it('reads a source as it is now, not as it was when it was copied last', () => {
    const source = counted(128, 0);
    const target = new Uint8Array(64);
    copyBytes(source, 0, 64, target, 0);
    source.fill(7);
    copyBytes(source, 64, 128, target, 0);
    expect([...target]).toEqual(new Array(64).fill(7));
  });
});
