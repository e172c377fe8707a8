import pino from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Parts with a level of their own. */
export const LOG_PARTS = ['supervisor', 'worker', 'link', 'session', 'dispatch', 'gateway', 'host', 'control'] as const;
export type LogPart = (typeof LOG_PARTS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Levels of single parts; the others follow `level`. */
  readonly levels: Partial<Record<LogPart, LogLevel>>;
  /** Put payload bytes into the log. Off unless asked for. */
  readonly payload: boolean;
  /** File to write to; standard output when absent. */
  readonly file?: string | undefined;
}

export type Logger = pino.Logger;

/**
 * The log of one process or worker thread: hands out child loggers of each part, at that part's level. They live
 * as long as the log: ask for one per object that lives as long, not per event.
 */
export interface Log {
  readonly options: LogOptions;
  part(name: LogPart, bindings?: Record<string, unknown>): Logger;
  /** Change the level of a part: of the loggers handed out already, and of those to come. */
  setLevel(name: LogPart, level: LogLevel): void;
}

/**
 * Open the log.
 * @param bindings on every line; a worker puts `worker` and `link` here, and `pu` and `lu` on the children below
 * @param destination for tests: where the lines go instead
 */
export function createLog(
  options: LogOptions,
  bindings: Record<string, unknown> = {},
  destination?: pino.DestinationStream,
): Log {
  const root = pino(
    { level: 'trace', base: bindings },
    destination ?? pino.destination({ dest: options.file ?? 1, sync: true, mkdir: true }),
  );
  const levels = { ...options.levels };
  const loggers: { readonly name: LogPart; readonly logger: Logger }[] = [];
  return {
    options,
    part(name, more = {}) {
      const logger = root.child({ part: name, ...more }, { level: levels[name] ?? options.level });
      loggers.push({ name, logger });
      return logger;
    },
    setLevel(name, level) {
      levels[name] = level;
      for (const one of loggers) if (one.name === name) one.logger.level = level;
    },
  };
}

/** A log that says nothing. */
export function createSilentLog(): Log {
  return createLog({ level: 'silent', levels: {}, payload: false }, {}, { write() {} });
}
