import type { HostLink } from '../gateway/host-link.js';
import { decodeEbcdic, encodeEbcdic } from '../sna/ebcdic.js';
import { describe } from './demo-load.js';

/** One call of a service beside the many: what is checked, and what was wrong with it; '' is right. */
export interface Check {
  readonly name: string;
  readonly fault: string;
}

const CODE_PAGE = '037';
const BIG_BYTES = 100_000;
const SLOW_MS = 50;

type Caller = Pick<HostLink, 'call' | 'callText'>;
