import { describe, expect, it } from 'vitest';
import type { LinkConfig } from '../../../src/config/model.js';
import { LinkPool } from '../../../src/supervisor/link-pool.js';
import { fakeConfig } from '../../helpers/fake-config.js';
import { IDLE_MS, Scene, SESSIONS } from '../../helpers/scaling-scene.js';

const FOUR = ['A', 'B', 'C', 'D'];

function untilDraining(scene: Scene): void {
  for (let look = 0; look < 10 && !scene.states().includes('DRAINING'); look += 1) scene.clock.advance(IDLE_MS / 2);
}

describe('a free link that is waited for', () => {
  const names = (pool: LinkPool, counts: Readonly<Record<string, number>>) => {
    return pool.takeAwaited(({ name }) => counts[name] ?? 0)?.name;
  };

  it('is the one with the most requests, the first among equals; none without a request', () => {
    const pool = new LinkPool(fakeConfig({ links: FOUR }).links, 1);
    const counts = { B: 1, C: 3, D: 3 };
    expect(pool.awaited(({ name }) => counts[name as 'B'] ?? 0)).toBe(7);
    expect([names(pool, counts), names(pool, counts), names(pool, counts), names(pool, counts)]).toEqual([
      'C',
      'D',
      'B',
      undefined,
    ]);
    expect(pool.size).toBe(1);
  });

  it.each<[string, (pool: LinkPool, link: LinkConfig) => void]>([
    ['all are given', (pool) => pool.forgive()],
    ['it is started by an operator', (pool, link) => pool.reopen(link, false)],
    ['it has had a worker again', (pool) => pool.giveBack(pool.take()!)],
  ])('is none whose worker was lost too often, until another chance: %s', (_, giveChance) => {
    const [link] = fakeConfig({ links: ['A'] }).links;
    const pool = new LinkPool([link!], 1);
    pool.giveBack(pool.take()!, true);
    expect(names(pool, { A: 1 })).toBeUndefined();
    giveChance(pool, link!);
    expect(names(pool, { A: 1 })).toBe('A');
  });
});

