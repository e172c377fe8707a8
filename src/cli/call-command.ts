import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { HostLinkError } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import type { HostLinkConfig } from '../config/model.js';
import { ControlClient } from '../control/client.js';
import { HostLink } from '../gateway/host-link.js';
import { type CliIo, print, printJson } from './io.js';
import { type Commands, type ControlOptions, controlPath, positiveNumber, quiet, withControl } from './run-command.js';

export interface CallCommandOptions extends ControlOptions {
  readonly text?: string;
  readonly hex?: string;
  readonly file?: string;
  readonly standalone?: boolean;
  /** Seconds. */
  readonly timeout?: number;
  readonly json?: boolean;
}

/** Text goes in the service's code page, bytes as they are; the reply is of the same kind. */
type Payload = string | Uint8Array;
type Caller = (service: string, payload: Payload, timeoutMs: number | undefined) => Promise<Payload>;

/** How a runtime for one call is started. */
type StartRuntime = (
  config: HostLinkConfig,
) => Promise<Pick<HostLink, 'call' | 'callText' | typeof Symbol.asyncDispose>>;

/** Call a service of a running hostlink, or of one started for this call only. */
export async function runCall(
  io: CliIo,
  service: string,
  options: CallCommandOptions,
  start: StartRuntime = (config) => HostLink.start(config),
): Promise<number> {
  const payload = await payloadOf(io, options);
  const timeoutMs = options.timeout === undefined ? undefined : options.timeout * 1000;
  const startMs = io.clock.nowMs();
  const reply = options.standalone
    ? await callStandalone(start, options, service, payload, timeoutMs)
    : await callRunning(options)(service, payload, timeoutMs);
  printReply(io, service, reply, io.clock.nowMs() - startMs, options);
  return 0;
}

async function payloadOf(io: CliIo, { text, hex, file }: CallCommandOptions): Promise<Payload> {
  if (text !== undefined) return text;
  if (hex !== undefined) return parseHex(hex);
  if (file === undefined) return io.readInput();
  return readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new HostLinkError('PAYLOAD_INVALID', cause.message, { file }, { cause });
  });
}

function parseHex(text: string): Uint8Array {
  const digits = text.replace(/\s/g, '');
  if (/^([0-9a-f]{2})*$/i.test(digits)) return Buffer.from(digits, 'hex');
  throw new HostLinkError('PAYLOAD_INVALID', '--hex wants an even number of hex digits.');
}

function callRunning(options: ControlOptions): Caller {
  const client = new ControlClient(controlPath(options));
  return (service, payload, timeoutMs) =>
    typeof payload === 'string' ? client.call(service, payload, timeoutMs) : client.call(service, payload, timeoutMs);
}

async function callStandalone(
  start: StartRuntime,
  { config }: CallCommandOptions,
  service: string,
  payload: Payload,
  timeoutMs: number | undefined,
): Promise<Payload> {
  if (config === undefined) throw new HostLinkError('CONFIG_UNREADABLE', '--standalone needs -c FILE.');
  await using hostlink = await start(quiet(loadConfig(config)));
  // Awaited here: the runtime ends with this function.
  if (typeof payload === 'string') return await hostlink.callText(service, payload, { timeoutMs });
  return await hostlink.call(service, payload, { timeoutMs });
}

function printReply(io: CliIo, service: string, reply: Payload, elapsedMs: number, options: CallCommandOptions): void {
  const isText = typeof reply === 'string';
  if (options.json) {
    const ms = Math.round(elapsedMs * 1000) / 1000;
    const body = isText ? { text: reply } : { bytes: reply.length, hex: hexOf(reply) };
    printJson(io.out, { service, ms, ...body });
  } else if (isText) {
    print(io.out, reply);
  } else if (options.hex !== undefined) {
    print(io.out, hexOf(reply));
  } else {
    io.out.write(reply);
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function payloadOptions(command: Command): Command {
  return command
    .addOption(new Option('--text <text>', 'text, in the code page of the service').conflicts(['hex', 'file']))
    .addOption(new Option('--hex <digits>', 'bytes as hex digits').conflicts(['text', 'file']))
    .addOption(new Option('--file <path>', 'bytes of a file (default: standard input)').conflicts(['text', 'hex']));
}

export function addCallCommand({ io, program, run }: Commands): void {
  const command = program
    .command('call <service>')
    .description('call a service of the host; the reply is printed as the request was given: text, hex or bytes');
  withControl(payloadOptions(command))
    .option('--standalone', 'start a runtime from -c FILE for this call only')
    .option('--timeout <seconds>', 'deadline (default: of the service)', positiveNumber)
    .option('--json', 'print one JSON object')
    .action((service: string, options: CallCommandOptions) => run(() => runCall(io, service, options), options.json));
}
