import { compileMachine, type Row } from '../base/machine.js';

/**
 * States of an LU-LU session as its secondary; the digest's letters in brackets.
 * RESET (N): no session. INIT_SENT (I): Initiate sent, its response awaited. WAIT_BIND (W). BOUND (R): bound, data
 * traffic reset. ACTIVE (A). QUIESCED (Q): we sent SHUTC, QC or BIS. The digest's U is two states: CLOSING, we asked for
 * the end (RSHUTD) and go on answering; UNBINDING, we sent UNBIND and take nothing but its response.
 */
export const LU_LU_STATES = [
  'RESET',
  'INIT_SENT',
  'WAIT_BIND',
  'BOUND',
  'ACTIVE',
  'QUIESCED',
  'CLOSING',
  'UNBINDING',
] as const;
export type LuLuState = (typeof LU_LU_STATES)[number];

export type LuLuEvent =
  | 'OPEN'
  | 'INIT_ACCEPTED'
  /** -RSP to the Initiate, or NSPE, NOTIFY or a time-out while BIND is awaited. */
  | 'INIT_REFUSED'
  /** A BIND before it was looked at. */
  | 'BIND'
  /** A BIND we take; SDT will follow. */
  | 'BIND_TAKEN'
  /** A BIND we take whose TS profile knows no SDT. */
  | 'BIND_TAKEN_NO_SDT'
  | 'BIND_REFUSED'
  | 'SDT'
  | 'STSN'
  | 'CLEAR'
  /** CLEAR under a TS profile without SDT. */
  | 'CLEAR_NO_SDT'
  /** A normal-flow request: FMD or DFC. */
  | 'DATA'
  /** SIGNAL: expedited, changes nothing here. */
  | 'SIGNAL'
  | 'SHUTD'
  | 'QEC'
  | 'RELQ'
  | 'SBI'
  | 'QUIESCE_SENT'
  | 'CLOSE'
  | 'CLOSE_REFUSED'
  | 'UNBIND_SENT'
  | 'UNBIND_ANSWERED'
  | 'UNBIND'
  /** UNBIND type 02: the next BIND is on its way. */
  | 'UNBIND_BIND_FORTHCOMING'
  /** DACTLU, ACTLU(cold), DACTPU, link loss: the session is gone without traffic. */
  | 'DROPPED';

export type LuLuAction =
  | 'RESPOND'
  /** Set the half-session up from the BIND. */
  | 'START_SESSION'
  | 'END_SESSION'
  /** Discard queues; reset sequence numbers, pacing, brackets, direction, chains. */
  | 'RESET_TRAFFIC'
  /** Pass the request to the chain, bracket, direction and pacing machines. */
  | 'TAKE'
  /** Not even a response. */
  | 'DISCARD'
  | 'OWE_SHUTC'
  | 'OWE_QC'
  | 'OWE_BIS'
  /** What was owed to quiesce is owed no more. */
  | 'RELEASE'
  | 'SEND_RSHUTD'
  | 'SEND_UNBIND'
  | 'REJECT_0809'
  | 'REJECT_0815'
  | 'REJECT_2005'
  | 'REJECT_2007'
  | 'REJECT_8005';

type R = Row<LuLuState, LuLuEvent, LuLuAction>;

/** Requests that need a session, in a state that has none. */
function withoutSession(state: LuLuState): R[] {
  const events = ['SDT', 'STSN', 'CLEAR', 'CLEAR_NO_SDT', 'DATA', 'SIGNAL', 'SHUTD', 'QEC', 'RELQ', 'SBI'] as const;
  const rows: R[] = events.map((event) => [state, event, state, 'REJECT_8005']);
  rows.push([state, 'UNBIND', state, 'REJECT_8005'], [state, 'UNBIND_BIND_FORTHCOMING', state, 'REJECT_8005']);
  return rows;
}

/** BIND without a session: taken or refused. */
function bindable(state: LuLuState): R[] {
  return [
    [state, 'BIND_TAKEN', 'BOUND', 'RESPOND', 'START_SESSION'],
    [state, 'BIND_TAKEN_NO_SDT', 'ACTIVE', 'RESPOND', 'START_SESSION'],
    [state, 'BIND_REFUSED', 'RESET'],
  ];
}

/** What ends any session, or is refused because there is one. */
function bound(state: LuLuState): R[] {
  return [
    [state, 'BIND', state, 'REJECT_0815'],
    [state, 'UNBIND', 'RESET', 'RESPOND', 'END_SESSION'],
    [state, 'UNBIND_BIND_FORTHCOMING', 'WAIT_BIND', 'RESPOND', 'END_SESSION'],
    [state, 'UNBIND_SENT', 'UNBINDING', 'SEND_UNBIND'],
    [state, 'DROPPED', 'RESET', 'END_SESSION'],
  ];
}

/** Sessions with data traffic. */
function trafficking(state: LuLuState): R[] {
  return [
    ...bound(state),
    [state, 'DATA', state, 'TAKE'],
    [state, 'SIGNAL', state, 'RESPOND'],
    [state, 'SDT', state, 'REJECT_2007'],
    [state, 'STSN', state, 'REJECT_2007'],
    [state, 'CLEAR', 'BOUND', 'RESPOND', 'RESET_TRAFFIC'],
    [state, 'CLEAR_NO_SDT', 'ACTIVE', 'RESPOND', 'RESET_TRAFFIC'],
  ];
}

