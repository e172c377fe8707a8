import type { Writable } from 'node:stream';
import type { HostLink } from '../gateway/host-link.js';
import { type TraceLink, TraceRecorder, type TraceSummary } from '../trace/recorder.js';
import { runCommand } from './commands.js';
import type { ControlledRuntime } from './server.js';
import { collectStatus } from './status.js';

/** What a recording needs of a runtime. */
export type RecordedRuntime = Pick<HostLink, 'config' | 'stats' | 'trace' | 'on' | 'off'>;

/** A worker that has no link any more is recorded under a number that no link has. */
const NO_LINK: TraceLink = { number: 0xfffe, name: 'no link', pus: [] };

/** Which link each worker has: asked for once, and again after something happened to a worker. */
class LinksOfWorkers {
  private readonly runtime: RecordedRuntime;
  private readonly known = new Map<number, TraceLink>();
  private readonly forget = (): void => this.known.clear();

  constructor(runtime: RecordedRuntime) {
    this.runtime = runtime;
    runtime.on('event', this.forget);
  }

  of(workerId: number): TraceLink {
    let link = this.known.get(workerId);
    if (link === undefined) {
      link = this.find(workerId);
      this.known.set(workerId, link);
    }
    return link;
  }

  end(): void {
    this.runtime.off('event', this.forget);
  }

  private find(workerId: number): TraceLink {
    const name = this.runtime.stats().workers.find((worker) => worker.id === workerId)?.link;
    const link = this.runtime.config.links.find((one) => one.name === name);
    return link === undefined ? NO_LINK : { number: link.index, name: link.name, pus: link.pus.map((pu) => pu.name) };
  }
}

/**
 * Record what travels on all links of a runtime as pcapng.
 * @param output a file or a response; ended by the returned function
 * @returns ends the recording, once; gives what was recorded. @throws (the function) HostLinkError TRACE_UNREADABLE
 */
export function startRecording(
  runtime: RecordedRuntime,
  output: Writable,
  options: { dlsw: boolean },
): () => Promise<TraceSummary> {
  const links = new LinksOfWorkers(runtime);
  const recorder = new TraceRecorder(output, { linkOf: (workerId) => links.of(workerId), dlsw: options.dlsw });
  const end = runtime.trace((workerId, block) => recorder.add(workerId, block), { pius: true, dlsw: options.dlsw });
  let ended: Promise<TraceSummary> | undefined;
  const finish = async (): Promise<TraceSummary> => {
    await end();
    links.end();
    return recorder.end();
  };
  return () => {
    ended ??= finish();
    return ended;
  };
}

/** A runtime as the control socket sees it. */
export function controlled(runtime: HostLink): ControlledRuntime {
  return {
    status: () => collectStatus(runtime),
    sessions: () => runtime.sessions(),
    call: (service, payload, options) => runtime.call(service, payload, options),
    callText: (service, text, options) => runtime.callText(service, text, options),
    operate: (command, args, operator) => runCommand(runtime.operations, command, args, { operator }),
    record: (output, options) => startRecording(runtime, output, options),
  };
}
