import { HostLinkError } from '../base/errors.js';
import { OutBlock } from '../base/out-block.js';
import {
  decodeCapex,
  encodeCapexNegative,
  encodeCapexPositive,
  encodeCapexRequest,
  refusalsOf,
  SNA_SAP_LIST,
} from '../dlsw/capabilities.js';
import { SspFramer, splitSsp } from '../dlsw/framing.js';
import {
  CONTROL_HEADER,
  DIRECTION,
  decodeSsp,
  EMPTY_CONTROL,
  INFO_HEADER,
  SSP,
  SSP_FLAG_EXPLORER,
  type SspControl,
  writeControl,
  writeKeepalive,
} from '../dlsw/ssp.js';
import { Circuit, type CircuitEnds } from './circuit.js';
import type { CircuitEvent } from './circuit-machine.js';
import type { PeerDefinition } from './definitions.js';
import type { HostNode } from './host-node.js';
import type { ProtocolRule } from './protocol-errors.js';

/** What carries the bytes of one DLSw peer: a socket, a pair of them, or a test. */
export interface HostTransport {
  /** Write one block; `done` gives it back when it has been taken. */
  write(block: Buffer, done: (block: Buffer) => void): void;
  close(): void;
}

/** Facts about a peer connection. */
export interface ConnectionFacts {
  readonly remoteAddress: string;
  /** 1: both directions on one TCP connection. */
  readonly connections: 1 | 2;
  /** Its section in the definitions, if it has one. */
  readonly peer?: PeerDefinition | undefined;
}

/** Control messages that carry no flow control byte. @source RFC 1795 section 8 */
const WITHOUT_FLOW: ReadonlySet<number> = new Set([
  SSP.CANUREACH,
  SSP.HALT_DL,
  SSP.DL_HALTED,
  SSP.HALT_DL_NOACK,
  SSP.CAP_EXCHANGE,
]);

const EVENTS: ReadonlyMap<number, CircuitEvent> = new Map([
  [SSP.REACH_ACK, 'REACH_ACK'],
  [SSP.CONTACTED, 'CONTACTED'],
  [SSP.RESTART_DL, 'RESTART_DL'],
  [SSP.DL_RESTARTED, 'DL_RESTARTED'],
  [SSP.HALT_DL, 'HALT_DL'],
  [SSP.DL_HALTED, 'DL_HALTED'],
  [SSP.HALT_DL_NOACK, 'HALT_DL_NOACK'],
]);

const ENDED_KEPT = 256;

/** One DLSw peer: the stream of SSP messages, the capabilities exchange, and the circuits on it. */
export class HostConnection {
  readonly node: HostNode;
  readonly facts: ConnectionFacts;
  readonly out = new OutBlock();
  /** Blocks handed to the transport so far. */
  flushes = 0;
  /** The partner's initial window (CV 83). */
  partnerWindow = 1;
  bytesIn = 0;
  bytesOut = 0;
  private readonly transport: HostTransport;
  private readonly framer: SspFramer;
  private readonly circuits = new Map<number, Circuit>();
  /** Circuits that are no more: what was under way for them is not held against the partner. */
  private readonly ended: number[] = [];
  private hasTheirs = false;
  private isAccepted = false;
  private isClosed = false;
  private isFlushScheduled = false;
  private cancelTimer: (() => void) | undefined;
  private cancelKeepalive: (() => void) | undefined;

  constructor(node: HostNode, transport: HostTransport, facts: ConnectionFacts) {
    this.node = node;
    this.transport = transport;
    this.facts = facts;
    this.framer = new SspFramer((bytes, from, to) => this.onFrame(bytes, from, to));
    this.sendCapabilities();
    this.cancelTimer = node.clock.after(node.definitions.timers.capexMs, () => this.close());
    this.keepAlive();
  }

  /** Bytes from the peer; the chunk is free again after the call. */
  data(chunk: Buffer): void {
    this.bytesIn += chunk.length;
    try {
      this.framer.push(chunk);
    } catch (error) {
      if (!(error instanceof HostLinkError)) throw error;
      if (error.code === 'LINK_CONGESTED') this.node.warn(error.message);
      else this.record('SSP_STREAM', error.message, chunk, 0, chunk.length);
      this.close();
    }
  }

