import { describe, expect, it } from 'vitest';
import type { LuConfig } from '../../../src/config/model.js';
import { IDLE_MS, type Scaled, Scene, SESSIONS } from '../../helpers/scaling-scene.js';

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

describe('while a worker drains', () => {
  /** Worker 1 drains, worker 0 works. */
  async function draining(over: Scaled = {}): Promise<Scene> {
    const scene = new Scene(over);
    await scene.grown(2);
    while (!scene.states().includes('DRAINING')) scene.clock.advance(IDLE_MS / 2);
    expect(scene.states().startsWith('READY DRAINING')).toBe(true);
    return scene;
  }

  it('calls that come to wait start another worker with another link', async () => {
    const scene = await draining();
    scene.run(1).sayReady(SESSIONS);
    scene.submit(3);
    expect(scene.kinds(1).at(-1)).toBe('stop');
    expect(scene.states()).toBe('READY DRAINING STARTING');
    expect(scene.links()).toBe('A B C');
    scene.ready(2);
    scene.clock.settle();
    expect(scene.kinds(2)).toEqual(['ping', 'requests']);
  });

  it('and where there is none, its own place and link again once it has stopped', async () => {
    const scene = await draining({ links: ['A', 'B'], server: { max: 2 } });
    scene.submit(3);
    expect(scene.links()).toBe('A B');
    scene.stopped(1);
    expect(scene.states()).toBe('READY STARTING');
    expect(scene.links()).toBe('A B B');
  });

  it('its loss is no loss: no restart, its link is given back', async () => {
    for (const order of ['port first', 'thread first']) {
      const scene = await draining();
      if (order === 'port first') scene.run(1).far.close();
      expect(scene.states()).toBe('READY DRAINING IDLE');
      scene.run(1).broke('boom');
      scene.run(1).far.close();
      expect(scene.states()).toBe('READY IDLE IDLE');
      expect(scene.named('worker.stopped')).toEqual(['1 B']);
      expect(scene.events.at(-1)!.details).toMatchObject({ reason: 'boom', restarts: 0 });
      scene.clock.advance(60_000);
      expect(scene.launcher.runs).toHaveLength(2);
      scene.submit(3);
      expect(scene.links()).toBe('A B C');
    }
  });

  it('it is ended the hard way when it does not stop in time', async () => {
    const scene = await draining();
    scene.clock.advance(1499);
    expect(scene.run(1).isAborted).toBe(false);
    scene.clock.advance(1);
    expect(scene.run(1).isAborted).toBe(true);
    scene.run(1).broke('aborted');
    expect(scene.states()).toBe('READY IDLE IDLE');
  });

  it('and the last other worker is down for good, MIN is kept: calls wait for its successor', async () => {
    const scene = await draining({ links: ['A', 'B'], server: { max: 2, maxrstart: 0 } });
    scene.run(0).broke('for good');
    expect(scene.states()).toBe('DOWN DRAINING');
    scene.submit(1);
    scene.run(1).far.close();
    scene.submit(1);
    expect(scene.results.slice(4)).toEqual([]);
    scene.run(1).stopped();
    expect(scene.states()).toBe('DOWN STARTING');
    expect(scene.links()).toBe('A B A');
    scene.ready(2);
    scene.clock.settle();
    expect(scene.kinds(2)).toEqual(['ping', 'requests']);
  });

  it('a stop stops both, and leaves no timer', async () => {
    const scene = await draining();
    const down = scene.supervisor.stop(100);
    expect(scene.states()).toBe('DRAINING DRAINING IDLE');
    expect(scene.run(1).heard.at(-1)).toEqual({ kind: 'stop', graceMs: 100 });
    scene.stopped(0);
    scene.stopped(1);
    await down;
    expect(scene.states()).toBe('IDLE IDLE IDLE');
    expect(scene.links()).toBe('A B');
    scene.dispatcher.stop();
    expect(scene.clock.pending()).toBe(0);
  });

  it('a stop right after a growth leaves no timer either', async () => {
    const scene = new Scene();
    await scene.up();
    const ids = scene.submit(3);
    expect(scene.states()).toBe('READY STARTING IDLE');
    scene.answer(ids);
    scene.answer(ids);
    scene.clock.settle();
    const down = scene.supervisor.stop(100);
    scene.stopped(0);
    scene.stopped(1);
    await down;
    scene.dispatcher.stop();
    expect(scene.clock.pending()).toBe(0);
  });

  it('tells with which figures it drains and has drained', async () => {
    const scene = await draining();
    scene.clock.advance(120);
    scene.stopped(1);
    const [began, ended] = scene.events.slice(-2);
    expect(began).toMatchObject({ name: 'worker.draining', workerId: 1, link: 'B' });
    expect(began!.details).toEqual({ reason: 'idle', reserved: 0, sessions: [SESSIONS] });
    expect(ended).toMatchObject({ name: 'worker.stopped', workerId: 1, link: 'B' });
    expect(ended!.details).toEqual({ reason: 'its task ended: stopped', drainMs: 120, restarts: 0 });
  });

  it('asked for with calls under way, it finishes them first; what it loses with calls is of unknown outcome', async () => {
    for (const isLost of [false, true]) {
      const scene = new Scene();
      await scene.grown(2);
      scene.results.length = 0;
      const ids = scene.submit(4);
      scene.supervisor.drain(scene.supervisor.seats[1]!, 'operator');
      expect(scene.states()).toBe('READY DRAINING IDLE');
      expect(scene.events.at(-1)!.details).toMatchObject({ reason: 'operator', reserved: 2 });
      if (!isLost) scene.answer(ids);
      scene.stopped(1);
      const unknown = isLost ? ['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN'] : ['ok', 'ok', 'ok', 'ok'];
      expect(scene.results).toEqual(unknown);
    }
  });

  it('only one that is up can be asked to', async () => {
    const scene = new Scene();
    const up = scene.supervisor.start();
    scene.supervisor.drain(scene.supervisor.seats[0]!, 'too early');
    scene.supervisor.drain(scene.supervisor.seats[1]!, 'not started');
    expect(scene.states()).toBe('STARTING IDLE IDLE');
    scene.ready(0);
    await up;
  });
});
