import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import { loadConfig, parseConfig } from '../../../src/config/load.js';
import type { HostLinkInput } from '../../../src/config/schema.js';

const PU = { name: 'PU1', idBlk: '017', idNum: '000a1', localMac: '4000.0000.0011', remoteMac: '40:00:37:45:00:01' };
const LUS = [{ addresses: '2-3', name: 'LA{address:03}', application: 'ECHO' }];
const SMALL: HostLinkInput = {
  links: [{ name: 'LINK1', peer: { address: 'host' }, pus: [{ ...PU, lus: LUS }] }],
  services: [{ name: 'ECHO', application: 'ECHO' }],
};

describe('defaults', () => {
  it('are the safe ones', () => {
    const config = loadConfig(SMALL);
    const [link] = config.links;
    expect(config.server).toEqual({
      name: 'HOSTLINK',
      min: 1,
      max: 1,
      asqcount: -1,
      maxqcount: 10_000,
      maxrstart: 5,
      gperiodMs: 60_000,
      callSizeMax: 1_048_576,
      replySizeMax: 4_194_304,
      control: undefined,
      stopMode: 'fast',
      stopGraceMs: 10_000,
      idleTimeoutMs: 60_000,
      heldIdleTimeoutMs: 300_000,
      heldReportMs: 600_000,
      instanceMax: 0,
      pingIntervalMs: 5_000,
      pingTimeoutMs: 15_000,
    });
    expect(config.log).toEqual({ level: 'info', levels: {}, payload: false });
    expect(link?.dlsw).toEqual({
      connections: 2,
      enforceCredit: false,
      requireFca: false,
      oneMessagePerWrite: false,
      acceptContactAsXidReply: true,
      keepaliveMs: 30_000,
      inactivityMs: 0,
      window: 1024,
      explorer: true,
    });
    expect(link?.sna).toEqual({
      seqCheck: 'strict',
      odaiIgnore: true,
      actpuRspFormat: 0,
      replyBindImage: 'negotiable',
      piuSizeMax: 521,
      luVectorForm: 'long',
      bindLimits: {},
    });
    expect(link).toMatchObject({
      role: 'origin',
      peer: { address: 'host', port: 2065 },
      local: { address: '0.0.0.0', port: 2065 },
      bringUpMax: 64,
      backlogMax: 32_768,
      recentPius: 64,
    });
  });

  it('of the timers are those of the specification', () => {
    expect(loadConfig(SMALL).links[0]?.timers).toEqual({
      connectMs: 15_000,
      connectRetryMs: 1_000,
      connectRetryMaxMs: 120_000,
      capexMs: 30_000,
      explorerMs: 5_000,
      circuitStartMs: 10_000,
      xidMs: 5_000,
      contactMs: 60_000,
      haltMs: 5_000,
      bindMs: 60_000,
      initMs: 30_000,
      sdtMs: 30_000,
      sessionRetryMs: 1_000,
      sessionRetryMaxMs: 60_000,
      lateReplyMs: 60_000,
    });
  });
});

