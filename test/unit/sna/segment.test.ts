import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { Reassembler, segmentPiu, TH_SIZE } from '../../../src/sna/index.js';
import { bytesOf, hex, vector } from './vector-file.js';

function failure(action: () => unknown): HostLinkError {
  try {
    action();
  } catch (error) {
    if (error instanceof HostLinkError) return error;
    throw error;
  }
  throw new Error('nothing thrown');
}

function pushAll(reassembler: Reassembler, ...pius: Uint8Array[]): (string | undefined)[] {
  return pius.map((piu) => {
    const whole = reassembler.push(piu, 0, piu.length);
    return whole === null ? undefined : hex(whole);
  });
}

const WHOLE = bytesOf('2c0002050009038020f0f1f2f3f4f5f6f7f8f9');

describe('segmentPiu', () => {
  it('leaves a PIU that fits alone', () => {
    expect(segmentPiu(WHOLE, WHOLE.length)).toEqual([WHOLE]);
    expect(segmentPiu(WHOLE, WHOLE.length)[0]).toBe(WHOLE);
  });

  it('cuts at the size, with the RH in the first one only', () => {
    const segments = segmentPiu(WHOLE, 13).map(hex);
    expect(segments).toEqual(['280002050009038020f0f1f2f3', '240002050009f4f5f6f7f8f9']);
    expect(segmentPiu(WHOLE, 12).map(hex)).toEqual([
      '280002050009038020f0f1f2',
      '200002050009f3f4f5f6f7f8',
      '240002050009f9',
    ]);
  });

  it('does not cut what must stay whole', () => {
    const expedited = bytesOf('2d00020500016b8000310101010101');
    const response = bytesOf('2c000205000187900008460000');
    expect(failure(() => segmentPiu(expedited, 10)).code).toBe('PIU_TOO_LONG');
    expect(failure(() => segmentPiu(response, 10)).code).toBe('PIU_TOO_LONG');
    expect(failure(() => segmentPiu(WHOLE, 9)).code).toBe('PIU_TOO_LONG');
    expect(failure(() => segmentPiu(vector('seg.first'), 10)).code).toBe('TH_INVALID');
  });
});

