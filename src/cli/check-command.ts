import { HostLinkError } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import { printConfig, summarizeConfig } from '../config/print.js';
import { type Problem, printProblem } from '../config/problems.js';
import { type CliIo, print, printJson } from './io.js';
import { printError } from './print-error.js';
import type { Commands } from './run-command.js';
import { styleOf } from './style.js';

export interface CheckOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** Check a configuration: every problem, or the effective configuration. @returns 1 when there are problems */
export async function runCheck(io: CliIo, options: CheckOptions): Promise<number> {
  try {
    const config = loadConfig(options.config);
    if (options.json) printJson(io.out, { ok: true, problems: [], config });
    else print(io.out, `${printConfig(config)}\n${summarizeConfig(config)}`);
    return 0;
  } catch (error) {
    const problems = problemsOf(error);
    if (problems === undefined) return printError(io, error, options.json);
    if (options.json) printJson(io.out, { ok: false, problems });
    else printProblems(io, options.config, problems);
    return 1;
  }
}

function problemsOf(error: unknown): readonly Problem[] | undefined {
  if (!(error instanceof HostLinkError) || error.code !== 'CONFIG_INVALID') return undefined;
  return error.details.problems as readonly Problem[];
}

function printProblems(io: CliIo, file: string, problems: readonly Problem[]): void {
  const { red } = styleOf(io, io.err);
  for (const problem of problems) print(io.err, printProblem(problem));
  print(io.err, red(`${file}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`));
}

export function addCheckCommand({ io, program, run }: Commands): void {
  program
    .command('check')
    .description('check a configuration file and print what it comes to, every default filled in; starts nothing')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print one JSON object')
    .action((options: CheckOptions) => run(() => runCheck(io, options), options.json));
}
