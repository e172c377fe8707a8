import { describe, expect, it } from 'vitest';
import {
  decodeRu,
  decodeSdlc,
  decodeXid,
  encodePiu,
  encodeRu,
  encodeSdlc,
  encodeSocketFrame,
  encodeXid,
  negativeResponse,
  type Piu,
  positiveResponse,
  type Ru,
  SocketDeframer,
} from '../../../src/sna/index.js';
import { hex, PIU_VECTORS, piuVector, vector, vectorsOf } from './vector-file.js';

/** What each PIU vector is, by its meaning in the file; a response is told by the name of its request. */
const KINDS: Readonly<Record<string, string>> = {
  'actpu.rq': 'ACTPU',
  'actpu.rsp.fmt0': 'ACTPU_RSP',
  'actpu.rsp.fmt1': 'ACTPU_RSP',
  'actlu.rq': 'ACTLU',
  'actlu.rsp.on': 'ACTLU_RSP',
  'actlu.rsp.short': 'ACTLU_RSP',
  'actlu.rsp.neg': 'SENSE ACTLU',
  'dactlu.rq': 'DACTLU',
  'dactlu.rsp': 'RSP DACTLU',
  'dactpu.rq': 'DACTPU',
  'dactpu.rsp': 'RSP DACTPU',
  'initself.f0': 'INIT_SELF',
  'initself.f0.user': 'INIT_SELF',
  'initself.rsp': 'RSP INIT_SELF',
  'initself.neg.0805': 'SENSE INIT_SELF',
  'notify.on': 'NOTIFY',
  'notify.off': 'NOTIFY',
  'notify.rsp': 'RSP NOTIFY',
  'termself.f0': 'TERM_SELF',
  'termself.f1': 'TERM_SELF_1',
  cinit: 'CINIT',
  'nmvt.alert': 'NMVT',
  reqms: 'REQMS',
  'reqms.neg': 'SENSE REQMS',
  'sscp.chardata.logon': 'DATA',
  'sscp.chardata.msg10': 'DATA',
  'bind.lu2': 'BIND',
  'bind.rsp': 'RSP BIND',
  'bind.neg.0835': 'SENSE BIND',
  'bind.neg.0845': 'SENSE BIND',
  'bind.lu0.fm3ts3': 'BIND',
  'bind.lu0.fm4ts4': 'BIND',
  'bind.lu62.rsp': 'BIND_RSP',
  'unbind.normal': 'UNBIND',
  'unbind.bindforth': 'UNBIND',
  'unbind.fe': 'UNBIND',
  'unbind.by.slu': 'UNBIND',
  'sdt.rq': 'SDT',
  'sdt.rsp': 'RSP SDT',
  'clear.rq': 'CLEAR',
  'stsn.rq': 'STSN',
  'stsn.rsp': 'STSN_RSP',
  'rqr.rq': 'RQR',
  'crv.rq': 'CRV',
  'signal.rq': 'SIGNAL',
  'signal.lu62': 'SIGNAL',
  'lustat.cd': 'LUSTAT',
  'lustat.bb': 'LUSTAT',
  'bid.rq': 'BID',
  'bid.rsp': 'RSP BID',
  'bid.neg.0814': 'SENSE BID',
  'bid.neg.081b': 'SENSE BID',
  'rtr.rq': 'RTR',
  'bis.rq': 'BIS',
  'sbi.rq': 'SBI',
  'shutd.rq': 'SHUTD',
  'shutc.rq': 'SHUTC',
  'rshutd.rq': 'RSHUTD',
  'rshutd.neg': 'SENSE RSHUTD',
  'cancel.rq': 'CANCEL',
  'chase.rq': 'CHASE',
  'qec.rq': 'QEC',
  'qc.rq': 'QC',
  'relq.rq': 'RELQ',
  'fmd.oic.rqd.bb.cd': 'DATA',
  'fmd.rsp.pos': 'RSP NONE',
  'fmd.oic.rqe.cd': 'DATA',
  'fmd.oic.rqe.eb': 'DATA',
  'fmd.fic': 'DATA',
  'fmd.lic.rqd.cd': 'DATA',
  'fmd.rsp.chain': 'RSP NONE',
  'fmd.rsp.pi': 'RSP NONE',
  'fmd.rqd2': 'DATA',
  'fmd.neg.2004': 'SENSE NONE',
  ipr: 'IPR',
  'ipm.solicited': 'IPM',
  'path.neg.8005': 'SENSE SDT',
  'path.neg.8004': 'SENSE ACTLU',
  'path.neg.8008': 'SENSE ACTLU',
  'notify.i3274': 'NOTIFY',
  'seg.first': 'DATA',
  'th.odai': 'DATA',
  'lu62.attach.data.cd': 'FMH',
  'lu62.attach.sec': 'FMH',
  'lu62.fmh7.abend': 'FMH',
  'dpl.request.his-trace': 'FMH',
  'lu62.data.gds': 'DATA',
  'lu62.confirm': 'DATA',
  'lu62.confirmed': 'RSP NONE',
  'lu62.dealloc.flush': 'DATA',
  'lu62.prep.recv.confirm': 'DATA',
  'lu62.error.0846': 'SENSE NONE',
  'flow.lu0.01.host2pu': 'ACTPU',
  'flow.lu0.02.pu2host': 'ACTPU_RSP',
  'flow.lu0.03.host2lu': 'ACTLU',
  'flow.lu0.04.lu2host': 'ACTLU_RSP',
  'flow.lu0.05.lu2host': 'INIT_SELF',
  'flow.lu0.06.host2lu': 'RSP INIT_SELF',
  'flow.lu0.07.host2lu': 'BIND',
  'flow.lu0.08.lu2host': 'RSP BIND',
  'flow.lu0.09.host2lu': 'SDT',
  'flow.lu0.10.lu2host': 'RSP SDT',
  'flow.lu0.11.lu2host': 'DATA',
  'flow.lu0.12.host2lu': 'RSP NONE',
  'flow.lu0.13.host2lu': 'DATA',
  'flow.lu0.14.lu2host': 'RSP NONE',
  'flow.lu0.15.host2lu': 'SHUTD',
  'flow.lu0.16.lu2host': 'RSP SHUTD',
  'flow.lu0.17.lu2host': 'SHUTC',
  'flow.lu0.18.host2lu': 'RSP SHUTC',
  'flow.lu0.19.host2lu': 'UNBIND',
  'flow.lu0.20.lu2host': 'RSP UNBIND',
};

