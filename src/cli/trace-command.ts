import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { HostLinkError } from '../base/errors.js';
import { ControlClient } from '../control/client.js';
import { BlockCutter } from '../trace/block-cutter.js';
import { type CliIo, print, printJson } from './io.js';
import { Progress } from './progress.js';
import {
  type Commands,
  type ControlOptions,
  controlPath,
  positiveNumber,
  wholeNumber,
  withControl,
} from './run-command.js';
import { countText } from './table.js';

export interface TraceOptions extends ControlOptions {
  readonly seconds?: number;
  readonly count?: number;
  readonly dlsw?: boolean;
  readonly json?: boolean;
}

/** Why a recording ended. */
type End = 'signal' | 'seconds' | 'count' | 'the runtime stopped';

/** Record what a running hostlink sends and receives, until a signal, a time or a count ends it. */
export async function runTrace(io: CliIo, file: string, options: TraceOptions): Promise<number> {
  const client = new ControlClient(controlPath(options));
  const stream = await client.trace({ dlsw: options.dlsw ?? false });
  const output = await open(file, 'w').catch((cause: Error) => {
    stream.destroy();
    throw new HostLinkError('TRACE_UNREADABLE', cause.message, { file }, { cause });
  });
  const cutter = new BlockCutter(options.count);
  try {
    const ended = await copy(io, stream, cutter, (bytes) => output.write(bytes), options);
    if (options.json) printJson(io.out, { file, packets: cutter.packets, bytes: cutter.bytes, ended });
    else print(io.out, `${file}: ${countText(cutter.packets)} packets, ${countText(cutter.bytes)} bytes (${ended})`);
    return 0;
  } finally {
    stream.destroy();
    await output.close();
  }
}

/** Only whole blocks are written, so that the file is well formed wherever the recording ends. */
async function copy(
  io: CliIo,
  stream: Readable,
  cutter: BlockCutter,
  write: (bytes: Buffer) => Promise<unknown>,
  { seconds, count, json }: TraceOptions,
): Promise<End> {
  let ended: End = 'the runtime stopped';
  const end = (reason: End) => {
    ended = reason;
    stream.destroy();
  };
  const progress = count === undefined || json ? undefined : new Progress(io, io.err, 'packets');
  const forget = io.onSignal(() => end('signal'));
  const cancel = seconds === undefined ? () => {} : io.clock.after(seconds * 1000, () => end('seconds'));
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const whole = cutter.push(chunk);
      if (whole.length > 0) await write(whole);
      progress?.update(cutter.packets, count ?? 0);
      if (cutter.isFull) end('count');
    }
  } catch (error) {
    if (ended === 'the runtime stopped' && (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  } finally {
    progress?.end();
    cancel();
    forget();
  }
  return ended;
}

export function addTraceCommand({ io, program, run }: Commands): void {
  withControl(program.command('trace <file>').description('record a running hostlink into a pcapng file for Wireshark'))
    .option('--seconds <number>', 'end after this time', positiveNumber)
    .option('--count <number>', 'end after this many packets', wholeNumber(1))
    .option('--dlsw', 'record the DLSw streams too')
    .option('--json', 'print one JSON object at the end')
    .action((file: string, options: TraceOptions) => run(() => runTrace(io, file, options), options.json));
}
