/** Counters of the dispatcher since the start. */
export interface DispatchCounters {
  /** Times a request had to wait for a session. */
  queued: number;
  /** Times a request went to another worker because the one it was given to had no session for it. */
  forwarded: number;
  /** Times a worker had no session for a request. */
  refused: number;
  /** Requests of idempotent services tried again after their outcome was unknown. */
  retried: number;
  /** Sessions opened for programs to keep. */
  opened: number;
  /** Requests turned away because too many waited. */
  queueFull: number;
  /** Answers whose caller had left. */
  late: number;
  /** Answers to no living request of that worker: always a fault. */
  stray: number;
}

export function newDispatchCounters(): DispatchCounters {
  return { queued: 0, forwarded: 0, refused: 0, retried: 0, opened: 0, queueFull: 0, late: 0, stray: 0 };
}
