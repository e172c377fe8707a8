import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAlways, finish } from '../helpers/routing-checks.js';
import { RoutingModel, STAGES } from '../helpers/routing-model.js';
import { CALLS, type Call, LINKS, LU_NAMES, SERVICES, TERMINALS } from '../helpers/routing-scene.js';
import type { RoutingWorker } from '../helpers/routing-worker.js';

/** One command on header, LU and dispatch code and on the model at once, then what must always hold. */
class Command implements fc.Command<object, RoutingModel> {
  private readonly text: string;
  private readonly step: (model: RoutingModel) => void;

  constructor(text: string, step: (model: RoutingModel) => void) {
    this.text = text;
    this.step = step;
  }

  check(): boolean {
    return true;
  }

  run(_: object, model: RoutingModel): void {
    this.step(model);
    checkAlways(model);
  }

  toString(): string {
    return this.text;
  }
}

function command<T extends unknown[]>(
  name: string,
  args: fc.Arbitrary<T>,
  step: (model: RoutingModel, ...args: T) => void,
) {
  return args.map((values) => new Command(`${name}(${JSON.stringify(values)})`, (model) => step(model, ...values)));
}

const worker = fc.nat({ max: LINKS - 1 });
const nth = fc.nat({ max: 9 });

/** A command on a worker that runs. */
function ofWorker<T extends unknown[]>(
  name: string,
  args: fc.Arbitrary<T>,
  step: (run: RoutingWorker, nowMs: number, ...args: T) => void,
) {
  return command(name, fc.tuple(worker, args), (model, index, values) => {
    const { run } = model.workers[index]!;
    if (run !== undefined) step(run, model.clock.nowMs(), ...values);
  });
}

const nothing = fc.constant<[]>([]);
/** Any call, most of which go nowhere. */
const anyCall: fc.Arbitrary<Call> = fc.record({
  service: fc.constantFrom('ASK', 'AGAIN', 'VIA', 'BUY'),
  named: fc.constantFrom('ASK', 'AGAIN', 'VIA', 'BUY', 'NONE'),
  type: fc.constantFrom('QUERY', 'UPDATE', '', '?'),
  terminal: fc.constantFrom('', ...TERMINALS, '999'),
  wish: fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    { weight: 2, arbitrary: fc.constantFrom(...LU_NAMES, 'NONE').map((lu) => ({ lu })) },
    { weight: 2, arbitrary: fc.constantFrom(...TERMINALS, '999').map((terminal) => ({ terminal })) },
  ),
});
const call = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...CALLS.group) },
  { weight: 4, arbitrary: fc.constantFrom(...CALLS.terminal) },
  { weight: 1, arbitrary: fc.constantFrom(...CALLS.lu) },
  { weight: 2, arbitrary: anyCall },
);
/** Many of the same kind, so that queues form. */
const burst = fc.tuple(call, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 250 }));

const submit = command('submit', burst, (model, one, times, ms) => {
  for (let time = 0; time < times; time += 1) model.submit(one, ms + time);
});
const work = ofWorker('work', nothing, (run, nowMs) => run.work(nowMs));
const transmit = ofWorker('transmit', nothing, (run) => run.transmit());
const workAndTransmit = ofWorker('workAndTransmit', nothing, (run, nowMs) => {
  run.work(nowMs);
  run.transmit();
});
const hostAnswers = ofWorker(
  'hostAnswers',
  fc.tuple(nth, fc.boolean(), fc.boolean()),
  (run, _, at, isReply, isFinishing) => run.hostAnswers(at, isReply, isFinishing),
);
const deliver = command('deliver', fc.tuple(worker, fc.constantFrom(1, 2, 99)), (model, index, max) =>
  model.deliver(index, max),
);
const abort = command('abort', fc.tuple(fc.constantFrom(...STAGES), nth), (model, stage, at) => model.abort(stage, at));

