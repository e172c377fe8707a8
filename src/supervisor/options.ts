import type { Clock } from '../base/clock.js';
import type { EventName } from '../base/events.js';
import type { Log } from '../base/log.js';
import type { Prng } from '../base/prng.js';
import type { HostLinkConfig } from '../config/model.js';
import type { Directory } from '../dispatch/directory.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { AnswerGarbage } from './answer-garbage.js';
import type { WorkerLauncher } from './launcher.js';

/** Something an operator may want to see; from a worker, or about one. */
export interface RuntimeEvent {
  /** What happened, see base/events; the log has a line of the same name. */
  readonly name: EventName;
  readonly workerId: number;
  readonly link: string;
  readonly details: Record<string, unknown>;
}

export interface SupervisorOptions {
  readonly config: HostLinkConfig;
  /** On every log line of the workers. */
  readonly bindings: Record<string, unknown>;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly log: Log;
  readonly launcher: WorkerLauncher;
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly onEvent: (event: RuntimeEvent) => void;
  /** Some worker's report has been taken in. */
  readonly onReport: () => void;
  /** Recorded packets of a worker; the block is the receiver's. */
  readonly onTrace: (workerId: number, block: ArrayBuffer) => void;
  /** Told of every block of answers. */
  readonly garbage?: AnswerGarbage | undefined;
}
