import type { ReceivePacing } from './pacing.js';

/** Not answered yet. */
const OPEN = -1;

/** A received chain (or CHASE) whose response has to wait, as it will be needed to make that response. */
export interface OwedResponse {
  snf: number;
  rh0: number;
  rh1: number;
  /** Request code, or 0 for data. */
  code: number;
  /** A conditional EB came with it: the bracket ends with the positive response. */
  endsBracket: boolean;
  /** CD came with it. */
  givesDirection: boolean;
  /** The next pacing window waits for this response. */
  hasPacing: boolean;
  /** Sense data of the answer, 0 positive, or not known yet. */
  answer: number;
}

/**
 * Responses owed, in the order in which they have to go out (immediate response mode). Bounded: `isFull`.
 */
export class OwedResponses {
  private readonly entries: OwedResponse[] = [];
  readonly capacity: number;

  constructor(capacity = 64) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.entries.length;
  }

  get isFull(): boolean {
    return this.entries.length >= this.capacity;
  }

  /** @param answer sense data or 0 when it is known, undefined when `decide` will tell */
  push(entry: Omit<OwedResponse, 'answer'>, answer?: number): void {
    this.entries.push({ ...entry, answer: answer ?? OPEN });
  }

  /** Decide the oldest open one. False when none is open. */
  decide(senseData: number): boolean {
    const entry = this.entries.find((one) => one.answer === OPEN);
    if (entry === undefined) return false;
    entry.answer = senseData;
    return true;
  }

  /** The oldest, when it is decided: it goes out now. */
  take(): OwedResponse | undefined {
    const oldest = this.entries[0];
    return oldest === undefined || oldest.answer === OPEN ? undefined : this.entries.shift();
  }

  /** Move a pacing response that is owed to the newest entry: the window opens with its answer. */
  holdPacing(pacing: ReceivePacing): void {
    const newest = this.entries.at(-1);
    if (newest === undefined || !pacing.isOwed) return;
    newest.hasPacing = true;
    pacing.isOwed = false;
  }

  clear(): void {
    this.entries.length = 0;
  }
}
