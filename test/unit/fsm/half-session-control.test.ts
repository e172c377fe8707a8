import { describe, expect, it } from 'vitest';
import { DEFER_RESPONSE, SEND } from '../../../src/fsm/half-session.js';
import { Bench, bindImage } from './recording-port.js';

const { CD, DEFINITE } = SEND;

describe('BIND', () => {
  it('is answered with its code, with the image when negotiable or always', () => {
    const image = bindImage({ type: 0, sendWindow: 9, receiveWindow: 9 });
    const hex = Buffer.from(image).toString('hex');
    const plain = new Bench();
    plain.sc(bindImage());
    expect(plain.port.take()).toEqual(['E1 eb8000 31']);
    expect(plain.session.rules?.fmProfile).toBe(3);
    const negotiable = new Bench({ bindLimits: { sendWindowMax: 4 } });
    negotiable.sc(image);
    expect(negotiable.port.take()).toEqual([`E1 eb8000 ${hex.slice(0, 16)}04${hex.slice(18, 26)}04${hex.slice(28)}`]);
    expect(negotiable.session.rules?.sendWindow).toBe(4);
    const always = new Bench({ replyBindImage: 'always' });
    always.sc(bindImage());
    expect(always.port.take()).toEqual([`E1 eb8000 ${Buffer.from(bindImage()).toString('hex')}`]);
  });

  it('is refused with what is wrong', () => {
    const bench = new Bench();
    bench.session.initiated();
    bench.session.initAccepted();
    bench.sc(bindImage({ fm: 19, ts: 7 }));
    expect(bench.port.take()).toEqual(['E1 ef9000 0835000231']);
    expect(bench.session.state).toBe('RESET');
    expect(bench.port.takeLog().at(-1)).toBe('RESET by BIND_REFUSED 08350002');
    bench.sc('3101');
    expect(bench.port.take()).toEqual(['E2 ef9000 1002000031']);
  });

  it('is refused while nobody wants the session', () => {
    const bench = new Bench();
    bench.session.refuseBinds(0x08450000);
    bench.sc(bindImage());
    bench.session.refuseBinds(0);
    bench.sc(bindImage());
    expect(bench.port.take()).toEqual(['E1 ef9000 0845000031', 'E2 eb8000 31']);
  });

  it('is refused in a session', () => {
    const bench = Bench.active();
    bench.sc(bindImage());
    expect(bench.port.take()).toEqual(['E3 ef9000 0815000431']);
    expect(bench.session.state).toBe('ACTIVE');
  });

  it('may come before the response to the Initiate, which then means nothing', () => {
    const bench = new Bench();
    bench.session.initiated();
    bench.sc(bindImage());
    bench.session.initAccepted();
    bench.session.initRefused(0x08010000);
    expect(bench.session.state).toBe('BOUND');
  });
});

describe('Initiate', () => {
  it('refused at once or later ends in RESET with the sense', () => {
    for (const isLate of [false, true]) {
      const bench = new Bench();
      bench.session.initiated();
      if (isLate) bench.session.initAccepted();
      bench.session.initRefused(0x083a0000);
      expect(bench.port.takeLog().at(-1)).toBe('RESET by INIT_REFUSED 083a0000');
    }
  });
});

