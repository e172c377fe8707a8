import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { createSilentLog } from '../../../src/base/log.js';
import { decodeSsp, EMPTY_CONTROL, encodeSsp, SSP, type SspControl, type SspMessage } from '../../../src/dlsw/ssp.js';
import { CircuitCredit } from '../../../src/host/circuit-credit.js';
import { parseDefinitions } from '../../../src/host/definitions.js';
import { HostNode } from '../../../src/host/host-node.js';
import { reportOf } from '../../../src/host/report.js';
import { APPLICATIONS, hostWith, logon, request } from '../../helpers/host-fixture.js';
import { PuDriver } from '../../helpers/pu-driver.js';

const types = (messages: readonly SspMessage[]) => messages.map(({ messageType }) => messageType);

describe('embedded host: DLSw as target', () => {
  it('answers each step of circuit start with what RFC 1795 names', () => {
    const { pu, rules } = hostWith();
    pu.up();
    expect(types(pu.messages)).toEqual([
      SSP.CAP_EXCHANGE,
      SSP.CAP_EXCHANGE,
      SSP.ICANREACH,
      SSP.ICANREACH,
      SSP.XIDFRAME,
      SSP.CONTACT,
      ...types(pu.messages.slice(6)),
    ]);
    const [explored, started] = pu.messages.filter(({ messageType }) => messageType === SSP.ICANREACH) as SspControl[];
    expect(explored).toMatchObject({ flags: 0x80, direction: 2, remoteCorrelator: 0x77, targetMac: '400037450001' });
    // FCI only, as circuit start allows; the ids of the origin are reflected.
    expect(started).toMatchObject({
      flags: 0,
      flowByte: 0x80,
      remoteCorrelator: 0x77,
      remotePortId: 5,
      targetCorrelator: 1,
    });
    expect(rules()).toEqual([]);
  });

  it('does not know other MAC addresses: silence to an explorer, HALT_DL_NOACK to circuit start', () => {
    const { pu, rules } = hostWith();
    pu.exchangeCapabilities();
    pu.control(SSP.CANUREACH, { flags: 0x80, targetMac: '400037450002' });
    pu.clock.settle();
    expect(types(pu.messages).slice(2)).toEqual([]);
    pu.control(SSP.CANUREACH, { targetMac: '400037450002' });
    pu.clock.settle();
    expect(types(pu.messages).slice(2)).toEqual([SSP.HALT_DL_NOACK]);
    expect(rules()).toEqual([]);
  });

  it.each([
    ['unknown IDNUM', '020001700099', 1, []],
    ['another node type', '010001700011', 0, ['XID_FORMAT']],
    ['too short', '0200017000', 0, ['XID_FORMAT']],
    ['format 3 of wrong length', `3230${'00'.repeat(40)}`, 0, ['XID_FORMAT']],
  ])('XID refused with HALT_DL: %s', (_, xid, refused, broken) => {
    const { pu, node, rules } = hostWith();
    pu.exchangeCapabilities();
    pu.startCircuit();
    pu.sendXid(Buffer.from(xid, 'hex'));
    expect(types(pu.messages).at(-1)).toBe(SSP.HALT_DL);
    expect([node.refusedXids, rules()]).toEqual([refused, broken]);
    expect(node.pus.get('PU1A')?.state).toBe('OFFLINE');
  });

  it('takes an XID of format 3', () => {
    const { pu, node } = hostWith({}, { xid: `321d01700011${'00'.repeat(23)}` });
    pu.up();
    expect(node.pus.get('PU1A')?.state).toBe('ACTIVE');
  });

  it('refuses a second PU of the same name, and takes it once the first is gone', () => {
    const { pu, node, clock } = hostWith();
    pu.up();
    const second = new PuDriver(node, clock).up();
    expect(types(second.messages)).toContain(SSP.HALT_DL);
    expect(node.refusedXids).toBe(1);
    pu.connection.closed();
    expect(node.pus.get('PU1A')?.state).toBe('OFFLINE');
    const third = new PuDriver(node, clock).up();
    expect(node.pus.get('PU1A')?.state).toBe('ACTIVE');
    expect(third.all.length).toBe(5);
  });

  it('HALT_DL: DL_HALTED, sessions dropped; HALT_DL_NOACK: nothing', () => {
    const fixture = hostWith();
    const { pu, node, rules } = fixture;
    pu.up();
    logon(fixture, 2, 'ECHO');
    pu.control(SSP.HALT_DL);
    pu.clock.settle();
    expect(types(pu.messages).at(-1)).toBe(SSP.DL_HALTED);
    expect([node.pus.get('PU1A')?.state, node.lus.get('LU2')?.session]).toEqual(['OFFLINE', undefined]);
    const other = hostWith();
    other.pu.up();
    const count = other.pu.messages.length;
    other.pu.control(SSP.HALT_DL_NOACK);
    other.pu.clock.settle();
    expect([other.pu.messages.length, other.node.pus.get('PU1A')?.state]).toEqual([count, 'OFFLINE']);
    expect([...rules(), ...other.rules()]).toEqual([]);
  });

  it('RESTART_DL from either side: XID and CONTACT again', () => {
    const fixture = hostWith();
    const { pu, node, rules } = fixture;
    pu.up();
    logon(fixture, 2, 'ECHO');
    fixture.control.restartCircuit('PU1A');
    pu.clock.settle();
    expect(node.pus.get('PU1A')?.state).toBe('ACTIVE');
    expect(node.lus.get('LU2')?.session).toBe(undefined);
    expect(types(pu.messages).filter((type) => type === SSP.CONTACT).length).toBe(2);
    pu.control(SSP.RESTART_DL);
    pu.clock.settle();
    expect(types(pu.messages).at(-1)).toBe(SSP.DL_RESTARTED);
    pu.sendXid(Buffer.from('020001700011', 'hex'));
    expect(node.pus.get('PU1A')?.state).toBe('ACTIVE');
    expect(rules()).toEqual([]);
  });

  it('haltPu: HALT_DL, and what crosses it does not count', () => {
    const fixture = hostWith({}, { auto: true });
    const { pu, node, rules } = fixture;
    pu.up();
    logon(fixture, 2, 'ECHO');
    fixture.control.haltPu('PU1A');
    pu.piu(request(2, 1, 9, '0390a0', Buffer.from('AB')));
    expect(types(pu.messages).at(-1)).toBe(SSP.HALT_DL);
    expect([node.pus.get('PU1A')?.state, rules()]).toEqual(['OFFLINE', []]);
  });

  it('waits for nobody for ever', () => {
    const { pu, clock, node } = hostWith({}, { auto: false });
    pu.exchangeCapabilities();
    pu.startCircuit();
    clock.advance(60_000);
    clock.settle();
    expect(types(pu.messages).at(-1)).toBe(SSP.HALT_DL);
    clock.advance(5_000);
    expect(clock.pending()).toBe(0);
    const silent = hostWith();
    silent.clock.advance(30_000);
    expect([silent.pu.isClosed, silent.node.connections.size, node.connections.size]).toEqual([true, 0, 1]);
  });

  it('sends KEEPALIVE when asked to, and is not moved by those of the peer', () => {
    const { pu, clock, rules } = hostWith({ dlsw: { keepaliveMs: 1000 } });
    pu.up();
    clock.advance(2500);
    expect(types(pu.messages).filter((type) => type === SSP.KEEPALIVE).length).toBe(2);
    const message = {
      kind: 'info',
      messageType: SSP.KEEPALIVE,
      flowByte: 0,
      remoteCorrelator: 0,
      remotePortId: 0,
    } as const;
    pu.sendRaw({ ...message, data: Buffer.alloc(0) });
    expect(rules()).toEqual([]);
  });

  it('answers a circuit test', () => {
    const { pu, rules } = hostWith();
    pu.up();
    pu.control(SSP.TEST_CIRCUIT_REQ);
    pu.clock.settle();
    expect(types(pu.messages).at(-1)).toBe(SSP.TEST_CIRCUIT_RSP);
    expect(rules()).toEqual([]);
  });
});

