import { z } from 'zod';
import { PLACEHOLDERS, parseAddresses, parseTerminals } from './lu-range.js';
import { parseDuration, parseMac, parseSize, printSize } from './units.js';

/** Kinds of values a configuration file holds. Each carries in its meta data `allowed` how a mistake is answered. */

/** Code pages built in. */
export const CODE_PAGES = ['037', '500', '1047', '273', '1140', '933'] as const;

type FromText<I, O> = (value: I) => O | undefined;

function isWithin(value: number, [min, max]: readonly [number, number]): boolean {
  return value >= min && value <= max;
}

function parsed<I, O>(input: z.ZodType<I, I>, parse: FromText<I, O>, what: string, allowed: string) {
  return input
    .transform((value, context): O => {
      const result = parse(value);
      if (result !== undefined) return result;
      context.issues.push({ code: 'custom', input: value, message: what });
      return z.NEVER;
    })
    .meta({ allowed });
}

const numberOrText = z.union([z.number(), z.string()]);

/** A duration in milliseconds. @param from and @param to least and most, as a file would write them */
export function duration(from: string | 0, to: string) {
  const range = [parseDuration(from) ?? 0, parseDuration(to) ?? 0] as const;
  const parse = (value: number | string) => {
    const ms = parseDuration(value);
    return ms !== undefined && isWithin(ms, range) ? ms : undefined;
  };
  const allowed = `${from}..${to}, as milliseconds or with ms, s, m, h or d`;
  return parsed(numberOrText, parse, 'not a duration in range', allowed);
}

/** A size in bytes. @param from and @param to least and most, bytes */
export function size(from: number, to: number) {
  const parse = (value: number | string) => {
    const bytes = parseSize(value);
    return bytes !== undefined && isWithin(bytes, [from, to]) ? bytes : undefined;
  };
  const allowed = `${printSize(from)}..${printSize(to)}, as bytes or with KB, MB or GB`;
  return parsed(numberOrText, parse, 'not a size in range', allowed);
}

/** A whole number. */
export function whole(min: number, max: number) {
  return z.number().int().min(min).max(max);
}

function matching(pattern: RegExp, what: string, allowed: string) {
  return z.string().regex(pattern, what).meta({ allowed });
}

/** A name as the host knows it. */
export const snaName = matching(
  /^[A-Z#@$][A-Z0-9#@$]{0,7}$/,
  'not a network name',
  '1 to 8 characters A-Z 0-9 # @ $, not starting with a digit',
);

/** A network name, or '' for none. */
export const snaNameOrEmpty = matching(
  /^([A-Z#@$][A-Z0-9#@$]{0,7})?$/,
  'not a network name',
  "'' or 1 to 8 characters A-Z 0-9 # @ $, not starting with a digit",
);

/** A name of our own. */
export const ownName = matching(
  /^[A-Za-z][A-Za-z0-9_.-]{0,31}$/,
  'not a name',
  '1 to 32 characters A-Z a-z 0-9 _ . -, starting with a letter',
);

export const label = matching(/^[A-Za-z0-9_.-]{0,32}$/, 'not a label', "'' or up to 32 characters A-Z a-z 0-9 _ . -");

const VALUES_MAX = 256;

/** Session types by the value of a field. */
export const valueMap = z
  .record(z.string().max(256), label)
  .refine((map) => Object.keys(map).length <= VALUES_MAX, `more than ${VALUES_MAX} values`)
  .meta({ allowed: `value: session type, at most ${VALUES_MAX}; a number as a decimal` });

/** `digits` hex digits, given in upper case. */
export function hex(digits: number) {
  const pattern = new RegExp(`^[0-9A-Fa-f]{${digits}}$`);
  const parse = (text: string) => (pattern.test(text) ? text.toUpperCase() : undefined);
  return parsed(z.string(), parse, `not ${digits} hex digits`, `${digits} hex digits 0-9 A-F`);
}

function parseStationMac(text: string): string | undefined {
  const mac = parseMac(text);
  return mac === undefined || /^0{12}$/.test(mac) || Number.parseInt(mac.slice(0, 2), 16) >= 0x80 ? undefined : mac;
}

/** MAC address of one station, non-canonical bit order. */
export const mac = parsed(
  z.string(),
  parseStationMac,
  'not the MAC address of a station',
  '12 hex digits as 4000.3745.0001 or 40:00:37:45:00:01, first byte below 80, not all zero',
);

/** Service access point of one station. */
export const sap = z.number().int().min(2).max(254).multipleOf(2).meta({ allowed: '2..254, even (0x04 for hex)' });

export const hostAddress = matching(/^[A-Za-z0-9_.:%-]{1,255}$/, 'not a host', 'a host name or an IP address');

export const addresses = parsed(
  z.union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))]),
  parseAddresses,
  'not a set of local addresses',
  "local addresses 1..255, as 5, '2-97' or '2-10,20'",
);

/** Terminal numbers, one for each LU of a range. */
export const terminals = parsed(
  z.union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))]),
  parseTerminals,
  'not a set of terminals',
  "terminals, as 1001, '1001-1096', '1001-1010,1020' or [BR01, BR02]; 1 to 16 of A-Z a-z 0-9 . _ - each",
);

export const namePattern = z
  .string()
  .min(1)
  .max(64)
  .meta({ allowed: `a name of at most 8 characters, or a pattern with ${PLACEHOLDERS}` });

/** Code page of text payloads. */
export const codePage = z.enum(CODE_PAGES).meta({ allowed: CODE_PAGES.join(', ') });
