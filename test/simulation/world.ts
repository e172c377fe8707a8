import { createSimulatedClock, type SimulatedClock } from '../../src/base/clock.js';
import { createSeededPrng } from '../../src/base/prng.js';
import { Ring } from '../../src/base/ring.js';
import { Chance } from './chance.js';

/** What the checkers look for; a failing seed names one of them. */
export const CHECKERS = [
  'answered once',
  'executed once',
  'one list',
  'reservations',
  'sequence',
  'terminals',
  'recovery',
  'protocol',
  'crash',
  'leak',
] as const;
export type Checker = (typeof CHECKERS)[number];

/** What was found wrong, and when. */
export interface Failure {
  readonly checker: Checker;
  readonly evidence: string;
  readonly atMs: number;
  readonly step: number;
}

const RECENT_KEPT = 60;
/** Most events of one moment. */
const STEPS_AT_ONCE_MAX = 50_000;
/** Turns of the microtask queue after a step: longer than any chain of promises of the runtime. */
const MICROTASK_TURNS = 12;

/** Time, chance and the record of one simulation. Everything in it happens in the order of one clock. */
export class World {
  readonly seed: number;
  readonly clock: SimulatedClock = createSimulatedClock();
  /** The first thing found wrong. */
  failure: Failure | undefined;
  /** Shown each PIU as it is written, `bytes[from, to)`, and each line of the event log: for whoever looks into a seed. */
  onPiu: ((link: string, isFromLink: boolean, bytes: Buffer, from: number, to: number) => void) | undefined;
  onLine: ((line: string) => void) | undefined;
  /** Events of the clock so far. */
  steps = 0;
  private movedMs = 0;
  private stepsThen = 0;
  private hash = 0x811c9dc5;
  private readonly lines = new Ring<string>(RECENT_KEPT);

  constructor(seed: number) {
    this.seed = seed;
  }

  /** A source of chance of its own: what one part draws does not change what another gets. */
  fork(name: string): Chance {
    let mixed = this.seed ^ 0x9e3779b9;
    for (let at = 0; at < name.length; at += 1) mixed = Math.imul(mixed ^ name.charCodeAt(at), 0x01000193);
    return new Chance(createSeededPrng(mixed));
  }

  /** Put a line into the event log. */
  tell(line: string): void {
    const full = `${this.clock.nowMs().toFixed(3)} ${line}`;
    this.lines.push(full);
    this.onLine?.(full);
    let { hash } = this;
    for (let at = 0; at < full.length; at += 1) hash = Math.imul(hash ^ full.charCodeAt(at), 0x01000193);
    this.hash = hash;
  }

  /** Of the whole event log: the same seed gives the same. */
  get logHash(): string {
    return (this.hash >>> 0).toString(16).padStart(8, '0');
  }

  /** The newest lines of the event log, oldest first. */
  recent(): string[] {
    return this.lines.toArray();
  }

  /** A checker found something. Only the first finding counts: what follows may follow from it. */
  fail(checker: Checker, evidence: string): void {
    if (this.failure !== undefined) return;
    this.tell(`FOUND ${checker}: ${evidence}`);
    this.failure = { checker, evidence, atMs: this.clock.nowMs(), step: this.steps };
  }

  /**
   * Let the next event happen, and everything that promises make follow from it.
   * @returns false when nothing is to come
   */
  async step(): Promise<boolean> {
    try {
      if (!this.clock.runNext()) return false;
    } catch (error) {
      this.fail('crash', stackOf(error));
    }
    this.steps += 1;
    this.checkTime();
    for (let turn = 0; turn < MICROTASK_TURNS; turn += 1) await undefined;
    return true;
  }

  /** Whoever waits for a time that has come already waits for ever. */
  private checkTime(): void {
    const nowMs = this.clock.nowMs();
    if (nowMs !== this.movedMs) {
      this.movedMs = nowMs;
      this.stepsThen = this.steps;
    } else if (this.steps - this.stepsThen > STEPS_AT_ONCE_MAX) this.fail('crash', 'time stands still');
  }
}

export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
