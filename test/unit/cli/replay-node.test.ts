import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runReplay } from '../../../src/cli/replay-command.js';
import { fakeIo } from './fake-io.js';

const TRACES = ['vtam-terminal-short.json', 'vtam-terminal-logon.json'].map((name) => `../shared/traces/${name}`);

describe('replay of recordings of a real VTAM with a real terminal controller', () => {
  for (const path of TRACES) {
    const isThere = existsSync(path);
    if (!isThere) console.log(`skipped: ${path} is absent`);
    it.skipIf(!isThere)(`finds nothing but allowed differences in ${path}`, async () => {
      const io = fakeIo();
      const exitCode = await runReplay(io, path, {});
      expect(io.out.lines.at(-1)).toMatch(/, 0 different/);
      expect(exitCode).toBe(0);
    });
  }
});
