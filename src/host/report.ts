import type { LuState } from './host-lu.js';
import type { HostNode } from './host-node.js';
import type { PuState } from './host-pu.js';
import type { LedgerRow } from './ledger.js';
import type { ProtocolError } from './protocol-errors.js';

/** What the embedded host has seen and done. Plain data, for people (`hostlink host`) and tests. */
export interface HostReport {
  /** Peers connected now. */
  readonly connections: number;
  readonly pus: readonly { readonly name: string; readonly state: PuState; readonly piusIn: number }[];
  readonly lus: Readonly<Record<LuState, number>>;
  readonly sessions: {
    readonly active: number;
    /** CINIT, BIND, SDT or UNBIND under way. */
    readonly pending: number;
    /** Logons that wait. */
    readonly queued: number;
  };
  readonly applications: readonly {
    readonly name: string;
    readonly isOpen: boolean;
    /** Active and pending active. */
    readonly sessions: number;
    /** Logons that wait for it. */
    readonly queued: number;
    readonly requests: number;
    readonly replies: number;
  }[];
  /** Any at all makes the run a failed one. `list` holds the last 200. */
  readonly protocolErrors: { readonly count: number; readonly list: readonly ProtocolError[] };
  /** XIDs of PUs that are not defined, or in use. */
  readonly refusedXids: number;
  readonly piusIn: number;
  readonly piusOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly ledger: readonly LedgerRow[];
}

function countLus(node: HostNode): Record<LuState, number> {
  const counts = { RESET: 0, PEND_ACTLU: 0, PEND_REACTLU: 0, ACTIVE: 0, PEND_DACTLU: 0 };
  for (const lu of node.lus.values()) counts[lu.state] += 1;
  return counts;
}

function countSessions(node: HostNode): HostReport['sessions'] {
  let active = 0;
  let pending = node.sscp.unbound;
  for (const { session } of node.lus.values()) {
    if (session?.isActive) active += 1;
    else if (session) pending += 1;
  }
  return { active, pending, queued: node.sscp.queued };
}

/** Take stock. */
export function reportOf(node: HostNode): HostReport {
  const ledger = node.ledger.list();
  const applications = [...node.applications.values()].map((application) => {
    const { name, isOpen, sessions } = application;
    const queued = node.sscp.waitingFor(application).length;
    const rows = ledger.filter((row) => row.application === name);
    const requests = rows.reduce((sum, row) => sum + row.requests, 0);
    return { name, isOpen, sessions, queued, requests, replies: rows.reduce((sum, row) => sum + row.replies, 0) };
  });
  return {
    connections: node.connections.size,
    pus: [...node.pus.values()].map(({ name, state, piusIn }) => ({ name, state, piusIn })),
    lus: countLus(node),
    sessions: countSessions(node),
    applications,
    protocolErrors: { count: node.errors.count, list: node.errors.list() },
    refusedXids: node.refusedXids,
    ...node.traffic(),
    ledger,
  };
}
