import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bindResponseFault, decodeRules, ruSizeCode, ruSizeOf } from '../../../src/host/bind-rules.js';
import { type HostDefinitionsInput, parseDefinitions } from '../../../src/host/definitions.js';
import { bindImage } from '../../../src/host/log-modes.js';
import { expedited, hostWith, logon, request } from '../../helpers/host-fixture.js';

const EXAMPLE = parse(
  readFileSync(new URL('../../../examples/host.yaml', import.meta.url), 'utf8'),
) as HostDefinitionsInput;

/** Requests of one call and what must come back, as RH hex; the data is always 'AB'. */
interface Case {
  readonly mode: string;
  /** BIND bytes 1 to 14. */
  readonly bind: string;
  /** Session control after BIND. */
  readonly control: string[];
  readonly send: string;
  readonly back: string[];
  /** RH of the response to the reply, where it asks for one. */
  readonly answer?: string;
}

const CASES: Case[] = [
  { mode: 'LU0FAST', bind: '010303b1b030800000f8f8000000', control: ['a0'], send: '0390a0', back: ['039040'] },
  { mode: 'LU0HEX', bind: '010303b1b030800000f8f8000000', control: ['a0'], send: '0380a0', back: ['838000', '039040'] },
  {
    mode: 'LU0SAFE',
    bind: '010303a1a0308003038585030300',
    control: ['a0'],
    send: '0381a0',
    back: ['838100', '038140'],
    answer: '838100',
  },
  { mode: 'LU0CONT', bind: '010303b0b000400000f8f8000000', control: ['a0'], send: '039000', back: ['039000'] },
  {
    mode: 'LU0CONTB',
    bind: '010303b1b0304002028686020200',
    control: ['a0'],
    send: '039180',
    back: ['830100', '039140'],
  },
  { mode: 'LU0FDX', bind: '010202104000000000f8f8000000', control: [], send: '030000', back: ['039000'] },
  { mode: 'LU0FDX3', bind: '010203104000000000f8f8000000', control: ['a0'], send: '030000', back: ['039000'] },
  {
    mode: 'LU0FM4',
    bind: '010404b1b0348007078787070700',
    control: ['a25000000000', 'a0'],
    send: '0391a0',
    back: ['830100', '039140'],
  },
  { mode: 'LU0FM7', bind: '010703b0b0008000008787000000', control: ['a0'], send: '039020', back: ['039020'] },
  {
    mode: 'LU0FM18',
    bind: '011204b1b0248000008787000000',
    control: ['a25000000000', 'a0'],
    send: '0390a0',
    back: ['039040'],
  },
  { mode: 'LU0NEG', bind: '000303b1b0308005058787050500', control: ['a0'], send: '0391a0', back: ['830100', '039140'] },
  {
    mode: 'LU0NEG4',
    bind: '000404b1b030800505f8f8050500',
    control: ['a0'],
    send: '0391a0',
    back: ['830100', '039140'],
  },
  { mode: 'LU0INB', bind: '010303b1b010800000f8f8000000', control: ['a0'], send: '039020', back: ['039040'] },
  {
    mode: 'LU0PLU1',
    bind: '010303b1b030900000f8f8000000',
    control: ['a0'],
    send: '0380a0',
    back: ['838000', '039040'],
  },
];

