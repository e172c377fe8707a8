import { type ErrorEntry, entry, FROM_PEER, LOOK_AT_TRACE, TPERRNO as T } from './error-entry.js';
import { WIRE_ERRORS } from './wire-errors.js';

/** The closed list of error codes. SUBJECT_CONDITION. The README's error reference is made from it. */
export const ERRORS = {
  ...WIRE_ERRORS,
  // sessions
  SESSION_LOST: entry(
    T.TPESVCERR,
    'The LU session ended before the request was sent.',
    'UNBIND, DACTLU or loss of the link.',
    'Call again; the session comes back by itself.',
  ),
  SESSION_REJECTED: entry(
    T.TPESVCFAIL,
    'The host application rejected the request.',
    'A negative response; details.senseData and details.senseName say why.',
    'Look the sense code up; the data was not processed.',
  ),
  SESSION_PROTOCOL_ERROR: entry(
    T.TPESVCERR,
    'The host application broke the session protocol.',
    FROM_PEER,
    LOOK_AT_TRACE,
  ),
  SESSION_BUSY: entry(
    T.TPEPROTO,
    'The held session cannot do this now.',
    "A call or send on it has not ended, or it is the host's turn to send; details.reason says which.",
    'Wait for the other operation, or receive what the host sends. Nothing was sent.',
  ),
  SESSION_CLOSED: entry(
    T.TPEPROTO,
    'The held session has been closed.',
    'close() was called, it was idle for longer than its idle time-out, or its link stopped; details.reason says which.',
    'Open another one. Nothing was sent.',
  ),
  LU_UNKNOWN: entry(
    T.TPENOENT,
    'No such LU.',
    'The name is in no link of the configuration.',
    'Use a configured LU; a retry makes no sense.',
  ),
  LU_IN_USE: entry(
    T.TPEBLOCK,
    'The LU carries a request of another caller.',
    'An LU has one session, and a session serves one request at a time.',
    'Try again in a moment, or let any free session of the service do it.',
  ),
  LU_UNAVAILABLE: entry(
    T.TPENOREADY,
    'The session of the LU could not be had.',
    'The host refused it, or the LU is not active; details.reason says which.',
    'details.retry says whether a retry makes sense: later, or not before an operator acts.',
  ),
  TERMINAL_UNKNOWN: entry(
    T.TPENOENT,
    'No such terminal.',
    'No dedicate LU has this terminal number.',
    'Add it to the terminals of a dedicate LU range.',
  ),
  // calls
  SERVICE_UNKNOWN: entry(
    T.TPENOENT,
    'No such service.',
    'The name is not in the services of the configuration.',
    'Use one of those that details.known names, or add it.',
  ),
  SERVICE_HELD: entry(
    T.TPENOREADY,
    'The service takes no new requests.',
    'An operator holds it, or the whole server; details.held says which.',
    'Call again once it is started: hostlink ctl start. The request was not sent.',
  ),
  SERVICE_UNAVAILABLE: entry(
    T.TPENOREADY,
    'No worker can serve the service.',
    'All its workers are down for good.',
    'Look at the log and at hostlink status.',
  ),
  PAYLOAD_TOO_LONG: entry(
    T.TPEINVAL,
    'The payload is over the limit.',
    'callSizeMax of the server is smaller.',
    'Send less, or raise callSizeMax.',
  ),
  PAYLOAD_INVALID: entry(
    T.TPEITYPE,
    'The payload is neither bytes nor text.',
    'The wrong kind of value was passed.',
    'Pass a Uint8Array, or a string where the service has a code page.',
  ),
  HEADER_INVALID: entry(
    T.TPEINVAL,
    'The user header of the request cannot be read.',
    'The request is too short, or a field holds what the header of its service does not allow.',
    'Look at details.field and details.value (hex), and compare with headers in the configuration. Nothing was sent.',
  ),
  OPTION_INVALID: entry(
    T.TPEINVAL,
    'An option of the call is out of range.',
    'details.option names it.',
    'Give a value that details.allowed describes.',
  ),
  REPLY_TOO_LONG: entry(
    T.TPESVCERR,
    'The reply of the host is over the limit.',
    'replySizeMax of the server is smaller than the chain the host sent.',
    'Raise replySizeMax.',
  ),
  QUEUE_FULL: entry(
    T.TPEQFULL,
    'Too many requests wait for a session.',
    'MAXQCOUNT requests are waiting already.',
    'Call later, add sessions or raise maxqcount.',
  ),
  QUEUE_PURGED: entry(
    T.TPEQPURGE,
    'The request was taken out of the queue.',
    'An operator purged the requests that waited for a session.',
    'Call again when the operator says so. The request was not sent.',
  ),
  SESSION_WAIT_TIMEOUT: entry(
    T.TPEQPURGE,
    'No session became free before the deadline.',
    'All sessions are busy or down; the numbers are in details.',
    'Call later, add sessions, or allow more time. The request was not sent.',
  ),
  CALL_TIMEOUT: entry(
    T.TPETIME,
    'The host did not answer before the deadline.',
    'The host application is slow, or the reply was lost.',
    'The request was sent: ask the host whether it was done before calling again.',
  ),
  CALL_ABORTED: entry(
    T.TPESVCERR,
    'The call was aborted by its AbortSignal.',
    'The caller asked for it.',
    'details.sent says whether the request may have reached the host.',
  ),
  OUTCOME_UNKNOWN: entry(
    T.TPESVCERR,
    'The request may have reached the host, but its reply is lost.',
    'The session, link or worker failed after the bytes had been sent.',
    'Ask the host whether it was done before calling again.',
  ),
  RUNTIME_STOPPED: entry(
    T.TPEPROTO,
    'The runtime is stopping or stopped.',
    'stop() was called, or the process got a signal.',
    'Start a new one.',
  ),
  // workers
  WORKER_LOST: entry(
    T.TPESVRDOWN,
    'The worker thread ended.',
    'It crashed, ran out of memory or hung; details.reason says which.',
    'It is started again by itself within MAXRSTART per GPERIOD.',
  ),
  WORKER_START_FAILED: entry(
    T.TPENOREADY,
    'A worker thread did not start.',
    'See details.reason.',
    'Correct the cause and start again.',
  ),
  CHANNEL_MALFORMED: entry(
    T.TPESYSTEM,
    'A message between threads could not be read.',
    'The two sides are of different versions.',
    'Build anew: dist must come from one build.',
  ),
  // configuration and operation
  CONFIG_INVALID: entry(
    T.TPEINVAL,
    'The configuration has mistakes.',
    'See each problem: file, line, column, what is wrong, what is allowed.',
    'Correct them; nothing was started.',
  ),
  CONFIG_UNREADABLE: entry(
    T.TPEOS,
    'The configuration file could not be read.',
    'It does not exist, or may not be read.',
    'Check the path and the permissions.',
  ),
  CONTROL_UNREACHABLE: entry(
    T.TPENOREADY,
    'No running hostlink answers on the control socket.',
    'It is not started, or uses another control path.',
    'Start it with hostlink start -c FILE, or name the socket with --control.',
  ),
  CONTROL_REQUEST_UNKNOWN: entry(
    T.TPEINVAL,
    'The control socket does not know this request.',
    'The program that asks is of another version, or something else opened the socket.',
    'Use the hostlink command of the same version.',
  ),
  LINK_UNKNOWN: entry(
    T.TPENOENT,
    'No such link.',
    'The name is not in the links of the configuration.',
    'Use one of those that details.known names.',
  ),
  PU_UNKNOWN: entry(
    T.TPENOENT,
    'No such PU on this link.',
    'The name is not in the pus of the link, or LINK/NAME is not written so.',
    'Use one of those that details.known names, as LINK/PU.',
  ),
  SETTING_INVALID: entry(
    T.TPEINVAL,
    'The setting cannot be changed so.',
    'Its name is not one of those that change at run time, or the value is out of the range of the configuration.',
    'Give what details.allowed describes.',
  ),
  OPERATOR_BUSY: entry(
    T.TPEBLOCK,
    'Another operator is changing something.',
    'Changes are made by one operator at a time; details name the process and since when.',
    'Try again in a moment. Nothing was changed.',
  ),
  CONTROL_FAILED: entry(
    T.TPEOS,
    'The control socket could not be made.',
    'The folder does not exist or may not be written, or the path is longer than about 100 characters.',
    'Correct server.control in the configuration.',
  ),
  TRACE_UNREADABLE: entry(
    T.TPEOS,
    'The recording could not be read or written.',
    'The file does not exist, or may not be opened.',
    'Check the path.',
  ),
  TRACE_MALFORMED: entry(
    T.TPEINVAL,
    'The file is not a recording that hostlink knows.',
    'Neither the JSON form nor pcapng with PIUs.',
    'Record one with hostlink trace or start --trace.',
  ),
  HOST_CONFIG_INVALID: entry(
    T.TPEINVAL,
    'The embedded host cannot be built from these definitions.',
    'See details.problems.',
    'Correct the host definitions.',
  ),
  INTERNAL: entry(
    T.TPESYSTEM,
    'hostlink met a condition it did not expect.',
    'A fault of hostlink.',
    'Please report it with the log.',
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** What an error becomes when it crosses a port: class and code survive, the stack stays behind. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Record<string, unknown>;
}

/** The one error class: `code` from the closed list, `details` with the numbers, `tperrno` for Tmax-minded callers. */
export class HostLinkError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;
  readonly tperrno: number;

  /** @param note what is special this time, added to the code's sentence */
  constructor(code: ErrorCode, note = '', details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(note === '' ? ERRORS[code].text : `${ERRORS[code].text} ${note}`, options);
    this.name = 'HostLinkError';
    this.code = code;
    this.details = details;
    this.tperrno = ERRORS[code].tperrno;
  }

  toRecord(): ErrorRecord {
    return { code: this.code, message: this.message, details: this.details };
  }

  static fromRecord(record: ErrorRecord): HostLinkError {
    const error = new HostLinkError(record.code, '', record.details);
    error.message = record.message;
    return error;
  }
}

/** Any thrown value as a HostLinkError; what is not one already becomes INTERNAL with the cause kept. */
export function toHostLinkError(value: unknown): HostLinkError {
  if (value instanceof HostLinkError) return value;
  const reason = value instanceof Error ? value.message : String(value);
  return new HostLinkError('INTERNAL', reason, { reason }, { cause: value });
}
