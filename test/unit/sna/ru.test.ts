import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import {
  decodeMajorVectors,
  decodeRh,
  decodeRu,
  encodeMajorVectors,
  encodeRu,
  type Ru,
  type SessionKind,
  unbindTypeName,
} from '../../../src/sna/index.js';
import { bytesOf, hex, piuVector } from './vector-file.js';

const NONE = new Uint8Array(0);

function ruOf(name: string): Ru {
  const piu = piuVector(name);
  return decodeRu(piu.rh!, piu.ru);
}

function decode(rh: string, ru: string, session?: SessionKind): Ru {
  return decodeRu(decodeRh(bytesOf(rh)), bytesOf(ru), session);
}

function failure(action: () => unknown): HostLinkError {
  try {
    action();
  } catch (error) {
    if (error instanceof HostLinkError) return error;
  }
  throw new Error('no HostLinkError thrown');
}

describe('session control', () => {
  it('reads activation', () => {
    expect(ruOf('actpu.rq')).toMatchObject({ format: 0, activation: 1, fmProfile: 0, tsProfile: 1 });
    expect(ruOf('actpu.rsp.fmt1')).toMatchObject({ format: 1, activation: 1, rest: bytesOf('00000701000000000000') });
    expect(ruOf('actlu.rq')).toMatchObject({ type: 1, fmProfile: 0, tsProfile: 1 });
    expect(ruOf('actlu.rsp.on')).toMatchObject({
      activation: 1,
      sscpLu: { ruSizeCode: 0x85, capabilities: 0 },
      luLu: { capability: 3, sessionLimit: 1, sessionCount: 0, flags: 0, name: '        ' },
      rest: NONE,
    });
    expect(ruOf('actlu.rsp.short')).toMatchObject({ activation: 1, fmProfile: null, sscpLu: null, luLu: null });
    expect(ruOf('dactpu.rq')).toMatchObject({ type: 2, cause: null });
    expect(ruOf('dactlu.rq')).toMatchObject({ type: null, cause: null });
  });

  it('takes activation requests as short as hosts send them', () => {
    expect(decode('6b8000', '11')).toMatchObject({ kind: 'ACTPU', activation: null, sscpId: null });
    expect(decode('6b8000', '0d')).toMatchObject({ kind: 'ACTLU', type: null });
    expect(decode('eb8000', '1101')).toMatchObject({ kind: 'ACTPU_RSP', activation: 1, contentsId: null });
    expect(decode('eb8000', '0d01010085000000 0c06030001000000'.replace(' ', ''))).toMatchObject({
      luLu: { capability: 3, name: null },
    });
  });

  it('reads UNBIND and names its type', () => {
    expect(ruOf('unbind.normal')).toMatchObject({ type: 1, senseData: null });
    expect(ruOf('unbind.fe')).toMatchObject({ type: 0xfe, senseData: 0x20020000 });
    expect([1, 2, 0x0f, 0xfe, null].map(unbindTypeName)).toEqual([
      'NORMAL',
      'BIND_FORTHCOMING',
      'CLEANUP',
      'SESSION_FAILURE',
      'NORMAL',
    ]);
    expect(unbindTypeName(0x7f)).toBe('NORMAL_7F');
  });

  it('reads STSN and CRV', () => {
    expect(ruOf('stsn.rq')).toMatchObject({ kind: 'STSN', action: 0x50, sluNumber: 7, pluNumber: 9 });
    expect(ruOf('crv.rq')).toMatchObject({ kind: 'CRV', rest: new Uint8Array(8) });
  });

  it('tells the same code of SC and DFC apart', () => {
    expect(decode('6b8000', 'c0').kind).toBe('CRV');
    expect(decode('4b8000', 'c0').kind).toBe('SHUTD');
    expect(decode('eb8000', 'c0')).toMatchObject({ kind: 'RSP', of: 'CRV' });
    expect(decode('cb8000', 'c0')).toMatchObject({ kind: 'RSP', of: 'SHUTD' });
  });
});

