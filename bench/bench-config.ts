import type { HostDefinitionsInput } from '../src/host/definitions.js';
import type { HostLinkInput } from '../src/index.js';

const PUS_PER_LINK = 2;
const PU_LETTERS = 'AB';
/** MAXDATA of the PUs of examples/host.yaml: a whole RU of 3,840 bytes in one PIU. */
const PIU_SIZE_MAX = 4105;

/** What may differ from one link of 256 ECHO sessions per worker. */
export interface BenchShape {
  /** MAXDATA of the host. */
  readonly piuSizeMax?: number;
  /** Sessions of each PU; there are two PUs on a link. */
  readonly sessionsPerPu?: number;
  /** One session on the whole link: what a link costs without its sessions. */
  readonly isSingle?: boolean;
  readonly timers?: NonNullable<HostLinkInput['linkDefaults']>['timers'];
  /** warn, unless what would be warned of is done on purpose. */
  readonly logLevel?: 'warn' | 'error';
}

function numberOf(link: number, pu: number): string {
  return `${String(link + 1).padStart(4, '0')}${pu + 1}`;
}

/** IDBLK and IDNUM of a PU, as the host is told which one is meant. */
export function puId(link: number, pu: number): string {
  return `017${numberOf(link, pu)}`;
}

/**
 * One link of ECHO sessions per worker, in two PUs of 128 where `shape` says nothing else. examples/host.yaml knows the
 * first two of these links, `benchHost` any number.
 */
export function benchConfig(port: number, workers: number, shape: BenchShape = {}): HostLinkInput {
  const { piuSizeMax = PIU_SIZE_MAX, sessionsPerPu = 128, isSingle = false, timers, logLevel = 'warn' } = shape;
  const addresses = isSingle ? '2' : `2-${sessionsPerPu + 1}`;
  const links = Array.from({ length: workers }, (_, link) => ({
    name: `LINK${link + 1}`,
    pus: Array.from({ length: isSingle ? 1 : PUS_PER_LINK }, (_, pu) => ({
      name: `PU${link + 1}${PU_LETTERS[pu]}`,
      idBlk: '017',
      idNum: numberOf(link, pu),
      localMac: `4000.0000.${numberOf(link, pu).slice(1)}`,
      remoteMac: '4000.3745.0001',
      lus: [{ addresses, name: `L${PU_LETTERS[pu]}${link + 1}{address:03}`, application: 'ECHO', logMode: 'LU0FAST' }],
    })),
  }));
  return {
    server: { name: 'BENCH', min: workers, max: workers },
    log: { level: logLevel },
    linkDefaults: {
      peer: { address: '127.0.0.1', port },
      dlsw: { connections: 1 },
      sna: { piuSizeMax },
      ...(timers === undefined ? {} : { timers }),
    },
    links,
    services: [{ name: 'ECHO', application: 'ECHO' }],
  };
}

/** Definitions of an embedded host for so many links of `benchConfig`. */
export function benchHost(links: number, piuSizeMax = PIU_SIZE_MAX): HostDefinitionsInput {
  const pus = Array.from({ length: links * PUS_PER_LINK }, (_, at) => {
    const [link, pu] = [Math.floor(at / PUS_PER_LINK), at % PUS_PER_LINK];
    const [name, lu] = [`PU${link + 1}${PU_LETTERS[pu]}`, `L${PU_LETTERS[pu]}${link + 1}{address:03}`];
    return {
      name,
      idBlk: '017',
      idNum: numberOf(link, pu),
      piuSizeMax,
      lus: [{ addresses: '2-129', name: lu, logMode: 'LU0FAST' }],
    };
  });
  return {
    logModes: [{ name: 'LU0FAST' }],
    applications: [{ name: 'ECHO', program: 'ECHO' }],
    pus,
  };
}
