import { describe, expect, it } from 'vitest';
import { toHostLinkError } from '../../../src/base/errors.js';
import { SEND } from '../../../src/fsm/half-session.js';
import { Bench } from './recording-port.js';

const { CD, DEFINITE, FMH, END_BRACKET } = SEND;
const LONG = '00'.repeat(20);

describe('sending a chain', () => {
  it('asks for the response that the BIND allows', () => {
    const forms: [number, number, string][] = [
      [0x80, DEFINITE, 'N1 030080 c1'],
      [0x90, DEFINITE, 'N1 039080 c1'],
      [0xa0, 0, 'N1 038080 c1'],
      [0xb0, 0, 'N1 039080 c1'],
      [0xb0, DEFINITE, 'N1 038080 c1'],
    ];
    for (const [slu, flags, expected] of forms) {
      const bench = Bench.active({ slu });
      expect(bench.send('c1', flags)).toBe(true);
      expect(bench.port.take()).toEqual([expected]);
    }
  });

  it('sets FI, EB and CD where the BIND allows them, and EB rules CD out', () => {
    const all = Bench.active({ slu: 0xb1, common: 0x70 });
    all.send('c1', CD | FMH | END_BRACKET);
    expect(all.port.take()).toEqual(['N1 0b90c0 c1']);
    const none = Bench.active({ traffic: 0 });
    none.send('c1', CD | FMH | END_BRACKET);
    expect(none.port.take()).toEqual(['N1 039080 c1']);
  });

  it('splits by the RU size; an empty payload is one empty RU', () => {
    const bench = Bench.active({ sendSize: 0x80 });
    const payload = Uint8Array.from({ length: 30 }, (_, index) => index);
    expect(bench.session.sendChain(payload, 5, 25, CD | DEFINITE)).toBe(true);
    expect(bench.port.take()).toEqual([
      'N1 029080 05060708090a0b0c',
      'N2 009000 0d0e0f1011121314',
      'N3 018020 15161718',
    ]);
    const empty = Bench.active();
    empty.send('', CD);
    expect(empty.port.take()).toEqual(['N1 0390a0']);
  });

  it('throws when the session has no chains and one RU is too short', () => {
    const bench = Bench.active({ slu: 0x30, sendSize: 0x80 });
    let code = '';
    try {
      bench.send('00'.repeat(9), CD);
    } catch (error) {
      code = toHostLinkError(error).code;
    }
    expect(code).toBe('PAYLOAD_TOO_LONG');
    expect(bench.session.hasTransmitted).toBe(false);
    expect(bench.send('00'.repeat(8), CD)).toBe(true);
  });

  it('fits its RUs to the link where the partner takes no segments', () => {
    const bench = Bench.active({ common: 0xb0, sendSize: 0 }, { piuSizeMax: 19 });
    bench.send(LONG, CD);
    expect(bench.port.take().map((line) => line.slice(0, 9))).toEqual(['N1 029080', 'N2 019020']);
  });

  it('stops on pacing and goes on by itself', () => {
    const bench = Bench.active({ sendSize: 0x80, sendWindow: 2 });
    bench.send('00'.repeat(48), CD | DEFINITE);
    expect(bench.port.take().map((line) => line.slice(0, 9))).toEqual(['N1 029180', 'N2 009000']);
    expect(bench.session.hasTransmitted).toBe(true);
    bench.rsp(0, '830100');
    expect(bench.port.take().map((line) => line.slice(0, 9))).toEqual(['N3 009100', 'N4 009000']);
    bench.rsp(0, '830100');
    expect(bench.port.take().map((line) => line.slice(0, 9))).toEqual(['N5 009100', 'N6 018020']);
    expect(bench.port.takeLog()).toEqual(['sent']);
    bench.rsp(6, '838100');
    expect(bench.port.takeLog()).toEqual(['responded 00000000']);
    bench.rsp(0, '830100');
    expect(bench.port.takeLog()).toEqual(['error 20110000 pacing response']);
  });

  it('tells whether anything went out', () => {
    const bench = Bench.active({ sendWindow: 1 });
    bench.send('c1', DEFINITE);
    bench.rsp(1, '838000');
    expect(bench.send('c2', CD)).toBe(true);
    expect(bench.session.hasTransmitted).toBe(false);
    bench.rsp(0, '830100');
    expect(bench.session.hasTransmitted).toBe(true);
    expect(bench.port.take()).toEqual(['N1 038180 c1', 'N2 039120 c2']);
  });
});

