import type { Row } from '../base/machine.js';
import { compileDense } from './dense.js';

/**
 * NONE: the session has no brackets. BETB: between brackets. COMMITTED: first speaker with a chain that waits for pacing.
 * PEND_BB: our BID is out. WAIT_RTR: it was refused for now, RTR will follow. PEND_PLU_BB: we granted the partner's BID.
 * INB_OURS: in the bracket we began, nothing heard in it yet. INB: in a bracket. PEND_EB_OUT, PEND_EB_IN: the bracket
 * ends with the positive response to the chain that we, or the partner, sent with EB (termination rule 1).
 */
const STATES = [
  'NONE',
  'BETB',
  'COMMITTED',
  'PEND_BB',
  'WAIT_RTR',
  'PEND_PLU_BB',
  'INB_OURS',
  'INB',
  'PEND_EB_OUT',
  'PEND_EB_IN',
] as const;

const EVENTS = [
  /** A chain of ours that begins a bracket was given to us. */
  'COMMIT',
  /** It was taken back before anything of it went out. A bid that is out, or was granted, stands. */
  'GIVE_UP',
  'SEND_BB',
  'BID_SENT',
  'BID_ACCEPTED',
  /** Refused with 0814. */
  'BID_DEFERRED',
  'BID_REFUSED',
  /** Our chain with BB was refused with 080B, 0813, 0814 or 081B. */
  'BB_REFUSED',
  /** First element of a chain, or LUSTAT, with BB. */
  'PLU_BB',
  /** First element of a chain without BB. */
  'PLU_DATA',
  'PLU_BID',
  'RTR',
  'EB_OUT',
  'EB_OUT_CONDITIONAL',
  'EB_IN',
  'EB_IN_CONDITIONAL',
  'EB_CONFIRMED',
  'EB_REFUSED',
] as const;

const ACTIONS = [
  /** The bracket is ours: send the chain that waits for it. */
  'GRANTED',
  /** The bracket is over. */
  'ENDED',
  'REJECT_0813',
  'REJECT_0819',
  'REJECT_080B',
  'REJECT_081B',
  'REJECT_2003',
] as const;

type State = (typeof STATES)[number];
type Event = (typeof EVENTS)[number];
type Action = (typeof ACTIONS)[number];
type R = Row<State, Event, Action>;

/** Sessions without brackets: everything passes. */
const NONE_ROWS: readonly R[] = EVENTS.map((event): R => ['NONE', event, 'NONE']);

const BETWEEN_ROWS: readonly R[] = [
  ['BETB', 'COMMIT', 'COMMITTED'],
  ['BETB', 'BID_SENT', 'PEND_BB'],
  ['BETB', 'BID_REFUSED', 'BETB'],
  ['BETB', 'BID_DEFERRED', 'BETB'],
  ['BETB', 'PLU_BB', 'INB'],
  ['BETB', 'PLU_DATA', 'BETB', 'REJECT_2003'],
  ['BETB', 'PLU_BID', 'PEND_PLU_BB'],
  ['BETB', 'RTR', 'BETB', 'REJECT_0819'],
  ['BETB', 'EB_IN', 'BETB'],
  ['BETB', 'EB_IN_CONDITIONAL', 'BETB'],

  ['COMMITTED', 'SEND_BB', 'INB_OURS'],
  ['COMMITTED', 'GIVE_UP', 'BETB'],
  ['COMMITTED', 'PLU_BB', 'COMMITTED', 'REJECT_081B'],
  ['COMMITTED', 'PLU_BID', 'COMMITTED', 'REJECT_081B'],
  ['COMMITTED', 'PLU_DATA', 'COMMITTED', 'REJECT_2003'],
  ['COMMITTED', 'RTR', 'COMMITTED', 'REJECT_0819'],
  ['COMMITTED', 'EB_IN', 'COMMITTED'],
  ['COMMITTED', 'EB_IN_CONDITIONAL', 'COMMITTED'],
];

const BIDDING_ROWS: readonly R[] = [
  ['PEND_BB', 'BID_ACCEPTED', 'INB_OURS', 'GRANTED'],
  ['PEND_BB', 'BID_DEFERRED', 'WAIT_RTR'],
  ['PEND_BB', 'BID_REFUSED', 'BETB'],
  ['PEND_BB', 'GIVE_UP', 'PEND_BB'],
  // A race: we bid only where the partner is first speaker, so it wins; our chain goes back unsent.
  ['PEND_BB', 'PLU_BB', 'INB'],
  ['PEND_BB', 'PLU_BID', 'PEND_PLU_BB'],
  ['PEND_BB', 'PLU_DATA', 'PEND_BB', 'REJECT_2003'],
  ['PEND_BB', 'RTR', 'PEND_BB', 'REJECT_0819'],
  ['PEND_BB', 'EB_IN', 'PEND_BB'],
  ['PEND_BB', 'EB_IN_CONDITIONAL', 'PEND_BB'],

  ['WAIT_RTR', 'RTR', 'INB_OURS', 'GRANTED'],
  ['WAIT_RTR', 'GIVE_UP', 'WAIT_RTR'],
  ['WAIT_RTR', 'PLU_BB', 'INB'],
  ['WAIT_RTR', 'PLU_BID', 'PEND_PLU_BB'],
  ['WAIT_RTR', 'PLU_DATA', 'WAIT_RTR', 'REJECT_2003'],
  ['WAIT_RTR', 'EB_IN', 'WAIT_RTR'],
  ['WAIT_RTR', 'EB_IN_CONDITIONAL', 'WAIT_RTR'],

  ['PEND_PLU_BB', 'PLU_BB', 'INB'],
  ['PEND_PLU_BB', 'PLU_DATA', 'INB'],
  ['PEND_PLU_BB', 'PLU_BID', 'PEND_PLU_BB'],
  ['PEND_PLU_BB', 'BID_ACCEPTED', 'PEND_PLU_BB'],
  ['PEND_PLU_BB', 'BID_DEFERRED', 'PEND_PLU_BB'],
  ['PEND_PLU_BB', 'BID_REFUSED', 'PEND_PLU_BB'],
  ['PEND_PLU_BB', 'GIVE_UP', 'PEND_PLU_BB'],
  ['PEND_PLU_BB', 'RTR', 'PEND_PLU_BB', 'REJECT_0819'],
  ['PEND_PLU_BB', 'EB_IN', 'PEND_PLU_BB'],
  ['PEND_PLU_BB', 'EB_IN_CONDITIONAL', 'PEND_PLU_BB'],
];

