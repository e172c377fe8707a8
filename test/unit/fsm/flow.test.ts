import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFER_RESPONSE, HalfSession, SEND } from '../../../src/fsm/half-session.js';
import { bytesOf, DEFAULTS, feedPiu, RecordingPort } from './recording-port.js';

/** The LU-LU part of the vectors flow.lu0.07 to 20: a whole LU 0 session. */
const FLOW = {
  bind:
    '2d00020100016b800031010303b1b030800003858603000000000000000000000000000008c8d6e2e3c1d7d7d306' + '00e4e2c5d9f10000',
  bindRsp: '2d0001020001eb800031',
  sdt: '2d00020100026b8000a0',
  sdtRsp: '2d0001020002eb8000a0',
  request: '2c00010200010380a0e3e7d5f140c2c1d3c1d5c3c540f4f7f1f1',
  requestRsp: '2c0002010001838000',
  reply: '2c0002010001038140c2c1d3c1d5c3c540f1f0f04bf0f0',
  replyRsp: '2c0001020001838100',
  shutd: '2d00020100014b8000c0',
  shutdRsp: '2d0001020001cb8000c0',
  shutc: '2d00010200024b8000c1',
  shutcRsp: '2d0002010002cb8000c1',
  unbind: '2d00020100036b80003201',
  unbindRsp: '2d0001020003eb800032',
};

function payloadOf(piu: string): Uint8Array {
  return bytesOf(piu).slice(9);
}

function start() {
  const port = new RecordingPort();
  const session = new HalfSession(port, 'LU0', DEFAULTS);
  return { port, session };
}

describe('the LU 0 session of the vectors', () => {
  it('answers and sends every PIU as recorded', () => {
    const { port, session } = start();
    session.initiated();
    session.initAccepted();
    feedPiu(session, FLOW.bind);
    expect(port.takePius()).toEqual([FLOW.bindRsp]);
    expect(session.state).toBe('BOUND');
    expect(session.canSend()).toBe(false);
    feedPiu(session, FLOW.sdt);
    expect(port.takePius()).toEqual([FLOW.sdtRsp]);
    expect(session.canSend()).toBe(true);

    const request = payloadOf(FLOW.request);
    expect(session.sendChain(request, 0, request.length, SEND.CD | SEND.DEFINITE)).toBe(true);
    expect(port.takePius()).toEqual([FLOW.request]);
    expect(session.canSend()).toBe(false);
    feedPiu(session, FLOW.requestRsp);
    feedPiu(session, FLOW.reply);
    expect(port.takePius()).toEqual([FLOW.replyRsp]);
    expect(Buffer.from(port.data[0]!.bytes)).toEqual(Buffer.from(payloadOf(FLOW.reply)));
    expect(session.canSend()).toBe(true);

    feedPiu(session, FLOW.shutd);
    expect(port.takePius()).toEqual([FLOW.shutdRsp, FLOW.shutc]);
    expect(session.state).toBe('QUIESCED');
    feedPiu(session, FLOW.shutcRsp);
    feedPiu(session, FLOW.unbind);
    expect(port.takePius()).toEqual([FLOW.unbindRsp]);
    expect(port.takeLog()).toEqual([
      'INIT_SENT by OPEN 00000000',
      'WAIT_BIND by INIT_ACCEPTED 00000000',
      'BOUND by BIND 00000000',
      'ACTIVE by SDT 00000000',
      'sent',
      'responded 00000000',
      'notice SHUTD 00000000',
      'QUIESCED by SHUTC 00000000',
      'RESET by UNBIND 00000000',
    ]);
  });

  it('sends the same bytes when the reply is answered later', () => {
    const { port, session } = start();
    for (const piu of [FLOW.bind, FLOW.sdt]) feedPiu(session, piu);
    const request = payloadOf(FLOW.request);
    session.sendChain(request, 0, request.length, SEND.CD | SEND.DEFINITE);
    feedPiu(session, FLOW.requestRsp);
    port.takePius();
    port.answers.push(DEFER_RESPONSE);
    feedPiu(session, FLOW.reply);
    expect(port.takePius()).toEqual([]);
    expect(session.canSend()).toBe(false);
    expect(session.respond(0)).toBe(true);
    expect(port.takePius()).toEqual([FLOW.replyRsp]);
    expect(session.canSend()).toBe(true);
  });
});

interface Recording {
  readonly pius: readonly { readonly from: string; readonly piu: string }[];
}

/** Recordings are beside the project; this test is skipped where they are not. */
const TRACES = '../shared/traces/';
/**
 * Our PIUs that the terminal did not send: it never answered its last definite-response chain, and 15 s later VTAM starts
 * over with ACTPU, without CLEAR or UNBIND: that end of the link was dead by then.
 */
const UNANSWERED: Readonly<Record<string, readonly string[]>> = {
  'vtam-terminal-logon.json': ['2c0001020004838000'],
  'vtam-terminal-short.json': [],
};

/** Play the host's side of an LU-LU session; where the terminal sent data by itself, send the same data. */
function play(recording: Recording): { readonly ours: string[]; readonly theirs: string[] } {
  const port = new RecordingPort();
  const session = new HalfSession(port, 'LU2', DEFAULTS);
  const ours: string[] = [];
  const theirs: string[] = [];
  for (const { from, piu } of recording.pius) {
    const isLuLu = piu.slice(4, 8) === '0201' || piu.slice(4, 8) === '0102';
    if (!isLuLu) {
      // ACTPU and ACTLU (cold) end the session without traffic.
      if (from === 'host' && piu.slice(8).endsWith('0101')) session.reset('ACTLU');
      continue;
    }
    if (from === 'host') feedPiu(session, piu);
    else {
      theirs.push(piu);
      const data = payloadOf(piu);
      const isRequest = (bytesOf(piu)[6]! & 0x80) === 0;
      if (isRequest) expect(session.sendChain(data, 0, data.length, SEND.CD)).toBe(true);
    }
    ours.push(...port.takePius());
  }
  expect(port.log.filter((line) => line.startsWith('error'))).toEqual([]);
  return { ours, theirs };
}

describe('recordings of a real VTAM', () => {
  for (const [name, unanswered] of Object.entries(UNANSWERED)) {
    const file = TRACES + name;
    const isThere = existsSync(file);
    if (!isThere) console.log(`skipped: ${file} is not beside the project`);
    it.skipIf(!isThere)(`${name}: our PIUs are those of the terminal, byte for byte`, () => {
      const { ours, theirs } = play(JSON.parse(readFileSync(file, 'utf8')) as Recording);
      expect(theirs.length).toBeGreaterThan(4);
      expect(ours).toEqual([...theirs, ...unanswered]);
    });
  }
});