describe('TS profiles', () => {
  it('TS 2 has no SDT: active after BIND, and after CLEAR', () => {
    const bench = Bench.active({ ts: 2 });
    expect(bench.session.state).toBe('ACTIVE');
    bench.rq('038080', 'c1');
    bench.sc('a1');
    expect(bench.session.state).toBe('ACTIVE');
    bench.feed(false, 1, '038080', 'c1');
    bench.sc('a0');
    expect(bench.port.take()).toEqual(['N1 838000', 'E2 eb8000 a1', 'N1 838000', 'E3 ef9000 10030000a0']);
  });

  it('TS 3 has no STSN', () => {
    const bench = Bench.active();
    bench.sc('a1');
    bench.sc('a25000070009');
    expect(bench.port.take()[1]).toBe('E4 ef9000 10030000a2');
  });

  it('TS 4: STSN sets and tells sequence numbers, the telling first', () => {
    const bench = Bench.active({ ts: 4 });
    bench.sc('a25000070009');
    bench.sc('a1');
    bench.sc('a25000070009');
    bench.sc('a2a000000000');
    bench.sc('a2f000010002');
    bench.sc('a200');
    bench.sc('a0');
    expect(bench.port.take()).toEqual([
      'E3 ef9000 20070000a2',
      'E4 eb8000 a1',
      'E5 eb8000 a25000070009',
      'E6 eb8000 a2a000070009',
      'E7 eb8000 a2f000070009',
      'E8 ef9000 10020000a2',
      'E9 eb8000 a0',
    ]);
    bench.feed(false, 3, '0380a0', 'c1');
    bench.send('c2', CD);
    expect(bench.port.take()).toEqual(['N3 838000', 'N2 039020 c2']);
  });
});

describe('CLEAR', () => {
  it('sets everything back and leaves what was transmitted known', () => {
    const bench = Bench.active({ sendWindow: 1, receiveWindow: 1, sendSize: 0x80 });
    bench.send('00'.repeat(16), CD | DEFINITE);
    bench.sc('a1');
    expect(bench.session.state).toBe('BOUND');
    expect(bench.session.hasTransmitted).toBe(true);
    bench.sc('a0');
    bench.port.take();
    bench.snf = 0;
    expect(bench.send('c1', CD | DEFINITE)).toBe(true);
    expect(bench.port.take()).toEqual(['N1 0381a0 c1']);
    bench.rsp(1, '838100');
    bench.rq('038140', 'c2');
    expect(bench.port.take()).toEqual(['N1 838100']);
  });

  it('voids a chain that was coming, and a response that was owed', () => {
    const bench = Bench.active();
    bench.port.answers.push(DEFER_RESPONSE);
    bench.rq('038080', 'c1');
    bench.sc('a1');
    expect(bench.session.respond(0)).toBe(false);
    bench.sc('a0');
    bench.snf = 0;
    bench.rq('029080', 'c1');
    bench.sc('a1');
    expect(bench.port.takeLog()).toContain('discarded 00000000');
    expect(bench.port.take().some((line) => line.startsWith('N'))).toBe(false);
  });
});

describe('what CLEAR forgets', () => {
  function cleared(bench: Bench): Bench {
    bench.sc('a1');
    bench.sc('a0');
    bench.snf = 0;
    bench.port.take();
    bench.port.takeLog();
    return bench;
  }

  it('requests of ours that were not answered', () => {
    const lustat = Bench.active();
    lustat.session.sendLustat(0);
    expect(cleared(lustat).session.canSend()).toBe(true);
    const signal = Bench.active();
    signal.session.sendSignal(1);
    cleared(signal).session.sendSignal(1);
    expect(signal.port.take()).toEqual(['E5 4b8000 c900010000']);
  });

  it('SHUTC that was owed', () => {
    const bench = Bench.active();
    bench.rq('038080', 'c1');
    bench.expedited('4b8000', 'c0');
    expect(cleared(bench).session.canSend()).toBe(true);
    expect(bench.session.state).toBe('ACTIVE');
  });

  it('responses that were owed', () => {
    const bench = Bench.active();
    bench.port.answers.push(DEFER_RESPONSE);
    bench.rq('038080', 'c1');
    cleared(bench).rq('038080', 'c1');
    expect(bench.port.take()).toEqual(['N1 838000']);
    expect(bench.session.respond(0)).toBe(false);
  });

  it('the chain that was sent last', () => {
    const bench = Bench.active();
    bench.send('c1', CD);
    cleared(bench).rsp(1, '879000', '08120000');
    expect(bench.port.takeLog()).toEqual(['error 200e0000 negative response']);
  });
});

