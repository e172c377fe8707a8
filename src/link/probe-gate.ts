import type { LuSession } from './session.js';

/** What is known of a PU that was lost. */
interface Probe {
  /** The session that tries; undefined while none does. */
  session: LuSession | undefined;
  sinceMs: number;
  /** Groups whose session tried in vain: those of another application may fare better. */
  readonly failed: Set<number>;
}

/**
 * After a PU was lost only one of its sessions tries to come up; when the host has bound that one, all others follow. A
 * host that just came back is so not met by 256 logons that it cannot serve yet.
 * @source Tmax Host-link, session troubleshooting of the link, steps 4 and 5
 */
export class ProbeGate {
  /** By name, the PUs that were lost. */
  private readonly probes = new Map<string, Probe>();

  /** Is any PU waiting for its probe? */
  get isClosed(): boolean {
    return this.probes.size > 0;
  }

  /** This PU was lost: when it is back, one session goes first. */
  close(pu: string): void {
    this.probes.set(pu, { session: undefined, sinceMs: 0, failed: new Set() });
  }

  /** May this session try now? Yes for the one that goes first, and where no PU was lost. */
  mayTry(session: LuSession): boolean {
    const probe = this.probes.get(session.puName);
    if (probe === undefined || probe.session === session) return true;
    return probe.session === undefined && !probe.failed.has(session.config.group);
  }

  /** All that may try have tried in vain: once more from the first. @returns false when that changes nothing */
  startAnew(): boolean {
    let isChanged = false;
    for (const { session, failed } of this.probes.values()) {
      if (session !== undefined || failed.size === 0) continue;
      failed.clear();
      isChanged = true;
    }
    return isChanged;
  }

  /** It tries. @returns true when it is the one that goes first */
  tries(session: LuSession, nowMs: number): boolean {
    const probe = this.probes.get(session.puName);
    if (probe === undefined) return false;
    const isNew = probe.session !== session;
    probe.session = session;
    probe.sinceMs = nowMs;
    return isNew;
  }

  /** The host bound a session of this PU. @returns how long the probe took, ms; undefined where none was awaited */
  open(session: LuSession, nowMs: number): number | undefined {
    const probe = this.probes.get(session.puName);
    if (probe === undefined) return undefined;
    this.probes.delete(session.puName);
    return probe.session === undefined ? 0 : nowMs - probe.sinceMs;
  }

  /** This session does not try any more: where it went first, another may. */
  gaveUp(session: LuSession): void {
    const probe = this.probes.get(session.puName);
    if (probe?.session !== session) return;
    probe.session = undefined;
    probe.failed.add(session.config.group);
  }
}
