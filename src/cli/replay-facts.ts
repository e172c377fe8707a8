import type { LuType, SnaOptions } from '../config/model.js';
import { BIND_NON_NEGOTIABLE } from '../sna/bind.js';
import { nsHeaderOf } from '../sna/codes.js';
import { decodeEbcdic } from '../sna/ebcdic.js';
import { SC } from '../sna/masks.js';
import { decodePiu, type Piu } from '../sna/piu.js';
import { decodeNsRequest } from '../sna/ru-ns.js';
import type { InitSelf0 } from '../sna/ru-self.js';
import type { RecordedPiu, Recording } from '../trace/recording.js';

/** What a recording shows of one LU: how ours must be set up to play its part. */
export interface LuFacts {
  readonly localAddress: number;
  type: LuType;
  /** What it asked for with INIT-SELF; '' where it never did. */
  application: string;
  logMode: string;
  userData: string;
}

/** What a recording shows of the terminal's side. */
export interface ReplayFacts {
  readonly lus: readonly LuFacts[];
  /** Options of ours that a configuration would set for such a host. */
  readonly sna: Pick<SnaOptions, 'actpuRspFormat' | 'luVectorForm' | 'replyBindImage' | 'piuSizeMax'>;
  /** Activations that the recording lacks because it begins later, as PIUs of the host; they are played before it. */
  readonly missing: readonly Buffer[];
}

const PIU_SIZE_LARGEST = 65_535;
const LU_TYPES: Readonly<Record<number, LuType>> = { 0: 'LU0', 1: 'LU1', 2: 'LU2', 3: 'LU3' };
const LU_TYPE_AT = 14;
const CV_LU_LU_AT = 8;
const CV_SHORT = 6;

const PU_ADDRESS = 0;
/** The activations of an SSCP at address 0: cold, FM profile 0, TS profile 1. ACTLU lacks the address. */
const ACTPU = Buffer.from('2d00000000016b8000110101050000000001', 'hex');
const ACTLU = Buffer.from('2d00000000016b80000d0101', 'hex');

/** Everything that is learnt while a recording is read. */
interface Learning {
  readonly lus: Map<number, LuFacts>;
  readonly nonNegotiable: Set<number>;
  actpuRspFormat: 0 | 1;
  luVectorForm: 'long' | 'short';
  replyBindImage: 'always' | 'negotiable';
  piuSizeMax: number;
}

/** Learn from a recording how our PU must be set up to be compared with the recorded one. */
export function learnFacts(recording: Recording): ReplayFacts {
  const learning: Learning = {
    lus: new Map(),
    nonNegotiable: new Set(),
    actpuRspFormat: 0,
    luVectorForm: 'long',
    replyBindImage: 'negotiable',
    piuSizeMax: PIU_SIZE_LARGEST,
  };
  for (const recorded of recording.pius) learn(learning, recorded);
  const { actpuRspFormat, luVectorForm, replyBindImage, piuSizeMax } = learning;
  return {
    lus: [...learning.lus.values()].sort((left, right) => left.localAddress - right.localAddress),
    sna: { actpuRspFormat, luVectorForm, replyBindImage, piuSizeMax },
    missing: missingActivations(recording),
  };
}

/** A PIU, or undefined where the bytes are none. */
export function tryDecode(bytes: Uint8Array): Piu | undefined {
  try {
    return decodePiu(bytes);
  } catch {
    return undefined;
  }
}

/** ACTPU, and ACTLU for each LU, where the first the host sends on that session is something else. */
function missingActivations({ pius }: Recording): Buffer[] {
  const seen = new Set<number>();
  const missing: Buffer[] = [];
  let hasPu = false;
  for (const { from, piu: bytes } of pius) {
    const piu = from === 'host' ? tryDecode(bytes) : undefined;
    if (piu === undefined) continue;
    const { daf } = piu.th;
    if (!hasPu && daf !== PU_ADDRESS) missing.push(ACTPU);
    hasPu = true;
    if (seen.has(daf)) continue;
    seen.add(daf);
    const isThere =
      piu.rh?.ruCategory === 'SC' && !piu.rh.rri && piu.ru[0] === (daf === PU_ADDRESS ? SC.ACTPU : SC.ACTLU);
    if (!isThere) missing.push(daf === PU_ADDRESS ? ACTPU : actlu(daf));
  }
  return missing;
}

function actlu(localAddress: number): Buffer {
  const piu = Buffer.from(ACTLU);
  piu[2] = localAddress;
  return piu;
}

function learn(learning: Learning, { from, piu: bytes }: RecordedPiu): void {
  const piu = tryDecode(bytes);
  if (piu?.rh === undefined || piu.rh === null) return;
  const address = from === 'host' ? piu.th.daf : piu.th.oaf;
  if (address !== 0) luOf(learning, address);
  if (from === 'host') learnFromHost(learning, address, piu);
  else if (piu.rh.rri) learnFromResponse(learning, address, piu);
  else learnFromRequest(learning, address, piu, bytes);
}

function luOf({ lus }: Learning, localAddress: number): LuFacts {
  const known = lus.get(localAddress);
  if (known !== undefined) return known;
  const facts: LuFacts = { localAddress, type: 'LU0', application: '', logMode: '', userData: '' };
  lus.set(localAddress, facts);
  return facts;
}

function learnFromHost(learning: Learning, address: number, { rh, ru }: Piu): void {
  if (rh?.rri || rh?.ruCategory !== 'SC' || ru[0] !== SC.BIND) return;
  luOf(learning, address).type = LU_TYPES[ru[LU_TYPE_AT] ?? 0] ?? 'LU0';
  if (((ru[1] ?? 0) & 0x0f) === BIND_NON_NEGOTIABLE) learning.nonNegotiable.add(address);
  else learning.nonNegotiable.delete(address);
}

function learnFromResponse(learning: Learning, address: number, { rh, ru }: Piu): void {
  if (rh?.ruCategory !== 'SC' || rh.rti) return;
  if (ru[0] === SC.ACTPU) learning.actpuRspFormat = (ru[1] ?? 0) >> 4 === 0 ? 0 : 1;
  if (ru[0] === SC.ACTLU && ru[CV_LU_LU_AT] === 0x0c && ru[CV_LU_LU_AT + 1] === CV_SHORT)
    learning.luVectorForm = 'short';
  if (ru[0] === SC.BIND && ru.length > 1 && learning.nonNegotiable.has(address)) learning.replyBindImage = 'always';
}

function learnFromRequest(learning: Learning, address: number, piu: Piu, bytes: Uint8Array): void {
  if (piu.th.mpf === 'first') learning.piuSizeMax = Math.min(learning.piuSizeMax, bytes.length);
  if (piu.rh?.ruCategory !== 'FMD' || !piu.rh.fi) return;
  const lu = luOf(learning, address);
  const request = lu.application === '' ? initSelfOf(piu.ru) : undefined;
  if (request === undefined) return;
  lu.application = (request.plu ?? '').trimEnd();
  lu.logMode = (request.mode ?? '').trimEnd();
  lu.userData = decodeEbcdic(request.userData ?? new Uint8Array(0), '037');
}

/** The INIT-SELF in format 0 that the RU holds; undefined for anything else, also for one that does not follow its layout. */
function initSelfOf(ru: Uint8Array): InitSelf0 | undefined {
  if (nsHeaderOf(ru) !== 'INIT_SELF') return undefined;
  try {
    return decodeNsRequest('INIT_SELF', ru) as InitSelf0;
  } catch {
    return undefined;
  }
}
