import { HostLinkError } from '../base/errors.js';
import {
  type Capabilities,
  type CapexProblem,
  decodeCapex,
  encodeCapexNegative,
  encodeCapexPositive,
  encodeCapexRequest,
  refusalsOf,
  SNA_SAP_LIST,
} from './capabilities.js';
import { DIRECTION, EMPTY_CONTROL, SSP, type SspControl, type SspMessage } from './ssp.js';

export interface HandshakeOptions {
  /** Our receive window, control vector 83. */
  readonly window: number;
  /** Control vector 87: 1 when we want to come down to one connection. */
  readonly connections: 1 | 2;
  /** Control vector 84, at most 253 Latin-1 characters. */
  readonly vendorText: string;
}

/**
 * The capabilities exchange of one connection: each side asks once and is answered once, in any order.
 * @source RFC 1795 section 7.3
 */
export class Handshake {
  /** What the peer said, once it has and we agreed. */
  peer: Capabilities | undefined;
  /** The peer's transport id, to be reflected. */
  peerTransportId = 0;
  private hasAccepted = false;
  private readonly options: HandshakeOptions;
  private readonly send: (message: SspControl) => void;

  constructor(options: HandshakeOptions, send: (message: SspControl) => void) {
    this.options = options;
    this.send = send;
  }

  /** The peer has accepted ours and we have accepted its. */
  get isComplete(): boolean {
    return this.hasAccepted && this.peer !== undefined;
  }

  /** Send our request, the first message of the connection. */
  start(): void {
    const { window, connections, vendorText } = this.options;
    const request = encodeCapexRequest({
      vendorOui: 0,
      version: 1,
      release: 0,
      initialWindow: window,
      sapList: SNA_SAP_LIST,
      tcpConnections: connections,
      ...(vendorText !== '' && { versionText: vendorText }),
    });
    this.write(request, DIRECTION.toTarget);
  }

  /**
   * A CAP_EXCHANGE message came; a request is answered here.
   * @throws HostLinkError CAPABILITIES_MALFORMED (then a negative response was written), CAPABILITIES_REFUSED
   */
  receive(message: SspMessage): void {
    const capex = decodeCapex(message.data);
    if (capex.kind === 'positive') this.hasAccepted = true;
    else if (capex.kind === 'negative') throw refusedByPeer(capex.problems);
    else this.answer(message, capex.capabilities, refusalsOf(capex.problems));
  }

  private answer(message: SspMessage, capabilities: Capabilities, refusals: readonly CapexProblem[]): void {
    if (message.kind === 'control') this.peerTransportId = message.originTransportId;
    if (refusals.length === 0) {
      this.peer = capabilities;
      this.write(encodeCapexPositive(), DIRECTION.toOrigin);
      return;
    }
    this.write(encodeCapexNegative(refusals), DIRECTION.toOrigin);
    throw new HostLinkError('CAPABILITIES_MALFORMED', '', { reasons: refusals });
  }

  private write(data: Uint8Array, direction: number): void {
    this.send({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, direction, data });
  }
}

function refusedByPeer(problems: readonly CapexProblem[]): HostLinkError {
  const reasons = problems.map(({ offset, reason }) => `${reason.toString(16)} at ${offset}`);
  return new HostLinkError('CAPABILITIES_REFUSED', reasons.join(', '), { reasons: problems });
}
