import type { CircuitAddress } from './circuit-types.js';
import { answerLargestFrame, largestFrameCode, SIZE_CONTROL } from './largest-frame.js';
import { DIRECTION, EMPTY_CONTROL, type SspControl } from './ssp.js';

/** We have one port. */
const PORT_ID = 1;
const PRIORITY_MEDIUM = 2;

/**
 * Who the two ends of a circuit are, and by which ids. Origin is the end that sent CANUREACH, for the circuit's whole
 * life. The peer's ids are its own business: they are reflected as they came, and zero is as good as any.
 * @source RFC 1795 sections 3.2 and 3.3
 */
export class CircuitEnds {
  isOrigin = true;
  /** The peer's ids of the circuit, 32 bits each; zero until it has told them. */
  peerCorrelator = 0;
  peerPortId = 0;
  private peerTransportId: number;
  private readonly correlator: number;
  private readonly address: CircuitAddress;
  /** The station at the other end; when it called us, as it says itself. */
  private remoteMac: string;
  private remoteSap: number;
  private largestFrame: number;
  private readonly ourLargestFrame: number;

  constructor(correlator: number, address: CircuitAddress, piuSizeMax: number, peerTransportId: number) {
    this.correlator = correlator;
    this.address = address;
    this.peerTransportId = peerTransportId;
    this.remoteMac = address.remoteMac;
    this.remoteSap = address.remoteSap;
    this.ourLargestFrame = largestFrameCode(piuSizeMax);
    this.largestFrame = SIZE_CONTROL | this.ourLargestFrame;
  }

  /** Take the peer's ids: from ICANREACH_cs as origin, from CANUREACH_cs and REACH_ACK as target. */
  learn(message: SspControl): void {
    this.peerCorrelator = this.isOrigin ? message.targetCorrelator : message.originCorrelator;
    this.peerPortId = this.isOrigin ? message.targetPortId : message.originPortId;
    this.peerTransportId = this.isOrigin ? message.targetTransportId : message.originTransportId;
  }

  /** CANUREACH_cs came: we are the target. */
  called(message: SspControl): void {
    this.isOrigin = false;
    this.remoteMac = message.originMac;
    this.remoteSap = message.originSap;
    this.largestFrame = answerLargestFrame(message.largestFrame, this.ourLargestFrame);
    this.learn(message);
  }

  /** Is this CANUREACH of the station that called before? */
  isFrom(message: SspControl): boolean {
    return message.originMac === this.remoteMac && message.originSap === this.remoteSap;
  }

  /** Does this reply name the peer's end as we know it? */
  isSamePeer(message: SspControl): boolean {
    return message.targetCorrelator === this.peerCorrelator && message.targetPortId === this.peerPortId;
  }

  /** A control message of the circuit, complete but for its type, flow byte, flags and data. */
  header(): SspControl {
    const { address, isOrigin } = this;
    const ours = {
      port: PORT_ID,
      correlator: this.correlator,
      transport: 0,
      mac: address.localMac,
      sap: address.localSap,
    };
    const peers = {
      port: this.peerPortId,
      correlator: this.peerCorrelator,
      transport: this.peerTransportId,
      mac: this.remoteMac,
      sap: this.remoteSap,
    };
    const origin = isOrigin ? ours : peers;
    const target = isOrigin ? peers : ours;
    return {
      ...EMPTY_CONTROL,
      remoteCorrelator: peers.correlator,
      remotePortId: peers.port,
      largestFrame: this.largestFrame,
      priority: PRIORITY_MEDIUM,
      targetMac: target.mac,
      originMac: origin.mac,
      originSap: origin.sap,
      targetSap: target.sap,
      direction: isOrigin ? DIRECTION.toTarget : DIRECTION.toOrigin,
      originPortId: origin.port,
      originCorrelator: origin.correlator,
      originTransportId: origin.transport,
      targetPortId: target.port,
      targetCorrelator: target.correlator,
      targetTransportId: target.transport,
    };
  }
}
