import { type LinkState, SESSION_STATES, type SessionState, type WorkerCounters } from '../channel/messages.js';
import type { HostLinkConfig } from '../config/model.js';
import type { Directory, WorkerState } from '../dispatch/directory.js';
import type { DispatchCounters } from '../dispatch/dispatch-counters.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { ServiceStats } from '../dispatch/service-counters.js';
import type { LinkHold, LinkOperator } from '../supervisor/link-operator.js';
import { sessionsOf } from '../supervisor/link-pool.js';
import type { ScalingCounters } from '../supervisor/scaling.js';
import type { WorkerSeat } from '../supervisor/worker-seat.js';
import type { HeldSessions, HeldStats } from './held-sessions.js';
import type { SessionProgress } from './readiness.js';

/** DRAINING: it takes no new calls and finishes those it has. STOPPING: what waits has ended, the sessions are being ended. */
export type RuntimeState = 'RUNNING' | 'DRAINING' | 'STOPPING' | 'STOPPED';

/** What a drain has to wait for. */
export interface WorkLeft {
  /** Calls that wait or run, what runs on held sessions included. */
  readonly calls: number;
  /** Sessions that programs hold. */
  readonly held: number;
}

export type SessionCounts = Readonly<Record<SessionState, number>>;

export interface WorkerStats {
  readonly id: number;
  readonly state: WorkerState;
  /** Name of its link; '' while it has none. */
  readonly link: string;
  /** Why it is not READY; '' when it is. */
  readonly reason: string;
  readonly restarts: number;
  /** Sessions promised to calls now. */
  readonly reserved: number;
  /** Of its thread, at its last sign of life. */
  readonly heapBytes: number;
  /** Of its thread, at its last sign of life; null before the first. */
  readonly counters: WorkerCounters | null;
}

export interface LinkStats {
  readonly name: string;
  /** The worker that owns it; null when none does. */
  readonly worker: number | null;
  readonly state: LinkState;
  /** Why it is not ACTIVE; '' when it is. */
  readonly reason: string;
  /** What an operator has made of it: HELD takes no new calls, DRAINED has no worker until it is started; '' nothing. */
  readonly hold: LinkHold;
  /** Sessions that can carry calls. */
  readonly up: number;
  /** Sessions defined. */
  readonly total: number;
  readonly sessions: SessionCounts;
}

export interface GroupStats {
  readonly application: string;
  readonly sessionType: string;
  /** Sessions defined on the links of the running workers. */
  readonly sessions: number;
  /** Sessions that can carry calls. */
  readonly active: number;
  /** Sessions promised to calls now. */
  readonly reserved: number;
  /** Calls that wait for a session. */
  readonly waiting: number;
}

/** What the runtime is doing, as plain JSON. Times are ms, sizes bytes. */
export interface HostLinkStats {
  /** run: the id in the log lines of this run. */
  readonly server: {
    readonly name: string;
    readonly run: string;
    readonly state: RuntimeState;
    readonly pid: number;
    readonly upMs: number;
    /** An operator lets no service take new calls. */
    readonly isHeld: boolean;
    readonly left: WorkLeft;
  };
  readonly workers: readonly WorkerStats[];
  readonly links: readonly LinkStats[];
  /** Over all links. */
  readonly sessions: SessionProgress & { readonly byState: SessionCounts };
  readonly groups: readonly GroupStats[];
  /** isHeld: an operator lets it take no new calls. */
  readonly services: readonly (ServiceStats & { readonly isHeld: boolean })[];
  /** Calls that wait now, and counters since the start. */
  readonly dispatch: DispatchCounters & { readonly waiting: number };
  /** Sessions that programs of this process hold, those held longest first, at most 100. */
  readonly held: readonly HeldStats[];
  /** Workers started and stopped because of the load, since the start. */
  readonly scaling: Readonly<ScalingCounters>;
}

const IS_UP: readonly boolean[] = SESSION_STATES.map((state) => ['ACTIVE', 'BUSY', 'LATE', 'OPEN'].includes(state));

function upOf(states: readonly number[]): number {
  return states.reduce((sum, count, at) => (IS_UP[at] ? sum + count : sum), 0);
}

