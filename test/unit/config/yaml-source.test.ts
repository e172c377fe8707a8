import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Problem } from '../../../src/config/problems.js';
import { readYaml } from '../../../src/config/yaml-source.js';

const schema = z.strictObject({
  name: z.string().default('none'),
  count: z.number().int().min(1).max(9).default(1),
  deep: z.strictObject({ page: z.enum(['037', '0500']) }).optional(),
  list: z.array(z.strictObject({ id: z.string() })).default([]),
  any: z.union([z.number(), z.string()]).optional(),
});

function problemsOf(text: string): readonly Problem[] {
  const result = readYaml(text, 'x.yaml', schema);
  return 'problems' in result ? result.problems : [];
}

function places(text: string): string[] {
  return problemsOf(text).map(({ line, column, message, allowed }) => `${line}:${column} ${message} [${allowed}]`);
}

describe('readYaml', () => {
  it('gives the value of a right text', () => {
    expect(readYaml('name: a\ncount: 3\nlist: [{ id: x }]\n', 'x.yaml', schema)).toEqual({
      value: { name: 'a', count: 3, list: [{ id: 'x' }] },
    });
  });

  it('takes unquoted text as it is written', () => {
    const text = 'name: 00011\ndeep: { page: 037 }\nlist:\n  - id: 1e500\n  - id: true\n';
    expect(readYaml(text, 'x.yaml', schema)).toEqual({
      value: { name: '00011', count: 1, deep: { page: '037' }, list: [{ id: '1e500' }, { id: 'true' }] },
    });
  });

  it('names the place of each mistake', () => {
    expect(places('nmae: a\ncount: 12\ndeep:\n  page: 038\nlist:\n  - {}\n  - id: [1]\nany: true\n')).toEqual([
      '1:1 unknown key nmae; did you mean name? [name, count, deep, list, any]',
      '2:8 count is 12, too large [1..9]',
      '4:9 page is "038", which is not a choice [037, 0500]',
      '6:5 id is missing [text]',
      '7:9 id is a list, not text [text]',
      '8:6 any is true, which is not possible here [a number, or text]',
    ]);
  });

  it('points at the key of an empty value', () => {
    expect(places('name: a\ndeep:\ncount: 1\n')).toEqual(['2:1 deep is empty, not a group of keys [keys page]']);
  });

  it('reports a key given twice together with the rest', () => {
    expect(places('count: 1\ncount: 99\n')).toEqual([
      '2:1 the key is given twice [each key once]',
      '2:8 count is 99, too large [1..9]',
    ]);
  });

  it('reports syntax, and of the rest only what stands before', () => {
    expect(places('count: 99\nname: "open\nlist: 5\n')).toEqual([
      '1:8 count is 99, too large [1..9]',
      expect.stringMatching(/^[234]:\d+ not YAML: Missing closing "quote \[YAML 1.2\]$/),
    ]);
    expect(places('deep:\n\tpage: 037\n')[0]).toBe('2:1 a tab is used to indent [spaces]');
  });

  it('does not repeat what follows from the first mistake of syntax', () => {
    const rows = places(`list: [\n{ id: a }\n]\nmore: b\n${'}]\n'.repeat(50)}`);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThan(6);
  });

  it('follows anchors, and refuses a bomb of them', () => {
    expect(places('deep: &a { page: 1 }\n')).toHaveLength(1);
    const bomb = Array.from({ length: 9 }, (_, at) => `k${at}: &a${at} [${`*a${at - 1},`.repeat(9)}]`);
    bomb[0] = 'k0: &a0 [x,x,x,x,x,x,x,x,x]';
    const problems = problemsOf(bomb.join('\n'));
    expect(problems.map((problem) => problem.message)).toEqual([expect.stringMatching(/^not YAML: Excessive alias/)]);
  });

  it.each(['', '# nothing\n', '- a\n', 'just text', '---\na: 1\n---\nb: 2\n', '*x', '\u0000', '{'.repeat(20_000)])(
    'answers odd texts with problems (%#)',
    (text) => {
      const problems = problemsOf(text);
      expect(problems.length).toBeGreaterThan(0);
      for (const { line, column } of problems) expect([line! >= 1, column! >= 1]).toEqual([true, true]);
    },
  );
});
