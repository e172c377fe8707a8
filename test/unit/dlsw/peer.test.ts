import { describe, expect, it } from 'vitest';
import { encodeCapexNegative, encodeCapexPositive } from '../../../src/dlsw/capabilities.js';
import { EMPTY_CONTROL, encodeSsp, SSP } from '../../../src/dlsw/ssp.js';
import { capexRequest, createHandler, FarEnd, nameOf, Partner, PU, sendPiu, XID0 } from './harness.js';

describe('capabilities exchange', () => {
  it('asks first, answers, and is up when both are done', () => {
    const partner = new Partner({ vendorText: 'hostlink 0.1', dlsw: { window: 20 } });
    expect(partner.peer.state).toBe('DOWN');
    partner.peer.connected();
    expect(partner.events).toEqual(['wantsFlush']);
    const [request] = partner.take();
    expect(Buffer.from(request!.data).toString('hex')).toBe(
      `0034152005810000000482010004830014${`12862a${'aa'.repeat(14)}00`}038702` +
        `0e84${Buffer.from('hostlink 0.1').toString('hex')}`,
    );
    expect(request).toMatchObject({ messageType: SSP.CAP_EXCHANGE, direction: 1 });
    partner.giveCapex(capexRequest());
    const [answer] = partner.take();
    expect(Buffer.from(answer!.data).toString('hex')).toBe('00041521');
    expect(answer).toMatchObject({ direction: 2 });
    expect(partner.peer.state).toBe('CAPEX');
    partner.giveCapex(encodeCapexPositive(), 2);
    expect(partner.peer.state).toBe('UP');
    expect(partner.events).toContain('up');
    expect(partner.clock.pending()).toBe(0);
  });

  it('takes the response before the request, and with the direction of a request', () => {
    const partner = new Partner();
    partner.peer.connected();
    partner.giveCapex(encodeCapexPositive(), 1);
    expect(partner.peer.state).toBe('CAPEX');
    partner.giveCapex(capexRequest());
    expect(partner.peer.state).toBe('UP');
  });

  it('fails when refused, with the reasons', () => {
    const partner = new Partner();
    partner.peer.connected();
    partner.giveCapex(encodeCapexNegative([{ offset: 9, reason: 9 }]), 2);
    expect(partner.failures[0]).toMatchObject({
      code: 'CAPABILITIES_REFUSED',
      details: { reasons: [{ offset: 9, reason: 9 }] },
    });
    expect(partner.peer.state).toBe('DOWN');
  });

  it('refuses a request without a window, and fails', () => {
    const partner = new Partner();
    partner.peer.connected();
    partner.take();
    partner.giveCapex(Buffer.from('000d152005810000000482010000'.slice(0, 26), 'hex'));
    const [answer] = partner.take();
    expect(Buffer.from(answer!.data).toString('hex')).toBe('0008152200000005');
    expect(partner.failures[0]?.code).toBe('CAPABILITIES_MALFORMED');
  });

  it('fails when the exchange does not end in time', () => {
    const partner = new Partner();
    partner.peer.connected();
    partner.clock.advance(29999);
    expect(partner.failures).toEqual([]);
    partner.clock.advance(1);
    expect(partner.failures[0]?.code).toBe('LINK_TIMEOUT');
    expect(partner.clock.pending()).toBe(0);
  });

  it('drops circuit messages before it, and discards a second exchange quietly', () => {
    const partner = new Partner();
    partner.peer.connected();
    partner.take();
    partner.give({ ...EMPTY_CONTROL, messageType: SSP.XIDFRAME });
    partner.give({ ...EMPTY_CONTROL, messageType: SSP.CANUREACH });
    expect(partner.peer.stats.dropped).toBe(2);
    partner.giveCapex(capexRequest());
    partner.giveCapex(encodeCapexPositive(), 2);
    partner.take();
    partner.giveCapex(capexRequest(9));
    expect(partner.take()).toEqual([]);
    expect(partner.peer.peerWindow).toBe(3);
  });

  it('reflects the transport id it learned', () => {
    const partner = new Partner();
    partner.peer.connected();
    partner.giveCapex(capexRequest(), 1, 0x1234);
    partner.giveCapex(encodeCapexPositive(), 2);
    partner.take();
    partner.peer.openCircuit(PU, XID0, createHandler());
    expect(partner.take()[0]).toMatchObject({ originTransportId: 0, targetTransportId: 0x1234 });
  });

  it.each([
    ['192.0.2.9', '192.0.2.10', 'keep theirs'],
    ['192.0.2.10', '192.0.2.9', 'keep ours'],
    ['::ffff:10.0.0.1', '9.255.255.255', 'keep ours'],
    ['2001:db8::1', '2001:db8::ff', 'keep theirs'],
    ['fe80::1:2%eth0', 'fe80::1', 'keep ours'],
  ])('comes down to one connection: %s and %s', (localAddress, remoteAddress, kept) => {
    const info = { connections: 2, localAddress, remoteAddress } as const;
    const partner = new Partner({ dlsw: { connections: 1 }, info });
    partner.up(3, { tcpConnections: 1 });
    expect(partner.events.filter((event) => event !== 'wantsFlush')).toEqual([kept, 'up']);
  });

  it('stays at two when either side wants that, or the addresses say nothing', () => {
    const info = { connections: 2, localAddress: '10.0.0.1', remoteAddress: '10.0.0.2' } as const;
    const cases = [
      new Partner({ dlsw: { connections: 2 }, info }),
      new Partner({ dlsw: { connections: 1 }, info: { ...info, remoteAddress: '10.0.0.1' } }),
      new Partner({ dlsw: { connections: 1 }, info: { ...info, remoteAddress: '2001:db8::1' } }),
      new Partner({ dlsw: { connections: 1 }, info: { ...info, remoteAddress: 'nonsense' } }),
      new Partner({ dlsw: { connections: 1 }, info: { ...info, connections: 1 } }),
    ];
    for (const partner of cases) {
      partner.up(3, { tcpConnections: 1 });
      expect(partner.events.some((event) => event.startsWith('keep'))).toBe(false);
    }
    const unwilling = new Partner({ dlsw: { connections: 1 }, info });
    unwilling.up(3, { tcpConnections: 2 });
    expect(unwilling.events.some((event) => event.startsWith('keep'))).toBe(false);
  });
});

