import { describe, expect, it } from 'vitest';
import type { HostLinkError } from '../../../src/base/errors.js';
import { loadConfig, parseConfig } from '../../../src/config/load.js';
import { printConfig, summarizeConfig } from '../../../src/config/print.js';
import type { Problem } from '../../../src/config/problems.js';

const LINKS = `links:
  - name: L1
    peer: { address: host.example }
    pus:
      - name: P1
        idBlk: "017"
        idNum: "00011"
        localMac: 4000.0000.0011
        remoteMac: 4000.3745.0001
        lus:
          - { addresses: 2-3, name: "Q{address}", application: BANK, sessionType: QUERY }
          - { addresses: 4-5, name: "U{address}", application: BANK, sessionType: UPDATE }
          - { addresses: 6-7, name: "P{address}", application: PLAIN }
`;

const RIGHT = `${LINKS}headers:
  - name: MSG
    length: 16
    fields:
      - { name: TYPE, offset: 0, length: 2, kind: ebcdic }
      - { name: NUMBER, offset: 2, length: 3, kind: packed }
      - { name: TARGET, offset: 8, length: 8, kind: ascii }
    sessionType: { field: TYPE, map: { Q: QUERY, 01: UPDATE } }
    terminal: { field: NUMBER }
  - name: ROUTED
    length: 8
    codePage: 500
    fields: [ { name: TO, offset: 0, length: 8, kind: ascii } ]
    service: { field: TO }
    strip: true
services:
  - { name: BANK, application: BANK, header: MSG }
  - { name: ANY, application: PLAIN, header: ROUTED }
  - { name: PLAIN, application: PLAIN }
`;

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'headers.yaml');
  } catch (error) {
    const problems = (error as HostLinkError).details.problems as Problem[];
    return problems.map(({ line, column, path, message, allowed }) => {
      expect(allowed).not.toBe('');
      return `${line}:${column} ${path}: ${message}`;
    });
  }
  return [];
}

describe('user headers in a configuration', () => {
  const config = parseConfig(RIGHT, 'headers.yaml');

  it('become plain data, and services know theirs by index', () => {
    expect(config.headers).toEqual([
      {
        name: 'MSG',
        index: 0,
        length: 16,
        codePage: '037',
        fields: [
          { name: 'TYPE', offset: 0, length: 2, kind: 'ebcdic' },
          { name: 'NUMBER', offset: 2, length: 3, kind: 'packed' },
          { name: 'TARGET', offset: 8, length: 8, kind: 'ascii' },
        ],
        sessionType: { field: 'TYPE', map: { Q: 'QUERY', '01': 'UPDATE' } },
        terminal: { field: 'NUMBER' },
        service: undefined,
        strip: false,
      },
      {
        name: 'ROUTED',
        index: 1,
        length: 8,
        codePage: '500',
        fields: [{ name: 'TO', offset: 0, length: 8, kind: 'ascii' }],
        sessionType: undefined,
        terminal: undefined,
        service: { field: 'TO' },
        strip: true,
      },
    ]);
    expect(config.services.map(({ header, group }) => [header, group])).toEqual([
      [0, 0],
      [1, 2],
      [-1, 2],
    ]);
    expect(config.groups.map(({ sessionType }) => sessionType)).toEqual(['QUERY', 'UPDATE', '']);
  });

  it('are printed and loaded again the same', () => {
    const { file: _file, ...content } = config;
    const { file: _printed, ...again } = parseConfig(printConfig(config), 'printed.yaml');
    expect(again).toEqual(content);
  });

  it('a service with a header uses the sessions of all types it can give', () => {
    expect(summarizeConfig(config)).toContain('application BANK (QUERY): 2 LUs, service BANK');
    expect(summarizeConfig(config)).toContain('application BANK (UPDATE): 2 LUs, service BANK');
    const outbound = RIGHT.replace('sessionType: QUERY }', 'sessionType: QUERY, direction: OUTBOUND }');
    expect(parseConfig(outbound, 'out.yaml').warnings.join()).not.toContain('Service BANK');
    expect(parseConfig(outbound.replace(', 01: UPDATE', ''), 'out.yaml').warnings.join()).toContain('Service BANK has');
    const narrow = parseConfig(RIGHT.replace('01: UPDATE', 'R: QUERY'), 'narrow.yaml');
    expect(summarizeConfig(narrow)).toContain('application BANK (UPDATE): 2 LUs, no service');
  });
});

