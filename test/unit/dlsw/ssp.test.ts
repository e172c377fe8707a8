import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import {
  decodeSsp,
  EMPTY_CONTROL,
  encodeSsp,
  SSP,
  SSP_FLAG_EXPLORER,
  type SspControl,
  writeIfcm,
  writeInfoHeader,
  writeKeepalive,
} from '../../../src/dlsw/ssp.js';

interface Vector {
  readonly name: string;
  readonly hex: string;
}

const VECTORS = (
  JSON.parse(readFileSync(new URL('../../vectors/dlsw-vectors.json', import.meta.url), 'utf8')) as Vector[]
).filter((vector) => vector.name.startsWith('dlsw.'));

function bytesOf(name: string): Buffer {
  return Buffer.from(VECTORS.find((vector) => vector.name === name)!.hex, 'hex');
}

function control(name: string): SspControl {
  const message = decodeSsp(bytesOf(name));
  if (message.kind !== 'control') throw new Error(`${name} is no control message`);
  return message;
}

const SHARED = new URL('../../../../shared/vectors/sna-vectors.json', import.meta.url);
const hasShared = existsSync(SHARED);
if (!hasShared) console.log('skipped: ../shared is absent, so the copied DLSw vectors are not held against it');

describe('SSP vectors', () => {
  it.skipIf(!hasShared)('are those of ../shared', () => {
    const all = JSON.parse(readFileSync(SHARED, 'utf8')) as Vector[];
    const theirs = all.filter((vector) => vector.name.startsWith('dlsw.')).map(({ name, hex }) => ({ name, hex }));
    expect(VECTORS.map(({ name, hex }) => ({ name, hex }))).toEqual(theirs);
  });

  it.each(VECTORS)('$name decodes and encodes to the same bytes', ({ hex }) => {
    expect(Buffer.from(encodeSsp(decodeSsp(Buffer.from(hex, 'hex')))).toString('hex')).toBe(hex);
  });

  it('reads every field of a circuit start reply', () => {
    expect(control('dlsw.icanreach_cs')).toMatchObject({
      messageType: SSP.ICANREACH,
      flowByte: 0x80,
      remoteCorrelator: 0x1001,
      remotePortId: 1,
      targetMac: '400037450001',
      originMac: '400003274001',
      originSap: 4,
      targetSap: 4,
      direction: 2,
      originPortId: 1,
      originCorrelator: 0x1001,
      originTransportId: 0,
      targetPortId: 2,
      targetCorrelator: 0x2002,
      targetTransportId: 0,
      largestFrame: 0x90,
      priority: 2,
    });
    expect(control('dlsw.canureach_ex').flags).toBe(SSP_FLAG_EXPLORER);
    expect(control('dlsw.canureach_ex').targetSap).toBe(0);
  });

  it('gives the data behind the header as a view', () => {
    const bytes = bytesOf('dlsw.info.actpu');
    const message = decodeSsp(bytes);
    expect(Buffer.from(message.data).toString('hex')).toBe('2d00000000016b8000110101050000000001');
    expect(message.data.buffer).toBe(bytes.buffer);
  });
});

describe('decodeSsp', () => {
  function codeOf(bytes: Buffer): string {
    try {
      decodeSsp(bytes);
      return 'none';
    } catch (error) {
      return error instanceof HostLinkError ? error.code : 'other';
    }
  }

  it('names what is wrong', () => {
    const good = bytesOf('dlsw.info.actpu');
    expect(codeOf(good.subarray(0, 0))).toBe('SSP_TRUNCATED');
    expect(codeOf(good.subarray(0, 3))).toBe('SSP_TRUNCATED');
    expect(codeOf(good.subarray(0, good.length - 1))).toBe('SSP_TRUNCATED');
    expect(codeOf(Buffer.concat([good, Buffer.alloc(1)]))).toBe('SSP_MALFORMED');
    expect(codeOf(Buffer.concat([Buffer.of(0x4b), good.subarray(1)]))).toBe('SSP_MALFORMED');
    expect(codeOf(Buffer.from('310f0000', 'hex'))).toBe('SSP_MALFORMED');
  });

  it('takes the versions 31 to 3F and odd header lengths', () => {
    const version3f = bytesOf('dlsw.keepalive');
    version3f[0] = 0x3f;
    expect(decodeSsp(version3f).messageType).toBe(SSP.KEEPALIVE);
    const long = Buffer.concat([bytesOf('dlsw.keepalive'), Buffer.alloc(56)]);
    long[1] = 72;
    expect(decodeSsp(long)).toMatchObject({ kind: 'control', messageType: SSP.KEEPALIVE });
    const longer = Buffer.concat([bytesOf('dlsw.keepalive'), Buffer.alloc(60)]);
    longer[1] = 76;
    expect(decodeSsp(longer).data.length).toBe(0);
  });
});

describe('encodeSsp', () => {
  it.each([
    ['messageType', { messageType: 256 }],
    ['remoteCorrelator', { remoteCorrelator: -1 }],
    ['originPortId', { originPortId: 2 ** 32 }],
    ['targetSap', { targetSap: 1.5 }],
    ['targetMac', { targetMac: '40003745000' }],
    ['originMac', { originMac: '40003745000g' }],
    ['data', { data: new Uint8Array(65536) }],
  ])('refuses a bad %s', (field, change) => {
    const act = () => encodeSsp({ ...EMPTY_CONTROL, ...change });
    expect(act).toThrowError(
      expect.objectContaining({ code: 'SSP_INVALID', details: expect.objectContaining({ field }) }),
    );
  });
});

describe('writers in place', () => {
  it('write what encodeSsp writes, with ids of all 32 bits', () => {
    const out = Buffer.alloc(40, 0xee);
    writeInfoHeader(out, 3, 0x1234, 0xfedcba98, 0x89abcdef, 0xc1);
    expect(out.subarray(3, 19).toString('hex')).toBe('31101234fedcba9889abcdef00000ac1');
    writeIfcm(out, 20, 0x1001, 1, 0x80);
    expect(out.subarray(20, 36)).toEqual(bytesOf('dlsw.ifcm.rpt'));
    writeKeepalive(out, 20);
    expect(out.subarray(20, 36)).toEqual(bytesOf('dlsw.keepalive'));
    expect(out[2]).toBe(0xee);
    expect(out[36]).toBe(0xee);
  });
});
