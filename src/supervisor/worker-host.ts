import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { assert } from '../base/assert.js';
import { HostLinkError } from '../base/errors.js';
import type { WorkerEnd, WorkerStart } from '../channel/messages.js';
import type { RunningWorker, WorkerLauncher, WorkerOutcome } from './launcher.js';

export interface WorkerHostOptions {
  /** Most worker threads at once, `server.max`. */
  readonly max: number;
  /** The worker module; the built workers/link-worker.js when absent. */
  readonly workerFile?: string;
  /** Told about errors of threads that run nothing: odd, but no reason to stop. */
  readonly onStrayError?: (error: unknown) => void;
}

/** The built worker module, beside src in dist. */
function builtWorkerFile(): string {
  return fileURLToPath(new URL('../../workers/link-worker.js', import.meta.url));
}

/**
 * Runs workers as piscina's long tasks, one thread each; the only user of piscina. The module is named per task, not per
 * pool: a pool that cannot load its module at boot never settles the tasks that wait for it.
 */
export class WorkerHost implements WorkerLauncher {
  private readonly pool: Piscina;
  private readonly max: number;
  private readonly workerFile: string;
  private running = 0;

  /** @throws HostLinkError WORKER_START_FAILED when the worker module does not exist */
  constructor(options: WorkerHostOptions) {
    this.max = options.max;
    this.workerFile = options.workerFile ?? builtWorkerFile();
    if (!existsSync(this.workerFile)) {
      const reason = `No such file: ${this.workerFile}. Build first: npm run build.`;
      throw new HostLinkError('WORKER_START_FAILED', reason, { reason });
    }
    this.pool = new Piscina({
      // In the other modes a thread without a task blocks its event loop, sockets included.
      atomics: 'disabled',
      minThreads: 0,
      maxThreads: options.max,
      concurrentTasksPerWorker: 1,
      idleTimeout: 0,
      recordTiming: false,
    });
    this.pool.on('error', (error: unknown) => options.onStrayError?.(error));
  }

  launch(start: WorkerStart, ended: (outcome: WorkerOutcome) => void): RunningWorker {
    // Beyond MAX piscina would let it wait without a word.
    assert(this.running < this.max, 'more workers than threads');
    this.running += 1;
    const { port1, port2 } = new MessageChannel();
    const controller = new AbortController();
    const settle = (outcome: WorkerOutcome): void => {
      this.running -= 1;
      ended(outcome);
    };
    this.pool
      .run({ ...start, port: port2 }, { transferList: [port2], signal: controller.signal, filename: this.workerFile })
      .then(
        (end: WorkerEnd) => settle({ kind: 'ended', end }),
        (error: unknown) => settle({ kind: 'broke', reason: reasonOf(error) }),
      );
    return { port: port1, drain: (hear) => drainPort(port1, hear), abort: () => controller.abort() };
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}

function drainPort(port: MessagePort, hear: (message: unknown) => void): void {
  for (let entry = receiveMessageOnPort(port); entry !== undefined; entry = receiveMessageOnPort(port)) {
    hear(entry.message);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
