import type { SessionState } from '../channel/messages.js';
import type { HostLink, SessionInfo } from '../gateway/host-link.js';
import type { HostLinkStats, LinkStats } from '../gateway/stats.js';

/** LU sessions of one link that cannot carry calls, for one and the same reason. */
export interface NotUp {
  readonly link: string;
  readonly state: SessionState;
  /** What last went wrong with them, or with their link, in words; '' when nothing did, as on the way up. */
  readonly reason: string;
  /** How many they are. */
  readonly sessions: number;
  /** The names of the first LUS_NAMED of them; none where their worker did not answer. */
  readonly lus: readonly string[];
}

/** What GET /status answers: the statistics, and which sessions of the links with a worker are not up, most first. */
export interface ControlStatus extends HostLinkStats {
  readonly notUp: readonly NotUp[];
}

/** LUs named per group: all of them are what GET /sessions is for. */
export const LUS_NAMED = 3;
/** A worker that has not answered by then is shown without its LUs, so that one that hangs does not hold up the others. */
const ANSWER_MS = 1000;
const NOT_UP: ReadonlySet<SessionState> = new Set([
  'DOWN',
  'READY_TO_INIT',
  'INIT_PENDING',
  'QUEUED_AT_HOST',
  'PENDING_ACTIVE',
  'RETRY',
  'CLOSING',
  'HELD',
]);
const NO_ANSWER = 'its worker does not answer';

/** Statistics, and the reasons behind them: one question to each worker. */
export async function collectStatus(runtime: Pick<HostLink, 'stats' | 'sessions'>): Promise<ControlStatus> {
  const rows = await runtime.sessions({ timeoutMs: ANSWER_MS });
  const stats = runtime.stats();
  return { ...stats, notUp: notUpOf(stats.links, rows) };
}

/**
 * Sessions that are not up, by link, state and reason, most first.
 * @param rows of the workers that answered; of the others the counts of their links are told
 */
export function notUpOf(links: readonly LinkStats[], rows: readonly SessionInfo[]): NotUp[] {
  const groups = new Map<string, NotUp & { sessions: number; lus: string[] }>();
  const reasons = new Map(links.map((one) => [one.name, one.reason]));
  for (const { link, state, reason: own, lu } of rows) {
    if (!NOT_UP.has(state)) continue;
    const reason = own === '' && state === 'DOWN' ? (reasons.get(link) ?? '') : own;
    const key = [link, state, reason].join('\n');
    const group = groups.get(key) ?? { link, state, reason, sessions: 0, lus: [] };
    groups.set(key, group);
    group.sessions += 1;
    if (group.lus.length < LUS_NAMED) group.lus.push(lu);
  }
  const answered = new Set(rows.map(({ link }) => link));
  const silent = links.filter(({ name, worker }) => worker !== null && !answered.has(name)).flatMap(countedOnly);
  return [...groups.values(), ...silent].sort((a, b) => b.sessions - a.sessions || compare(a.link, b.link));
}

/** What is known without the word of the worker: its last counts, or that it has none. */
function countedOnly({ name: link, reason, sessions: counts }: LinkStats): NotUp[] {
  const found = Object.entries(counts) as [SessionState, number][];
  return found
    .filter(([state, count]) => count > 0 && NOT_UP.has(state))
    .map(([state, sessions]) => ({ link, state, reason: reason || NO_ANSWER, sessions, lus: [] }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
