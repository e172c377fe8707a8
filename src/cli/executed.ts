import type { OnLedger } from '../host/ledger.js';

/** Bytes that tell two requests apart. */
const KEY_BYTES = 16;

/** What an application has executed, for programs whose requests all begin differently. */
export interface ExecutedReport {
  readonly application: string;
  readonly requests: number;
  /** Requests that had been executed before. */
  readonly repeated: number;
}

/** The embedded host's book of one application: has any request been executed twice? */
export class Executed {
  private readonly application: string;
  private readonly seen = new Set<string>();
  private requests = 0;

  constructor(application: string) {
    this.application = application;
  }

  readonly onLedger: OnLedger = ({ application }, bytes, from, to) => {
    if (application !== this.application) return;
    this.requests += 1;
    this.seen.add(bytes.toString('latin1', from, Math.min(to, from + KEY_BYTES)));
  };

  report(): ExecutedReport {
    const { application, requests } = this;
    return { application, requests, repeated: requests - this.seen.size };
  }
}
