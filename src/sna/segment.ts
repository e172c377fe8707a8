import { copyBytes } from '../base/copy-bytes.js';
import { HostLinkError } from '../base/errors.js';
import {
  PIU_HEADER_SIZE,
  TH_EFI,
  TH_FID_MASK,
  TH_FID2,
  TH_MPF_FIRST,
  TH_MPF_LAST,
  TH_MPF_MASK,
  TH_MPF_MIDDLE,
  TH_MPF_WHOLE,
  TH_SIZE,
} from './masks.js';

/** Sense data of a segmenting error, and of a PIU that is too long. */
export const SENSE_SEGMENTING = 0x80070000;
export const SENSE_PIU_TOO_LONG = 0x800a0000;

/** Buffers that are kept for the next BIUs: so many, and none longer. */
const SPARES_MAX = 8;
const SPARE_SIZE_MAX = 65_536;

/** The least piuSizeMax: TH, RH and one byte. */
export const PIU_SIZE_LEAST = PIU_HEADER_SIZE + 1;

function tooLong(length: number, max: number): HostLinkError {
  return new HostLinkError('PIU_TOO_LONG', `${length} bytes, allowed are ${max}.`, {
    length,
    max,
    senseData: SENSE_PIU_TOO_LONG,
  });
}

/**
 * Cut a whole PIU into segments of at most `piuSizeMax` bytes: TH on each, RH in the first only, all full but the last.
 * @param piu a whole PIU (MPF whole); not changed
 * @param piuSizeMax bytes, 10 or more
 * @returns the PIU itself where it fits, else fresh bytes per segment
 * @throws HostLinkError PIU_TOO_LONG (expedited flow and responses are not segmented), TH_TRUNCATED, TH_INVALID
 * @source SNA Formats GA27-3136, TH mapping field; sna-wire 1.3
 */
export function segmentPiu(piu: Uint8Array, piuSizeMax: number): Uint8Array[] {
  if (piu.length < PIU_HEADER_SIZE) throw new HostLinkError('TH_TRUNCATED', '', { length: piu.length });
  if ((piu[0]! & TH_MPF_MASK) !== TH_MPF_WHOLE) {
    throw new HostLinkError('TH_INVALID', 'Only a whole BIU can be segmented.', { field: 'mpf' });
  }
  if (piu.length <= piuSizeMax) return [piu];
  const isResponse = (piu[TH_SIZE]! & 0x80) !== 0;
  if ((piu[0]! & TH_EFI) !== 0 || isResponse || piuSizeMax < PIU_SIZE_LEAST) throw tooLong(piu.length, piuSizeMax);
  const room = piuSizeMax - TH_SIZE;
  const segments: Uint8Array[] = [];
  for (let at = TH_SIZE; at < piu.length; at += room) {
    const end = Math.min(at + room, piu.length);
    const mpf = at === TH_SIZE ? TH_MPF_FIRST : end === piu.length ? TH_MPF_LAST : TH_MPF_MIDDLE;
    const segment = new Uint8Array(TH_SIZE + end - at);
    segment.set(piu.subarray(0, TH_SIZE));
    segment[0] = (piu[0]! & ~TH_MPF_MASK) | mpf;
    segment.set(piu.subarray(at, end), TH_SIZE);
    segments.push(segment);
  }
  return segments;
}

/** Where the RU of a segmented BIU may be put together instead: behind what its owner has there already. */
export interface RuPlace {
  /** Copy `bytes[from, to)` behind what is ahead. */
  put(bytes: Uint8Array, from: number, to: number): void;
  /** Bytes of the RU so far. */
  ahead: number;
}

/** A BIU that is put together: its PIU is `bytes[0, length)`, or its RU is what is ahead in `place`. */
export interface JoinedBiu {
  bytes: Buffer;
  length: number;
  snf: number;
  /** Its three bytes as a number. */
  rh: number;
  place: RuPlace | undefined;
}

