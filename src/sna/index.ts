/** hostlink/sna: the SNA codecs on their own. They are pure: bytes in, values out, and back. */
export * from './bind.js';
export type { BindFlag, BindNumber } from './bind-fields.js';
export { type DfcName, type NsName, nsHeaderOf, type ScName } from './codes.js';
export {
  CODE_PAGES,
  type CodePage,
  decodeEbcdic,
  decodeName,
  type EbcdicOptions,
  encodeEbcdic,
  encodeName,
} from './ebcdic.js';
export * from './fmh.js';
export * from './gds.js';
export * from './masks.js';
export * from './piu.js';
export * from './rh.js';
export * from './ru.js';
export type * from './ru-dfc.js';
export type * from './ru-ns.js';
export { decodeMajorVectors, encodeMajorVectors, type MajorVector } from './ru-ns.js';
export { unbindTypeName } from './ru-sc.js';
export * from './ru-sc-types.js';
export type * from './ru-self.js';
export * from './ru-size.js';
export * from './sdlc.js';
export * from './segment.js';
export * from './sense.js';
export * from './th.js';
export * from './xid.js';
