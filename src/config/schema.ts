import { z } from 'zod';
import { LOG_LEVELS, LOG_PARTS } from '../base/log.js';
import {
  addresses,
  codePage,
  duration,
  hex,
  hostAddress,
  label,
  mac,
  namePattern,
  ownName,
  sap,
  size,
  snaName,
  snaNameOrEmpty,
  terminals,
  valueMap,
  whole,
} from './fields.js';

/** The form of a configuration file: every key with its meaning, range and default. The reference is made from it. */

const KB = 1024;
const MB = 1024 * KB;

/** Name of a server that the file gives none. */
export const SERVER_NAME = 'HOSTLINK';

const server = z.strictObject({
  name: ownName.default(SERVER_NAME).describe('Name in the log and in status'),
  tmax: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'Tmax configuration that gives what this file leaves out, from the folder of this file; none when absent',
    ),
  tmaxServer: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe('SERVER entry of the Tmax configuration that is meant; as name when absent'),
  min: whole(1, 64).default(1).describe('MIN: workers kept running; each owns one link'),
  max: whole(1, 64).optional().describe('MAX: most workers, at most the number of links; as min when absent'),
  asqcount: whole(-1, 1_000_000)
    .default(-1)
    .describe(
      'ASQCOUNT: waiting requests that start another worker, up to max; -1 never. A call for an LU of a link without a ' +
        'worker starts that one at once and is not counted',
    ),
  maxqcount: whole(-1, 1_000_000)
    .default(10_000)
    .describe('MAXQCOUNT: most requests that may wait for a session, per application; -1 no limit of its own'),
  maxrstart: whole(-1, 1000)
    .default(5)
    .describe('MAXRSTART: restarts of a worker allowed within gperiod; -1 unlimited'),
  gperiod: duration('1s', '7d').prefault('60s').describe('GPERIOD: the period that maxrstart counts in'),
  callSizeMax: size(1, 64 * MB)
    .prefault('1MB')
    .describe('Longest request payload'),
  replySizeMax: size(1, 64 * MB)
    .prefault('4MB')
    .describe('Longest reply, over all its chains'),
  control: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('Unix socket for status, call and trace, from the working directory; off when absent'),
  stopMode: z
    .enum(['drain', 'fast', 'now'])
    .default('fast')
    .describe('How stop() stops where the program does not say: drain finishes all, fast what is at the host'),
  stopGrace: duration(0, '1h')
    .prefault('10s')
    .describe('How long stop lets requests finish; a drain that takes longer goes on as fast, a fast stop as now'),
  idleTimeout: duration('100ms', '7d')
    .prefault('60s')
    .describe('A worker above min without a call for this long ends its sessions and stops'),
  heldIdleTimeout: duration('10ms', '7d')
    .prefault('5m')
    .describe('A session that a program holds (open) is closed when nothing ran on it for this long'),
  heldReport: duration('10ms', '7d')
    .prefault('10m')
    .describe('A session held for longer is reported (session.leak) with the place in the program that opened it'),
  instanceMax: whole(0, 1_000_000)
    .default(0)
    .describe(
      'Most calls and held sessions of one LU or terminal at once, waiting ones included; 0 no limit of its own',
    ),
  pingInterval: duration('100ms', '1h').prefault('5s').describe('A worker is asked for a sign of life this often'),
  pingTimeout: duration('100ms', '1h').prefault('15s').describe('A worker silent for this long is ended'),
});

const level = z.enum(LOG_LEVELS);

const log = z.strictObject({
  level: level.default('info').describe('What is logged: this level and above'),
  levels: z
    .strictObject(
      Object.fromEntries(
        LOG_PARTS.map((part) => [part, level.optional().describe(`Level of the part ${part}; as level when absent`)]),
      ) as Record<(typeof LOG_PARTS)[number], z.ZodOptional<typeof level>>,
    )
    .prefault({})
    .describe('Levels of single parts'),
  payload: z.boolean().default(false).describe('Put payload bytes into the log'),
  file: z.string().min(1).max(4096).optional().describe('File to write to; standard output when absent'),
});

