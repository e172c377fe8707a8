import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRules } from '../../../src/host/bind-rules.js';
import { Brackets } from '../../../src/host/brackets.js';
import { ChainBuffer, ChainSpares } from '../../../src/host/chain-buffer.js';
import { CIRCUIT_MACHINE } from '../../../src/host/circuit-machine.js';
import { bindImage, logMode } from '../../../src/host/log-modes.js';
import { PacingIn, PacingOut } from '../../../src/host/pacing.js';
import { PRIMARY_MACHINE } from '../../../src/host/primary-machine.js';
import { Reassembly } from '../../../src/host/reassembly.js';
import { SentRequests } from '../../../src/host/sent-requests.js';
import { hostWith, logon, request } from '../../helpers/host-fixture.js';

function rulesOf(fields: Record<string, unknown>) {
  return decodeRules(bindImage(logMode.parse({ name: 'X', ...fields }), 'A', Buffer.alloc(0)));
}

describe('brackets and direction', () => {
  it('flip-flop: who may send when', () => {
    const brackets = new Brackets(rulesOf({}));
    const now = () => [brackets.state, brackets.turn, brackets.leave()];
    expect(now()).toEqual(['BETB', 'FREE', 'bid']);
    expect([brackets.receiveStart(false), brackets.receiveStart(true)]).toEqual(['BRACKET', undefined]);
    expect(now()).toEqual(['INB', 'THEIRS', 'wait']);
    brackets.receiveEnd(false, false);
    expect(now()).toEqual(['INB', 'THEIRS', 'wait']);
    brackets.receiveEnd(true, false);
    expect(now()).toEqual(['INB', 'OURS', 'now']);
    expect([brackets.receiveStart(false), brackets.receiveStart(true)]).toEqual(['DIRECTION', 'BRACKET']);
    expect(brackets.sendStart()).toBe(false);
    brackets.sendEnd(true, false, false);
    expect(now()).toEqual(['INB', 'THEIRS', 'wait']);
    brackets.receiveRejected();
    expect(now()).toEqual(['INB', 'OURS', 'now']);
    brackets.sendEnd(false, true, false);
    expect(now()).toEqual(['BETB', 'FREE', 'bid']);
  });

  it('rule 1 ends with the positive response, rule 2 at once', () => {
    for (const [bracketRule, state] of [
      [1, 'END_SENT'],
      [2, 'BETB'],
    ] as const) {
      const brackets = new Brackets(rulesOf({ bracketRule, firstSpeaker: 'plu' }));
      expect(brackets.sendStart()).toBe(true);
      brackets.sendEnd(false, true, true);
      expect(brackets.state).toBe(state);
    }
  });

  it('a BB that crosses ours is a race, one that comes later is a mistake', () => {
    const brackets = new Brackets(rulesOf({ firstSpeaker: 'plu' }));
    brackets.sendStart();
    expect(brackets.receiveStart(true)).toBe('race');
    brackets.onResponse(true);
    expect(brackets.receiveStart(true)).toBe('BRACKET');
  });

  it('BID: won, lost, taken', () => {
    const brackets = new Brackets(rulesOf({}));
    brackets.sendBid();
    expect(brackets.leave()).toBe('wait');
    brackets.onBidResponse(true);
    expect([brackets.state, brackets.leave(), brackets.sendStart()]).toEqual(['BID_WON', 'now', true]);
    brackets.onRefused();
    expect([brackets.state, brackets.receiveBid(), brackets.state]).toEqual(['BETB', true, 'BID_TAKEN']);
    expect([brackets.receiveBid(), brackets.leave()]).toEqual([false, 'wait']);
  });

  it('full duplex and contention have no turn of their own', () => {
    const duplex = new Brackets(rulesOf({ mode: 'fdx', brackets: 'none' }));
    expect([duplex.receiveStart(false), duplex.leave()]).toEqual([undefined, 'now']);
    const contention = new Brackets(rulesOf({ mode: 'contention', brackets: 'none' }));
    contention.sendEnd(true, false, false);
    expect(contention.leave()).toBe('wait');
    contention.receiveEnd(false, false);
    expect(contention.leave()).toBe('now');
  });
});

