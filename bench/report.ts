import { readFileSync, writeFileSync } from 'node:fs';
import type { CallsRow } from './calls.js';
import type { LoadResult } from './load.js';
import { measuresTable } from './measures.js';
import type { MicroResult } from './micro.js';
import type { OpenResult, OpenRound } from './open-loop.js';
import type { Figures } from './parts.js';
import type { Picture } from './plots.js';
import { microseconds, overloadOf } from './print.js';
import { RATIO_MIN, type RoutingCell, type RoutingResult } from './routing.js';
import type { ScalePoint, ScaleResult } from './scale.js';
import type { SharesResult } from './shares.js';
import { STAGES, type StagesRow } from './stages.js';

/** All that the bench found, and on what: the medians of the process runs, if there were several. */
export interface BenchReport extends Partial<Figures> {
  /** Short, with `+` when files had been changed since; `unknown` outside a checkout. */
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly payloadSize: number;
  /** Process runs that the figures are medians of; codecs and routing are of one. */
  readonly runs: number;
  /** Of several process runs; those of `measures` stand in each measure. */
  readonly lowest?: Partial<Figures>;
  readonly highest?: Partial<Figures>;
}

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** 235,601 (210,000 to 240,000) */
function spread(pick: (row: LoadResult) => number, [middle, low, high]: readonly (LoadResult | undefined)[]): string {
  const range = low && high ? ` (${count(pick(low))} to ${count(pick(high))})` : '';
  return `${count(pick(middle!))}${range}`;
}

function cells(...rows: readonly (LoadResult | undefined)[]): string {
  const { p50Ms, p99Ms } = rows[0]!;
  return `${spread(({ perSecond }) => perSecond, rows)} | ${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)}`;
}

function callsTable({ calls, lowest, highest }: BenchReport): string[] {
  const row = (each: CallsRow, at: number): string => {
    const [low, high] = [lowest?.calls?.rows[at], highest?.calls?.rows[at]];
    const columns = (['hostlink', 'piscina', 'tcp'] as const).map((side) =>
      cells(each[side], low?.[side], high?.[side]),
    );
    return `| ${each.inFlight} | ${columns.join(' | ')} | ${each.ratioToPiscina.toFixed(2)} | ${each.ratioToTcp.toFixed(2)} |`;
  };
  return [
    '| in flight | hostlink calls/s | p50 / p99 ms | piscina.run/s | p50 / p99 ms | TCP echo/s | p50 / p99 ms | x piscina | x TCP |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...calls!.rows.map(row),
    '',
    `${calls!.sessions} sessions were up after ${Math.round(calls!.bringUpMs)} ms, threads and all.`,
  ];
}

/** 5.00 (4.00 to 6.00) */
function between(middle: number | null, low: number | null | undefined, high: number | null | undefined): string {
  const range = typeof low === 'number' && typeof high === 'number' ? ` (${low.toFixed(2)} to ${high.toFixed(2)})` : '';
  return `${microseconds(middle)}${range}`;
}

const SHARES = ['hostUs', 'runtimeUs', 'supervisorUs', 'workersUs', 'otherUs'] as const;

function sharesTable({ rows, workers }: SharesResult, ends: readonly (SharesResult | undefined)[]): string[] {
  return [
    `CPU time of a call, user and system, in microseconds: the embedded host, and the runtime with its ${workers} workers. The supervisor's`,
    "thread has the bench's callers in it, the rest is collections and compiling. *Host alone* is what the host could do with a core to",
    'itself. Loop delay is how late timers fire under that load, p50 / p99 in ms: of the supervisor, and of the slowest worker.',
    '',
    '| in flight | calls/s | host | runtime | supervisor | workers | rest | host alone, calls/s | loop delay, supervisor | worker |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map((row, at) => {
      const [low, high] = ends.map((end) => end?.rows[at]);
      const most = row.hostMostPerSecond === null ? 'unknown' : count(row.hostMostPerSecond);
      const shares = SHARES.map((name) => between(row[name], low?.[name], high?.[name]));
      const delays = [row.supervisorDelay, row.workerDelay].map(
        (one) => `${one.p50Ms.toFixed(2)} / ${one.p99Ms.toFixed(2)}`,
      );
      return `| ${[row.inFlight, count(row.perSecond), ...shares, most, ...delays].join(' | ')} |`;
    }),
  ];
}

