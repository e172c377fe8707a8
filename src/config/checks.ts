import type { Path } from './describe.js';
import { checkHeaders, isTypedByHeader } from './header-checks.js';
import { checkPus, type Names } from './lu-checks.js';
import type { Finding } from './problems.js';
import type { HostLinkFile } from './schema.js';

/** Checks across keys. They run on whatever could be read, so that one wrong value does not hide the next. */

/** A value of which any part may be missing. */
export type Loose<T> = T extends readonly number[]
  ? T
  : T extends readonly (infer U)[]
    ? readonly (Loose<U> | undefined)[]
    : T extends object
      ? { readonly [K in keyof T]?: Loose<T[K]> | undefined }
      : T;

export type LooseFile = Loose<HostLinkFile>;
export type LooseLink = NonNullable<NonNullable<LooseFile['links']>[number]>;

/** Takes what the checks find. */
export type Report = (path: Path, message: string, allowed: string) => void;

function checkServer(file: LooseFile, report: Report): void {
  const { min, max, pingInterval, pingTimeout } = file.server ?? {};
  const links = file.links?.length;
  if (min !== undefined && max !== undefined && min > max) {
    report(['server', 'max'], `max is ${max}, less than min ${min}`, `${min} or more`);
  }
  if (links !== undefined && links > 0) {
    const allowed = `at most the number of links, ${links}`;
    if (min !== undefined && min > links)
      report(['server', 'min'], `min is ${min}, but a worker needs a link`, allowed);
    if (max !== undefined && max > links)
      report(['server', 'max'], `max is ${max}, but a worker needs a link`, allowed);
  }
  if (pingInterval !== undefined && pingTimeout !== undefined && pingTimeout <= pingInterval) {
    const allowed = `more than pingInterval, ${pingInterval} ms`;
    report(['server', 'pingTimeout'], `pingTimeout is ${pingTimeout} ms, not more than pingInterval`, allowed);
  }
}

/** Names that may be used once: each later use is reported. */
function checkUnique(names: readonly (string | undefined)[], list: string, what: string, report: Report): void {
  const first = new Map<string, number>();
  for (const [at, name] of names.entries()) {
    if (name === undefined) continue;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, at);
    else report([list, at, 'name'], `${what} ${name} is given twice; first in ${list}[${earlier}]`, 'each name once');
  }
}

function checkPair(link: LooseLink, at: number, first: TimerKey, last: TimerKey, report: Report): void {
  const from = link.timers?.[first];
  const to = link.timers?.[last];
  if (from === undefined || to === undefined || from <= to) return;
  const message = `${last} is ${to} ms, less than ${first}`;
  report(['links', at, 'timers', last], message, `${first}, ${from} ms, or more`);
}

type TimerKey = keyof NonNullable<LooseLink['timers']>;

function checkCarrier(link: LooseLink, at: number, report: Report): void {
  if (link.peer && link.peer.address === undefined) {
    report(
      ['links', at, 'peer', 'address'],
      'address is missing',
      'a host name or an IP address, here or in linkDefaults',
    );
  }
  checkPair(link, at, 'connectRetry', 'connectRetryMax', report);
  checkPair(link, at, 'sessionRetry', 'sessionRetryMax', report);
}

function listens(link: LooseLink): boolean {
  return link.role === 'target' || link.dlsw?.connections === 2;
}

function overlaps(left: LooseLink, right: LooseLink): boolean {
  const [one, two] = [left.local, right.local];
  if (!one?.port || one.port !== two?.port || !one.address || !two.address) return false;
  const isAny = (address: string) => address === '0.0.0.0' || address === '::';
  return one.address === two.address || isAny(one.address) || isAny(two.address);
}

/** A link with two connections listens; two links cannot listen at the same place. */
function checkListening(links: readonly (LooseLink | undefined)[], report: Report): void {
  for (const [at, link] of links.entries()) {
    if (!link || !listens(link)) continue;
    const earlier = links.findIndex((other, index) => index < at && other && listens(other) && overlaps(other, link));
    if (earlier < 0) continue;
    const place = `${link.local?.address}:${link.local?.port}`;
    const message = `${place} is listened on twice; first by links[${earlier}]`;
    report(['links', at, 'local', 'port'], message, 'another local port or address for each link with two connections');
  }
}

function checkServices(file: LooseFile, names: Names, report: Report): void {
  const services = file.services ?? [];
  checkUnique(
    services.map((service) => service?.name),
    'services',
    'service',
    report,
  );
  if (names.applications.size === 0) return;
  for (const [at, service] of services.entries()) {
    if (service?.application === undefined || service.sessionType === undefined) continue;
    const { application, sessionType } = service;
    const types = names.applications.get(application);
    if (!types) {
      const known = [...names.applications.keys()].join(', ');
      report(['services', at, 'application'], `no LU has application ${application}`, known);
    } else if (!types.has(sessionType) && !isTypedByHeader(file, service.header)) {
      const known = [...types].map((type) => (type === '' ? "''" : type)).join(', ');
      report(['services', at, 'sessionType'], `no LU of ${application} has session type "${sessionType}"`, known);
    }
  }
}

/** Everything that no single key can tell. @param file what could be read of it */
export function crossCheck(file: LooseFile): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (path, message, allowed) => {
    findings.push({ path, at: 'value', message, allowed, needsWhole: true });
  };
  const links = file.links ?? [];
  const names: Names = { lus: new Map(), pus: new Map(), applications: new Map(), terminals: new Map() };
  checkServer(file, report);
  checkUnique(
    links.map((link) => link?.name),
    'links',
    'link',
    report,
  );
  for (const [at, link] of links.entries()) {
    if (!link) continue;
    checkCarrier(link, at, report);
    checkPus(link, at, names, report);
  }
  checkListening(links, report);
  checkServices(file, names, report);
  checkUnique(
    (file.headers ?? []).map((header) => header?.name),
    'headers',
    'header',
    report,
  );
  checkHeaders(file, names, report);
  return findings;
}