describe('pacing', () => {
  it('two sides with any window agree, whatever the order of grants', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 63 }), fc.array(fc.boolean(), { maxLength: 300 }), (window, sends) => {
        const out = new PacingOut(window);
        const into = new PacingIn(window);
        let owed = 0;
        let flushes = 0;
        let ahead = 0;
        for (const isSend of sends) {
          if (isSend && out.canSend) {
            const hasPi = out.take();
            expect(into.take(hasPi, flushes)).toBe(undefined);
            if (hasPi) owed += 1;
            ahead += 1;
            expect(ahead).toBeLessThanOrEqual(2 * window - 1);
          } else if (owed > 0) {
            owed -= 1;
            into.grant(flushes);
            flushes += 1;
            expect(out.onResponse()).toBe(true);
            ahead = Math.max(0, ahead - window);
          }
        }
        // Once everything is granted the sender can always go on.
        for (; owed > 0; owed -= 1) out.onResponse();
        expect(out.canSend).toBe(true);
        expect(out.onResponse()).toBe(false);
      }),
    );
  });

  it('a grant counts when it has left, not before', () => {
    const into = new PacingIn(1);
    expect(into.take(true, 5)).toBe(undefined);
    into.grant(5);
    expect(into.take(true, 5)).toBe('PACING_EXCEEDED');
    expect(into.take(true, 6)).toBe(undefined);
  });
});

describe('chain buffers', () => {
  it('that are released are the next of any session, and not while a chain is in them', () => {
    const spares = new ChainSpares();
    const [first, second] = [new ChainBuffer(spares), new ChainBuffer(spares)];
    const write = (chain: ChainBuffer, text: string): void => {
      chain.write(Buffer.from(text), 0, text.length, chain.end);
      chain.length += text.length;
    };
    write(first, 'first');
    write(second, 'second');
    const { bytes } = first;
    expect(second.bytes).not.toBe(bytes);
    first.release();
    expect([first.length, first.bytes.length]).toEqual([0, 0]);
    const third = new ChainBuffer(spares);
    write(third, 'third');
    expect(third.bytes).toBe(bytes);
    write(first, 'again');
    expect(first.bytes).not.toBe(bytes);
    const texts = [first, second, third].map((chain) => chain.bytes.toString('latin1', 9, chain.end));
    expect(texts).toEqual(['again', 'second', 'third']);
  });

  it('are kept in limits: eight, and none over 1 MB', () => {
    const spares = new ChainSpares();
    const given: Buffer[] = Array.from({ length: 10 }, () => Buffer.alloc(5000));
    for (const bytes of [Buffer.alloc(1_048_577), ...given]) spares.give(bytes);
    const taken = Array.from({ length: 11 }, () => spares.take(5000));
    expect(taken.filter((bytes) => given.includes(bytes))).toHaveLength(8);
    expect(taken.every((bytes) => bytes.length === 5000)).toBe(true);
  });
});

describe('reassembly', () => {
  it('gives back what was cut, however it was cut', () => {
    const property = fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 600 }),
      fc.integer({ min: 1, max: 100 }),
      (ru, size) => {
        const chain = new ChainBuffer();
        const before = Buffer.from('the RU before it');
        chain.write(before, 0, before.length, chain.end);
        chain.length = before.length;
        const segments = new Reassembly(chain, 10_000);
        const header = Buffer.from('2800010200070390a0', 'hex');
        let outcome = segments.take(Buffer.concat([header, ru.subarray(0, size)]), 0, 9 + Math.min(size, ru.length));
        for (let at = size; at < ru.length; at += size) {
          const isLast = at + size >= ru.length;
          const piu = Buffer.concat([Buffer.from([isLast ? 0x24 : 0x20, 0, 1, 2, 0, 7]), ru.subarray(at, at + size)]);
          outcome = segments.take(piu, 0, piu.length);
        }
        if (ru.length <= size) expect(outcome).toBe('held');
        else {
          expect(outcome).toBe('whole');
          const biu = chain.bytes.subarray(chain.length, chain.length + segments.length);
          expect(biu.equals(Buffer.concat([Buffer.from('2c00010200070390a0', 'hex'), ru]))).toBe(true);
          chain.uncover();
          const both = chain.bytes.subarray(9, chain.end + ru.length);
          expect(both.equals(Buffer.concat([before, ru]))).toBe(true);
        }
      },
    );
    fc.assert(property);
  });

  it('has a limit', () => {
    const segments = new Reassembly(new ChainBuffer(), 20);
    expect(segments.take(Buffer.from('2800010200070390a04142', 'hex'), 0, 11)).toBe('held');
    expect(segments.take(Buffer.concat([Buffer.from('200001020007', 'hex'), Buffer.alloc(10)]), 0, 16)).toBe('error');
    expect(segments.isOpen).toBe(false);
  });
});

