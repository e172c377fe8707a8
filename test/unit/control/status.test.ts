import { describe, expect, it } from 'vitest';
import { SESSION_STATES, type SessionState } from '../../../src/channel/messages.js';
import { collectStatus, notUpOf } from '../../../src/control/status.js';
import type { SessionInfo } from '../../../src/gateway/host-link.js';
import type { HostLinkStats, LinkStats } from '../../../src/gateway/stats.js';

function row(link: string, lu: string, state: SessionState, reason = ''): SessionInfo {
  const pu = { pu: 'PU1A', localAddress: 2, group: 0, application: 'ECHO', sessionType: '' };
  return { ...pu, worker: 0, link, lu, state, reason, calls: 0 };
}

function link(name: string, worker: number | null, reason: string, counts: Partial<Record<SessionState, number>>) {
  const sessions = Object.fromEntries(SESSION_STATES.map((state) => [state, counts[state] ?? 0]));
  return { name, worker, state: 'DOWN', reason, hold: '', up: 0, total: 4, sessions } as LinkStats;
}

describe('sessions that are not up', () => {
  it('are put together by link, state and reason, most first, with the first names', () => {
    const refused = 'the host refused the logon';
    const rows = [
      row('L1', 'A1', 'INIT_PENDING'),
      ...['A2', 'A3', 'A4', 'A5'].map((lu) => row('L1', lu, 'HELD', refused)),
      row('L1', 'A6', 'RETRY', refused),
      row('L2', 'B1', 'HELD', refused),
      row('L2', 'B2', 'HELD', 'deactivated by the operator'),
      row('L2', 'B3', 'HELD', 'deactivated by the operator'),
      ...(['ACTIVE', 'BUSY', 'LATE'] as const).map((state) => row('L2', state, state, 'of an earlier time')),
    ];
    expect(notUpOf([link('L1', 0, '', {}), link('L2', 1, '', {})], rows)).toEqual([
      { link: 'L1', state: 'HELD', reason: refused, sessions: 4, lus: ['A2', 'A3', 'A4'] },
      { link: 'L2', state: 'HELD', reason: 'deactivated by the operator', sessions: 2, lus: ['B2', 'B3'] },
      { link: 'L1', state: 'INIT_PENDING', reason: '', sessions: 1, lus: ['A1'] },
      { link: 'L1', state: 'RETRY', reason: refused, sessions: 1, lus: ['A6'] },
      { link: 'L2', state: 'HELD', reason: refused, sessions: 1, lus: ['B1'] },
    ]);
  });

  it('have the reason of their link where they have none of their own', () => {
    const rows = [row('L1', 'A1', 'DOWN'), row('L1', 'A2', 'DOWN', 'DACTLU'), row('L1', 'A3', 'READY_TO_INIT')];
    const reasons = notUpOf([link('L1', 0, 'connection refused', {})], rows).map(({ lus, reason }) => [...lus, reason]);
    expect(reasons).toEqual([
      ['A1', 'connection refused'],
      ['A2', 'DACTLU'],
      ['A3', ''],
    ]);
  });

  it('of a worker that does not answer are counted as it last said; a link without a worker is missing nothing', () => {
    const links = [
      link('L1', 0, '', { ACTIVE: 2, RETRY: 2 }),
      link('L2', 1, 'its port closed', { DOWN: 4 }),
      link('L3', null, 'no worker', { DOWN: 4 }),
    ];
    expect(notUpOf(links, [])).toEqual([
      { link: 'L2', state: 'DOWN', reason: 'its port closed', sessions: 4, lus: [] },
      { link: 'L1', state: 'RETRY', reason: 'its worker does not answer', sessions: 2, lus: [] },
    ]);
    expect(notUpOf(links, [row('L1', 'A1', 'ACTIVE'), row('L2', 'B1', 'BUSY')])).toEqual([]);
  });

  it('come with the statistics, and workers get a limited time to answer', async () => {
    const asked: unknown[] = [];
    const stats = { links: [link('L1', 0, '', {})] } as unknown as HostLinkStats;
    const status = await collectStatus({
      stats: () => stats,
      sessions: async (options) => {
        asked.push(options);
        return [row('L1', 'A1', 'QUEUED_AT_HOST')];
      },
    });
    expect(asked).toEqual([{ timeoutMs: 1000 }]);
    const waits = { link: 'L1', state: 'QUEUED_AT_HOST', reason: '', sessions: 1, lus: ['A1'] };
    expect(status).toEqual({ ...stats, notUp: [waits] });
  });
});
