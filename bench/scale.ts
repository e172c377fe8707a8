import { startPiscinaEcho } from './baselines.js';
import { withScene } from './bench-scene.js';
import { hostlinkTarget } from './calls.js';
import { type LoadResult, medians, type TurnOptions, takeTurns } from './load.js';
import { ratioOf } from './measure.js';

/** One point of a series: whole calls beside `piscina.run` of an empty echo on as many threads. */
export interface ScalePoint {
  /** Links, each with a worker of its own. */
  readonly links: number;
  readonly inFlight: number;
  readonly hostlink: LoadResult;
  readonly piscina: LoadResult;
  /** Medians of the rounds' ratios. */
  readonly ratioToPiscina: number;
  readonly p99ToPiscina: number;
}

export interface ScaleOptions extends TurnOptions {
  readonly sessionsPerPu: number;
  readonly payloadSize: number;
  /** Over these counts of links, with `linksInFlight` calls under way. */
  readonly links: readonly number[];
  readonly linksInFlight: number;
  /** Over these counts under way, on `inFlightLinks` links. */
  readonly inFlight: readonly number[];
  readonly inFlightLinks: number;
}

export interface ScaleResult {
  readonly sessionsPerLink: number;
  readonly byLinks: readonly ScalePoint[];
  readonly byInFlight: readonly ScalePoint[];
}

/** So many are warm after the warm-up that is given; more take longer. */
const WARM_UP_LINKS = 2;

async function measurePoints(
  links: number,
  inFlights: readonly number[],
  options: ScaleOptions,
  progress: (point: ScalePoint) => void,
): Promise<ScalePoint[]> {
  const { sessionsPerPu, payloadSize } = options;
  return withScene({ workers: links, shape: { sessionsPerPu } }, async (hostlink) => {
    const call = hostlinkTarget(hostlink, payloadSize);
    const piscina = startPiscinaEcho(payloadSize, links);
    const points: ScalePoint[] = [];
    // Each thread compiles for itself, and all of them share the cores.
    const turns = { ...options, warmUpMs: options.warmUpMs * Math.max(1, links / WARM_UP_LINKS) };
    try {
      for (const inFlight of inFlights) {
        const [calls, tasks] = await takeTurns([call, piscina], inFlight, turns);
        const point = {
          links,
          inFlight,
          hostlink: medians(calls!),
          piscina: medians(tasks!),
          ratioToPiscina: ratioOf(calls!, tasks!, ({ perSecond }) => perSecond),
          p99ToPiscina: ratioOf(calls!, tasks!, ({ p99Ms }) => p99Ms),
        };
        points.push(point);
        progress(point);
      }
    } finally {
      await piscina.stop();
    }
    return points;
  });
}

/** What a call costs with more links, and with more calls under way. Each count of links is a runtime and a host of its own. */
export async function runScale(options: ScaleOptions, progress: (point: ScalePoint) => void): Promise<ScaleResult> {
  const byInFlight = await measurePoints(options.inFlightLinks, options.inFlight, options, progress);
  const byLinks: ScalePoint[] = [];
  for (const links of options.links) {
    byLinks.push(...(await measurePoints(links, [options.linksInFlight], options, progress)));
  }
  return { sessionsPerLink: 2 * options.sessionsPerPu, byLinks, byInFlight };
}
