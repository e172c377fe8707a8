import { copyBytes } from '../base/copy-bytes.js';
import { HostLinkError } from '../base/errors.js';
import { type AnswerHome, OpenAnswer } from './open-answer.js';

/**
 * The requests, or the answers, of one tick or a part of it in one transferable block: numeric fields little-endian, then the bytes.
 *   block:   used u32 (bytes in use, this header included), count u32, entries
 *   request: id u32, target u32 (see messages.ts), deadlineMs f64, length u32, payload, padding to 4
 *   answer:  id u32, status u32, length u32, payload, padding to 4
 */
const BLOCK_HEADER = 8;
const REQUEST_HEADER = 20;
const ANSWER_HEADER = 12;

/**
 * reply: the bytes are the host's. refused: not sent, no session here. failed: the bytes are an ErrorRecord as JSON.
 * underway: its caller left, and bytes of it have been sent; the last answer is still due.
 * opened: the session is kept for this request, the bytes are the name of its LU; the last answer follows when it ends.
 */
export const ANSWER_STATUS = { reply: 0, refused: 1, failed: 2, opened: 3, underway: 4 } as const;
export type AnswerStatus = (typeof ANSWER_STATUS)[keyof typeof ANSWER_STATUS];

function padded(length: number): number {
  return (length + 3) & ~3;
}

/**
 * What is posted before the tick ends: so many entries, or so many bytes. Where all calls of a tick travel in one block,
 * threads and host take turns instead of working side by side; a post costs what a few calls do.
 */
const ENOUGH_COUNT = 64;
const ENOUGH_SIZE = 131_072;
/** A block of so many bytes is better posted as it is than made longer, which means to copy it: see isTight. */
const POSTED_FROM = 32_768;
/**
 * What a block may be larger than the one before, bytes: small ones in proportion. What a reply's block is too large counts
 * in garbage collection until its caller drops it.
 */
const SLACK_MAX = 2048;
/** A block of so many times what it needs is exchanged: a short reply in it keeps all of it alive. */
const SHRUNK_FROM = 4;
/** Blocks given back that are kept for the next takes: so many, and none larger than this. */
const SPARES_MAX = 8;
const SPARE_SIZE_MAX = 1_048_576;
/** Open answers that are kept for the next ones: so many, and so many bytes of buffers of their own. */
const IDLE_MAX = 64;
const IDLE_BYTES_MAX = 4 * 1_048_576;
const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/** Collects entries in place. One writer lives as long as its channel; `take` hands its block on and starts afresh. */
class BlockWriter {
  protected bytes: Buffer = NO_BYTES;
  protected view = NO_VIEW;
  protected used = BLOCK_HEADER;
  /** Entries since the last take. */
  count = 0;
  private readonly sizeMin: number;
  /** Size to begin the next block with: that of the one before, and a little. */
  private sizeNext: number;
  /** What the block should have had room for, had it been larger. */
  private needed = 0;
  private readonly spares: ArrayBuffer[] = [];

  constructor(sizeMin = 1024) {
    this.sizeMin = sizeMin;
    this.sizeNext = sizeMin;
  }

  /** Is there so much in it that whoever reads it should begin, while the rest of the tick is written to another? */
  get isEnough(): boolean {
    return this.count >= ENOUGH_COUNT || this.used >= ENOUGH_SIZE;
  }

  /** Would an entry with so many bytes of payload not fit, while there is enough to post without it? The next block has room then. */
  isTight(length: number): boolean {
    const needed = this.used + REQUEST_HEADER + padded(length);
    if (this.used < POSTED_FROM || needed <= this.bytes.length) return false;
    this.needed = needed;
    return true;
  }

  /** The block to transfer, or undefined when nothing was added. It is its whole buffer: `used` says where it ends. */
  take(): ArrayBuffer | undefined {
    if (this.count === 0) return undefined;
    this.view.setUint32(0, this.used, true);
    this.view.setUint32(4, this.count, true);
    const block = this.bytes.buffer as ArrayBuffer;
    // Sized by the one before: a large block for a single small call costs more in garbage collection than in copying.
    const size = Math.max(this.used, this.needed);
    this.sizeNext = Math.max(this.sizeMin, size + Math.min(size >> 4, SLACK_MAX));
    this.needed = 0;
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
    this.used = BLOCK_HEADER;
    this.count = 0;
    return block;
  }

