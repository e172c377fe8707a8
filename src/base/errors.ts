/** Numbers of the Tmax API (atmi.h) that each error code maps to. */
export const TPERRNO = {
  TPEBLOCK: 3,
  TPEINVAL: 4,
  TPELIMIT: 5,
  TPENOENT: 6,
  TPEOS: 7,
  TPEPROTO: 9,
  TPESVCERR: 10,
  TPESVCFAIL: 11,
  TPESYSTEM: 12,
  TPETIME: 13,
  TPEITYPE: 17,
  TPENOREADY: 24,
  TPEQFULL: 26,
  TPEQPURGE: 27,
  TPECLOSE: 28,
  TPESVRDOWN: 29,
} as const;

export interface ErrorEntry {
  /** One sentence: what happened. */
  readonly text: string;
  /** Why that usually happens. */
  readonly cause: string;
  /** What to do about it. */
  readonly action: string;
  readonly tperrno: number;
}

function entry(tperrno: number, text: string, cause: string, action: string): ErrorEntry {
  return { text, cause, action, tperrno };
}

const T = TPERRNO;
const FROM_PEER = 'The partner sent bytes that do not follow the books, or the line garbled them.';
const LOOK_AT_TRACE = 'Record a trace (hostlink trace) and look at the bytes before this error.';

/** The closed list of error codes. SUBJECT_CONDITION. The README's error reference is made from it. */
export const ERRORS = {
  // codecs
  TH_TRUNCATED: entry(T.TPEPROTO, 'The PIU is shorter than a FID2 transmission header.', FROM_PEER, LOOK_AT_TRACE),
  TH_NOT_FID2: entry(T.TPEPROTO, 'The transmission header is not FID2.', FROM_PEER, LOOK_AT_TRACE),
  TH_INVALID: entry(
    T.TPEINVAL,
    'A transmission header field is out of range.',
    'A field does not fit its bits.',
    'Give daf and oaf 0..255 and snf 0..65535.',
  ),
  RH_TRUNCATED: entry(T.TPEPROTO, 'The PIU ends inside the request/response header.', FROM_PEER, LOOK_AT_TRACE),
  RH_INVALID: entry(
    T.TPEINVAL,
    'A request/response header cannot be encoded from these values.',
    'An indicator of requests is set on a response, or the other way round.',
    'Correct the field that details.field names.',
  ),
  RU_TRUNCATED: entry(T.TPEPROTO, 'The request unit is shorter than its layout.', FROM_PEER, LOOK_AT_TRACE),
  RU_MALFORMED: entry(T.TPEPROTO, 'The request unit does not follow its layout.', FROM_PEER, LOOK_AT_TRACE),
  RU_UNKNOWN: entry(T.TPEPROTO, 'The request code is not known.', FROM_PEER, LOOK_AT_TRACE),
  RU_INVALID: entry(
    T.TPEINVAL,
    'A request unit cannot be encoded from these values.',
    'A field is out of range.',
    'Correct the field that details.field names.',
  ),
  XID_MALFORMED: entry(T.TPEPROTO, 'The XID does not follow its layout.', FROM_PEER, LOOK_AT_TRACE),
  XID_INVALID: entry(
    T.TPEINVAL,
    'An XID cannot be encoded from these values.',
    'A field is out of range.',
    'Give idBlk as 3 and idNum as 5 hex digits; see details.field.',
  ),
  SDLC_MALFORMED: entry(T.TPEPROTO, 'The bytes are not an SDLC frame.', FROM_PEER, LOOK_AT_TRACE),
  PIU_TOO_LONG: entry(
    T.TPELIMIT,
    'The PIU is longer than allowed.',
    'A BTU or RU size differs between the two sides.',
    'Compare piuSizeMax with the MAXDATA of the host.',
  ),
  SEGMENT_SEQUENCE: entry(T.TPEPROTO, 'A segment came out of sequence.', FROM_PEER, LOOK_AT_TRACE),
  EBCDIC_UNMAPPABLE: entry(
    T.TPEITYPE,
    'A character has no place in the code page.',
    'The text holds characters that the host code page lacks.',
    'Choose another codePage, or replace the character.',
  ),
  EBCDIC_MALFORMED: entry(
    T.TPEITYPE,
    'The EBCDIC bytes are not valid in the code page.',
    'Unpaired shift-out/shift-in, or half a double-byte character.',
    'Check the codePage of the service, or take the reply as bytes.',
  ),
  CODE_PAGE_UNKNOWN: entry(
    T.TPEINVAL,
    'The code page is not known.',
    'Only the listed code pages are built in.',
    'Use one of those that details.allowed names.',
  ),
  // DLSw
  SSP_TRUNCATED: entry(T.TPEPROTO, 'The SSP message is shorter than its header says.', FROM_PEER, LOOK_AT_TRACE),
  SSP_MALFORMED: entry(
    T.TPEPROTO,
    'The bytes are not an SSP message.',
    'The peer is not a DLSw, or framing was lost.',
    'Check the peer address and port; the connection is closed and tried again.',
  ),
  SSP_TOO_LONG: entry(
    T.TPELIMIT,
    'The SSP message is longer than allowed.',
    'The peer is not a DLSw, or framing was lost.',
    'Check the peer address and port.',
  ),
  SSP_INVALID: entry(
    T.TPEINVAL,
    'An SSP message cannot be encoded from these values.',
    'A field is out of range.',
    'Correct the field that details.field names.',
  ),
  CAPABILITIES_MALFORMED: entry(T.TPEPROTO, 'The capabilities exchange could not be read.', FROM_PEER, LOOK_AT_TRACE),
  CAPABILITIES_REFUSED: entry(
    T.TPENOREADY,
    'The DLSw peer refused our capabilities.',
    'The peer wants another DLSw version or a vendor feature.',
    'See details.reasons and the DLSw options of the link.',
  ),
  // link
  LINK_REFUSED: entry(
    T.TPENOREADY,
    'The host link could not be opened.',
    'Nothing listens at the peer address, or a firewall is between.',
    'Start the host or the router; the link tries again by itself.',
  ),
  LINK_TIMEOUT: entry(
    T.TPENOREADY,
    'The host side did not answer in time while the link was being established.',
    'The partner is up but does not know this PU, or waits for an operator.',
    'Check MAC addresses, SAPs and that the PU is active at the host.',
  ),
  LINK_XID_REFUSED: entry(
    T.TPENOREADY,
    'The host ended the circuit after our XID.',
    'IDBLK and IDNUM match no PU definition of the host, or that PU is in use or inactive.',
    'Compare idBlk and idNum with the switched major node of the host.',
  ),
  LINK_LOST: entry(
    T.TPESVCERR,
    'The host link was lost.',
    'The TCP connection ended, or the host halted the circuit.',
    'The link comes back by itself; see the log for the reason.',
  ),
  LINK_PROTOCOL_ERROR: entry(T.TPESVCERR, 'The DLSw partner broke the protocol.', FROM_PEER, LOOK_AT_TRACE),
  LINK_CONGESTED: entry(
    T.TPELIMIT,
    'The link holds too many unsent PIUs.',
    'The host grants no flow-control units.',
    'Look at the host; raise backlogMax of the link if it is only slow.',
  ),
  PORT_TAKEN: entry(
    T.TPEOS,
    'The address and port are in use.',
    'Another program, or another hostlink, listens there.',
    'Stop it or choose another port.',
  ),
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
    'The session already carries a request.',
    'A session serves one request at a time.',
    'This is a fault of hostlink; please report it.',
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
