import type { Clock } from '../base/clock.js';
import { compileMachine, type Row } from '../base/machine.js';
import {
  NS,
  PIU_HEADER_SIZE,
  RH0_RRI,
  RH1_FORM_MASK,
  SC,
  TH_FID_MASK,
  TH_FID2,
  TH_ODAI,
  TH_SIZE,
} from '../sna/masks.js';
import type { HostLu } from './host-lu.js';
import type { Ledger } from './ledger.js';
import { type PiuOut, putResponse } from './piu-out.js';
import type { ProtocolErrors, ProtocolRule } from './protocol-errors.js';
import { type SscpPartner, SscpSession } from './sscp-session.js';

export type PuState = 'OFFLINE' | 'PEND_ACTPU' | 'PEND_REACTPU' | 'ACTIVE' | 'REFUSED' | 'PEND_DACTPU' | 'INACTIVE';
type Event = 'CONNECTED' | 'ACTIVATE' | 'ACCEPTED' | 'REFUSED' | 'DEACTIVATE' | 'DEACTIVATED' | 'LOST';
type Action = 'SEND_ACTPU' | 'SEND_DACTPU' | 'ACTIVATE_LUS' | 'DROP_LUS' | 'RETRY_LATER' | 'RESET_SSCP';

/** @source sna-wire 4.5, last paragraph */
const ROWS: readonly Row<PuState, Event, Action>[] = [
  ['OFFLINE', 'CONNECTED', 'PEND_ACTPU', 'SEND_ACTPU'],
  ['PEND_ACTPU', 'ACCEPTED', 'ACTIVE', 'ACTIVATE_LUS'],
  ['PEND_ACTPU', 'REFUSED', 'REFUSED', 'RETRY_LATER'],
  ['REFUSED', 'ACTIVATE', 'PEND_ACTPU', 'SEND_ACTPU'],
  ['ACTIVE', 'ACTIVATE', 'PEND_REACTPU', 'DROP_LUS', 'SEND_ACTPU'],
  ['PEND_REACTPU', 'ACCEPTED', 'ACTIVE', 'ACTIVATE_LUS'],
  ['PEND_REACTPU', 'REFUSED', 'REFUSED', 'RETRY_LATER'],
  ['INACTIVE', 'ACTIVATE', 'PEND_ACTPU', 'SEND_ACTPU'],
  ['ACTIVE', 'DEACTIVATE', 'PEND_DACTPU', 'DROP_LUS', 'SEND_DACTPU'],
  ['PEND_DACTPU', 'DEACTIVATED', 'INACTIVE', 'RESET_SSCP'],
  ...(['PEND_ACTPU', 'PEND_REACTPU', 'ACTIVE', 'REFUSED', 'PEND_DACTPU', 'INACTIVE'] as const).map(
    (state): Row<PuState, Event, Action> => [state, 'LOST', 'OFFLINE', 'DROP_LUS', 'RESET_SSCP'],
  ),
];

const MACHINE = compileMachine('SSCP-PU at the host', ROWS);

const ACTPU_COLD = Uint8Array.of(SC.ACTPU, 0x01, 0x01, 0x05, 0, 0, 0, 0, 0x01);
const DACTPU = Uint8Array.of(SC.DACTPU, 0x02);
const CONTENTS_ID_LENGTH = 8;

/** Stands where a PU has no circuit: takes everything and keeps nothing. */
const NOWHERE: PiuOut = {
  bytes: Buffer.allocUnsafeSlow(66_000),
  flushes: 0,
  reserve: () => 0,
};

export interface PuSettings {
  readonly name: string;
  /** IDBLK and IDNUM: 8 hex digits, lower case. */
  readonly id: string;
  readonly piuSizeMax: number;
  readonly sscpAddress: number;
  readonly checksOdai: boolean;
  readonly actpuRetryMs: number;
}

/** One PU 2.0 as the host knows it: its SSCP session, its LUs, and the way of every PIU that comes from it. */
export class HostPu implements SscpPartner {
  readonly settings: PuSettings;
  readonly name: string;
  readonly localAddress = 0;
  readonly piuSizeMax: number;
  readonly sscpAddress: number;
  readonly clock: Clock;
  readonly errors: ProtocolErrors;
  readonly ledger: Ledger;
  /** By local address; 0 is the PU itself and never an LU. */
  readonly lus: (HostLu | undefined)[] = Array<HostLu | undefined>(256).fill(undefined);
  readonly sscpSession: SscpSession;
  state: PuState = 'OFFLINE';
  out: PiuOut = NOWHERE;
  piusIn = 0;
  private cancelRetry: (() => void) | undefined;

  constructor(settings: PuSettings, clock: Clock, errors: ProtocolErrors, ledger: Ledger) {
    this.settings = settings;
    this.name = settings.name;
    this.piuSizeMax = settings.piuSizeMax;
    this.sscpAddress = settings.sscpAddress;
    this.clock = clock;
    this.errors = errors;
    this.ledger = ledger;
    this.sscpSession = new SscpSession(this);
  }

  /** As partner of the SSCP-PU session, the PU itself has no LU name. */
  get puName(): string {
    return this.settings.name;
  }
  get isOpen(): boolean | undefined {
    return this.isResetting ? undefined : this.state === 'ACTIVE';
  }

  /** It is being reset or deactivated: what it sent before it knew does not count. */
  get isResetting(): boolean {
    return this.state === 'PEND_DACTPU' || this.state === 'PEND_REACTPU';
  }

  /** The circuit is connected: PIUs go to `out` from now on. */
  connect(out: PiuOut): void {
    this.out = out;
    this.step('CONNECTED');
  }

  /** The circuit is gone. */
  disconnect(): void {
    this.out = NOWHERE;
    this.step('LOST');
  }