/** Vectors without an RH. */
const SEGMENTS = ['seg.last'];

function nameOf(ru: Ru): string {
  return ru.kind === 'RSP' || ru.kind === 'SENSE' ? `${ru.kind} ${ru.of}` : ru.kind;
}

describe('PIU vectors', () => {
  it('are all accounted for', () => {
    expect([...Object.keys(KINDS), ...SEGMENTS].sort()).toEqual([...PIU_VECTORS].sort());
    expect(PIU_VECTORS.length).toBe(113);
  });

  it.each(Object.entries(KINDS))('%s is %s, and encodes to the same bytes', (name, kind) => {
    const piu = piuVector(name);
    const ru = decodeRu(piu.rh!, piu.ru);
    expect(nameOf(ru)).toBe(kind);
    expect(hex(encodePiu({ ...piu, ru: encodeRu(ru) }))).toBe(hex(vector(name)));
    expect(decodeRu(piu.rh!, encodeRu(ru))).toEqual(ru);
  });

  it.each(SEGMENTS)('%s has no RH, and encodes to the same bytes', (name) => {
    const piu = piuVector(name);
    expect(piu.rh).toBeNull();
    expect(hex(encodePiu(piu))).toBe(hex(vector(name)));
  });
});

function withTh(name: string, th: Partial<Piu['th']>): Piu {
  const piu = piuVector(name);
  return { ...piu, th: { ...piu.th, ...th } };
}

