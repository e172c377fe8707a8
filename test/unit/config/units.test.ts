import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandName, parseAddresses, patternsOf, printAddresses } from '../../../src/config/lu-range.js';
import { parseDuration, parseMac, parseSize, printDuration, printMac, printSize } from '../../../src/config/units.js';

describe('durations and sizes', () => {
  it.each([
    [250, 250],
    ['250', 250],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['2 H', 7_200_000],
    ['1d', 86_400_000],
    [0, 0],
  ])('%s is a duration of %i ms', (written, ms) => expect(parseDuration(written)).toBe(ms));

  it.each([-1, 1.5, Number.NaN, '', 's', '-5s', '5 parsecs', '1e3s', '5constructor', 'Infinity'])(
    '%s is no duration',
    (written) => expect(parseDuration(written)).toBeUndefined(),
  );

  it.each([
    ['64KB', 65536],
    ['1mb', 1048576],
    ['2GB', 2147483648],
    ['10b', 10],
    [77, 77],
  ])('%s is a size of %i bytes', (written, bytes) => expect(parseSize(written)).toBe(bytes));

  it('what is printed is read back', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4_000_000_000 }), (value) => {
        expect(parseDuration(printDuration(value))).toBe(value);
        expect(parseSize(printSize(value))).toBe(value);
      }),
    );
  });
});

describe('MAC addresses', () => {
  it.each(['4000.3745.00ab', '40:00:37:45:00:AB', '40-00-37-45-00-ab', '4000374500ab'])('%s', (text) => {
    expect(parseMac(text)).toBe('4000374500AB');
    expect(printMac('4000374500AB')).toBe('4000.3745.00AB');
  });

  it.each(['', '4000.3745', '40:00-37:45:00:AB', '4000.3745.00AG', '40003745000', 'x4000374500ab'])(
    '"%s" is none',
    (text) => expect(parseMac(text)).toBeUndefined(),
  );
});

describe('LU ranges', () => {
  it.each([
    [5, [5]],
    ['2-4', [2, 3, 4]],
    ['2-4, 9', [2, 3, 4, 9]],
    [
      [7, '1-2'],
      [7, 1, 2],
    ],
    ['255', [255]],
  ])('%j', (written, addresses) => expect(parseAddresses(written)).toEqual(addresses));

  it.each([0, 256, -1, 1.5, '', '4-2', '2-', '1,,2', 'a', '1-300', '1-255,1-255,1-255'])('%j is none', (written) =>
    expect(parseAddresses(written)).toBeUndefined(),
  );

  it('what is printed is read back in the same order', () => {
    const anyAddresses = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 255 });
    fc.assert(
      fc.property(anyAddresses, (addresses) => {
        expect(parseAddresses(printAddresses(addresses))).toEqual(addresses);
      }),
    );
  });

  it.each([
    ['LA1{address:03}', 'LA1026'],
    ['LA1{address}', 'LA126'],
    ['L{address:02X}', 'L1A'],
    ['L{address:4x}', 'L001A'],
    ['L{index:02}', 'L07'],
    ['{pu}{index}', 'PU1A7'],
    ['{link}', 'LINK1'],
    ['PLAIN', 'PLAIN'],
  ])('pattern %s gives %s', (pattern, name) => {
    expect(expandName(pattern, { link: 'LINK1', pu: 'PU1A', address: 26, index: 7 })).toBe(name);
  });

  it.each(['{addr}', '{address:q}', '{pu:3}', '{address', 'L}', '{}', '{toString}'])('%s is no pattern', (pattern) => {
    expect(expandName(pattern, { link: 'L', pu: 'P', address: 1, index: 1 })).toBeUndefined();
  });

  it('every pattern offered for a name gives that name', () => {
    for (const [name, address] of [
      ['LA1002', 2],
      ['L7', 7],
      ['LU0F', 15],
      ['X', 3],
      ['L120', 120],
    ] as const) {
      for (const pattern of patternsOf(name, address)) {
        expect(expandName(pattern, { link: '', pu: '', address, index: 1 })).toBe(name);
      }
    }
  });
});
