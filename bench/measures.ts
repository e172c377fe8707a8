import { type Measure, shown } from './measure.js';
import { measureLoaded, measureLong, measureSingle } from './measure-calls.js';
import { measureMemory } from './measure-memory.js';
import { measureBringUp, measureLoss, measureScale } from './measure-sessions.js';

/** How big and how long each measure is. */
export interface MeasuresSize {
  readonly loaded: Parameters<typeof measureLoaded>[0];
  readonly single: Parameters<typeof measureSingle>[0];
  readonly bringUp: Parameters<typeof measureBringUp>[0];
  readonly loss: Parameters<typeof measureLoss>[0];
  readonly memory: Parameters<typeof measureMemory>[0];
  readonly scale: Parameters<typeof measureScale>[0];
  readonly long: Parameters<typeof measureLong>[0];
}

/** The sizes that the goals are about. @param isQuick fewer and shorter rounds */
export function goalSizes(isQuick: boolean): MeasuresSize {
  const rounds = isQuick
    ? { roundMs: 250, rounds: 3, warmUpMs: 1600, baselineWarmUpMs: 800 }
    : { roundMs: 1000, rounds: 5, warmUpMs: 3000 };
  const pair = { workers: 2, sessionsPerPu: 128 };
  const payloadSize = 1024;
  return {
    // The first to run: all of it is compiled only after two seconds of load, the baselines after one.
    loaded: {
      ...pair,
      ...rounds,
      ...(isQuick ? { rounds: 5, warmUpMs: 3000, baselineWarmUpMs: 1300 } : {}),
      payloadSize,
      inFlight: [512, 256],
    },
    // Some thousand calls are made before all of it is compiled, and one at a time takes long for them.
    single: { ...pair, ...rounds, warmUpMs: isQuick ? 2400 : 4000, payloadSize },
    bringUp: { ...pair, rounds: isQuick ? 3 : 9 },
    loss: { sessionsPerPu: 128, rounds: isQuick ? 5 : 15 },
    memory: { workers: 16, sessionsPerPu: 128, payloadSize, calls: 1000 },
    scale: { workers: 16, sessionsPerPu: 128, payloadSize, roundMs: isQuick ? 1000 : 5000 },
    // RUs of 3,840 bytes in two segments each: both of what long payloads cost. 1 MB in flight, twice that of 512 calls of 1 KB.
    // The bare echo of so many bytes has two speeds here and changes between them from round to round: more rounds.
    long: {
      ...pair,
      ...rounds,
      ...(isQuick ? { roundMs: 350, rounds: 7 } : {}),
      payloadSize: 65_536,
      piuSizeMax: 2057,
      inFlight: isQuick ? [16] : [16, 64],
    },
  };
}

/** All measures of the table of goals, one part after the other, so that nothing else runs beside any of them. */
export async function runMeasures(size: MeasuresSize, progress: (measure: Measure) => void): Promise<Measure[]> {
  const parts = [
    () => measureLoaded(size.loaded),
    () => measureSingle(size.single),
    () => measureBringUp(size.bringUp),
    () => measureLoss(size.loss),
    () => measureMemory(size.memory),
    () => measureScale(size.scale),
    () => measureLong(size.long),
  ];
  const measures: Measure[] = [];
  for (const part of parts) {
    for (const measure of await part()) {
      measures.push(measure);
      progress(measure);
    }
  }
  return measures;
}

const NAME_WIDTH = 69;
const FIGURE_WIDTH = 15;
const GOAL_WIDTH = 19;

export function goalOf({ bound, goal, unit }: Measure): string {
  return `${bound === 'least' ? '>=' : '<='} ${goal.toLocaleString('en-US')} ${unit}`;
}

/** How far the process runs were apart, if there were several. */
function rangeOf({ range }: Measure): string[] {
  return range === undefined ? [] : [`${shown(range[0])} to ${shown(range[1])}`];
}

/** The first line of the table. */
export const MEASURES_HEAD = `${'MEASURE'.padEnd(NAME_WIDTH)}${'FIGURE'.padStart(FIGURE_WIDTH)}  ${'GOAL'.padEnd(GOAL_WIDTH)}`;

/** A line of the table: goal, figure, ok or short, and under it what the figure was made of. */
export function printMeasure(measure: Measure): string {
  const { name, figure, unit, ok, beside } = measure;
  const shownFigure = `${shown(figure)} ${unit}`.padStart(FIGURE_WIDTH);
  const line = `${name.padEnd(NAME_WIDTH)}${shownFigure}  ${goalOf(measure).padEnd(GOAL_WIDTH)}${ok ? 'ok' : 'short'}`;
  return `${line}\n  ${[...rangeOf(measure), beside].join('; ')}\n`;
}

/** The table as Markdown. */
export function measuresTable(measures: readonly Measure[]): string[] {
  return [
    '| measure | figure | lowest to highest | goal | | beside it |',
    '| --- | ---: | ---: | ---: | --- | --- |',
    ...measures.map((measure) => {
      const { name, figure, unit, ok, beside } = measure;
      const cells = [
        name,
        `${shown(figure)} ${unit}`,
        rangeOf(measure).join(''),
        goalOf(measure),
        ok ? 'ok' : 'short',
        beside,
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
}
