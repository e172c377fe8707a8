import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import type { HostLinkError } from '../../../src/base/errors.js';
import { createLog } from '../../../src/base/log.js';
import { ANSWER_STATUS, AnswerBlock } from '../../../src/channel/blocks.js';
import type { HostLinkConfig } from '../../../src/config/model.js';
import { Directory } from '../../../src/dispatch/directory.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { AnswerGarbage } from '../../../src/supervisor/answer-garbage.js';
import type { RuntimeEvent } from '../../../src/supervisor/options.js';
import { Supervisor } from '../../../src/supervisor/supervisor.js';
import { type FakeConfig, fakeConfig } from '../../helpers/fake-config.js';
import { FakeLauncher } from '../../helpers/fake-launcher.js';

/** A supervisor on a simulated clock, with workers the test plays. */
function build(over: FakeConfig = {}) {
  const config: HostLinkConfig = fakeConfig({ links: ['L0'], ...over });
  const clock = createSimulatedClock(1000);
  const directory = new Directory(config.server.max, config.groups.length);
  const launcher = new FakeLauncher();
  const results: string[] = [];
  const events: string[] = [];
  const told: RuntimeEvent[] = [];
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const dispatcher = new Dispatcher({
    clock,
    directory,
    groups: config.groups.length,
    services: config.services,
    maxqcount: config.server.maxqcount,
    sink: {
      reply: (_slot, bytes, from, to) => results.push(bytes.toString('latin1', from, to)),
      fail: (_slot, error: HostLinkError) => results.push(error.code),
    },
    onWaiting: () => supervisor.considerGrowth(),
  });
  const garbage = new AnswerGarbage(
    () => {},
    clock,
    () => 0,
  );
  const supervisor: Supervisor = new Supervisor({
    config,
    bindings: {},
    clock,
    prng: () => 0,
    log: createLog({ level: 'info', levels: {}, payload: false }, {}, destination),
    launcher,
    directory,
    dispatcher,
    onEvent: (event) => {
      told.push(event);
      events.push(`${event.name} ${event.workerId} ${String(event.details.reason ?? '')}`.trim());
    },
    onReport: () => {},
    onTrace: () => {},
    garbage,
  });
  const submit = (text: string): number => dispatcher.submit(0, Buffer.from(text), 60_000);
  const states = (): string[] => supervisor.seats.map((seat) => supervisor.stateOf(seat));
  return { clock, directory, launcher, results, events, told, lines, dispatcher, supervisor, garbage, submit, states };
}

function answerBlock(id: number, text: string): ArrayBuffer {
  const block = new AnswerBlock();
  block.add(id, ANSWER_STATUS.reply, Buffer.from(text));
  return block.take()!;
}

