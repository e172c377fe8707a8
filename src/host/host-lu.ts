import type { Clock } from '../base/clock.js';
import { compileMachine, type Row } from '../base/machine.js';
import { NS, SC } from '../sna/masks.js';
import type { ChainSpares } from './chain-buffer.js';
import { toEbcdic } from './ebcdic.js';
import type { HostApplication } from './host-application.js';
import type { HostPu } from './host-pu.js';
import type { OnLedger } from './ledger.js';
import type { LogMode } from './log-modes.js';
import { bindImage } from './log-modes.js';
import {
  decodeActluResponse,
  decodeInitSelf,
  decodeLuVector,
  decodeTermSelf,
  decodeTextCommand,
  encodeNotifyFailure,
  encodeNspe,
  type LogoffRequest,
  type LogonRequest,
} from './ns-requests.js';
import type { PiuOut } from './piu-out.js';
import type { ProtocolErrors } from './protocol-errors.js';
import { PrimarySession } from './session.js';
import type { SessionEnd, SessionOwner } from './session-types.js';
import type { Initiate, Origin, Sscp } from './sscp.js';
import { type SscpPartner, SscpSession } from './sscp-session.js';

export type LuState = 'RESET' | 'PEND_ACTLU' | 'PEND_REACTLU' | 'ACTIVE' | 'PEND_DACTLU';
type Event = 'ACTIVATE' | 'ACCEPTED' | 'REFUSED' | 'DEACTIVATE' | 'DEACTIVATED' | 'LOST';
type Action = 'SEND_ACTLU' | 'SEND_DACTLU' | 'DROP_SESSION' | 'RESET_SSCP' | 'REPORT_ACTIVE';

/** @source sna-wire 2.3 and 4.5 */
const ROWS: readonly Row<LuState, Event, Action>[] = [
  ['RESET', 'ACTIVATE', 'PEND_ACTLU', 'SEND_ACTLU'],
  ['PEND_ACTLU', 'ACCEPTED', 'ACTIVE', 'REPORT_ACTIVE'],
  ['PEND_ACTLU', 'REFUSED', 'RESET'],
  ['ACTIVE', 'ACTIVATE', 'PEND_REACTLU', 'DROP_SESSION', 'RESET_SSCP', 'SEND_ACTLU'],
  ['PEND_REACTLU', 'ACCEPTED', 'ACTIVE', 'REPORT_ACTIVE'],
  ['PEND_REACTLU', 'REFUSED', 'RESET'],
  ['ACTIVE', 'DEACTIVATE', 'PEND_DACTLU', 'DROP_SESSION', 'SEND_DACTLU'],
  ['PEND_DACTLU', 'DEACTIVATED', 'RESET', 'RESET_SSCP'],
  ['PEND_ACTLU', 'LOST', 'RESET', 'RESET_SSCP'],
  ['PEND_REACTLU', 'LOST', 'RESET', 'RESET_SSCP'],
  ['ACTIVE', 'LOST', 'RESET', 'DROP_SESSION', 'RESET_SSCP'],
  ['PEND_DACTLU', 'LOST', 'RESET', 'RESET_SSCP'],
];

const MACHINE = compileMachine('SSCP-LU at the host', ROWS);

const ACTLU_COLD = Uint8Array.of(SC.ACTLU, 0x01, 0x01);
const DACTLU = Uint8Array.of(SC.DACTLU);
const UNBIND_NORMAL = 0x01;
const UNBIND_CLEANUP = 0x0f;
const UNBIND_BIND_FORTHCOMING = 0x02;
const SENSE_LU_OFF = 0x083a0000;

/** What the host sees of the failure texts an LU gets that logs on by text. */
const USS = {
  invalid: '\nCOMMAND UNRECOGNIZED\n',
  failed: (sense: number) =>
    `\nUNABLE TO ESTABLISH SESSION, SENSE ${sense.toString(16).toUpperCase().padStart(8, '0')}\n`,
} as const;

export interface LuSettings {
  readonly name: string;
  readonly localAddress: number;
  readonly defaultLogMode: string | undefined;
  readonly autologon: string | undefined;
  /** Its logons wait before all others. */
  readonly queuesAtHead: boolean;
  readonly ussMessages: boolean;
  readonly chainSizeMax: number;
  readonly chainSpares: ChainSpares;
  readonly isSequenceStrict: boolean;
  readonly onLedger: OnLedger | undefined;
}

