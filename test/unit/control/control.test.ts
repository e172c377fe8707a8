import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { createSilentLog } from '../../../src/base/log.js';
import { ControlClient } from '../../../src/control/client.js';
import { type ControlledRuntime, ControlServer } from '../../../src/control/server.js';
import type { CallOptions } from '../../../src/gateway/call-options.js';
import type { OperationResult } from '../../../src/gateway/operations.js';

interface SeenCall {
  readonly service: string;
  readonly payload: Buffer;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A runtime that does what each test tells it. */
class FakeRuntime implements ControlledRuntime {
  readonly calls: SeenCall[] = [];
  readonly recordings: { output: Writable; dlsw: boolean; isEnded: boolean }[] = [];
  answer: (call: SeenCall) => Promise<Uint8Array> = async ({ payload }) => payload;
  onRecord: () => void = () => {};
  readonly operated: string[] = [];
  change: () => Promise<OperationResult> = async () => ({ target: 'x', before: 1, after: 2 });

  async status(): Promise<object> {
    return { sessions: { ready: 3 } };
  }

  async sessions(): Promise<unknown> {
    return [{ lu: 'LU1', state: 'ACTIVE' }];
  }

  operate(command: string, args: readonly string[], operator: string) {
    this.operated.push(`${operator}: ${[command, ...args].join(' ')}`);
    return this.change();
  }

  call(service: string, payload: Uint8Array | string, options: CallOptions = {}) {
    const seen = { service, payload: Buffer.from(payload), timeoutMs: options.timeoutMs, signal: options.signal };
    this.calls.push(seen);
    return this.answer(seen);
  }

  async callText(service: string, text: string, options: CallOptions = {}) {
    return `${service} ${options.timeoutMs}: ${text.toUpperCase()}`;
  }

  record(output: Writable, { dlsw }: { dlsw: boolean }): () => Promise<unknown> {
    const recording = { output, dlsw, isEnded: false };
    this.recordings.push(recording);
    this.onRecord();
    return async () => {
      recording.isEnded = true;
    };
  }
}

const options = { callSizeMax: 1000, logger: createSilentLog().part('control') };
let folder: string;
let path: string;
let runtime: FakeRuntime;
let servers: ControlServer[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostlink-control-'));
  path = join(folder, 'control.sock');
  runtime = new FakeRuntime();
  servers = [];
});

afterEach(async () => {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(at = path): Promise<ControlServer> {
  const server = await ControlServer.start(at, runtime, options);
  servers.push(server);
  return server;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('it went well'),
    (reason: unknown) => reason,
  );
  return error instanceof HostLinkError ? error.code : String(error);
}

describe('the control socket', () => {
  it('is for its owner only, and goes when the server stops', async () => {
    const server = await serve();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.stop();
    servers = [];
    expect(() => statSync(path)).toThrow();
  });

  it('is taken over from a process that is gone, never from one that answers', async () => {
    await leaveSocketBehind(path);
    expect(statSync(path).isSocket()).toBe(true);
    await serve();
    expect(await codeOf(serve())).toBe('PORT_TAKEN');
    expect(await new ControlClient(path).status()).toEqual({ sessions: { ready: 3 } });
  });

  it('never removes a file that is no socket', async () => {
    writeFileSync(path, 'mine');
    expect(await codeOf(serve())).toBe('PORT_TAKEN');
    expect(statSync(path).size).toBe(4);
  });

  it('says CONTROL_FAILED where it cannot be made', async () => {
    expect(await codeOf(serve(join(folder, 'absent', 'control.sock')))).toBe('CONTROL_FAILED');
  });
});

describe('the control client', () => {
  it('gets statistics and sessions', async () => {
    await serve();
    const client = new ControlClient(path);
    expect(await client.status()).toEqual(await runtime.status());
    expect(await client.sessions()).toEqual([{ lu: 'LU1', state: 'ACTIVE' }]);
  });

  it('calls with bytes and a time-out, and gets the bytes of the reply', async () => {
    await serve();
    const payload = Buffer.from(Array.from({ length: 1000 }, (_, index) => index & 0xff));
    runtime.answer = async (call) => Buffer.from(call.payload).reverse();
    expect(await new ControlClient(path).call('A&B=C', payload, 250)).toEqual(Buffer.from(payload).reverse());
    expect(runtime.calls[0]).toMatchObject({ service: 'A&B=C', timeoutMs: 250, payload });
  });

  it('calls with text, and gets text', async () => {
    await serve();
    expect(await new ControlClient(path).call('UPPER', 'größe', 7)).toBe('UPPER 7: GRÖSSE');
  });

  it('throws what the call threw: code, message and details', async () => {
    await serve();
    runtime.answer = async () => {
      throw new HostLinkError('SERVICE_UNKNOWN', 'X', { known: ['ECHO'] });
    };
    const error = await new ControlClient(path).call('X', Buffer.alloc(1)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'SERVICE_UNKNOWN',
      message: 'No such service. X',
      details: { known: ['ECHO'] },
    });
  });

  it('is told when its payload is too long, wherever the limit falls', async () => {
    await serve();
    const client = new ControlClient(path);
    expect(await codeOf(client.call('ECHO', Buffer.alloc(1001)))).toBe('PAYLOAD_TOO_LONG');
    expect(await codeOf(client.call('ECHO', Buffer.alloc(3_000_000)))).toBe('PAYLOAD_TOO_LONG');
    expect(runtime.calls).toEqual([]);
  });

  it('says CONTROL_UNREACHABLE when nobody is there, or somebody else is', async () => {
    const client = new ControlClient(path);
    expect(await codeOf(client.status())).toBe('CONTROL_UNREACHABLE');
    expect(await codeOf(client.call('ECHO', Buffer.alloc(1)))).toBe('CONTROL_UNREACHABLE');
    const other = createServer((socket) => socket.resume().end('HTTP/1.1 418 teapot\r\nconnection: close\r\n\r\n{}'));
    await new Promise<void>((resolve) => other.listen(path, resolve));
    expect(await codeOf(client.status())).toBe('CONTROL_UNREACHABLE');
    await new Promise((resolve) => other.close(resolve));
  });

  it('says OUTCOME_UNKNOWN when the runtime is lost during the call', async () => {
    const server = await serve();
    runtime.answer = () => {
      void server.stop();
      return new Promise(() => {});
    };
    expect(await codeOf(new ControlClient(path).call('ECHO', Buffer.alloc(1)))).toBe('OUTCOME_UNKNOWN');
    servers = [];
  });
});

