import { describe, expect, it } from 'vitest';
import { ERRORS, HostLinkError } from '../../../src/base/errors.js';
import { errorLines, printError } from '../../../src/cli/print-error.js';
import { Progress } from '../../../src/cli/progress.js';
import { styleOf, visibleLength } from '../../../src/cli/style.js';
import { countText, durationText, tableLines } from '../../../src/cli/table.js';
import { fakeIo } from './fake-io.js';

const ESCAPE = '\u001b';

describe('colours', () => {
  it('are used only on a terminal, and not with NO_COLOR', () => {
    const red = (io: ReturnType<typeof fakeIo>) => styleOf(io, io.out).red('x');
    expect(red(fakeIo())).toBe('x');
    expect(red(fakeIo({ isTerminal: true }))).toContain(`${ESCAPE}[31m`);
    expect(red(fakeIo({ isTerminal: true, env: { NO_COLOR: '1' } }))).toBe('x');
    expect(red(fakeIo({ isTerminal: true, env: { NO_COLOR: '' } }))).toContain(ESCAPE);
    expect(red(fakeIo({ isTerminal: true, env: { TERM: 'dumb' } }))).toBe('x');
  });
});

describe('tables', () => {
  it('are as wide as what is in them, colours not counted', () => {
    const io = fakeIo({ isTerminal: true });
    const { green } = styleOf(io, io.out);
    const lines = tableLines(
      [{ title: 'NAME' }, { title: 'N', align: 'right' }, { title: 'REST' }],
      [
        [green('a'), '1', 'x'],
        ['longer', '1,000', ''],
      ],
    );
    expect(lines.map(visibleLength)).toEqual([19, 16, 13]);
    expect(lines[0]).toBe('NAME        N  REST');
    expect(lines[2]).toBe('longer  1,000');
  });

  it('print numbers and times for people', () => {
    expect([countText(0), countText(1234567)]).toEqual(['0', '1,234,567']);
    expect([durationText(0.423), durationText(12.34), durationText(4567)]).toEqual(['0.42 ms', '12.3 ms', '4.57 s']);
  });
});

describe('progress', () => {
  it('is a plain line at each quarter where nobody watches', () => {
    const io = fakeIo();
    const progress = new Progress(io, io.out, 'calls');
    for (let done = 0; done <= 1000; done += 10) progress.update(done, 1000);
    progress.update(1000, 1000);
    progress.end('done');
    progress.update(5, 10);
    expect(io.out.lines).toEqual([
      'calls: 250 of 1,000',
      'calls: 500 of 1,000',
      'calls: 750 of 1,000',
      'calls: 1,000 of 1,000',
      'done',
    ]);
  });

  it('is a bar on a terminal, drawn at most ten times a second and at the end', () => {
    const io = fakeIo({ isTerminal: true, env: { NO_COLOR: '1' } });
    const progress = new Progress(io, io.out, 'calls');
    for (let done = 1; done <= 100; done += 1) {
      progress.update(done, 100);
      io.clock.advance(10);
    }
    progress.end();
    const draws = io.out.text.split('\r').slice(1);
    expect(draws.length).toBeGreaterThanOrEqual(10);
    expect(draws.length).toBeLessThanOrEqual(12);
    expect(draws[5]).toMatch(/calls \[=+ +\] 51\/100$/);
    expect(draws.at(-1)).toMatch(/calls \[=+\] 100\/100\n$/);
  });

  it('lets a note through without tearing the bar', () => {
    const io = fakeIo({ isTerminal: true, env: { NO_COLOR: '1' } });
    const progress = new Progress(io, io.out, 'calls');
    progress.update(1, 4);
    progress.note('link up');
    progress.update(2, 4);
    expect(io.out.text).toMatch(/1\/4\r.*link up\n\r.*2\/4$/s);
  });
});

describe('errors', () => {
  const error = new HostLinkError('SERVICE_UNKNOWN', 'X', { known: ['ECHO'], service: 'X', nothing: undefined });

  it('say what happened, why, what to do, and the details', () => {
    expect(errorLines(error)).toEqual([
      'error SERVICE_UNKNOWN: No such service. X',
      `  cause:  ${ERRORS.SERVICE_UNKNOWN.cause}`,
      `  action: ${ERRORS.SERVICE_UNKNOWN.action}`,
      '  known: ["ECHO"]',
      '  service: X',
    ]);
  });

  it('go to the error output in words, or to the output as one JSON object', () => {
    const words = fakeIo();
    expect(printError(words, error)).toBe(1);
    expect([words.out.text, words.err.lines[0]]).toEqual(['', 'error SERVICE_UNKNOWN: No such service. X']);
    const json = fakeIo();
    expect(printError(json, error, true)).toBe(1);
    expect(JSON.parse(json.out.text)).toMatchObject({
      error: { code: 'SERVICE_UNKNOWN', details: { known: ['ECHO'] } },
    });
    expect(json.err.text).toBe('');
  });

  it('that are none of ours become INTERNAL', () => {
    expect(errorLines(new TypeError('oops'))[0]).toBe(`error INTERNAL: ${ERRORS.INTERNAL.text} oops`);
  });
});
