import { SC } from '../sna/masks.js';
import { decodePiu, encodePiu, type Piu } from '../sna/piu.js';
import type { RecordedPiu, Recording } from '../trace/recording.js';
import { comparePius, UNANSWERED, wasLeftUnanswered } from './replay-allowed.js';
import { tryDecode } from './replay-facts.js';

/** same; allowed: see the list; differs; missing: we sent nothing like it; extra: the recording has nothing like it. */
export type Mark = 'host' | 'same' | 'allowed' | 'differs' | 'missing' | 'extra';

/** One line of the comparison. */
export interface ReplayRow {
  readonly atMs: number;
  readonly mark: Mark;
  /** What the recording has; undefined for extra. */
  readonly recorded: Uint8Array | undefined;
  /** What we sent, or for the host's PIUs what it was made to send. */
  readonly ours: Uint8Array | undefined;
  /** Names of allowed differences, or what could not be done. */
  readonly note: string;
}

export interface ReplayResult {
  readonly rows: readonly ReplayRow[];
  /** Rows that end the replay with a fault. */
  readonly differences: number;
  /** How often each allowed difference was met. */
  readonly allowed: ReadonlyMap<string, number>;
}

/** The node under test: our PU 2.0, or a stand-in. */
export interface ReplayedNode {
  /** A PIU from the host. */
  receive(piu: Buffer): void;
  /** What was sent since the last time, in order. */
  takeSent(): Buffer[];
  /**
   * Do of ourselves what the recorded terminal did when it sent the request at `index`.
   * @returns '' or why that cannot be done
   */
  act(pius: readonly RecordedPiu[], index: number): string;
}

interface Sent {
  readonly bytes: Buffer;
  readonly piu: Piu;
  /** Index of the recorded PIU that drew it. */
  readonly after: number;
}

/** A row and its place: after the recorded PIU of that index. */
type PlacedRow = ReplayRow & { readonly place: number };

/** Plays the host's side of a recording and holds what comes back against the terminal's. */
export class Replay {
  private readonly node: ReplayedNode;
  private readonly pius: readonly RecordedPiu[];
  private readonly rows: PlacedRow[] = [];
  /** What we sent and no recorded PIU has been held against yet. */
  private pending: Sent[] = [];
  /** Address of the SSCP per LU (0: the PU), as ACTPU and ACTLU came with. */
  private readonly sscpOf = new Map<number, number>();
  /** Our identifier for each recorded one: the host's responses must carry ours. */
  private readonly identifiers = new Map<string, number>();

  /** @param before PIUs of the host to play first, without comparing */
  constructor(recording: Recording, node: ReplayedNode, before: readonly Buffer[] = []) {
    this.pius = recording.pius;
    this.node = node;
    for (const bytes of before) {
      node.receive(Buffer.from(bytes));
      node.takeSent();
      const { th } = decodePiu(bytes);
      this.sscpOf.set(th.daf, th.oaf);
    }
  }

  run(): ReplayResult {
    for (const [index, { from }] of this.pius.entries()) {
      if (from === 'host') this.host(index);
      else this.terminal(index);
    }
    for (const sent of this.pending) this.extra(sent);
    const rows = this.rows.sort((left, right) => left.place - right.place);
    const differences = rows.filter(({ mark }) => mark === 'differs' || mark === 'missing' || mark === 'extra');
    return { rows, differences: differences.length, allowed: countAllowed(rows) };
  }

  /** We sent what the recording does not have. */
  private extra({ bytes, piu, after }: Sent): void {
    const { atMs } = this.pius[after]!;
    const isUnanswered = wasLeftUnanswered(this.pius, after, piu);
    const mark = isUnanswered ? 'allowed' : 'extra';
    const note = isUnanswered ? UNANSWERED.name : '';
    this.rows.push({ place: after, atMs, mark, recorded: undefined, ours: bytes, note });
  }

