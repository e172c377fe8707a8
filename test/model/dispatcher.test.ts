import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANSWER_STATUS, type AnswerStatus } from '../../src/channel/blocks.js';
import { DispatchModel, GROUPS, WORKERS } from './dispatch-model.js';

type Step = (model: DispatchModel) => void;

/** One command: does its step on the dispatcher and the counting model at once, then checks what must always hold. */
class Command implements fc.Command<object, DispatchModel> {
  private readonly text: string;
  private readonly step: Step;

  constructor(text: string, step: Step) {
    this.text = text;
    this.step = step;
  }

  check(): boolean {
    return true;
  }

  run(_: object, model: DispatchModel): void {
    this.step(model);
    model.check();
  }

  toString(): string {
    return this.text;
  }
}

const worker = fc.nat({ max: WORKERS - 1 });
const nth = fc.nat({ max: 9 });
const ready = fc.array(fc.nat({ max: 3 }), { minLength: GROUPS, maxLength: GROUPS });
const failure = fc.constantFrom('OUTCOME_UNKNOWN', 'SESSION_LOST', 'SESSION_REJECTED');
const status = fc.constantFrom<AnswerStatus>(ANSWER_STATUS.reply, ANSWER_STATUS.refused, ANSWER_STATUS.failed);

function command<T extends unknown[]>(
  name: string,
  args: fc.Arbitrary<T>,
  step: (model: DispatchModel, ...args: T) => void,
) {
  return args.map((values) => new Command(`${name}(${JSON.stringify(values)})`, (model) => step(model, ...values)));
}

const submit = command('submit', fc.tuple(fc.nat({ max: 2 }), fc.integer({ min: 1, max: 60 })), (model, service, ms) =>
  model.submit(service, ms),
);
const report = command('report', fc.tuple(worker, ready), (model, index, counts) => {
  model.start(index);
  model.report(index, counts);
});
const answer = command('answer', fc.tuple(worker, nth, status, failure), (model, index, at, kind, code) =>
  model.answer(index, at, kind, code),
);
const lost = command(
  'lost',
  fc.tuple(worker, fc.boolean(), fc.constantFrom<'BACKOFF' | 'IDLE' | 'DOWN'>('BACKOFF', 'BACKOFF', 'IDLE', 'DOWN')),
  (model, index, isUnposted, next) => model.lost(index, isUnposted, next),
);

const COMMANDS = [
  submit,
  submit,
  submit,
  answer,
  answer,
  report,
  report,
  command('sendRound', fc.tuple(nth), (model, at) => model.sendRound(at)),
  command('abort', fc.tuple(nth), (model, at) => model.abort(at)),
  command('abortDone', fc.tuple(nth), (model, at) => model.abortDone(at)),
  command('stray', fc.tuple(worker, nth), (model, index, at) => model.strayAnswer(index, at)),
  command('advance', fc.tuple(fc.integer({ min: 0, max: 60 })), (model, ms) => model.advance(ms)),
  command('start', fc.tuple(worker), (model, index) => model.start(index)),
  command('drain', fc.tuple(worker), (model, index) => model.drain(index)),
  command('ended', fc.tuple(worker), (model, index) => model.ended(index)),
  lost,
];

describe('the dispatcher against a counting model', () => {
  it('keeps order, deadlines, reservations and one result per request over any run of events', () => {
    const seen = {
      given: 0,
      queued: 0,
      forwarded: 0,
      refused: 0,
      again: 0,
      retried: 0,
      late: 0,
      queueFull: 0,
      drained: 0,
      lostDraining: 0,
    };
    fc.assert(
      fc.property(fc.commands(COMMANDS, { maxCommands: 120, size: 'max' }), (commands) => {
        const model = new DispatchModel();
        fc.modelRun(() => ({ model: {}, real: model }), commands);
        model.finish();
        seen.given += model.requests.length;
        seen.again += model.again;
        seen.drained += model.drained;
        seen.lostDraining += model.lostDraining - model.drained;
        for (const key of ['queued', 'forwarded', 'refused', 'retried', 'late', 'queueFull'] as const) {
          seen[key] += model.dispatcher.counters[key];
        }
      }),
      { numRuns: 1500 },
    );
    // The runs must have met what they are there to try.
    for (const [what, count] of Object.entries(seen)) expect([what, count > 100]).toEqual([what, true]);
  });

  it('may stop at any moment', () => {
    fc.assert(
      fc.property(
        fc.commands([...COMMANDS, command('stop', fc.tuple(nth), (model, _) => model.stop())], {
          maxCommands: 60,
          size: 'max',
        }),
        (commands) => {
          const model = new DispatchModel();
          fc.modelRun(() => ({ model: {}, real: model }), commands);
          model.finish();
        },
      ),
      { numRuns: 500 },
    );
  });
});
