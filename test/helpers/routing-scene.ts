import type { ErrorCode } from '../../src/base/errors.js';
import type { HeaderConfig, HostLinkConfig, LuConfig, ServiceConfig } from '../../src/config/model.js';
import type { LuWish } from '../../src/gateway/lu-target.js';
import { encodeEbcdic } from '../../src/sna/ebcdic.js';
import { fakeConfig } from './fake-config.js';
import { linkConfig, luConfig, puConfig } from './link-config.js';

/**
 * The configuration of the routing model: two applications, of which one has two session types, and three links that are
 * not alike. What the tests expect of a call is worked out here from the tables below, not by what is under test.
 */
export const LINKS = 3;
export const MAXQCOUNT = 3;

export const GROUPS = [
  { index: 0, application: 'BANK', sessionType: 'QUERY' },
  { index: 1, application: 'BANK', sessionType: 'UPDATE' },
  { index: 2, application: 'SHOP', sessionType: '' },
] as const;

const TEXT = { timeoutMs: 1, codePage: '037', idempotent: false };
export const SERVICES: readonly ServiceConfig[] = [
  { name: 'ASK', index: 0, group: 0, header: 0, ...TEXT },
  { name: 'AGAIN', index: 1, group: 0, header: 0, ...TEXT, idempotent: true },
  { name: 'VIA', index: 2, group: 0, header: 1, ...TEXT },
  { name: 'BUY', index: 3, group: 2, header: -1, ...TEXT },
];

const HEADER_BASE = { codePage: '037', sessionType: undefined, terminal: undefined, service: undefined, strip: false };
/** One says the session type and the terminal; the other the service and the session type, and stays behind. */
const HEADERS: readonly HeaderConfig[] = [
  {
    ...HEADER_BASE,
    name: 'MSG',
    index: 0,
    length: 8,
    fields: [
      { name: 'TYPE', offset: 1, length: 1, kind: 'ebcdic' },
      { name: 'TERM', offset: 3, length: 4, kind: 'ebcdic' },
    ],
    sessionType: { field: 'TYPE', map: { Q: 'QUERY', '': 'QUERY', U: 'UPDATE', N: '' } },
    terminal: { field: 'TERM' },
  },
  {
    ...HEADER_BASE,
    name: 'VIA',
    index: 1,
    length: 9,
    fields: [
      { name: 'SVC', offset: 0, length: 6, kind: 'ascii' },
      { name: 'TYPE', offset: 7, length: 2, kind: 'packed' },
    ],
    sessionType: { field: 'TYPE', map: { '1': 'QUERY', '2': 'UPDATE', '3': '' } },
    service: { field: 'SVC' },
    strip: true,
  },
];

const OUTBOUND = { direction: 'OUTBOUND' } as const;
const kept = (terminal: string): Partial<LuConfig> => ({ mode: 'DEDICATE', terminal });

/** For each link its LUs in order: the group, and what is special. The third and later ones are of a second PU. */
const LUS: readonly (readonly [number, Partial<LuConfig>])[][] = [
  [
    [0, {}],
    [0, kept('101')],
    [0, {}],
    [1, {}],
    [1, kept('102')],
    [2, {}],
    [0, OUTBOUND],
  ],
  [
    [0, {}],
    [1, {}],
    [0, kept('201')],
    [2, kept('202')],
    [1, {}],
  ],
  [
    [2, {}],
    [1, kept('301')],
    [1, {}],
    [0, {}],
  ],
];

export const CONFIG: HostLinkConfig = {
  ...fakeConfig(),
  groups: GROUPS,
  services: SERVICES,
  headers: HEADERS,
  links: LUS.map((own, link) => {
    const lus = own.map(([group, more], place) => luConfig(place + 2, { name: `L${link}${place}`, group, ...more }));
    const pus = [
      puConfig(0, { name: 'A', lus: lus.slice(0, 2) }),
      puConfig(0, { name: 'B', index: 1, lus: lus.slice(2) }),
    ];
    return linkConfig({ name: `LINK${link}`, index: link, pus });
  }),
};

/** All LUs with their link and their place on it. */
export const PLACES = CONFIG.links.flatMap((link) => {
  return link.pus.flatMap((pu) => pu.lus).map((lu, place) => ({ lu, link: link.index, place }));
});
export const TERMINALS = ['101', '102', '201', '202', '301'] as const;
export const LU_NAMES = PLACES.map(({ lu }) => lu.name);

