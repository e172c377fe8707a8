import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodePiu, decodeRu, encodePiu, encodeRu, negativeResponse } from '../../../src/sna/index.js';
import { bytesOf, hex } from './vector-file.js';

const FOLDER = fileURLToPath(new URL('../../../../shared/traces', import.meta.url));
const isHere = existsSync(FOLDER);
if (!isHere) console.log('skipped: PIUs of the VTAM recordings: ../shared/traces is not beside the project');

interface Recording {
  readonly pius: readonly { readonly from: string; readonly piu: string }[];
}

function recordings(): Recording[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return names.map((name) => JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as Recording);
}

describe.skipIf(!isHere)('recordings of a real VTAM', () => {
  it('every PIU round trips byte for byte, and none is unknown', () => {
    const pius = recordings().flatMap((recording) => recording.pius);
    expect(pius.length).toBeGreaterThan(50);
    for (const { piu: text } of pius) {
      const piu = decodePiu(bytesOf(text));
      const ru = decodeRu(piu.rh!, piu.ru);
      expect(ru.kind, text).not.toBe('UNKNOWN');
      expect(hex(encodePiu({ ...piu, ru: encodeRu(ru) }))).toBe(text);
      expect(decodeRu(piu.rh!, encodeRu(ru))).toEqual(ru);
    }
  });

  it('the terminal answers what our mirror gives, but for ODAI', () => {
    let answered = 0;
    for (const { pius } of recordings()) {
      for (const [index, { from, piu: text }] of pius.entries()) {
        const request = decodePiu(bytesOf(text));
        if (from !== 'host' || request.rh!.rri || decodeRu(request.rh!, request.ru).kind !== 'SDT') continue;
        const isAnswer = (other: string) => {
          const { th, rh } = decodePiu(bytesOf(other));
          return (
            rh!.rri && th.efi && th.snf === request.th.snf && th.oaf === request.th.daf && th.daf === request.th.oaf
          );
        };
        const answer = pius.slice(index).find((one) => one.from === 'terminal' && isAnswer(one.piu));
        const { rh, ru } = decodePiu(bytesOf(answer!.piu));
        const ours = negativeResponse(request, 0);
        expect(rh).toEqual({ ...ours.rh!, sdi: false, rti: false });
        expect(hex(ru)).toBe('a0');
        answered += 1;
      }
    }
    expect(answered).toBeGreaterThan(2);
  });
});
