import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CLI_FILE } from '../helpers/dist.js';

const execute = promisify(execFile);

describe('npm run demo', () => {
  it('its last act: a link is cut under load and comes back; what that came to, and nothing executed twice', async () => {
    const args = [fileURLToPath(CLI_FILE), 'demo', '--json', '--calls', '2000'];
    const { stdout } = await execute(process.execPath, args);
    const result = JSON.parse(stdout) as Record<string, number> & { linkLoss: Record<string, number> };
    expect(result).toMatchObject({ ok: true, failed: 0, executedTwice: 0, hostProtocolErrors: 0, faults: [] });
    const { linkLoss: loss } = result;
    expect(loss).toMatchObject({ link: 'LINK1', sessions: 256, failed: 0 });
    expect(loss.noticedMs).toBeGreaterThan(0);
    expect(loss.firstBackMs).toBeGreaterThan(loss.noticedMs!);
    expect(loss.allBackMs).toBeGreaterThan(loss.firstBackMs!);
    expect(loss.calls, 'there was load').toBeGreaterThan(0);
    // May be none: calls go in large batches, and between two of them the link is empty for a moment.
    expect(loss.unknown).toBeGreaterThanOrEqual(0);
    expect(loss.unknown, 'each of its sessions carries one call').toBeLessThanOrEqual(256);
    expect(loss.servedMeanwhile, 'the other link went on').toBeGreaterThan(0);
    const answered = result.calls! + loss.calls! - loss.unknown!;
    // The services that are checked beside the load are other applications. A call of unknown outcome may be in the books.
    expect(result.executed).toBeGreaterThanOrEqual(answered);
    expect(result.executed).toBeLessThanOrEqual(result.calls! + loss.calls!);
  }, 60_000);
});
