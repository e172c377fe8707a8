import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 4;

/** Wait until `isSo`. @throws Error naming what did not come, and how things stand */
export async function until(what: string, isSo: () => boolean, timeoutMs = 20_000, state = () => ''): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what} ${state()}`);
    await pause(LOOK_EVERY_MS);
  }
}
