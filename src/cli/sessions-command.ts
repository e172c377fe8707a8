import { Option } from 'commander';
import { SESSION_STATES, type SessionState } from '../channel/messages.js';
import { ControlClient } from '../control/client.js';
import type { SessionInfo } from '../gateway/host-link.js';
import { type CliIo, print, printJson } from './io.js';
import { type Commands, type ControlOptions, controlPath, withControl } from './run-command.js';
import { type Style, styleOf } from './style.js';
import { countText, tableLines } from './table.js';
import { watching } from './watching.js';

export interface SessionsOptions extends ControlOptions {
  readonly link?: string;
  readonly pu?: string;
  readonly lu?: string;
  readonly state?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

const right = (title: string) => ({ title, align: 'right' as const });
const left = (title: string) => ({ title });
const COLUMNS = [
  left('LINK'),
  left('PU'),
  left('LU'),
  right('ADDRESS'),
  left('STATE'),
  left('APPLICATION'),
  left('TYPE'),
  right('CALLS'),
  left('REASON'),
];
const IS_UP: ReadonlySet<SessionState> = new Set(['ACTIVE', 'BUSY', 'LATE', 'OPEN']);

/** Print the LU sessions of a running hostlink that fit; with `watch` again each second until a signal comes. */
export function runSessions(io: CliIo, options: SessionsOptions): Promise<number> {
  const client = new ControlClient(controlPath(options));
  return watching(io, options, async () => {
    const rows = chosen(await client.sessions(), options);
    if (options.json) printJson(io.out, rows);
    else for (const line of sessionLines(rows, styleOf(io, io.out))) print(io.out, line);
  });
}

/** Those that fit, by link, PU and local address. */
function chosen(rows: readonly SessionInfo[], { link, pu, lu, state }: SessionsOptions): SessionInfo[] {
  const fits = (row: SessionInfo) =>
    (link === undefined || row.link === link) &&
    (pu === undefined || row.pu === pu) &&
    (lu === undefined || row.lu === lu) &&
    (state === undefined || row.state === state);
  return rows
    .filter(fits)
    .sort((a, b) => compare(a.link, b.link) || compare(a.pu, b.pu) || a.localAddress - b.localAddress);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sessionLines(rows: readonly SessionInfo[], style: Style): string[] {
  const cells = rows.map((row) => [
    row.link,
    row.pu,
    row.lu,
    String(row.localAddress),
    IS_UP.has(row.state) ? style.green(row.state) : style.yellow(row.state),
    row.application,
    row.sessionType === '' ? '-' : row.sessionType,
    countText(row.calls),
    row.reason,
  ]);
  return [...tableLines(COLUMNS, cells), '', summary(rows)];
}

/** Such as '5 sessions, 4 up: ACTIVE 4, HELD 1'. */
function summary(rows: readonly SessionInfo[]): string {
  const counts = SESSION_STATES.map((state) => ({ state, count: rows.filter((row) => row.state === state).length }));
  const up = rows.filter((row) => IS_UP.has(row.state)).length;
  const states = counts.filter(({ count }) => count > 0).map(({ state, count }) => `${state} ${countText(count)}`);
  return `${countText(rows.length)} sessions, ${countText(up)} up${states.length > 0 ? ': ' : ''}${states.join(', ')}`;
}

export function addSessionsCommand({ io, program, run }: Commands): void {
  withControl(program.command('sessions').description('every LU session of a running hostlink'))
    .option('--link <name>', 'of this link only')
    .option('--pu <name>', 'of this PU only')
    .option('--lu <name>', 'this LU only')
    .addOption(new Option('--state <state>', 'in this state only').choices(SESSION_STATES))
    .option('--watch', 'again each second')
    .option('--json', 'print the sessions as JSON')
    .action((options: SessionsOptions) => run(() => runSessions(io, options), options.json));
}
