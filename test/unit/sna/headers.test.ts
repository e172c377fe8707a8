import { describe, expect, it } from 'vitest';
import type { HostLinkError } from '../../../src/base/errors.js';
import {
  decodePiu,
  decodeRh,
  decodeTh,
  encodePiu,
  encodeRh,
  encodeTh,
  negativeResponse,
  positiveResponse,
  type Rh,
  writeRh,
  writeTh,
} from '../../../src/sna/index.js';
import { bytesOf, hex } from './vector-file.js';

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as HostLinkError).code;
  }
  return 'nothing thrown';
}

describe('TH', () => {
  it('reads every field of FID2', () => {
    const th = decodeTh(bytesOf('2b01c8030102'));
    expect(th).toEqual({ mpf: 'first', odai: true, efi: true, reserved: 1, daf: 0xc8, oaf: 3, snf: 0x0102 });
    expect(decodeTh(bytesOf('200002050009')).mpf).toBe('middle');
    expect(decodeTh(bytesOf('240002050009')).mpf).toBe('last');
    expect(decodeTh(bytesOf('2c0002050009')).mpf).toBe('whole');
  });

  it('writes in place what encodeTh makes', () => {
    const out = new Uint8Array(10).fill(0xee);
    writeTh(out, 2, 0x2d, 2, 5, 0xfffe);
    expect(hex(out)).toBe('eeee2d000205fffeeeee');
    const th = { mpf: 'whole', odai: false, efi: true, reserved: 0, daf: 2, oaf: 5, snf: 0xfffe } as const;
    expect(hex(encodeTh(th))).toBe('2d000205fffe');
  });

  it('names what is wrong', () => {
    expect(codeOf(() => decodeTh(bytesOf('2c00020500')))).toBe('TH_TRUNCATED');
    expect(codeOf(() => decodeTh(bytesOf('1c0002050001')))).toBe('TH_NOT_FID2');
    const th = { mpf: 'whole', odai: false, efi: true, reserved: 0, daf: 2, oaf: 5, snf: 1 } as const;
    expect(codeOf(() => encodeTh({ ...th, daf: 256 }))).toBe('TH_INVALID');
    expect(codeOf(() => encodeTh({ ...th, snf: 65536 }))).toBe('TH_INVALID');
    expect(codeOf(() => encodeTh({ ...th, oaf: 1.5 }))).toBe('TH_INVALID');
  });
});

/** Bit by bit, from the book: byte, mask, field, for a request. */
const REQUEST_BITS: readonly (readonly [number, number, keyof Rh])[] = [
  [0, 0x08, 'fi'],
  [0, 0x04, 'sdi'],
  [0, 0x02, 'bci'],
  [0, 0x01, 'eci'],
  [1, 0x80, 'dr1'],
  [1, 0x40, 'lcci'],
  [1, 0x20, 'dr2'],
  [1, 0x10, 'eri'],
  [1, 0x04, 'rlwi'],
  [1, 0x02, 'qri'],
  [1, 0x01, 'pi'],
  [2, 0x80, 'bbi'],
  [2, 0x40, 'ebi'],
  [2, 0x20, 'cdi'],
  [2, 0x08, 'csi'],
  [2, 0x04, 'edi'],
  [2, 0x02, 'pdi'],
  [2, 0x01, 'cebi'],
];

describe('RH', () => {
  it.each(REQUEST_BITS)('byte %i mask %i is %s alone', (at, mask, field) => {
    const bytes = new Uint8Array(3);
    bytes[at] = mask;
    const on = Object.entries(decodeRh(bytes)).filter(([, value]) => value === true);
    expect(on).toEqual([[field, true]]);
    expect(encodeRh(decodeRh(bytes))).toEqual(bytes);
  });

  it('tells the categories apart', () => {
    const categories = ['00', '20', '40', '60'].map((byte) => decodeRh(bytesOf(`${byte}0000`)).ruCategory);
    expect(categories).toEqual(['FMD', 'NC', 'DFC', 'SC']);
  });

  it('reads bit 10 of byte 1 as RTI in a response', () => {
    const rh = decodeRh(bytesOf('879000'));
    expect(rh).toMatchObject({ rri: true, rti: true, eri: false, dr1: true, sdi: true });
  });

  it('keeps the reserved bits of a response as old hosts send them', () => {
    const rh = decodeRh(bytesOf('979000'));
    expect(rh.reserved).toBe(0x100000);
    expect(hex(encodeRh(rh))).toBe('979000');
    expect(hex(encodeRh(decodeRh(bytesOf('83ccff'))))).toBe('83ccff');
  });

  it('writes in place', () => {
    const out = new Uint8Array(5);
    writeRh(out, 1, 0x03, 0x80, 0xa0);
    expect(hex(out)).toBe('000380a000');
  });

  it('names what is wrong', () => {
    const request = decodeRh(bytesOf('038000'));
    const response = decodeRh(bytesOf('838000'));
    expect(codeOf(() => decodeRh(bytesOf('0380')))).toBe('RH_TRUNCATED');
    expect(codeOf(() => encodeRh({ ...request, rti: true }))).toBe('RH_INVALID');
    expect(codeOf(() => encodeRh({ ...response, eri: true }))).toBe('RH_INVALID');
    expect(codeOf(() => encodeRh({ ...response, cdi: true }))).toBe('RH_INVALID');
    expect(codeOf(() => encodeRh({ ...request, reserved: 0x800000 }))).toBe('RH_INVALID');
    expect(codeOf(() => encodeRh({ ...request, reserved: -1 }))).toBe('RH_INVALID');
  });
});

describe('PIU', () => {
  it('is a view of the bytes, and needs an RH only where one is', () => {
    const bytes = bytesOf('2c0002050001038000c1c2');
    const { ru } = decodePiu(bytes);
    bytes[9] = 0xff;
    expect(hex(ru)).toBe('ffc2');
    expect(codeOf(() => decodePiu(bytesOf('2c000205000103')))).toBe('RH_TRUNCATED');
    expect(decodePiu(bytesOf('200002050001')).rh).toBeNull();
    const whole = decodePiu(bytes);
    expect(codeOf(() => encodePiu({ ...whole, rh: null }))).toBe('RH_INVALID');
    expect(codeOf(() => encodePiu({ ...whole, th: { ...whole.th, mpf: 'last' } }))).toBe('RH_INVALID');
  });

  it('answers with QRI, ODAI and the DR bits of the request, and nothing else of it', () => {
    const request = decodePiu(bytesOf('2e0102050009 13b3ff c1'.replaceAll(' ', '')));
    expect(hex(encodePiu(positiveResponse(request)))).toBe('2e000502000983a200');
    expect(hex(encodePiu(negativeResponse(request, 0x08120001, true)))).toBe('2e000502000987b30008120001');
  });

  it('takes an FM header for user data, not for an NS header', () => {
    const attach = decodePiu(bytesOf('2c00020500010b80a00502ff0003d1004000'));
    expect(positiveResponse(attach).ru.length).toBe(0);
    expect(hex(negativeResponse(attach, 0x08460000).ru)).toBe('08460000');
  });

  it('answers an exception request with the code behind its sense data', () => {
    const exr = decodePiu(bytesOf('2d00020500016f800080050000a0'));
    expect(hex(negativeResponse(exr, 0x80050000).ru)).toBe('80050000a0');
  });
});
