import { HostLinkError } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import type { HostLinkConfig } from '../config/model.js';
import { startRecording } from '../control/record.js';
import { HostLink } from '../gateway/host-link.js';
import { openTraceFile, type TraceSummary } from '../trace/recorder.js';
import { type Check, checkServices } from './demo-checks.js';
import { DemoHost, type HostEnd } from './demo-host.js';
import { EchoLoad, type LoadResult } from './demo-load.js';
import { LinkLoss, type LossResult } from './demo-loss.js';
import { type CliIo, print, printJson } from './io.js';
import { examplePath } from './package-root.js';
import { Progress } from './progress.js';
import { type Commands, quiet, wholeNumber } from './run-command.js';
import { traceLine } from './start-command.js';
import { styleOf } from './style.js';
import { countText, durationText, tableLines } from './table.js';

export interface DemoOptions {
  readonly config?: string;
  readonly calls: number;
  readonly trace?: string;
  readonly dlsw?: boolean;
  readonly json?: boolean;
}

const CALLS = 20_000;
const PAYLOAD_BYTES = 1024;
const IN_FLIGHT = 512;
const SERVICE = 'ECHO';
const READY_MS = 40_000;
const LOSS_MS = 20_000;
/** The demo does not wait long before it connects again: its host is there all the time. */
const RETRY_MS = 100;

/** Everything that was measured. */
interface DemoResult {
  readonly sessions: number;
  readonly bringUpMs: number;
  readonly load: LoadResult;
  readonly checks: readonly Check[];
  readonly loss: LossResult;
  readonly forwarded: number;
  readonly queued: number;
  readonly trace: TraceSummary | undefined;
}

/** Start the embedded host and a runtime, call it many times, and check every reply. @returns 0 only if all was right */
export async function runDemo(io: CliIo, options: DemoOptions): Promise<number> {
  const config = quiet(loadConfig(options.config ?? examplePath('hostlink.yaml')));
  const startMs = io.clock.nowMs();
  const host = await startHost(io, config, options);
  let result: DemoResult;
  let end: HostEnd;
  try {
    result = await runAgainst(io, withHost(config, host.port), host, options);
  } finally {
    end = await host.stop();
  }
  const elapsedMs = io.clock.nowMs() - startMs;
  const faults = faultsOf(result, end);
  if (options.json) printJson(io.out, toJson(result, end, faults, elapsedMs));
  else printResult(io, result, end, faults, elapsedMs);
  return faults.length === 0 ? 0 : 1;
}

function withHost(config: HostLinkConfig, port: number): HostLinkConfig {
  const links = config.links.map((link) => ({
    ...link,
    peer: { ...link.peer, port },
    timers: { ...link.timers, connectRetryMs: RETRY_MS },
  }));
  return { ...config, links };
}

/** On the port of the configuration, or on a free one where that is taken. */
async function startHost(io: CliIo, config: HostLinkConfig, { json }: DemoOptions): Promise<DemoHost> {
  const definitions = examplePath('host.yaml');
  const port = config.links[0]?.peer.port;
  let host: DemoHost;
  try {
    host = await DemoHost.start(definitions, port, SERVICE);
  } catch (error) {
    if (!(error instanceof HostLinkError) || error.code !== 'PORT_TAKEN') throw error;
    host = await DemoHost.start(definitions, 0, SERVICE);
    if (!json) print(io.out, `port ${port} is taken, so the embedded host listens on ${host.port}`);
  }
  if (!json) print(io.out, `embedded host: process ${host.pid}, port ${host.port}`);
  return host;
}

async function runAgainst(
  io: CliIo,
  config: HostLinkConfig,
  host: DemoHost,
  options: DemoOptions,
): Promise<DemoResult> {
  const output = options.trace === undefined ? undefined : await openTraceFile(options.trace);
  const startMs = io.clock.nowMs();
  let endTrace: (() => Promise<TraceSummary>) | undefined;
  const prepare = (runtime: HostLink): void => {
    endTrace = output && startRecording(runtime, output, { dlsw: options.dlsw === true });
  };
  const hostlink = await HostLink.start(config, { prepare });
  try {
    const sessions = await bringUp(io, hostlink, options);
    const bringUpMs = io.clock.nowMs() - startMs;
    const load = await callMany(io, hostlink, options);
    const checks = await checkServices(hostlink);
    const loss = await loseLink(io, hostlink, host, options);
    const { forwarded, queued } = hostlink.stats().dispatch;
    await hostlink.stop();
    return { sessions, bringUpMs, load, checks, loss, forwarded, queued, trace: await endTrace?.() };
  } finally {
    await hostlink.stop();
    await endTrace?.();
  }
}

async function bringUp(io: CliIo, hostlink: HostLink, { json }: DemoOptions): Promise<number> {
  const progress = json ? undefined : new Progress(io, io.out, 'sessions');
  try {
    const { sessions } = await hostlink.ready({
      timeoutMs: READY_MS,
      onProgress: ({ sessions: up, total }) => progress?.update(up, total),
    });
    return sessions;
  } finally {
    progress?.end();
  }
}

async function callMany(io: CliIo, hostlink: HostLink, { json, calls }: DemoOptions): Promise<LoadResult> {
  const progress = json ? undefined : new Progress(io, io.out, 'calls');
  const load = new EchoLoad(hostlink, io.clock, {
    service: SERVICE,
    calls,
    payloadBytes: PAYLOAD_BYTES,
    inFlight: IN_FLIGHT,
    onProgress: (done) => progress?.update(done, calls),
  });
  const result = await load.run();
  progress?.end();
  return result;
}

