import { describe, expect, it } from 'vitest';
import { printProblem } from '../../../src/config/problems.js';
import { parseTmax } from '../../../src/config/tmax.js';
import { expandClopt, parseClopt } from '../../../src/config/tmax-clopt.js';
import { readTmaxServer, type TmaxServer } from '../../../src/config/tmax-server.js';

function read(text: string, hasLogFile = false): TmaxServer {
  const tree = parseTmax(text, 't.m');
  expect(tree.problems).toEqual([]);
  return readTmaxServer(tree, { server: 'gw', services: new Set(['ECHO', 'SUM']), hasLogFile });
}

function server(items: string): TmaxServer {
  return read(`*SERVER\ngw ${items}`);
}

function values({ values: map }: TmaxServer): Record<string, number> {
  return Object.fromEntries([...map].map(([key, { value }]) => [key, value]));
}

function timeouts({ timeouts: map }: TmaxServer): Record<string, number> {
  return Object.fromEntries([...map].map(([key, { value }]) => [key, value]));
}

/** `line: SECTION entry items (reason)`. */
function unused(result: TmaxServer): string[] {
  return result.unused.map(({ line, column, section, entry, items, reason }) => {
    return `${line}:${column} ${section} ${entry} ${items.join(' ')} (${reason})`;
  });
}

describe('the SERVER entry', () => {
  it.each([
    ['MIN = 2, MAX = 64', { min: 2, max: 64 }],
    ['ASQCOUNT = 4, MAXQCOUNT = -1', { asqcount: 4, maxqcount: -1 }],
    ['MAXRSTART = 3, GPERIOD = 90', { maxrstart: 3, gperiod: 90_000 }],
    ['GPERIOD = 604800', { gperiod: 604_800_000 }],
    ['RESTART = Y, MAXRSTART = 3', { maxrstart: 3 }],
    ['RESTART = N', { maxrstart: 0 }],
    ['RESTART = N, MAXRSTART = 3', { maxrstart: 0 }],
    ['RESTART = Y', {}],
    ['SVGNAME = x', {}],
  ])('%s', (items, expected) => {
    const result = server(items);
    expect(result.problems).toEqual([]);
    expect(values(result)).toEqual(expected);
  });

  it('takes from DEFAULT what it does not say itself, and each value knows its place', () => {
    const result = read(
      '*SERVER\nDEFAULT: MIN = 2, MAX = 3, GPERIOD = 60\ngw MAX = 4\nDEFAULT: MIN = 9\nother MIN = 5',
    );
    expect(values(result)).toEqual({ min: 2, max: 4, gperiod: 60_000 });
    expect(result.values.get('min')).toEqual({ written: 'MIN = 2', line: 2, column: 16, value: 2 });
    expect(unused(result)).toEqual([
      '2:19 SERVER DEFAULT MAX (no entry that hostlink reads takes it from here)',
      '4:10 SERVER DEFAULT MIN (no entry that hostlink reads takes it from here)',
      '5:1 SERVER other MIN (another server)',
    ]);
  });

  it('MAXRSTART of DEFAULT is not used where RESTART = N', () => {
    const result = read('*SERVER\nDEFAULT: MAXRSTART = 3\ngw RESTART = N');
    expect(values(result)).toEqual({ maxrstart: 0 });
    expect(unused(result)).toEqual(['2:10 SERVER DEFAULT MAXRSTART (no entry that hostlink reads takes it from here)']);
  });

  it('values that are wrong, all of them, each with its place and range', () => {
    const text = `*SERVER
DEFAULT: MIN = 0, RESTART = yes
gw      MAX = 65, ASQCOUNT = -2,
        MAXQCOUNT = many, MAXRSTART = "5",
        GPERIOD = 1.5, CLOPT = "-x -o -- -o", SVRTYPE = UCS
other   MIN = 0
*SERVICE
DEFAULT: SVRNAME = gw
ECHO    SVCTIME = 86401
SUM     SVCTIME = -1
OTHER   SVRNAME = nobody
*GATEWAY
far     GWTYPE = TMAX
*SERVICE
FAR     SVRNAME = far
`;
    expect(read(text).problems.map(printProblem)).toEqual([
      't.m:2:16: MIN = 0, too small; allowed: 1..64',
      't.m:3:15: MAX = 65, too large; allowed: 1..64',
      't.m:3:30: ASQCOUNT = -2, too small; allowed: -1..1000000',
      't.m:4:21: MAXQCOUNT = many is not a number; allowed: -1..1000000',
      't.m:4:39: MAXRSTART = "5" is not a number; allowed: -1..1000',
      't.m:5:19: GPERIOD = 1.5 is not a number; allowed: 1..604800',
      't.m:2:29: RESTART = yes is neither Y nor N; allowed: Y, N',
      't.m:5:36: -o of CLOPT names no file; allowed: -o FILE',
      't.m:9:19: SVCTIME = 86401, too large; allowed: 0..86400',
      't.m:10:19: SVCTIME = -1, too small; allowed: 0..86400',
      't.m:11:19: SVRNAME = nobody, which is no entry of SERVER or GATEWAY; allowed: gw, other, far',
    ]);
  });

  it('a command line of 255 characters at most', () => {
    expect(server(`CLOPT = "${'x'.repeat(255)}"`).problems).toEqual([]);
    expect(server(`CLOPT = "${'x'.repeat(256)}"`).problems.map(printProblem)).toEqual([
      't.m:2:12: CLOPT has 256 characters; allowed: at most 255 characters',
    ]);
  });

  it('a wrong value in DEFAULT is one mistake, however many entries take it', () => {
    const text = '*SERVER\ngw\n*SERVICE\nDEFAULT: SVRNAME = gw, SVCTIME = x\nECHO\nSUM\n';
    expect(read(text).problems.map(printProblem)).toEqual(['t.m:4:34: SVCTIME = x is not a number; allowed: 0..86400']);
  });
});