function openCells(round: OpenRound, low: OpenRound | undefined, high: OpenRound | undefined): string {
  const { p50Ms, p99Ms, p999Ms, maxMs } = round;
  const times = [p50Ms.toFixed(2), between(p99Ms, low?.p99Ms, high?.p99Ms), p999Ms.toFixed(2), maxMs.toFixed(2)];
  return `${count(round.perSecond)} | ${times.join(' / ')} | ${overloadOf(round)}`;
}

function openTable(open: OpenResult, ends: readonly (OpenResult | undefined)[]): string[] {
  const { rows, inFlight, closedPerSecond, piscinaClosedPerSecond, outstandingMax } = open;
  return [
    `Open loop: calls begin at a fixed rate, and each is counted from when it was due, so waiting counts. The rates are fractions of`,
    `the ${count(closedPerSecond)} calls/s that a closed loop with ${inFlight} in flight reached just before (piscina.run ${count(piscinaClosedPerSecond)}/s), with the same`,
    `rates for both. At most ${count(outstandingMax)} are under way; what is due beyond that waits to be sent: overload. The bench sends`,
    'each ms and whenever a reply has come, so up to a ms of a latency is its own timer, for both.',
    '',
    '| rate | calls/s asked | hostlink | p50 / p99 / p99.9 / max ms | | piscina.run | p50 / p99 / p99.9 / max ms | |',
    '| ---: | ---: | ---: | ---: | --- | ---: | ---: | --- |',
    ...rows.map(({ fraction, ...sides }, at) => {
      const [low, high] = ends.map((end) => end?.rows[at]);
      const columns = (['hostlink', 'piscina'] as const).map((side) =>
        openCells(sides[side], low?.[side], high?.[side]),
      );
      return `| x ${fraction.toFixed(2)} | ${count(sides.hostlink.askedPerSecond)} | ${columns.join(' | ')} |`;
    }),
  ];
}

function scaleTable(scale: ScaleResult, ends: readonly (ScaleResult | undefined)[]): string[] {
  const { sessionsPerLink, byLinks, byInFlight } = scale;
  const row = (pick: (result: ScaleResult) => readonly ScalePoint[]) => (point: ScalePoint, at: number) => {
    const [low, high] = ends.map((end) => end && pick(end)[at]);
    const columns = (['hostlink', 'piscina'] as const).map((side) => cells(point[side], low?.[side], high?.[side]));
    const ratios = `${point.ratioToPiscina.toFixed(2)} | ${point.p99ToPiscina.toFixed(2)}`;
    return `| ${point.links} | ${point.inFlight} | ${columns.join(' | ')} | ${ratios} |`;
  };
  return [
    `Cost against scale: links, each with a worker and ${sessionsPerLink} sessions, and calls in flight; piscina.run on as many threads.`,
    '',
    '| links | in flight | hostlink calls/s | p50 / p99 ms | piscina.run/s | p50 / p99 ms | x piscina | p99 x piscina |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...byInFlight.map(row((result) => result.byInFlight)),
    ...byLinks.map(row((result) => result.byLinks)),
  ];
}

function routed({ perSecond, ratio, isWithin }: RoutingCell): string {
  return `${count(perSecond)}, x ${ratio.toFixed(2)}${isWithin ? '' : ' (short)'}`;
}

