import { assert } from '../base/assert.js';
import { HostLinkError } from '../base/errors.js';
import { nsHeaderOf } from './codes.js';
import { PIU_HEADER_SIZE, TH_SIZE } from './masks.js';
import { decodeRh, encodeRh, type Rh } from './rh.js';
import { decodeTh, encodeTh, type Th } from './th.js';

/** One PIU. A middle or last segment has no RH: it is null there. */
export interface Piu {
  readonly th: Th;
  readonly rh: Rh | null;
  /** The RU, or the part of it that this segment carries. */
  readonly ru: Uint8Array;
}

const EMPTY = new Uint8Array(0);

/**
 * Decode one PIU as it travels in a link frame.
 * @param bytes the whole PIU; `ru` of the result is a view of it, so keep it unchanged as long as that is used
 * @throws HostLinkError TH_TRUNCATED, TH_NOT_FID2, RH_TRUNCATED
 * @source SNA Formats GA27-3136, Transmission Header, Request/Response Header
 */
export function decodePiu(bytes: Uint8Array): Piu {
  const th = decodeTh(bytes);
  if (th.mpf === 'middle' || th.mpf === 'last') return { th, rh: null, ru: bytes.subarray(TH_SIZE) };
  return { th, rh: decodeRh(bytes, TH_SIZE), ru: bytes.subarray(PIU_HEADER_SIZE) };
}

/**
 * Encode one PIU.
 * @returns fresh bytes: 6, plus 3 where there is an RH, plus the RU
 * @throws HostLinkError TH_INVALID, RH_INVALID (also where the RH is missing, or is one too many)
 */
export function encodePiu(piu: Piu): Uint8Array {
  const hasRh = piu.th.mpf === 'whole' || piu.th.mpf === 'first';
  if (hasRh !== (piu.rh !== null)) {
    throw new HostLinkError('RH_INVALID', `A ${piu.th.mpf} segment ${hasRh ? 'needs an' : 'has no'} RH.`, {
      field: 'rh',
    });
  }
  const headerSize = hasRh ? PIU_HEADER_SIZE : TH_SIZE;
  const out = new Uint8Array(headerSize + piu.ru.length);
  out.set(encodeTh(piu.th), 0);
  if (piu.rh !== null) out.set(encodeRh(piu.rh), TH_SIZE);
  out.set(piu.ru, headerSize);
  return out;
}

function responseRh(request: Rh, isNegative: boolean, pi: boolean): Rh {
  return {
    ...request,
    rri: true,
    sdi: isNegative,
    bci: true,
    eci: true,
    eri: false,
    rti: isNegative,
    pi,
    bbi: false,
    ebi: false,
    cdi: false,
    csi: false,
    edi: false,
    pdi: false,
    cebi: false,
    lcci: false,
    rlwi: false,
    reserved: 0,
  };
}

function responsePiu(request: Piu, isNegative: boolean, ru: Uint8Array, pi: boolean): Piu {
  const { th, rh } = request;
  assert(rh !== null && !rh.rri, 'only a request can be answered');
  return {
    th: { mpf: 'whole', odai: th.odai, efi: th.efi, reserved: 0, daf: th.oaf, oaf: th.daf, snf: th.snf },
    rh: responseRh(rh, isNegative, pi),
    ru,
  };
}

/**
 * What a response repeats of the request: the request code (SC, DFC, NC), the NS header (formatted FMD), else nothing.
 * An FM header of an LU-LU session is not taken for an NS header unless its first three bytes are those of one.
 */
export function requestEcho(request: Piu): Uint8Array {
  const { rh, ru } = request;
  if (rh === null) return EMPTY;
  const at = rh.sdi ? 4 : 0;
  if (rh.ruCategory !== 'FMD') return ru.subarray(at, at + 1);
  return rh.fi && nsHeaderOf(ru, at) !== undefined ? ru.subarray(at, at + 3) : EMPTY;
}

/**
 * The positive response to a request: addresses swapped, same SNF, flow, category and DR bits, one RU.
 * @param ru the response RU; by default what `requestEcho` gives (a view of the request)
 * @param pi also a pacing response
 * @source SNA Formats GA27-3136, Request/Response Header; sna-wire 1.2
 */
export function positiveResponse(request: Piu, ru: Uint8Array = requestEcho(request), pi = false): Piu {
  return responsePiu(request, false, ru, pi);
}

/**
 * The negative response to a request: 4 bytes of sense data, then what `requestEcho` gives.
 * @param senseData 32 bits: code in the upper half, sense-specific bytes in the lower
 */
export function negativeResponse(request: Piu, senseData: number, pi = false): Piu {
  const echo = requestEcho(request);
  const ru = new Uint8Array(4 + echo.length);
  new DataView(ru.buffer).setUint32(0, senseData);
  ru.set(echo, 4);
  return responsePiu(request, true, ru, pi);
}
