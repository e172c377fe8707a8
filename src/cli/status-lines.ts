import { SESSION_STATES } from '../channel/messages.js';
import type { ControlStatus } from '../control/status.js';
import type { HostLinkStats, LinkStats } from '../gateway/stats.js';
import type { Style } from './style.js';
import { countText, durationText, tableLines } from './table.js';

const right = (title: string) => ({ title, align: 'right' as const });
const left = (title: string) => ({ title });
const MEGABYTE = 1_048_576;
/** Groups of sessions that are not up, at most: more would push the rest off the screen. */
const NOT_UP_SHOWN = 20;

/** Statistics as tables for people. */
export function statusLines(stats: ControlStatus, style: Style): string[] {
  const { server, sessions, dispatch } = stats;
  const up = `up ${durationText(server.upMs)}, process ${server.pid}`;
  return [
    `${style.bold(server.name)} ${server.state}${server.isHeld ? ', HELD by the operator' : ''}, ${up}, ${sessions.sessions} of ${sessions.total} sessions`,
    `queue: ${dispatch.waiting} waiting now; since the start ${countText(dispatch.queued)} queued, ` +
      `${countText(dispatch.forwarded)} forwarded, ${countText(dispatch.queueFull)} turned away`,
    '',
    ...workerLines(stats, style),
    '',
    ...linkLines(stats, style),
    '',
    ...notUpLines(stats, style),
    ...groupLines(stats),
    '',
    ...serviceLines(stats),
  ];
}

function workerLines({ workers }: HostLinkStats, style: Style): string[] {
  const columns = [
    left('WORKER'),
    left('STATE'),
    left('LINK'),
    right('RESERVED'),
    right('REPLIES'),
    right('RESTARTS'),
    right('HEAP MB'),
    left('REASON'),
  ];
  const rows = workers.map((worker) => [
    String(worker.id),
    paint(worker.state, worker.state === 'READY', style),
    worker.link,
    countText(worker.reserved),
    countText(worker.counters?.replies ?? 0),
    countText(worker.restarts),
    (worker.heapBytes / MEGABYTE).toFixed(1),
    worker.reason,
  ]);
  return tableLines(columns, rows);
}

/** Sessions by state: only states that some session is in get a column. */
function linkLines({ links }: HostLinkStats, style: Style): string[] {
  const states = SESSION_STATES.filter((state) => links.some((link) => link.sessions[state] > 0));
  const columns = [left('LINK'), left('STATE'), right('UP'), right('OF'), ...states.map(right), left('REASON')];
  const row = (link: LinkStats) => [
    link.name,
    paint(link.state, link.state === 'ACTIVE', style),
    String(link.up),
    String(link.total),
    ...states.map((state) => String(link.sessions[state])),
    link.hold === '' ? link.reason : `${link.hold} by the operator`,
  ];
  return tableLines(columns, links.map(row));
}

/** Why sessions are not up, the largest groups; nothing when all are. With the blank line behind it. */
function notUpLines({ notUp }: ControlStatus, style: Style): string[] {
  if (notUp.length === 0) return [];
  const columns = [left('LINK'), left('STATE'), right('SESSIONS'), left('LUS'), left('REASON')];
  const rows = notUp.slice(0, NOT_UP_SHOWN).map(({ link, state, sessions, lus, reason }) => {
    const unnamed = sessions - lus.length;
    const names = unnamed > 0 && lus.length > 0 ? `${lus.join(', ')} and ${countText(unnamed)} more` : lus.join(', ');
    return [link, style.yellow(state), countText(sessions), names === '' ? '-' : names, reason === '' ? '-' : reason];
  });
  const rest = notUp.slice(NOT_UP_SHOWN);
  const restSessions = rest.reduce((sum, { sessions }) => sum + sessions, 0);
  const more = `and ${countText(rest.length)} more such groups of ${countText(restSessions)} sessions`;
  return [...tableLines(columns, rows), ...(rest.length > 0 ? [`${more}: hostlink sessions lists all`] : []), ''];
}

function groupLines({ groups }: HostLinkStats): string[] {
  const columns = [
    left('APPLICATION'),
    left('TYPE'),
    right('SESSIONS'),
    right('UP'),
    right('IN USE'),
    right('WAITING'),
  ];
  const rows = groups.map((group) => [
    group.application,
    group.sessionType === '' ? '-' : group.sessionType,
    countText(group.sessions),
    countText(group.active),
    countText(group.reserved),
    countText(group.waiting),
  ]);
  return tableLines(columns, rows);
}

function serviceLines({ services }: HostLinkStats): string[] {
  const titles = ['COUNT', 'FAILED', 'AVERAGE', 'MAX', 'WAITING', 'QUEUED', 'FORWARDED'];
  const rows = services.map((service) => [
    service.isHeld ? `${service.name} (HELD)` : service.name,
    countText(service.count),
    countText(service.fail),
    service.count === 0 ? '-' : durationText(service.averageMs),
    service.count === 0 ? '-' : durationText(service.maxMs),
    countText(service.waiting),
    countText(service.queued),
    countText(service.forwarded),
  ]);
  return tableLines([left('SERVICE'), ...titles.map(right)], rows);
}

function paint(text: string, isGood: boolean, style: Style): string {
  return isGood ? style.green(text) : style.yellow(text);
}
