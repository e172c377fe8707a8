import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { loadConfig, parseConfig } from '../../../src/config/load.js';
import { type Problem, suggest } from '../../../src/config/problems.js';
import type { HostLinkInput } from '../../../src/config/schema.js';

/** The problems of what `load` refuses; none when it takes it. */
function problemsOf(load: () => unknown): readonly Problem[] {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(HostLinkError);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return (error as HostLinkError).details.problems as Problem[];
  }
  return [];
}

/** A file with a mistake in nearly every line. A line's comment says where in it the mistake is, counted from 1. */
const WRONG = `server:
  nmae: X
  MIN: 5
  max: 3
  gperiod: 60 parsecs
  callSizeMax: 0
  pingInterval: 20s
  pingTimeout: 10s
log:
  level: loud
linkDefaults:
  peer: { address: 127.0.0.1 }
  dlsw: { window: 70000 }
links:
  - name: LINK1
    role: target
    dlsw: { connections: 1, explorer: yes }
    sna: { piuSizeMax: 20 }
    timers: { connectRetry: 2m, connectRetryMax: 1m }
    pus:
      - name: PU1
        idBlk: "0171"
        idNum: 00G11
        localMac: 4000.0000
        remoteMac: 4000.3745.0001
        localSap: 5
        lus:
          - { addresses: 2-300, name: LA1, application: ECHO }
          - { addresses: 2-5, name: "LA{addr}", application: ECHO }
          - { addresses: 5-6, name: "LONGNAME{address}", application: ECHO }
          - { addresses: "7,8", name: "LB{address}", application: echo, type: LU6 }
  - name: LINK1
    local: { port: 2066 }
    pus:
      - { name: PU1, idBlk: "017", idNum: "00011", localMac: 4000.0000.0011, remoteMac: 4000.3745.0001, lus: [
          { addresses: 1-200, name: "LC{address}", application: ECHO } ] }
      - { name: PU2, idBlk: "017", idNum: "00012", localMac: 4000.0000.0011, remoteMac: 4000.3745.0001, lus: [
          { addresses: 1-57, name: "LC{address}", application: ECHO } ] }
services:
  - { name: ECHO, application: ECHO, timeout: -1 }
  - { name: ECHO, application: EKKO, codePage: 1252 }
  - { application: ECHO, sessionType: QUERY }
`;

