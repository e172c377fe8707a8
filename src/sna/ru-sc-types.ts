import type { BindImage } from './bind.js';

/** Activation asked for, or performed. */
export const ACTIVATION_COLD = 1;
export const ACTIVATION_ERP = 2;

/** A field that a short form leaves out is null, and so are all after it. `rest` is what follows the known fields. */
export interface ActpuRequest {
  readonly kind: 'ACTPU';
  readonly format: number | null;
  /** 1 cold, 2 ERP. */
  readonly activation: number | null;
  readonly fmProfile: number | null;
  readonly tsProfile: number | null;
  /** 6 bytes: format and node type, then the identifier. */
  readonly sscpId: Uint8Array | null;
  readonly rest: Uint8Array;
}

export interface ActpuResponse {
  readonly kind: 'ACTPU_RSP';
  readonly format: number | null;
  readonly activation: number | null;
  /** 8 EBCDIC characters; blanks when there is no load module. */
  readonly contentsId: Uint8Array | null;
  readonly rest: Uint8Array;
}

export interface DeactivateRequest {
  readonly kind: 'DACTPU' | 'DACTLU';
  /** DACTPU: 1 final use, 2 not final use, 3 session outage. */
  readonly type: number | null;
  readonly cause: number | null;
  readonly rest: Uint8Array;
}

export interface ActluRequest {
  readonly kind: 'ACTLU';
  /** Byte 1: 80 EAMI, 40 SDAI, low bits 1 cold, 2 ERP. */
  readonly type: number | null;
  readonly fmProfile: number | null;
  readonly tsProfile: number | null;
  readonly rest: Uint8Array;
}

/** Control vector 00: what the SSCP-LU session can carry. */
export interface SscpLuCapabilities {
  /** See decodeRuSize. */
  readonly ruSizeCode: number;
  readonly capabilities: number;
  readonly reserved: number;
}

/** Control vector 0C: LU-LU session services capabilities, in +RSP(ACTLU) and NOTIFY. */
export interface LuServices {
  /** High nibble as primary, low nibble as secondary: 0 never, 1 not now, 3 enabled. 03 on, 01 off for an SLU. */
  readonly capability: number;
  readonly sessionLimit: number;
  readonly sessionCount: number;
  readonly flags: number;
  /** 8 bytes, code page 037, as sent; null in the short form (length 6). */
  readonly name: string | null;
}

export interface ActluResponse {
  readonly kind: 'ACTLU_RSP';
  readonly activation: number | null;
  readonly fmProfile: number | null;
  readonly tsProfile: number | null;
  readonly sscpLu: SscpLuCapabilities | null;
  readonly luLu: LuServices | null;
  readonly rest: Uint8Array;
}

export interface BindRequest {
  readonly kind: 'BIND';
  readonly image: BindImage;
}

/** +RSP(BIND) that returns the image; one without is a plain RSP. */
export interface BindResponse {
  readonly kind: 'BIND_RSP';
  readonly image: BindImage;
}

export interface UnbindRequest {
  readonly kind: 'UNBIND';
  readonly type: number | null;
  /** 32 bits; only with type FE. */
  readonly senseData: number | null;
  readonly rest: Uint8Array;
}

export interface Stsn {
  readonly kind: 'STSN' | 'STSN_RSP';
  /** 80 sense and 40 set for secondary-to-primary, 20 and 10 for primary-to-secondary; in the response the results. */
  readonly action: number;
  /** Secondary to primary. */
  readonly sluNumber: number;
  /** Primary to secondary. */
  readonly pluNumber: number;
  readonly rest: Uint8Array;
}

export interface ScOther {
  readonly kind: 'SDT' | 'CLEAR' | 'RQR' | 'CRV';
  /** CRV: 8 bytes of enciphered data; the others have none. */
  readonly rest: Uint8Array;
}

export type ScRu =
  | ActpuRequest
  | ActpuResponse
  | DeactivateRequest
  | ActluRequest
  | ActluResponse
  | BindRequest
  | BindResponse
  | UnbindRequest
  | Stsn
  | ScOther;
