import { describe, expect, it } from 'vitest';
import { HostLinkError } from '../../../src/base/errors.js';
import {
  decodeFmHeaders,
  decodeFmh,
  decodeGds,
  decodeLuwid,
  decodeSdlc,
  decodeSecurity,
  decodeXid,
  describeSense,
  encodeFmh,
  encodeGds,
  encodeLuwid,
  encodeSdlc,
  encodeSecurity,
  encodeSocketFrame,
  encodeXid,
  GDS,
  printSense,
  SocketDeframer,
} from '../../../src/sna/index.js';
import { SENSE_ROWS } from '../../../src/sna/sense-table.js';
import { bytesOf, hex, piuVector, vector } from './vector-file.js';

function failure(action: () => unknown): HostLinkError {
  try {
    action();
  } catch (error) {
    if (error instanceof HostLinkError) return error;
  }
  throw new Error('no HostLinkError thrown');
}

describe('FM headers', () => {
  it('reads an Attach with security', () => {
    const { headers, data } = decodeFmHeaders(piuVector('lu62.attach.sec').ru);
    expect(headers).toMatchObject([
      { kind: 'ATTACH', conversation: 0xd1, syncLevel: 0x40, tpn: 'CSMI', luwid: null, isConcatenated: false },
    ]);
    expect(data.length).toBe(0);
    const attach = headers[0]!;
    const security = (attach.kind === 'ATTACH' && attach.security) || new Uint8Array(0);
    expect(decodeSecurity(security).map(({ type, data: bytes }) => [type, hex(bytes)])).toEqual([
      [2, 'c9c2d4e4e2d9'],
      [1, 'd7c1e2e2e6c4'],
    ]);
    expect(hex(encodeSecurity(decodeSecurity(security)))).toBe(hex(security));
  });

  it('reads the Attach and LUWID of a real trace', () => {
    const { headers, data } = decodeFmHeaders(piuVector('dpl.request.his-trace').ru);
    const attach = headers[0]!;
    if (attach.kind !== 'ATTACH') throw new Error('no Attach');
    expect(attach).toMatchObject({ tpn: 'CSMI', syncLevel: 0, security: new Uint8Array(0) });
    const luwid = decodeLuwid(attach.luwid!);
    expect(luwid).toMatchObject({ luName: 'ECIBMHH1.T22158DD', sequence: 1 });
    expect(hex(encodeLuwid(luwid))).toBe(hex(attach.luwid!));
    expect(decodeGds(data).records).toMatchObject([
      { id: GDS.USER_CONTROL, isContinued: true, missing: 4096 - data.length },
    ]);
  });

  it('reads FMH-7', () => {
    expect(decodeFmh(piuVector('lu62.fmh7.abend').ru)).toMatchObject({
      kind: 'ERROR',
      senseData: 0x08640000,
      flags: 0,
    });
  });

  it('follows concatenation, and leaves other headers alone', () => {
    const bytes = bytesOf('0482aabb0303cc' + 'd1d2');
    const { headers, data } = decodeFmHeaders(bytes);
    expect(headers).toEqual([
      { kind: 'FMH', isConcatenated: true, type: 2, rest: bytesOf('aabb') },
      { kind: 'FMH', isConcatenated: false, type: 3, rest: bytesOf('cc') },
    ]);
    expect(hex(data)).toBe('d1d2');
    expect(headers.map((header) => hex(encodeFmh(header)))).toEqual(['0482aabb', '0303cc']);
    expect(failure(() => decodeFmHeaders(bytesOf('0482aabb'))).code).toBe('RU_TRUNCATED');
    expect(failure(() => decodeFmh(bytesOf('0105'))).code).toBe('RU_MALFORMED');
    expect(failure(() => decodeFmh(bytesOf('0905'))).code).toBe('RU_TRUNCATED');
  });
});

describe('GDS records', () => {
  it('reads several records of one RU', () => {
    const bytes = bytesOf('000612ffc1c2' + '000412f1' + '00');
    const piece = decodeGds(bytes);
    expect(piece.records).toMatchObject([
      { id: GDS.APPLICATION_DATA, data: bytesOf('c1c2'), missing: 0 },
      { id: GDS.NULL_DATA, data: new Uint8Array(0) },
    ]);
    expect(hex(piece.rest)).toBe('00');
    expect(hex(encodeGds(piece))).toBe(hex(bytes));
  });

  it('reads the segments of a continued record, which have LL only', () => {
    const piece = decodeGds(bytesOf('800612ffc1c2' + '8003c3' + '0004c4c5' + '000512ffc6'));
    expect(piece.records.map(({ id, data }) => [id, hex(data)])).toEqual([
      [0x12ff, 'c1c2'],
      [null, 'c3'],
      [null, 'c4c5'],
      [0x12ff, 'c6'],
    ]);
    expect(decodeGds(bytesOf('0004c4c5'), true).records).toMatchObject([{ id: null, data: bytesOf('c4c5') }]);
  });

  it('stops at a sync-point header and refuses other short lengths', () => {
    expect(hex(decodeGds(bytesOf('0001050a')).rest)).toBe('0001050a');
    expect(failure(() => decodeGds(bytesOf('00030000'))).code).toBe('RU_MALFORMED');
    const record = { id: 1, isContinued: false, data: new Uint8Array(0x7ffc), missing: 0 };
    expect(failure(() => encodeGds({ records: [record], rest: new Uint8Array(0) })).code).toBe('RU_INVALID');
  });
});

