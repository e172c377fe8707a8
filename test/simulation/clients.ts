import { HostLinkError } from '../../src/base/errors.js';
import type { CallOptions, OpenOptions } from '../../src/gateway/call-options.js';
import type { HeldSession } from '../../src/gateway/held-session.js';
import type { HostLink } from '../../src/gateway/host-link.js';
import type { Book, Entry, EntryWish } from './book.js';
import type { Chance } from './chance.js';
import type { Scene, SceneLu } from './scene.js';
import { stackOf, type World } from './world.js';

/** Mean time between two requests, ms. */
const INTERVAL_MS = 350;
const TIMEOUT_MIN_MS = 300;
const TIMEOUT_MAX_MS = 15_000;
const THINK_MAX_MS = 6000;
/** What may pass between a deadline and the end of its request: the worker is asked whether anything was sent (100 ms). */
const LATENESS_MS = 100.5;
/** A close waits for the worker; at the longest until that is found to hang. */
const CLOSE_MAX_MS = 60_000;
const HELD_STEPS_MAX = 4;
const PAUSE_MAX_MS = 10_000;

/** Programs that use the runtime in every way there is. */
export class Clients {
  /** Operations under way, by what they are. */
  readonly running = new Map<number, string>();
  private readonly world: World;
  private readonly scene: Scene;
  private readonly runtime: HostLink;
  private readonly book: Book;
  private readonly chance: Chance;
  private isOver = false;
  private isQuiet = false;
  private operations = 0;

  constructor(world: World, scene: Scene, runtime: HostLink, book: Book) {
    this.world = world;
    this.scene = scene;
    this.runtime = runtime;
    this.book = book;
    this.chance = world.fork('clients');
  }

  start(): void {
    this.world.clock.after(-Math.log(1 - this.chance.prng()) * INTERVAL_MS, () => {
      if (this.isOver) return;
      const count = this.chance.is(0.05) ? this.chance.whole(2, 20) : 1;
      for (let at = 0; at < count; at += 1) this.one();
      this.start();
    });
  }

  /** From now on nothing that costs a session: whoever looks wants to see all of them up. */
  calm(): void {
    this.isQuiet = true;
  }

  stop(): void {
    this.isOver = true;
  }

  private one(): void {
    const draw = this.chance.prng();
    if (draw < 0.3) this.pool();
    else if (draw < 0.5) this.byHeader();
    else if (draw < 0.65) this.ofTerminal();
    else if (draw < 0.75) this.ofLu();
    else if (draw < 0.8) this.slow();
    else if (this.isQuiet) this.pool();
    else if (draw < 0.87) this.play();
    else if (draw < 0.97) void this.hold();
    else this.wrong();
  }

  private pool(): void {
    const isIdempotent = this.chance.is(0.3);
    const lus = this.lus((lu) => lu.application === 'ECHO');
    this.call(isIdempotent ? 'AGAIN' : 'ECHO', { what: 'pool', lus, isIdempotent });
  }

  private slow(): void {
    const lus = this.lus((lu) => lu.application === 'SLOW' && lu.sessionType === 'QUERY');
    this.call('QUERY', { what: 'slow', lus, isIdempotent: true, thinkMs: this.think() });
  }

  private byHeader(): void {
    const [sessionType, type] = this.chance.pick([
      ['Q', 'QUERY'],
      ['U', 'UPDATE'],
    ] as const);
    const terminal = sessionType === 'U' && this.chance.is(0.3) ? this.kept().terminal! : '';
    const lus = this.lus((lu) => {
      if (terminal !== '') return lu.terminal === terminal;
      return lu.application === 'SLOW' && lu.sessionType === type && lu.terminal === undefined;
    });
    this.call('SLOW', { what: `type ${type} ${terminal}`, lus, sessionType, terminal, thinkMs: this.think() });
  }

  private ofTerminal(): void {
    const { terminal, name } = this.kept();
    const wish = { what: `terminal ${terminal}`, lus: new Set([name]), thinkMs: this.think() };
    this.call('UPDATE', wish, { terminal: terminal! });
  }

  private ofLu(): void {
    const lu = this.chance.pick(this.scene.lus.filter(({ application }) => application !== 'PLAY'));
    const service = lu.application === 'ECHO' ? 'ECHO' : 'UPDATE';
    this.call(service, { what: `lu ${lu.name}`, lus: new Set([lu.name]), thinkMs: this.think() }, { lu: lu.name });
  }

  /** A program whose sessions end, refuse and answer late. */
  private play(): void {
    const lus = this.lus((lu) => lu.application === 'PLAY');
    const entry = this.book.begin({ what: 'play', lus });
    const limits = this.limits();
    void this.follow(entry, limits.timeoutMs, this.runtime.call('PLAY', entry.payload, limits), () => {
      this.book.replied(entry, undefined);
      this.book.isExecuted(entry);
    });
  }

  /** What must be refused before it is sent. */
  private wrong(): void {
    const lus = new Set<string>();
    const draw = this.chance.whole(0, 2);
    if (draw === 0) this.call('SLOW', { what: 'wrong type', lus, sessionType: 'X' });
    else if (draw === 1) this.call('ECHO', { what: 'wrong lu', lus }, { lu: 'NONE' });
    else this.call('UPDATE', { what: 'wrong terminal', lus }, { terminal: 'NONE' });
  }

