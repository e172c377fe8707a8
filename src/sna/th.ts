import { HostLinkError } from '../base/errors.js';
import { TH_EFI, TH_FID_MASK, TH_FID2, TH_MPF_MASK, TH_ODAI, TH_SIZE } from './masks.js';

/** Mapping field: which part of a BIU the PIU carries. */
export type Mpf = 'whole' | 'first' | 'middle' | 'last';

/** The FID2 transmission header. */
export interface Th {
  readonly mpf: Mpf;
  /** Origin/destination assignor. Real hosts set it for dependent LUs too; it then means nothing. */
  readonly odai: boolean;
  /** Expedited flow. */
  readonly efi: boolean;
  /** Byte 1, 0 in everything we send. */
  readonly reserved: number;
  /** Destination address, 0..255. */
  readonly daf: number;
  /** Origin address, 0..255. */
  readonly oaf: number;
  /** Sequence number or identifier, 0..65535. */
  readonly snf: number;
}

const MPF_NAMES: readonly Mpf[] = ['middle', 'last', 'first', 'whole'];
const MPF_BITS: Readonly<Record<Mpf, number>> = { middle: 0x00, last: 0x04, first: 0x08, whole: 0x0c };

/**
 * Decode the FID2 transmission header (TH) of one PIU.
 * Byte 0 = FID(4) MPF(2) ODAI(1) EFI(1); 1 reserved; 2 DAF; 3 OAF; 4-5 SNF, big-endian.
 * @param piu one whole PIU, at least 6 bytes; neither kept nor changed
 * @throws HostLinkError TH_TRUNCATED, TH_NOT_FID2
 * @source SNA Formats GA27-3136, Transmission Header, FID2
 */
export function decodeTh(piu: Uint8Array): Th {
  if (piu.length < TH_SIZE) throw new HostLinkError('TH_TRUNCATED', '', { length: piu.length });
  const byte0 = piu[0]!;
  if ((byte0 & TH_FID_MASK) !== TH_FID2) throw new HostLinkError('TH_NOT_FID2', '', { fid: byte0 >> 4 });
  return {
    mpf: MPF_NAMES[(byte0 & TH_MPF_MASK) >> 2]!,
    odai: (byte0 & TH_ODAI) !== 0,
    efi: (byte0 & TH_EFI) !== 0,
    reserved: piu[1]!,
    daf: piu[2]!,
    oaf: piu[3]!,
    snf: (piu[4]! << 8) | piu[5]!,
  };
}

function checkRange(field: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new HostLinkError('TH_INVALID', `${field} is ${value}, allowed is 0..${max}.`, { field, value, max });
}

/**
 * Encode a FID2 transmission header.
 * @returns 6 fresh bytes
 * @throws HostLinkError TH_INVALID
 * @source SNA Formats GA27-3136, Transmission Header, FID2
 */
export function encodeTh(th: Th): Uint8Array {
  const bits = MPF_BITS[th.mpf];
  if (bits === undefined) throw new HostLinkError('TH_INVALID', `mpf is ${th.mpf}.`, { field: 'mpf' });
  checkRange('reserved', th.reserved, 0xff);
  checkRange('daf', th.daf, 0xff);
  checkRange('oaf', th.oaf, 0xff);
  checkRange('snf', th.snf, 0xffff);
  const out = new Uint8Array(TH_SIZE);
  writeTh(out, 0, TH_FID2 | bits | (th.odai ? TH_ODAI : 0) | (th.efi ? TH_EFI : 0), th.daf, th.oaf, th.snf);
  out[1] = th.reserved;
  return out;
}

/**
 * Write a TH in place, for the call path: no object, no check.
 * @param out where to write 6 bytes, starting at `at`; the caller owns it and has made the room
 * @param byte0 FID, MPF, ODAI and EFI together, from masks.ts
 */
export function writeTh(out: Uint8Array, at: number, byte0: number, daf: number, oaf: number, snf: number): void {
  out[at] = byte0;
  out[at + 1] = 0;
  out[at + 2] = daf;
  out[at + 3] = oaf;
  out[at + 4] = snf >>> 8;
  out[at + 5] = snf;
}
