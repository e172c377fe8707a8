import { describe, expect, it } from 'vitest';
import type { Circuit } from '../../../src/dlsw/peer.js';
import { EMPTY_CONTROL, SSP } from '../../../src/dlsw/ssp.js';
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

/** A PU that looks for its host, up to and not including the first answer. */
function open(settings: PeerSettings = {}): Bench {
  const partner = new Partner(settings);
  partner.up();
  const told = createHandler();
  const circuit = partner.peer.openCircuit(PU, XID0, told);
  return { partner, far: new FarEnd(partner), told, circuit };
}

function established(settings?: PeerSettings): Bench {
  const bench = open({ ...settings, dlsw: { explorer: false, ...settings?.dlsw } });
  bench.far.names();
  bench.far.say(SSP.ICANREACH, { flowByte: 0x80 });
  bench.far.names();
  return bench;
}

function xidSent(settings?: PeerSettings): Bench {
  const bench = established(settings);
  bench.far.say(SSP.XIDFRAME);
  bench.far.names();
  return bench;
}

function connected(settings?: PeerSettings): Bench {
  const bench = xidSent(settings);
  bench.far.say(SSP.CONTACT);
  bench.far.names();
  return bench;
}

describe('circuit as origin: the way up (section 3.1)', () => {
  it('goes through the whole sequence of 6.6 with the ids of both ends', () => {
    const { partner, far, told, circuit } = open();
    expect(far.names()).toEqual(['CANUREACH ex']);
    expect(far.seen).toMatchObject({ targetMac: HOST_MAC, originMac: PU_MAC, direction: 1, largestFrame: 0x90 });
    far.say(SSP.ICANREACH, { flags: 0x80, targetCorrelator: 0, targetPortId: 0 });
    expect(far.names()).toEqual(['CANUREACH']);
    expect(far.seen).toMatchObject({ originCorrelator: circuit.correlator, targetCorrelator: 0, flags: 0 });
    far.say(SSP.ICANREACH, { flowByte: 0x80 });
    expect(far.names()).toEqual(['REACH_ACK c0', 'XIDFRAME null']);
    expect(far.seen).toMatchObject({
      remoteCorrelator: 0x7007,
      remotePortId: 7,
      targetCorrelator: 0x7007,
      targetPortId: 7,
      originCorrelator: circuit.correlator,
    });
    far.say(SSP.XIDFRAME);
    const [answer] = partner.take();
    expect(Buffer.from(answer!.data)).toEqual(Buffer.from(XID0));
    expect(circuit.isConnected).toBe(false);
    far.say(SSP.CONTACT);
    expect(far.names()).toEqual(['CONTACTED']);
    expect(circuit.isConnected).toBe(true);
    far.info(Uint8Array.of(1, 2, 3));
    sendPiu(circuit, Uint8Array.of(9, 8));
    const [info] = partner.take();
    expect(info).toMatchObject({ kind: 'info', messageType: SSP.INFOFRAME, remoteCorrelator: 0x7007, remotePortId: 7 });
    expect(Buffer.from(info!.data).toString('hex')).toBe('0908');
    expect(told.events).toEqual(['connected']);
    expect(told.pius.map((piu) => piu.toString('hex'))).toEqual(['010203']);
    expect(partner.clock.pending()).toBe(0);
  });

  it('starts at once without the explorer', () => {
    const { far } = open({ dlsw: { explorer: false } });
    expect(far.names()).toEqual(['CANUREACH']);
  });

  it('explores three times and gives up', () => {
    const { partner, far, told } = open();
    expect(far.names()).toEqual(['CANUREACH ex']);
    partner.clock.advance(5000);
    expect(far.names()).toEqual(['CANUREACH ex']);
    partner.clock.advance(5000);
    expect(far.names()).toEqual(['CANUREACH ex']);
    partner.clock.advance(4999);
    expect(told.events).toEqual([]);
    partner.clock.advance(1);
    expect(told.events).toEqual(['LINK_TIMEOUT']);
    expect(told.errors[0]!.details).toMatchObject({ state: 'EXPLORING', remoteMac: HOST_MAC });
    expect(far.names()).toEqual([]);
    expect(partner.clock.pending()).toBe(0);
  });

  it('gives up when the circuit start is not answered, and refuses a late answer', () => {
    const { partner, far, told } = open({ dlsw: { explorer: false } });
    far.names();
    partner.clock.advance(10000);
    expect(told.events).toEqual(['LINK_TIMEOUT']);
    far.say(SSP.ICANREACH, { flowByte: 0x80 });
    const [answer] = partner.take();
    expect(answer).toMatchObject({
      messageType: SSP.HALT_DL_NOACK,
      remoteCorrelator: 0x7007,
      remotePortId: 7,
      direction: 1,
    });
  });

  it('a late reply to a circuit given up does not start the next one', () => {
    const { partner, far } = open({ dlsw: { explorer: false } });
    far.names();
    const old = far.seen;
    partner.clock.advance(10000);
    const again = partner.peer.openCircuit(PU, XID0, createHandler());
    far.names();
    far.seen = old;
    far.say(SSP.ICANREACH);
    expect(far.names()).toEqual(['HALT_DL_NOACK']);
    expect(again.state).toBe('CIRCUIT_START');
  });

  it.each([SSP.HALT_DL, SSP.HALT_DL_NOACK])('ends when the target refuses the start (%i)', (type) => {
    const { far, told } = open({ dlsw: { explorer: false } });
    far.names();
    far.say(type);
    expect(told.events).toEqual(['LINK_LOST']);
    expect(far.names()).toEqual(type === SSP.HALT_DL ? ['DL_HALTED'] : []);
  });

  it('polls with the null XID three times, then halts', () => {
    const { partner, far, told } = established();
    partner.clock.advance(5000);
    expect(far.names()).toEqual(['XIDFRAME null']);
    partner.clock.advance(5000);
    expect(far.names()).toEqual(['XIDFRAME null']);
    partner.clock.advance(5000);
    expect(far.names()).toEqual(['HALT_DL']);
    expect(told.events).toEqual(['LINK_TIMEOUT']);
    far.say(SSP.DL_HALTED);
    expect(told.events).toEqual(['LINK_TIMEOUT']);
    expect(partner.clock.pending()).toBe(0);
  });

  it('takes CONTACT where the XID was due', () => {
    const { far, told } = established();
    far.say(SSP.CONTACT);
    expect(far.names()).toEqual(['CONTACTED']);
    expect(told.events).toEqual(['connected']);
  });

  it('does not, when told to be strict', () => {
    const { far, circuit } = established({ dlsw: { acceptContactAsXidReply: false } });
    far.say(SSP.CONTACT);
    expect(far.names()).toEqual([]);
    expect(circuit.state).toBe('CIRCUIT_ESTABLISHED');
    far.say(SSP.XIDFRAME, { data: Uint8Array.of(0x14, 1) });
    expect(far.names()).toEqual(['XIDFRAME xid']);
    far.say(SSP.CONTACT);
    expect(far.names()).toEqual(['CONTACTED']);
  });

  it('repeats its XID when asked again, but never unasked', () => {
    const { partner, far } = xidSent();
    partner.clock.advance(30000);
    expect(far.names()).toEqual([]);
    far.say(SSP.XIDFRAME);
    expect(far.names()).toEqual(['XIDFRAME xid']);
    far.say(SSP.XIDFRAME, { data: Uint8Array.of(0x14, 1) });
    expect(far.names()).toEqual(['XIDFRAME xid']);
  });

  it('does not answer XIDs without end', () => {
    const { partner, far } = xidSent();
    for (let count = 0; count < 50; count += 1) far.say(SSP.XIDFRAME);
    expect(far.names().length).toBe(7);
    partner.clock.advance(1000);
    for (let count = 0; count < 50; count += 1) far.say(SSP.XIDFRAME);
    expect(far.names().length).toBe(2);
  });

  it('waits contactMs for CONTACT, however often it is polled', () => {
    const { partner, far, told } = xidSent();
    partner.clock.advance(40000);
    far.say(SSP.XIDFRAME);
    partner.clock.advance(19999);
    expect(told.events).toEqual([]);
    partner.clock.advance(1);
    expect(told.events).toEqual(['LINK_TIMEOUT']);
    expect(far.names()).toEqual(['XIDFRAME xid', 'HALT_DL']);
  });

  it.each([
    ['before our XID', established, 'LINK_LOST'],
    ['after our XID', xidSent, 'LINK_XID_REFUSED'],
    ['when connected', connected, 'LINK_LOST'],
  ] as const)('is halted %s', (_when, reach, code) => {
    const halted = reach();
    halted.far.say(SSP.HALT_DL, { data: Uint8Array.of(0, 5, 0, 0, 0, 0) });
    expect(halted.far.names()).toEqual(['DL_HALTED']);
    expect(halted.told.events.at(-1)).toBe(code);
    expect(halted.told.errors[0]!.details).toMatchObject({ haltReason: 'operator' });
    const noack = reach();
    noack.far.say(SSP.HALT_DL_NOACK);
    expect(noack.far.names()).toEqual([]);
    expect(noack.told.events.at(-1)).toBe(code);
    expect(noack.partner.clock.pending()).toBe(0);
  });

  it.each([
    ['EXPLORING', open],
    ['CIRCUIT_ESTABLISHED', established],
    ['XID_SENT', xidSent],
    ['CONNECTED', connected],
  ] as const)('loses the transport in %s', (state, reach) => {
    const { partner, told, circuit } = reach();
    expect(circuit.state).toBe(state);
    partner.peer.disconnected();
    expect(told.events.at(-1)).toBe('LINK_LOST');
    expect(told.errors.length).toBe(1);
    expect(circuit.state).toBe('DISCONNECTED');
    expect(partner.clock.pending()).toBe(0);
    expect(() => circuit.reservePiu(1)).toThrowError(expect.objectContaining({ code: 'LINK_LOST' }));
  });
});

