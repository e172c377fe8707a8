import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { readTrace, TRACE_KIND, TraceBlock, type TraceKind } from '../../../src/trace/records.js';

interface Packet {
  readonly wallMs: number;
  readonly kind: TraceKind;
  readonly toHost: boolean;
  readonly puIndex: number;
  readonly bytes: Uint8Array;
}

const packetArbitrary: fc.Arbitrary<Packet> = fc.record({
  wallMs: fc.double({ min: 0, max: 4e12, noNaN: true }),
  kind: fc.constantFrom(TRACE_KIND.piu, TRACE_KIND.dlsw),
  toHost: fc.boolean(),
  puIndex: fc.integer({ min: 0, max: 0xffff }),
  bytes: fc.uint8Array({ maxLength: 300 }),
});

function readAll(block: ArrayBuffer): { packets: Packet[]; dropped: number } {
  const packets: Packet[] = [];
  const dropped = readTrace(block, (wallMs, kind, toHost, puIndex, bytes, from, to) => {
    packets.push({ wallMs, kind, toHost, puIndex, bytes: Uint8Array.from(bytes.subarray(from, to)) });
  });
  return { packets, dropped };
}

describe('TraceBlock', () => {
  it('gives back what was added, in order, over several blocks', () => {
    fc.assert(
      fc.property(fc.array(fc.array(packetArbitrary, { minLength: 1, maxLength: 20 }), { maxLength: 4 }), (ticks) => {
        const block = new TraceBlock();
        for (const tick of ticks) {
          for (const packet of tick) {
            const shifted = Buffer.concat([Buffer.of(1, 2, 3), packet.bytes, Buffer.of(9)]);
            const { wallMs, kind, toHost, puIndex } = packet;
            block.add(wallMs, kind, toHost, puIndex, shifted, 3, 3 + packet.bytes.length);
          }
          expect(readAll(block.take()!)).toEqual({ packets: tick, dropped: 0 });
          expect(block.take()).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('drops and counts what does not fit', () => {
    const block = new TraceBlock(200);
    for (let index = 0; index < 5; index += 1) block.add(index, TRACE_KIND.piu, true, 0, new Uint8Array(40), 0, 40);
    const first = readAll(block.take()!);
    expect(first.packets.map((packet) => packet.wallMs)).toEqual([0, 1, 2]);
    expect(first.dropped).toBe(2);
    block.add(5, TRACE_KIND.piu, true, 0, new Uint8Array(40), 0, 40);
    expect(readAll(block.take()!)).toMatchObject({ dropped: 0, packets: [{ wallMs: 5 }] });
  });

  it('tells of drops even when nothing at all fitted', () => {
    const block = new TraceBlock(20);
    block.add(0, TRACE_KIND.piu, true, 0, new Uint8Array(40), 0, 40);
    expect(readAll(block.take()!)).toEqual({ packets: [], dropped: 1 });
  });
});

describe('readTrace', () => {
  it('takes any bytes as a block or says CHANNEL_MALFORMED', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.integer({ min: 0, max: 130 }), (bytes, used) => {
        const block = Uint8Array.from(bytes);
        if (block.length >= 8) new DataView(block.buffer).setUint32(0, used, true);
        if (block.length >= 8) new DataView(block.buffer).setUint32(4, used % 4, true);
        try {
          readTrace(block.buffer, (_wallMs, _kind, _toHost, _pu, source, from, to) => {
            expect(to).toBeLessThanOrEqual(source.length);
            expect(from).toBeLessThanOrEqual(to);
          });
        } catch (error) {
          expect(error).toBeInstanceOf(HostLinkError);
          expect((error as HostLinkError).code).toBe('CHANNEL_MALFORMED');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