const peer = z.strictObject({
  address: hostAddress.optional().describe('Where the DLSw peer is; must be given here or in linkDefaults'),
  port: whole(1, 65535).default(2065).describe('TCP port of the peer'),
});

const backup = z.strictObject({
  address: hostAddress.describe('Where a second DLSw peer to the same host is'),
  port: whole(1, 65535).default(2065).describe('TCP port of that peer'),
});

const local = z.strictObject({
  address: hostAddress.default('0.0.0.0').describe('Address we listen on (two connections, or role target)'),
  port: whole(0, 65535).default(2065).describe('TCP port we listen on; 0 takes any free one'),
});

const dlsw = z.strictObject({
  connections: z
    .literal([1, 2])
    .default(2)
    .describe('2: each side opens one and writes on its own (RFC 1795); 1: one connection both ways'),
  enforceCredit: z.boolean().default(false).describe('Take more frames than we granted as a protocol error'),
  requireFca: z.boolean().default(false).describe('Grant again only after the last grant was acknowledged'),
  oneMessagePerWrite: z.boolean().default(false).describe('One message per socket write, for peers that need it'),
  acceptContactAsXidReply: z
    .boolean()
    .default(true)
    .describe('Take CONTACT as the answer to our XID, and as the answer to CONTACT'),
  keepalive: duration(0, '1h').prefault('30s').describe('Send KEEPALIVE when idle for this long; 0 never'),
  window: whole(1, 65535)
    .default(1024)
    .describe('Flow-control window we offer, frames per circuit; a small one makes many small batches of replies'),
  inactivity: duration(0, '1d')
    .prefault(0)
    .describe(
      'A link on which nothing came for this long is given up; for peers that send KEEPALIVE themselves; 0 never',
    ),
  explorer: z.boolean().default(true).describe('Look for the host with an explorer before the circuit is started'),
});

const bindLimits = z.strictObject({
  sendWindowMax: whole(1, 63).optional().describe('Most requests we send per pacing window'),
  receiveWindowMax: whole(1, 63).optional().describe('Most requests the host sends per pacing window'),
  sendRuSizeMax: size(8, 491_520).optional().describe('Longest RU we send; rounded down to what a BIND can say'),
  receiveRuSizeMax: size(8, 491_520).optional().describe('Longest RU the host sends; rounded down likewise'),
});

const sna = z.strictObject({
  seqCheck: z
    .enum(['strict', 'lenient'])
    .default('strict')
    .describe('strict: a wrong sequence number is answered with sense 2001; lenient: taken as it comes'),
  odaiIgnore: z.boolean().default(true).describe('Tell sessions apart by DAF and OAF only, not by ODAI'),
  actpuRspFormat: z.literal([0, 1]).default(0).describe('Format of our positive response to ACTPU'),
  replyBindImage: z
    .enum(['always', 'negotiable'])
    .default('negotiable')
    .describe('Answer a BIND with the whole image always, or only when it is negotiable'),
  piuSizeMax: whole(64, 65535).default(521).describe('Longest PIU we send, bytes: MAXDATA of the PU at the host'),
  luVectorForm: z
    .enum(['long', 'short'])
    .default('long')
    .describe('Control vector 0C of the LU with the 8-byte name (long) or without (short)'),
  bindLimits: bindLimits
    .prefault({})
    .describe('What we lower in our answer to a negotiable BIND; an absent key leaves the value of the host'),
});

