import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toEbcdic, UPPER_CASE } from '../../../src/host/ebcdic.js';
import { patternOf } from '../../../src/host/programs.js';
import type { ScriptStepInput } from '../../../src/host/script-steps.js';
import { decodeSumReply, encodeSumRequest, readPacked, sumOf, writePacked } from '../../../src/host/sum-records.js';
import { expedited, type HostFixture, hostWith, logon, request } from '../../helpers/host-fixture.js';
import { responseTo, type SeenPiu } from '../../helpers/pu-driver.js';

function inSession(application: string, input: Parameters<typeof hostWith>[0] = {}): HostFixture {
  const fixture = hostWith(input);
  fixture.pu.up();
  logon(fixture, 2, application);
  return fixture;
}

function address(fixture: HostFixture, application: string): number {
  return fixture.node.applications.get(application)!.address;
}

function call(fixture: HostFixture, application: string, data: Buffer, snf = 1): SeenPiu[] {
  fixture.pu.piu(request(2, address(fixture, application), snf, '0390a0', data));
  return fixture.pu.drain();
}

describe('programs', () => {
  it('UPPER: letters, and only letters, of the whole page', () => {
    const fixture = inSession('UPPER');
    expect(call(fixture, 'UPPER', toEbcdic('hello, World 42 @#$'))[0]?.ru).toEqual(toEbcdic('HELLO, WORLD 42 @#$'));
    const changed = Array.from(UPPER_CASE).filter((code, index) => code !== index);
    expect(changed.length).toBe(26 + 30);
    // Upper case has no upper case of its own.
    expect(Array.from(UPPER_CASE, (code) => UPPER_CASE[code])).toEqual([...UPPER_CASE]);
  });

  it('SUM: packed decimals in, a record out', () => {
    const fixture = inSession('SUM');
    const amounts = [1n, -20n, 999_999_999_999_999n, 4n];
    const [reply] = call(fixture, 'SUM', encodeSumRequest({ account: 'A001', amounts }));
    expect(decodeSumReply(reply!.ru)).toEqual({
      account: 'A001',
      isOk: true,
      count: 4,
      // The total keeps its last 15 digits, as a field of that size does.
      total: 999_999_999_999_984n,
      text: 'TOTAL OF 4 AMOUNTS',
    });
    expect(reply!.ru.toString('hex', 0, 16)).toBe('c1f0f0f1d6d60004999999999999984c'.replace('d6d6', 'd6d2'));
  });

  it('SUM: says what is wrong with a record', () => {
    const good = encodeSumRequest({ account: 'X', amounts: [1n, 2n] });
    expect(decodeSumReply(sumOf(good, 0, good.length - 1))).toMatchObject({ isOk: false, text: 'LENGTH IS WRONG' });
    good[6 + 8 + 3] = 0xaa;
    expect(decodeSumReply(sumOf(good, 0, good.length))).toMatchObject({ isOk: false, text: 'AMOUNT 2 NOT PACKED' });
    expect(() => decodeSumReply(Buffer.alloc(10))).toThrow('Not a SUM reply');
    expect(() => encodeSumRequest({ account: 'TOOLONG', amounts: [] })).toThrow('account of 4');
  });

  it('packed decimals: any 15 digits come back', () => {
    const limit = 10n ** 15n - 1n;
    fc.assert(
      fc.property(fc.bigInt({ min: -limit, max: limit }), (value) => {
        const bytes = Buffer.alloc(8);
        writePacked(bytes, 0, value);
        expect(readPacked(bytes, 0)).toBe(value);
      }),
    );
  });

  it('SLOW: answers after its think time, and nobody waits for anybody', () => {
    const fixture = hostWith();
    fixture.pu.up();
    logon(fixture, 2, 'SLOW');
    logon(fixture, 3, 'SLOW');
    const plu = address(fixture, 'SLOW');
    fixture.pu.piu(request(2, plu, 1, '0390a0', toEbcdic('0500X')));
    fixture.pu.piu(request(3, plu, 1, '0390a0', toEbcdic('Y')));
    const lus = () => fixture.pu.drain().map(({ daf }) => daf);
    fixture.clock.advance(99);
    expect(lus()).toEqual([]);
    fixture.clock.advance(1);
    expect(lus()).toEqual([3]);
    fixture.clock.advance(400);
    expect(lus()).toEqual([2]);
    expect(fixture.rules()).toEqual([]);
  });

  it('SLOW: a session that ends takes its answer with it', () => {
    const fixture = inSession('SLOW');
    fixture.pu.piu(request(2, address(fixture, 'SLOW'), 1, '0390a0', toEbcdic('0500X')));
    fixture.control.unbind('LU2');
    fixture.clock.advance(1000);
    expect(fixture.pu.drain().map(({ ru }) => ru.toString('hex'))).toEqual(['3201']);
  });

  it('SLOW: what it was asked before a CLEAR is not answered after it', () => {
    const fixture = inSession('SLOW');
    const plu = address(fixture, 'SLOW');
    fixture.pu.piu(request(2, plu, 1, '0390a0', toEbcdic('0500X')));
    fixture.control.clear('LU2');
    fixture.clock.settle();
    fixture.pu.piu(request(2, plu, 1, '0390a0', toEbcdic('0700Y')));
    fixture.clock.advance(1000);
    expect(fixture.pu.drain().map(({ ru }) => ru)).toEqual([toEbcdic('0700Y')]);
    expect(fixture.rules()).toEqual([]);
  });

  it('BIG: 100 KB as a chain of RUs, each in segments', () => {
    const fixture = inSession('BIG', {
      logModes: [{ name: 'FAST', ruSizeOut: 3840 }],
      pus: [{ name: 'PU1A', idBlk: '017', idNum: '00011', piuSizeMax: 521, lus: [{ addresses: '2', name: 'LU2' }] }],
    });
    const got = call(fixture, 'BIG', toEbcdic('00102400'));
    const size = 102_400;
    const elements = Math.ceil(size / 3840);
    expect(got.every(({ bytes }) => bytes.length <= 521)).toBe(true);
    expect(Buffer.concat(got.map(({ ru }) => ru)).equals(patternOf(size))).toBe(true);
    const firsts = got.filter(({ rh }) => rh !== '');
    expect(firsts.map(({ rh }) => rh)).toEqual(['029040', ...Array(elements - 2).fill('009000'), '019000']);
    expect(firsts.map(({ snf }) => snf)).toEqual(Array.from({ length: elements }, (_, index) => index + 1));
    // First, middle .. middle, last, and again.
    const mpf = got.map(({ th0 }) => (th0 === 0x28 ? 'F' : th0 === 0x20 ? 'M' : th0 === 0x24 ? 'L' : '?')).join('');
    expect(mpf).toMatch(/^(FM{6}L){26}FM{3}L$/);
    expect(fixture.rules()).toEqual([]);
  });

  it('BIG: waits in the middle of a chain for pacing, and goes on', () => {
    const fixture = inSession('BIG', { logModes: [{ name: 'FAST', windowOut: 2, ruSizeOut: 256 }] });
    let got = call(fixture, 'BIG', toEbcdic('00002000'));
    const all: SeenPiu[] = [];
    let rounds = 0;
    while (got.length > 0) {
      rounds += 1;
      all.push(...got);
      const open = got.filter(({ rh }) => (Number.parseInt(rh.slice(2, 4), 16) & 1) !== 0);
      expect(got.length).toBeLessThanOrEqual(3);
      for (const _ of open) fixture.pu.piu(request(2, address(fixture, 'BIG'), 0, '830100', Buffer.alloc(0)), false);
      fixture.pu.clock.settle();
      got = fixture.pu.drain();
    }
    expect(rounds).toBe(4);
    expect(all.map(({ rh }) => rh.slice(3, 4))).toEqual(['1', '0', '1', '0', '1', '0', '1', '0']);
    expect(Buffer.concat(all.map(({ ru }) => ru)).equals(patternOf(2000))).toBe(true);
    expect(fixture.rules()).toEqual([]);
  });

  it('BIG: only the last RU of a definite-response chain asks for the definite response', () => {
    const fixture = inSession('BIG', { logModes: [{ name: 'FAST', pluResponse: 'definite', ruSizeOut: 256 }] });
    const got = call(fixture, 'BIG', toEbcdic('00000600'));
    expect(got.map(({ rh }) => rh)).toEqual(['029040', '009000', '018000']);
    fixture.pu.piu(responseTo(got[2]!));
    expect([fixture.rules(), fixture.node.lus.get('LU2')?.session?.brackets.state]).toEqual([[], 'BETB']);
  });

  it('BIG: single-RU sessions get several chains, and the turn with the last', () => {
    const fixture = inSession('BIG', {
      logModes: [{ name: 'FAST', pluChains: false, ruSizeOut: 256, brackets: 'none' }],
    });
    fixture.pu.piu(request(2, address(fixture, 'BIG'), 1, '039020', toEbcdic('00000600')));
    expect(fixture.pu.drain().map(({ rh, ru }) => [rh, ru.length])).toEqual([
      ['039000', 256],
      ['039000', 256],
      ['039020', 88],
    ]);
  });

  it('takes chains and segments, and echoes them whole', () => {
    const fixture = inSession('ECHO');
    const { pu } = fixture;
    pu.piu(Buffer.concat([Buffer.from('280001020001029080', 'hex'), Buffer.from('AB')]), false);
    pu.piu(Buffer.concat([Buffer.from('200001020001', 'hex'), Buffer.from('CD')]), false);
    pu.piu(Buffer.concat([Buffer.from('240001020001', 'hex'), Buffer.from('EF')]), false);
    pu.piu(request(2, 1, 2, '009000', Buffer.from('GH')), false);
    pu.piu(request(2, 1, 3, '018020', Buffer.from('IJ')));
    expect(pu.drain().map(({ rh, snf, ru }) => [rh, snf, ru.toString()])).toEqual([
      ['838000', 3, ''],
      ['039040', 1, 'ABCDEFGHIJ'],
    ]);
    expect(fixture.rules()).toEqual([]);
    expect(fixture.node.ledger.list()).toEqual([
      {
        pu: 'PU1A',
        lu: 'LU2',
        application: 'ECHO',
        sessions: 1,
        requests: 1,
        replies: 1,
        bytesIn: 10,
        bytesOut: 10,
        rejected: 0,
      },
    ]);
  });

  it('echoes a chain of RUs in segments whole, whatever is refused in between', () => {
    const fixture = inSession('ECHO');
    const { pu } = fixture;
    const inTwo = (snf: number, rh: string, ru: string) => {
      const address = `000102000${snf}`;
      pu.piu(Buffer.concat([Buffer.from(`28${address}${rh}`, 'hex'), Buffer.from(ru.slice(0, -1), 'latin1')]), false);
      pu.piu(Buffer.concat([Buffer.from(`24${address}`, 'hex'), Buffer.from(ru.slice(-1), 'latin1')]));
    };
    inTwo(1, '029080', 'the first RU, ');
    inTwo(2, '4b8000', '\x99');
    inTwo(3, '009000', 'the second, ');
    pu.piu(request(2, 1, 4, '009000', Buffer.from('one in one piece, ')), false);
    inTwo(5, '018020', 'the last');
    expect(pu.drain().map(({ rh, snf, ru }) => [rh, snf, ru.toString('latin1')])).toEqual([
      ['cf9000', 2, '\x10\x03\0\0\x99'],
      ['838000', 5, ''],
      ['039040', 1, 'the first RU, the second, one in one piece, the last'],
    ]);
    expect(fixture.rules()).toEqual(['FUNCTION']);
  });

  it('CANCEL drops a chain', () => {
    const fixture = inSession('ECHO');
    fixture.pu.piu(request(2, 1, 1, '029080', Buffer.from('AB')));
    fixture.pu.piu(request(2, 1, 2, '4b8000', Buffer.from([0x83])));
    fixture.pu.piu(request(2, 1, 3, '039020', Buffer.from('CD')));
    expect(fixture.pu.drain().map(({ rh, ru }) => [rh, ru.toString('latin1')])).toEqual([
      ['cb8000', '\x83'],
      ['039040', 'CD'],
    ]);
    expect(fixture.rules()).toEqual([]);
  });

  it('a chain over the limit is refused with 0812 and not kept', () => {
    const fixture = inSession('ECHO', { chainSizeMax: 256 });
    fixture.pu.piu(request(2, 1, 1, '029080', Buffer.alloc(200)));
    fixture.pu.piu(request(2, 1, 2, '009000', Buffer.alloc(200)));
    fixture.pu.piu(request(2, 1, 3, '019020', Buffer.alloc(200)));
    expect(fixture.pu.drain().map(({ rh, ru }) => [rh, ru.toString('hex')])).toEqual([['879000', '08120000']]);
    expect(fixture.node.ledger.list()[0]).toMatchObject({ requests: 0, rejected: 1 });
  });

  it('tells onLedger of each request with its bytes', () => {
    const told: string[] = [];
    const fixture = hostWith({}, {}, (row, bytes, from, to) => {
      told.push(`${row.lu} ${row.application} ${row.requests} ${bytes.toString('latin1', from, to)}`);
    });
    fixture.pu.up();
    logon(fixture, 2, 'ECHO');
    call(fixture, 'ECHO', Buffer.from('ONE'));
    call(fixture, 'ECHO', Buffer.from('TWO'), 2);
    expect(told).toEqual(['LU2 ECHO 1 ONE', 'LU2 ECHO 2 TWO']);
  });
});

