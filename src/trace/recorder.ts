import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { HostLinkError } from '../base/errors.js';
import { DlswStream } from './dlsw-stream.js';
import { LINK_TYPE, PcapngWriter } from './pcapng-writer.js';
import { readTrace, TRACE_KIND, type TraceKind } from './records.js';
import { macText, TOKEN_RING_HEADER, writeTokenRing } from './token-ring.js';

/** What the recorder says about a link in the file. */
export interface TraceLink {
  /** Number of the link, 0..65534: part of the addresses. */
  readonly number: number;
  readonly name: string;
  /** Names of its PUs, in the order of their numbers. */
  readonly pus: readonly string[];
}

export interface RecorderOptions {
  /** The link a worker has now. */
  readonly linkOf: (workerId: number) => TraceLink;
  /** Take DLSw streams too, where the blocks hold them; PIUs are always taken. */
  readonly dlsw?: boolean;
  /** Bytes that may wait for the disk or the network; more is dropped and counted. */
  readonly pendingMax?: number;
}

export interface TraceSummary {
  readonly packets: number;
  /** Packets lost because they came faster than they could be written. */
  readonly dropped: number;
  /** Chunks of a DLSw stream left out because the recording began in the middle of a message. */
  readonly skipped: number;
  readonly bytes: number;
}

const PENDING_MAX = 64 * 1024 * 1024;
const PUS_MAX = 256;

/** What the recorder keeps of a link. */
interface LinkRecord {
  readonly link: TraceLink;
  readonly piuInterface: number;
  /** Frames so far per PU and direction, for N(S) and N(R): index 2 x PU + (to the host ? 1 : 0). */
  readonly frames: Uint32Array;
  dlsw: DlswStream | undefined;
  /** Packets lost that no frame has told of yet. */
  lost: number;
}

/**
 * Writes the trace blocks of all workers as one pcapng stream. Packets of one link are in order; those of different
 * links follow each other as their blocks came, with true times.
 */
export class TraceRecorder {
  private readonly writer = new PcapngWriter();
  private readonly links = new Map<number, LinkRecord>();
  private readonly output: Writable;
  private readonly linkOf: (workerId: number) => TraceLink;
  private readonly pendingMax: number;
  private readonly hasDlsw: boolean;
  private failure: Error | undefined;
  private packets = 0;
  private dropped = 0;
  private bytes = 0;

  /** @param output a file, or a response; ended by `end` */
  constructor(output: Writable, options: RecorderOptions) {
    this.output = output;
    this.linkOf = options.linkOf;
    this.pendingMax = options.pendingMax ?? PENDING_MAX;
    this.hasDlsw = options.dlsw ?? true;
    output.on('error', (error) => {
      this.failure = error;
    });
    this.writer.section('hostlink');
    this.flush();
  }

  get summary(): TraceSummary {
    let skipped = 0;
    for (const record of this.links.values()) skipped += record.dlsw?.skipped ?? 0;
    return { packets: this.packets, dropped: this.dropped, skipped, bytes: this.bytes };
  }

  /** Take one block of a worker. Never throws for a full or failed output: it counts. */
  add(workerId: number, block: ArrayBuffer): void {
    const record = this.recordOf(this.linkOf(workerId));
    if (this.failure !== undefined || !this.output.writable || this.output.writableLength > this.pendingMax) {
      let count = 0;
      const lostBefore = readTrace(block, () => {
        count += 1;
      });
      this.lose(record, count + lostBefore);
      return;
    }
    const lost = readTrace(block, (wallMs, kind, toHost, puIndex, bytes, from, to) =>
      this.packet(record, wallMs, kind, toHost, puIndex, bytes, from, to),
    );
    if (lost > 0) this.lose(record, lost);
    this.flush();
  }

  /** End the recording once all is written. @throws HostLinkError TRACE_UNREADABLE when the output failed */
  async end(): Promise<TraceSummary> {
    if (this.failure === undefined && !this.output.destroyed) {
      const done = finished(this.output, { readable: false });
      this.output.end();
      await done.catch((error: Error) => {
        this.failure = error;
      });
    }
    if (this.failure !== undefined) throw unwritable(this.failure);
    return this.summary;
  }

  private lose(record: LinkRecord, packets: number): void {
    this.dropped += packets;
    record.lost += packets;
    record.dlsw?.lost(packets);
  }

  private packet(
    record: LinkRecord,
    wallMs: number,
    kind: TraceKind,
    toHost: boolean,
    puIndex: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): void {
    if (kind === TRACE_KIND.piu) this.piu(record, wallMs, toHost, puIndex, bytes, from, to);
    else if (!this.hasDlsw || !this.dlswOf(record).add(wallMs, toHost, bytes, from, to)) return;
    this.packets += 1;
  }

  private piu(
    record: LinkRecord,
    wallMs: number,
    toHost: boolean,
    puIndex: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): void {
    const pu = puIndex % PUS_MAX;
    const { link, frames, lost } = record;
    const own = 2 * pu + (toHost ? 1 : 0);
    const isFirst = frames[own] === 0 && frames[own ^ 1] === 0;
    const comment = isFirst ? describePu(link, pu) : '';
    const length = TOKEN_RING_HEADER + to - from;
    const note = { isOutbound: toHost, dropped: lost, comment };
    record.lost = 0;
    const at = this.writer.packet(record.piuInterface, wallMs, length, note);
    const out = this.writer.out.bytes;
    writeTokenRing(out, at, toHost, link.number, pu, frames[own]!, frames[own ^ 1]!);
    bytes.copy(out, at + TOKEN_RING_HEADER, from, to);
    frames[own]! += 1;
  }

  private recordOf(link: TraceLink): LinkRecord {
    const known = this.links.get(link.number);
    if (known !== undefined) return known;
    const about = link.pus.map((_, pu) => describePu(link, pu)).join('; ');
    const record = {
      link,
      piuInterface: this.writer.interface(LINK_TYPE.TOKEN_RING, link.name, about.slice(0, 8000)),
      frames: new Uint32Array(2 * PUS_MAX),
      dlsw: undefined,
      lost: 0,
    };
    this.links.set(link.number, record);
    return record;
  }

  private dlswOf(record: LinkRecord): DlswStream {
    if (record.dlsw === undefined) {
      const { name, number } = record.link;
      const interfaceId = this.writer.interface(LINK_TYPE.ETHERNET, `${name} DLSw`, `DLSw stream of ${name}`);
      record.dlsw = new DlswStream(this.writer, interfaceId, number);
    }
    return record.dlsw;
  }

  private flush(): void {
    const block = this.writer.out.take();
    if (block === undefined || this.failure !== undefined) return;
    this.bytes += block.length;
    this.output.write(block, () => this.writer.out.recycle(block));
  }
}

function describePu(link: TraceLink, pu: number): string {
  return `${link.name}/${link.pus[pu] ?? `PU ${pu}`}: PU ${macText(false, link.number, pu)}, host ${macText(true, link.number, pu)}`;
}

function unwritable(cause: Error): HostLinkError {
  return new HostLinkError('TRACE_UNREADABLE', cause.message, { reason: cause.message }, { cause });
}

/** Open a file for a recording; an existing one is replaced. @throws HostLinkError TRACE_UNREADABLE */
export async function openTraceFile(path: string): Promise<Writable> {
  try {
    const file = await open(path, 'w');
    return file.createWriteStream();
  } catch (error) {
    throw unwritable(error as Error);
  }
}
