import { describe, expect, it } from 'vitest';
import { ReceiveGrant, SendCredit } from '../../../src/dlsw/flow-control.js';
import { FLOW_OPERATOR, SSP } from '../../../src/dlsw/ssp.js';
import { createHandler, FarEnd, Partner, type PeerSettings, PU, sendPiu, XID0 } from './harness.js';

const { repeat, increment, decrement, reset, halve } = FLOW_OPERATOR;
const LENIENT = { enforceCredit: false, requireFca: false };

describe('SendCredit', () => {
  it('follows the RFC 8.8.1 flow', () => {
    const credit = new SendCredit(2);
    expect(credit.granted).toBe(0);
    const steps = [
      [repeat, 0, 2, 2],
      [increment, 1, 4, 3],
      [repeat, 3, 4, 3],
      [repeat, 1, 6, 3],
      [increment, 4, 6, 4],
      [decrement, 6, 3, 3],
      [decrement, 3, 2, 2],
    ] as const;
    for (const [operator, used, granted, window] of steps) {
      credit.granted -= used;
      expect(credit.indicated(operator)).toBeUndefined();
      expect([credit.granted, credit.window, credit.ackOwed]).toEqual([granted, window, true]);
      credit.ackOwed = false;
    }
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [65535, 32767],
  ])('halves a window of %i to %i', (window, half) => {
    const credit = new SendCredit(window);
    expect(credit.indicated(halve)).toBeUndefined();
    expect([credit.window, credit.granted]).toEqual([half, half]);
  });

  it('loses all by a reset, acknowledges it alone, and goes on from one', () => {
    const credit = new SendCredit(3);
    credit.indicated(repeat);
    expect(credit.indicated(reset)).toBeUndefined();
    expect([credit.granted, credit.window, credit.ackOwed, credit.resetAckOwed]).toEqual([0, 0, false, true]);
    expect(credit.indicated(repeat)).toContain('reset');
    expect(credit.indicated(increment)).toBeUndefined();
    expect([credit.granted, credit.window]).toEqual([1, 1]);
    expect(credit.indicated(increment)).toBeUndefined();
    expect([credit.granted, credit.window]).toEqual([3, 2]);
  });

  it.each([
    ['decrement of one', 1, decrement],
    ['increment beyond 65535', 65535, increment],
    ['operator 5', 4, 5],
    ['operator 7', 4, 7],
  ])('names a violation: %s', (_what, window, operator) => {
    const credit = new SendCredit(window);
    expect(credit.indicated(operator)).toBeTypeOf('string');
    expect([credit.granted, credit.window, credit.ackOwed]).toEqual([0, window, false]);
  });
});