const abortEnded = command('abortEnded', fc.tuple(nth), (model, at) => model.abortEnded(at));
const advance = command('advance', fc.tuple(fc.integer({ min: 0, max: 60 })), (model, ms) => model.clock.advance(ms));
const finishExchanges = ofWorker('finishExchanges', nothing, (run) => run.finishExchanges());
const sessionDown = ofWorker('sessionDown', fc.tuple(nth), (run, _, at) => run.sessionDown(at));
const sessionUp = ofWorker('sessionUp', fc.tuple(nth), (run, _, at) => run.sessionUp(at));
const linkDown = ofWorker('linkDown', nothing, (run) => run.linkDown());
const linkUp = ofWorker('linkUp', nothing, (run) => run.linkUp());
const start = command('start', fc.tuple(worker, nth), (model, index, at) => {
  model.forgive(index);
  model.start(index, at);
});
const drain = command('drain', fc.tuple(worker), (model, index) => model.drain(index));
const end = command('end', fc.tuple(worker, fc.constantFrom('BACKOFF', 'BACKOFF', 'DOWN')), (model, index, next) =>
  model.end(index, next),
);
const endAll = command('endAll', nothing, (model) => {
  for (let index = 0; index < LINKS; index += 1) model.end(index, 'DOWN');
});
const purge = command('purge', fc.tuple(fc.nat({ max: SERVICES.length - 1 })), (model, service) =>
  model.purge(service),
);

/** What happens, the frequent things more often than the rare ones. */
const COMMANDS = [
  fc.oneof(
    { weight: 24, arbitrary: submit },
    { weight: 10, arbitrary: work },
    { weight: 6, arbitrary: transmit },
    { weight: 14, arbitrary: workAndTransmit },
    { weight: 16, arbitrary: hostAnswers },
    { weight: 20, arbitrary: deliver },
    { weight: 16, arbitrary: abort },
    { weight: 1, arbitrary: abortEnded },
    { weight: 5, arbitrary: advance },
    { weight: 4, arbitrary: finishExchanges },
    { weight: 8, arbitrary: sessionDown },
    { weight: 5, arbitrary: sessionUp },
    { weight: 2, arbitrary: linkDown },
    { weight: 4, arbitrary: linkUp },
    { weight: 10, arbitrary: start },
    { weight: 1, arbitrary: drain },
    { weight: 3, arbitrary: end },
    { weight: 1, arbitrary: endAll },
    { weight: 1, arbitrary: purge },
  ),
];

/** All workers run and have reported; which link a worker has is not its own number. */
function newModel(): RoutingModel {
  const model = new RoutingModel();
  for (let index = 0; index < LINKS; index += 1) model.start(index, 1);
  for (let index = 0; index < LINKS; index += 1) model.deliver(index);
  return model;
}

describe('routing by user header, session type, terminal and LU', () => {
  it('over any run of events: the right session, one at a time, in order, in time, one end each, nothing left', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(fc.commands(COMMANDS, { maxCommands: 100, size: 'max' }), (commands) => {
        const model = newModel();
        fc.modelRun(() => ({ model: {}, real: model }), commands);
        finish(model);
        for (const [what, count] of model.seen) seen.set(what, (seen.get(what) ?? 0) + count);
        seen.set('forwarded', (seen.get('forwarded') ?? 0) + model.dispatcher.counters.forwarded);
        seen.set('retried', (seen.get('retried') ?? 0) + model.dispatcher.counters.retried);
      }),
      { numRuns: 2000 },
    );
    // The runs must have met what they are there to try.
    const wanted = [
      ...STAGES.map((stage) => `aborted: ${stage}`),
      ...['given to a group', 'given to a terminal', 'given to an LU', 'reply', 'late answer', 'forwarded', 'retried'],
      ...['HEADER_INVALID', 'SERVICE_UNKNOWN', 'TERMINAL_UNKNOWN', 'LU_UNKNOWN', 'LU_UNAVAILABLE', 'LU_IN_USE'],
      ...['QUEUE_FULL', 'SESSION_WAIT_TIMEOUT', 'CALL_TIMEOUT', 'SESSION_LOST', 'OUTCOME_UNKNOWN', 'SESSION_REJECTED'],
      ...['SERVICE_UNAVAILABLE', 'QUEUE_PURGED', 'drained', 'lost'],
    ];
    expect(wanted.filter((what) => (seen.get(what) ?? 0) < 20)).toEqual([]);
  });

  it('may stop at any moment', () => {
    const stop = command('stop', nothing, (model) => model.stop());
    fc.assert(
      fc.property(
        fc.commands(COMMANDS, { maxCommands: 40, size: 'max' }),
        fc.commands([stop], { maxCommands: 1 }),
        fc.commands(COMMANDS, { maxCommands: 20, size: 'max' }),
        (before, stops, after) => {
          const model = newModel();
          for (const commands of [before, stops, after]) fc.modelRun(() => ({ model: {}, real: model }), commands);
          finish(model);
        },
      ),
      { numRuns: 300 },
    );
  });
});
