import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { HostLinkError } from '../../../src/base/errors.js';
import { checkServices } from '../../../src/cli/demo-checks.js';
import { EchoLoad, fillPayload, percentile } from '../../../src/cli/demo-load.js';
import type { HostLinkConfig } from '../../../src/config/model.js';
import type { CallOptions } from '../../../src/gateway/call-options.js';

type Answer = (payload: Buffer, call: number) => Promise<Uint8Array>;

async function load(answer: Answer, calls = 100, inFlight = 8) {
  const clock = createSimulatedClock();
  const seen: string[] = [];
  let under = 0;
  let most = 0;
  const done: number[] = [];
  const caller = {
    async call(_service: string, payload: Uint8Array | string, _options?: CallOptions) {
      const bytes = Buffer.from(payload as Uint8Array);
      seen.push(bytes.toString('hex'));
      under += 1;
      most = Math.max(most, under);
      const number = seen.length - 1;
      await null;
      clock.advance(number % 10 === 0 ? 5 : 1);
      under -= 1;
      return answer(bytes, number);
    },
  };
  const options = {
    service: 'ECHO',
    calls,
    payloadBytes: 64,
    inFlight,
    onProgress: (count: number) => done.push(count),
  };
  const result = await new EchoLoad(caller, clock, options).run();
  return { result, seen, most, done };
}

describe('EchoLoad', () => {
  it('makes every call with a payload of its own, so many at once, and counts what is right', async () => {
    const { result, seen, most, done } = await load(async (payload) => payload);
    expect(result).toMatchObject({ calls: 100, failed: 0, wrong: 0, faults: [] });
    expect(new Set(seen).size).toBe(100);
    expect(most).toBe(8);
    expect(done.at(-1)).toBe(100);
    expect(result.callsPerSecond).toBeCloseTo((100 * 1000) / result.elapsedMs);
    expect(result.p50Ms).toBeGreaterThan(0);
    expect(result.p99Ms).toBeGreaterThanOrEqual(result.p50Ms);
  });

  it('finds a reply that is another call’s, cut short, or changed in one byte', async () => {
    let last: Buffer = Buffer.alloc(64);
    const swapped = await load(async (payload) => {
      const before = last;
      last = payload;
      return before;
    });
    expect(swapped.result.wrong).toBe(100);
    expect(swapped.result.faults).toHaveLength(5);
    const short = await load(async (payload, call) => (call === 3 ? payload.subarray(1) : payload));
    expect(short.result).toMatchObject({ wrong: 1, failed: 0 });
    const changed = await load(async (payload, call) => {
      if (call === 50) payload[63]! ^= 1;
      return payload;
    });
    expect(changed.result.wrong).toBe(1);
  });

  it('counts calls that fail, and says how the first few did', async () => {
    const { result } = await load(async (payload, call) => {
      if (call < 7) throw new HostLinkError('QUEUE_FULL');
      return payload;
    });
    expect(result).toMatchObject({ failed: 7, wrong: 0 });
    expect(result.faults).toHaveLength(5);
    expect(result.faults[0]).toMatch(/^call \d: QUEUE_FULL: /);
  });
});

describe('fillPayload and percentile', () => {
  it('fill every byte from the number', () => {
    const [one, two] = [1, 2].map((number) => {
      const payload = Buffer.from(new ArrayBuffer(1024));
      fillPayload(payload, number);
      return payload;
    });
    expect(one!.equals(two!)).toBe(false);
    expect(one!.readUInt32LE(0)).toBe(1);
    const zeros = one!.filter((byte) => byte === 0).length;
    expect(zeros).toBeLessThan(64);
  });

  it('take the nearest rank', () => {
    const sorted = Float64Array.from({ length: 100 }, (_, index) => index + 1);
    expect([percentile(sorted, 0.5), percentile(sorted, 0.99), percentile(sorted, 1)]).toEqual([50, 99, 100]);
    expect(percentile(new Float64Array(0), 0.5)).toBe(0);
  });
});

describe('checkServices', () => {
  const config = { services: [{ name: 'UPPER' }, { name: 'SLOW' }, { name: 'OTHER' }] } as unknown as HostLinkConfig;

  it('asks the services that are there, and tells which answered wrongly', async () => {
    const right = await checkServices({
      config,
      call: async (_service, payload) => payload as Uint8Array,
      callText: async (_service, text) => text.toUpperCase(),
    });
    expect(right).toEqual([
      { name: 'UPPER', fault: '' },
      { name: 'SLOW', fault: '' },
    ]);
    const wrong = await checkServices({
      config,
      call: async () => Promise.reject(new HostLinkError('CALL_TIMEOUT')),
      callText: async (_service, text) => text,
    });
    expect(wrong.map(({ name, fault }) => [name, fault.split(':')[0]])).toEqual([
      ['UPPER', "'hello, host'"],
      ['SLOW', 'CALL_TIMEOUT'],
    ]);
  });
});
