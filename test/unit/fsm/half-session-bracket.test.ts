import { describe, expect, it } from 'vitest';
import { SEND } from '../../../src/fsm/half-session.js';
import { Bench } from './recording-port.js';

const { CD, DEFINITE, END_BRACKET } = SEND;
const LONG = '00'.repeat(20);

describe('brackets', () => {
  it('ours end with EB: rule 1 with the positive response, rule 2 and RQE at once', () => {
    const conditional = Bench.active({ slu: 0xb1 });
    conditional.send('c1', DEFINITE | END_BRACKET);
    conditional.rq('038000', 'c2');
    conditional.rsp(1, '879000', '08120000');
    expect(conditional.session.canSend()).toBe(false);
    conditional.rq('038020', 'c3');
    conditional.send('c4', DEFINITE | END_BRACKET);
    conditional.rsp(2, '838000');
    conditional.rq('038080', 'c5');
    expect(conditional.port.take()).toEqual([
      'N1 0380c0 c1',
      'N1 879000 20040000',
      'N2 838000',
      'N2 038040 c4',
      'N3 838000',
    ]);
    for (const [common, flags] of [
      [0x20, DEFINITE],
      [0x30, 0],
    ] as const) {
      const bench = Bench.active({ slu: 0xb1, common });
      bench.send('c1', flags | END_BRACKET);
      bench.rq('038080', 'c2');
      expect(bench.port.take()[1]).toBe('N1 838000');
    }
  });

  it('a first speaker refuses a bid that meets its bracket, or its intention', () => {
    const begun = Bench.active();
    begun.send('c1', DEFINITE);
    begun.rq('4b8000', 'c8');
    begun.rq('038080', 'c2');
    expect(begun.port.take().slice(1)).toEqual(['N1 cf9000 080b0000c8', 'N2 879000 080b0000']);
    begun.rsp(1, '838000');
    begun.send('c2', CD);
    begun.rq('038000', 'c3');
    begun.rq('4b8000', 'c8');
    expect(begun.port.take().slice(1)).toEqual(['N3 838000', 'N4 cf9000 08130000c8']);

    // LUSTAT took the only credit: the chain waits, and is committed.
    const waiting = Bench.active({ sendWindow: 1 });
    waiting.session.sendLustat(0);
    waiting.rsp(1, 'cb8000', '04');
    waiting.send('c1', CD);
    waiting.rq('4b8000', 'c8');
    waiting.rq('038080', 'c8');
    expect(waiting.port.take().slice(1)).toEqual(['N1 cf9000 081b0000c8', 'N2 879000 081b0000']);
    waiting.rsp(0, '830100');
    expect(waiting.port.take()).toEqual(['N2 0391a0 c1']);
  });

  it('a bid of the partner is accepted between brackets; RTR is not needed', () => {
    const bench = Bench.active();
    bench.rq('4b8000', 'c8');
    expect(bench.session.canSend()).toBe(false);
    bench.rq('038080', 'c1');
    bench.rq('4b8000', '05');
    expect(bench.port.take()).toEqual(['N1 cb8000 c8', 'N2 838000', 'N3 cf9000 0819000005']);
  });

  it('where the partner is first speaker we bid, and send when it accepts', () => {
    const bench = Bench.active({ traffic: 0x90 });
    expect(bench.send('c1', CD)).toBe(true);
    expect(bench.port.take()).toEqual(['N1 4b8000 c8']);
    expect(bench.session.canSend()).toBe(false);
    expect(bench.session.hasTransmitted).toBe(false);
    bench.rsp(1, 'cb8000', 'c8');
    expect(bench.port.take()).toEqual(['N2 0390a0 c1']);
  });

  it('a refused bid gives the chain back, unsent', () => {
    const bench = Bench.active({ traffic: 0x90 });
    bench.send('c1', CD);
    bench.rsp(1, 'cf9000', '08130000c8');
    expect(bench.port.takeLog()).toEqual(['responded 08130000']);
    expect(bench.session.hasTransmitted).toBe(false);
    expect(bench.session.canSend()).toBe(true);
  });

  it('after 0814 the chain waits for RTR', () => {
    const bench = Bench.active({ traffic: 0x90 });
    bench.send('c1', CD);
    bench.rsp(1, 'cf9000', '08140000c8');
    expect(bench.session.canSend()).toBe(false);
    bench.port.take();
    bench.rq('4b8000', '05');
    expect(bench.port.take()).toEqual(['N1 cb8000 05', 'N2 0390a0 c1']);
  });

  it('a bid that loses the race gives the chain back at once', () => {
    const bench = Bench.active({ traffic: 0x90 });
    bench.send('c1', CD);
    bench.rq('0380a0', 'c2');
    expect(bench.port.takeLog()).toEqual(['responded 080b0000']);
    expect(bench.port.take().slice(1)).toEqual(['N1 838000']);
    bench.rsp(1, 'cf9000', '080b0000c8');
    // The turn is ours: for the answer to the partner.
    expect(bench.send('c3', CD)).toBe(true);
    expect(bench.port.take()).toEqual(['N2 039020 c3']);
  });

  it('a bid that meets one of the first speaker gives way too', () => {
    const bench = Bench.active({ traffic: 0x90 });
    bench.send('c1', CD);
    bench.rq('4b8000', 'c8');
    bench.rsp(1, 'cf9000', '080b0000c8');
    expect(bench.port.take().slice(1)).toEqual(['N1 cb8000 c8']);
    expect(bench.port.takeLog()).toEqual(['responded 080b0000', 'notice BID 00000000']);
  });

  it('a granted bracket that is not needed any more is begun by LUSTAT', () => {
    const bench = Bench.active({ traffic: 0x90 });
    bench.send('c1', CD);
    bench.session.cancelChain();
    expect(bench.session.canSend()).toBe(false);
    bench.port.take();
    bench.rsp(1, 'cb8000', 'c8');
    expect(bench.port.take()).toEqual(['N2 4b80a0 0400060000']);
    bench.rsp(2, 'cb8000', '04');
    bench.rq('039040', 'c2');
    expect(bench.session.canSend()).toBe(true);
  });

  it('a profile without BID sends BB at once; a refusal leaves us between brackets', () => {
    const bench = Bench.active({ fm: 7, traffic: 0x90 });
    bench.send('c1', CD | DEFINITE);
    expect(bench.port.take()).toEqual(['N1 0380a0 c1']);
    bench.rsp(1, '879000', '08130000');
    expect(bench.port.takeLog()).toEqual(['sent', 'responded 08130000']);
    expect(bench.session.canSend()).toBe(true);
  });

  it('sessions that start in a bracket give the first turn as byte 7 says', () => {
    for (const [traffic, isOurs] of [
      [0x80, true],
      [0x81, false],
    ] as const) {
      for (const fields of [{ common: 0x10 }, { plu: 0xb0, common: 0 }]) {
        expect(Bench.active({ ...fields, traffic }).session.canSend()).toBe(isOurs);
      }
    }
  });

  it('LUSTAT of the partner may begin a bracket and give the turn; outside it changes nothing', () => {
    const bench = Bench.active({ fm: 4 });
    bench.rq('4b8000', '0400010000');
    expect(bench.session.canSend()).toBe(true);
    bench.rq('4b80a0', '0400060000');
    expect(bench.send('c1', CD)).toBe(true);
    bench.rq('4b8000', '0400');
    expect(bench.port.take()).toEqual(['N1 cb8000 04', 'N2 cb8000 04', 'N1 039020 c1', 'N3 cf9000 1005000004']);
    expect(bench.port.takeLog()).toContain('notice LUSTAT 00010000');
  });
});

