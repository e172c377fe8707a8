import type { Clock } from '../base/clock.js';
import { DeadlineSet } from '../base/deadline.js';
import type { ApplicationDefinition } from './definitions.js';
import { fromEbcdic, UPPER_CASE } from './ebcdic.js';
import { ScriptProgram } from './script-program.js';
import type { PrimarySession } from './session.js';
import type { Program } from './session-types.js';
import { sumOf } from './sum-records.js';

/** Most that BIG sends, bytes. */
const BIG_MAX = 16_777_216;
const BIG_DIGITS = 8;
const THINK_DIGITS = 4;
const PATTERN_PERIOD = 251;

/** What BIG fills its answers with: byte i is i modulo 251, so that a missing or doubled piece shows. */
export function patternOf(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at += 1) bytes[at] = at % PATTERN_PERIOD;
  return bytes;
}

/** The EBCDIC digits a request begins with; undefined when there are not that many. */
function leadingNumber(bytes: Buffer, from: number, to: number, digits: number): number | undefined {
  if (to - from < digits) return undefined;
  const text = fromEbcdic(bytes, from, from + digits);
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** ECHO: the same bytes back. */
const ECHO: Program = {
  respondsAtOnce: true,
  onChain(session, bytes, from, to) {
    session.send.send(bytes, from, to);
  },
};

/** UPPER: EBCDIC text (037) in upper case. */
const UPPER: Program = {
  respondsAtOnce: true,
  onChain(session, bytes, from, to) {
    const reply = Buffer.allocUnsafe(to - from);
    for (let at = from; at < to; at += 1) reply[at - from] = UPPER_CASE[bytes[at]!]!;
    session.send.send(reply, 0, reply.length);
  },
};

/** SUM: see sum-records. */
const SUM: Program = {
  respondsAtOnce: true,
  onChain(session, bytes, from, to) {
    const reply = sumOf(bytes, from, to);
    session.send.send(reply, 0, reply.length);
  },
};

/** BIG: the request begins with 8 EBCDIC digits N; the reply is N bytes of the pattern (N at most 16 MB, else 0 bytes). */
const BIG: Program = {
  respondsAtOnce: true,
  onChain(session, bytes, from, to) {
    const size = leadingNumber(bytes, from, to, BIG_DIGITS) ?? 0;
    const reply = patternOf(size <= BIG_MAX ? size : 0);
    session.send.send(reply, 0, reply.length);
  },
};

/** SINK: takes everything, answers nothing but what the session's rules demand. */
const SINK: Program = {
  respondsAtOnce: true,
  onChain() {},
};

/** SLOW: echoes after a think time, the first 4 EBCDIC digits in ms. One timer for all sessions, none waits for another. */
class SlowProgram implements Program {
  readonly respondsAtOnce = true;
  private readonly thinkMs: number;
  private readonly clock: Clock;
  private readonly thinking: DeadlineSet<PrimarySession>;
  private readonly replies = new Map<PrimarySession, Buffer>();

  constructor(clock: Clock, thinkMs: number) {
    this.clock = clock;
    this.thinkMs = thinkMs;
    this.thinking = new DeadlineSet(clock, (session) => this.reply(session));
  }

  onChain(session: PrimarySession, bytes: Buffer, from: number, to: number): void {
    const thinkMs = leadingNumber(bytes, from, to, THINK_DIGITS) ?? this.thinkMs;
    // A second request while the first is being thought about joins it: full duplex sessions may do that.
    const earlier = this.replies.get(session);
    const reply = Buffer.from(bytes.subarray(from, to));
    this.replies.set(session, earlier ? Buffer.concat([earlier, reply]) : reply);
    this.thinking.add(session, this.clock.nowMs() + thinkMs);
  }

  onReset(session: PrimarySession): void {
    this.onEnd(session);
  }

  onEnd(session: PrimarySession): void {
    this.thinking.remove(session);
    this.replies.delete(session);
  }

  private reply(session: PrimarySession): void {
    const reply = this.replies.get(session);
    this.replies.delete(session);
    if (reply) session.send.send(reply, 0, reply.length);
  }
}

/**
 * The program of an application.
 * @param pass CLSDST PASS: LU name, application name
 */
export function createProgram(
  definition: ApplicationDefinition,
  clock: Clock,
  pass: (lu: string, application: string) => void,
): Program {
  const { program } = definition;
  if (program === 'SLOW') return new SlowProgram(clock, definition.thinkMs);
  if (program === 'SCRIPT') return new ScriptProgram(definition.steps, clock, pass);
  return { ECHO, UPPER, SUM, BIG, SINK }[program];
}