describe('embedded host: DLSw checks', () => {
  it.each<[string, (pu: PuDriver) => void]>([
    ['CAPABILITIES', (pu) => pu.sendRaw({ ...EMPTY_CONTROL, messageType: SSP.CANUREACH })],
    [
      'CAPABILITIES',
      (pu) => pu.sendRaw({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, data: Buffer.from('00041520', 'hex') }),
    ],
    [
      'CAPABILITIES',
      (pu) =>
        pu.sendRaw({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, data: Buffer.from('000815220000000d', 'hex') }),
    ],
    ['SSP_STREAM', (pu) => pu.connection.data(Buffer.from('GET / HTTP/1.1\r\n'))],
  ])('before anything else: %s', (rule, act) => {
    const { pu, rules } = hostWith();
    act(pu);
    pu.clock.settle();
    expect(rules()).toEqual([rule]);
  });

  it.each<[string, string, (pu: PuDriver) => void]>([
    [
      'CIRCUIT_UNKNOWN',
      'INFOFRAME',
      (pu) =>
        pu.sendRaw({
          kind: 'info',
          messageType: SSP.INFOFRAME,
          flowByte: 0,
          remoteCorrelator: 99,
          remotePortId: 1,
          data: Buffer.alloc(9),
        }),
    ],
    [
      'CIRCUIT_UNKNOWN',
      'IFCM',
      (pu) =>
        pu.sendRaw({
          kind: 'info',
          messageType: SSP.IFCM,
          flowByte: 0x80,
          remoteCorrelator: 99,
          remotePortId: 1,
          data: Buffer.alloc(0),
        }),
    ],
    ['CIRCUIT_UNKNOWN', 'CONTACTED', (pu) => pu.control(SSP.CONTACTED, { remoteCorrelator: 99 })],
    ['CIRCUIT_STATE', 'CONTACTED again', (pu) => pu.control(SSP.CONTACTED)],
    ['CIRCUIT_STATE', 'XID in session', (pu) => pu.control(SSP.XIDFRAME)],
    ['CIRCUIT_IDS', 'another origin MAC', (pu) => pu.control(SSP.TEST_CIRCUIT_REQ, { originMac: '400000000012' })],
    ['CIRCUIT_IDS', 'wrong direction', (pu) => pu.control(SSP.TEST_CIRCUIT_REQ, { direction: 2 })],
    ['CIRCUIT_IDS', 'target id not reflected', (pu) => pu.control(SSP.TEST_CIRCUIT_REQ, { targetCorrelator: 0 })],
    ['SSP_TYPE', 'CONTACT by the PU', (pu) => pu.control(SSP.CONTACT)],
    ['SSP_TYPE', 'unknown type', (pu) => pu.control(0x55)],
    [
      'SSP_CONTROL',
      'control message with a short header',
      (pu) =>
        pu.sendRaw({
          kind: 'info',
          messageType: SSP.CONTACTED,
          flowByte: 0,
          remoteCorrelator: 1,
          remotePortId: 1,
          data: Buffer.alloc(0),
        }),
    ],
    [
      'FLOW_OPERATOR',
      'operator 5',
      (pu) =>
        pu.sendRaw({
          kind: 'info',
          messageType: SSP.IFCM,
          flowByte: 0x85,
          remoteCorrelator: 1,
          remotePortId: 1,
          data: Buffer.alloc(0),
        }),
    ],
    ['FLOW_OPERATOR', 'reset on an INFOFRAME', (pu) => pu.control(SSP.TEST_CIRCUIT_REQ, { flowByte: 0x83 })],
    ['FLOW_OPERATOR', 'grant on a HALT_DL', (pu) => pu.control(SSP.HALT_DL, { flowByte: 0x80 })],
  ])('in session: %s, %s', (rule, _, act) => {
    const { pu, rules } = hostWith();
    pu.up();
    act(pu);
    pu.clock.settle();
    expect(rules()).toEqual([rule]);
  });

  it('CREDIT_EXCEEDED: more INFOFRAMEs than granted ends the circuit', () => {
    const fixture = hostWith({ dlsw: { window: 8 } });
    const { pu, rules } = fixture;
    pu.up();
    const session = fixture.node.circuitOf(fixture.node.pus.get('PU1A')!)!;
    const left = session.credit.grantedIn;
    expect(left).toBeGreaterThan(0);
    for (let count = 0; count < left; count += 1) pu.piu('2d0000000001eb8000', false);
    expect(rules()).not.toContain('CREDIT_EXCEEDED');
    pu.piu('2d0000000001eb8000');
    expect(rules().at(-1)).toBe('CREDIT_EXCEEDED');
    expect(types(pu.messages).at(-1)).toBe(SSP.HALT_DL);
    const lenient = hostWith({ dlsw: { window: 8, enforceCredit: false } });
    lenient.pu.up();
    for (let count = 0; count < 50; count += 1) lenient.pu.piu('2d0000000001eb8000', false);
    expect(lenient.rules()).not.toContain('CREDIT_EXCEEDED');
  });

  it('sends no more than the PU granted, keeps the rest, and goes on with the next grant', () => {
    const fixture = hostWith({}, { window: 3, grants: false });
    const { pu } = fixture;
    pu.up();
    // ACTPU and two ACTLUs; the other two wait.
    expect(pu.all.length).toBe(3);
    pu.grant();
    pu.clock.settle();
    expect(pu.all.length).toBe(5);
    expect(fixture.rules()).toEqual([]);
  });

  it('acknowledges every grant, by itself if nothing else goes out', () => {
    const { pu, rules } = hostWith();
    pu.up();
    const before = pu.messages.length;
    pu.grant();
    pu.clock.settle();
    const after = pu.messages.slice(before);
    expect(after.map(({ messageType, flowByte }) => [messageType, flowByte & 0x40])).toEqual([[SSP.IFCM, 0x40]]);
    expect(rules()).toEqual([]);
  });

  it('any chunking of the stream gives the same answers', () => {
    const whole = hostWith();
    whole.pu.up();
    logon(whole, 2, 'ECHO');
    const sliced = hostWith();
    const data = sliced.pu.connection.data.bind(sliced.pu.connection);
    sliced.pu.connection.data = (chunk: Buffer) => {
      for (const byte of chunk) data(Buffer.from([byte]));
    };
    sliced.pu.up();
    logon(sliced, 2, 'ECHO');
    for (const { pu } of [whole, sliced]) pu.piu(request(2, 1, 1, '0390a0', Buffer.alloc(300, 1)));
    expect(sliced.pu.all.map(({ hex }) => hex)).toEqual(whole.pu.all.map(({ hex }) => hex));
    expect(sliced.rules()).toEqual([]);
  });
});

