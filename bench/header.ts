import { HostLink, type HostLinkInput } from '../src/index.js';
import { benchConfig } from './bench-config.js';
import { type CallsOptions, medians } from './calls.js';
import { startHost } from './host-process.js';
import { type LoadResult, runLoad, type Target } from './load.js';

/** One in-flight count: calls routed by their header beside plain calls, on the same sessions, taking turns. */
export interface HeaderRow {
  readonly inFlight: number;
  readonly plain: LoadResult;
  readonly byHeader: LoadResult;
  /** Calls per second by header over plain; 1 is no cost. */
  readonly ratio: number;
}

/** A session type code at the start of each request. */
const CODES = ['Q', 'U'] as const;
const TYPES = ['QUERY', 'UPDATE'] as const;

/** The sessions of the other benches, half of each type; a service per type, and one that looks into the header. */
function headerConfig(port: number, workers: number): HostLinkInput {
  const input = benchConfig(port, workers);
  const links = input.links.map((link) => ({
    ...link,
    pus: link.pus.map((pu) => ({
      ...pu,
      lus: pu.lus.flatMap((lu) => [
        { ...lu, addresses: '2-65', sessionType: TYPES[0] },
        { ...lu, addresses: '66-129', sessionType: TYPES[1] },
      ]),
    })),
  }));
  const header = {
    name: 'MSG',
    length: 24,
    fields: [
      { name: 'TYPE', offset: 4, length: 2, kind: 'ascii' as const },
      { name: 'TERMINAL', offset: 8, length: 8, kind: 'ascii' as const },
    ],
    sessionType: { field: 'TYPE', map: { [CODES[0]]: TYPES[0], [CODES[1]]: TYPES[1] } },
    terminal: { field: 'TERMINAL' },
  };
  const services = [
    ...TYPES.map((sessionType) => ({ name: sessionType, application: 'ECHO', sessionType })),
    { name: 'BY_HEADER', application: 'ECHO', header: 'MSG' },
  ];
  return { ...input, links, headers: [header], services };
}

function target(hostlink: HostLink, payloadSize: number, serviceOf: (index: number) => string): Target {
  const payloads = Array.from({ length: 1024 }, (_, index) => {
    const payload = Buffer.alloc(payloadSize, index);
    payload.writeUInt32BE(index, 0);
    payload.write(`${CODES[index % 2]} `, 4, 'latin1');
    payload.write(' '.repeat(8), 8, 'latin1');
    return payload;
  });
  return {
    name: `hostlink.call ${serviceOf(0)}`,
    async ask(index) {
      const payload = payloads[index % payloads.length]!;
      const reply = await hostlink.call(serviceOf(index), payload);
      if (!payload.equals(reply)) throw new Error(`reply ${index} is not what was sent`);
    },
  };
}

async function measure(targets: readonly Target[], inFlight: number, options: CallsOptions): Promise<HeaderRow> {
  const results: LoadResult[][] = targets.map(() => []);
  for (let round = 0; round < options.rounds; round += 1) {
    // Who goes first changes, so that what grows or wears out in a run is shared.
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    for (const index of order) {
      results[index]!.push(await runLoad(targets[index]!, inFlight, options.roundMs, options.roundMs / 4));
    }
  }
  const [plain, byHeader] = results.map(medians) as [LoadResult, LoadResult];
  return { inFlight, plain, byHeader, ratio: byHeader.perSecond / plain.perSecond };
}

/** What reading a user header costs a call. */
export async function runHeader(options: CallsOptions, progress: (row: HeaderRow) => void): Promise<HeaderRow[]> {
  const host = await startHost();
  const hostlink = await HostLink.start(headerConfig(host.port, options.workers));
  await hostlink.ready({ sessions: 'all', timeoutMs: 30_000 });
  const targets = [
    target(hostlink, options.payloadSize, (index) => TYPES[index % 2]!),
    target(hostlink, options.payloadSize, () => 'BY_HEADER'),
  ];
  const rows: HeaderRow[] = [];
  for (const inFlight of options.inFlight) {
    const row = await measure(targets, inFlight, options);
    rows.push(row);
    progress(row);
  }
  await hostlink.stop();
  const { protocolErrors } = await host.stop();
  if (protocolErrors > 0) throw new Error(`the host saw ${protocolErrors} protocol errors`);
  return rows;
}
