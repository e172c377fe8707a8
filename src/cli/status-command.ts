import { ControlClient } from '../control/client.js';
import { type CliIo, print, printJson } from './io.js';
import { type Commands, type ControlOptions, controlPath, withControl } from './run-command.js';
import { statusLines } from './status-lines.js';
import { styleOf } from './style.js';
import { watching } from './watching.js';

export interface StatusOptions extends ControlOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** Print what a running hostlink is doing; with `watch` again each second until a signal comes. */
export function runStatus(io: CliIo, options: StatusOptions): Promise<number> {
  const client = new ControlClient(controlPath(options));
  return watching(io, options, async () => {
    const stats = await client.status();
    if (options.json) printJson(io.out, stats);
    else for (const line of statusLines(stats, styleOf(io, io.out))) print(io.out, line);
  });
}

export function addStatusCommand({ io, program, run }: Commands): void {
  withControl(
    program.command('status').description('workers, links, sessions by state and services of a running hostlink'),
  )
    .option('--watch', 'again each second')
    .option('--json', 'print the statistics as JSON')
    .action((options: StatusOptions) => run(() => runStatus(io, options), options.json));
}