  private call(service: string, wish: EntryWish, more: CallOptions = {}): void {
    const entry = this.book.begin(wish);
    const limits = this.limits();
    const promise = this.runtime.call(service, entry.payload, { ...limits, ...more });
    void this.follow(entry, limits.timeoutMs, promise, (reply) => this.book.replied(entry, reply));
  }

  /** Keep a session, do this and that on it, and give it back. */
  private async hold(): Promise<void> {
    const lu = this.chance.is(0.4)
      ? this.chance.pick(this.scene.lus.filter((one) => one.application !== 'PLAY'))
      : undefined;
    const service = lu?.application === 'SLOW' || (!lu && this.chance.is(0.3)) ? 'UPDATE' : 'ECHO';
    const wish: OpenOptions = lu === undefined ? { service } : { service, lu: lu.name };
    const limits = this.limits();
    const done = this.begin(`open ${lu?.name ?? service}`, limits.timeoutMs);
    let session: HeldSession;
    try {
      session = await this.runtime.open({ ...wish, ...limits });
      done('opened');
    } catch (error) {
      done(codeOf(error));
      return;
    }
    const type = service === 'UPDATE' ? 'UPDATE' : '';
    const isRight = lu
      ? lu.name === session.lu
      : this.lus((one) => one.sessionType === type && one.terminal === undefined).has(session.lu);
    if (!isRight) this.world.fail('terminals', `open ${service} ${lu?.name ?? ''} got ${session.lu}`);
    for (let left = this.chance.whole(0, HELD_STEPS_MAX); left > 0 && session.isOpen; left -= 1)
      await this.use(session);
    const closed = this.begin(`close ${session.lu}`, CLOSE_MAX_MS);
    await session.close();
    closed('closed');
  }

  private async use(session: HeldSession): Promise<void> {
    const lus = new Set([session.lu]);
    const limits = this.limits();
    const draw = this.chance.prng();
    if (draw < 0.2) {
      await new Promise<void>((resolve) => void this.world.clock.after(this.chance.skewed(1, PAUSE_MAX_MS), resolve));
    } else if (draw < 0.7) {
      const entry = this.book.begin({ what: `held call on ${session.lu}`, lus, thinkMs: this.think() });
      const call = session.call(entry.payload, limits);
      await this.follow(entry, limits.timeoutMs, call, (reply) => this.book.replied(entry, reply));
    } else {
      const entry = this.book.begin({ what: `held send on ${session.lu}`, lus, thinkMs: this.think() });
      const send = session.send(entry.payload, limits);
      const isSent = await this.follow(entry, limits.timeoutMs, send, () => this.book.replied(entry, undefined));
      if (isSent) await this.receive(session, entry);
    }
  }

  /** The echo of what was sent, unless it is lost on the way. */
  private async receive(session: HeldSession, entry: Entry): Promise<void> {
    const limits = this.limits();
    const done = this.begin(`receive on ${session.lu}`, limits.timeoutMs);
    try {
      const { data } = await session.receive(limits);
      done('received');
      // Of a call before it that was given up.
      if (entry.payload.equals(data)) this.book.isExecuted(entry);
    } catch (error) {
      done(codeOf(error));
    }
  }

  /** Write down what becomes of a request. @returns whether it succeeded */
  private follow<T>(
    entry: Entry,
    timeoutMs: number,
    promise: Promise<T>,
    success: (value: T) => void,
  ): Promise<boolean> {
    const done = this.begin(`#${entry.number} ${entry.what}`, timeoutMs);
    return promise.then(
      (value) => {
        done('');
        success(value);
        return true;
      },
      (error: unknown) => {
        done('');
        if (error instanceof HostLinkError) this.book.failed(entry, error.code, error.details);
        else this.world.fail('crash', `#${entry.number}: ${stackOf(error)}`);
        return false;
      },
    );
  }

  /** Something begins that has to end within `withinMs`. @returns to be called at its end */
  private begin(what: string, withinMs: number): (outcome: string) => void {
    this.operations += 1;
    const number = this.operations;
    this.running.set(number, what);
    const cancel = this.world.clock.after(withinMs + LATENESS_MS, () =>
      this.world.fail('answered once', `${what} has no answer ${withinMs.toFixed(0)} ms after it began`),
    );
    return (outcome) => {
      cancel();
      this.running.delete(number);
      if (outcome !== '') this.world.tell(`${what}: ${outcome}`);
    };
  }

  private limits(): { timeoutMs: number; signal?: AbortSignal } {
    const timeoutMs =
      this.chance.skewed(TIMEOUT_MIN_MS, TIMEOUT_MAX_MS) + (this.chance.is(0.5) ? TIMEOUT_MAX_MS / 2 : 0);
    if (!this.chance.is(0.1)) return { timeoutMs };
    const abort = new AbortController();
    this.world.clock.after(this.chance.skewed(0, 2000), () => abort.abort());
    return { timeoutMs, signal: abort.signal };
  }

  private think(): number {
    return this.chance.is(0.6) ? 0 : this.chance.skewed(0, THINK_MAX_MS);
  }

  private kept(): SceneLu {
    return this.chance.pick(this.scene.lus.filter(({ terminal }) => terminal !== undefined));
  }

  private lus(isWanted: (lu: SceneLu) => boolean): ReadonlySet<string> {
    return new Set(this.scene.lus.filter(isWanted).map(({ name }) => name));
  }
}

function codeOf(error: unknown): string {
  return error instanceof HostLinkError ? error.code : stackOf(error);
}
