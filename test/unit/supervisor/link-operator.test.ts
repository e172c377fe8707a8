import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { createSilentLog } from '../../../src/base/log.js';
import { Directory } from '../../../src/dispatch/directory.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { Supervisor } from '../../../src/supervisor/supervisor.js';
import { type FakeConfig, fakeConfig } from '../../helpers/fake-config.js';
import { FakeLauncher } from '../../helpers/fake-launcher.js';

/** A supervisor on a simulated clock, with workers the test plays; two links and two workers unless told otherwise. */
async function build(server: FakeConfig['server'] = {}) {
  const config = fakeConfig({ server: { min: 2, max: 2, ...server } });
  const clock = createSimulatedClock(1000);
  const directory = new Directory(config.links.length, 1, config.server.max);
  const launcher = new FakeLauncher();
  const dispatcher = new Dispatcher({
    clock,
    directory,
    groups: 1,
    services: config.services,
    maxqcount: 100,
    sink: { reply: () => {}, fail: () => {} },
  });
  const supervisor: Supervisor = new Supervisor({
    config,
    bindings: {},
    clock,
    prng: () => 0,
    log: createSilentLog(),
    launcher,
    directory,
    dispatcher,
    onEvent: () => {},
    onReport: () => {},
    onTrace: () => {},
  });
  const up = supervisor.start();
  for (const run of launcher.runs) run.sayReady(4);
  await up;
  const [one, two] = config.links as [(typeof config.links)[0], (typeof config.links)[0]];
  const states = (): string[] => supervisor.seats.map((seat) => supervisor.stateOf(seat));
  return { clock, directory, launcher, dispatcher, supervisor, operator: supervisor.operator, one, two, states };
}

async function settled(work: Promise<unknown>): Promise<boolean> {
  return Promise.race([work.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

describe('an operator and a link', () => {
  it('drains it: its worker stops in order, the link has no other until it is started', async () => {
    const { launcher, operator, one, two, states } = await build();
    const drained = operator.drain(one);
    expect(states()).toEqual(['DRAINING', 'READY']);
    expect(operator.holdOf(one)).toBe('DRAINING');
    expect(launcher.runs[0]!.heard.at(-1)).toEqual({ kind: 'stop', graceMs: 10_000 });
    expect(await settled(drained)).toBe(false);
    launcher.runs[0]!.stopped();
    expect(await settled(drained)).toBe(true);
    expect([operator.holdOf(one), operator.holdOf(two)]).toEqual(['DRAINED', '']);
    expect(states()).toEqual(['IDLE', 'READY']);
    expect(launcher.runs).toHaveLength(2);
    await operator.start(one);
    expect(launcher.runs[2]!.start.link).toBe(one);
    expect(operator.holdOf(one)).toBe('');
  });

  it('drains one whose worker is only starting, or down for a moment, once that has come up', async () => {
    const { clock, launcher, operator, one, states } = await build();
    launcher.runs[0]!.far.close();
    launcher.runs[0]!.broke('crashed');
    expect(states()[0]).toBe('BACKOFF');
    const drained = operator.drain(one);
    clock.advance(1000);
    expect(states()[0]).toBe('STARTING');
    launcher.runs[2]!.sayReady(4);
    expect(states()[0]).toBe('DRAINING');
    launcher.runs[2]!.stopped();
    expect(await settled(drained)).toBe(true);
  });

  it('started while it drains: it gets its next worker when the last one is gone', async () => {
    const { launcher, operator, one } = await build();
    void operator.drain(one);
    const started = operator.start(one);
    expect(await settled(started)).toBe(false);
    launcher.runs[0]!.stopped();
    expect(await settled(started)).toBe(true);
    expect(launcher.runs).toHaveLength(3);
    expect(launcher.runs[2]!.start.link).toBe(one);
  });

  it('gives its place to another link where MAX allows no more', async () => {
    const { launcher, operator, one, two, states } = await build({ min: 1, max: 1 });
    expect(launcher.runs.map(({ start }) => start.link)).toEqual([one]);
    void operator.drain(one);
    launcher.runs[0]!.stopped();
    expect(launcher.runs.map(({ start }) => start.link)).toEqual([one, two]);
    await operator.start(one);
    expect(launcher.runs).toHaveLength(2);
    expect(states().filter((state) => state !== 'IDLE')).toEqual(['STARTING']);
  });

  it('starts one whose worker was lost too often', async () => {
    const { launcher, operator, one, states } = await build({ maxrstart: 0 });
    launcher.runs[0]!.broke('crashed');
    expect(states()).toEqual(['DOWN', 'READY']);
    await operator.start(one);
    expect(states()).toEqual(['STARTING', 'READY']);
    expect(launcher.runs[2]!.start.link).toBe(one);
    launcher.runs[2]!.broke('crashed again');
    expect(states()).toEqual(['DOWN', 'READY']);
    operator.startAll();
    expect(states()).toEqual(['STARTING', 'READY']);
  });

  it('holds it; a lost worker is held again at its next start', async () => {
    const { clock, launcher, operator, one, states } = await build();
    operator.hold(one);
    expect(states()).toEqual(['HELD', 'READY']);
    launcher.runs[0]!.broke('crashed');
    clock.advance(1000);
    launcher.runs[2]!.sayReady(4);
    expect(states()).toEqual(['HELD', 'READY']);
    await operator.start(one);
    expect(states()).toEqual(['READY', 'READY']);
  });
});

describe('an operator and LUs', () => {
  it('has them deactivated by the worker, and by each that follows it, until they are activated', async () => {
    const { clock, launcher, operator, one } = await build();
    const told = (run: number) => launcher.runs[run]!.heard.filter(({ kind }) => kind === 'operate');
    const deactivated = operator.change(one, { name: 'deactivate', lus: ['LU00', 'LU01'] });
    expect(told(0)).toEqual([{ kind: 'operate', seq: 1, change: { name: 'deactivate', lus: ['LU00', 'LU01'] } }]);
    launcher.runs[0]!.say({ kind: 'operated', seq: 1, changed: { lus: 2, held: 1 } });
    expect(await deactivated).toEqual({ lus: 2, held: 1 });
    const activated = operator.change(one, { name: 'activate', lus: ['LU01'] });
    launcher.runs[0]!.broke('crashed');
    expect(await activated).toEqual({ lus: 1, held: 0 });
    clock.advance(1000);
    expect(told(2)).toEqual([{ kind: 'operate', seq: 1, change: { name: 'deactivate', lus: ['LU00'] } }]);
    expect(told(1)).toEqual([]);
  });

  it('keeps it for the worker to come where there is none', async () => {
    const { launcher, operator, two } = await build({ min: 1, max: 1 });
    expect(await operator.change(two, { name: 'deactivate', lus: ['LU10'] })).toEqual({ lus: 1, held: 1 });
    expect(launcher.runs[0]!.heard.some(({ kind }) => kind === 'operate')).toBe(false);
  });
});
