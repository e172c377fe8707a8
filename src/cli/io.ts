import { type Clock, createClock } from '../base/clock.js';

/** Where a command prints. */
export interface Output {
  write(data: string | Uint8Array): void;
  /** A person reads it: colours and progress bars make sense. */
  readonly isTerminal: boolean;
  /** Characters of a line. */
  readonly columns: number;
}

/** The world of a command, so that tests can run one without a process. */
export interface CliIo {
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** All of standard input. */
  readInput(): Promise<Buffer>;
  /** Leave at once, whatever is still going on. */
  exit(code: number): void;
  /** Call `fire` at each SIGINT and SIGTERM, and when the process that started us is gone; the result ends that. */
  onSignal(fire: (name: string) => void): () => void;
  /** Call `fire` with what the process that started us sends, where it made a channel to us; the result ends that. */
  onOrder(fire: (order: unknown) => void): () => void;
}

const COLUMNS = 80;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

function outputOf(stream: NodeJS.WriteStream): Output {
  return {
    write: (data) => void stream.write(data),
    get isTerminal() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns ?? COLUMNS;
    },
  };
}

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The world of this process. */
export function processIo(): CliIo {
  return {
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
    env: process.env,
    clock: createClock(),
    readInput: () => readAll(process.stdin),
    exit: (code) => process.exit(code),
    onSignal(fire) {
      const listener = (name: string) => fire(name);
      const orphaned = () => fire('disconnect');
      for (const name of SIGNALS) process.on(name, listener);
      process.on('disconnect', orphaned); // only where a channel to the process that started us was made
      return () => {
        for (const name of SIGNALS) process.off(name, listener);
        process.off('disconnect', orphaned);
      };
    },
    onOrder(fire) {
      process.on('message', fire);
      return () => process.off('message', fire);
    },
  };
}

/** Print one line. */
export function print(output: Output, line = ''): void {
  output.write(`${line}\n`);
}

/** Print a value as one line of JSON, for programs. */
export function printJson(output: Output, value: unknown): void {
  print(output, JSON.stringify(value));
}

/** A promise that comes true `delayMs` later. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/** A promise that comes true at the first signal. */
export function firstSignal(io: CliIo): Promise<string> {
  return new Promise((resolve) => {
    const forget = io.onSignal((name) => {
      forget();
      resolve(name);
    });
  });
}