describe('what becomes of a configuration', () => {
  it('PUs, LUs, groups and services with their indexes', () => {
    const config = loadConfig({
      links: [
        {
          name: 'LINK1',
          peer: { address: 'host' },
          pus: [
            {
              ...PU,
              lus: [
                { addresses: 9, name: 'LZ{index}', application: 'BANK', sessionType: 'QUERY', logMode: 'M1' },
                { addresses: [4, '2-3'], name: 'LA{address}', application: 'ECHO', type: 'LU2', userData: 'x y' },
              ],
            },
          ],
        },
      ],
      services: [
        { name: 'ECHO', application: 'ECHO', timeout: '1.5s', codePage: '933', idempotent: true },
        { name: 'ASK', application: 'BANK', sessionType: 'QUERY' },
      ],
    });
    expect(config.groups).toEqual([
      { index: 0, application: 'BANK', sessionType: 'QUERY' },
      { index: 1, application: 'ECHO', sessionType: '' },
    ]);
    expect(config.services).toEqual([
      { name: 'ECHO', index: 0, group: 1, header: -1, timeoutMs: 1500, codePage: '933', idempotent: true },
      { name: 'ASK', index: 1, group: 0, header: -1, timeoutMs: 30_000, codePage: '037', idempotent: false },
    ]);
    const { lus, ...pu } = config.links[0]!.pus[0]!;
    expect(pu).toEqual({
      name: 'PU1',
      index: 0,
      idBlk: '017',
      idNum: '000A1',
      localMac: '400000000011',
      remoteMac: '400037450001',
      localSap: 4,
      remoteSap: 4,
    });
    expect(lus.map((lu) => [lu.name, lu.localAddress, lu.group])).toEqual([
      ['LZ1', 9, 0],
      ['LA4', 4, 1],
      ['LA2', 2, 1],
      ['LA3', 3, 1],
    ]);
    expect(lus[1]).toEqual({
      name: 'LA4',
      localAddress: 4,
      afterUse: 'KEEP',
      type: 'LU2',
      direction: 'INBOUND',
      mode: 'POOL',
      group: 1,
      logMode: '',
      initiate: 'acquire',
      response: 'exception',
      terminal: '',
      userData: 'x y',
    });
  });

  it('a link overrides linkDefaults key by key, however deep', () => {
    const [first, second] = loadConfig({
      server: { max: 2 },
      linkDefaults: { peer: { address: 'a', port: 1 }, dlsw: { window: 7, connections: 1 }, timers: { bind: '3s' } },
      links: [
        { name: 'A', peer: { port: 2 }, dlsw: { window: 9 }, pus: [{ ...PU, lus: LUS }] },
        { name: 'B', pus: [{ ...PU, name: 'PU2', lus: [{ ...LUS[0]!, name: 'LB{address}' }] }] },
      ],
    }).links;
    expect(first).toMatchObject({ peer: { address: 'a', port: 2 }, dlsw: { window: 9, connections: 1 } });
    expect(second).toMatchObject({ peer: { address: 'a', port: 1 }, dlsw: { window: 7 }, timers: { bindMs: 3000 } });
  });

  it('Tmax words in any case; max follows min', () => {
    const input: object = { ...SMALL, server: { MIN: 1, AsqCount: 4, MAXQCOUNT: -1, MAXRSTART: 3, GPERIOD: '1h' } };
    expect(loadConfig(input).server).toMatchObject({
      min: 1,
      max: 1,
      asqcount: 4,
      maxqcount: -1,
      maxrstart: 3,
      gperiodMs: 3_600_000,
    });
  });

  it('does not change the object it is given', () => {
    const input = { ...SMALL, linkDefaults: { dlsw: { window: 5 } } };
    const before = JSON.stringify(input);
    loadConfig(input);
    expect(JSON.stringify(input)).toBe(before);
  });
});

describe('warnings', () => {
  it('say what is brought up but not served', () => {
    const range = (address: number, more: object) => ({ addresses: address, name: `L${address}`, ...more });
    const lus = [
      range(1, { application: 'IN', direction: 'OUTBOUND' }),
      range(2, { application: 'DED', mode: 'DEDICATE' }),
      range(3, { application: 'DED', mode: 'DEDICATE' }),
    ];
    const links = [{ name: 'A', peer: { address: 'h' }, pus: [{ ...PU, lus }] }];
    expect(loadConfig({ links, services: [{ name: 'S', application: 'DED' }] }).warnings).toEqual([
      '1 LUs (L1) are OUTBOUND: brought up, but calls do not use them in this version.',
      '2 LUs (L2 to L3) are DEDICATE without a terminal: only calls that name the LU use them.',
    ]);
    expect(loadConfig({ links, services: [{ name: 'S', application: 'IN' }] }).warnings).toContain(
      'Service S has OUTBOUND LUs only: its calls find no session.',
    );
  });

  it('say what stays unused, and what the host cannot tell apart', () => {
    const link = (name: string) => ({
      name,
      peer: { address: 'h' },
      dlsw: { connections: 1 },
      pus: [{ ...PU, name: `P${name}`, lus: [{ addresses: 1, name: `L${name}`, application: 'ECHO' }] }],
    });
    expect(loadConfig({ links: [link('A'), link('B')] }).warnings).toEqual([
      'There are no services: nothing can be called.',
      'There are 2 links but at most 1 workers: the others stay unused.',
      'PUs PA and PB have the same IDBLK and IDNUM towards the same peer.',
    ]);
  });
});

