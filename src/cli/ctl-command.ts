import { ControlClient } from '../control/client.js';
import { COMMANDS } from '../control/commands.js';
import { type CliIo, print, printJson } from './io.js';
import { type Commands, type ControlOptions, controlPath, withControl } from './run-command.js';

export interface CtlOptions extends ControlOptions {
  readonly json?: boolean;
}

/** Change something in a running hostlink, and print what it was and what it is now. */
export async function runCtl(
  io: CliIo,
  command: string,
  args: readonly string[],
  options: CtlOptions,
): Promise<number> {
  const result = await new ControlClient(controlPath(options)).operate(command, args);
  if (options.json) printJson(io.out, { command, ...result });
  else print(io.out, `${command} ${result.target}: ${result.before} -> ${result.after}`);
  return 0;
}

function helpText(): string {
  const lines = Object.entries(COMMANDS).map(([command, { usage }]) => `  ${command.padEnd(10)}  ${usage}`);
  return `\nCommands, one operator at a time:\n${lines.join('\n')}`;
}

export function addCtlCommand({ io, program, run }: Commands): void {
  const command = program
    .command('ctl <command> [words...]')
    .description('operate a running hostlink: hold, start, drain, deactivate, activate, purge, set')
    .allowUnknownOption() // a value may be -1
    .addHelpText('after', helpText());
  withControl(command)
    .option('--json', 'print one JSON object')
    .action((name: string, words: readonly string[], options: CtlOptions) =>
      run(() => runCtl(io, name, words, options), options.json),
    );
}
