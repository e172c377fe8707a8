import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../src/base/machine.js';
import { BRACKET } from '../../../src/fsm/bracket.js';
import { CHAIN_IN, CHAIN_OUT } from '../../../src/fsm/chain.js';
import { actionsOf, type DenseMachine, lookUp, NO_ROW, nextOf } from '../../../src/fsm/dense.js';
import { CONTENTION_LOSER, CONTENTION_WINNER, DUPLEX, FLIP_FLOP } from '../../../src/fsm/direction.js';
import { LU_LU, LU_LU_STATES } from '../../../src/fsm/lu-lu.js';
import { SSCP_LU } from '../../../src/fsm/sscp-lu.js';
import { SSCP_PU } from '../../../src/fsm/sscp-pu.js';

/** state, event, next state, actions: as the digest has them. */
type Line = readonly [string, string, string, ...string[]];

function look(machine: Machine<string, string, string>, [state, event]: Line): string[] {
  const step = machine.step(state, event);
  return step === undefined ? ['no row'] : [state, event, step.next, ...step.actions];
}

function lookDense(machine: DenseMachine<string, string, string>, [state, event]: Line): string[] {
  const cell = lookUp(machine, machine.state[state]!, machine.event[event]!);
  if (cell === NO_ROW) return ['no row'];
  const actions = Object.keys(machine.action).filter((name) => (actionsOf(cell) & machine.action[name]!) !== 0);
  return [state, event, machine.states[nextOf(cell)]!, ...actions];
}

function holds(name: string, lines: readonly Line[], of: (line: Line) => string[]): void {
  describe(name, () => {
    it.each(lines.map((line) => [line.join(' '), line] as const))('%s', (_name, line) => {
      expect(of(line)).toEqual([...line]);
    });
  });
}

holds(
  'SSCP-PU (3.2)',
  [
    ['INACTIVE', 'ACTPU_COLD', 'ACTIVE', 'STORE_SSCP', 'DROP_SESSIONS', 'RESPOND_COLD'],
    ['INACTIVE', 'ACTPU_ERP', 'ACTIVE', 'STORE_SSCP', 'DROP_SESSIONS', 'RESPOND_COLD'],
    ['INACTIVE', 'DACTPU', 'INACTIVE', 'REJECT_8008'],
    ['INACTIVE', 'MANAGEMENT', 'INACTIVE', 'REJECT_8008'],
    ['INACTIVE', 'OTHER_REQUEST', 'INACTIVE', 'REJECT_8008'],
    ['ACTIVE', 'ACTPU_COLD', 'ACTIVE', 'STORE_SSCP', 'DROP_SESSIONS', 'RESPOND_COLD'],
    ['ACTIVE', 'ACTPU_ERP', 'ACTIVE', 'STORE_SSCP', 'RESPOND_ERP'],
    ['ACTIVE', 'DACTPU', 'INACTIVE', 'DROP_SESSIONS', 'RESPOND'],
    ['ACTIVE', 'MANAGEMENT', 'ACTIVE', 'ANSWER_MANAGEMENT'],
    ['ACTIVE', 'LINK_LOST', 'INACTIVE', 'DROP_SESSIONS'],
    ['INACTIVE', 'LINK_LOST', 'INACTIVE'],
  ],
  (line) => look(SSCP_PU as Machine<string, string, string>, line),
);

