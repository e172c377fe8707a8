import { assert } from '../base/assert.js';
import { HostLinkError } from '../base/errors.js';
import type { OutBlock } from '../base/out-block.js';
import type { DlswOptions, LinkTimers } from '../config/model.js';
import { Circuit } from './circuit.js';
import { CircuitTable } from './circuit-table.js';
import type { CircuitAddress, CircuitCarrier, CircuitHandler, CircuitOptions } from './circuit-types.js';
import type { DataFlow } from './data-flow.js';
import { SspFramer } from './framing.js';
import { Handshake } from './handshake.js';
import { isHigherAddress } from './ip-order.js';
import { answerLargestFrame, largestFrameCode } from './largest-frame.js';
import type { ConnectionInfo, DlswPeerOptions, PeerOutput, PeerState, PeerStats } from './peer-types.js';
import {
  CONTROL_HEADER,
  DIRECTION,
  decodeSsp,
  EMPTY_CONTROL,
  INFO_HEADER,
  SSP,
  SSP_FLAG_EXPLORER,
  SSP_OFFSET,
  type SspControl,
  type SspMessage,
  writeControl,
  writeKeepalive,
} from './ssp.js';

export { Circuit } from './circuit.js';
export type { CircuitAddress, CircuitCounters, CircuitHandler, CircuitOptions } from './circuit-types.js';
export type { ConnectionInfo, DlswPeerOptions, PeerOutput, PeerState, PeerStats } from './peer-types.js';

/** Messages that belong to a circuit of the receiver. @source RFC 1795 section 3.3 */
const CIRCUIT_MESSAGES: ReadonlySet<number> = new Set([
  SSP.REACH_ACK,
  SSP.DGRMFRAME,
  SSP.XIDFRAME,
  SSP.CONTACT,
  SSP.CONTACTED,
  SSP.ENTER_BUSY,
  SSP.EXIT_BUSY,
  SSP.HALT_DL,
  SSP.DL_HALTED,
  SSP.RESTART_DL,
  SSP.DL_RESTARTED,
  SSP.HALT_DL_NOACK,
  SSP.TEST_CIRCUIT_REQ,
  SSP.TEST_CIRCUIT_RSP,
]);

/**
 * One DLSw partner, over one transport connection (or pair) after another: bytes and events in, bytes and calls out.
 * @source RFC 1795
 */
export class DlswPeer implements CircuitCarrier {
  readonly stats: PeerStats = {
    bytesIn: 0,
    messagesIn: 0,
    controlsOut: 0,
    dropped: 0,
    unknownCircuit: 0,
    keepalivesOut: 0,
    ifcmsOut: 0,
  };
  readonly out: OutBlock;
  readonly dlsw: DlswOptions;
  readonly timers: LinkTimers;
  readonly clock: DlswPeerOptions['clock'];
  readonly backlogMax: number;
  readonly piuSizeMax: number;
  private readonly output: PeerOutput;
  private readonly vendorText: string;

  private current: PeerState = 'DOWN';
  private info: ConnectionInfo = {};
  private framer: SspFramer | undefined;
  private handshake: Handshake | undefined;
  private readonly circuits = new CircuitTable();
  private cancelCapexTimer: (() => void) | undefined;
  private cancelKeepalive: (() => void) | undefined;
  private lastWriteMs = 0;
  /** Circuits whose grant has not gone out with something else yet. */
  private debtors: DataFlow[] = [];
  private readonly payDebts = (): void => this.sendGrants();

  constructor(options: DlswPeerOptions, output: PeerOutput) {
    this.output = output;
    this.out = output.out;
    this.dlsw = options.dlsw;
    this.timers = options.timers;
    this.clock = options.clock;
    this.backlogMax = options.backlogMax;
    this.piuSizeMax = options.piuSizeMax;
    this.vendorText = options.vendorText ?? '';
  }

  get state(): PeerState {
    return this.current;
  }

  /** For circuits: control vector 83 of the peer, 0 while unknown. */
  get peerWindow(): number {
    return this.handshake?.peer?.initialWindow ?? 0;
  }

  /** For circuits: what the peer wants to see in messages to it. */
  get peerTransportId(): number {
    return this.handshake?.peerTransportId ?? 0;
  }

  /** The transport is connected, both ways: the capabilities exchange begins. What `out` still held is dropped. */
  connected(info: ConnectionInfo = {}): void {
    assert(this.current === 'DOWN', 'connected twice');
    const stale = this.out.take();
    if (stale) this.out.recycle(stale);
    this.current = 'CAPEX';
    this.info = info;
    this.framer = new SspFramer((bytes, from, to) => this.frame(bytes, from, to));
    const { window, connections } = this.dlsw;
    this.handshake = new Handshake({ window, connections, vendorText: this.vendorText }, (message) =>
      this.send(message),
    );
    this.handshake.start();
    const { capexMs } = this.timers;
    this.cancelCapexTimer = this.clock.after(capexMs, () => {
      this.fail(new HostLinkError('LINK_TIMEOUT', 'The capabilities exchange did not end.', { capexMs }));
    });
  }

