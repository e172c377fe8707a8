import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { createSilentLog } from '../../../src/base/log.js';
import { SESSION_STATES } from '../../../src/channel/messages.js';
import { runCall } from '../../../src/cli/call-command.js';
import { runCtl } from '../../../src/cli/ctl-command.js';
import { runCli } from '../../../src/cli/program.js';
import { controlPath } from '../../../src/cli/run-command.js';
import { runSessions } from '../../../src/cli/sessions-command.js';
import { runStatus } from '../../../src/cli/status-command.js';
import { runTrace } from '../../../src/cli/trace-command.js';
import type { HostLinkConfig } from '../../../src/config/model.js';
import { type ControlledRuntime, ControlServer } from '../../../src/control/server.js';
import type { ControlStatus, NotUp } from '../../../src/control/status.js';
import type { SessionInfo } from '../../../src/gateway/host-link.js';
import type { HostLinkStats } from '../../../src/gateway/stats.js';
import { readPcapng } from '../../../src/trace/pcapng-reader.js';
import { TraceRecorder } from '../../../src/trace/recorder.js';
import { TRACE_KIND, TraceBlock } from '../../../src/trace/records.js';
import { fakeIo } from './fake-io.js';

const PIU = Buffer.from('2c00020100010390a0c1c2', 'hex');

function sessionRows(): SessionInfo[] {
  const common = { worker: 0, link: 'LINK1', pu: 'PU1A', group: 0, application: 'ECHO', sessionType: '', reason: '' };
  const held = { state: 'HELD' as const, reason: 'deactivated by the operator', calls: 0 };
  const other = { worker: 1, link: 'LINK2', pu: 'PU2A', application: 'SUM', sessionType: 'FAST' };
  return [
    { ...common, ...other, lu: 'LC9', localAddress: 9, state: 'BUSY', calls: 7 },
    { ...common, ...held, lu: 'LB1', localAddress: 10 },
    { ...common, lu: 'LA2', localAddress: 2, state: 'ACTIVE', calls: 1200 },
  ];
}

function statsOf(active: number): HostLinkStats {
  const sessions = Object.fromEntries(SESSION_STATES.map((state) => [state, state === 'ACTIVE' ? active : 0]));
  return {
    server: {
      name: 'TEST',
      run: 'r1',
      state: 'RUNNING',
      pid: 42,
      upMs: 1500,
      isHeld: false,
      left: { calls: 0, held: 0 },
    },
    workers: [
      {
        id: 0,
        state: 'READY',
        link: 'LINK1',
        reason: '',
        restarts: 0,
        reserved: 3,
        heapBytes: 2_097_152,
        counters: null,
      },
      {
        id: 1,
        state: 'BACKOFF',
        link: '',
        reason: 'it crashed',
        restarts: 2,
        reserved: 0,
        heapBytes: 0,
        counters: null,
      },
    ],
    links: [
      {
        name: 'LINK1',
        worker: 0,
        state: 'ACTIVE',
        reason: '',
        hold: 'HELD',
        up: active,
        total: 4,
        sessions,
      } as HostLinkStats['links'][0],
    ],
    sessions: { sessions: active, total: 4, byState: sessions } as HostLinkStats['sessions'],
    groups: [{ application: 'ECHO', sessionType: '', sessions: 4, active, reserved: 3, waiting: 7 }],
    services: [
      {
        name: 'ECHO',
        count: 1234,
        fail: 1,
        averageMs: 1.5,
        maxMs: 20,
        waiting: 7,
        queued: 9,
        forwarded: 2,
        isHeld: false,
      },
      { name: 'IDLE', count: 0, fail: 0, averageMs: 0, maxMs: 0, waiting: 0, queued: 0, forwarded: 0, isHeld: true },
    ],
    dispatch: {
      waiting: 7,
      queued: 9,
      forwarded: 2,
      refused: 0,
      retried: 0,
      opened: 0,
      queueFull: 5,
      late: 0,
      stray: 0,
    },
    held: [],
    scaling: { grown: 1, shrunk: 0 },
  };
}

/** Echoes; records what the test feeds it. */
class EchoRuntime implements ControlledRuntime {
  recorders: TraceRecorder[] = [];
  isEnded = false;
  timeoutMs: number | undefined;
  onRecord: (recorder: TraceRecorder) => void = () => {};

  notUp: ControlStatus['notUp'] = [];

  async status(): Promise<ControlStatus> {
    return { ...statsOf(3), notUp: this.notUp };
  }

  async sessions(): Promise<SessionInfo[]> {
    return sessionRows();
  }

