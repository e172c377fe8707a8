import {
  HalfSession,
  type HalfSessionOptions,
  type HalfSessionPort,
  type NoticeKind,
} from '../../../src/fsm/half-session.js';

/** One PIU that a half-session sent, without addresses. */
export interface SentPiu {
  readonly isExpedited: boolean;
  readonly snf: number;
  readonly rh: readonly [number, number, number];
  readonly ru: Uint8Array;
}

/** A port that writes everything down; `answers` are what `received` gives for the LAST element, in turn (then 0). */
export class RecordingPort implements HalfSessionPort {
  readonly sentPius: SentPiu[] = [];
  readonly data: { readonly bytes: Uint8Array; readonly flags: number }[] = [];
  readonly log: string[] = [];
  readonly answers: number[] = [];

  transmit(
    isExpedited: boolean,
    snf: number,
    rh0: number,
    rh1: number,
    rh2: number,
    ru: Uint8Array,
    f: number,
    t: number,
  ) {
    this.sentPius.push({ isExpedited, snf, rh: [rh0, rh1, rh2], ru: ru.slice(f, t) });
  }
  received(bytes: Uint8Array, from: number, to: number, flags: number): number {
    this.data.push({ bytes: bytes.slice(from, to), flags });
    return (flags & 2) === 0 ? 0 : (this.answers.shift() ?? 0);
  }
  chainDiscarded(senseData: number): void {
    this.log.push(`discarded ${hex(senseData)}`);
  }
  sent(): void {
    this.log.push('sent');
  }
  responded(senseData: number): void {
    this.log.push(`responded ${hex(senseData)}`);
  }
  stateChanged(state: string, cause: string, senseData: number): void {
    this.log.push(`${state} by ${cause} ${hex(senseData)}`);
  }
  notice(kind: NoticeKind, value: number): void {
    this.log.push(`notice ${kind} ${hex(value)}`);
  }
  protocolError(senseData: number, what: string): void {
    this.log.push(`error ${hex(senseData)} ${what}`);
  }

  /** PIUs sent since the last call, as hex with the TH of LU `lu` and PLU `plu`. */
  takePius(lu = 2, plu = 1): string[] {
    return this.sentPius.splice(0).map((piu) => piuHex(piu, plu, lu));
  }
  /** As `takePius`, without TH: flow, SNF, RH and RU. */
  take(): string[] {
    return this.sentPius.splice(0).map(({ isExpedited, snf, rh, ru }) => {
      const body = Buffer.from(ru).toString('hex');
      return `${isExpedited ? 'E' : 'N'}${snf} ${Buffer.from(rh).toString('hex')}${body === '' ? '' : ` ${body}`}`;
    });
  }
  takeLog(): string[] {
    return this.log.splice(0);
  }
}

export function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

/** A whole PIU as hex. */
export function piuHex(piu: SentPiu, daf: number, oaf: number): string {
  const th = [piu.isExpedited ? 0x2d : 0x2c, 0, daf, oaf, piu.snf >> 8, piu.snf & 0xff];
  return Buffer.from([...th, ...piu.rh, ...piu.ru]).toString('hex');
}

/** Hand a whole FID2 PIU, as hex, to a half-session. */
export function feedPiu(session: HalfSession, text: string): void {
  const piu = bytesOf(text);
  const snf = (piu[4]! << 8) | piu[5]!;
  session.receive((piu[0]! & 1) !== 0, snf, piu[6]!, piu[7]!, piu[8]!, piu, 9, piu.length);
}

export const DEFAULTS: HalfSessionOptions = { seqCheck: 'strict', replyBindImage: 'negotiable' };

/** Fields of a test BIND that differ from LU 0, FM 3, TS 3, flip-flop with brackets, rule 1, SLU first speaker. */
export interface BindFields {
  readonly type?: number;
  readonly fm?: number;
  readonly ts?: number;
  readonly plu?: number;
  readonly slu?: number;
  readonly common?: number;
  readonly traffic?: number;
  readonly sendWindow?: number;
  readonly receiveWindow?: number;
  readonly sendSize?: number;
  readonly receiveSize?: number;
  readonly luType?: number;
}

/** A BIND of 27 bytes. */
export function bindImage(fields: BindFields = {}): Uint8Array {
  const image = new Uint8Array(28);
  const { type = 1, fm = 3, ts = 3, plu = 0xb1, slu = 0xb0, common = 0x30, traffic = 0x80 } = fields;
  const { sendWindow = 0, receiveWindow = 0, sendSize = 0x85, receiveSize = 0x86, luType = 0 } = fields;
  const windows = [sendWindow, receiveWindow, sendSize, receiveSize, receiveWindow, sendWindow];
  image.set([0x31, type, fm, ts, plu, slu, common, traffic, ...windows, luType]);
  return image;
}

/** A session, driven by hand: `rq` and friends play the primary with right sequence numbers. */
export class Bench {
  readonly port = new RecordingPort();
  readonly session: HalfSession;
  snf = 0;
  id = 0;

  constructor(options: Partial<HalfSessionOptions> = {}) {
    this.session = new HalfSession(this.port, 'LU0', { ...DEFAULTS, ...options });
  }
  /** Bound and, where the TS profile has it, started; what was sent so far is forgotten. */
  static active(fields: BindFields = {}, options: Partial<HalfSessionOptions> = {}): Bench {
    const bench = new Bench(options);
    bench.sc(bindImage(fields));
    if ((fields.ts ?? 3) !== 2) bench.sc('a0');
    bench.port.take();
    bench.port.takeLog();
    return bench;
  }
  sc(ru: string | Uint8Array): void {
    this.expedited('6b8000', ru);
  }
  expedited(rh: string, ru: string | Uint8Array): void {
    this.id += 1;
    this.feed(true, this.id, rh, ru);
  }
  /** A normal-flow request with the next sequence number. */
  rq(rh: string, ru: string | Uint8Array = ''): void {
    this.snf = (this.snf + 1) & 0xffff;
    this.feed(false, this.snf, rh, ru);
  }
  /** A response on the normal flow. */
  rsp(snf: number, rh: string, ru: string | Uint8Array = ''): void {
    this.feed(false, snf, rh, ru);
  }
  feed(isExpedited: boolean, snf: number, rh: string, ru: string | Uint8Array): void {
    const [rh0, rh1, rh2] = bytesOf(rh);
    const bytes = typeof ru === 'string' ? bytesOf(ru) : ru;
    this.session.receive(isExpedited, snf, rh0!, rh1!, rh2!, bytes, 0, bytes.length);
  }
  send(text: string, flags: number): boolean {
    const bytes = bytesOf(text);
    const isSent = this.session.sendChain(bytes, 0, bytes.length, flags);
    // Nothing of it may be kept.
    bytes.fill(0xee);
    return isSent;
  }
}