describe('SERVICE entries', () => {
  it('give their services a time-out in milliseconds; 0 is the longest', () => {
    const result = read('*SERVER\ngw\n*SERVICE\nDEFAULT: SVRNAME = gw, SVCTIME = 15\nECHO\nSUM SVCTIME = 0\n');
    expect(timeouts(result)).toEqual({ ECHO: 15_000, SUM: 86_400_000 });
    expect(result.timeouts.get('ECHO')).toMatchObject({ line: 4, column: 34, written: 'SVCTIME = 15' });
    expect(result.unused).toEqual([]);
  });

  it('that hostlink cannot use are listed, each with the reason', () => {
    const text = `*SERVER
gw
far
*SERVICE
ECHO   SVRNAME = gw, PRIORITY = 5, SCVTIME = 3
GHOST  SVRNAME = gw, SVCTIME = 1
SUM    SVRNAME = far, SVCTIME = 1
ALONE  SVCTIME = 1
`;
    const result = read(text);
    expect(timeouts(result)).toEqual({});
    expect(unused(result)).toEqual([
      '3:1 SERVER far  (another server)',
      '5:22 SERVICE ECHO PRIORITY (not known here)',
      '5:36 SERVICE ECHO SCVTIME (not known here; did you mean SVCTIME?)',
      '6:1 SERVICE GHOST SVRNAME SVCTIME (the configuration of hostlink has no such service)',
      '7:1 SERVICE SUM SVRNAME SVCTIME (a service of another server)',
      '8:1 SERVICE ALONE SVCTIME (it names no server (SVRNAME))',
    ]);
  });
});

describe('what is not used', () => {
  it('items, options, defaults, entries and sections, in the order of the file', () => {
    const text = `*TMAX
*NODE
DEFAULT: TMAXDIR = "/t"
n1 HOSTNAME = h
*SERVER
DEFAULT: CPC = 10
gw SVRTYPE = CUSTOM_GATEWAY, MXQCOUNT = 3, SVCTIME = 4, RESTART = N, MAXRSTART = 2, CLOPT = "-e b stray"
`;
    expect(unused(read(text))).toEqual([
      '1:1 TMAX   (the section is passed over)',
      '3:1 NODE DEFAULT TMAXDIR (hostlink reads SERVER and SERVICE only)',
      '4:1 NODE n1 HOSTNAME (hostlink reads SERVER and SERVICE only)',
      '6:10 SERVER DEFAULT CPC (no CLH stands before hostlink)',
      '7:4 SERVER gw SVRTYPE (the server is hostlink itself)',
      '7:30 SERVER gw MXQCOUNT (not known here; did you mean MAXQCOUNT?)',
      '7:44 SERVER gw SVCTIME (an item of SERVICE entries)',
      '7:70 SERVER gw MAXRSTART (RESTART = N)',
      '7:94 SERVER gw CLOPT -e b (hostlink has one log, which -o names)',
      '7:99 SERVER gw CLOPT stray (hostlink has no such option)',
    ]);
  });
});

describe('CLOPT', () => {
  it.each([
    ['', []],
    ['-o out -e err', ['-o=out', '-e=err']],
    ['-oout  -A -B', ['-o=out', '-A=', '-B=']],
    ['-o out -- -c file -v x y', ['-o=out', '--> -c=file', '--> -v=x', '--> =y']],
    ['-- -- --long v -', ['--> --=', '--> --long=v', '--> =-']],
    ['-o -- out', ['-o=', '--> =out']],
    ['stray -o - x', ['=stray', '-o=-', '=x']],
  ])('%s', (text, expected) => {
    const options = parseClopt(text);
    expect(options.map(({ flag, value, isProgram }) => `${isProgram ? '--> ' : ''}${flag}=${value}`)).toEqual(expected);
    for (const { flag, value, offset } of options) expect(text.slice(offset).startsWith(flag || value)).toBe(true);
  });

  it('-o names the log, with the name of the server filled in', () => {
    const { logFile } = server('CLOPT = "-A -o log/$(SVR).$(SVR)"');
    expect(logFile).toEqual({ value: 'log/gw.gw', written: 'CLOPT -o log/$(SVR).$(SVR)', line: 2, column: 16 });
  });

  it('-o that cannot be used is listed', () => {
    const dated = server('CLOPT = "-o log.$(DATE)"');
    expect([dated.logFile, unused(dated)]).toEqual([
      undefined,
      ['2:13 SERVER gw CLOPT -o log.$(DATE) (only $(SVR) is filled in here)'],
    ]);
    const second = server('CLOPT = "-o a -o b"');
    expect([second.logFile?.value, unused(second)]).toEqual([
      'a',
      ['2:18 SERVER gw CLOPT -o b (an earlier -o names the log)'],
    ]);
    const own = read('*SERVER\ngw CLOPT = "-o a"', true);
    expect([own.logFile, unused(own)]).toEqual([undefined, ['2:13 SERVER gw CLOPT -o a (log.file is set)']]);
  });

  it('a name with $& is a name', () => {
    expect(expandClopt('$(SVR).out', '$&')).toBe('$&.out');
  });
});
