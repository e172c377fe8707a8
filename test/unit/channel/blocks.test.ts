import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import {
  ANSWER_STATUS,
  AnswerBlock,
  type AnswerStatus,
  RequestBlock,
  readAnswers,
  readRequests,
} from '../../../src/channel/blocks.js';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const payload = fc.uint8Array({ maxLength: 300 });

describe('blocks', () => {
  it('give back the requests that went in', () => {
    const request = fc.tuple(u32, u32, fc.double({ noNaN: true }), payload);
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), (requests) => {
        const block = new RequestBlock(64);
        for (const entry of requests) block.add(...entry);
        const seen: unknown[] = [];
        readRequests(block.take()!, (id, group, due, bytes, from, to) => {
          seen.push([id, group, due, new Uint8Array(bytes.subarray(from, to))]);
        });
        expect(seen).toEqual(requests);
        expect(block.take()).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('give back the answers that went in, part of a larger buffer or not', () => {
    const status = fc.constantFrom<AnswerStatus>(...Object.values(ANSWER_STATUS));
    fc.assert(
      fc.property(fc.array(fc.tuple(u32, status, payload, fc.nat()), { minLength: 1 }), (answers) => {
        const block = new AnswerBlock(64);
        const expected = answers.map(([id, kind, bytes, cut]) => {
          const from = cut % (bytes.length + 1);
          block.add(id, kind, bytes, from, bytes.length);
          return [id, kind, bytes.slice(from)];
        });
        const seen: unknown[] = [];
        readAnswers(block.take()!, (id, kind, bytes, from, to) => {
          seen.push([id, kind, new Uint8Array(bytes.subarray(from, to))]);
        });
        expect(seen).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('writes over a block that was given back, where its size fits, and never into one it has handed on', () => {
    const answers = new AnswerBlock(100);
    const spare = new ArrayBuffer(200);
    answers.recycle(spare);
    answers.add(7, ANSWER_STATUS.reply, new Uint8Array(150).fill(1));
    const first = answers.take();
    expect(first).toBe(spare);
    answers.add(8, ANSWER_STATUS.reply, new Uint8Array(150).fill(2));
    const second = answers.take()!;
    expect(second).not.toBe(spare);
    expect(new Uint8Array(first!)[40]).toBe(1);
    answers.recycle(new ArrayBuffer(1_000_000));
    answers.add(9, ANSWER_STATUS.reply, new Uint8Array([3]));
    expect(answers.take()!.byteLength).toBeLessThan(1000);
    answers.recycle(new ArrayBuffer(100));
    answers.add(10, ANSWER_STATUS.reply, new Uint8Array(3000).fill(4));
    const seen: number[] = [];
    readAnswers(answers.take()!, (id, _status, bytes, from, to) => seen.push(id, to - from, bytes[to - 1]!));
    expect(seen).toEqual([10, 3000, 4]);
  });

  it('keeps only so many spare blocks', () => {
    const answers = new AnswerBlock(64);
    const spares = Array.from({ length: 20 }, () => new ArrayBuffer(128));
    for (const spare of spares) answers.recycle(spare);
    let used = 0;
    for (let turn = 0; turn < 20; turn += 1) {
      answers.add(turn, ANSWER_STATUS.reply, new Uint8Array(64));
      if (spares.includes(answers.take()!)) used += 1;
    }
    expect(used).toBe(8);
  });

  it('say when it is better to post than to make longer, and are long enough next time', () => {
    const block = new RequestBlock();
    const payload = new Uint8Array(30_000);
    const add = (count: number): number => {
      for (let id = 0; id < count; id += 1) block.add(id, 0, 0, payload);
      return block.take()!.byteLength;
    };
    add(2);
    expect(block.isTight(1_000_000), 'nothing to post yet').toBe(false);
    block.add(0, 0, 0, payload);
    block.add(1, 0, 0, payload);
    expect(block.isTight(100), 'it still fits').toBe(false);
    expect(block.isTight(payload.length)).toBe(true);
    expect(block.take()!.byteLength).toBeLessThan(63_000);
    expect(add(3), 'as long as it had to be').toBeLessThan(93_000);
    expect(add(1), 'and no longer than that').toBeLessThan(93_000);
    expect(add(1)).toBeLessThan(33_000);
  });

  it('starts afresh after take: the block handed on is not written to again', () => {
    const block = new RequestBlock();
    block.add(1, 0, 0, new Uint8Array([1, 2, 3]));
    const first = block.take()!;
    const copy = first.slice(0);
    block.add(2, 0, 0, new Uint8Array([9, 9, 9]));
    expect(new Uint8Array(first)).toEqual(new Uint8Array(copy));
  });

  it('any bytes are read or named malformed', () => {
    let malformed = 0;
    let read = 0;
    const words = fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 8 }) }, u32), { maxLength: 20 });
    const cut = fc.nat({ max: 5 });
    const header = fc.tuple(fc.nat({ max: 80 }), fc.nat({ max: 3 }));
    fc.assert(
      fc.property(header, words, cut, ([used, count], values, missing) => {
        const whole = Buffer.alloc(8 + 4 * values.length);
        [used, count, ...values].forEach((value, at) => {
          whole.writeUInt32LE(value, 4 * at);
        });
        const block = whole.subarray(0, Math.max(0, whole.length - missing));
        for (const reader of [readRequests, readAnswers]) {
          try {
            reader(new Uint8Array(block).buffer, () => {});
            read += 1;
          } catch (error) {
            expect((error as HostLinkError).code).toBe('CHANNEL_MALFORMED');
            expect(error).toBeInstanceOf(HostLinkError);
            malformed += 1;
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(malformed).toBeGreaterThan(100);
    expect(read).toBeGreaterThan(100);
  });
});
