import { describe, expect, it } from 'vitest';
import { sessionRulesOf } from '../../../src/fsm/session-rules.js';
import { sharedRulesOf } from '../../../src/fsm/shared-rules.js';
import { Bench, bindImage } from './recording-port.js';

/** Usage byte that says: no segments. */
const WHOLE_BIU = 0x80 | 0x30;

describe('rules that sessions share', () => {
  it('are one object for BINDs that differ in names only', () => {
    const [one, other] = [bindImage(), bindImage({ type: 0 })];
    other[20] = 0x40;
    const [first, second] = [new Bench(), new Bench()];
    first.sc(one);
    second.sc(other);
    expect(first.session.rules).toBeDefined();
    expect(second.session.rules).toBe(first.session.rules);
  });

  it('are those of the BIND, whichever byte differs', () => {
    const images = [
      bindImage(),
      bindImage({ fm: 4 }),
      bindImage({ ts: 4 }),
      bindImage({ plu: 0xb0 }),
      bindImage({ slu: 0xb1 }),
      bindImage({ common: 0x20 }),
      bindImage({ traffic: 0x40 }),
      bindImage({ sendWindow: 3 }),
      bindImage({ receiveWindow: 3 }),
      bindImage({ sendSize: 0x86 }),
      bindImage({ receiveSize: 0x87 }),
      bindImage({ luType: 2 }),
    ];
    const shared = images.map((image) => sharedRulesOf(image).rules);
    expect(new Set(shared).size).toBe(images.length);
    expect(shared).toEqual(images.map((image) => sessionRulesOf(image)));
  });

  it('stay right when there are more of them than are kept', () => {
    for (let window = 0; window < 64; window += 1) {
      expect(sharedRulesOf(bindImage({ sendWindow: window })).rules.sendWindow).toBe(window);
    }
    expect(sharedRulesOf(bindImage({ sendWindow: 1 })).rules.sendWindow).toBe(1);
  });

  it('cannot be changed by one session for all others', () => {
    const { rules, masks } = sharedRulesOf(bindImage());
    const { plu, slu } = rules;
    expect([rules, masks, plu, slu].every((one) => Object.isFrozen(one))).toBe(true);
  });

  it('bound our RUs by the PIU of the link where the partner takes no segments', () => {
    const image = bindImage({ common: WHOLE_BIU, sendSize: 0x87 });
    expect(sharedRulesOf(image, 265).rules.sendRuSize).toBe(256);
    expect(sharedRulesOf(image, 521).rules.sendRuSize).toBe(512);
    expect(sharedRulesOf(image, 4105).rules.sendRuSize).toBe(1024);
    expect(sharedRulesOf(image).rules.sendRuSize).toBe(1024);
    expect(sharedRulesOf(bindImage({ common: WHOLE_BIU, sendSize: 0 }), 265).rules.sendRuSize).toBe(256);
    expect(sharedRulesOf(bindImage({ sendSize: 0x87 }), 265).rules.sendRuSize).toBe(1024);
  });
});
