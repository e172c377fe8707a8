import { compileMachine, type Row } from '../base/machine.js';

export type SscpPuState = 'INACTIVE' | 'ACTIVE';

/** NMVT and REQMS are MANAGEMENT; OTHER_REQUEST is any request that has no event of its own. */
export type SscpPuEvent = 'ACTPU_COLD' | 'ACTPU_ERP' | 'DACTPU' | 'MANAGEMENT' | 'OTHER_REQUEST' | 'LINK_LOST';

export type SscpPuAction =
  /** Remember the OAF of ACTPU: it is the SSCP's address from now on. */
  | 'STORE_SSCP'
  /** Drop all SSCP-LU and LU-LU sessions of this PU, without traffic. */
  | 'DROP_SESSIONS'
  | 'RESPOND_COLD'
  | 'RESPOND_ERP'
  | 'RESPOND'
  /** Answer NMVT and REQMS as a PU that supports none of their functions. */
  | 'ANSWER_MANAGEMENT'
  | 'REJECT_1003'
  | 'REJECT_8008';

const ROWS: readonly Row<SscpPuState, SscpPuEvent, SscpPuAction>[] = [
  ['INACTIVE', 'ACTPU_COLD', 'ACTIVE', 'STORE_SSCP', 'DROP_SESSIONS', 'RESPOND_COLD'],
  ['INACTIVE', 'ACTPU_ERP', 'ACTIVE', 'STORE_SSCP', 'DROP_SESSIONS', 'RESPOND_COLD'],
  ['INACTIVE', 'DACTPU', 'INACTIVE', 'REJECT_8008'],
  ['INACTIVE', 'MANAGEMENT', 'INACTIVE', 'REJECT_8008'],
  ['INACTIVE', 'OTHER_REQUEST', 'INACTIVE', 'REJECT_8008'],
  ['INACTIVE', 'LINK_LOST', 'INACTIVE'],
  ['ACTIVE', 'ACTPU_COLD', 'ACTIVE', 'STORE_SSCP', 'DROP_SESSIONS', 'RESPOND_COLD'],
  ['ACTIVE', 'ACTPU_ERP', 'ACTIVE', 'STORE_SSCP', 'RESPOND_ERP'],
  ['ACTIVE', 'DACTPU', 'INACTIVE', 'DROP_SESSIONS', 'RESPOND'],
  ['ACTIVE', 'MANAGEMENT', 'ACTIVE', 'ANSWER_MANAGEMENT'],
  ['ACTIVE', 'OTHER_REQUEST', 'ACTIVE', 'REJECT_1003'],
  ['ACTIVE', 'LINK_LOST', 'INACTIVE', 'DROP_SESSIONS'],
];

/**
 * The SSCP-PU session, seen from the PU.
 * The row for other requests of an active PU is ours: the digest leaves it open.
 * @source sna-wire 3.2
 */
export const SSCP_PU = compileMachine('sscp-pu', ROWS);