describe('a call for an LU of a link without a worker', () => {
  it.each([-1, 0, 1000])('starts that worker with ASQCOUNT %i, and goes there', async (asqcount) => {
    const scene = new Scene({ links: FOUR, server: { max: 2, asqcount } });
    await scene.up();
    scene.submitTo('LU30');
    expect(scene.links()).toBe('A D');
    scene.ready(1);
    scene.clock.settle();
    expect(scene.kinds(1)).toEqual(['ping', 'requests']);
    expect(scene.dispatcher.waiting).toBe(0);
    expect(scene.supervisor.scaled.grown).toBe(1);
  });

  it('does so at once for several links, up to MAX', async () => {
    const scene = new Scene({ links: FOUR, server: { asqcount: -1 } });
    await scene.up();
    for (const lu of ['LU20', 'LU30', 'LU10']) scene.submitTo(lu);
    expect(scene.links()).toBe('A C D');
    scene.clock.advance(60_000);
    expect(scene.links()).toBe('A C D');
  });

  it('comes before the load when a place is free again; the load gets the next one', async () => {
    const scene = new Scene({ links: FOUR, server: { max: 2 } });
    await scene.grown(2);
    scene.submit(50);
    scene.submitTo('LU30');
    expect(scene.links()).toBe('A B');
    scene.supervisor.drain(scene.supervisor.seats[1]!, 'test');
    scene.stopped(1);
    expect(scene.links()).toBe('A B D');
    const other = new Scene({ links: FOUR });
    await other.grown(2);
    other.submitTo('LU30');
    other.submit(50);
    expect(other.links()).toBe('A B D');
  });

  it('holds the load up for the pause only', async () => {
    const scene = new Scene({ links: FOUR });
    await scene.up();
    scene.submitTo('LU30');
    scene.submit(50);
    expect(scene.links()).toBe('A D');
    scene.clock.advance(1000);
    expect(scene.links()).toBe('A D B');
  });

  it('gets the place of a worker that nobody needs; that one and its own then stop as any other', async () => {
    const scene = new Scene({ server: { max: 2 } });
    await scene.grown(2);
    const ids = scene.submitTo('LU20');
    expect(scene.links()).toBe('A B');
    untilDraining(scene);
    expect(scene.states()).toBe('READY DRAINING');
    scene.stopped(1);
    expect(scene.links()).toBe('A B C');
    scene.ready(2);
    scene.clock.settle();
    const before = scene.results.length;
    scene.answer([...ids, ...scene.submit(1)]);
    expect(scene.results.slice(before)).toEqual(['ok', 'ok']);
    scene.clock.advance(2 * IDLE_MS);
    expect(scene.states()).toBe('READY DRAINING');
    scene.stopped(2);
    scene.clock.advance(100 * IDLE_MS);
    expect([scene.states(), scene.links()]).toEqual(['READY IDLE', 'A B C']);
    expect(scene.supervisor.scaled).toEqual({ grown: 2, shrunk: 2 });
  });

  it('is served by its worker again that is just stopping', async () => {
    const scene = new Scene({ server: { asqcount: -1 } });
    await scene.up();
    const ids = scene.submitTo('LU20');
    scene.ready(1);
    scene.clock.settle();
    scene.answer([...ids, ...scene.submit(1)]);
    untilDraining(scene);
    expect(scene.states()).toBe('READY DRAINING IDLE');
    scene.submitTo('LU20');
    expect(scene.links()).toBe('A C');
    scene.stopped(1);
    expect(scene.links()).toBe('A C C');
  });

  it('starts it when MAX is raised', async () => {
    const scene = new Scene({ server: { asqcount: -1 } });
    scene.directory.max = 1;
    await scene.up();
    scene.submitTo('LU20');
    expect(scene.links()).toBe('A');
    scene.directory.max = 2;
    scene.supervisor.fillToMin();
    expect(scene.links()).toBe('A C');
  });

  it('starts nothing any more once its caller has left', async () => {
    const scene = new Scene({ server: { asqcount: -1 } });
    scene.directory.max = 1;
    await scene.up();
    for (const id of scene.submitTo('LU20')) scene.dispatcher.abort(id);
    scene.submit(SESSIONS + 1);
    expect(scene.dispatcher.waiting).toBe(1);
    scene.directory.max = 3;
    scene.supervisor.fillToMin();
    expect(scene.links()).toBe('A');
  });

  it('starts none for a link that an operator holds, until it is held no more', async () => {
    const scene = new Scene({ server: { asqcount: -1 } });
    await scene.up();
    const link = scene.config.links[2]!;
    scene.supervisor.operator.hold(link);
    scene.submitTo('LU20');
    expect(scene.links()).toBe('A');
    await scene.supervisor.operator.start(link);
    expect(scene.links()).toBe('A C');
  });

  it('does not start one again that was lost too often, until an operator says so', async () => {
    const scene = new Scene({ links: FOUR, server: { max: 3, maxrstart: 0, asqcount: -1 } });
    await scene.up();
    scene.submitTo('LU20');
    scene.run(1).broke('for good');
    expect(scene.states()).toBe('READY DOWN IDLE');
    scene.submitTo('LU20');
    scene.clock.advance(60_000);
    expect(scene.links()).toBe('A C');
    scene.supervisor.operator.startAll();
    expect(scene.links()).toBe('A C C');
  });
});

describe('a call for an LU whose link has a worker', () => {
  it('starts no other worker, and is none of those that ASQCOUNT counts', async () => {
    const scene = new Scene({ server: { asqcount: 1 }, firstLu: { mode: 'DEDICATE' } });
    await scene.up();
    scene.submitTo('LU00', 20);
    scene.submit(SESSIONS);
    scene.submit(1);
    expect(scene.dispatcher.waiting).toBe(20);
    scene.clock.advance(60_000);
    expect(scene.links()).toBe('A');
    scene.submit(1);
    expect(scene.links()).toBe('A B');
  });
});
