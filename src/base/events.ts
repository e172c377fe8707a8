/** What there is to say of an event: when it happens, and what its details tell. */
export interface EventEntry {
  readonly when: string;
  readonly details: string;
}

const entry = (when: string, details: string): EventEntry => ({ when, details });

/** The closed list of events: what subscribers get, and what stands in the log under the same name. */
export const EVENTS = {
  'worker.started': entry('A worker has said its first word, for the first time or again', 'restarts'),
  'worker.lost': entry('A worker was lost; it starts again after a back-off', 'reason, delayMs, restarts'),
  'worker.restarted': entry('A worker that was lost is up again', 'restarts, downMs: from its loss until now'),
  'worker.down': entry(
    'A worker was lost, and is not started again: more than MAXRSTART within GPERIOD',
    'reason, restarts',
  ),
  'worker.draining': entry(
    'A worker takes nothing new and will stop',
    'reason, reserved: requests it has, sessions: by group',
  ),
  'worker.stopped': entry('A worker has stopped because it was to', 'reason, drainMs, restarts'),
  'link.connecting': entry('A link begins to connect, or to wait for its peer', 'address, port, role'),
  'link.refused': entry('The connection could not be had; it is tried again', 'code, message, details of the error'),
  'link.connected': entry('Connection and capabilities exchange are done', 'peer'),
  'link.active': entry('The host has activated a PU of the link, the first one that is up', ''),
  'link.down': entry(
    'A connection was lost, with all sessions on it; it is tried again',
    'code, message, details of the error',
  ),
  'link.probe': entry('After the loss of a PU one session tries, before all others', 'pu, lu'),
  'link.probed': entry('That session is bound: the others follow', 'pu, lu, probeMs'),
  'circuit.up': entry('The circuit of a PU is connected', 'pu'),
  'circuit.down': entry('The circuit of a PU is gone; it is opened again', 'pu; code, message, details of the error'),
  'circuit.congested': entry(
    'A circuit takes no more PIUs: it is ended, and opened again',
    'pu; code, message, details of the error',
  ),
  'pu.active': entry('The host has activated a PU (ACTPU)', 'pu'),
  'pu.down': entry('A PU is not active any more', 'pu, reason'),
  'session.active': entry('A session is usable. In the log at level debug', 'pu, lu'),
  'session.down': entry(
    'A session ended, or an attempt to bring it up failed',
    'pu, lu, reason, retry: now, later (back-off), operator or never (HELD)',
  ),
  'session.retry': entry('The next attempt for a session begins', 'pu, lu, attempt: from 2'),
  'session.held': entry('A session stays down until an operator activates it', 'pu, lu, reason'),
  'session.status': entry(
    'The host told the status of a session (LUSTAT)',
    'pu, lu, status: 8 hex digits, name, retry: later or operator end the session once its request is done',
  ),
  'session.renewed': entry('A session was ended to be made anew, as its use asked for', 'pu, lu'),
  'session.idle': entry(
    'A session that a program holds was closed: nothing ran on it',
    'lu, service, heldMs, openedAt',
  ),
  'session.leak': entry('A program holds a session for longer than heldReport', 'lu, service, heldMs, openedAt'),
  'protocol.error': entry(
    'The host sent what does not follow the books; at most one a second per link, each is in the log',
    'pu, lu, kind: session, refused, dropped or segment, reason, sense, pius: the last ones as text, suppressed: how many were not told',
  ),
  'reply.late': entry(
    'A reply came after its caller had left, and was given to nobody; at most one a second per link',
    'pu, lu, lateMs: since the caller left, suppressed',
  ),
  'operator.hold': entry('An operator holds a service, link or server', 'what, before, after, operator'),
  'operator.start': entry('Hold or drain is undone', 'what, before, after, operator'),
  'operator.drain': entry('The worker of a link is to stop', 'link, before, operator'),
  'operator.deactivate': entry('LU sessions are ended and held', 'lu, pu or link; lus: how many, operator'),
  'operator.activate': entry('LU sessions are brought up again', 'lu, pu or link; lus: how many, operator'),
  'operator.purge': entry('Waiting calls were ended', 'service, before: how many, after, operator'),
  'runtime.draining': entry(
    'The runtime takes no new calls and finishes those it has',
    'calls and held: how many are left, graceMs',
  ),
  'runtime.stopped': entry(
    'The runtime has stopped',
    'mode: drain, fast or now, the hardest that was asked for or came to be needed; ms: from the first stop',
  ),
  'operator.set': entry('A setting was changed', 'target, before, after, operator'),
} as const satisfies Record<string, EventEntry>;

export type EventName = keyof typeof EVENTS;
