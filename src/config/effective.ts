import { expandName } from './lu-range.js';
import type {
  GroupConfig,
  HeaderConfig,
  HostLinkConfig,
  LinkConfig,
  LinkTimers,
  LuConfig,
  PuConfig,
  ServerConfig,
  ServiceConfig,
  TmaxOrigin,
} from './model.js';
import type { HeaderFile, HostLinkFile, LinkFile, LuRangeFile, PuFile } from './schema.js';
import { warningsOf } from './warnings.js';

/** From the checked form of a file to the effective configuration: ranges become LUs, names become indexes. */

/** Collects groups in the order in which they are first named. */
class Groups {
  readonly list: GroupConfig[] = [];
  private readonly byKey = new Map<string, number>();

  /** The first of an application that some LU names. */
  firstOf(application: string): number {
    return this.list.findIndex((group) => group.application === application);
  }

  indexOf(application: string, sessionType: string): number {
    const key = `${application} ${sessionType}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const index = this.list.length;
    this.list.push({ index, application, sessionType });
    this.byKey.set(key, index);
    return index;
  }
}

function serverOf({ server }: HostLinkFile): ServerConfig {
  const { gperiod, stopGrace, idleTimeout, pingInterval, pingTimeout, max, control, ...more } = server;
  const { tmax: _tmax, tmaxServer: _tmaxServer, heldIdleTimeout, heldReport, ...rest } = more;
  return {
    ...rest,
    max: max ?? server.min,
    control,
    gperiodMs: gperiod,
    stopGraceMs: stopGrace,
    idleTimeoutMs: idleTimeout,
    heldIdleTimeoutMs: heldIdleTimeout,
    heldReportMs: heldReport,
    pingIntervalMs: pingInterval,
    pingTimeoutMs: pingTimeout,
  };
}

function timersOf(timers: LinkFile['timers']): LinkTimers {
  return {
    connectMs: timers.connect,
    connectRetryMs: timers.connectRetry,
    connectRetryMaxMs: timers.connectRetryMax,
    capexMs: timers.capex,
    explorerMs: timers.explorer,
    circuitStartMs: timers.circuitStart,
    xidMs: timers.xid,
    contactMs: timers.contact,
    haltMs: timers.halt,
    bindMs: timers.bind,
    initMs: timers.init,
    sdtMs: timers.sdt,
    sessionRetryMs: timers.sessionRetry,
    sessionRetryMaxMs: timers.sessionRetryMax,
    lateReplyMs: timers.lateReply,
  };
}

function lusOf(range: LuRangeFile, link: string, pu: string, groups: Groups): LuConfig[] {
  const { addresses, name: pattern, application, sessionType, terminals, ...rest } = range;
  const group = groups.indexOf(application, sessionType);
  return addresses.map((address, at) => ({
    name: expandName(pattern, { link, pu, address, index: at + 1 }) ?? '',
    localAddress: address,
    terminal: terminals?.[at] ?? '',
    group,
    ...rest,
  }));
}

function puOf(pu: PuFile, index: number, link: string, groups: Groups): PuConfig {
  return { ...pu, index, lus: pu.lus.flatMap((range) => lusOf(range, link, pu.name, groups)) };
}

function linkOf(link: LinkFile, index: number, groups: Groups): LinkConfig {
  const { keepalive, inactivity, ...dlsw } = link.dlsw;
  return {
    ...link,
    index,
    peer: { address: link.peer.address ?? '', port: link.peer.port },
    ...(link.backup === undefined ? {} : { backup: link.backup }),
    dlsw: { ...dlsw, keepaliveMs: keepalive, inactivityMs: inactivity },
    timers: timersOf(link.timers),
    pus: link.pus.map((pu, at) => puOf(pu, at, link.name, groups)),
  };
}

function headerOf(header: HeaderFile, index: number): HeaderConfig {
  const { sessionType, terminal, service, ...rest } = header;
  return { ...rest, index, sessionType, terminal, service };
}

function serviceOf(file: HostLinkFile, index: number, groups: Groups): ServiceConfig {
  const { application, sessionType, timeout, header: name, ...rest } = file.services[index]!;
  const header = name === undefined ? -1 : file.headers.findIndex((one) => one.name === name);
  const isByHeader = file.headers[header]?.sessionType !== undefined;
  const group = isByHeader ? groups.firstOf(application) : groups.indexOf(application, sessionType);
  return { ...rest, index, group, header, timeoutMs: timeout };
}

/**
 * The effective configuration of a file that has passed all checks.
 * @param source where it came from
 * @param tmax what of it came from a Tmax configuration
 */
export function toEffective(
  file: HostLinkFile,
  source: string | undefined,
  tmax: TmaxOrigin | undefined,
): HostLinkConfig {
  const groups = new Groups();
  const links = file.links.map((link, index) => linkOf(link, index, groups));
  const services = file.services.map((_service, index) => serviceOf(file, index, groups));
  const levels = Object.fromEntries(Object.entries(file.log.levels).filter(([, level]) => level !== undefined));
  const config = {
    file: source,
    server: serverOf(file),
    log: { ...file.log, levels },
    links,
    services,
    headers: file.headers.map(headerOf),
    groups: groups.list,
  };
  return { ...config, warnings: warningsOf(config), ...(tmax === undefined ? {} : { tmax }) };
}
