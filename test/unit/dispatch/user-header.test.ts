import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import type { HeaderConfig, HeaderFieldKind } from '../../../src/config/model.js';
import { type HeaderContext, REMEMBERED_MAX, UserHeader } from '../../../src/dispatch/user-header.js';
import { decodeEbcdic, encodeEbcdic } from '../../../src/sna/ebcdic.js';
import { fakeConfig } from '../../helpers/fake-config.js';

/** BANK has QUERY and UPDATE, SHOP has QUERY and one of no type; services ASK of BANK and BUY of SHOP. */
const CONTEXT: HeaderContext = {
  groups: [
    { index: 0, application: 'BANK', sessionType: 'QUERY' },
    { index: 1, application: 'BANK', sessionType: 'UPDATE' },
    { index: 2, application: 'SHOP', sessionType: '' },
    { index: 3, application: 'SHOP', sessionType: 'QUERY' },
  ],
  services: fakeConfig({
    services: [
      { name: 'ASK', group: 0 },
      { name: 'BUY', group: 2 },
    ],
  }).services,
};
const [ASK, BUY] = [0, 1];

function headerConfig(more: Partial<HeaderConfig> = {}): HeaderConfig {
  return {
    name: 'MSG',
    index: 0,
    length: 24,
    codePage: '037',
    fields: [
      { name: 'TYPE', offset: 1, length: 2, kind: 'ebcdic' },
      { name: 'TERM', offset: 3, length: 4, kind: 'packed' },
      { name: 'SVC', offset: 8, length: 8, kind: 'ascii' },
    ],
    sessionType: { field: 'TYPE', map: { Q: 'QUERY', '01': 'UPDATE', '': 'QUERY', N: '' } },
    terminal: { field: 'TERM' },
    service: undefined,
    strip: false,
    ...more,
  };
}

function header(more: Partial<HeaderConfig> = {}): UserHeader {
  return new UserHeader(headerConfig(more), CONTEXT, decodeEbcdic);
}

/** A header whose one field, all of it, gives `part`. */
function single(
  kind: HeaderFieldKind,
  length: number,
  part: 'sessionType' | 'terminal',
  map?: Record<string, string>,
): UserHeader {
  const fields = [{ name: 'F', offset: 0, length, kind }];
  const none = { sessionType: undefined, terminal: undefined };
  return header({ length, fields, ...none, [part]: map === undefined ? { field: 'F' } : { field: 'F', map } });
}

/** A request with the fields of `headerConfig`, and rubbish between and after them. */
function request(type: string, terminal = '0001017C', service = 'ASK'): Buffer {
  const bytes = Buffer.alloc(40, 0xee);
  bytes.set(encodeEbcdic(type.padEnd(2), '037'), 1);
  bytes.write(terminal, 3, 'hex');
  bytes.write(service.padEnd(8), 8, 'latin1');
  return bytes;
}