holds(
  'SSCP-LU (3.3, ACTLU(ERP) of 2.3)',
  [
    ['OFF_ENABLED', 'ACTLU_COLD', 'ON_ENABLED', 'STORE_SSCP', 'RESPOND_COLD_ENABLED'],
    ['OFF_DISABLED', 'ACTLU_COLD', 'ON_DISABLED', 'STORE_SSCP', 'RESPOND_COLD_DISABLED'],
    ['OFF_ENABLED', 'ACTLU_ERP', 'ON_ENABLED', 'STORE_SSCP', 'RESPOND_COLD_ENABLED'],
    ['OFF_DISABLED', 'ACTLU_ERP', 'ON_DISABLED', 'STORE_SSCP', 'RESPOND_COLD_DISABLED'],
    ['OFF_DISABLED', 'DATA', 'OFF_DISABLED', 'REJECT_8009'],
    ['OFF_ENABLED', 'DACTLU', 'OFF_ENABLED', 'REJECT_8009'],
    ['OFF_ENABLED', 'SESSION_OUTCOME', 'OFF_ENABLED', 'REJECT_8009'],
    ['ON_ENABLED', 'ACTLU_COLD', 'ON_ENABLED', 'STORE_SSCP', 'RESET_LU_LU', 'RESPOND_COLD_ENABLED'],
    ['ON_DISABLED', 'ACTLU_COLD', 'ON_DISABLED', 'STORE_SSCP', 'RESET_LU_LU', 'RESPOND_COLD_DISABLED'],
    ['ON_ENABLED', 'ACTLU_ERP', 'ON_ENABLED', 'STORE_SSCP', 'RESPOND_ERP_ENABLED'],
    ['ON_ENABLED', 'DACTLU', 'OFF_ENABLED', 'RESET_LU_LU', 'RESPOND'],
    ['ON_DISABLED', 'DACTLU', 'OFF_DISABLED', 'RESET_LU_LU', 'RESPOND'],
    ['ON_DISABLED', 'APPLICATION_ATTACHED', 'ON_ENABLED', 'NOTIFY_ENABLED'],
    ['ON_ENABLED', 'APPLICATION_DETACHED', 'ON_DISABLED', 'NOTIFY_DISABLED'],
    ['ON_ENABLED', 'APPLICATION_DETACHED_BOUND', 'ON_ENDING', 'END_LU_LU'],
    ['ON_ENDING', 'LU_LU_ENDED', 'ON_DISABLED', 'NOTIFY_DISABLED'],
    ['ON_ENABLED', 'DATA', 'ON_ENABLED', 'RESPOND', 'DELIVER'],
    ['ON_DISABLED', 'DATA', 'ON_DISABLED', 'RESPOND', 'DELIVER'],
    ['ON_ENABLED', 'SESSION_OUTCOME', 'ON_ENABLED', 'RESPOND', 'FAIL_INITIATE'],
    ['ON_ENABLED', 'DROPPED', 'OFF_ENABLED', 'RESET_LU_LU'],
    ['OFF_DISABLED', 'APPLICATION_ATTACHED', 'OFF_ENABLED'],
    ['OFF_ENABLED', 'APPLICATION_DETACHED', 'OFF_DISABLED'],
  ],
  (line) => look(SSCP_LU as Machine<string, string, string>, line),
);

/** 3.4 gives some rows for a set of states. */
function forStates(states: readonly string[], event: string, next: string | undefined, ...actions: string[]): Line[] {
  return states.map((state) => [state, event, next ?? state, ...actions] as const);
}

const BOUND_STATES = ['BOUND', 'ACTIVE', 'QUIESCED', 'CLOSING'];
const TRAFFIC_STATES = ['ACTIVE', 'QUIESCED', 'CLOSING'];
const FREE_STATES = ['RESET', 'INIT_SENT', 'WAIT_BIND'];

