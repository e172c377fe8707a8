import type { LogOptions } from '../base/log.js';

/**
 * The effective configuration: what `load` makes of a file, with every default filled in. Plain data, so that it can be
 * printed, and posted to a worker. Times are milliseconds, sizes bytes, counts plain numbers.
 */
export interface HostLinkConfig {
  /** Where it came from; undefined for an object. */
  readonly file: string | undefined;
  readonly server: ServerConfig;
  readonly log: LogOptions;
  readonly links: readonly LinkConfig[];
  readonly services: readonly ServiceConfig[];
  /** User headers of requests; services refer to them by index. */
  readonly headers: readonly HeaderConfig[];
  /** Every (application, session type) that some LU or service names; LUs and services refer to it by index. */
  readonly groups: readonly GroupConfig[];
  /** What is accepted but will not do all that a reader might expect, one sentence each. */
  readonly warnings: readonly string[];
  /** What came from a Tmax configuration; absent when none is named. */
  readonly tmax?: TmaxOrigin;
}

/** What a Tmax configuration gave, and what of it is not used. Lines and columns from 1. */
export interface TmaxOrigin {
  readonly file: string;
  /** Name of the SERVER entry. */
  readonly server: string;
  /** `key` is ours, such as server.min; `written` is theirs, such as MIN = 2. */
  readonly taken: readonly {
    readonly key: string;
    readonly written: string;
    readonly line: number;
    readonly column: number;
  }[];
  readonly unused: readonly TmaxUnused[];
}

/** An entry, or items of one, that hostlink has no use for. */
export interface TmaxUnused {
  readonly section: string;
  /** '' for a whole section. */
  readonly entry: string;
  readonly items: readonly string[];
  readonly reason: string;
  readonly line: number;
  readonly column: number;
}

/** One entry of the Tmax SERVER section, in our words. */
export interface ServerConfig {
  readonly name: string;
  /** Workers kept running, 1..links. */
  readonly min: number;
  /** Most workers, min..links. */
  readonly max: number;
  /** Waiting requests that start another worker; -1 never. */
  readonly asqcount: number;
  /** Most requests that may wait for a session, per group; -1 no limit of its own (then waitingMax holds). */
  readonly maxqcount: number;
  /** Restarts allowed within gperiodMs; -1 unlimited. */
  readonly maxrstart: number;
  readonly gperiodMs: number;
  /** Longest request payload. */
  readonly callSizeMax: number;
  /** Longest reply, over all its chains. */
  readonly replySizeMax: number;
  /** Unix socket for status, call and trace; undefined turns it off. */
  readonly control: string | undefined;
  /** How stop() stops where the program does not say. */
  readonly stopMode: 'drain' | 'fast' | 'now';
  /** How long each stage of stop() lets requests finish. */
  readonly stopGraceMs: number;
  /** A worker above min that had no call for this long ends its sessions and stops. */
  readonly idleTimeoutMs: number;
  /** A held session on which nothing ran for this long is closed. */
  readonly heldIdleTimeoutMs: number;
  /** A session held for longer is reported with the place that opened it. */
  readonly heldReportMs: number;
  /** Most calls and held sessions of one LU or terminal at once, waiting ones included; 0 no limit of its own. */
  readonly instanceMax: number;
  /** A worker is asked for a sign of life this often. */
  readonly pingIntervalMs: number;
  /** A worker silent for this long is hung and is ended. */
  readonly pingTimeoutMs: number;
}

/** All sessions of one application and session type: what a service picks a free session from. */
export interface GroupConfig {
  readonly index: number;
  /** PLU name, as INIT-SELF asks for it. */
  readonly application: string;
  /** Session type within the application; '' when there is only one kind. */
  readonly sessionType: string;
}

export interface ServiceConfig {
  readonly name: string;
  readonly index: number;
  /** Index into groups; where its header gives the session type, the first group of its application. */
  readonly group: number;
  /** Index into headers: what its requests begin with; -1 for no header. */
  readonly header: number | -1;
  /** SVCTIME: deadline of a call that names none. */
  readonly timeoutMs: number;
  /** Code page for text payloads, such as '037' or '933'. */
  readonly codePage: string;
  /** May be sent again when its outcome is unknown. */
  readonly idempotent: boolean;
}

/** Text in EBCDIC or ASCII, blanks around it do not count; a binary number, big-endian; packed decimal (COMP-3). */
export type HeaderFieldKind = 'ebcdic' | 'ascii' | 'binary' | 'packed';

