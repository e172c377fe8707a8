import { HostLink } from '../src/index.js';
import { startHost } from './host-process.js';
import { type LoadResult, medians, runLoad, type Target } from './load.js';
import { median } from './measure.js';
import {
  hostDefinitions,
  type Place,
  placesOf,
  type RoutingSize,
  RUNTIME_NAMES,
  type RuntimeName,
  routingConfig,
  TYPES,
  writeHeader,
} from './routing-config.js';

/** A way of routing may cost this much of plain pool calls, and no more. */
export const RATIO_MIN = 0.9;

/** One way of routing at one in-flight count. */
export interface RoutingCell extends LoadResult {
  readonly name: string;
  /** Calls per second over those of plain pool calls: the median over the rounds, each of its own plain. */
  readonly ratio: number;
  /** Between these lies half of the rounds: how restless the machine was. */
  readonly quartiles: readonly [low: number, high: number];
  readonly isWithin: boolean;
}

/** One in-flight count: plain pool calls first, then the others. */
export interface RoutingRow {
  readonly inFlight: number;
  readonly cells: readonly RoutingCell[];
}

export interface RoutingOptions extends RoutingSize {
  readonly inFlight: readonly number[];
  readonly payloadSize: number;
  /** Length of one measurement, ms; each way is measured `rounds` times, taking turns. */
  readonly roundMs: number;
  readonly rounds: number;
  /** How long each way runs before anything is measured: new code is slow code. */
  readonly warmUpMs: number;
}

export interface RoutingResult {
  readonly rows: readonly RoutingRow[];
  /** Of each runtime. */
  readonly sessions: number;
  /** Calls that had to wait for a session; more than a handful spoils the comparison. */
  readonly queued: number;
}

/** A call of a host session for `place`, with the bytes for it. */
type Ask = (place: Place, payload: Buffer) => Promise<Uint8Array>;

/** One way of routing: the runtime it goes over, and how it is asked. */
export interface Route {
  readonly name: string;
  readonly hostlink: HostLink;
  /** The payloads by place, and so what the header says. */
  readonly payloads: readonly Buffer[];
  readonly ask: Ask;
}

function payloadsOf(places: readonly Place[], size: number, hasTerminal: (place: Place) => boolean): Buffer[] {
  return places.map((place) => {
    const payload = Buffer.alloc(size, place.index);
    payload.writeUInt32BE(place.index, 0);
    writeHeader(payload, place, hasTerminal(place));
    return payload;
  });
}

/** The calls of a quarter each: plain, by header, by terminal, by the terminal of the header. */
function askMixed(mixed: HostLink): Ask {
  const byKind: readonly Ask[] = [
    ({ type }, payload) => mixed.call(TYPES[type]!, payload),
    (_place, payload) => mixed.call('BY_HEADER', payload),
    ({ type, terminal }, payload) => mixed.call(TYPES[type]!, payload, { terminal }),
    (_place, payload) => mixed.call('BY_HEADER', payload),
  ];
  return (place, payload) => byKind[place.kind]!(place, payload);
}

/** All ways of routing; the first is the plain pool call, the second the same: what its ratio is off 1 is the noise. */
export function routesOf(
  runtimes: Readonly<Record<RuntimeName, HostLink>>,
  size: RoutingSize,
  payloadSize: number,
): Route[] {
  const { pool, again, types, terminals, headed, mixed } = runtimes;
  const places = placesOf(size);
  const bare = payloadsOf(places, payloadSize, () => false);
  const withTerminal = payloadsOf(places, payloadSize, () => true);
  return [
    { name: 'plain', hostlink: pool, payloads: bare, ask: (_place, payload) => pool.call('ECHO', payload) },
    { name: 'plain again', hostlink: again, payloads: bare, ask: (_place, payload) => again.call('ECHO', payload) },
    { name: 'header', hostlink: types, payloads: bare, ask: (_place, payload) => types.call('BY_HEADER', payload) },
    {
      name: 'terminal',
      hostlink: terminals,
      payloads: bare,
      ask: ({ type, terminal }, payload) => terminals.call(TYPES[type]!, payload, { terminal }),
    },
    {
      name: 'header terminal',
      hostlink: headed,
      payloads: withTerminal,
      ask: (_place, payload) => headed.call('BY_HEADER', payload),
    },
    {
      name: 'mixed',
      hostlink: mixed,
      payloads: payloadsOf(places, payloadSize, ({ kind }) => kind === 3),
      ask: askMixed(mixed),
    },
  ];
}

/**
 * The places of one caller of `inFlight`, by turn: no two callers share one, so that no call waits behind another of its
 * terminal, and together they go round all of them, as pool calls go round all sessions.
 */