describe('circuit credit', () => {
  it('follows the operators of RFC 1795 section 8', () => {
    const credit = new CircuitCredit(10, 4);
    const steps: [number, boolean, boolean, number][] = [
      [0x80, false, true, 4], // repeat
      [0x81, false, true, 9], // increment: window 5
      [0x82, false, true, 13], // decrement: window 4
      [0x84, false, true, 15], // halve: window 2
      [0x83, true, true, 0], // reset, on an IFCM
      [0x80, false, false, 0], // after a reset only increment may come
      [0x81, false, true, 1],
      [0x82, false, false, 1], // not below 1
      [0x87, false, false, 1],
      [0x03, false, false, 1], // operator without FCI
    ];
    for (const [byte, isIfcm, isRight, granted] of steps) {
      expect([byte, credit.onByte(byte, isIfcm), credit.grantedOut]).toEqual([byte, isRight, granted]);
    }
  });

  it('grants when half is used, and not twice without an acknowledgment unless all is used', () => {
    const credit = new CircuitCredit(4, 4);
    expect([credit.takeByte(), credit.takeByte(), credit.grantedIn]).toEqual([0x80, 0, 4]);
    for (let count = 0; count < 2; count += 1) credit.takeIn();
    expect(credit.takeByte()).toBe(0);
    credit.onByte(0x40, false);
    expect([credit.takeByte(), credit.grantedIn]).toEqual([0x80, 6]);
    for (let count = 0; count < 6; count += 1) expect(credit.takeIn()).toBe(true);
    expect([credit.takeByte(), credit.grantedIn]).toEqual([0x80, 4]);
    for (let count = 0; count < 4; count += 1) credit.takeIn();
    expect(credit.takeIn()).toBe(false);
  });
});