export interface HeaderFieldConfig {
  readonly name: string;
  /** Bytes from the begin of the request. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  readonly kind: HeaderFieldKind;
}

/** A user header: what requests begin with, and which of its fields say where a request goes. */
export interface HeaderConfig {
  readonly name: string;
  readonly index: number;
  /** Bytes in all. */
  readonly length: number;
  /** Code page of its EBCDIC fields. */
  readonly codePage: string;
  readonly fields: readonly HeaderFieldConfig[];
  /** The field that gives the session type: by the map, or its value itself. Numbers are decimal text. */
  readonly sessionType:
    | { readonly field: string; readonly map?: Readonly<Record<string, string>> | undefined }
    | undefined;
  /** The field that gives the terminal number. */
  readonly terminal: { readonly field: string } | undefined;
  /** The field that gives the name of the service; the call's own service then only names the header. */
  readonly service: { readonly field: string } | undefined;
  /** The host gets the request without the header. */
  readonly strip: boolean;
}

/** A DLSw peer: address or name, and TCP port. */
export interface PeerAddress {
  readonly address: string;
  readonly port: number;
}

/** One link: one DLSw transport connection (or pair), owned by one worker. */
export interface LinkConfig {
  readonly name: string;
  readonly index: number;
  /** origin: we connect and look for the host; target: the peer connects and starts the circuits. */
  readonly role: 'origin' | 'target';
  readonly peer: PeerAddress;
  /** Tried when the peer cannot be had. */
  readonly backup?: PeerAddress | undefined;
  /** Where we listen for the peer's own connection (two connections, or role target). */
  readonly local: { readonly address: string; readonly port: number };
  readonly dlsw: DlswOptions;
  readonly sna: SnaOptions;
  readonly timers: LinkTimers;
  readonly pus: readonly PuConfig[];
  /** Session bring-ups in progress at once. */
  readonly bringUpMax: number;
  /** PIUs held while the host grants no flow-control units. */
  readonly backlogMax: number;
  /** PIUs kept for the dump beside a protocol error; 0 none. */
  readonly recentPius: number;
}

/** Compatibility switches of the carrier. @source sna-wire section 8.1 */
export interface DlswOptions {
  /** 2: each side opens one and writes on its own (RFC 1795); 1: one connection, both directions (CV 87 both 01, RFC 2166). */
  readonly connections: 1 | 2;
  /** Treat more INFOFRAMEs than we granted as a protocol error. */
  readonly enforceCredit: boolean;
  /** Grant again only after the last grant was acknowledged (FCA). */
  readonly requireFca: boolean;
  /** One SSP message per socket write, for peers that parse one message per read. */
  readonly oneMessagePerWrite: boolean;
  /** Take CONTACT as the answer to our XID even where a reply XID was due, and CONTACT as answer to CONTACT. */
  readonly acceptContactAsXidReply: boolean;
  /** Send KEEPALIVE when idle this long; 0 never. */
  readonly keepaliveMs: number;
  /** A link on which nothing came for this long is given up; 0 never. */
  readonly inactivityMs: number;
  /** Circuit flow-control window we offer (CV 83), 1..65535. */
  readonly window: number;
  /** Look for the host with CANUREACH_ex before CANUREACH_cs. */
  readonly explorer: boolean;
}

export interface SnaOptions {
  /** strict: a wrong sequence number draws 2001; lenient: taken as it comes. */
  readonly seqCheck: 'strict' | 'lenient';
  /** Compare DAF/OAF only, not ODAI. */
  readonly odaiIgnore: boolean;
  /** Format of +RSP(ACTPU). */
  readonly actpuRspFormat: 0 | 1;
  /** Answer a BIND with the image always, or only when negotiable. */
  readonly replyBindImage: 'always' | 'negotiable';
  /** Longest PIU we send (MAXDATA), bytes. */
  readonly piuSizeMax: number;
  /** Form of control vector 0C in +RSP(ACTLU) and NOTIFY: with 8-byte name (length 0E) or without (06). */
  readonly luVectorForm: 'long' | 'short';
  readonly bindLimits: BindLimits;
}

/** What we lower in a negotiable BIND. Undefined leaves the host's value. */
export interface BindLimits {
  /** Most requests per pacing window, 1..63: those we send, and those the host sends. */
  readonly sendWindowMax?: number | undefined;
  readonly receiveWindowMax?: number | undefined;
  /** Longest RU, bytes, at least 8; rounded down to what a BIND can say. */
  readonly sendRuSizeMax?: number | undefined;
  readonly receiveRuSizeMax?: number | undefined;
}

export interface LinkTimers {
  readonly connectMs: number;
  readonly connectRetryMs: number;
  readonly connectRetryMaxMs: number;
  readonly capexMs: number;
  readonly explorerMs: number;
  readonly circuitStartMs: number;
  readonly xidMs: number;
  /** How long to wait for CONTACT once our XID is out. */
  readonly contactMs: number;
  readonly haltMs: number;
  /** From INIT-SELF accepted to BIND. */
  readonly bindMs: number;
  /** From INIT-SELF sent to its response. */
  readonly initMs: number;
  /** From BIND answered to SDT. */
  readonly sdtMs: number;
  readonly sessionRetryMs: number;
  readonly sessionRetryMaxMs: number;
  /** How long a session waits for the reply of an abandoned request before it is reset. */
  readonly lateReplyMs: number;
}

/** One PU 2.0 (one circuit) of a link. */
export interface PuConfig {
  readonly name: string;
  /** Index within the link. */
  readonly index: number;
  /** 12 bits as 3 hex digits. */
  readonly idBlk: string;
  /** 20 bits as 5 hex digits. */
  readonly idNum: string;
  /** 12 hex digits, non-canonical bit order. */
  readonly localMac: string;
  readonly remoteMac: string;
  readonly localSap: number;
  readonly remoteSap: number;
  readonly lus: readonly LuConfig[];
}

export type LuType = 'LU0' | 'LU1' | 'LU2' | 'LU3';

/** One dependent LU. */
export interface LuConfig {
  readonly name: string;
  /** 1..255 (LOCADDR). */
  readonly localAddress: number;
  readonly type: LuType;
  readonly direction: 'INBOUND' | 'OUTBOUND';
  readonly mode: 'POOL' | 'DEDICATE';
  /** DEDICATE: the terminal it is kept for; '' for none. */
  readonly terminal: string;
  /** Index into groups. */
  readonly group: number;
  /** Mode name of INIT-SELF; '' is eight blanks (the host's default). */
  readonly logMode: string;
  /** acquire: we send INIT-SELF; wait: the host binds; logon: unformatted LOGON text. */
  readonly initiate: 'acquire' | 'logon' | 'wait';
  /** Which response our requests ask for where the BIND leaves both open. */
  readonly response: 'definite' | 'exception';
  /** After a use by name, or by a program that kept it: KEEP the session, or END it and make a new one. */
  readonly afterUse: 'KEEP' | 'END';
  /** User data of INIT-SELF, text, at most 255 bytes. */
  readonly userData: string;
}
