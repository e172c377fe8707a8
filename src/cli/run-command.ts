import { type Command, InvalidArgumentError } from 'commander';
import { HostLinkError } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import type { HostLinkConfig } from '../config/model.js';
import type { CliIo } from './io.js';

/** What each command file is given to add itself. */
export interface Commands {
  readonly io: CliIo;
  readonly program: Command;
  /** Do a command's work: its result becomes the exit code, its error is printed. */
  run(work: () => Promise<number>, isJson?: boolean): Promise<void>;
}

/** Options with which a command finds a running hostlink. */
export interface ControlOptions {
  readonly control?: string;
  readonly config?: string;
}

const DEFAULT_CONTROL = './hostlink.sock';

/** The control socket: as named, or as the configuration says, or the usual one in this folder. */
export function controlPath(options: ControlOptions): string {
  if (options.control !== undefined) return options.control;
  if (options.config === undefined) return DEFAULT_CONTROL;
  return controlOf(loadConfig(options.config));
}

function controlOf({ file, server }: HostLinkConfig): string {
  if (server.control !== undefined) return server.control;
  throw new HostLinkError('CONTROL_UNREACHABLE', `${file ?? 'The configuration'} has no server.control.`, { file });
}

/** The same without log lines and control socket: for a runtime that lives within one command. */
export function quiet(config: HostLinkConfig): HostLinkConfig {
  const { server, log } = config;
  return { ...config, server: { ...server, control: undefined }, log: { ...log, level: 'silent', levels: {} } };
}

/** Add the options with which a running hostlink is found. */
export function withControl(command: Command): Command {
  return command
    .option('--control <path>', `control socket of the running hostlink (default: of -c, or ${DEFAULT_CONTROL})`)
    .option('-c, --config <file>', 'configuration file that names the control socket');
}

/** A whole number of `min` or more, from an option. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Allowed: ${min}..${max === Number.MAX_SAFE_INTEGER ? '' : max}.`);
  };
}

/** A number over 0, from an option. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Allowed: a number over 0.');
}
