import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  type YAMLError,
  YAMLParseError,
} from 'yaml';
import { z } from 'zod';
import { isText, type Path, schemaAt, unwrap } from './describe.js';
import { type Finding, findingsOf, type Problem, printPath } from './problems.js';

/** A parsed YAML text that still knows where everything stands. */
export interface YamlSource {
  readonly file: string;
  /** What the text says; undefined where it could not be made out. */
  readonly data: unknown;
  /** Mistakes of syntax, and keys given twice. */
  readonly problems: readonly Problem[];
  /** Where the first mistake of syntax is: what follows it cannot be relied on. Infinity when there is none. */
  readonly brokenAt: number;
  /** Give findings their place. */
  place(finding: Finding): Problem & { readonly offset: number };
}

/** Levels of the parser's own stack; two or three of them make one level of a file. */
const DEPTH_MAX = 200;

interface Found {
  readonly node: Node | undefined;
  readonly key: Node | undefined;
  readonly isWhole: boolean;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}

/** A key as it stands in the file: 01, where its value is the number 1. */
function keySource(key: unknown): string {
  return isScalar(key) ? (key.source ?? String(key.value)) : '';
}

/** The last pair wins, as it does in the data; Tmax words match in any case, and numbers as they are written. */
function pairOf(map: { items: readonly { key: unknown; value: unknown }[] }, step: string) {
  return (
    map.items.findLast((pair) => keyText(pair.key) === step) ??
    map.items.findLast((pair) => keyText(pair.key).toLowerCase() === step.toLowerCase()) ??
    map.items.findLast((pair) => keySource(pair.key) === step)
  );
}

function resolve(node: unknown, document: Document): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}

/** Walk down as far as the path exists. */
function find(document: Document, path: Path): Found {
  let node = resolve(document.contents, document);
  let key: Node | undefined;
  for (const step of path) {
    let next: unknown;
    let nextKey: Node | undefined;
    if (isMap(node)) {
      const pair = pairOf(node, String(step));
      if (!pair) return { node, key, isWhole: false };
      nextKey = isNode(pair.key) ? pair.key : undefined;
      next = pair.value;
    } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
      next = node.items[step];
    } else {
      return { node, key, isWhole: false };
    }
    key = nextKey;
    node = resolve(next, document);
  }
  return { node, key, isWhole: true };
}

function offsetOf(found: Found, at: 'key' | 'value'): number {
  const keyAt = found.key?.range?.[0];
  const range = found.node?.range;
  const isEmpty = !range || range[0] === range[1];
  const wantsKey = at === 'key' || isEmpty || !found.isWhole;
  return (wantsKey ? keyAt : range?.[0]) ?? range?.[0] ?? 0;
}

/**
 * Text that looks like a number, such as 037 or 00011, is taken as it is written where the schema wants text; so are the
 * keys of a map.
 * @param path of the data; used as a stack
 */
function retype(data: unknown, schema: z.ZodType | undefined, document: Document, path: (string | number)[]): unknown {
  if (schema === undefined) return data;
  if (typeof data === 'number' || typeof data === 'boolean') {
    if (!isText(schema)) return data;
    const { node } = find(document, path);
    return isScalar(node) && node.source !== undefined ? node.source : data;
  }
  if (typeof data !== 'object' || data === null) return data;
  const entryOf = (key: string | number, value: unknown): unknown => {
    path.push(key);
    const entry = retype(value, schemaAt(schema, [key]), document, path);
    path.pop();
    return entry;
  };
  if (Array.isArray(data)) return data.map((item, at) => entryOf(at, item));
  const map = schema instanceof z.ZodRecord ? find(document, path).node : undefined;
  const nameOf = (key: string): string => (isMap(map) ? keySource(pairOf(map, key)?.key) || key : key);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [nameOf(key), entryOf(key, value)]));
}

const WORDS: Partial<Record<YAMLError['code'], string>> = {
  DUPLICATE_KEY: 'the key is given twice',
  MULTIPLE_DOCS: 'the file holds more than one document',
  TAB_AS_INDENT: 'a tab is used to indent',
  BAD_INDENT: 'the indentation does not fit',
};
const ALLOWED: Partial<Record<YAMLError['code'], string>> = {
  DUPLICATE_KEY: 'each key once',
  MULTIPLE_DOCS: 'one document',
  TAB_AS_INDENT: 'spaces',
  BAD_INDENT: 'the same number of spaces for all entries of a level',
};