describe('ReceiveGrant', () => {
  function use(grant: ReceiveGrant, units: number): boolean[] {
    return Array.from({ length: units }, () => grant.unit());
  }

  it.each([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
    [20, 10],
  ])('with a window of %i grants again after %i units', (window, units) => {
    const grant = new ReceiveGrant(window, LENIENT);
    expect(grant.takeIndication(false)).toBe(0x80);
    expect(grant.granted).toBe(window);
    use(grant, units - 1);
    expect([grant.isDue, grant.takeIndication(false)]).toEqual([false, 0]);
    use(grant, 1);
    expect(grant.isDue).toBe(true);
    expect(grant.takeIndication(false)).toBe(0x80);
    expect(grant.granted).toBe(window - units + window);
  });

  it('takes lost, late and doubled acknowledgments', () => {
    const grant = new ReceiveGrant(2, LENIENT);
    grant.acknowledged(false);
    for (let round = 0; round < 5; round += 1) {
      expect(grant.takeIndication(round % 2 === 0)).toBe(0x80);
      expect(use(grant, 2)).toEqual([true, true]);
    }
    grant.acknowledged(false);
    grant.acknowledged(false);
    expect(grant.granted).toBeGreaterThanOrEqual(0);
  });

  it('requireFca: no grant before the last is acknowledged, and use of it unacknowledged is an error', () => {
    const grant = new ReceiveGrant(4, { enforceCredit: false, requireFca: true });
    grant.takeIndication(false);
    grant.acknowledged(false);
    use(grant, 2);
    expect(grant.takeIndication(false)).toBe(0x80);
    expect(use(grant, 2)).toEqual([true, true]);
    expect(grant.unit()).toBe(false);
    const waiting = new ReceiveGrant(4, { enforceCredit: false, requireFca: true });
    waiting.takeIndication(false);
    expect(use(waiting, 4).includes(false)).toBe(true);
    expect(waiting.isDue).toBe(false);
    waiting.acknowledged(false);
    expect(waiting.isDue).toBe(true);
  });

  it('enforceCredit: units without a grant are an error, else only counted', () => {
    const strict = new ReceiveGrant(1, { enforceCredit: true, requireFca: false });
    expect(strict.unit()).toBe(false);
    const lenient = new ReceiveGrant(1, LENIENT);
    expect(use(lenient, 3)).toEqual([true, true, true]);
    expect([lenient.granted, lenient.overruns, lenient.isDue]).toEqual([0, 3, true]);
  });

  it('plans the operators, where they are allowed', () => {
    const grant = new ReceiveGrant(2, LENIENT);
    expect(grant.plan(increment)).toBe(true);
    expect([grant.takeIndication(false), grant.window, grant.granted]).toEqual([0x81, 3, 3]);
    use(grant, 3);
    expect(grant.plan(decrement)).toBe(true);
    expect([grant.takeIndication(false), grant.window, grant.granted]).toEqual([0x82, 2, 2]);
    use(grant, 2);
    expect(grant.plan(halve)).toBe(true);
    expect([grant.takeIndication(false), grant.window]).toEqual([0x84, 1]);
    expect([grant.plan(decrement), grant.plan(reset), grant.plan(5)]).toEqual([false, false, false]);
    expect(new ReceiveGrant(65535, LENIENT).plan(increment)).toBe(false);
  });

  it('holds with a reset that only an IFCM carries and only an IFCM acknowledges', () => {
    const grant = new ReceiveGrant(4, { enforceCredit: true, requireFca: false });
    grant.takeIndication(false);
    grant.hold();
    expect(grant.takeIndication(false)).toBe(0);
    expect(grant.takeIndication(true)).toBe(0x83);
    expect(use(grant, 3)).toEqual([true, true, true]);
    grant.acknowledged(false);
    expect([grant.resume(), grant.isDue]).toEqual([false, false]);
    grant.acknowledged(true);
    expect(grant.unit()).toBe(false);
    expect(grant.resume()).toBe(true);
    expect([grant.takeIndication(false), grant.window, grant.granted]).toEqual([0x81, 1, 1]);
  });
});

