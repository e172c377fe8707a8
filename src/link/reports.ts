import type { Clock } from '../base/clock.js';
import type { Log, Logger } from '../base/log.js';
import { OncePer } from '../base/once-per.js';
import type { WorkerChannel } from '../channel/channel.js';
import type { LinkConfig } from '../config/model.js';
import type { LinkCounters } from './counters.js';
import { PiuRing } from './piu-ring.js';

/** PIUs shown beside a protocol error. */
const DUMP_MAX = 16;
/** One of a kind of report per link and this long, ms. */
const REPORT_EACH_MS = 1000;

/** A PIU, or what a session received, that does not follow the books. */
export interface ProtocolError {
  readonly pu: string;
  readonly puIndex: number;
  /** '' where it is of none. */
  readonly lu: string;
  /** Local address of the LU; the dump then leaves out the others. */
  readonly address: number | undefined;
  /** session: a half-session objects. refused: no session takes the PIU. dropped: it is none. segment: it does not fit. */
  readonly kind: 'session' | 'refused' | 'dropped' | 'segment';
  readonly reason: string;
  /** What else is known: sense data, addresses. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ReportsContext {
  readonly link: LinkConfig;
  readonly channel: WorkerChannel;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: LinkCounters;
}

/**
 * What a link says of protocol errors and of replies that came too late. All are counted; a host that makes many is not to
 * fill log and mailbox, so of each kind one per second is told in full, with the number of those that were not.
 */
export class Reports {
  /** Recent PIUs; undefined when none are kept. */
  readonly ring: PiuRing | undefined;
  private readonly context: ReportsContext;
  private readonly logger: Logger;
  private readonly errors = new OncePer(REPORT_EACH_MS);
  private readonly lates = new OncePer(REPORT_EACH_MS);

  constructor(context: ReportsContext) {
    const { link, clock, log } = context;
    this.context = context;
    this.logger = log.part('link');
    this.ring = link.recentPius === 0 ? undefined : new PiuRing(link.recentPius, clock, log.options.payload);
  }

  /** Each is a line of the log; the dump of the PIUs before it, and the event, are not made for each. */
  protocolError({ pu, puIndex, lu, address, kind, reason, details }: ProtocolError): void {
    const { counters, clock, channel, link } = this.context;
    counters.protocolErrors += 1;
    const facts = { pu, lu, kind, reason, ...details };
    this.logger.warn(facts, 'protocol.error');
    const suppressed = this.errors.pass(clock.nowMs());
    if (suppressed === undefined) return;
    const pius = this.ring?.linesOf(puIndex, DUMP_MAX, address) ?? [];
    if (pius.length > 0) this.logger.warn({ pu, lu, pius, suppressed }, 'piu.dump');
    channel.event('protocol.error', { link: link.name, ...facts, pius, suppressed });
  }

  /** @param lateMs since its caller left */
  lateReply(pu: string, lu: string, lateMs: number): void {
    const { counters, clock, channel, link } = this.context;
    counters.lateReplies += 1;
    const suppressed = this.lates.pass(clock.nowMs());
    if (suppressed === undefined) return;
    const facts = { pu, lu, lateMs: Math.round(lateMs), suppressed };
    this.logger.info(facts, 'reply.late');
    channel.event('reply.late', { link: link.name, ...facts });
  }
}
