import type { Clock } from '../base/clock.js';
import type { Log, Logger } from '../base/log.js';
import { ChainSpares } from './chain-buffer.js';
import type { Circuit } from './circuit.js';
import type { CircuitEvent } from './circuit-machine.js';
import { type ConnectionFacts, HostConnection, type HostTransport } from './connection.js';
import { type HostDefinitions, luName, type PeerDefinition, type PuDefinition } from './definitions.js';
import { HostApplication } from './host-application.js';
import { HostLu } from './host-lu.js';
import { HostPu } from './host-pu.js';
import { Ledger, type OnLedger } from './ledger.js';
import { createProgram } from './programs.js';
import { ProtocolErrors } from './protocol-errors.js';
import { Sscp } from './sscp.js';

export interface HostNodeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly onLedger?: OnLedger | undefined;
}

const XID0_LENGTH = 6;
const XID_TYPE_PU2 = 0x02;
const XID3_TYPE_PU2 = 0x32;

/** The whole embedded host without sockets: bytes in and out per connection, time from a clock. */
export class HostNode {
  readonly definitions: HostDefinitions;
  readonly clock: Clock;
  readonly errors: ProtocolErrors;
  readonly ledger = new Ledger();
  readonly applications: ReadonlyMap<string, HostApplication>;
  readonly sscp: Sscp;
  readonly pus = new Map<string, HostPu>();
  readonly lus = new Map<string, HostLu>();
  readonly connections = new Set<HostConnection>();
  /** XIDs that matched no free PU definition. */
  refusedXids = 0;
  private readonly circuits = new Map<HostPu, Circuit>();
  private circuitId = 0;
  /** Of connections and circuits that are gone, so that the totals only grow. */
  private readonly past = { piusOut: 0, bytesIn: 0, bytesOut: 0 };
  private readonly log: Logger;
  private readonly onLedger: OnLedger | undefined;
  private readonly chainSpares = new ChainSpares();

  constructor(definitions: HostDefinitions, options: HostNodeOptions) {
    this.definitions = definitions;
    this.clock = options.clock;
    this.onLedger = options.onLedger;
    this.log = options.log.part('host');
    this.errors = new ProtocolErrors(this.clock, ({ rule, text, pu, lu, piuHex }) => {
      this.log.warn({ rule, pu, lu, header: piuHex.slice(0, 18) }, `protocol error: ${text}`);
    });
    this.applications = new Map(
      definitions.applications.map((one, index) => [
        one.name,
        new HostApplication(
          one,
          index + 1,
          createProgram(one, this.clock, (lu, to) => this.lus.get(lu)?.pass(to)),
        ),
      ]),
    );
    this.sscp = new Sscp(definitions, this.applications, this.clock);
    for (const pu of definitions.pus) this.definePu(pu);
  }

  private definePu(definition: PuDefinition): void {
    const { sscp, checks, timers } = this.definitions;
    const settings = {
      name: definition.name,
      id: `${definition.idBlk}${definition.idNum}`.toLowerCase(),
      piuSizeMax: definition.piuSizeMax,
      sscpAddress: sscp.address,
      checksOdai: checks.odai,
      actpuRetryMs: timers.actpuRetryMs,
    };
    const pu = new HostPu(settings, this.clock, this.errors, this.ledger);
    this.pus.set(pu.name, pu);
    for (const range of definition.lus) {
      for (let address = range.addresses[0]; address <= range.addresses[1]; address += 1) {
        this.defineLu(pu, range, address);
      }
    }
  }

  private defineLu(pu: HostPu, range: PuDefinition['lus'][number], localAddress: number): void {
    const { sscp, checks, chainSizeMax } = this.definitions;
    const settings = {
      name: luName(range.name, localAddress),
      localAddress,
      defaultLogMode: range.logMode,
      autologon: range.autologon,
      queuesAtHead: range.queueAt === 'head',
      ussMessages: sscp.ussMessages,
      chainSizeMax,
      chainSpares: this.chainSpares,
      isSequenceStrict: checks.sequence === 'strict',
      onLedger: this.onLedger,
    };
    const lu = new HostLu(settings, pu, this.sscp);
    pu.lus[localAddress] = lu;
    this.lus.set(lu.name, lu);
  }