describe('XID', () => {
  it('reads the three forms', () => {
    expect(decodeXid(vector('xid.fmt0'))).toMatchObject({ format: 0, nodeType: 2, idBlk: '017', idNum: '00017' });
    const xid3 = decodeXid(vector('xid.fmt3'));
    expect(xid3).toMatchObject({ format: 3, nodeType: 2, idBlk: '05D', idNum: '00002' });
    expect(xid3.format === 3 && xid3.vectors.map(({ key }) => key)).toEqual([0x0e, 0x10]);
    expect(hex(encodeXid({ format: 0, nodeType: 2, idBlk: 'FFE', idNum: 'ABCDE' }))).toBe('0200ffeabcde');
  });

  it('names what is wrong', () => {
    expect(failure(() => decodeXid(bytesOf('0200'))).code).toBe('XID_MALFORMED');
    expect(failure(() => decodeXid(bytesOf('120001700017'))).code).toBe('XID_MALFORMED');
    const cut = vector('xid.fmt3').subarray(0, 60);
    expect(failure(() => decodeXid(cut)).code).toBe('XID_MALFORMED');
    const cutVector = Uint8Array.from(cut);
    cutVector[1] = 60;
    expect(failure(() => decodeXid(cutVector)).code).toBe('XID_MALFORMED');
    const xid = { format: 0, nodeType: 2, idBlk: '017', idNum: '00017' } as const;
    expect(failure(() => encodeXid({ ...xid, idBlk: '17' })).details).toMatchObject({ field: 'idBlk' });
    expect(failure(() => encodeXid({ ...xid, idNum: '0001G' })).code).toBe('XID_INVALID');
  });
});

describe('SDLC', () => {
  it('reads numbered frames', () => {
    expect(decodeSdlc(vector('sdlc.i.actpu.rsp'))).toMatchObject({
      address: 0xc1,
      kind: 'I',
      nr: 1,
      ns: 0,
      isPollFinal: true,
    });
    expect(decodeSdlc(bytesOf('c1e9'))).toMatchObject({ kind: 'REJ', nr: 7, isPollFinal: false });
    expect(decodeSdlc(bytesOf('c1ff'))).toMatchObject({ kind: 'OTHER', control: 0xff });
    expect(failure(() => decodeSdlc(bytesOf('c1'))).code).toBe('SDLC_MALFORMED');
  });

  it('round trips every control byte', () => {
    for (let control = 0; control < 256; control += 1) {
      const frame = Uint8Array.of(0xc1, control, 1, 2);
      expect(encodeSdlc(decodeSdlc(frame))).toEqual(frame);
    }
  });

  it('takes a socket apart however it was cut, with idle bytes between', () => {
    const names = ['sdlc.snrm', 'sdlc.i.actpu', 'sdlc.i.actpu.rsp'];
    const stream = Buffer.concat(names.flatMap((name) => [bytesOf('00aa7e7e'), encodeSocketFrame(vector(name))]));
    for (let size = 1; size <= stream.length; size += 1) {
      const deframer = new SocketDeframer();
      const frames: string[] = [];
      for (let at = 0; at < stream.length; at += size)
        frames.push(...deframer.push(stream.subarray(at, at + size)).map(hex));
      expect(frames).toEqual(names.map((name) => hex(vector(name))));
    }
  });

  it('gives up on a stream without an end, and on a frame that holds one', () => {
    expect(failure(() => new SocketDeframer(10).push(new Uint8Array(11).fill(0xc1))).code).toBe('SDLC_MALFORMED');
    expect(failure(() => encodeSocketFrame(bytesOf('c110470f7e'))).code).toBe('SDLC_MALFORMED');
  });
});

describe('sense data', () => {
  it('describes what is known', () => {
    expect(describeSense(0x08350002)).toMatchObject({
      code: '0835',
      specific: 2,
      name: 'INVALID_PARAMETER',
      retry: 'operator',
    });
    expect(describeSense(0x080b0000).retry).toBe('now');
    expect(describeSense(0x08450000).retry).toBe('later');
    expect(describeSense(0x80050000)).toMatchObject({ code: '8005', name: 'NO_SESSION' });
    expect(describeSense(0x80050000 | 0)).toMatchObject({ code: '8005' });
  });

  it('says at least the category of what is not', () => {
    expect(describeSense(0x08ff0000)).toMatchObject({ code: '08FF', name: 'REQUEST_REJECT', retry: 'later' });
    expect(describeSense(0x00001234)).toMatchObject({ code: '0000', specific: 0x1234, name: 'USER_SENSE' });
    expect(describeSense(0x70000000)).toMatchObject({ name: 'UNKNOWN' });
  });

  it('has a table in order, without doubles, one sentence each', () => {
    const codes = SENSE_ROWS.map(([code]) => code);
    expect(codes).toEqual([...new Set(codes)].sort((a, b) => a - b));
    expect(new Set(SENSE_ROWS.map(([, name]) => name)).size).toBe(SENSE_ROWS.length);
    for (const [, name, text] of SENSE_ROWS) {
      expect(name).toMatch(/^[A-Z0-9_]+$/);
      expect(text).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('prints eight digits', () => {
    expect([printSense(0x80050000), printSense(0x10), printSense(-1)]).toEqual(['80050000', '00000010', 'FFFFFFFF']);
  });
});