/** A call as its caller makes it. `?` is a type, and NONE a name, that there is not. */
export interface Call {
  readonly service: 'ASK' | 'AGAIN' | 'VIA' | 'BUY';
  /** Of the header VIA. */
  readonly named: 'ASK' | 'AGAIN' | 'VIA' | 'BUY' | 'NONE';
  readonly type: 'QUERY' | 'UPDATE' | '' | '?';
  /** Of the header MSG; '' is blanks. */
  readonly terminal: string;
  readonly wish: LuWish;
}

const TYPE_LETTER = { QUERY: 'Q', UPDATE: 'U', '': 'N', '?': 'X' } as const;
const TYPE_PACKED = { QUERY: 0x001c, UPDATE: 0x002c, '': 0x003c, '?': 0x009f } as const;

function headerOf({ service, named, type, terminal }: Call): Buffer {
  if (service === 'BUY') return Buffer.alloc(0);
  const bytes = Buffer.alloc(service === 'VIA' ? 9 : 8, 0xee);
  if (service === 'VIA') {
    bytes.write(named.padEnd(6), 0, 'latin1');
    bytes.writeUInt16BE(TYPE_PACKED[type], 7);
  } else {
    bytes.set(encodeEbcdic(TYPE_LETTER[type], '037'), 1);
    bytes.set(encodeEbcdic(terminal.padEnd(4), '037'), 3);
  }
  return bytes;
}

/** The request: its header, and its tag in the last four bytes. */
export function encodeCall(call: Call, tag: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(tag);
  return Buffer.concat([headerOf(call), body]);
}

/** What the host is to get of it. */
export function contentOf(call: Call, request: Buffer): Buffer {
  return call.service === 'VIA' ? request.subarray(9) : request;
}

/** The tag of a request or a reply. */
export function tagOf(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUInt32LE(bytes.length - 4);
}

/** Where a call is to go. */
export interface Route {
  readonly service: ServiceConfig;
  readonly group: number;
  /** The one LU, if it is tied to one. */
  readonly place: (typeof PLACES)[number] | undefined;
}

/** What must become of a call before it gets to the dispatcher: its way, or the error. */
export function routeOf(call: Call): Route | ErrorCode {
  const name = call.service === 'VIA' ? call.named : call.service;
  const service = SERVICES.find((one) => one.name === name);
  if (service === undefined) return 'SERVICE_UNKNOWN';
  const application = name === 'BUY' ? 'SHOP' : 'BANK';
  const type = call.service === 'BUY' ? '' : call.type;
  const group = GROUPS.find((one) => one.application === application && one.sessionType === type);
  if (group === undefined) return 'HEADER_INVALID';
  const { lu, terminal: wished } = call.wish;
  const hasTerminal = call.service === 'ASK' || call.service === 'AGAIN';
  const terminal = wished ?? (hasTerminal && lu === undefined ? call.terminal : '');
  if (lu === undefined && terminal === '') return { service, group: group.index, place: undefined };
  const place = PLACES.find((one) => (lu === undefined ? one.lu.terminal === terminal : one.lu.name === lu));
  if (place === undefined) return lu === undefined ? 'TERMINAL_UNKNOWN' : 'LU_UNKNOWN';
  const isFit = place.lu.group === group.index && place.lu.direction === 'INBOUND';
  return isFit ? { service, group: group.index, place } : 'LU_UNAVAILABLE';
}

const ALL_CALLS = (['ASK', 'AGAIN', 'VIA', 'BUY'] as const).flatMap((service) => {
  const named = service === 'VIA' ? (['ASK', 'AGAIN', 'VIA', 'BUY'] as const) : (['ASK'] as const);
  const types = service === 'BUY' ? ([''] as const) : (['QUERY', 'UPDATE', ''] as const);
  const terminals = service === 'ASK' || service === 'AGAIN' ? ['', ...TERMINALS] : [''];
  const wishes = [{}, ...TERMINALS.map((terminal) => ({ terminal })), ...LU_NAMES.map((lu) => ({ lu }))];
  const calls: Call[] = [];
  for (const one of named) {
    for (const type of types) {
      for (const terminal of terminals)
        for (const wish of wishes) calls.push({ service, named: one, type, terminal, wish });
    }
  }
  return calls;
});

function callsTo(isWanted: (place: Route['place']) => boolean): readonly Call[] {
  return ALL_CALLS.filter((call) => {
    const route = routeOf(call);
    return typeof route !== 'string' && isWanted(route.place);
  });
}

/** Calls that reach the dispatcher: for any session of a type, for an LU kept for a terminal, for one LU of a pool. */
export const CALLS = {
  group: callsTo((place) => place === undefined),
  terminal: callsTo((place) => place?.lu.mode === 'DEDICATE'),
  lu: callsTo((place) => place?.lu.mode === 'POOL'),
} as const;
