import { createSimulatedClock, type SimulatedClock } from '../../../src/base/clock.js';
import type { CliIo, Output } from '../../../src/cli/io.js';

/** What a command printed. */
export class FakeOutput implements Output {
  readonly isTerminal: boolean;
  readonly columns = 80;
  private readonly parts: Buffer[] = [];

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal;
  }

  write(data: string | Uint8Array): void {
    this.parts.push(Buffer.from(data as string));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

/** The world of a command under test. */
export interface FakeIo extends CliIo {
  readonly out: FakeOutput;
  readonly err: FakeOutput;
  readonly clock: SimulatedClock;
  readonly exits: number[];
  /** Send an order to whoever listens. */
  order(order: unknown): void;
  /** Send a signal to whoever listens. */
  signal(name?: string): void;
  readonly listeners: number;
}

export interface FakeIoOptions {
  readonly isTerminal?: boolean;
  readonly env?: Record<string, string>;
  readonly input?: Uint8Array;
}

export function fakeIo({ isTerminal = false, env = {}, input = new Uint8Array(0) }: FakeIoOptions = {}): FakeIo {
  const listeners = new Set<(name: string) => void>();
  const orders = new Set<(order: unknown) => void>();
  const exits: number[] = [];
  return {
    out: new FakeOutput(isTerminal),
    err: new FakeOutput(isTerminal),
    env,
    clock: createSimulatedClock(),
    exits,
    readInput: async () => Buffer.from(input),
    exit: (code) => void exits.push(code),
    onSignal(fire) {
      listeners.add(fire);
      return () => listeners.delete(fire);
    },
    onOrder(fire) {
      orders.add(fire);
      return () => orders.delete(fire);
    },
    order(order) {
      for (const fire of orders) fire(order);
    },
    signal(name = 'SIGINT') {
      for (const fire of listeners) fire(name);
    },
    get listeners() {
      return listeners.size + orders.size;
    },
  };
}
