import { HostLinkError } from '../base/errors.js';
import { DFC } from '../sna/masks.js';
import type { HostApplication } from './host-application.js';
import type { HostLu } from './host-lu.js';
import type { HostNode } from './host-node.js';
import type { HostPu } from './host-pu.js';
import type { ChainFlags } from './send-side.js';
import type { PrimarySession } from './session.js';
import type { Initiate } from './sscp.js';

const UNBIND_NORMAL = 0x01;
const SENSE_REJECTED = 0x080a0000;

/**
 * What an operator, a test or a scenario may do to the host. Names are those of the definitions.
 * Every method throws HostLinkError HOST_CONFIG_INVALID when the name is not defined; those that need a session or a circuit
 * do nothing where there is none.
 */
export class HostControl {
  private readonly node: HostNode;

  constructor(node: HostNode) {
    this.node = node;
  }

  private pu(name: string): HostPu {
    return found(this.node.pus.get(name), 'PU', name);
  }
  private lu(name: string): HostLu {
    return found(this.node.lus.get(name), 'LU', name);
  }
  private application(name: string): HostApplication {
    return found(this.node.applications.get(name), 'application', name);
  }
  private session(lu: string): PrimarySession | undefined {
    return this.lu(lu).session;
  }

  /** HALT_DL: end the circuit of a PU. */
  haltPu(pu: string): void {
    this.node.circuitOf(this.pu(pu))?.step('HALT');
  }

  /** RESTART_DL: the circuit stays, the link station starts again with XID and CONTACT. */
  restartCircuit(pu: string): void {
    this.node.circuitOf(this.pu(pu))?.step('RESTART');
  }

  /** ACTPU cold: all sessions of the PU are reset. */
  actpu(pu: string): void {
    this.pu(pu).activate();
  }

  dactpu(pu: string): void {
    this.pu(pu).deactivate();
  }

  actlu(lu: string): void {
    this.lu(lu).activate();
  }

  /** DACTLU at once: a session is dropped with it (VARY INACT,I). */
  dactlu(lu: string): void {
    this.lu(lu).deactivate();
  }

  /** VARY INACT: UNBIND, then DACTLU. */
  varyInact(lu: string): void {
    this.lu(lu).deactivateAfterSession();
  }

  /** VARY LOGON: the operator starts a session. @returns sense data, 0 when it is on its way, or queued */
  varyLogon(
    lu: string,
    application: string,
    logMode = '',
    userData: Uint8Array = new Uint8Array(0),
    { queue, atHead }: Pick<Initiate, 'queue' | 'atHead'> = {},
  ): number {
    const initiate = {
      lu: this.lu(lu),
      origin: 'operator',
      application,
      logMode,
      userData: Buffer.from(userData),
      queue,
      atHead,
    } as const;
    return this.node.sscp.initiate(initiate);
  }

  /** OPNDST: an application that binds when told binds this LU. @returns whether it had a CINIT for it */
  openSession(lu: string): boolean {
    return this.node.sscp.open(this.lu(lu));
  }

  /** CLSDST instead of OPNDST: the application does not want this session. */
  rejectLogon(lu: string, sense = SENSE_REJECTED): void {
    this.node.sscp.callOff(this.lu(lu), sense);
  }

  /** UNBIND. @param sense goes with type FE */
  unbind(lu: string, type = UNBIND_NORMAL, sense = 0): void {
    this.session(lu)?.unbind(type, sense);
  }

  /** CLSDST PASS to another application: UNBIND 02, then its BIND. */
  pass(lu: string, application: string): void {
    this.lu(lu).pass(this.application(application).name);
  }

  clear(lu: string): void {
    this.session(lu)?.clear();
  }

  /** SIGNAL 0001 0000: request to send. */
  signal(lu: string): void {
    this.session(lu)?.sendExpedited(Uint8Array.of(DFC.SIGNAL, 0, 1, 0, 0));
  }

  /** SHUTD, and UNBIND when the LU has said SHUTC: a CLSDST that lets the LU finish. */
  closeSession(lu: string): void {
    this.session(lu)?.shutDown();
  }

  /** SHUTD alone. */
  shutd(lu: string): void {
    this.session(lu)?.sendExpedited(Uint8Array.of(DFC.SHUTD));
  }

  chase(lu: string): void {
    this.session(lu)?.send.sendControl(DFC.CHASE);
  }

  /** Send data of our own accord (OUTBOUND): between brackets, after a BID where the session wants it. */
  send(lu: string, data: Uint8Array, flags?: ChainFlags): void {
    this.session(lu)?.send.sendOwn(data, flags);
  }

  /** Close the ACB of an application: logons to it fail with 083A or wait for it to open, its sessions end. */
  closeApplication(name: string): void {
    const application = this.application(name);
    application.isOpen = false;
    this.node.sscp.applicationClosed(application);
    for (const lu of this.node.lus.values()) {
      if (lu.session?.application === application) lu.session.unbind(UNBIND_NORMAL);
    }
  }

  /** Open it again: logons that waited for it go on. */
  openApplication(name: string): void {
    this.application(name).isOpen = true;
    this.node.sscp.retry();
  }

  /** SETLOGON: does the application take logons? */
  setLogon(name: string, accepts: HostApplication['accepts']): void {
    this.application(name).accepts = accepts;
    this.node.sscp.retry();
  }

  /** SETLOGON HOLD: from now on its logons wait or fail, as it is defined; sessions go on. */
  holdLogons(name: string): void {
    this.setLogon(name, this.application(name).onHold);
  }

  /** SETLOGON START: it takes logons again, those that waited first and in their order. */
  startLogons(name: string): void {
    this.setLogon(name, 'yes');
  }

  /** LUs whose logons wait for this application, first served first. */
  queuedFor(name: string): string[] {
    return this.node.sscp.waitingFor(this.application(name));
  }

  /** Cut the TCP connection of the PU with this XID (IDBLK and IDNUM) without a word, and with it all that is on it. */
  cutPu(id: string): void {
    for (const pu of this.node.pus.values()) {
      if (pu.settings.id === id.toLowerCase()) this.node.circuitOf(pu)?.connection.close();
    }
  }

  /** Cut all TCP connections without a word. */
  dropConnections(): void {
    for (const connection of [...this.node.connections]) connection.close();
  }
}

function found<T>(value: T | undefined, what: string, name: string): T {
  if (value === undefined) throw new HostLinkError('HOST_CONFIG_INVALID', `No ${what} ${name}.`, { problems: [name] });
  return value;
}
