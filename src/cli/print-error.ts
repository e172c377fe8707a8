import { ERRORS, toHostLinkError } from '../base/errors.js';
import { type CliIo, print, printJson } from './io.js';
import { styleOf } from './style.js';

/** Details that the message holds already, line by line. */
const IN_MESSAGE = new Set(['problems']);

function detailText(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value) ?? String(value);
}

/** The lines a person reads: what happened, why that usually happens, what to do, and the numbers. */
export function errorLines(value: unknown): string[] {
  const error = toHostLinkError(value);
  const { cause, action } = ERRORS[error.code];
  const lines = [`error ${error.code}: ${error.message}`, `  cause:  ${cause}`, `  action: ${action}`];
  for (const [name, detail] of Object.entries(error.details)) {
    if (detail === undefined || IN_MESSAGE.has(name)) continue;
    lines.push(`  ${name}: ${detailText(detail)}`);
  }
  return lines;
}

/**
 * Print an error: words on the error output, or one JSON object on the output when a program reads.
 * @returns the exit code for it
 */
export function printError(io: CliIo, value: unknown, isJson = false): number {
  if (isJson) {
    printJson(io.out, { error: toHostLinkError(value).toRecord() });
    return 1;
  }
  const { red } = styleOf(io, io.err);
  const [first = '', ...rest] = errorLines(value);
  print(io.err, red(first));
  for (const line of rest) print(io.err, line);
  return 1;
}
