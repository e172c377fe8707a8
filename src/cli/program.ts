import { Command, CommanderError } from 'commander';
import { addCallCommand } from './call-command.js';
import { addCheckCommand } from './check-command.js';
import { addCtlCommand } from './ctl-command.js';
import { addDemoCommand } from './demo-command.js';
import { addHostCommand } from './host-command.js';
import type { CliIo } from './io.js';
import { packageVersion } from './package-root.js';
import { printError } from './print-error.js';
import { addReplayCommand } from './replay-command.js';
import type { Commands } from './run-command.js';
import { addSessionsCommand } from './sessions-command.js';
import { addStartCommand } from './start-command.js';
import { addStatusCommand } from './status-command.js';
import { addTraceCommand } from './trace-command.js';

const USAGE = 2;

/**
 * Run the command line.
 * @param args without the program's own name
 * @returns the exit code: 0 all went well, 1 it did not, 2 the command was not understood
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let exitCode = 0;
  const program = new Command('hostlink');
  const commands: Commands = {
    io,
    program,
    run: async (work, isJson = false) => {
      exitCode = await work().catch((error: unknown) => printError(io, error, isJson));
    },
  };
  describe(program, io);
  for (const add of ALL) add(commands);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE;
  }
}

const ALL = [
  addStartCommand,
  addCheckCommand,
  addHostCommand,
  addCallCommand,
  addStatusCommand,
  addSessionsCommand,
  addCtlCommand,
  addTraceCommand,
  addReplayCommand,
  addDemoCommand,
];

function describe(program: Command, io: CliIo): void {
  program
    .description('Host-link runtime: pools of SNA LU sessions to a mainframe, called like functions')
    .version(packageVersion())
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      getOutHelpWidth: () => io.out.columns,
      getErrHelpWidth: () => io.err.columns,
    })
    .exitOverride()
    .showHelpAfterError('(hostlink --help lists the commands, hostlink COMMAND --help their options)');
}