  operate(command: string, args: readonly string[]) {
    return Promise.resolve({ target: args.join(' '), before: command, after: 3 });
  }

  async call(service: string, payload: Uint8Array | string, options: { timeoutMs?: number | undefined } = {}) {
    if (service !== 'ECHO') throw new HostLinkError('SERVICE_UNKNOWN', '', { known: ['ECHO'] });
    this.timeoutMs = options.timeoutMs;
    return Buffer.from(payload);
  }

  async callText(service: string, text: string): Promise<string> {
    return `${service}:${text}`;
  }

  record(output: Writable, { dlsw }: { dlsw: boolean }): () => Promise<unknown> {
    const recorder = new TraceRecorder(output, { linkOf: () => ({ number: 0, name: 'LINK1', pus: [] }), dlsw });
    this.recorders.push(recorder);
    this.onRecord(recorder);
    return async () => {
      this.isEnded = true;
    };
  }
}

function feed(recorder: TraceRecorder, packets: number): void {
  for (let index = 0; index < packets; index += 1) {
    const block = new TraceBlock();
    block.add(index, TRACE_KIND.piu, true, 0, PIU, 0, PIU.length);
    recorder.add(0, block.take()!);
  }
}

let folder: string;
let control: string;
let runtime: EchoRuntime;
let server: ControlServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostlink-cli-'));
  control = join(folder, 'control.sock');
  runtime = new EchoRuntime();
  const logger = createSilentLog().part('control');
  server = await ControlServer.start(control, runtime, { callSizeMax: 1000, logger });
});

afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the control socket of a command', () => {
  it('is the one named, the one of the configuration, or the usual one', () => {
    expect(controlPath({ control: '/a', config: '/nothing' })).toBe('/a');
    expect(controlPath({})).toBe('./hostlink.sock');
    expect(controlPath({ config: 'examples/hostlink.yaml' })).toBe('./hostlink.sock');
  });
});

describe('hostlink call', () => {
  it('prints the reply in the form of the request', async () => {
    const text = fakeIo();
    expect(await runCall(text, 'UPPER', { control, text: 'hi' })).toBe(0);
    expect(text.out.text).toBe('UPPER:hi\n');
    const hex = fakeIo();
    await runCall(hex, 'ECHO', { control, hex: 'C1 c2', timeout: 2.5 });
    expect([hex.out.text, runtime.timeoutMs]).toEqual(['c1c2\n', 2500]);
    const file = join(folder, 'payload');
    writeFileSync(file, PIU);
    const bytes = fakeIo();
    await runCall(bytes, 'ECHO', { control, file });
    expect(bytes.out.bytes).toEqual(PIU);
    const input = fakeIo({ input: PIU });
    await runCall(input, 'ECHO', { control });
    expect(input.out.bytes).toEqual(PIU);
  });

  it('prints one JSON object where a program reads', async () => {
    const io = fakeIo();
    await runCall(io, 'ECHO', { control, hex: 'c1c2', json: true });
    expect(JSON.parse(io.out.text)).toEqual({ service: 'ECHO', ms: 0, bytes: 2, hex: 'c1c2' });
    const text = fakeIo();
    await runCall(text, 'ECHO', { control, text: 'hi', json: true });
    expect(JSON.parse(text.out.text)).toEqual({ service: 'ECHO', ms: 0, text: 'ECHO:hi' });
  });

  it('keeps a runtime of its own until the call has its result, without log and control socket', async () => {
    let isEnded = false;
    const answer = async <T>(reply: T): Promise<T> => {
      await new Promise((resolve) => setImmediate(resolve));
      if (isEnded) throw new HostLinkError('RUNTIME_STOPPED');
      return reply;
    };
    const start = async ({ log, server: { control: path } }: HostLinkConfig) => {
      expect([log.level, path]).toEqual(['silent', undefined]);
      return {
        call: (_service: string, payload: Uint8Array | string) => answer(payload as Uint8Array),
        callText: (_service: string, text: string) => answer(text.toUpperCase()),
        async [Symbol.asyncDispose]() {
          isEnded = true;
        },
      };
    };
    const config = 'examples/hostlink.yaml';
    const text = fakeIo();
    expect(await runCall(text, 'UPPER', { standalone: true, config, text: 'hi' }, start)).toBe(0);
    expect([text.out.text, isEnded]).toEqual(['HI\n', true]);
    isEnded = false;
    const hex = fakeIo();
    await runCall(hex, 'ECHO', { standalone: true, config, hex: 'c1' }, start);
    expect([hex.out.text, isEnded]).toEqual(['c1\n', true]);
  });

  it('throws named errors for what cannot be', async () => {
    const io = fakeIo();
    await expect(runCall(io, 'NOPE', { control, hex: '' })).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' });
    await expect(runCall(io, 'ECHO', { control, hex: 'c' })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
    await expect(runCall(io, 'ECHO', { control, file: '/absent' })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
    const absent = { control: join(folder, 'absent'), hex: '' };
    await expect(runCall(io, 'ECHO', absent)).rejects.toMatchObject({ code: 'CONTROL_UNREACHABLE' });
    await expect(runCall(io, 'ECHO', { standalone: true, hex: '' })).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
    });
  });
});

