import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileDense } from '../../../src/fsm/dense.js';
import { OwedResponses } from '../../../src/fsm/owed-responses.js';
import { ReceivePacing, SendPacing } from '../../../src/fsm/pacing.js';

describe('pacing of what we send (1.6)', () => {
  it('marks the first request of each window and stops at the end of the last one open', () => {
    const pacing = new SendPacing(3);
    expect([pacing.count(), pacing.count(), pacing.count()]).toEqual([true, false, false]);
    expect(pacing.canSend()).toBe(false);
    expect(pacing.open()).toBe(true);
    expect(pacing.open()).toBe(false);
    expect(pacing.credit()).toBe(3);
    expect(pacing.count()).toBe(true);
    expect(pacing.credit()).toBe(2);
    pacing.reset();
    expect(pacing.credit()).toBe(3);
    expect(pacing.open()).toBe(false);
  });

  it('without a window never stops, and takes no pacing response', () => {
    const pacing = new SendPacing(0);
    expect(pacing.credit()).toBe(Number.POSITIVE_INFINITY);
    expect([pacing.count(), pacing.canSend(), pacing.open()]).toEqual([false, true, false]);
  });

  it('has at most 2N-1 out since the last window it was granted, whatever the partner does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 63 }), fc.array(fc.boolean(), { maxLength: 300 }), (window, moves) => {
        const pacing = new SendPacing(window);
        let granted = window;
        let sent = 0;
        let owed = 0;
        for (const isSend of moves) {
          if (isSend && pacing.canSend()) {
            if (pacing.count()) owed += 1;
            sent += 1;
          } else if (!isSend && owed > 0) {
            owed -= 1;
            granted += window;
            expect(pacing.open()).toBe(true);
          }
          expect(sent).toBeLessThanOrEqual(granted);
          expect(pacing.credit()).toBe(granted - sent);
          expect(granted - sent).toBeLessThanOrEqual(2 * window - 1 + (sent === 0 ? 1 : 0));
        }
      }),
    );
  });
});

describe('pacing of what we receive (1.6)', () => {
  it('owes one answer per pacing request, and counts what came beyond the windows', () => {
    const pacing = new ReceivePacing(2);
    pacing.count(true);
    pacing.count(false);
    expect([pacing.take(), pacing.take()]).toEqual([true, false]);
    pacing.count(true);
    pacing.count(false);
    pacing.count(false);
    expect(pacing.overruns).toBe(1);
    pacing.reset();
    expect(pacing.isOwed).toBe(false);
  });

  it('answers a pacing request even without a window of its own', () => {
    const pacing = new ReceivePacing(0);
    pacing.count(true);
    expect(pacing.take()).toBe(true);
    expect(pacing.overruns).toBe(0);
  });
});

describe('responses owed', () => {
  const entry = { snf: 1, rh0: 3, rh1: 0x80, code: 0, endsBracket: false, givesDirection: false, hasPacing: false };

  it('go out oldest first, once decided', () => {
    const owed = new OwedResponses(3);
    owed.push({ ...entry, snf: 1 });
    owed.push({ ...entry, snf: 2 }, 0);
    owed.push({ ...entry, snf: 3 });
    expect(owed.isFull).toBe(true);
    expect(owed.take()).toBeUndefined();
    expect(owed.decide(7)).toBe(true);
    expect([owed.take(), owed.take(), owed.take()].map((one) => one && [one.snf, one.answer])).toEqual([
      [1, 7],
      [2, 0],
      undefined,
    ]);
    expect(owed.decide(0)).toBe(true);
    expect(owed.decide(0)).toBe(false);
    expect(owed.take()?.snf).toBe(3);
    expect(owed.take()).toBeUndefined();
  });
});

describe('compileDense', () => {
  it('refuses two rows for one state and event', () => {
    expect(() =>
      compileDense(
        'twice',
        ['A', 'B'],
        ['go'],
        [],
        [
          ['A', 'go', 'B'],
          ['A', 'go', 'A'],
        ],
      ),
    ).toThrow('two rows for A / go');
  });
});
