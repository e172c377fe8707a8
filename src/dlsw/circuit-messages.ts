import type { LinkTimers } from '../config/model.js';
import type { CircuitAction, CircuitEvent } from './circuit-machine.js';
import { SSP } from './ssp.js';

/** Messages whose flow control byte counts. @source RFC 1795 section 8.2 */
export const FLOW_CARRIERS: ReadonlySet<number> = new Set([
  SSP.REACH_ACK,
  SSP.DGRMFRAME,
  SSP.XIDFRAME,
  SSP.CONTACT,
  SSP.CONTACTED,
  SSP.RESTART_DL,
  SSP.DL_RESTARTED,
]);

/** What the messages mean to the machine; XIDFRAME and ICANREACH mean more than one thing. */
export const EVENT_OF: ReadonlyMap<number, CircuitEvent> = new Map<number, CircuitEvent>([
  [SSP.CANUREACH, 'CANUREACH_CS'],
  [SSP.REACH_ACK, 'REACH_ACK'],
  [SSP.CONTACT, 'CONTACT'],
  [SSP.CONTACTED, 'CONTACTED'],
  [SSP.TEST_CIRCUIT_REQ, 'TEST_CIRCUIT_REQ'],
  [SSP.RESTART_DL, 'RESTART_DL'],
  [SSP.DL_RESTARTED, 'DL_RESTARTED'],
  [SSP.HALT_DL, 'HALT_DL'],
  [SSP.HALT_DL_NOACK, 'HALT_DL_NOACK'],
  [SSP.DL_HALTED, 'DL_HALTED'],
]);

/** What each SEND_ action sends. */
export const MESSAGE_OF: Partial<Record<CircuitAction, number>> = {
  SEND_CANUREACH_EX: SSP.CANUREACH,
  SEND_CANUREACH_CS: SSP.CANUREACH,
  SEND_ICANREACH_CS: SSP.ICANREACH,
  SEND_REACH_ACK: SSP.REACH_ACK,
  SEND_NULL_XID: SSP.XIDFRAME,
  SEND_XID: SSP.XIDFRAME,
  SEND_CONTACT: SSP.CONTACT,
  SEND_CONTACTED: SSP.CONTACTED,
  SEND_TEST_RSP: SSP.TEST_CIRCUIT_RSP,
  SEND_RESTART_DL: SSP.RESTART_DL,
  SEND_DL_RESTARTED: SSP.DL_RESTARTED,
  SEND_HALT_DL: SSP.HALT_DL,
  SEND_HALT_DL_NOACK: SSP.HALT_DL_NOACK,
  SEND_DL_HALTED: SSP.DL_HALTED,
};

/** How long each timer runs, and how often the machine may try before the last one. */
export const TIMER_OF: Partial<Record<CircuitAction, { readonly name: keyof LinkTimers; readonly tries: number }>> = {
  START_EXPLORER_TIMER: { name: 'explorerMs', tries: 3 },
  START_CIRCUIT_TIMER: { name: 'circuitStartMs', tries: 1 },
  START_XID_TIMER: { name: 'xidMs', tries: 3 },
  START_CONTACT_TIMER: { name: 'contactMs', tries: 1 },
  START_HALT_TIMER: { name: 'haltMs', tries: 1 },
};

/** Reasons a version 2 partner may add to HALT_DL. @source RFC 2166 */
const HALT_REASONS = ['', 'unknown', 'DISC from the station', 'DLC error', 'protocol error', 'operator'] as const;

/** Why the peer halted, in words; '' when it does not say. */
export function haltReasonOf(data: Uint8Array): string {
  if (data.length < 2) return '';
  const reason = (data[0]! << 8) | data[1]!;
  return HALT_REASONS[reason] ?? `reason ${reason}`;
}
