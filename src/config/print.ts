import { isDeepStrictEqual } from 'node:util';
import { Document, isCollection, visit } from 'yaml';
import { groupsOf } from './header-groups.js';
import { patternsOf, printAddresses } from './lu-range.js';
import type {
  HeaderConfig,
  HostLinkConfig,
  LinkConfig,
  LuConfig,
  PuConfig,
  ServerConfig,
  ServiceConfig,
} from './model.js';
import { tmaxLines } from './print-tmax.js';
import { printDuration, printMac, printSize } from './units.js';

/** The effective configuration as a file again: every default visible, LUs folded back into ranges. */

type Tree = Record<string, unknown>;

function serverTree(server: ServerConfig): Tree {
  const {
    name,
    min,
    max,
    gperiodMs,
    callSizeMax,
    replySizeMax,
    control,
    stopGraceMs,
    idleTimeoutMs,
    heldIdleTimeoutMs,
    heldReportMs,
    pingIntervalMs,
    pingTimeoutMs,
    ...rest
  } = server;
  return {
    name,
    min,
    max,
    ...rest,
    gperiod: printDuration(gperiodMs),
    callSizeMax: printSize(callSizeMax),
    replySizeMax: printSize(replySizeMax),
    ...(control === undefined ? {} : { control }),
    stopGrace: printDuration(stopGraceMs),
    idleTimeout: printDuration(idleTimeoutMs),
    heldIdleTimeout: printDuration(heldIdleTimeoutMs),
    heldReport: printDuration(heldReportMs),
    pingInterval: printDuration(pingIntervalMs),
    pingTimeout: printDuration(pingTimeoutMs),
  };
}

/** The settings of an LU that its whole range shares. */
function rangeSettings(lu: LuConfig, config: HostLinkConfig): Tree {
  const { name: _name, localAddress: _address, terminal: _terminal, group, ...rest } = lu;
  const { application, sessionType } = config.groups[group]!;
  return { application, sessionType, ...rest };
}

/** One line for as many LUs as share their settings and follow one name pattern. */
function foldRun(lus: readonly LuConfig[], from: number): { to: number; pattern: string } {
  const first = lus[from]!;
  const { name: _name, localAddress: _address, terminal: _terminal, ...settings } = first;
  let patterns = patternsOf(first.name, first.localAddress);
  let to = from + 1;
  for (; to < lus.length; to += 1) {
    const { name, localAddress, terminal, ...others } = lus[to]!;
    if (!isDeepStrictEqual(settings, others) || (terminal === '') !== (first.terminal === '')) break;
    const both = patternsOf(name, localAddress).filter((pattern) => patterns.includes(pattern));
    if (both.length === 0) break;
    patterns = both;
  }
  return { to, pattern: to === from + 1 ? first.name : patterns[0]! };
}

function lusTree(pu: PuConfig, config: HostLinkConfig): Tree[] {
  const trees: Tree[] = [];
  for (let from = 0; from < pu.lus.length; ) {
    const { to, pattern } = foldRun(pu.lus, from);
    const one = pu.lus[from]!.localAddress;
    const addresses = to === from + 1 ? one : printAddresses(pu.lus.slice(from, to).map((lu) => lu.localAddress));
    const terminals = pu.lus.slice(from, to).map((lu) => lu.terminal);
    const named = terminals[0] === '' ? {} : { terminals };
    trees.push({ addresses, name: pattern, ...rangeSettings(pu.lus[from]!, config), ...named });
    from = to;
  }
  return trees;
}

function puTree(pu: PuConfig, config: HostLinkConfig): Tree {
  const { name, idBlk, idNum, localMac, remoteMac, localSap, remoteSap } = pu;
  const macs = { localMac: printMac(localMac), remoteMac: printMac(remoteMac) };
  return { name, idBlk, idNum, ...macs, localSap, remoteSap, lus: lusTree(pu, config) };
}

/** What linkDefaults may hold: everything of a link but its name and its PUs. */
function settingsTree(link: LinkConfig): Tree {
  const { keepaliveMs, inactivityMs, ...dlsw } = link.dlsw;
  const timers = Object.entries(link.timers).map(([key, ms]) => [key.replace(/Ms$/, ''), printDuration(ms as number)]);
  return {
    role: link.role,
    peer: link.peer,
    ...(link.backup === undefined ? {} : { backup: link.backup }),
    local: link.local,
    dlsw: { ...dlsw, keepalive: printDuration(keepaliveMs), inactivity: printDuration(inactivityMs) },
    sna: link.sna,
    timers: Object.fromEntries(timers),
    bringUpMax: link.bringUpMax,
    backlogMax: link.backlogMax,
    recentPius: link.recentPius,
  };
}