describe('contention and full duplex', () => {
  it('contention: every chain boundary is open; CD reserves the next chain', () => {
    const bench = Bench.active({ plu: 0xb0, common: 0, traffic: 0x40 });
    bench.send('c1', 0);
    expect(bench.session.canSend()).toBe(true);
    bench.rq('029000', 'c1');
    expect(bench.session.canSend()).toBe(false);
    bench.rq('019000', 'c1');
    expect(bench.session.canSend()).toBe(true);
    bench.send('c2', CD);
    expect(bench.session.canSend()).toBe(false);
    bench.rq('039020', 'c1');
    expect(bench.session.canSend()).toBe(true);
  });

  it('contention: a race goes to the winner', () => {
    const race = (traffic: number) => {
      const bench = Bench.active({ plu: 0xb0, common: 0, traffic, sendSize: 0x80, sendWindow: 1 });
      bench.send(LONG, DEFINITE);
      bench.port.take();
      bench.rq('038000', 'c1');
      return bench;
    };
    expect(race(0x40).port.take()).toEqual(['N1 879000 081b0000']);
    const lost = race(0x50);
    expect(lost.port.take()).toEqual(['N1 838000']);
    lost.rsp(1, '879100', '081b0000');
    expect(lost.port.take()).toEqual(['N2 4b8100 83']);
    expect(lost.port.takeLog()).toEqual(['responded 081b0000']);
    lost.rsp(2, 'cb8000', '83');
    expect(lost.session.canSend()).toBe(true);
  });

  it('contention: a chain that waits for pacing lets the partner go first', () => {
    const bench = Bench.active({ plu: 0xb0, common: 0, traffic: 0x40, sendWindow: 1 });
    bench.send('c1', DEFINITE);
    bench.rsp(1, '838000');
    bench.send('c2', 0);
    bench.rq('029000', 'c1');
    bench.rsp(0, '830100');
    bench.port.take();
    bench.rq('019000', 'c1');
    expect(bench.port.take()).toEqual(['N2 039100 c2']);
  });

  it('contention: a chain whose bracket ended while it waited begins its own', () => {
    const bench = Bench.active({ traffic: 0x40, sendWindow: 1 });
    bench.send('c1', DEFINITE);
    bench.rsp(1, '838000');
    bench.send('c2', 0);
    bench.rq('039040', 'c1');
    bench.port.take();
    bench.rsp(0, '830100');
    expect(bench.port.take()).toEqual(['N2 039180 c2']);
    const bidder = Bench.active({ traffic: 0x50, sendWindow: 1 });
    bidder.rq('039080', 'c1');
    bidder.send('c1', DEFINITE);
    bidder.rsp(1, '838000');
    bidder.send('c2', 0);
    bidder.rq('039040', 'c1');
    bidder.port.take();
    bidder.rsp(0, '830100');
    expect(bidder.port.take()).toEqual(['N2 4b8100 c8']);
    bidder.rsp(2, 'cb8100', 'c8');
    expect(bidder.port.take()).toEqual(['N3 039180 c2']);
    bidder.rsp(0, '830100');
    expect(bidder.port.take()).toEqual([]);
  });

  it('full duplex: both sides at once', () => {
    const bench = Bench.active({ plu: 0xb0, common: 0, traffic: 0, sendSize: 0x80, sendWindow: 1 });
    bench.rq('029000', 'c1');
    expect(bench.session.canSend()).toBe(true);
    bench.send(LONG, DEFINITE);
    bench.rq('018000', 'c1');
    bench.rsp(0, '830100');
    expect(bench.port.take().map((line) => line.slice(0, 9))).toEqual(['N1 029100', 'N2 838000', 'N2 009100']);
  });

  it('FM 2: single RUs, no response, no direction', () => {
    const bench = Bench.active({ fm: 2, ts: 2, plu: 0xb0, slu: 0xb0 });
    expect(bench.session.state).toBe('ACTIVE');
    bench.send('c1', DEFINITE | CD | END_BRACKET);
    expect(bench.session.canSend()).toBe(true);
    bench.rq('038040', 'c2');
    expect(bench.port.take()).toEqual(['N1 030080 c1', 'N1 838000']);
  });
});
