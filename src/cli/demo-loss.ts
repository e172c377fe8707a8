import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';
import type { LinkConfig } from '../config/model.js';
import type { HostLink, HostLinkEvent } from '../gateway/host-link.js';
import { describe, fillPayload } from './demo-load.js';

/** What the loss of a link under load came to. Times are ms since it was cut. */
export interface LossResult {
  readonly link: string;
  /** Sessions of that link. */
  readonly sessions: number;
  /** When the runtime noticed. */
  readonly noticedMs: number;
  readonly firstBackMs: number;
  readonly allBackMs: number;
  /** Calls made, from a little before the loss until all sessions were back. */
  readonly calls: number;
  /** Calls that ended with OUTCOME_UNKNOWN: they were at the host. */
  readonly unknown: number;
  /** Calls that were given to another link because theirs was lost before they were sent. */
  readonly forwarded: number;
  /** Calls answered while no session of that link was up. */
  readonly servedMeanwhile: number;
  /** Calls that ended in any other way, or with another reply than what was sent. */
  readonly failed: number;
  readonly faults: readonly string[];
}

export interface LossOptions {
  readonly service: string;
  readonly payloadBytes: number;
  readonly inFlight: number;
  /** Number of the first call: no other call of the run has it, or one after it. */
  readonly firstNumber: number;
  readonly timeoutMs: number;
  /** Cut the connection of the link. */
  readonly cut: () => void;
  readonly onProgress: (text: string) => void;
}

const FAULTS_KEPT = 5;
/** Calls that are answered before the link is cut, as many as are under way: so it is cut under load. */
const ROUNDS_BEFORE = 2;

type Caller = Pick<HostLink, 'call' | 'stats' | 'on' | 'off'>;

/** Keeps calling, has one link cut meanwhile, and watches it come back. */
export class LinkLoss {
  private readonly hostlink: Caller;
  private readonly clock: Clock;
  private readonly link: LinkConfig;
  private readonly options: LossOptions;
  private readonly sessions: number;
  private readonly faults: string[] = [];
  private next: number;
  private answered = 0;
  private unknown = 0;
  private failed = 0;
  private cutMs = Number.NaN;
  private noticedMs = Number.NaN;
  private firstBackMs = Number.NaN;
  private allBackMs = Number.NaN;
  private back = 0;
  private answeredAtLoss = 0;
  private servedMeanwhile = 0;
  private isOver = false;
  private settle: () => void = () => {};

  constructor(hostlink: Caller, clock: Clock, link: LinkConfig, options: LossOptions) {
    this.hostlink = hostlink;
    this.clock = clock;
    this.link = link;
    this.options = options;
    this.next = options.firstNumber;
    this.sessions = link.pus.reduce((sum, pu) => sum + pu.lus.length, 0);
  }

  /** @throws HostLinkError SESSION_WAIT_TIMEOUT when the sessions do not come back in time */
  async run(): Promise<LossResult> {
    const { inFlight, firstNumber } = this.options;
    const forwardedBefore = this.hostlink.stats().dispatch.forwarded;
    const listener = (event: HostLinkEvent): void => this.heard(event);
    this.hostlink.on('event', listener);
    const callers = Array.from({ length: inFlight }, () => this.caller());
    try {
      await this.allBack();
    } finally {
      this.isOver = true;
      this.hostlink.off('event', listener);
      await Promise.all(callers);
    }
    return {
      link: this.link.name,
      sessions: this.sessions,
      noticedMs: this.noticedMs,
      firstBackMs: this.firstBackMs,
      allBackMs: this.allBackMs,
      calls: this.next - firstNumber,
      unknown: this.unknown,
      forwarded: this.hostlink.stats().dispatch.forwarded - forwardedBefore,
      servedMeanwhile: this.servedMeanwhile,
      failed: this.failed,
      faults: this.faults,
    };
  }

  private allBack(): Promise<void> {
    const { timeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(timeoutMs, () => {
        const note = `${this.link.name}: ${this.back} of ${this.sessions} sessions came back.`;
        reject(new HostLinkError('SESSION_WAIT_TIMEOUT', note, { sessions: this.back, total: this.sessions }));
      });
      this.settle = () => {
        cancel();
        resolve();
      };
    });
  }

  private heard({ name, link }: HostLinkEvent): void {
    if (link !== this.link.name || Number.isNaN(this.cutMs)) return;
    const sinceMs = this.clock.nowMs() - this.cutMs;
    if (name === 'link.down' && Number.isNaN(this.noticedMs)) {
      this.noticedMs = sinceMs;
      this.answeredAtLoss = this.answered;
      this.options.onProgress(`link ${link} is lost; ${this.options.inFlight} calls stay under way`);
    }
    if (name !== 'session.active') return;
    this.back += 1;
    if (this.back === 1) {
      this.firstBackMs = sinceMs;
      this.servedMeanwhile = this.answered - this.answeredAtLoss;
      this.options.onProgress('its first session is back');
    }
    if (this.back !== this.sessions) return;
    this.allBackMs = sinceMs;
    this.settle();
  }

  /** One call after the other, each with a payload of its own. A call that may have been executed is not made again. */
  private async caller(): Promise<void> {
    const { service, payloadBytes, inFlight } = this.options;
    const payload = Buffer.from(new ArrayBuffer(Math.ceil(payloadBytes / 4) * 4), 0, payloadBytes);
    while (!this.isOver) {
      const number = this.next;
      this.next += 1;
      fillPayload(payload, number);
      try {
        const reply = await this.hostlink.call(service, payload);
        if (!payload.equals(reply)) this.fault(`call ${number}: another reply than what was sent`);
        this.answered += 1;
        if (this.answered === ROUNDS_BEFORE * inFlight) this.cut();
      } catch (error) {
        if (error instanceof HostLinkError && error.code === 'OUTCOME_UNKNOWN') this.unknown += 1;
        else this.fault(`call ${number}: ${describe(error)}`);
      }
    }
  }

  private cut(): void {
    this.cutMs = this.clock.nowMs();
    this.options.cut();
  }

  private fault(text: string): void {
    this.failed += 1;
    if (this.faults.length < FAULTS_KEPT) this.faults.push(text);
  }
}
