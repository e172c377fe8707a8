import { HostLinkError } from '../base/errors.js';

/** GDS ids of the three forms of a capabilities exchange. @source RFC 1795 section 7 */
export const CAPEX = { request: 0x1520, positive: 0x1521, negative: 0x1522 } as const;

/** Control vectors of a request. @source RFC 1795 section 7.6; 8C: RFC 2166 */
export const CV = {
  vendorId: 0x81,
  version: 0x82,
  initialWindow: 0x83,
  versionText: 0x84,
  macExclusivity: 0x85,
  sapList: 0x86,
  tcpConnections: 0x87,
  netbiosExclusivity: 0x88,
  macList: 0x89,
  netbiosList: 0x8a,
  vendorContext: 0x8b,
  multicastVersion: 0x8c,
  vendorFirst: 0xd0,
  vendorLast: 0xfd,
} as const;

/** Reasons of a negative response. @source RFC 1795 section 7.7; 0D: RFC 2166 */
export const CAPEX_REASON = {
  gdsLength: 0x01,
  gdsId: 0x02,
  vendorMissing: 0x03,
  versionMissing: 0x04,
  windowMissing: 0x05,
  vectorsLength: 0x06,
  vectorId: 0x07,
  vectorLength: 0x08,
  vectorValue: 0x09,
  duplicate: 0x0a,
  order: 0x0b,
  sapListMissing: 0x0c,
  multicast: 0x0d,
} as const;

/** One fault of a request: where in the GDS variable, and why. */
export interface CapexProblem {
  readonly offset: number;
  readonly reason: number;
}

/** A vector that has no field of its own in Capabilities; order among its like is kept. */
export interface CapexVector {
  readonly type: number;
  readonly data: Uint8Array;
}

/** What a DLSw says of itself. */
export interface Capabilities {
  /** 24 bits, non-canonical bit order. */
  readonly vendorOui: number;
  readonly version: number;
  readonly release: number;
  /** Units a sender starts with per grant, 1..65535; 0 only in a request that was refused for it. */
  readonly initialWindow: number;
  /** 16 bytes, one bit per even SAP, most significant first. */
  readonly sapList: Uint8Array;
  readonly versionText?: string;
  readonly macExclusive?: boolean;
  /** 1: may come down to one connection; 2: stays at two. */
  readonly tcpConnections?: 1 | 2;
  readonly netbiosExclusive?: boolean;
  /** 12 bytes each: value, mask. */
  readonly macList?: readonly Uint8Array[];
  /** MAC list apart, every other vector: NetBIOS names, vendor context, multicast, vendor-specific, unknown. */
  readonly others?: readonly CapexVector[];
}

export type CapexMessage =
  | { readonly kind: 'request'; readonly capabilities: Capabilities; readonly problems: readonly CapexProblem[] }
  | { readonly kind: 'positive' }
  | { readonly kind: 'negative'; readonly problems: readonly CapexProblem[] };

/** All even SAPs that SNA uses: 04, 08 .. EC. */
export const SNA_SAP_LIST: Uint8Array = Uint8Array.of(0x2a, ...Array<number>(14).fill(0xaa), 0x00);

/**
 * Encode a capabilities request: required vectors first and in order, then the others.
 * @returns the GDS variable: the data of a CAP_EXCHANGE message whose direction is 1
 * @throws HostLinkError SSP_INVALID with details.field
 * @source RFC 1795 sections 7.2 and 7.6
 */
export function encodeCapexRequest(capabilities: Capabilities): Uint8Array {
  checkCapabilities(capabilities);
  const { vendorOui, version, release, initialWindow, sapList, versionText } = capabilities;
  const vectors = [
    vector(CV.vendorId, [vendorOui >>> 16, vendorOui >>> 8, vendorOui]),
    vector(CV.version, [version, release]),
    vector(CV.initialWindow, [initialWindow >>> 8, initialWindow]),
    vector(CV.sapList, sapList),
  ];
  if (capabilities.tcpConnections !== undefined) {
    vectors.push(vector(CV.tcpConnections, [capabilities.tcpConnections]));
  }
  if (versionText !== undefined) vectors.push(vector(CV.versionText, Buffer.from(versionText, 'latin1')));
  vectors.push(...exclusivity(CV.macExclusivity, capabilities.macExclusive));
  vectors.push(...exclusivity(CV.netbiosExclusivity, capabilities.netbiosExclusive));
  for (const entry of capabilities.macList ?? []) vectors.push(vector(CV.macList, entry));
  for (const other of capabilities.others ?? []) vectors.push(vector(other.type, other.data));
  return gds(CAPEX.request, Buffer.concat(vectors));
}

function vector(type: number, data: Uint8Array | readonly number[]): Buffer {
  return Buffer.concat([Uint8Array.of(data.length + 2, type), Uint8Array.from(data)]);
}