describe('hostlink sessions', () => {
  it('prints a table by link, PU and address, and a summary', async () => {
    const io = fakeIo();
    expect(await runSessions(io, { control })).toBe(0);
    expect(io.out.lines).toEqual([
      'LINK   PU    LU   ADDRESS  STATE   APPLICATION  TYPE  CALLS  REASON',
      'LINK1  PU1A  LA2        2  ACTIVE  ECHO         -     1,200',
      'LINK1  PU1A  LB1       10  HELD    ECHO         -         0  deactivated by the operator',
      'LINK2  PU2A  LC9        9  BUSY    SUM          FAST      7',
      '',
      '3 sessions, 2 up: ACTIVE 1, BUSY 1, HELD 1',
    ]);
  });

  it.each([
    [{ link: 'LINK1' }, ['LA2', 'LB1']],
    [{ pu: 'PU2A' }, ['LC9']],
    [{ lu: 'LB1' }, ['LB1']],
    [{ state: 'HELD' }, ['LB1']],
    [{ link: 'LINK2', state: 'HELD' }, []],
  ])('shows what fits %j', async (filter, lus) => {
    const io = fakeIo();
    await runSessions(io, { control, json: true, ...filter });
    expect((JSON.parse(io.out.text) as SessionInfo[]).map(({ lu }) => lu)).toEqual(lus);
  });

  it('takes states that exist only', async () => {
    const io = fakeIo();
    expect(await runCli(['sessions', '--control', control, '--state', 'ASLEEP'], io)).toBe(2);
    expect(io.err.text).toContain('READY_TO_INIT');
  });
});

describe('hostlink ctl', () => {
  it('prints what was changed, from what to what, also with a negative value', async () => {
    const io = fakeIo();
    expect(await runCli(['ctl', 'set', 'asqcount', '-1', '--control', control], io)).toBe(0);
    expect(io.out.text).toBe('set asqcount -1: set -> 3\n');
    const json = fakeIo();
    await runCtl(json, 'hold', ['server'], { control, json: true });
    expect(JSON.parse(json.out.text)).toEqual({ command: 'hold', target: 'server', before: 'hold', after: 3 });
  });
});