const timers = z.strictObject({
  connect: duration('10ms', '10m').prefault('15s').describe('TCP connection to the peer'),
  connectRetry: duration('10ms', '10m').prefault('1s').describe('First wait before a link is tried again; it doubles'),
  connectRetryMax: duration('10ms', '1h').prefault('120s').describe('Longest wait before a link is tried again'),
  capex: duration('10ms', '10m').prefault('30s').describe('Capabilities exchange'),
  explorer: duration('10ms', '10m').prefault('5s').describe('Answer to an explorer, each of three tries'),
  circuitStart: duration('10ms', '10m').prefault('10s').describe('Answer to the start of a circuit'),
  xid: duration('10ms', '10m').prefault('5s').describe('Answer to an XID, each of three tries'),
  contact: duration('10ms', '1h').prefault('60s').describe('CONTACT after our XID; the host may wait for an operator'),
  halt: duration('10ms', '10m').prefault('5s').describe('Answer to HALT_DL'),
  bind: duration('10ms', '1h').prefault('60s').describe('From the accepted INIT-SELF to BIND'),
  init: duration('10ms', '1h').prefault('30s').describe('From INIT-SELF to its response'),
  sdt: duration('10ms', '1h').prefault('30s').describe('From our answer to BIND to SDT'),
  sessionRetry: duration('10ms', '10m')
    .prefault('1s')
    .describe('First wait before a session is tried again; it doubles'),
  sessionRetryMax: duration('10ms', '1h').prefault('60s').describe('Longest wait before a session is tried again'),
  lateReply: duration('10ms', '1h')
    .prefault('60s')
    .describe('How long a session waits for the reply of an abandoned request before it is reset'),
});

const luRange = z.strictObject({
  addresses: addresses.describe('Local addresses (LOCADDR) of these LUs'),
  name: namePattern.describe('Name of each LU, made from the pattern; index counts within the range, from 1'),
  type: z.enum(['LU0', 'LU1', 'LU2', 'LU3']).default('LU0').describe('LU type'),
  direction: z
    .enum(['INBOUND', 'OUTBOUND'])
    .default('INBOUND')
    .describe('INBOUND: calls towards the host; OUTBOUND: requests from the host'),
  mode: z
    .enum(['POOL', 'DEDICATE'])
    .default('POOL')
    .describe('POOL: any call of the application may use them; DEDICATE: each is kept for one terminal'),
  terminals: terminals
    .optional()
    .describe(
      'DEDICATE: the terminal of each LU, in the order of the addresses; calls name it, and always meet this LU',
    ),
  application: snaName.describe('Host application (PLU name) the sessions are for'),
  sessionType: label.default('').describe('Kind of session within the application, when there is more than one'),
  logMode: snaNameOrEmpty.default('').describe("Mode name asked for; '' takes the default of the host"),
  initiate: z
    .enum(['acquire', 'logon', 'wait'])
    .default('acquire')
    .describe('acquire: we send INIT-SELF; logon: we send LOGON text; wait: the host binds'),
  response: z
    .enum(['definite', 'exception'])
    .default('exception')
    .describe('Response our requests ask for where the BIND leaves both open; the reply is an answer in any case'),
  afterUse: z
    .enum(['KEEP', 'END'])
    .default('KEEP')
    .describe(
      'After a call that named the LU, or a program that held it: KEEP the session, or END it and make a new one',
    ),
  userData: z.string().max(255).default('').describe('User data of INIT-SELF'),
});

const pu = z.strictObject({
  name: snaName.describe('Name of the PU, used once'),
  idBlk: hex(3).describe('IDBLK of the XID; text, so put it in quotes'),
  idNum: hex(5).describe('IDNUM of the XID; text, so put it in quotes'),
  localMac: mac.describe('MAC address we stand for, non-canonical'),
  remoteMac: mac.describe('MAC address of the host, non-canonical'),
  localSap: sap.default(4).describe('Our service access point'),
  remoteSap: sap.default(4).describe('Service access point of the host'),
  lus: z.array(luRange).min(1).max(255).describe('LUs of this PU; a link carries at most 256 over all its PUs'),
});

const linkSettings = {
  role: z
    .enum(['origin', 'target'])
    .default('origin')
    .describe('origin: we connect and look for the host; target: the peer connects and starts the circuits'),
  peer: peer.prefault({}).describe('The DLSw peer: a router, an emulator or the embedded host'),
  backup: backup
    .optional()
    .describe('Tried at once when the peer cannot be had, and then in turn with it; none when absent'),
  local: local.prefault({}).describe('Where we listen for the peer'),
  dlsw: dlsw.prefault({}).describe('Options of the carrier'),
  sna: sna.prefault({}).describe('Options of the SNA node'),
  timers: timers.prefault({}).describe('How long each step may take'),
  bringUpMax: whole(1, 256).default(64).describe('Session bring-ups in progress at once'),
  backlogMax: whole(1, 1_000_000).default(32_768).describe('PIUs held while the host grants no flow-control units'),
  recentPius: whole(0, 4096)
    .default(64)
    .describe('Recent PIUs kept of the link, for the dump beside a protocol error; 0 none'),
};

