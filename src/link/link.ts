import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { HostLinkError, toHostLinkError } from '../base/errors.js';
import type { EventName } from '../base/events.js';
import type { Log, Logger } from '../base/log.js';
import { OutBlock } from '../base/out-block.js';
import type { Prng } from '../base/prng.js';
import type { WorkerChannel, WorkerHandler } from '../channel/channel.js';
import type {
  LinkState,
  OperatorChange,
  OperatorChanged,
  SessionRow,
  WorkerCounters,
  WorkerStart,
} from '../channel/messages.js';
import type { LinkConfig, PeerAddress } from '../config/model.js';
import { splitSsp } from '../dlsw/framing.js';
import { DlswPeer } from '../dlsw/peer.js';

import { TRACE_KIND, TraceBlock } from '../trace/records.js';
import { createCounters, type LinkCounters } from './counters.js';
import { Operator } from './operator.js';
import { Pu } from './pu.js';
import { PuCircuit } from './pu-circuit.js';
import { Reports } from './reports.js';
import { Sessions } from './sessions.js';
import { Shutdown } from './shutdown.js';
import { type CreateTransport, createTcpTransport, type Transport, type TransportEvents } from './transport.js';

export interface LinkContext {
  readonly channel: WorkerChannel;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly log: Log;
  readonly createTransport?: CreateTransport;
}

const VENDOR_TEXT = 'hostlink';

/**
 * One link: its transport, its DLSw peer, its PUs with their circuits, its sessions. Lives in one worker and talks to the
 * supervisor through its channel only. What goes out is gathered and written once per tick.
 */
export class Link implements WorkerHandler, TransportEvents {
  readonly config: LinkConfig;
  readonly sessions: Sessions;
  /** Resolves when the link has stopped. */
  readonly stopped: Promise<void>;
  private readonly context: LinkContext;
  private readonly logger: Logger;
  private readonly out = new OutBlock();
  private readonly tally: LinkCounters = createCounters();
  private readonly transport: Transport;
  private readonly backoff: Backoff;
  private readonly circuits: readonly PuCircuit[];
  private readonly operator: Operator;
  private readonly shutdown: Shutdown;
  private readonly reports: Reports;
  private peer: DlswPeer | undefined;
  /** Whom to connect to: the peer, or its backup. */
  private peerAddress: PeerAddress;
  private cancelWatch: (() => void) | undefined;
  private state: LinkState = 'DOWN';
  private reason = 'not started';
  private isFlushDue = false;
  private isReportDue = false;
  private cancelTimer: (() => void) | undefined;
  private traceBlock: TraceBlock | undefined;
  private isTracingDlsw = false;
  private resolveStopped: () => void = () => {};

  constructor(start: WorkerStart, context: LinkContext) {
    const { link, groups, replySizeMax } = start;
    const { clock, prng, channel, log } = context;
    this.context = context;
    this.config = link;
    this.peerAddress = link.peer;
    this.logger = log.part('link');
    const { connectRetryMs: firstMs, connectRetryMaxMs: maxMs } = link.timers;
    this.backoff = new Backoff({ firstMs, maxMs }, prng);
    const counters = this.tally;
    const changed = (): void => this.changed();
    this.sessions = new Sessions({
      link,
      groups,
      channel,
      clock,
      prng,
      logger: log.part('session'),
      counters,
      changed,
      silent: (session) => this.silent(session.config.name),
    });
    this.operator = new Operator(this.sessions);
    const { sna } = link;
    this.reports = new Reports({ link, channel, clock, log, counters });
    const { reports, sessions } = this;
    const shared = { channel, clock, log, sna, replySizeMax, counters, reports, owner: this, sessions };
    this.circuits = link.pus.map((config) => this.createCircuit(new Pu(config, shared)));
    const { circuits } = this;
    this.shutdown = new Shutdown({ sessions, circuits, clock, haltMs: link.timers.haltMs, ended: () => this.end() });
    this.transport = (context.createTransport ?? createTcpTransport)(link, clock, this);
    this.stopped = new Promise((resolve) => {
      this.resolveStopped = resolve;
    });
  }

  /** Begin to connect, or to wait for the peer. */
  open(): void {
    const { role, local } = this.config;
    const { address, port } = role === 'origin' ? this.peerAddress : local;
    const doing = role === 'origin' ? 'connecting to' : 'waiting for the peer at';
    this.enter('CONNECTING', `${doing} ${address}:${port}`);
    this.tell('info', 'link.connecting', '', { address, port, role });
    this.transport.open(this.peerAddress);
  }

  // WorkerHandler: what the supervisor asks

  request(id: number, group: number, deadlineMs: number, bytes: Buffer, from: number, to: number): void {
    this.sessions.calls.request(id, group, deadlineMs, bytes, from, to);
  }

