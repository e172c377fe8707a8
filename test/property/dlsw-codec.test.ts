import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../src/base/errors.js';
import {
  CAPEX_REASON,
  type CapexMessage,
  decodeCapex,
  encodeCapexRequest,
  refusalsOf,
} from '../../src/dlsw/capabilities.js';
import { SspFramer } from '../../src/dlsw/framing.js';
import { decodeSsp, encodeSsp, SSP, type SspMessage } from '../../src/dlsw/ssp.js';
import { createHandler, FarEnd, HOST_MAC, Partner, PU, PU_MAC, XID0 } from '../unit/dlsw/harness.js';

const RUNS = 10_000;
const VECTORS = (
  JSON.parse(readFileSync(new URL('../vectors/dlsw-vectors.json', import.meta.url), 'utf8')) as {
    readonly name: string;
    readonly hex: string;
  }[]
)
  .filter((vector) => vector.name.startsWith('dlsw.'))
  .map((vector) => Buffer.from(vector.hex, 'hex'));

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const data = fc.uint8Array({ maxLength: 300 });
const common = { messageType: u8, flowByte: u8, remoteCorrelator: u32, remotePortId: u32, data };

const message: fc.Arbitrary<SspMessage> = fc.oneof(
  fc.record({ kind: fc.constant('info' as const), ...common }),
  fc.record({
    kind: fc.constant('control' as const),
    ...common,
    largestFrame: u8,
    flags: u8,
    priority: u8,
    targetMac: mac,
    originMac: mac,
    originSap: u8,
    targetSap: u8,
    direction: u8,
    dlcHeaderLength: u16,
    originPortId: u32,
    originCorrelator: u32,
    originTransportId: u32,
    targetPortId: u32,
    targetCorrelator: u32,
    targetTransportId: u32,
  }),
);

/** Real messages with some bytes changed, cut or doubled: closer to the edge than noise is. */
const nearlyRight = fc
  .record({
    base: fc.constantFrom(...VECTORS),
    changes: fc.array(fc.record({ at: fc.nat(200), to: u8 }), { maxLength: 3 }),
    cut: fc.option(fc.nat(200)),
  })
  .map(({ base, changes, cut }) => {
    const bytes = Buffer.from(base.subarray(0, cut ?? base.length));
    for (const { at, to } of changes) if (at < bytes.length) bytes[at] = to;
    return bytes;
  });
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  nearlyRight,
  fc.array(nearlyRight, { maxLength: 5 }).map((parts) => Buffer.concat(parts)),
);

function codeOf(act: () => unknown): string {
  try {
    act();
    return '';
  } catch (error) {
    if (error instanceof HostLinkError) return error.code;
    throw error;
  }
}