describe('flow control on a circuit', () => {
  function connected(settings: PeerSettings = {}, window = 3) {
    const partner = new Partner({ ...settings, dlsw: { explorer: false, ...settings.dlsw } });
    partner.up(window);
    const far = new FarEnd(partner);
    const told = createHandler();
    const circuit = partner.peer.openCircuit(PU, XID0, told);
    far.names();
    far.say(SSP.ICANREACH);
    expect(far.names()).toEqual(['REACH_ACK 80', 'XIDFRAME null']);
    far.say(SSP.CONTACT, { flowByte: 0x40 });
    far.names();
    return { partner, far, told, circuit };
  }

  it('sends nothing before a grant, then what waits, in order, the first with FCA', () => {
    const { partner, far, circuit } = connected();
    for (let index = 0; index < 5; index += 1) sendPiu(circuit, Uint8Array.of(index, index));
    expect(partner.take()).toEqual([]);
    expect(circuit.counters).toMatchObject({ backlog: 5, sendGranted: 0 });
    far.short(SSP.IFCM, 0x80);
    const first = partner.take();
    expect(first.map((message) => message.flowByte)).toEqual([0x40, 0, 0]);
    expect(first.map((message) => message.data[0])).toEqual([0, 1, 2]);
    sendPiu(circuit, Uint8Array.of(5));
    expect(partner.take()).toEqual([]);
    far.info(Uint8Array.of(1), 0x81);
    expect(partner.take().map((message) => message.data[0])).toEqual([3, 4, 5]);
    expect(circuit.counters).toMatchObject({ backlog: 0, sendGranted: 1, sendWindow: 4, piusOut: 6, bytesOut: 11 });
  });

  it('refuses more than backlogMax, keeps the rest, and goes on', () => {
    const { partner, far, circuit } = connected({ backlogMax: 2 });
    expect(circuit.room).toBe(2);
    sendPiu(circuit, Uint8Array.of(0));
    sendPiu(circuit, Uint8Array.of(1));
    expect(circuit.room).toBe(0);
    expect(() => circuit.reservePiu(1)).toThrowError(expect.objectContaining({ code: 'LINK_CONGESTED' }));
    far.short(SSP.IFCM, 0x80);
    expect(partner.take().map((message) => message.data[0])).toEqual([0, 1]);
    expect(circuit.room).toBe(3);
    sendPiu(circuit, Uint8Array.of(2));
    expect(partner.take().length).toBe(1);
  });

  it('refuses a PIU over the limit', () => {
    const { circuit } = connected({ piuSizeMax: 100 });
    expect(() => circuit.reservePiu(101)).toThrowError(expect.objectContaining({ code: 'PIU_TOO_LONG' }));
    expect(circuit.reservePiu(100)).toBeInstanceOf(Buffer);
  });

  it('grants on a frame that goes out anyway, else with an IFCM at the end of the tick', () => {
    const { partner, far, circuit } = connected({ dlsw: { window: 2 } });
    far.short(SSP.IFCM, 0x80);
    far.info(Uint8Array.of(1));
    expect(partner.take()).toEqual([]);
    sendPiu(circuit, Uint8Array.of(1));
    expect(partner.names()).toEqual(['INFOFRAME c0']);
    partner.clock.settle();
    expect(partner.take()).toEqual([]);
    far.info(Uint8Array.of(1), 0x40);
    far.info(Uint8Array.of(1));
    expect(partner.take()).toEqual([]);
    partner.clock.settle();
    expect(partner.names()).toEqual(['IFCM 80']);
    expect(partner.peer.stats.ifcmsOut).toBe(1);
  });

  it('acknowledges a reset at once and alone', () => {
    const { partner, far, circuit } = connected();
    far.short(SSP.IFCM, 0x80);
    far.short(SSP.IFCM, 0x83);
    expect(partner.names()).toEqual(['IFCM 40']);
    sendPiu(circuit, Uint8Array.of(1));
    expect(partner.take()).toEqual([]);
    far.short(SSP.IFCM, 0x81);
    expect(partner.names()).toEqual(['INFOFRAME 40']);
  });

  function expectBroken({ partner, told }: ReturnType<typeof connected>, rule: RegExp): void {
    expect(told.events).toEqual(['connected', 'LINK_PROTOCOL_ERROR']);
    expect(told.errors[0]!.message).toMatch(rule);
    expect(partner.names().at(-1)).toBe('HALT_DL');
    partner.clock.advance(4000);
    expect(told.events.length).toBe(2);
    expect(partner.clock.pending()).toBe(0);
  }

  it('ends the circuit for an operator that may not come', () => {
    const bench = connected();
    bench.far.info(Uint8Array.of(1), 0x85);
    expectBroken(bench, /reserved operator 5/);
    expect(bench.told.pius).toEqual([]);
  });

  it('ends the circuit for more than was granted, when that is enforced', () => {
    const bench = connected({ dlsw: { enforceCredit: true, window: 1 } });
    bench.far.info(Uint8Array.of(1));
    expect(bench.told.events).toEqual(['connected']);
    bench.far.info(Uint8Array.of(2));
    expectBroken(bench, /without a grant/);
    expect(bench.told.pius.length).toBe(1);
  });

  it('ends the circuit for use of a grant not acknowledged, when that is required', () => {
    const bench = connected({ dlsw: { requireFca: true, window: 1 } });
    bench.far.info(Uint8Array.of(1));
    bench.partner.clock.settle();
    expect(bench.partner.names()).toEqual(['IFCM 80']);
    expect(bench.told.events).toEqual(['connected']);
    bench.far.info(Uint8Array.of(2));
    expectBroken(bench, /not acknowledged/);
  });

  it('takes frames of a peer that never waits and never acknowledges', () => {
    const { partner, far, told } = connected({ dlsw: { window: 2 } });
    for (let index = 0; index < 50; index += 1) far.info(Uint8Array.of(index), index % 3 === 0 ? 0x80 : 0);
    partner.clock.settle();
    expect(told.pius.map((piu) => piu[0])).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(told.events).toEqual(['connected']);
  });

  it('counts a datagram as a unit', () => {
    const { partner, far, circuit } = connected({ dlsw: { window: 2 } });
    far.say(SSP.DGRMFRAME, { data: Uint8Array.of(1) });
    expect(circuit.counters.receiveGranted).toBe(1);
    partner.clock.settle();
    expect(partner.names()).toEqual(['IFCM 80']);
  });

  it('drops what waits when the data link is restarted', () => {
    const { partner, far, circuit } = connected();
    sendPiu(circuit, Uint8Array.of(7));
    far.say(SSP.RESTART_DL);
    far.say(SSP.CONTACT, { flowByte: 0x80 });
    expect(partner.names()).toEqual(['DL_RESTARTED', 'CONTACTED 40']);
    expect(circuit.counters).toMatchObject({ backlog: 0, sendGranted: 3 });
  });
});