  requestsEnd(): void {
    this.sessions.calls.requestsEnd();
  }

  cancel(id: number): void {
    this.sessions.calls.cancel(id);
  }

  inspect(): readonly SessionRow[] {
    return this.sessions.table.sessions.map((session) => session.row());
  }

  counters(): WorkerCounters {
    this.reportSoon();
    const { requests, refused } = this.sessions.calls;
    return { ...this.tally, requests, refused };
  }

  trace(pius: boolean, dlsw: boolean): void {
    this.sendTrace();
    this.traceBlock = pius || dlsw ? new TraceBlock() : undefined;
    this.isTracingDlsw = dlsw;
    for (const { pu } of this.circuits) pu.sender.trace = pius ? this.traceBlock : undefined;
  }

  operate(change: OperatorChange): OperatorChanged {
    switch (change.name) {
      case 'deactivate':
        return this.operator.deactivate(change.lus);
      case 'activate':
        return this.operator.activate(change.lus);
      case 'loglevel':
        this.context.log.setLevel(change.part, change.level);
        return { lus: 0, held: 0 };
    }
  }

  /**
   * End the sessions in order, then the circuits, then the connection. After `graceMs`, or when asked again with 0, what is
   * left is ended with one last write.
   */
  stop(graceMs: number): void {
    const isHastened = this.state === 'STOPPING';
    if (isHastened && graceMs > 0) return;
    this.enter('STOPPING', 'stopping');
    this.cancelTimer?.();
    if (graceMs === 0) return this.shutdown.now();
    this.cancelTimer = this.context.clock.after(graceMs, () => this.shutdown.now());
    this.shutdown.begin();
  }

  // TransportEvents

  up(localAddress: string, remoteAddress: string): void {
    const { dlsw, timers, backlogMax, sna } = this.config;
    const { clock } = this.context;
    const options = { dlsw, timers, clock, vendorText: VENDOR_TEXT, backlogMax, piuSizeMax: sna.piuSizeMax };
    this.peer = new DlswPeer(options, {
      out: this.out,
      wantsFlush: () => this.flushSoon(),
      up: () => this.peerUp(),
      dualToSingle: (keep) => {
        this.flush();
        this.transport.reduce(keep);
      },
      failed: (error) => this.lost(error),
    });
    this.enter('CONNECTED', 'exchanging capabilities');
    this.watch();
    this.peer.connected({ connections: dlsw.connections, localAddress, remoteAddress });
  }

  /** Hot path: what the socket had. */
  data(chunk: Buffer): void {
    this.tally.bytesIn += chunk.length;
    this.reports.ring?.nextTurn();
    if (this.traceBlock !== undefined) this.flushSoon();
    if (this.isTracingDlsw) this.record(false, chunk);
    try {
      this.peer?.received(chunk);
    } catch (error) {
      this.lost(toHostLinkError(error));
    }
  }

  down(error: HostLinkError): void {
    this.lost(error);
  }

  // PuOwner

  /** A PU became active or ceased to be: the link is ACTIVE while any is. */
  puChanged(pu: Pu, reason: string): void {
    this.tell('info', pu.isActive ? 'pu.active' : 'pu.down', pu.config.name, { reason });
    if (this.state !== 'CONNECTED' && this.state !== 'ACTIVE') return;
    const isActive = this.circuits.some((circuit) => circuit.pu.isActive);
    if (isActive) this.backoff.reset();
    this.enter(isActive ? 'ACTIVE' : 'CONNECTED', isActive ? '' : reason);
  }

  sendFailed(pu: Pu, error: HostLinkError): void {
    this.tell('warn', 'circuit.congested', pu.config.name, error.toRecord());
    this.circuits.find((circuit) => circuit.pu === pu)?.fail(error);
  }

  private createCircuit(pu: Pu): PuCircuit {
    for (const session of pu.sessions()) this.sessions.table.add(session);
    const { clock, prng } = this.context;
    return new PuCircuit(pu, {
      link: this.config,
      clock,
      prng,
      changed: (_, error) => this.circuitChanged(pu, error),
    });
  }

  private circuitChanged(pu: Pu, error: HostLinkError | undefined): void {
    if (this.state === 'STOPPING') return this.shutdown.look();
    if (error) this.tell('warn', 'circuit.down', pu.config.name, error.toRecord());
    else this.tell('info', 'circuit.up', pu.config.name, {});
    if (error && this.state === 'CONNECTED') this.enter('CONNECTED', error.message);
  }

  private peerUp(): void {
    this.tell('info', 'link.connected', '', { peer: this.peerAddress });
    this.enter('CONNECTED', 'waiting for the host to activate a PU');
    for (const circuit of this.circuits) circuit.open(this.peer!);
  }

  private flushSoon(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    this.context.clock.soon(this.flush);
  }

