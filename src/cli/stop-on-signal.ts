import type { HostLink } from '../gateway/host-link.js';
import { type CliIo, print, printJson } from './io.js';
import { countText } from './table.js';

const TELL_EVERY_MS = 1000;

/** What of a runtime is stopped and looked at. */
export type Stoppable = Pick<HostLink, 'stop' | 'stats' | 'config'>;

/**
 * Drain the runtime at the first signal, stop it now at the second, leave at the third; tell each second what is left.
 * @returns once it has stopped: the exit code, 1 where it was not left to finish
 */
export function stopOnSignal(io: CliIo, hostlink: Stoppable, json = false): Promise<number> {
  return new Promise((resolve, reject) => {
    let signals = 0;
    let quiet = (): void => {};
    const forget = io.onSignal((signal) => {
      signals += 1;
      if (signals > 2) return io.exit(1);
      if (signals > 1) {
        quiet();
        if (json) printJson(io.out, { event: 'stopping', signal });
        else print(io.err, `${signal}: stopping now`);
        void hostlink.stop({ mode: 'now' });
        return;
      }
      tellBegin(io, hostlink, signal, json);
      quiet = tellLeft(io, hostlink, json);
      hostlink
        .stop({ mode: 'drain' })
        .finally(() => {
          quiet();
          forget();
        })
        .then(() => resolve(signals > 1 ? 1 : 0), reject);
    });
  });
}

function tellBegin(io: CliIo, hostlink: Stoppable, signal: string, json: boolean): void {
  const { left } = hostlink.stats().server;
  const { stopGraceMs } = hostlink.config.server;
  if (json) printJson(io.out, { event: 'draining', signal, ...left });
  else print(io.err, `${signal}: draining for at most ${stopGraceMs / 1000} s, ${leftText(left)}; once more stops now`);
}

/** Each second until it is called off. */
function tellLeft(io: CliIo, hostlink: Stoppable, json: boolean): () => void {
  let cancel = (): void => {};
  const later = (): void => {
    cancel = io.clock.after(TELL_EVERY_MS, () => {
      const { state, left } = hostlink.stats().server;
      if (json) printJson(io.out, { event: 'left', state, ...left });
      else print(io.err, `${state === 'DRAINING' ? 'draining' : 'stopping'}: ${leftText(left)}`);
      later();
    });
  };
  later();
  return () => cancel();
}

function leftText({ calls, held }: { readonly calls: number; readonly held: number }): string {
  const some = (count: number, what: string) => `${countText(count)} ${what}${count === 1 ? '' : 's'}`;
  return `${some(calls, 'call')} and ${some(held, 'held session')} left`;
}
