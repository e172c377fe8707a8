import { compileMachine, type Row } from '../base/machine.js';

/** No row for this state and event: the caller says what that means. */
export const NO_ROW = -1;

/**
 * A transition table compiled to numbers, for the machines that every RU passes: states and events are indexes, the
 * actions of a row one mask. A step is one array read.
 */
export interface DenseMachine<S extends string, E extends string, A extends string> {
  readonly name: string;
  readonly rows: readonly Row<S, E, A>[];
  readonly states: readonly S[];
  readonly events: readonly E[];
  readonly state: Readonly<Record<S, number>>;
  readonly event: Readonly<Record<E, number>>;
  /** One bit per action. */
  readonly action: Readonly<Record<A, number>>;
  /** [state * events.length + event] = next state in the low byte, action mask above it; NO_ROW without a row. */
  readonly cells: Int32Array;
}

/** The cell of a step: see `nextOf` and `actionsOf`. */
export function lookUp(
  machine: { readonly cells: Int32Array; readonly events: readonly string[] },
  state: number,
  event: number,
): number {
  return machine.cells[state * machine.events.length + event] as number;
}

export function nextOf(cell: number): number {
  return cell & 0xff;
}

/** Action mask of a cell that has a row. */
export function actionsOf(cell: number): number {
  return cell >> 8;
}

function indexed<K extends string>(names: readonly K[], value: (index: number) => number): Record<K, number> {
  const record = {} as Record<K, number>;
  for (const [index, name] of names.entries()) record[name] = value(index);
  return record;
}

/**
 * Compile rows to a dense machine.
 * @param events in the order of their numbers
 * @throws Error (our bug) when two rows share state and event
 */
export function compileDense<S extends string, E extends string, A extends string>(
  name: string,
  states: readonly S[],
  events: readonly E[],
  actions: readonly A[],
  rows: readonly Row<S, E, A>[],
): DenseMachine<S, E, A> {
  compileMachine(name, rows);
  const state = indexed(states, (index) => index);
  const event = indexed(events, (index) => index);
  const action = indexed(actions, (index) => 1 << index);
  const cells = new Int32Array(states.length * events.length).fill(NO_ROW);
  for (const [from, on, next, ...done] of rows) {
    let mask = 0;
    for (const one of done) mask |= action[one];
    cells[state[from] * events.length + event[on]] = state[next] | (mask << 8);
  }
  return { name, rows, states, events, state, event, action, cells };
}
