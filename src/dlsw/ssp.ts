import { HostLinkError } from '../base/errors.js';

/**
 * Message types of the Switch-to-Switch Protocol.
 * @source RFC 1795 section 3.5
 */
export const SSP = {
  CANUREACH: 0x03,
  ICANREACH: 0x04,
  REACH_ACK: 0x05,
  DGRMFRAME: 0x06,
  XIDFRAME: 0x07,
  CONTACT: 0x08,
  CONTACTED: 0x09,
  INFOFRAME: 0x0a,
  ENTER_BUSY: 0x0c,
  EXIT_BUSY: 0x0d,
  HALT_DL: 0x0e,
  DL_HALTED: 0x0f,
  RESTART_DL: 0x10,
  DL_RESTARTED: 0x11,
  NETBIOS_NQ: 0x12,
  NETBIOS_NR: 0x13,
  DATAFRAME: 0x14,
  HALT_DL_NOACK: 0x19,
  NETBIOS_ANQ: 0x1a,
  NETBIOS_ANR: 0x1b,
  KEEPALIVE: 0x1d,
  CAP_EXCHANGE: 0x20,
  IFCM: 0x21,
  TEST_CIRCUIT_REQ: 0x7a,
  TEST_CIRCUIT_RSP: 0x7b,
} as const;

/** Offsets within a header; the first 16 bytes are common to all messages. @source RFC 1795 section 3.1 */
export const SSP_OFFSET = {
  version: 0,
  headerLength: 1,
  messageLength: 2,
  remoteCorrelator: 4,
  remotePortId: 8,
  messageType: 14,
  flowByte: 15,
  protocolId: 16,
  headerNumber: 17,
  largestFrame: 20,
  flags: 21,
  priority: 22,
  messageTypeAgain: 23,
  targetMac: 24,
  originMac: 30,
  originSap: 36,
  targetSap: 37,
  direction: 38,
  dlcHeaderLength: 42,
  originPortId: 44,
  originCorrelator: 48,
  originTransportId: 52,
  targetPortId: 56,
  targetCorrelator: 60,
  targetTransportId: 64,
} as const;

/** We send version 1; RFC 2166 keeps the header and takes 31 to 3F as DLSw versions. */
export const SSP_VERSION = 0x31;
export const SSP_VERSION_LAST = 0x3f;
/** Header of INFOFRAME, IFCM and KEEPALIVE, bytes. */
export const INFO_HEADER = 16;
/** Header of every other message, bytes. */
export const CONTROL_HEADER = 72;
export const SSP_PROTOCOL_ID = 0x42;

/** Bits of the flow control byte; the low three are the operator. @source RFC 1795 section 8.2 */
export const FLOW = { indication: 0x80, acknowledgment: 0x40, operator: 0x07 } as const;
/** Flow control operators. @source RFC 1795 section 8.3 */
export const FLOW_OPERATOR = { repeat: 0, increment: 1, decrement: 2, reset: 3, halve: 4 } as const;

export const DIRECTION = { toTarget: 1, toOrigin: 2 } as const;
/** SSP flag: CANUREACH and ICANREACH are explorers (_ex), not circuit start (_cs). */
export const SSP_FLAG_EXPLORER = 0x80;

interface SspCommon {
  readonly messageType: number;
  readonly flowByte: number;
  /** Receiver's own ids, 32 bits each: what it finds its circuit by. */
  readonly remoteCorrelator: number;
  readonly remotePortId: number;
  /** Bytes behind the header, 0..65535. After decode: a view into the message. */
  readonly data: Uint8Array;
}

/** A message with the 16-byte header. */
export interface SspInfo extends SspCommon {
  readonly kind: 'info';
}

/** A message with the 72-byte header. */
export interface SspControl extends SspCommon {
  readonly kind: 'control';
  /** See `largestFrameCode`. */
  readonly largestFrame: number;
  readonly flags: number;
  /** 0 not supported, 1 low .. 4 highest. */
  readonly priority: number;
  /** 12 hex digits, non-canonical bit order, lower case after decode. */
  readonly targetMac: string;
  readonly originMac: string;
  readonly originSap: number;
  readonly targetSap: number;
  /** 1 origin to target, 2 target to origin. */
  readonly direction: number;
  readonly dlcHeaderLength: number;
  readonly originPortId: number;
  readonly originCorrelator: number;
  readonly originTransportId: number;
  readonly targetPortId: number;
  readonly targetCorrelator: number;
  readonly targetTransportId: number;
}

export type SspMessage = SspInfo | SspControl;

