import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { loadConfig, parseConfig } from '../../../src/config/load.js';
import { printConfig, summarizeConfig } from '../../../src/config/print.js';
import { type Problem, printProblem } from '../../../src/config/problems.js';

const EXAMPLES = new URL('../../../examples/', import.meta.url).pathname;

const LINKS = ['A', 'B', 'C', 'D']
  .map((name, at) => {
    const pu = `{ name: P${name}, idBlk: '017', idNum: '0000${at}', localMac: '400000000001', remoteMac: '400000000002'`;
    const lus = `[{ addresses: 2-3, name: 'L${name}{address}', application: ECHO }]`;
    return `  - { name: L${name}, peer: { address: h }, dlsw: { connections: 1 }, pus: [${pu}, lus: ${lus} }] }`;
  })
  .join('\n');

const folder = mkdtempSync(join(tmpdir(), 'hostlink-tmax-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** @param server lines below server, indented by two */
function write(tmax: string, server: string, more = 'services:\n  - { name: ECHO, application: ECHO }\n'): string {
  writeFileSync(join(folder, 'tmax.m'), tmax);
  const file = join(folder, 'hostlink.yaml');
  writeFileSync(file, `server:\n${server}\nlinks:\n${LINKS}\n${more}`);
  return file;
}

/** The problems, without the folder. */
function problemsOf(input: string | object): string[] {
  try {
    loadConfig(input);
  } catch (error) {
    if (!(error instanceof HostLinkError) || error.code !== 'CONFIG_INVALID') throw error;
    return (error.details.problems as readonly Problem[]).map((one) => printProblem(one).replaceAll(`${folder}/`, ''));
  }
  return [];
}

const TMAX = `*SERVER
gw      MIN = 2, MAX = 4, ASQCOUNT = 8, MAXQCOUNT = 50,
        MAXRSTART = 3, GPERIOD = 90, CLOPT = "-o $(SVR).log"
*SERVICE
ECHO    SVRNAME = gw, SVCTIME = 7
`;

describe('what a Tmax configuration gives', () => {
  it('counts where hostlink.yaml is silent', () => {
    const config = loadConfig(write(TMAX, '  tmax: ./tmax.m\n  tmaxServer: gw'));
    expect(config.server).toMatchObject({
      name: 'HOSTLINK',
      min: 2,
      max: 4,
      asqcount: 8,
      maxqcount: 50,
      maxrstart: 3,
      gperiodMs: 90_000,
    });
    expect(config.server).not.toHaveProperty('tmax');
    expect(config.services[0]?.timeoutMs).toBe(7000);
    expect(config.log.file).toBe('gw.log');
    expect(config.tmax).toMatchObject({ file: join(folder, 'tmax.m'), server: 'gw', unused: [] });
    expect(config.tmax?.taken).toContainEqual({ key: 'server.min', written: 'MIN = 2', line: 2, column: 15 });
  });

  it('the name of the server says which entry, where tmaxServer does not', () => {
    expect(loadConfig(write(TMAX, '  name: gw\n  tmax: tmax.m')).server).toMatchObject({ name: 'gw', min: 2 });
  });

  it('the same value in both is no contradiction, however it is written', () => {
    const services = 'services:\n  - { name: ECHO, application: ECHO, timeout: 7000ms }\n';
    const same = '  tmax: tmax.m\n  tmaxServer: gw\n  MIN: 2\n  maxqcount: 50\n  gperiod: 1.5m';
    expect(problemsOf(write(TMAX, same, services))).toEqual([]);
  });

  it('a log file of hostlink.yaml counts, and -o is listed', () => {
    const more = 'log: { file: own.log, level: warn }\nservices:\n  - { name: ECHO, application: ECHO }\n';
    const config = loadConfig(write(TMAX, '  tmax: tmax.m\n  tmaxServer: gw', more));
    expect(config.log).toMatchObject({ file: 'own.log', level: 'warn' });
    expect(config.tmax?.unused).toMatchObject([{ line: 3, column: 47, reason: 'log.file is set' }]);
  });

  it('a service that has no SERVICE entry keeps its own time-out', () => {
    const services =
      'services:\n  - { name: ECHO, application: ECHO }\n  - { name: B, application: ECHO, timeout: 9s }\n';
    const config = loadConfig(write(TMAX, '  tmax: tmax.m\n  tmaxServer: gw', services));
    expect(config.services.map((service) => service.timeoutMs)).toEqual([7000, 9000]);
  });

  it('an object may name one too, from the working directory or as a whole path', () => {
    write(TMAX, '');
    const pu = { name: 'P', idBlk: '017', idNum: '00001', localMac: '400000000001', remoteMac: '400000000002' };
    const link = (name: string) => ({
      name,
      peer: { address: 'h' },
      dlsw: { connections: 1 as const },
      pus: [{ ...pu, name: `P${name}`, lus: [{ addresses: 2, name: `L${name}`, application: 'ECHO' }] }],
    });
    const input = { server: { tmax: join(folder, 'tmax.m'), tmaxServer: 'gw' }, links: ['A', 'B', 'C', 'D'].map(link) };
    const before = JSON.stringify(input);
    expect(loadConfig(input).server).toMatchObject({ min: 2, max: 4 });
    expect(JSON.stringify(input)).toBe(before);
    expect(problemsOf({ ...input, links: [link('A')] })).toEqual([
      'tmax.m:2:15: MIN = 2: min is 2, but a worker needs a link; allowed: at most the number of links, 1',
      'tmax.m:2:24: MAX = 4: max is 4, but a worker needs a link; allowed: at most the number of links, 1',
    ]);
  });

  it('printed and loaded again it is the same configuration, without the Tmax file', () => {
    const { file: _file, tmax: _tmax, ...config } = loadConfig(write(TMAX, '  tmax: tmax.m\n  tmaxServer: gw'));
    const { file: _name, ...again } = parseConfig(printConfig({ ...config, file: undefined }), 'printed.yaml');
    expect(again).toEqual(config);
  });

  it('the summary says what came from where, and what is not used', () => {
    const text = `${TMAX}GHOST   SVRNAME = gw\n*NODE\nn1 HOSTNAME = h\n`;
    const summary = summarizeConfig(loadConfig(write(text, '  tmax: tmax.m\n  tmaxServer: gw')));
    const lines = summary.replaceAll(`${folder}/`, '').split('\n');
    const from = lines.findIndex((line) => line.includes('Tmax'));
    expect(lines.slice(from)).toEqual([
      '  Tmax configuration tmax.m, SERVER gw: 8 values taken',
      '    line 3: CLOPT -o $(SVR).log gives log.file',
      '    line 2: MIN = 2 gives server.min',
      '    line 2: MAX = 4 gives server.max',
      '    line 2: ASQCOUNT = 8 gives server.asqcount',
      '    line 2: MAXQCOUNT = 50 gives server.maxqcount',
      '    line 3: MAXRSTART = 3 gives server.maxrstart',
      '    line 3: GPERIOD = 90 gives server.gperiod',
      '    line 5: SVCTIME = 7 gives timeout of service ECHO',
      '  not used of tmax.m:',
      '    line 6: *SERVICE GHOST: SVRNAME (the configuration of hostlink has no such service)',
      '    line 8: *NODE n1: HOSTNAME (hostlink reads SERVER and SERVICE only)',
    ]);
  });
});

describe('mistakes', () => {
  it('what the two files say differently, and what is wrong in either, all at once', () => {
    const services =
      'services:\n  - { name: ECHO, application: ECHO, timeout: 8s }\n  - { name: B, application: NONE }\n';
    const server = '  tmax: tmax.m\n  tmaxServer: gw\n  MIN: 3\n  gperiod: 1m\n  maxrstart: many';
    const file = write(TMAX.replace('MAX = 4', 'MAX = 5').replace('MAXQCOUNT = 50', 'MAXQCOUNT 50'), server, services);
    expect(problemsOf(file)).toEqual([
      'hostlink.yaml:4:8: min is 3, but tmax.m:2:15 says MIN = 2; allowed: one of the two, or the same value in both',
      'hostlink.yaml:5:12: gperiod is 1m, but tmax.m:3:34 says GPERIOD = 90; allowed: one of the two, or the same value in both',
      'hostlink.yaml:6:14: maxrstart is "many", not a number; allowed: -1..1000',
      'hostlink.yaml:13:47: timeout is 8s, but tmax.m:5:33 says SVCTIME = 7; allowed: one of the two, or the same value in both',
      'hostlink.yaml:14:29: no LU has application NONE; allowed: ECHO',
      'tmax.m:2:24: MAX = 5: max is 5, but a worker needs a link; allowed: at most the number of links, 4',
      'tmax.m:2:41: "MAXQCOUNT" has no = and no value; allowed: NAME = value',
    ]);
  });

  it('a MAX below MIN is a mistake of the file that says it', () => {
    expect(problemsOf(write('*SERVER\ngw MIN = 3, MAX = 2', '  tmax: tmax.m\n  tmaxServer: gw'))).toEqual([
      'tmax.m:2:19: MAX = 2: max is 2, less than min 3; allowed: 3 or more',
    ]);
    expect(problemsOf(write('*SERVER\ngw MIN = 3', '  tmax: tmax.m\n  tmaxServer: gw\n  max: 2'))).toEqual([
      'hostlink.yaml:4:8: max is 2, less than min 3; allowed: 3 or more',
    ]);
  });

  it('RESTART = N against maxrstart', () => {
    const server = '  tmax: tmax.m\n  tmaxServer: gw\n  maxrstart: 5';
    expect(problemsOf(write('*SERVER\ngw RESTART = N', server))).toEqual([
      'hostlink.yaml:4:14: maxrstart is 5, but tmax.m:2:14 says RESTART = N; allowed: one of the two, or the same value in both',
    ]);
  });

  it.each([
    ['tmaxServer: gv', 'hostlink.yaml:3:15: tmax.m has no SERVER entry gv; did you mean gw?; allowed: gw'],
    ['name: gx', 'hostlink.yaml:3:9: tmax.m has no SERVER entry gx; did you mean gw?; allowed: gw'],
  ])('a server that is not there: %s', (line, expected) => {
    expect(problemsOf(write(TMAX, `  tmax: tmax.m\n  ${line}`))).toEqual([expected]);
  });

  it('neither name nor tmaxServer, and no entry HOSTLINK', () => {
    expect(problemsOf(write(TMAX, '  tmax: tmax.m'))).toEqual([
      'hostlink.yaml:1:1: tmax.m has no SERVER entry HOSTLINK; allowed: gw',
    ]);
    expect(problemsOf(write('*NODE\nn1', '  tmax: tmax.m'))).toEqual([
      'hostlink.yaml:1:1: tmax.m has no SERVER entry HOSTLINK; allowed: a SERVER entry in that file',
    ]);
  });

  it('a file that cannot be read, one that is too long, and tmaxServer without a file', () => {
    expect(problemsOf(write(TMAX, '  tmax: none.m'))[0]).toMatch(
      /^hostlink\.yaml:2:9: tmax cannot be read: ENOENT.*none\.m'; allowed: a Tmax configuration, such as \.\/tmax\.m$/,
    );
    expect(problemsOf(write('#'.repeat(1024 * 1024 + 1), '  tmax: tmax.m'))).toEqual([
      'hostlink.yaml:2:9: tmax cannot be read: tmax.m is longer than 1048576 bytes; allowed: a Tmax configuration, such as ./tmax.m',
    ]);
    expect(problemsOf(write(TMAX, '  tmaxServer: gw'))).toEqual([
      'hostlink.yaml:2:15: tmaxServer is given, but no tmax; allowed: tmax with the file it is in',
    ]);
  });

  it('where the YAML is broken, nothing is said about what could not be read', () => {
    const file = write(TMAX.replace('MAX = 4', 'MAX = 9'), '  tmax: tmax.m\n  tmaxServer: gw', 'services: [\n');
    const indent = 'the indentation does not fit; allowed: the same number of spaces for all entries of a level';
    expect(problemsOf(file)).toEqual([`hostlink.yaml:10:1: ${indent}`]);
    expect(problemsOf(write(TMAX, '  tmax: tmax.m', 'services: [\n'))).toEqual([`hostlink.yaml:9:1: ${indent}`]);
  });
});

describe('any input', () => {
  const text = readFileSync(`${EXAMPLES}tmax.m`, 'utf8');
  const pieces = [
    '*SERVER\n',
    '*',
    '=',
    ',',
    '"',
    '#',
    '\n',
    ' ',
    '-1',
    '99',
    '0',
    'DEFAULT:',
    'HOSTLINK',
    '--',
    '$(DATE)',
  ];

  it('the example with some characters replaced: a configuration, or mistakes with places', () => {
    const seen = new Set<string>();
    const change = fc.tuple(fc.nat({ max: text.length }), fc.nat({ max: 9 }), fc.constantFrom(...pieces));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let changed = text;
        for (const [at, length, piece] of changes) changed = changed.slice(0, at) + piece + changed.slice(at + length);
        const server = '  name: HOSTLINK\n  tmax: tmax.m';
        const problems = problemsOf(write(changed, server));
        for (const problem of problems) expect(problem).toMatch(/^(tmax\.m|hostlink\.yaml):[1-9]\d*:[1-9]\d*: ./);
        seen.add(problems.length === 0 ? 'configuration' : 'mistakes');
      }),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual(['configuration', 'mistakes']);
  });

  it('values of hostlink.yaml of every kind', () => {
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom({ toString: 1 }, null, 'x', Number.NaN, [], '1', ''),
    );
    fc.assert(
      fc.property(odd, odd, odd, odd, (min, gperiod, name, timeout) => {
        write(TMAX, '');
        const server = { tmax: join(folder, 'tmax.m'), tmaxServer: 'gw', min, gperiod };
        const input = { server, services: [{ name, timeout }, { name: 'ECHO', timeout }, name], log: timeout };
        expect(problemsOf(input).length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('examples', () => {
  it('hostlink.yaml with its comment taken away agrees with tmax.m', () => {
    const text = readFileSync(`${EXAMPLES}hostlink.yaml`, 'utf8');
    const named = text.replace('# tmax: ./tmax.m', 'tmax: ./tmax.m');
    expect(named).not.toBe(text);
    const { tmax, ...config } = parseConfig(named, `${EXAMPLES}hostlink.yaml`);
    const without = loadConfig(`${EXAMPLES}hostlink.yaml`);
    expect(config).toEqual({
      ...without,
      server: { ...without.server, asqcount: 8 },
      log: { ...without.log, file: 'HOSTLINK.out' },
    });
    expect(tmax?.taken.map(({ key }) => key)).toEqual([
      'log.file',
      ...['min', 'max', 'asqcount', 'maxqcount', 'maxrstart', 'gperiod'].map((key) => `server.${key}`),
      ...[0, 1, 2, 3, 4].map((at) => `services[${at}].timeout`),
    ]);
    expect(new Set(tmax?.unused.map(({ section }) => section)).size).toBe(9);
  });
});
