import type { PortLike } from '../channel/channel.js';
import type { WorkerEnd, WorkerStart } from '../channel/messages.js';

/** How a worker ended: by itself with a WorkerEnd, or with whatever it was that broke it. */
export type WorkerOutcome =
  | { readonly kind: 'ended'; readonly end: WorkerEnd }
  | { readonly kind: 'broke'; readonly reason: string };

/** A started worker, as its supervisor holds it. */
export interface RunningWorker {
  /** The supervisor's end of the worker's mailbox. */
  readonly port: PortLike;
  /** Hand over the messages that have arrived and were not heard yet, at once. For the moment after its end. */
  drain(hear: (message: unknown) => void): void;
  /** End it the hard way. `ended` is still called. */
  abort(): void;
}

/** Starts workers: threads in production, objects in a simulation. */
export interface WorkerLauncher {
  /** @param ended called exactly once, never from within `launch` */
  launch(start: WorkerStart, ended: (outcome: WorkerOutcome) => void): RunningWorker;
  /** End what still runs. */
  close(): Promise<void>;
}

/** Why a worker ended, in words. */
export function reasonOf(outcome: WorkerOutcome): string {
  if (outcome.kind === 'broke') return outcome.reason;
  const { reason, error } = outcome.end;
  return error === undefined ? `its task ended: ${reason}` : `${error.code}: ${error.message}`;
}
