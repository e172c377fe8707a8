import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Id, terminal and checksum. */
export const PAYLOAD_MIN = 10;
const CAPACITY_MIN = 65_536;
const SHOWN = 5;

/** What became of a call, as its caller knows it. */
const OUTCOME = { open: 0, served: 1, notSent: 2, unknown: 3, wrong: 4, rejected: 5 } as const;

/** Errors that say by themselves that nothing was sent. */
const NOT_SENT = new Set([
  'SESSION_WAIT_TIMEOUT',
  'QUEUE_FULL',
  'SERVICE_UNAVAILABLE',
  'SERVICE_HELD',
  'RUNTIME_STOPPED',
  'LU_UNAVAILABLE',
]);

/** A request that no other call has: id and terminal (0 none) at the front, a checksum of it all at the end. */
export function payloadOf(id: number, terminal: number, size: number): Buffer {
  const payload = Buffer.alloc(size, id & 0xff);
  payload.writeUInt32BE(id, 0);
  payload.writeUInt16BE(terminal, 4);
  payload.writeUInt32BE(crc32(payload.subarray(0, -4)), size - 4);
  return payload;
}

/** Id of a request or its echo; undefined when it was damaged. */
export function idOf(bytes: Buffer): number | undefined {
  const isWhole = bytes.length >= PAYLOAD_MIN && crc32(bytes.subarray(0, -4)) === bytes.readUInt32BE(bytes.length - 4);
  return isWhole ? bytes.readUInt32BE(0) : undefined;
}

/** Counts so far. */
export interface Tally {
  readonly calls: number;
  readonly served: number;
  /** Replies that are not the echo of their request. */
  readonly wrong: number;
  readonly failed: Readonly<Record<string, number>>;
}

/** a less b. */
export function since(a: Tally, b: Tally): Tally {
  const failed = Object.entries(a.failed).map(([code, count]) => [code, count - (b.failed[code] ?? 0)] as const);
  return {
    calls: a.calls - b.calls,
    served: a.served - b.served,
    wrong: a.wrong - b.wrong,
    failed: Object.fromEntries(failed.filter(([, count]) => count > 0)),
  };
}

/** The books of the two sides, compared. */
export interface Comparison {
  readonly calls: number;
  readonly served: number;
  /** Executed by the host, whole. */
  readonly executed: number;
  /** Executed, but damaged on the way to it. */
  readonly damaged: number;
  /** Of the calls whose outcome their callers do not know: done by the host or not. */
  readonly unknown: { readonly done: number; readonly notDone: number };
  /** Everything that must not be, in words; empty is right. */
  readonly faults: readonly string[];
}

/** What the host wrote down. */
interface HostBook {
  readonly times: Uint8Array;
  readonly damaged: ReadonlySet<number>;
  readonly damagedCount: number;
  /** LUs that requests of a terminal were executed on. */
  readonly lus: ReadonlyMap<number, ReadonlySet<string>>;
  readonly strange: readonly string[];
}

/** The callers' own book: every call, and what its caller was told. */
export class Book {
  private outcomes: Uint8Array;
  private next = 0;
  private served_ = 0;
  private settled_ = 0;
  private readonly codes = new Map<string, number>();
  /** Checksums of replies that were not the echo, by id. */
  private readonly wrongs = new Map<number, { readonly sum: number; readonly id: number | undefined }>();

  /** @param capacity calls it holds without growing */
  constructor(capacity = CAPACITY_MIN) {
    // Touched at once, so that a book that fills does not look like a leak.
    this.outcomes = new Uint8Array(capacity).fill(0xff);
  }

  /** A call begins. @returns its id */
  take(): number {
    if (this.next === this.outcomes.length) {
      const bigger = new Uint8Array(2 * this.next).fill(0xff);
      bigger.set(this.outcomes);
      this.outcomes = bigger;
    }
    this.outcomes[this.next] = OUTCOME.open;
    this.next += 1;
    return this.next - 1;
  }

  replied(id: number, payload: Buffer, reply: Uint8Array): void {
    if (payload.equals(reply)) {
      this.settle(id, OUTCOME.served);
      this.served_ += 1;
      return;
    }
    const bytes = Buffer.from(reply);
    this.wrongs.set(id, { sum: crc32(bytes), id: idOf(bytes) });
    this.settle(id, OUTCOME.wrong);
  }

