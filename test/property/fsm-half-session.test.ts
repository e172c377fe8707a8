import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeededPrng, type Prng } from '../../src/base/prng.js';
import { DEFER_RESPONSE, HalfSession, type HalfSessionPort, RECEIVED, SEND } from '../../src/fsm/half-session.js';
import { ModelPrimary } from '../unit/fsm/model-primary.js';
import { imageOf, type Piu, type Setup, text } from '../unit/fsm/model-setup.js';

/** The secondary under test, with a queue of chains to send and a program that answers now, later or negatively. */
class Secondary implements HalfSessionPort {
  readonly wire: Piu[] = [];
  readonly accepted: string[] = [];
  readonly delivered: string[] = [];
  readonly todo: Uint8Array[] = [];
  readonly errors: string[] = [];
  readonly session: HalfSession;
  deferred: (string | undefined)[] = [];
  private readonly chance: Prng;
  private readonly isContention: boolean;
  private current: { readonly payload: Uint8Array; readonly isDefinite: boolean } | undefined;
  private given: Uint8Array[] = [];
  /** All of the current chain is out: it cannot be given up any more. */
  private isOut = false;

  constructor(setup: Setup, chance: Prng) {
    this.chance = chance;
    this.isContention = setup.mode !== 'FLIP_FLOP';
    this.session = new HalfSession(this, 'LU0', { seqCheck: 'strict', replyBindImage: 'negotiable' });
  }
  transmit(
    isExpedited: boolean,
    snf: number,
    rh0: number,
    rh1: number,
    rh2: number,
    ru: Uint8Array,
    f: number,
    t: number,
  ) {
    this.wire.push({ isExpedited, snf, rh: [rh0, rh1, rh2], ru: ru.slice(f, t) });
  }
  received(bytes: Uint8Array, from: number, to: number, flags: number): number {
    if ((flags & RECEIVED.FIRST) !== 0) this.given = [];
    this.given.push(bytes.slice(from, to));
    if ((flags & RECEIVED.LAST) === 0) return 0;
    const whole = text(Buffer.concat(this.given));
    const isDefinite = (flags & RECEIVED.DEFINITE) !== 0;
    const dice = this.chance();
    if (isDefinite && dice < 0.1) return 0x08120000;
    this.accepted.push(whole);
    if (dice > 0.3) return 0;
    this.deferred.push(isDefinite ? whole : undefined);
    return DEFER_RESPONSE;
  }
  chainDiscarded(): void {
    this.given = [];
  }
  sent(): void {
    this.isOut = true;
    if (!this.current!.isDefinite) this.finish();
  }
  responded(senseData: number): void {
    if (senseData === 0) this.finish();
    else this.retry();
  }
  stateChanged(): void {}
  notice(): void {}
  protocolError(senseData: number, what: string): void {
    // A lost race is not a fault of anybody.
    const code = senseData >>> 16;
    if (code !== 0x080b && code !== 0x081b && code !== 0x0813 && code !== 0x0819) {
      this.errors.push(`${senseData.toString(16)} ${what}`);
    }
  }
  private finish(): void {
    this.delivered.push(text(this.current!.payload));
    this.current = undefined;
  }
  private retry(): void {
    if (this.current === undefined) return;
    if (this.current.payload.length > 0) this.todo.unshift(this.current.payload);
    this.current = undefined;
  }
  get isBusy(): boolean {
    return this.current !== undefined;
  }
  send(payload: Uint8Array, setup: Setup, hasCd: boolean, hasEb: boolean): void {
    const isDefinite = setup.sluForms === 2 || (setup.sluForms === 3 && (this.isContention || this.chance() < 0.5));
    this.current = { payload, isDefinite };
    this.isOut = false;
    const flags = (isDefinite ? SEND.DEFINITE : 0) | (hasCd ? SEND.CD : 0) | (hasEb ? SEND.END_BRACKET : 0);
    if (!this.session.sendChain(payload, 0, payload.length, flags))
      throw new Error('sendChain after canSend was refused');
  }
  giveUp(): void {
    if (this.current === undefined || this.isOut) return;
    const { payload } = this.current;
    this.current = undefined;
    this.todo.unshift(payload);
    this.session.cancelChain();
  }
  answerOne(): void {
    this.deferred.shift();
    if (!this.session.respond(0)) throw new Error('respond had nothing to answer');
  }
  receive(piu: Piu): void {
    this.session.receive(piu.isExpedited, piu.snf, piu.rh[0], piu.rh[1], piu.rh[2], piu.ru, 0, piu.ru.length);
  }
}