describe('data that the host starts', () => {
  it('BIDs where the LU is first speaker, then begins the bracket', () => {
    const fixture = inSession('ECHO');
    fixture.control.send('LU2', Buffer.from('HI'));
    fixture.pu.clock.settle();
    const bid = fixture.pu.take();
    expect([bid.rh, bid.ru.toString('hex'), bid.snf]).toEqual(['4b8000', 'c8', 1]);
    fixture.pu.respond(bid);
    fixture.pu.clock.settle();
    expect(fixture.pu.drain().map(({ rh, ru, snf }) => [rh, ru.toString(), snf])).toEqual([['0390c0', 'HI', 2]]);
    expect(fixture.rules()).toEqual([]);
  });

  it('begins at once where the host is first speaker', () => {
    const fixture = inSession('ECHO', { logModes: [{ name: 'FAST', firstSpeaker: 'plu' }] });
    fixture.control.send('LU2', Buffer.from('HI'));
    fixture.pu.clock.settle();
    expect(fixture.pu.take().rh).toBe('0390c0');
  });

  it('BID refused with 0814: waits for RTR', () => {
    const fixture = inSession('ECHO');
    fixture.control.send('LU2', Buffer.from('HI'));
    fixture.pu.clock.settle();
    fixture.pu.respond(fixture.pu.take(), undefined, '08140000');
    fixture.pu.clock.settle();
    expect(fixture.pu.drain()).toEqual([]);
    fixture.pu.piu(request(2, 1, 1, '4b8000', Buffer.from([0x05])));
    expect(fixture.pu.drain().map(({ rh }) => rh)).toEqual(['cb8000', '0390c0']);
    expect(fixture.rules()).toEqual([]);
  });

  it('BID that crosses a BB of the LU: the LU goes first, the host after it', () => {
    const fixture = inSession('ECHO');
    fixture.control.send('LU2', Buffer.from('HI'));
    fixture.pu.clock.settle();
    const bid = fixture.pu.take();
    fixture.pu.piu(request(2, 1, 1, '0390a0', Buffer.from('AB')), false);
    fixture.pu.respond(bid, undefined, '08130000');
    fixture.pu.clock.settle();
    const got = fixture.pu.drain();
    expect(got.map(({ rh, ru }) => [rh, ru.toString('latin1')])).toEqual([
      ['039040', 'AB'],
      ['4b8000', '\xc8'],
    ]);
    fixture.pu.respond(got[1]!);
    fixture.pu.clock.settle();
    expect(fixture.pu.drain().map(({ rh, ru }) => [rh, ru.toString()])).toEqual([['0390c0', 'HI']]);
    expect(fixture.rules()).toEqual([]);
  });

  it('is never taken for the reply of a call that is under way', () => {
    const fixture = inSession('SLOW');
    fixture.pu.piu(request(2, address(fixture, 'SLOW'), 1, '0390a0', Buffer.from('AB')));
    fixture.control.send('LU2', Buffer.from('HI'));
    fixture.pu.clock.settle();
    expect(fixture.pu.drain()).toEqual([]);
    fixture.clock.advance(100);
    expect(fixture.pu.drain().map(({ rh }) => rh)).toEqual(['039040', '4b8000']);
  });

  it('contention: what the LU refuses with 081B goes again after its chain', () => {
    const fixture = inSession('ECHO', { logModes: [{ name: 'FAST', mode: 'contention', brackets: 'none' }] });
    fixture.control.send('LU2', Buffer.from('HI'));
    fixture.pu.clock.settle();
    const first = fixture.pu.take();
    fixture.pu.piu(request(2, 1, 1, '029000', Buffer.from('A')), false);
    fixture.pu.piu(responseTo(first, undefined, '081b0000'));
    expect(fixture.pu.drain()).toEqual([]);
    fixture.pu.piu(request(2, 1, 2, '019000', Buffer.from('B')));
    expect(fixture.pu.drain().map(({ ru }) => ru.toString())).toEqual(['AB', 'HI']);
    expect(fixture.rules()).toEqual([]);
  });

  it('a chain refused in the middle is cancelled', () => {
    const fixture = inSession('BIG', { logModes: [{ name: 'FAST', windowOut: 1, ruSizeOut: 256 }] });
    const [first] = call(fixture, 'BIG', toEbcdic('00001000'));
    fixture.pu.piu(responseTo(first!, undefined, '081c0000'), false);
    fixture.pu.piu(request(2, address(fixture, 'BIG'), 0, '830100', Buffer.alloc(0)));
    expect(fixture.pu.drain().map(({ rh, ru }) => [rh, ru.toString('hex')])).toEqual([['4b8100', '83']]);
    expect(fixture.rules()).toEqual([]);
  });
});

