import assert from 'node:assert/strict';
import { isPromised, isSameQueue } from './routing-entry.js';
import type { RoutingModel } from './routing-model.js';
import { type Call, CONFIG, GROUPS, LINKS, MAXQCOUNT, TERMINALS } from './routing-scene.js';

/** What must hold between any two commands. */
export function checkAlways(model: RoutingModel): void {
  const nowMs = model.clock.nowMs();
  const overdue = model.entries.filter((one) => !one.isEnded && one.dueMs <= nowMs);
  assert.deepEqual(overdue, [], 'a deadline is not kept');
  assert.deepEqual(model.of('between'), []);
  checkWorkers(model);
  checkQueues(model);
  if (model.isPauseOver) checkNobodyForgotten(model);
}

/** Every request at a worker is there exactly once, and the directory promised what it has, no more. */
function checkWorkers(model: RoutingModel): void {
  for (const [index, { run, state }] of model.workers.entries()) {
    const record = model.directory.worker(index);
    const own = run === undefined ? [] : model.at(run);
    const tags = run === undefined ? [] : [...run.stages().keys()].sort((a, b) => a - b);
    assert.equal(record.state, state);
    assert.deepEqual(
      tags,
      own.map(({ tag }) => tag),
      'a request is lost',
    );
    assert.equal(record.reservedTotal, own.length);
    const promised = GROUPS.map(
      ({ index: group }) => own.filter((one) => isPromised(one) && one.group === group).length,
    );
    assert.deepEqual([...record.reserved], promised);
  }
}

function checkQueues(model: RoutingModel): void {
  const { dispatcher } = model;
  const waiting = model.of('waiting');
  assert.equal(dispatcher.waiting, waiting.length);
  assert.equal(dispatcher.living, waiting.length + model.of('atWorker').length);
  for (const { index: group } of GROUPS) {
    const those = waiting.filter((one) => one.seat === undefined && one.group === group).length;
    assert.equal(dispatcher.waitingOf(group), those);
  }
  for (const [index, { waiting: count }] of dispatcher.services.entries()) {
    assert.equal(count, waiting.filter(({ service }) => service === index).length);
  }
  for (const entry of waiting) {
    // One that a worker hands back has had its place: it may stand on top of those that the limit let in.
    const fresh = waiting.filter((one) => isSameQueue(one, entry) && !one.wasGiven);
    assert.ok(fresh.length <= MAXQCOUNT, 'a queue over its limit');
  }
  const atWorker = model.of('atWorker');
  for (const seat of new Set(model.entries.map((one) => one.seat))) {
    if (seat === undefined) continue;
    assert.equal(seat.queue.size, waiting.filter((one) => one.seat === seat).length);
    assert.equal(seat.running, atWorker.filter((one) => one.seat === seat).length);
  }
}

/** Nobody waits for what is free. */
function checkNobodyForgotten(model: RoutingModel): void {
  for (const { seat, group, tag } of model.of('waiting')) {
    for (const { state, run, ready, link } of model.workers) {
      if (run === undefined || ready === undefined || state === 'DRAINING') continue;
      if (seat === undefined) {
        const promised = model.at(run).filter((one) => isPromised(one) && one.group === group).length;
        assert.ok(state !== 'READY' || promised >= ready[group]!, `request ${tag} waits while a session is free`);
      } else if (link!.index === seat.link && (state === 'READY' || seat.isDedicated)) {
        // Without its link a worker keeps what is for a terminal; what is for an LU of a pool may wait for the link here.
        assert.ok(seat.isDedicated && seat.running > 0, `request ${tag} waits while ${seat.name} is free`);
      }
    }
  }
}

/** Host and workers answer all there is, and the clock goes on, until nothing is under way. */
function runDown(model: RoutingModel): void {
  for (let turn = 0; turn < 100 && model.dispatcher.living > 0; turn += 1) {
    for (const { run } of model.workers) {
      if (run === undefined) continue;
      run.work(model.clock.nowMs());
      run.transmit();
      for (const _ of run.sessions) run.hostAnswers(0, true, false);
      run.finishExchanges();
      model.deliver(run.index);
    }
    model.clock.advance(20);
    checkAlways(model);
  }
}

const PROBES: readonly Call[] = [
  { service: 'ASK', named: 'ASK', type: 'QUERY', terminal: '', wish: {} },
  { service: 'VIA', named: 'ASK', type: 'UPDATE', terminal: '', wish: {} },
  { service: 'BUY', named: 'ASK', type: '', terminal: '', wish: {} },
  ...TERMINALS.map((terminal): Call => {
    const { group } = CONFIG.links
      .flatMap(({ pus }) => pus.flatMap(({ lus }) => lus))
      .find((lu) => lu.terminal === terminal)!;
    const type = GROUPS[group]!.sessionType;
    const service = type === '' ? 'BUY' : 'ASK';
    return {
      service,
      named: 'ASK',
      type,
      terminal: type === '' ? '' : terminal,
      wish: type === '' ? { terminal } : {},
    };
  }),
];

/** Everything comes back and to its end; every type and terminal is then served at once; nothing is left behind. */
export function finish(model: RoutingModel): void {
  for (let index = 0; index < LINKS; index += 1) {
    model.forgive(index);
    if (model.workers[index]!.state === 'DRAINING') model.end(index, 'BACKOFF');
    model.start(index, 0);
    model.workers[index]!.run!.linkUp();
    model.deliver(index);
  }
  runDown(model);
  if (!model.isStopped) {
    model.clock.advance(60);
    for (const probe of PROBES) model.submit(probe, 50);
    const probed = model.entries.slice(-PROBES.length);
    assert.deepEqual(
      probed.filter((one) => one.place !== 'atWorker'),
      [],
      'not served at once',
    );
    runDown(model);
    for (const { code } of probed) assert.equal(code, '');
  }
  model.clock.advance(60);
  checkAlways(model);
  for (const one of model.entries) assert.deepEqual([one.isEnded, one.place], [true, 'done'], `request ${one.tag}`);
  assert.deepEqual([model.dispatcher.living, model.dispatcher.waiting, model.dispatcher.counters.stray], [0, 0, 0]);
  assert.equal(model.clock.pending(), 0);
}
