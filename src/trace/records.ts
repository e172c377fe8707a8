import { HostLinkError } from '../base/errors.js';
import { OutBlock } from '../base/out-block.js';

/**
 * How recorded packets travel from a worker: one transferable block per tick, numeric fields little-endian.
 *   block:  used u32 (bytes in use, this header included), count u32, dropped u32, reserved u32, entries
 *   packet: wallMs f64, kind u8, toHost u8, puIndex u16, length u32, bytes, padding to 4
 */
const BLOCK_HEADER = 16;
const PACKET_HEADER = 16;

/** piu: one whole PIU. dlsw: bytes of the DLSw stream as written or read, at any boundary. */
export const TRACE_KIND = { piu: 0, dlsw: 1 } as const;
export type TraceKind = (typeof TRACE_KIND)[keyof typeof TRACE_KIND];

/** Takes one packet; `bytes[from, to)` is valid during the call only. */
export type TraceVisitor = (
  wallMs: number,
  kind: TraceKind,
  toHost: boolean,
  puIndex: number,
  bytes: Buffer,
  from: number,
  to: number,
) => void;

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** Collects the packets of one tick in place; what does not fit under the limit is counted, not kept. */
export class TraceBlock {
  private readonly out = new OutBlock(16384);
  private readonly sizeMax: number;
  private count = 0;
  private dropped = 0;

  /** @param sizeMax most bytes of one block; packets beyond it are dropped and counted */
  constructor(sizeMax = 8 * 1024 * 1024) {
    this.sizeMax = sizeMax;
  }

  /**
   * Record `bytes[from, to)`; they are copied here.
   * @param wallMs Clock.wallMs of the packet
   * @param puIndex index of the PU within the link, 0..65535; 0 for DLSw bytes
   */
  add(
    wallMs: number,
    kind: TraceKind,
    toHost: boolean,
    puIndex: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    const out = this.out;
    const size = PACKET_HEADER + padded(to - from);
    if (out.length === 0) out.reserve(BLOCK_HEADER);
    if (out.length + size > this.sizeMax) {
      this.dropped += 1;
      return;
    }
    const at = out.reserve(size);
    const block = out.bytes;
    block.writeDoubleLE(wallMs, at);
    block[at + 8] = kind;
    block[at + 9] = toHost ? 1 : 0;
    block.writeUInt16LE(puIndex, at + 10);
    block.writeUInt32LE(to - from, at + 12);
    block.set(bytes.subarray(from, to), at + PACKET_HEADER);
    this.count += 1;
  }

  /** The block to transfer, or undefined when nothing was added. Its receiver owns it. */
  take(): ArrayBuffer | undefined {
    const block = this.out.take();
    if (block === undefined) return undefined;
    block.writeUInt32LE(block.length, 0);
    block.writeUInt32LE(this.count, 4);
    block.writeUInt32LE(this.dropped, 8);
    block.writeUInt32LE(0, 12);
    this.count = 0;
    this.dropped = 0;
    return block.buffer as ArrayBuffer;
  }
}

function malformed(at: number, block: ArrayBuffer): HostLinkError {
  return new HostLinkError('CHANNEL_MALFORMED', '', { at, size: block.byteLength });
}

/**
 * Walk a block of recorded packets, oldest first.
 * @returns how many packets the worker had to drop while it made this block
 * @throws HostLinkError CHANNEL_MALFORMED
 */
export function readTrace(block: ArrayBuffer, visit: TraceVisitor): number {
  const bytes = Buffer.from(block);
  if (bytes.length < BLOCK_HEADER) throw malformed(0, block);
  const used = bytes.readUInt32LE(0);
  const count = bytes.readUInt32LE(4);
  if (used < BLOCK_HEADER || used > bytes.length) throw malformed(used, block);
  let at = BLOCK_HEADER;
  for (let index = 0; index < count; index += 1) {
    const from = at + PACKET_HEADER;
    if (from > used) throw malformed(at, block);
    const to = from + bytes.readUInt32LE(at + 12);
    const kind = bytes[at + 8];
    if (to > used || (kind !== TRACE_KIND.piu && kind !== TRACE_KIND.dlsw)) throw malformed(at, block);
    visit(bytes.readDoubleLE(at), kind, bytes[at + 9] === 1, bytes.readUInt16LE(at + 10), bytes, from, to);
    at = from + padded(to - from);
  }
  return bytes.readUInt32LE(8);
}
