import { describe, expect, it } from 'vitest';
import { OncePer } from '../../../src/base/once-per.js';

describe('once per period', () => {
  it('lets the first through, counts the others, tells the count with the next', () => {
    const once = new OncePer(1000);
    const passed = [0, 1, 999.9, 1000, 1500, 3000, 4000].map((ms) => once.pass(ms));
    expect(passed).toEqual([0, undefined, undefined, 2, undefined, 1, 0]);
  });
});
