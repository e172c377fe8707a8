import { describe, expect, it } from 'vitest';
import { type Stoppable, stopOnSignal } from '../../../src/cli/stop-on-signal.js';
import { fakeIo } from './fake-io.js';

/** A runtime that stops when the test says, and how it was asked to. */
function fakeRuntime() {
  const modes: unknown[] = [];
  const left = { calls: 2, held: 1 };
  const server = { state: 'DRAINING', left };
  let settle: { resolve: () => void; reject: (error: Error) => void };
  const stopped = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const runtime = {
    config: { server: { stopGraceMs: 5000 } },
    stats: () => ({ server }),
    stop({ mode }: { mode: string }) {
      modes.push(mode);
      return stopped;
    },
  } as unknown as Stoppable;
  return {
    runtime,
    modes,
    left,
    server,
    resolve: () => settle.resolve(),
    fail: (error: Error) => settle.reject(error),
  };
}

describe('stop on a signal', () => {
  it('once: drains, and tells each second what is left; nothing stays behind', async () => {
    const io = fakeIo();
    const { runtime, modes, left, server, resolve } = fakeRuntime();
    const code = stopOnSignal(io, runtime);
    expect(io.err.text).toBe('');
    io.signal('SIGTERM');
    expect(modes).toEqual(['drain']);
    io.clock.advance(1000);
    left.calls = 1;
    io.clock.advance(1000);
    server.state = 'STOPPING';
    Object.assign(left, { calls: 0, held: 0 });
    io.clock.advance(1000);
    resolve();
    expect(await code).toBe(0);
    expect(io.err.lines).toEqual([
      'SIGTERM: draining for at most 5 s, 2 calls and 1 held session left; once more stops now',
      'draining: 2 calls and 1 held session left',
      'draining: 1 call and 1 held session left',
      'stopping: 0 calls and 0 held sessions left',
    ]);
    expect(io.out.text).toBe('');
    expect([io.listeners, io.clock.pending()]).toEqual([0, 0]);
  });

  it('twice: stops now, and says by its exit code that it was not left to finish', async () => {
    const io = fakeIo();
    const { runtime, modes, resolve } = fakeRuntime();
    const code = stopOnSignal(io, runtime);
    io.signal('SIGINT');
    io.signal('SIGINT');
    expect(modes).toEqual(['drain', 'now']);
    expect(io.err.lines.at(-1)).toBe('SIGINT: stopping now');
    expect(io.clock.pending()).toBe(0);
    expect(io.exits).toEqual([]);
    io.signal('SIGINT');
    expect(io.exits).toEqual([1]);
    resolve();
    expect(await code).toBe(1);
  });

  it('as JSON, one object a line', async () => {
    const io = fakeIo();
    const { runtime, resolve } = fakeRuntime();
    const code = stopOnSignal(io, runtime, true);
    io.signal('SIGTERM');
    io.clock.advance(1000);
    io.signal('SIGTERM');
    resolve();
    await code;
    expect(io.out.lines.map((line) => JSON.parse(line))).toEqual([
      { event: 'draining', signal: 'SIGTERM', calls: 2, held: 1 },
      { event: 'left', state: 'DRAINING', calls: 2, held: 1 },
      { event: 'stopping', signal: 'SIGTERM' },
    ]);
  });

  it('a stop that fails is the failure of the command', async () => {
    const io = fakeIo();
    const { runtime, fail } = fakeRuntime();
    const code = stopOnSignal(io, runtime);
    io.signal('SIGTERM');
    fail(new Error('no'));
    await expect(code).rejects.toThrow('no');
    expect(io.listeners).toBe(0);
  });
});
