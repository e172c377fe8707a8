import { readFileSync, writeFileSync } from 'node:fs';
import type { CallsResult, CallsRow } from './calls.js';
import type { LoadResult } from './load.js';
import type { Measure } from './measure.js';
import { measuresTable } from './measures.js';
import type { MicroResult } from './micro.js';
import { RATIO_MIN, type RoutingCell, type RoutingResult } from './routing.js';

/** All that one run of the bench found, and on what. */
export interface BenchReport {
  /** The table of goals. */
  readonly measures: readonly Measure[];
  /** Short, with `+` when files had been changed since; `unknown` outside a checkout. */
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly payloadSize: number;
  readonly micro: readonly MicroResult[];
  readonly calls: CallsResult;
  readonly routing: RoutingResult;
}

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function cells({ perSecond, p50Ms, p99Ms }: LoadResult): string {
  return `${count(perSecond)} | ${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)}`;
}

function row(each: CallsRow): string {
  const ratios = `${each.ratioToPiscina.toFixed(2)} | ${each.ratioToTcp.toFixed(2)}`;
  return `| ${each.inFlight} | ${cells(each.hostlink)} | ${cells(each.piscina)} | ${cells(each.tcp)} | ${ratios} |`;
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

/** The figures as Markdown tables. */
export function renderReport(report: BenchReport): string {
  const { measures, commit, node, cpu, cores, payloadSize, micro, calls, routing } = report;
  const title = `Made by \`npm run bench -- --readme\` of commit ${commit} with Node ${node} on ${cores} cores (${cpu}).`;
  return [
    `${title} Whole calls of ${payloadSize} bytes, the embedded host a process of its own, every reply compared.`,
    '',
    ...measuresTable(measures),
    '',
    '| in flight | hostlink calls/s | p50 / p99 ms | piscina.run/s | p50 / p99 ms | TCP echo/s | p50 / p99 ms | x piscina | x TCP |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...calls.rows.map(row),
    '',
    `${calls.sessions} sessions were up after ${Math.round(calls.bringUpMs)} ms, threads and all.`,
    '',
    ...routingTable(routing),
    '',
    '| codec | operations/s | ns each |',
    '| --- | ---: | ---: |',
    ...micro.map(({ name, perSecond, nanos }) => `| ${name} | ${count(perSecond)} | ${count(nanos)} |`),
  ].join('\n');
}

/** Put the figures between the bench markers of the README. @throws Error when the markers are missing */
export function writeToReadme(report: BenchReport, file: URL): void {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`README.md lacks ${BEGIN} and ${END}`);
  writeFileSync(file, `${text.slice(0, from + BEGIN.length)}\n${renderReport(report)}\n${text.slice(to)}`);
}
