import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { readPcapng } from '../../../src/trace/pcapng-reader.js';
import { LINK_TYPE, PcapngWriter } from '../../../src/trace/pcapng-writer.js';

const packetArbitrary = fc.record({
  interfaceId: fc.integer({ min: 0, max: 1 }),
  micros: fc.integer({ min: 0, max: 4e15 }),
  bytes: fc.uint8Array({ maxLength: 200 }),
  isOutbound: fc.boolean(),
  dropped: fc.integer({ min: 0, max: 0xffffffff }),
  comment: fc.string({ maxLength: 20 }),
});

function writeFile(packets: readonly (typeof packetArbitrary extends fc.Arbitrary<infer T> ? T : never)[]): Buffer {
  const writer = new PcapngWriter();
  writer.section('a test');
  expect(writer.interface(LINK_TYPE.TOKEN_RING, 'LINK1', 'first')).toBe(0);
  expect(writer.interface(LINK_TYPE.ETHERNET, 'LINK1 DLSw', '')).toBe(1);
  for (const packet of packets) {
    const at = writer.packet(packet.interfaceId, packet.micros / 1000, packet.bytes.length, packet);
    writer.out.bytes.set(packet.bytes, at);
  }
  return Buffer.from(writer.out.take()!);
}

/** The same file as a big-endian machine would write it: types, lengths and numbers of the blocks used here, turned. */
function toBigEndian(file: Buffer): Buffer {
  const big = Buffer.from(file);
  const turn32 = (at: number) => big.subarray(at, at + 4).reverse();
  const turn16 = (at: number) => big.subarray(at, at + 2).reverse();
  for (let at = 0; at < file.length; ) {
    const type = file.readUInt32LE(at);
    const length = file.readUInt32LE(at + 4);
    for (const offset of [0, 4, length - 4]) turn32(at + offset);
    let options = at + 24;
    if (type === 0x0a0d0d0a) {
      turn32(at + 8);
      turn16(at + 12);
      turn16(at + 14);
    } else if (type === 1) {
      turn16(at + 8);
      options = at + 16;
    } else {
      for (const offset of [8, 12, 16, 20, 24]) turn32(at + offset);
      options = at + 28 + ((file.readUInt32LE(at + 20) + 3) & ~3);
    }
    while (options < at + length - 4) {
      const code = file.readUInt16LE(options);
      const size = file.readUInt16LE(options + 2);
      turn16(options);
      turn16(options + 2);
      if (type === 6 && code === 2) turn32(options + 4);
      if (type === 6 && code === 4) big.subarray(options + 4, options + 12).reverse();
      options += 4 + ((size + 3) & ~3);
    }
    at += length;
  }
  return big;
}

describe('pcapng', () => {
  it('round-trips packets, times, directions, drop counts and comments', () => {
    fc.assert(
      fc.property(fc.array(packetArbitrary, { maxLength: 12 }), (packets) => {
        const file = writeFile(packets);
        for (const each of [file, toBigEndian(file)]) {
          const read = [...readPcapng(each)].map((packet) => ({
            interfaceId: packet.interfaceId,
            micros: Math.round(packet.wallMs * 1000),
            bytes: Uint8Array.from(packet.bytes),
            isOutbound: packet.isOutbound,
            dropped: packet.dropped,
            comment: packet.comment,
          }));
          expect(read).toEqual(packets);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tells the link type and the interface of each packet', () => {
    const base = { micros: 1, bytes: Uint8Array.of(1), isOutbound: true, dropped: 0, comment: '' };
    const [first, second] = [...readPcapng(writeFile([0, 1].map((interfaceId) => ({ ...base, interfaceId }))))];
    expect(first).toMatchObject({ linkType: 6, interfaceName: 'LINK1' });
    expect(second).toMatchObject({ linkType: 1, interfaceName: 'LINK1 DLSw' });
  });

  it('reads any garbled file as packets or says TRACE_MALFORMED', () => {
    const base = {
      interfaceId: 0,
      micros: 5,
      bytes: Uint8Array.of(1, 2, 3),
      isOutbound: true,
      dropped: 3,
      comment: 'x',
    };
    const good = writeFile([base, { ...base, interfaceId: 1 }]);
    const change = fc.tuple(fc.integer({ min: 0, max: good.length - 1 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.integer({ min: 0, max: good.length }), (changes, length) => {
        const file = Buffer.from(good);
        for (const [at, value] of changes) file[at] = value;
        try {
          for (const packet of readPcapng(file.subarray(0, length)))
            expect(packet.bytes.length).toBeLessThan(good.length);
        } catch (error) {
          expect(error).toBeInstanceOf(HostLinkError);
          expect((error as HostLinkError).code).toBe('TRACE_MALFORMED');
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
