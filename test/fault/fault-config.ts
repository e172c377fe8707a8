import type { HostDefinitionsInput } from '../../src/host/definitions.js';
import type { HostLinkInput } from '../../src/index.js';

/** Two PUs per link; of each PU `pool` LUs for any call, and `terminals` kept for one terminal each. */
export interface FaultSize {
  readonly links: number;
  readonly pool: number;
  readonly terminals: number;
}

export const SERVICE = 'ECHO';
const PUS_PER_LINK = 2;
const FIRST = 2;

export function sessionsOf({ links, pool, terminals }: FaultSize): number {
  return links * PUS_PER_LINK * (pool + terminals);
}

/** Terminals are numbered from 1, over all PUs. */
export function terminalsOf({ links, terminals }: FaultSize): number {
  return links * PUS_PER_LINK * terminals;
}

interface PuPlace {
  readonly link: number;
  /** Over all links. */
  readonly index: number;
  readonly name: string;
  readonly idBlk: string;
  readonly idNum: string;
}

function puOf(link: number, pu: number): PuPlace {
  const letter = 'AB'[pu]!;
  return { link, index: link * PUS_PER_LINK + pu, name: `PU${link}${letter}`, idBlk: '017', idNum: `000${link}${pu}` };
}

function pusOf(link: number): PuPlace[] {
  return Array.from({ length: PUS_PER_LINK }, (_, pu) => puOf(link, pu));
}

function linksOf({ links }: FaultSize): number[] {
  return Array.from({ length: links }, (_, link) => link);
}

/** The host of such a runtime: it gives up attempts soon, as nobody here is slow. */
export function hostOf(size: FaultSize): HostDefinitionsInput {
  const last = FIRST + size.pool + size.terminals - 1;
  return {
    timers: {
      capexMs: 2000,
      circuitStartMs: 2000,
      xidMs: 2000,
      haltMs: 500,
      pendingActiveMs: 2000,
      actpuRetryMs: 2000,
    },
    logModes: [{ name: 'LU0FAST' }],
    applications: [{ name: SERVICE, program: 'ECHO' }],
    pus: linksOf(size)
      .flatMap(pusOf)
      .map(({ name, idBlk, idNum }) => ({
        name,
        idBlk,
        idNum,
        lus: [{ addresses: `${FIRST}-${last}`, name: `L${name.slice(2)}{address:03}`, logMode: 'LU0FAST' }],
      })),
  };
}

function lusOf({ pool, terminals }: FaultSize, { index, name }: PuPlace): object[] {
  const common = { name: `L${name.slice(2)}{address:03}`, application: SERVICE, logMode: 'LU0FAST' };
  const first = FIRST + pool;
  const lus: object[] = [];
  if (pool > 0) lus.push({ ...common, addresses: `${FIRST}-${first - 1}` });
  if (terminals > 0) {
    const numbers = `${index * terminals + 1}-${(index + 1) * terminals}`;
    lus.push({ ...common, addresses: `${first}-${first + terminals - 1}`, mode: 'DEDICATE', terminals: numbers });
  }
  return lus;
}

/**
 * A runtime with one worker per link. Pings are frequent, as a worker tells with each how many sessions are free by now.
 * @param timers over the short ones that tests want
 */
export function runtimeOf(port: number, size: FaultSize, server: object = {}, timers: object = {}): HostLinkInput {
  const retry = { connectRetry: 20, connectRetryMax: 200, sessionRetry: 20, sessionRetryMax: 200 };
  const answers = { connect: 1000, capex: 1000, explorer: 300, circuitStart: 1000, xid: 500, contact: 1500, halt: 500 };
  const sessions = { init: 1000, bind: 1000, sdt: 1000, lateReply: 1000 };
  return {
    server: { name: 'FAULTS', min: size.links, max: size.links, maxrstart: -1, pingInterval: '200ms', ...server },
    log: { level: 'silent' },
    linkDefaults: {
      peer: { address: '127.0.0.1', port },
      dlsw: { connections: 1 },
      sna: { piuSizeMax: 4105 },
      timers: { ...retry, ...answers, ...sessions, ...timers },
    },
    links: linksOf(size).map((link) => ({
      name: `LINK${link}`,
      pus: pusOf(link).map((pu) => ({
        name: pu.name,
        idBlk: pu.idBlk,
        idNum: pu.idNum,
        localMac: `4000.0000.00${pu.idNum.slice(3)}`,
        remoteMac: '4000.3745.0001',
        lus: lusOf(size, pu),
      })),
    })),
    services: [{ name: SERVICE, application: SERVICE }],
  } as HostLinkInput;
}
