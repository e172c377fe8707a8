import { toHostLinkError } from '../base/errors.js';
import { dfcName, nsHeaderOf, scName } from './codes.js';
import { decodePiu, type Piu } from './piu.js';
import type { Rh } from './rh.js';
import { describeSense, printSense } from './sense.js';

/** A PIU in short words, for tables. */
export interface PiuWords {
  /** OAF>DAF, SNF; exp for the expedited flow; which segment. */
  readonly th: string;
  /** Request: chain, form of response asked for, indicators. Response: sign, indicators. */
  readonly rh: string;
  readonly ru: string;
}

const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');

/** Say a PIU in short words; bytes that are none are said to be so. */
export function piuWords(bytes: Uint8Array): PiuWords {
  try {
    const piu = decodePiu(bytes);
    const ru = commandWords(piu) ?? sizeWords(piu.ru.length);
    return { th: thWords(piu), rh: piu.rh === null ? '' : rhWords(piu.rh), ru };
  } catch (error) {
    return { th: '?', rh: '', ru: toHostLinkError(error).code };
  }
}

/**
 * A PIU as one line: TH and RH in hex and in words, then what the RU is and how long. Of the RU only request code, NS header
 * and sense data are told: the rest may be customer data. So of bytes that are no PIU only the first is.
 * @param size of the whole PIU, where `bytes` are only its begin
 */
export function piuLine(bytes: Uint8Array, size = bytes.length): string {
  try {
    const piu = decodePiu(bytes);
    const header = bytes.length - piu.ru.length;
    const ru = [commandWords(piu), sizeWords(size - header)].filter((words) => words !== undefined && words !== '');
    const words = [thWords(piu), piu.rh === null ? '' : rhWords(piu.rh), ru.join(', ')].filter((part) => part !== '');
    return `[${toHex(bytes, header)}] ${words.join(' ')}`;
  } catch (error) {
    return `[${toHex(bytes, 1)}] ${toHostLinkError(error).code}, ${sizeWords(size)}`;
  }
}

function toHex(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.subarray(0, length)).toString('hex');
}

function thWords({ th }: Piu): string {
  const words = [`${hex(th.oaf, 2)}>${hex(th.daf, 2)}`, hex(th.snf, 4)];
  if (th.efi) words.push('exp');
  if (th.mpf !== 'whole') words.push(th.mpf);
  return words.join(' ');
}

function rhWords(rh: Rh): string {
  return (rh.rri ? [rh.rti ? '-RSP' : '+RSP', ...responseWords(rh)] : ['RQ', ...requestWords(rh)]).join(' ');
}

function responseWords(rh: Rh): string[] {
  return flagWords([
    ['DR1', rh.dr1],
    ['DR2', rh.dr2],
    ['QRI', rh.qri],
    ['PI', rh.pi],
  ]);
}

function requestWords(rh: Rh): string[] {
  const chain = rh.bci ? (rh.eci ? 'only' : 'first') : rh.eci ? 'last' : 'middle';
  return [
    chain,
    responseForm(rh),
    ...flagWords([
      ['FI', rh.fi && rh.ruCategory === 'FMD'],
      ['SDI', rh.sdi],
      ['BB', rh.bbi],
      ['EB', rh.ebi],
      ['CD', rh.cdi],
      ['PI', rh.pi],
      ['QRI', rh.qri],
      ['CSI', rh.csi],
      ['CEB', rh.cebi],
    ]),
  ];
}

/** RQN, RQD1..3, RQE1..3 as the books write it. */
function responseForm({ dr1, dr2, eri }: Rh): string {
  if (!dr1 && !dr2) return 'RQN';
  return `RQ${eri ? 'E' : 'D'}${(dr1 ? 1 : 0) + (dr2 ? 2 : 0)}`;
}

function flagWords(flags: readonly (readonly [string, boolean])[]): string[] {
  return flags.filter(([, isSet]) => isSet).map(([word]) => word);
}

/** Sense data, or the name of the request; undefined for data. */
function commandWords({ rh, ru }: Piu): string | undefined {
  if (rh === null) return undefined;
  if (rh.sdi && ru.length >= 4) return `${senseWords(ru)}${echoWords(rh, ru.subarray(4))}`;
  return ru.length > 0 ? commandName(rh, ru) : undefined;
}

function senseWords(ru: Uint8Array): string {
  const senseData = new DataView(ru.buffer, ru.byteOffset).getUint32(0);
  return `${printSense(senseData)} ${describeSense(senseData).name}`;
}

function echoWords(rh: Rh, echo: Uint8Array): string {
  const name = echo.length > 0 ? commandName(rh, echo) : undefined;
  return name === undefined ? '' : ` (${name})`;
}

/** Name of the request code, or of the NS header. */
export function commandName(rh: Rh, ru: Uint8Array): string | undefined {
  const code = ru[0] ?? 0;
  switch (rh.ruCategory) {
    case 'SC':
      return scName(code) ?? `SC ${hex(code, 2)}`;
    case 'DFC':
      return dfcName(code) ?? `DFC ${hex(code, 2)}`;
    case 'FMD':
      return rh.fi ? nsHeaderOf(ru) : undefined;
    default:
      return `NC ${hex(code, 2)}`;
  }
}

function sizeWords(length: number): string {
  if (length === 0) return '';
  return length === 1 ? '1 byte' : `${length} bytes`;
}
