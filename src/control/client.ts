import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { ERRORS, type ErrorRecord, HostLinkError } from '../base/errors.js';
import type { SessionInfo } from '../gateway/host-link.js';
import type { OperationResult } from '../gateway/operations.js';
import { ROUTE } from './protocol.js';
import type { ControlStatus } from './status.js';

/** Nothing was sent: there is no connection. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOENT', 'EACCES', 'ENOTSOCK', 'EINVAL', 'ENAMETOOLONG']);

/** Talks to a running hostlink over its control socket. Every method may throw CONTROL_UNREACHABLE. */
export class ControlClient {
  private readonly path: string;

  /** @param path of the Unix domain socket */
  constructor(path: string) {
    this.path = path;
  }

  /** The runtime's statistics, and why which sessions are not up. */
  async status(): Promise<ControlStatus> {
    return parseJson(await this.bytes('GET', ROUTE.status)) as ControlStatus;
  }

  /** Every LU session. */
  async sessions(): Promise<SessionInfo[]> {
    return parseJson(await this.bytes('GET', ROUTE.sessions)) as SessionInfo[];
  }

  /**
   * Call a service.
   * @param payload bytes, or text for the service's code page; the reply is of the same kind
   * @throws HostLinkError whatever the call itself throws at the other end; OUTCOME_UNKNOWN when that end is lost meanwhile
   */
  async call(service: string, payload: Uint8Array, timeoutMs?: number): Promise<Buffer>;
  async call(service: string, payload: string, timeoutMs?: number): Promise<string>;
  async call(service: string, payload: Uint8Array | string, timeoutMs?: number): Promise<Buffer | string> {
    const isText = typeof payload === 'string';
    const parameters = new URLSearchParams({ service });
    if (timeoutMs !== undefined) parameters.set('timeoutMs', String(timeoutMs));
    if (isText) parameters.set('text', '1');
    try {
      const reply = await this.bytes('POST', `${ROUTE.call}?${parameters}`, isText ? Buffer.from(payload) : payload);
      return isText ? reply.toString('utf8') : reply;
    } catch (error) {
      throw afterSending(error);
    }
  }

  /**
   * Change something, as `hostlink ctl` does. Names this process to other operators.
   * @throws HostLinkError OPERATOR_BUSY, CONTROL_REQUEST_UNKNOWN, and what the change itself throws
   */
  async operate(command: string, args: readonly string[]): Promise<OperationResult> {
    const parameters = new URLSearchParams({ command, pid: String(process.pid) });
    for (const arg of args) parameters.append('arg', arg);
    return parseJson(await this.bytes('POST', `${ROUTE.operate}?${parameters}`)) as OperationResult;
  }

  /** Begin a recording: pcapng as it comes. Destroy the stream to end it. */
  trace(options: { dlsw: boolean }): Promise<IncomingMessage> {
    return this.ask('POST', options.dlsw ? `${ROUTE.trace}?dlsw=1` : ROUTE.trace);
  }

  private async bytes(method: string, route: string, body?: Uint8Array): Promise<Buffer> {
    return this.guard(buffer(await this.ask(method, route, body)));
  }

  private async ask(method: string, route: string, body?: Uint8Array): Promise<IncomingMessage> {
    const response = await this.guard(
      new Promise<IncomingMessage>((resolve, reject) => {
        const headers = { 'content-length': body?.length ?? 0 };
        const asked = request({ socketPath: this.path, path: route, method, headers, agent: false }, resolve);
        asked.once('error', reject);
        asked.end(body);
      }),
    );
    if (response.statusCode === 200) return response;
    throw toError(await this.guard(buffer(response)));
  }

  private async guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new HostLinkError('CONTROL_UNREACHABLE', `(${this.path})`, { path: this.path, reason }, { cause });
    }
  }
}

/** The connection broke in the middle of a call: nobody here knows what became of it. */
function afterSending(error: unknown): unknown {
  if (!(error instanceof HostLinkError) || error.code !== 'CONTROL_UNREACHABLE') return error;
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  if (NOT_CONNECTED.has(code)) return error;
  return new HostLinkError('OUTCOME_UNKNOWN', '(the control connection was lost)', error.details, { cause: error });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new HostLinkError('CONTROL_UNREACHABLE', 'Its answer is not JSON.', {}, { cause });
  }
}

function toError(bytes: Buffer): HostLinkError {
  const record = parseJson(bytes) as Partial<ErrorRecord> | null;
  if (record?.code !== undefined && record.code in ERRORS) {
    return HostLinkError.fromRecord({
      code: record.code,
      message: record.message ?? '',
      details: record.details ?? {},
    });
  }
  return new HostLinkError('CONTROL_UNREACHABLE', 'What answers there is no hostlink.');
}