describe('supervisor', () => {
  it('has the garbage of answers collected, whatever is in their blocks', async () => {
    const { launcher, supervisor, garbage } = build({ links: ['A'], server: { min: 1, max: 1 } });
    const up = supervisor.start();
    const run = launcher.runs[0]!;
    run.sayReady(1);
    await up;
    const block = new ArrayBuffer(8 * 1_048_576);
    new DataView(block).setUint32(0, 8, true);
    run.say({ kind: 'answers', block });
    expect(garbage.collections).toBe(1);
  });

  it('starts MIN workers, each with a link of its own, and is up at their first word', async () => {
    const { launcher, supervisor, events, states } = build({ links: ['A', 'B', 'C'], server: { min: 2, max: 3 } });
    const up = supervisor.start();
    expect(launcher.runs.map((run) => `${run.start.workerId} ${run.start.link.name}`)).toEqual(['0 A', '1 B']);
    expect(states()).toEqual(['STARTING', 'STARTING', 'IDLE']);
    launcher.runs[0]!.sayReady(1);
    launcher.runs[1]!.sayReady(0);
    await up;
    expect(states()).toEqual(['READY', 'LINK_DOWN', 'IDLE']);
    expect(events).toEqual(['worker.started 0', 'worker.started 1']);
  });

  it('loses a worker once, whichever sign comes first, and starts it again with its link after the back-off', async () => {
    for (const order of ['port first', 'thread first']) {
      const { clock, launcher, supervisor, submit, results, events, states } = build();
      const up = supervisor.start();
      const first = launcher.runs[0]!;
      first.sayReady(2);
      await up;
      submit('out');
      clock.settle();
      submit('not out');
      if (order === 'port first') first.far.close();
      first.broke('boom');
      first.far.close();
      expect(results).toEqual(['OUTCOME_UNKNOWN']);
      expect(states()).toEqual(['BACKOFF']);
      expect(events.slice(1)).toEqual(['worker.lost 0 boom']);
      expect(launcher.runs).toHaveLength(1);
      clock.advance(100);
      expect(launcher.runs).toHaveLength(2);
      const second = launcher.runs[1]!;
      expect(second.start.link.name).toBe('L0');
      second.sayReady(1);
      clock.settle();
      expect(second.heard.map((message) => message.kind)).toEqual(['ping', 'requests']);
      expect(results).toHaveLength(1);
    }
  });

  it('tells when a worker that was lost is up again, and after how long; each event is a line of the log', async () => {
    const { clock, launcher, supervisor, told, lines } = build({ server: { maxrstart: 2 } });
    const up = supervisor.start();
    const lose = (run: number, downMs: number): void => {
      launcher.runs[run]!.broke('boom');
      clock.advance(downMs);
    };
    launcher.runs[0]!.sayReady(1);
    await up;
    lose(0, 700);
    launcher.runs[1]!.sayReady(1);
    launcher.runs[1]!.pong();
    const restarted = { workerId: 0, link: 'L0', details: { restarts: 1, downMs: 700 } };
    expect(told.filter(({ name }) => name === 'worker.restarted')).toMatchObject([restarted]);
    expect(told.map(({ name }) => name)).toEqual([
      'worker.started',
      'worker.lost',
      'worker.started',
      'worker.restarted',
    ]);
    const logged = lines.map(({ msg, worker, link }) => ({ name: msg, workerId: worker, link }));
    expect(logged).toEqual(told.map(({ name, workerId, link }) => ({ name, workerId, link })));
    expect(lines.at(-1)).toMatchObject({ restarts: 1, downMs: 700 });
  });

  it('counts from the first loss when a worker is lost again before it was up; one given up is not restarted', async () => {
    const { clock, launcher, supervisor, told } = build({ server: { maxrstart: 2 } });
    const up = supervisor.start();
    launcher.runs[0]!.sayReady(1);
    await up;
    launcher.runs[0]!.broke('boom');
    clock.advance(200);
    launcher.runs[1]!.broke('boom');
    clock.advance(500);
    launcher.runs[2]!.sayReady(1);
    expect(told.at(-1)).toMatchObject({ name: 'worker.restarted', details: { restarts: 2, downMs: 700 } });
    launcher.runs[2]!.broke('boom');
    expect(told.at(-1)?.name).toBe('worker.down');
    supervisor.operator.startAll();
    launcher.runs[3]!.sayReady(1);
    expect(told.at(-1)?.name).toBe('worker.started');
    expect(told.filter(({ name }) => name === 'worker.restarted')).toHaveLength(1);
  });

  it('takes the answers that a worker left behind in its port', async () => {
    const { clock, launcher, supervisor, submit, results } = build();
    const up = supervisor.start();
    const [run] = launcher.runs;
    run!.sayReady(1);
    await up;
    const id = submit('x');
    clock.settle();
    run!.say({ kind: 'answers', block: answerBlock(id, 'last words') }, false);
    run!.broke('gone');
    expect(results).toEqual(['last words']);
  });

  it('goes DOWN after MAXRSTART restarts within GPERIOD and ends the calls that wait', async () => {
    const { clock, launcher, supervisor, submit, results, events, states } = build({ server: { maxrstart: 2 } });
    const up = supervisor.start();
    launcher.runs[0]!.sayReady(0);
    await up;
    submit('waits');
    for (let round = 0; round < 3; round += 1) {
      launcher.runs[round]!.broke('again');
      clock.advance(1000);
    }
    expect(launcher.runs).toHaveLength(3);
    expect(states()).toEqual(['DOWN']);
    expect(events.at(-1)).toBe('worker.down 0 again');
    expect(results).toEqual(['SERVICE_UNAVAILABLE']);
    expect(() => submit('x')).toThrow(expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }));
  });

  it('gives the place of a worker that is DOWN to one that was never started', async () => {
    const { launcher, supervisor, submit, results, states } = build({
      links: ['A', 'B'],
      server: { min: 1, max: 2, maxrstart: 0 },
    });
    const up = supervisor.start();
    launcher.runs[0]!.sayReady(0);
    await up;
    submit('waits');
    launcher.runs[0]!.broke('for good');
    expect(states()).toEqual(['DOWN', 'STARTING']);
    expect(launcher.runs[1]!.start.link.name).toBe('B');
    expect(results).toEqual([]);
  });

  it('ends a worker that does not answer a ping, but not for the time we stood still', async () => {
    const server = { pingIntervalMs: 100, pingTimeoutMs: 200 };
    const { clock, launcher, supervisor, events, states } = build({ server });
    const up = supervisor.start();
    const run = launcher.runs[0]!;
    run.sayReady(1);
    await up;
    for (let round = 0; round < 5; round += 1) {
      clock.advance(100);
      run.pong();
    }
    expect(run.heard.filter((message) => message.kind === 'ping').length).toBeGreaterThan(3);
    clock.advance(250);
    expect(run.isAborted).toBe(false);
    clock.advance(200);
    expect(run.isAborted).toBe(true);
    expect(states()).toEqual(['BACKOFF']);
    run.broke('aborted');
    expect(events.at(-1)).toBe('worker.lost 0 hung: no sign of life');
  });

  it('ends a worker whose answers cannot be read', async () => {
    const { launcher, supervisor, states } = build();
    const up = supervisor.start();
    const run = launcher.runs[0]!;
    run.sayReady(1);
    await up;
    run.say({ kind: 'answers', block: new ArrayBuffer(3) });
    expect(run.isAborted).toBe(true);
    expect(states()).toEqual(['BACKOFF']);
  });

  it('ends a thread that lost its port but does not end', async () => {
    const { clock, launcher, supervisor } = build();
    const up = supervisor.start();
    const run = launcher.runs[0]!;
    run.sayReady(1);
    await up;
    run.far.close();
    expect(run.isAborted).toBe(false);
    clock.advance(500);
    expect(run.isAborted).toBe(true);
    expect(launcher.runs).toHaveLength(1);
  });

  it('starts one more worker when more than ASQCOUNT calls wait', async () => {
    const { clock, launcher, supervisor, submit } = build({
      links: ['A', 'B', 'C'],
      server: { min: 1, max: 3, asqcount: 2 },
    });
    const up = supervisor.start();
    launcher.runs[0]!.sayReady(0);
    await up;
    clock.advance(5000);
    launcher.runs[0]!.pong();
    for (const text of ['1', '2']) submit(text);
    expect(launcher.runs).toHaveLength(1);
    submit('3');
    submit('4');
    expect(launcher.runs).toHaveLength(2);
    launcher.runs[1]!.sayReady(4);
    clock.settle();
    expect(launcher.runs[1]!.heard.map((message) => message.kind)).toEqual(['ping', 'requests']);
  });

  it('fails to start when no worker says a word', async () => {
    const { launcher, supervisor } = build({ links: ['A', 'B'] });
    const up = supervisor.start();
    for (const run of launcher.runs) run.broke('bad module');
    await expect(up).rejects.toMatchObject({ code: 'WORKER_START_FAILED', details: { reason: 'bad module' } });
  });

  it('stops in order, and after the grace the hard way; then no timer is left', async () => {
    const { clock, launcher, supervisor, states } = build({ links: ['A', 'B', 'C'] });
    const up = supervisor.start();
    for (const run of launcher.runs) run.sayReady(1);
    await up;
    launcher.runs[2]!.broke('in back-off when the stop comes');
    const down = supervisor.stop(300);
    expect(launcher.runs[0]!.heard.at(-1)).toEqual({ kind: 'stop', graceMs: 300 });
    expect(states()).toEqual(['DRAINING', 'DRAINING', 'IDLE']);
    launcher.runs[0]!.far.close();
    launcher.runs[0]!.stopped();
    clock.advance(1299);
    expect(launcher.runs[1]!.isAborted).toBe(false);
    clock.advance(1);
    expect(launcher.runs[1]!.isAborted).toBe(true);
    launcher.runs[1]!.broke('aborted');
    await down;
    expect(states()).toEqual(['IDLE', 'IDLE', 'IDLE']);
    expect(launcher.isClosed).toBe(true);
    expect(launcher.runs).toHaveLength(3);
    clock.settle();
    expect(clock.pending()).toBe(0);
  });

  it('records in workers that start later, too', async () => {
    const { clock, launcher, supervisor } = build();
    const up = supervisor.start();
    launcher.runs[0]!.sayReady(1);
    await up;
    supervisor.trace(true, false);
    launcher.runs[0]!.broke('gone');
    clock.advance(100);
    expect(launcher.runs[1]!.heard.at(-1)).toEqual({ kind: 'trace', pius: true, dlsw: false });
  });
});
