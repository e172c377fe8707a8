import { createSeededPrng } from '../../src/base/prng.js';
import type { HostLink, HostLinkOptions } from '../../src/index.js';
import { Book, type Comparison, since, type Tally } from './book.js';
import { type FaultSize, hostOf, runtimeOf, sessionsOf, terminalsOf } from './fault-config.js';
import { FaultProxy } from './fault-proxy.js';
import { LedgerHost, type LedgerHostReport } from './host-process.js';
import { Load, type LoadOptions } from './load.js';
import { until } from './until.js';

export interface SceneOptions extends Partial<LoadOptions> {
  readonly size?: Partial<FaultSize>;
  readonly seed?: number;
  readonly server?: object;
  readonly timers?: object;
  readonly runtime?: HostLinkOptions;
  /** May calls of unknown outcome be sent again? Then they may be executed twice. */
  readonly idempotent?: boolean;
  /** Calls the book holds without growing. */
  readonly calls?: number;
}

/** What one fault did to the calls. */
export interface FaultFigures extends Tally {
  readonly fault: string;
  /** From the end of the fault (the host's return, for one) to all sessions up, ms. */
  readonly recoveryMs: number;
}

/** What came of it all. */
export interface SceneEnd {
  readonly comparison: Comparison;
  readonly report: LedgerHostReport | undefined;
}

const LINK_ACTIVE = 'link.active';
const BACK_WITHIN_MS = 60_000;

type StartHostLink = (typeof HostLink)['start'];

/** A host process with its ledger, a fault proxy, a runtime with real workers, and callers with their book. */
export class Scene {
  readonly size: FaultSize;
  readonly host: LedgerHost;
  readonly proxy: FaultProxy;
  readonly hostlink: HostLink;
  readonly book: Book;
  readonly load: Load;
  readonly figures: FaultFigures[] = [];
  /** Why workers were lost, one by one. */
  readonly lost: string[] = [];
  private readonly counts = new Map<string, number>();

  /** @param start of the HostLink to be tested: that of the built dist */
  static async start(start: StartHostLink, options: SceneOptions = {}): Promise<Scene> {
    const size = { links: 2, pool: 16, terminals: 0, ...options.size };
    const host = await LedgerHost.start(hostOf(size));
    const proxy = await FaultProxy.start(host.port, createSeededPrng(options.seed ?? 1));
    const input = runtimeOf(proxy.port, size, options.server, options.timers);
    const services = input.services!.map((service) => ({ ...service, idempotent: options.idempotent === true }));
    const hostlink = await start({ ...input, services }, options.runtime);
    const scene = new Scene(size, host, proxy, hostlink, options);
    await scene.allUp();
    return scene;
  }

  private constructor(
    size: FaultSize,
    host: LedgerHost,
    proxy: FaultProxy,
    hostlink: HostLink,
    { calls, callers, payloadSize = 200, timeoutMs = 10_000, thinkMs = 0 }: SceneOptions,
  ) {
    this.size = size;
    this.host = host;
    this.proxy = proxy;
    this.hostlink = hostlink;
    this.book = new Book(calls);
    const terminals = terminalsOf(size);
    const load = { callers: callers ?? sessionsOf(size) / 2, payloadSize, timeoutMs, thinkMs, terminals };
    this.load = new Load(hostlink, this.book, load);
    hostlink.on('event', ({ name, details }) => {
      this.counts.set(name, this.events(name) + 1);
      if (name === 'worker.lost') this.lost.push(String(details.reason));
    });
  }

