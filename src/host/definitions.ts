import { z } from 'zod';
import { HostLinkError } from '../base/errors.js';
import { logMode, snaName } from './log-modes.js';
import { SCRIPT_STEP } from './script-steps.js';

const port = z.number().int().min(0).max(65535);
const ms = z.number().int().min(0);
const mac = z
  .string()
  .regex(/^[0-9a-fA-F]{4}\.?[0-9a-fA-F]{4}\.?[0-9a-fA-F]{4}$/, '12 hex digits, such as 4000.3745.0001')
  .transform((text) => text.replaceAll('.', '').toLowerCase());

/** 'A-B' or one number, 1..255. */
const addressRange = z
  .union([z.number().int(), z.string()])
  .transform((value) => String(value))
  .refine((text) => rangeOf(text) !== undefined, 'an LU local address 1..255, or a range such as 2-129')
  .transform((text) => rangeOf(text) as readonly [number, number]);

function rangeOf(text: string): readonly [number, number] | undefined {
  const found = /^(\d{1,3})(?:\s*-\s*(\d{1,3}))?$/.exec(text.trim());
  if (!found) return undefined;
  const first = Number(found[1]);
  const last = Number(found[2] ?? found[1]);
  return first >= 1 && first <= last && last <= 255 ? [first, last] : undefined;
}

/** Which logons may wait instead of failing: for a free LU or application, for an enabled one, or both. */
const QUEUE_RULES = ['none', 'sessionLimit', 'notEnabled', 'all'] as const;
export type QueueRule = (typeof QUEUE_RULES)[number];

const luRange = z.strictObject({
  addresses: addressRange,
  /** `{address}` or `{address:03}` (zero-padded) stands for the local address. */
  name: z.string().min(1).max(30),
  /** Log mode of logons that name none. */
  logMode: snaName.optional(),
  sessionLimit: z.number().int().min(1).max(1).default(1),
  /** Where logons of these LUs wait that do not say it themselves. */
  queueAt: z.enum(['tail', 'head']).default('tail'),
  /** LOGAPPL: the application that acquires the LU as soon as it is enabled. */
  autologon: snaName.optional(),
});

const pu = z.strictObject({
  name: snaName,
  idBlk: z.string().regex(/^[0-9a-fA-F]{3}$/, '3 hex digits'),
  idNum: z.string().regex(/^[0-9a-fA-F]{5}$/, '5 hex digits'),
  /** MAXDATA: longest PIU either way, bytes. */
  piuSizeMax: z.number().int().min(265).max(65535).default(4105),
  lus: z.array(luRange).min(1),
});

export const PROGRAMS = ['ECHO', 'UPPER', 'SUM', 'SLOW', 'BIG', 'SINK', 'SCRIPT'] as const;

const application = z.strictObject({
  name: snaName,
  program: z.enum(PROGRAMS),
  /** Is its ACB open at the start? */
  open: z.boolean().default(true),
  /** yes takes logons; refuse rejects them (080A), unavailable too (0801), queue lets them wait. */
  accepts: z.enum(['yes', 'refuse', 'unavailable', 'queue']).default('yes'),
  /** SETLOGON HOLD: logons wait for START, or fail with 080A or 0801 until then. */
  onHold: z.enum(['queue', 'refuse', 'unavailable']).default('queue'),
  /** BIND at once when a session may be, or when it is told to (OPNDST): until then the session is pending active. */
  binds: z.enum(['atOnce', 'whenTold']).default('atOnce'),
  /** Most sessions; 0 no limit. */
  sessionMax: z.number().int().min(0).default(0),
  /** Think time of SLOW when the request names none. */
  thinkMs: ms.default(100),
  /** Response its replies ask for, where the BIND leaves it open. */
  reply: z.enum(['exception', 'definite']).default('exception'),
  steps: z.array(SCRIPT_STEP).default([]),
});

const peer = z.strictObject({
  address: z.string().min(1),
  port,
  /** 2: answered on a connection of our own to this port. */
  connections: z.literal([1, 2]).default(1),
  /** PUs we start circuits with (host as origin); empty: the peer comes to us. */
  pus: z.array(z.strictObject({ name: snaName, mac, sap: z.number().int().min(0).max(254).default(4) })).default([]),
});