/** A control message with all fields zero: spread it and set what counts. */
export const EMPTY_CONTROL: SspControl = {
  kind: 'control',
  messageType: 0,
  flowByte: 0,
  remoteCorrelator: 0,
  remotePortId: 0,
  data: new Uint8Array(0),
  largestFrame: 0,
  flags: 0,
  priority: 0,
  targetMac: '000000000000',
  originMac: '000000000000',
  originSap: 0,
  targetSap: 0,
  direction: DIRECTION.toTarget,
  dlcHeaderLength: 0,
  originPortId: 0,
  originCorrelator: 0,
  originTransportId: 0,
  targetPortId: 0,
  targetCorrelator: 0,
  targetTransportId: 0,
};

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Decode one whole SSP message. Headers of 16..71 bytes give an info message, longer ones a control message; what a
 * header has beyond its known fields is skipped, and the protocol id is not looked at.
 * @param bytes exactly one message; `data` of the result is a view into it
 * @throws HostLinkError SSP_TRUNCATED (shorter than its lengths say), SSP_MALFORMED (version, header length, bytes left over)
 * @source RFC 1795 section 3.1
 */
export function decodeSsp(bytes: Uint8Array): SspMessage {
  const b = asBuffer(bytes);
  const size = sspSize(b, 0, b.length);
  if (size === 0 || b.length < size) throw new HostLinkError('SSP_TRUNCATED', '', { size, given: b.length });
  if (b.length > size) throw new HostLinkError('SSP_MALFORMED', 'Bytes are left over.', { size, given: b.length });
  const headerLength = b[1]!;
  const common = {
    messageType: b[14]!,
    flowByte: b[15]!,
    remoteCorrelator: b.readUInt32BE(4),
    remotePortId: b.readUInt32BE(8),
    data: b.subarray(headerLength),
  };
  if (headerLength < CONTROL_HEADER) return { kind: 'info', ...common };
  return { kind: 'control', ...common, ...decodeControlPart(b) };
}

function decodeControlPart(b: Buffer): Omit<SspControl, keyof SspCommon | 'kind'> {
  return {
    largestFrame: b[20]!,
    flags: b[21]!,
    priority: b[22]!,
    targetMac: b.toString('hex', 24, 30),
    originMac: b.toString('hex', 30, 36),
    originSap: b[36]!,
    targetSap: b[37]!,
    direction: b[38]!,
    dlcHeaderLength: b.readUInt16BE(42),
    originPortId: b.readUInt32BE(44),
    originCorrelator: b.readUInt32BE(48),
    originTransportId: b.readUInt32BE(52),
    targetPortId: b.readUInt32BE(56),
    targetCorrelator: b.readUInt32BE(60),
    targetTransportId: b.readUInt32BE(64),
  };
}

/**
 * Size of the message that starts at `from`, as far as `available` bytes tell: header length + message length, or 0
 * while fewer than 4 bytes are there. Each byte is judged as soon as it is there.
 * @throws HostLinkError SSP_MALFORMED
 */
export function sspSize(bytes: Buffer, from: number, available: number): number {
  if (available === 0) return 0;
  const version = bytes[from]!;
  if (version < SSP_VERSION || version > SSP_VERSION_LAST) {
    throw new HostLinkError('SSP_MALFORMED', 'Unknown version.', { version });
  }
  if (available === 1) return 0;
  const headerLength = bytes[from + 1]!;
  if (headerLength < INFO_HEADER) throw new HostLinkError('SSP_MALFORMED', 'Header too short.', { headerLength });
  if (available < 4) return 0;
  return headerLength + ((bytes[from + 2]! << 8) | bytes[from + 3]!);
}

/**
 * Encode one SSP message, version 31, reserved fields zero.
 * @returns a fresh buffer of 16 or 72 bytes plus the data
 * @throws HostLinkError SSP_INVALID with details.field
 * @source RFC 1795 section 3.1
 */
export function encodeSsp(message: SspMessage): Uint8Array {
  checkMessage(message);
  const headerLength = message.kind === 'control' ? CONTROL_HEADER : INFO_HEADER;
  const out = Buffer.allocUnsafe(headerLength + message.data.length);
  if (message.kind === 'control') writeControl(out, 0, message);
  else {
    const { data, remoteCorrelator, remotePortId, flowByte, messageType } = message;
    writeShortHeader(out, 0, messageType, data.length, remoteCorrelator, remotePortId, flowByte);
    out.set(data, INFO_HEADER);
  }
  return out;
}