  /** Events of this name so far. */
  events(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  get total(): number {
    return sessionsOf(this.size);
  }

  get up(): number {
    return this.hostlink.stats().sessions.sessions;
  }

  allUp(timeoutMs?: number): Promise<void> {
    return until(
      `all ${this.total} sessions up`,
      () => this.up === this.total,
      timeoutMs,
      () => this.state(),
    );
  }

  /** So many more calls have their answer, whatever it is. */
  settled(count: number): Promise<void> {
    const goal = this.book.settled + count;
    return until(
      `${count} more calls settled`,
      () => this.book.settled >= goal,
      undefined,
      () => this.state(),
    );
  }

  /** So many more calls have been served. */
  served(count: number): Promise<void> {
    const goal = this.book.tally().served + count;
    return until(
      `${count} more calls served`,
      () => this.book.tally().served >= goal,
      undefined,
      () => this.state(),
    );
  }

  /** So many more calls have failed with this code. */
  failed(code: string, count: number): Promise<void> {
    const failures = (): number => this.book.tally().failed[code] ?? 0;
    const goal = failures() + count;
    return until(
      `${count} more ${code}`,
      () => failures() >= goal,
      undefined,
      () => this.state(),
    );
  }

  /** So many more events of this name. */
  said(name: string, count: number): Promise<void> {
    const goal = this.events(name) + count;
    return until(
      `${count} more ${name}`,
      () => this.events(name) >= goal,
      undefined,
      () => this.state(),
    );
  }

  /** With replies stalled: those to every caller have come as far as the proxy, so the host has done every call. */
  async repliesStalled(): Promise<void> {
    this.proxy.set({ stall: ['toRuntime'] });
    const { callers, payloadSize } = this.load.options;
    const isStalled = (): boolean => this.proxy.held('toRuntime') >= callers * payloadSize;
    await until('all replies stalled', isStalled, undefined, () => this.state());
  }

  /** Nothing runs, nothing waits, every session is free. */
  quiet(timeoutMs?: number): Promise<void> {
    const isQuiet = (): boolean => {
      const { sessions, dispatch, workers } = this.hostlink.stats();
      const reserved = workers.reduce((sum, worker) => sum + worker.reserved, 0);
      return sessions.byState.ACTIVE === this.total && dispatch.waiting === 0 && reserved === 0;
    };
    return until('all quiet', isQuiet, timeoutMs, () => this.state());
  }

  /** Sessions that are not tried again before an operator acts, as the host (or damage on the way) had it. */
  get held(): number {
    return this.hostlink.stats().sessions.byState.HELD;
  }

  /**
   * Under load: do `fault`, then `heal`, then wait until all sessions are up (or held) and calls are served again.
   * @param heal may give how many links have to become active anew from then on
   * @param comebacks how many links have to become active anew since the begin; for faults that break links
   */
  async under(
    name: string,
    fault: () => Promise<unknown>,
    heal: () => unknown,
    { comebacks = 0 } = {},
  ): Promise<FaultFigures> {
    const before = this.book.tally();
    const actives = this.events(LINK_ACTIVE);
    this.load.start();
    await this.served(this.load.options.callers);
    await fault();
    const healedActives = this.events(LINK_ACTIVE);
    const fresh = await heal();
    const healedMs = performance.now();
    const goal = Math.max(actives + comebacks, typeof fresh === 'number' ? healedActives + fresh : 0);
    const isBack = (): boolean => this.events(LINK_ACTIVE) >= goal && this.up + this.held === this.total;
    await until(`${name} is over`, isBack, BACK_WITHIN_MS, () => this.state());
    const recoveryMs = Math.round(performance.now() - healedMs);
    await this.served(this.load.options.callers);
    const figures = { fault: name, ...since(this.book.tally(), before), recoveryMs };
    this.figures.push(figures);
    return figures;
  }

  /** What an operator does about sessions that are held. @returns how many there were */
  async activateHeld(): Promise<number> {
    const held = (await this.hostlink.sessions()).filter(({ state }) => state === 'HELD');
    for (const { lu } of held) await this.hostlink.operations.activate('lu', lu);
    return held.length;
  }

  /** As many calls as there are sessions, at once, each of them served: what is said to be up is up. @returns failures */
  async sweep(timeoutMs = 10_000): Promise<number> {
    const pool = this.total - terminalsOf(this.size);
    const terminals = Array.from({ length: this.total }, (_, at) => Math.max(0, at + 1 - pool));
    const served = await Promise.all(terminals.map((terminal) => this.load.call(terminal, timeoutMs)));
    return served.filter((isServed) => !isServed).length;
  }

  /** Stop everything, and hold the books against each other. */
  async end(damage?: Parameters<Book['compare']>[1]): Promise<SceneEnd> {
    await this.load.stop();
    await this.hostlink.stop();
    const report = await this.host.stop();
    this.proxy.stop();
    return { comparison: this.book.compare(this.host.ledger, damage), report };
  }

  /** In any case: leave nothing behind. */
  async dispose(): Promise<void> {
    this.proxy.heal();
    this.proxy.stop();
    await this.host.kill();
    await this.hostlink.stop({ graceMs: 0 });
    this.host.clean();
  }

  private state(): string {
    const { sessions, links, workers } = this.hostlink.stats();
    const byState = Object.entries(sessions.byState).filter(([, count]) => count > 0);
    const reasons = [...links, ...workers].map(({ state, reason }) => `${state} ${reason}`);
    return JSON.stringify({ byState: Object.fromEntries(byState), reasons, tally: this.book.tally() });
  }
}

/** A small table of them. */
export function printFigures(rows: readonly FaultFigures[]): string {
  const lines = rows.map(({ fault, calls, served, wrong, failed, recoveryMs }) => {
    const codes = Object.entries({ ...failed, ...(wrong > 0 ? { 'wrong reply': wrong } : {}) });
    const failures = codes.map(([code, count]) => `${code} ${count}`).join(', ') || 'none failed';
    return `  ${fault.padEnd(24)}${String(calls).padStart(8)}${String(served).padStart(8)}${String(recoveryMs).padStart(7)} ms  ${failures}`;
  });
  const title = `  ${'fault'.padEnd(24)}${'calls'.padStart(8)}${'served'.padStart(8)}${'back'.padStart(10)}  failed`;
  return `${[title, ...lines].join('\n')}\n`;
}
