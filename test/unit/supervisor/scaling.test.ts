import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import type { HostLinkError } from '../../../src/base/errors.js';
import { createSilentLog } from '../../../src/base/log.js';
import { ANSWER_STATUS, AnswerBlock } from '../../../src/channel/blocks.js';
import type { LinkConfig, LuConfig } from '../../../src/config/model.js';
import { Directory } from '../../../src/dispatch/directory.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { Supervisor } from '../../../src/supervisor/supervisor.js';
import { type FakeConfig, fakeConfig } from '../../helpers/fake-config.js';
import { FakeLauncher, type FakeRun } from '../../helpers/fake-launcher.js';

const SESSIONS = 2;
const IDLE_MS = 1000;

interface Scaled extends FakeConfig {
  /** How each LU of a link differs, by name of the link. */
  readonly lu?: Readonly<Record<string, Partial<LuConfig>>>;
  /** How the first LU of every link differs. */
  readonly firstLu?: Partial<LuConfig>;
}

/** MIN 1 MAX 3 on links A, B and C, on a simulated clock, with workers the test plays. */
class Scene {
  readonly clock = createSimulatedClock(10_000);
  readonly launcher = new FakeLauncher();
  readonly results: string[] = [];
  readonly events: { name: string; workerId: number; link: string; details: Record<string, unknown> }[] = [];
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly supervisor: Supervisor;