/** Settings that all links have alike, written once. */
function sharedSettings(settings: readonly Tree[]): Tree {
  const [first = {}, ...others] = settings;
  if (others.length === 0) return {};
  const shared = Object.entries(first).filter(([key, value]) =>
    others.every((other) => isDeepStrictEqual(other[key], value)),
  );
  return Object.fromEntries(shared);
}

function headerTree(header: HeaderConfig): Tree {
  const { index: _index, ...rest } = header;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
}

function serviceTree(service: ServiceConfig, config: HostLinkConfig): Tree {
  const { index: _index, group, header: at, timeoutMs, name, ...rest } = service;
  const { application, sessionType } = config.groups[group]!;
  const header = config.headers[at];
  const type = header?.sessionType === undefined ? { sessionType } : {};
  const named = header === undefined ? {} : { header: header.name };
  return { name, application, ...type, ...named, timeout: printDuration(timeoutMs), ...rest };
}

function configTree(config: HostLinkConfig): Tree {
  const settings = config.links.map(settingsTree);
  const shared = sharedSettings(settings);
  const links = config.links.map((link, at) => {
    const own = Object.entries(settings[at]!).filter(([key]) => !(key in shared));
    return { name: link.name, ...Object.fromEntries(own), pus: link.pus.map((pu) => puTree(pu, config)) };
  });
  const { file, ...log } = config.log;
  return {
    server: serverTree(config.server),
    log: { ...log, ...(file === undefined ? {} : { file }) },
    ...(Object.keys(shared).length === 0 ? {} : { linkDefaults: shared }),
    links,
    ...(config.headers.length === 0 ? {} : { headers: config.headers.map(headerTree) }),
    services: config.services.map((service) => serviceTree(service, config)),
  };
}

const ONE_LINE = new Set(['peer', 'backup', 'local', 'levels', 'sessionType', 'terminal', 'service']);
const FLOW_LISTS = new Set(['lus', 'fields', 'services']);

/** The effective configuration as YAML that `parseConfig` reads back to the same configuration. */
export function printConfig(config: HostLinkConfig): string {
  const document = new Document(configTree(config), { aliasDuplicateObjects: false });
  visit(document, {
    Pair(_, pair) {
      const key = String((pair.key as { value?: unknown } | null)?.value ?? pair.key);
      if (isCollection(pair.value) && ONE_LINE.has(key)) pair.value.flow = true;
      if (!isCollection(pair.value) || !FLOW_LISTS.has(key)) return;
      for (const item of pair.value.items) if (isCollection(item)) item.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** A few lines for people: links, PUs, LUs per application, services. */
export function summarizeConfig(config: HostLinkConfig): string {
  const { server, links, services, groups } = config;
  const pus = links.flatMap((link) => link.pus);
  const lus = pus.flatMap((pu) => pu.lus);
  const workers = server.min === server.max ? '' : `${server.min} to `;
  const lines = [
    `${server.name}: ${count(links.length, 'link')}, ${count(pus.length, 'PU')}, ${count(lus.length, 'LU')}, ` +
      `${count(services.length, 'service')}, ${workers}${count(server.max, 'worker')}`,
  ];
  for (const link of links) {
    const lusOfLink = link.pus.reduce((sum, pu) => sum + pu.lus.length, 0);
    const { address, port } = link.peer;
    lines.push(
      `  link ${link.name}: ${link.role}, peer ${address}:${port}, ${count(link.pus.length, 'PU')}, ${count(lusOfLink, 'LU')}`,
    );
  }
  for (const group of groups) {
    const type = group.sessionType === '' ? '' : ` (${group.sessionType})`;
    const names = services.filter((one) => groupsOf(one, config).includes(group.index)).map((one) => one.name);
    const sessions = lus.filter((lu) => lu.group === group.index).length;
    const used =
      names.length === 0 ? 'no service' : `${names.length === 1 ? 'service' : 'services'} ${names.join(', ')}`;
    lines.push(`  application ${group.application}${type}: ${count(sessions, 'LU')}, ${used}`);
  }
  lines.push(...tmaxLines(config));
  for (const warning of config.warnings) lines.push(`  note: ${warning}`);
  return lines.join('\n');
}
