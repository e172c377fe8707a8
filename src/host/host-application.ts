import type { ApplicationDefinition } from './definitions.js';
import type { Program, SessionApplication } from './session-types.js';

/** A primary application: its definition, whether it is open, its program and its sessions. */
export class HostApplication implements SessionApplication {
  readonly name: string;
  readonly address: number;
  readonly program: Program;
  readonly repliesDefinite: boolean;
  readonly sessionMax: number;
  /** Its ACB is open. */
  isOpen: boolean;
  accepts: ApplicationDefinition['accepts'];
  /** What SETLOGON HOLD makes of logons. */
  readonly onHold: ApplicationDefinition['onHold'];
  /** OPNDST follows each CINIT by itself. */
  readonly bindsAtOnce: boolean;
  /** Sessions it has or is getting: active and pending active, not the queued. */
  sessions = 0;

  /** @param address OAF of its sessions, 1..254 */
  constructor(definition: ApplicationDefinition, address: number, program: Program) {
    this.name = definition.name;
    this.address = address;
    this.program = program;
    this.repliesDefinite = definition.reply === 'definite';
    this.sessionMax = definition.sessionMax;
    this.isOpen = definition.open;
    this.accepts = definition.accepts;
    this.onHold = definition.onHold;
    this.bindsAtOnce = definition.binds === 'atOnce';
  }

  get isFull(): boolean {
    return this.sessionMax > 0 && this.sessions >= this.sessionMax;
  }
}
