import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from '../../../src/dlsw/backlog.js';
import { answerLargestFrame, largestFrameCode } from '../../../src/dlsw/largest-frame.js';

describe('Backlog', () => {
  it('gives PIUs back in order, however they come and go', () => {
    const step = fc.oneof(fc.record({ push: fc.uint8Array({ maxLength: 3000 }) }), fc.constant('shift' as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const backlog = new Backlog();
        const model: Uint8Array[] = [];
        const out = Buffer.alloc(3010);
        for (const todo of steps) {
          if (todo !== 'shift') {
            const at = backlog.reserve(todo.push.length);
            backlog.bytes.set(todo.push, at);
            model.push(todo.push);
          } else if (model.length > 0) {
            const expected = model.shift()!;
            expect(backlog.nextLength()).toBe(expected.length);
            backlog.shiftInto(out, 5);
            expect(Buffer.compare(out.subarray(5, 5 + expected.length), expected)).toBe(0);
          }
          expect(backlog.count).toBe(model.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('largest frame', () => {
  it.each([
    [1, 0x00],
    [516, 0x00],
    [517, 0x08],
    [2052, 0x10],
    [4472, 0x18],
    [41600, 0x38],
    [60000, 0x38],
  ])('%i bytes need code %i', (size, code) => {
    expect(largestFrameCode(size)).toBe(code);
  });

  it('answers with the smaller one, without the control bit', () => {
    expect(answerLargestFrame(0x90, 0x18)).toBe(0x10);
    expect(answerLargestFrame(0xb8, 0x18)).toBe(0x18);
  });
});
