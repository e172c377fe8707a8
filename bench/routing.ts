import { HostLink } from '../src/index.js';
import { median, medians } from './calls.js';
import { startHost } from './host-process.js';
import { type LoadResult, runLoad, type Target } from './load.js';
import {
  hostDefinitions,
  type LuPlan,
  type Place,
  placesOf,
  type RoutingSize,
  routingConfig,
  TYPES,
  writeHeader,
} from './routing-config.js';

/** A way of routing may cost this much of plain pool calls, and no more. */
export const RATIO_MIN = 0.9;

/** One way of routing at one in-flight count. */
export interface RoutingCell extends LoadResult {
  readonly name: string;
  /** Calls per second over those of plain pool calls: the median over the rounds, each against its own plain. */
  readonly ratio: number;
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

/** All ways of routing; the first is the plain pool call. */
export function routesOf(
  runtimes: Readonly<Record<LuPlan, HostLink>>,
  size: RoutingSize,
  payloadSize: number,
): Route[] {
  const { pool, types, terminals, mixed } = runtimes;
  const places = placesOf(size);
  const bare = payloadsOf(places, payloadSize, () => false);
  const withTerminal = payloadsOf(places, payloadSize, () => true);
  return [
    { name: 'plain', hostlink: pool, payloads: bare, ask: (_place, payload) => pool.call('ECHO', payload) },
    { name: 'header', hostlink: types, payloads: bare, ask: (_place, payload) => types.call('BY_HEADER', payload) },
    {
      name: 'terminal',
      hostlink: terminals,
      payloads: bare,
      ask: ({ type, terminal }, payload) => terminals.call(TYPES[type]!, payload, { terminal }),
    },
    {
      name: 'header terminal',
      hostlink: terminals,
      payloads: withTerminal,
      ask: (_place, payload) => terminals.call('BY_HEADER', payload),
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

/** The cells of a row from what each way (the first is plain) did round by round. */
export function cellsOf(names: readonly string[], results: readonly (readonly LoadResult[])[]): RoutingCell[] {
  const plain = results[0]!;
  return names.map((name, at) => {
    const own = results[at]!;
    const ratio = median(own.map(({ perSecond }, round) => perSecond / plain[round]!.perSecond));
    return { name, ...medians(own), ratio, isWithin: ratio >= RATIO_MIN };
  });
}

/** Who goes first changes, and every other round runs backwards: what grows or wears out in a run is shared. */
export function orderOf(count: number, round: number): number[] {
  const order = Array.from({ length: count }, (_, at) => (at + (round >> 1)) % count);
  return round % 2 === 0 ? order : order.reverse();
}

async function measureRow(routes: readonly Route[], inFlight: number, options: RoutingOptions): Promise<RoutingRow> {
  const places = placesOf(options);
  if (inFlight > places.length) throw new Error(`${inFlight} in flight, and ${places.length} terminals`);
  const targets = routes.map((route) => targetOf(route, places, inFlight));
  const results: LoadResult[][] = routes.map(() => []);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const at of orderOf(routes.length, round)) {
      results[at]!.push(await runLoad(targets[at]!, inFlight, options.roundMs, options.roundMs / 4));
    }
  }
  const names = routes.map(({ name }) => name);
  return { inFlight, cells: cellsOf(names, results) };
}

/** What dedicate and header routing cost beside plain pool calls: a runtime each, one host, taking turns. */
export async function runRouting(
  options: RoutingOptions,
  progress: (row: RoutingRow) => void = () => {},
): Promise<RoutingResult> {
  const host = await startHost(hostDefinitions(options));
  const started: HostLink[] = [];
  const start = async (plan: LuPlan): Promise<HostLink> => {
    const hostlink = await HostLink.start(routingConfig(plan, host.port, options));
    started.push(hostlink);
    await hostlink.ready({ sessions: 'all', timeoutMs: 30_000 });
    return hostlink;
  };
  const rows: RoutingRow[] = [];
  let queued = 0;
  let protocolErrors = 0;
  try {
    const runtimes = {
      pool: await start('pool'),
      types: await start('types'),
      terminals: await start('terminals'),
      mixed: await start('mixed'),
    };
    const routes = routesOf(runtimes, options, options.payloadSize);
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
  return { rows, sessions: placesOf(options).length, queued };
}
