import { ANSWER_STATUS } from '../../src/channel/blocks.js';
import type { LuSeat } from '../../src/dispatch/lu-seats.js';
import type { Call } from './routing-scene.js';
import type { FakeAnswer, RoutingWorker } from './routing-worker.js';

/** between: the dispatcher is deciding about it right now. */
export type Place = 'between' | 'waiting' | 'atWorker' | 'done';

/** One request of the routing model. */
export interface Entry {
  readonly tag: number;
  readonly call: Call;
  readonly service: number;
  readonly group: number;
  /** Of the one LU it is tied to. */
  readonly seat: LuSeat | undefined;
  readonly dueMs: number;
  id: number;
  place: Place;
  worker: RoutingWorker | undefined;
  wasGiven: boolean;
  /** Its caller has the result. */
  isEnded: boolean;
  code: string;
  cancels: number;
  /** Times its bytes left for the host. */
  sent: number;
}

/** Do they wait in the same queue: for the same LU, or for any session of the same group? */
export function isSameQueue(one: Entry, other: Entry): boolean {
  return one.seat === other.seat && (one.seat !== undefined || one.group === other.group);
}

/** Is a pool session promised to it while it is at a worker? */
export function isPromised({ seat }: Entry): boolean {
  return seat === undefined || !seat.isDedicated;
}

/** The request was certainly not sent, so it is placed again. */
export function isUnsent({ status, code }: Pick<FakeAnswer, 'status' | 'code'>): boolean {
  return status === ANSWER_STATUS.refused || code === 'SESSION_LOST';
}

/** As it travels in a block. */
export function bytesOf({ tag, status, code }: FakeAnswer): Buffer {
  if (status === ANSWER_STATUS.failed) return Buffer.from(JSON.stringify({ code, message: code, details: {} }));
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(tag);
  return bytes;
}
