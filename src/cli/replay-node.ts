import { createSimulatedClock } from '../base/clock.js';
import { toHostLinkError } from '../base/errors.js';
import { createSilentLog } from '../base/log.js';
import { createSeededPrng } from '../base/prng.js';
import { type PortLike, WorkerChannel } from '../channel/channel.js';
import type { GroupConfig, LinkConfig, LuConfig } from '../config/model.js';
import { type HalfSession, SEND } from '../fsm/half-session.js';
import { createCounters } from '../link/counters.js';
import type { LinkStation } from '../link/piu-sender.js';
import { Pu } from '../link/pu.js';
import { Reports } from '../link/reports.js';
import type { LuSession } from '../link/session.js';
import { Sessions } from '../link/sessions.js';
import { nsHeaderOf } from '../sna/codes.js';
import { DFC, SC } from '../sna/masks.js';
import { decodePiu, type Piu } from '../sna/piu.js';
import { commandName } from '../sna/piu-words.js';
import type { RecordedPiu } from '../trace/recording.js';
import type { ReplayedNode } from './replay-compare.js';
import { type LuFacts, type ReplayFacts, tryDecode } from './replay-facts.js';

const REPLY_SIZE_MAX = 16 * 1024 * 1024;
const NEVER_MS = 2 ** 31;
const CAPABLE_AT = 5;
const CAPABLE = 0x03;

/** Keeps what the PU sends. */
class Capture implements LinkStation {
  readonly at = 0;
  private sent: Buffer[] = [];

  reservePiu(length: number): Buffer {
    const piu = Buffer.alloc(length);
    this.sent.push(piu);
    return piu;
  }

  take(): Buffer[] {
    const taken = this.sent;
    this.sent = [];
    return taken;
  }
}

const NOBODY: PortLike = { postMessage() {}, on() {}, close() {} };

/**
 * Our PU 2.0 without a link, on a clock that stands still. Its LUs ask for nothing by themselves: what the recorded
 * terminal asked for, `act` makes them ask.
 */
export class ReplayNode implements ReplayedNode {
  private readonly pu: Pu;
  private readonly station = new Capture();
  private readonly byAddress = new Map<number, LuSession>();

  constructor(facts: ReplayFacts) {
    const { link, groups } = configOf(facts);
    const clock = createSimulatedClock();
    const channel = new WorkerChannel(NOBODY, clock);
    const log = createSilentLog();
    const counters = createCounters();
    const prng = createSeededPrng(1);
    const logger = log.part('link');
    const sessions = new Sessions({ link, groups, channel, clock, prng, logger, counters, changed() {}, silent() {} });
    const { sna } = link;
    const owner = { puChanged() {}, sendFailed() {} };
    const reports = new Reports({ link, channel, clock, log, counters });
    const context = { channel, clock, log, sna, replySizeMax: REPLY_SIZE_MAX, counters, reports, owner, sessions };
    this.pu = new Pu(link.pus[0]!, context);
    for (const session of this.pu.sessions()) {
      sessions.table.add(session);
      this.byAddress.set(session.config.localAddress, session);
    }
    this.pu.circuitUp(this.station);
  }

  receive(piu: Buffer): void {
    this.pu.received(piu, 0, piu.length);
  }

  takeSent(): Buffer[] {
    return this.station.take();
  }

  act(pius: readonly RecordedPiu[], index: number): string {
    try {
      return this.actOn(pius, index);
    } catch (error) {
      return toHostLinkError(error).message;
    }
  }

  private actOn(pius: readonly RecordedPiu[], index: number): string {
    const piu = decodePiu(pius[index]!.piu);
    const session = this.byAddress.get(piu.th.oaf);
    if (session === undefined) return 'our PU sends no requests of its own';
    if (piu.th.daf === session.sscp.partner) return actOnSscp(session, piu);
    switch (piu.rh?.ruCategory) {
      case 'FMD':
        return sendChain(session, pius, index);
      case 'DFC':
        return sendDfc(session, piu);
      case 'SC':
        return sendSc(session, piu);
      default:
        return 'our LUs send no such request';
    }
  }
}

/** SSCP-LU: what a terminal or its user asks of the SSCP. */
function actOnSscp(session: LuSession, { rh, ru }: Piu): string {
  const { sscp } = session;
  if (rh?.ruCategory !== 'FMD') return 'our LUs send the SSCP no such request';
  if (!rh.fi) {
    sscp.sendText(ru);
    return '';
  }
  switch (nsHeaderOf(ru)) {
    case 'NOTIFY':
      sscp.notify(ru[CAPABLE_AT] === CAPABLE);
      return '';
    case 'INIT_SELF':
      session.initiate();
      return '';
    case 'TERM_SELF':
      sscp.terminate();
      return '';
    default:
      return `our LUs send the SSCP no ${nsHeaderOf(ru) ?? 'such request'}`;
  }
}

/** LU-LU data: the whole recorded chain as one payload. */
function sendChain(session: LuSession, pius: readonly RecordedPiu[], index: number): string {
  const { payload, flags } = chainFrom(pius, index);
  return refusal(session.half, session.half.sendChain(payload, 0, payload.length, flags));
}

