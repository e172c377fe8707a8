import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/base/log.js';
import { puConfig } from '../../helpers/link-config.js';
import { PuHarness } from '../../helpers/pu-harness.js';

const SECRET = 'c1c2c3c4c5c6c7c8c9';

function run(payload: boolean): Record<string, unknown>[] {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const bindings = { worker: 1, link: 'LINK1' };
  const log = createLog({ level: 'trace', levels: {}, payload }, bindings, destination);
  const harness = new PuHarness({ pus: [puConfig(2)] }, 1000, log);
  harness.activate();
  harness.host('2c00020000018b8000010681', '2d00020500016b800031010303b1b03080000085c7000000000000000000000000000000');
  harness.host('2d00020500026b8000a0');
  harness.request(1, SECRET);
  harness.host(`2c0002050007 039040 ${SECRET}`, `2c0009050007 039040 ${SECRET}`, `4c${SECRET}`, '200002050001ff');
  harness.host('2d00020500036b80003201');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('log of a worker', () => {
  it('every line names worker, link, PU and LU', () => {
    const lines = run(false);
    expect(lines.map((line) => line.msg)).toEqual(
      expect.arrayContaining(['session.active', 'session.down', 'protocol.error', 'piu.dump']),
    );
    const errors = lines.filter((line) => line.msg === 'protocol.error');
    expect(errors.map((line) => line.kind)).toEqual(['session', 'refused', 'dropped', 'segment']);
    for (const line of lines) {
      expect(line).toMatchObject({
        worker: 1,
        link: 'LINK1',
        pu: 'PU1',
        lu: expect.any(String),
        part: expect.any(String),
      });
    }
    expect(lines.find((line) => line.msg === 'session.down')).toMatchObject({ lu: 'LU002' });
  });

  it('holds no payload bytes unless they are asked for', () => {
    expect(JSON.stringify(run(false)).toLowerCase()).not.toContain(SECRET);
    expect(JSON.stringify(run(true)).toLowerCase()).toContain(SECRET);
  });

  it('gives each part its own level', () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const log = createLog({ level: 'warn', levels: { session: 'debug' }, payload: false }, {}, destination);
    log.part('session').debug('kept');
    log.part('link').info('dropped');
    log.part('link').warn('kept too');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['kept', 'kept too']);
  });
});
