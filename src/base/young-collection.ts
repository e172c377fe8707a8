import v8 from 'node:v8';
import vm from 'node:vm';

/** Collects what is young and dead, at once: less than a ms where little of it lives. */
export type CollectYoung = () => void;

type Collect = (how: { readonly type: 'minor' }) => void;

let found: CollectYoung | undefined;
let isLookedFor = false;

/**
 * The way to have V8 collect its young generation, or undefined where there is none. V8 shows it only to contexts that are
 * made while `--expose-gc` is set, so one is made for it; those of the program do not see it.
 */
export function youngCollection(): CollectYoung | undefined {
  if (isLookedFor) return found;
  isLookedFor = true;
  const { gc: shown } = globalThis as { gc?: unknown };
  const collect = typeof shown === 'function' ? (shown as Collect) : exposed();
  found = collect === undefined ? undefined : () => collect({ type: 'minor' });
  return found;
}

function exposed(): Collect | undefined {
  try {
    v8.setFlagsFromString('--expose-gc');
    const collect: unknown = vm.runInNewContext('globalThis.gc');
    return typeof collect === 'function' ? (collect as Collect) : undefined;
  } catch {
    return undefined;
  } finally {
    v8.setFlagsFromString('--no-expose-gc');
  }
}

/** Bytes of objects in use in this thread, without buffers. */
export function heapInUse(): number {
  return v8.getHeapStatistics().used_heap_size;
}
