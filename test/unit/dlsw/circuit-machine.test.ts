import { describe, expect, it } from 'vitest';
import { CIRCUIT_MACHINE, type CircuitEvent, type CircuitState } from '../../../src/dlsw/circuit-machine.js';

/**
 * RFC 1795 section 5.2 as published, without datagrams and without the states in which only the local DLC is waited
 * for: [state, event, next state, message sent or '']. Events of the DLC are given as what stands for them here.
 */
const PUBLISHED: readonly (readonly [CircuitState, CircuitEvent, CircuitState, string])[] = [
  ['AWAITING', 'CANUREACH_CS', 'CIRCUIT_PENDING', 'SEND_ICANREACH_CS'],
  ['DISCONNECTED', 'OPEN_KNOWN', 'CIRCUIT_START', 'SEND_CANUREACH_CS'],
  ['CIRCUIT_START', 'CANUREACH_CS', 'CIRCUIT_PENDING', 'SEND_ICANREACH_CS'],
  ['CIRCUIT_START', 'ICANREACH_CS', 'CIRCUIT_ESTABLISHED', 'SEND_REACH_ACK'],
  ['CIRCUIT_START', 'LAST_TIMER', 'DISCONNECTED', ''],
  ['CIRCUIT_START', 'XPORT_FAILURE', 'DISCONNECTED', ''],
  ['CIRCUIT_PENDING', 'CONTACT', 'CONNECTED', 'SEND_CONTACTED'],
  ['CIRCUIT_PENDING', 'HALT_DL', 'DISCONNECTED', 'SEND_DL_HALTED'],
  ['CIRCUIT_PENDING', 'HALT_DL_NOACK', 'DISCONNECTED', ''],
  ['CIRCUIT_PENDING', 'REACH_ACK', 'CIRCUIT_ESTABLISHED', ''],
  ['CIRCUIT_PENDING', 'XID', 'CIRCUIT_PENDING', 'SEND_XID'],
  ['CIRCUIT_PENDING', 'XPORT_FAILURE', 'DISCONNECTED', ''],
  ['CONNECT_PENDING', 'CONTACTED', 'CONNECTED', ''],
  ['CONNECT_PENDING', 'HALT_DL', 'DISCONNECTED', 'SEND_DL_HALTED'],
  ['CONNECT_PENDING', 'HALT_DL_NOACK', 'DISCONNECTED', ''],
  ['CONNECT_PENDING', 'ICANREACH_OTHER', 'CONNECT_PENDING', 'REFUSE_OTHER'],
  ['CONNECT_PENDING', 'RESTART', 'CIRCUIT_RESTART', 'SEND_RESTART_DL'],
  ['CONNECT_PENDING', 'HALT', 'DISCONNECT_PENDING', 'SEND_HALT_DL'],
  ['CONNECT_PENDING', 'XPORT_FAILURE', 'DISCONNECTED', ''],
  ['CIRCUIT_ESTABLISHED', 'CONTACT', 'CONNECTED', 'SEND_CONTACTED'],
  ['CIRCUIT_ESTABLISHED', 'HALT_DL', 'DISCONNECTED', 'SEND_DL_HALTED'],
  ['CIRCUIT_ESTABLISHED', 'HALT_DL_NOACK', 'DISCONNECTED', ''],
  ['CIRCUIT_ESTABLISHED', 'ICANREACH_OTHER', 'CIRCUIT_ESTABLISHED', 'REFUSE_OTHER'],
  ['CIRCUIT_ESTABLISHED', 'PEER_XID', 'CONNECT_PENDING', 'SEND_CONTACT'],
  ['CIRCUIT_ESTABLISHED', 'HALT', 'DISCONNECT_PENDING', 'SEND_HALT_DL'],
  ['CIRCUIT_ESTABLISHED', 'XPORT_FAILURE', 'DISCONNECTED', ''],
  ['CONNECTED', 'HALT_DL', 'DISCONNECTED', 'SEND_DL_HALTED'],
  ['CONNECTED', 'HALT_DL_NOACK', 'DISCONNECTED', ''],
  ['CONNECTED', 'RESTART_DL', 'CIRCUIT_ESTABLISHED', 'SEND_DL_RESTARTED'],
  ['CONNECTED', 'ICANREACH_OTHER', 'CONNECTED', 'REFUSE_OTHER'],
  ['CONNECTED', 'TEST_CIRCUIT_REQ', 'CONNECTED', 'SEND_TEST_RSP'],
  ['CONNECTED', 'RESTART', 'CIRCUIT_RESTART', 'SEND_RESTART_DL'],
  ['CONNECTED', 'HALT', 'DISCONNECT_PENDING', 'SEND_HALT_DL'],
  ['CONNECTED', 'XPORT_FAILURE', 'DISCONNECTED', ''],
  ['CIRCUIT_RESTART', 'DL_RESTARTED', 'CIRCUIT_ESTABLISHED', 'SEND_NULL_XID'],
  ['CIRCUIT_RESTART', 'HALT_DL_NOACK', 'DISCONNECTED', ''],
  ['CIRCUIT_RESTART', 'HALT', 'DISCONNECT_PENDING', 'SEND_HALT_DL'],
  ['CIRCUIT_RESTART', 'XPORT_FAILURE', 'DISCONNECTED', ''],
  ['DISCONNECT_PENDING', 'DL_HALTED', 'DISCONNECTED', ''],
  ['DISCONNECT_PENDING', 'HALT_DL', 'DISCONNECT_PENDING', 'SEND_DL_HALTED'],
  ['DISCONNECT_PENDING', 'HALT_DL_NOACK', 'DISCONNECTED', ''],
  ['DISCONNECT_PENDING', 'XPORT_FAILURE', 'DISCONNECTED', ''],
  // Section 3.1 of the digest, where it says more than the RFC.
  ['DISCONNECTED', 'OPEN', 'EXPLORING', 'SEND_CANUREACH_EX'],
  ['EXPLORING', 'ICANREACH_EX', 'CIRCUIT_START', 'SEND_CANUREACH_CS'],
  ['EXPLORING', 'TIMER', 'EXPLORING', 'SEND_CANUREACH_EX'],
  ['EXPLORING', 'LAST_TIMER', 'DISCONNECTED', ''],
  ['CIRCUIT_ESTABLISHED', 'XID', 'XID_SENT', 'SEND_XID'],
  ['XID_SENT', 'XID', 'XID_SENT', 'SEND_XID'],
  ['XID_SENT', 'CONTACT', 'CONNECTED', 'SEND_CONTACTED'],
  ['XID_SENT', 'HALT_DL', 'DISCONNECTED', 'SEND_DL_HALTED'],
  ['XID_SENT', 'HALT_DL_NOACK', 'DISCONNECTED', ''],
];

