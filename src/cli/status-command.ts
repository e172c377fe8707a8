import { ControlClient } from '../control/client.js';
import { type CliIo, delay, print, printJson } from './io.js';
import { type Commands, type ControlOptions, controlPath, withControl } from './run-command.js';
import { statusLines } from './status-lines.js';
import { styleOf } from './style.js';

export interface StatusOptions extends ControlOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

const WATCH_MS = 1000;
const CLEAR_SCREEN = '\u001b[H\u001b[2J';

/** Print what a running hostlink is doing; with `watch` again each second until a signal comes. */
export async function runStatus(io: CliIo, options: StatusOptions): Promise<number> {
  const client = new ControlClient(controlPath(options));
  let isLeaving = false;
  const forget = io.onSignal(() => {
    isLeaving = true;
  });
  try {
    do {
      await printOnce(io, client, options);
      if (options.watch) await delay(io.clock, WATCH_MS);
    } while (options.watch && !isLeaving);
  } finally {
    forget();
  }
  return 0;
}

async function printOnce(io: CliIo, client: ControlClient, options: StatusOptions): Promise<void> {
  const stats = await client.status();
  if (options.json) {
    printJson(io.out, stats);
    return;
  }
  if (options.watch && io.out.isTerminal) io.out.write(CLEAR_SCREEN);
  for (const line of statusLines(stats, styleOf(io, io.out))) print(io.out, line);
  if (options.watch && !io.out.isTerminal) print(io.out);
}

export function addStatusCommand({ io, program, run }: Commands): void {
  withControl(
    program.command('status').description('workers, links, sessions by state and services of a running hostlink'),
  )
    .option('--watch', 'again each second')
    .option('--json', 'print the statistics as JSON')
    .action((options: StatusOptions) => run(() => runStatus(io, options), options.json));
}
