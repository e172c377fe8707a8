import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piuLine } from '../../../src/sna/piu-words.js';

const bytesOf = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('a PIU as one line', () => {
  const LINES: readonly (readonly [what: string, piu: string, line: string])[] = [
    ['data', '2c0002050007 039040 c1c2c3', '[2c0002050007039040] 05>02 0007 RQ only RQE1 EB 3 bytes'],
    [
      'a request of session control',
      '2d0002050001 6b8000 a0',
      '[2d00020500016b8000] 05>02 0001 exp RQ only RQD1 SDT, 1 byte',
    ],
    ['an unknown request code', '2d0002050001 6b8000 77', 'SC 77, 1 byte'],
    ['an NS request', '2c0000020001 0b8000 010681 00', 'INIT_SELF, 4 bytes'],
    ['a negative response', '2c0005020003 879000 20010000', '20010000 SEQUENCE_NUMBER, 4 bytes'],
    ['a positive response', '2c0005020003 838000', '+RSP DR1'],
    ['a middle segment', '200002050007 c1c2', '[200002050007] 05>02 0007 middle 2 bytes'],
    ['no FID2', '4cc1c2c3c4c5', '[4c] TH_NOT_FID2, 6 bytes'],
    ['half a TH', '2c0002', '[2c] TH_TRUNCATED, 3 bytes'],
    ['half an RH', '2c000205000703', '[2c] RH_TRUNCATED, 7 bytes'],
    ['nothing', '', '[] TH_TRUNCATED'],
  ];

  it.each(LINES)('%s', (_what, piu, line) => {
    expect(piuLine(bytesOf(piu))).toContain(line);
  });

  it('of which only the begin was kept', () => {
    expect(piuLine(bytesOf('2c0002050007 039040 c1c2c3'), 1033)).toContain('1024 bytes');
    expect(piuLine(bytesOf('2d0002050001 6b8000 31010303'), 45)).toContain('BIND, 36 bytes');
  });

  it('tells no data of the RU, whatever the bytes', () => {
    const secret = 'd7c1e2e2e6d6d9c4';
    const header = fc.uint8Array({ minLength: 9, maxLength: 9 }).map((bytes) => {
      bytes[6] = bytes[6]! & ~0x6c; // FM data: no category, no FI, no SDI
      return Buffer.from(bytes).toString('hex');
    });
    fc.assert(fc.property(header, (head) => !piuLine(bytesOf(head + secret)).includes(secret)));
  });
});
