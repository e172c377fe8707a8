import { createClock } from '../base/clock.js';
import { toHostLinkError } from '../base/errors.js';
import { createLog } from '../base/log.js';
import { createPrng } from '../base/prng.js';
import { type PortLike, WorkerChannel } from '../channel/channel.js';
import type { WorkerEnd, WorkerStart } from '../channel/messages.js';
import { Link } from './link.js';

/** Run one link in this thread until it is stopped. Every log line carries worker and link. */
export async function runLink(start: WorkerStart, port: PortLike): Promise<WorkerEnd> {
  const { workerId } = start;
  const clock = createClock();
  const channel = new WorkerChannel(port, clock);
  const log = createLog(start.log, { ...start.bindings, worker: workerId, link: start.link.name });
  try {
    const link = new Link(start, { channel, clock, prng: createPrng(), log });
    channel.serve(link);
    link.open();
    await link.stopped;
    return { workerId, reason: 'stopped' };
  } catch (error) {
    return { workerId, reason: 'failed', error: toHostLinkError(error).toRecord() };
  } finally {
    channel.close();
  }
}
