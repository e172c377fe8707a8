import { assert } from './assert.js';

/** One row of a transition table: state, event, next state, then the actions for the caller, in order. */
export type Row<S extends string, E extends string, A extends string> = readonly [S, E, S, ...A[]];

/** What a step decided. The machine decides; its caller acts. */
export interface Step<S extends string, A extends string> {
  readonly next: S;
  readonly actions: readonly A[];
}

export interface Machine<S extends string, E extends string, A extends string> {
  readonly name: string;
  readonly rows: readonly Row<S, E, A>[];
  /** The row for (state, event), or undefined where the table has none: the caller says what that means. */
  step(state: S, event: E): Step<S, A> | undefined;
}

/**
 * Compile a transition table. Looking a row up costs two property reads and allocates nothing.
 * @throws Error (our bug) when two rows share state and event
 */
export function compileMachine<S extends string, E extends string, A extends string>(
  name: string,
  rows: readonly Row<S, E, A>[],
): Machine<S, E, A> {
  const table: Record<string, Record<string, Step<S, A>>> = Object.create(null);
  for (const [state, event, next, ...actions] of rows) {
    table[state] ??= Object.create(null) as Record<string, Step<S, A>>;
    const byEvent = table[state];
    assert(byEvent[event] === undefined, `${name}: two rows for ${state} / ${event}`);
    byEvent[event] = Object.freeze({ next, actions: Object.freeze(actions) });
  }
  return { name, rows, step: (state, event) => table[state]?.[event] };
}