/** The request of each response. Where the file has none, the nearest one is given the response's addresses. */
const ANSWERS: readonly (readonly [response: string, request: Piu])[] = [
  ['actpu.rsp.fmt0', piuVector('actpu.rq')],
  ['actpu.rsp.fmt1', piuVector('actpu.rq')],
  ['actlu.rsp.on', piuVector('actlu.rq')],
  ['actlu.rsp.short', piuVector('actlu.rq')],
  ['actlu.rsp.neg', piuVector('actlu.rq')],
  ['dactlu.rsp', piuVector('dactlu.rq')],
  ['dactpu.rsp', piuVector('dactpu.rq')],
  ['initself.rsp', piuVector('initself.f0')],
  ['initself.neg.0805', piuVector('initself.f0')],
  ['notify.rsp', piuVector('notify.on')],
  ['reqms.neg', piuVector('reqms')],
  ['bind.rsp', piuVector('bind.lu2')],
  ['bind.neg.0835', piuVector('bind.lu0.fm3ts3')],
  ['bind.neg.0845', piuVector('bind.lu0.fm4ts4')],
  ['bind.lu62.rsp', piuVector('bind.lu2')],
  ['sdt.rsp', piuVector('sdt.rq')],
  ['stsn.rsp', piuVector('stsn.rq')],
  ['bid.rsp', piuVector('bid.rq')],
  ['bid.neg.0814', piuVector('bid.rq')],
  ['bid.neg.081b', withTh('bid.rq', { snf: 2 })],
  ['rshutd.neg', piuVector('rshutd.rq')],
  ['fmd.rsp.pos', piuVector('fmd.oic.rqd.bb.cd')],
  ['fmd.rsp.chain', piuVector('fmd.lic.rqd.cd')],
  ['fmd.rsp.pi', piuVector('fmd.fic')],
  ['fmd.neg.2004', piuVector('fmd.oic.rqe.eb')],
  ['path.neg.8005', withTh('sdt.rq', { daf: 2, oaf: 9, snf: 7 })],
  ['path.neg.8004', withTh('actlu.rq', { daf: 0xc8, snf: 7 })],
  ['path.neg.8008', withTh('actlu.rq', { snf: 7 })],
  ['lu62.confirmed', piuVector('lu62.confirm')],
  ['lu62.error.0846', piuVector('lu62.dealloc.flush')],
  ['flow.lu0.02.pu2host', piuVector('flow.lu0.01.host2pu')],
  ['flow.lu0.04.lu2host', piuVector('flow.lu0.03.host2lu')],
  ['flow.lu0.06.host2lu', piuVector('flow.lu0.05.lu2host')],
  ['flow.lu0.08.lu2host', piuVector('flow.lu0.07.host2lu')],
  ['flow.lu0.10.lu2host', piuVector('flow.lu0.09.host2lu')],
  ['flow.lu0.12.host2lu', piuVector('flow.lu0.11.lu2host')],
  ['flow.lu0.14.lu2host', piuVector('flow.lu0.13.host2lu')],
  ['flow.lu0.16.lu2host', piuVector('flow.lu0.15.host2lu')],
  ['flow.lu0.18.host2lu', piuVector('flow.lu0.17.lu2host')],
  ['flow.lu0.20.lu2host', piuVector('flow.lu0.19.host2lu')],
];

/** Responses to no request of their own. */
const ISOLATED = ['ipr', 'ipm.solicited'];

describe('mirrors', () => {
  it('hold for every response', () => {
    const responses = Object.keys(KINDS).filter((name) => piuVector(name).rh!.rri);
    expect([...ANSWERS.map(([name]) => name), ...ISOLATED].sort()).toEqual(responses.sort());
  });

  it.each(ANSWERS)('%s answers its request', (name, request) => {
    const wanted = piuVector(name);
    const ru = decodeRu(wanted.rh!, wanted.ru);
    const { pi } = wanted.rh!;
    let answer: Piu;
    if (ru.kind === 'SENSE') answer = negativeResponse(request, ru.senseData, pi);
    else if (ru.kind === 'RSP') answer = positiveResponse(request, undefined, pi);
    else answer = positiveResponse(request, encodeRu(ru), pi);
    expect(hex(encodePiu(answer))).toBe(hex(vector(name)));
  });
});

describe('link vectors', () => {
  const xids = vectorsOf('xid.');
  const sdlc = vectorsOf('sdlc.');
  const sockets = vectorsOf('i3705.');

  it('are all accounted for', () => {
    expect(xids.length + sdlc.length + sockets.length + PIU_VECTORS.length).toBe(128);
  });

  it.each(xids)('%s', (name) => {
    const xid = decodeXid(vector(name));
    expect(hex(encodeXid(xid))).toBe(hex(vector(name)));
    expect(decodeXid(encodeXid(xid))).toEqual(xid);
  });

  it.each(sdlc)('%s', (name) => {
    const frame = decodeSdlc(vector(name));
    expect(frame.kind).not.toBe('OTHER');
    expect(hex(encodeSdlc(frame))).toBe(hex(vector(name)));
  });

  it.each([
    ['i3705.frame.snrm', 'c193', 'SNRM'],
    ['i3705.frame.ua', 'c173', 'UA'],
    ['i3705.frame.rr', 'c111', 'RR'],
    ['i3705.frame.i.actpu', `c110${hex(vector('actpu.rq'))}`, 'I'],
  ])('%s', (name, inner, kind) => {
    expect(sockets).toContain(name);
    const frames = new SocketDeframer().push(vector(name));
    expect(frames.map(hex)).toEqual([inner]);
    expect(decodeSdlc(frames[0]!).kind).toBe(kind);
    expect(hex(encodeSocketFrame(frames[0]!))).toBe(hex(vector(name)));
  });
});
