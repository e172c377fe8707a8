import { compileMachine, type Row } from '../base/machine.js';

/**
 * DISABLED and ENABLED say whether an application owns the LU, which it may do before the host activates it: so the
 * digest's OFF is two states here. ON_ENDING: the application left, its LU-LU session is still to end.
 */
export type SscpLuState = 'OFF_DISABLED' | 'OFF_ENABLED' | 'ON_DISABLED' | 'ON_ENABLED' | 'ON_ENDING';

export type SscpLuEvent =
  | 'ACTLU_COLD'
  | 'ACTLU_ERP'
  | 'DACTLU'
  /** Formatted or character-coded data of the SSCP that has no event of its own. */
  | 'DATA'
  /** NSPE, or NOTIFY about a session outcome. */
  | 'SESSION_OUTCOME'
  | 'APPLICATION_ATTACHED'
  /** The application left and no LU-LU session is bound. */
  | 'APPLICATION_DETACHED'
  /** The application left a bound LU-LU session. */
  | 'APPLICATION_DETACHED_BOUND'
  | 'LU_LU_ENDED'
  /** DACTPU, ACTPU(cold) or link loss. */
  | 'DROPPED';

export type SscpLuAction =
  | 'STORE_SSCP'
  | 'RESET_LU_LU'
  /** +RSP(ACTLU), type cold, with capability 03. */
  | 'RESPOND_COLD_ENABLED'
  | 'RESPOND_COLD_DISABLED'
  | 'RESPOND_ERP_ENABLED'
  | 'RESPOND_ERP_DISABLED'
  | 'RESPOND'
  /** Hand the text to whoever owns the LU. */
  | 'DELIVER'
  /** Fail the pending Initiate with the sense inside. */
  | 'FAIL_INITIATE'
  | 'NOTIFY_ENABLED'
  | 'NOTIFY_DISABLED'
  /** TERM-SELF (forced) or RSHUTD. */
  | 'END_LU_LU'
  | 'REJECT_8009';

type R = Row<SscpLuState, SscpLuEvent, SscpLuAction>;

const OFF_ROWS: readonly R[] = [
  ['OFF_DISABLED', 'ACTLU_COLD', 'ON_DISABLED', 'STORE_SSCP', 'RESPOND_COLD_DISABLED'],
  ['OFF_DISABLED', 'ACTLU_ERP', 'ON_DISABLED', 'STORE_SSCP', 'RESPOND_COLD_DISABLED'],
  ['OFF_DISABLED', 'DACTLU', 'OFF_DISABLED', 'REJECT_8009'],
  ['OFF_DISABLED', 'DATA', 'OFF_DISABLED', 'REJECT_8009'],
  ['OFF_DISABLED', 'SESSION_OUTCOME', 'OFF_DISABLED', 'REJECT_8009'],
  ['OFF_DISABLED', 'APPLICATION_ATTACHED', 'OFF_ENABLED'],
  ['OFF_DISABLED', 'DROPPED', 'OFF_DISABLED'],
  ['OFF_ENABLED', 'ACTLU_COLD', 'ON_ENABLED', 'STORE_SSCP', 'RESPOND_COLD_ENABLED'],
  ['OFF_ENABLED', 'ACTLU_ERP', 'ON_ENABLED', 'STORE_SSCP', 'RESPOND_COLD_ENABLED'],
  ['OFF_ENABLED', 'DACTLU', 'OFF_ENABLED', 'REJECT_8009'],
  ['OFF_ENABLED', 'DATA', 'OFF_ENABLED', 'REJECT_8009'],
  ['OFF_ENABLED', 'SESSION_OUTCOME', 'OFF_ENABLED', 'REJECT_8009'],
  ['OFF_ENABLED', 'APPLICATION_DETACHED', 'OFF_DISABLED'],
  ['OFF_ENABLED', 'DROPPED', 'OFF_ENABLED'],
];

