import { describe, expect, it } from 'vitest';
import { SspFramer, splitSsp } from '../../../src/dlsw/framing.js';
import { encodeSsp, SSP } from '../../../src/dlsw/ssp.js';

function info(fill: number, length: number): Buffer {
  const data = new Uint8Array(length).fill(fill);
  return Buffer.from(
    encodeSsp({ kind: 'info', messageType: SSP.INFOFRAME, flowByte: 0, remoteCorrelator: 7, remotePortId: 1, data }),
  );
}

/** A framer that keeps copies of its frames, and whether each lay in the chunk itself. */
function collect(messageSizeMax?: number): { framer: SspFramer; frames: Buffer[]; holders: Buffer[] } {
  const frames: Buffer[] = [];
  const holders: Buffer[] = [];
  const framer = new SspFramer((bytes, from, to) => {
    frames.push(Buffer.from(bytes.subarray(from, to)));
    holders.push(bytes);
  }, messageSizeMax);
  return { framer, frames, holders };
}

const MESSAGES = [info(1, 0), info(2, 5), info(3, 6000), info(4, 1)];
const STREAM = Buffer.concat(MESSAGES);

describe('SspFramer', () => {
  it('hands whole messages on in place', () => {
    const { framer, frames, holders } = collect();
    framer.push(STREAM);
    expect(frames).toEqual(MESSAGES);
    expect(holders.every((holder) => holder === STREAM)).toBe(true);
    expect(framer.pending).toBe(0);
  });

  it.each([1, 2, 3, 4, 5, 15, 16, 17, 21, 37, 1000, 6000])('gives the same from chunks of %i bytes', (size) => {
    const { framer, frames } = collect();
    for (let at = 0; at < STREAM.length; at += size) framer.push(STREAM.subarray(at, at + size));
    expect(frames).toEqual(MESSAGES);
  });

  it('copies only the message that was split', () => {
    const { framer, frames, holders } = collect();
    const cut = MESSAGES[0]!.length + 3;
    const second = STREAM.subarray(cut);
    framer.push(STREAM.subarray(0, cut));
    framer.push(second);
    expect(frames).toEqual(MESSAGES);
    expect(holders.map((holder) => holder === second)).toEqual([false, false, true, true]);
  });

  it('judges each byte as soon as it is there, and then ignores the stream', () => {
    for (const [hex, code] of [
      ['30', 'SSP_MALFORMED'],
      ['4b', 'SSP_MALFORMED'],
      ['310f', 'SSP_MALFORMED'],
      ['31480101', 'SSP_TOO_LONG'],
    ] as const) {
      const { framer, frames } = collect(256);
      const bytes = Buffer.from(hex, 'hex');
      const last = bytes.length - 1;
      for (let at = 0; at < last; at += 1) framer.push(bytes.subarray(at, at + 1));
      expect(() => framer.push(bytes.subarray(last))).toThrowError(expect.objectContaining({ code }));
      framer.push(info(1, 1));
      expect(frames).toEqual([]);
    }
  });

  it('takes a message of exactly the longest size', () => {
    const { framer, frames } = collect(256);
    framer.push(info(1, 240));
    expect(frames.length).toBe(1);
    expect(() => framer.push(info(1, 241))).toThrowError(expect.objectContaining({ code: 'SSP_TOO_LONG' }));
  });

  it('stops within a chunk when told to end', () => {
    const seen: number[] = [];
    const framer = new SspFramer((bytes, from) => {
      seen.push(bytes[from + 16]!);
      framer.end();
    });
    framer.push(Buffer.concat([info(9, 1), info(8, 1)]));
    expect(seen).toEqual([9]);
  });
});

describe('splitSsp', () => {
  it('cuts a block into its messages', () => {
    expect(splitSsp(STREAM)).toEqual(MESSAGES);
    expect(splitSsp(Buffer.alloc(0))).toEqual([]);
    expect(() => splitSsp(STREAM.subarray(0, STREAM.length - 1))).toThrowError(
      expect.objectContaining({ code: 'SSP_TRUNCATED' }),
    );
  });
});
