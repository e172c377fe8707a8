import { describe, expect, it } from 'vitest';
import type { Circuit, CircuitOptions } from '../../../src/dlsw/peer.js';
import { SSP } from '../../../src/dlsw/ssp.js';
import {
  createHandler,
  FarEnd,
  HOST_MAC,
  Partner,
  type PeerSettings,
  PU,
  PU_MAC,
  sendPiu,
  type Told,
  XID0,
} from './harness.js';

interface Bench {
  readonly partner: Partner;
  readonly far: FarEnd;
  readonly told: Told;
  readonly circuit: Circuit;
}

function awaiting(settings: PeerSettings = {}, options: CircuitOptions = {}): Bench {
  const partner = new Partner(settings);
  partner.up();
  const told = createHandler();
  const circuit = partner.peer.awaitCircuit(PU, XID0, told, options);
  return { partner, far: new FarEnd(partner), told, circuit };
}

function pending(settings?: PeerSettings, options?: CircuitOptions): Bench {
  const bench = awaiting(settings, options);
  bench.far.call();
  bench.far.names();
  return bench;
}

function established(settings?: PeerSettings, options?: CircuitOptions): Bench {
  const bench = pending(settings, options);
  bench.far.say(SSP.REACH_ACK, { flowByte: 0xc0 });
  return bench;
}

describe('circuit as target: the way up (section 6.5)', () => {
  it('is found, called, identified and contacted', () => {
    const { partner, far, told, circuit } = awaiting();
    far.call({ flags: 0x80, targetSap: 0, originCorrelator: 0x11, originPortId: 1 });
    const [reply] = partner.take();
    expect(reply).toMatchObject({
      messageType: SSP.ICANREACH,
      flags: 0x80,
      flowByte: 0,
      direction: 2,
      remoteCorrelator: 0x11,
      remotePortId: 1,
      targetMac: PU_MAC,
      originMac: HOST_MAC,
      largestFrame: 0x10,
    });
    far.call();
    expect(far.names()).toEqual(['ICANREACH 80']);
    expect(far.seen).toMatchObject({
      direction: 2,
      targetCorrelator: circuit.correlator,
      originCorrelator: 0x7007,
      remoteCorrelator: 0x7007,
      largestFrame: 0x10,
    });
    far.say(SSP.REACH_ACK, { flowByte: 0xc0 });
    far.say(SSP.XIDFRAME);
    expect(far.names()).toEqual(['XIDFRAME xid 40']);
    far.say(SSP.CONTACT);
    expect(far.names()).toEqual(['CONTACTED']);
    far.info(Uint8Array.of(1));
    sendPiu(circuit, Uint8Array.of(2));
    expect(far.names()).toEqual(['INFOFRAME']);
    expect(told.events).toEqual(['connected']);
    expect(told.pius.length).toBe(1);
  });

  it('takes new origin ids with REACH_ACK', () => {
    const { far, circuit, partner } = pending();
    far.correlator = 0x9999;
    far.portId = 9;
    far.say(SSP.REACH_ACK, { flowByte: 0x80 });
    far.say(SSP.CONTACT);
    partner.take();
    sendPiu(circuit, Uint8Array.of(2));
    expect(partner.take()[0]).toMatchObject({ remoteCorrelator: 0x9999, remotePortId: 9 });
  });

  it('answers a repeated call again', () => {
    const { far } = pending();
    far.call();
    expect(far.names()).toEqual(['ICANREACH 80']);
  });

  it('answers XID and CONTACT that come before REACH_ACK', () => {
    const { far, told } = pending();
    far.say(SSP.XIDFRAME);
    far.say(SSP.CONTACT);
    expect(far.names()).toEqual(['XIDFRAME xid', 'CONTACTED']);
    expect(told.events).toEqual(['connected']);
  });

  it('is silent to calls for other stations', () => {
    const { far, partner } = awaiting();
    far.call({ targetMac: '400000000009' });
    far.call({ targetSap: 8 });
    far.call({ flags: 0x80, targetMac: '400000000009' });
    far.call({ flags: 0x80, targetSap: 8 });
    expect(far.names()).toEqual([]);
    expect(partner.peer.stats.dropped).toBe(4);
  });

  it('takes the circuit that waits for this caller before one that waits for another', () => {
    const { partner, far, circuit } = awaiting();
    const other = partner.peer.awaitCircuit({ ...PU, remoteMac: '400000000077' }, XID0, createHandler());
    far.call({ originMac: '400000000077' });
    expect(other.state).toBe('CIRCUIT_PENDING');
    far.call({ originMac: '400000000088', originCorrelator: 1 });
    expect(circuit.state).toBe('CIRCUIT_PENDING');
    const names = partner.take();
    expect(names.map((message) => message.kind === 'control' && message.originMac)).toEqual([
      '400000000077',
      '400000000088',
    ]);
  });

  it.each([
    ['is never acknowledged', pending, 10000, ['HALT_DL_NOACK']],
    ['is never identified', established, 60000, ['HALT_DL']],
  ] as const)('ends when the circuit %s', (_what, reach, delayMs, sent) => {
    const { partner, far, told } = reach();
    partner.clock.advance(delayMs - 1);
    expect(told.events).toEqual([]);
    partner.clock.advance(1);
    expect(told.events).toEqual(['LINK_TIMEOUT']);
    expect(far.names()).toEqual(sent);
    partner.clock.advance(4000);
    expect(partner.clock.pending()).toBe(0);
  });

  it.each([SSP.HALT_DL, SSP.HALT_DL_NOACK])('ends when halted before REACH_ACK (%i)', (type) => {
    const { far, told } = pending();
    far.say(type);
    expect(far.names()).toEqual(type === SSP.HALT_DL ? ['DL_HALTED'] : []);
    expect(told.events).toEqual(['LINK_LOST']);
  });

  it('can be awaited again from within disconnected, and before the connection is up', () => {
    const partner = new Partner();
    const far = new FarEnd(partner);
    const second = createHandler();
    const handler = { ...createHandler(), disconnected: () => void partner.peer.awaitCircuit(PU, XID0, second) };
    partner.peer.awaitCircuit(PU, XID0, handler);
    partner.up(5);
    far.call();
    far.names();
    far.say(SSP.HALT_DL);
    far.correlator = 0x7008;
    far.call();
    expect(far.names()).toEqual(['DL_HALTED', 'ICANREACH 80']);
    far.say(SSP.REACH_ACK, { flowByte: 0x80 });
    far.say(SSP.CONTACT);
    expect(second.events).toEqual(['connected']);
  });

  it('is halted by its owner in each state', () => {
    const waiting = awaiting();
    waiting.circuit.halt();
    expect(waiting.told.events).toEqual(['LINK_LOST']);
    waiting.far.call();
    expect(waiting.far.names()).toEqual([]);
    const called = pending();
    called.circuit.halt();
    expect(called.far.names()).toEqual(['HALT_DL']);
    called.far.say(SSP.DL_HALTED);
    expect(called.told.events).toEqual(['LINK_LOST']);
  });
});

