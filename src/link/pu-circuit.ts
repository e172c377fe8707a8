import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { HostLinkError } from '../base/errors.js';
import type { Prng } from '../base/prng.js';
import type { LinkConfig } from '../config/model.js';
import type { Circuit, CircuitHandler, DlswPeer } from '../dlsw/peer.js';
import { encodeXid } from '../sna/xid.js';
import type { Pu } from './pu.js';

export interface PuCircuitContext {
  readonly link: LinkConfig;
  readonly clock: Clock;
  readonly prng: Prng;
  /** A circuit came or went. */
  changed(pu: Pu, error: HostLinkError | undefined): void;
}

/** The circuit of one PU on the link's DLSw connection: opened when the peer is up, opened again after a back-off. */
export class PuCircuit implements CircuitHandler {
  readonly pu: Pu;
  private readonly context: PuCircuitContext;
  private readonly backoff: Backoff;
  private peer: DlswPeer | undefined;
  private circuit: Circuit | undefined;
  private cancelRetry: (() => void) | undefined;

  constructor(pu: Pu, context: PuCircuitContext) {
    this.pu = pu;
    this.context = context;
    const { connectRetryMs: firstMs, connectRetryMaxMs: maxMs } = context.link.timers;
    this.backoff = new Backoff({ firstMs, maxMs }, context.prng);
  }

  /** Is there a circuit, in whatever state? */
  get isOpen(): boolean {
    return this.circuit !== undefined;
  }

  /** The peer is up: look for the host, or wait for it, as the link's role says. */
  open(peer: DlswPeer): void {
    const { localMac, remoteMac, localSap, remoteSap, idBlk, idNum } = this.pu.config;
    const address = { localMac, remoteMac, localSap, remoteSap };
    const xid = encodeXid({ format: 0, nodeType: 2, idBlk, idNum });
    this.peer = peer;
    this.circuit =
      this.context.link.role === 'origin'
        ? peer.openCircuit(address, xid, this)
        : peer.awaitCircuit(address, xid, this);
  }

  /** End the circuit in order (HALT_DL); `changed` follows. */
  halt(): void {
    this.cancelRetry?.();
    this.peer = undefined;
    this.circuit?.halt();
  }

  /** It took no more PIUs: end it, and with it all its sessions; it is opened again after a back-off. */
  fail(error: HostLinkError): void {
    this.pu.circuitDown(error.message);
    this.circuit?.halt();
  }

  /** The connection below is gone. */
  lost(error: HostLinkError): void {
    this.cancelRetry?.();
    this.peer = undefined;
    this.circuit = undefined;
    this.pu.circuitDown(error.message);
  }

  // CircuitHandler

  connected(): void {
    this.pu.circuitUp(this.circuit!);
    this.context.changed(this.pu, undefined);
  }

  /** Hot path. */
  piu(bytes: Buffer, from: number, to: number): void {
    this.pu.received(bytes, from, to);
  }

  restarted(): void {
    this.pu.circuitDown('the host restarted the circuit');
  }

  disconnected(error: HostLinkError): void {
    this.circuit = undefined;
    if (this.pu.sender.station) this.backoff.reset();
    this.pu.circuitDown(error.message);
    this.context.changed(this.pu, error);
    const { peer } = this;
    if (peer === undefined) return;
    const delayMs = this.context.link.role === 'target' ? 0 : this.backoff.nextMs();
    this.cancelRetry = this.context.clock.after(delayMs, () => this.open(peer));
  }
}
