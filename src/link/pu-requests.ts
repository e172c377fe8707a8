import type { SscpPuEvent } from '../fsm/sscp-pu.js';
import { NS, PIU_HEADER_SIZE, RH0_CATEGORY_MASK, RH0_RRI, RH0_SC, SC, TH_MPF_WHOLE, TH_SIZE } from '../sna/masks.js';
import type { Piu } from '../sna/piu.js';
import type { JoinedBiu } from '../sna/segment.js';

const BLANKS = new Array<number>(8).fill(0x40);
/** Format 1 of +RSP(ACTPU) ends in control vector 07, the way terminal controllers send it. */
const FORMAT_1_TAIL = [0, 0, 0x07, 0x01, 0, 0, 0, 0, 0, 0];

/** The request code of the session control request whose TH is at `from`; -1 when it is something else. */
export function sessionControlCode(bytes: Buffer, from: number): number {
  const rh0 = bytes[from + TH_SIZE]!;
  const isRequest = (rh0 & RH0_RRI) === 0 && (rh0 & RH0_CATEGORY_MASK) === RH0_SC;
  return isRequest ? (bytes[from + PIU_HEADER_SIZE] ?? -1) : -1;
}

/** The network services header of a RU, 0 when it is too short for one. */
export function nsHeader(ru: Uint8Array): number {
  return ru.length < 3 ? 0 : (ru[0]! << 16) | (ru[1]! << 8) | ru[2]!;
}

/** What a request for the PU is to the SSCP-PU machine. */
export function puEvent({ rh, ru }: Piu): SscpPuEvent {
  if (rh?.ruCategory === 'SC') {
    if (ru[0] === SC.ACTPU) return ((ru[1] ?? 1) & 0x0f) === 2 ? 'ACTPU_ERP' : 'ACTPU_COLD';
    return ru[0] === SC.DACTPU ? 'DACTPU' : 'OTHER_REQUEST';
  }
  const header = nsHeader(ru);
  return header === NS.NMVT || header === NS.REQMS ? 'MANAGEMENT' : 'OTHER_REQUEST';
}

/**
 * RU of +RSP(ACTPU), with a blank node name.
 * @param performed 1 cold, 2 ERP
 * @param format 0, or 1 with what follows in it
 * @source sna-wire 3.2
 */
export function actpuResponse(performed: 1 | 2, format: 0 | 1): Uint8Array {
  if (format === 0) return Uint8Array.of(SC.ACTPU, performed, ...BLANKS);
  return Uint8Array.of(SC.ACTPU, 0x10 | performed, ...BLANKS, ...FORMAT_1_TAIL);
}

/** The PIU of a segmented BIU: the TH as in its last segment `bytes[from...]`, its RH, and the RU `ru[ruFrom, ruTo)`. */
export function wholePiu(
  biu: JoinedBiu,
  bytes: Buffer,
  from: number,
  ru: Buffer,
  ruFrom: number,
  ruTo: number,
): Buffer {
  const piu = Buffer.alloc(biu.length);
  bytes.copy(piu, 0, from, from + TH_SIZE);
  piu[0]! |= TH_MPF_WHOLE;
  piu.writeUIntBE(biu.rh, TH_SIZE, 3);
  ru.copy(piu, PIU_HEADER_SIZE, ruFrom, ruTo);
  return piu;
}
