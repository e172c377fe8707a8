import type { Clock } from '../base/clock.js';
import type { HostLinkError } from '../base/errors.js';
import type { ServiceConfig } from '../config/model.js';
import type { Directory } from './directory.js';

/** Where results go, one call per request, never from within `submit`. `slot` is slotOf(id). */
export interface ResultSink {
  /** The reply is `bytes[from, to)`, a part of the block of its tick. */
  reply(slot: number, bytes: Buffer, from: number, to: number): void;
  fail(slot: number, error: HostLinkError): void;
  /** The session of an LU is kept; `reply` or `fail` follows at its end. */
  opened?(slot: number, lu: string, worker: number): void;
}

export interface DispatcherOptions {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly groups: number;
  readonly services: readonly ServiceConfig[];
  /** Most waiting requests per group; -1: WAITING_MAX. */
  readonly maxqcount: number;
  /** Most calls and held sessions of one LU at once, waiting ones included; 0 no limit. */
  readonly instanceMax?: number;
  /** How long a caller whose time is up waits for the worker's word on whether anything was sent; 0, the default: not. */
  readonly wordMs?: number;
  readonly sink: ResultSink;
  /** A request had to wait: a chance to start another worker. @param waiting over all groups */
  readonly onWaiting?: (waiting: number) => void;
}
