import { createSimulatedClock } from '../../src/base/clock.js';
import { HostLinkError } from '../../src/base/errors.js';
import { createSilentLog, type Log } from '../../src/base/log.js';
import { createSeededPrng } from '../../src/base/prng.js';
import { ANSWER_STATUS, readAnswers } from '../../src/channel/blocks.js';
import { type PortLike, WorkerChannel } from '../../src/channel/channel.js';
import type { FromWorker } from '../../src/channel/messages.js';
import type { GroupConfig, LinkConfig } from '../../src/config/model.js';
import { createCounters } from '../../src/link/counters.js';
import { Pu } from '../../src/link/pu.js';
import { Reports } from '../../src/link/reports.js';
import type { LuSession } from '../../src/link/session.js';
import { Sessions } from '../../src/link/sessions.js';
import { linkConfig } from './link-config.js';

export interface Answer {
  readonly id: number;
  readonly status: 'reply' | 'refused' | 'failed';
  /** Reply bytes as hex, or the code of the error. */
  readonly value: string;
}

const STATUS_NAMES = Object.fromEntries(Object.entries(ANSWER_STATUS).map(([name, value]) => [value, name]));
const GROUPS: GroupConfig[] = [
  { index: 0, application: 'HOSTAPPL', sessionType: '' },
  { index: 1, application: 'OTHERAPP', sessionType: '' },
];

/** A PU with its sessions on a simulated clock: PIUs of the host go in as hex, ours come out as hex. */
export class PuHarness {
  readonly clock = createSimulatedClock();
  readonly counters = createCounters();
  readonly sessions: Sessions;
  readonly pu: Pu;
  readonly events: { name: string; details: Record<string, unknown> }[] = [];
  /** LUs whose logon got no answer while nothing else came either. */
  readonly silent: string[] = [];
  /** Requests whose caller left after they had been sent. */
  readonly underway: number[] = [];
  /** Called when the session counts have changed. */
  onChanged: () => void = () => {};
  private readonly channel: WorkerChannel;
  private readonly answers: Answer[] = [];
  private readonly out: string[] = [];
  private pending: Buffer | undefined;
  private isCongested = false;
  /** What the PU said of its circuit. */
  readonly failures: HostLinkError[] = [];

  constructor(more: Partial<LinkConfig> = {}, replySizeMax = 100_000, log: Log = createSilentLog(), groups = 1) {
    const link = linkConfig(more);
    const { clock, counters } = this;
    const port: PortLike = { postMessage: (value) => this.posted(value as FromWorker), on: () => {}, close: () => {} };
    const channel = new WorkerChannel(port, clock);
    this.channel = channel;
    const prng = createSeededPrng(1);
    const logger = log.part('session');
    const silent = (session: LuSession): void => void this.silent.push(session.config.name);
    const events = { changed: () => this.onChanged(), silent };
    this.sessions = new Sessions({
      link,
      groups: GROUPS.slice(0, groups),
      channel,
      clock,
      prng,
      logger,
      counters,
      ...events,
    });
    const owner = { puChanged: () => {}, sendFailed: (_: Pu, error: HostLinkError) => void this.failures.push(error) };
    const context = {
      channel,
      clock,
      log,
      sna: link.sna,
      replySizeMax,
      counters,
      reports: new Reports({ link, channel, clock, log, counters }),
      owner,
      sessions: this.sessions,
    };
    this.pu = new Pu(link.pus[0]!, context);
    for (const session of this.pu.sessions()) this.sessions.table.add(session);
    this.reconnect();
  }

  /** The circuit is there (again). */
  reconnect(): void {
    this.pu.circuitUp({
      at: 0,
      reservePiu: (length) => {
        if (this.isCongested) throw new HostLinkError('LINK_CONGESTED');
        this.collect();
        this.pending = Buffer.alloc(length);
        return this.pending;
      },
    });
  }

  /** The session of local address 2, 3, ... */
  session(localAddress = 2): LuSession {
    return [...this.pu.sessions()].find((session) => session.config.localAddress === localAddress)!;
  }

  /** Bytes from the host; gives what the PU sent in answer. */
  host(...pius: string[]): string[] {
    for (const piu of pius) {
      const bytes = Buffer.from(piu.replaceAll(' ', ''), 'hex');
      this.pu.received(bytes, 0, bytes.length);
    }
    return this.sent();
  }

  /** What the PU has sent since last asked. */
  sent(): string[] {
    this.collect();
    return this.out.splice(0);
  }

  /** ACTPU and ACTLU of every LU; gives what was sent after that (INIT-SELFs). */
  activate(): string[] {
    this.host('2d00000000016b8000110101050000000001');
    const initiates: string[] = [];
    for (const { config } of this.pu.sessions()) {
      const address = config.localAddress.toString(16).padStart(2, '0');
      initiates.push(...this.host(`2d00${address}0000016b80000d0101`).slice(1));
    }
    return initiates;
  }

  /** A request of a caller. */
  request(id: number, payload: string, deadlineMs = 1e6): void {
    const bytes = Buffer.from(payload, 'hex');
    this.sessions.calls.request(id, 0, deadlineMs, bytes, 0, bytes.length);
    this.sessions.calls.requestsEnd();
    // The block is written over now.
    bytes.fill(0xee);
  }

  /** Answers to callers since last asked. */
  answered(): Answer[] {
    this.clock.settle();
    return this.answers.splice(0);
  }

  /** From now on the circuit takes nothing. */
  congest(): void {
    this.isCongested = true;
  }

  close(): void {
    this.channel.close();
  }

  private posted(message: FromWorker): void {
    if (message.kind === 'event') this.events.push(message);
    if (message.kind !== 'answers') return;
    readAnswers(message.block, (id, status, bytes, from, to) => {
      if (status === ANSWER_STATUS.underway) {
        this.underway.push(id);
        return;
      }
      const name = STATUS_NAMES[status] as Answer['status'];
      const text = bytes.toString('utf8', from, to);
      const value = name === 'failed' ? (JSON.parse(text) as { code: string }).code : bytes.toString('hex', from, to);
      this.answers.push({ id, status: name, value });
    });
  }

  /** What was reserved is complete when the PU asks for more, or returns. */
  private collect(): void {
    if (this.pending) this.out.push(this.pending.toString('hex'));
    this.pending = undefined;
  }
}