describe('circuit whose station is the host', () => {
  const host: CircuitOptions = { isPrimary: true };

  it('polls back, takes the XID and sends CONTACT', () => {
    const { far, told } = established({}, host);
    far.say(SSP.XIDFRAME);
    expect(far.names()).toEqual(['XIDFRAME xid 40']);
    far.say(SSP.XIDFRAME, { data: XID0 });
    expect(far.names()).toEqual(['CONTACT']);
    expect(told.events).toEqual([]);
    far.say(SSP.CONTACTED);
    expect(told.events).toEqual(['connected']);
  });

  it('takes CONTACT as answer to CONTACT unless told to be strict', () => {
    for (const accept of [true, false]) {
      const { far, told } = established({ dlsw: { acceptContactAsXidReply: accept } }, host);
      far.say(SSP.XIDFRAME, { data: XID0 });
      far.names();
      far.say(SSP.CONTACT);
      expect(far.names()).toEqual(accept ? ['CONTACTED'] : []);
      expect(told.events).toEqual(accept ? ['connected'] : []);
    }
  });

  it('gives up when CONTACTED does not come', () => {
    const { partner, far, told } = established({}, host);
    far.say(SSP.XIDFRAME, { data: XID0 });
    partner.clock.advance(60000);
    expect(told.events).toEqual(['LINK_TIMEOUT']);
    expect(far.names()).toEqual(['CONTACT 40', 'HALT_DL']);
  });

  it('restarts the data link', () => {
    const { far, told, circuit } = established({}, host);
    far.say(SSP.XIDFRAME, { data: XID0 });
    far.say(SSP.CONTACTED);
    far.names();
    circuit.restart();
    expect(far.names()).toEqual(['RESTART_DL']);
    expect(() => circuit.reservePiu(1)).toThrowError(expect.objectContaining({ code: 'LINK_LOST' }));
    far.say(SSP.DL_RESTARTED);
    expect(far.names()).toEqual(['XIDFRAME null']);
    far.say(SSP.XIDFRAME, { data: XID0 });
    expect(far.names()).toEqual(['CONTACT']);
    far.say(SSP.CONTACTED);
    expect(told.events).toEqual(['connected', 'restarted', 'connected']);
  });

  it('halts when a restart is not answered', () => {
    const { far, told, circuit, partner } = established({}, host);
    far.say(SSP.XIDFRAME, { data: XID0 });
    far.say(SSP.CONTACTED);
    circuit.restart();
    partner.clock.advance(4000);
    expect(far.names().slice(-2)).toEqual(['RESTART_DL', 'HALT_DL']);
    expect(told.events).toEqual(['connected', 'LINK_TIMEOUT']);
  });
});