/** What a framer makes of a stream in these chunks: frames, then the error's code. */
function framesOf(chunks: readonly Buffer[]): string[] {
  const found: string[] = [];
  const framer = new SspFramer((bytes, from, to) => found.push(bytes.toString('hex', from, to)), 2000);
  const code = codeOf(() => {
    for (const chunk of chunks) framer.push(chunk);
  });
  return [...found, code];
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

describe('DLSw codecs', () => {
  it('each message survives encode and decode', () => {
    fc.assert(
      fc.property(message, (original) => {
        const bytes = encodeSsp(original);
        const back = decodeSsp(bytes);
        expect({ ...back, data: Uint8Array.from(back.data) }).toEqual({
          ...original,
          data: Uint8Array.from(original.data),
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('any bytes give a message or a named error; what decodes is encoded to the same fields', () => {
    let decoded = 0;
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const code = codeOf(() => {
          const first = decodeSsp(bytes);
          const second = decodeSsp(encodeSsp(first));
          expect(second).toEqual(first);
          decoded += 1;
        });
        expect(['', 'SSP_TRUNCATED', 'SSP_MALFORMED']).toContain(code);
      }),
      { numRuns: RUNS },
    );
    expect(decoded).toBeGreaterThan(RUNS / 20);
  });

  it('any chunking of any bytes gives the same frames and the same error', () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat(1000), { maxLength: 12 }), (bytes, cuts) => {
        const whole = framesOf([bytes]);
        expect(['', 'SSP_MALFORMED', 'SSP_TOO_LONG']).toContain(whole.at(-1));
        expect(framesOf(cut(bytes, cuts))).toEqual(whole);
      }),
      { numRuns: RUNS },
    );
  });

  it('any chunking of real messages gives them back', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(3000), { maxLength: 20 }), (messages, cuts) => {
        const encoded = messages.map((one) => Buffer.from(encodeSsp(one)));
        const expected = [...encoded.map((one) => one.toString('hex')), ''];
        expect(framesOf(cut(Buffer.concat(encoded), cuts))).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('capabilities', () => {
  const vector = fc.record({
    type: fc.oneof(fc.integer({ min: 0x80, max: 0x8d }), u8),
    data: fc.uint8Array({ maxLength: 20 }),
  });
  const body = fc.array(vector, { maxLength: 8 }).map((vectors) => {
    const parts = vectors.map((one) => Buffer.concat([Uint8Array.of(one.data.length + 2, one.type), one.data]));
    return Buffer.concat(parts);
  });
  const request = fc.oneof(body, fc.uint8Array({ maxLength: 80 })).map((bytes) => {
    const out = Buffer.alloc(4 + bytes.length);
    out.writeUInt16BE(out.length, 0);
    out.writeUInt16BE(0x1520, 2);
    out.set(bytes, 4);
    return out;
  });

  it('any bytes give capabilities or a named error; taken ones can be sent again', () => {
    fc.assert(
      fc.property(fc.oneof(request, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        let capex: CapexMessage | undefined;
        const code = codeOf(() => {
          capex = decodeCapex(bytes);
        });
        expect(['', 'CAPABILITIES_MALFORMED']).toContain(code);
        if (capex?.kind !== 'request' || refusalsOf(capex.problems).length > 0) return;
        const sent = encodeCapexRequest(capex.capabilities);
        const again = decodeCapex(sent);
        if (again.kind !== 'request') throw new Error('no request');
        expect(encodeCapexRequest(again.capabilities)).toEqual(sent);
        expect(again.problems.every(({ reason }) => reason === CAPEX_REASON.vectorId)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a peer that says anything', () => {
  /** Any bytes, and messages that mean our circuit more often than chance would. */
  const known = fc.constantFrom(...Object.values(SSP));
  const aimed = fc.record({
    messageType: known,
    flowByte: u8,
    toTarget: fc.boolean(),
    ids: fc.integer({ min: 0, max: 3 }),
    body: data,
  });
  const aimedBytes = aimed.map(({ messageType, flowByte, toTarget, ids, body }) => {
    const base = decodeSsp(VECTORS[2]!);
    if (base.kind !== 'control') throw new Error('vector 2 is a control message');
    return Buffer.from(
      encodeSsp({
        ...base,
        messageType,
        flowByte,
        direction: toTarget ? 1 : 2,
        remoteCorrelator: ids,
        originCorrelator: ids,
        targetCorrelator: 9,
        targetMac: toTarget ? PU_MAC : HOST_MAC,
        originMac: toTarget ? HOST_MAC : PU_MAC,
        targetSap: 4,
        originSap: 4,
        flags: flowByte & 1 ? 0x80 : 0,
        data: body,
      }),
    );
  });

  it('never makes it throw, and tells each circuit its end once', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(aimedBytes, anyBytes), { maxLength: 12 }), fc.boolean(), (chunks, isStrict) => {
        const dlsw = { explorer: isStrict, enforceCredit: isStrict, requireFca: isStrict };
        const partner = new Partner({ dlsw });
        partner.up();
        const told = [createHandler(), createHandler()] as const;
        partner.peer.openCircuit(PU, XID0, told[0]);
        partner.peer.awaitCircuit({ ...PU, remoteSap: 8 }, XID0, told[1]);
        const far = new FarEnd(partner);
        for (const chunk of chunks) {
          partner.peer.received(chunk);
          partner.clock.settle();
          far.names();
        }
        partner.clock.advance(1000);
        partner.peer.disconnected();
        for (const { errors } of told) expect(errors.length).toBe(1);
        expect(partner.failures.every((error) => error.code.startsWith('SSP_'))).toBe(true);
        expect(partner.clock.pending()).toBe(0);
      }),
      { numRuns: RUNS },
    );
  });
});
