import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { BIND_FLAGS, BIND_NUMBERS, BIND_RESERVED_MASKS } from '../../../src/sna/bind-fields.js';
import {
  BIND_NON_NEGOTIABLE,
  type BindImage,
  CHAIN_DEFINITE_OR_EXCEPTION,
  decodeBind,
  decodeBindSubfields,
  decodeEbcdic,
  decodeRuSize,
  EMPTY_BIND,
  encodeBind,
  encodeBindSubfields,
  encodeRuSize,
  FLOW_HDX_FLIP_FLOP,
} from '../../../src/sna/index.js';
import { bytesOf, hex, piuVector } from './vector-file.js';

function failure(action: () => unknown): HostLinkError {
  try {
    action();
  } catch (error) {
    if (error instanceof HostLinkError) return error;
  }
  throw new Error('no HostLinkError thrown');
}

function bindOf(name: string): BindImage {
  return decodeBind(piuVector(name).ru);
}

describe('BIND', () => {
  it('reads the LU 2 image of the vectors', () => {
    const image = bindOf('bind.lu2');
    expect(image).toMatchObject({
      format: 0,
      type: BIND_NON_NEGOTIABLE,
      fmProfile: 3,
      tsProfile: 3,
      pluMultiChain: true,
      pluDelayedRequest: false,
      pluChainResponse: CHAIN_DEFINITE_OR_EXCEPTION,
      pluMayEndBracket: true,
      sluMultiChain: true,
      sluChainResponse: 1,
      sluMayEndBracket: false,
      bracketsResetBetb: true,
      bracketRule1: true,
      fmHeaders: false,
      normalFlow: FLOW_HDX_FLIP_FLOP,
      pluFirstSpeaker: false,
      luType: 2,
      pluName: 'HOSTAPPL',
      sluName: '',
      reserved: null,
    });
    expect(decodeRuSize(image.sluRuSizeCode)).toBe(1024);
    expect(decodeRuSize(image.pluRuSizeCode)).toBe(1536);
    expect(hex(image.psUsage)).toBe('0000000000185018507f00');
  });

  it('reads windows and user data of the LU 0 image', () => {
    const image = bindOf('bind.lu0.fm3ts3');
    expect(image).toMatchObject({
      luType: 0,
      pluSendWindow: 3,
      pluReceiveWindow: 0,
      sluReceiveWindow: 3,
      sluSendWindow: 0,
    });
    expect(decodeEbcdic(image.userData!.subarray(1), '037')).toBe('USER1');
    expect(decodeBindSubfields(image.userData!)).toBeUndefined();
  });

  it('reads the structured user data of the LU 6.2 image', () => {
    const subfields = decodeBindSubfields(bindOf('bind.lu62.rsp').userData!)!;
    expect(subfields.map(({ key, data }) => [key, decodeEbcdic(data, '037')])).toEqual([
      [2, '#INTER  '],
      [5, 'NETA.LU62S'],
    ]);
    expect(hex(encodeBindSubfields(subfields))).toBe(hex(bindOf('bind.lu62.rsp').userData!));
  });

  it('gives every bit of bytes 1 to 14 to exactly one field, or to none', () => {
    const taken = new Uint8Array(15);
    for (const [field, at, mask] of [...BIND_NUMBERS, ...BIND_FLAGS]) {
      expect(taken[at]! & mask, field).toBe(0);
      taken[at]! |= mask;
    }
    for (let at = 1; at < 15; at += 1) expect(taken[at]! ^ BIND_RESERVED_MASKS[at]!).toBe(0xff);
  });

  it.each(BIND_FLAGS)('%s is byte %i mask %i', (field, at, mask) => {
    const encoded = encodeBind({ ...EMPTY_BIND, [field]: true });
    const wanted = encodeBind(EMPTY_BIND);
    wanted[at]! |= mask;
    expect(hex(encoded)).toBe(hex(wanted));
    expect(decodeBind(encoded)[field]).toBe(true);
  });

  it('takes a BIND that ends after any byte from the fifteenth on, and gives the same bytes back', () => {
    const whole = piuVector('bind.lu0.fm3ts3').ru;
    const taken: number[] = [];
    for (let length = 0; length <= whole.length; length += 1) {
      const short = whole.subarray(0, length);
      try {
        expect(hex(encodeBind(decodeBind(short)))).toBe(hex(short));
        taken.push(length);
      } catch (error) {
        expect(error).toMatchObject({ code: 'RU_TRUNCATED' });
      }
    }
    // It may end between fields: after the fixed part, after crypto, names and lengths, but not inside a name.
    expect(taken).toEqual(
      [15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 36, 43, 44, 45].filter((n) => n <= whole.length),
    );
  });

  it('shifts by the crypto options, and keeps what follows the SLU name', () => {
    const options = bytesOf('0102030405060708 09'.replace(' ', ''));
    const image: BindImage = {
      ...EMPTY_BIND,
      crypto: { level: 3, reserved: 0, options },
      pluName: 'PLU',
      urc: bytesOf('aabb'),
      sluName: 'SLU',
      vectors: bytesOf('0e0100'),
    };
    const bytes = encodeBind(image);
    expect(hex(bytes.subarray(26))).toBe('39010203040506070809' + '03d7d3e4' + '00' + '02aabb' + '03e2d3e4' + '0e0100');
    expect(decodeBind(bytes)).toEqual(image);
  });

  it('says where it is wrong', () => {
    expect(failure(() => decodeBind(bytesOf('310103'))).code).toBe('RU_TRUNCATED');
    const nameTooLong = failure(() => decodeBind(bytesOf(`31${'00'.repeat(26)}05c1c2`)));
    expect(nameTooLong).toMatchObject({ code: 'RU_TRUNCATED', details: { offset: 28 } });
    expect(failure(() => decodeBind(new Uint8Array(20))).code).toBe('RU_MALFORMED');
    expect(failure(() => encodeBind({ ...EMPTY_BIND, pluSendWindow: 64 }))).toMatchObject({
      code: 'RU_INVALID',
      details: { field: 'pluSendWindow' },
    });
    expect(failure(() => encodeBind({ ...EMPTY_BIND, pluName: null })).code).toBe('RU_INVALID');
    expect(failure(() => encodeBind({ ...EMPTY_BIND, psUsage: new Uint8Array(3) })).code).toBe('RU_INVALID');
    expect(failure(() => encodeBind({ ...EMPTY_BIND, pluName: 'x'.repeat(256) })).code).toBe('RU_INVALID');
  });
});

describe('RU size', () => {
  it.each([
    [0x85, 256],
    [0x86, 512],
    [0x87, 1024],
    [0x88, 2048],
    [0xc7, 1536],
    [0xf8, 3840],
    [0x00, 0],
    [0xff, 491_520],
    [0x80, 8],
  ])('code %i is %i bytes', (code, size) => {
    expect(decodeRuSize(code)).toBe(size);
    expect(encodeRuSize(size)).toBe(code);
  });

  it('rounds down to what can be said, never up', () => {
    for (let size = 8; size < 70_000; size += 1) {
      const said = decodeRuSize(encodeRuSize(size));
      expect(said <= size && size - said < size / 8).toBe(true);
    }
    expect(decodeRuSize(encodeRuSize(1_000_000))).toBe(491_520);
    expect(failure(() => encodeRuSize(7)).code).toBe('RU_INVALID');
    expect(failure(() => encodeRuSize(-1)).code).toBe('RU_INVALID');
  });
});