describe('embedded host: DLSw as origin', () => {
  it('looks for the PU, starts the circuit, and starts it again when it ends', () => {
    const clock = createSimulatedClock();
    const node = new HostNode(
      parseDefinitions({
        logModes: [{ name: 'FAST' }],
        applications: APPLICATIONS,
        pus: [{ name: 'PU1A', idBlk: '017', idNum: '00011', lus: [{ addresses: 2, name: 'LU2' }] }],
      }),
      { clock, log: createSilentLog() },
    );
    const got: SspControl[] = [];
    const peer = {
      address: 'x',
      port: 1,
      connections: 1,
      pus: [{ name: 'PU1A', mac: '400000000011', sap: 4 }],
    } as const;
    const connection = node.attach(
      {
        write(block, done) {
          for (let at = 0; at < block.length; ) {
            const size = block[at + 1]! + block.readUInt16BE(at + 2);
            const message = decodeSsp(Buffer.from(block.subarray(at, at + size)));
            if (message.kind === 'control') got.push(message);
            at += size;
          }
          done(block);
        },
        close() {},
      },
      { remoteAddress: 'x', connections: 1, peer: { ...peer, pus: [...peer.pus] } },
    );
    const send = (message: Partial<SspControl>) => {
      connection.data(Buffer.from(encodeSsp({ ...EMPTY_CONTROL, ...message })));
      clock.settle();
    };
    clock.settle();
    send({ messageType: SSP.CAP_EXCHANGE, data: got.shift()!.data });
    send({ messageType: SSP.CAP_EXCHANGE, direction: 2, data: Buffer.from('00041521', 'hex') });
    const answer = (messageType: number, fields: Partial<SspControl> = {}) => {
      const { originCorrelator, originPortId } = got.at(-1)!;
      send({
        ...got.at(-1)!,
        messageType,
        direction: 2,
        flowByte: 0,
        remoteCorrelator: originCorrelator,
        remotePortId: originPortId,
        targetCorrelator: 0x55,
        targetPortId: 2,
        data: Buffer.alloc(0),
        ...fields,
      });
    };
    expect(got.at(-1)).toMatchObject({ messageType: SSP.CANUREACH, flags: 0x80, originMac: '400037450001' });
    answer(SSP.ICANREACH);
    expect(got.at(-1)).toMatchObject({ messageType: SSP.CANUREACH, flags: 0, targetMac: '400000000011' });
    answer(SSP.ICANREACH, { flowByte: 0x80 });
    expect(got.slice(-2).map(({ messageType }) => messageType)).toEqual([SSP.REACH_ACK, SSP.XIDFRAME]);
    answer(SSP.XIDFRAME, { data: Buffer.from('020001700011', 'hex') });
    expect(got.at(-1)).toMatchObject({ messageType: SSP.CONTACT, remoteCorrelator: 0x55 });
    answer(SSP.CONTACTED);
    expect(node.pus.get('PU1A')?.state).toBe('PEND_ACTPU');
    answer(SSP.HALT_DL);
    expect([got.at(-1)?.messageType, node.pus.get('PU1A')?.state]).toEqual([SSP.DL_HALTED, 'OFFLINE']);
    clock.advance(2000);
    expect(got.at(-1)).toMatchObject({ messageType: SSP.CANUREACH, flags: 0x80 });
    expect(node.errors.list()).toEqual([]);
  });
});

