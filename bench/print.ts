import type { CallsRow } from './calls.js';
import type { LoadResult } from './load.js';
import type { MicroResult } from './micro.js';
import type { OpenRound, OpenRow } from './open-loop.js';
import { RATIO_MIN, type RoutingRow } from './routing.js';
import type { ScalePoint } from './scale.js';
import type { SharesRow } from './shares.js';
import { STAGES, type StagesRow } from './stages.js';

/** The bench as text on a terminal: a head for each part, and a line for each of its rows. */
export const HEADS = {
  micro: '\nCodecs and framing\n',
  stages: '\nOne call in one thread without sockets, stage by stage, ns: what its code costs, caches warm\n',
  calls:
    '\nWhole calls beside piscina.run and a bare TCP echo: calls per second, p50 and p99 in ms\n' +
    '  in flight    hostlink                      piscina.run echo              bare TCP echo\n',
  shares: '\nCPU time of a call in microseconds, and how late event loops are under load, p50 / p99 in ms\n',
  open:
    '\nOpen loop, latency from when a call was due: rate asked and done, p50, p99, p99.9 and slowest in ms\n' +
    '  of closed loop\n',
  scale:
    '\nCost against scale: calls per second, p50 and p99 in ms\n' +
    '  links  in flight    hostlink                      piscina.run echo\n',
  routing: '\nDedicate and header routing beside plain pool calls: calls per second, p50 and p99 in ms\n',
} as const;

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US').padStart(12);
}

function figures({ perSecond, p50Ms, p99Ms }: Pick<LoadResult, 'perSecond' | 'p50Ms' | 'p99Ms'>): string {
  return `${count(perSecond)} ${p50Ms.toFixed(2).padStart(7)} ${p99Ms.toFixed(2).padStart(7)}  `;
}

export function printMicro(results: readonly MicroResult[]): string {
  const lines = results.map(({ name, perSecond, nanos }) => {
    return `  ${name.padEnd(46)}${count(perSecond)} /s ${count(nanos)} ns\n`;
  });
  return lines.join('');
}

export function printCallsRow(row: CallsRow): string {
  const ratios = `x${row.ratioToPiscina.toFixed(2)} piscina, x${row.ratioToTcp.toFixed(2)} TCP`;
  const columns = [row.hostlink, row.piscina, row.tcp].map(figures).join('');
  return `  ${String(row.inFlight).padStart(9)}${columns} ${ratios}\n`;
}

export function printStagesRow({ payloadSize, nanos }: StagesRow): string {
  const each = STAGES.map((stage) => `${stage} ${count(nanos[stage]).trim()}`).join(', ');
  const sum = STAGES.reduce((total, stage) => total + nanos[stage], 0);
  return `  ${payloadSize.toLocaleString('en-US')} bytes: ${each}; together ${count(sum).trim()}\n`;
}

/** 1.2, or that nobody knows. */
export function microseconds(value: number | null): string {
  return value === null ? 'unknown' : value.toFixed(2);
}

function delayOf({ p50Ms, p99Ms }: SharesRow['workerDelay']): string {
  return `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)}`;
}

export function printSharesRow(row: SharesRow): string {
  const { inFlight, perSecond, hostUs, runtimeUs, supervisorUs, workersUs, otherUs, hostMostPerSecond } = row;
  const most = hostMostPerSecond === null ? 'unknown' : `${Math.round(hostMostPerSecond).toLocaleString('en-US')}/s`;
  const parts = `supervisor and callers ${microseconds(supervisorUs)}, workers ${microseconds(workersUs)}, rest ${microseconds(otherUs)}`;
  return (
    `  ${inFlight} in flight, ${count(perSecond).trim()} calls/s: host ${microseconds(hostUs)} (alone on a core at most ${most}), ` +
    `runtime ${microseconds(runtimeUs)}: ${parts}\n` +
    `    event loops: supervisor ${delayOf(row.supervisorDelay)}, slowest worker ${delayOf(row.workerDelay)}\n`
  );
}

/** What a limit that was hit means, or nothing. */
export function overloadOf({ held, calls }: OpenRound): string {
  return held === 0 ? '' : `overload: ${((held / calls) * 100).toFixed(0)} % waited to be sent`;
}

function openSide(name: string, round: OpenRound): string {
  const { askedPerSecond, perSecond, p50Ms, p99Ms, p999Ms, maxMs } = round;
  const times = [p50Ms, p99Ms, p999Ms, maxMs].map((time) => time.toFixed(2).padStart(9)).join('');
  return `${name.padEnd(14)}${count(askedPerSecond)}${count(perSecond)}${times}  ${overloadOf(round)}\n`;
}

export function printOpenRow({ fraction, hostlink, piscina }: OpenRow): string {
  const first = `x${fraction.toFixed(2)}`.padStart(16);
  return `${first}  ${openSide('hostlink', hostlink)}${' '.repeat(18)}${openSide('piscina.run', piscina)}`;
}

export function printScalePoint({ links, inFlight, hostlink, piscina, ...ratios }: ScalePoint): string {
  const over = `x${ratios.ratioToPiscina.toFixed(2)} piscina, p99 x${ratios.p99ToPiscina.toFixed(2)}`;
  return `  ${String(links).padStart(5)}${String(inFlight).padStart(11)}${figures(hostlink)}${figures(piscina)} ${over}\n`;
}

export function printRoutingRow({ inFlight, cells }: RoutingRow): string {
  const lines = cells.map((cell, at) => {
    const first = at === 0 ? String(inFlight) : '';
    const [low, high] = cell.quartiles.map((ratio) => ratio.toFixed(2));
    const verdict = `${cell.isWithin ? 'ok' : `short of ${RATIO_MIN}`} (half between ${low} and ${high})`;
    const ratio = at === 0 ? '' : `x${cell.ratio.toFixed(3)} plain, ${verdict}`;
    return `  ${first.padStart(9)}  ${cell.name.padEnd(16)}${figures(cell)} ${ratio}\n`;
  });
  return lines.join('');
}
