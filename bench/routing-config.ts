import type { HostDefinitionsInput } from '../src/host/definitions.js';
import type { HostLinkInput } from '../src/index.js';
import { benchConfig } from './bench-config.js';

/** Session types of the benches that have them, and their codes in the header. */
export const TYPES = ['QUERY', 'UPDATE'] as const;
export const CODES = ['Q', 'U'] as const;

const PUS_PER_LINK = 2;
const KINDS = 4;
const FIRST_ADDRESS = 2;
const FIRST_TERMINAL = 1001;

/** Sessions of one PU come in multiples of this, so that every PU has as many places of each type and kind. */
export const SESSIONS_STEP = TYPES.length * KINDS;

/** What LUs a runtime has: a pool, a pool with session types, terminals alone, or half a typed pool and half terminals. */
export type LuPlan = 'pool' | 'types' | 'terminals' | 'mixed';

/** How many workers, each with a link of two PUs, and the sessions of each PU. */
export interface RoutingSize {
  readonly workers: number;
  readonly sessionsPerPu: number;
}

/**
 * What a call is for. There is a place for each session; those under way at once differ, so that none waits for another,
 * whatever way it goes. Links, session types and kinds take turns: any even span of places loads all of them alike.
 */
export interface Place {
  readonly index: number;
  readonly link: number;
  readonly pu: number;
  /** Index of its session type. */
  readonly type: number;
  /** Of the mixed calls: 0 plain, 1 by header, 2 by terminal, 3 by the terminal of the header. */
  readonly kind: number;
  readonly terminal: number;
}

/** All places of a runtime. */
export function placesOf({ workers, sessionsPerPu }: RoutingSize): Place[] {
  return Array.from({ length: workers * PUS_PER_LINK * sessionsPerPu }, (_, index) => {
    const ofLink = Math.floor(index / workers);
    const ofType = Math.floor(ofLink / TYPES.length);
    const kind = ofType % KINDS;
    const pu = Math.floor(ofType / KINDS) % PUS_PER_LINK;
    const [link, type] = [index % workers, ofLink % TYPES.length];
    return { index, link, pu, type, kind, terminal: FIRST_TERMINAL + index };
  });
}

type LuRange = NonNullable<NonNullable<HostLinkInput['links'][number]['pus']>[number]['lus']>[number];

/** The LUs of one PU, as wide as its places; `mine` are those of that PU. */
function lusOf(plan: LuPlan, lu: LuRange, mine: readonly Place[]): LuRange[] {
  let address = FIRST_ADDRESS;
  const range = (those: readonly Place[], more: Partial<LuRange>): LuRange => {
    const addresses = `${address}-${address + those.length - 1}`;
    address += those.length;
    return { ...lu, addresses, ...more };
  };
  if (plan === 'pool') return [range(mine, {})];
  return TYPES.flatMap((sessionType, type) => {
    const typed = mine.filter((place) => place.type === type);
    const tied = plan === 'terminals' ? typed : plan === 'mixed' ? typed.filter(({ kind }) => kind >= 2) : [];
    const pooled = typed.filter((place) => !tied.includes(place));
    const terminals = tied.map(({ terminal }) => terminal);
    return [
      ...(pooled.length === 0 ? [] : [range(pooled, { sessionType })]),
      ...(tied.length === 0 ? [] : [range(tied, { sessionType, mode: 'DEDICATE' as const, terminals })]),
    ];
  });
}

const HEADER = {
  name: 'MSG',
  length: 24,
  fields: [
    { name: 'TYPE', offset: 4, length: 2, kind: 'ascii' as const },
    { name: 'TERMINAL', offset: 8, length: 8, kind: 'ascii' as const },
  ],
  sessionType: { field: 'TYPE', map: { [CODES[0]]: TYPES[0], [CODES[1]]: TYPES[1] } },
  terminal: { field: 'TERMINAL' },
};

/** The header of a request for `place`; without a terminal the field is blank. */
export function writeHeader(payload: Buffer, place: Place, hasTerminal: boolean): void {
  payload.write(CODES[place.type]!.padEnd(2), 4, 'latin1');
  payload.write((hasTerminal ? String(place.terminal) : '').padEnd(8), 8, 'latin1');
}

/** The runtimes of the bench: one for each way of routing, so that all are used alike; what is used more runs warmer. */
export const RUNTIMES = {
  pool: 'pool',
  again: 'pool',
  types: 'types',
  terminals: 'terminals',
  headed: 'terminals',
  mixed: 'mixed',
} as const satisfies Record<string, LuPlan>;
export type RuntimeName = keyof typeof RUNTIMES;
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as RuntimeName[];

function puOf(runtime: RuntimeName, link: number, pu: number): { name: string; idNum: string; localMac: string } {
  const number = `${RUNTIME_NAMES.indexOf(runtime) + 1}${link + 1}${pu + 1}`;
  return { name: `PU${number}`, idNum: `00${number}`, localMac: `4000.0000.0${number}` };
}

/** A runtime, as the host of `hostDefinitions` knows it. Its services are those it has sessions for. */
export function routingConfig(runtime: RuntimeName, port: number, size: RoutingSize): HostLinkInput {
  const plan = RUNTIMES[runtime];
  const plain = benchConfig(port, size.workers);
  const places = placesOf(size);
  const links = plain.links.map((link, at) => ({
    ...link,
    pus: link.pus.map((each, pu) => {
      const mine = places.filter((place) => place.link === at && place.pu === pu);
      return { ...each, ...puOf(runtime, at, pu), lus: lusOf(plan, each.lus[0]!, mine) };
    }),
  }));
  if (plan === 'pool') return { ...plain, links };
  const services = [
    ...TYPES.map((sessionType) => ({ name: sessionType, application: 'ECHO', sessionType })),
    { name: 'BY_HEADER', application: 'ECHO', header: HEADER.name },
  ];
  return { ...plain, links, headers: [HEADER], services };
}

/** Definitions of one embedded host for all runtimes. */
export function hostDefinitions({ workers, sessionsPerPu }: RoutingSize): HostDefinitionsInput {
  const pus = RUNTIME_NAMES.flatMap((runtime) =>
    Array.from({ length: workers * PUS_PER_LINK }, (_, at) => {
      const { name, idNum } = puOf(runtime, Math.floor(at / PUS_PER_LINK), at % PUS_PER_LINK);
      const addresses = `${FIRST_ADDRESS}-${FIRST_ADDRESS + sessionsPerPu - 1}`;
      return {
        name,
        idBlk: '017',
        idNum,
        lus: [{ addresses, name: `H${idNum.slice(2)}{address:03}`, logMode: 'LU0FAST' }],
      };
    }),
  );
  return {
    dlsw: { window: 256 },
    logModes: [{ name: 'LU0FAST' }],
    applications: [{ name: 'ECHO', program: 'ECHO' }],
    pus,
  };
}
