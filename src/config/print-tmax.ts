import type { HostLinkConfig, TmaxUnused } from './model.js';

/** What a Tmax configuration gave, and what of it is not used: lines for people. */

function valueAt(config: HostLinkConfig, key: string): string {
  const [, at = '', name = ''] = /^services\[(\d+)\]\.(timeout)$/.exec(key) ?? [];
  return name === '' ? key : `timeout of service ${config.services[Number(at)]?.name}`;
}

function unusedLine({ section, entry, items, reason, line }: TmaxUnused): string {
  const where = entry === '' ? `*${section}` : `*${section} ${entry}`;
  return `    line ${line}: ${where}${items.length === 0 ? '' : `: ${items.join(', ')}`} (${reason})`;
}

/** Lines without an end of line; none where no Tmax configuration is named. */
export function tmaxLines(config: HostLinkConfig): string[] {
  const { tmax } = config;
  if (!tmax) return [];
  const { file, server, taken, unused } = tmax;
  return [
    `  Tmax configuration ${file}, SERVER ${server}: ${taken.length} values taken`,
    ...taken.map(({ key, written, line }) => `    line ${line}: ${written} gives ${valueAt(config, key)}`),
    ...(unused.length === 0 ? [] : [`  not used of ${file}:`]),
    ...unused.map(unusedLine),
  ];
}
