import { describe, expect, it } from 'vitest';
import type { LinkConfig, LuConfig } from '../../../src/config/model.js';
import { Shutdown } from '../../../src/link/shutdown.js';
import { luConfig, puConfig, TIMERS } from '../../helpers/link-config.js';
import { PuHarness } from '../../helpers/pu-harness.js';

/** The end of a link on a simulated clock, PIU by PIU: sections 3.3, 3.4 and 4.5 of the wire text. */

const BIND = '31010303b1b03080000085c7000000000000000000000000000000';
const INIT_ACCEPTED = '2c00020000018b8000010681';
const SDT = '2d00020500026b8000a0';
const UNBIND = '2d00020500036b80003201';
const RSHUTD_TAKEN = '2d0002050003cb8000c2';
const RSHUTD_REFUSED = '2d0002050003cf90001001000000c2';
const RSHUTD = '4b8000 c2';
const TERM_ORDERLY = '0b8000 01068360f300';
const TERM_FORCED = '0b8000 01068340f300';
const UNBIND_ANSWER = 'eb8000 32';
const NOTIFY_OFF = '0b8000 8106200c0e01000100000040404040404040';
const HALT_MS = TIMERS.haltMs;

/** RH and RU of a PIU of ours. */
function said(piu: string): string {
  const words = `${piu.slice(12, 18)} ${piu.slice(18)}`;
  return words.startsWith(NOTIFY_OFF) ? 'NOTIFY' : words;
}

class Scene {
  readonly harness: PuHarness;
  readonly shutdown: Shutdown;
  /** What the link did beside sending PIUs. */
  readonly done: string[] = [];

  constructor(lu: Partial<LuConfig> = {}, link: Partial<LinkConfig> = {}) {
    this.harness = new PuHarness({ pus: [puConfig(1, { lus: [luConfig(2, lu)] })], ...link });
    this.harness.onChanged = () => this.shutdown.look();
    const { pu, sessions, clock } = this.harness;
    const circuit = {
      pu,
      isOpen: true,
      halt: () => void this.done.push('HALT_DL'),
    };
    this.circuit = circuit;
    this.shutdown = new Shutdown({
      sessions,
      circuits: [circuit],
      clock,
      haltMs: HALT_MS,
      ended: () => void this.done.push('ended'),
    });
  }

  private readonly circuit: { isOpen: boolean };

  /** Its session is there. */
  active(image = BIND): this {
    this.harness.activate();
    this.host(INIT_ACCEPTED, `2d00020500016b8000${image}`, SDT);
    return this;
  }

  begin(): string[] {
    this.shutdown.begin();
    return this.sent();
  }

  host(...pius: string[]): string[] {
    return this.harness.host(...pius).map(said);
  }

  sent(): string[] {
    return this.harness.sent().map(said);
  }

  after(ms: number): string[] {
    this.harness.clock.advance(ms);
    return this.sent();
  }

  /** The host answered HALT_DL. */
  halted(): void {
    this.circuit.isOpen = false;
    this.shutdown.look();
  }
}

/** The host's answer to a request on the SSCP-LU session, by its identifier; INIT-SELF was the first. */
function answer(id: number, header: string): string {
  return `2c0002000${id.toString(16).padStart(3, '0')}8b8000${header}`;
}

const notified = (id: number): string => answer(id, '810620');