const ON_ROWS: readonly R[] = [
  ['ON_DISABLED', 'ACTLU_COLD', 'ON_DISABLED', 'STORE_SSCP', 'RESET_LU_LU', 'RESPOND_COLD_DISABLED'],
  ['ON_DISABLED', 'ACTLU_ERP', 'ON_DISABLED', 'STORE_SSCP', 'RESPOND_ERP_DISABLED'],
  ['ON_DISABLED', 'DACTLU', 'OFF_DISABLED', 'RESET_LU_LU', 'RESPOND'],
  ['ON_DISABLED', 'DATA', 'ON_DISABLED', 'RESPOND', 'DELIVER'],
  ['ON_DISABLED', 'SESSION_OUTCOME', 'ON_DISABLED', 'RESPOND', 'FAIL_INITIATE'],
  ['ON_DISABLED', 'APPLICATION_ATTACHED', 'ON_ENABLED', 'NOTIFY_ENABLED'],
  ['ON_DISABLED', 'LU_LU_ENDED', 'ON_DISABLED'],
  ['ON_DISABLED', 'DROPPED', 'OFF_DISABLED', 'RESET_LU_LU'],
  ['ON_ENABLED', 'ACTLU_COLD', 'ON_ENABLED', 'STORE_SSCP', 'RESET_LU_LU', 'RESPOND_COLD_ENABLED'],
  ['ON_ENABLED', 'ACTLU_ERP', 'ON_ENABLED', 'STORE_SSCP', 'RESPOND_ERP_ENABLED'],
  ['ON_ENABLED', 'DACTLU', 'OFF_ENABLED', 'RESET_LU_LU', 'RESPOND'],
  ['ON_ENABLED', 'DATA', 'ON_ENABLED', 'RESPOND', 'DELIVER'],
  ['ON_ENABLED', 'SESSION_OUTCOME', 'ON_ENABLED', 'RESPOND', 'FAIL_INITIATE'],
  ['ON_ENABLED', 'APPLICATION_DETACHED', 'ON_DISABLED', 'NOTIFY_DISABLED'],
  ['ON_ENABLED', 'APPLICATION_DETACHED_BOUND', 'ON_ENDING', 'END_LU_LU'],
  ['ON_ENABLED', 'LU_LU_ENDED', 'ON_ENABLED'],
  ['ON_ENABLED', 'DROPPED', 'OFF_ENABLED', 'RESET_LU_LU'],
];

const ENDING_ROWS: readonly R[] = [
  ['ON_ENDING', 'LU_LU_ENDED', 'ON_DISABLED', 'NOTIFY_DISABLED'],
  ['ON_ENDING', 'ACTLU_COLD', 'ON_DISABLED', 'STORE_SSCP', 'RESET_LU_LU', 'RESPOND_COLD_DISABLED'],
  ['ON_ENDING', 'ACTLU_ERP', 'ON_ENDING', 'STORE_SSCP', 'RESPOND_ERP_DISABLED'],
  ['ON_ENDING', 'DACTLU', 'OFF_DISABLED', 'RESET_LU_LU', 'RESPOND'],
  ['ON_ENDING', 'DATA', 'ON_ENDING', 'RESPOND', 'DELIVER'],
  ['ON_ENDING', 'SESSION_OUTCOME', 'ON_ENDING', 'RESPOND', 'FAIL_INITIATE'],
  ['ON_ENDING', 'APPLICATION_ATTACHED', 'ON_ENABLED'],
  ['ON_ENDING', 'DROPPED', 'OFF_DISABLED', 'RESET_LU_LU'],
];

/**
 * The SSCP-LU session of one LU. Only one request of ours may be outstanding on it: its caller queues the next.
 * @source sna-wire 3.3, with ACTLU(ERP) as in 2.3
 */
export const SSCP_LU = compileMachine('sscp-lu', [...OFF_ROWS, ...ON_ROWS, ...ENDING_ROWS]);
