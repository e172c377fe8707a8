import { EventEmitter } from 'node:events';
import { nanoid } from 'nanoid';
import { type Clock, createClock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import { createLog, type Log } from '../base/log.js';
import { createPrng, type Prng } from '../base/prng.js';
import { youngCollection } from '../base/young-collection.js';
import type { SessionRow } from '../channel/messages.js';
import { loadConfig } from '../config/load.js';
import type { HostLinkConfig, ServiceConfig } from '../config/model.js';
import type { HostLinkInput } from '../config/schema.js';
import { Directory } from '../dispatch/directory.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import type { LuSeat } from '../dispatch/lu-seats.js';
import { UserHeader } from '../dispatch/user-header.js';
import { decodeEbcdic, encodeEbcdic } from '../sna/ebcdic.js';
import { AnswerGarbage } from '../supervisor/answer-garbage.js';
import type { WorkerLauncher } from '../supervisor/launcher.js';
import type { RuntimeEvent } from '../supervisor/options.js';
import { Supervisor } from '../supervisor/supervisor.js';
import { WorkerHost } from '../supervisor/worker-host.js';
import { type CallOptions, callerStack, checkMs, checkOptions, type OpenOptions } from './call-options.js';
import { Calls } from './calls.js';
import type { HeldSession } from './held-session.js';
import { HeldSessions } from './held-sessions.js';
import { LuTargets } from './lu-target.js';
import { changeable, Operations } from './operations.js';
import { Readiness, type ReadyOptions, type SessionProgress } from './readiness.js';
import { collectStats, type HostLinkStats, progressOf, workLeft } from './stats.js';
import { type StopOptions, Stopping } from './stopping.js';
import { type TraceOptions, type TraceSink, Traces } from './traces.js';

const RUN_ID_SIZE = 10;
/** A worker answers a cancel in the next tick; one that hangs shall not keep the caller for long. */
const WORD_MS = 100;

/** The surroundings of a runtime; each has its natural default. */
export interface HostLinkOptions {
  readonly log?: Log;
  readonly clock?: Clock;
  readonly prng?: Prng;
  /** Another worker module, for tests. */
  readonly workerFile?: string;
  /** Other workers than threads, for simulations. */
  readonly launcher?: WorkerLauncher;
  /**
   * false: when young garbage is collected is left to V8. As a rule the runtime does it after every 4 to 8 MB of answers, as
   * long as no more than 64 MB of objects are in use and it does not take over 2 ms again and again: V8 would collect
   * everything instead, and calls wait for that.
   */
  readonly collectYoung?: boolean;
  /** Called with the runtime before its first worker starts: what is attached here, a recorder for one, misses nothing. */
  readonly prepare?: (runtime: HostLink) => void;
}

/** Something an operator may want to see. */
export type HostLinkEvent = RuntimeEvent;

/** Events of HostLink: `event` for everything an operator may want to see. */
export interface HostLinkEvents {
  event: [HostLinkEvent];
}

/** One LU session, and where it is. */
export interface SessionInfo extends SessionRow {
  /** Of the host, and the session type within it; '' when there is only one kind. */
  readonly application: string;
  readonly sessionType: string;
  readonly worker: number;
  readonly link: string;
}

/** The runtime: workers with their links and sessions, and the calls that go over them. */
export class HostLink extends EventEmitter<HostLinkEvents> {
  readonly config: HostLinkConfig;
  /** Names this run: in every log line and in the statistics, so that records of two runs are not mixed up. */
  readonly run = nanoid(RUN_ID_SIZE);
  /** Where this runtime writes its log. */
  readonly log: Log;
  /** What an operator may do: hold, start, drain, activate, deactivate, purge, set. */
  readonly operations: Operations;
  private readonly clock: Clock;
  private readonly directory: Directory;
  private readonly dispatcher: Dispatcher;
  private readonly supervisor: Supervisor;
  private readonly calls: Calls;
  private readonly readiness: Readiness;
  private readonly traces: Traces;
  private readonly services: ReadonlyMap<string, ServiceConfig>;
  private readonly targets: LuTargets;
  private readonly held: HeldSessions;
  private readonly headers: readonly UserHeader[];
  private readonly startedMs: number;
  private readonly stopping: Stopping;

  /**
   * Start a runtime. Resolves when its workers run; their links and sessions may still be coming up: see `ready`.
   * @param config path of a configuration file, the same as an object, or an effective configuration
   * @throws HostLinkError CONFIG_UNREADABLE, CONFIG_INVALID, WORKER_START_FAILED; nothing is left running then
   */
  static async start(
    config: string | HostLinkInput | HostLinkConfig,
    options: HostLinkOptions = {},
  ): Promise<HostLink> {
    const runtime = new HostLink(effective(config), options);
    try {
      options.prepare?.(runtime);
      await runtime.supervisor.start();
    } catch (error) {
      await runtime.stop({ mode: 'now' });
      throw error;
    }
    return runtime;
  }

  private constructor(given: HostLinkConfig, options: HostLinkOptions) {
    super();
    const config = changeable(given);
    const {
      clock = createClock(),
      prng = createPrng(),
      log = createLog(config.log, { server: config.server.name, run: this.run }),
    } = options;
    this.config = config;
    this.log = log;
    this.clock = clock;
    this.startedMs = clock.nowMs();
    this.targets = new LuTargets(config);
    this.headers = config.headers.map((header) => new UserHeader(header, config, decodeEbcdic));
    this.services = new Map(config.services.map((service) => [service.name, service]));
    this.calls = new Calls((id, reason) => this.dispatcher.abort(id, reason));
    this.directory = new Directory(config.links.length, config.groups.length, config.server.max);
    this.dispatcher = new Dispatcher({
      clock,
      directory: this.directory,
      groups: config.groups.length,
      services: config.services,
      maxqcount: config.server.maxqcount,
      instanceMax: config.server.instanceMax,
      wordMs: WORD_MS,
      sink: this.calls,
      onWaiting: () => this.supervisor.considerGrowth(),
    });
    this.held = this.newHeldSessions();
    this.supervisor = this.newSupervisor(options, log, prng);
    this.operations = new Operations({
      config,
      directory: this.directory,
      dispatcher: this.dispatcher,
      supervisor: this.supervisor,
      log,
      emit: (event) => clock.soon(() => this.emit('event', event)),
      checkRunning: () => this.checkRunning(),
    });
    this.stopping = this.newStopping();
    this.readiness = new Readiness(clock, {
      progress: () => progressOf(this.supervisor.seats),
      hopeless: () => this.hopeless(),
    });
    this.traces = new Traces(
      (pius, dlsw) => this.supervisor.trace(pius, dlsw),
      () => this.supervisor.inspect(),
    );
  }

  /**
   * Wait for sessions to come up.
   * @throws HostLinkError SESSION_WAIT_TIMEOUT, SERVICE_UNAVAILABLE when no worker comes back, RUNTIME_STOPPED
   */
  ready(options: ReadyOptions = {}): Promise<SessionProgress> {
    return this.readiness.wait(options);
  }

  /**
   * Call a service of the host.
   * @param payload bytes as the host wants them, at most callSizeMax, or text for the service's code page. Bytes are not
   *   copied: leave them as they are until the call has its result
   * @returns the reply. It may be a view of a larger block that arrived with it: copy what is kept for long
   * @throws HostLinkError (as rejection) SERVICE_UNKNOWN, PAYLOAD_TOO_LONG, PAYLOAD_INVALID, EBCDIC_UNMAPPABLE,
   *   OPTION_INVALID, HEADER_INVALID, LU_UNKNOWN, TERMINAL_UNKNOWN, LU_IN_USE, LU_UNAVAILABLE (details.retry says whether and when a retry
   *   makes sense), RUNTIME_STOPPED, SERVICE_UNAVAILABLE, QUEUE_FULL, SESSION_WAIT_TIMEOUT: not sent.
   *   CALL_TIMEOUT, CALL_ABORTED, OUTCOME_UNKNOWN: details.sent says 'no' or 'maybe'.
   *   SESSION_REJECTED, REPLY_TOO_LONG, SESSION_PROTOCOL_ERROR: the host's answer was no reply
   */
  call(service: string, payload: Uint8Array | string, options?: CallOptions): Promise<Uint8Array> {
    try {
      const entry = this.services.get(service);
      if (entry === undefined) throw this.unknownService(service);
      const bytes = this.bytesOf(payload, entry);
      if (entry.header >= 0) return this.callByHeader(entry, bytes, options);
      let timeoutMs = entry.timeoutMs;
      let signal: AbortSignal | undefined;
      let seat: LuSeat | undefined;
      if (options !== undefined) {
        signal = options.signal;
        timeoutMs = checkOptions(options, timeoutMs);
        seat = this.targets.find(options, entry);
      }
      const id = this.dispatcher.submit(entry.index, bytes, timeoutMs, seat);
      return this.calls.open(id, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Call a service with text and take its reply as text, both in the service's code page.
   * @throws HostLinkError what `call` throws, and EBCDIC_MALFORMED
   */
  async callText(service: string, text: string, options?: CallOptions): Promise<string> {
    const bytes = await this.call(service, text, options);
    return decodeEbcdic(bytes, this.services.get(service)!.codePage);
  }

  /**
   * Keep a session for this program, until it is closed: any free one of a service or session type, or one LU's.
   * @returns the session; `await using` closes it
   * @throws HostLinkError (as rejection) OPTION_INVALID, SERVICE_UNKNOWN, LU_UNKNOWN, TERMINAL_UNKNOWN, LU_IN_USE,
   *   LU_UNAVAILABLE (details.retry says whether and when a retry makes sense), QUEUE_FULL, SESSION_WAIT_TIMEOUT,
   *   CALL_ABORTED, SERVICE_HELD, SERVICE_UNAVAILABLE, RUNTIME_STOPPED
   */
  async open(options: OpenOptions): Promise<HeldSession> {
    const named = options.service === undefined ? undefined : this.services.get(options.service);
    if (options.service !== undefined && named === undefined) throw this.unknownService(options.service);
    const target = this.targets.findToOpen(options, named);
    const timeoutMs = checkOptions(options, target.service.timeoutMs);
    const { idleTimeoutMs = this.config.server.heldIdleTimeoutMs } = options;
    checkMs('idleTimeoutMs', idleTimeoutMs);
    return this.held.open({ ...target, timeoutMs, idleTimeoutMs, signal: options.signal, at: callerStack(this.open) });
  }

  /** What the runtime is doing, as plain JSON. */
  stats(): HostLinkStats {
    const { config, directory, dispatcher, held } = this;
    const { seats, scaled, operator } = this.supervisor;
    const sources = { config, directory, dispatcher, held, seats, scaled, operator };
    return collectStats(sources, this.run, this.stopping.state, this.clock.nowMs() - this.startedMs);
  }

  /**
   * Every LU session of the workers that answer.
   * @param options timeoutMs: how long each of them may take; until it answers or is lost when absent
   */
  async sessions(options: { readonly timeoutMs?: number } = {}): Promise<SessionInfo[]> {
    const inspections = await this.supervisor.inspect(options.timeoutMs);
    const rows: SessionInfo[] = [];
    for (const [worker, { rows: own }] of inspections) {
      const link = this.supervisor.seats[worker]?.link?.name ?? '';
      for (const row of own) {
        const { application = '', sessionType = '' } = this.config.groups[row.group] ?? {};
        rows.push({ worker, link, ...row, application, sessionType });
      }
    }
    return rows;
  }

  /**
   * Record what travels on the links, see trace/records.
   * @returns ends the recording; resolves once `sink` has had the last block
   */
  trace(sink: TraceSink, options: TraceOptions = {}): () => Promise<void> {
    return this.traces.start(sink, options);
  }

  /**
   * Stop; new calls end with RUNTIME_STOPPED from here on. Resolves when no worker is left.
   * drain: calls that wait or run finish, held sessions are waited for until they are closed (what runs on them may go on).
   * fast: calls that wait end with RUNTIME_STOPPED, those at the host may finish. now: those end with OUTCOME_UNKNOWN.
   * All end the LU sessions, then circuits and links, in order; `now` says so to the host without waiting for its answers.
   * Each stage has graceMs, then the next harder one begins. A second stop waits for the first, and hastens it when its mode
   * is harder.
   * @throws HostLinkError (as rejection) OPTION_INVALID
   */
  stop(options: StopOptions = {}): Promise<void> {
    const { stopMode, stopGraceMs } = this.config.server;
    const { mode = stopMode, graceMs = stopGraceMs } = options;
    return this.stopping.stop(mode, graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private newStopping(): Stopping {
    const { clock, dispatcher, supervisor, held } = this;
    return new Stopping({
      clock,
      left: () => workLeft(dispatcher, held),
      drain: (done) => dispatcher.drain(done),
      endWaiting: () => dispatcher.stop(),
      stopWorkers: (graceMs) => supervisor.stop(graceMs),
      changed: () => this.readiness.check(),
      event: (name, details) => {
        this.log.part('gateway').info(details, name);
        clock.soon(() => this.emit('event', { name, workerId: -1, link: '', details }));
      },
    });
  }

  private newHeldSessions(): HeldSessions {
    const { clock, calls, config } = this;
    return new HeldSessions({
      clock,
      calls,
      dispatcher: () => this.dispatcher,
      reportMs: config.server.heldReportMs,
      linkOf: (worker) => this.supervisor.seats[worker]?.link?.name ?? '',
      bytesOf: (payload, service) => this.bytesOf(payload, service),
      timeoutOf: (limits, service) => checkOptions(limits, service.timeoutMs),
      event: (name, { worker, link }, details) => {
        this.log.part('session').warn({ worker, link, ...details }, name);
        clock.soon(() => this.emit('event', { name, workerId: worker, link, details }));
      },
    });
  }

  private newSupervisor(options: HostLinkOptions, log: Log, prng: Prng): Supervisor {
    const { config, clock, directory, dispatcher } = this;
    return new Supervisor({
      config,
      bindings: { server: config.server.name, run: this.run },
      clock,
      prng,
      log,
      launcher: options.launcher ?? newWorkerHost(config, options, log),
      directory,
      dispatcher,
      // Later, so that a listener that throws cannot break off what the supervisor is doing.
      onEvent: (event) => clock.soon(() => this.emit('event', event)),
      onReport: () => this.readiness.check(),
      onTrace: (workerId, block) => this.traces.take(workerId, block),
      garbage: new AnswerGarbage(options.collectYoung === false ? undefined : youngCollection(), clock),
    });
  }

  private checkRunning(): void {
    const { state } = this.stopping;
    if (state !== 'RUNNING' && state !== 'DRAINING') throw new HostLinkError('RUNTIME_STOPPED');
  }

  private hopeless(): HostLinkError | undefined {
    if (this.stopping.state !== 'RUNNING') return new HostLinkError('RUNTIME_STOPPED');
    return this.directory.hasHope() ? undefined : new HostLinkError('SERVICE_UNAVAILABLE');
  }

  /** A call whose leading bytes say where it goes. @throws HostLinkError HEADER_INVALID, and what `call` rejects with */
  private callByHeader(entry: ServiceConfig, bytes: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const header = this.headers[entry.header]!;
    const route = header.resolve(bytes, entry.index);
    const service = this.config.services[route.service]!;
    const timeoutMs = checkOptions(options, service.timeoutMs);
    const seat = this.targets.findByHeader(options, route, service, header.config.sessionType !== undefined);
    const id = this.dispatcher.submit(route.service, header.content(bytes), timeoutMs, seat, route.group);
    return this.calls.open(id, options.signal);
  }

  /** @throws HostLinkError EBCDIC_UNMAPPABLE, PAYLOAD_INVALID, PAYLOAD_TOO_LONG */
  private bytesOf(payload: Uint8Array | string, { codePage }: ServiceConfig): Uint8Array {
    const bytes = typeof payload === 'string' ? encodeEbcdic(payload, codePage) : payload;
    if (!(bytes instanceof Uint8Array)) throw new HostLinkError('PAYLOAD_INVALID', '', { kind: typeof bytes });
    const { callSizeMax } = this.config.server;
    if (bytes.length <= callSizeMax) return bytes;
    const note = `${bytes.length} bytes, at most ${callSizeMax} are allowed.`;
    throw new HostLinkError('PAYLOAD_TOO_LONG', note, { size: bytes.length, callSizeMax });
  }

  private unknownService(service: string): HostLinkError {
    const known = [...this.services.keys()];
    return new HostLinkError('SERVICE_UNKNOWN', `Known: ${known.join(', ')}.`, { service, known });
  }
}

function effective(config: string | HostLinkInput | HostLinkConfig): HostLinkConfig {
  return typeof config === 'object' && 'groups' in config ? config : loadConfig(config);
}

function newWorkerHost(config: HostLinkConfig, options: HostLinkOptions, log: Log): WorkerHost {
  const logger = log.part('supervisor');
  return new WorkerHost({
    max: config.links.length,
    ...(options.workerFile === undefined ? {} : { workerFile: options.workerFile }),
    onStrayError: (error) => logger.warn({ err: error }, 'error of an idle thread'),
  });
}