describe('log modes of examples/host.yaml', () => {
  it('has a case for every one of them', () => {
    expect(CASES.map(({ mode }) => mode).sort()).toEqual(
      parseDefinitions(EXAMPLE)
        .logModes.map(({ name }) => name)
        .sort(),
    );
  });

  it.each(CASES)('$mode: BIND, session control, one call', ({ mode, bind, control, send, back, answer }) => {
    const fixture = hostWith({ logModes: EXAMPLE.logModes });
    const { pu, node, rules } = fixture;
    pu.up();
    const before = pu.all.length;
    const sent = logon(fixture, 2, 'ECHO', mode);
    expect(sent.ru.toString('hex', 1, 15)).toBe(bind);
    const after = pu.all.slice(before).filter(({ rh, ru }) => rh === '6b8000' && ru[0] !== 0x31);
    expect(after.map(({ ru }) => ru.toString('hex'))).toEqual(control);
    expect(node.lus.get('LU2')?.session?.state).toBe('ACTIVE');
    pu.piu(request(2, 1, 1, send, Buffer.from('AB')));
    const got = pu.drain();
    expect(got.map(({ rh }) => rh)).toEqual(back);
    expect(got.at(-1)?.ru.toString()).toBe('AB');
    if (answer) pu.piu(request(2, 1, got.at(-1)!.snf, answer));
    expect(rules()).toEqual([]);
    expect(node.ledger.list()[0]).toMatchObject({
      lu: 'LU2',
      application: 'ECHO',
      requests: 1,
      replies: 1,
      sessions: 1,
    });
    if (node.lus.get('LU2')?.session?.rules.brackets) {
      expect(node.lus.get('LU2')?.session?.brackets.state).toBe('BETB');
    }
  });

  it('uses the negotiated values, not the ones it offered', () => {
    const fixture = hostWith({ logModes: EXAMPLE.logModes }, { auto: true });
    const { pu, node, rules } = fixture;
    pu.up();
    pu.auto = false;
    pu.piu(
      Buffer.concat([
        Buffer.from('2c00000200010b8000010681', 'hex'),
        Buffer.from('00d3e4f0d5c5c74040f304c5c3c8d6000000', 'hex'),
      ]),
    );
    const bind = pu.drain().find(({ ru }) => ru[0] === 0x31)!;
    const image = Buffer.from(bind.ru);
    image[8] = 2; // secondary send window
    image[13] = 2;
    image[11] = 0x85; // we take RUs of 256 only
    pu.respond(bind, image);
    pu.clock.settle();
    pu.respond(pu.take());
    pu.clock.settle();
    const session = node.lus.get('LU2')!.session!;
    expect(session.state).toBe('ACTIVE');
    expect([session.rules.windowIn, session.rules.ruSizeOut]).toEqual([2, 256]);
    pu.piu(request(2, 1, 1, '0391a0', Buffer.alloc(300, 7)));
    expect(pu.drain().map(({ rh, ru }) => [rh, ru.length])).toEqual([
      ['830100', 0],
      ['029140', 256],
      ['019000', 44],
    ]);
    expect(rules()).toEqual([]);
  });

  it('refuses a BIND response that changes what it may not', () => {
    const fixture = hostWith({ logModes: EXAMPLE.logModes });
    const { pu, node, rules } = fixture;
    pu.up();
    pu.auto = false;
    pu.piu(
      Buffer.concat([
        Buffer.from('2c00000200010b8000010681', 'hex'),
        Buffer.from('00d3e4f0d5c5c74040f304c5c3c8d6000000', 'hex'),
      ]),
    );
    const bind = pu.drain().find(({ ru }) => ru[0] === 0x31)!;
    const image = Buffer.from(bind.ru);
    image[2] = 0x04;
    pu.respond(bind, image);
    pu.clock.settle();
    expect(rules()).toEqual(['BIND_RESPONSE']);
    expect(pu.take().ru.toString('hex')).toBe('3206');
    expect(node.lus.get('LU2')?.session?.state).toBe('PEND_UNBIND');
  });

  it('STSN comes before SDT again after RQR', () => {
    const fixture = hostWith({ logModes: EXAMPLE.logModes });
    const { pu, rules } = fixture;
    pu.up();
    logon(fixture, 2, 'ECHO', 'LU0FM4');
    const before = pu.all.length;
    pu.piu(expedited(2, 1, 1, '6b8000', 'a3'));
    expect(pu.all.slice(before).map(({ ru }) => ru.toString('hex'))).toEqual(['a3', 'a1', 'a25000000000', 'a0']);
    // Numbers start again, and so do the windows.
    pu.piu(request(2, 1, 1, '0391a0', Buffer.from('AB')));
    expect(pu.drain().map(({ rh, snf }) => [rh, snf])).toEqual([
      ['eb8000', 1],
      ['830100', 0],
      ['039140', 1],
    ]);
    expect(rules()).toEqual([]);
  });
});

describe('BIND image', () => {
  it('names the application and carries the user data of the logon', () => {
    const [mode] = parseDefinitions(EXAMPLE).logModes;
    const image = bindImage(mode!, 'ECHO', Buffer.from([1, 2, 3]));
    expect(image.toString('hex', 27)).toBe('04c5c3c8d60301020300');
    expect(decodeRules(image)).toMatchObject({ fmProfile: 3, brackets: true, ruSizeIn: 3840, sluFirstSpeaker: true });
  });

  it('RU sizes that a code can say, and those that it cannot', () => {
    expect([256, 1536, 3840, 0].map(ruSizeCode)).toEqual([0x85, 0xc6 + 1, 0xf8, 0]);
    expect(ruSizeCode(1000)).toBe(undefined);
    expect(ruSizeOf(0xc7)).toBe(1536);
  });

  it('lets a negotiable response lower windows and sizes, and nothing rise', () => {
    const sent = Buffer.from('310003 03b1b0708005058787050500'.replaceAll(' ', ''), 'hex');
    const changed = (at: number, value: number) => {
      const got = Buffer.from(sent);
      got[at] = value;
      return bindResponseFault(sent, got, true);
    };
    expect([changed(8, 3), changed(12, 1), changed(10, 0x85), changed(6, 0x30)]).toEqual([-1, -1, -1, -1]);
    expect([changed(8, 6), changed(12, 0), changed(10, 0x88), changed(2, 4), changed(7, 0x90)]).toEqual([
      8, 12, 10, 2, 7,
    ]);
    // Staging stays; support of adaptive pacing may be taken back, not added.
    expect([changed(8, 0x85), changed(9, 0x85)]).toEqual([8, 9]);
    sent[9] = 0x85;
    expect([changed(9, 0x05), changed(9, 0xc5)]).toEqual([-1, 9]);
    expect(bindResponseFault(sent, sent, false)).toBe(-1);
    expect(bindResponseFault(sent, sent.subarray(0, 9), true)).toBe(9);
  });
});