const NO_BYTES = Buffer.alloc(0);

/**
 * Puts segmented BIUs together again, one per (DAF, OAF) at a time. Other PIUs, of this or of other sessions, may come
 * between. What it holds is limited: `piuSizeMax` bytes per BIU, `openMax` BIUs.
 */
export class Reassembler {
  private readonly piuSizeMax: number;
  private readonly openMax: number;
  private readonly open = new Map<number, JoinedBiu>();
  /** With a buffer, and without as their RU was put together elsewhere. */
  private readonly spares: JoinedBiu[] = [];
  private readonly bare: JoinedBiu[] = [];

  /**
   * @param piuSizeMax bytes of a reassembled PIU, TH and RH included
   * @param openMax BIUs that may be incomplete at once
   */
  constructor(piuSizeMax: number, openMax = 512) {
    this.piuSizeMax = piuSizeMax;
    this.openMax = openMax;
  }

  /** BIUs that are incomplete. */
  get size(): number {
    return this.open.size;
  }

  /**
   * Take the PIU `bytes[from, to)`.
   * @returns a whole PIU: a view of `bytes` where it came whole (`bytes` itself when it is all of it), the caller's own
   *   fresh bytes where it was put together; null while segments are missing
   * @throws HostLinkError TH_TRUNCATED, TH_NOT_FID2; SEGMENT_SEQUENCE (details.senseData 80070000) and PIU_TOO_LONG
   *   (800A0000), after which the BIU is forgotten; details.rh is the RH of its first segment, if that was seen
   * @source sna-wire 1.3
   */
  push(bytes: Uint8Array, from: number, to: number): Buffer | null {
    if (to - from < TH_SIZE) throw new HostLinkError('TH_TRUNCATED', '', { length: to - from });
    const byte0 = bytes[from]!;
    if ((byte0 & TH_FID_MASK) !== TH_FID2) throw new HostLinkError('TH_NOT_FID2', '', { fid: byte0 >> 4 });
    const mpf = byte0 & TH_MPF_MASK;
    if (mpf === TH_MPF_WHOLE) return view(bytes, from, to);
    const biu = this.join(bytes, from, to);
    return biu === null ? null : biu.bytes.subarray(0, biu.length);
  }

  /**
   * Hot path: as `push`, for a segment: `bytes[from, to)` is known to begin with the TH of a FID2 PIU that is not whole.
   * @param place of a first segment that has some of the RU: where it is to be put together, with nothing ahead yet
   * @returns the BIU once its last segment is here; give it back with `recycle` when nobody uses its bytes any more
   */
  join(bytes: Uint8Array, from: number, to: number, place?: RuPlace): JoinedBiu | null {
    const byte0 = bytes[from]!;
    const mpf = byte0 & TH_MPF_MASK;
    const key = (bytes[from + 2]! << 8) | bytes[from + 3]!;
    if ((byte0 & TH_EFI) !== 0) throw this.outOfSequence('a segment on the expedited flow', key, bytes, from, to);
    if (mpf === TH_MPF_FIRST) {
      this.first(key, bytes, from, to, place);
      return null;
    }
    return this.next(key, bytes, from, to, mpf === TH_MPF_LAST);
  }

  /** What `join` gave is not used any more: it may be for another BIU. It need not be told. */
  recycle(biu: JoinedBiu): void {
    biu.place = undefined;
    const list = biu.bytes === NO_BYTES ? this.bare : this.spares;
    if (list.length < SPARES_MAX && biu.bytes.length <= SPARE_SIZE_MAX) list.push(biu);
  }

  /** Forget everything: the circuit is gone. */
  reset(): void {
    for (const [key, biu] of this.open) this.forget(key, biu);
  }