function countsOf(states: readonly number[]): SessionCounts {
  return Object.fromEntries(SESSION_STATES.map((state, at) => [state, states[at] ?? 0])) as Record<
    SessionState,
    number
  >;
}

/** Sessions by state of a worker; without its word all those of its link are DOWN. */
function statesOf(seat: WorkerSeat | undefined, total: number): readonly number[] {
  return seat?.report?.states ?? [total];
}

/** Sessions up and defined, over the links that have a worker. */
export function progressOf(seats: readonly WorkerSeat[]): SessionProgress {
  let sessions = 0;
  let total = 0;
  for (const seat of seats) {
    if (seat.link !== undefined) total += sessionsOf(seat.link);
    if (seat.report !== undefined) sessions += upOf(seat.report.states);
  }
  return { sessions, total };
}

export interface StatsSources {
  readonly config: HostLinkConfig;
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly seats: readonly WorkerSeat[];
  readonly operator: Pick<LinkOperator, 'holdOf'>;
  readonly held: Pick<HeldSessions, 'stats' | 'size'>;
  readonly scaled: ScalingCounters;
}

/** Places beyond MAX are there for the day MAX is raised. */
function isShown(seat: WorkerSeat, directory: Directory): boolean {
  return seat.index < directory.max || directory.worker(seat.index).state !== 'IDLE';
}

function workerStats(seat: WorkerSeat, directory: Directory): WorkerStats {
  const worker = directory.worker(seat.index);
  return {
    id: seat.index,
    state: worker.state,
    link: seat.link?.name ?? '',
    reason: seat.reason,
    restarts: seat.restarts,
    reserved: worker.reservedTotal,
    heapBytes: seat.heapBytes,
    counters: seat.counters ?? null,
  };
}

function linkStats({ config, seats, operator }: StatsSources): LinkStats[] {
  return config.links.map((link) => {
    const seat = seats.find((one) => one.link === link);
    const total = sessionsOf(link);
    const states = statesOf(seat, total);
    return {
      name: link.name,
      worker: seat?.index ?? null,
      state: seat?.report?.link ?? 'DOWN',
      reason: seat === undefined ? 'no worker' : (seat.report?.reason ?? seat.reason),
      hold: operator.holdOf(link),
      up: upOf(states),
      total,
      sessions: countsOf(states),
    };
  });
}

function groupStats({ config, directory, dispatcher }: StatsSources): GroupStats[] {
  return config.groups.map(({ index, application, sessionType }) => ({
    application,
    sessionType,
    sessions: directory.total('defined', index),
    active: directory.total('ready', index),
    reserved: directory.total('reserved', index),
    waiting: dispatcher.waitingOf(index),
  }));
}

export function workLeft(dispatcher: Dispatcher, held: Pick<HeldSessions, 'size'>): WorkLeft {
  return { calls: dispatcher.wanted - held.size, held: held.size };
}

/** Put the picture together; costs a walk over workers and links, nothing on the call path. */
export function collectStats(sources: StatsSources, run: string, state: RuntimeState, upMs: number): HostLinkStats {
  const { config, directory, dispatcher, seats } = sources;
  const links = linkStats(sources);
  const byState = SESSION_STATES.map((name) => links.reduce((sum, link) => sum + link.sessions[name], 0));
  return {
    server: {
      name: config.server.name,
      run,
      state,
      pid: process.pid,
      upMs: Math.round(upMs),
      isHeld: dispatcher.holds.isServerHeld,
      left: workLeft(dispatcher, sources.held),
    },
    workers: seats.filter((seat) => isShown(seat, directory)).map((seat) => workerStats(seat, directory)),
    links,
    sessions: { ...progressOf(seats), byState: countsOf(byState) },
    groups: groupStats(sources),
    services: dispatcher.services.map((service, at) => ({
      ...service.toStats(),
      isHeld: dispatcher.holds.services[at] !== 0,
    })),
    dispatch: { waiting: dispatcher.waiting, ...dispatcher.counters },
    held: sources.held.stats(),
    scaling: { ...sources.scaled },
  };
}
