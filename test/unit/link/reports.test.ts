import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { createLog } from '../../../src/base/log.js';
import { PiuRing } from '../../../src/link/piu-ring.js';
import { puConfig } from '../../helpers/link-config.js';
import { PuHarness } from '../../helpers/pu-harness.js';

const WRONG_SNF = '2c0002090063 039000 c1c2c3c4';
const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

function ringOf(
  capacity: number,
  payload = false,
): { ring: PiuRing; add: (hex: string, toHost?: boolean, pu?: number) => void } {
  const ring = new PiuRing(capacity, createSimulatedClock(), payload);
  const add = (hex: string, toHost = false, pu = 0): void => {
    // In the middle of something larger, as on the wire.
    const around = Buffer.concat([bytesOf('ffff'), bytesOf(hex), bytesOf('ffff')]);
    ring.add(toHost, pu, around, 2, around.length - 2);
  };
  return { ring, add };
}

describe('the ring of recent PIUs', () => {
  it('keeps the last ones, oldest first, each PU for itself', () => {
    const { ring, add } = ringOf(4);
    for (let snf = 1; snf <= 6; snf += 1) add(`2c000205000${snf} 039000`, snf % 2 === 0, snf === 5 ? 3 : 0);
    const lines = ring.linesOf(0, 16);
    expect(lines.map((line) => line.replace(/^\S+ /, '').replace(/\[\w+\]/, ''))).toEqual([
      'from host  05>02 0003 RQ only RQE1',
      'to host    05>02 0004 RQ only RQE1',
      'to host    05>02 0006 RQ only RQE1',
    ]);
    expect(ring.linesOf(3, 16)).toHaveLength(1);
    expect(ring.linesOf(1, 16)).toEqual([]);
    expect(ring.linesOf(0, 2).map((line) => line.includes('0003'))).toEqual([false, false]);
  });

  it('shows one LU with what concerns its PU, when asked to', () => {
    const { ring, add } = ringOf(16);
    add('2d0000000001 6b8000 11', false); // ACTPU
    add('2c0002090001 039000'); // to LU 2
    add('2c0003090001 039000'); // to LU 3
    add('2c0009020001 839000', true); // of LU 2
    add('2c0002030001 839000', true); // of LU 3, to a PLU of address 2
    add('4c00', false); // who knows whose
    const heads = (address?: number): (string | undefined)[] =>
      ring.linesOf(0, 16, address).map((line) => /\[(\w{12}|\w{2})/.exec(line)?.[1]);
    expect(heads(2)).toEqual(['2d0000000001', '2c0002090001', '2c0009020001', '4c']);
    expect(heads(3)).toEqual(['2d0000000001', '2c0003090001', '2c0002030001', '4c']);
    expect(heads()).toHaveLength(6);
  });

  it('keeps every byte of a PIU, however many there are', () => {
    const { ring, add } = ringOf(3, true);
    const piu = `2c0002050001039000${'c1e2f344'.repeat(13)}`;
    for (let size = 1; size <= 61; size += 1) {
      const kept = piu.slice(0, 2 * size);
      add(kept);
      expect(ring.linesOf(0, 1)[0]?.split(' ').at(-1)).toBe(kept);
    }
  });

  it('does not mix a short PIU with what was there before it', () => {
    const { ring, add } = ringOf(1, true);
    add(`2c0002050001 039000 ${'c1'.repeat(100)}`);
    expect(ring.linesOf(0, 1)[0]).toMatch(/100 bytes 2c0002050001039000(c1){55}\.\.\.$/);
    add('2c0002050002 838000');
    expect(ring.linesOf(0, 1)[0]).toMatch(/ 2c0002050002838000$/);
  });

  it('keeps a long PIU from the place of its neighbour', () => {
    const { ring, add } = ringOf(2, true);
    for (const piu of ['2c0002050001 838000', '2c0002050002 838000']) add(piu);
    add(`2c0002050003 039000 ${'c1'.repeat(100)}`);
    expect(ring.linesOf(0, 2)[0]).toMatch(/ 2c0002050002838000$/);
  });

  it('keeps no payload where none may be shown', () => {
    const { ring, add } = ringOf(2);
    add(`2c0002050001 039000 ${'c1'.repeat(100)}`);
    expect(ring.linesOf(0, 1)[0]).toMatch(/RQE1 100 bytes$/);
    add(`2c0002000001 8f9000 08010000 010681 ${'c1'.repeat(100)}`);
    expect(ring.linesOf(0, 1)[0]).toMatch(/ -RSP DR1 08010000 RESOURCE_NOT_AVAILABLE \(INIT_SELF\), 107 bytes$/);
  });

  it('reads the clock once per turn', () => {
    const clock = createSimulatedClock();
    const ring = new PiuRing(3, clock, false);
    const piu = bytesOf('2c0002050001 838000');
    const times = (): string[] => ring.linesOf(0, 3).map((line) => line.slice(20, 23));
    ring.add(false, 0, piu, 0, piu.length);
    clock.advance(5);
    ring.add(false, 0, piu, 0, piu.length);
    ring.nextTurn();
    ring.add(false, 0, piu, 0, piu.length);
    expect(times()).toEqual(['000', '000', '005']);
  });
});

interface Line {
  readonly msg: string;
  readonly pius?: string[];
  readonly suppressed?: number;
}

function session(recentPius: number): { harness: PuHarness; lines: Line[] } {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  const log = createLog({ level: 'info', levels: {}, payload: false }, {}, destination);
  const harness = new PuHarness({ pus: [puConfig(2)], recentPius }, 1000, log);
  harness.activate();
  harness.host('2c00020000018b8000010681', '2d00020900016b800031010303b1b03080000085c7000000000000000000000000000000');
  harness.host('2d00020900026b8000a0');
  return { harness, lines };
}

const eventsOf = (harness: PuHarness, name: string) =>
  harness.events.filter((event) => event.name === name).map((event) => event.details);

describe('a protocol error', () => {
  it('is told with the PIUs before it, decoded, down to the bad one and our answer', () => {
    const { harness, lines } = session(64);
    harness.host(WRONG_SNF);
    const [event] = eventsOf(harness, 'protocol.error');
    expect(event).toMatchObject({
      link: 'LINK1',
      pu: 'PU1',
      lu: 'LU002',
      kind: 'session',
      sense: '20010000',
      suppressed: 0,
    });
    const pius = event!.pius as string[];
    expect(pius.at(-2)).toContain('from host [2c0002090063039000] 09>02 0063 RQ only RQE1 4 bytes');
    expect(pius.at(-1)).toMatch(/to host .* 02>09 0063 -RSP DR1 20010000 SEQUENCE_NUMBER, 4 bytes$/);
    expect(pius.at(-3)).toMatch(/to host .*\+RSP DR1 SDT, 1 byte$/);
    expect(pius.some((line) => line.includes('BIND, 27 bytes'))).toBe(true);
    expect(lines.filter(({ msg }) => msg === 'piu.dump').map((line) => line.pius)).toEqual([pius]);
  });

  it('is none when the host activates an LU that is not configured here: it is told so', () => {
    const { harness, lines } = session(64);
    expect(harness.host('2d00090000026b80000d0101')).toEqual(['2d0000090002ef9000800400000d']);
    expect(harness.counters.protocolErrors).toBe(0);
    expect(lines.filter(({ msg }) => msg === 'protocol.error')).toEqual([]);
    harness.host('2d00090000036b80000e');
    expect(harness.counters.protocolErrors, 'another request to it is').toBe(1);
    expect(eventsOf(harness, 'protocol.error')).toMatchObject([{ kind: 'refused', lu: '', sense: '80040000' }]);
  });

  it('shows at most 16, of a ring as large as configured; none when there is no ring', () => {
    const shown = [0, 3, 64].map((recentPius) => {
      const { harness } = session(recentPius);
      for (let count = 0; count < 20; count += 1) harness.host('2d00020900036b8000a0');
      harness.clock.advance(1000);
      harness.host(WRONG_SNF);
      return (eventsOf(harness, 'protocol.error').at(-1)!.pius as string[]).length;
    });
    expect(shown).toEqual([0, 3, 16]);
  });

  it('is dumped once a second at most; those in between are counted, and all are lines of the log', () => {
    const { harness, lines } = session(64);
    for (let count = 0; count < 5; count += 1) harness.host(WRONG_SNF);
    harness.clock.advance(1000);
    harness.host(WRONG_SNF);
    expect(eventsOf(harness, 'protocol.error').map((details) => details.suppressed)).toEqual([0, 4]);
    expect(lines.filter(({ msg }) => msg === 'piu.dump').map((line) => line.suppressed)).toEqual([0, 4]);
    expect(lines.filter(({ msg }) => msg === 'protocol.error')).toHaveLength(6);
    expect(harness.counters.protocolErrors).toBe(6);
  });
});

describe('a reply that comes after its caller left', () => {
  it('is counted, told with how late it is, and given to nobody', () => {
    const { harness, lines } = session(64);
    harness.request(1, 'c1c2');
    harness.clock.advance(100);
    harness.sessions.calls.cancel(1);
    harness.clock.advance(1234);
    expect(harness.answered()).toEqual([]);
    harness.host('2c0002090001 039040 c1c2');
    expect(harness.answered()).toEqual([{ id: 1, status: 'reply', value: '' }]);
    const facts = { pu: 'PU1', lu: 'LU002', lateMs: 1234, suppressed: 0 };
    expect(eventsOf(harness, 'reply.late')).toMatchObject([{ link: 'LINK1', ...facts }]);
    expect(lines.filter(({ msg }) => msg === 'reply.late')).toMatchObject([facts]);
    expect(harness.counters.lateReplies).toBe(1);
    expect(harness.counters.replies).toBe(0);
  });
});