describe('a file full of mistakes', () => {
  const problems = problemsOf(() => parseConfig(WRONG, 'wrong.yaml'));
  const lines = problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);

  it('is answered with every one of them, each with its line and column', () => {
    expect(lines).toEqual([
      '2:3 server.nmae: unknown key nmae; did you mean name?',
      '3:8 server.min: min is 5, but a worker needs a link',
      '4:8 server.max: max is 3, less than min 5',
      '4:8 server.max: max is 3, but a worker needs a link',
      '5:12 server.gperiod: gperiod is "60 parsecs", not a duration in range',
      '6:16 server.callSizeMax: callSizeMax is 0, not a size in range',
      '8:16 server.pingTimeout: pingTimeout is 10000 ms, not more than pingInterval',
      '10:10 log.level: level is "loud", which is not a choice',
      '13:19 linkDefaults.dlsw.window: window is 70000, too large',
      '17:39 links[0].dlsw.explorer: explorer is "yes", not true or false',
      '18:24 links[0].sna.piuSizeMax: piuSizeMax is 20, too small',
      '19:50 links[0].timers.connectRetryMax: connectRetryMax is 60000 ms, less than connectRetry',
      '22:16 links[0].pus[0].idBlk: idBlk is "0171", not 3 hex digits',
      '23:16 links[0].pus[0].idNum: idNum is "00G11", not 5 hex digits',
      '24:19 links[0].pus[0].localMac: localMac is "4000.0000", not the MAC address of a station',
      '26:19 links[0].pus[0].localSap: localSap is 5, not a multiple of 2',
      '28:26 links[0].pus[0].lus[0].addresses: addresses is "2-300", not a set of local addresses',
      '29:37 links[0].pus[0].lus[1].name: name "LA{addr}" has a placeholder that is not known',
      '30:26 links[0].pus[0].lus[2].addresses: local address 5 given twice in the PU; first in links[0].pus[0].lus[1]',
      '30:37 links[0].pus[0].lus[2].name: name "LONGNAME{address}" gives LONGNAME5, which is not an LU name',
      '31:67 links[0].pus[0].lus[3].application: application is "echo", not a network name',
      '31:79 links[0].pus[0].lus[3].type: type is "LU6", which is not a choice',
      '32:11 links[1].name: link LINK1 is given twice; first in links[0]',
      '35:7 links[1].pus: the link has 257 LUs',
      '35:17 links[1].pus[0].name: PU PU1 is given twice; first in links[0].pus[0]',
      '37:62 links[1].pus[1].localMac: the MAC addresses and SAPs are those of links[1].pus[0]',
      '38:36 links[1].pus[1].lus[0].name: LU name LC1 and 56 more given twice; first in links[1].pus[0].lus[0]',
      '40:47 services[0].timeout: timeout is -1, not a duration in range',
      '41:13 services[1].name: service ECHO is given twice; first in services[0]',
      '41:32 services[1].application: no LU has application EKKO',
      '41:48 services[1].codePage: codePage is "1252", which is not a choice',
      '42:5 services[2].name: name is missing',
      '42:39 services[2].sessionType: no LU of ECHO has session type "QUERY"',
    ]);
  });

  it('and with what is allowed', () => {
    const allowed = new Map(problems.map((problem) => [problem.path, problem.allowed]));
    expect(problems.filter((problem) => problem.allowed === '')).toEqual([]);
    expect(allowed.get('linkDefaults.dlsw.window')).toBe('1..65535');
    expect(allowed.get('log.level')).toBe('trace, debug, info, warn, error, fatal, silent');
    expect(allowed.get('server.gperiod')).toBe('1s..7d, as milliseconds or with ms, s, m, h or d');
    expect(allowed.get('services[1].codePage')).toBe('037, 500, 1047, 273, 1140, 933');
    expect(allowed.get('services[1].application')).toBe('ECHO');
    expect(allowed.get('server.min')).toBe('at most the number of links, 2');
    expect(allowed.get('links[1].pus')).toBe('at most 256 over all PUs of a link');
  });

  it('points at the very text: line and column are where the value or key begins', () => {
    const rows = WRONG.split('\n');
    const at = ({ line, column }: Problem) => rows[line! - 1]!.slice(column! - 1);
    expect(problems.map(at).map((text) => text.split(/[ ,}]/)[0])).toEqual(
      expect.arrayContaining([
        'nmae:',
        '5',
        '70000',
        'loud',
        '"0171"',
        '00G11',
        'echo',
        'LU6',
        'EKKO',
        '1252',
        '2-300',
      ]),
    );
    for (const problem of problems) expect(at(problem)).toMatch(/^[^\s,]/);
  });

  it('says all of it in the message, one a line', () => {
    const message = (() => {
      try {
        parseConfig(WRONG, 'wrong.yaml');
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    })();
    const [head, ...rest] = message.split('\n');
    expect(head).toBe(`The configuration has mistakes. ${problems.length} in all:`);
    expect(rest).toHaveLength(problems.length);
    expect(rest[0]).toBe(
      'wrong.yaml:2:3: unknown key nmae; did you mean name?; allowed: name, tmax, tmaxServer, min, max, asqcount, ' +
        'maxqcount, maxrstart, gperiod, callSizeMax, replySizeMax, control, stopMode, stopGrace, idleTimeout, ' +
        'heldIdleTimeout, heldReport, instanceMax, pingInterval, pingTimeout',
    );
  });
});

describe('a file of nothing but mistakes', () => {
  it('tells a thousand of them, and how many more there are', () => {
    const links = Array.from({ length: 40 }, (_, at) => ({
      name: `L${at}`,
      pus: Array.from({ length: 40 }, () => ({ nmae: 'x' })),
    }));
    const error = (() => {
      try {
        loadConfig({ links } as unknown as HostLinkInput);
      } catch (caught) {
        return caught as HostLinkError;
      }
      return undefined;
    })();
    const count = error?.details.count as number;
    expect(count).toBeGreaterThan(1000);
    expect(error?.details.problems).toHaveLength(1000);
    expect(error?.message.split('\n').at(-1)).toBe(`and ${count - 1000} more`);
  });
});

