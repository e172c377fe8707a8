/** LU local addresses and name patterns: how a file says many LUs in one line. */

export interface NameValues {
  readonly link: string;
  readonly pu: string;
  readonly address: number;
  /** Place within its range, from 1. */
  readonly index: number;
}

/** What may stand between braces in a name pattern, for messages. */
export const PLACEHOLDERS =
  '{address}, {index}, {pu}, {link}, with a width such as {address:03}, or hex as {address:02X}';

function parseAddressPart(part: string): number[] | undefined {
  const match = /^\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?$/.exec(part);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (first < 1 || last > 255 || last < first) return undefined;
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/**
 * The local addresses of 5, '2-97', '2-10,20' or a list of these, in the order written.
 * @returns undefined when some part is no address 1..255 or runs backwards
 */
export function parseAddresses(value: number | string | readonly (number | string)[]): number[] | undefined {
  const parts = (typeof value === 'object' ? value : [value]).flatMap((part) => String(part).split(','));
  const addresses: number[] = [];
  for (const part of parts) {
    const some = parseAddressPart(part);
    if (some === undefined || addresses.length > 255) return undefined;
    addresses.push(...some);
  }
  return addresses.length === 0 ? undefined : addresses;
}

/** The shortest text that `parseAddresses` reads back as these addresses, in this order. */
export function printAddresses(addresses: readonly number[]): string {
  const parts: string[] = [];
  for (let from = 0; from < addresses.length; ) {
    let to = from;
    while (addresses[to + 1] === addresses[to]! + 1) to += 1;
    parts.push(to === from ? `${addresses[from]}` : `${addresses[from]}-${addresses[to]}`);
    from = to + 1;
  }
  return parts.join(',');
}

const TERMINAL = /^[A-Za-z0-9._-]{1,16}$/;
const TERMINAL_RANGE = /^\s*(\d{1,9})\s*-\s*(\d{1,9})\s*$/;
const TERMINALS_MAX = 256;

/** '0998-1001' as 0998, 0999, 1000, 1001: padded as the first is. */
function parseTerminalPart(part: string): string[] | undefined {
  const range = TERMINAL_RANGE.exec(part);
  if (!range) return TERMINAL.test(part.trim()) ? [part.trim()] : undefined;
  const [first, last] = [Number(range[1]), Number(range[2])];
  if (last < first || last - first >= TERMINALS_MAX) return undefined;
  return Array.from({ length: last - first + 1 }, (_, at) => String(first + at).padStart(range[1]!.length, '0'));
}

/**
 * The terminals of 1001, '1001-1096', '1001-1010,1020', 'BR01' or a list of these, in the order written.
 * @returns undefined when some part is none, or there are more than 256
 */
export function parseTerminals(value: number | string | readonly (number | string)[]): string[] | undefined {
  const terminals: string[] = [];
  for (const part of (typeof value === 'object' ? value : [value]).flatMap((one) => String(one).split(','))) {
    const some = parseTerminalPart(part);
    if (some === undefined || terminals.length + some.length > TERMINALS_MAX) return undefined;
    terminals.push(...some);
  }
  return terminals.length === 0 ? undefined : terminals;
}

function printPlaceholder(key: string, format: string | undefined, values: NameValues): string | undefined {
  if (key === 'pu' || key === 'link') return format === undefined ? values[key] : undefined;
  if (key !== 'address' && key !== 'index') return undefined;
  const match = /^0?([1-8]?)([xX]?)$/.exec(format ?? '');
  if (!match) return undefined;
  const digits = values[key].toString(match[2] === '' ? 10 : 16).toUpperCase();
  return digits.padStart(Number(match[1] || 0), '0');
}

/** The LU name that a pattern such as 'LA1{address:03}' gives; undefined when a placeholder is not known. */
export function expandName(pattern: string, values: NameValues): string | undefined {
  let isKnown = true;
  const name = pattern.replace(/\{([^{}:]*)(?::([^{}]*))?\}/g, (_, key: string, format: string | undefined) => {
    const text = printPlaceholder(key, format, values);
    isKnown &&= text !== undefined;
    return text ?? '';
  });
  return isKnown && !/[{}]/.test(name) ? name : undefined;
}

/** Patterns that give `name` for `address`, the likeliest first; the name itself comes last. */
export function patternsOf(name: string, address: number): string[] {
  const forms: [string, string][] = [3, 2, 1].map((width) => [
    `{address:0${width}}`,
    String(address).padStart(width, '0'),
  ]);
  forms.push(['{address:02X}', address.toString(16).toUpperCase().padStart(2, '0')]);
  const fitting = forms.filter(([, digits]) => name.endsWith(digits));
  return [...fitting.map(([form, digits]) => name.slice(0, name.length - digits.length) + form), name];
}
