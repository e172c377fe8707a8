/** The words of a Tmax configuration file, each with its place. */
export interface TmaxToken {
  /** word: bare; literal: in double quotes (text without them); broken: a quote that its line does not close. */
  readonly kind: 'word' | 'literal' | 'equals' | 'comma' | 'broken';
  readonly text: string;
  /** From 1. A column is one UTF-16 unit; a tab counts as one. */
  readonly line: number;
  readonly column: number;
  /** Nothing but blanks stands before it on its line. */
  readonly isFirst: boolean;
}

const BYTE_ORDER_MARK = /^\uFEFF/;
const LINE_END = /\r\n|\n|\r/;
/** DEFAULT: may touch what follows it; every other word ends at a blank or at a sign. */
const PIECE = /\s+|#.*|"([^"]*)"|"(.*)|=|,|^DEFAULT:|[^\s#"=,]+/gsuy;

function kindOf(text: string): TmaxToken['kind'] {
  if (text === '=') return 'equals';
  return text === ',' ? 'comma' : 'word';
}

function* tokensOfLine(text: string, line: number): Generator<TmaxToken> {
  let isFirst = true;
  for (const { 0: whole, 1: closed, 2: open, index } of text.matchAll(PIECE)) {
    if (whole.startsWith('#')) return;
    if (whole.trim() === '') continue;
    const place = { line, column: index + 1, isFirst };
    isFirst = false;
    if (closed !== undefined) yield { kind: 'literal', text: closed, ...place };
    else if (open !== undefined) yield { kind: 'broken', text: open, ...place };
    else yield { kind: kindOf(whole), text: whole, ...place };
  }
}

/**
 * Cut a text into tokens. Blanks and comments (from # to the end of the line, but not inside quotes) are left out.
 * Every text can be cut.
 * @source Tmax administration guide, environment file: sections, entries, items
 */
export function tokenizeTmax(text: string): TmaxToken[] {
  const lines = text.replace(BYTE_ORDER_MARK, '').split(LINE_END);
  return lines.flatMap((content, at) => [...tokensOfLine(content, at + 1)]);
}