describe('single mistakes', () => {
  const PU = { name: 'PU1', idBlk: '017', idNum: '00011', localMac: '400000000011', remoteMac: '400037450001' };
  const lus = (prefix: string) => [{ addresses: '1-2', name: `${prefix}{address}`, application: 'ECHO' }];
  const link = (name: string, more: object = {}) => ({
    name,
    peer: { address: 'host' },
    pus: [{ ...PU, name: `P${name}`, lus: lus(name) }],
    ...more,
  });
  const pathsOf = (config: object) =>
    problemsOf(() => loadConfig(config)).map(({ path, message }) => `${path}: ${message}`);

  it('an object gets paths instead of lines', () => {
    const [problem] = problemsOf(() => loadConfig({ links: [link('A', { backlogMax: 'many' })] }));
    expect(problem).toEqual({
      file: undefined,
      line: undefined,
      column: undefined,
      path: 'links[0].backlogMax',
      message: 'backlogMax is "many", not a number',
      allowed: '1..1000000',
    });
  });

  it('a missing peer address, unless linkDefaults has it', () => {
    const bare = link('A', { peer: undefined });
    expect(pathsOf({ links: [bare] })).toEqual(['links[0].peer.address: address is missing']);
    expect(pathsOf({ links: [bare], linkDefaults: { peer: { address: 'h' } } })).toEqual([]);
  });

  it('two links that would listen at the same place; not when one connection is enough, or ports are free', () => {
    const message = 'links[1].local.port: 0.0.0.0:2065 is listened on twice; first by links[0]';
    expect(pathsOf({ links: [link('A'), link('B')] })).toEqual([message]);
    expect(pathsOf({ links: [link('A', { local: { address: '10.0.0.1' } }), link('B')] })).toEqual([message]);
    const apart = [link('A', { local: { address: '10.0.0.1' } }), link('B', { local: { address: '10.0.0.2' } })];
    expect(pathsOf({ links: apart })).toEqual([]);
    expect(pathsOf({ links: [link('A', { dlsw: { connections: 1 } }), link('B')] })).toEqual([]);
    expect(pathsOf({ linkDefaults: { local: { port: 0 } }, links: [link('A'), link('B')] })).toEqual([]);
  });

  it('a mistake in linkDefaults is told once, not once per link', () => {
    const config = { linkDefaults: { local: { port: 0 }, sna: { seqChek: 'strict' } }, links: [link('A'), link('B')] };
    expect(pathsOf(config)).toEqual(['linkDefaults.sna.seqChek: unknown key seqChek; did you mean seqCheck?']);
  });

  it('the same Tmax word in two cases', () => {
    expect(pathsOf({ server: { min: 1, MIN: 1 }, links: [link('A')] })).toEqual(['server.MIN: min is given twice']);
  });

  it('keys that every object has are unknown keys too', () => {
    const config = JSON.parse('{"toString": 1, "constructor": 2, "__proto__": 3}') as object;
    const paths = pathsOf({ ...config, links: [link('A')] });
    expect(paths).toEqual(expect.arrayContaining(['toString: unknown key toString']));
    expect(paths).toHaveLength(3);
  });

  it('group and all-zero MAC addresses', () => {
    for (const localMac of ['C000.0000.0001', '0000.0000.0000']) {
      const wrong = link('A', { pus: [{ ...PU, localMac, lus: lus('A') }] });
      expect(pathsOf({ links: [wrong] })).toEqual([
        `links[0].pus[0].localMac: localMac is "${localMac}", not the MAC address of a station`,
      ]);
    }
  });
});

describe('suggest', () => {
  it.each([
    ['adress', 'address'],
    ['MaxQCount', 'maxqcount'],
    ['zzzzzz', undefined],
    ['', undefined],
  ])('%s: %s', (word, meant) => expect(suggest(word, ['address', 'maxqcount', 'port'])).toBe(meant));
});
