import type { LooseLink, Report } from './checks.js';
import type { Path } from './describe.js';
import { expandName, PLACEHOLDERS } from './lu-range.js';
import { printPath } from './problems.js';

/** Checks of the PUs and LUs of a link. */

/** Most sessions of a link, over all its PUs. */
const LINK_LUS_MAX = 256;
const NAME = /^[A-Z#@$][A-Z0-9#@$]{0,7}$/;

/** Names seen so far, with the place of their first use. */
export interface Names {
  readonly lus: Map<string, string>;
  readonly pus: Map<string, string>;
  readonly terminals: Map<string, string>;
  /** Session types by application. */
  readonly applications: Map<string, Set<string>>;
}

type LoosePu = NonNullable<NonNullable<LooseLink['pus']>[number]>;
type LooseRange = NonNullable<NonNullable<LoosePu['lus']>[number]>;

function addApplication(range: LooseRange, names: Names): void {
  const { application, sessionType } = range;
  if (application === undefined || sessionType === undefined) return;
  const types = names.applications.get(application) ?? new Set();
  names.applications.set(application, types.add(sessionType));
}

/** 'LA1002' or 'LA1002 and 95 more'. */
function andMore(values: readonly (string | number)[]): string {
  return values.length === 1 ? `${values[0]}` : `${values[0]} and ${values.length - 1} more`;
}

function checkAddresses(range: LooseRange, path: Path, seen: Map<number, string>, report: Report): void {
  const place = printPath(path);
  const twice: number[] = [];
  for (const address of range.addresses ?? []) {
    if (seen.has(address)) twice.push(address);
    else seen.set(address, place);
  }
  if (twice.length === 0) return;
  const message = `local address ${andMore(twice)} given twice in the PU; first in ${seen.get(twice[0]!)}`;
  report([...path, 'addresses'], message, 'each address 1..255 once in a PU');
}

/** The names of a range; undefined once one of them is wrong, and then that is reported. */
function expandRange(range: LooseRange, link: string, pu: string, path: Path, report: Report): string[] | undefined {
  const { name: pattern, addresses } = range;
  if (pattern === undefined || addresses === undefined) return undefined;
  const names: string[] = [];
  for (const [at, address] of addresses.entries()) {
    const name = expandName(pattern, { link, pu, address, index: at + 1 });
    if (name === undefined) {
      report([...path, 'name'], `name "${pattern}" has a placeholder that is not known`, PLACEHOLDERS);
      return undefined;
    }
    if (!NAME.test(name)) {
      const allowed = '1 to 8 characters A-Z 0-9 # @ $, not starting with a digit';
      report([...path, 'name'], `name "${pattern}" gives ${name}, which is not an LU name`, allowed);
      return undefined;
    }
    names.push(name);
  }
  return names;
}

function checkLuNames(names: readonly string[], path: Path, seen: Map<string, string>, report: Report): void {
  const place = printPath(path);
  const twice: string[] = [];
  for (const name of names) {
    if (seen.has(name)) twice.push(name);
    else seen.set(name, place);
  }
  if (twice.length === 0) return;
  const message = `LU name ${andMore(twice)} given twice; first in ${seen.get(twice[0]!)}`;
  report([...path, 'name'], message, 'each LU name once');
}

function checkTerminals(range: LooseRange, path: Path, seen: Map<string, string>, report: Report): void {
  const { terminals, addresses, mode } = range;
  if (terminals === undefined) return;
  const place = [...path, 'terminals'];
  if (mode === 'POOL') report(place, 'LUs of a pool have no terminals', 'mode: DEDICATE');
  if (addresses !== undefined && addresses.length !== terminals.length) {
    const message = `${terminals.length} terminals for ${addresses.length} LUs`;
    report(place, message, 'one terminal for each local address');
  }
  const twice: string[] = [];
  for (const terminal of terminals) {
    if (terminal === undefined) continue;
    if (seen.has(terminal)) twice.push(terminal);
    else seen.set(terminal, printPath(path));
  }
  if (twice.length === 0) return;
  const message = `terminal ${andMore(twice)} given twice; first in ${seen.get(twice[0]!)}`;
  report(place, message, 'each terminal once');
}

function checkPuName(pu: LoosePu, path: Path, names: Names, report: Report): void {
  if (pu.name === undefined) return;
  const earlier = names.pus.get(pu.name);
  if (earlier === undefined) names.pus.set(pu.name, printPath(path));
  else report([...path, 'name'], `PU ${pu.name} is given twice; first in ${earlier}`, 'each name once');
}

/** A circuit is known by its two MAC addresses and its two SAPs. */
function checkCircuit(pu: LoosePu, path: Path, circuits: Map<string, string>, report: Report): void {
  const { localMac, localSap, remoteMac, remoteSap } = pu;
  if (!localMac || !remoteMac || localSap === undefined || remoteSap === undefined) return;
  const key = `${localMac} ${localSap} ${remoteMac} ${remoteSap}`;
  const earlier = circuits.get(key);
  if (earlier === undefined) circuits.set(key, printPath(path));
  else {
    const message = `the MAC addresses and SAPs are those of ${earlier}`;
    report([...path, 'localMac'], message, 'another localMac or localSap for each PU of a link');
  }
}

function countLus(link: LooseLink): number {
  let count = 0;
  for (const pu of link.pus ?? []) for (const range of pu?.lus ?? []) count += range?.addresses?.length ?? 0;
  return count;
}

/** Check the PUs and LUs of one link. @param names of the links before it, to which its own are added */
export function checkPus(link: LooseLink, linkAt: number, names: Names, report: Report): void {
  const circuits = new Map<string, string>();
  const count = countLus(link);
  if (count > LINK_LUS_MAX) {
    report(['links', linkAt, 'pus'], `the link has ${count} LUs`, `at most ${LINK_LUS_MAX} over all PUs of a link`);
  }
  for (const [puAt, pu] of (link.pus ?? []).entries()) {
    if (!pu) continue;
    const path: Path = ['links', linkAt, 'pus', puAt];
    checkPuName(pu, path, names, report);
    checkCircuit(pu, path, circuits, report);
    const addresses = new Map<number, string>();
    for (const [rangeAt, range] of (pu.lus ?? []).entries()) {
      if (!range) continue;
      const place: Path = [...path, 'lus', rangeAt];
      addApplication(range, names);
      checkAddresses(range, place, addresses, report);
      checkTerminals(range, place, names.terminals, report);
      const expanded = expandRange(range, link.name ?? 'L', pu.name ?? 'P', place, report);
      if (expanded) checkLuNames(expanded, place, names.lus, report);
    }
  }
}