  /**
   * A block that came the other way and has been read: it is written to next. A thread that makes few objects but many
   * blocks would else collect garbage for the blocks alone, and stand still for that. It must not be used any more.
   */
  recycle(block: ArrayBuffer): void {
    const { byteLength } = block;
    if (byteLength < this.sizeMin || byteLength > SPARE_SIZE_MAX) return;
    // The oldest goes: what comes now is of the size that is needed now.
    if (this.spares.length === SPARES_MAX) this.spares.shift();
    this.spares.push(block);
  }

  /** The spare block that came last, of those of about this size, or a new one. */
  private blockOf(size: number): ArrayBuffer {
    const { spares } = this;
    for (let at = spares.length - 1; at >= 0; at -= 1) {
      const { byteLength } = spares[at]!;
      if (byteLength >= size && byteLength <= 3 * size) return spares.splice(at, 1)[0]!;
    }
    return Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer;
  }

  private use(block: ArrayBuffer): void {
    this.bytes = Buffer.from(block);
    this.view = new DataView(block);
  }

  protected room(size: number): number {
    const at = this.used;
    const end = at + size;
    if (end > this.bytes.length) this.reach(end, at);
    this.used = end;
    this.count += 1;
    return at;
  }

  /** Make the block at least `end` bytes long. @param filled bytes that have been written, and are kept */
  protected reach(end: number, filled: number): void {
    if (this.bytes === NO_BYTES) this.use(this.blockOf(this.sizeNext));
    if (end > this.bytes.length) this.grow(end, filled);
  }

  /** What made the block so long is not in it any more: what is there goes on in one of the usual length. */
  protected shrink(): void {
    const { bytes, used } = this;
    const size = Math.max(this.sizeNext, used);
    if (bytes.length <= SHRUNK_FROM * size) return;
    this.use(this.blockOf(size));
    this.bytes.set(bytes.subarray(0, used));
    this.recycle(bytes.buffer as ArrayBuffer);
  }

  private grow(needed: number, filled: number): void {
    const written = this.bytes.subarray(0, filled);
    this.use(this.blockOf(Math.max(needed, this.bytes.length * 2)));
    this.bytes.set(written);
    this.recycle(written.buffer as ArrayBuffer);
  }
}

/** Packs requests for a worker. */
export class RequestBlock extends BlockWriter {
  /** @param deadlineMs absolute, Clock.nowMs; the payload is copied here, once */
  add(id: number, group: number, deadlineMs: number, payload: Uint8Array): void {
    const at = this.room(REQUEST_HEADER + padded(payload.length));
    const view = this.view;
    view.setUint32(at, id, true);
    view.setUint32(at + 4, group, true);
    view.setFloat64(at + 8, deadlineMs, true);
    view.setUint32(at + 16, payload.length, true);
    copyBytes(payload, 0, payload.length, this.bytes, at + REQUEST_HEADER);
  }
}

/** Packs answers for the supervisor. */
export class AnswerBlock extends BlockWriter implements AnswerHome {
  /** Is put together behind the last entry. */
  private open: OpenAnswer | undefined;
  private readonly idle: OpenAnswer[] = [];
  private idleBytes = 0;

  /** The answer's bytes are `payload[from, to)`, copied here, once. */
  add(id: number, status: AnswerStatus, payload: Uint8Array, from = 0, to = payload.length): void {
    if (this.open !== undefined) this.leave(this.open);
    const length = to - from;
    const at = this.room(ANSWER_HEADER + padded(length));
    this.writeHeader(at, id, status, length);
    copyBytes(payload, from, to, this.bytes, at + ANSWER_HEADER);
  }

  /** An answer whose bytes come in parts. It ends with `finish` or `discard`, and must not be used any more then. */
  begin(): OpenAnswer {
    const answer = this.idle.pop() ?? new OpenAnswer();
    this.idleBytes -= answer.ownSize;
    const isFirst = this.open === undefined;
    if (isFirst) this.open = answer;
    answer.begin(isFirst ? this : undefined, this.bytes, this.used + ANSWER_HEADER);
    return answer;
  }

  /** Is it put together in the block itself? */
  holds(answer: OpenAnswer): boolean {
    return answer === this.open;
  }

  /** It is whole; what is ahead of it does not belong to it. */
  finish(id: number, status: AnswerStatus, answer: OpenAnswer): void {
    if (answer.ahead > 0) this.leave(answer);
    const { from, length } = answer;
    if (answer === this.open) {
      this.open = undefined;
      const size = ANSWER_HEADER + padded(length);
      if (this.used + size > this.bytes.length) this.reach(this.used + size, from + length);
      this.writeHeader(this.room(size), id, status, length);
    } else this.add(id, status, answer.bytes, from, from + length);
    this.keep(answer);
  }

