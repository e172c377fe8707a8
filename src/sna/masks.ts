/**
 * Bit masks and code points of TH, RH and RU, for code that reads and writes PIUs in place.
 * @source SNA Formats GA27-3136: Transmission Header FID2, Request/Response Header, RU request codes
 */

/** Bytes of a FID2 TH, of an RH, and of both. */
export const TH_SIZE = 6;
export const RH_SIZE = 3;
export const PIU_HEADER_SIZE = 9;

// TH byte 0
export const TH_FID_MASK = 0xf0;
export const TH_FID2 = 0x20;
export const TH_MPF_MASK = 0x0c;
export const TH_MPF_WHOLE = 0x0c;
export const TH_MPF_FIRST = 0x08;
export const TH_MPF_MIDDLE = 0x00;
export const TH_MPF_LAST = 0x04;
export const TH_ODAI = 0x02;
export const TH_EFI = 0x01;

// RH byte 0
export const RH0_RRI = 0x80;
export const RH0_CATEGORY_MASK = 0x60;
export const RH0_FMD = 0x00;
export const RH0_NC = 0x20;
export const RH0_DFC = 0x40;
export const RH0_SC = 0x60;
export const RH0_FI = 0x08;
export const RH0_SDI = 0x04;
export const RH0_BCI = 0x02;
export const RH0_ECI = 0x01;

// RH byte 1
export const RH1_DR1 = 0x80;
export const RH1_LCCI = 0x40;
export const RH1_DR2 = 0x20;
/** Requests: exception response only. */
export const RH1_ERI = 0x10;
/** Responses: negative. The same bit as ERI. */
export const RH1_RTI = 0x10;
export const RH1_RLWI = 0x04;
export const RH1_QRI = 0x02;
export const RH1_PI = 0x01;
/** DR1, DR2 and ERI together: the form of response asked for. */
export const RH1_FORM_MASK = 0xb0;

// RH byte 2, requests only
export const RH2_BBI = 0x80;
export const RH2_EBI = 0x40;
export const RH2_CDI = 0x20;
export const RH2_CSI = 0x08;
export const RH2_EDI = 0x04;
export const RH2_PDI = 0x02;
export const RH2_CEBI = 0x01;

/** Request codes of session control (category SC). */
export const SC = {
  ACTLU: 0x0d,
  DACTLU: 0x0e,
  ACTPU: 0x11,
  DACTPU: 0x12,
  BIND: 0x31,
  UNBIND: 0x32,
  SDT: 0xa0,
  CLEAR: 0xa1,
  STSN: 0xa2,
  RQR: 0xa3,
  CRV: 0xc0,
} as const;

/** Request codes of data flow control (category DFC). */
export const DFC = {
  EXPD: 0x03,
  LUSTAT: 0x04,
  RTR: 0x05,
  BIS: 0x70,
  SBI: 0x71,
  QEC: 0x80,
  QC: 0x81,
  RELQ: 0x82,
  CANCEL: 0x83,
  CHASE: 0x84,
  SHUTD: 0xc0,
  SHUTC: 0xc1,
  RSHUTD: 0xc2,
  BID: 0xc8,
  SIGNAL: 0xc9,
} as const;

/** Network services headers: three bytes as one number. */
export const NS = {
  INIT_SELF: 0x010681,
  INIT_SELF_1: 0x810681,
  TERM_SELF: 0x010683,
  TERM_SELF_1: 0x810683,
  NOTIFY: 0x810620,
  NSPE: 0x010604,
  REQMS: 0x410304,
  RECFMS: 0x410384,
  RECMS: 0x010381,
  NMVT: 0x41038d,
  REQDISCONT: 0x01021b,
  REQECHO: 0x810387,
  ECHOTEST: 0x810389,
  CINIT: 0x810601,
  CTERM: 0x810602,
  CLEANUP: 0x810629,
  BINDF: 0x810685,
  SESSST: 0x810686,
  UNBINDF: 0x810687,
  SESSEND: 0x810688,
  INIT_OTHER: 0x810680,
  TERM_OTHER: 0x810682,
} as const;
