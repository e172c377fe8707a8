import type { HostLinkConfig, LinkConfig, LuConfig } from './model.js';

/** What is allowed, but may not be what was meant: sentences for the operator. */

type Unwarned = Omit<HostLinkConfig, 'warnings'>;

function allLus(config: Unwarned): LuConfig[] {
  return config.links.flatMap((link) => link.pus.flatMap((pu) => pu.lus));
}

function isServed(lu: LuConfig): boolean {
  return lu.direction === 'INBOUND' && lu.mode === 'POOL';
}

function warnNotYetServed(config: Unwarned, warnings: string[]): void {
  const lus = allLus(config);
  for (const word of ['OUTBOUND', 'DEDICATE'] as const) {
    const some = lus.filter((lu) => lu.direction === word || lu.mode === word);
    if (some.length === 0) continue;
    const names = some.length === 1 ? some[0]!.name : `${some[0]!.name} to ${some.at(-1)!.name}`;
    warnings.push(`${some.length} LUs are ${word} (${names}): brought up, but calls do not use them in this version.`);
  }
  const served = new Set(lus.filter(isServed).map((lu) => lu.group));
  for (const service of config.services) {
    if (served.has(service.group)) continue;
    warnings.push(`Service ${service.name} has OUTBOUND or DEDICATE LUs only: its calls find no session.`);
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