function checkMessage(message: SspMessage): void {
  for (const [field, value] of Object.entries(message)) {
    if (typeof value !== 'number') continue;
    const max = FIELD_MAX[field] ?? 0xffffffff;
    if (!Number.isInteger(value) || value < 0 || value > max) throw invalid(field, value);
  }
  if (message.data.length > 0xffff) throw invalid('data', message.data.length);
  if (message.kind !== 'control') return;
  if (!isMac(message.targetMac)) throw invalid('targetMac', message.targetMac);
  if (!isMac(message.originMac)) throw invalid('originMac', message.originMac);
}

const FIELD_MAX: Readonly<Record<string, number>> = {
  messageType: 0xff,
  flowByte: 0xff,
  largestFrame: 0xff,
  flags: 0xff,
  priority: 0xff,
  originSap: 0xff,
  targetSap: 0xff,
  direction: 0xff,
  dlcHeaderLength: 0xffff,
};

function invalid(field: string, value: unknown): HostLinkError {
  return new HostLinkError('SSP_INVALID', `Field ${field}.`, { field, value });
}

/** Is it 12 hex digits? */
export function isMac(text: string): boolean {
  return /^[0-9a-fA-F]{12}$/.test(text);
}

/**
 * Write a control message at `at`; fields must be in range, there is room for 72 bytes and the data.
 * @returns the offset behind it
 */
export function writeControl(out: Buffer, at: number, message: SspControl): number {
  const { data } = message;
  out.fill(0, at, at + CONTROL_HEADER);
  writeShortHeader(out, at, message.messageType, data.length, message.remoteCorrelator, message.remotePortId, 0);
  out[at + 1] = CONTROL_HEADER;
  out[at + 15] = message.flowByte;
  out[at + 16] = SSP_PROTOCOL_ID;
  out[at + 17] = 1;
  out[at + 20] = message.largestFrame;
  out[at + 21] = message.flags;
  out[at + 22] = message.priority;
  out[at + 23] = message.messageType;
  out.write(message.targetMac, at + 24, 6, 'hex');
  out.write(message.originMac, at + 30, 6, 'hex');
  out[at + 36] = message.originSap;
  out[at + 37] = message.targetSap;
  out[at + 38] = message.direction;
  out.writeUInt16BE(message.dlcHeaderLength, at + 42);
  out.writeUInt32BE(message.originPortId, at + 44);
  out.writeUInt32BE(message.originCorrelator, at + 48);
  out.writeUInt32BE(message.originTransportId, at + 52);
  out.writeUInt32BE(message.targetPortId, at + 56);
  out.writeUInt32BE(message.targetCorrelator, at + 60);
  out.writeUInt32BE(message.targetTransportId, at + 64);
  out.set(data, at + CONTROL_HEADER);
  return at + CONTROL_HEADER + data.length;
}

/** Write a 16-byte header of any type. Byte stores only: this runs once per PIU. */
function writeShortHeader(
  out: Buffer,
  at: number,
  messageType: number,
  length: number,
  remoteCorrelator: number,
  remotePortId: number,
  flowByte: number,
): void {
  out[at] = SSP_VERSION;
  out[at + 1] = INFO_HEADER;
  out[at + 2] = length >>> 8;
  out[at + 3] = length;
  out[at + 4] = remoteCorrelator >>> 24;
  out[at + 5] = remoteCorrelator >>> 16;
  out[at + 6] = remoteCorrelator >>> 8;
  out[at + 7] = remoteCorrelator;
  out[at + 8] = remotePortId >>> 24;
  out[at + 9] = remotePortId >>> 16;
  out[at + 10] = remotePortId >>> 8;
  out[at + 11] = remotePortId;
  out[at + 12] = 0;
  out[at + 13] = 0;
  out[at + 14] = messageType;
  out[at + 15] = flowByte;
}

/** Write the 16-byte header of an INFOFRAME whose PIU of `length` bytes (0..65535) follows it. */
export function writeInfoHeader(
  out: Buffer,
  at: number,
  length: number,
  remoteCorrelator: number,
  remotePortId: number,
  flowByte: number,
): void {
  writeShortHeader(out, at, SSP.INFOFRAME, length, remoteCorrelator, remotePortId, flowByte);
}

/** Write a 16-byte Independent Flow Control Message. */
export function writeIfcm(
  out: Buffer,
  at: number,
  remoteCorrelator: number,
  remotePortId: number,
  flowByte: number,
): void {
  writeShortHeader(out, at, SSP.IFCM, 0, remoteCorrelator, remotePortId, flowByte);
}

/** Write a 16-byte KEEPALIVE. */
export function writeKeepalive(out: Buffer, at: number): void {
  writeShortHeader(out, at, SSP.KEEPALIVE, 0, 0, 0, 0);
}
