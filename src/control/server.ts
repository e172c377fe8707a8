import { chmodSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Writable } from 'node:stream';
import { type Clock, createClock } from '../base/clock.js';
import { TPERRNO } from '../base/error-entry.js';
import { HostLinkError, toHostLinkError } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import type { CallOptions } from '../gateway/call-options.js';
import type { HostLink } from '../gateway/host-link.js';
import type { OperationResult } from '../gateway/operations.js';
import { OperatorLock } from './operator-lock.js';
import { CONTENT, ROUTE } from './protocol.js';

/** What the control socket needs of a runtime. */
export interface ControlledRuntime extends Pick<HostLink, 'call' | 'callText'> {
  /** A ControlStatus. */
  status(): Promise<object>;
  sessions(): Promise<unknown>;
  /** Change what an operator asks for. @param operator who that is, for the log */
  operate(command: string, args: readonly string[], operator: string): Promise<OperationResult>;
  /** Record into `output` until the returned function is called, which also ends `output`. */
  record(output: Writable, options: { dlsw: boolean }): () => Promise<unknown>;
}

export interface ControlServerOptions {
  /** Longest request payload, bytes. */
  readonly callSizeMax: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Only its owner may open the socket. */
const OWNER_ONLY = 0o600;
const STATUS_BY_TPERRNO: Readonly<Record<number, number>> = {
  [TPERRNO.TPEINVAL]: 400,
  [TPERRNO.TPEITYPE]: 400,
  [TPERRNO.TPENOENT]: 404,
  [TPERRNO.TPETIME]: 504,
  [TPERRNO.TPESYSTEM]: 500,
};
const STATUS_OTHER = 503;

/** Serves one runtime on its control socket. */
export class ControlServer {
  readonly path: string;
  private readonly server: Server;
  private readonly runtime: ControlledRuntime;
  private readonly options: ControlServerOptions;
  private readonly lock: OperatorLock;

  private constructor(path: string, runtime: ControlledRuntime, options: ControlServerOptions) {
    this.path = path;
    this.runtime = runtime;
    this.options = options;
    this.lock = new OperatorLock(options.clock ?? createClock());
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  /**
   * Listen at `path`. A socket left behind by a process that is gone is removed; one that answers is not.
   * @throws HostLinkError PORT_TAKEN when something is there, CONTROL_FAILED when the socket cannot be made
   */
  static async start(path: string, runtime: ControlledRuntime, options: ControlServerOptions): Promise<ControlServer> {
    await removeStale(path);
    const control = new ControlServer(path, runtime, options);
    await control.listen();
    options.logger.info({ path }, 'control.listening');
    return control;
  }

  /** Close the socket and every connection on it. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', (error) => reject(notListening(this.path, error)));
      this.server.listen(this.path, () => {
        chmodSync(this.path, OWNER_ONLY);
        resolve();
      });
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://control');
    try {
      await this.route(`${request.method} ${url.pathname}`, url.searchParams, request, response);
    } catch (error) {
      sendError(response, toHostLinkError(error));
    }
  }

  private async route(
    route: string,
    parameters: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    switch (route) {
      case `GET ${ROUTE.status}`:
        return sendJson(response, 200, await this.runtime.status());
      case `GET ${ROUTE.sessions}`:
        return sendJson(response, 200, await this.runtime.sessions());
      case `POST ${ROUTE.call}`:
        return this.call(parameters, request, response);
      case `POST ${ROUTE.operate}`:
        return this.operate(parameters, response);
      case `POST ${ROUTE.trace}`:
        return this.trace(parameters.get('dlsw') === '1', response);
      default:
        throw new HostLinkError('CONTROL_REQUEST_UNKNOWN', route, { route });
    }
  }

  /** A caller that leaves aborts its call. */
  private async call(parameters: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const payload = await readBody(request, this.options.callSizeMax);
    const options = { signal: gone.signal, timeoutMs: timeoutOf(parameters) };
    const isText = parameters.get('text') === '1';
    const reply = await this.answer(parameters.get('service') ?? '', payload, isText, options);
    const type = isText ? CONTENT.text : CONTENT.bytes;
    response.writeHead(200, { 'content-type': type, 'content-length': reply.length }).end(reply);
  }

  private async answer(service: string, payload: Buffer, isText: boolean, options: CallOptions): Promise<Uint8Array> {
    if (!isText) return this.runtime.call(service, payload, options);
    return Buffer.from(await this.runtime.callText(service, payload.toString('utf8'), options));
  }

  /** A change; an operator that leaves lets the next one in. */
  private async operate(parameters: URLSearchParams, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const command = parameters.get('command') ?? '';
    const args = parameters.getAll('arg');
    const operator = `process ${parameters.get('pid') ?? 'unknown'}`;
    const work = (): Promise<OperationResult> => this.runtime.operate(command, args, operator);
    sendJson(response, 200, await this.lock.run(operator, [command, ...args].join(' '), work, gone.signal));
  }

  private trace(dlsw: boolean, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': CONTENT.pcapng });
    response.flushHeaders();
    const end = this.runtime.record(response, { dlsw });
    response.on('close', () => {
      end().catch((error: unknown) => this.options.logger.debug({ reason: String(error) }, 'control.trace-left'));
    });
  }
}

/** @throws HostLinkError CONTROL_REQUEST_UNKNOWN for what is no number */
function timeoutOf(parameters: URLSearchParams): number | undefined {
  const text = parameters.get('timeoutMs');
  if (text === null) return undefined;
  const timeoutMs = Number(text);
  if (Number.isFinite(timeoutMs) && timeoutMs > 0) return timeoutMs;
  throw new HostLinkError('CONTROL_REQUEST_UNKNOWN', `timeoutMs=${text}`, { timeoutMs: text });
}

async function readBody(request: IncomingMessage, sizeMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > sizeMax) {
      request.resume(); // the rest is let go by, so that the answer can be read
      throw new HostLinkError('PAYLOAD_TOO_LONG', '', { callSizeMax: sizeMax });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': CONTENT.json, 'content-length': body.length }).end(body);
}

function sendError(response: ServerResponse, error: HostLinkError): void {
  if (response.headersSent) response.destroy();
  else sendJson(response, STATUS_BY_TPERRNO[error.tperrno] ?? STATUS_OTHER, error.toRecord());
}

function notListening(path: string, cause: NodeJS.ErrnoException): HostLinkError {
  const details = { path, reason: cause.message };
  if (cause.code === 'EADDRINUSE')
    return new HostLinkError('PORT_TAKEN', `(control socket ${path})`, details, { cause });
  return new HostLinkError('CONTROL_FAILED', cause.message, details, { cause });
}

/** @throws HostLinkError PORT_TAKEN when what is there is alive, or no socket at all */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new HostLinkError('PORT_TAKEN', `(${path} exists and is no socket)`, { path, reason: 'not a socket' });
  }
  if (await answers(path)) {
    throw new HostLinkError('PORT_TAKEN', `(control socket ${path})`, {
      path,
      reason: 'another hostlink answers there',
    });
  }
  await unlink(path).catch(() => undefined); // another start may have been quicker; listening tells
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}
