import { type CallsOptions, type CallsResult, runCalls } from './calls.js';
import type { Measure } from './measure.js';
import { goalSizes, MEASURES_HEAD, type MeasuresSize, printMeasure, runMeasures } from './measures.js';
import { type MicroResult, runMicro } from './micro.js';
import { type OpenOptions, type OpenResult, runOpenSeries } from './open-loop.js';
import * as print from './print.js';
import { type RoutingOptions, type RoutingResult, runRouting } from './routing.js';
import { runScale, type ScaleOptions, type ScaleResult } from './scale.js';
import { runShares, type SharesOptions, type SharesResult } from './shares.js';
import { runStages, type StagesOptions, type StagesRow } from './stages.js';

export const PAYLOAD_SIZE = 1024;

/** The questions of the bench, in the order in which they are asked. */
export const PARTS = ['measures', 'micro', 'stages', 'calls', 'shares', 'open', 'scale', 'routing'] as const;
export type PartName = (typeof PARTS)[number];

/** What each part is given. */
export interface PartSizes {
  readonly measures: MeasuresSize;
  readonly micro: { readonly timeMs: number };
  readonly stages: StagesOptions;
  readonly calls: CallsOptions;
  readonly shares: SharesOptions;
  readonly open: OpenOptions;
  readonly scale: ScaleOptions;
  readonly routing: RoutingOptions;
}

/** What each part finds. */
export interface Figures {
  readonly measures: readonly Measure[];
  readonly micro: readonly MicroResult[];
  readonly stages: readonly StagesRow[];
  readonly calls: CallsResult;
  readonly shares: SharesResult;
  readonly open: OpenResult;
  readonly scale: ScaleResult;
  readonly routing: RoutingResult;
}

/** Those that take too long for `--quick`; `--quick --only NAME` has them. */
const LONG_PARTS: ReadonlySet<PartName> = new Set(['micro', 'calls', 'shares', 'open', 'scale', 'routing']);

export function partsOf(isQuick: boolean): PartName[] {
  return PARTS.filter((part) => !isQuick || !LONG_PARTS.has(part));
}

/** @throws Error when there is no such part */
export function partOf(name: string): PartName {
  const part = PARTS.find((one) => one === name);
  if (part === undefined) throw new Error(`--only ${name}: known are ${PARTS.join(', ')}`);
  return part;
}

/** Below this an outstanding call is in no queue that has a limit of its own. */
const OUTSTANDING_MAX = 8192;

/** The sizes of the README. @param isQuick fewer, and shorter rounds */
export function sizesOf(isQuick: boolean): PartSizes {
  const pair = { workers: 2, sessionsPerPu: 128, payloadSize: PAYLOAD_SIZE };
  const rounds = isQuick ? { roundMs: 250, rounds: 1, warmUpMs: 1200 } : { roundMs: 1000, rounds: 3, warmUpMs: 1500 };
  const routing = isQuick ? { roundMs: 60, rounds: 3, warmUpMs: 200 } : { roundMs: 120, rounds: 30, warmUpMs: 1000 };
  return {
    measures: goalSizes(isQuick),
    micro: { timeMs: isQuick ? 100 : 500 },
    stages: {
      sessionsPerPu: 128,
      loops: isQuick ? 1000 : 5000,
      rows: [
        { payloadSize: PAYLOAD_SIZE, batch: 64 },
        { payloadSize: 65_536, piuSizeMax: 2057, batch: 4 },
      ],
    },
    calls: { ...pair, ...rounds, inFlight: [1, 32, 256, 512] },
    shares: {
      ...pair,
      inFlight: isQuick ? [512] : [1, 32, 512],
      warmUpMs: isQuick ? 1000 : 3000,
      roundMs: isQuick ? 1000 : 3000,
    },
    open: {
      ...pair,
      ...rounds,
      warmUpMs: isQuick ? 1500 : 3000,
      inFlight: 512,
      fractions: [0.25, 0.5, 0.75, 0.9, 1.1],
      outstandingMax: OUTSTANDING_MAX,
    },
    scale: {
      ...rounds,
      ...(isQuick ? { warmUpMs: 700 } : { roundMs: 600, warmUpMs: 1000 }),
      sessionsPerPu: 128,
      payloadSize: PAYLOAD_SIZE,
      links: [1, 2, 4, 8, 16],
      linksInFlight: 512,
      inFlight: [16, 32, 64, 128, 256, 512],
      inFlightLinks: 2,
    },
    routing: { ...pair, ...routing, inFlight: isQuick ? [512] : [1, 32, 256, 512] },
  };
}

/** Where the text of a bench goes; nowhere with `--json`. */
export type Say = (text: string) => void;

const RUNNERS: { readonly [P in PartName]: (sizes: PartSizes, say: Say) => Promise<Figures[P]> } = {
  measures({ measures }, say) {
    say(`\n${MEASURES_HEAD}\n`);
    return runMeasures(measures, (measure) => say(printMeasure(measure)));
  },
  async micro({ micro }, say) {
    say(print.HEADS.micro);
    const results = await runMicro(micro.timeMs);
    say(print.printMicro(results));
    return results;
  },
  stages({ stages }, say) {
    say(print.HEADS.stages);
    return runStages(stages, (row) => say(print.printStagesRow(row)));
  },
  async calls({ calls }, say) {
    say(print.HEADS.calls);
    const result = await runCalls(calls, (row) => say(print.printCallsRow(row)));
    say(`  ${result.sessions} sessions up in ${Math.round(result.bringUpMs)} ms\n`);
    return result;
  },
  shares({ shares }, say) {
    say(print.HEADS.shares);
    return runShares(shares, (row) => say(print.printSharesRow(row)));
  },
  open({ open }, say) {
    say(print.HEADS.open);
    return runOpenSeries(open, (row) => say(print.printOpenRow(row)));
  },
  scale({ scale }, say) {
    say(print.HEADS.scale);
    return runScale(scale, (point) => say(print.printScalePoint(point)));
  },
  async routing({ routing }, say) {
    say(print.HEADS.routing);
    const result = await runRouting(routing, (row) => say(print.printRoutingRow(row)));
    say(`  ${result.sessions} sessions each, ${result.queued} calls waited for one\n`);
    return result;
  },
};

/** What was found, as it is said while it is measured: for figures that were put together afterwards. */
export function sayFigures({ measures, calls, shares, open, scale }: Partial<Figures>, say: Say): void {
  if (measures) say(`\n${MEASURES_HEAD}\n${measures.map(printMeasure).join('')}`);
  if (calls) say(`${print.HEADS.calls}${calls.rows.map(print.printCallsRow).join('')}`);
  if (shares) say(`${print.HEADS.shares}${shares.rows.map(print.printSharesRow).join('')}`);
  if (open) say(`${print.HEADS.open}${open.rows.map(print.printOpenRow).join('')}`);
  if (scale) say(`${print.HEADS.scale}${[...scale.byInFlight, ...scale.byLinks].map(print.printScalePoint).join('')}`);
}

/** Parts one after the other in this process, so that nothing else runs beside any of them. */
export async function runParts(parts: readonly PartName[], sizes: PartSizes, say: Say): Promise<Partial<Figures>> {
  const figures: Partial<Record<PartName, unknown>> = {};
  for (const part of parts) figures[part] = await RUNNERS[part](sizes, say);
  return figures as Partial<Figures>;
}