  private host(index: number): void {
    const { atMs, piu: recorded } = this.pius[index]!;
    const piu = tryDecode(recorded);
    const bytes = piu === undefined ? recorded : this.withOurIdentifier(piu, recorded);
    this.node.receive(Buffer.from(bytes));
    this.collect(index);
    this.rows.push({ place: index, atMs, mark: 'host', recorded, ours: bytes, note: '' });
  }

  private terminal(index: number): void {
    const { atMs, piu: recorded } = this.pius[index]!;
    const wanted = tryDecode(recorded);
    if (wanted === undefined) {
      this.rows.push({
        place: index,
        atMs,
        mark: 'missing',
        recorded,
        ours: undefined,
        note: 'the recorded bytes are no PIU',
      });
      return;
    }
    let sent = this.takeLike(wanted);
    let note = '';
    if (sent === undefined && wanted.rh !== null && !wanted.rh.rri && wanted.rh.bci) {
      note = this.node.act(this.pius, index);
      this.collect(index);
      sent = this.takeLike(wanted);
    }
    if (sent === undefined) {
      this.rows.push({ place: index, atMs, mark: 'missing', recorded, ours: undefined, note });
      return;
    }
    const hasIdentifier = wanted.th.efi || this.isSscp(wanted.th.oaf, wanted.th.daf);
    if (hasIdentifier && wanted.rh?.rri === false) this.identifiers.set(identifierKey(wanted), sent.piu.th.snf);
    const { isSame, allowed } = comparePius(recorded, sent.bytes, hasIdentifier);
    const mark = isSame ? (allowed.length === 0 ? 'same' : 'allowed') : 'differs';
    this.rows.push({ place: index, atMs, mark, recorded, ours: sent.bytes, note: allowed.join(', ') });
  }

  private collect(after: number): void {
    for (const bytes of this.node.takeSent()) this.pending.push({ bytes, piu: decodePiu(bytes), after });
  }

  /** The oldest of what we sent that plays the part of the recorded PIU: the same number first, then any. */
  private takeLike(wanted: Piu): Sent | undefined {
    const alike = this.pending.filter(({ piu }) => isSamePart(wanted, piu));
    const found = alike.find(({ piu }) => piu.th.snf === wanted.th.snf) ?? (wanted.rh?.rri ? undefined : alike[0]);
    if (found !== undefined) this.pending = this.pending.filter((sent) => sent !== found);
    return found;
  }

  /** A response to a request of ours must carry our identifier, not the recorded one. */
  private withOurIdentifier(piu: Piu, recorded: Uint8Array): Uint8Array {
    const { th, rh, ru } = piu;
    if (rh === null) return recorded;
    if (!rh.rri && rh.ruCategory === 'SC' && (ru[0] === SC.ACTLU || ru[0] === SC.ACTPU))
      this.sscpOf.set(th.daf, th.oaf);
    if (!rh.rri) return recorded;
    const snf = this.identifiers.get(identifierKey({ ...piu, th: { ...th, daf: th.oaf, oaf: th.daf } }));
    return snf === undefined ? recorded : encodePiu({ ...piu, th: { ...th, snf } });
  }

  private isSscp(own: number, partner: number): boolean {
    return own === 0 || this.sscpOf.get(own) === partner;
  }
}

function identifierKey({ th }: Piu): string {
  return `${th.oaf}/${th.daf}/${th.efi ? 1 : 0}/${th.snf}`;
}

/** Same session, flow and direction, both requests or both responses, of the same category. */
function isSamePart(wanted: Piu, piu: Piu): boolean {
  const { th } = piu;
  if (th.oaf !== wanted.th.oaf || th.daf !== wanted.th.daf || th.efi !== wanted.th.efi) return false;
  if (piu.rh === null || wanted.rh === null) return piu.rh === wanted.rh;
  return piu.rh.rri === wanted.rh.rri && piu.rh.ruCategory === wanted.rh.ruCategory;
}

function countAllowed(rows: readonly ReplayRow[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { mark, note } of rows) {
    if (mark !== 'allowed') continue;
    for (const name of note.split(', ')) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
