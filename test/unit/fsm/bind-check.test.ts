import { describe, expect, it } from 'vitest';
import { checkBind, negotiateBind } from '../../../src/fsm/bind-check.js';
import { dfcBit, type SessionRules, sessionRulesOf } from '../../../src/fsm/session-rules.js';
import { DFC } from '../../../src/sna/masks.js';
import { decodeRuSize } from '../../../src/sna/ru-size.js';
import { type BindFields, bindImage, bytesOf } from './recording-port.js';

function verdict(fields: BindFields, luType: 'LU0' | 'LU1' | 'LU2' | 'LU3' = 'LU0'): number | 'ok' {
  return checkBind(bindImage(fields), luType) || 'ok';
}

function rulesOf(fields: BindFields = {}): SessionRules {
  return sessionRulesOf(bindImage(fields));
}

describe('validation of a BIND (2.8)', () => {
  it.each([
    ['FM 2, TS 3', { fm: 2 }],
    ['FM 3, TS 3', {}],
    ['FM 4, TS 4', { fm: 4, ts: 4 }],
    ['FM 7, TS 3', { fm: 7 }],
    ['FM 18, TS 4', { fm: 18, ts: 4 }],
    ['FM 3, TS 2', { ts: 2 }],
    ['negotiable', { type: 0 }],
    ['no RU limit', { sendSize: 0, receiveSize: 0 }],
  ])('takes %s for LU 0', (_name, fields) => {
    expect(verdict(fields)).toBe('ok');
  });

  it.each([
    ['format 1', { type: 0x11 }, 0x08350001],
    ['type 2', { type: 2 }, 0x08350001],
    ['FM 19', { fm: 19, ts: 7 }, 0x08350002],
    ['FM 6', { fm: 6 }, 0x08350002],
    ['TS 7', { ts: 7 }, 0x08350003],
    ['TS 1', { ts: 1 }, 0x08350003],
    ['compressed data', { plu: 0xb3 }, 0x08350004],
    ['FM 2 without responses of the PLU', { fm: 2, plu: 0x01 }, 0x08350004],
    ['reserved mode', { traffic: 0xc0 }, 0x08350007],
    ['RU size without mantissa', { sendSize: 0x05 }, 0x0835000a],
    ['RU size without mantissa', { receiveSize: 0x75 }, 0x0835000b],
    ['LU type 2', { luType: 2 }, 0x08210000],
    ['LU type 6', { luType: 6 }, 0x08210000],
  ])('refuses %s', (_name, fields, senseData) => {
    expect(verdict(fields)).toBe(senseData);
  });

  it.each([
    ['LU2', 2, 3, 3, 'ok'],
    ['LU2', 2, 4, 3, 0x08350002],
    ['LU2', 2, 3, 4, 0x08350003],
    ['LU1', 1, 3, 3, 'ok'],
    ['LU1', 1, 4, 4, 'ok'],
    ['LU1', 1, 18, 4, 0x08350002],
    ['LU1', 1, 3, 2, 0x08350003],
    ['LU3', 3, 3, 3, 'ok'],
    ['LU3', 0, 3, 3, 0x08210000],
  ] as const)('%s with type %i, FM %i, TS %i', (luType, code, fm, ts, expected) => {
    expect(verdict({ luType: code, fm, ts }, luType)).toBe(expected);
  });

  it('refuses cryptography at the byte that asks for it', () => {
    const image = bindImage();
    image[26] = 0x10;
    expect(checkBind(image, 'LU0')).toBe(0x0835001a);
  });

  it('takes what ends at byte 14, refuses what is shorter', () => {
    expect(checkBind(bindImage().slice(0, 15), 'LU0')).toBe(0);
    for (const size of [0, 1, 14]) {
      expect(checkBind(bindImage().slice(0, size), 'LU0')).toBe(0x10020000);
    }
  });

  it('refuses trailing fields that run over the end', () => {
    const whole = bytesOf('31010303b1b0308000038586030000000000000000000000000000 02c8d6 06 00e4e2c5d9f1 00 00');
    expect(checkBind(whole, 'LU0')).toBe(0);
    expect(checkBind(whole.slice(0, 33), 'LU0')).toBe(0x10020000);
    whole[27] = 18;
    expect(checkBind(whole, 'LU0')).toBe(0x0835001b);
  });

  it.each([
    ['as it wants them', { common: 0x30, traffic: 0x80 }, 'ok'],
    ['rule 2', { common: 0x20 }, 0x08350006],
    ['no brackets', { plu: 0xb0, slu: 0xb0, common: 0x10 }, 0x08350006],
    ['contention', { traffic: 0x40 }, 0x08350007],
  ])('strict profile 3: %s', (_name, fields, expected) => {
    expect(checkBind(bindImage(fields), 'LU0', true) || 'ok').toBe(expected);
    expect(verdict(fields)).toBe('ok');
  });
});

