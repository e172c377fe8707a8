import { createSimulatedClock, type SimulatedClock } from '../../src/base/clock.js';
import { createSilentLog } from '../../src/base/log.js';
import { type HostDefinitionsInput, parseDefinitions } from '../../src/host/definitions.js';
import { toEbcdic } from '../../src/host/ebcdic.js';
import { HostControl } from '../../src/host/host-control.js';
import { HostNode } from '../../src/host/host-node.js';
import type { OnLedger } from '../../src/host/ledger.js';
import { PuDriver, type PuDriverOptions, type SeenPiu } from './pu-driver.js';

export interface HostFixture {
  readonly clock: SimulatedClock;
  readonly node: HostNode;
  readonly control: HostControl;
  readonly pu: PuDriver;
  /** Rules broken so far. */
  rules(): string[];
}

type Input = Partial<HostDefinitionsInput>;

export const APPLICATIONS: HostDefinitionsInput['applications'] = [
  { name: 'ECHO', program: 'ECHO' },
  { name: 'UPPER', program: 'UPPER' },
  { name: 'SUM', program: 'SUM' },
  { name: 'SLOW', program: 'SLOW' },
  { name: 'BIG', program: 'BIG' },
  { name: 'SINK', program: 'SINK' },
];

/** A host node with one PU (PU1A, LUs 2 to 5) and a driver that is not connected yet. */
export function hostWith(input: Input = {}, driver: PuDriverOptions = {}, onLedger?: OnLedger): HostFixture {
  const clock = createSimulatedClock();
  const definitions = parseDefinitions({
    logModes: [{ name: 'FAST' }],
    applications: APPLICATIONS,
    pus: [{ name: 'PU1A', idBlk: '017', idNum: '00011', lus: [{ addresses: '2-5', name: 'LU{address}' }] }],
    ...input,
  });
  const node = new HostNode(definitions, { clock, log: createSilentLog(), onLedger });
  const pu = new PuDriver(node, clock, driver);
  return { clock, node, control: new HostControl(node), pu, rules: () => node.errors.list().map(({ rule }) => rule) };
}

/** INIT-SELF format 0 of LU `lu`. */
export function initSelf(lu: number, application: string, mode = '', snf = 1, userData = ''): Buffer {
  const name = toEbcdic(application);
  const data = toEbcdic(userData);
  return Buffer.concat([
    Buffer.from([0x2c, 0, 0, lu, snf >> 8, snf & 0xff, 0x0b, 0x80, 0, 0x01, 0x06, 0x81, 0x00]),
    toEbcdic(mode.padEnd(8)),
    Buffer.from([0xf3, name.length]),
    name,
    Buffer.from([0, 0, data.length]),
    data,
  ]);
}

/** Log LU `lu` on; the BIND, answered. */
export function logon(fixture: HostFixture, lu: number, application: string, mode = ''): SeenPiu {
  fixture.pu.piu(initSelf(lu, application, mode));
  const [response, bind, ...rest] = fixture.pu.drain();
  if (response?.rh !== '8b8000' || bind?.ru[0] !== 0x31) {
    throw new Error(`no BIND: ${[response, bind, ...rest].map((piu) => piu?.hex).join(' ')}`);
  }
  fixture.pu.inbox.push(...rest);
  return bind;
}

/** A normal-flow request of LU `lu` to the primary `plu`: RH in hex, RU bytes. */
export function request(lu: number, plu: number, snf: number, rh: string, ru: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([0x2c, 0, plu, lu, snf >> 8, snf & 0xff]), Buffer.from(rh, 'hex'), ru]);
}

/** The same on the expedited flow. */
export function expedited(lu: number, plu: number, snf: number, rh: string, ru: string): Buffer {
  const piu = request(lu, plu, snf, rh, Buffer.from(ru, 'hex'));
  piu[0] = 0x2d;
  return piu;
}
