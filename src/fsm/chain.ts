import type { Row } from '../base/machine.js';
import { compileDense } from './dense.js';

/**
 * BETC: between chains. INC: in a chain. DISCARD: in a chain that was refused, up to its end or CANCEL.
 * PEND_RSP: we owe the response to a definite-response chain of an immediate-request sender.
 * PEND_DISCARD: a chain that came too early then, up to its end.
 */
const IN_STATES = ['BETC', 'INC', 'DISCARD', 'PEND_RSP', 'PEND_DISCARD'] as const;

/** The first four are numbered as BCI and ECI read (RH byte 0, mask 03), so that an RH is its own event. */
const IN_EVENTS = [
  'MIDDLE',
  'LAST',
  'FIRST',
  'ONLY',
  'CANCEL',
  /** Another normal-flow DFC request: it is a chain of its own. */
  'DFC',
  /** This element was refused for another reason, and the chain goes on. */
  'REFUSED',
  /** This element was refused, and the chain ends with it. */
  'REFUSED_LAST',
  /** The chain is complete, its response is owed. */
  'RESPONSE_OWED',
  'RESPONDED',
] as const;

const IN_ACTIONS = [
  'DELIVER',
  /** What was delivered of the chain is void. */
  'VOID',
  'RESPOND',
  'REJECT_2002',
  'REJECT_200A',
] as const;

type InState = (typeof IN_STATES)[number];
type InEvent = (typeof IN_EVENTS)[number];
type InAction = (typeof IN_ACTIONS)[number];

const IN_ROWS: readonly Row<InState, InEvent, InAction>[] = [
  ['BETC', 'ONLY', 'BETC', 'DELIVER'],
  ['BETC', 'FIRST', 'INC', 'DELIVER'],
  ['BETC', 'MIDDLE', 'DISCARD', 'REJECT_2002'],
  ['BETC', 'LAST', 'BETC', 'REJECT_2002'],
  ['BETC', 'CANCEL', 'BETC', 'RESPOND'],
  ['BETC', 'DFC', 'BETC', 'RESPOND'],
  ['BETC', 'REFUSED', 'DISCARD'],
  ['BETC', 'REFUSED_LAST', 'BETC'],
  ['BETC', 'RESPONSE_OWED', 'PEND_RSP'],
  ['BETC', 'RESPONDED', 'BETC'],

  ['INC', 'MIDDLE', 'INC', 'DELIVER'],
  ['INC', 'LAST', 'BETC', 'DELIVER'],
  // The new chain is the one in error: its sender has the negative response and ends or cancels it.
  ['INC', 'FIRST', 'DISCARD', 'VOID', 'REJECT_2002'],
  ['INC', 'ONLY', 'BETC', 'VOID', 'REJECT_2002'],
  ['INC', 'CANCEL', 'BETC', 'VOID', 'RESPOND'],
  ['INC', 'DFC', 'INC', 'REJECT_2002'],
  ['INC', 'REFUSED', 'DISCARD', 'VOID'],
  ['INC', 'REFUSED_LAST', 'BETC', 'VOID'],
  ['INC', 'RESPONDED', 'INC'],

  ['DISCARD', 'MIDDLE', 'DISCARD'],
  ['DISCARD', 'LAST', 'BETC'],
  ['DISCARD', 'FIRST', 'DISCARD', 'REJECT_2002'],
  ['DISCARD', 'ONLY', 'BETC', 'REJECT_2002'],
  ['DISCARD', 'CANCEL', 'BETC', 'RESPOND'],
  ['DISCARD', 'DFC', 'DISCARD', 'REJECT_2002'],
  ['DISCARD', 'REFUSED', 'DISCARD'],
  ['DISCARD', 'REFUSED_LAST', 'BETC'],
  ['DISCARD', 'RESPONDED', 'DISCARD'],

  ['PEND_RSP', 'ONLY', 'PEND_RSP', 'REJECT_200A'],
  ['PEND_RSP', 'FIRST', 'PEND_DISCARD', 'REJECT_200A'],
  ['PEND_RSP', 'MIDDLE', 'PEND_DISCARD', 'REJECT_2002'],
  ['PEND_RSP', 'LAST', 'PEND_RSP', 'REJECT_2002'],
  ['PEND_RSP', 'CANCEL', 'PEND_RSP', 'REJECT_200A'],
  ['PEND_RSP', 'DFC', 'PEND_RSP', 'REJECT_200A'],
  ['PEND_RSP', 'REFUSED', 'PEND_DISCARD'],
  ['PEND_RSP', 'REFUSED_LAST', 'PEND_RSP'],
  ['PEND_RSP', 'RESPONDED', 'BETC'],

  ['PEND_DISCARD', 'MIDDLE', 'PEND_DISCARD'],
  ['PEND_DISCARD', 'LAST', 'PEND_RSP'],
  ['PEND_DISCARD', 'FIRST', 'PEND_DISCARD', 'REJECT_2002'],
  ['PEND_DISCARD', 'ONLY', 'PEND_RSP', 'REJECT_2002'],
  ['PEND_DISCARD', 'CANCEL', 'PEND_RSP', 'RESPOND'],
  ['PEND_DISCARD', 'DFC', 'PEND_DISCARD', 'REJECT_2002'],
  ['PEND_DISCARD', 'REFUSED', 'PEND_DISCARD'],
  ['PEND_DISCARD', 'REFUSED_LAST', 'PEND_RSP'],
  ['PEND_DISCARD', 'RESPONDED', 'DISCARD'],
];

