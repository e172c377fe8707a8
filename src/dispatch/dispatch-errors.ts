import { HostLinkError } from '../base/errors.js';
import type { Directory } from './directory.js';
import type { Request } from './request-table.js';

/** Why calls that wait may end all at once. */
export type NotSentCode = 'SERVICE_UNAVAILABLE' | 'RUNTIME_STOPPED' | 'QUEUE_PURGED';

/** The error of a call that was not sent. */
export function notSent(code: NotSentCode, service: string): HostLinkError {
  return new HostLinkError(code, '', { service, sent: 'no' });
}

/** QUEUE_FULL with the numbers. */
export function queueFull(service: string, waiting: number, maxqcount: number): HostLinkError {
  return new HostLinkError('QUEUE_FULL', '', { service, waiting, maxqcount, sent: 'no' });
}

/** SESSION_WAIT_TIMEOUT with the numbers an operator asks for: of the sessions of this group, and who else waits. */
export function waitTimeout(service: string, group: number, waiting: number, directory: Directory): HostLinkError {
  const sessions = directory.total('defined', group);
  const active = directory.total('ready', group);
  const free = Math.max(0, active - directory.total('reserved', group));
  const down = Math.max(0, sessions - active);
  const note = `${sessions} sessions: ${active} active, ${free} free, ${down} down; ${waiting} calls waiting.`;
  return new HostLinkError('SESSION_WAIT_TIMEOUT', note, {
    service,
    sessions,
    active,
    free,
    down,
    waiting,
    sent: 'no',
  });
}

/** CALL_TIMEOUT of a request that is at a worker. */
export function callTimeout(service: string, request: Request, nowMs: number): HostLinkError {
  const elapsedMs = Math.round(nowMs - request.startMs);
  return new HostLinkError('CALL_TIMEOUT', '', { service, sent: 'maybe', elapsedMs, worker: request.worker?.index });
}

/** The thread is gone, and with it whatever it knew of the request. */
export function workerLost(service: string, worker: number): HostLinkError {
  return new HostLinkError('OUTCOME_UNKNOWN', '', { service, sent: 'maybe', reason: 'worker lost', worker });
}