describe('requests that wait for a response', () => {
  const definite = (snf: number, chainFrom = snf) => ({ snf, chainFrom, form: 0x80, code: -1 });

  it('matches number, form and order', () => {
    const sent = new SentRequests();
    sent.sentDefinite(definite(1));
    sent.sentDefinite(definite(2));
    expect(sent.match(3, 0x80, true)).toBe('RESPONSE_UNEXPECTED');
    expect(sent.match(2, 0x80, true)).toBe('RESPONSE_ORDER');
    expect(sent.match(1, 0x20, true)).toBe('RESPONSE_FORM');
    sent.sentDefinite(definite(65535));
    expect(sent.match(65535, 0x80, true)).toMatchObject({ snf: 65535 });
    expect(sent.isWaiting).toBe(false);
  });

  it('a negative response to any RU of a chain settles the chain', () => {
    const sent = new SentRequests();
    sent.sentException(65534, 0x90);
    sent.sentException(65535, 0x90);
    sent.sentDefinite(definite(0, 65534));
    expect(sent.match(65535, 0x90, false)).toMatchObject({ snf: 0 });
    expect(sent.isWaiting).toBe(false);
  });

  it('exception requests take negative responses only, as long as they may still come', () => {
    const sent = new SentRequests();
    for (let snf = 1; snf <= 40; snf += 1) sent.sentException(snf, 0x90);
    expect(sent.match(7, 0x80, true)).toBe('RESPONSE_UNEXPECTED');
    expect(sent.match(7, 0x90, false)).toMatchObject({ snf: 7 });
    expect(sent.match(41, 0x90, false)).toBe('RESPONSE_UNEXPECTED');
    sent.sentDefinite(definite(41));
    expect(sent.match(41, 0x80, true)).toMatchObject({ snf: 41 });
    expect(sent.match(7, 0x90, false)).toBe('RESPONSE_UNEXPECTED');
  });
});

describe('transition tables', () => {
  it('every state but the last one of a circuit can be left, and be reached', () => {
    const reached = new Set<string>([
      'EXPLORING',
      'CIRCUIT_PENDING',
      ...CIRCUIT_MACHINE.rows.map(([, , next]) => next),
    ]);
    const left = new Set<string>(CIRCUIT_MACHINE.rows.map(([from]) => from));
    expect([...reached].filter((state) => !left.has(state))).toEqual(['ENDED']);
    expect([...left].filter((state) => !reached.has(state))).toEqual([]);
  });

  it('a session comes back to RESET from wherever it is when the link is lost', () => {
    const states = new Set(PRIMARY_MACHINE.rows.map(([from]) => from));
    states.delete('RESET');
    expect([...states].map((state) => PRIMARY_MACHINE.step(state, 'LOST')?.next)).toEqual(
      Array(states.size).fill('RESET'),
    );
  });
});

describe('whatever comes', () => {
  /** A PIU that gets past the path checks more often than random bytes would. */
  const piu = fc
    .tuple(
      fc.constantFrom(0x2c, 0x2d, 0x28, 0x20, 0x24, 0x3c),
      fc.constantFrom(0, 1, 2),
      fc.constantFrom(0, 2, 3, 9),
      fc.integer({ min: 0, max: 4 }),
      fc.uint8Array({ minLength: 0, maxLength: 30 }),
      fc.constantFrom('0390a0', '6b8000', '4b8000', '0b8000', '838000', 'eb8000', 'cb8000', '879000', ''),
    )
    .map(([th0, daf, oaf, snf, rest, rh]) =>
      Buffer.concat([Buffer.from([th0, 0, daf, oaf, 0, snf]), Buffer.from(rh, 'hex'), rest]),
    );

  it('never throws, and every PIU is either in order or booked', () => {
    fc.assert(
      fc.property(fc.array(piu, { minLength: 1, maxLength: 25 }), (pius) => {
        const fixture = hostWith({ dlsw: { window: 65535 } }, { auto: false });
        fixture.pu.auto = true;
        fixture.pu.up();
        logon(fixture, 2, 'ECHO');
        for (const one of pius) fixture.pu.piu(one);
        const errors = fixture.node.errors;
        expect(errors.list().length).toBe(Math.min(200, errors.count));
        expect(fixture.node.pus.get('PU1A')!.piusIn).toBeGreaterThanOrEqual(pius.length);
      }),
      { numRuns: 300 },
    );
  });

  it('goes on with other sessions after one was ended for a mistake', () => {
    const fixture = hostWith();
    fixture.pu.up();
    logon(fixture, 2, 'ECHO');
    logon(fixture, 3, 'ECHO');
    fixture.pu.piu(request(2, 1, 9, '0390a0', Buffer.from('AB')));
    fixture.pu.drain();
    fixture.pu.piu(request(3, 1, 1, '0390a0', Buffer.from('AB')));
    expect(fixture.pu.drain().map(({ daf, ru }) => [daf, ru.toString()])).toEqual([[3, 'AB']]);
    logon(fixture, 2, 'ECHO');
    expect(fixture.node.lus.get('LU2')?.session?.state).toBe('ACTIVE');
  });
});
