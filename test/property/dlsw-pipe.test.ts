import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimulatedClock, type SimulatedClock } from '../../src/base/clock.js';
import { OutBlock } from '../../src/base/out-block.js';
import { createSeededPrng, type Prng } from '../../src/base/prng.js';
import type { DlswOptions } from '../../src/config/model.js';
import { SspFramer, splitSsp } from '../../src/dlsw/framing.js';
import { type Circuit, type CircuitAddress, DlswPeer, type PeerOutput } from '../../src/dlsw/peer.js';
import { SSP } from '../../src/dlsw/ssp.js';
import { DLSW, HOST, PU, TIMERS, XID0 } from '../unit/dlsw/harness.js';

/**
 * Counts credit on the wire, by the rules of RFC 1795 section 8 and from the bytes alone: what one end may send grows
 * when an indication has reached it, and shrinks with each INFOFRAME that leaves it.
 */
class CreditWatch {
  /** By the sender's peer id of the circuit, which names the circuit in frames that leave this end. */
  private readonly granted = new Map<number, number>();
  private readonly window: number;
  readonly overdrawn: string[] = [];
  infoFrames = 0;
  mostInARow = 0;
  private inARow = 0;

  /** @param window control vector 83 of the other end */
  constructor(window: number) {
    this.window = window;
  }

  /** A message of the circuit that leaves this end with `peerId` has brought an indication, always a repeat here. */
  arrived(peerId: number): void {
    this.granted.set(peerId, (this.granted.get(peerId) ?? 0) + this.window);
    this.inARow = 0;
  }

  left(peerId: number): void {
    const left = (this.granted.get(peerId) ?? 0) - 1;
    this.granted.set(peerId, left);
    this.infoFrames += 1;
    this.inARow += 1;
    this.mostInARow = Math.max(this.mostInARow, this.inARow);
    if (left < 0) this.overdrawn.push(`circuit ${peerId}: ${left}`);
  }
}

interface Settings {
  readonly clock: SimulatedClock;
  readonly prng: Prng;
  readonly delayMaxMs: number;
  readonly dlsw: Partial<DlswOptions>;
}

/** One end: a DlswPeer, its way out through a slow wire that cuts as it likes, and the watch on what it sends. */
class End {
  readonly peer: DlswPeer;
  readonly out = new OutBlock(128);
  readonly watch: CreditWatch;
  readonly failures: string[] = [];
  onUp: () => void = () => undefined;
  other: End | undefined;
  /** Our correlator of a circuit -> the other's, as the wire has shown them. */
  readonly peerIds: Map<number, number>;
  private readonly settings: Settings;
  private readonly wire: Buffer[] = [];
  private readonly watcher: SspFramer;

  constructor(settings: Settings, otherWindow: number, peerIds: Map<number, number>) {
    this.settings = settings;
    this.watch = new CreditWatch(otherWindow);
    this.peerIds = peerIds;
    this.watcher = new SspFramer((bytes, from) => this.arriving(bytes, from));
    const output: PeerOutput = {
      out: this.out,
      wantsFlush: () => settings.clock.soon(() => this.flush()),
      up: () => this.onUp(),
      failed: (error) => void this.failures.push(error.code),
    };
    const { clock } = settings;
    const options = {
      dlsw: { ...DLSW, ...settings.dlsw },
      timers: TIMERS,
      clock,
      backlogMax: 100_000,
      piuSizeMax: 2048,
    };
    this.peer = new DlswPeer(options, output);
  }

  flush(): void {
    const block = this.out.take();
    if (!block) return;
    const bytes = Buffer.from(block);
    this.out.recycle(block);
    for (const message of splitSsp(bytes)) {
      if (message[14] === SSP.INFOFRAME) this.watch.left(message.readUInt32BE(4));
    }
    for (let at = 0; at < bytes.length; ) {
      const to = Math.min(bytes.length, at + 1 + Math.floor(this.settings.prng() ** 3 * 900));
      this.carry(bytes.subarray(at, to));
      at = to;
    }
  }

  /** Over the wire after a while of its own; the queue keeps the order, whatever the timers do. */
  private carry(piece: Buffer): void {
    const { clock, prng, delayMaxMs } = this.settings;
    this.wire.push(piece);
    clock.after(prng() * delayMaxMs, () => {
      const next = this.wire.shift()!;
      const { other } = this;
      // What it has written by now it was allowed by what came before: count that first.
      other!.flush();
      other!.watcher.push(next);
      other!.peer.received(next);
    });
  }

  /** A message is complete here: does it bring credit for what we send? */
  private arriving(bytes: Buffer, from: number): void {
    const type = bytes[from + 14]!;
    const ourId = bytes.readUInt32BE(from + 4);
    if (type === SSP.ICANREACH && bytes[from + 21] === 0) this.peerIds.set(ourId, bytes.readUInt32BE(from + 60));
    if (type === SSP.REACH_ACK) this.peerIds.set(ourId, bytes.readUInt32BE(from + 48));
    if ((bytes[from + 15]! & 0x80) !== 0) this.watch.arrived(this.peerIds.get(ourId)!);
  }
}

/** PIU number `seq` of `size` bytes, 8 at least: the number, then bytes that follow from it. */
function fillPiu(buffer: Buffer, at: number, seq: number, size: number): void {
  buffer.writeUInt32BE(seq, at);
  buffer.writeUInt32BE(size, at + 4);
  for (let index = 8; index < size; index += 1) buffer[at + index] = (seq * 31 + index) & 0xff;
}

/** A stream of PIUs one way on one circuit: sends bursts as time goes, and checks what arrives. */
class PiuStream {
  sent = 0;
  received = 0;
  readonly faults: string[] = [];