const WRONG = `${LINKS}headers:
  - name: MSG
    length: 16
    codePage: 1252
    fields:
      - { name: TYPE, offset: 0, length: 2, kind: ebcdic }
      - { name: TYPE, offset: 12, length: 5, kind: ascii }
      - { name: BIG, offset: 0, length: 7, kind: binary }
      - { name: LONG, offset: 2, length: 17, kind: packed }
      - { name: HEX, offset: -1, length: 2, kind: hex }
    sessionType: { field: TYPE, map: { Q: QUERY, LONG: UPDATE, " R": QUERY, X: NOSUCH } }
    terminal: { field: NONE }
    service: { feild: TYPE }
  - name: NUM
    length: 4
    fields: [ { name: N, offset: 0, length: 1, kind: binary }, { name: P, offset: 1, length: 2, kind: packed } ]
    sessionType: { field: N, map: { "1": QUERY, "01": QUERY, "256": QUERY, Q: QUERY } }
    service: { field: P }
  - name: PACK
    length: 4
    fields: [ { name: P, offset: 1, length: 2, kind: packed }, { name: A, offset: 0, length: 1, kind: ascii } ]
    sessionType: { field: P, map: { "-999": QUERY, "1000": QUERY, "007": QUERY } }
  - name: PACK
    length: 4
    fields: [ { name: A, offset: 0, length: 1, kind: ascii } ]
    sessionType: { field: A, map: { é: QUERY, "": UPDATE } }
services:
  - { name: BANK, application: BANK, header: MSG }
  - { name: TYPED, application: BANK, header: MSG, sessionType: QUERY }
  - { name: LOST, application: PLAIN, header: MGS }
`;

describe('mistakes in user headers', () => {
  it('are all reported, with their line and column', () => {
    expect(problemsOf(WRONG)).toEqual([
      '17:15 headers[0].codePage: codePage is "1252", which is not a choice',
      '20:17 headers[0].fields[1].name: field TYPE is given twice; first in fields[0]',
      '20:43 headers[0].fields[1].length: the field ends at byte 17, after the end of the header',
      '21:41 headers[0].fields[2].length: length is 7, too long for binary',
      '22:42 headers[0].fields[3].length: length is 17, too long for packed',
      '22:42 headers[0].fields[3].length: the field ends at byte 19, after the end of the header',
      '23:30 headers[0].fields[4].offset: offset is -1, too small',
      '23:51 headers[0].fields[4].kind: kind is "hex", which is not a choice',
      '24:56 headers[0].sessionType.map.LONG: field TYPE, ebcdic of 2 bytes, never is "LONG"',
      '24:70 headers[0].sessionType.map. R: field TYPE, ebcdic of 2 bytes, never is " R"',
      '24:80 headers[0].sessionType.map.X: no LU of BANK, PLAIN has session type "NOSUCH"',
      '25:24 headers[0].terminal.field: the header has no field NONE',
      '26:5 headers[0].service.field: field is missing',
      '26:16 headers[0].service.feild: unknown key feild; did you mean field?',
      '30:55 headers[1].sessionType.map.01: field N, binary of 1 bytes, never is "01"',
      '30:69 headers[1].sessionType.map.256: field N, binary of 1 bytes, never is "256"',
      '30:79 headers[1].sessionType.map.Q: field N, binary of 1 bytes, never is "Q"',
      '31:23 headers[1].service.field: field P is packed, not text',
      '35:60 headers[2].sessionType.map.1000: field P, packed of 2 bytes, never is "1000"',
      '35:74 headers[2].sessionType.map.007: field P, packed of 2 bytes, never is "007"',
      '36:11 headers[3].name: header PACK is given twice; first in headers[2]',
      '39:40 headers[3].sessionType.map.é: field A, ascii of 1 bytes, never is "é"',
      '42:65 services[1].sessionType: sessionType is QUERY, but header MSG gives the session type',
      '43:47 services[2].header: no header MGS',
    ]);
  });

  it('a header that says nothing, and one field alone is enough', () => {
    const bare = RIGHT.replace('    service: { field: TO }\n', '');
    expect(problemsOf(bare)).toEqual(['23:5 headers[1]: the header names no field for anything']);
    expect(problemsOf(RIGHT)).toEqual([]);
  });

  it('a session type that the application of one service lacks', () => {
    const other = RIGHT.replace('application: PLAIN, header: ROUTED', 'application: PLAIN, header: MSG');
    expect(problemsOf(other)).toEqual([
      '21:43 headers[0].sessionType.map.Q: no LU of PLAIN has session type "QUERY"',
      '21:54 headers[0].sessionType.map.01: no LU of PLAIN has session type "UPDATE"',
    ]);
  });

  it('of an object have a path', () => {
    const load = () => loadConfig({ links: [], headers: [{ name: 'H', length: 0, fields: [] }] });
    expect(load).toThrow(/headers\[0\]\.length: length is 0, too small; allowed: 1\.\.4096/);
    expect(load).toThrow(/headers\[0\]\.fields: fields has too few entries/);
  });
});
