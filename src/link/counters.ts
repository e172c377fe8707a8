/** What a link counts since its start; numbers only, changed in place on the hot path. */
export interface LinkCounters {
  replies: number;
  lateReplies: number;
  piusIn: number;
  piusOut: number;
  bytesIn: number;
  bytesOut: number;
  protocolErrors: number;
  sessionsLost: number;
}

export function createCounters(): LinkCounters {
  return {
    replies: 0,
    lateReplies: 0,
    piusIn: 0,
    piusOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    protocolErrors: 0,
    sessionsLost: 0,
  };
}
