import type { Directory, WorkerRecord } from './directory.js';
import type { LuSeat } from './lu-seats.js';
import type { Request } from './request-table.js';
import type { WaitingRoom } from './waiting-room.js';

/**
 * Requests that name their LU. They go to the worker that has its link, those of a dedicate LU one after another in their
 * order of arrival, and wait while no worker has it. Those for an LU of a pool wait for the link as well: the worker does
 * not keep them, it would only tell them to come back later.
 */
export class LuDispatch {
  private readonly directory: Directory;
  private readonly room: WaitingRoom;
  private readonly give: (request: Request, worker: WorkerRecord) => void;
  private readonly waiting = new Set<LuSeat>();

  constructor(directory: Directory, room: WaitingRoom, give: (request: Request, worker: WorkerRecord) => void) {
    this.directory = directory;
    this.room = room;
    this.give = give;
  }

  /** The worker for a request of `seat` whose turn it is; none while others wait, or its link has no worker. */
  pick(seat: LuSeat): WorkerRecord | undefined {
    if (seat.queue.size > 0 || !seat.isFree) return undefined;
    const worker = this.workerOf(seat);
    // One that has not said a word may be about to bring its link up.
    return worker?.state === 'STARTING' && !seat.isDedicated ? undefined : worker;
  }

  /** A request of this seat came to wait. */
  enter(seat: LuSeat): void {
    this.waiting.add(seat);
  }

  /** Something changed: whoever can go now goes. */
  drain(): void {
    if (this.waiting.size === 0) return;
    for (const seat of this.waiting) {
      const found = this.workerOf(seat);
      const worker = found?.state === 'READY' || seat.isDedicated ? found : undefined;
      for (let first = seat.queue.first; worker && first && seat.isFree; first = seat.queue.first) {
        this.room.leave(first);
        this.give(first, worker);
      }
      if (seat.queue.size === 0) this.waiting.delete(seat);
    }
  }

  /** Those that wait, over all LUs. */
  *requests(): IterableIterator<Request> {
    for (const seat of this.waiting) yield* [...seat.queue];
  }

  /** Hot path: a plain loop, as `find` would make a closure per call. */
  private workerOf(seat: LuSeat): WorkerRecord | undefined {
    for (const one of this.directory.workers) {
      if (one.link !== seat.link || one.port === undefined) continue;
      if (one.state !== 'DRAINING' && one.state !== 'HELD') return one;
    }
    return undefined;
  }
}
