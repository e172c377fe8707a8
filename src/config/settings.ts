import { HostLinkError } from '../base/errors.js';
import { LOG_LEVELS, LOG_PARTS, type LogLevel, type LogPart } from '../base/log.js';
import { crossCheck } from './checks.js';
import { allowedOf, schemaAt } from './describe.js';
import type { HostLinkConfig, ServerConfig } from './model.js';
import { hostLinkSchema } from './schema.js';

/** Settings of the server that an operator may change at run time, and where the effective configuration keeps each. */
const FIELDS = {
  maxqcount: 'maxqcount',
  asqcount: 'asqcount',
  maxrstart: 'maxrstart',
  gperiod: 'gperiodMs',
  min: 'min',
  max: 'max',
} as const satisfies Record<string, keyof ServerConfig>;

export type SettingName = keyof typeof FIELDS;
export type SettingField = (typeof FIELDS)[SettingName];

export const SETTING_NAMES = Object.keys(FIELDS) as readonly SettingName[];

/** A setting that has been checked: counts as they are, times in ms. */
export interface Setting {
  readonly field: SettingField;
  readonly value: number;
}

function invalid(setting: string, value: unknown, what: string, allowed: string): HostLinkError {
  return new HostLinkError('SETTING_INVALID', `${what}; allowed: ${allowed}.`, { setting, value, allowed });
}

/**
 * Check a new value of a setting as the configuration would be: its own range, and what it has to do with other settings.
 * @param value as a file would write it, a number or text such as '60s'
 * @throws HostLinkError SETTING_INVALID
 */
export function parseSetting(config: HostLinkConfig, name: string, value: string | number): Setting {
  const known = SETTING_NAMES.find((one) => one === name);
  if (known === undefined) throw invalid(name, value, `"${name}" is no setting`, SETTING_NAMES.join(', '));
  const schema = schemaAt(hostLinkSchema, ['server', known])!;
  const isNumber = typeof value === 'string' && /^-?\d+$/.test(value);
  const result = schema.safeParse(isNumber ? Number(value) : value);
  if (!result.success) throw invalid(name, value, `${name} cannot be ${value}`, allowedOf(schema));
  const { min, max } = config.server;
  const server = { min, max, [known]: result.data as number };
  const [finding] = crossCheck({
    server: { min: server.min, max: server.max },
    links: config.links.map(() => undefined),
  });
  if (finding !== undefined) throw invalid(name, value, finding.message, finding.allowed);
  return { field: FIELDS[known], value: result.data as number };
}

/** @throws HostLinkError SETTING_INVALID */
export function parseLogLevel(part: string, level: string): { readonly part: LogPart; readonly level: LogLevel } {
  const knownPart = LOG_PARTS.find((one) => one === part);
  if (knownPart === undefined) throw invalid('loglevel', part, `"${part}" is no part of the log`, LOG_PARTS.join(', '));
  const knownLevel = LOG_LEVELS.find((one) => one === level);
  if (knownLevel === undefined) throw invalid('loglevel', level, `"${level}" is no level`, LOG_LEVELS.join(', '));
  return { part: knownPart, level: knownLevel };
}