describe('rules of a BIND', () => {
  it('reads the vector bind.lu0.fm3ts3', () => {
    const image = bytesOf(
      '31010303b1b0308000038586030000000000000000000000000000000008c8d6e2e3c1d7d7d30600e4e2c5d9f10000',
    );
    expect(sessionRulesOf(image)).toMatchObject({
      fmProfile: 3,
      tsProfile: 3,
      luType: 0,
      plu: { chainsAllowed: true, isDelayedRequest: false, chainResponse: 3, mayEndBracket: true },
      slu: { chainsAllowed: true, isDelayedRequest: false, chainResponse: 3, mayEndBracket: false },
      hasBrackets: true,
      isResetInBracket: false,
      isEndConditional: true,
      isSluFirstSpeaker: true,
      mode: 'FLIP_FLOP',
      sendWindow: 0,
      receiveWindow: 3,
      sendRuSize: 256,
      receiveRuSize: 512,
      hasSdt: true,
      hasStsn: false,
    });
  });

  it.each([
    [{ traffic: 0x00 }, 'DUPLEX'],
    [{ traffic: 0x40 }, 'CONTENTION'],
    [{ traffic: 0x80 }, 'FLIP_FLOP'],
  ] as const)('mode of %o', (fields, mode) => {
    expect(rulesOf(fields).mode).toBe(mode);
  });

  it('brackets: used with either EB bit or bit 20; reset state by bit 20', () => {
    expect(rulesOf({ plu: 0xb0, slu: 0xb0, common: 0x20 })).toMatchObject({
      hasBrackets: true,
      isResetInBracket: false,
    });
    expect(rulesOf({ plu: 0xb1, slu: 0xb0, common: 0 })).toMatchObject({ hasBrackets: true, isResetInBracket: true });
    expect(rulesOf({ plu: 0xb0, slu: 0xb1, common: 0 })).toMatchObject({ hasBrackets: true, isResetInBracket: true });
    expect(rulesOf({ plu: 0xb0, slu: 0xb0, common: 0 })).toMatchObject({ hasBrackets: false, isResetInBracket: false });
  });

  it('FM 2 fixes single RUs, no responses of ours, full duplex, rule 2, PLU ends brackets', () => {
    const rules = rulesOf({ fm: 2, plu: 0xb0, slu: 0xb1, common: 0x70, traffic: 0xb0 });
    expect(rules).toMatchObject({
      plu: { chainsAllowed: false, mayEndBracket: true },
      slu: { chainsAllowed: false, isDelayedRequest: true, chainResponse: 0, mayEndBracket: false },
      isFmhAllowed: false,
      isEndConditional: false,
      isSluFirstSpeaker: true,
      mode: 'DUPLEX',
      dfcReceive: 0,
      dfcSend: 0,
    });
  });

  const { BID, RTR, CANCEL, SIGNAL, LUSTAT, CHASE, SHUTD, SHUTC, RSHUTD, QEC, QC, RELQ, BIS, SBI } = DFC;
  it.each([
    [3, [CANCEL, SIGNAL, CHASE, SHUTD, BID, RTR], [CANCEL, SIGNAL, LUSTAT, CHASE, SHUTC, RSHUTD, BID, RTR]],
    [
      4,
      [CANCEL, SIGNAL, LUSTAT, CHASE, SHUTD, BID, RTR, QEC, QC, RELQ],
      [CANCEL, SIGNAL, LUSTAT, CHASE, SHUTC, RSHUTD, BID, RTR, QEC, QC, RELQ],
    ],
    [7, [CANCEL, SIGNAL, LUSTAT], [CANCEL, SIGNAL, LUSTAT, RSHUTD]],
    [18, [CANCEL, SIGNAL, LUSTAT, BIS, SBI, CHASE, BID, RTR], [CANCEL, SIGNAL, LUSTAT, BIS, SBI, CHASE, BID, RTR]],
  ])('FM %i has its data flow control requests', (fm, receive, send) => {
    const rules = rulesOf({ fm });
    const names = (mask: number) => Object.entries(DFC).filter(([, code]) => (mask & dfcBit(code)) !== 0);
    const sorted = (codes: readonly number[]) => [...codes].sort((a, b) => a - b);
    expect(sorted(names(rules.dfcReceive).map(([, code]) => code))).toEqual(sorted(receive));
    expect(sorted(names(rules.dfcSend).map(([, code]) => code))).toEqual(sorted(send));
    expect(rulesOf({ fm, plu: 0xb0, common: 0 }).dfcReceive & (dfcBit(BID) | dfcBit(RTR))).toBe(0);
  });

  it.each([
    [2, false, true, false],
    [3, true, true, false],
    [4, true, true, true],
  ])('TS %i: SDT %s, CLEAR %s, STSN %s', (ts, hasSdt, hasClear, hasStsn) => {
    expect(rulesOf({ ts })).toMatchObject({ hasSdt, hasClear, hasStsn });
  });
});

describe('a negotiable BIND', () => {
  const image = bindImage({
    type: 0,
    plu: 0xb3,
    slu: 0xb2,
    sendWindow: 40,
    receiveWindow: 0,
    sendSize: 0x88,
    receiveSize: 0xf8,
  });

  it('loses adaptive pacing and compression, and nothing else without limits', () => {
    const offered = image.slice();
    offered[9] = 0x80;
    const answer = negotiateBind(offered);
    expect(answer).not.toBe(offered);
    const expected = image.slice();
    expected[4] = 0xb1;
    expected[5] = 0xb0;
    expect(answer).toEqual(expected);
  });

  it('is lowered to the limits, never raised; no pacing stays no pacing', () => {
    const answer = negotiateBind(image, {
      sendWindowMax: 7,
      receiveWindowMax: 3,
      sendRuSizeMax: 1000,
      receiveRuSizeMax: 9999,
    });
    expect([answer[8], answer[9], answer[12], answer[13]]).toEqual([7, 0, 0, 7]);
    expect([decodeRuSize(answer[10]!), answer[11]]).toEqual([960, 0xf8]);
    expect(decodeRuSize(negotiateBind(bindImage({ type: 0, sendSize: 0 }), { sendRuSizeMax: 512 })[10]!)).toBe(512);
    expect(negotiateBind(bindImage({ type: 0, sendSize: 0x81 }), { sendRuSizeMax: 512 })[10]).toBe(0x81);
  });
});
