import { describe, expect, it } from 'vitest';
import { hostWith, logon, request } from '../../helpers/host-fixture.js';

describe('embedded host: from contact to data', () => {
  it('activates PU and LUs as soon as the circuit is connected', () => {
    const { pu, node, rules } = hostWith();
    pu.up();
    expect(node.pus.get('PU1A')?.state).toBe('ACTIVE');
    expect([...node.lus.values()].map(({ state, isEnabled }) => [state, isEnabled])).toEqual(
      Array.from({ length: 4 }, () => ['ACTIVE', true]),
    );
    expect(pu.all.map(({ hex }) => hex)).toEqual([
      '2d00000000016b8000110101050000000001',
      ...[2, 3, 4, 5].map((lu) => `2d000${lu}0000016b80000d0101`),
    ]);
    expect(rules()).toEqual([]);
  });

  it('binds with the vector of a log mode, and echoes data in a bracket', () => {
    const fixture = hostWith();
    const { pu, node, rules } = fixture;
    pu.up();
    const bind = logon(fixture, 2, 'ECHO');
    expect(bind.hex).toBe(`2d00020100016b800031010303b1b030800000f8f8000000${'00'.repeat(12)}04c5c3c8d60000`);
    expect(node.lus.get('LU2')?.session?.state).toBe('ACTIVE');
    pu.piu(request(2, 1, 1, '0390a0', Buffer.from('HELLO')));
    expect(pu.drain().map(({ hex }) => hex)).toEqual([`2c0002010001039040${Buffer.from('HELLO').toString('hex')}`]);
    expect(rules()).toEqual([]);
  });
});
