import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { EmbeddedHost } from '../../src/host/embedded-host.js';
import type { HostReport } from '../../src/host/report.js';
import type { HostLink, HostLinkInput } from '../../src/index.js';
import { dist, distHost } from '../helpers/dist.js';
import { hostDefinitions } from '../helpers/runtime.js';

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

const HEADER_SIZE = 24;

/** Think time of SLOW, then the fields: type, terminal, service. */
const MSG = {
  name: 'MSG',
  length: HEADER_SIZE,
  fields: [
    { name: 'TYPE', offset: 4, length: 2, kind: 'ebcdic' },
    { name: 'TERMINAL', offset: 6, length: 8, kind: 'ascii' },
    { name: 'SERVICE', offset: 14, length: 8, kind: 'ascii' },
  ],
  sessionType: { field: 'TYPE', map: { Q: 'QUERY', '01': 'UPDATE' } },
};

interface Said {
  readonly type: string;
  readonly thinkMs?: number;
  readonly terminal?: string;
  readonly service?: string;
  readonly body?: string;
}

function request({ type, thinkMs = 0, terminal = '', service = '', body = 'body' }: Said): Buffer {
  const lead = Buffer.alloc(6, 0x40);
  for (const [at, char] of [...String(thinkMs).padStart(4, '0')].entries()) lead[at] = 0xf0 + Number(char);
  const codes: Record<string, string> = { Q: 'd840', '01': 'f0f1', X: 'e740' };
  lead.write(codes[type]!, 4, 'hex');
  return Buffer.concat([lead, Buffer.from(`${terminal.padEnd(8)}${service.padEnd(8)}  ${body}`, 'latin1')]);
}

/** Two links. Of SLOW there are two types on both, of ECHO one, and two LUs kept for terminals. */
function input(port: number, more: { header?: object; services?: object[]; server?: object } = {}): HostLinkInput {
  const slow = (addresses: string, sessionType: string, other: object = {}) => {
    return { addresses, sessionType, application: 'SLOW', logMode: 'LU0FAST', ...other };
  };
  const links = [1, 2].map((link) => ({
    name: `LINK${link}`,
    pus: [
      {
        name: `PU${link}A`,
        idBlk: '017',
        idNum: `000${link}1`,
        localMac: `4000.0000.00${link}1`,
        remoteMac: '4000.3745.0001',
        lus: [
          slow('2-3', 'QUERY'),
          slow('4-5', 'UPDATE'),
          slow('6', 'UPDATE', { mode: 'DEDICATE', terminals: `T${link}` }),
          { addresses: '7', application: 'ECHO', logMode: 'LU0FAST' },
        ].map((lu) => ({ name: `LA${link}{address:03}`, ...lu })),
      },
    ],
  }));
  return {
    server: { name: 'HEADER', min: 2, ...more.server },
    log: { level: 'silent' },
    linkDefaults: { peer: { address: '127.0.0.1', port }, dlsw: { connections: 1 }, sna: { piuSizeMax: 4105 } },
    links,
    headers: [{ ...MSG, ...more.header }],
    services: more.services ?? [{ name: 'SLOW', application: 'SLOW', header: 'MSG' }],
  } as HostLinkInput;
}

async function startRuntime(input: HostLinkInput): Promise<HostLink> {
  const hostlink = await dist.HostLink.start(input);
  running.push({ stop: () => hostlink.stop({ graceMs: 0 }) });
  await hostlink.ready({ sessions: 'all', timeoutMs: 10_000 });
  return hostlink;
}

interface Book {
  readonly host: EmbeddedHost;
  /** Types of the requests by LU, as the host read them from the requests' own bytes. */
  readonly types: Map<string, Set<string>>;
}

/** A host that keeps a book of which LU carried what. */
async function startHost(): Promise<Book> {
  const types = new Map<string, Set<string>>();
  const host = await distHost.EmbeddedHost.start(hostDefinitions(), {
    onLedger({ lu }, bytes, from) {
      const seen = types.get(lu) ?? new Set();
      types.set(lu, seen.add(bytes.toString('hex', from + 4, from + 6)));
    },
  });
  running.push(host);
  return { host, types };
}

