import type { SimulatedClock } from '../../src/base/clock.js';
import { decodeCapex, encodeCapexPositive, encodeCapexRequest, SNA_SAP_LIST } from '../../src/dlsw/capabilities.js';
import { splitSsp } from '../../src/dlsw/framing.js';
import {
  DIRECTION,
  decodeSsp,
  EMPTY_CONTROL,
  encodeSsp,
  SSP,
  SSP_FLAG_EXPLORER,
  type SspControl,
  type SspMessage,
} from '../../src/dlsw/ssp.js';
import type { HostConnection } from '../../src/host/connection.js';
import type { HostNode } from '../../src/host/host-node.js';

const HOST_MAC = '400037450001';
const CORRELATOR = 0x77;
const PORT = 0x5;

/** What a PIU says, in hex and numbers: enough to write expectations down. */
export interface SeenPiu {
  readonly hex: string;
  readonly th0: number;
  readonly daf: number;
  readonly oaf: number;
  readonly snf: number;
  /** RH in hex; '' for middle and last segments. */
  readonly rh: string;
  readonly ru: Buffer;
  readonly bytes: Buffer;
}

export function seen(bytes: Buffer): SeenPiu {
  const hasRh = (bytes[0]! & 0x08) !== 0;
  return {
    hex: bytes.toString('hex'),
    th0: bytes[0]!,
    daf: bytes[2]!,
    oaf: bytes[3]!,
    snf: bytes.readUInt16BE(4),
    rh: hasRh ? bytes.toString('hex', 6, 9) : '',
    ru: bytes.subarray(hasRh ? 9 : 6),
    bytes,
  };
}

export interface PuDriverOptions {
  readonly xid?: string;
  readonly mac?: string;
  /** What we say in our capabilities, and grant at once. */
  readonly window?: number;
  /** Answer session control of the host positively by itself. Off: the test does it. */
  readonly auto?: boolean;
  /** Grant again by itself when half of the window is used up. */
  readonly grants?: boolean;
}

/**
 * A PU 2.0 that does what a test says, byte by byte, over an in-memory DLSw connection to a HostNode. It has no machines:
 * with `auto` it answers ACTPU, ACTLU, BIND, SDT, STSN, CLEAR, UNBIND, DACTLU, DACTPU and network services positively.
 */
export class PuDriver {
  readonly clock: SimulatedClock;
  readonly connection: HostConnection;
  /** PIUs of the host that no test has taken yet. */
  readonly inbox: SeenPiu[] = [];
  /** Control messages of the host, by type. */
  readonly messages: SspMessage[] = [];
  /** All PIUs of the host, in order. */
  readonly all: SeenPiu[] = [];
  isClosed = false;
  /** Bytes to and from the host. */
  bytesOut = 0;
  bytesIn = 0;
  auto: boolean;
  granted = 0;
  /** INFOFRAMEs that the host may still send. */
  hostCredit = 0;
  private readonly grants: boolean;
  private readonly window: number;
  private readonly mac: string;
  private readonly xid: Buffer;
  private hostCorrelator = 0;
  private hostPort = 0;
  private flowByte = 0;

  constructor(node: HostNode, clock: SimulatedClock, options: PuDriverOptions = {}) {
    this.clock = clock;
    this.auto = options.auto ?? true;
    this.grants = options.grants ?? true;
    this.window = options.window ?? 1000;
    this.mac = options.mac ?? '400000000011';
    this.xid = Buffer.from(options.xid ?? '020001700011', 'hex');
    this.connection = node.attach(
      {
        write: (block, done) => {
          const copy = Buffer.from(block);
          this.bytesIn += copy.length;
          done(block);
          clock.soon(() => this.onBlock(copy));
        },
        close: () => {
          this.isClosed = true;
        },
      },
      { remoteAddress: 'test', connections: 1 },
    );
  }

  /** Everything up to CONNECTED; with `auto` also ACTPU and ACTLUs. */
  up(): this {
    this.exchangeCapabilities();
    this.startCircuit();
    this.sendXid(this.xid);
    this.clock.settle();
    return this;
  }

  exchangeCapabilities(): void {
    const request = encodeCapexRequest({
      vendorOui: 0,
      version: 1,
      release: 0,
      initialWindow: this.window,
      sapList: SNA_SAP_LIST,
      tcpConnections: 1,
    });
    this.sendRaw({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, data: request });
    this.clock.settle();
  }

  /** CANUREACH_ex, CANUREACH_cs, REACH_ACK, null XID. */
  startCircuit(): void {
    this.control(SSP.CANUREACH, { flags: SSP_FLAG_EXPLORER });
    this.clock.settle();
    this.control(SSP.CANUREACH);
    this.clock.settle();
    this.hostCredit += this.window;
    this.control(SSP.REACH_ACK, { flowByte: this.takeFlowByte() | 0x80 });
    this.control(SSP.XIDFRAME);
    this.clock.settle();
  }

  sendXid(xid: Buffer): void {
    this.control(SSP.XIDFRAME, { data: xid });
    this.clock.settle();
  }

  /** A control message of our circuit; fields may be overridden to be wrong. */
  control(messageType: number, fields: Partial<SspControl> = {}): void {
    const isReach = messageType === SSP.CANUREACH;
    this.sendRaw({
      ...EMPTY_CONTROL,
      messageType,
      direction: DIRECTION.toTarget,
      originMac: this.mac,
      originSap: 4,
      targetMac: HOST_MAC,
      targetSap: 4,
      largestFrame: 0x90,
      originCorrelator: CORRELATOR,
      originPortId: PORT,
      targetCorrelator: isReach ? 0 : this.hostCorrelator,
      targetPortId: isReach ? 0 : this.hostPort,
      remoteCorrelator: isReach ? 0 : this.hostCorrelator,
      remotePortId: isReach ? 0 : this.hostPort,
      ...fields,
    });
  }