  /**
   * Bytes came, cut anyhow; the chunk is neither kept nor changed. What breaks framing or the exchange goes to `failed`.
   * @throws only what a circuit's handler throws
   */
  received(chunk: Buffer): void {
    this.stats.bytesIn += chunk.length;
    try {
      this.framer?.push(chunk);
    } catch (error) {
      if (!isStreamError(error)) throw error;
      this.fail(error);
    }
  }

  /** The transport is gone. Circuits end with LINK_LOST. */
  disconnected(): void {
    this.goDown(new HostLinkError('LINK_LOST', 'The connection to the DLSw peer ended.'));
  }

  /** End all timers and forget the connection; neither circuits nor the output are told, and nothing is sent. */
  stop(): void {
    this.endConnection();
    for (const circuit of this.circuits.all()) circuit.stop();
  }

  /**
   * Look for the remote station and start a circuit to it.
   * @param xid our identification, kept and not copied
   * @throws HostLinkError LINK_LOST when not UP
   */
  openCircuit(address: CircuitAddress, xid: Uint8Array, handler: CircuitHandler, options?: CircuitOptions): Circuit {
    if (this.current !== 'UP') throw new HostLinkError('LINK_LOST', 'The DLSw peer is not up.', { ...address });
    const circuit = this.addCircuit(address, xid, handler, options);
    circuit.begin(this.dlsw.explorer ? 'OPEN' : 'OPEN_KNOWN');
    return circuit;
  }

  /**
   * Let the peer's station start a circuit to ours; any caller is taken, the expected one first. Allowed in any state.
   * @param xid our identification, kept and not copied
   */
  awaitCircuit(address: CircuitAddress, xid: Uint8Array, handler: CircuitHandler, options?: CircuitOptions): Circuit {
    const circuit = this.addCircuit(address, xid, handler, options);
    circuit.begin('AWAIT');
    return circuit;
  }

  private addCircuit(
    given: CircuitAddress,
    xid: Uint8Array,
    handler: CircuitHandler,
    options: CircuitOptions = {},
  ): Circuit {
    const address = {
      ...given,
      localMac: given.localMac.toLowerCase(),
      remoteMac: given.remoteMac.toLowerCase(),
    };
    const circuit = new Circuit(this, this.circuits.nextCorrelator(), address, xid, handler, options);
    this.circuits.add(circuit);
    return circuit;
  }

  // What came

  private frame(bytes: Buffer, from: number, to: number): void {
    this.stats.messagesIn += 1;
    const type = bytes[from + SSP_OFFSET.messageType]!;
    // Data first, and without an object: this runs once per PIU.
    if ((type === SSP.INFOFRAME || type === SSP.IFCM) && this.current === 'UP') {
      const circuit = this.circuits.get(correlatorAt(bytes, from));
      if (circuit === undefined) this.stats.unknownCircuit += 1;
      else if (type === SSP.IFCM) circuit.flowByte(bytes[from + SSP_OFFSET.flowByte]!, true);
      else circuit.infoFrame(bytes, from + bytes[from + 1]!, to, bytes[from + SSP_OFFSET.flowByte]!);
      return;
    }
    this.message(decodeSsp(bytes.subarray(from, to)));
  }

  private message(message: SspMessage): void {
    const type = message.messageType;
    if (type === SSP.KEEPALIVE) return;
    if (type === SSP.CAP_EXCHANGE && this.current === 'CAPEX') return this.capabilities(message);
    if (this.current !== 'UP' || message.kind !== 'control') this.stats.dropped += 1;
    else if (type === SSP.CANUREACH) this.canYouReach(message);
    else if (type === SSP.ICANREACH) this.iCanReach(message);
    else if (CIRCUIT_MESSAGES.has(type)) this.circuitMessage(message);
    else this.stats.dropped += 1;
  }

  private capabilities(message: SspMessage): void {
    const handshake = this.handshake!;
    handshake.receive(message);
    if (!handshake.isComplete) return;
    this.cancelCapexTimer?.();
    this.cancelCapexTimer = undefined;
    this.current = 'UP';
    this.reduceConnections();
    this.startKeepalive();
    this.output.up();
  }

  /** Control vector 87: when both say 1, the side with the higher IP address closes what came to its port 2065. */
  private reduceConnections(): void {
    const { connections = 1, localAddress = '', remoteAddress = '' } = this.info;
    const isAgreed = this.dlsw.connections === 1 && this.handshake?.peer?.tcpConnections === 1;
    if (connections !== 2 || !isAgreed) return;
    const isHigher = isHigherAddress(localAddress, remoteAddress);
    if (isHigher !== undefined) this.output.dualToSingle?.(isHigher ? 'ours' : 'theirs');
  }

  private canYouReach(message: SspControl): void {
    if ((message.flags & SSP_FLAG_EXPLORER) !== 0) return this.answerExplorer(message);
    const circuit = this.circuits.called(message);
    if (circuit === undefined) this.stats.dropped += 1;
    else circuit.receive(message);
  }