describe('the end', () => {
  it('UNBIND: to RESET, or to WAIT_BIND when another BIND follows; its reason is told', () => {
    const ends: [string, string][] = [
      ['3201', 'RESET by UNBIND 00000000'],
      ['32', 'RESET by UNBIND 00000000'],
      ['3202', 'WAIT_BIND by UNBIND_BIND_FORTHCOMING 00000000'],
      ['3207', 'RESET by UNBIND 00000007'],
      ['32fe20020000', 'RESET by UNBIND 20020000'],
    ];
    for (const [ru, line] of ends) {
      const bench = Bench.active();
      bench.sc(ru);
      expect(bench.port.take()).toEqual(['E3 eb8000 32']);
      expect(bench.port.takeLog()).toEqual([line]);
      expect(bench.session.rules).toBeUndefined();
      bench.sc('3201');
      expect(bench.port.take()).toEqual(['E4 ef9000 8005000032']);
    }
  });

  it('UNBIND by us: nothing else counts until its response', () => {
    const bench = Bench.active();
    expect(bench.session.sendUnbind(1)).toBe(true);
    expect(bench.port.take()).toEqual(['E3 6b8000 3201']);
    bench.rq('038080', 'c1');
    bench.sc('a1');
    bench.rsp(1, '830100');
    expect(bench.port.take()).toEqual([]);
    expect(bench.session.sendUnbind(1)).toBe(false);
    bench.feed(true, 3, 'eb8000', '32');
    expect(bench.session.state).toBe('RESET');
    const answered = Bench.active();
    answered.send('c1', DEFINITE);
    answered.session.sendUnbind(1);
    answered.rsp(1, '838000');
    expect(answered.port.takeLog()).toEqual(['sent', 'UNBINDING by UNBIND_SENT 00000000']);
    const failing = Bench.active();
    failing.session.sendUnbind(0xfe, 0x20010000);
    expect(failing.port.take()).toEqual(['E3 6b8000 32fe20010000']);
    failing.sc('3201');
    expect(failing.session.state).toBe('RESET');
  });

  it('RSHUTD: asked, refused or followed by UNBIND', () => {
    const bench = Bench.active();
    expect(bench.session.sendRshutd()).toBe(true);
    expect(bench.port.take()).toEqual(['E3 4b8000 c2']);
    expect(bench.session.state).toBe('CLOSING');
    expect(bench.session.canSend()).toBe(false);
    bench.rq('038080', 'c1');
    expect(bench.port.take()).toEqual(['N1 838000']);
    bench.feed(true, 3, 'cf9000', '08090000c2');
    expect(bench.session.state).toBe('ACTIVE');
    expect(bench.port.takeLog().slice(-2)).toEqual([
      'ACTIVE by CLOSE_REFUSED 08090000',
      'notice RSHUTD_ANSWERED 08090000',
    ]);
    expect(Bench.active({ fm: 18 }).session.sendRshutd()).toBe(false);
  });

  it('reset drops everything without traffic', () => {
    const bench = Bench.active();
    bench.rq('029080', 'c1');
    bench.session.reset('DACTLU');
    expect(bench.port.take()).toEqual([]);
    expect(bench.port.takeLog()).toEqual(['discarded 00000000', 'RESET by DACTLU 00000000']);
    bench.session.reset('DACTLU');
    expect(bench.port.takeLog()).toEqual([]);
    bench.rsp(1, '838000');
    expect(bench.port.takeLog()).toEqual(['error 200e0000 response without a session']);
  });

  it('reset from within received() is taken', () => {
    const bench = Bench.active();
    bench.port.received = () => {
      bench.session.reset('DACTLU');
      return DEFER_RESPONSE;
    };
    bench.rq('0380c0', 'c1');
    expect(bench.session.state).toBe('RESET');
    expect(bench.port.take()).toEqual([]);
  });
});