  /** Nobody wants it. */
  discard(answer: OpenAnswer): void {
    if (answer.ahead > 0) this.leave(answer);
    else if (answer === this.open) this.close();
    this.keep(answer);
  }

  /** As of BlockWriter; what is being put together moves to the next block. */
  override take(): ArrayBuffer | undefined {
    const { bytes, open } = this;
    const block = super.take();
    if (open === undefined || block === undefined) return block;
    const { from } = open;
    const size = open.length + open.ahead;
    const at = BLOCK_HEADER + ANSWER_HEADER;
    this.reach(at + size, BLOCK_HEADER);
    open.lies(this.bytes, at);
    copyBytes(bytes, from, from + size, this.bytes, at);
    return block;
  }

  /** For the answer that is put together here: more room. */
  extend(size: number): void {
    const answer = this.open!;
    this.reach(size, answer.from + answer.length + answer.ahead);
    answer.lies(this.bytes, answer.from);
  }

  /** To a buffer of its own. Who still puts a RU together in it when it is over may go on there, and harms no other. */
  private leave(answer: OpenAnswer): void {
    answer.moveOut();
    if (answer === this.open) this.close();
  }

  private close(): void {
    this.open = undefined;
    this.shrink();
  }

  private writeHeader(at: number, id: number, status: AnswerStatus, length: number): void {
    const { view } = this;
    view.setUint32(at, id, true);
    view.setUint32(at + 4, status, true);
    view.setUint32(at + 8, length, true);
  }

  /** For the next one, unless somebody still writes to it. */
  private keep(answer: OpenAnswer): void {
    const { ahead, ownSize } = answer;
    if (ahead > 0) return;
    if (this.idle.length >= IDLE_MAX || this.idleBytes + ownSize > IDLE_BYTES_MAX) return;
    this.idleBytes += ownSize;
    this.idle.push(answer);
  }
}

function open(block: ArrayBuffer): { view: DataView; used: number; count: number } {
  const view = new DataView(block);
  const used = block.byteLength >= BLOCK_HEADER ? view.getUint32(0, true) : 0;
  if (used < BLOCK_HEADER || used > block.byteLength) throw malformed(used, block);
  return { view, used, count: view.getUint32(4, true) };
}

function malformed(at: number, block: ArrayBuffer): HostLinkError {
  return new HostLinkError('CHANNEL_MALFORMED', '', { at, size: block.byteLength });
}

/**
 * Walk a block of requests. The payload handed to `visit` is `bytes[from, to)`, a part of the block, not a copy.
 * @throws HostLinkError CHANNEL_MALFORMED
 */
export function readRequests(
  block: ArrayBuffer,
  visit: (id: number, group: number, deadlineMs: number, bytes: Buffer, from: number, to: number) => void,
): void {
  const { view, used, count } = open(block);
  const bytes = Buffer.from(block);
  let at = BLOCK_HEADER;
  for (let index = 0; index < count; index += 1) {
    if (at + REQUEST_HEADER > used) throw malformed(at, block);
    const from = at + REQUEST_HEADER;
    const to = from + view.getUint32(at + 16, true);
    if (to > used) throw malformed(at, block);
    visit(view.getUint32(at, true), view.getUint32(at + 4, true), view.getFloat64(at + 8, true), bytes, from, to);
    at = from + padded(to - from);
  }
}

/** How many answers a block has. @throws HostLinkError CHANNEL_MALFORMED */
export function countAnswers(block: ArrayBuffer): number {
  return open(block).count;
}

/**
 * Walk a block of answers. The payload handed to `visit` is `bytes[from, to)`, a part of the block, not a copy.
 * @throws HostLinkError CHANNEL_MALFORMED
 */
export function readAnswers(
  block: ArrayBuffer,
  visit: (id: number, status: AnswerStatus, bytes: Buffer, from: number, to: number) => void,
): void {
  const { view, used, count } = open(block);
  const bytes = Buffer.from(block);
  let at = BLOCK_HEADER;
  for (let index = 0; index < count; index += 1) {
    if (at + ANSWER_HEADER > used) throw malformed(at, block);
    const from = at + ANSWER_HEADER;
    const to = from + view.getUint32(at + 8, true);
    if (to > used) throw malformed(at, block);
    visit(view.getUint32(at, true), view.getUint32(at + 4, true) as AnswerStatus, bytes, from, to);
    at = from + padded(to - from);
  }
}