  /** The transport is gone: so are the circuits. */
  closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.framer.end();
    this.cancelTimer?.();
    this.cancelKeepalive?.();
    for (const circuit of [...this.circuits.values()]) circuit.step('LOST');
    this.node.detach(this);
  }

  /** End the connection. */
  close(): void {
    if (this.isClosed) return;
    this.transport.close();
    this.closed();
  }

  get isUp(): boolean {
    return this.hasTheirs && this.isAccepted;
  }

  circuitOf(puName: string): Circuit | undefined {
    for (const circuit of this.circuits.values()) if (circuit.pu?.name === puName) return circuit;
    return undefined;
  }

  removeCircuit(circuit: Circuit): void {
    this.circuits.delete(circuit.id);
    this.ended.push(circuit.id);
    if (this.ended.length > ENDED_KEPT) this.ended.shift();
    this.node.circuitEnded(this, circuit);
  }

  /** Host as origin: start a circuit to a PU. */
  startCircuit(targetMac: string, targetSap: number): void {
    const { mac, sap } = this.node.definitions;
    this.addCircuit({ isOrigin: true, originMac: mac, originSap: sap, targetMac, targetSap }).explore();
  }

  private addCircuit(ends: CircuitEnds): Circuit {
    const circuit = new Circuit(this, this.node.nextCircuitId(), ends);
    this.circuits.set(circuit.id, circuit);
    return circuit;
  }

  /** Have what was written sent at the end of this tick. */
  scheduleFlush(): void {
    if (this.isFlushScheduled) return;
    this.isFlushScheduled = true;
    this.node.clock.soon(this.flush);
  }

  private readonly flush = (): void => {
    this.isFlushScheduled = false;
    if (this.isClosed) return;
    for (const circuit of this.circuits.values()) circuit.settleCredit();
    const block = this.out.take();
    if (block === undefined) return;
    this.flushes += 1;
    this.bytesOut += block.length;
    if (!this.node.definitions.dlsw.oneMessagePerWrite) {
      this.transport.write(block, this.giveBack);
      return;
    }
    const messages = splitSsp(block);
    messages.forEach((message, index) => {
      this.transport.write(message, index === messages.length - 1 ? () => this.giveBack(block) : () => {});
    });
  };

  private readonly giveBack = (block: Buffer): void => this.out.recycle(block);

  sendControl(message: SspControl): void {
    const at = this.out.reserve(CONTROL_HEADER + message.data.length);
    writeControl(this.out.bytes, at, message);
    this.scheduleFlush();
  }

  private sendCapex(data: Uint8Array, direction: number): void {
    this.sendControl({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, direction, data });
  }

  private sendCapabilities(): void {
    const { window } = this.node.definitions.dlsw;
    const request = encodeCapexRequest({
      vendorOui: 0,
      version: 1,
      release: 0,
      initialWindow: window,
      sapList: SNA_SAP_LIST,
      tcpConnections: this.facts.connections,
      versionText: 'hostlink embedded host',
    });
    this.sendCapex(request, DIRECTION.toTarget);
  }

  private keepAlive(): void {
    const { keepaliveMs } = this.node.definitions.dlsw;
    if (keepaliveMs === 0) return;
    this.cancelKeepalive = this.node.clock.after(keepaliveMs, () => {
      const at = this.out.reserve(INFO_HEADER);
      writeKeepalive(this.out.bytes, at);
      this.scheduleFlush();
      this.keepAlive();
    });
  }

  record(rule: ProtocolRule, note: string, bytes: Buffer, from: number, to: number, puName = ''): void {
    this.node.errors.record(rule, puName, '', note, bytes, from, to);
  }

  /** One whole SSP message. INFOFRAMEs take the short way: nothing is decoded that is not needed. */
  private onFrame(bytes: Buffer, from: number, to: number): void {
    const type = bytes[from + 14]!;
    if (type === SSP.INFOFRAME) this.onInfo(bytes, from, to);
    else if (type === SSP.IFCM) this.onIfcm(bytes, from, to);
    else if (type !== SSP.KEEPALIVE) this.onControl(bytes, from, to, type);
  }

  private onInfo(bytes: Buffer, from: number, to: number): void {
    const circuit = this.circuits.get(bytes.readUInt32BE(from + 4));
    if (circuit === undefined) {
      this.unknownCircuit(bytes, from, to);
      return;
    }
    const flowByte = bytes[from + 15]!;
    if (flowByte !== 0) this.takeFlowByte(circuit, flowByte, false, bytes, from, to);
    if (!circuit.credit.takeIn() && this.node.definitions.dlsw.enforceCredit) {
      this.circuitError('CREDIT_EXCEEDED', circuit, bytes, from, to);
      return;
    }
    if (!circuit.onInfo(bytes, from + bytes[from + 1]!, to)) {
      this.circuitError('CIRCUIT_STATE', circuit, bytes, from, to);
    } else if (circuit.credit.isGrantDue || circuit.credit.owesAcknowledgment) this.scheduleFlush();
  }

  private onIfcm(bytes: Buffer, from: number, to: number): void {
    const circuit = this.circuits.get(bytes.readUInt32BE(from + 4));
    if (circuit === undefined) this.unknownCircuit(bytes, from, to);
    else this.takeFlowByte(circuit, bytes[from + 15]!, true, bytes, from, to);
  }

  private takeFlowByte(circuit: Circuit, byte: number, isIfcm: boolean, bytes: Buffer, from: number, to: number): void {
    if (!circuit.credit.onByte(byte, isIfcm)) this.circuitError('FLOW_OPERATOR', circuit, bytes, from, to);
    circuit.release();
    if (circuit.credit.owesAcknowledgment) this.scheduleFlush();
  }

  /** A mistake that ends its circuit. */
  private circuitError(rule: ProtocolRule, circuit: Circuit, bytes: Buffer, from: number, to: number): void {
    this.record(rule, `state ${circuit.state}`, bytes, from, to, circuit.pu?.name);
    circuit.step('HALT');
  }

  private unknownCircuit(bytes: Buffer, from: number, to: number): void {
    if (this.ended.includes(bytes.readUInt32BE(from + 4))) return;
    this.record('CIRCUIT_UNKNOWN', '', bytes, from, to);
  }

  private onControl(bytes: Buffer, from: number, to: number, type: number): void {
    const message = decodeSsp(bytes.subarray(from, to));
    if (message.kind !== 'control' || bytes[from + 16] !== 0x42) {
      this.record('SSP_CONTROL', `type ${type}`, bytes, from, to);
      return;
    }
    if (type === SSP.CAP_EXCHANGE) {
      this.onCapabilities(message, bytes, from, to);
      return;
    }
    if (!this.isUp) {
      this.record('CAPABILITIES', `message type ${type} before they were exchanged`, bytes, from, to);
      return;
    }
    if (WITHOUT_FLOW.has(type) && message.flowByte !== 0) this.record('FLOW_OPERATOR', '', bytes, from, to);
    if (type === SSP.CANUREACH) this.onCanureach(message);
    else if (type === SSP.ICANREACH) this.onIcanreach(message, bytes, from, to);
    else this.onCircuitMessage(message, bytes, from, to);
  }

  private onCapabilities(message: SspControl, bytes: Buffer, from: number, to: number): void {
    const capex = decodeCapex(message.data);
    if (capex.kind === 'positive') this.isAccepted = true;
    else if (capex.kind === 'negative') {
      this.record('CAPABILITIES', 'ours were refused', bytes, from, to);
      this.close();
    } else {
      const refusals = refusalsOf(capex.problems);
      if (capex.problems.length > 0) this.record('CAPABILITIES', JSON.stringify(capex.problems), bytes, from, to);
      this.hasTheirs = refusals.length === 0;
      this.partnerWindow = capex.capabilities.initialWindow;
      this.sendCapex(this.hasTheirs ? encodeCapexPositive() : encodeCapexNegative(refusals), DIRECTION.toOrigin);
    }
    if (!this.isUp) return;
    this.cancelTimer?.();
    this.node.connectionUp(this);
  }

  /** The PU looks for us, or starts a circuit. */
  private onCanureach(message: SspControl): void {
    const { mac, sap } = this.node.definitions;
    const isExplorer = (message.flags & SSP_FLAG_EXPLORER) !== 0;
    const isOurs = message.targetMac === mac && (message.targetSap === sap || (isExplorer && message.targetSap === 0));
    if (isExplorer) {
      if (isOurs) this.sendControl(answerTo(message, SSP.ICANREACH, SSP_FLAG_EXPLORER));
    } else if (isOurs) {
      const { originMac, originSap, targetMac, targetSap } = message;
      this.addCircuit({ isOrigin: false, originMac, originSap, targetMac, targetSap }).accept(message);
    } else this.sendControl(answerTo(message, SSP.HALT_DL_NOACK, 0));
  }

  /** The PU answers where we are the origin. An explorer's answer belongs to whichever circuit looks for that MAC. */
  private onIcanreach(message: SspControl, bytes: Buffer, from: number, to: number): void {
    const isExplorer = (message.flags & SSP_FLAG_EXPLORER) !== 0;
    for (const circuit of this.circuits.values()) {
      if (!circuit.ends.isOrigin || circuit.ends.targetMac !== message.targetMac) continue;
      if (isExplorer && circuit.state !== 'EXPLORING') return;
      if (!isExplorer) {
        if (message.originCorrelator !== circuit.id) continue;
        circuit.learnPartner(message);
        this.takeFlowByte(circuit, message.flowByte, false, bytes, from, to);
      }
      if (!circuit.step(isExplorer ? 'ICANREACH_EX' : 'ICANREACH_CS')) this.outOfState(circuit, bytes, from, to);
      return;
    }
    this.unknownCircuit(bytes, from, to);
  }

  private onCircuitMessage(message: SspControl, bytes: Buffer, from: number, to: number): void {
    const circuit = this.circuits.get(message.remoteCorrelator);
    if (circuit === undefined) {
      this.unknownCircuit(bytes, from, to);
      if (message.messageType !== SSP.HALT_DL_NOACK) this.sendControl(answerTo(message, SSP.HALT_DL_NOACK, 0));
      return;
    }
    // REACH_ACK is where the origin's ids become final.
    if (message.messageType === SSP.REACH_ACK) circuit.learnPartner(message);
    if (!circuit.isConsistent(message)) this.record('CIRCUIT_IDS', '', bytes, from, to, circuit.pu?.name);
    if (!WITHOUT_FLOW.has(message.messageType)) {
      this.takeFlowByte(circuit, message.flowByte, false, bytes, from, to);
    }
    const event = this.eventOf(message, circuit, bytes, from, to);
    if (event !== undefined && !circuit.step(event)) this.outOfState(circuit, bytes, from, to);
  }

  private eventOf(
    message: SspControl,
    circuit: Circuit,
    bytes: Buffer,
    from: number,
    to: number,
  ): CircuitEvent | undefined {
    const { messageType } = message;
    if (messageType === SSP.XIDFRAME) return this.node.onXid(this, circuit, message.data, bytes, from, to);
    if (messageType === SSP.TEST_CIRCUIT_REQ) {
      circuit.sendControl(SSP.TEST_CIRCUIT_RSP, 0);
      return undefined;
    }
    const event = EVENTS.get(messageType);
    if (event === undefined) this.record('SSP_TYPE', `type ${messageType}`, bytes, from, to, circuit.pu?.name);
    return event;
  }

  private outOfState(circuit: Circuit, bytes: Buffer, from: number, to: number): void {
    // Our HALT_DL or RESTART_DL is on its way: what crossed it does not count.
    if (circuit.state === 'HALT_PENDING' || circuit.state === 'RESTART_PENDING') return;
    this.record('CIRCUIT_STATE', `state ${circuit.state}`, bytes, from, to, circuit.pu?.name);
  }
}

/** The same addresses and ids in the other direction. */
function answerTo(message: SspControl, messageType: number, flags: number): SspControl {
  const toOrigin = message.direction === DIRECTION.toTarget;
  return {
    ...message,
    messageType,
    flags,
    flowByte: 0,
    data: new Uint8Array(0),
    direction: toOrigin ? DIRECTION.toOrigin : DIRECTION.toTarget,
    remoteCorrelator: toOrigin ? message.originCorrelator : message.targetCorrelator,
    remotePortId: toOrigin ? message.originPortId : message.targetPortId,
  };
}
