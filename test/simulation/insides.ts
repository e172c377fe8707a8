import type { SessionState } from '../../src/channel/messages.js';
import type { Directory, WorkerRecord, WorkerState } from '../../src/dispatch/directory.js';
import type { Dispatcher } from '../../src/dispatch/dispatcher.js';
import type { Request, RequestTable } from '../../src/dispatch/request-table.js';
import type { Calls } from '../../src/gateway/calls.js';
import type { HostLink } from '../../src/gateway/host-link.js';
import type { SessionList, SessionTable } from '../../src/link/session-table.js';
import type { Supervisor } from '../../src/supervisor/supervisor.js';

/** The parts of a runtime that callers do not see and checkers look at. */
export interface RuntimeInsides {
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly supervisor: Supervisor;
  readonly calls: Calls;
}

export function insidesOf(runtime: HostLink): RuntimeInsides {
  return runtime as unknown as RuntimeInsides;
}

/** All slots of the dispatcher, those of requests that live and the free ones. */
export function requestsOf(dispatcher: Dispatcher): readonly Request[] {
  const { requests } = dispatcher as unknown as { requests: RequestTable };
  return (requests as unknown as { requests: readonly Request[] }).requests;
}

export interface TableInsides {
  readonly lists: Readonly<Record<SessionState, SessionList>>;
  readonly free: readonly SessionList[];
}

export function tableInsides(table: SessionTable): TableInsides {
  return table as unknown as TableInsides;
}

export function listsOf(directory: Directory): Readonly<Record<WorkerState, readonly WorkerRecord[]>> {
  return (directory as unknown as { lists: Record<WorkerState, WorkerRecord[]> }).lists;
}
