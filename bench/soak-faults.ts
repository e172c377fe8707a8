import { setTimeout as pause } from 'node:timers/promises';
import type { BroadcastChannel } from 'node:worker_threads';
import type { Prng } from '../src/base/prng.js';
import type { FaultFigures, Scene } from '../test/fault/scene.js';

/** What a fault is given. */
export interface SoakContext {
  readonly scene: Scene;
  /** To the workers, see fault-worker.mjs. */
  readonly orders: BroadcastChannel;
  readonly prng: Prng;
}

type SoakFault = (context: SoakContext, name: string) => Promise<FaultFigures>;

const HOLD_MIN_MS = 200;
const HOLD_MAX_MS = 1500;

function between(prng: Prng, low: number, high: number): number {
  return low + Math.floor(prng() * (high - low + 1));
}

function hold(prng: Prng): Promise<void> {
  return pause(between(prng, HOLD_MIN_MS, HOLD_MAX_MS));
}

/** Something about the bytes that pass, for a while; the connections stay. */
function passing(draw: (prng: Prng) => Parameters<Scene['proxy']['set']>[0]): SoakFault {
  return ({ scene, prng }, name) => {
    const fault = (): Promise<void> => {
      scene.proxy.set(draw(prng));
      return hold(prng);
    };
    return scene.under(name, fault, () => scene.proxy.heal());
  };
}

/** Bytes are changed. What that leaves behind ends with the connections, and with what an operator does. */
function corruption(direction: 'toHost' | 'toRuntime'): SoakFault {
  return async ({ scene, prng }, name) => {
    const fault = (): Promise<void> => {
      scene.proxy.set({ corrupt: { [direction]: between(prng, 1, 10) / 100_000 } });
      return hold(prng);
    };
    const heal = (): number => {
      scene.proxy.heal();
      scene.proxy.reset();
      return scene.size.links;
    };
    const figures = await scene.under(name, fault, heal);
    await scene.activateHeld();
    return figures;
  };
}

function workerFault(command: string): SoakFault {
  return ({ scene, orders, prng }, name) => {
    const workerId = between(prng, 0, scene.size.links - 1);
    const fault = async (): Promise<void> => orders.postMessage({ workerId, command });
    return scene.under(name, fault, () => {}, { comebacks: 1 });
  };
}

const STALLS = [['toHost'], ['toRuntime'], ['toHost', 'toRuntime']] as const;

/** Everything that can happen, by name. */
export const SOAK_FAULTS: Readonly<Record<string, SoakFault>> = {
  latency: passing((prng) => ({ latencyMs: between(prng, 1, 60), jitterMs: between(prng, 0, 40) })),
  slices: passing((prng) => ({ sliceBytes: between(prng, 1, 40) })),
  bandwidth: passing((prng) => ({ bytesPerSecond: between(prng, 50_000, 1_000_000) })),
  stall: passing((prng) => ({ stall: STALLS[between(prng, 0, 2)]! })),
  reset: ({ scene }, name) =>
    scene.under(
      name,
      async () => scene.proxy.reset(),
      () => {},
      { comebacks: 2 },
    ),
  refused: ({ scene, prng }, name) => {
    const fault = (): Promise<void> => {
      scene.proxy.refuse();
      scene.proxy.reset();
      return hold(prng);
    };
    return scene.under(name, fault, () => scene.proxy.accept(), { comebacks: 2 });
  },
  'host-hears-later': ({ scene, prng }, name) => {
    const fault = (): Promise<void> => {
      scene.proxy.reset('runtime');
      return hold(prng);
    };
    return scene.under(name, fault, () => void scene.proxy.dropDead(), { comebacks: 2 });
  },
  'half-open': ({ scene, prng }, name) => {
    const fault = (): Promise<void> => {
      scene.proxy.set({ halfOpen: true });
      return hold(prng);
    };
    const heal = (): void => {
      scene.proxy.heal();
      scene.proxy.dropDead();
    };
    return scene.under(name, fault, heal, { comebacks: 2 });
  },
  'corrupt-to-host': corruption('toHost'),
  'corrupt-to-runtime': corruption('toRuntime'),
  'worker-exit': workerFault('exit'),
  'worker-throw': workerFault('throw'),
  'worker-loop': workerFault('loop'),
  'worker-memory': workerFault('memory'),
  'host-kill': ({ scene, prng }, name) => {
    const fault = async (): Promise<void> => {
      await scene.host.kill();
      await hold(prng);
    };
    return scene.under(name, fault, () => scene.host.start(), { comebacks: 2 });
  },
};

/** All names in a new random order each time round, so that none is left out for long. */
export function* faultRow(names: readonly string[], prng: Prng): Generator<string, never> {
  for (;;) {
    const rest = [...names];
    while (rest.length > 0) yield rest.splice(between(prng, 0, rest.length - 1), 1)[0]!;
  }
}
