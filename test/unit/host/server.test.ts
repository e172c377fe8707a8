import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeCapexPositive, encodeCapexRequest, SNA_SAP_LIST } from '../../../src/dlsw/capabilities.js';
import { SspFramer } from '../../../src/dlsw/framing.js';
import { decodeSsp, EMPTY_CONTROL, encodeSsp, SSP, type SspControl, type SspMessage } from '../../../src/dlsw/ssp.js';
import type { HostDefinitionsInput } from '../../../src/host/definitions.js';
import { EmbeddedHost } from '../../../src/host/embedded-host.js';
import { APPLICATIONS, initSelf, request } from '../../helpers/host-fixture.js';
import { responseTo, seen } from '../../helpers/pu-driver.js';

const DEFINITIONS: HostDefinitionsInput = {
  listen: { port: 0 },
  logModes: [{ name: 'FAST' }],
  applications: APPLICATIONS,
  pus: [{ name: 'PU1A', idBlk: '017', idNum: '00011', lus: [{ addresses: 2, name: 'LU2' }] }],
};

const stops: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(input: Partial<HostDefinitionsInput> = {}): Promise<EmbeddedHost> {
  const host = await EmbeddedHost.start({ ...DEFINITIONS, ...input });
  stops.push(() => host.stop());
  return host;
}

const CAPEX = encodeCapexRequest({
  vendorOui: 0,
  version: 1,
  release: 0,
  initialWindow: 100,
  sapList: SNA_SAP_LIST,
  tcpConnections: 1,
});

/** A PU on real sockets: comes up, logs on, calls ECHO once, and gives the reply. */
function callOnce(write: net.Socket, read: net.Socket): Promise<Buffer> {
  let host: SspControl = EMPTY_CONTROL;
  const send = (messageType: number, fields: Partial<SspControl> = {}) => {
    const { targetCorrelator, targetPortId } = host;
    const ids = { targetCorrelator, targetPortId, remoteCorrelator: targetCorrelator, remotePortId: targetPortId };
    const macs = {
      originMac: '400000000011',
      targetMac: '400037450001',
      originSap: 4,
      targetSap: 4,
      originCorrelator: 7,
    };
    write.write(encodeSsp({ ...EMPTY_CONTROL, ...macs, ...ids, messageType, ...fields }));
  };
  const piu = (data: Buffer) => {
    const { targetCorrelator: remoteCorrelator, targetPortId: remotePortId } = host;
    write.write(
      encodeSsp({ kind: 'info', messageType: SSP.INFOFRAME, flowByte: 0, remoteCorrelator, remotePortId, data }),
    );
  };
  send(SSP.CAP_EXCHANGE, { data: CAPEX });
  return new Promise((resolve, reject) => {
    const onMessage = (message: SspMessage) => {
      const type = message.messageType;
      if (type === SSP.CAP_EXCHANGE && message.data[3] === 0x20) {
        send(type, { direction: 2, data: encodeCapexPositive() });
        send(SSP.CANUREACH);
      } else if (type === SSP.ICANREACH && message.kind === 'control') {
        host = message;
        send(SSP.REACH_ACK, { flowByte: 0xc0 });
        send(SSP.XIDFRAME, { data: Buffer.from('020001700011', 'hex') });
      } else if (type === SSP.CONTACT) send(SSP.CONTACTED);
      else if (type === SSP.INFOFRAME) {
        const got = seen(Buffer.from(message.data));
        const isActivation = got.ru[0] === 0x11 || got.ru[0] === 0x0d;
        if (got.rh === '6b8000') piu(responseTo(got, isActivation ? Buffer.from([got.ru[0]!, 1]) : undefined));
        if (got.rh === '6b8000' && got.ru[0] === 0x0d) piu(initSelf(2, 'ECHO'));
        if (got.ru[0] === 0xa0) piu(request(2, 1, 1, '0390a0', Buffer.from('OVER TCP')));
        if (got.rh === '039040') resolve(got.ru);
      }
    };
    const framer = new SspFramer((bytes, from, to) => onMessage(decodeSsp(Buffer.from(bytes.subarray(from, to)))));
    read.on('data', (chunk: Buffer) => framer.push(chunk));
    read.on('error', reject);
  });
}

