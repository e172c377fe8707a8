import { ANSWER_STATUS, readAnswers, readRequests } from '../../src/channel/blocks.js';
import type { FromWorker, ToWorker } from '../../src/channel/messages.js';
import { slotOf } from '../../src/dispatch/request-table.js';
import type { RuntimeInsides } from './insides.js';
import type { SimLauncher, SimWorker } from './launcher.js';
import type { World } from './world.js';

/** Most results that a request may have: those that open a session have a second one, when it is over. */
const RESULTS = ['reply', 'fail'] as const;

/**
 * Watches answers where they pass: a worker answers each request once, and the dispatcher gives each request one result.
 * The promise of a call hides a second one.
 */
export class AnswerWatch {
  private readonly world: World;
  /** Requests at workers that are not answered yet. */
  private readonly asked = new Map<SimWorker, Set<number>>();
  /** Slots whose caller has no result yet. */
  private readonly open = new Set<number>();

  constructor(world: World) {
    this.world = world;
  }

  watchWorker(worker: SimWorker): void {
    const asked = new Set<number>();
    this.asked.set(worker, asked);
    const { tap: fromWorker } = worker.port;
    worker.port.tap = (message) => {
      const heard = fromWorker(message) as readonly FromWorker[];
      for (const one of heard) if (one.kind === 'answers') this.answered(worker, asked, one.block);
      return heard;
    };
    worker.port.peer.tap = (message) => {
      const said = message as ToWorker;
      if (said.kind === 'requests') readRequests(said.block, (id) => asked.add(id));
      return [said];
    };
  }

  watchWorkers(launcher: SimLauncher): void {
    launcher.onLaunch = (worker) => this.watchWorker(worker);
  }

  /** Stand between the dispatcher and the promises of the calls. */
  watchResults({ calls }: RuntimeInsides): void {
    const { open, openHeld } = calls;
    calls.open = (id, signal) => {
      this.open.add(slotOf(id));
      return open.call(calls, id, signal);
    };
    calls.openHeld = (id, signal, holder) => {
      this.open.add(slotOf(id));
      return openHeld.call(calls, id, signal, holder);
    };
    for (const name of RESULTS) {
      const given = calls[name] as (slot: number, ...rest: unknown[]) => void;
      (calls as unknown as Record<string, unknown>)[name] = (slot: number, ...rest: unknown[]) => {
        if (!this.open.delete(slot)) this.world.fail('answered once', `slot ${slot}: a second result, ${name}`);
        given.call(calls, slot, ...rest);
      };
    }
  }

  private answered(worker: SimWorker, asked: Set<number>, block: ArrayBuffer): void {
    readAnswers(block, (id, status) => {
      if (status === ANSWER_STATUS.opened || status === ANSWER_STATUS.underway) {
        if (!asked.has(id))
          this.world.fail('answered once', `${worker.process.name}: a word on ${id} after its answer`);
      } else if (!asked.delete(id)) {
        this.world.fail('answered once', `${worker.process.name}: a second answer to request ${id}`);
      }
    });
  }
}
