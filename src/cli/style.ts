import type { CliIo, Output } from './io.js';

/** Puts colour around text, or leaves it alone. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

const RESET = '\u001b[0m';
const code = (number: number) => (text: string) => `\u001b[${number}m${text}${RESET}`;
const same = (text: string) => text;

const COLOURED: Style = { bold: code(1), dim: code(2), red: code(31), green: code(32), yellow: code(33) };
const PLAIN: Style = { bold: same, dim: same, red: same, green: same, yellow: same };

/** Colours only where a person reads, and not where NO_COLOR says otherwise. @source no-color.org */
export function styleOf(io: CliIo, output: Output): Style {
  const isUnwanted = (io.env.NO_COLOR ?? '') !== '' || io.env.TERM === 'dumb';
  return output.isTerminal && !isUnwanted ? COLOURED : PLAIN;
}

const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

/** Characters the text takes on the screen. */
export function visibleLength(text: string): number {
  return text.replace(COLOUR, '').length;
}
