import type { ErrorCode } from '../../src/base/errors.js';
import { encodeEbcdic } from '../../src/sna/ebcdic.js';
import type { Chance } from './chance.js';
import type { World } from './world.js';

/** think time (4 EBCDIC digits), session type (1), terminal (4), number of the request (4, big-endian), filling. */
const TYPE_AT = 4;
const TERMINAL_AT = 5;
const NUMBER_AT = 9;
const PAYLOAD_MIN = 13;
const PAYLOAD_MAX = 1500;

/** Errors that say by themselves that nothing was sent. */
const NOT_SENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SERVICE_UNKNOWN',
  'HEADER_INVALID',
  'OPTION_INVALID',
  'LU_UNKNOWN',
  'TERMINAL_UNKNOWN',
  'LU_IN_USE',
  'LU_UNAVAILABLE',
  'QUEUE_FULL',
  'QUEUE_PURGED',
  'SERVICE_HELD',
  'SERVICE_UNAVAILABLE',
  'SESSION_BUSY',
  'SESSION_CLOSED',
  'SESSION_LOST',
]);

/** A caller sees them in this simulation; any other is a fault. */
const EXPECTED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...NOT_SENT,
  'SESSION_WAIT_TIMEOUT',
  'CALL_TIMEOUT',
  'CALL_ABORTED',
  'OUTCOME_UNKNOWN',
  'SESSION_REJECTED',
]);

/** One thing asked of the runtime that carries bytes to the host. */
export interface Entry {
  readonly number: number;
  readonly what: string;
  readonly payload: Buffer;
  /** LUs that may carry it. */
  readonly lus: ReadonlySet<string>;
  /** Executed at most this often: 2 where the service is idempotent and may be tried again. */
  readonly executionsMax: 1 | 2;
  /** How often the host has executed it, over all its restarts. */
  executions: number;
  /** '' while it is under way, 'reply', or the code of its error. */
  outcome: '' | 'reply' | ErrorCode;
  sent: 'no' | 'maybe';
}

export interface EntryWish {
  readonly what: string;
  readonly lus: ReadonlySet<string>;
  readonly isIdempotent?: boolean;
  readonly thinkMs?: number;
  readonly sessionType?: 'Q' | 'U' | 'X';
  readonly terminal?: string;
}

/** What was asked, what the host executed, and what the callers were told: the books that must agree. */
export class Book {
  /** How requests ended, by outcome. */
  readonly outcomes = new Map<string, number>();
  executions = 0;
  private readonly world: World;
  private readonly chance: Chance;
  private readonly entries: Entry[] = [];

  constructor(world: World) {
    this.world = world;
    this.chance = world.fork('payloads');
  }

  get size(): number {
    return this.entries.length;
  }

  begin(wish: EntryWish): Entry {
    const number = this.entries.length;
    const { what, lus, isIdempotent = false } = wish;
    const payload = this.payload(number, wish);
    const entry: Entry = {
      number,
      what,
      payload,
      lus,
      executionsMax: isIdempotent ? 2 : 1,
      executions: 0,
      outcome: '',
      sent: 'maybe',
    };
    this.entries.push(entry);
    this.world.tell(`${nameOf(entry)} begins`);
    return entry;
  }

  /** A program of the host has been given `bytes[from, to)`. */
  executed(lu: string, bytes: Buffer, from: number, to: number): void {
    const number = to - from >= PAYLOAD_MIN ? bytes.readUInt32BE(from + NUMBER_AT) : -1;
    const entry = this.entries[number];
    this.executions += 1;
    if (entry === undefined || entry.payload.compare(bytes, from, to) !== 0) {
      this.world.fail('executed once', `${lu} carried ${to - from} bytes that nobody has sent`);
      return;
    }
    entry.executions += 1;
    this.world.tell(`${nameOf(entry)} is executed on ${lu}`);
    if (!entry.lus.has(lu)) {
      this.world.fail('terminals', `${nameOf(entry)} was executed on ${lu}, not on ${[...entry.lus].join(' or ')}`);
    }
    this.check(entry);
  }

  /** Its caller has been told. @param reply of the host; undefined where there is none */
  replied(entry: Entry, reply: Uint8Array | undefined): void {
    this.end(entry, 'reply', 'maybe');
    if (reply === undefined) return;
    if (!entry.payload.equals(reply)) {
      const hex = Buffer.from(reply).toString('hex').slice(0, 60);
      this.world.fail('answered once', `${nameOf(entry)} got the reply of another: ${hex}`);
    }
    this.isExecuted(entry);
  }

  /** Success: the host has executed it. */
  isExecuted(entry: Entry): void {
    if (entry.executions > 0) return;
    this.world.fail('executed once', `${nameOf(entry)} succeeded, and the host has not executed it`);
  }

  failed(entry: Entry, code: ErrorCode, details: Readonly<Record<string, unknown>>): void {
    const sent = details.sent === 'no' || (details.sent === undefined && NOT_SENT.has(code)) ? 'no' : 'maybe';
    this.end(entry, code, sent);
    if (!EXPECTED.has(code)) this.world.fail('protocol', `${nameOf(entry)}: ${code} ${JSON.stringify(details)}`);
    this.check(entry);
  }

  /** Requests whose callers have not been told. */
  open(): Entry[] {
    return this.entries.filter(({ outcome }) => outcome === '');
  }

  private end(entry: Entry, outcome: 'reply' | ErrorCode, sent: 'no' | 'maybe'): void {
    if (entry.outcome !== '') this.world.fail('answered once', `${nameOf(entry)}: ${outcome} after ${entry.outcome}`);
    entry.outcome = outcome;
    entry.sent = sent;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    this.world.tell(`${nameOf(entry)} ends: ${outcome}, sent ${sent}`);
  }

  private check(entry: Entry): void {
    const max = entry.outcome !== '' && entry.sent === 'no' ? 0 : entry.executionsMax;
    if (entry.executions <= max) return;
    const told = entry.outcome === '' ? 'not told yet' : `told ${entry.outcome}, sent ${entry.sent}`;
    const evidence = `${nameOf(entry)} was executed ${entry.executions} times, at most ${max} may be; its caller was ${told}`;
    this.world.fail('executed once', evidence);
  }

  private payload(number: number, { thinkMs = 0, sessionType = 'Q', terminal = '' }: EntryWish): Buffer {
    const size = Math.floor(this.chance.skewed(PAYLOAD_MIN, PAYLOAD_MAX));
    const payload = Buffer.alloc(size, number & 0xff);
    payload.set(encodeEbcdic(String(Math.round(thinkMs)).padStart(4, '0'), '037'), 0);
    payload.set(encodeEbcdic(sessionType, '037'), TYPE_AT);
    payload.set(encodeEbcdic(terminal.padEnd(4), '037'), TERMINAL_AT);
    payload.writeUInt32BE(number, NUMBER_AT);
    return payload;
  }
}

export function nameOf(entry: Entry): string {
  return `#${entry.number} ${entry.what}`;
}