/** The last act: a link is cut under load, and comes back. */
function loseLink(io: CliIo, hostlink: HostLink, host: DemoHost, { json, calls }: DemoOptions): Promise<LossResult> {
  const link = hostlink.config.links[0]!;
  const { idBlk, idNum } = link.pus[0]!;
  return new LinkLoss(hostlink, io.clock, link, {
    service: SERVICE,
    payloadBytes: PAYLOAD_BYTES,
    inFlight: IN_FLIGHT,
    firstNumber: calls,
    timeoutMs: LOSS_MS,
    cut: () => host.cutPu(`${idBlk}${idNum}`),
    onProgress: (text) => json || print(io.out, text),
  }).run();
}

/** Everything that makes the run a failed one, in words. */
function faultsOf({ load, checks, loss }: DemoResult, end: HostEnd): string[] {
  const faults = [
    ...load.faults,
    ...loss.faults,
    ...checks.filter(({ fault }) => fault !== '').map(({ name, fault }) => `${name}: ${fault}`),
  ];
  if (end.protocolErrors === undefined) faults.push('the embedded host ended without a report');
  else if (end.protocolErrors > 0)
    faults.push(`the embedded host saw ${end.protocolErrors} protocol errors`, ...end.faults);
  const { repeated = 0 } = end.executed ?? {};
  if (repeated > 0) faults.push(`the embedded host executed ${repeated} calls twice`);
  return faults;
}

function toJson(result: DemoResult, end: HostEnd, faults: readonly string[], elapsedMs: number): object {
  const { sessions, load, checks, loss, forwarded, queued, trace } = result;
  const badChecks = checks.filter(({ fault }) => fault !== '').length;
  return {
    ok: faults.length === 0,
    sessions,
    bringUpMs: rounded(result.bringUpMs),
    calls: load.calls,
    failed: load.failed + load.wrong + badChecks + loss.failed,
    wrong: load.wrong,
    callsPerSecond: Math.round(load.callsPerSecond),
    p50Ms: rounded(load.p50Ms),
    p99Ms: rounded(load.p99Ms),
    forwarded,
    queued,
    payloadBytes: PAYLOAD_BYTES,
    inFlight: IN_FLIGHT,
    checks: checks.length,
    linkLoss: {
      ...loss,
      noticedMs: rounded(loss.noticedMs),
      firstBackMs: rounded(loss.firstBackMs),
      allBackMs: rounded(loss.allBackMs),
    },
    executed: end.executed?.requests ?? null,
    executedTwice: end.executed?.repeated ?? null,
    hostProtocolErrors: end.protocolErrors ?? null,
    elapsedMs: Math.round(elapsedMs),
    ...(trace === undefined ? {} : { trace }),
    faults,
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function printResult(io: CliIo, result: DemoResult, end: HostEnd, faults: readonly string[], elapsedMs: number): void {
  const { load, checks, loss, trace } = result;
  const rows = [
    ['sessions', countText(result.sessions)],
    ['bring-up', durationText(result.bringUpMs)],
    ['calls', `${countText(load.calls)} of ${PAYLOAD_BYTES} bytes, ${IN_FLIGHT} in flight, every reply compared`],
    ['failed', countText(load.failed + load.wrong)],
    ['calls per second', countText(load.callsPerSecond)],
    ['p50, p99', `${durationText(load.p50Ms)}, ${durationText(load.p99Ms)}`],
    ['forwarded, queued', `${countText(result.forwarded)}, ${countText(result.queued)}`],
    ['other services', checks.map(({ name, fault }) => (fault === '' ? name : `${name} FAILED`)).join(', ')],
    ['link cut', `${loss.link} under load, noticed after ${durationText(loss.noticedMs)}`],
    ['  its calls', `${countText(loss.unknown)} OUTCOME_UNKNOWN, ${countText(loss.forwarded)} forwarded unsent`],
    ['  meanwhile', `${countText(loss.servedMeanwhile)} calls served by the other links`],
    [
      '  back',
      `first session after ${durationText(loss.firstBackMs)}, all ${countText(loss.sessions)} after ${durationText(loss.allBackMs)}`,
    ],
    ['executed', end.executed ? executedText(end.executed) : 'no report'],
    ['protocol errors', `${end.protocolErrors ?? 'no report'} (seen by the embedded host)`],
    ['all in', durationText(elapsedMs)],
  ];
  const [, ...lines] = tableLines([{ title: '' }, { title: '' }], rows);
  for (const line of lines) print(io.out, line);
  if (trace) print(io.out, traceLine('recorded', trace));
  const style = styleOf(io, io.out);
  for (const fault of faults) print(io.out, style.red(`  ${fault}`));
  print(io.out, faults.length === 0 ? style.green('everything was right') : style.red('not everything was right'));
}

function executedText({ requests, repeated }: { readonly requests: number; readonly repeated: number }): string {
  return `${countText(requests)} ${SERVICE} calls, ${repeated === 0 ? 'none' : countText(repeated)} twice (in the books of the embedded host)`;
}

export function addDemoCommand({ io, program, run }: Commands): void {
  program
    .command('demo')
    .description(
      'embedded host and runtime as two processes: bring up all sessions, make many checked calls, print figures',
    )
    .option('--calls <number>', 'calls to make', wholeNumber(1, 100_000_000), CALLS)
    .option('--trace <file>', 'record the run into a pcapng file')
    .option('--dlsw', 'record the DLSw streams too')
    .option('--config <file>', 'configuration of the runtime (default: examples/hostlink.yaml)')
    .option('--json', 'print one JSON object')
    .action((options: DemoOptions) => run(() => runDemo(io, options), options.json));
}
