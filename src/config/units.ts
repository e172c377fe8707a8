const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

function parseWithUnit(value: number | string, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  const match = /^(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]*)$/i.exec(value.trim());
  if (!match) return undefined;
  const [, digits = '', unit = ''] = match;
  const factor = unit === '' ? 1 : Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  return factor === undefined ? undefined : Math.round(Number(digits) * factor);
}

function printWithUnit(value: number, units: Readonly<Record<string, number>>): number | string {
  if (value === 0) return 0;
  const best = Object.entries(units).findLast(([, factor]) => value % factor === 0);
  return best ? `${value / best[1]}${best[0]}` : value;
}

/** Milliseconds of 250, '250ms', '30s', '2m', '1h' or '1d'; undefined when it is no duration. */
export function parseDuration(value: number | string): number | undefined {
  return parseWithUnit(value, DURATION_UNITS);
}

/** A duration in the largest unit that divides it, such as '30s'. @param ms whole milliseconds, 0 or more */
export function printDuration(ms: number): number | string {
  return printWithUnit(ms, DURATION_UNITS);
}

/** Bytes of 512, '512B', '64KB', '1MB' or '1GB' (steps of 1024); undefined when it is no size. */
export function parseSize(value: number | string): number | undefined {
  return parseWithUnit(value, SIZE_UNITS);
}

/** A size in the largest unit that divides it, such as '64KB'. @param bytes whole, 0 or more */
export function printSize(bytes: number): number | string {
  const text = printWithUnit(bytes, SIZE_UNITS);
  return typeof text === 'string' ? text.toUpperCase() : text;
}

/** 12 hex digits (upper case) of a MAC address written 4000.3745.0001, 40:00:37:45:00:01 or 400037450001. */
export function parseMac(text: string): string | undefined {
  const isWritten =
    /^[0-9a-f]{4}(\.[0-9a-f]{4}){2}$/i.test(text) ||
    /^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$/i.test(text) ||
    /^[0-9a-f]{12}$/i.test(text);
  return isWritten ? text.replace(/[.:-]/g, '').toUpperCase() : undefined;
}

/** A MAC address in groups of four. @param mac 12 hex digits */
export function printMac(mac: string): string {
  return `${mac.slice(0, 4)}.${mac.slice(4, 8)}.${mac.slice(8)}`;
}
