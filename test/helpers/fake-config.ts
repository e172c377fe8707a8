import type { GroupConfig, HostLinkConfig, LinkConfig, ServerConfig, ServiceConfig } from '../../src/config/model.js';

export interface FakeConfig {
  readonly server?: Partial<ServerConfig>;
  /** Names of the links, see fake-worker.mjs; a name may be used once. */
  readonly links?: readonly string[];
  /** Sessions per link and group. */
  readonly sessions?: number;
  readonly groups?: number;
  readonly services?: readonly Partial<ServiceConfig>[];
}

function group(index: number): GroupConfig {
  return { index, application: `APPL${index}`, sessionType: '' };
}

function service(over: Partial<ServiceConfig>, index: number): ServiceConfig {
  const text = { codePage: '037', idempotent: false };
  const base = { name: `SVC${index}`, index, group: 0, header: -1, timeoutMs: 10_000, ...text };
  return { ...base, ...over };
}

function link(name: string, index: number, groups: number, sessions: number): LinkConfig {
  const lus = Array.from({ length: groups * sessions }, (_, at) => ({
    name: `LU${index}${at}`,
    localAddress: at + 2,
    type: 'LU0' as const,
    direction: 'INBOUND' as const,
    mode: 'POOL' as const,
    terminal: '',
    group: Math.floor(at / sessions),
    logMode: '',
    initiate: 'acquire' as const,
    response: 'exception' as const,
    afterUse: 'KEEP' as const,
    userData: '',
  }));
  const pu = { name: `PU${index}`, index: 0, idBlk: '017', idNum: '00001', localMac: '400000000001' };
  return {
    name,
    index,
    role: 'origin',
    peer: { address: '127.0.0.1', port: 1 },
    local: { address: '127.0.0.1', port: 2 },
    dlsw: {
      connections: 1,
      enforceCredit: false,
      requireFca: false,
      oneMessagePerWrite: false,
      acceptContactAsXidReply: true,
      keepaliveMs: 0,
      inactivityMs: 0,
      window: 64,
      explorer: false,
    },
    sna: {
      seqCheck: 'strict',
      odaiIgnore: false,
      actpuRspFormat: 0,
      replyBindImage: 'always',
      piuSizeMax: 4105,
      luVectorForm: 'long',
      bindLimits: {},
    },
    timers: {
      connectMs: 1000,
      connectRetryMs: 1000,
      connectRetryMaxMs: 1000,
      capexMs: 1000,
      explorerMs: 1000,
      circuitStartMs: 1000,
      xidMs: 1000,
      contactMs: 1000,
      haltMs: 1000,
      bindMs: 1000,
      initMs: 1000,
      sdtMs: 1000,
      sessionRetryMs: 1000,
      sessionRetryMaxMs: 1000,
      lateReplyMs: 1000,
    },
    pus: [{ ...pu, remoteMac: '400000000002', localSap: 4, remoteSap: 4, lus }],
    bringUpMax: 16,
    backlogMax: 1000,
    recentPius: 64,
  };
}

/** An effective configuration for workers that have no host. */
export function fakeConfig(over: FakeConfig = {}): HostLinkConfig {
  const { links = ['L0', 'L1'], sessions = 4, groups = 1, services = [{}] } = over;
  return {
    file: undefined,
    warnings: [],
    server: {
      name: 'FAKE',
      min: links.length,
      max: links.length,
      asqcount: -1,
      maxqcount: 100,
      maxrstart: 5,
      gperiodMs: 60_000,
      callSizeMax: 65_536,
      replySizeMax: 65_536,
      control: undefined,
      stopMode: 'fast',
      stopGraceMs: 1000,
      idleTimeoutMs: 60_000,
      heldIdleTimeoutMs: 300_000,
      heldReportMs: 600_000,
      instanceMax: 0,
      pingIntervalMs: 5000,
      pingTimeoutMs: 5000,
      ...over.server,
    },
    log: { level: 'silent', levels: {}, payload: false },
    links: links.map((name, index) => link(name, index, groups, sessions)),
    services: services.map(service),
    headers: [],
    groups: Array.from({ length: groups }, (_, index) => group(index)),
  };
}

/** Path of the fake worker module. */
export const FAKE_WORKER = new URL('fake-worker.mjs', import.meta.url).pathname;