  /** Hot path: one write per tick for everything that came together. */
  private readonly flush = (): void => {
    this.isFlushDue = false;
    this.reports.ring?.nextTurn();
    const block = this.out.take();
    if (block !== undefined) {
      this.tally.bytesOut += block.length;
      if (this.isTracingDlsw) this.record(true, block);
      this.write(block);
    }
    if (this.traceBlock !== undefined) this.sendTrace();
  };

  private write(block: Buffer): void {
    if (!this.config.dlsw.oneMessagePerWrite) {
      this.transport.write(block, this.recycle);
      return;
    }
    for (const message of splitSsp(block)) this.transport.write(message, () => {});
  }

  private readonly recycle = (block: Buffer): void => this.out.recycle(block);

  /** The connection is gone, or had to be given up: every session on it is too. It is tried again after a back-off. */
  private lost(error: HostLinkError): void {
    const wasUp = this.peer !== undefined;
    this.cancelWatch?.();
    this.peer?.disconnected();
    this.peer = undefined;
    this.transport.close();
    this.out.take();
    const isStopping = this.state === 'STOPPING';
    if (!isStopping) this.enter('DOWN', error.message);
    for (const circuit of this.circuits) circuit.lost(error);
    if (isStopping) return this.shutdown.over();
    this.tell('warn', wasUp ? 'link.down' : 'link.refused', '', error.toRecord());
    this.cancelTimer?.();
    this.cancelTimer = this.context.clock.after(this.nextTryMs(wasUp), () => this.open());
  }

  /** When to try again, and where: a backup is tried at once when the peer refused; both in vain is one failure. */
  private nextTryMs(wasUp: boolean): number {
    const { peer, backup } = this.config;
    const wasPeer = this.peerAddress === peer;
    this.peerAddress = wasPeer && !wasUp && backup !== undefined ? backup : peer;
    return this.peerAddress === backup ? 0 : this.backoff.nextMs();
  }

  /** Give the link up when nothing comes for too long; a timer looks at the count of bytes, the hot path does nothing. */
  private watch(): void {
    const { inactivityMs } = this.config.dlsw;
    if (inactivityMs === 0) return;
    const { bytesIn } = this.tally;
    this.cancelWatch = this.context.clock.after(inactivityMs, () => {
      if (this.tally.bytesIn !== bytesIn) return this.watch();
      const note = `Nothing came for ${inactivityMs} ms.`;
      this.lost(new HostLinkError('LINK_TIMEOUT', note, { inactivityMs }));
    });
  }

  /** The host owes an answer for too long, and nothing else came from it either: the connection is dead. */
  private silent(lu: string): void {
    const { initMs } = this.config.timers;
    const note = `Nothing came for ${initMs} ms, not even the answer to a logon.`;
    this.lost(new HostLinkError('LINK_TIMEOUT', note, { lu, initMs }));
  }

  private enter(state: LinkState, reason: string): void {
    if (this.state === state && this.reason === reason) return;
    if (state === 'ACTIVE' && this.state !== 'ACTIVE') {
      this.tell('info', 'link.active', '', {});
    }
    this.state = state;
    this.reason = reason;
    this.reportSoon();
  }

  /** Into the log and to the supervisor; every line names the PU and LU it is about, '' where it is about none. */
  private tell(level: 'info' | 'warn', name: EventName, pu: string, details: object): void {
    this.logger[level]({ pu, lu: '', ...details }, name);
    this.context.channel.event(name, { link: this.config.name, pu, ...details });
  }

  /** Session counts changed. */
  private changed(): void {
    this.reportSoon();
    if (this.state === 'STOPPING') this.shutdown.look();
  }

  private reportSoon(): void {
    if (this.isReportDue) return;
    this.isReportDue = true;
    this.context.clock.soon(this.report);
  }

  private readonly report = (): void => {
    this.isReportDue = false;
    const { state: link, reason } = this;
    const { table } = this.sessions;
    this.context.channel.report({ link, reason, ready: [...table.ready], states: table.countsByState() });
  };

  /** The end: whatever is still there goes without ceremony. */
  private end(): void {
    this.cancelTimer?.();
    this.cancelWatch?.();
    this.sessions.recovery.destroy();
    this.flush();
    this.peer?.disconnected();
    this.peer = undefined;
    for (const circuit of this.circuits) circuit.pu.circuitDown('stopped');
    this.transport.destroy();
    this.report();
    this.resolveStopped();
  }

  private record(toHost: boolean, bytes: Buffer): void {
    this.traceBlock!.add(this.context.clock.wallMs(), TRACE_KIND.dlsw, toHost, 0, bytes, 0, bytes.length);
  }

  private sendTrace(): void {
    const block = this.traceBlock?.take();
    if (block) this.context.channel.trace(block);
  }
}
