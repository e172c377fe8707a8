/**
 * The control socket: HTTP on a Unix domain socket that only its owner may open (mode 0600).
 *   GET  /status                               the runtime's statistics, JSON; in `notUp` the LU sessions that cannot
 *                                              carry calls, by link, state and reason, most first
 *   GET  /sessions                             every LU session, JSON
 *   POST /call?service=NAME[&timeoutMs=N]      the body is the request; the reply's bytes. With &text=1 both are
 *                                              UTF-8 text, and the host is given it in the service's code page
 *   POST /trace[?dlsw=1]                       pcapng as it is recorded, until the client leaves
 *   POST /operate?command=C[&arg=A...]&pid=N   an operator changes something, as `hostlink ctl C A...` does; JSON of what
 *                                              it came to. One at a time: others get OPERATOR_BUSY meanwhile. N names
 *                                              the operator's process for them and for the log
 * Every error is an ErrorRecord as JSON, with a status of 400 or above.
 */
export const ROUTE = {
  status: '/status',
  sessions: '/sessions',
  call: '/call',
  trace: '/trace',
  operate: '/operate',
} as const;

export const CONTENT = {
  json: 'application/json',
  bytes: 'application/octet-stream',
  text: 'text/plain; charset=utf-8',
  pcapng: 'application/x-pcapng',
} as const;
