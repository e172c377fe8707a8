import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHostLinkError } from '../../src/base/errors.js';
import { createSeededPrng } from '../../src/base/prng.js';
import { DEFER_RESPONSE, HalfSession } from '../../src/fsm/half-session.js';
import { LU_LU_STATES } from '../../src/fsm/lu-lu.js';
import { bindImage, RecordingPort } from '../unit/fsm/recording-port.js';

/** One BIU of a careless partner: often nearly right, so that it gets far. */
const bius = fc.record({
  isExpedited: fc.boolean(),
  /** Added to the right sequence number. */
  drift: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 77),
  category: fc.constantFrom(0x00, 0x00, 0x00, 0x40, 0x40, 0x60, 0x60, 0x20),
  rri: fc.constantFrom(0, 0, 0, 0, 0x80),
  element: fc.constantFrom(3, 3, 3, 2, 1, 0),
  fi: fc.constantFrom(0, 0x08),
  sdi: fc.constantFrom(0, 0, 0, 0, 0, 0x04),
  rh1: fc.constantFrom(0x80, 0x90, 0x81, 0x91, 0x20, 0x30, 0x00, 0x10, 0xff),
  rh2: fc.constantFrom(0, 0, 0x80, 0x40, 0x20, 0xa0, 0x60, 0x01, 0x0e),
  ru: fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc
      .constantFrom(
        ...['a0', 'a1', 'a2f000070009', '3201', '3202', '32fe20020000', 'c90001', 'c900010000', 'c0', 'c1', '80', '82'],
        ...['83', '84', 'c8', '05', '0400060000', '70', '71', '81', '0d0101', '08120000', '080b0000c8', '08140000c8'],
      )
      .map((text) => Uint8Array.from(Buffer.from(text, 'hex'))),
    fc.constantFrom(bindImage(), bindImage({ fm: 4, ts: 4, traffic: 0 }), bindImage({ fm: 2, ts: 2 })),
  ),
  action: fc.integer({ min: 0, max: 40 }),
});

/** Sessions without chains take no long payload, and say so. */
function trySend(session: HalfSession, payload: Uint8Array, size: number, flags: number): void {
  try {
    session.sendChain(payload, 0, size, flags);
  } catch (error) {
    expect(toHostLinkError(error).code).toBe('PAYLOAD_TOO_LONG');
  }
}

/** What the local side does meanwhile. */
function actLocally(session: HalfSession, action: number): void {
  const payload = new Uint8Array(300);
  if (action < 5) trySend(session, payload, action === 0 ? 300 : 9, action);
  else if (action === 5) session.sendUnbind(1);
  else if (action === 6) session.reset('link lost');
  else if (action === 7) session.sendRshutd();
  else if (action === 8) session.sendLustat(0x00060000);
  else if (action === 9) session.sendSignal(1);
  else if (action === 10) session.respond(0x08120000);
  else if (action === 11) session.respond(0);
  else if (action === 12) session.cancelChain();
  else if (action === 13) session.initiated();
}

describe('a half-session against a careless partner', () => {
  it('never throws, stays in a state of the list, and answers what asks for an answer', { timeout: 120_000 }, () => {
    const states = new Map<string, number>();
    let negatives = 0;
    fc.assert(
      fc.property(fc.array(bius, { minLength: 1, maxLength: 25 }), fc.integer(), (sequence, seed) => {
        const port = new RecordingPort();
        const chance = createSeededPrng(seed);
        port.answers.push(...sequence.map(() => (chance() < 0.2 ? DEFER_RESPONSE : chance() < 0.1 ? 0x08120000 : 0)));
        const session = new HalfSession(port, 'LU0', { seqCheck: 'strict', replyBindImage: 'negotiable' });
        const image = bindImage({ fm: 4, ts: 4, sendWindow: seed & 3, traffic: seed & 0x90 });
        session.receive(true, 1, 0x6b, 0x80, 0, image, 0, image.length);
        session.receive(true, 2, 0x6b, 0x80, 0, Uint8Array.of(0xa0), 0, 1);
        let snf = 0;
        for (const biu of sequence) {
          actLocally(session, biu.action);
          port.take();
          const before = session.state;
          const isRequest = biu.rri === 0;
          if (isRequest && !biu.isExpedited) snf = (snf + 1) & 0xffff;
          const at = (snf + biu.drift) & 0xffff;
          const rh0 = biu.rri | biu.category | biu.element | biu.fi | biu.sdi;
          session.receive(biu.isExpedited, at, rh0, biu.rh1, biu.rh2, biu.ru, 0, biu.ru.length);
          const responses = port.sentPius.filter((piu) => (piu.rh[0] & 0x80) !== 0 && (piu.rh[1] & 0xb0) !== 0);
          expect(LU_LU_STATES).toContain(session.state);
          states.set(session.state, (states.get(session.state) ?? 0) + 1);
          expect(responses.length).toBeLessThanOrEqual(isRequest ? 1 : 0);
          for (const { rh, ru, ...th } of responses) {
            expect({ snf: th.snf, isExpedited: th.isExpedited }).toEqual({ snf: at, isExpedited: biu.isExpedited });
            if ((rh[1] & 0x10) === 0) continue;
            negatives += 1;
            expect(rh[0] & 0x04).toBe(0x04);
            expect(Buffer.from(ru).readUInt32BE(0)).toBeGreaterThan(0);
          }
          // The expedited flow answers at once, whatever it is asked.
          const asks = (biu.rh1 & 0xa0) !== 0 && (biu.rh1 & 0x10) === 0;
          if (isRequest && biu.isExpedited && asks && before !== 'UNBINDING') expect(responses.length).toBe(1);
        }
        if (!session.state.startsWith('UNBIND')) session.reset('end');
        expect(session.state === 'RESET' || session.state === 'UNBINDING').toBe(true);
      }),
      { numRuns: 10_000 },
    );
    expect(negatives).toBeGreaterThan(5000);
    for (const state of ['ACTIVE', 'BOUND', 'QUIESCED', 'CLOSING', 'UNBINDING', 'RESET', 'WAIT_BIND']) {
      expect(states.get(state), state).toBeGreaterThan(20);
    }
  });
});