describe('Reassembler', () => {
  it('joins the vectors', () => {
    const joined = `2c${hex(vector('seg.first')).slice(2)}${hex(vector('seg.last')).slice(12)}`;
    expect(pushAll(new Reassembler(1000), vector('seg.first'), vector('seg.last'))).toEqual([undefined, joined]);
  });

  it('hands a whole PIU on without copying it', () => {
    const buffer = Buffer.from(`eeee${hex(WHOLE)}ee`, 'hex');
    const reassembler = new Reassembler(1000);
    const whole = reassembler.push(buffer, 2, 2 + WHOLE.length)!;
    expect(hex(whole)).toBe(hex(WHOLE));
    expect(whole.buffer).toBe(buffer.buffer);
    const all = Buffer.from(WHOLE);
    expect(reassembler.push(all, 0, all.length)).toBe(all);
  });

  it('lets PIUs of other sessions, and expedited and whole ones of the same, come between', () => {
    const reassembler = new Reassembler(1000);
    const [a1, a2, a3] = segmentPiu(WHOLE, 12);
    const other = Uint8Array.from(WHOLE);
    other[2] = 3;
    const [b1, b2, b3] = segmentPiu(other, 12);
    const expedited = bytesOf('2d00020500014b8000c900010000');
    const results = pushAll(reassembler, a1!, b1!, expedited, a2!, b2!, b3!, a3!);
    expect(results).toEqual([undefined, undefined, hex(expedited), undefined, undefined, hex(other), hex(WHOLE)]);
    expect(reassembler.size).toBe(0);
  });

  it('puts the next BIU into what was given back, and neither lengthens nor shortens it for that', () => {
    const reassembler = new Reassembler(1000);
    const long = Buffer.concat([WHOLE, Buffer.alloc(30, 0xaa)]);
    const joined = (piu: Uint8Array) => {
      const [first, last] = segmentPiu(piu, TH_SIZE + Math.ceil((piu.length - TH_SIZE) / 2)) as [
        Uint8Array,
        Uint8Array,
      ];
      expect(reassembler.join(first, 0, first.length)).toBeNull();
      return reassembler.join(last, 0, last.length)!;
    };
    const before = joined(long);
    expect(hex(before.bytes.subarray(0, before.length))).toBe(hex(long));
    const other = joined(long);
    expect(other.bytes).not.toBe(before.bytes);
    reassembler.recycle(before);
    const after = joined(WHOLE);
    expect(after.bytes).toBe(before.bytes);
    expect(hex(after.bytes.subarray(0, after.length))).toBe(hex(WHOLE));
    expect(hex(other.bytes.subarray(0, other.length))).toBe(hex(long));
  });

  it('names every break of the sequence with sense 8007, and forgets the BIU', () => {
    const [first, middle, last] = segmentPiu(WHOLE, 12) as [Uint8Array, Uint8Array, Uint8Array];
    const otherSnf = Uint8Array.from(middle);
    otherSnf[5] = 10;
    const expedited = Uint8Array.from(first);
    expedited[0]! |= 1;
    const cases: Uint8Array[][] = [
      [middle],
      [last],
      [first, first],
      [first, otherSnf],
      [expedited],
      [first.slice(0, 8)],
    ];
    for (const pius of cases) {
      const reassembler = new Reassembler(1000);
      const error = failure(() => pushAll(reassembler, ...pius));
      expect(error.code).toBe('SEGMENT_SEQUENCE');
      expect(error.details.senseData).toBe(0x80070000);
      expect(error.details.rh).toBe(pius.length === 2 ? 0x038020 : undefined);
      expect(reassembler.size).toBe(0);
    }
  });

  it('puts a RU together where it is told to, and takes it back when its BIU breaks', () => {
    const reassembler = new Reassembler(20);
    const [first, middle, last] = segmentPiu(WHOLE, 12) as [Uint8Array, Uint8Array, Uint8Array];
    const place = {
      bytes: [] as number[],
      ahead: 0,
      put(bytes: Uint8Array, from: number, to: number) {
        place.bytes.length = place.ahead;
        place.bytes.push(...bytes.subarray(from, to));
        place.ahead = place.bytes.length;
      },
    };
    const join = (piu: Uint8Array) => reassembler.join(piu, 0, piu.length, piu === first ? place : undefined);
    for (const rest of [[first], [middle, middle], [middle, last.subarray(0, 5)]]) {
      join(first);
      expect(failure(() => rest.forEach(join)).code).toMatch(/SEGMENT_SEQUENCE|PIU_TOO_LONG|TH_/);
      if (reassembler.size === 1) reassembler.reset();
      expect(place.ahead).toBe(0);
    }
    expect([join(first), join(middle)]).toEqual([null, null]);
    expect(join(last)).toMatchObject({ place, length: WHOLE.length, snf: 9, rh: 0x038020 });
    expect(hex(Uint8Array.from(place.bytes))).toBe(hex(WHOLE.subarray(9)));
  });

  it('forgets a BIU of which a segment could not be kept', () => {
    const reassembler = new Reassembler(1000);
    const [first, middle, last] = segmentPiu(WHOLE, 12) as [Uint8Array, Uint8Array, Uint8Array];
    const place = {
      ahead: 0,
      put(_: Uint8Array, from: number, to: number) {
        if (place.ahead > 0) throw new RangeError('no memory');
        place.ahead += to - from;
      },
    };
    reassembler.join(first, 0, first.length, place);
    expect(() => reassembler.join(middle, 0, middle.length)).toThrow('no memory');
    expect([reassembler.size, place.ahead]).toEqual([0, 0]);
    expect(failure(() => reassembler.join(last, 0, last.length)).code).toBe('SEGMENT_SEQUENCE');
  });

  it('keeps to its limits', () => {
    const [first, middle] = segmentPiu(WHOLE, 12) as [Uint8Array, Uint8Array];
    const small = new Reassembler(17);
    expect(failure(() => pushAll(small, first, middle)).code).toBe('PIU_TOO_LONG');
    expect(small.size).toBe(0);
    expect(failure(() => pushAll(new Reassembler(11), first)).code).toBe('PIU_TOO_LONG');
    const one = new Reassembler(1000, 1);
    const other = Uint8Array.from(first);
    other[2] = 3;
    expect(failure(() => pushAll(one, first, other)).code).toBe('SEGMENT_SEQUENCE');
    expect(one.size).toBe(1);
    one.reset();
    expect(one.size).toBe(0);
  });

  it('refuses what is no FID2 PIU', () => {
    const reassembler = new Reassembler(1000);
    expect(failure(() => pushAll(reassembler, bytesOf('2c0002')))).toMatchObject({ code: 'TH_TRUNCATED' });
    expect(failure(() => pushAll(reassembler, bytesOf('4c0002050001')))).toMatchObject({ code: 'TH_NOT_FID2' });
  });
});