describe('peer', () => {
  it('opens circuits only when up', () => {
    const partner = new Partner();
    expect(() => partner.peer.openCircuit(PU, XID0, createHandler())).toThrowError(
      expect.objectContaining({ code: 'LINK_LOST' }),
    );
  });

  it('fails when framing is lost: circuits first, then the output', () => {
    const partner = new Partner();
    partner.up();
    const told = createHandler();
    partner.peer.openCircuit(PU, XID0, told);
    partner.peer.received(Buffer.from('GET / HTTP/1.1\r\n'));
    expect(told.events).toEqual(['LINK_PROTOCOL_ERROR']);
    expect(partner.failures.map((error) => error.code)).toEqual(['SSP_MALFORMED']);
    expect(partner.peer.state).toBe('DOWN');
    partner.peer.disconnected();
    expect(told.events.length).toBe(1);
    expect(partner.clock.pending()).toBe(0);
  });

  it('ignores the rest of a chunk after the connection failed, and starts anew', () => {
    const partner = new Partner();
    partner.peer.connected();
    const refusal = encodeSsp({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, data: encodeCapexNegative([]) });
    const accept = encodeSsp({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, data: encodeCapexPositive() });
    partner.peer.received(Buffer.concat([refusal, accept]));
    expect(partner.failures.length).toBe(1);
    partner.peer.disconnected();
    partner.up();
    expect(partner.peer.state).toBe('UP');
    // Also when the owner starts anew at once: the rest of the chunk is not of the new connection.
    partner.onFailed = () => partner.peer.connected();
    partner.peer.received(Buffer.concat([Buffer.from('3100', 'hex'), accept]));
    partner.giveCapex(capexRequest());
    expect(partner.peer.state).toBe('CAPEX');
    partner.giveCapex(encodeCapexNegative([]), 2);
    expect(partner.failures.length).toBe(3);
    const twice = Buffer.concat([refusal, accept]);
    partner.peer.received(twice);
    partner.giveCapex(capexRequest());
    expect(partner.peer.state).toBe('CAPEX');
  });

  it('ignores the rest of a chunk when the owner starts anew from within it', () => {
    const partner = new Partner({ dlsw: { explorer: false } });
    partner.up();
    const far = new FarEnd(partner);
    const restart = () => {
      partner.peer.disconnected();
      partner.peer.connected();
    };
    const circuit = partner.peer.openCircuit(PU, XID0, { ...createHandler(), piu: restart });
    far.names();
    far.say(SSP.ICANREACH);
    far.say(SSP.CONTACT);
    const info = { kind: 'info', messageType: SSP.INFOFRAME, flowByte: 0, remotePortId: 1 } as const;
    const piu = encodeSsp({ ...info, remoteCorrelator: circuit.correlator, data: Uint8Array.of(1) });
    const accept = encodeSsp({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, data: encodeCapexPositive() });
    partner.peer.received(Buffer.concat([piu, accept]));
    partner.giveCapex(capexRequest());
    expect(partner.peer.state).toBe('CAPEX');
    partner.giveCapex(encodeCapexPositive());
    expect(partner.peer.state).toBe('UP');
  });

  it('does not carry bytes of the old connection into the new one', () => {
    const partner = new Partner();
    partner.up();
    partner.peer.openCircuit(PU, XID0, createHandler());
    partner.peer.disconnected();
    partner.peer.connected();
    expect(partner.names()).toEqual(['CAP_EXCHANGE']);
  });

  it('drops unknown types, NetBIOS and busy messages without a word', () => {
    const partner = new Partner();
    partner.up();
    for (const messageType of [0x55, SSP.NETBIOS_NQ, SSP.NETBIOS_ANQ, SSP.DATAFRAME]) {
      partner.give({ ...EMPTY_CONTROL, messageType });
      partner.give({
        kind: 'info',
        messageType,
        flowByte: 0,
        remoteCorrelator: 0,
        remotePortId: 0,
        data: new Uint8Array(3),
      });
    }
    expect(partner.take()).toEqual([]);
    expect(partner.peer.stats.dropped).toBe(8);
    expect(partner.peer.state).toBe('UP');
  });

  it('answers messages for unknown circuits with HALT_DL_NOACK, but never that one, and no data', () => {
    const partner = new Partner();
    partner.up();
    const ids = { originCorrelator: 5, originPortId: 6, targetCorrelator: 7, targetPortId: 8 };
    for (const messageType of [
      SSP.XIDFRAME,
      SSP.CONTACT,
      SSP.HALT_DL,
      SSP.DL_HALTED,
      SSP.RESTART_DL,
      SSP.TEST_CIRCUIT_REQ,
    ]) {
      partner.give({ ...EMPTY_CONTROL, ...ids, messageType, direction: 1, remoteCorrelator: 7 });
      expect(partner.take()).toMatchObject([
        { messageType: SSP.HALT_DL_NOACK, direction: 2, remoteCorrelator: 5, remotePortId: 6, ...ids },
      ]);
      partner.give({ ...EMPTY_CONTROL, ...ids, messageType, direction: 2, remoteCorrelator: 5 });
      expect(partner.take()).toMatchObject([{ messageType: SSP.HALT_DL_NOACK, direction: 1, remoteCorrelator: 7 }]);
    }
    partner.give({ ...EMPTY_CONTROL, ...ids, messageType: SSP.HALT_DL_NOACK });
    partner.give({
      kind: 'info',
      messageType: SSP.INFOFRAME,
      flowByte: 0x80,
      remoteCorrelator: 77,
      remotePortId: 0,
      data: new Uint8Array(3),
    });
    expect(partner.take()).toEqual([]);
    expect(partner.peer.stats.unknownCircuit).toBe(14);
  });

  it('sends KEEPALIVE when idle, and only then', () => {
    const partner = new Partner({ dlsw: { keepaliveMs: 30000, explorer: false } });
    partner.up();
    partner.clock.advance(29999);
    expect(partner.names()).toEqual([]);
    partner.clock.advance(1);
    expect(partner.names()).toEqual(['KEEPALIVE']);
    partner.clock.advance(20000);
    partner.peer.openCircuit(PU, XID0, createHandler());
    partner.take();
    partner.clock.advance(29999);
    expect(partner.names()).toEqual([]);
    partner.clock.advance(1);
    expect(partner.names()).toEqual(['KEEPALIVE']);
    // Nobody takes the next one: no second is stacked on it.
    partner.clock.advance(90000);
    expect(partner.names()).toEqual(['KEEPALIVE']);
    partner.peer.disconnected();
    expect(partner.clock.pending()).toBe(0);
  });

  it('takes a KEEPALIVE of either header length', () => {
    const partner = new Partner();
    partner.up();
    partner.give({ ...EMPTY_CONTROL, messageType: SSP.KEEPALIVE });
    partner.give({
      kind: 'info',
      messageType: SSP.KEEPALIVE,
      flowByte: 0,
      remoteCorrelator: 0,
      remotePortId: 0,
      data: new Uint8Array(0),
    });
    expect(partner.take()).toEqual([]);
    expect(partner.peer.stats.dropped).toBe(0);
  });

  it('asks for one flush per tick', () => {
    const partner = new Partner({ dlsw: { explorer: false } });
    partner.up();
    const far = new FarEnd(partner);
    const circuit = partner.peer.openCircuit(PU, XID0, createHandler());
    far.names();
    far.say(SSP.ICANREACH, { flowByte: 0x80 });
    far.say(SSP.CONTACT);
    far.names();
    const before = partner.events.length;
    for (let index = 0; index < 3; index += 1) sendPiu(circuit, Uint8Array.of(index));
    expect(partner.events.length).toBe(before + 1);
    expect(partner.take().map(nameOf)).toEqual(['INFOFRAME', 'INFOFRAME', 'INFOFRAME']);
  });

  it('stop ends all timers and tells nobody', () => {
    const partner = new Partner({ dlsw: { keepaliveMs: 1000 } });
    partner.up();
    const told = createHandler();
    const circuit = partner.peer.openCircuit(PU, XID0, told);
    const far = new FarEnd(partner);
    const connected = partner.peer.awaitCircuit({ ...PU, localSap: 8 }, XID0, told);
    far.call({ targetSap: 8 });
    far.names();
    far.say(SSP.CONTACT);
    expect(connected.isConnected).toBe(true);
    told.events.length = 0;
    partner.peer.stop();
    expect(connected.isConnected).toBe(false);
    expect(() => connected.reservePiu(1)).toThrowError(expect.objectContaining({ code: 'LINK_LOST' }));
    expect(partner.clock.pending()).toBe(0);
    expect(told.events).toEqual([]);
    expect(partner.failures).toEqual([]);
    expect(circuit.isConnected).toBe(false);
  });

  it('never gives an id twice', () => {
    const partner = new Partner({ dlsw: { explorer: false } });
    partner.up();
    const far = new FarEnd(partner);
    const ids = new Set<number>();
    for (let index = 0; index < 5; index += 1) {
      ids.add(partner.peer.openCircuit(PU, XID0, createHandler()).correlator);
      far.names();
      far.say(SSP.HALT_DL_NOACK);
    }
    expect(ids.size).toBe(5);
    expect(ids.has(0)).toBe(false);
  });
});
