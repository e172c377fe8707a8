import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { HostLinkError } from '../../../src/base/errors.js';
import { LinkLoss, type LossOptions } from '../../../src/cli/demo-loss.js';
import { Executed } from '../../../src/cli/executed.js';
import type { HostLink } from '../../../src/gateway/host-link.js';
import type { LedgerRow } from '../../../src/host/ledger.js';
import { linkConfig } from '../../helpers/link-config.js';

type Answer = (payload: Uint8Array) => Promise<Uint8Array>;

const ECHO: Answer = async (payload) => Buffer.from(payload);

/** A runtime that answers as the test says, and a link of two sessions. */
function scene(options: Partial<LossOptions> = {}) {
  const clock = createSimulatedClock();
  const events = new EventEmitter();
  const runtime = { answer: ECHO, forwarded: 5 };
  const hostlink = Object.assign(events, {
    call: async (_: string, payload: Uint8Array) => {
      await new Promise<void>((resolve) => clock.after(10, resolve));
      return runtime.answer(payload);
    },
    stats: () => ({ dispatch: { forwarded: runtime.forwarded } }),
  }) as unknown as HostLink;
  const done: string[] = [];
  const loss = new LinkLoss(hostlink, clock, linkConfig(), {
    service: 'ECHO',
    payloadBytes: 64,
    inFlight: 3,
    firstNumber: 100,
    timeoutMs: 1000,
    cut: () => void done.push('cut'),
    onProgress: (text) => void done.push(text),
    ...options,
  });
  const tell = (name: string, link = 'LINK1') => events.emit('event', { name, link, workerId: 0, details: {} });
  /** Let time pass, and all that follows from it. */
  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 10) {
      clock.advance(10);
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    }
  }
  return { clock, done, loss, runtime, tell, pass, events };
}

describe('loss of a link under load', () => {
  it('times and counts, from the cut to the last session', async () => {
    const { done, loss, runtime, tell, pass, events, clock } = scene();
    const running = loss.run();
    tell('link.down');
    await pass(20);
    expect(done, 'what came before the cut does not count').toEqual(['cut']);
    runtime.answer = () => Promise.reject(new HostLinkError('OUTCOME_UNKNOWN'));
    await pass(10);
    runtime.answer = ECHO;
    tell('link.down', 'LINK2');
    tell('link.down');
    await pass(10);
    runtime.forwarded += 4;
    tell('session.active');
    await pass(10);
    tell('session.active', 'LINK2');
    tell('session.active');
    await pass(20);
    expect(await running).toMatchObject({
      link: 'LINK1',
      sessions: 2,
      noticedMs: 10,
      firstBackMs: 20,
      allBackMs: 30,
      unknown: 3,
      forwarded: 4,
      servedMeanwhile: 3,
      failed: 0,
      faults: [],
    });
    expect(done).toEqual(['cut', 'link LINK1 is lost; 3 calls stay under way', 'its first session is back']);
    expect(events.listenerCount('event')).toBe(0);
    expect(clock.pending()).toBe(0);
  });

  it('another error, or another reply, is a fault', async () => {
    const { loss, runtime, tell, pass } = scene({ inFlight: 1 });
    const running = loss.run();
    await pass(20);
    runtime.answer = () => Promise.reject(new HostLinkError('CALL_TIMEOUT'));
    await pass(10);
    runtime.answer = async () => Buffer.from('something else');
    await pass(10);
    runtime.answer = ECHO;
    tell('link.down');
    tell('session.active');
    tell('session.active');
    await pass(20);
    const { failed, faults } = await running;
    expect(failed).toBe(2);
    expect(faults).toEqual([
      expect.stringContaining('call 102: CALL_TIMEOUT'),
      'call 103: another reply than what was sent',
    ]);
  });

  it('a link that does not come back in time is an error, and the calls end', async () => {
    const { loss, tell, pass, clock } = scene();
    const running = loss.run();
    running.catch(() => {});
    await pass(20);
    tell('session.active');
    await pass(1020);
    await expect(running).rejects.toMatchObject({ code: 'SESSION_WAIT_TIMEOUT', details: { sessions: 1, total: 2 } });
    expect(clock.pending()).toBe(0);
  });
});

describe('the book of executed requests', () => {
  it('counts those of its application that were executed before', () => {
    const executed = new Executed('ECHO');
    const execute = (application: string, text: string): void => {
      const bytes = Buffer.from(`..${text}`);
      executed.onLedger({ application } as LedgerRow, bytes, 2, bytes.length);
    };
    for (const text of ['one', 'two', 'one', '16 bytes are it: more do not', '16 bytes are it: count'])
      execute('ECHO', text);
    execute('SUM', 'two');
    expect(executed.report()).toEqual({ application: 'ECHO', requests: 5, repeated: 2 });
  });
});