  private first(key: number, bytes: Uint8Array, from: number, to: number, place: RuPlace | undefined): void {
    if (this.open.has(key)) throw this.outOfSequence('a first segment while another is open', key, bytes, from, to);
    if (to - from < PIU_HEADER_SIZE) {
      throw this.outOfSequence('a first segment that ends inside the RH', key, bytes, from, to);
    }
    if (this.open.size >= this.openMax) throw this.outOfSequence('too many open at once', key, bytes, from, to);
    const length = to - from;
    if (length > this.piuSizeMax) throw tooLong(length, this.piuSizeMax);
    const biu = this.room(place === undefined ? Math.min(length * 4, this.piuSizeMax) : 0);
    biu.length = length;
    biu.snf = snfAt(bytes, from);
    biu.rh = (bytes[from + TH_SIZE]! << 16) | (bytes[from + TH_SIZE + 1]! << 8) | bytes[from + TH_SIZE + 2]!;
    biu.place = place;
    if (place === undefined) {
      copyBytes(bytes, from, to, biu.bytes, 0);
      biu.bytes[0]! |= TH_MPF_WHOLE;
    } else place.put(bytes, from + PIU_HEADER_SIZE, to);
    this.open.set(key, biu);
  }

  private room(size: number): JoinedBiu {
    const spare = size === 0 ? this.bare.pop() : this.spares.pop();
    if (spare !== undefined && spare.bytes.length >= size) return spare;
    const bytes = size === 0 ? NO_BYTES : Buffer.allocUnsafeSlow(size);
    return { bytes, length: 0, snf: 0, rh: 0, place: undefined };
  }

  private next(key: number, bytes: Uint8Array, from: number, to: number, isLast: boolean): JoinedBiu | null {
    const biu = this.open.get(key);
    if (biu === undefined) throw this.outOfSequence('a segment without a first one', key, bytes, from, to);
    if (biu.snf !== snfAt(bytes, from)) throw this.outOfSequence('a segment of another BIU', key, bytes, from, to);
    const length = biu.length + (to - from - TH_SIZE);
    if (length > this.piuSizeMax) {
      this.forget(key, biu);
      throw tooLong(length, this.piuSizeMax);
    }
    this.write(key, biu, bytes, from + TH_SIZE, to, length);
    biu.length = length;
    if (!isLast) return null;
    this.open.delete(key);
    return biu;
  }

  /** What cannot be written, for want of memory, must not be missing from a BIU that goes on. */
  private write(key: number, biu: JoinedBiu, bytes: Uint8Array, from: number, to: number, length: number): void {
    try {
      if (biu.place !== undefined) biu.place.put(bytes, from, to);
      else {
        if (length > biu.bytes.length) biu.bytes = grown(biu, length, this.piuSizeMax);
        copyBytes(bytes, from, to, biu.bytes, biu.length);
      }
    } catch (error) {
      this.forget(key, biu);
      throw error;
    }
  }

  /** It will never be whole. */
  private forget(key: number, biu: JoinedBiu): void {
    this.open.delete(key);
    if (biu.place !== undefined) biu.place.ahead = 0;
  }

  private outOfSequence(why: string, key: number, bytes: Uint8Array, from: number, to: number): HostLinkError {
    const biu = this.open.get(key);
    if (biu !== undefined) this.forget(key, biu);
    return new HostLinkError('SEGMENT_SEQUENCE', `It is ${why}.`, {
      senseData: SENSE_SEGMENTING,
      daf: key >> 8,
      oaf: key & 0xff,
      snf: snfAt(bytes, from),
      length: to - from,
      rh: biu?.rh,
    });
  }
}

function snfAt(bytes: Uint8Array, from: number): number {
  return (bytes[from + 4]! << 8) | bytes[from + 5]!;
}

function view(bytes: Uint8Array, from: number, to: number): Buffer {
  if (!Buffer.isBuffer(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
}

function grown(biu: JoinedBiu, needed: number, max: number): Buffer {
  const bigger = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, biu.bytes.length * 2), max));
  bigger.set(biu.bytes.subarray(0, biu.length), 0);
  return bigger;
}
