import type { Clock } from '../base/clock.js';
import { HostLinkError } from '../base/errors.js';

interface Holder {
  readonly operator: string;
  readonly command: string;
  readonly sinceMs: number;
}

/**
 * Lets one operator change something at a time. A second one is refused, not queued: what is to be changed may look
 * different by then, and a person should see that first.
 */
export class OperatorLock {
  private readonly clock: Clock;
  private holder: Holder | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * Do `work` while nobody else changes anything. An operator who leaves gives the lock back; what was begun goes on.
   * @param left fires when the operator leaves
   * @throws HostLinkError OPERATOR_BUSY, which names who has the lock, and what `work` throws
   */
  async run<T>(operator: string, command: string, work: () => Promise<T>, left: AbortSignal): Promise<T> {
    if (this.holder !== undefined) throw this.busy(this.holder);
    const mine: Holder = { operator, command, sinceMs: this.clock.wallMs() };
    const release = (): void => {
      if (this.holder === mine) this.holder = undefined;
    };
    this.holder = mine;
    left.addEventListener('abort', release, { once: true });
    try {
      return await work();
    } finally {
      left.removeEventListener('abort', release);
      release();
    }
  }

  private busy({ operator, command, sinceMs }: Holder): HostLinkError {
    const since = new Date(sinceMs).toISOString();
    return new HostLinkError('OPERATOR_BUSY', `${operator} has been at "${command}" since ${since}.`, {
      operator,
      command,
      since,
    });
  }
}
