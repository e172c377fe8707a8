import { assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { type HostLinkError, toHostLinkError } from '../base/errors.js';
import type { Log, Logger } from '../base/log.js';
import type { WorkerChannel } from '../channel/channel.js';
import type { OpenAnswer } from '../channel/open-answer.js';
import type { PuConfig, SnaOptions } from '../config/model.js';
import type { LuLuState } from '../fsm/lu-lu.js';
import { SSCP_PU, type SscpPuAction, type SscpPuEvent, type SscpPuState } from '../fsm/sscp-pu.js';
import {
  NS,
  PIU_HEADER_SIZE,
  RH0_CATEGORY_MASK,
  RH0_RRI,
  SC,
  TH_EFI,
  TH_FID_MASK,
  TH_FID2,
  TH_MPF_FIRST,
  TH_MPF_MASK,
  TH_MPF_WHOLE,
  TH_SIZE,
} from '../sna/masks.js';
import { decodePiu, negativeResponse, type Piu, positiveResponse } from '../sna/piu.js';
import { type JoinedBiu, Reassembler } from '../sna/segment.js';
import { describeSense, printSense } from '../sna/sense.js';
import type { LinkCounters } from './counters.js';
import { type LinkStation, PiuSender } from './piu-sender.js';
import { actpuResponse, nsHeader, puEvent, sessionControlCode, wholePiu } from './pu-requests.js';
import type { ProtocolError, Reports } from './reports.js';
import { LuSession, type SessionOwner } from './session.js';
import type { Sessions } from './sessions.js';
import { SscpLu } from './sscp-lu.js';

/** What a PU tells its link; what concerns LU sessions goes to `sessions`. */
export interface PuOwner {
  puChanged(pu: Pu, reason: string): void;
  /** The circuit of this PU took no more; nothing has been sent on it since. */
  sendFailed(pu: Pu, error: HostLinkError): void;
}

export interface PuContext {
  readonly channel: WorkerChannel;
  readonly clock: Clock;
  readonly log: Log;
  readonly sna: SnaOptions;
  readonly replySizeMax: number;
  readonly counters: LinkCounters;
  readonly reports: Reports;
  readonly owner: PuOwner;
  readonly sessions: Sessions;
}

const PU_ADDRESS = 0;
const SENSE = {
  SESSION_LIMIT: 0x08050000,
  NOT_SUPPORTED: 0x10030000,
  NO_SUCH_ADDRESS: 0x80040000,
  NO_SESSION: 0x80050000,
  SEGMENT: 0x80070000,
  PU_NOT_ACTIVE: 0x80080000,
  LU_NOT_ACTIVE: 0x80090000,
} as const;

const NOT_FMD_REQUEST = RH0_RRI | RH0_CATEGORY_MASK;

/**
 * A PU 2.0 node on one circuit: takes PIUs apart by (DAF, OAF), answers for the PU itself, and hands the rest to its LUs.
 * @source sna-wire sections 1.1 (demultiplexing), 1.3 (segments), 3.2 (SSCP-PU)
 */
export class Pu implements SessionOwner {
  readonly config: PuConfig;
  readonly channel: WorkerChannel;
  readonly sna: SnaOptions;
  readonly replySizeMax: number;
  readonly sender: PiuSender;
  private readonly logger: Logger;
  private readonly isPayloadLogged: boolean;
  private readonly owner: PuOwner;
  private readonly related: Sessions;
  private readonly counters: LinkCounters;
  private readonly reports: Reports;
  private readonly clock: Clock;
  private readonly byAddress: (LuSession | undefined)[] = new Array(256);
  private readonly inOrder: LuSession[] = [];
  private readonly reassembler: Reassembler;
  private state: SscpPuState = 'INACTIVE';

  constructor(config: PuConfig, context: PuContext) {
    const { clock, counters, log, reports, sna } = context;
    this.config = config;
    this.channel = context.channel;
    this.sna = sna;
    this.replySizeMax = context.replySizeMax;
    this.owner = context.owner;
    this.related = context.sessions;
    this.counters = counters;
    this.reports = reports;
    this.clock = clock;
    this.isPayloadLogged = log.options.payload;
    this.logger = log.part('link', { pu: config.name });
    const failed = (error: HostLinkError): void => this.owner.sendFailed(this, error);
    this.sender = new PiuSender(clock, counters, reports.ring, config.index, sna, failed);
    this.reassembler = new Reassembler(context.replySizeMax + PIU_HEADER_SIZE);
    for (const lu of config.lus) {
      const session = new LuSession(lu, config.name, this);
      session.sscp = new SscpLu(session, this, context.sessions);
      this.byAddress[lu.localAddress] = session;
      this.inOrder.push(session);
    }
  }

  /** Has the host activated this PU? */
  get isActive(): boolean {
    return this.state === 'ACTIVE';
  }

  /** Its LUs in the order of the configuration: requests that name an LU count on it. */
  sessions(): readonly LuSession[] {
    return this.inOrder;
  }

  /** The circuit is connected: PIUs may flow. */
  circuitUp(station: LinkStation): void {
    this.sender.station = station;
    this.reassembler.reset();
  }

  /** The circuit is gone, and with it every session of this PU. */
  circuitDown(reason: string): void {
    this.sender.station = undefined;
    this.reassembler.reset();
    this.step('LINK_LOST', undefined, reason);
  }

  /** Hot path: one PIU from the host, in place. */
  received(bytes: Buffer, from: number, to: number): void {
    this.counters.piusIn += 1;
    this.sender.keepReceived(bytes, from, to);
    if (to - from < TH_SIZE || (bytes[from]! & TH_FID_MASK) !== TH_FID2) {
      this.dropped('TH is not FID2 or too short', bytes, from, to);
    } else if ((bytes[from]! & TH_MPF_MASK) !== TH_MPF_WHOLE) {
      this.segment(bytes, from, to);
    } else if (to - from < PIU_HEADER_SIZE) {
      this.dropped('PIU ends inside the RH', bytes, from, to);
    } else {
      this.dispatch(bytes, from, to);
    }
  }

  /** A whole BIU: the pair (DAF, OAF) tells whose it is. */
  private dispatch(bytes: Buffer, from: number, to: number): void {
    const address = bytes[from + 2]!;
    const partner = bytes[from + 3]!;
    if (address === PU_ADDRESS) {
      this.forPu(bytes, from, to);
      return;
    }
    const session = this.byAddress[address];
    if (session === undefined) this.withoutLu(bytes, from, to);
    else if (session.pluAddress === partner) this.forHalf(session, bytes, from, to);
    else if (this.state !== 'ACTIVE') this.refuse(bytes, from, to, SENSE.PU_NOT_ACTIVE);
    else this.forLu(session, partner, bytes, from, to);
  }

  /** The host may know more LUs than are configured here: to activate one of those is no error of its. */
  private withoutLu(bytes: Buffer, from: number, to: number): void {
    if (sessionControlCode(bytes, from) !== SC.ACTLU) return this.refuse(bytes, from, to, SENSE.NO_SUCH_ADDRESS);
    this.logger.debug({ lu: '', kind: 'ACTLU_WITHOUT_LU', value: bytes[from + 2] }, 'session.notice');
    this.sender.sendPiu(negativeResponse(decodePiu(bytes.subarray(from, to)), SENSE.NO_SUCH_ADDRESS));
  }

  private forHalf(session: LuSession, bytes: Buffer, from: number, to: number): void {
    const snf = (bytes[from + 4]! << 8) | bytes[from + 5]!;
    const isExpedited = (bytes[from]! & TH_EFI) !== 0;
    const rh = from + TH_SIZE;
    const ru = from + PIU_HEADER_SIZE;
    session.receive(isExpedited, snf, bytes[rh]!, bytes[rh + 1]!, bytes[rh + 2]!, bytes, ru, to);
  }

  /** Not of a bound LU-LU session: SSCP-LU traffic, a BIND, or something for a session that does not exist. */
  private forLu(session: LuSession, partner: number, bytes: Buffer, from: number, to: number): void {
    const code = sessionControlCode(bytes, from);
    const { isActive } = session.sscp;
    if (code === SC.BIND) this.bind(session, partner, bytes, from, to);
    else if (isActive && partner === session.forgottenPlu) this.afterwards(code, bytes, from, to);
    else if (code === SC.UNBIND && isActive && session.pluAddress < 0) this.unbind(session, partner, bytes, from, to);
    else if (code === SC.ACTLU || partner === session.sscp.partner) session.sscp.received(partner, bytes, from, to);
    else this.refuse(bytes, from, to, isActive ? SENSE.NO_SESSION : SENSE.LU_NOT_ACTIVE);
  }

  /** The host goes on with a session that was forgotten here. @source sna-wire 3.4: UNBIND is answered all the same */
  private afterwards(code: number, bytes: Buffer, from: number, to: number): void {
    if ((bytes[from + TH_SIZE]! & RH0_RRI) !== 0) return;
    const piu = decodePiu(bytes.subarray(from, to));
    const answer = code === SC.UNBIND ? positiveResponse(piu, Uint8Array.of(code)) : undefined;
    this.sender.sendPiu(answer ?? negativeResponse(piu, SENSE.NO_SESSION));
  }

  private bind(session: LuSession, partner: number, bytes: Buffer, from: number, to: number): void {
    if (!session.sscp.isActive) return this.refuse(bytes, from, to, SENSE.LU_NOT_ACTIVE);
    if (session.pluAddress >= 0) return this.refuse(bytes, from, to, SENSE.SESSION_LIMIT);
    session.pluAddress = partner;
    session.forgottenPlu = -1;
    this.forHalf(session, bytes, from, to);
    if (session.half.state !== 'RESET') return;
    // Refused; an UNBIND may be on its way already.
    session.forgottenPlu = partner;
    session.pluAddress = -1;
  }

  /** The host ends a session that we have forgotten already: it is told yes. */
  private unbind(session: LuSession, partner: number, bytes: Buffer, from: number, to: number): void {
    session.pluAddress = partner;
    this.forHalf(session, bytes, from, to);
    session.pluAddress = -1;
  }

  private segment(bytes: Buffer, from: number, to: number): void {
    try {
      const biu = this.reassembler.join(bytes, from, to, this.placeOf(bytes, from, to));
      if (biu === null) return;
      if (biu.place !== undefined) this.placed(biu, bytes, from);
      else this.dispatch(biu.bytes, 0, biu.length);
      // Of data nobody keeps a view.
      if (((biu.rh >>> 16) & NOT_FMD_REQUEST) === 0) this.reassembler.recycle(biu);
    } catch (error) {
      this.broken('segment', this.byAddress[bytes[from + 2]!], toHostLinkError(error).message);
      const isFirst = (bytes[from]! & TH_MPF_MASK) === TH_MPF_FIRST;
      if (isFirst && to - from >= PIU_HEADER_SIZE) this.refuse(bytes, from, to, SENSE.SEGMENT);
    }
  }

  /** The data of a reply is put together in the answer that it will travel in; some of it must be there to begin with. */
  private placeOf(bytes: Buffer, from: number, to: number): OpenAnswer | undefined {
    if ((bytes[from]! & TH_MPF_MASK) !== TH_MPF_FIRST || to - from <= PIU_HEADER_SIZE) return undefined;
    const session = this.byAddress[bytes[from + 2]!];
    if (session === undefined || session.pluAddress !== bytes[from + 3]!) return undefined;
    return (bytes[from + TH_SIZE]! & NOT_FMD_REQUEST) === 0 ? session.replyPlace() : undefined;
  }

  /**
   * A BIU whose RU lies in the answer of its session, unless that reply is wanted no more. `bytes[from...]` is its last
   * segment. Should the request end while the session looks at it, nobody looks at the RU any more.
   */
  private placed(biu: JoinedBiu, bytes: Buffer, from: number): void {
    const session = this.byAddress[bytes[from + 2]!];
    const place = biu.place as OpenAnswer;
    const ru = place.from + place.length;
    try {
      if (session?.repliesIn(place) && session.pluAddress === bytes[from + 3]!) {
        const { rh } = biu;
        session.receive(false, biu.snf, rh >>> 16, (rh >>> 8) & 0xff, rh & 0xff, place.bytes, ru, ru + place.ahead);
      } else this.dispatch(wholePiu(biu, bytes, from, place.bytes, ru, ru + place.ahead), 0, biu.length);
    } finally {
      place.ahead = 0;
    }
  }

  // SSCP-PU

  private forPu(bytes: Buffer, from: number, to: number): void {
    const piu = decodePiu(bytes.subarray(from, to));
    if (piu.rh === null || piu.rh.rri) return;
    const event = puEvent(piu);
    this.step(event, piu, event);
  }

  private step(event: SscpPuEvent, piu: Piu | undefined, reason: string): void {
    const step = SSCP_PU.step(this.state, event);
    assert(step !== undefined, `no row for ${this.state} / ${event}`);
    const was = this.state;
    this.state = step.next;
    for (const action of step.actions) this.act(action, piu, reason);
    if (was !== this.state) this.owner.puChanged(this, this.isActive ? '' : reason);
  }

  private act(action: SscpPuAction, piu: Piu | undefined, reason: string): void {
    switch (action) {
      case 'DROP_SESSIONS':
        this.related.puDown(this.config.name);
        for (const session of this.sessions()) session.sscp.drop(reason);
        return;
      case 'STORE_SSCP':
        return; // every answer goes to the address its request came from, and we ask the SSCP for nothing on this session
      default:
        if (piu !== undefined) this.answer(action, piu);
    }
  }

  private answer(action: SscpPuAction, piu: Piu): void {
    switch (action) {
      case 'RESPOND_COLD':
        return this.sender.sendPiu(positiveResponse(piu, actpuResponse(1, this.sna.actpuRspFormat)));
      case 'RESPOND_ERP':
        return this.sender.sendPiu(positiveResponse(piu, actpuResponse(2, this.sna.actpuRspFormat)));
      case 'RESPOND':
        return this.sender.sendPiu(positiveResponse(piu));
      case 'ANSWER_MANAGEMENT':
        return this.management(piu);
      case 'REJECT_1003':
        return this.sender.sendPiu(negativeResponse(piu, SENSE.NOT_SUPPORTED));
      case 'REJECT_8008':
        return this.sender.sendPiu(negativeResponse(piu, SENSE.PU_NOT_ACTIVE));
      default:
    }
  }

  /** A PU that keeps no statistics: an NMVT that wants no reply is taken, everything else is not supported. */
  private management(piu: Piu): void {
    const isUnsolicited = nsHeader(piu.ru) === NS.NMVT && piu.ru.length > 7 && (piu.ru[7]! & 0x80) === 0;
    if (isUnsolicited) this.sender.sendPiu(positiveResponse(piu));
    else this.sender.sendPiu(negativeResponse(piu, SENSE.NOT_SUPPORTED));
  }

  // SessionOwner: what LUs ask of their PU

  /** Hot path: one BIU of a LU-LU session. */
  transmit(
    session: LuSession,
    isExpedited: boolean,
    snf: number,
    rh0: number,
    rh1: number,
    rh2: number,
    ru: Uint8Array,
    from: number,
    to: number,
  ): void {
    const { localAddress } = session.config;
    this.sender.send(isExpedited, session.pluAddress, localAddress, snf, rh0, rh1, rh2, ru, from, to);
  }

  luLuChanged(session: LuSession, state: LuLuState, cause: string, senseData: number): void {
    this.related.luLuChanged(session, state, cause, senseData);
  }

  callEnded(session: LuSession): void {
    if (session.isInUse) this.related.callEnded(session);
  }

  noticed(session: LuSession, kind: string, value: number): void {
    this.logger.debug({ lu: session.config.name, kind, value }, 'session.notice');
    if (kind === 'LUSTAT') this.related.lustat(session, value);
  }

  protocolError(session: LuSession, senseData: number, what: string): void {
    this.broken('session', session, what, { sense: printSense(senseData) });
  }

  replied(): void {
    this.counters.replies += 1;
  }

  lateReply(session: LuSession): void {
    this.reports.lateReply(this.config.name, session.config.name, this.clock.nowMs() - session.leftMs);
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  /** Negative response to a request that no session takes; a response is dropped, and so is what wants no answer. */
  private refuse(bytes: Buffer, from: number, to: number, senseData: number): void {
    const daf = bytes[from + 2]!;
    const details = { daf, oaf: bytes[from + 3], sense: printSense(senseData), ...this.payload(bytes, from, to) };
    const reason = `no session takes it: ${describeSense(senseData).name}`;
    this.broken('refused', this.byAddress[daf], reason, details);
    const piu = decodePiu(bytes.subarray(from, to));
    if (piu.rh === null || piu.rh.rri || !(piu.rh.dr1 || piu.rh.dr2)) return;
    this.sender.sendPiu(negativeResponse(piu, senseData));
  }

  private dropped(reason: string, bytes: Buffer, from: number, to: number): void {
    this.broken('dropped', undefined, reason, { size: to - from, ...this.payload(bytes, from, to) });
  }

  private broken(
    kind: ProtocolError['kind'],
    session: LuSession | undefined,
    reason: string,
    details: ProtocolError['details'] = {},
  ): void {
    const { name: pu, index: puIndex } = this.config;
    const lu = session?.config.name ?? '';
    this.reports.protocolError({ pu, puIndex, lu, address: session?.config.localAddress, kind, reason, details });
  }

  /** PIU bytes may hold customer data: they are logged only where the configuration asks for it. */
  private payload(bytes: Buffer, from: number, to: number): { piu?: string } {
    return this.isPayloadLogged ? { piu: bytes.toString('hex', from, to) } : {};
  }
}
