import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Capabilities,
  CV,
  decodeCapex,
  encodeCapexNegative,
  encodeCapexPositive,
  encodeCapexRequest,
  refusalsOf,
  SNA_SAP_LIST,
} from '../../../src/dlsw/capabilities.js';
import { decodeSsp } from '../../../src/dlsw/ssp.js';

const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/dlsw-vectors.json', import.meta.url), 'utf8'),
) as readonly { readonly name: string; readonly hex: string }[];

function dataOf(name: string): Uint8Array {
  return decodeSsp(Buffer.from(VECTORS.find((vector) => vector.name === name)!.hex, 'hex')).data;
}

const PLAIN: Capabilities = {
  vendorOui: 0x123456,
  version: 1,
  release: 0,
  initialWindow: 20,
  sapList: SNA_SAP_LIST,
};

function request(hex: string): Uint8Array {
  const body = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const out = Buffer.alloc(4 + body.length);
  out.writeUInt16BE(out.length, 0);
  out.writeUInt16BE(0x1520, 2);
  body.copy(out, 4);
  return out;
}

const SAPS = `1286${'ff'.repeat(16)}`;

describe('capabilities request', () => {
  it('reads the request of an i3705', () => {
    const message = decodeCapex(dataOf('dlsw.capex.rq.r4'));
    expect(message).toMatchObject({
      kind: 'request',
      problems: [],
      capabilities: { vendorOui: 0, version: 2, release: 0, initialWindow: 20, tcpConnections: 2 },
    });
  });

  it('encodes that request to the same bytes', () => {
    const data = dataOf('dlsw.capex.rq.r4');
    const message = decodeCapex(data);
    if (message.kind !== 'request') throw new Error('no request');
    expect(Buffer.from(encodeCapexRequest(message.capabilities))).toEqual(Buffer.from(data));
  });

  it('reads optional vectors', () => {
    const message = decodeCapex(dataOf('dlsw.capex.rq.rich'));
    expect(message).toMatchObject({
      kind: 'request',
      problems: [],
      capabilities: { version: 1, tcpConnections: 1, versionText: 'DLSW test 1.0', macExclusive: false },
    });
  });

  it('sends the required vectors first, in order, at the offsets old peers expect', () => {
    const bytes = encodeCapexRequest({ ...PLAIN, tcpConnections: 1, versionText: 'x' });
    expect(Buffer.from(bytes).toString('hex')).toBe(
      `002915200581123456048201000483001412862a${'aa'.repeat(14)}00038701038478`,
    );
  });

  it('carries lists, context and vendor vectors', () => {
    const capabilities: Capabilities = {
      ...PLAIN,
      macExclusive: true,
      netbiosExclusive: false,
      macList: [new Uint8Array(12).fill(1), new Uint8Array(12).fill(2)],
      others: [
        { type: CV.vendorContext, data: Uint8Array.of(1, 2, 3) },
        { type: 0xd0, data: Uint8Array.of(9) },
        { type: CV.netbiosList, data: Buffer.from('\0NAME*') },
        { type: CV.multicastVersion, data: Uint8Array.of(1) },
      ],
    };
    const message = decodeCapex(encodeCapexRequest(capabilities));
    if (message.kind !== 'request') throw new Error('no request');
    expect(message.problems).toEqual([]);
    expect(encodeCapexRequest(message.capabilities)).toEqual(encodeCapexRequest(capabilities));
    expect(message.capabilities.macList).toHaveLength(2);
    expect(message.capabilities.others?.map((other) => other.type)).toEqual([0x8b, 0xd0, 0x8a, 0x8c]);
  });

  it.each([
    ['window missing', `0581000000 04820100 ${SAPS}`, [0x0b, 5], [5]],
    ['window zero', `0581000000 04820100 04830000 ${SAPS}`, [9, 5], [9, 5]],
    ['vendor missing', `04820100 04830014 ${SAPS}`, [0x0b, 0x0b, 0x0b, 3], []],
    ['version missing', `0581000000 04830014 ${SAPS}`, [0x0b, 0x0b, 4], []],
    ['SAP list missing', '0581000000 04820100 04830014', [0x0c], []],
    ['out of order', `04820100 0581000000 04830014 ${SAPS}`, [0x0b, 0x0b], []],
    ['duplicate', `0581000000 04820100 04830014 ${SAPS} 038701 038702`, [0x0a], []],
    ['unknown id', `0581000000 04820100 04830014 ${SAPS} 039900`, [7], []],
    ['vector of length 1', `0581000000 04820100 04830014 ${SAPS} 0187`, [8], [8]],
    ['wrong length', `0581000000 04820100 04830014 ${SAPS} 04870101`, [8], [8]],
    ['vector past the end', `0581000000 04820100 04830014 ${SAPS} 098701`, [6], [6]],
    ['wrong value', `0581000000 04820100 04830014 ${SAPS} 038703`, [9], [9]],
  ] as const)('%s', (_name, hex, reasons, refusals) => {
    const message = decodeCapex(request(hex));
    if (message.kind !== 'request') throw new Error('no request');
    const found = message.problems.map((problem) => problem.reason);
    expect(found).toEqual(reasons);
    const refused = refusalsOf(message.problems).map((problem) => problem.reason);
    expect(refused).toEqual(refusals);
  });

  it('points at the vector that is wrong', () => {
    const message = decodeCapex(request(`0581000000 04820100 04830014 ${SAPS} 038709`));
    expect(message).toMatchObject({ problems: [{ offset: 4 + 5 + 4 + 4 + 18, reason: 9 }] });
  });

  it('reports a wrong GDS length and a wrong GDS id', () => {
    const bytes = Buffer.from(encodeCapexRequest(PLAIN));
    expect(decodeCapex(bytes.subarray(0, -1))).toMatchObject({ problems: [{ reason: 1 }] });
    bytes[3] = 0x30;
    expect(decodeCapex(bytes)).toMatchObject({ problems: [{ reason: 2 }] });
    expect(() => decodeCapex(Uint8Array.of(0, 4, 0x15))).toThrowError(
      expect.objectContaining({ code: 'CAPABILITIES_MALFORMED' }),
    );
  });

  it.each([
    ['initialWindow', { initialWindow: 0 }],
    ['vendorOui', { vendorOui: 0x1000000 }],
    ['sapList', { sapList: new Uint8Array(15) }],
    ['versionText', { versionText: 'x'.repeat(254) }],
    ['macList', { macList: [new Uint8Array(11)] }],
  ])('refuses to encode a bad %s', (field, change) => {
    expect(() => encodeCapexRequest({ ...PLAIN, ...change })).toThrowError(
      expect.objectContaining({ code: 'SSP_INVALID', details: { field } }),
    );
  });
});

describe('capabilities response', () => {
  it('is known by its GDS id', () => {
    expect(decodeCapex(dataOf('dlsw.capex.rsp'))).toEqual({ kind: 'positive' });
    expect(decodeCapex(dataOf('dlsw.capex.rsp.r4'))).toEqual({ kind: 'positive' });
    expect(Buffer.from(encodeCapexPositive()).toString('hex')).toBe('00041521');
  });

  it('carries offsets and reasons when negative', () => {
    const problems = [
      { offset: 0, reason: 5 },
      { offset: 0x123, reason: 9 },
    ];
    const bytes = encodeCapexNegative(problems);
    expect(Buffer.from(bytes).toString('hex')).toBe('000c15220000000501230009');
    expect(decodeCapex(bytes)).toEqual({ kind: 'negative', problems });
  });
});
