import type { HostLinkError } from '../base/errors.js';
import type { WorkerRecord } from './directory.js';
import type { LuSeat } from './lu-seats.js';

/**
 * Where a request is. ABANDONED: its caller has been answered, its worker has not answered yet. HELD: it opened a session
 * that its caller keeps. ENDING: its caller's time is up, the worker is asked whether anything was sent.
 */
export const REQUEST_STATE = { free: 0, waiting: 1, atWorker: 2, abandoned: 3, held: 4, ending: 5 } as const;
export type RequestState = (typeof REQUEST_STATE)[keyof typeof REQUEST_STATE];

const SLOT_BITS = 20;
const GENERATION_MAX = (1 << (31 - SLOT_BITS)) - 1;

/** Most requests at once. */
export const REQUESTS_MAX = 1 << SLOT_BITS;

/** The slot of a request id: stable while the request lives, small enough to index an array with. */
export function slotOf(id: number): number {
  return id & (REQUESTS_MAX - 1);
}

export const NO_PAYLOAD = new Uint8Array(0);

/** One request, in a slot that is used again. All fields keep their kind, so that the call path stays on one shape. */
export class Request {
  readonly slot: number;
  /** Slot and generation, 31 bits: an answer to an earlier user of the slot does not match. */
  id: number;
  state: RequestState = REQUEST_STATE.free;
  service = 0;
  group = 0;
  payload: Uint8Array = NO_PAYLOAD;
  /** Order of arrival, over all groups. */
  arrival = 0;
  startMs = 0.5;
  deadlineMs = 0.5;
  worker: WorkerRecord | undefined = undefined;
  /** The LU it names; undefined for any session of its group. */
  seat: LuSeat | undefined = undefined;
  /** What it asks for beside a call, see channel/messages: 0, OPEN_TARGET, or an operation on a held session. */
  verb = 0;
  /** ENDING: what its caller will be told. */
  ending: HostLinkError | undefined = undefined;
  /** Workers that refused it since it last waited. */
  tried: Set<WorkerRecord> | undefined = undefined;
  isRetried = false;
  /** Neighbours in the wait queue. */
  before: Request | undefined = undefined;
  behind: Request | undefined = undefined;

  constructor(slot: number) {
    this.slot = slot;
    this.id = slot;
  }
}

/** All requests that live, by slot. Freed slots are used again, last freed first, under a new id. */
export class RequestTable {
  private readonly requests: Request[] = [];
  private readonly free: Request[] = [];
  private arrivals = 0;
  private abandoned = 0;
  private onNoneWanted: (() => void) | undefined;

  /** Requests that live. */
  get size(): number {
    return this.requests.length - this.free.length;
  }

  /** Of these, the requests whose caller has not left. */
  get wanted(): number {
    return this.size - this.abandoned;
  }

  /** Call `fire` once when nobody waits for any request: now, or as soon as it is so. */
  whenNoneWanted(fire: () => void): void {
    this.onNoneWanted = fire;
    this.checkWanted();
  }

  /** The caller of a request left; its worker has yet to answer. */
  abandon(request: Request): void {
    request.state = REQUEST_STATE.abandoned;
    this.abandoned += 1;
    if (this.onNoneWanted !== undefined) this.checkWanted();
  }

  /** A request of its own for the caller, or undefined when there are REQUESTS_MAX. */
  take(): Request | undefined {
    let request = this.free.pop();
    if (request === undefined) {
      if (this.requests.length === REQUESTS_MAX) return undefined;
      request = new Request(this.requests.length);
      this.requests.push(request);
    }
    this.arrivals += 1;
    request.arrival = this.arrivals;
    return request;
  }

  /** End of a request: nobody may use its id any more. */
  release(request: Request): void {
    const generation = request.id >>> SLOT_BITS;
    if (request.state === REQUEST_STATE.abandoned) this.abandoned -= 1;
    request.id = ((generation === GENERATION_MAX ? 0 : generation + 1) << SLOT_BITS) | request.slot;
    request.state = REQUEST_STATE.free;
    request.payload = NO_PAYLOAD;
    request.worker = undefined;
    request.seat = undefined;
    request.tried = undefined;
    request.ending = undefined;
    request.verb = 0;
    request.isRetried = false;
    this.free.push(request);
    if (this.onNoneWanted !== undefined) this.checkWanted();
  }

  /** The living request with this id. */
  find(id: number): Request | undefined {
    const request = this.requests[slotOf(id)];
    return request !== undefined && request.id === id && request.state !== REQUEST_STATE.free ? request : undefined;
  }

  /** The request in a slot, living or not. */
  at(slot: number): Request | undefined {
    return this.requests[slot];
  }

  /** All living requests at `worker`, in order of arrival. For the day a worker is lost. */
  ofWorker(worker: WorkerRecord): Request[] {
    return this.requests.filter((request) => request.worker === worker).sort((a, b) => a.arrival - b.arrival);
  }

  private checkWanted(): void {
    if (this.wanted > 0) return;
    const fire = this.onNoneWanted;
    this.onNoneWanted = undefined;
    fire?.();
  }
}
