/**
 * The control socket: HTTP on a Unix domain socket that only its owner may open (mode 0600).
 *   GET  /status                               the runtime's statistics, JSON
 *   GET  /sessions                             every LU session, JSON
 *   POST /call?service=NAME[&timeoutMs=N]      the body is the request; the reply's bytes. With &text=1 both are
 *                                              UTF-8 text, and the host is given it in the service's code page
 *   POST /trace[?dlsw=1]                       pcapng as it is recorded, until the client leaves
 * Every error is an ErrorRecord as JSON, with a status of 400 or above.
 */
export const ROUTE = {
  status: '/status',
  sessions: '/sessions',
  call: '/call',
  trace: '/trace',
} as const;

export const CONTENT = {
  json: 'application/json',
  bytes: 'application/octet-stream',
  text: 'text/plain; charset=utf-8',
  pcapng: 'application/x-pcapng',
} as const;
