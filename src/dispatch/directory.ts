import { assert } from '../base/assert.js';

/**
 * The states of a worker, which are the lists of the directory. IDLE: not started, or stopped in order. STARTING: thread
 * started, nothing heard of its link. READY: may be given requests. HELD: could be, but an operator holds its link.
 * LINK_DOWN: alive, without its link. DRAINING: finishes what it has. BACKOFF: lost, to be started again. DOWN: lost too
 * often, not before an operator acts.
 */
export const WORKER_STATES = ['IDLE', 'STARTING', 'READY', 'HELD', 'LINK_DOWN', 'DRAINING', 'BACKOFF', 'DOWN'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** Where a worker's requests go: the supervisor's end of its channel. */
export interface RequestPort {
  /**
   * @param target a group, or LU_TARGET plus the place of an LU
   * @param deadlineMs absolute, Clock.nowMs; the payload is copied before this returns
   */
  request(id: number, target: number, deadlineMs: number, payload: Uint8Array): void;
  cancel(id: number): void;
}

/** One worker as the dispatcher knows it. Counts are per group index. */
export class WorkerRecord {
  readonly index: number;
  /** Sessions its link defines. */
  readonly defined: Int32Array;
  /** Usable sessions as it last reported them. */
  readonly ready: Int32Array;
  /** Sessions promised to requests, the truth about load. */
  readonly reserved: Int32Array;
  /** 1 where it refused a request and has shown no sign of room since. */
  readonly full: Uint8Array;
  reservedTotal = 0;
  /** Index of its link; -1 while it has none. */
  link = -1;
  port: RequestPort | undefined = undefined;
  state: WorkerState = 'IDLE';
  /** Its place in the list of its state. */
  place = 0;

  constructor(index: number, groups: number) {
    this.index = index;
    this.defined = new Int32Array(groups);
    this.ready = new Int32Array(groups);
    this.reserved = new Int32Array(groups);
    this.full = new Uint8Array(groups);
  }

  /** Forget what the last thread of this worker had. */
  clear(): void {
    this.defined.fill(0);
    this.ready.fill(0);
    this.reserved.fill(0);
    this.full.fill(0);
    this.reservedTotal = 0;
    this.link = -1;
    this.port = undefined;
  }
}

/** All workers, each in exactly one list. */
export class Directory {
  readonly workers: readonly WorkerRecord[];
  private readonly lists: Record<WorkerState, WorkerRecord[]>;

  /** MAX: most workers that may run; at most as many as there are. */
  max: number;

  /**
   * @param workers how many there are
   * @param groups how many session groups there are
   * @param max how many of the workers may run
   */
  constructor(workers: number, groups: number, max = workers) {
    this.max = max;
    this.workers = Array.from({ length: workers }, (_, index) => new WorkerRecord(index, groups));
    this.lists = { IDLE: [], STARTING: [], READY: [], HELD: [], LINK_DOWN: [], DRAINING: [], BACKOFF: [], DOWN: [] };
    for (const worker of this.workers) worker.place = this.lists.IDLE.push(worker) - 1;
  }

  /** @throws Error (our bug) for an index that is no worker's */
  worker(index: number): WorkerRecord {
    const worker = this.workers[index];
    assert(worker !== undefined, `no worker ${index}`);
    return worker;
  }

  /** A worker's thread runs, for this link with `defined` sessions per group. */
  start(index: number, port: RequestPort, defined: readonly number[], link: number): void {
    const worker = this.worker(index);
    worker.clear();
    worker.defined.set(defined);
    worker.port = port;
    worker.link = link;
    this.move(worker, 'STARTING');
  }

  /** The workers in `state`, in no order that matters. The list itself, not a copy: read it, do not keep it. */
  list(state: WorkerState): readonly WorkerRecord[] {
    return this.lists[state];
  }

  /** The only way a worker changes state. The last of its old list takes its place there. */
  move(worker: WorkerRecord, state: WorkerState): void {
    if (worker.state === state) return;
    const from = this.lists[worker.state];
    const last = from.pop();
    if (last !== undefined && last !== worker) {
      from[worker.place] = last;
      last.place = worker.place;
    }
    worker.state = state;
    worker.place = this.lists[state].push(worker) - 1;
  }

  /** How many of the workers that are IDLE may be started. */
  get places(): number {
    return Math.max(0, this.lists.IDLE.length - (this.workers.length - this.max));
  }

  /** True while some worker has sessions, or may have some later. */
  hasHope(): boolean {
    return this.lists.IDLE.length + this.lists.DOWN.length < this.workers.length;
  }

  /** Sum over the workers that run or come back. `field` is one of their per-group counts. */
  total(field: 'defined' | 'ready' | 'reserved', group: number): number {
    let sum = 0;
    for (const worker of this.workers) sum += worker[field][group] ?? 0;
    return sum;
  }
}
