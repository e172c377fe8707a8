import { z } from 'zod';
import { HostLinkError } from '../base/errors.js';
import { isPcapng, linkTypeName, readPcapng } from './pcapng-reader.js';
import { LINK_TYPE } from './pcapng-writer.js';
import { macText, readTokenRing, TOKEN_RING_HEADER } from './token-ring.js';

/** One PIU of a recording, in wire order. */
export interface RecordedPiu {
  /** Milliseconds since the first one. */
  readonly atMs: number;
  /** host: the SSCP or a PLU; terminal: the PU or one of its LUs. */
  readonly from: 'host' | 'terminal';
  readonly piu: Uint8Array;
}

/** What passed over one circuit (one PU). */
export interface Recording {
  readonly name: string;
  readonly recordedFrom: string;
  readonly note: string;
  readonly pius: readonly RecordedPiu[];
}

/** One circuit of a pcapng file. */
export interface RecordedCircuit {
  /** Address of the PU's side, such as 40:48:01:00:00:01. */
  readonly mac: string;
  readonly link: string;
  readonly pius: number;
}

const FILE = z.object({
  name: z.string().default(''),
  recordedFrom: z.string().default(''),
  note: z.string().default(''),
  pius: z.array(
    z.object({
      atMs: z.number().min(0),
      from: z.enum(['host', 'terminal']),
      piu: z.string().regex(/^([0-9a-f]{2})+$/i, 'not an even number of hex digits'),
    }),
  ),
});

function malformed(note: string, details: Record<string, unknown> = {}): HostLinkError {
  return new HostLinkError('TRACE_MALFORMED', note, details);
}

/**
 * Read a recording: the JSON form, or one circuit of a pcapng file of ours.
 * @param mac pcapng only: which circuit, by the address of either side; the first one when absent
 * @throws HostLinkError TRACE_MALFORMED
 */
export function readRecording(file: Buffer, name: string, mac?: string): Recording {
  return isPcapng(file) ? readPcapngRecording(file, name, mac) : parseRecording(file.toString('utf8'));
}

/** Parse the JSON form. @throws HostLinkError TRACE_MALFORMED with details.path */
export function parseRecording(text: string): Recording {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`It is neither pcapng nor JSON: ${(error as Error).message}.`);
  }
  const result = FILE.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = issue?.path.join('.') ?? '';
    throw malformed(`${path === '' ? 'The whole' : path}: ${issue?.message}.`, { path });
  }
  const pius = result.data.pius.map(({ atMs, from, piu }) => ({ atMs, from, piu: Buffer.from(piu, 'hex') }));
  return { ...result.data, pius };
}

/** The JSON form as text. */
export function printRecording(recording: Recording): string {
  const pius = recording.pius.map(({ atMs, from, piu }) => ({ atMs, from, piu: Buffer.from(piu).toString('hex') }));
  const { name, recordedFrom, note } = recording;
  return `${JSON.stringify({ name, recordedFrom, note, pius }, null, 1)}\n`;
}

/** The circuits of a pcapng file of ours, in order of appearance. @throws HostLinkError TRACE_MALFORMED */
export function listCircuits(file: Buffer): RecordedCircuit[] {
  const circuits = new Map<string, { mac: string; link: string; pius: number }>();
  for (const packet of readPcapng(file)) {
    const address = packet.linkType === LINK_TYPE.TOKEN_RING ? readTokenRing(packet.bytes) : undefined;
    if (address === undefined) continue;
    const mac = macText(false, address.link, address.pu);
    const known = circuits.get(mac);
    if (known) known.pius += 1;
    else circuits.set(mac, { mac, link: packet.interfaceName, pius: 1 });
  }
  return [...circuits.values()];
}

function readPcapngRecording(file: Buffer, name: string, mac: string | undefined): Recording {
  const pius: RecordedPiu[] = [];
  const others = new Set<string>();
  let wanted = mac?.toLowerCase();
  let recordedFrom = '';
  let startMs = 0;
  for (const packet of readPcapng(file)) {
    const address = packet.linkType === LINK_TYPE.TOKEN_RING ? readTokenRing(packet.bytes) : undefined;
    if (address === undefined) {
      others.add(linkTypeName(packet.linkType));
      continue;
    }
    const own = macText(false, address.link, address.pu);
    wanted ??= own;
    if (wanted !== own && wanted !== macText(true, address.link, address.pu)) continue;
    if (pius.length === 0) {
      startMs = packet.wallMs;
      recordedFrom = `hostlink, link ${packet.interfaceName}, ${own}`;
    }
    const piu = packet.bytes.subarray(TOKEN_RING_HEADER);
    pius.push({
      atMs: Math.round((packet.wallMs - startMs) * 1000) / 1000,
      from: address.toHost ? 'terminal' : 'host',
      piu,
    });
  }
  if (pius.length === 0) throw noPius(file, mac, others);
  return { name, recordedFrom, note: '', pius };
}

function noPius(file: Buffer, mac: string | undefined, others: ReadonlySet<string>): HostLinkError {
  const circuits = listCircuits(file);
  if (mac !== undefined && circuits.length > 0) {
    return malformed(`No PIU of ${mac}; there are: ${circuits.map((each) => each.mac).join(', ')}.`, { circuits });
  }
  const seen = others.size === 0 ? 'no packets' : `only frames of other kinds (${[...others].join(', ')})`;
  return malformed(`The file holds ${seen}.`, { kinds: [...others] });
}
