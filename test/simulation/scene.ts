import { loadConfig } from '../../src/config/load.js';
import type { HostLinkConfig } from '../../src/config/model.js';
import type { HostLinkInput } from '../../src/config/schema.js';
import { type HostDefinitions, type HostDefinitionsInput, parseDefinitions } from '../../src/host/definitions.js';
import type { Chance } from './chance.js';

/**
 * Timers: the defaults, but for the longest waits between two tries (120 s and 60 s there), for how long a session waits
 * for a late reply (60 s there), and for a host that queues logons (60 s there).
 */
const TIMERS = { connectRetryMax: '15s', sessionRetryMax: '15s', lateReply: '20s', bind: '20s' };
export const LATE_REPLY_MS = 20_000;
/** Restarts are not limited here: links whose worker is lost too often are what other tests are about. */
const MAXRSTART = -1;

const MODES = [
  { name: 'FAST' },
  {
    name: 'SAFE',
    pluResponse: 'definite',
    sluResponse: 'definite',
    windowIn: 3,
    windowOut: 3,
    ruSizeIn: 256,
    ruSizeOut: 256,
  },
  { name: 'CONTB', mode: 'contention', windowIn: 2, windowOut: 2, ruSizeIn: 512, ruSizeOut: 512 },
  { name: 'FM4', fm: 4, ts: 4, resync: true, windowIn: 7, windowOut: 7, ruSizeIn: 1024, ruSizeOut: 1024 },
  { name: 'NEG', negotiable: true, windowIn: 5, windowOut: 5, ruSizeIn: 1024, ruSizeOut: 1024 },
] as const satisfies HostDefinitionsInput['logModes'];

/** What the application PLAY does to a session: answers, refuses, answers late, and ends it instead of an answer. */
const PLAY_STEPS = [
  { expect: {} },
  { send: { data: 'c1', eb: true } },
  { expect: { respond: false } },
  { reject: '081c0000' },
  { expect: {} },
  { waitMs: 700 },
  { send: { data: 'c3', eb: true } },
  { expect: {} },
  { unbind: { type: 1 } },
] as HostDefinitionsInput['applications'][number]['steps'];

/** One range of LUs, the same on both sides. */
interface Range {
  readonly addresses: string;
  readonly name: string;
  readonly application: string;
  readonly sessionType: string;
  readonly logMode: string;
  readonly terminals: string | undefined;
  readonly count: number;
  readonly first: number;
  readonly more: Record<string, unknown>;
}

/** One LU as the simulation knows it, worked out here and not by what is under test. */
export interface SceneLu {
  readonly name: string;
  readonly link: string;
  readonly pu: string;
  readonly application: string;
  readonly sessionType: string;
  readonly terminal: string | undefined;
}

/** The configuration of one simulation: both sides, and what a checker has to know of them. */
export interface Scene {
  readonly config: HostLinkConfig;
  readonly host: HostDefinitions;
  readonly lus: readonly SceneLu[];
  readonly links: readonly string[];
  readonly pus: readonly string[];
}

/** Of one PU: its ranges, from `first` on. */
function rangesOf(chance: Chance, link: number, pu: string, first: number): Range[] {
  const kinds = [
    { application: 'ECHO', sessionType: '', isKept: false },
    { application: 'SLOW', sessionType: 'QUERY', isKept: false },
    { application: 'SLOW', sessionType: 'UPDATE', isKept: false },
    { application: 'SLOW', sessionType: 'UPDATE', isKept: true },
    { application: 'PLAY', sessionType: '', isKept: false },
  ];
  let address = first;
  return kinds.map(({ application, sessionType, isKept }, at) => {
    const count = isKept || at === 0 ? chance.whole(1, 2) : 1;
    const from = address;
    address += count;
    const terminal = link * 100 + from;
    const logMode = chance.pick(MODES).name;
    return {
      addresses: `${from}-${address - 1}`,
      name: `L${link}${pu}{address:03}`,
      application,
      sessionType,
      logMode,
      terminals: isKept ? `${terminal}-${terminal + count - 1}` : undefined,
      count,
      first: from,
      more: {
        initiate: chance.is(0.7) ? 'acquire' : 'logon',
        response: chance.pick(['exception', 'definite']),
        afterUse: chance.is(0.7) ? 'KEEP' : 'END',
      },
    };
  });
}

interface ScenePu {
  readonly link: number;
  readonly name: string;
  readonly idNum: string;
  readonly mac: string;
  readonly ranges: readonly Range[];
}