  private answerExplorer(message: SspControl): void {
    if (!this.circuits.hasTarget(message.targetMac, message.targetSap)) {
      this.stats.dropped += 1;
      return;
    }
    this.send({
      ...message,
      messageType: SSP.ICANREACH,
      flowByte: 0,
      direction: DIRECTION.toOrigin,
      remoteCorrelator: message.originCorrelator,
      remotePortId: message.originPortId,
      largestFrame: answerLargestFrame(message.largestFrame, largestFrameCode(this.piuSizeMax)),
      data: EMPTY_CONTROL.data,
    });
  }

  private iCanReach(message: SspControl): void {
    const isExplorer = (message.flags & SSP_FLAG_EXPLORER) !== 0;
    const circuit = this.circuits.replied(message, isExplorer);
    if (circuit) circuit.receive(message);
    else if (isExplorer) this.stats.dropped += 1;
    else this.refuse(message);
  }

  private circuitMessage(message: SspControl): void {
    const circuit = this.circuits.get(message.remoteCorrelator);
    if (circuit) return circuit.receive(message);
    this.stats.unknownCircuit += 1;
    if (message.messageType !== SSP.HALT_DL_NOACK) this.refuse(message);
  }

  // What goes out

  /** For circuits: HALT_DL_NOACK to whom a message came from, with the ids it came with. */
  refuse(message: SspControl): void {
    const isFromOrigin = message.direction !== DIRECTION.toOrigin;
    this.send({
      ...message,
      messageType: SSP.HALT_DL_NOACK,
      flowByte: 0,
      flags: 0,
      direction: isFromOrigin ? DIRECTION.toOrigin : DIRECTION.toTarget,
      remoteCorrelator: isFromOrigin ? message.originCorrelator : message.targetCorrelator,
      remotePortId: isFromOrigin ? message.originPortId : message.targetPortId,
      data: EMPTY_CONTROL.data,
    });
  }

  /** For circuits: write a control message. */
  send(message: SspControl): void {
    this.stats.controlsOut += 1;
    const at = this.reserve(CONTROL_HEADER + message.data.length);
    writeControl(this.out.bytes, at, message);
  }

  /** For circuits: room in `out`. The first bytes of a tick ask for the flush and count as a sign of life. */
  reserve(size: number): number {
    if (this.out.length === 0) {
      this.lastWriteMs = this.clock.nowMs();
      this.output.wantsFlush();
    }
    return this.out.reserve(size);
  }

  /** For circuits: send an IFCM for this flow at the end of the tick, unless the grant has gone out by then. */
  owesGrant(flow: DataFlow): void {
    if (this.debtors.length === 0) this.clock.soon(this.payDebts);
    this.debtors.push(flow);
  }

  private sendGrants(): void {
    const debtors = this.debtors;
    this.debtors = [];
    for (const flow of debtors) {
      flow.isListed = false;
      if (this.current === 'UP' && flow.sendIndependent()) this.stats.ifcmsOut += 1;
    }
  }

  /** For circuits: out of the tables. */
  ended(correlator: number): void {
    this.circuits.remove(correlator);
  }

  private startKeepalive(): void {
    const { keepaliveMs } = this.dlsw;
    if (keepaliveMs <= 0) return;
    const idleMs = this.clock.nowMs() - this.lastWriteMs;
    this.cancelKeepalive = this.clock.after(Math.max(0, keepaliveMs - idleMs), () => {
      if (this.clock.nowMs() - this.lastWriteMs >= keepaliveMs) this.sendKeepalive();
      this.startKeepalive();
    });
  }

  private sendKeepalive(): void {
    this.lastWriteMs = this.clock.nowMs();
    // Bytes that wait to be written will do.
    if (this.out.length > 0) return;
    this.stats.keepalivesOut += 1;
    const at = this.reserve(INFO_HEADER);
    writeKeepalive(this.out.bytes, at);
  }

  // The end

  private fail(error: HostLinkError): void {
    if (this.current === 'DOWN') return;
    const isBroken = error.code.startsWith('SSP_');
    this.goDown(new HostLinkError(isBroken ? 'LINK_PROTOCOL_ERROR' : 'LINK_LOST', error.message, error.details));
    this.output.failed(error);
  }

  private goDown(reason: HostLinkError): void {
    if (this.current === 'DOWN') return;
    this.endConnection();
    for (const circuit of this.circuits.all()) circuit.transportLost(reason);
  }

  private endConnection(): void {
    this.current = 'DOWN';
    this.framer?.end();
    this.framer = undefined;
    this.cancelCapexTimer?.();
    this.cancelCapexTimer = undefined;
    this.cancelKeepalive?.();
    this.cancelKeepalive = undefined;
  }
}

/** The receiver's own id in a header; ours stay below 2^31, so no sign has to be taken off. */
function correlatorAt(bytes: Buffer, from: number): number {
  return (bytes[from + 4]! << 24) | (bytes[from + 5]! << 16) | (bytes[from + 6]! << 8) | bytes[from + 7]!;
}

function isStreamError(error: unknown): error is HostLinkError {
  return error instanceof HostLinkError && (error.code.startsWith('SSP_') || error.code.startsWith('CAPABILITIES_'));
}