describe('data flow control of the LU', () => {
  it.each([
    ['LUSTAT with BB', request(2, 1, 1, '4b8080', Buffer.from('0400060000', 'hex')), 'cb8000', '04', 'FAST'],
    ['LUSTAT RQE', request(2, 1, 1, '4b9080', Buffer.from('0400060000', 'hex')), '', '', 'FAST'],
    ['CHASE', request(2, 1, 1, '4b8000', Buffer.from([0x84])), 'cb8000', '84', 'FAST'],
    ['SIGNAL', expedited(2, 1, 1, '4b8000', 'c900010000'), 'cb8000', 'c9', 'FAST'],
    ['RTR without reason', request(2, 1, 1, '4b8000', Buffer.from([0x05])), 'cf9000', '0819000005', 'FAST'],
    ['BID', request(2, 1, 1, '4b8000', Buffer.from([0xc8])), 'cb8000', 'c8', 'PLU'],
    ['SBI', expedited(2, 1, 1, '4b8000', '71'), 'cb8000', '71', 'FM18'],
    ['BIS', request(2, 1, 1, '4b8000', Buffer.from([0x70])), 'cb8000', '70', 'FM18'],
  ])('%s', (_, piu, rh, ru, mode) => {
    const fixture = hostWith({
      logModes: [{ name: 'FAST' }, { name: 'PLU', firstSpeaker: 'plu' }, { name: 'FM18', fm: 18 }],
    });
    fixture.pu.up();
    logon(fixture, 2, 'ECHO', mode);
    fixture.pu.piu(piu);
    expect(fixture.pu.drain().map((got) => [got.rh, got.ru.toString('hex')])).toEqual(rh === '' ? [] : [[rh, ru]]);
    expect(fixture.rules()).toEqual([]);
  });

  it('QEC: the host finishes its chain, says QC, and waits for RELQ', () => {
    const fixture = hostWith({ logModes: [{ name: 'FM4', fm: 4, firstSpeaker: 'plu' }] });
    fixture.pu.up();
    logon(fixture, 2, 'ECHO');
    fixture.pu.piu(expedited(2, 1, 1, '4b8000', '80'));
    const [response, qc] = fixture.pu.drain();
    expect([response?.rh, qc?.rh, qc?.ru.toString('hex')]).toEqual(['cb8000', '4b8000', '81']);
    fixture.pu.respond(qc!);
    fixture.control.send('LU2', Buffer.from('HI'));
    fixture.pu.clock.settle();
    expect(fixture.pu.drain()).toEqual([]);
    fixture.pu.piu(expedited(2, 1, 2, '4b8000', '82'));
    expect(fixture.pu.drain().map(({ rh }) => rh)).toEqual(['cb8000', '0390c0']);
    expect(fixture.rules()).toEqual([]);
  });
});