describe('changes of operators', () => {
  const done: OperationResult = { target: 'service A&B', before: 'open', after: 'HELD' };

  it('are handed over with who asks, and answered', async () => {
    await serve();
    runtime.change = async () => done;
    expect(await new ControlClient(path).operate('hold', ['service', 'A&B'])).toEqual(done);
    expect(runtime.operated).toEqual([`process ${process.pid}: hold service A&B`]);
  });

  it('are made by one at a time: the second is told who is at it, and since when; reading goes on', async () => {
    await serve();
    const client = new ControlClient(path);
    let finish: (result: OperationResult) => void = () => {};
    const begun = new Promise<void>((resolve) => {
      runtime.change = () => {
        resolve();
        return new Promise((end) => {
          finish = end;
        });
      };
    });
    const first = client.operate('drain', ['link', 'L1']);
    await begun;
    await expect(client.operate('hold', ['server'])).rejects.toMatchObject({
      code: 'OPERATOR_BUSY',
      details: {
        operator: `process ${process.pid}`,
        command: 'drain link L1',
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    });
    expect(await client.sessions()).toHaveLength(1);
    finish(done);
    expect(await first).toEqual(done);
    runtime.change = async () => done;
    expect(await client.operate('hold', ['server'])).toEqual(done);
    expect(runtime.operated).toHaveLength(2);
  });

  it('let the next one in when the operator leaves, or when they fail', async () => {
    await serve();
    const client = new ControlClient(path);
    const asked = httpRequest({ socketPath: path, path: '/operate?command=drain&pid=7', method: 'POST' });
    asked.on('error', () => {});
    await new Promise<void>((resolve) => {
      runtime.change = () => {
        resolve();
        return new Promise(() => {});
      };
      asked.end();
    });
    runtime.change = async () => {
      throw new HostLinkError('LINK_UNKNOWN', '', { known: ['L1'] });
    };
    asked.destroy();
    let code = 'OPERATOR_BUSY';
    while (code === 'OPERATOR_BUSY') code = await codeOf(client.operate('drain', ['link', 'X']));
    expect(code).toBe('LINK_UNKNOWN');
    expect(await codeOf(client.operate('drain', ['link', 'X']))).toBe('LINK_UNKNOWN');
  });
});

describe('the control server', () => {
  it('aborts the call of a caller that leaves', async () => {
    await serve();
    const asked = httpRequest({ socketPath: path, path: '/call?service=ECHO', method: 'POST' });
    asked.on('error', () => {});
    const signal = await new Promise<AbortSignal>((resolve) => {
      runtime.answer = (call) => {
        resolve(call.signal!);
        return new Promise(() => {});
      };
      asked.end('x');
    });
    expect(signal.aborted).toBe(false);
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    asked.destroy();
    await aborted;
    expect(signal.aborted).toBe(true);
  });

  it('answers requests it does not know, and bad parameters, with an error record', async () => {
    await serve();
    expect(await raw('GET', '/nonsense')).toMatchObject({ status: 400, body: { code: 'CONTROL_REQUEST_UNKNOWN' } });
    expect(await raw('DELETE', '/status')).toMatchObject({ status: 400, body: { code: 'CONTROL_REQUEST_UNKNOWN' } });
    expect(await raw('POST', '/call?service=A&timeoutMs=soon')).toMatchObject({
      status: 400,
      body: { code: 'CONTROL_REQUEST_UNKNOWN', details: { timeoutMs: 'soon' } },
    });
  });

  it('streams a recording until the client leaves', async () => {
    await serve();
    const started = new Promise<void>((resolve) => {
      runtime.onRecord = resolve;
    });
    const stream = await new ControlClient(path).trace({ dlsw: true });
    await started;
    const [recording] = runtime.recordings;
    expect(recording).toMatchObject({ dlsw: true, isEnded: false });
    const first = new Promise((resolve) => stream.once('data', resolve));
    recording!.output.write(Buffer.of(1, 2, 3));
    expect(await first).toEqual(Buffer.of(1, 2, 3));
    const closed = new Promise((resolve) => recording!.output.once('close', resolve));
    stream.destroy();
    await closed;
    expect(recording!.isEnded).toBe(true);
  });
});

function raw(method: string, route: string): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ socketPath: path, path: route, method }, async (response) => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) });
    });
    asked.on('error', reject).end();
  });
}

/** A socket file that nobody listens on, as a killed process leaves it. */
async function leaveSocketBehind(at: string): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  const script = `require('net').createServer().listen(${JSON.stringify(at)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
}
