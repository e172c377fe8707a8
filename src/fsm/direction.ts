import type { Row } from '../base/machine.js';
import { compileDense } from './dense.js';

/**
 * CONT: either side may start. SEND: our turn. RCV: the partner's. ERP: the partner's after a negative response either
 * way; we may send LUSTAT only, and the partner recovers. RESERVED: contention, the partner's CD left the next chain to us;
 * should CD have crossed with CD, so that the partner begins nevertheless, it may.
 */
const STATES = ['CONT', 'SEND', 'RCV', 'ERP', 'RESERVED'] as const;

const EVENTS = [
  'SEND_BEGIN',
  'SEND_END',
  'SEND_END_CD',
  'RECEIVE_BEGIN',
  /** A chain was received whole and accepted. */
  'RECEIVE_END',
  'RECEIVE_END_CD',
  'BRACKET_END',
  /** Negative response to a chain of ours, with a sense other than that of a lost race. */
  'NEGATIVE_RECEIVED',
  'NEGATIVE_SENT',
] as const;

const ACTIONS = ['REJECT_2004', 'REJECT_081B'] as const;

type R = Row<(typeof STATES)[number], (typeof EVENTS)[number], (typeof ACTIONS)[number]>;

function compile(name: string, rows: readonly R[]) {
  return compileDense(name, STATES, EVENTS, ACTIONS, rows);
}

/** Rows that flip-flop and contention share: what ends a bracket, and what a negative response does. */
const COMMON_ROWS: readonly R[] = [
  ['CONT', 'BRACKET_END', 'CONT'],
  ['SEND', 'BRACKET_END', 'CONT'],
  ['RCV', 'BRACKET_END', 'CONT'],
  ['ERP', 'BRACKET_END', 'CONT'],
  ['CONT', 'NEGATIVE_SENT', 'CONT'],
  // The partner broke the protocol in our turn: that does not take it from us.
  ['SEND', 'NEGATIVE_SENT', 'SEND'],
  ['RCV', 'NEGATIVE_SENT', 'ERP'],
  ['ERP', 'NEGATIVE_SENT', 'ERP'],
  ['SEND', 'NEGATIVE_RECEIVED', 'ERP'],
  ['RCV', 'NEGATIVE_RECEIVED', 'ERP'],
  ['ERP', 'NEGATIVE_RECEIVED', 'ERP'],
  ['CONT', 'SEND_BEGIN', 'SEND'],
  ['SEND', 'SEND_BEGIN', 'SEND'],
  ['CONT', 'RECEIVE_BEGIN', 'RCV'],
  ['RCV', 'RECEIVE_BEGIN', 'RCV'],
  ['ERP', 'RECEIVE_BEGIN', 'RCV'],
  ['SEND', 'SEND_END_CD', 'RCV'],
  ['CONT', 'RECEIVE_END', 'CONT'],
  ['SEND', 'RECEIVE_END', 'SEND'],
  ['SEND', 'RECEIVE_END_CD', 'SEND'],
  ['CONT', 'SEND_END', 'CONT'],
  ['RCV', 'SEND_END', 'RCV'],
  ['RCV', 'SEND_END_CD', 'RCV'],
  ['ERP', 'SEND_END', 'ERP'],
  ['ERP', 'SEND_END_CD', 'ERP'],
];

/**
 * Half-duplex flip-flop. CONT is the state between brackets only.
 * @source sna-wire 3.6
 */
export const FLIP_FLOP = compile('flip-flop', [
  ...COMMON_ROWS,
  ['CONT', 'NEGATIVE_RECEIVED', 'CONT'],
  ['RCV', 'RECEIVE_END_CD', 'SEND'],
  ['ERP', 'RECEIVE_END_CD', 'SEND'],
  ['SEND', 'SEND_END', 'SEND'],
  ['SEND', 'RECEIVE_BEGIN', 'SEND', 'REJECT_2004'],
  ['RCV', 'RECEIVE_END', 'RCV'],
  ['ERP', 'RECEIVE_END', 'ERP'],
  ['CONT', 'SEND_END_CD', 'CONT'],
  ['CONT', 'RECEIVE_END_CD', 'CONT'],
]);

/** Rows of half-duplex contention: every chain boundary is open again, unless CD reserved the next turn. */
const CONTENTION_ROWS: readonly R[] = [
  ...COMMON_ROWS,
  ['CONT', 'NEGATIVE_RECEIVED', 'ERP'],
  ['SEND', 'SEND_END', 'CONT'],
  ['RCV', 'RECEIVE_END', 'CONT'],
  ['ERP', 'RECEIVE_END', 'CONT'],
  ['CONT', 'SEND_END_CD', 'RCV'],
  ['CONT', 'RECEIVE_END_CD', 'RESERVED'],
  ['RCV', 'RECEIVE_END_CD', 'RESERVED'],
  ['ERP', 'RECEIVE_END_CD', 'RESERVED'],
  ['RESERVED', 'SEND_BEGIN', 'SEND'],
  ['RESERVED', 'SEND_END', 'RESERVED'],
  ['RESERVED', 'SEND_END_CD', 'RCV'],
  ['RESERVED', 'RECEIVE_BEGIN', 'RCV'],
  ['RESERVED', 'RECEIVE_END', 'RESERVED'],
  ['RESERVED', 'RECEIVE_END_CD', 'RESERVED'],
  ['RESERVED', 'BRACKET_END', 'CONT'],
  ['RESERVED', 'NEGATIVE_SENT', 'RESERVED'],
  ['RESERVED', 'NEGATIVE_RECEIVED', 'ERP'],
];

/** Half-duplex contention that we win. @source sna-wire 3.6 */
export const CONTENTION_WINNER = compile('contention-winner', [
  ...CONTENTION_ROWS,
  ['SEND', 'RECEIVE_BEGIN', 'SEND', 'REJECT_081B'],
]);

/** Half-duplex contention that the partner wins: it will refuse the chain we are in with 081B. @source sna-wire 3.6 */
export const CONTENTION_LOSER = compile('contention-loser', [...CONTENTION_ROWS, ['SEND', 'RECEIVE_BEGIN', 'RCV']]);

/** Full duplex: no direction. @source sna-wire 3.6 */
export const DUPLEX = compile(
  'duplex',
  EVENTS.map((event): R => ['CONT', event, 'CONT']),
);

export type DirectionMachine = typeof DUPLEX;
