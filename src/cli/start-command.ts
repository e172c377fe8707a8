import { HostLinkError } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import type { HostLinkConfig } from '../config/model.js';
import { summarizeConfig } from '../config/print.js';
import { controlled, startRecording } from '../control/record.js';
import { ControlServer } from '../control/server.js';
import { HostLink, type HostLinkEvent } from '../gateway/host-link.js';

import { openTraceFile, type TraceSummary } from '../trace/recorder.js';
import { type CliIo, print, printJson } from './io.js';
import { printError } from './print-error.js';
import { Progress } from './progress.js';
import type { Commands } from './run-command.js';
import { stopOnSignal } from './stop-on-signal.js';
import { styleOf } from './style.js';
import { countText } from './table.js';

export interface StartOptions {
  readonly config: string;
  readonly trace?: string;
  readonly dlsw?: boolean;
  readonly json?: boolean;
}

/** Log levels that tell of everything that goes well. */
const CHATTY: ReadonlySet<string> = new Set(['trace', 'debug', 'info']);

/** What runs: each part is there to be ended in its turn. */
interface Running {
  readonly hostlink: HostLink;
  readonly control: ControlServer | undefined;
  readonly endTrace: (() => Promise<TraceSummary>) | undefined;
}

/** Run a runtime until SIGINT or SIGTERM drains it. @returns 1 when a second signal did not let it finish */
export async function runStart(io: CliIo, options: StartOptions): Promise<number> {
  const config = quieter(io, loadConfig(options.config), options);
  const output = options.trace === undefined ? undefined : await openTraceFile(options.trace);
  if (!options.json) print(io.out, summarizeConfig(config));
  let endTrace: Running['endTrace'];
  const prepare = (runtime: HostLink): void => {
    endTrace = output && startRecording(runtime, output, { dlsw: options.dlsw ?? false });
  };
  const hostlink = await HostLink.start(config, { prepare });
  const stopped = stopOnSignal(io, hostlink, options.json);
  const control = await startControl(hostlink).catch(async (error: unknown) => {
    await hostlink.stop({ mode: 'now' });
    throw error;
  });
  watch(io, hostlink, control, options);
  const code = await stopped;
  await end(io, { hostlink, control, endTrace }, options);
  return code;
}

/** Log lines would tear the progress bar to pieces: on a terminal only warnings are shown, a file gets everything. */
function quieter(io: CliIo, config: HostLinkConfig, { json }: StartOptions): HostLinkConfig {
  const { level, file } = config.log;
  if (!io.out.isTerminal || json || file !== undefined || !CHATTY.has(level)) return config;
  print(io.out, 'log: warnings only on a terminal; log.file in the configuration keeps everything');
  return { ...config, log: { ...config.log, level: 'warn' } };
}

async function startControl(hostlink: HostLink): Promise<ControlServer | undefined> {
  const { control, callSizeMax } = hostlink.config.server;
  if (control === undefined) return undefined;
  return ControlServer.start(control, controlled(hostlink), { callSizeMax, logger: hostlink.log.part('control') });
}

/** Tell what happens: workers and links by event, sessions by count. */
function watch(io: CliIo, hostlink: HostLink, control: ControlServer | undefined, { json }: StartOptions): void {
  const { min } = hostlink.config.server;
  const path = control?.path ?? null;
  if (json) {
    hostlink.on('event', (event) => tellJson(io, event));
    printJson(io.out, { event: 'started', workers: min, control: path });
    const tellReady = (event: string) => (progress: object) => printJson(io.out, { event, ...progress });
    hostlink
      .ready({ onProgress: tellReady('sessions') })
      .then(tellReady('ready'), (error: unknown) => notReady(io, error, json));
    return;
  }
  const progress = new Progress(io, io.out, 'sessions');
  const { level, file } = hostlink.config.log;
  const isInLog = file === undefined && CHATTY.has(level); // the log stands between these lines, and tells it already
  if (!isInLog) hostlink.on('event', (event) => tell(io, event, progress));
  print(io.out, `${countText(min)} workers started${path === null ? '' : `; control socket: ${path}`}`);
  hostlink.ready({ onProgress: ({ sessions, total }) => progress.update(sessions, total) }).then(
    ({ sessions, total }) =>
      progress.end(`ready: ${countText(sessions)} of ${countText(total)} sessions are up; Ctrl-C stops`),
    (error: unknown) => {
      progress.end();
      notReady(io, error);
    },
  );
}

/** Waiting ended without all sessions: no news when we stopped ourselves. */
function notReady(io: CliIo, error: unknown, json = false): void {
  if (!(error instanceof HostLinkError && error.code === 'RUNTIME_STOPPED')) printError(io, error, json);
}

/** Events of single sessions are for the log: there are hundreds of them. */
function isTold({ name }: HostLinkEvent): boolean {
  return !name.startsWith('session.');
}

function tellJson(io: CliIo, event: HostLinkEvent): void {
  const { name, workerId, link, details } = event;
  if (isTold(event)) printJson(io.out, { event: name, worker: workerId, link, ...details });
}

function tell(io: CliIo, event: HostLinkEvent, progress: Progress): void {
  if (!isTold(event)) return;
  const { name, workerId, link, details } = event;
  const style = styleOf(io, io.out);
  const isBad = /\.(lost|down|refused|congested|error|late)$/.test(name);
  const pu = typeof details.pu === 'string' && details.pu !== '' ? ` PU ${details.pu}` : '';
  const reason = typeof details.reason === 'string' && details.reason !== '' ? `: ${details.reason}` : '';
  const word = isBad ? style.yellow(name) : style.green(name);
  const where = /^(operator|runtime)\./.test(name) ? JSON.stringify(details) : `worker ${workerId} link ${link || '-'}`;
  progress.note(`${word} ${where}${pu}${reason}`);
}

async function end(io: CliIo, { hostlink, control, endTrace }: Running, options: StartOptions): Promise<void> {
  await control?.stop();
  const trace = await endTrace?.();
  const { services } = hostlink.stats();
  const calls = services.reduce((sum, service) => sum + service.count, 0);
  if (options.json) {
    printJson(io.out, { event: 'stopped', calls, ...(trace ? { trace: { file: options.trace, ...trace } } : {}) });
    return;
  }
  if (trace) print(io.out, traceLine(options.trace ?? '', trace));
  print(io.out, `stopped after ${countText(calls)} calls`);
}

/** What a recording came to, in one line. */
export function traceLine(file: string, { packets, dropped, skipped, bytes }: TraceSummary): string {
  const lost = dropped === 0 ? '' : `, ${countText(dropped)} LOST because they came faster than they could be written`;
  const left = skipped === 0 ? '' : `, ${countText(skipped)} pieces left out where a stream could not be followed`;
  return `${file}: ${countText(packets)} packets, ${countText(bytes)} bytes${lost}${left}`;
}

export function addStartCommand({ io, program, run }: Commands): void {
  program
    .command('start')
    .description('run a runtime until SIGINT or SIGTERM lets it finish and stop; a second signal stops it now')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--trace <file>', 'record every PIU into a pcapng file')
    .option('--dlsw', 'record the DLSw streams too')
    .option('--json', 'print events as JSON, one object a line')
    .action((options: StartOptions) => run(() => runStart(io, options), options.json));
}
