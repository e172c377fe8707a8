import { copyBytes } from '../base/copy-bytes.js';
import {
  PIU_HEADER_SIZE,
  RH0_CATEGORY_MASK,
  RH0_FI,
  RH0_FMD,
  RH0_RRI,
  RH0_SDI,
  RH1_DR1,
  RH1_DR2,
  RH1_QRI,
  RH1_RTI,
  TH_EFI,
  TH_FID2,
  TH_MPF_WHOLE,
} from '../sna/masks.js';

/** Where PIUs go: reserve room, then fill `bytes` from the offset given. `bytes` may change with every reserve. */
export interface PiuOut {
  readonly bytes: Buffer;
  /** Room for one PIU of `size` bytes; the caller writes all of them before the next call. */
  reserve(size: number): number;
  /** Blocks handed to the transport so far: what was written since the last one has not left. */
  readonly flushes: number;
}

/** TH byte 0 of a whole BIU, normal and expedited flow. */
export const TH0_NORMAL = TH_FID2 | TH_MPF_WHOLE;
export const TH0_EXPEDITED = TH_FID2 | TH_MPF_WHOLE | TH_EFI;

/** RH byte 0 of a request that is a chain of its own (BC and EC). */
export const ONLY_IN_CHAIN = 0x03;

const NOTHING = Buffer.alloc(0);

/** Write one whole request PIU. */
export function putRequest(
  out: PiuOut,
  th0: number,
  daf: number,
  oaf: number,
  snf: number,
  rh: number,
  ru: Uint8Array,
  from = 0,
  to = ru.length,
): void {
  const at = out.reserve(PIU_HEADER_SIZE + to - from);
  const bytes = out.bytes;
  bytes[at] = th0;
  bytes[at + 1] = 0;
  bytes[at + 2] = daf;
  bytes[at + 3] = oaf;
  bytes[at + 4] = snf >>> 8;
  bytes[at + 5] = snf;
  bytes[at + 6] = rh >>> 16;
  bytes[at + 7] = rh >>> 8;
  bytes[at + 8] = rh;
  copyBytes(ru, from, to, bytes, at + PIU_HEADER_SIZE);
}

/** Bytes of the RU that a response repeats: the request code, or the network services header. */
function echoLength(request: Buffer, at: number, end: number, isSscp: boolean): number {
  const category = request[at + 6]! & RH0_CATEGORY_MASK;
  if (category !== RH0_FMD) return Math.min(1, end - at - PIU_HEADER_SIZE);
  const isFormatted = isSscp && (request[at + 6]! & RH0_FI) !== 0;
  return isFormatted ? Math.min(3, end - at - PIU_HEADER_SIZE) : 0;
}

/**
 * Write the response to the request PIU `request[at, end)`: addresses swapped, SNF, flow, category, FI, QRI and DR echoed.
 * @param sense 32 bits; 0 makes it positive
 * @param pacing RH1 bits to add: PI when the response is a pacing response too
 * @param isSscp on an SSCP session, where formatted RUs begin with three bytes of header
 */
export function putResponse(
  out: PiuOut,
  request: Buffer,
  at: number,
  end: number,
  sense: number,
  pacing = 0,
  isSscp = false,
): void {
  const echo = echoLength(request, at, end, isSscp);
  const senseLength = sense === 0 ? 0 : 4;
  const to = out.reserve(PIU_HEADER_SIZE + senseLength + echo);
  const bytes = out.bytes;
  bytes[to] = (request[at]! & TH_EFI) | TH0_NORMAL;
  bytes[to + 1] = 0;
  bytes[to + 2] = request[at + 3]!;
  bytes[to + 3] = request[at + 2]!;
  bytes[to + 4] = request[at + 4]!;
  bytes[to + 5] = request[at + 5]!;
  const copied = request[at + 6]! & (RH0_CATEGORY_MASK | RH0_FI);
  bytes[to + 6] = copied | RH0_RRI | ONLY_IN_CHAIN | (sense === 0 ? 0 : RH0_SDI);
  bytes[to + 7] = (request[at + 7]! & (RH1_DR1 | RH1_DR2 | RH1_QRI)) | (sense === 0 ? 0 : RH1_RTI) | pacing;
  bytes[to + 8] = 0;
  let next = to + PIU_HEADER_SIZE;
  if (sense !== 0) next = bytes.writeUInt32BE(sense >>> 0, next);
  for (let index = 0; index < echo; index += 1) bytes[next + index] = request[at + PIU_HEADER_SIZE + index]!;
}

/** Write an isolated pacing response: tells the partner that it may send another window. */
export function putPacingResponse(out: PiuOut, daf: number, oaf: number): void {
  putRequest(out, TH0_NORMAL, daf, oaf, 0, 0x830100, NOTHING);
}
