import type { DlswOptions, LinkConfig, LinkTimers, LuConfig, PuConfig, SnaOptions } from '../../src/config/model.js';

export const DLSW: DlswOptions = {
  connections: 1,
  enforceCredit: false,
  requireFca: false,
  oneMessagePerWrite: false,
  acceptContactAsXidReply: true,
  keepaliveMs: 0,
  inactivityMs: 0,
  window: 20,
  explorer: true,
};

export const SNA: SnaOptions = {
  seqCheck: 'strict',
  odaiIgnore: true,
  actpuRspFormat: 0,
  replyBindImage: 'negotiable',
  piuSizeMax: 521,
  luVectorForm: 'long',
  bindLimits: {},
};

export const TIMERS: LinkTimers = {
  connectMs: 5000,
  connectRetryMs: 100,
  connectRetryMaxMs: 1000,
  capexMs: 5000,
  explorerMs: 1000,
  circuitStartMs: 2000,
  xidMs: 1000,
  contactMs: 5000,
  haltMs: 1000,
  bindMs: 5000,
  initMs: 5000,
  sdtMs: 5000,
  sessionRetryMs: 100,
  sessionRetryMaxMs: 1000,
  lateReplyMs: 2000,
};

/** One LU with sensible values; name what matters to the test. */
export function luConfig(localAddress: number, more: Partial<LuConfig> = {}): LuConfig {
  return {
    name: `LU${String(localAddress).padStart(3, '0')}`,
    localAddress,
    type: 'LU0',
    direction: 'INBOUND',
    mode: 'POOL',
    terminal: '',
    group: 0,
    logMode: 'LU0FAST',
    initiate: 'acquire',
    response: 'exception',
    afterUse: 'KEEP',
    userData: '',
    ...more,
  };
}

/** One PU with `count` LUs from local address 2. */
export function puConfig(count: number, more: Partial<PuConfig> = {}): PuConfig {
  return {
    name: 'PU1',
    index: 0,
    idBlk: '017',
    idNum: '00011',
    localMac: '400000000011',
    remoteMac: '400037450001',
    localSap: 4,
    remoteSap: 4,
    lus: Array.from({ length: count }, (_, index) => luConfig(index + 2)),
    ...more,
  };
}

/** One link with one PU of two LUs. */
export function linkConfig(more: Partial<LinkConfig> = {}): LinkConfig {
  return {
    name: 'LINK1',
    index: 0,
    role: 'origin',
    peer: { address: '127.0.0.1', port: 2065 },
    local: { address: '0.0.0.0', port: 2065 },
    dlsw: DLSW,
    sna: SNA,
    timers: TIMERS,
    pus: [puConfig(2)],
    bringUpMax: 64,
    backlogMax: 4096,
    recentPius: 64,
    ...more,
  };
}
