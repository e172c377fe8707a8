import { describe, expect, it } from 'vitest';
import { DEFER_RESPONSE, SEND } from '../../../src/fsm/half-session.js';
import { Bench } from './recording-port.js';

const { CD, DEFINITE } = SEND;

describe('quiesce', () => {
  it('SHUTD: SHUTC goes out between brackets, when all is answered', () => {
    const bench = Bench.active();
    bench.send('c1', CD | DEFINITE);
    bench.expedited('4b8000', 'c0');
    bench.rsp(1, '838000');
    expect(bench.port.take().slice(1)).toEqual(['E3 cb8000 c0']);
    bench.rq('038020', 'c2');
    // In the bracket we may still send.
    expect(bench.send('c3', CD)).toBe(true);
    bench.rq('038040', 'c4');
    expect(bench.port.take()).toEqual(['N1 838000', 'N2 039020 c3', 'N2 838000', 'E4 4b8000 c1']);
    expect(bench.session.state).toBe('QUIESCED');
    expect(bench.session.canSend()).toBe(false);
    expect(bench.session.sendLustat(0)).toBe(false);
    // The partner may go on.
    bench.rq('038080', 'c5');
    expect(bench.port.take()).toEqual(['N3 838000']);
    bench.sc('a1');
    expect(bench.session.state).toBe('BOUND');
  });

  it('SHUTD without brackets: SHUTC waits for the end of the chain, and for the response we owe', () => {
    const bench = Bench.active({ plu: 0xb0, common: 0, traffic: 0 });
    bench.rq('029000', 'c1');
    bench.expedited('4b8000', 'c0');
    expect(bench.port.take()).toEqual(['E3 cb8000 c0']);
    bench.port.answers.push(DEFER_RESPONSE);
    bench.rq('018000', 'c1');
    expect(bench.port.take()).toEqual([]);
    bench.session.respond(0);
    expect(bench.port.take()).toEqual(['N2 838000', 'E4 4b8000 c1']);
  });

  it('SHUTD: SHUTC waits for the responses owed to a sender in delayed request mode too', () => {
    const bench = Bench.active({ plu: 0xf0, common: 0, traffic: 0 });
    bench.port.answers.push(DEFER_RESPONSE);
    bench.rq('038000', 'c1');
    bench.expedited('4b8000', 'c0');
    expect(bench.port.take()).toEqual(['E3 cb8000 c0']);
    bench.session.respond(0);
    expect(bench.port.take()).toEqual(['N1 838000', 'E4 4b8000 c1']);
  });

  it('SHUTD: no bracket is begun once SHUTC is owed', () => {
    const bench = Bench.active();
    bench.session.sendSignal(1);
    bench.expedited('4b8000', 'c0');
    expect(bench.session.canSend()).toBe(false);
    bench.feed(true, 3, 'cb8000', 'c9');
    expect(bench.port.take().at(-1)).toBe('E4 4b8000 c1');
  });

  it('QEC: QC goes out at the end of the chain; RELQ releases', () => {
    const bench = Bench.active({ fm: 4, sendSize: 0x80, sendWindow: 1 });
    bench.send('00'.repeat(16), DEFINITE);
    bench.expedited('4b8000', '80');
    bench.rsp(0, '830100');
    bench.rsp(0, '830100');
    expect(bench.port.take().map((line) => line.slice(0, 10))).toEqual(['N1 029180 ', 'E3 cb8000 ', 'N2 018100 ']);
    bench.rsp(2, '838000');
    expect(bench.port.take()).toEqual(['N3 4b8100 81']);
    expect(bench.session.state).toBe('QUIESCED');
    bench.rsp(3, 'cb8100', '81');
    bench.expedited('4b8000', '82');
    expect(bench.port.take()).toEqual(['E4 cb8000 82']);
    expect(bench.session.canSend()).toBe(true);
  });

  it('SBI: BIS goes out between brackets (FM 18)', () => {
    const bench = Bench.active({ fm: 18 });
    bench.expedited('4b8000', '71');
    expect(bench.port.take()).toEqual(['E3 cb8000 71', 'N1 4b8000 70']);
    expect(bench.session.state).toBe('QUIESCED');
  });

  it('requests that the profile has not are refused', () => {
    const bench = Bench.active({ fm: 7 });
    bench.expedited('4b8000', 'c0');
    bench.expedited('4b8000', '80');
    bench.rq('4b8000', '84');
    bench.rq('4b8000', 'c8');
    expect(bench.port.take()).toEqual([
      'E3 cf9000 10030000c0',
      'E4 cf9000 1003000080',
      'N1 cf9000 1003000084',
      'N2 cf9000 10030000c8',
    ]);
    const profile3 = Bench.active();
    profile3.rq('4b8000', '0400060000');
    expect(profile3.port.take()).toEqual(['N1 cf9000 1003000004']);
  });
});

describe('SIGNAL and LUSTAT', () => {
  it('SIGNAL is told and answered; a short one is refused', () => {
    const bench = Bench.active();
    bench.expedited('4b8000', 'c900010000');
    bench.expedited('4b8000', 'c9');
    expect(bench.port.take()).toEqual(['E3 cb8000 c9', 'E4 cf9000 10050000c9']);
    expect(bench.port.takeLog()).toEqual([
      'notice SIGNAL 00010000',
      'error 10050000 expedited data flow control request',
    ]);
  });

  it('of ours wait for the expedited request that is outstanding', () => {
    const bench = Bench.active();
    bench.session.sendSignal(1);
    bench.session.sendSignal(2, 3);
    expect(bench.port.take()).toEqual(['E3 4b8000 c900010000']);
    bench.feed(true, 9, 'cb8000', 'c9');
    bench.feed(true, 3, 'cb8000', 'c9');
    expect(bench.port.take()).toEqual(['E4 4b8000 c900020003']);
    expect(bench.port.takeLog()).toEqual(['error 200e0000 expedited response', 'notice SIGNAL_ANSWERED 00000000']);
  });

  it('LUSTAT goes out in our turn only, and its response is told', () => {
    const bench = Bench.active();
    expect(bench.session.sendLustat(0x08310000)).toBe(true);
    expect(bench.session.canSend()).toBe(false);
    bench.rsp(1, 'cb8000', '04');
    bench.send('c1', CD);
    expect(bench.session.sendLustat(0)).toBe(false);
    expect(bench.port.take()).toEqual(['N1 4b8000 0408310000', 'N2 0390a0 c1']);
    expect(bench.port.takeLog()).toEqual(['notice LUSTAT_ANSWERED 00000000', 'sent']);
    expect(Bench.active({ fm: 2, ts: 2 }).session.sendLustat(0)).toBe(false);
  });
});
