import { HostLink, type HostLinkEvent, type HostLinkOptions } from '../src/index.js';
import { type BenchShape, benchConfig, benchHost } from './bench-config.js';
import { type BenchHost, startHost } from './host-process.js';

const READY_TIMEOUT_MS = 60_000;

export interface SceneOptions {
  /** Each with its own link. */
  readonly workers: number;
  readonly shape?: BenchShape;
  readonly runtime?: HostLinkOptions;
  readonly onEvent?: (event: HostLinkEvent) => void;
}

/** Sessions of a scene. */
export function sessionsOf({ workers, shape: { sessionsPerPu = 128, isSingle = false } = {} }: SceneOptions): number {
  return workers * (isSingle ? 1 : 2 * sessionsPerPu);
}

/** Have a host process of the bench for as long as `use` takes. @throws Error when the host objected to anything */
export async function withHost<T>(
  links: number,
  piuSizeMax: number | undefined,
  use: (host: BenchHost) => Promise<T>,
): Promise<T> {
  const host = await startHost(benchHost(links, piuSizeMax));
  let protocolErrors = 0;
  let result: T;
  try {
    result = await use(host);
  } finally {
    ({ protocolErrors } = await host.stop());
  }
  if (protocolErrors > 0) throw new Error(`the host saw ${protocolErrors} protocol errors`);
  return result;
}

/** Have a runtime with all its sessions up for as long as `use` takes. */
export async function withRuntime<T>(
  port: number,
  options: SceneOptions,
  use: (hostlink: HostLink) => Promise<T>,
): Promise<T> {
  const { workers, shape, runtime, onEvent } = options;
  const hostlink = await HostLink.start(benchConfig(port, workers, shape), {
    ...runtime,
    prepare(starting) {
      runtime?.prepare?.(starting);
      if (onEvent !== undefined) starting.on('event', onEvent);
    },
  });
  try {
    await hostlink.ready({ sessions: sessionsOf(options), timeoutMs: READY_TIMEOUT_MS });
    return await use(hostlink);
  } finally {
    await hostlink.stop();
  }
}

/** Both. */
export function withScene<T>(
  options: SceneOptions,
  use: (hostlink: HostLink, host: BenchHost) => Promise<T>,
): Promise<T> {
  return withHost(options.workers, options.shape?.piuSizeMax, (host) =>
    withRuntime(host.port, options, (hostlink) => use(hostlink, host)),
  );
}
