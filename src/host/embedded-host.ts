import { type Clock, createClock } from '../base/clock.js';
import { createSilentLog, type Log } from '../base/log.js';
import { type HostDefinitionsInput, parseDefinitions } from './definitions.js';
import { HostControl } from './host-control.js';
import { HostNode } from './host-node.js';
import { HostServer } from './host-server.js';
import type { OnLedger } from './ledger.js';
import { type HostReport, reportOf } from './report.js';

export interface EmbeddedHostOptions {
  readonly clock?: Clock;
  readonly log?: Log;
  /** Called for each request that an application executes. */
  readonly onLedger?: OnLedger;
}

/** The embedded host on a TCP port: an SSCP with primary applications, for tests, demo and benches. */
export class EmbeddedHost {
  readonly control: HostControl;
  readonly address: string;
  /** The actual port. */
  readonly port: number;
  private readonly node: HostNode;
  private readonly server: HostServer;

  private constructor(node: HostNode, server: HostServer, bound: { address: string; port: number }) {
    this.node = node;
    this.server = server;
    this.address = bound.address;
    this.port = bound.port;
    this.control = new HostControl(node);
  }

  /**
   * Start a host.
   * @throws HostLinkError HOST_CONFIG_INVALID, PORT_TAKEN, LINK_REFUSED
   */
  static async start(definitions: HostDefinitionsInput, options: EmbeddedHostOptions = {}): Promise<EmbeddedHost> {
    const node = new HostNode(parseDefinitions(definitions), {
      clock: options.clock ?? createClock(),
      log: options.log ?? createSilentLog(),
      onLedger: options.onLedger,
    });
    const server = new HostServer(node);
    return new EmbeddedHost(node, server, await server.listen());
  }

  /** What it has seen and done so far. */
  report(): HostReport {
    return reportOf(this.node);
  }

  /** Close all connections and stop listening. */
  async stop(): Promise<void> {
    await this.server.stop();
  }
}
