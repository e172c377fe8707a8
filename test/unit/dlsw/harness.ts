import { createSimulatedClock, type SimulatedClock } from '../../../src/base/clock.js';
import type { HostLinkError } from '../../../src/base/errors.js';
import { OutBlock } from '../../../src/base/out-block.js';
import type { DlswOptions, LinkTimers } from '../../../src/config/model.js';
import { type Capabilities, encodeCapexPositive, encodeCapexRequest } from '../../../src/dlsw/capabilities.js';
import { SspFramer } from '../../../src/dlsw/framing.js';
import {
  type Circuit,
  type CircuitAddress,
  type CircuitHandler,
  type ConnectionInfo,
  DlswPeer,
  type PeerOutput,
} from '../../../src/dlsw/peer.js';
import { decodeSsp, EMPTY_CONTROL, encodeSsp, SSP, type SspControl, type SspMessage } from '../../../src/dlsw/ssp.js';

export const DLSW: DlswOptions = {
  connections: 2,
  enforceCredit: false,
  requireFca: false,
  oneMessagePerWrite: false,
  acceptContactAsXidReply: true,
  keepaliveMs: 0,
  inactivityMs: 0,
  window: 4,
  explorer: true,
};

export const TIMERS: LinkTimers = {
  connectMs: 1000,
  connectRetryMs: 1000,
  connectRetryMaxMs: 1000,
  capexMs: 30000,
  explorerMs: 5000,
  circuitStartMs: 10000,
  xidMs: 5000,
  contactMs: 60000,
  haltMs: 4000,
  bindMs: 1000,
  initMs: 1000,
  sdtMs: 1000,
  sessionRetryMs: 1000,
  sessionRetryMaxMs: 1000,
  lateReplyMs: 1000,
};

export const PU_MAC = '4000a0000001';
export const HOST_MAC = '400037450001';
export const PU: CircuitAddress = { localMac: PU_MAC, remoteMac: HOST_MAC, localSap: 4, remoteSap: 4 };
export const HOST: CircuitAddress = { localMac: HOST_MAC, remoteMac: PU_MAC, localSap: 4, remoteSap: 4 };
export const XID0 = Uint8Array.of(2, 0, 1, 0x70, 0, 0x17);

/** What a handler was told, as words; PIUs as copies. */
export interface Told extends CircuitHandler {
  readonly events: string[];
  readonly pius: Buffer[];
  readonly errors: HostLinkError[];
}

export function createHandler(onPiu?: (bytes: Buffer, from: number, to: number) => void): Told {
  const told: Told = {
    events: [],
    pius: [],
    errors: [],
    connected: () => void told.events.push('connected'),
    restarted: () => void told.events.push('restarted'),
    piu(bytes, from, to) {
      if (onPiu) onPiu(bytes, from, to);
      else told.pius.push(Buffer.from(bytes.subarray(from, to)));
    },
    disconnected(error) {
      told.events.push(error.code);
      told.errors.push(error);
    },
  };
  return told;
}

export function sendPiu(circuit: Circuit, piu: Uint8Array): void {
  const buffer = circuit.reservePiu(piu.length);
  buffer.set(piu, circuit.at);
}

export interface PeerSettings {
  readonly dlsw?: Partial<DlswOptions>;
  readonly timers?: Partial<LinkTimers>;
  readonly backlogMax?: number;
  readonly piuSizeMax?: number;
  readonly vendorText?: string;
  readonly clock?: SimulatedClock;
  readonly info?: ConnectionInfo;
}

/** One DlswPeer whose bytes a test reads and writes as messages: the test is the other DLSw. */
export class Partner {
  readonly clock: SimulatedClock;
  readonly out = new OutBlock(256);
  readonly peer: DlswPeer;
  readonly events: string[] = [];
  readonly failures: HostLinkError[] = [];
  /** What the owner of the connection does when it failed. */
  onFailed: () => void = () => undefined;
  private readonly info: ConnectionInfo | undefined;

  constructor(settings: PeerSettings = {}) {
    this.clock = settings.clock ?? createSimulatedClock();
    this.info = settings.info;
    const output: PeerOutput = {
      out: this.out,
      wantsFlush: () => void this.events.push('wantsFlush'),
      up: () => void this.events.push('up'),
      dualToSingle: (keep) => void this.events.push(`keep ${keep}`),
      failed: (error) => {
        this.failures.push(error);
        this.onFailed();
      },
    };
    this.peer = new DlswPeer(
      {
        dlsw: { ...DLSW, ...settings.dlsw },
        timers: { ...TIMERS, ...settings.timers },
        clock: this.clock,
        backlogMax: settings.backlogMax ?? 8,
        piuSizeMax: settings.piuSizeMax ?? 2048,
        vendorText: settings.vendorText ?? '',
      },
      output,
    );
  }

