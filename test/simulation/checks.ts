import { HELD_CALL, type SessionState } from '../../src/channel/messages.js';
import { WORKER_STATES } from '../../src/dispatch/directory.js';
import { REQUEST_STATE, type Request } from '../../src/dispatch/request-table.js';
import type { SessionTable } from '../../src/link/session-table.js';
import { listsOf, type RuntimeInsides, requestsOf, tableInsides } from './insides.js';

/** Each looks at one thing that must always be so. @returns what is wrong, undefined when nothing is */
export type Check = string | undefined;

const IS_UP: ReadonlySet<string> = new Set(['ACTIVE', 'BUSY', 'LATE', 'OPEN']);

/** Every session of a link is in one list, that of its state, and the counts are what the lists hold. */
export function checkTable(table: SessionTable): Check {
  const { lists, free } = tableInsides(table);
  const seen = new Set<unknown>();
  const sizes: Record<string, number> = {};
  const ready = table.ready.map(() => 0);
  for (const list of [...Object.values(lists), ...free]) {
    let size = 0;
    for (let session = list.head; session !== undefined; session = session.next) {
      const { name: lu, group } = session.config;
      if (seen.has(session)) return `${lu} is in two lists, one of them ${list.state}`;
      seen.add(session);
      size += 1;
      if (session.list !== list) return `${lu} is in the list ${list.state} and says ${session.state}`;
      if (IS_UP.has(list.state) && session.isPooled) ready[group]! += 1;
      if (size > table.sessions.length) return `the list ${list.state} does not end`;
    }
    if (size !== list.size) return `the list ${list.state} holds ${size} sessions and says ${list.size}`;
    sizes[list.state] = (sizes[list.state] ?? 0) + size;
  }
  for (const session of table.sessions) if (!seen.has(session)) return `${session.config.name} is in no list`;
  for (const [state, size] of Object.entries(sizes)) {
    const count = table.count(state as SessionState);
    if (count !== size) return `${size} sessions are ${state}, ${count} are counted`;
  }
  const wrong = ready.findIndex((count, group) => count !== table.ready[group]);
  return wrong < 0
    ? undefined
    : `group ${wrong}: ${ready[wrong]} sessions are usable, ${table.ready[wrong]} are counted`;
}

/** Every worker is in one list of the directory, that of its state. */
export function checkDirectory({ directory }: RuntimeInsides): Check {
  const lists = listsOf(directory);
  const seen = new Set<unknown>();
  for (const state of WORKER_STATES) {
    for (const worker of lists[state]) {
      if (seen.has(worker)) return `worker ${worker.index} is in two lists, one of them ${state}`;
      seen.add(worker);
      if (worker.state !== state) return `worker ${worker.index} is in the list ${state} and says ${worker.state}`;
    }
  }
  return seen.size === directory.workers.length
    ? undefined
    : `${seen.size} of ${directory.workers.length} workers are listed`;
}

/** Does the request take a session of the pool, or of one LU? */
function isReserving(request: Request): boolean {
  const { state, verb } = request;
  return state !== REQUEST_STATE.free && state !== REQUEST_STATE.waiting && verb < HELD_CALL;
}

/** What workers are said to have promised is what requests have been promised. */
export function checkReservations({ directory, dispatcher }: RuntimeInsides): Check {
  const totals = directory.workers.map(() => 0);
  const groups = directory.workers.map((worker) => new Int32Array(worker.reserved.length));
  const running = new Map<Request['seat'], number>();
  for (const request of requestsOf(dispatcher)) {
    const { seat } = request;
    if (seat !== undefined) running.set(seat, running.get(seat) ?? 0);
    if (!isReserving(request)) continue;
    if (request.worker === undefined) return `request ${request.id} is at no worker`;
    totals[request.worker.index]! += 1;
    if (seat === undefined || !seat.isDedicated) groups[request.worker.index]![request.group]! += 1;
    if (seat !== undefined) running.set(seat, running.get(seat)! + 1);
  }
  for (const worker of directory.workers) {
    const { index, reservedTotal, reserved } = worker;
    if (reservedTotal !== totals[index]) {
      return `worker ${index} has ${reservedTotal} sessions promised and ${totals[index]} requests`;
    }
    const group = reserved.findIndex((count, at) => count !== groups[index]![at]);
    if (group >= 0) {
      return `worker ${index} has ${reserved[group]} sessions of group ${group} promised, ${groups[index]![group]} requests have them`;
    }
  }
  for (const [seat, count] of running) {
    if (seat!.running !== count) return `${seat!.name} is said to have ${seat!.running} requests, and has ${count}`;
  }
  return undefined;
}