describe('the end of a link', () => {
  it('RSHUTD, UNBIND answered, NOTIFY answered, HALT_DL answered: one after the other', () => {
    const scene = new Scene().active();
    expect(scene.begin()).toEqual([RSHUTD]);
    expect(scene.host(RSHUTD_TAKEN)).toEqual([]);
    expect(scene.host(UNBIND)).toEqual([UNBIND_ANSWER, 'NOTIFY']);
    expect(scene.done).toEqual([]);
    expect(scene.host(notified(2))).toEqual([]);
    expect(scene.done).toEqual(['HALT_DL']);
    scene.halted();
    expect(scene.done).toEqual(['HALT_DL', 'ended']);
    scene.halted();
    expect(scene.done, 'once').toHaveLength(2);
    scene.harness.clock.settle();
    expect(scene.harness.clock.pending()).toBe(0);
  });

  it('a session with a request is ended once it has its reply', () => {
    const scene = new Scene().active();
    scene.harness.request(7, 'c1');
    expect(scene.sent()).toHaveLength(1);
    expect(scene.begin()).toEqual([]);
    expect(scene.host('2c0002050001039040c2')).toEqual([RSHUTD]);
    expect(scene.harness.answered()).toEqual([{ id: 7, status: 'reply', value: 'c2' }]);
  });

  it('RSHUTD refused: TERM-SELF', () => {
    const scene = new Scene().active();
    scene.begin();
    expect(scene.host(RSHUTD_REFUSED)).toEqual([TERM_ORDERLY]);
    expect(scene.host(answer(2, '010683'), UNBIND)).toEqual([UNBIND_ANSWER, 'NOTIFY']);
  });

  it('no UNBIND in time: TERM-SELF by force; still none: the session is forgotten; each with its deadline', () => {
    const scene = new Scene().active();
    scene.begin();
    expect(scene.after(HALT_MS - 1)).toEqual([]);
    expect(scene.after(1)).toEqual([TERM_FORCED]);
    expect(scene.after(HALT_MS)).toEqual([]);
    expect(scene.harness.session().state).toBe('DOWN');
    expect(scene.done, 'NOTIFY has its turn behind TERM-SELF, and its own time').toEqual([]);
    expect(scene.after(HALT_MS)).toEqual([]);
    expect(scene.done).toEqual(['HALT_DL']);
  });

  it('NOTIFY unanswered: HALT_DL when its time has passed', () => {
    const scene = new Scene().active();
    scene.begin();
    scene.host(RSHUTD_TAKEN, UNBIND);
    scene.after(HALT_MS - 1);
    expect(scene.done).toEqual([]);
    scene.after(1);
    expect(scene.done).toEqual(['HALT_DL']);
  });

  it('a logon that waits at the host: NOTIFY alone, and a BIND that comes nevertheless is refused for now', () => {
    const scene = new Scene();
    scene.harness.activate();
    scene.host(INIT_ACCEPTED);
    expect(scene.begin()).toEqual(['NOTIFY']);
    expect(scene.host(`2d00020500016b8000${BIND}`)).toEqual(['ef9000 0845000031']);
    scene.host(notified(2));
    expect(scene.done).toEqual(['HALT_DL']);
  });

  it('the host deactivates the LU meanwhile: nothing to say NOTIFY on', () => {
    const scene = new Scene().active();
    scene.begin();
    expect(scene.host('2d00020000096b80000e')).toEqual(['eb8000 0e']);
    expect(scene.done).toEqual(['HALT_DL']);
  });

  it('an LU that the host never activated, and one that is off already, are through at once', () => {
    const never = new Scene();
    expect(never.begin()).toEqual([]);
    expect(never.done).toEqual(['HALT_DL']);
    const off = new Scene().active();
    off.harness.sessions.disable(off.harness.session(), 'an operator');
    expect(off.host(answer(2, '010683'), UNBIND)).toContain('NOTIFY');
    off.host(notified(3));
    expect(off.begin()).toEqual([]);
    expect(off.done).toEqual(['HALT_DL']);
  });

  it('UNBIND 02: the next BIND is waited for and refused, then NOTIFY', () => {
    const scene = new Scene().active();
    scene.begin();
    expect(scene.host(RSHUTD_TAKEN, UNBIND.replace(/01$/, '02'))).toEqual([UNBIND_ANSWER]);
    expect(scene.done).toEqual([]);
    expect(scene.host(`2d00020600016b8000${BIND}`)).toEqual(['ef9000 0845000031', 'NOTIFY']);
    scene.host(notified(2));
    expect(scene.done).toEqual(['HALT_DL']);
  });

  it('now: UNBIND and HALT_DL at once, also in the middle of an orderly end', () => {
    const idle = new Scene().active();
    idle.shutdown.now();
    expect(idle.sent()).toEqual(['6b8000 3201']);
    expect(idle.done).toEqual(['HALT_DL', 'ended']);
    const ending = new Scene().active();
    ending.begin();
    ending.shutdown.now();
    expect(ending.sent()).toEqual(['6b8000 3201']);
    ending.after(10 * HALT_MS);
    expect(ending.done).toEqual(['HALT_DL', 'ended']);
  });
});
