import type { Clock } from '../base/clock.js';
import { copyBytes } from '../base/copy-bytes.js';
import { type HostLinkError, toHostLinkError } from '../base/errors.js';
import type { SnaOptions } from '../config/model.js';
import {
  PIU_HEADER_SIZE,
  TH_EFI,
  TH_FID2,
  TH_MPF_FIRST,
  TH_MPF_LAST,
  TH_MPF_MIDDLE,
  TH_MPF_WHOLE,
  TH_SIZE,
} from '../sna/masks.js';
import { encodePiu, type Piu } from '../sna/piu.js';
import { TRACE_KIND, type TraceBlock } from '../trace/records.js';
import type { LinkCounters } from './counters.js';
import type { PiuRing } from './piu-ring.js';

/** The carrier of one PU's PIUs: a DLSw circuit, or whatever a test or a replay puts in its place. */
export interface LinkStation {
  /** Room for one PIU: the buffer to write into, at `at`. */
  reservePiu(length: number): Buffer;
  readonly at: number;
}

/**
 * Writes the PIUs of one PU straight into what its link station sends next. Nothing goes out while there is no station, and
 * one that takes no more is given up: `failed` is told, in a later turn, because whoever sends is in the middle of something.
 */
export class PiuSender {
  station: LinkStation | undefined;
  /** Where PIUs are recorded while a trace runs. */
  trace: TraceBlock | undefined;
  private readonly clock: Clock;
  private readonly counters: LinkCounters;
  private readonly ring: PiuRing | undefined;
  private readonly puIndex: number;
  private readonly piuSizeMax: number;
  private readonly odaiIgnore: boolean;
  private readonly failed: (error: HostLinkError) => void;

  /**
   * @param ring where the last PIUs are kept, both ways
   * @param sna piuSizeMax: longer BIUs of the normal flow go out in segments; odaiIgnore: ODAI is not echoed, as PU 2.0
   *   terminal controllers do not
   */
  constructor(
    clock: Clock,
    counters: LinkCounters,
    ring: PiuRing | undefined,
    puIndex: number,
    sna: SnaOptions,
    failed: (error: HostLinkError) => void,
  ) {
    this.failed = failed;
    this.clock = clock;
    this.counters = counters;
    this.ring = ring;
    this.puIndex = puIndex;
    this.piuSizeMax = sna.piuSizeMax;
    this.odaiIgnore = sna.odaiIgnore;
  }

  /** Hot path: one BIU, its RU being `ru[from, to)`, as one PIU or as segments. */
  send(
    isExpedited: boolean,
    daf: number,
    oaf: number,
    snf: number,
    rh0: number,
    rh1: number,
    rh2: number,
    ru: Uint8Array,
    from: number,
    to: number,
  ): void {
    const { station } = this;
    if (station === undefined) return;
    const isWhole = PIU_HEADER_SIZE + (to - from) <= this.piuSizeMax || isExpedited;
    const end = isWhole ? to : from + (this.piuSizeMax - PIU_HEADER_SIZE);
    const length = PIU_HEADER_SIZE + (end - from);
    const out = this.reserve(station, length);
    if (out === undefined) return;
    const { at } = station;
    out[at] = TH_FID2 | (isWhole ? TH_MPF_WHOLE : TH_MPF_FIRST) | (isExpedited ? TH_EFI : 0);
    writeAddresses(out, at, daf, oaf, snf);
    out[at + 6] = rh0;
    out[at + 7] = rh1;
    out[at + 8] = rh2;
    copyBytes(ru, from, end, out, at + PIU_HEADER_SIZE);
    this.written(out, at, length);
    if (!isWhole) this.sendRest(station, daf, oaf, snf, ru, end, to);
  }

  /** One whole PIU, for traffic that is not on the hot path. */
  sendPiu(piu: Piu): void {
    const bytes = encodePiu(this.odaiIgnore ? { ...piu, th: { ...piu.th, odai: false } } : piu);
    const { station } = this;
    if (station === undefined) return;
    const out = this.reserve(station, bytes.length);
    if (out === undefined) return;
    copyBytes(bytes, 0, bytes.length, out, station.at);
    this.written(out, station.at, bytes.length);
  }

  /** Hot path: a PIU that came in, for the ring, and for the trace that may run. */
  keepReceived(bytes: Buffer, from: number, to: number): void {
    this.ring?.add(false, this.puIndex, bytes, from, to);
    this.trace?.add(this.clock.wallMs(), TRACE_KIND.piu, false, this.puIndex, bytes, from, to);
  }

  private sendRest(
    station: LinkStation,
    daf: number,
    oaf: number,
    snf: number,
    ru: Uint8Array,
    from: number,
    to: number,
  ): void {
    const room = this.piuSizeMax - TH_SIZE;
    for (let start = from; start < to; start += room) {
      const end = Math.min(to, start + room);
      const length = TH_SIZE + (end - start);
      const out = this.reserve(station, length);
      if (out === undefined) return;
      const { at } = station;
      out[at] = TH_FID2 | (end === to ? TH_MPF_LAST : TH_MPF_MIDDLE);
      writeAddresses(out, at, daf, oaf, snf);
      copyBytes(ru, start, end, out, at + TH_SIZE);
      this.written(out, at, length);
    }
  }

  private reserve(station: LinkStation, length: number): Buffer | undefined {
    try {
      return station.reservePiu(length);
    } catch (error) {
      this.station = undefined;
      this.clock.soon(() => this.failed(toHostLinkError(error)));
      return undefined;
    }
  }

  private written(out: Buffer, at: number, length: number): void {
    this.counters.piusOut += 1;
    this.ring?.add(true, this.puIndex, out, at, at + length);
    if (this.trace === undefined) return;
    this.trace.add(this.clock.wallMs(), TRACE_KIND.piu, true, this.puIndex, out, at, at + length);
  }
}

function writeAddresses(out: Buffer, at: number, daf: number, oaf: number, snf: number): void {
  out[at + 1] = 0;
  out[at + 2] = daf;
  out[at + 3] = oaf;
  out[at + 4] = snf >>> 8;
  out[at + 5] = snf;
}
