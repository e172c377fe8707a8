import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../src/base/events.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Methods that tell of an event. Their name argument is an EventName, so the compiler refuses one that is not listed. */
const TELLERS = new Set(['event', 'tell', 'emit', 'done']);
const EVENT = /^[a-z]+\.[a-z]+$/;

function textsIn(node: ts.Node): string[] {
  if (ts.isStringLiteral(node)) return [node.text];
  if (!ts.isConditionalExpression(node)) return [];
  return [...textsIn(node.whenTrue), ...textsIn(node.whenFalse)];
}

/** What the tellers of one file are called with. */
function toldIn(file: string): string[] {
  const found: string[] = [];
  const isOperator = file.endsWith('/operations.ts');
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const texts = TELLERS.has(node.expression.name.text) ? node.arguments.flatMap(textsIn) : [];
      // An operator's command comes without the first half of its name, changeSessions passes it on.
      const isPassedOn = isOperator && node.expression.name.text === 'changeSessions';
      if (isPassedOn) texts.push(...textsIn(node.arguments[0]!));
      found.push(...texts.map((text) => (isOperator ? `operator.${text}` : text)).filter((text) => EVENT.test(text)));
    }
    node.forEachChild(visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true));
  return found;
}

const TOLD = ['link', 'supervisor', 'gateway'].flatMap((folder) => {
  const files = readdirSync(join(ROOT, 'src', folder)).map((name) => join(ROOT, 'src', folder, name));
  return files.flatMap(toldIn);
});

describe('events', () => {
  it('that the sources tell of are those of the list', () => {
    expect([...new Set(TOLD)].sort()).toEqual(Object.keys(EVENTS).sort());
  });

  it('are in the table of the README, and nothing else is', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const table = readme.slice(readme.indexOf('<!-- events:begin -->'), readme.indexOf('<!-- events:end -->'));
    const names = [...table.matchAll(/^\| `([a-z.]+)` \|/gm)].map((match) => match[1]);
    expect(names).toEqual(Object.keys(EVENTS));
  });
});