function position(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** A mistake of syntax makes the parser stumble over what follows: those stumbles are no mistakes of their own. */
function withoutEchoes(errors: readonly YAMLError[]): YAMLError[] {
  let isBroken = false;
  return errors.filter(({ code }) => {
    const isEcho = isBroken && code === 'UNEXPECTED_TOKEN';
    isBroken ||= code !== 'DUPLICATE_KEY';
    return !isEcho;
  });
}

function syntaxProblem(error: YAMLError, file: string, lines: LineCounter): Problem {
  const text = error.message.split(/ at line \d/)[0] ?? error.message;
  const message = WORDS[error.code] ?? `not YAML: ${text.replace(/[:.]?\s*$/, '')}`;
  const allowed = ALLOWED[error.code] ?? 'YAML 1.2';
  return { file, ...position(lines, error.pos[0]), path: '', message, allowed };
}

/** Plain data of a document. An alias that multiplies without end is a mistake like any other. */
function toData(document: Document, schema: z.ZodType): { data: unknown; failure: string | undefined } {
  try {
    return { data: retype(document.toJS({ maxAliasCount: 100 }), unwrap(schema), document, []), failure: undefined };
  } catch (error) {
    return { data: undefined, failure: `not YAML: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The tokens of a text, or undefined when it is nested too deep. */
function tokensOf(text: string, lines: LineCounter): CST.Token[] | undefined {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > DEPTH_MAX) return undefined;
  }
  tokens.push(...parser.end());
  return tokens;
}

/** The one document of a text. The composer recurses, and a very deep text would end the process: it is refused. */
function compose(text: string, lines: LineCounter): Document {
  const tokens = tokensOf(text, lines);
  const composer = new Composer({ prettyErrors: false, logLevel: 'silent' });
  const [first, second] = composer.compose(tokens ?? [], true, text.length);
  const document = first as Document;
  if (tokens === undefined) document.errors.push(new YAMLParseError([0, 0], 'IMPOSSIBLE', 'nested too deep'));
  if (second) {
    const at = second.range[0];
    document.errors.push(new YAMLParseError([at, at], 'MULTIPLE_DOCS', 'more than one document'));
  }
  return document;
}

/**
 * Parse YAML and keep positions.
 * @param file name for messages
 * @param schema says where text is wanted
 */
export function parseYaml(text: string, file: string, schema: z.ZodType): YamlSource {
  const lines = new LineCounter();
  const document = compose(text, lines);
  const errors = withoutEchoes([...document.errors, ...document.warnings]);
  const problems = errors.map((error) => syntaxProblem(error, file, lines));
  const broken = errors.filter((error) => error.code !== 'DUPLICATE_KEY').map((error) => error.pos[0]);
  const { data, failure } = toData(document, schema);
  if (failure !== undefined) {
    broken.push(0);
    problems.push({ file, line: 1, column: 1, path: '', message: failure, allowed: 'anchors used in moderation' });
  }
  return {
    file,
    data,
    problems,
    brokenAt: Math.min(...broken, Number.POSITIVE_INFINITY),
    place({ path, at, message, allowed }) {
      const offset = offsetOf(find(document, path), at);
      return { file, ...position(lines, offset), path: printPath(path), message, allowed, offset };
    },
  };
}

/** Problems in the order of the file, each once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map(problems.map((problem) => [`${problem.line}:${problem.path}:${problem.message}`, problem]));
  return [...unique.values()].sort(
    (left, right) => (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0),
  );
}

/**
 * Place findings in a source. After a mistake of syntax only what stands before it counts, and nothing is called
 * missing: the rest of the file may not have been read as it was meant.
 */
export function placeAll(source: YamlSource, findings: readonly Finding[]): Problem[] {
  const isBroken = Number.isFinite(source.brokenAt);
  const placed: Problem[] = [...source.problems];
  for (const finding of findings) {
    const { offset, ...problem } = source.place(finding);
    if (!isBroken || (offset < source.brokenAt && !finding.needsWhole)) placed.push(problem);
  }
  return sortProblems(placed);
}

export type YamlResult<T> = { readonly value: T } | { readonly problems: readonly Problem[] };

/**
 * Parse and check a YAML text against a schema.
 * @returns the value, or every mistake with its line and column; never throws for what the text holds
 */
export function readYaml<S extends z.ZodType>(text: string, file: string, schema: S): YamlResult<z.output<S>> {
  const source = parseYaml(text, file, schema);
  const result = schema.safeParse(source.data);
  const findings = result.success ? [] : findingsOf(schema, result.error.issues, source.data);
  const problems = placeAll(source, findings);
  return result.success && problems.length === 0 ? { value: result.data } : { problems };
}