  /** What the peer has written since the last look. */
  take(): SspMessage[] {
    const block = this.out.take();
    const messages: SspMessage[] = [];
    const framer = new SspFramer((bytes, from, to) => {
      messages.push(decodeSsp(Buffer.from(bytes.subarray(from, to))));
    });
    if (block) framer.push(block);
    return messages;
  }

  /** The same by name, flow byte in hex when it is not 0, `null` for an XID without data. */
  names(): string[] {
    return this.take().map(nameOf);
  }

  give(message: SspMessage): void {
    this.peer.received(Buffer.from(encodeSsp(message)));
  }

  /** Connect and exchange capabilities. @param window control vector 83 of the test's side */
  up(window = 3, more: Partial<Capabilities> = {}): void {
    this.peer.connected(this.info);
    this.giveCapex(capexRequest(window, more));
    this.giveCapex(encodeCapexPositive(), 2);
    this.take();
  }

  giveCapex(data: Uint8Array, direction = 1, originTransportId = 0): void {
    this.give({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, direction, data, originTransportId });
  }
}

export function capexRequest(window = 3, more: Partial<Capabilities> = {}): Uint8Array {
  const sapList = new Uint8Array(16).fill(0xff);
  return encodeCapexRequest({ vendorOui: 0, version: 1, release: 0, initialWindow: window, sapList, ...more });
}

const NAMES = new Map<number, string>(Object.entries(SSP).map(([name, type]) => [type, name]));

export function nameOf(message: SspMessage): string {
  const parts = [NAMES.get(message.messageType) ?? String(message.messageType)];
  if (message.kind === 'control' && (message.flags & 0x80) !== 0) parts.push('ex');
  if (message.messageType === SSP.XIDFRAME) parts.push(message.data.length === 0 ? 'null' : 'xid');
  if (message.flowByte !== 0) parts.push(message.flowByte.toString(16));
  return parts.join(' ');
}

/** The far end of one circuit, played by hand: its ids are 7007 / 7. */
export class FarEnd {
  readonly partner: Partner;
  /** The last control message that came from our side: what the far end reflects. */
  seen: SspControl = EMPTY_CONTROL;
  correlator = 0x7007;
  portId = 7;

  constructor(partner: Partner) {
    this.partner = partner;
  }

  /** Read what our side wrote, remember its ids, and give the names. */
  names(): string[] {
    const messages = this.partner.take();
    for (const message of messages) if (message.kind === 'control') this.seen = message;
    return messages.map(nameOf);
  }

  /** Send a control message of the circuit that `seen` belongs to. */
  say(messageType: number, more: Partial<SspControl> = {}): void {
    const { seen } = this;
    const isTarget = seen.direction === 1;
    this.partner.give({
      ...seen,
      messageType,
      flowByte: 0,
      flags: 0,
      data: new Uint8Array(0),
      direction: isTarget ? 2 : 1,
      remoteCorrelator: isTarget ? seen.originCorrelator : seen.targetCorrelator,
      remotePortId: isTarget ? seen.originPortId : seen.targetPortId,
      ...(isTarget
        ? { targetCorrelator: this.correlator, targetPortId: this.portId }
        : { originCorrelator: this.correlator, originPortId: this.portId }),
      ...more,
    });
  }

  /** Send a message with the 16-byte header. */
  short(messageType: number, flowByte = 0, data: Uint8Array = new Uint8Array(0)): void {
    const { seen } = this;
    const isTarget = seen.direction === 1;
    this.partner.give({
      kind: 'info',
      messageType,
      flowByte,
      remoteCorrelator: isTarget ? seen.originCorrelator : seen.targetCorrelator,
      remotePortId: isTarget ? seen.originPortId : seen.targetPortId,
      data,
    });
  }

  info(data: Uint8Array, flowByte = 0): void {
    this.short(SSP.INFOFRAME, flowByte, data);
  }

  /** CANUREACH_cs to our station. */
  call(more: Partial<SspControl> = {}): void {
    this.partner.give({
      ...EMPTY_CONTROL,
      messageType: SSP.CANUREACH,
      targetMac: PU_MAC,
      originMac: HOST_MAC,
      targetSap: 4,
      originSap: 4,
      largestFrame: 0x98,
      originCorrelator: this.correlator,
      originPortId: this.portId,
      ...more,
    });
  }
}