holds(
  'LU-LU (3.4)',
  [
    ['RESET', 'OPEN', 'INIT_SENT'],
    ...forStates(FREE_STATES, 'BIND_TAKEN', 'BOUND', 'RESPOND', 'START_SESSION'),
    ...forStates(FREE_STATES, 'BIND_TAKEN_NO_SDT', 'ACTIVE', 'RESPOND', 'START_SESSION'),
    ...forStates(FREE_STATES, 'BIND_REFUSED', 'RESET'),
    ['INIT_SENT', 'INIT_ACCEPTED', 'WAIT_BIND'],
    ['INIT_SENT', 'INIT_REFUSED', 'RESET'],
    ['WAIT_BIND', 'INIT_REFUSED', 'RESET'],
    ['BOUND', 'INIT_ACCEPTED', 'BOUND'],
    ['BOUND', 'SDT', 'ACTIVE', 'RESPOND'],
    ['BOUND', 'STSN', 'BOUND', 'RESPOND'],
    ['BOUND', 'DATA', 'BOUND', 'REJECT_2005'],
    ['BOUND', 'SHUTD', 'BOUND', 'REJECT_2005'],
    ...forStates(BOUND_STATES, 'CLEAR', 'BOUND', 'RESPOND', 'RESET_TRAFFIC'),
    ...forStates(TRAFFIC_STATES, 'SDT', undefined, 'REJECT_2007'),
    ...forStates(TRAFFIC_STATES, 'DATA', undefined, 'TAKE'),
    ['ACTIVE', 'SHUTD', 'ACTIVE', 'RESPOND', 'OWE_SHUTC'],
    ['ACTIVE', 'QUIESCE_SENT', 'QUIESCED'],
    ['ACTIVE', 'QEC', 'ACTIVE', 'RESPOND', 'OWE_QC'],
    ['QUIESCED', 'RELQ', 'ACTIVE', 'RESPOND', 'RELEASE'],
    ['ACTIVE', 'CLOSE', 'CLOSING', 'SEND_RSHUTD'],
    ['CLOSING', 'CLOSE_REFUSED', 'ACTIVE'],
    ...forStates(BOUND_STATES, 'UNBIND_SENT', 'UNBINDING', 'SEND_UNBIND'),
    ['UNBINDING', 'UNBIND_ANSWERED', 'RESET', 'END_SESSION'],
    ...forStates([...BOUND_STATES, 'UNBINDING'], 'UNBIND', 'RESET', 'RESPOND', 'END_SESSION'),
    ...forStates([...BOUND_STATES, 'UNBINDING'], 'UNBIND_BIND_FORTHCOMING', 'WAIT_BIND', 'RESPOND', 'END_SESSION'),
    ...forStates([...BOUND_STATES, 'UNBINDING'], 'DROPPED', 'RESET', 'END_SESSION'),
    ...forStates(FREE_STATES, 'DROPPED', 'RESET'),
    ...forStates([...BOUND_STATES, 'UNBINDING'], 'BIND', undefined, 'REJECT_0815'),
    ...forStates(FREE_STATES, 'DATA', undefined, 'REJECT_8005'),
    ...forStates(FREE_STATES, 'UNBIND', undefined, 'REJECT_8005'),
    ['UNBINDING', 'DATA', 'UNBINDING', 'DISCARD'],
    ['UNBINDING', 'CLEAR', 'UNBINDING', 'DISCARD'],
  ],
  (line) => look(LU_LU as Machine<string, string, string>, line),
);

holds(
  'chains received (3.5)',
  [
    ['BETC', 'ONLY', 'BETC', 'DELIVER'],
    ['BETC', 'RESPONSE_OWED', 'PEND_RSP'],
    ['BETC', 'FIRST', 'INC', 'DELIVER'],
    ['BETC', 'MIDDLE', 'DISCARD', 'REJECT_2002'],
    ['BETC', 'LAST', 'BETC', 'REJECT_2002'],
    ['INC', 'MIDDLE', 'INC', 'DELIVER'],
    ['INC', 'LAST', 'BETC', 'DELIVER'],
    ['INC', 'FIRST', 'DISCARD', 'VOID', 'REJECT_2002'],
    ['INC', 'ONLY', 'BETC', 'VOID', 'REJECT_2002'],
    ['INC', 'CANCEL', 'BETC', 'VOID', 'RESPOND'],
    ['INC', 'DFC', 'INC', 'REJECT_2002'],
    ['INC', 'REFUSED', 'DISCARD', 'VOID'],
    ['DISCARD', 'MIDDLE', 'DISCARD'],
    ['DISCARD', 'LAST', 'BETC'],
    ['DISCARD', 'CANCEL', 'BETC', 'RESPOND'],
    ['PEND_RSP', 'ONLY', 'PEND_RSP', 'REJECT_200A'],
    ['PEND_RSP', 'FIRST', 'PEND_DISCARD', 'REJECT_200A'],
    ['PEND_RSP', 'DFC', 'PEND_RSP', 'REJECT_200A'],
    ['PEND_RSP', 'RESPONDED', 'BETC'],
    ['PEND_DISCARD', 'LAST', 'PEND_RSP'],
    ['PEND_DISCARD', 'RESPONDED', 'DISCARD'],
  ],
  (line) => lookDense(CHAIN_IN, line),
);

