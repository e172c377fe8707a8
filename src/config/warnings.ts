import { groupsOf } from './header-groups.js';
import type { HostLinkConfig, LinkConfig, LuConfig } from './model.js';

/** What is allowed, but may not be what was meant: sentences for the operator. */

type Unwarned = Omit<HostLinkConfig, 'warnings'>;

function allLus(config: Unwarned): LuConfig[] {
  return config.links.flatMap((link) => link.pus.flatMap((pu) => pu.lus));
}

/** '96 LUs (LA1002 to LA1097) are' */
function namesOf(lus: readonly LuConfig[]): string {
  const names = lus.length === 1 ? lus[0]!.name : `${lus[0]!.name} to ${lus.at(-1)!.name}`;
  return `${lus.length} LUs (${names}) are`;
}

function isServed(lu: LuConfig): boolean {
  return lu.direction === 'INBOUND';
}

function warnNotYetServed(config: Unwarned, warnings: string[]): void {
  const lus = allLus(config);
  const outbound = lus.filter((lu) => lu.direction === 'OUTBOUND');
  if (outbound.length > 0) {
    warnings.push(`${namesOf(outbound)} OUTBOUND: brought up, but calls do not use them in this version.`);
  }
  const nobodys = lus.filter((lu) => lu.mode === 'DEDICATE' && lu.terminal === '');
  if (nobodys.length > 0)
    warnings.push(`${namesOf(nobodys)} DEDICATE without a terminal: only calls that name the LU use them.`);
  const served = new Set(lus.filter(isServed).map((lu) => lu.group));
  for (const service of config.services) {
    if (groupsOf(service, config).some((group) => served.has(group))) continue;
    warnings.push(`Service ${service.name} has OUTBOUND LUs only: its calls find no session.`);
  }
}

function warnUnused(config: Unwarned, warnings: string[]): void {
  const { server, links, services } = config;
  if (services.length === 0) warnings.push('There are no services: nothing can be called.');
  if (server.max < links.length) {
    warnings.push(`There are ${links.length} links but at most ${server.max} workers: the others stay unused.`);
  }
}

function peerOf(link: LinkConfig): string {
  return `${link.peer.address} ${link.peer.port}`;
}

/** Two PUs that the host cannot tell apart. */
function warnTwins(config: Unwarned, warnings: string[]): void {
  const seen = new Map<string, string>();
  for (const link of config.links) {
    for (const pu of link.pus) {
      const key = `${peerOf(link)} ${pu.idBlk}${pu.idNum}`;
      const first = seen.get(key);
      if (first === undefined) seen.set(key, pu.name);
      else warnings.push(`PUs ${first} and ${pu.name} have the same IDBLK and IDNUM towards the same peer.`);
    }
  }
}

/** The warnings of a configuration, the most important first. */
export function warningsOf(config: Unwarned): string[] {
  const warnings: string[] = [];
  warnNotYetServed(config, warnings);
  warnUnused(config, warnings);
  warnTwins(config, warnings);
  return warnings;
}
