import { type CliIo, delay, print } from './io.js';

export interface WatchOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

const WATCH_MS = 1000;
const CLEAR_SCREEN = '\u001b[H\u001b[2J';

/**
 * Print something once; with `watch` again each second until a signal comes, on a terminal in the same place.
 * @returns the exit code
 */
export async function watching(io: CliIo, options: WatchOptions, printOnce: () => Promise<void>): Promise<number> {
  let isLeaving = false;
  const forget = io.onSignal(() => {
    isLeaving = true;
  });
  const isTable = options.watch === true && options.json !== true;
  try {
    do {
      if (isTable && io.out.isTerminal) io.out.write(CLEAR_SCREEN);
      await printOnce();
      if (isTable && !io.out.isTerminal) print(io.out);
      if (options.watch) await delay(io.clock, WATCH_MS);
    } while (options.watch && !isLeaving);
  } finally {
    forget();
  }
  return 0;
}