describe('scripted application', () => {
  function scripted(steps: ScriptStepInput[]): HostFixture {
    return inSession('PLAY', {
      applications: [
        { name: 'PLAY', program: 'SCRIPT', steps },
        { name: 'ECHO', program: 'ECHO' },
      ],
    });
  }
  const came = (fixture: HostFixture) => fixture.pu.drain().map(({ rh, ru }) => `${rh} ${ru.toString('hex')}`);

  it('expects, answers, sends with flags of its own', () => {
    const fixture = scripted([{ expect: { data: '4142' } }, { send: { data: '43', form: 0xb0, cd: true } }]);
    fixture.pu.piu(request(2, 1, 1, '0380a0', Buffer.from('AB')));
    expect(came(fixture)).toEqual(['838000 ', '03b020 43']);
  });

  it('rejects, and what is not expected is rejected too', () => {
    const fixture = scripted([
      { expect: { respond: false } },
      { reject: '081c0001' },
      { waitMs: 5 },
      { expect: { data: '00' } },
    ]);
    fixture.pu.piu(request(2, 1, 1, '0380a0', Buffer.from('AB')));
    expect(came(fixture)).toEqual(['879000 081c0001']);
    expect(fixture.node.ledger.list()[0]).toMatchObject({ requests: 1, rejected: 1 });
  });

  it('sends control requests and waits for those of the LU', () => {
    const fixture = scripted([
      { request: 'SIGNAL' },
      { expectRequest: 0xc9 },
      { request: 'CHASE' },
      { request: 'CLEAR' },
    ]);
    expect(came(fixture)).toEqual(['4b8000 c900010000']);
    fixture.pu.piu(responseTo(fixture.pu.all.at(-1)!));
    fixture.pu.piu(expedited(2, 1, 1, '4b8000', 'c900010000'));
    expect(came(fixture)).toEqual(['cb8000 c9', '4b8000 84']);
    expect(fixture.pu.all.map(({ ru }) => ru.toString('hex'))).toContain('a1');
  });

  it('unbinds, passes, sends raw bytes, stays silent, repeats', () => {
    const unbinding = scripted([{ unbind: { type: 0xfe, sense: '08240000' } }]);
    expect(came(unbinding)).toEqual(['6b8000 32fe08240000']);
    const passing = scripted([{ pass: 'ECHO' }]);
    expect(came(passing).map((piu) => piu.slice(0, 11))).toEqual(['6b8000 3202', '6b8000 3101']);
    expect(passing.node.lus.get('LU2')?.session?.application.name).toBe('ECHO');
    const raw = scripted([{ raw: '2c0002010063039040ff' }, { silent: true }]);
    expect(came(raw)).toEqual(['039040 ff']);
    raw.pu.piu(request(2, 1, 1, '0380a0', Buffer.from('AB')));
    expect(came(raw)).toEqual([]);
    const repeating = scripted([{ expect: {} }, { sendPattern: 3 }, { repeat: true }]);
    repeating.pu.piu(request(2, 1, 1, '0390a0', Buffer.from('AB')));
    repeating.pu.piu(request(2, 1, 2, '0390a0', Buffer.from('AB')));
    expect(came(repeating)).toEqual(['039040 000102', '039040 000102']);
  });
});