  sendRaw(message: SspMessage): void {
    const bytes = Buffer.from(encodeSsp(message));
    this.bytesOut += bytes.length;
    this.connection.data(bytes);
  }

  /** Send a PIU, hex or bytes, in an INFOFRAME; then let the host act. */
  piu(piu: string | Buffer, settle = true): void {
    const data = typeof piu === 'string' ? Buffer.from(piu.replaceAll(' ', ''), 'hex') : piu;
    this.granted -= 1;
    this.sendRaw({
      kind: 'info',
      messageType: SSP.INFOFRAME,
      flowByte: this.takeFlowByte(),
      remoteCorrelator: this.hostCorrelator,
      remotePortId: this.hostPort,
      data,
    });
    if (settle) this.clock.settle();
  }

  /** The next PIU of the host. @throws Error when there is none */
  take(): SeenPiu {
    const piu = this.inbox.shift();
    if (!piu) throw new Error('the host sent nothing');
    return piu;
  }

  /** All that came since the last take. */
  drain(): SeenPiu[] {
    return this.inbox.splice(0);
  }

  /** Answer a request positively, or with sense data. */
  respond(piu: SeenPiu, ru?: Buffer, sense?: string): void {
    this.piu(responseTo(piu, ru, sense), false);
  }

  private takeFlowByte(): number {
    const byte = this.flowByte;
    this.flowByte = 0;
    return byte;
  }

  private onBlock(block: Buffer): void {
    for (const message of splitSsp(block)) this.onMessage(decodeSsp(message));
  }

  private onMessage(message: SspMessage): void {
    if ((message.flowByte & 0x80) !== 0) {
      this.granted += 256;
      this.flowByte |= 0x40;
    }
    if (message.messageType === SSP.INFOFRAME) this.onInfo(message);
    else {
      this.messages.push(message);
      if (message.kind === 'control') this.onControl(message);
    }
  }

  private onControl(message: SspControl): void {
    const type = message.messageType;
    if (type === SSP.CAP_EXCHANGE) {
      if (decodeCapex(message.data).kind === 'request') {
        this.sendRaw({ ...EMPTY_CONTROL, messageType: type, direction: 2, data: encodeCapexPositive() });
      }
    } else if (type === SSP.ICANREACH && message.flags === 0) {
      this.hostCorrelator = message.targetCorrelator;
      this.hostPort = message.targetPortId;
    } else if (type === SSP.CONTACT && this.auto) this.control(SSP.CONTACTED, { flowByte: this.takeFlowByte() });
    else if (type === SSP.HALT_DL && this.auto) this.control(SSP.DL_HALTED);
    else if (type === SSP.RESTART_DL && this.auto) this.control(SSP.DL_RESTARTED);
    else if (type === SSP.XIDFRAME && this.auto && this.all.length > 0) this.control(SSP.XIDFRAME, { data: this.xid });
  }

  private onInfo(message: SspMessage): void {
    this.hostCredit -= 1;
    if (this.grants && this.hostCredit <= this.window / 2) this.grant();
    const piu = seen(Buffer.from(message.data));
    this.all.push(piu);
    if (!this.auto || !this.answer(piu)) this.inbox.push(piu);
  }

  /** FCIND repeat by itself. */
  grant(): void {
    this.hostCredit += this.window;
    this.sendRaw({
      kind: 'info',
      messageType: SSP.IFCM,
      flowByte: 0x80,
      remoteCorrelator: this.hostCorrelator,
      remotePortId: this.hostPort,
      data: Buffer.alloc(0),
    });
  }

  /** @returns true when it was answered */
  private answer(piu: SeenPiu): boolean {
    if (piu.rh === '6b8000') {
      this.respond(piu, autoResponse(piu));
      // BIND and what follows it is of interest to tests even when it is answered for them.
      if (piu.ru[0] === 0x31 || piu.ru[0] === 0x32) this.inbox.push(piu);
      return true;
    }
    if (piu.rh !== '0b8000' || piu.oaf !== 0) return false;
    this.respond(piu);
    this.inbox.push(piu);
    return true;
  }
}

/** Positive RU of a session control response. */
function autoResponse(piu: SeenPiu): Buffer | undefined {
  const code = piu.ru[0];
  if (code === 0x11) return Buffer.from('11014040404040404040', 'hex');
  if (code === 0x0d) return Buffer.from('0d010100850000000c0e0300010000004040404040404040', 'hex');
  if (code === 0x31 && (piu.ru[1]! & 0x0f) === 0) return piu.ru;
  if (code === 0xa2) return piu.ru;
  return undefined;
}

/** The response to a request PIU, by the book. */
export function responseTo(piu: SeenPiu, ru?: Buffer, sense?: string): Buffer {
  const rh0 = Number.parseInt(piu.rh.slice(0, 2), 16);
  const rh1 = Number.parseInt(piu.rh.slice(2, 4), 16);
  const category = rh0 & 0x60;
  const echo =
    category !== 0
      ? piu.ru.subarray(0, 1)
      : (rh0 & 0x08) !== 0 && piu.oaf === 0
        ? piu.ru.subarray(0, 3)
        : Buffer.alloc(0);
  const header = Buffer.from([
    (piu.th0 & 0x01) | 0x2c,
    0,
    piu.oaf,
    piu.daf,
    piu.snf >> 8,
    piu.snf & 0xff,
    (rh0 & 0x68) | 0x83 | (sense ? 0x04 : 0),
    (rh1 & 0xa2) | (sense ? 0x10 : 0),
    0,
  ]);
  return Buffer.concat([header, Buffer.from(sense ?? '', 'hex'), sense ? echo : (ru ?? echo)]);
}
