import type { Chance } from './chance.js';
import type { World } from './world.js';

/** How the network is today. */
export interface Weather {
  /** Delay of a piece, ms: small mostly, up to `slowMs`. */
  fastMs: number;
  slowMs: number;
  /** How writes are cut: not, at random places, or into single bytes. */
  cut: 'whole' | 'pieces' | 'bytes';
}

export const CALM: Readonly<Weather> = { fastMs: 0.1, slowMs: 3, cut: 'whole' };

/** What the receiving end of a pipe does. The chunk is the network's again after the call. */
export interface PipeEnd {
  enter(work: () => void): void;
  data(chunk: Buffer): void;
  /** Nothing more comes. */
  end(): void;
}

interface Piece {
  /** undefined: the end. */
  readonly bytes: Buffer | undefined;
  readonly dueMs: number;
}

/** Longest write whose single bytes arrive as events of their own. */
const SINGLE_MAX = 24;
const PIECES_MAX = 4;
/** What a receiver finds in a chunk that it kept for too long. */
const SCRIBBLE = 0xdd;

/** One direction of a connection: bytes in order, late, in other pieces than they were written. */
export class Pipe {
  private readonly world: World;
  private readonly chance: Chance;
  private readonly weather: Weather;
  private readonly receiver: PipeEnd;
  private pieces: Piece[] = [];
  private lastDueMs = 0;
  private cancelPump: (() => void) | undefined;
  private isStalled = false;
  private isOver = false;

  constructor(world: World, chance: Chance, weather: Weather, receiver: PipeEnd) {
    this.world = world;
    this.chance = chance;
    this.weather = weather;
    this.receiver = receiver;
  }

  /** The bytes are copied now. */
  write(bytes: Buffer): void {
    if (this.isOver || bytes.length === 0) return;
    for (const piece of this.cut(Buffer.from(bytes))) this.add(piece);
  }

  /** No more will be written. What is under way arrives first, or is lost. */
  end(isLost: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    if (isLost) this.pieces = [];
    this.add(undefined);
  }

  /** Nothing arrives until `resume`. */
  stall(): void {
    this.isStalled = true;
  }

  resume(): void {
    this.isStalled = false;
    this.arm();
  }

  /** The receiver went away. */
  drop(): void {
    this.isOver = true;
    this.pieces = [];
    this.cancelPump?.();
    this.cancelPump = undefined;
  }

  private cut(bytes: Buffer): Buffer[] {
    const { cut } = this.weather;
    if (cut === 'whole') return [bytes];
    if (cut === 'bytes' && bytes.length <= SINGLE_MAX) return [...bytes.keys()].map((at) => bytes.subarray(at, at + 1));
    const places = Array.from({ length: this.chance.whole(0, PIECES_MAX - 1) }, () =>
      this.chance.whole(0, bytes.length),
    );
    const ends = [...places.sort((a, b) => a - b), bytes.length];
    return ends.map((to, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1]!, to)).filter((one) => one.length > 0);
  }

  private add(bytes: Buffer | undefined): void {
    const { fastMs, slowMs } = this.weather;
    const dueMs = this.world.clock.nowMs() + this.chance.skewed(fastMs, slowMs);
    this.lastDueMs = Math.max(this.lastDueMs, dueMs);
    this.pieces.push({ bytes, dueMs: this.lastDueMs });
    this.arm();
  }

  private arm(): void {
    const [first] = this.pieces;
    if (first === undefined || this.isStalled || this.cancelPump !== undefined) return;
    const delayMs = first.dueMs - this.world.clock.nowMs();
    this.cancelPump = this.world.clock.after(delayMs, () => this.pump());
  }

  /** What is due arrives, as one chunk or piece by piece. */
  private pump(): void {
    this.cancelPump = undefined;
    if (this.isStalled) return;
    const nowMs = this.world.clock.nowMs();
    let count = 0;
    while (count < this.pieces.length && this.pieces[count]!.dueMs <= nowMs) count += 1;
    const due = this.pieces.splice(0, count);
    const data = due.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]));
    const isEnd = data.length < due.length;
    const chunks = data.length > 1 && this.chance.is(0.5) ? [Buffer.concat(data)] : data;
    this.receiver.enter(() => {
      for (const chunk of chunks) this.hand(chunk, this.weather.cut === 'bytes' && chunk.length > SINGLE_MAX);
      if (isEnd) this.receiver.end();
    });
    this.arm();
  }

  private hand(chunk: Buffer, isSingly: boolean): void {
    if (isSingly) for (let at = 0; at < chunk.length; at += 1) this.receiver.data(chunk.subarray(at, at + 1));
    else this.receiver.data(chunk);
    chunk.fill(SCRIBBLE);
  }
}