/** The RUs of the chain that begins at `index`, over its segments and elements, and what its RHs ask for. */
function chainFrom(pius: readonly RecordedPiu[], index: number): { payload: Buffer; flags: number } {
  const { th } = decodePiu(pius[index]!.piu);
  const parts: Uint8Array[] = [];
  let flags = 0;
  let isLastElement = false;
  for (const { from, piu: bytes } of pius.slice(index)) {
    const piu = from === 'terminal' ? tryDecode(bytes) : undefined;
    if (piu === undefined || piu.th.oaf !== th.oaf || piu.th.daf !== th.daf || piu.th.efi) continue;
    if (piu.rh !== null && (piu.rh.rri || piu.rh.ruCategory !== 'FMD')) continue;
    parts.push(piu.ru);
    if (piu.rh !== null) {
      flags |= flagsOf(piu);
      isLastElement = piu.rh.eci;
    }
    if (isLastElement && (piu.th.mpf === 'whole' || piu.th.mpf === 'last')) break;
  }
  return { payload: Buffer.concat(parts), flags };
}

function flagsOf({ rh }: Piu): number {
  if (rh === null) return 0;
  const isDefinite = rh.eci && (rh.dr1 || rh.dr2) && !rh.eri;
  return (
    (rh.cdi ? SEND.CD : 0) |
    (isDefinite ? SEND.DEFINITE : 0) |
    (rh.bci && rh.fi ? SEND.FMH : 0) |
    (rh.ebi ? SEND.END_BRACKET : 0)
  );
}

function sendDfc({ half }: LuSession, { rh, ru }: Piu): string {
  switch (ru[0]) {
    case DFC.SIGNAL: {
      const code = numberAt(ru, 1);
      return refusal(half, half.sendSignal(code >>> 16, code & 0xffff));
    }
    case DFC.LUSTAT:
      return refusal(half, half.sendLustat(numberAt(ru, 1)));
    case DFC.RSHUTD:
      return refusal(half, half.sendRshutd());
    default:
      return `our LUs send no ${commandName(rh!, ru)} of their own`;
  }
}

function sendSc({ half }: LuSession, { rh, ru }: Piu): string {
  if (ru[0] !== SC.UNBIND) return `our LUs send no ${commandName(rh!, ru)} of their own`;
  return refusal(half, half.sendUnbind(ru[1] ?? 1, numberAt(ru, 2)));
}

function refusal({ state }: HalfSession, isSent: boolean): string {
  return isSent ? '' : `the session cannot send that now (${state})`;
}

/** Four bytes; 0 where they are not there. */
function numberAt(ru: Uint8Array, at: number): number {
  return ru.length >= at + 4 ? new DataView(ru.buffer, ru.byteOffset).getUint32(at) : 0;
}

/** A link of one PU with the LUs of the recording; its limits are out of the way. */
function configOf({ lus, sna }: ReplayFacts): { link: LinkConfig; groups: GroupConfig[] } {
  const groups: GroupConfig[] = [];
  for (const { application } of lus) {
    if (groups.some((group) => group.application === application)) continue;
    groups.push({ index: groups.length, application, sessionType: '' });
  }
  const pu = {
    name: 'REPLAY',
    index: 0,
    idBlk: '000',
    idNum: '00000',
    localMac: '400000000001',
    remoteMac: '400000000002',
    localSap: 4,
    remoteSap: 4,
    lus: lus.map((lu) => luConfig(lu, groups)),
  };
  const link: LinkConfig = {
    name: 'REPLAY',
    index: 0,
    role: 'origin',
    peer: { address: '', port: 0 },
    local: { address: '', port: 0 },
    dlsw: {
      connections: 1,
      enforceCredit: false,
      requireFca: false,
      oneMessagePerWrite: false,
      acceptContactAsXidReply: true,
      keepaliveMs: 0,
      inactivityMs: 0,
      window: 1,
      explorer: false,
    },
    sna: { seqCheck: 'strict', odaiIgnore: true, bindLimits: {}, ...sna },
    timers: TIMERS,
    pus: [pu],
    bringUpMax: Math.max(1, lus.length),
    backlogMax: NEVER_MS,
    recentPius: 0,
  };
  return { link, groups };
}

const TIMERS = {
  connectMs: NEVER_MS,
  connectRetryMs: NEVER_MS,
  connectRetryMaxMs: NEVER_MS,
  capexMs: NEVER_MS,
  explorerMs: NEVER_MS,
  circuitStartMs: NEVER_MS,
  xidMs: NEVER_MS,
  contactMs: NEVER_MS,
  haltMs: NEVER_MS,
  bindMs: NEVER_MS,
  initMs: NEVER_MS,
  sdtMs: NEVER_MS,
  sessionRetryMs: NEVER_MS,
  sessionRetryMaxMs: NEVER_MS,
  lateReplyMs: NEVER_MS,
};

function luConfig(
  { localAddress, type, application, logMode, userData }: LuFacts,
  groups: readonly GroupConfig[],
): LuConfig {
  return {
    name: `LU${localAddress}`,
    localAddress,
    type,
    direction: 'INBOUND',
    mode: 'POOL',
    terminal: '',
    group: groups.findIndex((group) => group.application === application),
    logMode,
    initiate: 'wait',
    response: 'exception',
    afterUse: 'KEEP',
    userData,
  };
}
