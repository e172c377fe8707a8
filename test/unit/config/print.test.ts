import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODE_PAGES } from '../../../src/config/fields.js';
import { loadConfig, parseConfig } from '../../../src/config/load.js';
import type { HostLinkConfig } from '../../../src/config/model.js';
import { printConfig, summarizeConfig } from '../../../src/config/print.js';
import type { HostLinkInput } from '../../../src/config/schema.js';

const EXAMPLES = new URL('../../../examples/', import.meta.url).pathname;

/** Everything but where it came from. */
function contentOf(config: HostLinkConfig): Omit<HostLinkConfig, 'file'> {
  const { file: _file, ...content } = config;
  return content;
}

function expectSame(config: HostLinkConfig): void {
  expect(contentOf(parseConfig(printConfig(config), 'printed.yaml'))).toEqual(contentOf(config));
}

const anyName = fc.stringMatching(/^[A-Z#@$][A-Z0-9#@$]{0,7}$/);
const anyDuration = fc.oneof(fc.integer({ min: 10, max: 600_000 }), fc.constantFrom('10ms', '1.5s', '2m'));

const anySettings = fc.record(
  {
    role: fc.constantFrom('origin' as const, 'target' as const),
    dlsw: fc.record(
      { window: fc.integer({ min: 1, max: 65535 }), keepalive: fc.constantFrom(0, '1h'), explorer: fc.boolean() },
      { requiredKeys: [] },
    ),
    sna: fc.record(
      { piuSizeMax: fc.integer({ min: 64, max: 65535 }), actpuRspFormat: fc.constantFrom(0 as const, 1 as const) },
      { requiredKeys: [] },
    ),
    timers: fc.record({ bind: anyDuration, halt: anyDuration }, { requiredKeys: [] }),
    bringUpMax: fc.integer({ min: 1, max: 256 }),
    recentPius: fc.integer({ min: 0, max: 4096 }),
  },
  { requiredKeys: [] },
);

const anyRange = fc.record({
  size: fc.integer({ min: 1, max: 12 }),
  pattern: fc.constantFrom('{address:03}', '{address}', '{address:02X}', 'I{index}', 'W{index:03}'),
  type: fc.constantFrom('LU0' as const, 'LU2' as const),
  mode: fc.constantFrom('POOL' as const, 'DEDICATE' as const),
  application: fc.constantFrom('ECHO', 'BANK'),
  sessionType: fc.constantFrom('', 'QUERY'),
  logMode: fc.oneof(fc.constant(''), anyName),
  userData: fc.string({ maxLength: 20 }),
});

/** Configurations that are right: names and addresses are numbered so that none comes twice. */
const anyInput = fc
  .record({
    shared: anySettings,
    links: fc.array(fc.tuple(anySettings, fc.array(anyRange, { minLength: 1, maxLength: 6 })), {
      minLength: 1,
      maxLength: 3,
    }),
    timeout: anyDuration,
    codePage: fc.constantFrom(...CODE_PAGES),
    maxqcount: fc.integer({ min: -1, max: 1_000_000 }),
    level: fc.constantFrom('debug' as const, 'warn' as const),
  })
  .map(({ shared, links, timeout, codePage, maxqcount, level }): HostLinkInput => {
    return {
      server: { maxqcount, callSizeMax: '64KB', gperiod: '90s' },
      log: { level, levels: { link: level } },
      linkDefaults: { ...shared, peer: { address: 'host.example' }, local: { port: 0 } },
      links: links.map(([settings, ranges], at) => ({
        ...settings,
        name: `LINK${at}`,
        pus: [
          {
            name: `PU${at}`,
            idBlk: '05d',
            idNum: `0000${at}`,
            localMac: `4000.0000.000${at}`,
            remoteMac: '400037450001',
            lus: ranges.map(({ size, pattern, ...range }, index) => ({
              ...range,
              addresses: `${20 * index + 1}-${20 * index + size}`,
              name: `${'ABC'[at]}${'PQRSTU'[index]}${pattern}`,
            })),
          },
        ],
      })),
      services: [{ name: 'first', ...pick(links[0]![1][0]!), timeout, codePage }],
    };
  });

function pick({ application, sessionType }: { application: string; sessionType: string }) {
  return { application, sessionType };
}

describe('printConfig', () => {
  it.each(['hostlink.yaml', 'router.yaml'])('%s: what is printed loads to the same configuration', (name) => {
    expectSame(loadConfig(EXAMPLES + name));
  });

  it('any configuration, printed and loaded again, is the same', () => {
    fc.assert(
      fc.property(anyInput, (input) => expectSame(loadConfig(input))),
      { numRuns: 150 },
    );
  });

  it('folds LUs into ranges, and settings that all links share into linkDefaults', () => {
    const text = printConfig(loadConfig(`${EXAMPLES}hostlink.yaml`));
    expect(text.match(/addresses:/g)).toHaveLength(20);
    expect(text).toContain('- { addresses: 2-97, name: "LA1{address:03}", application: ECHO, ');
    expect(text.match(/piuSizeMax: 4105/g)).toHaveLength(1);
    expect(text).toContain('gperiod: 1m');
    expect(text).toContain('localMac: 4000.0000.0011');
  });

  it('prints names without a pattern as they are', () => {
    const lus = [
      { addresses: 1, name: 'ALPHA', application: 'ECHO' },
      { addresses: 2, name: 'BETA', application: 'ECHO' },
      { addresses: '7-9', name: 'G{index}', application: 'ECHO' },
    ];
    const pu = { name: 'P', idBlk: '017', idNum: '00011', localMac: '400000000011', remoteMac: '400037450001', lus };
    const config = loadConfig({ links: [{ name: 'L', peer: { address: 'h' }, pus: [pu] }] });
    expectSame(config);
    expect(printConfig(config)).toContain('{ addresses: 8, name: G2,');
  });
});

describe('summarizeConfig', () => {
  it('counts links, PUs, LUs per application, and services', () => {
    expect(summarizeConfig(loadConfig(`${EXAMPLES}hostlink.yaml`)).split('\n')).toEqual([
      'HOSTLINK: 2 links, 4 PUs, 512 LUs, 5 services, 2 workers',
      '  link LINK1: origin, peer 127.0.0.1:12065, 2 PUs, 256 LUs',
      '  link LINK2: origin, peer 127.0.0.1:12065, 2 PUs, 256 LUs',
      '  application ECHO: 384 LUs, service ECHO',
      '  application UPPER: 32 LUs, service UPPER',
      '  application SUM: 32 LUs, service SUM',
      '  application SLOW: 32 LUs, service SLOW',
      '  application BIG: 32 LUs, service BIG',
    ]);
  });
});
