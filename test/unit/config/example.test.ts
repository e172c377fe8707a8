import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';

const EXAMPLES = new URL('../../../examples/', import.meta.url).pathname;

describe('examples', () => {
  it('hostlink.yaml: two links of two PUs of 128 LUs', () => {
    const config = loadConfig(`${EXAMPLES}hostlink.yaml`);
    expect(config.server).toMatchObject({ name: 'HOSTLINK', min: 2, max: 2, gperiodMs: 60_000, callSizeMax: 1 << 20 });
    expect(config.links.map((link) => link.pus.map((pu) => pu.lus.length))).toEqual([
      [128, 128],
      [128, 128],
    ]);
    expect(config.links.flatMap((link) => link.pus.map((pu) => [pu.name, pu.idBlk, pu.idNum, pu.localMac]))).toEqual([
      ['PU1A', '017', '00011', '400000000011'],
      ['PU1B', '017', '00012', '400000000012'],
      ['PU2A', '017', '00021', '400000000021'],
      ['PU2B', '017', '00022', '400000000022'],
    ]);
    expect(config.services.map((service) => config.groups[service.group]?.application)).toEqual([
      'ECHO',
      'UPPER',
      'SUM',
      'SLOW',
      'BIG',
    ]);
    expect(config.warnings).toEqual([]);
  });

  it('hostlink.yaml: 96 ECHO and 8 of each other application per PU, names that say link, PU and address', () => {
    const config = loadConfig(`${EXAMPLES}hostlink.yaml`);
    for (const pu of config.links.flatMap((link) => link.pus)) {
      const counts = config.groups.map((group) => pu.lus.filter((lu) => lu.group === group.index).length);
      expect(counts).toEqual([96, 8, 8, 8, 8]);
    }
    expect(config.links[0]?.pus[0]?.lus[0]).toMatchObject({ name: 'LA1002', localAddress: 2, logMode: 'LU0FAST' });
    expect(config.links[1]?.pus[1]?.lus.at(-1)).toMatchObject({ name: 'LB2129', localAddress: 129 });
  });

  it('every example with links loads', () => {
    const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'));
    const ours = files.filter((name) => /^links:/m.test(readFileSync(EXAMPLES + name, 'utf8')));
    expect(ours).toContain('hostlink.yaml');
    for (const name of ours) expect(loadConfig(EXAMPLES + name).links.length).toBeGreaterThan(0);
  });
});
