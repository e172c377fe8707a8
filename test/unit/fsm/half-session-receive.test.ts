import { describe, expect, it } from 'vitest';
import { DEFER_RESPONSE, RECEIVED } from '../../../src/fsm/half-session.js';
import { Bench, type BindFields } from './recording-port.js';

const { FIRST, LAST, CD, END_BRACKET, BEGIN_BRACKET, DEFINITE, FMH } = RECEIVED;

/** Negative response to normal-flow request `snf` of RQD1 or RQE1 data. */
function minus(snf: number, sense: string): string {
  return `N${snf} 879000 ${sense}`;
}

describe('data of the partner', () => {
  it('is delivered with its indicators and answered as it asks', () => {
    const bench = Bench.active({ common: 0x70 });
    bench.rq('0380a0', 'c1');
    bench.rq('038020', 'c2');
    expect(bench.port.take()).toEqual(['N1 838000', 'N2 879000 20040000']);
    expect(bench.port.data.map(({ flags }) => flags)).toEqual([FIRST | LAST | CD | BEGIN_BRACKET | DEFINITE]);

    const other = Bench.active({ common: 0x70 });
    other.rq('0b9080', 'c1');
    other.rq('032040', 'c2');
    expect(other.port.take()).toEqual(['N2 832000']);
    expect(other.port.data.map(({ flags }) => flags)).toEqual([
      FIRST | LAST | BEGIN_BRACKET | FMH,
      FIRST | LAST | END_BRACKET | DEFINITE,
    ]);
  });

  it('comes in chains; EB on the first element counts at the end', () => {
    const bench = Bench.active();
    bench.rq('0290c0', 'c1');
    bench.rq('009000', 'c2');
    expect(bench.session.canSend()).toBe(false);
    bench.rq('018000', 'c3');
    expect(bench.port.data.map(({ flags }) => flags)).toEqual([
      FIRST | BEGIN_BRACKET,
      0,
      LAST | END_BRACKET | DEFINITE,
    ]);
    expect(bench.port.take()).toEqual(['N3 838000']);
    expect(bench.session.canSend()).toBe(true);
  });

  it('may be refused by its receiver: the turn is not ours, the bracket goes on', () => {
    const bench = Bench.active();
    bench.port.answers.push(0x08120000);
    bench.rq('0380a0', 'c1');
    expect(bench.port.take()).toEqual([minus(1, '08120000')]);
    expect(bench.session.canSend()).toBe(false);
    // We may tell why.
    expect(bench.session.sendLustat(0x081c0000)).toBe(true);
    expect(bench.port.take()).toEqual(['N1 4b8000 04081c0000']);
    bench.rsp(1, 'cb8000', '04');
    bench.rq('038020', 'c2');
    expect(bench.session.canSend()).toBe(true);
  });

  it('is answered negatively only, where exception response is asked for; never, where none is', () => {
    const bench = Bench.active();
    bench.port.answers.push(0, 0x08120000);
    bench.rq('039080', 'c1');
    bench.rq('039000', 'c2');
    expect(bench.port.take()).toEqual([minus(2, '08120000')]);
    const silent = Bench.active({ fm: 2, plu: 0xb1 });
    silent.port.answers.push(0x08120000);
    silent.rq('039080', 'c1');
    expect(silent.port.take()).toEqual(['N1 879000 08120000']);
    const none = Bench.active({ plu: 0x81 });
    none.port.answers.push(0x08120000);
    none.rq('030080', 'c1');
    expect(none.port.take()).toEqual([]);
    expect(none.port.data.length).toBe(1);
  });

  it('refused in the middle is passed over to its end, with one response', () => {
    const bench = Bench.active();
    bench.rq('029080', 'c1');
    bench.session.receive(false, 2, 0x0c, 0x90, 0, Uint8Array.of(8, 0x12, 0, 0), 0, 4);
    bench.snf = 2;
    bench.rq('009000', 'c3');
    bench.rq('018000', 'c4');
    expect(bench.port.take()).toEqual([`N2 8f9000 08120000`]);
    expect(bench.port.takeLog()).toEqual(['discarded 08120000', 'error 08120000 data request']);
    bench.rq('038000', 'c5');
    expect(bench.port.take()).toEqual(['N5 838000']);
  });

  it('that is refused keeps us from sending up to its end, and lets us say why in a bracket', () => {
    const bench = Bench.active();
    bench.rq('029000', 'c1');
    expect(bench.session.canSend()).toBe(false);
    bench.rq('019000', 'c1');
    expect(bench.session.canSend()).toBe(true);
    const inside = Bench.active({ receiveSize: 0x80 });
    inside.rq('038080', '000102030405060708');
    expect(inside.session.sendLustat(0)).toBe(true);
    inside.rsp(1, 'cb8000', '04');
    inside.rq('038080', 'c1');
    inside.rq('038000', '000102030405060708');
    expect(inside.session.sendLustat(0)).toBe(true);
  });

  it('with EB ends the bracket of rule 2 though it is refused, at its end', () => {
    const only = Bench.active({ common: 0x20, receiveSize: 0x80 });
    only.rq('038080', 'c1');
    only.rq('038040', '000102030405060708');
    expect(only.session.canSend()).toBe(true);
    const chain = Bench.active({ common: 0x20, receiveSize: 0x80 });
    chain.rq('038080', 'c1');
    chain.rq('029040', '000102030405060708');
    expect(chain.session.canSend()).toBe(false);
    chain.rq('018000', 'c1');
    expect(chain.session.canSend()).toBe(true);
    const rule1 = Bench.active({ receiveSize: 0x80 });
    rule1.rq('038080', 'c1');
    rule1.rq('038040', '000102030405060708');
    expect(rule1.session.canSend()).toBe(false);
  });

  it('has the EB of its own first element only', () => {
    const isFreeAfter = (...requests: string[]) => {
      const bench = Bench.active({ common: 0x20 });
      for (const rh of requests) bench.rq(rh, rh.startsWith('4b') ? '83' : 'c1');
      return bench.session.canSend();
    };
    expect(isFreeAfter('038080', '029040', '029000', '018000')).toBe(false);
    expect(isFreeAfter('0380c0', '038080', '019000')).toBe(false);
    expect(isFreeAfter('0290c0', '4b8000', '019000')).toBe(false);
    expect(isFreeAfter('0290c0', '019000')).toBe(true);
  });

  it('is void with CANCEL, whose CD gives the turn', () => {
    const bench = Bench.active();
    bench.rq('029080', 'c1');
    bench.rq('4b8020', '83');
    expect(bench.port.take()).toEqual(['N2 cb8000 83']);
    expect(bench.port.takeLog()).toEqual(['discarded 00000000', 'notice CANCEL 00000000']);
    expect(bench.session.canSend()).toBe(true);
  });

  it('cannot be sent from within received(): its response goes first', () => {
    const bench = Bench.active();
    const seen: boolean[] = [];
    bench.port.received = () => {
      seen.push(bench.session.canSend());
      return 0;
    };
    bench.rq('0380a0', 'c1');
    expect(seen).toEqual([false]);
    expect(bench.session.canSend()).toBe(true);
  });
});

