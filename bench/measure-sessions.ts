import type { HostLinkEvent } from '../src/index.js';
import { puId } from './bench-config.js';
import { type SceneOptions, sessionsOf, withHost, withRuntime } from './bench-scene.js';
import { hostlinkTarget } from './calls.js';
import { runLoad } from './load.js';
import { atLeast, atMost, type Measure, median, shown } from './measure.js';

/** Sessions of one size, brought up so many times. */
export interface SessionsOptions {
  readonly workers: number;
  readonly sessionsPerPu: number;
  readonly rounds: number;
}

const RECOVERY_TIMEOUT_MS = 30_000;
/** Shortest wait that there is before a link is tried again, and no longer one after it. */
const RETRY_MS = 10;

/** From the first link that begins to connect until every session is up. Each round is a runtime of its own. */
export async function measureBringUp({ workers, sessionsPerPu, rounds }: SessionsOptions): Promise<Measure[]> {
  const scene: SceneOptions = { workers, shape: { sessionsPerPu } };
  const times: number[] = [];
  await withHost(workers, undefined, async (host) => {
    for (let round = 0; round < rounds; round += 1) {
      let connectingMs = Number.NaN;
      const onEvent = ({ name }: HostLinkEvent): void => {
        if (name === 'link.connecting' && Number.isNaN(connectingMs)) connectingMs = performance.now();
      };
      // What waits for the sessions goes on in the turn in which the last one is heard of.
      await withRuntime(host.port, { ...scene, onEvent }, async () => {
        times.push(performance.now() - connectingMs);
      });
    }
  });
  return [
    atMost({
      name: `bring-up of ${sessionsOf(scene)} sessions, from the links' connecting`,
      figure: median(times),
      unit: 'ms',
      goal: 250,
      beside: `${rounds} bring-ups, ${shown(Math.min(...times))} to ${shown(Math.max(...times))} ms`,
    }),
  ];
}

interface LossTimes {
  /** From the first try to connect again, which the host takes at once: the back-off is over. */
  readonly backMs: number;
  /** From the cut. */
  readonly allMs: number;
}

/** Watches one link go and come back. */
class LossWatch {
  private cutMs = Number.NaN;
  private connectingMs = Number.NaN;
  private isDown = false;
  private back = 0;
  private readonly sessions: number;
  private settle: (times: LossTimes) => void = () => {};

  constructor(sessions: number) {
    this.sessions = sessions;
  }

  /** @throws Error when the sessions do not come back */
  once(cut: () => void): Promise<LossTimes> {
    this.isDown = false;
    this.back = 0;
    this.cutMs = performance.now();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.back} of ${this.sessions} sessions came back in ${RECOVERY_TIMEOUT_MS} ms`));
      }, RECOVERY_TIMEOUT_MS);
      this.settle = (times) => {
        clearTimeout(timer);
        resolve(times);
      };
      cut();
    });
  }

  readonly onEvent = ({ name }: HostLinkEvent): void => {
    if (name === 'link.down') this.isDown = true;
    if (!this.isDown) return;
    if (name === 'link.connecting') this.connectingMs = performance.now();
    if (name !== 'session.active') return;
    this.back += 1;
    if (this.back < this.sessions) return;
    const nowMs = performance.now();
    this.settle({ backMs: nowMs - this.connectingMs, allMs: nowMs - this.cutMs });
  };
}

/**
 * The host cuts the connection of a link and goes on listening: from the first try after the back-off until every session
 * is up again.
 */
export async function measureLoss({ sessionsPerPu, rounds }: Omit<SessionsOptions, 'workers'>): Promise<Measure[]> {
  const shape = {
    sessionsPerPu,
    timers: { connectRetry: RETRY_MS, connectRetryMax: RETRY_MS },
    logLevel: 'error' as const,
  };
  const scene: SceneOptions = { workers: 1, shape };
  const watch = new LossWatch(sessionsOf(scene));
  const times: LossTimes[] = [];
  await withHost(1, undefined, (host) =>
    withRuntime(host.port, { ...scene, onEvent: watch.onEvent }, async () => {
      for (let round = 0; round < rounds; round += 1) times.push(await watch.once(() => host.cutPu(puId(0, 0))));
    }),
  );
  const all = times.map(({ allMs }) => allMs);
  return [
    atMost({
      name: `link loss to ${sessionsOf(scene)} sessions up again, back-off apart`,
      figure: median(times.map(({ backMs }) => backMs)),
      unit: 'ms',
      goal: 150,
      beside: `${shown(median(all))} ms from the cut, with a back-off of at most ${RETRY_MS} ms; ${rounds} cuts`,
    }),
  ];
}

/** Slowest call over the median that is not starving yet: pauses of the machine and collections are in it. */
const STARVED = 10;

/** As many callers as sessions, over many workers: are all sessions up, and does each caller get its turn? */
export async function measureScale(options: {
  readonly workers: number;
  readonly sessionsPerPu: number;
  readonly payloadSize: number;
  readonly roundMs: number;
}): Promise<Measure[]> {
  const { workers, sessionsPerPu, payloadSize, roundMs } = options;
  const scene: SceneOptions = { workers, shape: { sessionsPerPu } };
  const wanted = sessionsOf(scene);
  return withHost(workers, undefined, (host) =>
    withRuntime(host.port, scene, async (hostlink) => {
      const load = await runLoad(hostlinkTarget(hostlink, payloadSize), wanted, roundMs, roundMs / 2);
      const { sessions } = await hostlink.ready({ sessions: wanted, timeoutMs: RECOVERY_TIMEOUT_MS });
      const what = `${shown(load.calls)} calls, ${shown(load.perSecond)}/s`;
      return [
        atLeast({
          name: `sessions up on ${workers} workers, under load`,
          figure: sessions,
          unit: 'sessions',
          goal: wanted,
          beside: `${workers} links of ${2 * sessionsPerPu}`,
        }),
        atMost({
          name: `slowest call over the median one, ${wanted} callers`,
          figure: load.maxMs / load.p50Ms,
          unit: 'x',
          goal: STARVED,
          beside: `p50 ${shown(load.p50Ms)}, p99 ${shown(load.p99Ms)}, slowest ${shown(load.maxMs)} ms; ${what}`,
        }),
      ];
    }),
  );
}