const LUS = (from: number, to: number): string[] =>
  [1, 2].flatMap((link) => Array.from({ length: to - from + 1 }, (_, at) => `LA${link}00${from + at}`));

function groupOf(hostlink: HostLink, sessionType: string) {
  return hostlink.stats().groups.find((group) => group.application === 'SLOW' && group.sessionType === sessionType)!;
}

async function stopClean(hostlink: HostLink, host: EmbeddedHost): Promise<void> {
  await hostlink.stop();
  expect(host.report().protocolErrors.list).toEqual([]);
}

describe('session types by user header', () => {
  it('each request uses the sessions of its type only, and all of them; a wrong header fails one call alone', async () => {
    const { host, types } = await startHost();
    const hostlink = await startRuntime(input(host.port));
    const results = await Promise.allSettled(
      Array.from({ length: 600 }, async (_, index) => {
        const type = ['Q', '01', 'X', 'Q'][index % 4]!;
        const sent = request({ type, body: `call ${index}` });
        const reply = await hostlink.call('SLOW', sent, { timeoutMs: 20_000 });
        return sent.equals(reply);
      }),
    );
    const codes = results.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code));
    expect(codes).toEqual(results.map((_, index) => (index % 4 === 2 ? 'HEADER_INVALID' : true)));
    await expect(hostlink.call('SLOW', request({ type: 'Q' }).subarray(0, HEADER_SIZE - 1))).rejects.toMatchObject({
      code: 'HEADER_INVALID',
      details: { header: 'MSG', length: HEADER_SIZE, size: HEADER_SIZE - 1 },
    });
    const carried = (type: string) => [...types].filter(([, seen]) => seen.has(type)).map(([lu]) => lu);
    expect(carried('d840').sort()).toEqual(LUS(2, 3));
    expect(carried('f0f1').sort()).toEqual(LUS(4, 5));
    expect(carried('e740')).toEqual([]);
    const requests = host.report().ledger.reduce((sum, row) => sum + row.requests, 0);
    expect(requests).toBe(450);
    expect(hostlink.stats().services[0]).toMatchObject({ count: 450, fail: 0 });
    await stopClean(hostlink, host);
  });

  it('queues per type: a full QUERY queue does not hold up an UPDATE', async () => {
    const { host } = await startHost();
    const hostlink = await startRuntime(input(host.port, { server: { maxqcount: 3 } }));
    const over = new AbortController();
    const queries = Array.from({ length: 8 }, () =>
      hostlink.call('SLOW', request({ type: 'Q', thinkMs: 9999 }), { signal: over.signal }),
    );
    const settled = Promise.allSettled(queries);
    await expect(queries[7]).rejects.toMatchObject({ code: 'QUEUE_FULL', details: { waiting: 3 } });
    await hostlink.call('SLOW', request({ type: '01' }));
    expect(groupOf(hostlink, 'QUERY')).toMatchObject({ reserved: 4, waiting: 3 });
    expect(groupOf(hostlink, 'UPDATE')).toMatchObject({ reserved: 0, waiting: 0 });
    over.abort();
    const ends = (await settled).map((one) => one.status === 'rejected' && one.reason);
    expect(ends.map(({ code, details }) => `${code} ${details.sent}`)).toEqual([
      ...Array(4).fill('CALL_ABORTED maybe'),
      ...Array(3).fill('CALL_ABORTED no'),
      'QUEUE_FULL no',
    ]);
    await hostlink.stop({ graceMs: 0 });
  });

  it('the terminal of the header: its LU, of the right type, and none of the pool', async () => {
    const { host, types } = await startHost();
    const hostlink = await startRuntime(input(host.port, { header: { terminal: { field: 'TERMINAL' } } }));
    const calls = Array.from({ length: 60 }, (_, index) =>
      hostlink.call('SLOW', request({ type: '01', terminal: `T${1 + (index % 2)}`, body: `call ${index}` })),
    );
    await Promise.all(calls);
    expect([...types.keys()].sort()).toEqual(['LA1006', 'LA2006']);
    const code = (said: Said) => expect(hostlink.call('SLOW', request(said))).rejects;
    await code({ type: '01', terminal: 'T3' }).toMatchObject({ code: 'TERMINAL_UNKNOWN' });
    await code({ type: '01', terminal: 'T 1' }).toMatchObject({ code: 'HEADER_INVALID' });
    await code({ type: 'Q', terminal: 'T1' }).toMatchObject({ code: 'LU_UNAVAILABLE', details: { lu: 'LA1006' } });
    await hostlink.call('SLOW', request({ type: 'Q' }), { lu: 'LA1002' });
    expect(types.get('LA1002')).toEqual(new Set(['d840']));
    await stopClean(hostlink, host);
  });

  it('the header names the service, and may stay here', async () => {
    const { host } = await startHost();
    const header = { service: { field: 'SERVICE' }, sessionType: undefined, strip: true };
    const services = [
      { name: 'ANY', application: 'SLOW', sessionType: 'QUERY', header: 'MSG' },
      { name: 'ECHO', application: 'ECHO' },
      { name: 'QUICK', application: 'SLOW', sessionType: 'UPDATE', timeout: 50 },
    ];
    const hostlink = await startRuntime(input(host.port, { header, services }));
    const reply = await hostlink.call('ANY', request({ type: 'X', service: 'ECHO', body: 'only this' }));
    expect(Buffer.from(reply).toString('latin1')).toBe('only this');
    const none = hostlink.call('ANY', request({ type: 'X', service: 'NONE' }));
    await expect(none).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN', details: { service: 'NONE' } });
    const slow = `\xf9\xf9\xf9\xf9`;
    const late = hostlink.call('ANY', request({ type: 'X', service: 'QUICK', body: slow }));
    await expect(late).rejects.toMatchObject({ code: 'CALL_TIMEOUT', details: { service: 'QUICK' } });
    const rows = host.report().ledger.filter((row) => row.requests > 0);
    expect(rows.map((row) => row.application).sort()).toEqual(['ECHO', 'SLOW']);
    expect(hostlink.stats().services.map(({ count, fail }) => [count, fail])).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
    ]);
    await hostlink.stop({ graceMs: 0 });
  });

  it('forwards within the type, when a worker turns out to have no session of it', async () => {
    const thread = new Worker(new URL('../helpers/host-thread.mjs', import.meta.url), {
      workerData: hostDefinitions(),
    });
    const [{ port }] = (await once(thread, 'message')) as [{ port: number }];
    running.push({ stop: () => thread.terminate() });
    const timers = { sessionRetry: 30_000, sessionRetryMax: 30_000 };
    const { linkDefaults, ...rest } = input(port);
    const hostlink = await startRuntime({ ...rest, linkDefaults: { ...linkDefaults, timers } });
    // The host takes the QUERY sessions of one worker; this thread stands still until that worker has confirmed it.
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const victim = hostlink.stats().workers[0]!.link.slice(-1);
    thread.postMessage({ kind: 'unbind', lus: [`LA${victim}002`, `LA${victim}003`], flag });
    expect(Atomics.wait(flag, 0, 0, 20_000)).not.toBe('timed-out');
    await Promise.all(['Q', '01', 'Q', '01'].map((type) => hostlink.call('SLOW', request({ type }))));
    const { refused, forwarded } = hostlink.stats().dispatch;
    expect([refused, forwarded]).toEqual([1, 1]);
    thread.postMessage({ kind: 'report' });
    const [{ report }] = (await once(thread, 'message')) as [{ report: HostReport }];
    const byLu = Object.fromEntries(report.ledger.map((row) => [row.lu, row.requests]));
    const sum = (...addresses: number[]) =>
      addresses.flatMap((one) => [`LA100${one}`, `LA200${one}`]).reduce((total, lu) => total + (byLu[lu] ?? 0), 0);
    expect([sum(2, 3), sum(4, 5), sum(6, 7)]).toEqual([2, 2, 0]);
    expect(byLu[`LA${victim}002`]! + byLu[`LA${victim}003`]!).toBe(0);
    expect(report.protocolErrors.list).toEqual([]);
  });
});
