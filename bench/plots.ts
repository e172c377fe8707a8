import { mkdirSync, writeFileSync } from 'node:fs';
import type { Measure } from './measure.js';
import { shown } from './measure.js';
import { goalOf } from './measures.js';
import type { OpenRow } from './open-loop.js';
import type { Figures } from './parts.js';
import { drawBars, drawLines, type Point, type Series } from './plot.js';
import type { ScalePoint } from './scale.js';

/** The figures that are drawn, and how far runs were apart, if there were several. */
export interface Drawn {
  readonly figures: Partial<Figures>;
  readonly lowest?: Partial<Figures>;
  readonly highest?: Partial<Figures>;
}

/** One picture: its file name, what it shows in words, and the SVG. */
export interface Picture {
  readonly file: string;
  readonly alt: string;
  readonly svg: string;
}

const SIDES = [
  ['hostlink', 'hostlink: whole host calls'],
  ['piscina', 'piscina.run of an empty echo'],
] as const;

/** Points of a series, one for each of its rows, with the same rows of the lowest and highest figures. */
function pointsOf<Row>(
  rows: readonly Row[],
  [lowest, highest]: readonly [readonly Row[] | undefined, readonly Row[] | undefined],
  x: (row: Row) => number,
  y: (row: Row) => number,
): Point[] {
  return rows.map((row, at) => {
    const [low, high] = [lowest?.[at], highest?.[at]];
    return { x: x(row), y: y(row), ...(low && high ? { low: y(low), high: y(high) } : {}) };
  });
}

function drawScale({ figures, lowest, highest }: Drawn, name: 'byInFlight' | 'byLinks'): string {
  const { sessionsPerLink } = figures.scale!;
  const rows = figures.scale![name];
  const isByLinks = name === 'byLinks';
  const series = SIDES.map(([side, title]): Series => {
    const x = (point: ScalePoint): number => (isByLinks ? point.links : point.inFlight);
    const y = (point: ScalePoint): number => point[side].perSecond;
    return { name: title, points: pointsOf(rows, [lowest?.scale?.[name], highest?.scale?.[name]], x, y) };
  });
  const fixed = isByLinks ? `${rows[0]!.inFlight} in flight` : `${rows[0]!.links} links`;
  return drawLines({
    title: `Calls per second over ${isByLinks ? 'links' : 'calls in flight'}, ${fixed}, ${sessionsPerLink} sessions a link`,
    xLabel: isByLinks ? 'links, and threads of each side' : 'calls in flight',
    yLabel: 'calls per second',
    xScale: 'log',
    yScale: 'linear',
    series,
  });
}

function drawOpen({ figures, lowest, highest }: Drawn): string {
  const { rows } = figures.open!;
  const series = SIDES.map(([side, title]): Series => {
    const around = [lowest?.open?.rows, highest?.open?.rows] as const;
    const x = (row: OpenRow): number => row[side].askedPerSecond;
    return { name: title, points: pointsOf(rows, around, x, (row) => row[side].p99Ms) };
  });
  return drawLines({
    title: 'Open loop: p99 from when a call was due, over the rate',
    xLabel: 'calls per second asked for',
    yLabel: 'p99, ms',
    xScale: 'linear',
    yScale: 'log',
    series,
  });
}

/** 1 at the goal, 2 where twice as good, whichever way round the goal is. */
function scoreOf({ bound, goal }: Measure, figure: number): number {
  return bound === 'least' ? figure / goal : goal / figure;
}

function drawGoals(measures: readonly Measure[]): string {
  const bars = measures.map((measure) => {
    const { name, figure, unit, range, ok } = measure;
    const ends = range?.map((end) => scoreOf(measure, end));
    return {
      name,
      text: `${shown(figure)} ${unit}, goal ${goalOf(measure)}: ${ok ? 'ok' : 'short'}`,
      score: scoreOf(measure, figure),
      ...(ends === undefined ? {} : { low: Math.min(...ends), high: Math.max(...ends) }),
      ok,
    };
  });
  return drawBars({ title: 'Goals', xLabel: 'times as good as the goal: right of the line is ok', bars });
}

/** A picture of each part that has one. */
export function picturesOf(drawn: Drawn): Picture[] {
  const { measures, scale, open } = drawn.figures;
  return [
    ...(measures
      ? [{ file: 'goals.svg', alt: 'Each goal and how far its figure is from it', svg: drawGoals(measures) }]
      : []),
    ...(scale
      ? [
          {
            file: 'in-flight.svg',
            alt: 'Calls per second over calls in flight, beside piscina.run',
            svg: drawScale(drawn, 'byInFlight'),
          },
          {
            file: 'links.svg',
            alt: 'Calls per second over links, beside piscina.run',
            svg: drawScale(drawn, 'byLinks'),
          },
        ]
      : []),
    ...(open
      ? [{ file: 'open-loop.svg', alt: 'p99 over the rate of calls, beside piscina.run', svg: drawOpen(drawn) }]
      : []),
  ];
}

/** Write them into a folder, which is made where there is none. */
export function writePictures(pictures: readonly Picture[], folder: URL): void {
  mkdirSync(folder, { recursive: true });
  for (const { file, svg } of pictures) writeFileSync(new URL(file, folder), svg);
}
