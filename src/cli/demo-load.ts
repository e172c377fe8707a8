import type { Clock } from '../base/clock.js';
import { toHostLinkError } from '../base/errors.js';
import type { HostLink } from '../gateway/host-link.js';

/** What a row of calls came to. Times are ms. */
export interface LoadResult {
  readonly calls: number;
  /** Calls that threw. */
  readonly failed: number;
  /** Calls whose reply was not the right one. */
  readonly wrong: number;
  readonly elapsedMs: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The first few things that went wrong, in words. */
  readonly faults: readonly string[];
}

export interface LoadOptions {
  readonly service: string;
  readonly calls: number;
  readonly payloadBytes: number;
  readonly inFlight: number;
  readonly onProgress: (done: number) => void;
}

const FAULTS_KEPT = 5;
const PROGRESS_EVERY = 256;
/** Multiplier and increment of a linear congruential generator modulo 2^32. @source Numerical Recipes 7.1 */
const MULTIPLIER = 1_664_525;
const INCREMENT = 1_013_904_223;

/** A payload that no other call has: its number, then bytes that follow from it. */
export function fillPayload(payload: Buffer, number: number): void {
  const words = new Uint32Array(payload.buffer, payload.byteOffset, payload.length >> 2);
  let word = number;
  for (let at = 0; at < words.length; at += 1) {
    words[at] = word;
    word = (Math.imul(word, MULTIPLIER) + INCREMENT) >>> 0;
  }
}

/** Calls an echoing service so many times, with so many calls under way at once, and holds every reply against its request. */
export class EchoLoad {
  private readonly hostlink: Pick<HostLink, 'call'>;
  private readonly clock: Clock;
  private readonly options: LoadOptions;
  private readonly latencies: Float64Array;
  private readonly faults: string[] = [];
  private next = 0;
  private done = 0;
  private failed = 0;
  private wrong = 0;

  constructor(hostlink: Pick<HostLink, 'call'>, clock: Clock, options: LoadOptions) {
    this.hostlink = hostlink;
    this.clock = clock;
    this.options = options;
    this.latencies = new Float64Array(options.calls);
  }

  async run(): Promise<LoadResult> {
    const { calls, inFlight } = this.options;
    const startMs = this.clock.nowMs();
    await Promise.all(Array.from({ length: Math.min(inFlight, calls) }, () => this.caller()));
    const elapsedMs = this.clock.nowMs() - startMs;
    const sorted = this.latencies.sort();
    return {
      calls,
      failed: this.failed,
      wrong: this.wrong,
      elapsedMs,
      callsPerSecond: (calls * 1000) / Math.max(elapsedMs, Number.EPSILON),
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      faults: this.faults,
    };
  }

  /** One call after the other, each with a payload of its own in a buffer that is used again. */
  private async caller(): Promise<void> {
    const { service, calls, payloadBytes, onProgress } = this.options;
    const payload = Buffer.from(new ArrayBuffer(Math.ceil(payloadBytes / 4) * 4), 0, payloadBytes);
    while (this.next < calls) {
      const number = this.next;
      this.next += 1;
      fillPayload(payload, number);
      const sentMs = this.clock.nowMs();
      try {
        const reply = await this.hostlink.call(service, payload);
        if (!payload.equals(reply)) this.fault('wrong', `call ${number}: another reply than what was sent`);
      } catch (error) {
        this.fault('failed', `call ${number}: ${describe(error)}`);
      }
      this.latencies[number] = this.clock.nowMs() - sentMs;
      this.done += 1;
      if (this.done % PROGRESS_EVERY === 0 || this.done === calls) onProgress(this.done);
    }
  }

  private fault(kind: 'failed' | 'wrong', text: string): void {
    this[kind] += 1;
    if (this.faults.length < FAULTS_KEPT) this.faults.push(text);
  }
}

/** An error in a few words. */
export function describe(error: unknown): string {
  const { code, message } = toHostLinkError(error);
  return `${code}: ${message}`;
}

/** The value below which `part` of the sorted values lie (nearest rank). @param part 0..1 */
export function percentile(sorted: Float64Array, part: number): number {
  const rank = Math.max(1, Math.ceil(part * sorted.length));
  return sorted[rank - 1] ?? 0;
}
