import { copyBytes } from '../base/copy-bytes.js';
import { HostLinkError } from '../base/errors.js';
import { Queue } from '../base/queue.js';
import {
  DIRECTION,
  EMPTY_CONTROL,
  INFO_HEADER,
  SSP,
  SSP_FLAG_EXPLORER,
  type SspControl,
  writeIfcm,
  writeInfoHeader,
} from '../dlsw/ssp.js';
import { CircuitCredit } from './circuit-credit.js';
import { CIRCUIT_MACHINE, type CircuitAction, type CircuitEvent, type CircuitState } from './circuit-machine.js';
import type { HostConnection } from './connection.js';
import type { HostPu } from './host-pu.js';
import type { PiuOut } from './piu-out.js';

/** PIUs that may wait for the partner to grant; a PU that takes nothing for that long has failed. */
const HELD_MAX = 20_000;
const LARGEST_FRAME = 0x90;
const PRIORITY = 2;

/** Who looks for whom, and the addresses: fixed for the life of the circuit. */
export interface CircuitEnds {
  /** We sent the CANUREACH. */
  readonly isOrigin: boolean;
  readonly originMac: string;
  readonly originSap: number;
  readonly targetMac: string;
  readonly targetSap: number;
}

/** One DLSw circuit: the link station of one PU. */
export class Circuit implements PiuOut {
  readonly id: number;
  readonly ends: CircuitEnds;
  readonly credit: CircuitCredit;
  state: CircuitState;
  /** Set by its XID. */
  pu: HostPu | undefined;
  /** Where the reserved PIU goes. */
  bytes: Buffer;
  piusOut = 0;
  private partnerCorrelator = 0;
  private partnerPortId = 0;
  private partnerTransportId = 0;
  readonly connection: HostConnection;
  private readonly held = new Queue<Buffer>();
  private cancelTimer: (() => void) | undefined;

  /** @param id our correlator, 1 and up */
  constructor(connection: HostConnection, id: number, ends: CircuitEnds) {
    this.connection = connection;
    this.id = id;
    this.ends = ends;
    this.bytes = connection.out.bytes;
    this.credit = new CircuitCredit(connection.node.definitions.dlsw.window, connection.partnerWindow);
    this.state = ends.isOrigin ? 'EXPLORING' : 'CIRCUIT_PENDING';
  }

  get flushes(): number {
    return this.connection.flushes;
  }

  /** Host as origin: look for the PU. */
  explore(): void {
    this.act('SEND_CANUREACH_EX');
    this.armTimer();
  }

  /** Host as target: answer CANUREACH_cs. */
  accept(message: SspControl): void {
    this.learnPartner(message);
    this.sendControl(SSP.ICANREACH, this.credit.takeByte());
    this.armTimer();
  }

  /** The partner's own ids, from the message that fixes them. */
  learnPartner(message: SspControl): void {
    this.partnerCorrelator = this.ends.isOrigin ? message.targetCorrelator : message.originCorrelator;
    this.partnerPortId = this.ends.isOrigin ? message.targetPortId : message.originPortId;
    this.partnerTransportId = this.ends.isOrigin ? message.targetTransportId : message.originTransportId;
  }

  /** Are addresses, direction and ids those of this circuit? */
  isConsistent(message: SspControl): boolean {
    const { ends } = this;
    const isSameEnds =
      message.originMac === ends.originMac &&
      message.targetMac === ends.targetMac &&
      message.originSap === ends.originSap &&
      message.targetSap === ends.targetSap;
    const ours = ends.isOrigin ? message.originCorrelator : message.targetCorrelator;
    const theirs = ends.isOrigin ? message.targetCorrelator : message.originCorrelator;
    const fromPartner = ends.isOrigin ? DIRECTION.toOrigin : DIRECTION.toTarget;
    return isSameEnds && ours === this.id && theirs === this.partnerCorrelator && message.direction === fromPartner;
  }

  /** Something happened. @returns false when the state has no place for it */
  step(event: CircuitEvent): boolean {
    const step = CIRCUIT_MACHINE.step(this.state, event);
    if (step === undefined) return false;
    this.state = step.next;
    this.armTimer();
    for (const action of step.actions) this.act(action);
    return true;
  }

  /** One INFOFRAME, its PIU in `bytes[from, to)`. @returns false when it may not come now */
  onInfo(bytes: Buffer, from: number, to: number): boolean {
    const { pu } = this;
    if (this.state === 'CONNECTED' && pu !== undefined) {
      pu.onPiu(bytes, from, to);
      return true;
    }
    return this.state === 'RESTART_PENDING' || this.state === 'HALT_PENDING';
  }

  /** Room for one PIU: in the block of this tick when the partner granted it, else in a buffer that waits. */
  reserve(size: number): number {
    this.piusOut += 1;
    if (this.credit.grantedOut <= 0 || this.held.size > 0) return this.hold(size);
    const { out } = this.connection;
    const at = out.reserve(INFO_HEADER + size);
    if (this.bytes !== out.bytes) this.bytes = out.bytes;
    this.writeHeader(this.bytes, at, size);
    this.connection.scheduleFlush();
    return at + INFO_HEADER;
  }