describe('embedded host on real sockets', () => {
  it('one connection: bring-up, logon, call', async () => {
    const host = await start();
    const socket = net.connect(host.port, host.address);
    stops.push(() => void socket.destroy());
    expect((await callOnce(socket, socket)).toString()).toBe('OVER TCP');
    expect(host.report()).toMatchObject({ connections: 1, sessions: { active: 1 } });
  });

  it('two connections: it answers on one of its own', async () => {
    const listener = net.createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    stops.push(() => void listener.close());
    const host = await start({
      peers: [{ address: '127.0.0.1', port: (listener.address() as net.AddressInfo).port, connections: 2 }],
    });
    const read = new Promise<net.Socket>((resolve) => listener.once('connection', resolve));
    const write = net.connect(host.port, host.address);
    stops.push(() => void write.destroy());
    const theirs = await read;
    stops.push(() => void theirs.destroy());
    expect((await callOnce(write, theirs)).toString()).toBe('OVER TCP');
  });

  it.each([1, 2] as const)('as origin with %i: connects to a PU that listens, and asks for it', async (connections) => {
    const listener = net.createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    stops.push(() => void listener.close());
    const accepted = new Promise<net.Socket>((resolve) => listener.once('connection', resolve));
    const { port } = listener.address() as net.AddressInfo;
    const pus = [{ name: 'PU1A', mac: '4000.0000.0011' }];
    const host = await start({ peers: [{ address: '127.0.0.1', port, connections, pus }] });
    const read = await accepted;
    const write = connections === 1 ? read : net.connect(host.port, host.address);
    stops.push(() => void read.destroy());
    const explored = new Promise<SspMessage>((resolve) => {
      const framer = new SspFramer((bytes, from, to) => {
        const message = decodeSsp(Buffer.from(bytes.subarray(from, to)));
        if (message.messageType === SSP.CANUREACH) resolve(message);
        else if (message.data[3] === 0x20) {
          write.write(encodeSsp({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, data: CAPEX }));
          write.write(
            encodeSsp({ ...EMPTY_CONTROL, messageType: SSP.CAP_EXCHANGE, direction: 2, data: encodeCapexPositive() }),
          );
        }
      });
      read.on('data', (chunk: Buffer) => framer.push(chunk));
    });
    expect(await explored).toMatchObject({ targetMac: '400000000011', flags: 0x80 });
    expect(host.report().connections).toBe(1);
  });

  it('a port that is taken is an error of its own', async () => {
    const host = await start();
    await expect(EmbeddedHost.start({ ...DEFINITIONS, listen: { port: host.port } })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
    });
  });

  it('dropConnections cuts the peer off', async () => {
    const host = await start();
    const socket = net.connect(host.port, host.address);
    await callOnce(socket, socket);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    host.control.dropConnections();
    await closed;
    expect(host.report()).toMatchObject({ connections: 0, pus: [{ state: 'OFFLINE' }] });
  });
});

describe('definitions', () => {
  it('names every mistake at once', async () => {
    await expect(
      EmbeddedHost.start({
        ...DEFINITIONS,
        logModes: [
          { name: 'FAST', ruSizeIn: 1000 },
          { name: 'X', bind: '3101' },
        ],
        pus: [
          {
            name: 'PU1A',
            idBlk: '17',
            idNum: '00011',
            lus: [{ addresses: '0-300', name: 'A' }],
          },
        ],
      }),
    ).rejects.toMatchObject({
      code: 'HOST_CONFIG_INVALID',
      details: {
        problems: [
          { path: 'logModes.0.ruSizeIn' },
          { path: 'logModes.1.bind', message: '15 to 27 bytes, the first of them 31' },
          { path: 'pus.0.idBlk', message: '3 hex digits' },
          { path: 'pus.0.lus.0.addresses' },
        ],
      },
    });
    const lus = [
      { addresses: '2-5', name: 'A', logMode: 'NONE' },
      { addresses: 5, name: 'B', autologon: 'NOBODY' },
    ];
    const pu = { name: 'PU1A', idBlk: '017', idNum: '00011', lus };
    await expect(EmbeddedHost.start({ ...DEFINITIONS, sscp: { address: 1 }, pus: [pu, pu] })).rejects.toMatchObject({
      details: {
        problems: [
          { path: 'pus.1.name', message: 'PU1A is defined twice' },
          { path: 'pus.0.lus.0.logMode', message: 'not one of FAST' },
          { path: 'pus.0.lus.1.addresses', message: 'local address 5 is defined twice' },
          { path: 'pus.0.lus.1.autologon' },
          { path: 'pus.1.idNum', message: 'another PU has the same IDBLK and IDNUM' },
          { path: 'pus.1.lus.0.logMode' },
          { path: 'pus.1.lus.1.addresses' },
          { path: 'pus.1.lus.1.autologon' },
          { path: 'sscp.address' },
        ],
      },
    });
  });
});