describe('files', () => {
  it('that cannot be read give CONFIG_UNREADABLE', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hostlink-config-'));
    try {
      for (const path of [join(directory, 'absent.yaml'), directory]) {
        expect(() => loadConfig(path)).toThrow(
          expect.objectContaining({ code: 'CONFIG_UNREADABLE', details: { file: path, reason: expect.any(String) } }),
        );
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('are named in every problem', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hostlink-config-'));
    const path = join(directory, 'bad.yaml');
    try {
      writeFileSync(path, 'links: []\r\nservices: 5\r\n');
      const error = (() => {
        try {
          loadConfig(path);
        } catch (thrown) {
          return thrown;
        }
        return undefined;
      })();
      expect(error).toBeInstanceOf(HostLinkError);
      expect((error as Error).message).toBe(
        `The configuration has mistakes. 2 in all:\n${path}:1:8: links has too few entries; allowed: a list of 1 to 64\n` +
          `${path}:2:11: services is 5, not a list; allowed: a list of at most 10000`,
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('an empty file, and one that is no mapping', () => {
    expect(() => parseConfig('', 'x')).toThrow(
      /x:1:1: the configuration is empty, not a group of keys; allowed: keys server, log/,
    );
    expect(() => parseConfig('- 1\n', 'x')).toThrow(/x:1:1: the configuration is a list, not a group of keys/);
  });
});

/** 16 links of two PUs of 128 LUs. @param lusOf the lines that define the LUs of one PU */
function manyLus(lusOf: (pu: number) => string[]): string {
  const lines = ['server: { min: 16 }', 'linkDefaults: { peer: { address: h }, local: { port: 0 } }', 'links:'];
  for (let pu = 0; pu < 32; pu += 1) {
    if (pu % 2 === 0) lines.push(`  - name: L${pu}`, '    pus:');
    lines.push(`      - { name: P${pu}, idBlk: "017", idNum: "${String(pu).padStart(5, '0')}",`);
    lines.push(`          localMac: "${String(400000000000 + pu)}", remoteMac: 4000.3745.0001, lus: [`);
    lines.push(...lusOf(pu), '        ] }');
  }
  return lines.join('\n');
}

describe('large configurations', () => {
  it('4,096 LUs in ranges, each with its own name', () => {
    const text = manyLus((pu) => [`          { addresses: 1-128, name: "L${pu}X{address}", application: ECHO }`]);
    const lus = parseConfig(text, 'big.yaml').links.flatMap((link) => link.pus.flatMap((pu) => pu.lus));
    expect(new Set(lus.map((lu) => lu.name)).size).toBe(4096);
  });

  it('and with a line for each of them', () => {
    const addresses = Array.from({ length: 128 }, (_, at) => at + 1);
    const text = manyLus((pu) =>
      addresses.map((at) => `          { addresses: ${at}, name: L${pu}X${at}, application: ECHO },`),
    );
    expect(parseConfig(text, 'big.yaml').links).toHaveLength(16);
  });
});

describe('terminals', () => {
  const load = (lus: object[]) =>
    loadConfig({ links: [{ name: 'A', peer: { address: 'h' }, pus: [{ ...PU, lus }] }], services: [] });
  const range = { name: 'L{address}', application: 'DED', mode: 'DEDICATE' };
  const terminalsOf = (lus: object[]) => load(lus).links[0]!.pus[0]!.lus.map((lu) => lu.terminal);

  it('are given by range, by list, or both', () => {
    expect(terminalsOf([{ ...range, addresses: '2-4', terminals: '0999-1001' }])).toEqual(['0999', '1000', '1001']);
    expect(terminalsOf([{ ...range, addresses: '2-5', terminals: ['BR01', 7, '10-11'] }])).toEqual([
      'BR01',
      '7',
      '10',
      '11',
    ]);
    expect(terminalsOf([{ ...range, addresses: 2 }])).toEqual(['']);
  });

  it('are checked: one for each LU, each once, and not for a pool', () => {
    const wrong = [
      { ...range, addresses: '2-4', terminals: '1-2' },
      { ...range, addresses: '5-6', terminals: '2-3' },
      { ...range, addresses: '7', terminals: '9', mode: 'POOL' },
      { ...range, addresses: '8', terminals: 'no blanks' },
    ];
    let problems: { path: string; message: string }[] = [];
    try {
      load(wrong);
    } catch (error) {
      ({ problems } = (error as { details: { problems: typeof problems } }).details);
    }
    expect(problems.map(({ message }) => message).sort()).toEqual([
      '2 terminals for 3 LUs',
      'LUs of a pool have no terminals',
      'terminal 2 given twice; first in links[0].pus[0].lus[0]',
      'terminals is "no blanks", not a set of terminals',
    ]);
  });
});
