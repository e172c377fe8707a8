import { HostLinkError } from '../base/errors.js';
import * as M from './masks.js';

export type RuCategory = 'FMD' | 'NC' | 'DFC' | 'SC';

/** The request/response header. Each indicator is true when its bit is 1; those of the other direction are false. */
export interface Rh {
  /** true: a response, false: a request. */
  readonly rri: boolean;
  readonly ruCategory: RuCategory;
  /** Format: NS header on SSCP sessions, FM header on LU-LU sessions; always set for SC, DFC and NC. */
  readonly fi: boolean;
  /** Sense data is in front of the RU. */
  readonly sdi: boolean;
  /** First RU of its chain. */
  readonly bci: boolean;
  /** Last RU of its chain. */
  readonly eci: boolean;
  readonly dr1: boolean;
  readonly dr2: boolean;
  /** Requests: only an exception response is wanted. */
  readonly eri: boolean;
  /** Responses: negative. */
  readonly rti: boolean;
  readonly qri: boolean;
  /** Pacing request, or pacing response. */
  readonly pi: boolean;
  /** Requests: begin bracket. */
  readonly bbi: boolean;
  /** Requests: end bracket. */
  readonly ebi: boolean;
  /** Requests: change direction. */
  readonly cdi: boolean;
  /** Requests: alternate code. */
  readonly csi: boolean;
  /** Requests: enciphered. */
  readonly edi: boolean;
  /** Requests: padded. */
  readonly pdi: boolean;
  /** Requests: conditional end bracket (LU 6.2). */
  readonly cebi: boolean;
  /** Requests: length-checked compression. */
  readonly lcci: boolean;
  /** Requests: larger window asked for. */
  readonly rlwi: boolean;
  /** Reserved bits of the three bytes as one number. 0 in what we send; hosts of 1980 set 0x100000 in responses. */
  readonly reserved: number;
}

/** Bits of the 24 that have no meaning in a request, and in a response. */
export const RH_RESERVED_REQUEST = 0x100810;
export const RH_RESERVED_RESPONSE = 0x104cff;

const CATEGORIES: readonly RuCategory[] = ['FMD', 'NC', 'DFC', 'SC'];

/**
 * Decode the three RH bytes at `at`.
 * @param bytes neither kept nor changed
 * @throws HostLinkError RH_TRUNCATED
 * @source SNA Formats GA27-3136, Request/Response Header
 */
export function decodeRh(bytes: Uint8Array, at = 0): Rh {
  if (bytes.length < at + M.RH_SIZE) throw new HostLinkError('RH_TRUNCATED', '', { length: bytes.length });
  const b0 = bytes[at]!;
  const b1 = bytes[at + 1]!;
  const rri = (b0 & M.RH0_RRI) !== 0;
  // What only a request may carry reads as 0 in a response: those bits count as reserved there.
  const rq1 = rri ? 0 : b1;
  const rq2 = rri ? 0 : bytes[at + 2]!;
  const all = (b0 << 16) | (b1 << 8) | bytes[at + 2]!;
  return {
    rri,
    ruCategory: CATEGORIES[(b0 & M.RH0_CATEGORY_MASK) >> 5]!,
    fi: (b0 & M.RH0_FI) !== 0,
    sdi: (b0 & M.RH0_SDI) !== 0,
    bci: (b0 & M.RH0_BCI) !== 0,
    eci: (b0 & M.RH0_ECI) !== 0,
    dr1: (b1 & M.RH1_DR1) !== 0,
    dr2: (b1 & M.RH1_DR2) !== 0,
    eri: (rq1 & M.RH1_ERI) !== 0,
    rti: rri && (b1 & M.RH1_RTI) !== 0,
    qri: (b1 & M.RH1_QRI) !== 0,
    pi: (b1 & M.RH1_PI) !== 0,
    bbi: (rq2 & M.RH2_BBI) !== 0,
    ebi: (rq2 & M.RH2_EBI) !== 0,
    cdi: (rq2 & M.RH2_CDI) !== 0,
    csi: (rq2 & M.RH2_CSI) !== 0,
    edi: (rq2 & M.RH2_EDI) !== 0,
    pdi: (rq2 & M.RH2_PDI) !== 0,
    cebi: (rq2 & M.RH2_CEBI) !== 0,
    lcci: (rq1 & M.RH1_LCCI) !== 0,
    rlwi: (rq1 & M.RH1_RLWI) !== 0,
    reserved: all & (rri ? RH_RESERVED_RESPONSE : RH_RESERVED_REQUEST),
  };
}