function errorOf(read: () => unknown): HostLinkError {
  try {
    read();
  } catch (error) {
    if (error instanceof HostLinkError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('UserHeader', () => {
  it('reads the session type, the terminal and the service of the call', () => {
    const one = header();
    expect(one.resolve(request('Q'), ASK)).toEqual({ service: ASK, group: 0, terminal: '1017' });
    expect(one.resolve(request('01'), ASK)).toEqual({ service: ASK, group: 1, terminal: '1017' });
    expect(one.resolve(request(''), ASK)).toEqual({ service: ASK, group: 0, terminal: '1017' });
    expect(one.resolve(request('Q', '0000002F'), BUY)).toEqual({ service: BUY, group: 3, terminal: '2' });
    expect(one.resolve(request('N'), BUY)).toEqual({ service: BUY, group: 2, terminal: '1017' });
  });

  it('the header may name the service, whatever service was called', () => {
    const one = header({ service: { field: 'SVC' }, terminal: undefined });
    expect(one.resolve(request('Q', '', 'BUY'), ASK)).toEqual({ service: BUY, group: 3, terminal: '' });
    expect(one.resolve(request('Q', '', ' ASK'), BUY)).toEqual({ service: ASK, group: 0, terminal: '' });
    const error = errorOf(() => one.resolve(request('Q', '', 'NONE'), ASK));
    expect(error.code).toBe('SERVICE_UNKNOWN');
    expect(error.details).toMatchObject({ service: 'NONE', known: ['ASK', 'BUY'], header: 'MSG', field: 'SVC' });
  });

  it('without a session type the sessions are those of the service; without a map the value is the type', () => {
    expect(header({ sessionType: undefined }).resolve(request('??'), ASK).group).toBe(0);
    expect(header({ sessionType: undefined }).resolve(request('??'), BUY).group).toBe(2);
    const plain = single('ascii', 8, 'sessionType');
    expect(plain.resolve(Buffer.from('UPDATE  rest'), ASK).group).toBe(1);
    expect(plain.resolve(Buffer.from('        rest'), BUY).group).toBe(2);
  });

  it('reads views: only what the header covers, at its place in a larger block', () => {
    const block = Buffer.concat([Buffer.alloc(7, 0xff), request('01')]);
    const view = new Uint8Array(block.buffer, block.byteOffset + 7, 24);
    expect(header().resolve(view, ASK)).toEqual({ service: ASK, group: 1, terminal: '1017' });
  });

  it('the host gets the whole request, or what follows the header', () => {
    const bytes = request('Q');
    expect(header().content(bytes)).toBe(bytes);
    expect(Buffer.from(header({ strip: true }).content(bytes))).toEqual(bytes.subarray(24));
    expect(header({ strip: true }).content(bytes.subarray(0, 24))).toHaveLength(0);
  });

  it.each<[HeaderFieldKind, string, string]>([
    ['ebcdic', 'c1f140', 'A1'],
    ['ebcdic', '404040', ''],
    ['ascii', '413120', 'A1'],
    ['ascii', '202041', 'A'],
    ['binary', '00', '0'],
    ['binary', 'ff', '255'],
    ['binary', '0100000000ff', '1099511628031'],
    ['binary', 'ffffffffffff', '281474976710655'],
    ['packed', '0c', '0'],
    ['packed', '1f', '1'],
    ['packed', '01017c', '1017'],
    ['packed', '01017a', '1017'],
    ['packed', '01017e', '1017'],
    ['packed', '01017d', '-1017'],
    ['packed', '01017b', '-1017'],
    ['packed', '000d', '0'],
    ['packed', '123456789012345c', '123456789012345'],
  ])('%s %s is the terminal "%s", the first time and the next', (kind, hex, terminal) => {
    const bytes = Buffer.from(hex, 'hex');
    const one = single(kind, bytes.length, 'terminal');
    expect(one.resolve(bytes, ASK).terminal).toBe(terminal);
    expect(one.resolve(bytes, ASK).terminal).toBe(terminal);
  });

  it('tells apart long values', () => {
    const one = single('ascii', 12, 'terminal');
    for (const name of ['ABCDEFGHIJKL', 'ABCDEFGHIJKM', 'BBCDEFGHIJKL', 'ABCDEFGHIJKL']) {
      expect(one.resolve(Buffer.from(name), ASK).terminal).toBe(name);
    }
  });

  it('tells apart values of one hash', () => {
    const one = single('ascii', 8, 'terminal');
    for (const name of ['T0332789', 'T0529192', 'T0332789', 'T0529192']) {
      expect(one.resolve(Buffer.from(name), ASK).terminal).toBe(name);
    }
  });
});

describe('what a header does not allow', () => {
  it('too short a request', () => {
    const error = errorOf(() => header().resolve(request('Q').subarray(0, 23), ASK));
    expect(error.code).toBe('HEADER_INVALID');
    expect(error.details).toEqual({ header: 'MSG', length: 24, size: 23, sent: 'no' });
    expect(header().resolve(request('Q').subarray(0, 24), ASK).group).toBe(0);
  });

  it('a value that is not in the map; a type that the application has not', () => {
    const error = errorOf(() => header().resolve(request('X'), ASK));
    expect(error.code).toBe('HEADER_INVALID');
    expect(error.details).toEqual({ header: 'MSG', field: 'TYPE', offset: 1, value: 'E740', sent: 'no' });
    expect(error.message).toContain('MSG, field TYPE at offset 1: E740 is none of ');
    const lacking = errorOf(() => header().resolve(request('01'), BUY));
    expect(lacking.details).toMatchObject({ field: 'TYPE', value: 'F0F1' });
    expect(lacking.message).toContain("is session type 'UPDATE', and the LUs of service BUY have '', 'QUERY'");
    expect(errorOf(() => header().resolve(request('N'), ASK)).code).toBe('HEADER_INVALID');
  });

  it.each<[HeaderFieldKind, string, string]>([
    ['ebcdic', 'c100', 'is not EBCDIC text'],
    ['ascii', '4180', 'is not ASCII text'],
    ['ascii', '410a', 'is not ASCII text'],
    ['packed', '1234', 'is not packed decimal'],
    ['packed', '1a4c', 'is not packed decimal'],
    ['packed', '124cdd', 'is not packed decimal'],
    ['ascii', '412042', 'is not a terminal'],
    ['ebcdic', '5c5c', 'is not a terminal'],
    ['ebcdic', 'f1'.repeat(17), 'is not a terminal'],
  ])('%s %s %s', (kind, hex, what) => {
    const bytes = Buffer.from(hex, 'hex');
    const one = single(kind, bytes.length, 'terminal');
    for (const _ of [1, 2]) {
      const error = errorOf(() => one.resolve(bytes, ASK));
      expect(error.code).toBe('HEADER_INVALID');
      expect(error.message).toContain(what);
      expect(error.details).toEqual({ header: 'MSG', field: 'F', offset: 0, value: hex.toUpperCase(), sent: 'no' });
    }
  });

  it('text of double bytes that ends in the middle, with the cause kept', () => {
    const fields = [{ name: 'F', offset: 0, length: 3, kind: 'ebcdic' as const }];
    const one = header({ length: 3, codePage: '933', fields, sessionType: { field: 'F' }, terminal: undefined });
    const error = errorOf(() => one.resolve(Buffer.from('0e4141', 'hex'), ASK));
    expect(error.code).toBe('HEADER_INVALID');
    expect(error.cause).toMatchObject({ code: 'EBCDIC_MALFORMED' });
  });

  it('shows no more than the begin of a long value', () => {
    const one = single('ascii', 100, 'terminal');
    expect(errorOf(() => one.resolve(Buffer.alloc(100, 0x80), ASK)).details.value).toBe('80'.repeat(32));
  });
});

describe('any request', () => {
  const anyKind = fc.constantFrom<HeaderFieldKind>('ebcdic', 'ascii', 'binary', 'packed');

  it('gives a route to sessions of its service, or a named error; the same again', () => {
    const outcomes = new Set<string>();
    const anyByte = fc.oneof(fc.constantFrom(0x40, 0x20, 0xd8, 0x51, 0x01, 0x0c, 0xf0, 0xf1, 0x1c), fc.nat(255));
    const anyBytes = fc.array(anyByte, { minLength: 0, maxLength: 12 }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(anyKind, anyKind, anyKind, anyBytes, fc.nat(1), (type, terminal, service, bytes, caller) => {
        const one = header({
          length: 8,
          fields: [
            { name: 'A', offset: 0, length: 1, kind: type },
            { name: 'B', offset: 1, length: 3, kind: terminal },
            { name: 'C', offset: 5, length: 3, kind: service },
          ],
          sessionType: { field: 'A', map: { Q: 'QUERY', '1': 'UPDATE', '': '' } },
          terminal: { field: 'B' },
          service: caller === ASK ? undefined : { field: 'C' },
        });
        const read = (): unknown => {
          try {
            return one.resolve(bytes, caller);
          } catch (error) {
            if (!(error instanceof HostLinkError)) throw error;
            return { code: error.code, details: error.details };
          }
        };
        const first = read() as { code?: string; group: number; service: number; terminal: string };
        expect(read()).toEqual(first);
        outcomes.add(first.code ?? 'route');
        if (first.code !== undefined) {
          expect(['HEADER_INVALID', 'SERVICE_UNKNOWN']).toContain(first.code);
        } else {
          const serves = CONTEXT.groups[CONTEXT.services[first.service]!.group]!.application;
          expect(CONTEXT.groups[first.group]!.application).toBe(serves);
          expect(first.terminal).toMatch(/^[A-Za-z0-9._-]{0,16}$/);
        }
      }),
      { numRuns: 3000 },
    );
    expect([...outcomes].sort()).toEqual(['HEADER_INVALID', 'SERVICE_UNKNOWN', 'route']);
  });

  it('more values than are remembered are still read right', () => {
    const one = single('binary', 2, 'terminal');
    const bytes = Buffer.alloc(2);
    for (let round = 0; round < 2; round += 1) {
      for (let value = 0; value < REMEMBERED_MAX + 50; value += 1) {
        bytes.writeUInt16BE(value);
        expect(one.resolve(bytes, ASK).terminal).toBe(String(value));
      }
    }
  });
});
