import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HostLinkError } from '../../../src/base/errors.js';
import { loadConfig, parseConfig } from '../../../src/config/load.js';
import type { HostLinkConfig } from '../../../src/config/model.js';
import type { Problem } from '../../../src/config/problems.js';

/** Whatever is given: a configuration, or CONFIG_INVALID with at least one problem; nothing else. */

const EXAMPLE = readFileSync(new URL('../../../examples/hostlink.yaml', import.meta.url), 'utf8');

type Outcome = 'config' | 'invalid';

function outcomeOf(load: () => HostLinkConfig): Outcome {
  try {
    expect(load().links.length).toBeGreaterThan(0);
    return 'config';
  } catch (error) {
    if (!(error instanceof HostLinkError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    const problems = error.details.problems as readonly Problem[];
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) {
      expect(problem.message).not.toBe('');
      if (problem.file !== undefined) expect([problem.line! > 0, problem.column! > 0]).toEqual([true, true]);
    }
    return 'invalid';
  }
}

/** All places of a JSON value, as functions that put another value there. */
function placesOf(value: unknown, put: (other: unknown) => void): ((other: unknown) => void)[] {
  if (typeof value !== 'object' || value === null) return [put];
  const tree = value as Record<string, unknown>;
  return [
    put,
    ...Object.keys(tree).flatMap((key) => placesOf(tree[key], (other) => Object.assign(tree, { [key]: other }))),
  ];
}

const anyOther = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(-1, 0, 1.5, 1e308, Number.NaN, '', 'A', '2-3', '037', '30s', [], {}, null, true, [null], [{}]),
);

describe('any input', () => {
  it('any JSON', () => {
    fc.assert(
      fc.property(fc.oneof(fc.object(), fc.array(fc.jsonValue())), (value) => {
        expect(outcomeOf(() => loadConfig(value))).toBe('invalid');
      }),
      { numRuns: 1000 },
    );
  });

  it('the example with some values replaced', () => {
    const seen = new Set<Outcome>();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), anyOther), { minLength: 1, maxLength: 4 }), (changes) => {
        const whole: { config: unknown } = { config: parse(EXAMPLE) };
        for (const [at, other] of changes) {
          const places = placesOf(whole.config, (value) => {
            whole.config = value;
          });
          // A copy: the same object put into itself would be a circle, which no JSON is.
          places[at % places.length]!(structuredClone(other));
        }
        const { config } = whole;
        if (typeof config === 'object' && config !== null) seen.add(outcomeOf(() => loadConfig(config)));
      }),
      { numRuns: 300 },
    );
    // Few changes leave a whole configuration, so a short run may meet none; that the example itself is one is tested elsewhere.
    expect([...seen]).toContain('invalid');
  });

  it('any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(outcomeOf(() => parseConfig(text, 'any.yaml'))).toBe('invalid');
      }),
      { numRuns: 1000 },
    );
  });

  it('the example with some characters replaced', () => {
    const anyText = fc.oneof(
      fc.constantFrom('{', '}', '[', ']', ':', '- ', '\t', '\n', '"', '&a ', '*a', '#', '|', '!!x '),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.nat({ max: EXAMPLE.length }), fc.nat({ max: 12 }), anyText, (at, length, text) => {
        outcomeOf(() => parseConfig(EXAMPLE.slice(0, at) + text + EXAMPLE.slice(at + length), 'any.yaml'));
      }),
      { numRuns: 300 },
    );
  });
});