  /** ACTPU cold. */
  activate(): void {
    this.step('ACTIVATE');
  }

  /** DACTPU. */
  deactivate(): void {
    this.step('DEACTIVATE');
  }

  *definedLus(): IterableIterator<HostLu> {
    for (const lu of this.lus) if (lu) yield lu;
  }

  /** One PIU from the PU, `piu[at, end)`, valid during the call. */
  onPiu(piu: Buffer, at: number, end: number): void {
    this.piusIn += 1;
    const fault = this.pathFault(piu, at, end);
    if (fault !== undefined) {
      this.refuse(fault, '', piu, at, end);
      return;
    }
    const daf = piu[at + 2]!;
    const oaf = piu[at + 3]!;
    const lu = this.lus[oaf];
    if (lu !== undefined) {
      // Our ACTPU or DACTPU is on its way: its LUs start from nothing, so what they sent before does not count.
      if (this.isResetting) return;
      const { session } = lu;
      if (session !== undefined && daf === session.application.address) session.onPiu(piu, at, end);
      else if (daf === this.sscpAddress) lu.sscpSession.onPiu(piu, at, end);
      else this.onStray(lu, piu, at, end);
    } else if (oaf === 0 && daf === this.sscpAddress) this.sscpSession.onPiu(piu, at, end);
    else this.refuse('TH_ADDRESS', `DAF ${daf} OAF ${oaf}`, piu, at, end);
  }

  private pathFault(piu: Buffer, at: number, end: number): ProtocolRule | undefined {
    if (end - at < TH_SIZE) return 'TH_LENGTH';
    if ((piu[at]! & TH_FID_MASK) !== TH_FID2 || piu[at + 1] !== 0) return 'TH_FID';
    if ((piu[at]! & TH_ODAI) !== 0 && this.settings.checksOdai) return 'TH_ODAI';
    return end - at > this.piuSizeMax ? 'PIU_LENGTH' : undefined;
  }

  /** For a session that is no more: expected while DACTLU, ACTLU or DACTPU is under way, a mistake otherwise. */
  private onStray(lu: HostLu, piu: Buffer, at: number, end: number): void {
    if (lu.isResetting) return;
    this.refuse('TH_ADDRESS', `no session of ${lu.name} with ${piu[at + 2]}`, piu, at, end);
  }

  private refuse(rule: ProtocolRule, note: string, piu: Buffer, at: number, end: number): void {
    const lu = end - at >= TH_SIZE ? this.lus[piu[at + 3]!] : undefined;
    this.errors.record(rule, this.name, lu?.name ?? '', note, piu, at, end);
    const isRequest = end - at >= PIU_HEADER_SIZE && (piu[at + 6]! & RH0_RRI) === 0;
    const isWhole = end - at >= PIU_HEADER_SIZE && (piu[at]! & 0xfc) === 0x2c;
    if (!isRequest || !isWhole || (piu[at + 7]! & RH1_FORM_MASK) === 0 || rule === 'TH_FID') return;
    putResponse(
      this.out,
      piu,
      at,
      end,
      rule === 'TH_ADDRESS' ? 0x80050000 : rule === 'TH_ODAI' ? 0x800f0001 : 0x800a0000,
    );
  }

  onControlAnswer(code: number, sense: number, ru: Buffer): void {
    if (code === SC.DACTPU) this.step('DEACTIVATED');
    if (code !== SC.ACTPU) return;
    if (sense === 0 && !this.isActpuResponse(ru)) {
      this.sscpSession.record('SSCP_RU', 'RSP(ACTPU)', ru, 0, ru.length);
    }
    this.step(sense === 0 ? 'ACCEPTED' : 'REFUSED');
  }

  /** Code, format and type of activation, then nothing, or the contents id, or (format 1) the contents id and vectors. */
  private isActpuResponse(ru: Buffer): boolean {
    const format = (ru[1] ?? 0) >> 4;
    if (((ru[1] ?? 0) & 0x0f) !== 1 || format > 1) return false;
    const isLong = ru.length === 2 + CONTENTS_ID_LENGTH;
    return format === 0 ? isLong || ru.length === 2 : ru.length >= 2 + CONTENTS_ID_LENGTH;
  }

  isLenient(): boolean {
    return false;
  }

  /** What a PU says to its SSCP: management data is taken, REQDISCONT ends the session. */
  onServiceRequest(ru: Buffer, isFormatted: boolean): void {
    const header = isFormatted && ru.length >= 3 ? ru.readUIntBE(0, 3) : 0;
    const isKnown = header === NS.NMVT || header === NS.RECFMS || header === NS.RECMS || header === NS.REQDISCONT;
    if (!isKnown) {
      this.sscpSession.refuseRequest('SSCP_FUNCTION', header.toString(16).padStart(6, '0'));
      return;
    }
    this.sscpSession.answer(0);
    if (header === NS.REQDISCONT) this.deactivate();
  }

  private step(event: Event): void {
    const step = MACHINE.step(this.state, event);
    if (step === undefined) return;
    this.state = step.next;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    for (const action of step.actions) this.act(action);
  }

  private act(action: Action): void {
    if (action === 'SEND_ACTPU') this.sscpSession.sendControl(ACTPU_COLD);
    else if (action === 'SEND_DACTPU') this.sscpSession.sendControl(DACTPU);
    else if (action === 'ACTIVATE_LUS') for (const lu of this.definedLus()) lu.activate();
    else if (action === 'DROP_LUS') for (const lu of this.definedLus()) lu.lose();
    else if (action === 'RESET_SSCP') this.sscpSession.reset();
    else this.cancelRetry = this.clock.after(this.settings.actpuRetryMs, () => this.activate());
  }
}