function routingTable({ rows, sessions }: RoutingResult): string[] {
  const ways = rows[0]?.cells.slice(1).map(({ name }) => name) ?? [];
  return [
    'Dedicate and header routing taking turns with plain pool calls: calls per second, and the median of the ratios to the',
    `plain calls of the same round; \`short\` below ${RATIO_MIN}, and *plain again* is the noise. Each way has ${sessions} sessions; *mixed* is a`,
    'quarter each of plain, header, terminal and header terminal, on half a pool and half dedicate LUs.',
    '',
    `| in flight | plain | ${ways.join(' | ')} |`,
    `| ---: |${' ---: |'.repeat(ways.length + 1)}`,
    ...rows.map(({ inFlight, cells: [plain, ...others] }) => {
      return `| ${inFlight} | ${count(plain!.perSecond)} | ${others.map(routed).join(' | ')} |`;
    }),
  ];
}

function microTable(micro: readonly MicroResult[]): string[] {
  return [
    '| codec | operations/s | ns each |',
    '| --- | ---: | ---: |',
    ...micro.map(({ name, perSecond, nanos }) => `| ${name} | ${count(perSecond)} | ${count(nanos)} |`),
  ];
}

function stagesTable(stages: readonly StagesRow[]): string[] {
  return [
    'One call in one thread, without sockets and ports, ns: what the code of each stage costs while the caches are warm, the least',
    'of many loops. *dispatch* is call, dispatcher and request block; *worker* session, chain, PIUs and DLSw; *host* the embedded',
    'host; *back* DLSw, session and answer block; *deliver* dispatcher and promise. A call really costs the CPU time above: the',
    'rest is the system, the ports, cold caches and garbage collection.',
    '',
    `| bytes | ${STAGES.join(' | ')} | together |`,
    `| ---: |${' ---: |'.repeat(STAGES.length + 1)}`,
    ...stages.map(({ payloadSize, nanos }) => {
      const sum = STAGES.reduce((total, stage) => total + nanos[stage], 0);
      return `| ${count(payloadSize)} | ${STAGES.map((stage) => count(nanos[stage])).join(' | ')} | ${count(sum)} |`;
    }),
  ];
}

/** Where the README finds the pictures. */
export const PICTURES = 'docs/bench/';

/** The figures as Markdown: pictures and tables of those parts that there are. */
export function renderReport(report: BenchReport, pictures: readonly Picture[]): string {
  const {
    measures,
    commit,
    node,
    cpu,
    cores,
    payloadSize,
    micro,
    stages,
    calls,
    shares,
    open,
    scale,
    routing,
    runs,
    lowest,
    highest,
  } = report;
  const show = (file: string): string[] =>
    pictures.filter((one) => one.file === file).map(({ alt }) => `![${alt}](${PICTURES}${file})`);
  const times =
    runs > 1
      ? ` Medians of ${runs} process runs (codecs, stages and routing: of one), with the lowest and highest.`
      : '';
  const sections = [
    [
      `Made by \`npm run bench -- --readme\` of commit ${commit} with Node ${node} on ${cores} cores (${cpu}). Whole calls of ${payloadSize} bytes, the embedded host a process of its own, every reply compared.${times}`,
    ],
    measures && measuresTable(measures),
    show('goals.svg'),
    calls && callsTable(report),
    scale && scaleTable(scale, [lowest?.scale, highest?.scale]),
    show('in-flight.svg'),
    show('links.svg'),
    open && openTable(open, [lowest?.open, highest?.open]),
    show('open-loop.svg'),
    shares && sharesTable(shares, [lowest?.shares, highest?.shares]),
    stages && stagesTable(stages),
    routing && routingTable(routing),
    micro && microTable(micro),
  ];
  const filled = sections.filter((section) => section !== undefined && section.length > 0);
  return filled.map((section) => section!.join('\n')).join('\n\n');
}

/** Put the figures between the bench markers of the README. @throws Error when the markers are missing */
export function writeToReadme(report: BenchReport, pictures: readonly Picture[], file: URL): void {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`README.md lacks ${BEGIN} and ${END}`);
  writeFileSync(file, `${text.slice(0, from + BEGIN.length)}\n${renderReport(report, pictures)}\n${text.slice(to)}`);
}