  send(circuit: Circuit, count: number, prng: Prng): void {
    for (let index = 0; index < count; index += 1) {
      const size = 8 + Math.floor(prng() ** 2 * 1200);
      const buffer = circuit.reservePiu(size);
      fillPiu(buffer, circuit.at, this.sent, size);
      this.sent += 1;
    }
  }

  take(bytes: Buffer, from: number, to: number): void {
    const seq = bytes.readUInt32BE(from);
    if (seq !== this.received) this.faults.push(`expected ${this.received}, got ${seq}`);
    if (bytes.readUInt32BE(from + 4) !== to - from) this.faults.push(`size of ${seq}`);
    for (let at = from + 8; at < to; at += 1) {
      if (bytes[at] !== ((seq * 31 + at - from) & 0xff)) this.faults.push(`bytes of ${seq}`);
    }
    this.received += 1;
  }
}

interface Plan {
  readonly seed: number;
  readonly puWindow: number;
  readonly hostWindow: number;
  readonly circuits: number;
  readonly pius: number;
  readonly delayMaxMs: number;
  readonly isStrict: boolean;
}

/** Bring circuits up between a PU side and a host side, send PIUs both ways, and give what was seen. */
function converse(plan: Plan) {
  const clock = createSimulatedClock();
  const prng = createSeededPrng(plan.seed);
  const rules = { enforceCredit: plan.isStrict, requireFca: plan.isStrict };
  const settings = { clock, prng, delayMaxMs: plan.delayMaxMs };
  const pu = new End({ ...settings, dlsw: { ...rules, window: plan.puWindow } }, plan.hostWindow, new Map());
  const host = new End({ ...settings, dlsw: { ...rules, window: plan.hostWindow } }, plan.puWindow, new Map());
  pu.other = host;
  host.other = pu;
  const ends: string[] = [];
  const streams: { readonly up: PiuStream; readonly down: PiuStream }[] = [];

  function begin(circuit: Circuit, stream: PiuStream): void {
    const step = (): void => {
      const count = Math.min(plan.pius - stream.sent, Math.floor(prng() * 40));
      stream.send(circuit, count, prng);
      if (stream.sent < plan.pius) clock.after(prng() * 3, step);
    };
    step();
  }
  function handler(get: () => Circuit, sends: PiuStream, takes: PiuStream) {
    return {
      connected: () => begin(get(), sends),
      piu: (bytes: Buffer, from: number, to: number) => takes.take(bytes, from, to),
      restarted: () => void ends.push('restarted'),
      disconnected: (error: { readonly code: string }) => void ends.push(error.code),
    };
  }

  for (let index = 0; index < plan.circuits; index += 1) {
    const pair = { up: new PiuStream(), down: new PiuStream() };
    streams.push(pair);
    const hostEnd: CircuitAddress = { ...HOST, remoteSap: 4 + 4 * index };
    const ours: Circuit = host.peer.awaitCircuit(
      hostEnd,
      XID0,
      handler(() => ours, pair.down, pair.up),
      { isPrimary: true },
    );
  }
  pu.onUp = () => {
    streams.forEach((pair, index) => {
      const puEnd: CircuitAddress = { ...PU, localSap: 4 + 4 * index };
      const ours: Circuit = pu.peer.openCircuit(
        puEnd,
        XID0,
        handler(() => ours, pair.up, pair.down),
      );
    });
  };
  pu.peer.connected();
  host.peer.connected();
  clock.advance(60_000);
  return { pu, host, ends, streams, clock };
}

function expectWhole(plan: Plan): ReturnType<typeof converse> {
  const seen = converse(plan);
  expect(seen.ends).toEqual([]);
  expect([...seen.pu.failures, ...seen.host.failures]).toEqual([]);
  for (const { up, down } of seen.streams) {
    expect([up.sent, up.received, up.faults]).toEqual([plan.pius, plan.pius, []]);
    expect([down.sent, down.received, down.faults]).toEqual([plan.pius, plan.pius, []]);
  }
  for (const { watch } of [seen.pu, seen.host]) {
    expect(watch.overdrawn).toEqual([]);
    expect(watch.infoFrames).toBe(plan.circuits * plan.pius);
  }
  return seen;
}

describe('two peers over a pipe', () => {
  it.each([1, 2, 3, 7, 20, 500])('window %i: thousands of PIUs both ways, none lost, none out of order', (window) => {
    const plan = { puWindow: window, hostWindow: window, circuits: 2, pius: 2000, delayMaxMs: 2, isStrict: true };
    const { pu, host } = expectWhole({ ...plan, seed: window });
    // Half a window and a grant on top of it is the most that can be under way on each of the two circuits.
    const most = 2 * (window + Math.floor(window / 2));
    expect(pu.watch.mostInARow).toBeLessThanOrEqual(most);
    expect(host.watch.mostInARow).toBeLessThanOrEqual(most);
  });

  it('any windows, circuits, delays and chunks', () => {
    const plan: fc.Arbitrary<Plan> = fc.record({
      seed: fc.integer(),
      puWindow: fc.integer({ min: 1, max: 12 }),
      hostWindow: fc.integer({ min: 1, max: 12 }),
      circuits: fc.integer({ min: 1, max: 4 }),
      pius: fc.integer({ min: 0, max: 60 }),
      delayMaxMs: fc.constantFrom(0, 0.1, 5, 50),
      isStrict: fc.boolean(),
    });
    fc.assert(
      fc.property(plan, (one) => void expectWhole(one)),
      { numRuns: 300 },
    );
  });
});