export function placeOf(caller: number, turn: number, inFlight: number, places: number): number {
  return caller + inFlight * (turn % Math.max(1, Math.floor(places / inFlight)));
}

function targetOf({ name, payloads, ask }: Route, places: readonly Place[], inFlight: number): Target {
  const turns = new Array<number>(inFlight).fill(0);
  return {
    name,
    async ask(_index, caller) {
      const at = placeOf(caller, turns[caller]!, inFlight, places.length);
      turns[caller]! += 1;
      const payload = payloads[at]!;
      const reply = await ask(places[at]!, payload);
      if (!payload.equals(reply)) throw new Error(`${name}: the reply of place ${at} is not what was sent`);
    },
  };
}

/** Plain calls, and another way in the same round. */
export interface Pair {
  readonly plain: LoadResult;
  readonly other: LoadResult;
}

/** One cell from its pairs: the pace of the machine, as far as it changes slower than a round takes, is in no ratio. */
export function cellOf(name: string, pairs: readonly Pair[]): RoutingCell {
  const ratios = pairs.map(({ plain, other }) => other.perSecond / plain.perSecond).sort((a, b) => a - b);
  const quartiles = [ratios[ratios.length >> 2]!, ratios[(ratios.length * 3) >> 2]!] as const;
  const ratio = median(ratios);
  return { name, ...medians(pairs.map(({ other }) => other)), ratio, quartiles, isWithin: ratio >= RATIO_MIN };
}

/** Who goes first changes, and every other round runs backwards: what grows or wears out in a run is shared. */
export function orderOf(count: number, round: number): number[] {
  const order = Array.from({ length: count }, (_, at) => (at + (round >> 1)) % count);
  return round % 2 === 0 ? order : order.reverse();
}

async function measureRow(routes: readonly Route[], inFlight: number, options: RoutingOptions): Promise<RoutingRow> {
  const places = placesOf(options);
  const targets = routes.map((route) => targetOf(route, places, inFlight));
  const rounds: LoadResult[][] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const results: LoadResult[] = [];
    for (const at of orderOf(routes.length, round)) {
      results[at] = await runLoad(targets[at]!, inFlight, options.roundMs, options.roundMs / 4);
    }
    rounds.push(results);
  }
  const cells = routes.map(({ name }, at) => {
    const pairs = rounds.map((results) => ({ plain: results[0]!, other: results[at]! }));
    return cellOf(name, pairs);
  });
  return { inFlight, cells };
}

/** All threads of all runtimes at full load, so that none is measured before its code is compiled. */
async function warmUp(routes: readonly Route[], options: RoutingOptions): Promise<void> {
  const places = placesOf(options);
  const inFlight = Math.max(...options.inFlight);
  for (const route of routes) await runLoad(targetOf(route, places, inFlight), inFlight, options.warmUpMs, 0);
}

/** What dedicate and header routing cost beside plain pool calls: a runtime each, one host, taking turns. */
export async function runRouting(
  options: RoutingOptions,
  progress: (row: RoutingRow) => void = () => {},
): Promise<RoutingResult> {
  const most = Math.max(...options.inFlight);
  const sessions = placesOf(options).length;
  if (most > sessions) throw new Error(`${most} in flight, and ${sessions} terminals`);
  const host = await startHost(hostDefinitions(options));
  const started: HostLink[] = [];
  const start = async (name: RuntimeName): Promise<HostLink> => {
    const hostlink = await HostLink.start(routingConfig(name, host.port, options));
    started.push(hostlink);
    await hostlink.ready({ sessions: 'all', timeoutMs: 30_000 });
    return hostlink;
  };
  const rows: RoutingRow[] = [];
  let queued = 0;
  let protocolErrors = 0;
  try {
    const entries: [RuntimeName, HostLink][] = [];
    for (const name of RUNTIME_NAMES) entries.push([name, await start(name)]);
    const runtimes = Object.fromEntries(entries) as Record<RuntimeName, HostLink>;
    const routes = routesOf(runtimes, options, options.payloadSize);
    await warmUp(routes, options);
    for (const inFlight of options.inFlight) {
      const row = await measureRow(routes, inFlight, options);
      rows.push(row);
      progress(row);
    }
    queued = started.reduce((sum, hostlink) => sum + hostlink.stats().dispatch.queued, 0);
  } finally {
    for (const hostlink of started) await hostlink.stop();
    ({ protocolErrors } = await host.stop());
  }
  if (protocolErrors > 0) throw new Error(`the host saw ${protocolErrors} protocol errors`);
  return { rows, sessions, queued };
}
