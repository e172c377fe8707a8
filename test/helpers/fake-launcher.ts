import type { FromWorker, ToWorker, WorkerStart } from '../../src/channel/messages.js';
import type { RunningWorker, WorkerLauncher, WorkerOutcome } from '../../src/supervisor/launcher.js';
import { type FakePort, fakePorts } from './fake-port.js';

/** A worker that does what the test says. */
export class FakeRun implements RunningWorker {
  readonly start: WorkerStart;
  readonly port: FakePort;
  /** The worker's end. */
  readonly far: FakePort;
  isAborted = false;
  private readonly end: (outcome: WorkerOutcome) => void;

  constructor(start: WorkerStart, end: (outcome: WorkerOutcome) => void) {
    this.start = start;
    this.end = end;
    [this.port, this.far] = fakePorts();
  }

  /** The messages the supervisor has sent. */
  get heard(): ToWorker[] {
    return this.port.posted as ToWorker[];
  }

  /** Say something; `isRead` false leaves it unread in the port. */
  say(message: FromWorker, isRead = true): void {
    this.far.postMessage(message);
    if (isRead) this.port.deliver();
  }

  /** Say that it lives, and how many sessions of group 0 it has. */
  sayReady(sessions: number): void {
    const link = sessions > 0 ? 'ACTIVE' : 'DOWN';
    const states = [0, 0, 0, 0, 0, sessions, 0, 0, 0, 0, 0];
    this.pong();
    this.say({ kind: 'report', report: { link, reason: sessions > 0 ? '' : 'no host', ready: [sessions], states } });
  }

  pong(): void {
    const none = { requests: 0, replies: 0, refused: 0, lateReplies: 0, piusIn: 0, piusOut: 0, bytesIn: 0 };
    const counters = { ...none, bytesOut: 0, protocolErrors: 0, sessionsLost: 0 };
    this.say({ kind: 'pong', seq: 1, counters, heapBytes: 1 });
  }

  broke(reason: string): void {
    this.end({ kind: 'broke', reason });
  }

  stopped(): void {
    this.end({ kind: 'ended', end: { workerId: this.start.workerId, reason: 'stopped' } });
  }

  drain(hear: (message: unknown) => void): void {
    this.port.drain(hear);
  }

  abort(): void {
    this.isAborted = true;
  }
}

export class FakeLauncher implements WorkerLauncher {
  readonly runs: FakeRun[] = [];
  isClosed = false;

  launch(start: WorkerStart, ended: (outcome: WorkerOutcome) => void): FakeRun {
    const run = new FakeRun(start, ended);
    this.runs.push(run);
    return run;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}