/** One dependent LU as the host knows it: its SSCP session, and its LU-LU session when it has one. */
export class HostLu implements SscpPartner, SessionOwner {
  readonly settings: LuSettings;
  readonly pu: HostPu;
  readonly name: string;
  readonly localAddress: number;
  readonly sscpSession: SscpSession;
  state: LuState = 'RESET';
  /** It said that it can have sessions now. */
  isEnabled = false;
  session: PrimarySession | undefined;
  /** The Initiate its session comes from. */
  initiate: Initiate | undefined;
  /** Application it goes on to after UNBIND 02. */
  private passesTo: string | undefined;
  private deactivatesAfter = false;
  private readonly sscp: Sscp;

  constructor(settings: LuSettings, pu: HostPu, sscp: Sscp) {
    this.settings = settings;
    this.name = settings.name;
    this.localAddress = settings.localAddress;
    this.pu = pu;
    this.sscp = sscp;
    this.sscpSession = new SscpSession(this);
  }

  get puName(): string {
    return this.pu.name;
  }
  get piuSizeMax(): number {
    return this.pu.piuSizeMax;
  }
  get chainSizeMax(): number {
    return this.settings.chainSizeMax;
  }
  get chainSpares(): ChainSpares {
    return this.settings.chainSpares;
  }
  get isSequenceStrict(): boolean {
    return this.settings.isSequenceStrict;
  }
  get onLedger(): OnLedger | undefined {
    return this.settings.onLedger;
  }
  get clock(): Clock {
    return this.pu.clock;
  }
  get errors(): ProtocolErrors {
    return this.pu.errors;
  }
  get sscpAddress(): number {
    return this.pu.sscpAddress;
  }
  get out(): PiuOut {
    return this.pu.out;
  }
  get isOpen(): boolean | undefined {
    return this.isResetting ? undefined : this.state === 'ACTIVE';
  }
  /** It is being reset or deactivated: what it sent before it knew does not count. */
  get isResetting(): boolean {
    return this.state === 'PEND_DACTLU' || this.state === 'PEND_REACTLU' || this.pu.isResetting;
  }

  /** ACTLU, where the PU is there to take it: a PU that comes up later activates all its LUs by itself. */
  activate(): void {
    if (this.pu.state === 'ACTIVE') this.step('ACTIVATE');
  }

  /** DACTLU; a session is dropped with it. */
  deactivate(): void {
    this.step('DEACTIVATE');
  }

  /** End the session in order, then DACTLU. */
  deactivateAfterSession(): void {
    if (this.session === undefined) this.deactivate();
    else {
      this.deactivatesAfter = true;
      this.session.unbind(UNBIND_NORMAL);
    }
  }

  /** The link, or the PU's SSCP session, is gone. */
  lose(): void {
    this.step('LOST');
  }

  /** CLSDST PASS. */
  pass(application: string): void {
    this.passesTo = application;
    this.session?.unbind(UNBIND_BIND_FORTHCOMING);
  }

  /** BIND: the Initiate was granted. */
  bind(initiate: Initiate, application: HostApplication, mode: LogMode): void {
    const image = bindImage(mode, application.name, initiate.userData);
    const row = this.pu.ledger.row(this.puName, this.name, application.name);
    this.initiate = initiate;
    this.session = new PrimarySession(this, application, row, image);
    this.session.start();
  }

  /** Tell the LU that a logon it was promised has failed. */
  tellFailure(origin: Origin, application: string, sense: number): void {
    if (this.state !== 'ACTIVE') return;
    if (origin === 'init-self') this.sscpSession.sendDown(encodeNspe(sense, application), true);
    else if (origin === 'init-self-1') this.sscpSession.sendDown(encodeNotifyFailure(sense), true);
    else if (origin === 'text') {
      if (this.settings.ussMessages) this.sscpSession.sendDown(toEbcdic(USS.failed(sense)), false);
      this.sscpSession.sendDown(encodeNotifyFailure(sense), true);
    }
  }

  sessionActive(session: PrimarySession): void {
    this.sscp.sessionActive(this, session);
  }

  sessionEnded(session: PrimarySession, end: SessionEnd): void {
    const { initiate, passesTo } = this;
    this.session = undefined;
    this.initiate = undefined;
    this.passesTo = undefined;
    this.sscp.sessionEnded(this, session, end, initiate);
    if (passesTo !== undefined && end.unbindType === UNBIND_BIND_FORTHCOMING && initiate) {
      this.sscp.initiate({ ...initiate, application: passesTo, origin: 'application' });
    }
    if (this.deactivatesAfter) this.deactivate();
    this.deactivatesAfter = false;
  }

