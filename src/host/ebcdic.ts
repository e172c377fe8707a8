/**
 * The little EBCDIC (code page 037) that a host's own names, messages and programs need: printable ASCII both ways, and
 * upper case for all letters of the page. Kept apart from hostlink/sna, whose tables it helps to check.
 * @source CCSID 37, code page chart
 */

const ROWS: readonly (readonly [first: number, characters: string])[] = [
  [0x4b, '.<(+|&'],
  [0x5a, '!$*);'],
  [0x60, '-/'],
  [0x6b, ',%_>?'],
  [0x79, '`:#@\'="'],
  [0x81, 'abcdefghi'],
  [0x91, 'jklmnopqr'],
  [0xa1, '~stuvwxyz'],
  [0xb0, '^'],
  [0xba, '[]'],
  [0xc0, '{ABCDEFGHI'],
  [0xd0, '}JKLMNOPQR'],
  [0xe0, '\\'],
  [0xe2, 'STUVWXYZ'],
  [0xf0, '0123456789'],
];

const SPACE = 0x40;
const SUBSTITUTE = 0x6f;
const NEW_LINE = 0x15;

const TO_TEXT: readonly string[] = buildToText();
const FROM_TEXT: ReadonlyMap<string, number> = new Map(TO_TEXT.flatMap((c, code) => (c === '?' ? [] : [[c, code]])));

function buildToText(): string[] {
  const table = Array<string>(256).fill('?');
  table[SPACE] = ' ';
  table[NEW_LINE] = '\n';
  for (const [first, characters] of ROWS) {
    for (let index = 0; index < characters.length; index += 1) table[first + index] = characters[index]!;
  }
  return table;
}

/** Text as EBCDIC; what the table lacks becomes a question mark, a line feed becomes NL. */
export function toEbcdic(text: string): Buffer {
  return Buffer.from(Array.from(text, (c) => FROM_TEXT.get(c) ?? SUBSTITUTE));
}

/** EBCDIC bytes `[from, to)` as text; what the table lacks becomes a question mark. */
export function fromEbcdic(bytes: Uint8Array, from = 0, to = bytes.length): string {
  let text = '';
  for (let at = from; at < to; at += 1) text += TO_TEXT[bytes[at]!]!;
  return text;
}

/** A name of `size` bytes, padded with blanks. */
export function paddedName(name: string, size: number): Buffer {
  return toEbcdic(name.slice(0, size).padEnd(size));
}

/** Upper case of every code point of the page; what has none stays. */
export const UPPER_CASE: Uint8Array = buildUpperCase();

function buildUpperCase(): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, code) => code);
  const shift = (first: number, last: number, by: number): void => {
    for (let code = first; code <= last; code += 1) table[code] = code + by;
  };
  shift(0x81, 0x89, 0x40); // a to i
  shift(0x91, 0x99, 0x40);
  shift(0xa2, 0xa9, 0x40);
  shift(0x42, 0x49, 0x20); // accented a, c cedilla, n tilde
  shift(0x51, 0x58, 0x20); // accented e and i
  shift(0x8c, 0x8e, 0x20); // eth, y acute, thorn
  shift(0xcb, 0xcf, 0x20); // accented o
  shift(0xdb, 0xde, 0x20); // accented u
  table[0x70] = 0x80; // o slash
  table[0x9c] = 0x9e; // ae
  return table;
}