describe('hostlink status', () => {
  it('prints tables of workers, links, applications and services', async () => {
    const io = fakeIo();
    expect(await runStatus(io, { control })).toBe(0);
    expect(io.out.lines[0]).toBe('TEST RUNNING, up 1.50 s, process 42, 3 of 4 sessions');
    expect(io.out.lines[1]).toMatch(/7 waiting now; since the start 9 queued, 2 forwarded, 5 turned away/);
    expect(io.out.text).toMatch(/^1 +BACKOFF +0 +0 +2 +0\.0 +it crashed$/m);
    expect(io.out.text).toMatch(/^LINK +STATE +UP +OF +ACTIVE +REASON$/m);
    expect(io.out.text).toMatch(/^LINK1 +ACTIVE +3 +4 +3 +HELD by the operator$/m);
    expect(io.out.text).toMatch(/^ECHO +- +4 +3 +3 +7$/m);
    expect(io.out.text).toMatch(/^ECHO +1,234 +1 +1\.50 ms +20\.0 ms +7 +9 +2$/m);
    expect(io.out.text).toMatch(/^IDLE \(HELD\) +0 +0 +- +- +0 +0 +0$/m);
    expect(io.out.text).not.toContain('LUS');
  });

  it('says why sessions are not up, link by link', async () => {
    runtime.notUp = [
      {
        link: 'LINK1',
        state: 'HELD',
        reason: 'the host refused the logon',
        sessions: 1200,
        lus: ['LA2', 'LA3', 'LA4'],
      },
      { link: 'LINK2', state: 'DOWN', reason: 'its worker does not answer', sessions: 4, lus: [] },
      { link: 'LINK1', state: 'INIT_PENDING', reason: '', sessions: 2, lus: ['LB8', 'LB9'] },
    ];
    const io = fakeIo();
    await runStatus(io, { control });
    const from = io.out.lines.findIndex((line) => line.includes('LUS'));
    expect(io.out.lines.slice(from - 1, from + 5)).toEqual([
      '',
      'LINK   STATE         SESSIONS  LUS                           REASON',
      'LINK1  HELD             1,200  LA2, LA3, LA4 and 1,197 more  the host refused the logon',
      'LINK2  DOWN                 4  -                             its worker does not answer',
      'LINK1  INIT_PENDING         2  LB8, LB9                      -',
      '',
    ]);
  });

  it('shows the twenty largest groups and says how many more there are', async () => {
    const common = { link: 'LINK1', state: 'RETRY' as const, lus: ['LA2'] };
    runtime.notUp = Array.from({ length: 23 }, (_, at): NotUp => ({ ...common, reason: `reason ${at}.`, sessions: 2 }));
    const io = fakeIo();
    await runStatus(io, { control });
    expect(io.out.lines.filter((line) => line.includes('reason'))).toHaveLength(20);
    expect(io.out.text).toContain('reason 19.\nand 3 more such groups of 6 sessions: hostlink sessions lists all\n\n');
    const json = fakeIo();
    await runStatus(json, { control, json: true });
    expect(JSON.parse(json.out.text).notUp).toEqual(runtime.notUp);
  });

  it('prints the statistics as JSON', async () => {
    const io = fakeIo();
    await runStatus(io, { control, json: true });
    expect(JSON.parse(io.out.text)).toEqual(JSON.parse(JSON.stringify(await runtime.status())));
  });

  it('watches until a signal', async () => {
    const io = fakeIo();
    const watching = runStatus(io, { control, json: true, watch: true });
    while (io.out.lines.length < 3) {
      await new Promise((resolve) => setImmediate(resolve));
      io.clock.advance(1000);
    }
    io.signal();
    await stepUntil(io.clock, watching);
    expect(io.out.lines.length).toBeLessThan(10);
    expect(io.listeners).toBe(0);
  });
});

describe('hostlink trace', () => {
  const file = () => join(folder, 'trace.pcapng');

  it('ends after a count, with whole packets only', async () => {
    const io = fakeIo();
    runtime.onRecord = (recorder) => feed(recorder, 50);
    expect(await runTrace(io, file(), { control, count: 7 })).toBe(0);
    expect([...readPcapng(readFileSync(file()))].map(({ wallMs }) => wallMs)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(io.out.text).toMatch(/trace\.pcapng: 7 packets, [\d,]+ bytes \(count\)/);
    expect(io.listeners).toBe(0);
  });

  it('ends after a time', async () => {
    const io = fakeIo();
    runtime.onRecord = (recorder) => feed(recorder, 3);
    const tracing = runTrace(io, file(), { control, seconds: 10, json: true });
    await written(file());
    io.clock.advance(9_999);
    expect(io.out.text).toBe('');
    io.clock.advance(1);
    expect(await tracing).toBe(0);
    expect(JSON.parse(io.out.text)).toMatchObject({ packets: 3, ended: 'seconds' });
  });

  it('ends at a signal, or when the runtime stops', async () => {
    for (const [end, why] of [
      [(io: ReturnType<typeof fakeIo>) => io.signal(), 'signal'],
      [() => void server.stop(), 'the runtime stopped'],
    ] as const) {
      const io = fakeIo();
      runtime.onRecord = (recorder) => feed(recorder, 2);
      rmSync(file(), { force: true });
      const tracing = runTrace(io, file(), { control, json: true });
      await written(file());
      end(io);
      expect(await tracing).toBe(0);
      expect(JSON.parse(io.out.text)).toMatchObject({ packets: 2, ended: why });
      expect([...readPcapng(readFileSync(file()))]).toHaveLength(2);
    }
  });

  it('says so when the file cannot be written, and leaves the runtime alone', async () => {
    const tracing = runTrace(fakeIo(), join(folder, 'no', 'folder'), { control });
    await expect(tracing).rejects.toMatchObject({ code: 'TRACE_UNREADABLE' });
    await new Promise<void>((resolve) => {
      const look = (): unknown => (runtime.isEnded ? resolve() : setImmediate(look));
      look();
    });
    expect(runtime.isEnded).toBe(true);
  });
});

/** Wait until packets have come through to the file. */
async function written(path: string): Promise<void> {
  while (!existsSync(path) || readFileSync(path).length < 100) await new Promise((resolve) => setImmediate(resolve));
}

async function stepUntil(clock: { advance(ms: number): void }, work: Promise<unknown>): Promise<void> {
  let isDone = false;
  work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
  }
}
