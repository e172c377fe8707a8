import { compileMachine, type Row } from '../base/machine.js';

/** States of the primary half-session. */
export type PrimaryState = 'RESET' | 'PEND_BIND' | 'PEND_STSN' | 'PEND_SDT' | 'ACTIVE' | 'PEND_CLEAR' | 'PEND_UNBIND';

export type PrimaryEvent =
  | 'START'
  | 'BOUND_READY'
  | 'BOUND_SDT'
  | 'BOUND_STSN'
  | 'STSN_ANSWERED'
  | 'SDT_ACCEPTED'
  | 'REFUSED'
  | 'CLEAR'
  | 'CLEARED_READY'
  | 'CLEARED_SDT'
  | 'CLEARED_STSN'
  | 'UNBIND'
  | 'UNBIND_ANSWERED'
  | 'SLU_UNBIND'
  | 'LOST';

export type PrimaryAction =
  | 'SEND_BIND'
  | 'SEND_STSN'
  | 'SEND_SDT'
  | 'SEND_CLEAR'
  | 'SEND_UNBIND'
  | 'RESET_TRAFFIC'
  | 'REPORT_ACTIVE'
  | 'REPORT_REFUSED'
  | 'REPORT_UNBOUND'
  | 'REPORT_LOST';

/** States that hold a session, all but RESET. */
const HELD = ['PEND_BIND', 'PEND_STSN', 'PEND_SDT', 'ACTIVE', 'PEND_CLEAR', 'PEND_UNBIND'] as const;
const UNBINDABLE = HELD.filter((state) => state !== 'PEND_UNBIND');

/** @source sna-wire 4.4 and 4.5: the mirror image of the secondary's states */
const ROWS: readonly Row<PrimaryState, PrimaryEvent, PrimaryAction>[] = [
  ['RESET', 'START', 'PEND_BIND', 'SEND_BIND'],
  ['PEND_BIND', 'BOUND_READY', 'ACTIVE', 'REPORT_ACTIVE'],
  ['PEND_BIND', 'BOUND_SDT', 'PEND_SDT', 'SEND_SDT'],
  ['PEND_BIND', 'BOUND_STSN', 'PEND_STSN', 'SEND_STSN'],
  ['PEND_BIND', 'REFUSED', 'RESET', 'REPORT_REFUSED'],
  ['PEND_STSN', 'STSN_ANSWERED', 'PEND_SDT', 'SEND_SDT'],
  ['PEND_STSN', 'REFUSED', 'PEND_UNBIND', 'SEND_UNBIND'],
  ['PEND_SDT', 'SDT_ACCEPTED', 'ACTIVE', 'REPORT_ACTIVE'],
  ['PEND_SDT', 'REFUSED', 'PEND_UNBIND', 'SEND_UNBIND'],
  ['ACTIVE', 'CLEAR', 'PEND_CLEAR', 'SEND_CLEAR'],
  ['PEND_CLEAR', 'CLEARED_READY', 'ACTIVE', 'RESET_TRAFFIC', 'REPORT_ACTIVE'],
  ['PEND_CLEAR', 'CLEARED_SDT', 'PEND_SDT', 'RESET_TRAFFIC', 'SEND_SDT'],
  ['PEND_CLEAR', 'CLEARED_STSN', 'PEND_STSN', 'RESET_TRAFFIC', 'SEND_STSN'],
  ['PEND_CLEAR', 'REFUSED', 'PEND_UNBIND', 'SEND_UNBIND'],
  ['PEND_UNBIND', 'UNBIND_ANSWERED', 'RESET', 'REPORT_UNBOUND'],
  ...UNBINDABLE.map(
    (state): Row<PrimaryState, PrimaryEvent, PrimaryAction> => [state, 'UNBIND', 'PEND_UNBIND', 'SEND_UNBIND'],
  ),
  ...UNBINDABLE.map(
    (state): Row<PrimaryState, PrimaryEvent, PrimaryAction> => [state, 'SLU_UNBIND', 'RESET', 'REPORT_UNBOUND'],
  ),
  ...HELD.map((state): Row<PrimaryState, PrimaryEvent, PrimaryAction> => [state, 'LOST', 'RESET', 'REPORT_LOST']),
];

export const PRIMARY_MACHINE = compileMachine('primary session', ROWS);
