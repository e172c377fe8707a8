import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/base/clock.js';
import { HostLinkError } from '../../../src/base/errors.js';
import { createSilentLog } from '../../../src/base/log.js';
import { createSeededPrng } from '../../../src/base/prng.js';
import { WorkerChannel } from '../../../src/channel/channel.js';
import type { FromWorker } from '../../../src/channel/messages.js';
import type { LinkConfig, PeerAddress } from '../../../src/config/model.js';
import { Link } from '../../../src/link/link.js';
import type { TransportEvents } from '../../../src/link/transport.js';
import { DLSW, linkConfig, TIMERS } from '../../helpers/link-config.js';

const PEER = { address: '10.0.0.1', port: 2065 };
const BACKUP = { address: '10.0.0.2', port: 2066 };

/** A link on a simulated clock, whose connections are made and lost by the test. */
class LinkHarness {
  readonly clock = createSimulatedClock();
  readonly opened: PeerAddress[] = [];
  readonly events: { name: string; details: Record<string, unknown> }[] = [];
  transport!: TransportEvents;

  constructor(more: Partial<LinkConfig>) {
    const { clock } = this;
    const port = {
      postMessage: (value: unknown) => {
        const message = value as FromWorker;
        if (message.kind === 'event') this.events.push(message);
      },
      on: () => {},
      close: () => {},
    };
    const link = linkConfig({ peer: PEER, ...more });
    const start = { workerId: 0, link, groups: [{ index: 0, application: 'HOSTAPPL', sessionType: '' }] };
    new Link(
      { ...start, log: { level: 'silent', levels: {}, payload: false }, replySizeMax: 1000, bindings: {} },
      {
        channel: new WorkerChannel(port, clock),
        clock,
        prng: createSeededPrng(1),
        log: createSilentLog(),
        createTransport: (_link, _clock, events) => {
          this.transport = events;
          return {
            open: (peer) => void this.opened.push(peer),
            write: (block, done) => done(block),
            reduce: () => {},
            close: () => {},
            destroy: () => {},
          };
        },
      },
    ).open();
  }

  refuse(): void {
    this.transport.down(new HostLinkError('LINK_REFUSED'));
  }

  /** Peers tried since last asked. */
  tried(): PeerAddress[] {
    return this.opened.splice(0);
  }

  names(): string[] {
    return this.events.splice(0).map(({ name }) => name);
  }
}

describe('the connection of a link', () => {
  it('a backup is tried at once when the peer cannot be had; both in vain is one failure', () => {
    const harness = new LinkHarness({ backup: BACKUP });
    expect(harness.tried()).toEqual([PEER]);
    harness.refuse();
    harness.clock.advance(0);
    expect(harness.tried()).toEqual([BACKUP]);
    harness.refuse();
    harness.clock.advance(0);
    expect(harness.tried()).toEqual([]);
    harness.clock.advance(TIMERS.connectRetryMs);
    expect(harness.tried()).toEqual([PEER]);
    expect(harness.names()).toEqual([
      'link.connecting',
      'link.refused',
      'link.connecting',
      'link.refused',
      'link.connecting',
    ]);
  });

  it('when it was lost the peer is asked first again, whichever of the two it was', () => {
    const harness = new LinkHarness({ backup: BACKUP });
    harness.refuse();
    harness.clock.advance(0);
    harness.transport.up('10.0.0.9', BACKUP.address);
    harness.tried();
    harness.transport.down(new HostLinkError('LINK_LOST'));
    harness.clock.advance(TIMERS.connectRetryMaxMs);
    expect(harness.tried()).toEqual([PEER]);
  });

  it('without a backup the waits grow', () => {
    const harness = new LinkHarness({});
    const waits: number[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      harness.tried();
      harness.refuse();
      let waitedMs = 0;
      for (; harness.opened.length === 0; waitedMs += 10) harness.clock.advance(10);
      waits.push(waitedMs);
    }
    expect(waits[4]!).toBeGreaterThan(waits[0]! * 2);
  });

  it('one on which nothing comes for longer than dlsw.inactivity is given up; bytes keep it', () => {
    const harness = new LinkHarness({ dlsw: { ...DLSW, inactivityMs: 1000 }, timers: { ...TIMERS, capexMs: 60_000 } });
    harness.transport.up('10.0.0.9', PEER.address);
    harness.clock.advance(900);
    harness.transport.data(Buffer.of(0x31));
    harness.clock.advance(900);
    expect(harness.names()).toEqual(['link.connecting']);
    harness.clock.advance(1100);
    const [down] = harness.events;
    expect(down).toMatchObject({ name: 'link.down', details: { code: 'LINK_TIMEOUT' } });
    harness.clock.advance(TIMERS.connectRetryMaxMs);
    expect(harness.tried()).toEqual([PEER, PEER]);
  });
});
