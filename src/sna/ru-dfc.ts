import { RuReader, RuWriter } from './bytes.js';
import { DFC } from './masks.js';

export interface SignalRequest {
  readonly kind: 'SIGNAL';
  /** 0001: request to send. */
  readonly code: number;
  readonly extension: number;
  readonly rest: Uint8Array;
}

export interface LustatRequest {
  readonly kind: 'LUSTAT';
  /** 32 bits: what happened, and a qualifier; 0006 0000 only carries the RH. */
  readonly status: number;
  readonly rest: Uint8Array;
}

export interface DfcOther {
  readonly kind: Exclude<keyof typeof DFC, 'SIGNAL' | 'LUSTAT'>;
  /** Normally nothing. */
  readonly rest: Uint8Array;
}

export type DfcRu = SignalRequest | LustatRequest | DfcOther;

/** Decode the RU of a data flow control request. @param ru at least 1 byte @throws HostLinkError RU_TRUNCATED */
export function decodeDfcRequest(name: keyof typeof DFC, ru: Uint8Array): DfcRu {
  const reader = new RuReader(ru, name, 1);
  if (name === 'SIGNAL') return { kind: name, code: reader.u16(), extension: reader.u16(), rest: reader.rest() };
  if (name === 'LUSTAT') return { kind: name, status: reader.u32(), rest: reader.rest() };
  return { kind: name, rest: reader.rest() };
}

/** Encode a data flow control request with its code. @throws HostLinkError RU_INVALID */
export function encodeDfc(ru: DfcRu): Uint8Array {
  const writer = new RuWriter(ru.kind).u8('code', DFC[ru.kind]);
  if (ru.kind === 'SIGNAL') writer.u16('code', ru.code).u16('extension', ru.extension);
  if (ru.kind === 'LUSTAT') writer.number('status', ru.status, 4);
  return writer.raw(ru.rest).done();
}