const base = z.strictObject({
  listen: z
    .strictObject({
      address: z.string().min(1).default('127.0.0.1'),
      /** 0 takes any free port. */
      port: port.default(12065),
      connections: z.union([z.literal([1, 2]), z.literal('auto')]).default('auto'),
      /** Where a peer with two connections listens, unless its section names another port. */
      peerPort: port.default(2065),
    })
    .prefault({}),
  mac: mac.default('400037450001'),
  sap: z.number().int().min(0).max(254).default(4),
  dlsw: z
    .strictObject({
      /** INFOFRAMEs a circuit may have under way towards us. */
      window: z.number().int().min(1).max(65535).default(1024),
      /** 0 never. */
      keepaliveMs: ms.default(0),
      oneMessagePerWrite: z.boolean().default(false),
      /** Take more INFOFRAMEs than were granted, for peers that do not count. */
      enforceCredit: z.boolean().default(true),
    })
    .prefault({}),
  sscp: z
    .strictObject({
      /** Address byte of the SSCP in every TH. */
      address: z.number().int().min(0).max(255).default(0),
      /** Which failed logons wait instead. */
      queue: z.enum(QUEUE_RULES).default('none'),
      queueMax: z.number().int().min(0).default(10000),
      /** Write a USS message to LUs that log on by text. */
      ussMessages: z.boolean().default(true),
    })
    .prefault({}),
  checks: z
    .strictObject({
      sequence: z.enum(['strict', 'lenient']).default('strict'),
      odai: z.boolean().default(true),
    })
    .prefault({}),
  timers: z
    .strictObject({
      capexMs: ms.default(30000),
      circuitStartMs: ms.default(10000),
      xidMs: ms.default(60000),
      haltMs: ms.default(5000),
      pendingActiveMs: ms.default(60000),
      actpuRetryMs: ms.default(60000),
      connectRetryMs: ms.default(2000),
    })
    .prefault({}),
  /** Longest chain put together, bytes. */
  chainSizeMax: z.number().int().min(256).default(8388608),
  logModes: z.array(logMode).min(1),
  applications: z.array(application).min(1).max(254),
  pus: z.array(pu).min(1),
  peers: z.array(peer).default([]),
});

/** The schema of a host definitions file (examples/host.yaml). */
export const hostDefinitions = base.superRefine((host, context) => {
  const issue = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
  const modes = unique(host.logModes, 'logModes', issue);
  const applications = unique(host.applications, 'applications', issue);
  const pus = unique(host.pus, 'pus', issue);
  const ids = new Set<string>();
  host.pus.forEach((one, index) => {
    const id = `${one.idBlk}${one.idNum}`.toUpperCase();
    if (ids.has(id)) issue(['pus', index, 'idNum'], 'another PU has the same IDBLK and IDNUM');
    ids.add(id);
    checkLus(one, ['pus', index, 'lus'], modes, applications, issue);
  });
  host.peers.forEach((one, index) => {
    one.pus.forEach((named, at) => {
      if (!pus.has(named.name)) issue(['peers', index, 'pus', at, 'name'], `not one of ${[...pus].join(', ')}`);
    });
  });
  if (host.sscp.address > 0 && host.sscp.address <= host.applications.length) {
    issue(['sscp', 'address'], 'addresses from 1 on are those of the applications, in their order');
  }
});

type Issue = (path: (string | number)[], message: string) => void;

function unique(items: readonly { readonly name: string }[], path: string, issue: Issue): Set<string> {
  const names = new Set<string>();
  items.forEach(({ name }, index) => {
    if (names.has(name)) issue([path, index, 'name'], `${name} is defined twice`);
    names.add(name);
  });
  return names;
}

function checkLus(
  one: z.output<typeof pu>,
  path: (string | number)[],
  modes: ReadonlySet<string>,
  applications: ReadonlySet<string>,
  issue: Issue,
): void {
  const taken = new Set<number>();
  one.lus.forEach((lus, index) => {
    const [first, last] = lus.addresses;
    for (let address = first; address <= last; address += 1) {
      if (taken.has(address)) {
        issue([...path, index, 'addresses'], `local address ${address} is defined twice`);
        break;
      }
      taken.add(address);
    }
    const mode = lus.logMode;
    if (mode !== undefined && !modes.has(mode))
      issue([...path, index, 'logMode'], `not one of ${[...modes].join(', ')}`);
    const plu = lus.autologon;
    if (plu !== undefined && !applications.has(plu)) {
      issue([...path, index, 'autologon'], `not one of ${[...applications].join(', ')}`);
    }
  });
}

export type HostDefinitions = z.output<typeof hostDefinitions>;
export type HostDefinitionsInput = z.input<typeof hostDefinitions>;
export type PuDefinition = HostDefinitions['pus'][number];
export type ApplicationDefinition = HostDefinitions['applications'][number];
export type PeerDefinition = HostDefinitions['peers'][number];

/**
 * Check definitions and fill in every default.
 * @throws HostLinkError HOST_CONFIG_INVALID, details.problems: { path, message } of each
 */
export function parseDefinitions(input: HostDefinitionsInput): HostDefinitions {
  const result = hostDefinitions.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const note = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new HostLinkError('HOST_CONFIG_INVALID', note, { problems });
}

/** The name of the LU at `address` by its range's pattern. */
export function luName(pattern: string, address: number): string {
  return pattern.replace(/\{address(?::0(\d))?\}/g, (_, width) => String(address).padStart(Number(width ?? 0), '0'));
}
