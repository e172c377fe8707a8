/** One point of a line, with the lowest and highest of the runs that its median is of. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

export type ScaleKind = 'linear' | 'log';

export interface LinePlot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xScale: ScaleKind;
  readonly yScale: ScaleKind;
  /** Two or three. */
  readonly series: readonly Series[];
}

/** One bar, on the side of the line at 1 where its figure is: 2 is twice as good as the goal, 0.5 half as good. */
export interface Bar {
  readonly name: string;
  readonly text: string;
  readonly score: number;
  readonly low?: number;
  readonly high?: number;
  readonly ok: boolean;
}

export interface BarPlot {
  readonly title: string;
  readonly xLabel: string;
  readonly bars: readonly Bar[];
}

/** From values to places on the drawing, and the values that are written at an axis. */
interface Axis {
  at(value: number): number;
  readonly ticks: readonly number[];
}

const WIDTH = 760;
const HEIGHT = 420;
const FRAME = { left: 84, right: 24, top: 84, bottom: 58 };
const BAR_ROW = 46;
const TICKS_MAX = 7;

/** Colours by class, so that a page with a dark theme gets its own; each series has its own dash and mark as well. */
const STYLE = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 }
  .paper { fill: #ffffff }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .axis { stroke: #57606a; stroke-width: 1.5 }
  .whisker { stroke: #24292f; stroke-width: 1.5 }
  .line { fill: none; stroke-width: 2.25; stroke-linejoin: round }
  .s0 { stroke: #0958b8 } .s1 { stroke: #b3470c } .s2 { stroke: #1a6e37 }
  .m0 { fill: #0958b8 } .m1 { fill: #b3470c } .m2 { fill: #1a6e37 }
  .ok { fill: #0958b8 } .short { fill: #b3470c }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .paper { fill: #0d1117 }
    .grid { stroke: #30363d }
    .axis { stroke: #8b949e }
    .whisker { stroke: #e6edf3 }
    .s0 { stroke: #6cb0ff } .s1 { stroke: #ffa45e } .s2 { stroke: #6fdd8b }
    .m0 { fill: #6cb0ff } .m1 { fill: #ffa45e } .m2 { fill: #6fdd8b }
    .ok { fill: #6cb0ff } .short { fill: #ffa45e }
  }`;
const DASHES = ['', '7 4', '2 4'] as const;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function tag(name: string, attributes: Readonly<Record<string, string | number>>, inside = ''): string {
  const list = Object.entries(attributes).map(([key, value]) => {
    return ` ${key}="${typeof value === 'number' ? Number(value.toFixed(2)) : escaped(value)}"`;
  });
  return inside === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${inside}</${name}>`;
}

function text(x: number, y: number, words: string, attributes: Readonly<Record<string, string | number>> = {}): string {
  return tag('text', { x, y, ...attributes }, escaped(words));
}

function line(from: readonly [number, number], to: readonly [number, number], kind: string): string {
  return tag('line', { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: kind });
}

/** 150k, 0.5, 1,024: as an axis has it. */
export function tickText(value: number): string {
  if (value >= 10_000) return `${Number((value / 1000).toFixed(1)).toLocaleString('en-US')}k`;
  return Number(value.toPrecision(4)).toLocaleString('en-US');
}

/** Steps of 1, 2 or 5 times a power of ten, from 0 to the most or beyond. */
export function linearTicks(most: number): number[] {
  const rough = most / (TICKS_MAX - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((times) => times * power >= rough)! * power;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, at) => at * step);
}

/** Of 1, 2 and 5 times each power of ten those that the values lie between; with many decades the powers alone. */
export function logTicks(least: number, most: number): number[] {
  const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const steps = to - from > 2 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: to - from + 1 }, (_, at) => 10 ** (from + at));
  const all = powers.flatMap((power) => steps.map((times) => Number((times * power).toPrecision(3))));
  const first = all.findLastIndex((tick) => tick <= least);
  const last = all.findIndex((tick) => tick >= most);
  return all.slice(Math.max(0, first), last < 0 ? all.length : last + 1);
}

/** An axis with these ticks from one end to the other. */
function axisOf(kind: ScaleKind, ticks: readonly number[], from: number, to: number): Axis {
  const place = kind === 'log' ? Math.log : (value: number): number => value;
  const [first, last] = [place(ticks[0]!), place(ticks.at(-1)!)];
  const span = last - first || 1;
  return { ticks, at: (value) => from + ((place(value) - first) / span) * (to - from) };
}

/** Drawn on a log axis only where there is something over 0. */
function isDrawn(plot: LinePlot, { x, y }: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y) && (plot.yScale === 'linear' || y > 0);
}

function axesOf(plot: LinePlot): { x: Axis; y: Axis } {
  const points = plot.series.flatMap(({ points: all }) => all.filter((point) => isDrawn(plot, point)));
  const xs = points.map(({ x }) => x);
  const ys = points
    .flatMap(({ y, low = y, high = y }) => [y, low, high])
    .filter((y) => plot.yScale === 'linear' || y > 0);
  // What is doubled from point to point is best read at its own values.
  const xTicks = plot.xScale === 'log' ? [...new Set(xs)].sort((a, b) => a - b) : linearTicks(Math.max(...xs));
  const yTicks = plot.yScale === 'log' ? logTicks(Math.min(...ys), Math.max(...ys)) : linearTicks(Math.max(...ys));
  return {
    x: axisOf(plot.xScale, xTicks, FRAME.left, WIDTH - FRAME.right),
    y: axisOf(plot.yScale, yTicks, HEIGHT - FRAME.bottom, FRAME.top),
  };
}

function drawAxes(plot: LinePlot, x: Axis, y: Axis): string[] {
  const [left, right, bottom] = [FRAME.left, WIDTH - FRAME.right, HEIGHT - FRAME.bottom];
  const middle = (FRAME.top + bottom) / 2;
  return [
    ...y.ticks.flatMap((tick) => [
      line([left, y.at(tick)], [right, y.at(tick)], 'grid'),
      text(left - 8, y.at(tick) + 4, tickText(tick), { 'text-anchor': 'end' }),
    ]),
    ...x.ticks.flatMap((tick) => [
      line([x.at(tick), bottom], [x.at(tick), bottom + 5], 'axis'),
      text(x.at(tick), bottom + 21, tickText(tick), { 'text-anchor': 'middle' }),
    ]),
    line([left, bottom], [right, bottom], 'axis'),
    line([left, FRAME.top], [left, bottom], 'axis'),
    text((left + right) / 2, HEIGHT - 14, plot.xLabel, { 'text-anchor': 'middle' }),
    text(20, middle, plot.yLabel, { 'text-anchor': 'middle', transform: `rotate(-90 20 ${middle})` }),
  ];
}

/** Circle, square, triangle: told apart without colours. */
function mark(at: number, x: number, y: number): string {
  const kind = `m${at}`;
  if (at === 0) return tag('circle', { cx: x, cy: y, r: 4.5, class: kind });
  if (at === 1) return tag('rect', { x: x - 4, y: y - 4, width: 8, height: 8, class: kind });
  return tag('path', { d: `M${x.toFixed(2)} ${(y - 5).toFixed(2)}l5 9h-10z`, class: kind });
}

function drawSeries(plot: LinePlot, { points }: Series, at: number, x: Axis, y: Axis): string[] {
  const drawn = points.filter((point) => isDrawn(plot, point));
  const places = drawn.map((point) => `${x.at(point.x).toFixed(2)},${y.at(point.y).toFixed(2)}`).join(' ');
  const whiskers = drawn.flatMap(({ x: px, low, high }) => {
    if (low === undefined || high === undefined || low === high || (plot.yScale === 'log' && low <= 0)) return [];
    return [line([x.at(px), y.at(low)], [x.at(px), y.at(high)], `s${at}`)];
  });
  const dash = DASHES[at] === '' ? {} : { 'stroke-dasharray': DASHES[at]! };
  return [
    ...whiskers,
    tag('polyline', { points: places, class: `line s${at}`, ...dash }),
    ...drawn.map((point) => mark(at, x.at(point.x), y.at(point.y))),
  ];
}

function drawLegend(series: readonly Series[]): string[] {
  const width = (WIDTH - FRAME.left - FRAME.right) / series.length;
  return series.flatMap(({ name }, at) => {
    const x = FRAME.left + at * width;
    const dash = DASHES[at] === '' ? {} : { 'stroke-dasharray': DASHES[at]! };
    return [
      tag('line', { x1: x, y1: 56, x2: x + 34, y2: 56, class: `line s${at}`, ...dash }),
      mark(at, x + 17, 56),
      text(x + 42, 60, name),
    ];
  });
}

function sheet(title: string, height: number, inside: readonly string[]): string {
  const head = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${WIDTH} ${height}`,
    width: WIDTH,
    height,
    role: 'img',
  };
  const parts = [
    tag('title', {}, escaped(title)),
    tag('style', {}, `${STYLE}\n`),
    tag('rect', { width: WIDTH, height, rx: 6, class: 'paper' }),
    text(20, 30, title, { class: 'title' }),
    ...inside,
  ];
  return `${tag('svg', head, `\n${parts.join('\n')}\n`)}\n`;
}

/** Lines with marks, axes, legend and, where points say how far runs were apart, whiskers: as an SVG file. */
export function drawLines(plot: LinePlot): string {
  const { x, y } = axesOf(plot);
  return sheet(plot.title, HEIGHT, [
    ...drawLegend(plot.series),
    ...drawAxes(plot, x, y),
    ...plot.series.flatMap((series, at) => drawSeries(plot, series, at, x, y)),
  ]);
}

const BAR_TOP = 48;
const BAR_SIDE = 30;
/** A bar goes no further than this to either side; its text has the figure. */
const SCORE_MAX = 20;

function clamped(score: number): number {
  return Math.min(SCORE_MAX, Math.max(1 / SCORE_MAX, score));
}

function drawBar(bar: Bar, row: number, axis: Axis): string[] {
  const { name, text: words, ok, low, high } = bar;
  const y = BAR_TOP + row * BAR_ROW;
  const [from, to] = [axis.at(1), axis.at(clamped(bar.score))];
  const whisker =
    low === undefined || high === undefined
      ? []
      : [line([axis.at(clamped(low)), y + 29], [axis.at(clamped(high)), y + 29], 'whisker')];
  return [
    text(BAR_SIDE, y + 16, name),
    text(WIDTH - BAR_SIDE, y + 16, words, { 'text-anchor': 'end' }),
    tag('rect', {
      x: Math.min(from, to),
      y: y + 22,
      width: Math.max(1, Math.abs(to - from)),
      height: 14,
      class: ok ? 'ok' : 'short',
    }),
    line([from, y + 20], [from, y + 38], 'axis'),
    ...whisker,
  ];
}

/** How far each figure is from its goal, on both sides of a line at the goal: as an SVG file. */
export function drawBars({ title, xLabel, bars }: BarPlot): string {
  const bottom = BAR_TOP + bars.length * BAR_ROW + 4;
  const ticks = [1 / SCORE_MAX, 0.1, 0.2, 0.5, 1, 2, 5, 10, SCORE_MAX];
  const axis = axisOf('log', ticks, BAR_SIDE, WIDTH - BAR_SIDE);
  return sheet(title, bottom + 52, [
    ...bars.flatMap((bar, row) => drawBar(bar, row, axis)),
    line([BAR_SIDE, bottom], [WIDTH - BAR_SIDE, bottom], 'axis'),
    ...ticks.flatMap((tick) => [
      line([axis.at(tick), bottom], [axis.at(tick), bottom + 5], 'axis'),
      text(axis.at(tick), bottom + 20, `x ${tickText(tick)}`, { 'text-anchor': 'middle' }),
    ]),
    text(WIDTH / 2, bottom + 42, xLabel, { 'text-anchor': 'middle' }),
  ]);
}