const MODES = ['DUPLEX', 'CONTENTION', 'FLIP_FLOP'] as const;
const SIZES = [8, 16, 64] as const;

const setups: fc.Arbitrary<Setup> = fc
  .record({
    mode: fc.constantFrom(...MODES),
    hasBrackets: fc.boolean(),
    isRule1: fc.boolean(),
    isSluFirst: fc.boolean(),
    startsInBracket: fc.boolean(),
    isPluFirstSender: fc.boolean(),
    hasChains: fc.boolean(),
    pluForms: fc.integer({ min: 1, max: 3 }),
    sluForms: fc.integer({ min: 1, max: 3 }),
    sluMayEnd: fc.boolean(),
    sendWindow: fc.integer({ min: 0, max: 7 }),
    receiveWindow: fc.integer({ min: 0, max: 7 }),
    ruSize: fc.constantFrom(...SIZES),
  })
  .map((setup) => {
    const { hasBrackets } = setup;
    const open = setup.mode !== 'FLIP_FLOP';
    // Without a direction both sides may meet at a bracket's end: there only confirmed ends, by the primary, are safe.
    const forms = open ? { pluForms: 2, sluForms: 2, isRule1: true, sluMayEnd: false } : {};
    return {
      ...setup,
      sluMayEnd: hasBrackets && setup.sluMayEnd,
      startsInBracket: hasBrackets && setup.startsInBracket,
      ...forms,
    };
  });

let serial = 0;
function payloadOf(chance: Prng, setup: Setup): Uint8Array {
  serial += 1;
  const longest = setup.hasChains ? 60 : 8;
  const bytes = new Uint8Array(4 + Math.floor(chance() * (longest - 3)));
  new DataView(bytes.buffer).setUint32(0, serial);
  return bytes;
}

/** One session from BIND to UNBIND with random chains both ways. */
class Play {
  readonly setup: Setup;
  readonly chance: Prng;
  readonly plu: ModelPrimary;
  readonly slu: Secondary;
  readonly todo: Uint8Array[] = [];
  steps = 0;

  constructor(setup: Setup, seed: number) {
    this.setup = setup;
    this.chance = createSeededPrng(seed);
    this.plu = new ModelPrimary(setup, this.chance);
    this.slu = new Secondary(setup, this.chance);
    const image = imageOf(setup);
    this.slu.session.receive(true, 1, 0x6b, 0x80, 0, image, 0, image.length);
    this.slu.session.receive(true, 2, 0x6b, 0x80, 0, Uint8Array.of(0xa0), 0, 1);
    expect(this.slu.session.state).toBe('ACTIVE');
    this.slu.wire.length = 0;
    for (let n = Math.floor(this.chance() * 8); n > 0; n -= 1) this.todo.push(payloadOf(this.chance, setup));
    for (let n = Math.floor(this.chance() * 8); n > 0; n -= 1) this.slu.todo.push(payloadOf(this.chance, setup));
  }

  /** One random thing; false when it turned out to be impossible. */
  private tryOne(kind: number): boolean {
    const { plu, slu, chance } = this;
    if (kind === 0 || kind === 1) return this.deliver(plu.wire, (piu) => slu.receive(piu));
    if (kind === 2 || kind === 3) return this.deliver(slu.wire, (piu) => plu.receive(piu));
    if (kind === 4) return plu.act();
    if (kind === 5) {
      this.todo.unshift(...plu.again.splice(0));
      if (this.todo.length === 0 || !plu.canStart()) return false;
      plu.start(this.todo.shift()!, chance() < 0.6, chance() < 0.3);
      return true;
    }
    if (kind === 6) {
      if (slu.todo.length === 0 || slu.isBusy || !slu.session.canSend()) return false;
      slu.send(slu.todo.shift()!, this.setup, chance() < 0.6, chance() < 0.2);
      return true;
    }
    if (slu.deferred.length === 0) return false;
    slu.answerOne();
    return true;
  }