describe('responses that wait', () => {
  it('go out in order, with the pacing that they held back', () => {
    const bench = Bench.active({ plu: 0xf1, receiveWindow: 2, traffic: 0 });
    bench.port.answers.push(DEFER_RESPONSE, 0, DEFER_RESPONSE);
    bench.rq('038180', 'c1');
    bench.rq('038000', 'c2');
    bench.rq('4b8000', '84');
    bench.rq('039000', 'c3');
    expect(bench.port.take()).toEqual([]);
    bench.session.respond(0);
    expect(bench.port.take()).toEqual(['N1 838100', 'N2 838000', 'N3 cb8000 84']);
    bench.session.respond(0x08120000);
    expect(bench.port.take()).toEqual([minus(4, '08120000')]);
    expect(bench.session.respond(0)).toBe(false);
  });

  it('in immediate request mode keep the partner from going on', () => {
    const bench = Bench.active();
    bench.port.answers.push(DEFER_RESPONSE);
    bench.rq('038080', 'c1');
    bench.rq('038000', 'c2');
    bench.rq('029000', 'c3');
    bench.rq('019000', 'c4');
    bench.rq('4b8000', '84');
    expect(bench.port.take()).toEqual([minus(2, '200a0000'), minus(3, '200a0000'), 'N5 cf9000 200a000084']);
    bench.session.respond(0);
    bench.rq('038000', 'c6');
    expect(bench.port.take()).toEqual(['N1 838000', 'N6 838000']);
  });

  it('are bounded', () => {
    const bench = Bench.active({ plu: 0xf1, traffic: 0 });
    for (let n = 0; n < 65; n += 1) {
      bench.port.answers.push(DEFER_RESPONSE);
      bench.rq(n === 0 ? '038080' : '038000', 'c1');
    }
    expect(bench.port.take()).toEqual([minus(65, '08120000')]);
    for (let n = 0; n < 64; n += 1) bench.session.respond(0);
    expect(bench.port.take().length).toBe(64);
  });

  it('end the bracket of rule 1 when positive, and leave it when negative', () => {
    for (const [answer, isOver] of [
      [0, true],
      [0x08120000, false],
    ] as const) {
      const bench = Bench.active();
      bench.port.answers.push(DEFER_RESPONSE);
      bench.rq('0380c0', 'c1');
      expect(bench.session.canSend()).toBe(false);
      bench.session.respond(answer);
      expect(bench.session.canSend()).toBe(isOver);
    }
  });
});

