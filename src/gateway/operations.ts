import { HostLinkError } from '../base/errors.js';
import type { EventName } from '../base/events.js';
import type { Log, LogLevel, LogPart } from '../base/log.js';
import type { HostLinkConfig, LinkConfig, ServerConfig } from '../config/model.js';
import { parseLogLevel, parseSetting } from '../config/settings.js';
import type { Directory } from '../dispatch/directory.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { RuntimeEvent } from '../supervisor/options.js';
import type { Supervisor } from '../supervisor/supervisor.js';

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

/** A configuration of the runtime's own, of which the settings may change. */
export interface ChangeableConfig extends HostLinkConfig {
  readonly server: Changeable<ServerConfig>;
  readonly log: HostLinkConfig['log'] & { readonly levels: Partial<Record<LogPart, LogLevel>> };
}

/** What a change came to. */
export interface OperationResult {
  /** What was changed, such as 'service ECHO' or 'maxqcount'. */
  readonly target: string;
  /** How it was, and how it is now. */
  readonly before: string | number;
  readonly after: string | number;
}

/** Who changes something, for the log; the program itself when absent. */
export interface OperationOptions {
  readonly operator?: string | undefined;
}

/** What of the events stands behind `operator.`. */
type OperatorCommand = EventName extends infer N ? (N extends `operator.${infer C}` ? C : never) : never;

/** What can be held and started. */
export type HoldTarget = 'service' | 'link' | 'server';
/** Whose LU sessions can be deactivated and activated. */
export type SessionTarget = 'lu' | 'pu' | 'link';

export interface OperationsContext {
  readonly config: ChangeableConfig;
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly supervisor: Supervisor;
  readonly log: Log;
  readonly emit: (event: RuntimeEvent) => void;
  /** @throws HostLinkError RUNTIME_STOPPED when it does not run any more */
  readonly checkRunning: () => void;
}

/** A copy of `config` that operations may change, so that the caller's stays as it is. */
export function changeable(config: HostLinkConfig): ChangeableConfig {
  return { ...config, server: { ...config.server }, log: { ...config.log, levels: { ...config.log.levels } } };
}

/**
 * What an operator may do to a running runtime. Each change is an event `operator.<command>` and a line of the log. What
 * is held, drained or deactivated stays so until it is started or activated, whatever happens to links and workers.
 */
export class Operations {
  private readonly context: OperationsContext;
  private readonly logger: ReturnType<Log['part']>;

  constructor(context: OperationsContext) {
    this.context = context;
    this.logger = context.log.part('gateway');
  }

  /**
   * Take no new requests: calls of a held service, or of any service of a held server, get SERVICE_HELD at once; the
   * worker of a held link is given none. What runs or waits already goes on.
   * @param name of the service or link; unused for the server
   * @throws HostLinkError SERVICE_UNKNOWN, LINK_UNKNOWN
   */
  hold(what: HoldTarget, name = '', options: OperationOptions = {}): OperationResult {
    const target = targetText(what, name);
    const before = this.stateOf(what, name);
    if (what === 'link') this.context.supervisor.operator.hold(this.link(name));
    else this.setHeld(what, name, true);
    return this.done('hold', { target, before, after: this.stateOf(what, name) }, { [what]: name }, options);
  }

  /**
   * Undo hold and drain. A link without a worker gets one where MAX allows it; starting the server also gives workers
   * that were lost too often another chance. Resolves when that has begun; a link that drains is waited for.
   * @throws HostLinkError SERVICE_UNKNOWN, LINK_UNKNOWN, RUNTIME_STOPPED
   */
  async start(what: HoldTarget, name = '', options: OperationOptions = {}): Promise<OperationResult> {
    this.context.checkRunning();
    const target = targetText(what, name);
    const before = this.stateOf(what, name);
    if (what === 'link') await this.context.supervisor.operator.start(this.link(name));
    else this.setHeld(what, name, false);
    if (what === 'server') this.context.supervisor.operator.startAll();
    return this.done('start', { target, before, after: this.stateOf(what, name) }, { [what]: name }, options);
  }

  /**
   * Let the worker of a link take nothing new, finish, end its sessions in order and stop; the link stays down until it is
   * started. Resolves when it is: calls that run get the longest deadline of a service, at least stopGraceMs.
   * @throws HostLinkError LINK_UNKNOWN
   */
  async drain(name: string, options: OperationOptions = {}): Promise<OperationResult> {
    const link = this.link(name);
    const before = this.stateOf('link', name);
    this.tell('drain', { link: name, before }, options);
    await this.context.supervisor.operator.drain(link);
    return { target: targetText('link', name), before, after: this.stateOf('link', name) };
  }

  /**
   * End LU sessions in order, each when its request is done, and keep them HELD until they are activated, also over a loss
   * of the link or of the worker. Resolves when the worker has taken it up; `after` tells how many are HELD by then.
   * @param name an LU, a PU as LINK/PU, or a link
   * @throws HostLinkError LU_UNKNOWN, PU_UNKNOWN, LINK_UNKNOWN
   */
  deactivate(what: SessionTarget, name: string, options: OperationOptions = {}): Promise<OperationResult> {
    return this.changeSessions('deactivate', what, name, options);
  }

  /**
   * Bring LU sessions up again, also those HELD because the host refused them.
   * @param name an LU, a PU as LINK/PU, or a link
   * @throws HostLinkError LU_UNKNOWN, PU_UNKNOWN, LINK_UNKNOWN
   */
  activate(what: SessionTarget, name: string, options: OperationOptions = {}): Promise<OperationResult> {
    return this.changeSessions('activate', what, name, options);
  }