/**
 * Chains we receive.
 * @source sna-wire 3.5, immediate request mode as in 3.7
 */
export const CHAIN_IN = compileDense('chain-in', IN_STATES, IN_EVENTS, IN_ACTIONS, IN_ROWS);

/**
 * IDLE: nothing of ours unfinished. WAIT_BRACKET: a chain waits for a bracket that the partner has to grant.
 * READY: a chain waits for pacing, nothing of it is out. SENDING: part is out. PEND_RSP: all is out, its definite response
 * awaited. CANCEL_WANTED: CANCEL waits for pacing. PEND_CANCEL: CANCEL is out.
 */
const OUT_STATES = ['IDLE', 'WAIT_BRACKET', 'READY', 'SENDING', 'PEND_RSP', 'CANCEL_WANTED', 'PEND_CANCEL'] as const;

const OUT_EVENTS = [
  'START',
  'START_BRACKET',
  'GRANTED',
  /** The partner ended the bracket that the chain was meant for. */
  'BRACKET_LOST',
  'SENT_PART',
  'SENT_LAST',
  'SENT_LAST_DEFINITE',
  'POSITIVE',
  'NEGATIVE',
  /** The bid for this chain was refused. */
  'BID_REFUSED',
  /** Its caller gave it up. */
  'GIVE_UP',
  'CANCEL_SENT',
  'CANCEL_ANSWERED',
] as const;

const OUT_ACTIONS = [
  /** Tell the caller that the chain was answered. */
  'ANSWERED',
  /** Nothing of it went out. */
  'UNSENT',
] as const;

type OutState = (typeof OUT_STATES)[number];
type OutEvent = (typeof OUT_EVENTS)[number];
type OutAction = (typeof OUT_ACTIONS)[number];

const OUT_ROWS: readonly Row<OutState, OutEvent, OutAction>[] = [
  ['IDLE', 'START', 'READY'],
  ['IDLE', 'START_BRACKET', 'WAIT_BRACKET'],
  // To a chain that asked for exception response only.
  ['IDLE', 'NEGATIVE', 'IDLE', 'ANSWERED'],
  ['WAIT_BRACKET', 'GRANTED', 'READY'],
  ['WAIT_BRACKET', 'BID_REFUSED', 'IDLE', 'ANSWERED'],
  ['WAIT_BRACKET', 'GIVE_UP', 'IDLE', 'UNSENT'],
  ['READY', 'BRACKET_LOST', 'WAIT_BRACKET'],
  ['READY', 'SENT_PART', 'SENDING'],
  ['READY', 'SENT_LAST', 'IDLE'],
  ['READY', 'SENT_LAST_DEFINITE', 'PEND_RSP'],
  ['READY', 'GIVE_UP', 'IDLE', 'UNSENT'],
  ['SENDING', 'SENT_PART', 'SENDING'],
  ['SENDING', 'SENT_LAST', 'IDLE'],
  ['SENDING', 'SENT_LAST_DEFINITE', 'PEND_RSP'],
  ['SENDING', 'NEGATIVE', 'CANCEL_WANTED', 'ANSWERED'],
  ['SENDING', 'GIVE_UP', 'CANCEL_WANTED'],
  ['PEND_RSP', 'POSITIVE', 'IDLE', 'ANSWERED'],
  ['PEND_RSP', 'NEGATIVE', 'IDLE', 'ANSWERED'],
  ['CANCEL_WANTED', 'CANCEL_SENT', 'PEND_CANCEL'],
  ['CANCEL_WANTED', 'NEGATIVE', 'CANCEL_WANTED', 'ANSWERED'],
  ['PEND_CANCEL', 'CANCEL_ANSWERED', 'IDLE'],
  ['PEND_CANCEL', 'NEGATIVE', 'PEND_CANCEL', 'ANSWERED'],
];

/**
 * The chain we send; one at a time. We send no further normal-flow request while a definite response is due, which is
 * immediate request mode and is right in delayed request mode too.
 * @source sna-wire 3.5, 3.7
 */
export const CHAIN_OUT = compileDense('chain-out', OUT_STATES, OUT_EVENTS, OUT_ACTIONS, OUT_ROWS);
