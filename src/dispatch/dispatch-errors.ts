import { type ErrorRecord, HostLinkError } from '../base/errors.js';
import { HELD_RECEIVE, OPEN_TARGET } from '../channel/messages.js';
import type { Directory } from './directory.js';
import type { Request } from './request-table.js';

/** Why calls that wait may end all at once. */
export type NotSentCode = 'SERVICE_UNAVAILABLE' | 'RUNTIME_STOPPED' | 'QUEUE_PURGED';

/** The error of a call that is not sent. @param sent maybe: it is an idempotent one that an earlier try may have sent */
export function notSent(code: NotSentCode, service: string, sent: 'no' | 'maybe' = 'no'): HostLinkError {
  return new HostLinkError(code, '', { service, sent });
}

/** What an operator asks for when calls wait: the sessions of one group, over all workers that run or come back. */
interface SessionNumbers {
  /** Defined. */
  readonly sessions: number;
  /** Can carry calls. */
  readonly active: number;
  /** Of those, promised to nobody. */
  readonly free: number;
  readonly down: number;
}

function sessionNumbers(group: number, directory: Directory): SessionNumbers {
  const sessions = directory.total('defined', group);
  const active = directory.total('ready', group);
  const free = Math.max(0, active - directory.total('reserved', group));
  return { sessions, active, free, down: Math.max(0, sessions - active) };
}

function sentence({ sessions, active, free, down }: SessionNumbers, waiting: number): string {
  return `${sessions} sessions: ${active} active, ${free} free, ${down} down; ${waiting} calls waiting`;
}

/** QUEUE_FULL with the numbers: of the sessions of this group, and of those who wait. */
export function queueFull(
  service: string,
  group: number,
  waiting: number,
  maxqcount: number,
  directory: Directory,
): HostLinkError {
  const numbers = sessionNumbers(group, directory);
  const note = `${sentence(numbers, waiting)}, at most ${maxqcount} may.`;
  return new HostLinkError('QUEUE_FULL', note, { service, ...numbers, waiting, maxqcount, sent: 'no' });
}

/** SESSION_WAIT_TIMEOUT with the numbers: of the sessions of this group, and who else waits. */
export function waitTimeout(service: string, request: Request, waiting: number, directory: Directory): HostLinkError {
  const numbers = sessionNumbers(request.group, directory);
  const note = `${sentence(numbers, waiting)}.`;
  const sent = request.isRetried ? 'maybe' : 'no';
  return new HostLinkError('SESSION_WAIT_TIMEOUT', note, { service, ...numbers, waiting, sent });
}

/** CALL_TIMEOUT of a request that is at a worker. */
export function callTimeout(service: string, request: Request, nowMs: number): HostLinkError {
  const sent = isNothingSent(request.verb) ? 'no' : 'maybe';
  const elapsedMs = Math.round(nowMs - request.startMs);
  return new HostLinkError('CALL_TIMEOUT', '', { service, sent, elapsedMs, worker: request.worker?.index });
}

/** A held session is gone. */
export function holdLost(reason: string): HostLinkError {
  return new HostLinkError('SESSION_LOST', `(${reason})`, { reason, sent: 'no' });
}

/** The thread is gone, and with it whatever it knew of the request. */
export function workerLost(service: string, worker: number): HostLinkError {
  return new HostLinkError('OUTCOME_UNKNOWN', '', { service, sent: 'maybe', reason: 'worker lost', worker });
}

/** The error in an answer of a worker. */
export function errorIn(bytes: Buffer, from: number, to: number): HostLinkError {
  return HostLinkError.fromRecord(JSON.parse(bytes.toString('utf8', from, to)) as ErrorRecord);
}

/** Opening and receiving send nothing to the host. */
export function isNothingSent(verb: number): boolean {
  return verb === OPEN_TARGET || verb >= HELD_RECEIVE;
}

/** Of a request that waits: one of an idempotent service may have been sent by a worker that was lost. */
export function sentBefore(request: Request): 'no' | 'maybe' {
  return request.isRetried ? 'maybe' : 'no';
}