const link = z.strictObject({
  name: ownName.describe('Name of the link'),
  ...linkSettings,
  pus: z.array(pu).min(1).max(256).describe('PUs of this link, one circuit each'),
});

const service = z.strictObject({
  name: ownName.describe('Name that callers use'),
  application: snaName.describe('Host application: some LU must name it'),
  sessionType: label.default('').describe('Kind of session within the application'),
  timeout: duration('1ms', '1d').prefault('30s').describe('SVCTIME: deadline of a call that names none'),
  header: ownName.optional().describe('User header that its requests begin with; none when absent'),
  codePage: codePage.default('037').describe('Code page of text payloads; text, so put it in quotes'),
  idempotent: z.boolean().default(false).describe('May be sent again when its outcome is unknown'),
});

const fieldOfHeader = z.strictObject({ field: ownName.describe('Name of the field') });

const header = z.strictObject({
  name: ownName.describe('Name that services use'),
  length: whole(1, 4096).describe('Bytes in all'),
  codePage: codePage.default('037').describe('Code page of its EBCDIC fields; text, so put it in quotes'),
  fields: z
    .array(
      z.strictObject({
        name: ownName.describe('Name of the field'),
        offset: whole(0, 4095).describe('Where it begins, bytes from the begin of the request'),
        length: whole(1, 256).describe('Bytes; at most 6 of binary, 16 of packed'),
        kind: z
          .enum(['ebcdic', 'ascii', 'binary', 'packed'])
          .describe('Text, without the blanks around it; or a number: big-endian, or packed decimal (COMP-3)'),
      }),
    )
    .min(1)
    .max(64)
    .describe('Its fields; they need not fill it, and may overlap'),
  sessionType: z
    .strictObject({
      ...fieldOfHeader.shape,
      map: valueMap.optional().describe('Session type of each value; when absent the value itself is the session type'),
    })
    .optional()
    .describe('The field that gives the session type'),
  terminal: fieldOfHeader.optional().describe('The field that gives the terminal number'),
  service: fieldOfHeader
    .optional()
    .describe('The field that gives the service; the service of the call then only names the header'),
  strip: z.boolean().default(false).describe('The host gets the request without the header'),
});

/** A whole configuration file. */
export const hostLinkSchema = z.strictObject({
  server: server.prefault({}).describe('The server and its workers'),
  log: log.prefault({}).describe('What is logged, and where it goes'),
  linkDefaults: z
    .strictObject(linkSettings)
    .prefault({})
    .describe('What all links share; a link may override any of it'),
  links: z.array(link).min(1).max(64).describe('Host links, one worker each'),
  headers: z.array(header).max(256).default([]).describe('User headers: what requests of a service begin with'),
  services: z.array(service).max(10_000).default([]).describe('What callers may call'),
});

/** What a program may pass instead of a file. */
export type HostLinkInput = z.input<typeof hostLinkSchema>;
/** A checked file, defaults filled in, before it becomes the effective configuration. */
export type HostLinkFile = z.output<typeof hostLinkSchema>;
export type LinkFile = HostLinkFile['links'][number];
export type PuFile = LinkFile['pus'][number];
export type HeaderFile = HostLinkFile['headers'][number];
export type LuRangeFile = PuFile['lus'][number];

/** Keys of the server that Tmax writes in capitals; they are accepted in any case. */
export const TMAX_SERVER_KEYS = ['min', 'max', 'asqcount', 'maxqcount', 'maxrstart', 'gperiod'] as const;

/** Keys that linkDefaults gives to each link. */
export const LINK_SETTING_KEYS = Object.keys(linkSettings) as (keyof typeof linkSettings)[];
