import type { HostLinkConfig, ServiceConfig } from './model.js';

/** Groups that calls of a service may use: its own, or all those that its header can give. */
export function groupsOf(service: ServiceConfig, config: Pick<HostLinkConfig, 'groups' | 'headers'>): number[] {
  const byHeader = config.headers[service.header]?.sessionType;
  if (byHeader === undefined) return [service.group];
  const types = byHeader.map && new Set(Object.values(byHeader.map));
  const { application } = config.groups[service.group]!;
  return config.groups
    .filter((group) => group.application === application && (types?.has(group.sessionType) ?? true))
    .map((group) => group.index);
}