describe('data flow control', () => {
  it('reads SIGNAL and LUSTAT', () => {
    expect(ruOf('signal.rq')).toMatchObject({ code: 1, extension: 0 });
    expect(ruOf('signal.lu62')).toMatchObject({ code: 1, extension: 1 });
    expect(ruOf('lustat.cd')).toMatchObject({ status: 0x00060000 });
    expect(failure(() => decode('4b8000', '040006')).code).toBe('RU_TRUNCATED');
    expect(failure(() => decode('4b8000', '')).code).toBe('RU_TRUNCATED');
  });
});

describe('network services', () => {
  it('reads INIT-SELF', () => {
    expect(ruOf('initself.f0')).toMatchObject({
      format: 0,
      mode: 'LU0MODE1',
      nameType: 0xf3,
      plu: 'HOSTAPPL',
      userData: NONE,
    });
    expect(ruOf('initself.f0.user')).toMatchObject({ mode: '', plu: 'TSO', userData: bytesOf('c9c2d4e4e2d9') });
  });

  it('finds the name in INIT-SELF format 1, wherever the fields before it end', () => {
    const tail = `d3d6c7d4d6c4c540f303e3e2d60000 00`.replace(' ', '');
    expect(decode('0b8000', `8106810 1aabbccdd${tail}02cafe`.replace(' ', ''))).toMatchObject({
      kind: 'INIT_SELF_1',
      head: bytesOf('01aabbccdd'),
      mode: 'LOGMODE',
      plu: 'TSO',
      urc: bytesOf('cafe'),
    });
    const odd = `81068101aa${tail}`;
    const ru = decode('0b8000', odd);
    expect(ru).toMatchObject({ head: bytesOf('01aa'), mode: 'LOGMODE', plu: 'TSO', urc: null });
    expect(hex(encodeRu(ru))).toBe(odd);
    expect(decode('0b8000', '81068101aabb')).toMatchObject({ head: bytesOf('01aabb'), mode: null, plu: null });
  });

  it('reads TERM-SELF of both formats', () => {
    expect(ruOf('termself.f0')).toMatchObject({ type: 0x60, nameType: 0xf3, name: '' });
    expect(ruOf('termself.f1')).toMatchObject({ format: 0x11, type: 0x44, reason: 0x10, sessionKey: 1, name: '' });
  });

  it('reads NOTIFY, and leaves other vectors alone', () => {
    expect(ruOf('notify.off')).toMatchObject({ luLu: { capability: 1, sessionLimit: 1, sessionCount: 0 }, rest: NONE });
    expect(decode('0b8000', '8106200306aabb')).toMatchObject({ luLu: null, rest: bytesOf('0306aabb') });
  });

  it('reads NMVT, REQMS and CINIT', () => {
    const nmvt = ruOf('nmvt.alert');
    expect(nmvt).toMatchObject({ kind: 'NMVT', prid: 1, flags: 0 });
    if (nmvt.kind !== 'NMVT') throw new Error('no NMVT');
    const vectors = decodeMajorVectors(nmvt.vectors);
    expect(vectors).toMatchObject([{ key: 0, subvectors: [{ key: 0x92, data: { length: 9 } }] }]);
    expect(hex(encodeMajorVectors(vectors))).toBe(hex(nmvt.vectors));
    expect(failure(() => decodeMajorVectors(bytesOf('00030000'))).code).toBe('RU_MALFORMED');
    expect(ruOf('reqms')).toMatchObject({ target: 0, prid: 1, flags: 0, type: 1 });
    expect(ruOf('cinit')).toMatchObject({ pluAddress: 5, sluAddress: 2, image: { pluName: 'HOSTAPPL', luType: 2 } });
  });
});