function exclusivity(type: number, value: boolean | undefined): Buffer[] {
  return value === undefined ? [] : [vector(type, [value ? 1 : 0])];
}

function gds(id: number, body: Uint8Array): Uint8Array {
  const out = Buffer.alloc(4 + body.length);
  out.writeUInt16BE(out.length, 0);
  out.writeUInt16BE(id, 2);
  out.set(body, 4);
  return out;
}

function checkCapabilities(capabilities: Capabilities): void {
  const { vendorOui, version, release, initialWindow, sapList, versionText } = capabilities;
  requireThat(vendorOui >= 0 && vendorOui <= 0xffffff, 'vendorOui');
  requireThat(version >= 0 && version <= 0xff, 'version');
  requireThat(release >= 0 && release <= 0xff, 'release');
  requireThat(Number.isInteger(initialWindow) && initialWindow >= 1 && initialWindow <= 0xffff, 'initialWindow');
  requireThat(sapList.length === 16, 'sapList');
  requireThat(versionText === undefined || versionText.length <= 253, 'versionText');
  requireThat(capabilities.macList?.every((entry) => entry.length === 12) ?? true, 'macList');
  requireThat(capabilities.others?.every((other) => other.data.length <= 253) ?? true, 'others');
}

function requireThat(isRight: boolean, field: string): void {
  if (!isRight) throw new HostLinkError('SSP_INVALID', `Capability ${field}.`, { field });
}

/** The positive response, a GDS variable of 4 bytes; direction 2. */
export function encodeCapexPositive(): Uint8Array {
  return gds(CAPEX.positive, new Uint8Array(0));
}

/** The negative response: one offset and reason per problem, at most 100 of them; direction 2. */
export function encodeCapexNegative(problems: readonly CapexProblem[]): Uint8Array {
  const kept = problems.slice(0, 100);
  const body = Buffer.alloc(4 * kept.length);
  kept.forEach(({ offset, reason }, index) => {
    body.writeUInt16BE(offset, 4 * index);
    body.writeUInt16BE(reason, 4 * index + 2);
  });
  return gds(CAPEX.negative, body);
}

/**
 * Decode the data of a CAP_EXCHANGE message. Which of the three it is, the GDS id says and nothing else: some peers
 * send responses with the direction of a request. A request is read as far as it can be, with all its faults listed;
 * `refusalsOf` says which of them count.
 * @param data the message's data; vectors of the result are views into it
 * @throws HostLinkError CAPABILITIES_MALFORMED when it is too short for a GDS header
 * @source RFC 1795 section 7
 */
export function decodeCapex(data: Uint8Array): CapexMessage {
  if (data.length < 4) throw new HostLinkError('CAPABILITIES_MALFORMED', '', { length: data.length });
  const b = Buffer.from(data.buffer, data.byteOffset, data.length);
  const id = b.readUInt16BE(2);
  if (id === CAPEX.positive) return { kind: 'positive' };
  if (id === CAPEX.negative) return { kind: 'negative', problems: readProblems(b) };
  const length = b.readUInt16BE(0);
  const reader = new RequestReader(b);
  if (id !== CAPEX.request) reader.problem(0, CAPEX_REASON.gdsId);
  else if (length !== b.length) reader.problem(0, CAPEX_REASON.gdsLength);
  else reader.readAll();
  return { kind: 'request', capabilities: reader.capabilities(), problems: reader.problems };
}

function readProblems(b: Buffer): CapexProblem[] {
  const problems: CapexProblem[] = [];
  for (let at = 4; at + 4 <= b.length; at += 4) {
    problems.push({ offset: b.readUInt16BE(at), reason: b.readUInt16BE(at + 2) });
  }
  return problems;
}

/** Faults one can work in spite of: order, doubles, unknown vectors, and what has a sensible default. */
const TOLERATED: ReadonlySet<number> = new Set([
  CAPEX_REASON.vendorMissing,
  CAPEX_REASON.versionMissing,
  CAPEX_REASON.vectorId,
  CAPEX_REASON.duplicate,
  CAPEX_REASON.order,
  CAPEX_REASON.sapListMissing,
]);

/** The problems of a request that must be answered with a negative response; empty means a positive one. */
export function refusalsOf(problems: readonly CapexProblem[]): CapexProblem[] {
  return problems.filter(({ reason }) => !TOLERATED.has(reason));
}

/** The vectors that must come first, in this order, and what is wrong when one is absent. */
const REQUIRED: readonly (readonly [type: number, missing: number])[] = [
  [CV.vendorId, CAPEX_REASON.vendorMissing],
  [CV.version, CAPEX_REASON.versionMissing],
  [CV.initialWindow, CAPEX_REASON.windowMissing],
  [CV.sapList, CAPEX_REASON.sapListMissing],
];