function pusOf(chance: Chance, links: number): ScenePu[] {
  return Array.from({ length: links }, (_, at) => at + 1).flatMap((link) => {
    const names = chance.is(0.4) ? ['A', 'B'] : ['A'];
    return names.map((pu, at) => ({
      link,
      name: `PU${link}${pu}`,
      idNum: `000${link}${at + 1}`,
      mac: `4000.0000.00${link}${at + 1}`,
      ranges: rangesOf(chance, link, pu, at === 0 ? 2 : 40),
    }));
  });
}

function runtimeInput(chance: Chance, links: number, pus: readonly ScenePu[]): HostLinkInput {
  const min = chance.is(0.7) ? links : chance.whole(1, links);
  const scaling = { asqcount: min < links ? chance.whole(1, 4) : -1, idleTimeout: '20s' };
  const settings = {
    peer: { address: '10.0.1.1' },
    dlsw: { connections: 1, window: chance.pick([2, 20]), oneMessagePerWrite: chance.is(0.2) },
    sna: { piuSizeMax: chance.pick([265, 521, 4105]) },
    timers: TIMERS,
  };
  return {
    server: { name: 'SIMULATED', min, max: links, maxrstart: MAXRSTART, heldIdleTimeout: '8s', ...scaling },
    log: { level: 'silent' },
    linkDefaults: settings,
    links: Array.from({ length: links }, (_, at) => ({
      name: `LINK${at + 1}`,
      pus: pus
        .filter((pu) => pu.link === at + 1)
        .map(({ name, idNum, mac, ranges }) => ({
          name,
          idBlk: '017',
          idNum,
          localMac: mac,
          remoteMac: '4000.3745.0001',
          lus: ranges.map(({ addresses, name: lu, application, sessionType, logMode, terminals, more }) => {
            const kept = terminals === undefined ? {} : { mode: 'DEDICATE', terminals };
            return { addresses, name: lu, application, sessionType, logMode, ...kept, ...more };
          }),
        })),
    })),
    headers: [
      {
        name: 'MSG',
        length: 9,
        fields: [
          { name: 'TYPE', offset: 4, length: 1, kind: 'ebcdic' },
          { name: 'TERMINAL', offset: 5, length: 4, kind: 'ebcdic' },
        ],
        sessionType: { field: 'TYPE', map: { Q: 'QUERY', U: 'UPDATE' } },
        terminal: { field: 'TERMINAL' },
      },
    ],
    services: [
      { name: 'ECHO', application: 'ECHO' },
      { name: 'AGAIN', application: 'ECHO', idempotent: true },
      { name: 'SLOW', application: 'SLOW', header: 'MSG' },
      { name: 'QUERY', application: 'SLOW', sessionType: 'QUERY', idempotent: true },
      { name: 'UPDATE', application: 'SLOW', sessionType: 'UPDATE' },
      { name: 'PLAY', application: 'PLAY' },
    ],
  } as HostLinkInput;
}

function hostInput(chance: Chance, pus: readonly ScenePu[]): HostDefinitionsInput {
  return {
    mac: '4000.3745.0001',
    dlsw: { window: chance.pick([2, 256]), oneMessagePerWrite: chance.is(0.2) },
    sscp: { queue: chance.pick(['none', 'sessionLimit', 'all']) },
    logModes: [...MODES],
    applications: [
      { name: 'ECHO', program: 'ECHO', reply: chance.pick(['exception', 'definite']) },
      { name: 'SLOW', program: 'SLOW' },
      { name: 'PLAY', program: 'SCRIPT', steps: PLAY_STEPS },
    ],
    pus: pus.map(({ name, idNum, ranges }) => ({
      name,
      idBlk: '017',
      idNum,
      piuSizeMax: 4105,
      lus: ranges.map(({ addresses, name: lu, logMode }) => ({ addresses, name: lu, logMode })),
    })),
  };
}

/** Draw a scene: one to three links, each with one or two PUs that have LUs of all kinds. */
export function drawScene(chance: Chance): Scene {
  const links = chance.whole(1, 3);
  const pus = pusOf(chance, links);
  const lus = pus.flatMap(({ link, name: pu, ranges }) =>
    ranges.flatMap(({ name, count, first, application, sessionType, terminals }) =>
      Array.from({ length: count }, (_, at): SceneLu => {
        const address = String(first + at).padStart(3, '0');
        const terminal = terminals === undefined ? undefined : String(link * 100 + first + at);
        return {
          name: name.replace('{address:03}', address),
          link: `LINK${link}`,
          pu,
          application,
          sessionType,
          terminal,
        };
      }),
    ),
  );
  return {
    config: loadConfig(runtimeInput(chance, links, pus)),
    host: parseDefinitions(hostInput(chance, pus)),
    lus,
    links: Array.from({ length: links }, (_, at) => `LINK${at + 1}`),
    pus: pus.map(({ name }) => name),
  };
}
