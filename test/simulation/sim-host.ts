import type { Log } from '../../src/base/log.js';
import type { HostDefinitions } from '../../src/host/definitions.js';
import { HostControl } from '../../src/host/host-control.js';
import { HostNode } from '../../src/host/host-node.js';
import type { OnLedger } from '../../src/host/ledger.js';
import type { SimNetwork } from './network.js';
import { SimProcess } from './process.js';
import { stackOf, type World } from './world.js';

/** The host as a program that can be restarted: its sessions go with it, what it has executed is remembered outside. */
export class SimHost {
  process!: SimProcess;
  node!: HostNode;
  control!: HostControl;
  private readonly world: World;
  private readonly network: SimNetwork;
  private readonly definitions: HostDefinitions;
  private readonly log: Log;
  private readonly onLedger: OnLedger;

  constructor(world: World, network: SimNetwork, definitions: HostDefinitions, log: Log, onLedger: OnLedger) {
    this.world = world;
    this.network = network;
    this.definitions = definitions;
    this.log = log;
    this.onLedger = onLedger;
    this.start();
  }

  get isUp(): boolean {
    return !this.process.isDead;
  }

  /** Begin to listen, with nothing in memory. */
  start(): void {
    this.world.tell('the host starts');
    const process = new SimProcess(this.world, 'host', (error) => this.world.fail('crash', `host: ${stackOf(error)}`));
    const { clock } = process;
    const onLedger: OnLedger = (row, bytes, from, to) => this.onLedger(row, bytes, from, to);
    const node = new HostNode(this.definitions, { clock, log: this.log, onLedger });
    this.process = process;
    this.node = node;
    this.control = new HostControl(node);
    this.network.listener = { process, attach: (transport, facts) => node.attach(transport, facts) };
  }

  /** End it: all its connections are lost. */
  stop(): void {
    this.world.tell('the host ends');
    this.network.listener = undefined;
    this.process.kill();
    for (const connection of [...this.network.connections]) {
      this.network.connections.delete(connection);
      connection.resume();
      connection.closedByHost();
    }
  }

  /** What an operator at the host does; nothing while it is down or stands still. */
  operate(what: string, act: (control: HostControl) => void): void {
    this.world.tell(`operator of the host: ${what}`);
    this.process.enter(() => act(this.control));
  }
}
