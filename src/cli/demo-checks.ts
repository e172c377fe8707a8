import { isDeepStrictEqual } from 'node:util';
import { HostLinkError } from '../base/errors.js';
import type { HostLink } from '../gateway/host-link.js';
import { patternOf } from '../host/programs.js';
import { decodeSumReply, encodeSumRequest } from '../host/sum-records.js';
import { encodeEbcdic } from '../sna/ebcdic.js';
import { describe } from './demo-load.js';

/** One call of a service beside the many: what is checked, and what was wrong with it; '' is right. */
export interface Check {
  readonly name: string;
  readonly fault: string;
}

type Caller = Pick<HostLink, 'call' | 'callText' | 'config'>;

const CODE_PAGE = '037';
const BIG_BYTES = 100_000;
const SLOW_MS = 50;

/** What each service of the embedded host is asked, and what it must answer. Each gives what was wrong; '' is right. */
const CHECKS: Readonly<Record<string, (caller: Caller) => Promise<string>>> = {
  async UPPER(caller) {
    const reply = await caller.callText('UPPER', 'hello, host');
    return reply === 'HELLO, HOST' ? '' : `'${reply}'`;
  },
  async SUM(caller) {
    const amounts = [125n, -25n, 999_999_999n];
    const reply = decodeSumReply(await caller.call('SUM', encodeSumRequest({ account: 'DEMO', amounts })));
    const expected = { account: 'DEMO', isOk: true, count: 3, total: 1_000_000_099n, text: 'TOTAL OF 3 AMOUNTS' };
    return isDeepStrictEqual(reply, expected) ? '' : reply.text;
  },
  async SLOW(caller) {
    const request = encodeEbcdic(`${String(SLOW_MS).padStart(4, '0')} thinking`, CODE_PAGE);
    const reply = await caller.call('SLOW', request);
    return Buffer.compare(request, reply) === 0 ? '' : 'another reply than what was sent';
  },
  async BIG(caller) {
    const reply = await caller.call('BIG', encodeEbcdic(String(BIG_BYTES).padStart(8, '0'), CODE_PAGE));
    return patternOf(BIG_BYTES).equals(reply) ? '' : `${reply.length} bytes, not the ${BIG_BYTES} expected`;
  },
};

/** Call the other services a few times each, all at once; services that the configuration does not have are left out. */
export async function checkServices(caller: Caller, times = 4): Promise<Check[]> {
  const there = new Set(caller.config.services.map(({ name }) => name));
  const wanted = Object.entries(CHECKS).filter(([name]) => there.has(name));
  return Promise.all(wanted.map(([name, check]) => checkOne(name, check, caller, times)));
}

async function checkOne(
  name: string,
  check: (caller: Caller) => Promise<string>,
  caller: Caller,
  times: number,
): Promise<Check> {
  try {
    const faults = await Promise.all(Array.from({ length: times }, () => check(caller)));
    return { name, fault: faults.find((fault) => fault !== '') ?? '' };
  } catch (error) {
    return { name, fault: error instanceof HostLinkError ? describe(error) : String(error) };
  }
}
