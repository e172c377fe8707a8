import { describe, expect, it } from 'vitest';
import { parseLogLevel, parseSetting, SETTING_NAMES } from '../../../src/config/settings.js';
import { COMMANDS } from '../../../src/control/commands.js';
import { fakeConfig } from '../../helpers/fake-config.js';

const config = fakeConfig({ links: ['A', 'B', 'C'], server: { min: 1, max: 2 } });

describe('settings at run time', () => {
  it.each([
    ['maxqcount', '-1', 'maxqcount', -1],
    ['asqcount', 5, 'asqcount', 5],
    ['maxrstart', '0', 'maxrstart', 0],
    ['gperiod', '2m', 'gperiodMs', 120_000],
    ['gperiod', '1500', 'gperiodMs', 1500],
    ['min', '2', 'min', 2],
    ['max', '3', 'max', 3],
  ])('%s %s', (name, value, field, parsed) => {
    expect(parseSetting(config, name, value)).toEqual({ field, value: parsed });
  });

  it.each([
    ['maxqcount', '-2', '-1..1000000'],
    ['maxqcount', 'many', '-1..1000000'],
    ['maxqcount', '1.5', '-1..1000000'],
    ['maxrstart', '1001', '-1..1000'],
    ['gperiod', '10', '1s..7d, as milliseconds or with ms, s, m, h or d'],
    ['min', '0', '1..64'],
    ['min', '3', '3 or more'],
    ['max', '4', 'at most the number of links, 3'],
    ['callSizeMax', '1', SETTING_NAMES.join(', ')],
    ['__proto__', '1', SETTING_NAMES.join(', ')],
  ])('%s %s is refused', (setting, value, allowed) => {
    const parse = () => parseSetting(config, setting, value);
    expect(parse).toThrow(expect.objectContaining({ code: 'SETTING_INVALID', details: { setting, value, allowed } }));
  });

  it('log levels of parts', () => {
    expect(parseLogLevel('link', 'debug')).toEqual({ part: 'link', level: 'debug' });
    expect(() => parseLogLevel('lynk', 'debug')).toThrow(/supervisor, .*link/);
    expect(() => parseLogLevel('link', 'loud')).toThrow(/trace, debug/);
  });

  it('the command line offers all of them', () => {
    expect(COMMANDS.set!.forms).toEqual([...SETTING_NAMES.map((name) => `${name} VALUE`), 'loglevel PART LEVEL']);
  });
});