describe('report', () => {
  it('says what was seen and done', () => {
    const fixture = hostWith();
    fixture.pu.up();
    logon(fixture, 2, 'ECHO');
    fixture.pu.piu(request(2, 1, 1, '0390a0', Buffer.from('ABC')));
    fixture.pu.piu(request(2, 1, 7, '0390a0', Buffer.from('ABC')));
    fixture.pu.drain();
    logon(fixture, 3, 'UPPER');
    const report = reportOf(fixture.node);
    expect(report).toMatchObject({
      connections: 1,
      pus: [{ name: 'PU1A', state: 'ACTIVE' }],
      lus: { ACTIVE: 4, RESET: 0 },
      sessions: { active: 1, pending: 0, queued: 0 },
      refusedXids: 0,
    });
    expect(report.applications[0]).toEqual({
      name: 'ECHO',
      isOpen: true,
      sessions: 0,
      queued: 0,
      requests: 1,
      replies: 1,
    });
    expect(report.protocolErrors.list.map(({ rule, lu }) => [rule, lu])).toEqual([['SEQUENCE', 'LU2']]);
    // RSP(ACTPU), 4 RSP(ACTLU), 2 INIT-SELF, 2 RSP(BIND), 2 RSP(SDT), 2 requests, RSP(UNBIND).
    expect([report.piusIn, report.piusOut]).toEqual([14, fixture.pu.all.length]);
    expect([report.bytesIn, report.bytesOut]).toEqual([fixture.pu.bytesOut, fixture.pu.bytesIn]);
  });
});