  failed(id: number, error: { readonly code?: string; readonly details?: Record<string, unknown> }): void {
    const code = error.code ?? String(error);
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    const isNotSent = error.details?.sent === 'no' || (error.details?.sent === undefined && NOT_SENT.has(code));
    if (code === 'SESSION_REJECTED') this.settle(id, OUTCOME.rejected);
    else this.settle(id, isNotSent ? OUTCOME.notSent : OUTCOME.unknown);
  }

  private settle(id: number, outcome: number): void {
    if (this.outcomes[id] !== OUTCOME.open) throw new Error(`call ${id} was settled twice`);
    this.outcomes[id] = outcome;
    this.settled_ += 1;
  }

  get settled(): number {
    return this.settled_;
  }

  tally(): Tally {
    return {
      calls: this.next,
      served: this.served_,
      wrong: this.wrongs.size,
      failed: Object.fromEntries([...this.codes].sort()),
    };
  }

  /**
   * Hold it against the host's ledger.
   * @param damage where bytes may have been changed: then a reply may differ, if the host's ledger or its checksum says why
   */
  compare(ledgerFile: string, damage: { readonly toHost?: boolean; readonly toRuntime?: boolean } = {}): Comparison {
    const host = this.readLedger(ledgerFile);
    const faults = [...host.strange];
    const found: Record<string, number[]> = {};
    const count = { executed: 0, done: 0, notDone: 0 };
    const find = (what: string, id: number): void => {
      found[what] ??= [];
      found[what].push(id);
    };
    for (let id = 0; id < this.next; id += 1) {
      const times = host.times[id]!;
      const outcome = this.outcomes[id];
      count.executed += times;
      if (times > 1) find('executed more than once', id);
      if (outcome === OUTCOME.open) find('never settled', id);
      else if (outcome === OUTCOME.served && times === 0) find('served, but never executed', id);
      else if (outcome === OUTCOME.notSent && times > 0)
        find('executed, though its caller was told it was not sent', id);
      // A response that was changed on the way may look like a rejection.
      else if (outcome === OUTCOME.rejected && times > 0 && !damage.toRuntime) find('executed, though rejected', id);
      else if (outcome === OUTCOME.wrong && !this.isExplained(id, host, damage)) find('answered with other bytes', id);
      else if (outcome === OUTCOME.unknown) count[times > 0 ? 'done' : 'notDone'] += 1;
    }
    for (const [what, ids] of Object.entries(found)) {
      faults.push(`${ids.length} calls ${what}: ${ids.slice(0, SHOWN).join(', ')}`);
    }
    for (const [terminal, lus] of host.lus) {
      if (lus.size > 1) faults.push(`terminal ${terminal} met the LUs ${[...lus].join(', ')}`);
    }
    if (host.damagedCount > 0 && !damage.toHost) faults.push(`${host.damagedCount} requests reached the host damaged`);
    const { executed, done, notDone } = count;
    const { next: calls, served_: served } = this;
    return { calls, served, executed, damaged: host.damagedCount, unknown: { done, notDone }, faults };
  }

  /** A reply with other bytes: the host did just that, or it was changed on the way back and shows it. */
  private isExplained(id: number, host: HostBook, damage: { toHost?: boolean; toRuntime?: boolean }): boolean {
    const wrong = this.wrongs.get(id)!;
    if (wrong.id === undefined) return damage.toRuntime === true || host.damaged.has(wrong.sum);
    // The whole echo of another call: an address on the way was changed. The host must have executed that one.
    return (damage.toHost === true || damage.toRuntime === true) && host.times[wrong.id]! > 0;
  }

  private readLedger(file: string): HostBook {
    const times = new Uint8Array(this.next);
    const damaged = new Set<number>();
    const lus = new Map<number, Set<string>>();
    const strange: string[] = [];
    let damagedCount = 0;
    for (const row of rowsOf(file)) {
      const [lu = '', id = '', rest = ''] = row.split(' ');
      if (id === '!') {
        damaged.add(Number(rest));
        damagedCount += 1;
      } else if (rest === '' || !(Number(id) < this.next)) {
        strange.push(`a row of the ledger that no call has: ${row}`);
      } else {
        times[Number(id)]! += 1;
        if (rest !== '0') lus.set(Number(rest), (lus.get(Number(rest)) ?? new Set()).add(lu));
      }
    }
    return { times, damaged, damagedCount, lus, strange: strange.slice(0, SHOWN) };
  }
}

/** Row by row, without all of them in memory at once. */
function* rowsOf(file: string): Generator<string> {
  const bytes = readFileSync(file);
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end;
    yield bytes.toString('latin1', from, to);
    from = to + 1;
  }
}