const IN_ROWS: readonly R[] = [
  ['INB_OURS', 'SEND_BB', 'INB_OURS'],
  ['INB_OURS', 'BB_REFUSED', 'BETB', 'ENDED'],
  ['INB_OURS', 'GIVE_UP', 'INB_OURS'],
  ['INB_OURS', 'PLU_BB', 'INB_OURS', 'REJECT_080B'],
  ['INB_OURS', 'PLU_BID', 'INB_OURS', 'REJECT_080B'],
  ['INB_OURS', 'PLU_DATA', 'INB'],
  ['INB_OURS', 'RTR', 'INB_OURS', 'REJECT_0819'],
  ['INB_OURS', 'EB_OUT', 'BETB', 'ENDED'],
  ['INB_OURS', 'EB_OUT_CONDITIONAL', 'PEND_EB_OUT'],
  ['INB_OURS', 'EB_IN', 'BETB', 'ENDED'],
  ['INB_OURS', 'EB_IN_CONDITIONAL', 'PEND_EB_IN'],

  ['INB', 'SEND_BB', 'INB'],
  ['INB', 'BB_REFUSED', 'INB'],
  ['INB', 'GIVE_UP', 'INB'],
  ['INB', 'BID_ACCEPTED', 'INB'],
  ['INB', 'BID_DEFERRED', 'INB'],
  ['INB', 'BID_REFUSED', 'INB'],
  ['INB', 'PLU_BB', 'INB', 'REJECT_2003'],
  ['INB', 'PLU_DATA', 'INB'],
  ['INB', 'PLU_BID', 'INB', 'REJECT_0813'],
  ['INB', 'RTR', 'INB', 'REJECT_0819'],
  ['INB', 'EB_OUT', 'BETB', 'ENDED'],
  ['INB', 'EB_OUT_CONDITIONAL', 'PEND_EB_OUT'],
  ['INB', 'EB_IN', 'BETB', 'ENDED'],
  ['INB', 'EB_IN_CONDITIONAL', 'PEND_EB_IN'],
];

const ENDING_ROWS: readonly R[] = [
  ['PEND_EB_OUT', 'EB_CONFIRMED', 'BETB', 'ENDED'],
  ['PEND_EB_OUT', 'EB_REFUSED', 'INB'],
  ['PEND_EB_OUT', 'BB_REFUSED', 'BETB', 'ENDED'],
  // Full duplex: sent before our EB arrived there.
  ['PEND_EB_OUT', 'PLU_DATA', 'PEND_EB_OUT'],
  ['PEND_EB_OUT', 'PLU_BB', 'PEND_EB_OUT', 'REJECT_080B'],
  ['PEND_EB_OUT', 'PLU_BID', 'PEND_EB_OUT', 'REJECT_0813'],
  ['PEND_EB_OUT', 'RTR', 'PEND_EB_OUT', 'REJECT_0819'],
  ['PEND_EB_OUT', 'EB_IN', 'BETB', 'ENDED'],
  ['PEND_EB_OUT', 'EB_IN_CONDITIONAL', 'PEND_EB_IN'],

  ['PEND_EB_IN', 'EB_CONFIRMED', 'BETB', 'ENDED'],
  ['PEND_EB_IN', 'EB_REFUSED', 'INB'],
  ['PEND_EB_IN', 'GIVE_UP', 'PEND_EB_IN'],
  ['PEND_EB_IN', 'BID_ACCEPTED', 'PEND_EB_IN'],
  ['PEND_EB_IN', 'BID_DEFERRED', 'PEND_EB_IN'],
  ['PEND_EB_IN', 'BID_REFUSED', 'PEND_EB_IN'],
  ['PEND_EB_IN', 'PLU_BB', 'PEND_EB_IN', 'REJECT_2003'],
  ['PEND_EB_IN', 'PLU_DATA', 'PEND_EB_IN', 'REJECT_2003'],
  ['PEND_EB_IN', 'PLU_BID', 'PEND_EB_IN', 'REJECT_0813'],
  ['PEND_EB_IN', 'RTR', 'PEND_EB_IN', 'REJECT_0819'],
  ['PEND_EB_IN', 'EB_IN', 'PEND_EB_IN'],
  ['PEND_EB_IN', 'EB_IN_CONDITIONAL', 'PEND_EB_IN'],
];

/**
 * Brackets of a secondary LU.
 * @source sna-wire 3.6
 */
export const BRACKET = compileDense('bracket', STATES, EVENTS, ACTIONS, [
  ...NONE_ROWS,
  ...BETWEEN_ROWS,
  ...BIDDING_ROWS,
  ...IN_ROWS,
  ...ENDING_ROWS,
]);