describe('answers to our chain', () => {
  it('positive, negative, and what matches nothing', () => {
    const bench = Bench.active();
    bench.send('c1', DEFINITE);
    expect(bench.session.canSend()).toBe(false);
    bench.rsp(7, '838000');
    bench.rsp(1, '838000');
    expect(bench.session.canSend()).toBe(true);
    bench.rsp(1, '838000');
    bench.send('c2', DEFINITE | CD);
    bench.rsp(2, '879000', '08120000');
    expect(bench.port.takeLog()).toEqual([
      'sent',
      'error 200e0000 positive response',
      'responded 00000000',
      'error 200e0000 positive response',
      'sent',
      'responded 08120000',
    ]);
    expect(bench.session.canSend()).toBe(false);
  });

  it('a negative one to exception response belongs to the last chain', () => {
    const bench = Bench.active({ traffic: 0 });
    bench.send('c1', 0);
    bench.rsp(1, '879000', '08120000');
    bench.rsp(1, '879000', '08120000');
    expect(bench.port.takeLog()).toEqual(['sent', 'responded 08120000', 'error 200e0000 negative response']);
  });

  it('a negative one behind the end of a bracket takes nothing from us', () => {
    const bench = Bench.active({ slu: 0xb1, traffic: 0x40 });
    bench.send('c1', END_BRACKET);
    bench.rsp(1, '879000', '08120000');
    expect(bench.port.takeLog()).toEqual(['sent', 'responded 08120000']);
    expect(bench.session.canSend()).toBe(true);
  });

  it('a late one stops the chain that waits, without answering it', () => {
    const bench = Bench.active({ plu: 0xb0, common: 0, traffic: 0x40, sendWindow: 1 });
    bench.send('c1', 0);
    bench.send('c2', 0);
    bench.rsp(1, '879100', '08120000');
    expect(bench.port.takeLog()).toEqual(['sent', 'error 08120000 late negative response']);
    expect(bench.port.take()).toEqual(['N1 039100 c1']);
    bench.rq('039000', 'c3');
    expect(bench.port.take()).toEqual(['N2 039100 c2']);
  });

  it('a negative one without sense data reads 4013', () => {
    const bench = Bench.active();
    bench.send('c1', DEFINITE);
    bench.rsp(1, '839000');
    expect(bench.port.takeLog()).toEqual(['sent', 'responded 40130000']);
  });

  it('a negative one in the middle of a chain is followed by CANCEL', () => {
    const bench = Bench.active({ sendSize: 0x80, sendWindow: 2 });
    bench.send('00'.repeat(48), CD | DEFINITE);
    bench.port.take();
    bench.rsp(1, '879000', '08120000');
    expect(bench.port.take()).toEqual([]);
    bench.rsp(0, '830100');
    expect(bench.port.take()).toEqual(['N3 4b8100 83']);
    expect(bench.port.takeLog()).toEqual(['responded 08120000']);
    bench.rsp(3, 'cb8000', '83');
    // The partner recovers.
    expect(bench.session.canSend()).toBe(false);
    bench.rq('038020', 'c1');
    expect(bench.session.canSend()).toBe(true);
  });
});

describe('giving a chain up', () => {
  it('leaves nothing behind when nothing went out', () => {
    const bench = Bench.active({ sendWindow: 1 });
    bench.send('c1', DEFINITE);
    bench.rsp(1, '838000');
    bench.port.take();
    bench.send('c2', CD);
    bench.session.cancelChain();
    bench.rsp(0, '830100');
    expect(bench.port.take()).toEqual([]);
    expect(bench.session.canSend()).toBe(true);
  });

  it('cancels what went out, with the CD that the chain had', () => {
    const bench = Bench.active({ sendSize: 0x80, sendWindow: 1 });
    bench.send('00'.repeat(48), CD | DEFINITE);
    bench.session.cancelChain();
    bench.rsp(0, '830100');
    expect(bench.port.take().at(-1)).toBe('N2 4b8120 83');
    bench.rsp(2, 'cb8000', '83');
    expect(bench.session.canSend()).toBe(false);
    bench.rq('038000', 'c1');
    expect(bench.port.take()).toEqual(['N1 838000']);
  });

  it('CANCEL after a negative response has no CD, whatever an earlier one had', () => {
    const bench = Bench.active({ sendSize: 0x80, sendWindow: 1 });
    bench.send('00'.repeat(48), CD);
    bench.session.cancelChain();
    bench.rsp(0, '830100');
    bench.rsp(2, 'cb8000', '83');
    bench.rq('039020', 'c1');
    bench.rsp(0, '830100');
    bench.send('00'.repeat(48), CD);
    bench.rsp(3, '879100', '08120000');
    expect(bench.port.take().at(-1)).toBe('N4 4b8100 83');
  });

  it('does nothing without a chain', () => {
    const bench = Bench.active();
    bench.session.cancelChain();
    bench.send('c1', DEFINITE);
    bench.session.cancelChain();
    bench.rsp(1, '838000');
    expect(bench.port.take()).toEqual(['N1 038080 c1']);
    expect(bench.port.takeLog()).toEqual(['sent', 'responded 00000000']);
  });
});
