import { HostLinkError } from '../base/errors.js';
import type {
  HoldTarget,
  OperationOptions,
  OperationResult,
  Operations,
  SessionTarget,
} from '../gateway/operations.js';

type Outcome = OperationResult | Promise<OperationResult>;

interface CommandForm {
  /** What may follow the command. */
  readonly usage: string;
  /** Each way to write it: words as they are, capitals stand for a word of the operator's. */
  readonly forms: readonly string[];
  run(operations: Operations, args: readonly string[], options: OperationOptions): Outcome;
}

const HOLD_FORMS = ['service NAME', 'link NAME', 'server'];
const SESSION_FORMS = ['lu NAME', 'pu LINK/PU', 'link NAME'];
const SETTINGS = ['maxqcount', 'asqcount', 'maxrstart', 'gperiod', 'min', 'max'];

function form(forms: readonly string[], run: CommandForm['run']): CommandForm {
  return { usage: forms.join(' | '), forms, run };
}

/** The commands of `hostlink ctl`. */
export const COMMANDS: Readonly<Record<string, CommandForm>> = {
  hold: form(HOLD_FORMS, (operations, [what, name], options) => operations.hold(what as HoldTarget, name, options)),
  start: form(HOLD_FORMS, (operations, [what, name], options) => operations.start(what as HoldTarget, name, options)),
  drain: form(['link NAME'], (operations, [, name = ''], options) => operations.drain(name, options)),
  deactivate: form(SESSION_FORMS, (operations, [what, name = ''], options) =>
    operations.deactivate(what as SessionTarget, name, options),
  ),
  activate: form(SESSION_FORMS, (operations, [what, name = ''], options) =>
    operations.activate(what as SessionTarget, name, options),
  ),
  purge: form(['service NAME', 'all'], (operations, [, name], options) => operations.purge(name, options)),
  set: form([...SETTINGS.map((name) => `${name} VALUE`), 'loglevel PART LEVEL'], (operations, args, options) => {
    const [name = '', value = '', level] = args;
    return level === undefined ? operations.set(name, value, options) : operations.setLogLevel(value, level, options);
  }),
};

function fits(written: string, args: readonly string[]): boolean {
  const words = written.split(' ');
  if (words.length !== args.length) return false;
  return words.every((word, at) => (/^[A-Z]/.test(word) ? args[at] !== '' : word === args[at]));
}

/**
 * Do what an operator asks for.
 * @param args the words after the command
 * @throws HostLinkError CONTROL_REQUEST_UNKNOWN, and what the operation throws
 */
export async function runCommand(
  operations: Operations,
  command: string,
  args: readonly string[],
  options: OperationOptions,
): Promise<OperationResult> {
  const found = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (found === undefined) {
    const allowed = Object.keys(COMMANDS).join(', ');
    throw new HostLinkError('CONTROL_REQUEST_UNKNOWN', `ctl ${command}; allowed: ${allowed}.`, { command, allowed });
  }
  if (found.forms.some((written) => fits(written, args))) return found.run(operations, args, options);
  const note = `ctl ${[command, ...args].join(' ')}; allowed: ${found.usage}.`;
  throw new HostLinkError('CONTROL_REQUEST_UNKNOWN', note, { command, args, allowed: found.usage });
}
