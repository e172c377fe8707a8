import { HostLinkError } from '../base/errors.js';
import { fromEbcdic, paddedName } from './ebcdic.js';

/**
 * The records of the SUM application, as a COBOL program would lay them out (code page 037, packed decimals):
 *
 *   request   account   4 bytes  EBCDIC text, blank padded
 *             count     2 bytes  unsigned, big-endian, 0..4000
 *             amounts   8 bytes each, packed decimal S9(15): 15 digits and a sign (C plus, D minus, F unsigned)
 *
 *   reply     account   4 bytes  as sent
 *             status    2 bytes  EBCDIC 'OK', or 'ER' when the request does not follow its layout
 *             count     2 bytes  amounts added up
 *             total     8 bytes  packed decimal S9(15), last 15 digits of the sum
 *             text     24 bytes  EBCDIC, blank padded: 'TOTAL OF n AMOUNTS', or what is wrong
 */
const ACCOUNT = 4;
const AMOUNT = 8;
const REQUEST_HEADER = ACCOUNT + 2;
const COUNT_MAX = 4000;
const TEXT = 24;
/** Bytes of a SUM reply. */
export const SUM_REPLY_SIZE = ACCOUNT + 2 + 2 + AMOUNT + TEXT;
const TOTAL_LIMIT = 10n ** 15n;

export interface SumRequest {
  /** At most 4 characters of A-Z 0-9. */
  readonly account: string;
  /** Whole numbers of at most 15 digits. */
  readonly amounts: readonly bigint[];
}

export interface SumReply {
  readonly account: string;
  readonly isOk: boolean;
  readonly count: number;
  readonly total: bigint;
  readonly text: string;
}

/** Write `value` as packed decimal, S9(15), 8 bytes at `at`; only its last 15 digits are kept. */
export function writePacked(bytes: Buffer, at: number, value: bigint): void {
  const digits = (value < 0n ? -value : value) % TOTAL_LIMIT;
  const nibbles = `${digits.toString().padStart(15, '0')}${value < 0n ? 'd' : 'c'}`;
  bytes.write(nibbles, at, AMOUNT, 'hex');
}

/** Read a packed decimal of 8 bytes; undefined when a nibble is no digit or the sign is none. */
export function readPacked(bytes: Buffer, at: number): bigint | undefined {
  const nibbles = bytes.toString('hex', at, at + AMOUNT);
  if (!/^\d{15}[a-f]$/.test(nibbles)) return undefined;
  const value = BigInt(nibbles.slice(0, 15));
  return nibbles[15] === 'd' || nibbles[15] === 'b' ? -value : value;
}

/**
 * Build a request for SUM.
 * @throws HostLinkError PAYLOAD_INVALID when the account or an amount does not fit
 */
export function encodeSumRequest(request: SumRequest): Buffer {
  const { account, amounts } = request;
  const isRight = /^[A-Z0-9 ]{0,4}$/.test(account) && amounts.length <= COUNT_MAX;
  if (!isRight || amounts.some((amount) => amount >= TOTAL_LIMIT || -amount >= TOTAL_LIMIT)) {
    throw new HostLinkError('PAYLOAD_INVALID', 'account of 4, at most 4000 amounts of 15 digits.', { account });
  }
  const bytes = Buffer.alloc(REQUEST_HEADER + AMOUNT * amounts.length);
  paddedName(account, ACCOUNT).copy(bytes, 0);
  bytes.writeUInt16BE(amounts.length, ACCOUNT);
  amounts.forEach((amount, index) => {
    writePacked(bytes, REQUEST_HEADER + AMOUNT * index, amount);
  });
  return bytes;
}

/**
 * Read what SUM answered.
 * @throws HostLinkError PAYLOAD_INVALID when it is no SUM reply
 */
export function decodeSumReply(reply: Uint8Array): SumReply {
  const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.length);
  const total = bytes.length === SUM_REPLY_SIZE ? readPacked(bytes, ACCOUNT + 4) : undefined;
  if (total === undefined) throw new HostLinkError('PAYLOAD_INVALID', 'Not a SUM reply.', { length: reply.length });
  return {
    account: fromEbcdic(bytes, 0, ACCOUNT).trimEnd(),
    isOk: fromEbcdic(bytes, ACCOUNT, ACCOUNT + 2) === 'OK',
    count: bytes.readUInt16BE(ACCOUNT + 2),
    total,
    text: fromEbcdic(bytes, ACCOUNT + 4 + AMOUNT).trimEnd(),
  };
}

/** What SUM does with a request `bytes[from, to)`: the reply record. */
export function sumOf(bytes: Buffer, from: number, to: number): Buffer {
  const request = bytes.subarray(from, to);
  const count = request.length >= REQUEST_HEADER ? request.readUInt16BE(ACCOUNT) : 0;
  if (request.length !== REQUEST_HEADER + AMOUNT * count || count > COUNT_MAX) {
    return replyOf(request, 'ER', 0, 0n, 'LENGTH IS WRONG');
  }
  let total = 0n;
  for (let index = 0; index < count; index += 1) {
    const amount = readPacked(request, REQUEST_HEADER + AMOUNT * index);
    if (amount === undefined) return replyOf(request, 'ER', 0, 0n, `AMOUNT ${index + 1} NOT PACKED`);
    total += amount;
  }
  return replyOf(request, 'OK', count, total, `TOTAL OF ${count} AMOUNTS`);
}

function replyOf(request: Buffer, status: string, count: number, total: bigint, text: string): Buffer {
  const reply = Buffer.alloc(SUM_REPLY_SIZE, 0x40);
  request.copy(reply, 0, 0, ACCOUNT);
  paddedName(status, 2).copy(reply, ACCOUNT);
  reply.writeUInt16BE(count, ACCOUNT + 2);
  writePacked(reply, ACCOUNT + 4, total);
  paddedName(text, TEXT).copy(reply, ACCOUNT + 4 + AMOUNT);
  return reply;
}
