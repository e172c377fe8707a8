import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { Book, idOf, payloadOf, since } from './book.js';

const folder = mkdtempSync(join(tmpdir(), 'hostlink-book-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LOST = { code: 'OUTCOME_UNKNOWN', details: {} };
const NOT_SENT = { code: 'CALL_TIMEOUT', details: { sent: 'no' } };

/** Calls 0 to 5: two served, one not sent, one unknown, one wrong, one open. */
function example(reply: Buffer = Buffer.from('no echo')): Book {
  const book = new Book(2);
  for (let id = 0; id < 6; id += 1) expect(book.take()).toBe(id);
  for (const id of [0, 1]) book.replied(id, payloadOf(id, 0, 20), payloadOf(id, 0, 20));
  book.failed(2, NOT_SENT);
  book.failed(3, LOST);
  book.replied(4, payloadOf(4, 0, 20), reply);
  return book;
}

function compare(book: Book, rows: readonly string[], damage = {}): readonly string[] {
  const file = join(folder, 'ledger');
  writeFileSync(file, rows.map((row) => `${row}\n`).join(''));
  return book.compare(file, damage).faults;
}

describe('the books of callers and host', () => {
  it('a payload says whose it is, unless a byte of it was changed', () => {
    const payload = payloadOf(77, 3, 40);
    expect([payload.length, idOf(payload)]).toEqual([40, 77]);
    for (let at = 0; at < 40; at += 1) {
      const damaged = Buffer.from(payload);
      damaged[at]! ^= 0x10;
      expect(idOf(damaged)).toBeUndefined();
    }
  });

  it('finds what is doubled, lost, done though not sent, never settled, wrong, and of nobody', () => {
    expect(compare(example(), ['LU1 0 0', 'LU1 0 0', 'LU1 2 0', 'LU1 9 0', 'LU1 ! 123'])).toEqual([
      'a row of the ledger that no call has: LU1 9 0',
      '1 calls executed more than once: 0',
      '1 calls served, but never executed: 1',
      '1 calls executed, though its caller was told it was not sent: 2',
      '1 calls answered with other bytes: 4',
      '1 calls never settled: 5',
      '1 requests reached the host damaged',
    ]);
  });

  it('lets a call of unknown outcome be done once or not at all', () => {
    const book = new Book();
    for (let call = 0; call < 3; call += 1) book.failed(book.take(), LOST);
    const file = join(folder, 'unknown');
    writeFileSync(file, 'LU1 0 0\nLU1 1 0\nLU1 1 0\n');
    const comparison = book.compare(file);
    expect(comparison).toMatchObject({ calls: 3, served: 0, executed: 3, unknown: { done: 2, notDone: 1 } });
    expect(comparison.faults).toEqual(['1 calls executed more than once: 1']);
  });

  it('takes a reply with other bytes only where the way or the ledger says why', () => {
    const echo = Buffer.from('no echo');
    const [rest, wrong] = [['LU1 0 0', 'LU1 1 0'], '1 calls answered with other bytes: 4'];
    const open = '1 calls never settled: 5';
    expect(compare(example(echo), rest, { toRuntime: true })).toEqual([open]);
    expect(compare(example(echo), rest, { toHost: true })).toEqual([wrong, open]);
    expect(compare(example(echo), [...rest, `LU1 ! ${crc32(echo)}`], { toHost: true })).toEqual([open]);
    const crossed = payloadOf(3, 0, 20);
    expect(compare(example(crossed), [...rest, 'LU1 3 0'], { toHost: true })).toEqual([open]);
    expect(compare(example(crossed), rest, { toHost: true })).toEqual([wrong, open]);
    expect(compare(example(crossed), [...rest, 'LU1 3 0'])).toEqual([wrong, open]);
  });

  it('takes a rejected call as not done, unless the rejection may have been made on the way', () => {
    const book = new Book();
    book.failed(book.take(), { code: 'SESSION_REJECTED', details: {} });
    expect(compare(book, [])).toEqual([]);
    expect(compare(book, ['LU1 0 0'])).toEqual(['1 calls executed, though rejected: 0']);
    expect(compare(book, ['LU1 0 0'], { toHost: true })).toHaveLength(1);
    expect(compare(book, ['LU1 0 0'], { toRuntime: true })).toEqual([]);
  });

  it('sees that a terminal met two LUs', () => {
    const book = new Book();
    for (const id of [0, 1, 2]) book.replied(book.take(), payloadOf(id, 7, 20), payloadOf(id, 7, 20));
    expect(compare(book, ['LU1 0 7', 'LU2 1 7', 'LU1 2 7'])).toEqual(['terminal 7 met the LUs LU1, LU2']);
  });

  it('counts, and counts since', () => {
    const book = example();
    const before = book.tally();
    expect(before).toEqual({ calls: 6, served: 2, wrong: 1, failed: { CALL_TIMEOUT: 1, OUTCOME_UNKNOWN: 1 } });
    book.failed(5, LOST);
    expect(book.settled).toBe(6);
    expect(since(book.tally(), before)).toEqual({ calls: 0, served: 0, wrong: 0, failed: { OUTCOME_UNKNOWN: 1 } });
    expect(() => book.failed(5, LOST)).toThrow('settled twice');
  });
});