describe('circuit as origin: connected', () => {
  it('comes back by itself after RESTART_DL', () => {
    const { partner, far, told, circuit } = connected();
    far.say(SSP.RESTART_DL);
    expect(far.names()).toEqual(['DL_RESTARTED']);
    expect(circuit.state).toBe('CIRCUIT_ESTABLISHED');
    far.info(Uint8Array.of(1));
    expect(told.pius).toEqual([]);
    partner.clock.advance(5000);
    expect(far.names()).toEqual(['XIDFRAME null']);
    far.say(SSP.XIDFRAME);
    expect(far.names()).toEqual(['XIDFRAME xid']);
    far.say(SSP.CONTACT);
    expect(far.names()).toEqual(['CONTACTED']);
    expect(told.events).toEqual(['connected', 'restarted', 'connected']);
  });

  it('takes CONTACT right after a restart, strict or not', () => {
    const { far, told } = connected({ dlsw: { acceptContactAsXidReply: false } });
    far.say(SSP.RESTART_DL);
    far.say(SSP.CONTACT);
    expect(far.names()).toEqual(['DL_RESTARTED', 'CONTACTED']);
    expect(told.events).toEqual(['connected', 'restarted', 'connected']);
  });

  it('answers TEST_CIRCUIT_REQ and a second CONTACT', () => {
    const { far } = connected();
    far.say(SSP.TEST_CIRCUIT_REQ);
    far.say(SSP.CONTACT);
    expect(far.names()).toEqual(['TEST_CIRCUIT_RSP', 'CONTACTED']);
  });

  it('refuses a second partner, but not the same reply again', () => {
    const { far, partner } = connected();
    far.say(SSP.ICANREACH);
    expect(far.names()).toEqual([]);
    const { seen } = far;
    far.correlator = 0x8008;
    far.say(SSP.ICANREACH);
    const [refusal] = partner.take();
    expect(refusal).toMatchObject({ messageType: SSP.HALT_DL_NOACK, remoteCorrelator: 0x8008 });
    far.seen = seen;
    far.info(Uint8Array.of(5));
    expect(partner.peer.stats.unknownCircuit).toBe(0);
  });

  it('halts and waits for DL_HALTED', () => {
    const { far, told, circuit, partner } = connected({ dlsw: { window: 1, enforceCredit: true } });
    circuit.halt();
    expect(far.names()).toEqual(['HALT_DL']);
    expect(told.events).toEqual(['connected']);
    for (let count = 0; count < 3; count += 1) far.info(Uint8Array.of(1));
    far.short(SSP.IFCM, 0x80);
    partner.clock.settle();
    expect(far.names()).toEqual([]);
    expect(told.pius).toEqual([]);
    far.say(SSP.DL_HALTED);
    expect(told.events).toEqual(['connected', 'LINK_LOST']);
    circuit.halt();
    expect(far.names()).toEqual([]);
    expect(partner.clock.pending()).toBe(0);
  });

  it('halts: the peer says HALT_DL at the same time, or HALT_DL_NOACK, or nothing', () => {
    const crossing = connected();
    crossing.circuit.halt();
    crossing.far.say(SSP.HALT_DL);
    expect(crossing.far.names()).toEqual(['HALT_DL', 'DL_HALTED']);
    expect(crossing.told.events).toEqual(['connected']);
    crossing.far.say(SSP.HALT_DL_NOACK);
    expect(crossing.told.events).toEqual(['connected', 'LINK_LOST']);
    const silent = connected();
    silent.circuit.halt();
    silent.partner.clock.advance(4000);
    expect(silent.told.events).toEqual(['connected', 'LINK_LOST']);
  });

  it('a new circuit may be opened from within disconnected', () => {
    const partner = new Partner({ dlsw: { explorer: false } });
    partner.up();
    const far = new FarEnd(partner);
    const second = createHandler();
    const first = createHandler();
    const handler = {
      ...first,
      disconnected: () => void partner.peer.openCircuit(PU, XID0, second),
    };
    partner.peer.openCircuit(PU, XID0, handler);
    far.names();
    far.say(SSP.HALT_DL);
    expect(far.names()).toEqual(['DL_HALTED', 'CANUREACH']);
    far.say(SSP.ICANREACH);
    far.say(SSP.CONTACT);
    expect(second.events).toEqual(['connected']);
  });

  it('with a peer whose ids are zero', () => {
    const { partner, far, circuit } = open({ dlsw: { explorer: false } });
    far.names();
    far.correlator = 0;
    far.portId = 0;
    far.say(SSP.ICANREACH);
    expect(far.names()).toEqual(['REACH_ACK 80', 'XIDFRAME null']);
    far.say(SSP.XIDFRAME, { data: Buffer.from('14010000', 'hex') });
    far.say(SSP.CONTACT);
    far.short(SSP.IFCM, 0x80);
    far.names();
    sendPiu(circuit, Uint8Array.of(1));
    expect(partner.take()[0]).toMatchObject({ messageType: SSP.INFOFRAME, remoteCorrelator: 0, remotePortId: 0 });
  });
});

describe('two that call each other', () => {
  it.each([
    ['higher', 'f00037450001', ['ICANREACH 80']],
    ['lower', '100037450001', []],
  ])('the caller has the %s MAC address', (_which, mac, answer) => {
    const partner = new Partner({ dlsw: { explorer: false } });
    partner.up();
    const far = new FarEnd(partner);
    const told = createHandler();
    const circuit = partner.peer.openCircuit({ ...PU, remoteMac: mac }, XID0, told);
    far.names();
    partner.give({
      ...EMPTY_CONTROL,
      messageType: SSP.CANUREACH,
      targetMac: PU_MAC,
      originMac: mac,
      targetSap: 4,
      originSap: 4,
      originCorrelator: 0x55,
    });
    expect(far.names()).toEqual(answer);
    expect(circuit.state).toBe(answer.length > 0 ? 'CIRCUIT_PENDING' : 'CIRCUIT_START');
  });
});