describe('what is refused', () => {
  it('sequence, 2001; the right number is taken afterwards', () => {
    const bench = Bench.active();
    bench.feed(false, 2, '038080', 'c1');
    expect(bench.port.take()).toEqual([minus(2, '20010000')]);
    bench.rq('038080', 'c1');
    expect(bench.port.take()).toEqual(['N1 838000']);
    const lenient = Bench.active({}, { seqCheck: 'lenient' });
    lenient.feed(false, 7, '038080', 'c1');
    expect(lenient.port.take()).toEqual(['N7 838000']);
  });

  it('wraps from 65535 to 0, or to 1', () => {
    for (const next of [0, 1]) {
      const bench = Bench.active({ ts: 4 });
      bench.sc('a1');
      bench.sc('a2100000ffff');
      bench.sc('a0');
      bench.port.take();
      bench.feed(false, next, '038080', 'c1');
      expect(bench.port.take()).toEqual([`N${next} 838000`]);
    }
  });

  it('chaining, 2002', () => {
    const bench = Bench.active();
    bench.rq('009000', 'c1');
    bench.rq('019000', 'c2');
    bench.rq('029080', 'c3');
    bench.rq('038000', 'c4');
    bench.rq('4b8000', '84');
    expect(bench.port.take()).toEqual([minus(1, '20020000'), minus(4, '20020000'), 'N5 cb8000 84']);
    bench.rq('029000', 'c5');
    bench.rq('4b8000', '84');
    expect(bench.port.take()).toEqual(['N7 cf9000 2002000084']);
  });

  it('data before SDT 2005, SDT twice 2007, data without a session 8005', () => {
    const bench = new Bench();
    bench.feed(false, 1, '038080', 'c1');
    expect(bench.port.take()).toEqual([minus(1, '80050000')]);
    const early = Bench.active();
    early.sc('a1');
    early.feed(false, 1, '038080', 'c1');
    early.feed(false, 2, '4b8000', 'c8');
    early.expedited('4b8000', 'c900010000');
    expect(early.port.take()).toEqual([
      'E3 eb8000 a1',
      minus(1, '20050000'),
      'N2 cf9000 20050000c8',
      'E4 cf9000 20050000c9',
    ]);
    const twice = Bench.active();
    twice.sc('a0');
    expect(twice.port.take()).toEqual(['E3 ef9000 20070000a0']);
  });

  const WRONG: readonly [string, BindFields, string, string][] = [
    ['BB in a bracket', {}, '038080 038080', '20030000'],
    ['data between brackets without BB', {}, '038000', '20030000'],
    ['data in our turn', {}, '0380a0 038000', '20040000'],
    ['ERI alone', {}, '031080', '40140000'],
    ['no response where one is due', { plu: 0xb1 }, '030080', ''],
    ['exception response', { plu: 0xa1 }, '039080', '40060000'],
    ['definite response', { plu: 0x91 }, '038080', '40070000'],
    ['definite response on a first element', {}, '028080', '40070000'],
    ['BB on a last element', {}, '029080 018080', '40030000'],
    ['EB of a PLU that may not', { plu: 0xb0, slu: 0xb1 }, '0380c0', '40040000'],
    ['CEB', {}, '038081', '40040000'],
    ['CD on a first element', {}, '0290a0', '40090000'],
    ['CD with EB', {}, '0380e0', '40090000'],
    ['CD with the EB of the first element', {}, '0290c0 018020', '40090000'],
    ['chains', { plu: 0x31 }, '029080', '400b0000'],
    ['BB without brackets', { plu: 0xb0, common: 0 }, '038080', '400c0000'],
    ['CD in full duplex', { traffic: 0 }, '0380a0', '400d0000'],
    ['FM header', {}, '0b8080', '400f0000'],
    ['FM header on a last element', { common: 0x70 }, '029080 098000', '400f0000'],
    ['alternate code', {}, '038088', '40100000'],
    ['enciphered', {}, '038084', '40160000'],
    ['padded', {}, '038082', '40170000'],
  ];
  it.each(WRONG)('%s', (_name, fields, requests, sense) => {
    const bench = Bench.active(fields);
    for (const rh of requests.split(' ')) bench.rq(rh, 'c1');
    const [rh0, rh1] = Buffer.from(requests.split(' ').at(-1)!, 'hex');
    const answer = Buffer.of((rh0! & 8) | 0x87, (rh1! & 0xa0) | 0x10, 0).toString('hex');
    const last = bench.port.take().at(-1);
    if (sense === '') expect(bench.port.takeLog()).toEqual(['error 400a0000 data request']);
    else expect(last).toBe(`N${bench.snf} ${answer} ${sense}`);
    expect(last).not.toBe(`N${bench.snf} 838000`);
  });

  it('alternate code is taken where the BIND allows it', () => {
    const bench = Bench.active({ common: 0x38 });
    bench.rq('038088', 'c1');
    expect(bench.port.take()).toEqual(['N1 838000']);
  });

  it('an RU over the size of the BIND, 1002', () => {
    const bench = Bench.active({ receiveSize: 0x80 });
    bench.rq('038080', '0102030405060708');
    bench.rq('038000', '010203040506070809');
    expect(bench.port.take()).toEqual(['N1 838000', minus(2, '10020000')]);
  });

  it('categories in the wrong place 4011, unknown codes 1003', () => {
    const bench = Bench.active();
    bench.feed(false, 1, '6b8000', 'a1');
    bench.feed(true, 2, '038000', 'c1');
    bench.feed(true, 3, '6b8000', 'ff');
    bench.feed(true, 4, '4b8000', 'ff');
    bench.rq('4b8000', '80');
    bench.rq('4b8000', 'ff');
    expect(bench.port.take()).toEqual([
      'N1 ef9000 40110000a1',
      'E2 879000 40110000',
      'E3 ef9000 10030000ff',
      'E4 cf9000 10030000ff',
      'N1 cf9000 4011000080',
      'N2 cf9000 10030000ff',
    ]);
  });
});

describe('pacing of what we receive', () => {
  it('is answered in a response, else by itself; elements of a chain too', () => {
    const bench = Bench.active({ receiveWindow: 2 });
    bench.rq('039180', 'c1');
    bench.rq('038100', 'c2');
    bench.rq('029100', 'c3');
    bench.rq('019000', 'c4');
    expect(bench.port.take()).toEqual(['N0 830100', 'N2 838100', 'N0 830100']);
  });

  it('goes with a negative response, and with that of a DFC request', () => {
    const bench = Bench.active({ receiveWindow: 2 });
    bench.rq('039100', 'c1');
    bench.rq('4b8100', '84');
    expect(bench.port.take()).toEqual(['N1 879100 20030000', 'N2 cb8100 84']);
  });

  it('does not go with expedited responses', () => {
    const bench = Bench.active({ receiveWindow: 1 });
    bench.port.answers.push(DEFER_RESPONSE);
    bench.rq('038180', 'c1');
    bench.expedited('4b8000', 'c900010000');
    bench.session.respond(0);
    expect(bench.port.take()).toEqual(['E3 cb8000 c9', 'N1 838100']);
  });
});