  private writeHeader(bytes: Buffer, at: number, size: number): void {
    this.credit.grantedOut -= 1;
    writeInfoHeader(bytes, at, size, this.partnerCorrelator, this.partnerPortId, this.credit.takeByte());
  }

  private hold(size: number): number {
    if (this.held.size >= HELD_MAX) throw new HostLinkError('LINK_CONGESTED', '', { held: this.held.size });
    this.bytes = Buffer.allocUnsafe(size);
    this.held.push(this.bytes);
    return 0;
  }

  /** The partner may have granted more: send what waits. */
  release(): void {
    const { out } = this.connection;
    while (this.held.size > 0 && this.credit.grantedOut > 0) {
      const piu = this.held.shift()!;
      const at = out.reserve(INFO_HEADER + piu.length);
      this.writeHeader(out.bytes, at, piu.length);
      copyBytes(piu, 0, piu.length, out.bytes, at + INFO_HEADER);
      this.connection.scheduleFlush();
    }
  }

  /** At the end of a tick: acknowledge and grant by themselves what found no message to ride on. */
  settleCredit(): void {
    const mayGrant = this.state === 'CONNECTED' || this.state === 'CONTACT_PENDING' || this.state === 'XID_PENDING';
    if (!mayGrant || !(this.credit.owesAcknowledgment || this.credit.isGrantDue)) return;
    const byte = this.credit.takeByte();
    const at = this.connection.out.reserve(INFO_HEADER);
    writeIfcm(this.connection.out.bytes, at, this.partnerCorrelator, this.partnerPortId, byte);
  }

  private act(action: CircuitAction): void {
    const { credit } = this;
    if (action === 'SEND_CANUREACH_EX') this.sendControl(SSP.CANUREACH, 0, SSP_FLAG_EXPLORER);
    else if (action === 'SEND_CANUREACH_CS') this.sendControl(SSP.CANUREACH, 0);
    else if (action === 'SEND_REACH_ACK') this.sendControl(SSP.REACH_ACK, credit.takeByte());
    else if (action === 'SEND_NULL_XID') this.sendControl(SSP.XIDFRAME, credit.takeByte());
    else if (action === 'SEND_CONTACT') this.sendControl(SSP.CONTACT, credit.takeByte());
    else if (action === 'SEND_RESTART') this.sendControl(SSP.RESTART_DL, credit.takeByte());
    else if (action === 'SEND_RESTARTED') this.sendControl(SSP.DL_RESTARTED, credit.takeByte());
    else if (action === 'SEND_HALT') this.sendControl(SSP.HALT_DL, 0);
    else if (action === 'SEND_HALTED') this.sendControl(SSP.DL_HALTED, 0);
    else if (action === 'CONNECT_PU') this.pu?.connect(this);
    else if (action === 'DISCONNECT_PU') this.disconnectPu();
    else this.connection.removeCircuit(this);
  }

  private disconnectPu(): void {
    this.held.clear();
    this.pu?.disconnect();
    this.pu = undefined;
  }

  sendControl(messageType: number, flowByte: number, flags = 0): void {
    const { ends } = this;
    const { isOrigin, ...addresses } = ends;
    const ours = { correlator: this.id, port: 1, transport: 0 };
    const theirs = { correlator: this.partnerCorrelator, port: this.partnerPortId, transport: this.partnerTransportId };
    const origin = isOrigin ? ours : theirs;
    const target = isOrigin ? theirs : ours;
    this.connection.sendControl({
      ...EMPTY_CONTROL,
      ...addresses,
      messageType,
      flowByte,
      flags,
      largestFrame: LARGEST_FRAME,
      priority: PRIORITY,
      remoteCorrelator: theirs.correlator,
      remotePortId: theirs.port,
      direction: isOrigin ? DIRECTION.toTarget : DIRECTION.toOrigin,
      originCorrelator: origin.correlator,
      originPortId: origin.port,
      originTransportId: origin.transport,
      targetCorrelator: target.correlator,
      targetPortId: target.port,
      targetTransportId: target.transport,
    });
  }

  /** Every state that waits for the partner has an end. */
  private armTimer(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const { timers } = this.connection.node.definitions;
    const { state } = this;
    if (state === 'CONNECTED' || state === 'ENDED') return;
    const isStarting = state === 'EXPLORING' || state === 'CIRCUIT_START' || state === 'CIRCUIT_PENDING';
    const isXid = state === 'XID_PENDING' || state === 'CONTACT_PENDING';
    const delayMs = isStarting ? timers.circuitStartMs : isXid ? timers.xidMs : timers.haltMs;
    this.cancelTimer = this.connection.node.clock.after(delayMs, () => this.step('TIMEOUT'));
  }
}
