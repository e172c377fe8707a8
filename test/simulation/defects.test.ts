import { afterEach, describe, expect, it } from 'vitest';
import { OutBlock } from '../../src/base/out-block.js';
import { Directory } from '../../src/dispatch/directory.js';
import { Dispatcher } from '../../src/dispatch/dispatcher.js';
import type { LuSeat } from '../../src/dispatch/lu-seats.js';
import { Placement } from '../../src/dispatch/placement.js';
import { Calls } from '../../src/link/calls.js';
import { Recovery } from '../../src/link/recovery.js';
import { LuSession } from '../../src/link/session.js';
import { SessionTable } from '../../src/link/session-table.js';
import { WorkerWatch } from '../../src/supervisor/worker-watch.js';
import { tableInsides } from './insides.js';
import { type Simulation, simulate } from './simulation.js';
import { CHECKERS, type Checker } from './world.js';

/** Seeds that are tried until one finds the defect. */
const TRIES = 12;
const HOURS = 0.02;

/** Something broken on purpose, and the checker that has to find it, and no other. */
interface Defect {
  readonly what: string;
  readonly checker: Checker;
  readonly evidence: RegExp;
  /** Patches the code before the simulation is made... */
  readonly patch?: () => void;
  /** ...or the simulation itself. */
  readonly defect?: (simulation: Simulation) => void;
}

type Loose = Record<string, (...args: unknown[]) => unknown>;

const undo: (() => void)[] = [];

function restore(): void {
  for (const one of undo.splice(0)) one();
}

/** Put `make(original)` in the place of a method, private ones included, until `restore`. */
function replace<T>(
  type: { readonly prototype: T },
  method: string,
  make: (original: Loose[string]) => Loose[string],
): void {
  const loose = type.prototype as unknown as Loose;
  const original = loose[method]!;
  undo.push(() => {
    loose[method] = original;
  });
  loose[method] = make(original);
}

/** True the `nth` time, false before and after. */
function onceAt(nth: number): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count === nth;
  };
}

/** What workers say passes through `change` before anybody else sees it. */
function changeAnswers(simulation: Simulation, change: (message: object) => readonly object[]): void {
  const { launcher } = simulation;
  const { onLaunch } = launcher;
  launcher.onLaunch = (worker) => {
    worker.port.tap = (message) => {
      const isAnswer = (message as { kind: string }).kind === 'answers';
      return isAnswer ? change(message as object) : [message];
    };
    onLaunch(worker);
  };
}