  onControlAnswer(code: number, sense: number, ru: Buffer): void {
    if (code === SC.DACTLU) this.step('DEACTIVATED');
    if (code !== SC.ACTLU) return;
    if (sense !== 0) {
      this.step('REFUSED');
      return;
    }
    const isEnabled = decodeActluResponse(ru);
    if (isEnabled === undefined) this.sscpSession.record('SSCP_RU', 'RSP(ACTLU)', ru, 0, ru.length);
    this.isEnabled = isEnabled ?? false;
    this.step('ACCEPTED');
  }

  isLenient(ru: Buffer, at: number): boolean {
    const header = at + 3 <= ru.length ? ru.readUIntBE(at, 3) : 0;
    return header === NS.NOTIFY || header === NS.TERM_SELF || header === NS.TERM_SELF_1;
  }

  onServiceRequest(ru: Buffer, isFormatted: boolean): void {
    if (!isFormatted) {
      this.onText(ru);
      return;
    }
    const header = ru.length >= 3 ? ru.readUIntBE(0, 3) : 0;
    if (header === NS.INIT_SELF || header === NS.INIT_SELF_1) this.onInitSelf(ru, header);
    else if (header === NS.TERM_SELF || header === NS.TERM_SELF_1) this.onTermSelf(ru);
    else if (header === NS.NOTIFY) this.onNotify(ru);
    else this.sscpSession.refuseRequest('SSCP_FUNCTION', header.toString(16).padStart(6, '0'));
  }

  private onInitSelf(ru: Buffer, header: number): void {
    const request = decodeInitSelf(ru);
    if (request === undefined) {
      this.sscpSession.refuseRequest('SSCP_RU', 'INIT-SELF');
      return;
    }
    const initiate = this.initiateOf(request, header === NS.INIT_SELF ? 'init-self' : 'init-self-1');
    const decision = this.sscp.decide(initiate);
    this.sscpSession.answer(decision.sense);
    if (decision.sense === 0) this.sscp.carryOut(initiate, decision);
  }

  private initiateOf(request: LogonRequest, origin: Origin): Initiate {
    return { lu: this, origin, ...request, atHead: request.atHead ?? this.settings.queuesAtHead };
  }

  private onTermSelf(ru: Buffer): void {
    const request = decodeTermSelf(ru);
    if (request === undefined) {
      this.sscpSession.refuseRequest('SSCP_RU', 'TERM-SELF');
      return;
    }
    this.sscpSession.answer(0);
    this.logoff(request);
  }

  private logoff(request: LogoffRequest): void {
    this.sscp.forget(this, !request.isQueuedOnly);
    if (!request.isQueuedOnly) {
      if (request.isOrderly) this.session?.unbindOrderly();
      else this.session?.unbind(request.isCleanup ? UNBIND_CLEANUP : UNBIND_NORMAL);
    }
    if (request.alsoDeactivates) this.deactivateAfterSession();
  }

  private onNotify(ru: Buffer): void {
    const isEnabled = decodeLuVector(ru, 3);
    if (isEnabled === undefined) {
      this.sscpSession.refuseRequest('SSCP_RU', 'NOTIFY');
      return;
    }
    this.sscpSession.answer(0);
    this.isEnabled = isEnabled;
    if (isEnabled) this.sscp.luEnabled(this);
    else {
      this.sscp.failQueued(this, SENSE_LU_OFF);
      this.session?.unbind(UNBIND_CLEANUP);
    }
  }

  private onText(ru: Buffer): void {
    const command = decodeTextCommand(ru);
    this.sscpSession.answer(0);
    if (command.kind === 'logoff') this.logoff(command.request);
    else if (command.kind === 'logon') {
      const initiate = this.initiateOf(command.request, 'text');
      const decision = this.sscp.decide(initiate);
      if (decision.sense === 0) this.sscp.carryOut(initiate, decision);
      else this.tellFailure('text', initiate.application, decision.sense);
    } else if (this.settings.ussMessages) this.sscpSession.sendDown(toEbcdic(USS.invalid), false);
  }

  private step(event: Event): void {
    const step = MACHINE.step(this.state, event);
    if (step === undefined) return;
    this.state = step.next;
    for (const action of step.actions) this.act(action);
  }

  private act(action: Action): void {
    if (action === 'SEND_ACTLU') this.sscpSession.sendControl(ACTLU_COLD);
    else if (action === 'SEND_DACTLU') this.sscpSession.sendControl(DACTLU);
    else if (action === 'DROP_SESSION') this.drop();
    else if (action === 'RESET_SSCP') this.sscpSession.reset();
    else this.sscp.luActive(this);
  }

  private drop(): void {
    this.isEnabled = false;
    this.sscp.forget(this, true);
    this.session?.lose();
  }
}
