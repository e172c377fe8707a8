/** Gets recorded packets of a worker, see trace/records. The block is shared with other recorders: read it only. */
export type TraceSink = (workerId: number, block: ArrayBuffer) => void;

export interface TraceOptions {
  /** Record PIUs; on unless turned off. */
  readonly pius?: boolean;
  /** Record DLSw frames. */
  readonly dlsw?: boolean;
}

interface Recorder {
  readonly sink: TraceSink;
  readonly pius: boolean;
  readonly dlsw: boolean;
}

/** All who record now. The workers record what anyone wants. */
export class Traces {
  private readonly recorders = new Set<Recorder>();
  private readonly apply: (pius: boolean, dlsw: boolean) => void;
  private readonly flushed: () => Promise<unknown>;

  /**
   * @param apply tells the workers what to record
   * @param flushed resolves once all that was recorded before has arrived
   */
  constructor(apply: (pius: boolean, dlsw: boolean) => void, flushed: () => Promise<unknown>) {
    this.apply = apply;
    this.flushed = flushed;
  }

  /** Start to record. The returned function ends it, and resolves once `sink` has had the last block. */
  start(sink: TraceSink, options: TraceOptions): () => Promise<void> {
    const recorder = { sink, pius: options.pius ?? true, dlsw: options.dlsw ?? false };
    this.recorders.add(recorder);
    this.applyAll(this.recorders);
    return () => this.stop(recorder);
  }

  /** A block came from a worker. */
  take(workerId: number, block: ArrayBuffer): void {
    for (const recorder of this.recorders) recorder.sink(workerId, block);
  }

  private async stop(recorder: Recorder): Promise<void> {
    if (!this.recorders.has(recorder)) return;
    this.applyAll([...this.recorders].filter((one) => one !== recorder));
    await this.flushed();
    this.recorders.delete(recorder);
  }

  private applyAll(recorders: Iterable<Recorder>): void {
    let pius = false;
    let dlsw = false;
    for (const recorder of recorders) {
      pius ||= recorder.pius;
      dlsw ||= recorder.dlsw;
    }
    this.apply(pius, dlsw);
  }
}