  /** A peer connected. Feed the result with `data`, and tell it when the transport is `closed`. */
  attach(transport: HostTransport, facts: ConnectionFacts): HostConnection {
    const connection = new HostConnection(this, transport, facts);
    this.connections.add(connection);
    this.log.info({ remote: facts.remoteAddress, connections: facts.connections }, 'peer connected');
    return connection;
  }

  detach(connection: HostConnection): void {
    this.connections.delete(connection);
    this.past.bytesIn += connection.bytesIn;
    this.past.bytesOut += connection.bytesOut;
    this.log.info({ remote: connection.facts.remoteAddress }, 'peer gone');
  }

  nextCircuitId(): number {
    this.circuitId += 1;
    return this.circuitId;
  }

  /** Capabilities are exchanged: start the circuits that we have to start. */
  connectionUp(connection: HostConnection): void {
    const peer: PeerDefinition | undefined = connection.facts.peer;
    for (const { name, mac, sap } of peer?.pus ?? []) {
      const pu = this.pus.get(name);
      if (pu && !this.circuits.has(pu)) connection.startCircuit(mac, sap);
    }
  }

  /** An XID came: null asks for ours, another says which PU it is. */
  onXid(
    connection: HostConnection,
    circuit: Circuit,
    xid: Uint8Array,
    bytes: Buffer,
    from: number,
    to: number,
  ): CircuitEvent | undefined {
    if (xid.length === 0) return 'XID_NULL';
    const isFormat0 = xid.length === XID0_LENGTH && xid[0] === XID_TYPE_PU2 && xid[1] === 0;
    const isFormat3 = xid.length >= 29 && xid[0] === XID3_TYPE_PU2 && xid[1] === xid.length;
    if (!isFormat0 && !isFormat3) {
      connection.record('XID_FORMAT', '', bytes, from, to);
      return 'XID_BAD';
    }
    const id = Buffer.from(xid.subarray(2, 6)).toString('hex');
    const pu = [...this.pus.values()].find((one) => one.settings.id === id);
    const holder = pu && this.circuits.get(pu);
    if (pu === undefined || (holder !== undefined && holder !== circuit)) {
      this.refusedXids += 1;
      this.log.warn({ xid: id, remote: connection.facts.remoteAddress }, pu ? 'PU is in use' : 'XID of no defined PU');
      return 'XID_BAD';
    }
    circuit.pu = pu;
    this.circuits.set(pu, circuit);
    return 'XID_GOOD';
  }

  circuitEnded(connection: HostConnection, circuit: Circuit): void {
    this.past.piusOut += circuit.piusOut;
    for (const [pu, held] of this.circuits) if (held === circuit) this.circuits.delete(pu);
    if (!circuit.ends.isOrigin || !this.connections.has(connection)) return;
    // The host is the one who starts this circuit: it keeps trying.
    const { targetMac, targetSap } = circuit.ends;
    this.clock.after(this.definitions.timers.connectRetryMs, () => {
      if (this.connections.has(connection)) connection.startCircuit(targetMac, targetSap);
    });
  }

  circuitOf(pu: HostPu): Circuit | undefined {
    return this.circuits.get(pu);
  }

  /** Sums over all connections, those of the past included. */
  traffic(): { piusIn: number; piusOut: number; bytesIn: number; bytesOut: number } {
    const sum = { piusIn: 0, ...this.past };
    for (const pu of this.pus.values()) sum.piusIn += pu.piusIn;
    for (const circuit of this.circuits.values()) sum.piusOut += circuit.piusOut;
    for (const connection of this.connections) {
      sum.bytesIn += connection.bytesIn;
      sum.bytesOut += connection.bytesOut;
    }
    return sum;
  }

  warn(text: string): void {
    this.log.warn(text);
  }
}
