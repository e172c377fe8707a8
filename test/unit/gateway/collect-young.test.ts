import { expect, it, vi } from 'vitest';
import { createSilentLog } from '../../../src/base/log.js';
import { HostLink, type HostLinkOptions } from '../../../src/gateway/host-link.js';
import { FAKE_WORKER, fakeConfig } from '../../helpers/fake-config.js';

const young = vi.hoisted(() => ({ collections: 0 }));

vi.mock('../../../src/base/young-collection.js', () => ({
  youngCollection: () => () => {
    young.collections += 1;
  },
  heapInUse: () => 0,
}));

/** Young collections while so many bytes of answers come. */
async function collectionsOf(answers: { bytes: number }, options: HostLinkOptions): Promise<number> {
  const payload = Buffer.alloc(65_536, 'x');
  const runtime = await HostLink.start(fakeConfig(), { workerFile: FAKE_WORKER, log: createSilentLog(), ...options });
  try {
    await runtime.ready({ timeoutMs: 10_000 });
    const before = young.collections;
    for (let left = answers.bytes; left > 0; left -= payload.length) await runtime.call('SVC0', payload);
    return young.collections - before;
  } finally {
    await runtime.stop({ graceMs: 200 });
  }
}

it('young garbage of answers is collected, unless the program wants it left to V8', async () => {
  const answers = { bytes: 9 * 1_048_576 };
  expect(await collectionsOf(answers, {})).toBe(2);
  expect(await collectionsOf(answers, { collectYoung: false })).toBe(0);
});