  constructor({ lu = {}, firstLu = {}, server, ...over }: Scaled = {}) {
    const base = { min: 1, max: 3, asqcount: 0, idleTimeoutMs: IDLE_MS, stopGraceMs: 500, pingTimeoutMs: 600_000 };
    const plain = fakeConfig({ links: ['A', 'B', 'C'], sessions: SESSIONS, ...over, server: { ...base, ...server } });
    const config = { ...plain, links: plain.links.map((link) => changed(link, lu[link.name] ?? {}, firstLu)) };
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

describe('growing', () => {
  it('a burst that waits grows one worker at a time, to MAX and not beyond, without another call', async () => {
    const scene = new Scene({ links: ['A', 'B', 'C', 'D'] });
    await scene.up();
    scene.submit(50);
    expect(scene.links()).toBe('A B');
    scene.clock.advance(999);
    expect(scene.links()).toBe('A B');
    scene.clock.advance(1);
    expect(scene.links()).toBe('A B C');
    scene.clock.advance(60_000);
    expect(scene.links()).toBe('A B C');
    expect(scene.supervisor.scaled).toEqual({ grown: 2, shrunk: 0 });
  });

  it('not for ASQCOUNT waiting calls, for one more, whatever their groups', async () => {
    const services = [{ group: 0 }, { group: 1 }];
    const scene = new Scene({ server: { asqcount: 3 }, groups: 2, services });
    const up = scene.supervisor.start();
    scene.ready(0, [0, 0]);
    await up;
    scene.submit(2, 0);
    scene.submit(1, 1);
    expect(scene.links()).toBe('A');
    scene.submit(1, 1);
    expect(scene.links()).toBe('A B');
  });

  it('with the link that most of the waiting calls can use', async () => {
    const services = [{ group: 0 }, { group: 1 }];
    const lu = { B: { group: 0 }, C: { group: 1 } };
    const scene = new Scene({ server: { asqcount: 2 }, groups: 2, services, lu });
    const up = scene.supervisor.start();
    scene.ready(0, [0, 0]);
    await up;
    scene.submit(1, 0);
    scene.submit(2, 1);
    expect(scene.links()).toBe('A C');
    scene.clock.advance(1000);
    expect(scene.links()).toBe('A C B');
  });

  it('not with a link that none of them can use', async () => {
    const scene = new Scene({ groups: 2, lu: { B: { group: 1 }, C: { group: 1 } } });
    const up = scene.supervisor.start();
    scene.ready(0, [0, 0]);
    await up;
    scene.submit(5);
    scene.clock.advance(60_000);
    expect(scene.links()).toBe('A');
    expect(scene.supervisor.scaled.grown).toBe(0);
  });
});

describe('shrinking', () => {
  it('the newest first, one by one, down to MIN; each ends in order and gives its link back', async () => {
    const scene = new Scene();
    await scene.grown(3);
    expect(scene.states()).toBe('READY READY READY');
    scene.clock.advance(IDLE_MS - 1);
    expect(scene.states()).toBe('READY READY READY');
    scene.clock.advance(1);
    expect(scene.states()).toBe('READY READY DRAINING');
    expect(scene.run(2).heard.at(-1)).toEqual({ kind: 'stop', graceMs: 500 });
    scene.stopped(2);
    expect(scene.states()).toBe('READY READY IDLE');
    expect(scene.supervisor.seats[2]!.link).toBeUndefined();
    scene.clock.advance(IDLE_MS / 2);
    expect(scene.states()).toBe('READY DRAINING IDLE');
    scene.stopped(1);
    scene.clock.advance(100 * IDLE_MS);
    expect(scene.states()).toBe('READY IDLE IDLE');
    expect(scene.named('worker.draining')).toEqual(['2 C', '1 B']);
    expect(scene.named('worker.stopped')).toEqual(['2 C', '1 B']);
    expect(scene.kinds(0)).not.toContain('stop');
    expect(scene.supervisor.scaled).toEqual({ grown: 2, shrunk: 2 });
    expect(scene.results).toEqual(Array.from({ length: 6 }, () => 'ok'));
  });

  it('not before idleTimeout has passed since the last call ended, not with a call under way', async () => {
    const scene = new Scene();
    await scene.grown(2);
    scene.clock.advance(IDLE_MS / 2);
    const ids = scene.submit(2);
    scene.clock.advance(10 * IDLE_MS);
    expect(scene.states()).toBe('READY READY IDLE');
    scene.answer(ids);
    scene.clock.advance(IDLE_MS - 1);
    expect(scene.states()).toBe('READY READY IDLE');
    scene.clock.advance(IDLE_MS);
    expect(scene.states()).toBe('READY DRAINING IDLE');
  });

  it('a short call between two looks counts as well', async () => {
    const scene = new Scene();
    await scene.grown(2);
    for (let round = 0; round < 10; round += 1) {
      scene.clock.advance(IDLE_MS / 2);
      scene.answer(scene.submit(2));
    }
    expect(scene.states()).toBe('READY READY IDLE');
    scene.clock.advance(2 * IDLE_MS);
    expect(scene.states()).toBe('READY DRAINING IDLE');
  });

  it('not while calls wait', async () => {
    const scene = new Scene({ groups: 2, services: [{ group: 0 }, { group: 1 }], lu: { C: { group: 0 } } });
    const up = scene.supervisor.start();
    scene.ready(0, [2, 0]);
    await up;
    const ids = scene.submit(3, 0);
    scene.ready(1, [2, 0]);
    scene.answer(ids);
    const [waits] = scene.submit(1, 1);
    scene.clock.advance(10 * IDLE_MS);
    expect(scene.states()).not.toContain('DRAINING');
    scene.dispatcher.abort(waits!);
    scene.clock.advance(IDLE_MS);
    expect(scene.states()).toContain('DRAINING');
  });

  it('one without its link before one that has it, even if it is older', async () => {
    const scene = new Scene();
    await scene.grown(2);
    scene.run(0).sayReady(0);
    expect(scene.states()).toBe('LINK_DOWN READY IDLE');
    scene.clock.advance(2 * IDLE_MS);
    expect(scene.states()).toBe('DRAINING READY IDLE');
    scene.stopped(0);
    scene.clock.advance(10 * IDLE_MS);
    expect(scene.states()).toBe('IDLE READY IDLE');
  });

  it.each<Partial<LuConfig>>([{ direction: 'OUTBOUND' }, { mode: 'DEDICATE' }])(
    'never one whose link has sessions of %o',
    async (over) => {
      const scene = new Scene({ firstLu: over });
      await scene.grown(2);
      scene.clock.advance(10 * IDLE_MS);
      expect(scene.states()).toBe('READY READY IDLE');
    },
  );
});