  /**
   * End the calls that wait for a session, of one service or of all, with QUEUE_PURGED.
   * @param service its name; all when absent
   * @returns before: how many waited, after: how many still do
   * @throws HostLinkError SERVICE_UNKNOWN
   */
  purge(service?: string, options: OperationOptions = {}): OperationResult {
    const { dispatcher } = this.context;
    const index = service === undefined ? undefined : this.service(service);
    const before = dispatcher.failWaiting('QUEUE_PURGED', index);
    const target = service === undefined ? 'all' : targetText('service', service);
    return this.done('purge', { target, before, after: 0 }, { service: service ?? 'all' }, options);
  }

  /**
   * Change a setting: maxqcount, asqcount, maxrstart, gperiod, min or max, within the ranges of the configuration. A MIN
   * that is raised starts workers; a MAX that is lowered stops none.
   * @param value a number, or text as a configuration file would have it, such as '60s'
   * @throws HostLinkError SETTING_INVALID, RUNTIME_STOPPED
   */
  set(name: string, value: string | number, options: OperationOptions = {}): OperationResult {
    const { config, directory, dispatcher, supervisor } = this.context;
    this.context.checkRunning();
    const { field, value: after } = parseSetting(config, name, value);
    const before = config.server[field];
    config.server[field] = after;
    dispatcher.maxqcount = config.server.maxqcount;
    directory.max = config.server.max;
    supervisor.fillToMin();
    return this.done('set', { target: name, before, after }, {}, options);
  }

  /**
   * Change the log level of a part, here and in all workers.
   * @throws HostLinkError SETTING_INVALID
   */
  async setLogLevel(part: string, level: string, options: OperationOptions = {}): Promise<OperationResult> {
    const { config, log, supervisor } = this.context;
    const change = parseLogLevel(part, level);
    const before = config.log.levels[change.part] ?? config.log.level;
    config.log.levels[change.part] = change.level;
    log.setLevel(change.part, change.level);
    await supervisor.operator.tellAll({ name: 'loglevel', ...change });
    return this.done('set', { target: `loglevel ${part}`, before, after: level }, {}, options);
  }

  private async changeSessions(
    command: 'activate' | 'deactivate',
    what: SessionTarget,
    name: string,
    options: OperationOptions,
  ): Promise<OperationResult> {
    const { link, lus } = this.lusOf(what, name);
    this.tell(command, { [what]: name, lus: lus.length }, options);
    const { held } = await this.context.supervisor.operator.change(link, { name: command, lus });
    return { target: targetText(what, name), before: `${lus.length} LUs`, after: `${held} HELD` };
  }

  private setHeld(what: 'service' | 'server', name: string, isHeld: boolean): void {
    const { holds } = this.context.dispatcher;
    if (what === 'server') holds.holdServer(isHeld);
    else holds.holdService(this.service(name), isHeld);
  }

  private stateOf(what: HoldTarget, name: string): string {
    const { dispatcher, supervisor } = this.context;
    if (what === 'link') return supervisor.operator.holdOf(this.link(name)) || 'open';
    const isHeld =
      what === 'server' ? dispatcher.holds.isServerHeld : dispatcher.holds.isServiceHeld(this.service(name));
    return isHeld ? 'HELD' : 'open';
  }

  private service(name: string): number {
    const { services } = this.context.config;
    const service = services.find((one) => one.name === name);
    if (service !== undefined) return service.index;
    const known = services.map((one) => one.name);
    throw new HostLinkError('SERVICE_UNKNOWN', `Known: ${known.join(', ')}.`, { service: name, known });
  }

  private link(name: string): LinkConfig {
    const { links } = this.context.config;
    const link = links.find((one) => one.name === name);
    if (link !== undefined) return link;
    const known = links.map((one) => one.name);
    throw new HostLinkError('LINK_UNKNOWN', `Known: ${known.join(', ')}.`, { link: name, known });
  }

  private lusOf(what: SessionTarget, name: string): { readonly link: LinkConfig; readonly lus: readonly string[] } {
    if (what === 'lu') return this.lu(name);
    const [linkName = '', puName = ''] = what === 'pu' ? name.split('/') : [name];
    const link = this.link(linkName);
    const pus = what === 'pu' ? link.pus.filter((pu) => pu.name === puName) : link.pus;
    if (pus.length > 0) return { link, lus: pus.flatMap((pu) => pu.lus.map((lu) => lu.name)) };
    const known = link.pus.map((pu) => `${link.name}/${pu.name}`);
    throw new HostLinkError('PU_UNKNOWN', `Known: ${known.join(', ')}.`, { pu: name, known });
  }

  private lu(name: string): { readonly link: LinkConfig; readonly lus: readonly string[] } {
    const link = this.context.config.links.find((one) => one.pus.some((pu) => pu.lus.some((lu) => lu.name === name)));
    if (link === undefined) throw new HostLinkError('LU_UNKNOWN', `(${name})`, { lu: name, retry: 'never' });
    return { link, lus: [name] };
  }

  private done(
    command: OperatorCommand,
    result: OperationResult,
    what: Readonly<Record<string, string>>,
    options: OperationOptions,
  ): OperationResult {
    this.tell(command, { ...what, ...result }, options);
    return result;
  }

  private tell(
    command: OperatorCommand,
    details: Readonly<Record<string, unknown>>,
    { operator }: OperationOptions,
  ): void {
    const name = `operator.${command}` as const;
    const all = operator === undefined ? details : { ...details, operator };
    this.logger.info(all, name);
    const link = typeof details.link === 'string' ? details.link : '';
    this.context.emit({ name, workerId: -1, link, details: all });
  }
}

function targetText(what: string, name: string): string {
  return name === '' ? what : `${what} ${name}`;
}
