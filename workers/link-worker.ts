import type { PortLike } from '../src/channel/channel.js';
import type { WorkerEnd, WorkerStart } from '../src/channel/messages.js';
import { runLink } from '../src/link/run.js';

/**
 * The one long task of a worker thread: one link with its LU sessions, until it is stopped or lost. Does nothing on
 * import, so that a mistake shows as a failed task and not as a pool that no longer refills.
 */
export default function linkWorker({ port, ...start }: WorkerStart & { readonly port: PortLike }): Promise<WorkerEnd> {
  return runLink(start, port);
}