  private deliver(wire: Piu[], take: (piu: Piu) => void): boolean {
    const piu = wire.shift();
    if (piu === undefined) return false;
    take(piu);
    return true;
  }

  private isDone(): boolean {
    const { plu, slu } = this;
    const isQuiet = plu.wire.length + slu.wire.length + slu.deferred.length === 0;
    return (
      isQuiet && this.todo.length + plu.again.length + slu.todo.length === 0 && plu.phase === 'idle' && !slu.isBusy
    );
  }

  /** Whoever holds the turn without anything to say passes it on. False when nobody can: a deadlock. */
  private pass(wantsEnd: boolean): boolean {
    const { plu, slu } = this;
    if (plu.canStart()) {
      plu.start(payloadOf(this.chance, this.setup), !wantsEnd, wantsEnd);
      return true;
    }
    if (slu.isBusy || !slu.session.canSend()) return false;
    slu.send(payloadOf(this.chance, this.setup), this.setup, true, false);
    return true;
  }

  private step(): boolean {
    const first = Math.floor(this.chance() * 8);
    if (this.chance() < 0.02) this.plu.cancel();
    if (this.chance() < 0.02) this.slu.giveUp();
    for (let n = 0; n < 8; n += 1) if (this.tryOne((first + n) % 8)) return true;
    return false;
  }

  run(): void {
    while (!this.isDone()) {
      this.steps += 1;
      if (this.steps > 20_000)
        throw new Error(
          `no end: ${this.describe()} ${this.todo.length} ${this.slu.todo.length} ${this.plu.again.length}`,
        );
      if (!this.step() && !this.isDone() && !this.pass(false)) throw new Error(`deadlock: ${this.describe()}`);
    }
    while (this.step()) this.steps += 1;
  }

  /** End the bracket, shut down, unbind. */
  end(): void {
    const { plu, slu } = this;
    for (let tries = 0; plu.bracket !== 'BETB' && plu.bracket !== 'NONE'; tries += 1) {
      if (tries > 200 || !this.pass(true)) throw new Error(`bracket does not end: ${this.describe()}`);
      this.run();
    }
    slu.session.receive(true, 9, 0x4b, 0x80, 0, Uint8Array.of(0xc0), 0, 1);
    expect(slu.wire.splice(0).map((piu) => `${piu.rh[0].toString(16)} ${text(piu.ru)}`)).toEqual([
      'cb \xc0',
      '4b \xc1',
    ]);
    expect(slu.session.state).toBe('QUIESCED');
    slu.session.receive(true, 10, 0x6b, 0x80, 0, Uint8Array.of(0x32, 1), 0, 2);
    expect(slu.session.state).toBe('RESET');
  }

  describe(): string {
    const { plu, slu } = this;
    const state = { bracket: plu.bracket, direction: plu.direction, phase: plu.phase, canSend: slu.session.canSend() };
    return JSON.stringify({ ...state, busy: slu.isBusy, errors: slu.errors, setup: this.setup });
  }
}

describe('a half-session against a model primary', () => {
  it('moves every chain, in order, under any rules, windows and timing, and ends in agreement', {
    timeout: 120_000,
  }, () => {
    const modes = new Map<string, number>();
    fc.assert(
      fc.property(setups, fc.integer(), (setup, seed) => {
        const play = new Play(setup, seed);
        play.run();
        const { plu, slu } = play;
        expect(slu.errors).toEqual([]);
        expect(plu.accepted).toEqual(slu.delivered);
        expect(slu.accepted).toEqual(plu.delivered);
        const isAgreed =
          setup.mode !== 'FLIP_FLOP' || plu.bracket === 'BETB' || plu.canStart() !== slu.session.canSend();
        expect(isAgreed, play.describe()).toBe(true);
        play.end();
        modes.set(setup.mode, (modes.get(setup.mode) ?? 0) + slu.delivered.length + plu.delivered.length);
      }),
      { numRuns: 10_000 },
    );
    // The runs did say something, in every mode.
    for (const mode of MODES) expect(modes.get(mode)).toBeGreaterThan(1000);
  });
});