/** Data lengths by type, least and most; vectors not here may have any. */
const DATA_LENGTH: Readonly<Record<number, readonly [number, number]>> = {
  [CV.vendorId]: [3, 3],
  [CV.version]: [2, 2],
  [CV.initialWindow]: [2, 2],
  [CV.macExclusivity]: [1, 1],
  [CV.sapList]: [16, 16],
  [CV.tcpConnections]: [1, 1],
  [CV.netbiosExclusivity]: [1, 1],
  [CV.macList]: [12, 12],
  [CV.netbiosList]: [1, 17],
  [CV.vendorContext]: [3, 3],
  [CV.multicastVersion]: [1, 1],
};

/** Vectors that have a field of their own in Capabilities and may come once. */
const ONCE: ReadonlySet<number> = new Set([
  CV.vendorId,
  CV.version,
  CV.initialWindow,
  CV.versionText,
  CV.macExclusivity,
  CV.sapList,
  CV.tcpConnections,
  CV.netbiosExclusivity,
]);

function isKnown(type: number): boolean {
  const isStandard = type >= CV.vendorId && type <= CV.multicastVersion;
  return isStandard || (type >= CV.vendorFirst && type <= CV.vendorLast);
}

/** Reason why the data of one vector cannot be taken, or undefined. */
function faultOf(type: number, data: Buffer): number | undefined {
  const [least, most] = DATA_LENGTH[type] ?? [0, 253];
  if (data.length < least || data.length > most) return CAPEX_REASON.vectorLength;
  return hasBadValue(type, data) ? CAPEX_REASON.vectorValue : undefined;
}

function hasBadValue(type: number, data: Buffer): boolean {
  if (type === CV.initialWindow) return data.readUInt16BE(0) === 0;
  if (type === CV.tcpConnections) return data[0] !== 1 && data[0] !== 2;
  if (type === CV.macExclusivity || type === CV.netbiosExclusivity) return data[0]! > 1;
  return false;
}

/** Reads the vectors of one request and keeps its faults. */
class RequestReader {
  readonly problems: CapexProblem[] = [];
  private readonly b: Buffer;
  /** First well-formed data of each type that may come once. */
  private readonly single = new Map<number, Buffer>();
  private readonly macList: Buffer[] = [];
  private readonly others: CapexVector[] = [];
  private count = 0;

  constructor(b: Buffer) {
    this.b = b;
  }

  problem(offset: number, reason: number): void {
    this.problems.push({ offset, reason });
  }

  readAll(): void {
    for (let at = 4; at < this.b.length; ) {
      const length = this.b[at]!;
      if (length < 2) {
        this.problem(at, CAPEX_REASON.vectorLength);
        break;
      }
      if (at + length > this.b.length) {
        this.problem(at, CAPEX_REASON.vectorsLength);
        break;
      }
      this.readVector(at, this.b[at + 1]!, this.b.subarray(at + 2, at + length));
      at += length;
    }
    for (const [type, missing] of REQUIRED) if (!this.single.has(type)) this.problem(0, missing);
  }

  private readVector(at: number, type: number, data: Buffer): void {
    const place = this.count;
    this.count += 1;
    if (!isKnown(type)) this.problem(at, CAPEX_REASON.vectorId);
    const reason = faultOf(type, data);
    if (reason !== undefined) this.problem(at, reason);
    else if (type === CV.macList) this.macList.push(data);
    else if (!ONCE.has(type)) this.others.push({ type, data });
    else if (this.single.has(type)) this.problem(at, CAPEX_REASON.duplicate);
    else {
      const due = REQUIRED.findIndex(([required]) => required === type);
      if (due >= 0 && due !== place) this.problem(at, CAPEX_REASON.order);
      this.single.set(type, data);
    }
  }

  /** What could be read, defaults for the rest. */
  capabilities(): Capabilities {
    const one = (type: number): Buffer | undefined => this.single.get(type);
    const text = one(CV.versionText);
    const macExclusive = one(CV.macExclusivity);
    const netbiosExclusive = one(CV.netbiosExclusivity);
    const connections = one(CV.tcpConnections);
    return {
      vendorOui: one(CV.vendorId)?.readUIntBE(0, 3) ?? 0,
      version: one(CV.version)?.[0] ?? 1,
      release: one(CV.version)?.[1] ?? 0,
      initialWindow: one(CV.initialWindow)?.readUInt16BE(0) ?? 0,
      sapList: one(CV.sapList) ?? new Uint8Array(16).fill(0xff),
      ...(text && { versionText: text.toString('latin1') }),
      ...(macExclusive && { macExclusive: macExclusive[0] === 1 }),
      ...(connections && { tcpConnections: connections[0] === 1 ? (1 as const) : (2 as const) }),
      ...(netbiosExclusive && { netbiosExclusive: netbiosExclusive[0] === 1 }),
      ...(this.macList.length > 0 && { macList: this.macList }),
      ...(this.others.length > 0 && { others: this.others }),
    };
  }
}