const ROWS: readonly R[] = [
  ['RESET', 'OPEN', 'INIT_SENT'],
  ['RESET', 'DROPPED', 'RESET'],
  ...bindable('RESET'),
  ...withoutSession('RESET'),

  ['INIT_SENT', 'INIT_ACCEPTED', 'WAIT_BIND'],
  ['INIT_SENT', 'INIT_REFUSED', 'RESET'],
  ['INIT_SENT', 'DROPPED', 'RESET'],
  ...bindable('INIT_SENT'),
  ...withoutSession('INIT_SENT'),

  ['WAIT_BIND', 'INIT_REFUSED', 'RESET'],
  ['WAIT_BIND', 'DROPPED', 'RESET'],
  ...bindable('WAIT_BIND'),
  ...withoutSession('WAIT_BIND'),

  ...bound('BOUND'),
  ['BOUND', 'SDT', 'ACTIVE', 'RESPOND'],
  ['BOUND', 'STSN', 'BOUND', 'RESPOND'],
  ['BOUND', 'CLEAR', 'BOUND', 'RESPOND', 'RESET_TRAFFIC'],
  ['BOUND', 'DATA', 'BOUND', 'REJECT_2005'],
  ['BOUND', 'SIGNAL', 'BOUND', 'REJECT_2005'],
  ['BOUND', 'SHUTD', 'BOUND', 'REJECT_2005'],
  ['BOUND', 'QEC', 'BOUND', 'REJECT_2005'],
  ['BOUND', 'RELQ', 'BOUND', 'REJECT_2005'],
  ['BOUND', 'SBI', 'BOUND', 'REJECT_2005'],
  // The response to our Initiate, after the BIND that implied it.
  ['BOUND', 'INIT_ACCEPTED', 'BOUND'],

  ...trafficking('ACTIVE'),
  ['ACTIVE', 'INIT_ACCEPTED', 'ACTIVE'],
  ['ACTIVE', 'SHUTD', 'ACTIVE', 'RESPOND', 'OWE_SHUTC'],
  ['ACTIVE', 'QEC', 'ACTIVE', 'RESPOND', 'OWE_QC'],
  ['ACTIVE', 'SBI', 'ACTIVE', 'RESPOND', 'OWE_BIS'],
  ['ACTIVE', 'RELQ', 'ACTIVE', 'RESPOND', 'RELEASE'],
  ['ACTIVE', 'QUIESCE_SENT', 'QUIESCED'],
  ['ACTIVE', 'CLOSE', 'CLOSING', 'SEND_RSHUTD'],

  ...trafficking('QUIESCED'),
  ['QUIESCED', 'SHUTD', 'QUIESCED', 'RESPOND', 'OWE_SHUTC'],
  ['QUIESCED', 'QEC', 'QUIESCED', 'RESPOND', 'OWE_QC'],
  ['QUIESCED', 'SBI', 'QUIESCED', 'RESPOND', 'OWE_BIS'],
  ['QUIESCED', 'RELQ', 'ACTIVE', 'RESPOND', 'RELEASE'],
  ['QUIESCED', 'QUIESCE_SENT', 'QUIESCED'],
  ['QUIESCED', 'CLOSE', 'QUIESCED', 'SEND_RSHUTD'],
  ['QUIESCED', 'CLOSE_REFUSED', 'QUIESCED'],

  ...trafficking('CLOSING'),
  ['CLOSING', 'SHUTD', 'CLOSING', 'RESPOND', 'OWE_SHUTC'],
  ['CLOSING', 'QEC', 'CLOSING', 'RESPOND', 'OWE_QC'],
  ['CLOSING', 'SBI', 'CLOSING', 'RESPOND', 'OWE_BIS'],
  ['CLOSING', 'RELQ', 'CLOSING', 'RESPOND', 'RELEASE'],
  ['CLOSING', 'QUIESCE_SENT', 'QUIESCED'],
  ['CLOSING', 'CLOSE_REFUSED', 'ACTIVE'],

  ['UNBINDING', 'UNBIND_ANSWERED', 'RESET', 'END_SESSION'],
  ['UNBINDING', 'UNBIND', 'RESET', 'RESPOND', 'END_SESSION'],
  ['UNBINDING', 'UNBIND_BIND_FORTHCOMING', 'WAIT_BIND', 'RESPOND', 'END_SESSION'],
  ['UNBINDING', 'DROPPED', 'RESET', 'END_SESSION'],
  ['UNBINDING', 'BIND', 'UNBINDING', 'REJECT_0815'],
  ['UNBINDING', 'DATA', 'UNBINDING', 'DISCARD'],
  ['UNBINDING', 'SIGNAL', 'UNBINDING', 'DISCARD'],
  ['UNBINDING', 'SDT', 'UNBINDING', 'DISCARD'],
  ['UNBINDING', 'STSN', 'UNBINDING', 'DISCARD'],
  ['UNBINDING', 'CLEAR', 'UNBINDING', 'DISCARD'],
  ['UNBINDING', 'CLEAR_NO_SDT', 'UNBINDING', 'DISCARD'],
  ['UNBINDING', 'SHUTD', 'UNBINDING', 'DISCARD'],
  ['UNBINDING', 'QEC', 'UNBINDING', 'DISCARD'],
  ['UNBINDING', 'RELQ', 'UNBINDING', 'DISCARD'],
  ['UNBINDING', 'SBI', 'UNBINDING', 'DISCARD'],
];

/**
 * The LU-LU session as its secondary. A BIND meets the event BIND where there is a session; else it is checked first and
 * meets one of the other BIND events.
 * @source sna-wire 3.4, with UNBIND as in 2.9 and quiesce as in 2.1
 */
export const LU_LU = compileMachine('lu-lu', ROWS);