const REQUEST_ONLY = ['eri', 'bbi', 'ebi', 'cdi', 'csi', 'edi', 'pdi', 'cebi', 'lcci', 'rlwi'] as const;

function checkRh(rh: Rh): void {
  const wrong = rh.rri ? REQUEST_ONLY.find((field) => rh[field]) : rh.rti ? 'rti' : undefined;
  if (wrong !== undefined) {
    throw new HostLinkError('RH_INVALID', `${wrong} is set on a ${rh.rri ? 'response' : 'request'}.`, { field: wrong });
  }
  const allowed = rh.rri ? RH_RESERVED_RESPONSE : RH_RESERVED_REQUEST;
  if (!Number.isInteger(rh.reserved) || (rh.reserved & ~allowed) !== 0 || rh.reserved > 0xffffff) {
    throw new HostLinkError('RH_INVALID', 'reserved has bits that mean something.', { field: 'reserved' });
  }
  if (!CATEGORIES.includes(rh.ruCategory)) {
    throw new HostLinkError('RH_INVALID', `ruCategory is ${rh.ruCategory}.`, { field: 'ruCategory' });
  }
}

function bit(set: boolean, mask: number): number {
  return set ? mask : 0;
}

/**
 * Encode an RH.
 * @returns 3 fresh bytes
 * @throws HostLinkError RH_INVALID
 * @source SNA Formats GA27-3136, Request/Response Header
 */
export function encodeRh(rh: Rh): Uint8Array {
  checkRh(rh);
  const b0 =
    bit(rh.rri, M.RH0_RRI) |
    (CATEGORIES.indexOf(rh.ruCategory) << 5) |
    bit(rh.fi, M.RH0_FI) |
    bit(rh.sdi, M.RH0_SDI) |
    bit(rh.bci, M.RH0_BCI) |
    bit(rh.eci, M.RH0_ECI);
  const b1 =
    bit(rh.dr1, M.RH1_DR1) |
    bit(rh.lcci, M.RH1_LCCI) |
    bit(rh.dr2, M.RH1_DR2) |
    bit(rh.eri || rh.rti, M.RH1_ERI) |
    bit(rh.rlwi, M.RH1_RLWI) |
    bit(rh.qri, M.RH1_QRI) |
    bit(rh.pi, M.RH1_PI);
  const b2 =
    bit(rh.bbi, M.RH2_BBI) |
    bit(rh.ebi, M.RH2_EBI) |
    bit(rh.cdi, M.RH2_CDI) |
    bit(rh.csi, M.RH2_CSI) |
    bit(rh.edi, M.RH2_EDI) |
    bit(rh.pdi, M.RH2_PDI) |
    bit(rh.cebi, M.RH2_CEBI);
  const out = new Uint8Array(M.RH_SIZE);
  writeRh(out, 0, b0 | (rh.reserved >>> 16), b1 | ((rh.reserved >>> 8) & 0xff), b2 | (rh.reserved & 0xff));
  return out;
}

/** Write an RH in place, for the call path: no object, no check. @param out owned by the caller; 3 bytes from `at` */
export function writeRh(out: Uint8Array, at: number, byte0: number, byte1: number, byte2: number): void {
  out[at] = byte0;
  out[at + 1] = byte1;
  out[at + 2] = byte2;
}
