import { compileMachine, type Row } from '../base/machine.js';

/**
 * States of a circuit at the host. EXPLORING and CIRCUIT_START: we look for the PU. CIRCUIT_PENDING: it looks for us and
 * REACH_ACK is awaited. XID_PENDING, CONTACT_PENDING, CONNECTED. RESTART_PENDING, HALT_PENDING: our RESTART_DL or HALT_DL is out.
 */
export type CircuitState =
  | 'EXPLORING'
  | 'CIRCUIT_START'
  | 'CIRCUIT_PENDING'
  | 'XID_PENDING'
  | 'CONTACT_PENDING'
  | 'CONNECTED'
  | 'RESTART_PENDING'
  | 'HALT_PENDING'
  | 'ENDED';

export type CircuitEvent =
  | 'ICANREACH_EX'
  | 'ICANREACH_CS'
  | 'REACH_ACK'
  | 'XID_NULL'
  | 'XID_GOOD'
  | 'XID_BAD'
  | 'CONTACTED'
  | 'RESTART_DL'
  | 'DL_RESTARTED'
  | 'HALT_DL'
  | 'HALT_DL_NOACK'
  | 'DL_HALTED'
  | 'TIMEOUT'
  | 'RESTART'
  | 'HALT'
  | 'LOST';

export type CircuitAction =
  | 'SEND_CANUREACH_EX'
  | 'SEND_CANUREACH_CS'
  | 'SEND_REACH_ACK'
  | 'SEND_NULL_XID'
  | 'SEND_CONTACT'
  | 'SEND_RESTART'
  | 'SEND_RESTARTED'
  | 'SEND_HALT'
  | 'SEND_HALTED'
  | 'CONNECT_PU'
  | 'DISCONNECT_PU'
  | 'REMOVE';

type CircuitRow = Row<CircuitState, CircuitEvent, CircuitAction>;

/** States in which the circuit can be halted from either side. */
const LIVE = [
  'CIRCUIT_START',
  'CIRCUIT_PENDING',
  'XID_PENDING',
  'CONTACT_PENDING',
  'CONNECTED',
  'RESTART_PENDING',
] as const;

/** @source RFC 1795 section 5.2; sna-wire 6.5, host side */
const ROWS: readonly CircuitRow[] = [
  ['EXPLORING', 'ICANREACH_EX', 'CIRCUIT_START', 'SEND_CANUREACH_CS'],
  ['EXPLORING', 'TIMEOUT', 'EXPLORING', 'SEND_CANUREACH_EX'],
  ['EXPLORING', 'HALT', 'ENDED', 'REMOVE'],
  ['CIRCUIT_START', 'ICANREACH_CS', 'XID_PENDING', 'SEND_REACH_ACK', 'SEND_NULL_XID'],
  ['CIRCUIT_START', 'TIMEOUT', 'EXPLORING', 'SEND_CANUREACH_EX'],
  ['CIRCUIT_PENDING', 'REACH_ACK', 'XID_PENDING'],
  ['CIRCUIT_PENDING', 'TIMEOUT', 'ENDED', 'REMOVE'],
  ['XID_PENDING', 'XID_NULL', 'XID_PENDING', 'SEND_NULL_XID'],
  ['XID_PENDING', 'XID_GOOD', 'CONTACT_PENDING', 'SEND_CONTACT'],
  ['XID_PENDING', 'XID_BAD', 'HALT_PENDING', 'DISCONNECT_PU', 'SEND_HALT'],
  ['XID_PENDING', 'TIMEOUT', 'HALT_PENDING', 'DISCONNECT_PU', 'SEND_HALT'],
  // Both sides may have polled: the second copy of its XID means nothing new.
  ['CONTACT_PENDING', 'XID_NULL', 'CONTACT_PENDING'],
  ['CONTACT_PENDING', 'XID_GOOD', 'CONTACT_PENDING'],
  ['CONTACT_PENDING', 'CONTACTED', 'CONNECTED', 'CONNECT_PU'],
  ['CONTACT_PENDING', 'TIMEOUT', 'HALT_PENDING', 'DISCONNECT_PU', 'SEND_HALT'],
  ['CONNECTED', 'RESTART_DL', 'XID_PENDING', 'DISCONNECT_PU', 'SEND_RESTARTED'],
  ['CONNECTED', 'RESTART', 'RESTART_PENDING', 'DISCONNECT_PU', 'SEND_RESTART'],
  ['RESTART_PENDING', 'DL_RESTARTED', 'XID_PENDING', 'SEND_NULL_XID'],
  ['RESTART_PENDING', 'TIMEOUT', 'HALT_PENDING', 'SEND_HALT'],
  ['HALT_PENDING', 'DL_HALTED', 'ENDED', 'REMOVE'],
  ['HALT_PENDING', 'HALT_DL_NOACK', 'ENDED', 'REMOVE'],
  ['HALT_PENDING', 'HALT_DL', 'HALT_PENDING', 'SEND_HALTED'],
  ['HALT_PENDING', 'TIMEOUT', 'ENDED', 'REMOVE'],
  ...LIVE.map((state): CircuitRow => [state, 'HALT_DL', 'ENDED', 'DISCONNECT_PU', 'SEND_HALTED', 'REMOVE']),
  ...LIVE.map((state): CircuitRow => [state, 'HALT_DL_NOACK', 'ENDED', 'DISCONNECT_PU', 'REMOVE']),
  ...LIVE.map((state): CircuitRow => [state, 'HALT', 'HALT_PENDING', 'DISCONNECT_PU', 'SEND_HALT']),
  ...[...LIVE, 'EXPLORING' as const, 'HALT_PENDING' as const].map(
    (state): CircuitRow => [state, 'LOST', 'ENDED', 'DISCONNECT_PU', 'REMOVE'],
  ),
];

export const CIRCUIT_MACHINE = compileMachine('circuit at the host', ROWS);
