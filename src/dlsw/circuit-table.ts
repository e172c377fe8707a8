import type { Circuit } from './circuit.js';
import type { SspControl } from './ssp.js';

/** The circuits of one link, and which of them a message means. */
export class CircuitTable {
  private readonly byCorrelator = new Map<number, Circuit>();
  private lastCorrelator = 0;

  /** An id no circuit of this link has had, so that a late message never finds a newer circuit. 1..2^31-1 */
  nextCorrelator(): number {
    do {
      this.lastCorrelator = this.lastCorrelator >= 0x7fffffff ? 1 : this.lastCorrelator + 1;
    } while (this.byCorrelator.has(this.lastCorrelator));
    return this.lastCorrelator;
  }

  add(circuit: Circuit): void {
    this.byCorrelator.set(circuit.correlator, circuit);
  }

  remove(correlator: number): void {
    this.byCorrelator.delete(correlator);
  }

  get(correlator: number): Circuit | undefined {
    return this.byCorrelator.get(correlator);
  }

  /** All of them as they are now: the list does not change while they end. */
  all(): Circuit[] {
    return [...this.byCorrelator.values()];
  }

  /**
   * The circuit that an ICANREACH means, by the ids it reflects. An explorer's reply also counts when it only names the
   * stations; one to a circuit start does so only without ids, as it may be a late one for a circuit given up.
   */
  replied(message: SspControl, isExplorer: boolean): Circuit | undefined {
    const byId = this.get(message.originCorrelator);
    if (byId && (byId.state === 'EXPLORING' || !isExplorer)) return byId;
    if (!isExplorer && message.originCorrelator !== 0) return undefined;
    const state = isExplorer ? 'EXPLORING' : 'CIRCUIT_START';
    return this.all().find((circuit) => circuit.state === state && isReplyTo(circuit, message));
  }

  /** The circuit that a CANUREACH_cs starts. */
  called(message: SspControl): Circuit | undefined {
    let best: Circuit | undefined;
    let bestRank = 0;
    for (const circuit of this.byCorrelator.values()) {
      const rank = callRank(circuit, message);
      if (rank > bestRank) {
        best = circuit;
        bestRank = rank;
      }
    }
    return best;
  }

  /** May stations be called here by this address? SAP 0 stands for any. */
  hasTarget(mac: string, sap: number): boolean {
    return this.all().some(
      ({ address, isTarget }) => isTarget && address.localMac === mac && (sap === 0 || sap === address.localSap),
    );
  }
}

function isReplyTo({ address }: Circuit, message: SspControl): boolean {
  const isOurs = address.localMac === message.originMac && address.localSap === message.originSap;
  return isOurs && address.remoteMac === message.targetMac;
}

/**
 * How well a CANUREACH_cs fits a circuit; 0 not at all. A repeated call comes first, then a circuit that waits for
 * this very station, then one that waits for any, then one of ours that looks for the caller: of two that call each
 * other the one with the higher MAC address is the origin.
 */
function callRank(circuit: Circuit, message: SspControl): number {
  const { address, state } = circuit;
  if (address.localMac !== message.targetMac || address.localSap !== message.targetSap) return 0;
  const isExpected = address.remoteMac === message.originMac && address.remoteSap === message.originSap;
  if (state === 'CIRCUIT_PENDING') return circuit.isCalledBy(message) ? 4 : 0;
  if (state === 'AWAITING') return isExpected ? 3 : 2;
  if (state === 'EXPLORING') return isExpected ? 1 : 0;
  return state === 'CIRCUIT_START' && isExpected && message.originMac > address.localMac ? 1 : 0;
}