describe('circuit machine', () => {
  it.each(PUBLISHED)('%s / %s -> %s', (state, event, next, message) => {
    const step = CIRCUIT_MACHINE.step(state, event);
    expect(step?.next).toBe(next);
    const sent = step!.actions.filter((action) => action.startsWith('SEND_') || action === 'REFUSE_OTHER');
    // The origin sends its null XID with REACH_ACK: what started the circuit.
    expect(sent[0] ?? '').toBe(message);
  });

  it('ends in DISCONNECTED exactly when an END action says so', () => {
    for (const [state, event, next, ...actions] of CIRCUIT_MACHINE.rows) {
      const ends = actions.filter((action) => action.startsWith('END_')).length;
      expect([state, event, ends]).toEqual([state, event, next === 'DISCONNECTED' ? 1 : 0]);
    }
  });

  it('tells the owner last, so that it may open or halt circuits at once', () => {
    for (const [, , , ...actions] of CIRCUIT_MACHINE.rows) {
      const told = actions.findIndex((action) => action.startsWith('END_') || action.startsWith('REPORT_'));
      expect(told === -1 || told === actions.length - 1).toBe(true);
    }
  });

  it('can be halted and lose its transport in every state that lives', () => {
    const states = new Set(CIRCUIT_MACHINE.rows.map(([state]) => state));
    states.delete('DISCONNECTED');
    for (const state of states) {
      expect(CIRCUIT_MACHINE.step(state, 'XPORT_FAILURE')?.next).toBe('DISCONNECTED');
      if (state !== 'DISCONNECT_PENDING') expect(CIRCUIT_MACHINE.step(state, 'HALT')).toBeDefined();
    }
  });

  it('never waits without a timer, but for a call and for the owner', () => {
    for (const [state, event, next, ...actions] of CIRCUIT_MACHINE.rows) {
      const isTimed = next !== 'DISCONNECTED' && next !== 'AWAITING' && next !== 'CONNECTED';
      if (next === state && event !== 'TIMER') continue;
      if (isTimed)
        expect([state, event, actions.some((action) => action.startsWith('START_'))]).toEqual([state, event, true]);
      if (next === 'CONNECTED' && state !== next) expect(actions).toContain('STOP_TIMER');
    }
  });
});