holds(
  'chains sent (3.5, 3.7)',
  [
    ['IDLE', 'START', 'READY'],
    ['READY', 'SENT_LAST', 'IDLE'],
    ['READY', 'SENT_LAST_DEFINITE', 'PEND_RSP'],
    ['READY', 'SENT_PART', 'SENDING'],
    ['SENDING', 'SENT_LAST_DEFINITE', 'PEND_RSP'],
    ['PEND_RSP', 'POSITIVE', 'IDLE', 'ANSWERED'],
    ['PEND_RSP', 'NEGATIVE', 'IDLE', 'ANSWERED'],
    ['IDLE', 'NEGATIVE', 'IDLE', 'ANSWERED'],
    ['SENDING', 'NEGATIVE', 'CANCEL_WANTED', 'ANSWERED'],
    ['SENDING', 'GIVE_UP', 'CANCEL_WANTED'],
    ['READY', 'GIVE_UP', 'IDLE', 'UNSENT'],
    ['CANCEL_WANTED', 'CANCEL_SENT', 'PEND_CANCEL'],
    ['PEND_CANCEL', 'CANCEL_ANSWERED', 'IDLE'],
    ['IDLE', 'START_BRACKET', 'WAIT_BRACKET'],
    ['WAIT_BRACKET', 'GRANTED', 'READY'],
    ['WAIT_BRACKET', 'BID_REFUSED', 'IDLE', 'ANSWERED'],
    ['READY', 'START', 'no row'],
    ['PEND_RSP', 'GIVE_UP', 'no row'],
  ].map((line) => line as unknown as Line),
  (line) => {
    const got = lookDense(CHAIN_OUT, line);
    return got[0] === 'no row' ? [line[0], line[1], 'no row'] : got;
  },
);

holds(
  'brackets (3.6)',
  [
    ['BETB', 'COMMIT', 'COMMITTED'],
    ['COMMITTED', 'SEND_BB', 'INB_OURS'],
    ['BETB', 'BID_SENT', 'PEND_BB'],
    ['BETB', 'PLU_BB', 'INB'],
    ['BETB', 'PLU_BID', 'PEND_PLU_BB'],
    ['PEND_PLU_BB', 'PLU_BB', 'INB'],
    ['COMMITTED', 'PLU_BID', 'COMMITTED', 'REJECT_081B'],
    ['COMMITTED', 'PLU_BB', 'COMMITTED', 'REJECT_081B'],
    ['INB_OURS', 'PLU_BID', 'INB_OURS', 'REJECT_080B'],
    ['INB_OURS', 'PLU_BB', 'INB_OURS', 'REJECT_080B'],
    ['INB_OURS', 'PLU_DATA', 'INB'],
    ['PEND_BB', 'BID_ACCEPTED', 'INB_OURS', 'GRANTED'],
    ['PEND_BB', 'BID_DEFERRED', 'WAIT_RTR'],
    ['WAIT_RTR', 'RTR', 'INB_OURS', 'GRANTED'],
    ['PEND_BB', 'BID_REFUSED', 'BETB'],
    ['PEND_BB', 'PLU_BB', 'INB'],
    ['INB', 'EB_IN', 'BETB', 'ENDED'],
    ['INB', 'EB_OUT', 'BETB', 'ENDED'],
    ['INB', 'EB_IN_CONDITIONAL', 'PEND_EB_IN'],
    ['PEND_EB_IN', 'EB_CONFIRMED', 'BETB', 'ENDED'],
    ['PEND_EB_IN', 'EB_REFUSED', 'INB'],
    ['INB', 'EB_OUT_CONDITIONAL', 'PEND_EB_OUT'],
    ['PEND_EB_OUT', 'EB_CONFIRMED', 'BETB', 'ENDED'],
    ['PEND_EB_OUT', 'EB_REFUSED', 'INB'],
    ['BETB', 'PLU_DATA', 'BETB', 'REJECT_2003'],
    ['INB', 'PLU_BB', 'INB', 'REJECT_2003'],
    ['INB', 'PLU_BID', 'INB', 'REJECT_0813'],
    ['BETB', 'RTR', 'BETB', 'REJECT_0819'],
    ['INB', 'RTR', 'INB', 'REJECT_0819'],
  ],
  (line) => lookDense(BRACKET, line),
);

holds(
  'flip-flop (3.6)',
  [
    ['CONT', 'SEND_BEGIN', 'SEND'],
    ['CONT', 'RECEIVE_BEGIN', 'RCV'],
    ['RCV', 'RECEIVE_END_CD', 'SEND'],
    ['RCV', 'RECEIVE_END', 'RCV'],
    ['SEND', 'SEND_END_CD', 'RCV'],
    ['SEND', 'SEND_END', 'SEND'],
    ['SEND', 'RECEIVE_BEGIN', 'SEND', 'REJECT_2004'],
    ['SEND', 'BRACKET_END', 'CONT'],
    ['RCV', 'BRACKET_END', 'CONT'],
    ['SEND', 'NEGATIVE_RECEIVED', 'ERP'],
    ['RCV', 'NEGATIVE_SENT', 'ERP'],
    ['ERP', 'RECEIVE_BEGIN', 'RCV'],
  ],
  (line) => lookDense(FLIP_FLOP, line),
);

