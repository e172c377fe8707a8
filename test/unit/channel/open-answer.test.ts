import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANSWER_STATUS, AnswerBlock, readAnswers } from '../../../src/channel/blocks.js';
import type { OpenAnswer } from '../../../src/channel/open-answer.js';

/** An answer under way, and what it should hold. */
interface Open {
  readonly answer: OpenAnswer;
  bytes: number[];
  ahead: number[];
}

/** One that is done to an answer under way. */
type Change =
  | { readonly kind: 'put' | 'append'; readonly which: number; readonly size: number }
  | { readonly kind: 'accept' | 'forget' | 'finish' | 'discard'; readonly which: number };
type Step =
  | Change
  | { readonly kind: 'begin' }
  | { readonly kind: 'take' }
  | { readonly kind: 'add'; readonly size: number };

const size = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 900 }));
const which = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant({ kind: 'begin' as const }),
  fc.constant({ kind: 'take' as const }),
  fc.record({ kind: fc.constant('add' as const), size }),
  fc.record({ kind: fc.constantFrom('put' as const, 'append' as const), which, size }),
  fc.record({ kind: fc.constantFrom('accept' as const, 'forget' as const, 'finish' as const), which }),
  fc.record({ kind: fc.constant('discard' as const), which }),
);

/** Answers as they go in and come out, beside a plain list of them. */
class Scene {
  readonly block = new AnswerBlock(64);
  readonly expected: [id: number, bytes: number[]][] = [];
  readonly seen: [id: number, bytes: number[]][] = [];
  private readonly open: Open[] = [];
  /** Over, but somebody still writes a RU to them. */
  private readonly stale: OpenAnswer[] = [];
  private next = 0;

  /** Bytes like no others before them. */
  private bytes(length: number): number[] {
    return Array.from({ length }, () => (this.next++ * 37) & 0xff);
  }

  do(step: Step): void {
    if (step.kind === 'begin') this.open.push({ answer: this.block.begin(), bytes: [], ahead: [] });
    else if (step.kind === 'take') this.take();
    else if (step.kind === 'add') this.add(step.size);
    else if (this.open.length > 0) this.change(step, this.open[step.which % this.open.length]!);
  }

  private add(size: number): void {
    const bytes = this.bytes(size);
    this.block.add(this.next, ANSWER_STATUS.reply, Uint8Array.from(bytes));
    this.expected.push([this.next, bytes]);
  }

  private change(step: Change, open: Open): void {
    const { answer } = open;
    if (step.kind === 'put' || step.kind === 'append') {
      const bytes = this.bytes(step.size);
      answer[step.kind](Uint8Array.from([9, ...bytes, 9]), 1, 1 + bytes.length);
      open[step.kind === 'put' ? 'ahead' : 'bytes'].push(...bytes);
    } else if (step.kind === 'accept') {
      answer.accept();
      open.bytes.push(...open.ahead.splice(0));
    } else if (step.kind === 'forget') {
      answer.ahead = 0;
      open.ahead = [];
    } else {
      this.open.splice(this.open.indexOf(open), 1);
      if (open.ahead.length > 0) this.stale.push(answer);
      if (step.kind === 'discard') this.block.discard(answer);
      else {
        this.block.finish(this.next, ANSWER_STATUS.reply, answer);
        this.expected.push([this.next, open.bytes]);
      }
    }
  }

  /** What is not wanted any more goes on. */
  writeStale(): void {
    for (const answer of this.stale) answer.put(new Uint8Array(50).fill(0xcc), 0, 50);
  }

  take(): void {
    const block = this.block.take();
    if (block === undefined) return;
    readAnswers(block, (id, _status, bytes, from, to) => this.seen.push([id, [...bytes.subarray(from, to)]]));
    // As when it is transferred, and comes back as another: nothing may still look at it.
    new Uint8Array(block).fill(0xee);
    this.block.recycle(block);
  }

  check(): void {
    for (const { answer, bytes, ahead } of this.open) {
      const { from, length } = answer;
      const end = from + length + answer.ahead;
      expect([length, answer.ahead]).toEqual([bytes.length, ahead.length]);
      expect([...answer.bytes.subarray(from, end)]).toEqual([...bytes, ...ahead]);
    }
  }
}

describe('open answers', () => {
  it('hold what was written, whatever else is posted, and come out whole and once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const scene = new Scene();
        for (const step of steps) {
          scene.do(step);
          scene.writeStale();
          scene.check();
        }
        scene.take();
        expect(scene.seen).toEqual(scene.expected);
      }),
      { numRuns: 500 },
    );
  });

  it('are put together where they are sent from, the only one of a link at least', () => {
    const block = new AnswerBlock(64);
    const only = block.begin();
    only.put(Uint8Array.from([1, 2, 3]), 0, 3);
    only.accept();
    const { buffer } = only.bytes;
    const other = block.begin();
    other.append(Uint8Array.from([4]), 0, 1);
    expect(other.bytes.buffer).not.toBe(buffer);
    block.finish(7, ANSWER_STATUS.reply, only);
    expect(block.take()).toBe(buffer);
  });

  it('that made a block long take its length with them', () => {
    for (const leave of ['add', 'discard'] as const) {
      const block = new AnswerBlock(64);
      block.add(6, ANSWER_STATUS.reply, Uint8Array.of(1, 2));
      const long = block.begin();
      long.append(new Uint8Array(100_000).fill(7), 0, 100_000);
      if (leave === 'discard') block.discard(long);
      block.add(7, ANSWER_STATUS.reply, Uint8Array.of(3));
      const seen: number[][] = [];
      const posted = block.take()!;
      expect(posted.byteLength).toBeLessThan(1000);
      readAnswers(posted, (id, _status, bytes, from, to) => seen.push([id, ...bytes.subarray(from, to)]));
      expect(seen).toEqual([
        [6, 1, 2],
        [7, 3],
      ]);
      if (leave === 'add') expect([long.length, long.bytes[long.from + 99_999]]).toEqual([100_000, 7]);
    }
  });

  it.each([501, 502, 503, 504])('of %i bytes, which fill the block, keep them when it is padded', (length) => {
    const block = new AnswerBlock(64);
    const answer = block.begin();
    const bytes = Uint8Array.from({ length }, (_, at) => at);
    answer.append(bytes, 0, length);
    block.finish(7, ANSWER_STATUS.reply, answer);
    readAnswers(block.take()!, (_id, _status, seen, from, to) => {
      expect(new Uint8Array(seen.subarray(from, to))).toEqual(bytes);
    });
  });

  it('whose RU is still being written when nobody wants them are not used for another', () => {
    const block = new AnswerBlock(64);
    const left = block.begin();
    left.put(Uint8Array.from([1, 2, 3]), 0, 3);
    block.discard(left);
    const next = block.begin();
    expect(next).not.toBe(left);
    next.append(Uint8Array.from([7, 8, 9]), 0, 3);
    left.put(Uint8Array.from([4, 5, 6]), 0, 3);
    expect([...left.bytes.subarray(left.from, left.from + left.ahead)]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...next.bytes.subarray(next.from, next.from + next.length)]).toEqual([7, 8, 9]);
    block.discard(next);
    expect(block.begin()).toBe(next);
  });
});
