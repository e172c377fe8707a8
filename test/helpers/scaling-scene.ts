import { createSimulatedClock } from '../../src/base/clock.js';
import type { HostLinkError } from '../../src/base/errors.js';
import { createSilentLog } from '../../src/base/log.js';
import { ANSWER_STATUS, AnswerBlock } from '../../src/channel/blocks.js';
import type { HostLinkConfig, LinkConfig, LuConfig } from '../../src/config/model.js';
import { Directory } from '../../src/dispatch/directory.js';
import { Dispatcher } from '../../src/dispatch/dispatcher.js';
import { LuSeats } from '../../src/dispatch/lu-seats.js';
import { Supervisor } from '../../src/supervisor/supervisor.js';
import { type FakeConfig, fakeConfig } from './fake-config.js';
import { FakeLauncher, type FakeRun } from './fake-launcher.js';

export const SESSIONS = 2;
export const IDLE_MS = 1000;

export interface Scaled extends FakeConfig {
  /** How each LU of a link differs, by name of the link. */
  readonly lu?: Readonly<Record<string, Partial<LuConfig>>>;
  /** How the first LU of every link differs. */
  readonly firstLu?: Partial<LuConfig>;
}

/** MIN 1 MAX 3 on links A, B and C, on a simulated clock, with workers the test plays. */
export class Scene {
  readonly clock = createSimulatedClock(10_000);
  readonly launcher = new FakeLauncher();
  readonly results: string[] = [];
  readonly events: { name: string; workerId: number; link: string; details: Record<string, unknown> }[] = [];
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly supervisor: Supervisor;
  readonly config: HostLinkConfig;
  readonly seats: LuSeats;

  constructor({ lu = {}, firstLu = {}, server, ...over }: Scaled = {}) {
    const base = { min: 1, max: 3, asqcount: 0, idleTimeoutMs: IDLE_MS, stopGraceMs: 500, pingTimeoutMs: 600_000 };
    const plain = fakeConfig({ links: ['A', 'B', 'C'], sessions: SESSIONS, ...over, server: { ...base, ...server } });
    const config = { ...plain, links: plain.links.map((link) => changed(link, lu[link.name] ?? {}, firstLu)) };
    this.config = config;
    this.seats = new LuSeats(config.links);
    const { clock, launcher } = this;
    this.directory = new Directory(config.server.max, config.groups.length);
    const { directory } = this;
    this.dispatcher = new Dispatcher({
      clock,
      directory,
      groups: config.groups.length,
      services: config.services,
      maxqcount: config.server.maxqcount,
      sink: {
        reply: (_slot, bytes, from, to) => this.results.push(bytes.toString('latin1', from, to)),
        fail: (_slot, error: HostLinkError) => this.results.push(error.code),
      },
      onWaiting: () => this.supervisor.considerGrowth(),
    });
    this.supervisor = new Supervisor({
      config,
      bindings: {},
      clock,
      prng: () => 0,
      log: createSilentLog(),
      launcher,
      directory,
      dispatcher: this.dispatcher,
      onEvent: (event) => this.events.push(event),
      onReport: () => {},
      onTrace: () => {},
    });
  }

  /** The supervisor is up, with its first worker ready. */
  async up(): Promise<void> {
    const up = this.supervisor.start();
    this.run(0).sayReady(SESSIONS);
    await up;
  }

  /** Up, and grown to one more worker for each of the links after the first; nothing waits, all calls are answered. */
  async grown(workers: number): Promise<void> {
    await this.up();
    const ids = this.submit(SESSIONS * workers);
    for (let index = 1; index < workers; index += 1) {
      this.ready(index);
      this.clock.advance(1000);
    }
    this.answer(ids);
    this.clock.settle();
  }

  run(index: number): FakeRun {
    return this.launcher.runs[index]!;
  }

  /** The newest run says that it is ready. */
  ready(index: number, counts: readonly number[] = [SESSIONS]): void {
    const states = [0, 0, 0, 0, 0, SESSIONS, 0, 0, 0, 0, 0];
    this.run(index).pong();
    this.run(index).say({ kind: 'report', report: { link: 'ACTIVE', reason: '', ready: counts, states } });
  }

  submit(calls: number, service = 0): number[] {
    const ids = Array.from({ length: calls }, (_, at) => {
      return this.dispatcher.submit(service, Buffer.from(String(at)), 3_600_000);
    });
    this.clock.settle();
    return ids;
  }

  /** Calls that name their LU: LU00 is the first of the first link, LU10 the first of the second. */
  submitTo(lu: string, calls = 1): number[] {
    const ids = Array.from({ length: calls }, (_, at) => {
      return this.dispatcher.submit(0, Buffer.from(String(at)), 3_600_000, this.seats.ofLu(lu)!);
    });
    this.clock.settle();
    return ids;
  }

  /** Whichever worker has a request replies to it. */
  answer(ids: readonly number[]): void {
    for (const id of ids) {
      for (let index = 0; index < this.directory.workers.length; index += 1) {
        const before = this.results.length;
        const block = new AnswerBlock();
        block.add(id, ANSWER_STATUS.reply, Buffer.from('ok'));
        this.dispatcher.answers(index, block.take()!);
        if (this.results.length > before) break;
      }
    }
  }

  states(): string {
    return this.supervisor.seats.map((seat) => this.supervisor.stateOf(seat)).join(' ');
  }

  links(): string {
    return this.launcher.runs.map((run) => run.start.link.name).join(' ');
  }

  named(name: string): string[] {
    return this.events.filter((event) => event.name === name).map(({ workerId, link }) => `${workerId} ${link}`);
  }

  kinds(index: number): string[] {
    return this.run(index).heard.map((message) => message.kind);
  }

  /** The worker's thread has ended its sessions and itself. */
  stopped(index: number): void {
    this.run(index).far.close();
    this.run(index).stopped();
  }
}

function changed(link: LinkConfig, all: Partial<LuConfig>, first: Partial<LuConfig>): LinkConfig {
  const lus = (pu: LinkConfig['pus'][number]): LuConfig[] => {
    return pu.lus.map((lu, at) => ({ ...lu, ...all, ...(at === 0 ? first : {}) }));
  };
  return { ...link, pus: link.pus.map((pu) => ({ ...pu, lus: lus(pu) })) };
}