const CONTENTION_LINES: readonly Line[] = [
  ['CONT', 'SEND_BEGIN', 'SEND'],
  ['SEND', 'SEND_END', 'CONT'],
  ['SEND', 'SEND_END_CD', 'RCV'],
  ['CONT', 'RECEIVE_BEGIN', 'RCV'],
  ['RCV', 'RECEIVE_END', 'CONT'],
  ['RCV', 'RECEIVE_END_CD', 'RESERVED'],
  ['RESERVED', 'SEND_BEGIN', 'SEND'],
  ['RESERVED', 'RECEIVE_BEGIN', 'RCV'],
  ['CONT', 'NEGATIVE_RECEIVED', 'ERP'],
  ['ERP', 'RECEIVE_END', 'CONT'],
];
holds('contention, winner (3.6)', [...CONTENTION_LINES, ['SEND', 'RECEIVE_BEGIN', 'SEND', 'REJECT_081B']], (line) =>
  lookDense(CONTENTION_WINNER, line),
);
holds('contention, loser (3.6)', [...CONTENTION_LINES, ['SEND', 'RECEIVE_BEGIN', 'RCV']], (line) =>
  lookDense(CONTENTION_LOSER, line),
);

describe('tables as a whole', () => {
  it('duplex has one state that every event leaves as it is', () => {
    expect(DUPLEX.rows.map(([from, , to, ...actions]) => [from, to, ...actions].join())).toEqual(
      DUPLEX.events.map(() => 'CONT,CONT'),
    );
  });

  it.each([
    ['flip-flop', FLIP_FLOP],
    ['winner', CONTENTION_WINNER],
    ['loser', CONTENTION_LOSER],
  ])('direction %s takes every received event in every state', (_name, machine) => {
    const received = ['RECEIVE_BEGIN', 'RECEIVE_END', 'BRACKET_END', 'NEGATIVE_RECEIVED', 'NEGATIVE_SENT'] as const;
    for (const state of new Set(machine.rows.map(([from]) => from))) {
      for (const event of received) {
        expect([state, event, lookUp(machine, machine.state[state], machine.event[event])]).not.toContain(NO_ROW);
      }
    }
  });

  it('received chains take every element, CANCEL, DFC and refusal in every state', () => {
    for (const state of CHAIN_IN.states) {
      for (const event of CHAIN_IN.events.slice(0, 8)) {
        const cell = lookUp(CHAIN_IN, CHAIN_IN.state[state], CHAIN_IN.event[event]);
        expect([state, event, cell]).not.toContain(NO_ROW);
      }
    }
  });

  it('brackets take everything of the partner in every state', () => {
    // RTR and BID are the exceptions a bracket machine may refuse; data is never without a row.
    for (const state of BRACKET.states) {
      for (const event of ['PLU_BB', 'PLU_DATA', 'PLU_BID', 'RTR', 'EB_IN', 'EB_IN_CONDITIONAL'] as const) {
        const cell = lookUp(BRACKET, BRACKET.state[state], BRACKET.event[event]);
        expect([state, event, cell]).not.toContain(NO_ROW);
      }
    }
  });

  it('element events are the numbers of BCI and ECI', () => {
    expect(CHAIN_IN.events.slice(0, 4)).toEqual(['MIDDLE', 'LAST', 'FIRST', 'ONLY']);
  });

  it('every lu-lu state is reached from RESET', () => {
    const reached = new Set<string>(['RESET']);
    for (let size = 0; size !== reached.size; ) {
      size = reached.size;
      for (const [from, , to] of LU_LU.rows) if (reached.has(from)) reached.add(to);
    }
    expect([...reached].sort()).toEqual([...LU_LU_STATES].sort());
  });

  it('every request of the partner has a row in every lu-lu state', () => {
    const events = ['SDT', 'STSN', 'CLEAR', 'CLEAR_NO_SDT', 'DATA', 'SIGNAL', 'SHUTD', 'QEC', 'RELQ', 'SBI'] as const;
    const holes: string[] = [];
    for (const state of LU_LU_STATES) {
      for (const event of [...events, 'UNBIND', 'UNBIND_BIND_FORTHCOMING', 'DROPPED'] as const) {
        if (LU_LU.step(state, event) === undefined) holes.push(`${state} ${event}`);
      }
    }
    // Before SDT a TS profile without SDT has no CLEAR to answer: such a session is never BOUND.
    expect(holes).toEqual(['BOUND CLEAR_NO_SDT']);
  });
});