const DEFECTS: readonly Defect[] = [
  {
    what: 'a port that delivers a block of answers twice',
    checker: 'answered once',
    evidence: /a second answer/,
    defect: (simulation) => {
      const isNow = onceAt(40);
      changeAnswers(simulation, (message) => (isNow() ? [message, structuredClone(message)] : [message]));
    },
  },
  {
    what: 'a dispatcher that gives a result twice',
    checker: 'answered once',
    evidence: /a second result/,
    patch: () => {
      const isNow = onceAt(30);
      replace(
        Dispatcher,
        'replied',
        (original) =>
          function (this: { sink: Loose }, ...args) {
            const [request, , bytes, from, to] = args as [{ slot: number }, unknown, unknown, unknown, unknown];
            const { slot } = request;
            original.apply(this, args);
            if (isNow()) this.sink.reply!(slot, bytes, from, to);
          },
      );
    },
  },
  {
    what: 'a dispatcher that forgets deadlines',
    checker: 'answered once',
    evidence: /has no answer \d+ ms after it began/,
    patch: () => replace(Dispatcher, 'expired', () => () => undefined),
  },
  {
    what: 'a session that gives the reply of one call to another',
    checker: 'answered once',
    evidence: /got the reply of another/,
    patch: () => {
      let kept: Buffer | undefined;
      const isNow = onceAt(30);
      replace(
        LuSession,
        'answer',
        (original) =>
          function (this: unknown, ...args) {
            const [bytes, from, to] = args as [Buffer, number, number];
            const stale = kept;
            kept = Buffer.from(bytes.subarray(from, to));
            if (stale !== undefined && isNow()) original.call(this, stale, 0, stale.length);
            else original.apply(this, args);
          },
      );
    },
  },
  {
    what: 'a runtime that sends again what may have been executed',
    checker: 'executed once',
    evidence: /was executed 2 times, at most 1 may be/,
    defect: ({ scene }) => {
      for (const service of scene.config.services) Object.assign(service, { idempotent: true });
    },
  },
  {
    what: 'a session that says of a request that is out that nothing was sent',
    checker: 'executed once',
    evidence: /at most [01] may be/,
    patch: () => {
      replace(
        LuSession,
        'lose',
        (original) =>
          function (this: LuSession, ...args) {
            const { half } = this;
            const wasSent = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(half), 'hasTransmitted');
            Object.defineProperty(half, 'hasTransmitted', { value: false, configurable: true });
            original.apply(this, args);
            if (wasSent !== undefined) delete (half as unknown as Record<string, unknown>).hasTransmitted;
          },
      );
    },
  },
  {
    what: 'a worker that answers what the host has not been asked',
    checker: 'executed once',
    evidence: /succeeded, and the host has not executed it/,
    patch: () => {
      const isNow = onceAt(20);
      replace(
        LuSession,
        'call',
        (original) =>
          function (this: LuSession, ...args) {
            if (!isNow()) return original.apply(this, args);
            const [id, bytes, from, to] = args as [number, Uint8Array, number, number];
            this.owner.channel.reply(id, bytes, from, to);
            return 'failed';
          },
      );
    },
  },
  {
    what: 'a session table that leaves a session in its old list',
    checker: 'one list',
    evidence: /is in two lists|says|holds/,
    patch: () => {
      replace(
        SessionTable,
        'move',
        (original) =>
          function (this: SessionTable, ...args) {
            const [session, state] = args as [LuSession, string];
            if (state !== 'CLOSING') return original.apply(this, args);
            const { CLOSING } = tableInsides(this).lists;
            CLOSING.append(session);
            session.list = CLOSING;
            return undefined;
          },
      );
    },
  },
  {
    what: 'a directory that lists a worker twice',
    checker: 'one list',
    evidence: /worker \d is in the list|worker \d is in two lists/,
    patch: () => {
      replace(
        Directory,
        'move',
        (original) =>
          function (this: Directory, ...args) {
            const [worker, state] = args as [{ state: string }, string];
            original.apply(this, args);
            if (state === 'BACKOFF') (this.list('LINK_DOWN') as unknown[]).push(worker);
          },
      );
    },
  },
  {
    what: 'a reservation that is not given back',
    checker: 'reservations',
    evidence: /sessions promised and|of group \d promised/,
    patch: () => {
      const isNow = onceAt(25);
      replace(
        Placement,
        'unreserve',
        (original) =>
          function (this: unknown, ...args) {
            if (!isNow()) original.apply(this, args);
          },
      );
    },
  },
  {
    what: 'a session that leaves a sequence number out',
    checker: 'sequence',
    evidence: /the LU sent \d+ after \d+/,
    patch: () => {
      const isNow = onceAt(20);
      replace(
        LuSession,
        'transmit',
        (original) =>
          function (this: unknown, ...args) {
            const [isExpedited, snf, rh0] = args as [boolean, number, number];
            const isRequest = !isExpedited && (rh0 & 0x80) === 0;
            if (isRequest && isNow()) args[1] = snf + 1;
            return original.apply(this, args);
          },
      );
    },
  },
  {
    what: 'terminals that change their LUs',
    checker: 'terminals',
    evidence: /was executed on \S+, not on/,
    defect: (simulation) => {
      simulation.world.clock.after(10_000, () => {
        const { targets } = simulation.runtime as unknown as {
          targets: { seats: { byTerminal: Map<string, LuSeat> } };
        };
        const { byTerminal } = targets.seats;
        const seats = [...byTerminal.values()];
        for (const [at, terminal] of [...byTerminal.keys()].entries())
          byTerminal.set(terminal, seats[(at + 1) % seats.length]!);
      });
    },
  },
  {
    what: 'a call that runs on a session of another type',
    checker: 'terminals',
    evidence: /was executed on \S+, not on/,
    patch: () => {
      replace(
        Calls,
        'request',
        (original) =>
          function (this: unknown, ...args) {
            if (args[1] === 1) args[1] = 2;
            return original.apply(this, args);
          },
      );
    },
  },
  {
    what: 'sessions that are not tried again',
    checker: 'recovery',
    evidence: /not all READY .* RETRY/,
    patch: () => {
      replace(
        Recovery,
        'expired',
        (original) =>
          function (this: unknown, ...args) {
            if ((args[0] as LuSession).state !== 'RETRY') original.apply(this, args);
          },
      );
    },
  },
  {
    what: 'a session that sends a request without saying whose turn it is',
    checker: 'protocol',
    evidence: /the host saw/,
    patch: () => {
      const isNow = onceAt(20);
      replace(
        LuSession,
        'transmit',
        (original) =>
          function (this: unknown, ...args) {
            const isRequest = args[0] === false && ((args[2] as number) & 0x80) === 0;
            if (isRequest && isNow()) args[4] = (args[4] as number) ^ 0x80;
            return original.apply(this, args);
          },
      );
    },
  },
  {
    what: 'a worker that throws',
    checker: 'crash',
    evidence: /broken on purpose/,
    patch: () => {
      const isNow = onceAt(30);
      replace(
        Calls,
        'requestsEnd',
        (original) =>
          function (this: unknown, ...args) {
            if (isNow()) throw new Error('broken on purpose');
            return original.apply(this, args);
          },
      );
    },
  },
  {
    what: 'a block that is written to while it is being sent',
    checker: 'crash',
    evidence: /changed a block that was being written/,
    patch: () => {
      replace(
        OutBlock,
        'take',
        () =>
          function (this: OutBlock) {
            if (this.length === 0) return undefined;
            const taken = this.bytes.subarray(0, this.length);
            this.length = 0;
            return taken;
          },
      );
    },
  },
  {
    what: 'a port that loses a block of answers',
    checker: 'leak',
    evidence: /requests live on/,
    defect: (simulation) => {
      const isNow = onceAt(40);
      changeAnswers(simulation, (message) => (isNow() ? [] : [message]));
    },
  },
  {
    what: 'a supervisor that goes on looking after its stop',
    checker: 'leak',
    evidence: /timers go on after the stop/,
    patch: () => replace(WorkerWatch, 'stop', () => () => undefined),
  },
];

afterEach(restore);

describe('each checker finds what is broken on purpose', () => {
  it('none is left out', () => {
    expect(new Set(DEFECTS.map(({ checker }) => checker))).toEqual(new Set(CHECKERS));
  });

  it.each(DEFECTS)('$checker: $what', async ({ checker, evidence, patch, defect }) => {
    for (let seed = 1; seed <= TRIES; seed += 1) {
      patch?.();
      const { failure } = await simulate({ seed, hours: HOURS, defect });
      restore();
      if (failure === undefined) continue;
      expect(failure).toMatchObject({ checker });
      expect(failure.evidence).toMatch(evidence);
      return;
    }
    expect.unreachable(`not found in ${TRIES} seeds`);
  });
});