describe('user data', () => {
  it('reads FI as the session asks for', () => {
    const attach = hex(piuVector('lu62.attach.data.cd').ru);
    expect(decode('0b90a0', attach)).toMatchObject({ kind: 'FMH', headers: [{ kind: 'ATTACH' }] });
    expect(decode('0b90a0', attach, 'SSCP')).toMatchObject({ kind: 'UNKNOWN', category: 'FMD' });
    // An FM header of type 6, 65 bytes long, whose first bytes are those of an NS header.
    const looksLikeNs = `4103040000${'00'.repeat(60)}`;
    expect(decode('0b8000', looksLikeNs).kind).toBe('REQMS');
    expect(decode('0b8000', looksLikeNs, 'LU').kind).toBe('FMH');
    expect(decode('0b8000', '0906ff', 'ANY').kind).toBe('UNKNOWN');
    expect(failure(() => decode('0b8000', '0906ff', 'LU')).code).toBe('RU_TRUNCATED');
    expect(decode('089000', '0502', 'LU').kind).toBe('DATA');
  });

  it('reads an exception request', () => {
    expect(decode('078000', '08120000c1')).toEqual({ kind: 'EXR', senseData: 0x08120000, rest: bytesOf('c1') });
    expect(failure(() => decode('078000', '0812')).code).toBe('RU_TRUNCATED');
  });
});

describe('responses', () => {
  it('reads sense data of the recordings, reserved bit and all', () => {
    expect(decode('9f9000', '080c0000810620')).toMatchObject({ kind: 'SENSE', senseData: 0x080c0000, of: 'NOTIFY' });
    expect(decode('979000', '10040000')).toMatchObject({
      kind: 'SENSE',
      senseData: 0x10040000,
      of: 'NONE',
      echo: NONE,
    });
  });

  it('keeps sense data above 7FFFFFFF positive', () => {
    const ru = ruOf('path.neg.8005');
    expect(ru).toMatchObject({ senseData: 0x80050000 });
    expect(hex(encodeRu(ru))).toBe('80050000a0');
  });

  it('reads pacing', () => {
    expect(ruOf('ipr')).toEqual({ kind: 'IPR' });
    expect(ruOf('ipm.solicited')).toMatchObject({ type: 0, rwi: false, window: 7 });
    expect(decode('830100', 'e00009')).toMatchObject({ kind: 'IPM', type: 3, rwi: true, window: 9 });
    expect(failure(() => decode('830100', '80')).code).toBe('RU_TRUNCATED');
  });

  it('refuses a negative response without sense data', () => {
    expect(failure(() => decode('839000', '')).code).toBe('RU_MALFORMED');
    expect(failure(() => decode('879000', '0812')).code).toBe('RU_TRUNCATED');
  });

  it('gives what it does not know back as it is', () => {
    const unknown = decode('6b8000', 'ee01');
    expect(unknown).toEqual({ kind: 'UNKNOWN', category: 'SC', data: bytesOf('ee01') });
    expect(hex(encodeRu(unknown))).toBe('ee01');
    expect(decode('eb8000', 'ee')).toMatchObject({ kind: 'UNKNOWN', category: 'SC' });
    expect(decode('2b8000', '07')).toMatchObject({ kind: 'UNKNOWN', category: 'NC' });
    expect(decode('eb8000', '')).toMatchObject({ kind: 'RSP', of: 'NONE' });
  });
});

describe('encodeRu', () => {
  it.each<[string, Ru]>([
    ['mode', { ...(ruOf('initself.f0') as Extract<Ru, { kind: 'INIT_SELF' }>), mode: 'NINECHARS' }],
    ['status', { kind: 'LUSTAT', status: 2 ** 32, rest: NONE }],
    ['sluNumber', { kind: 'STSN', action: 0, sluNumber: -1, pluNumber: 0, rest: NONE }],
    ['prid', { kind: 'NMVT', retired: 0, pridFlags: 0, prid: 4096, flags: 0, vectors: NONE }],
  ])('names %s when it does not fit', (field, ru) => {
    expect(failure(() => encodeRu(ru))).toMatchObject({ code: 'RU_INVALID', details: { field } });
  });
});
