import type { Clock } from '../base/clock.js';
import { DFC } from '../sna/masks.js';
import type { ScriptStep } from './script-steps.js';
import type { PrimarySession } from './session.js';
import type { Program } from './session-types.js';

const SENSE_NOT_EXPECTED = 0x08120000;
const SENSE_WRONG_DATA = 0x10010000;
const REQUESTS_MAX = 1000;

/** Where one session is in the script. */
interface Progress {
  at: number;
  cancelWait: (() => void) | undefined;
  /** Control requests that came and that no step has waited for yet. */
  readonly controls: number[];
  /** Chains of the LU that came before the script was ready for them. */
  readonly early: Buffer[];
}

/** What `sendPattern` sends: the pattern of BIG. */
function pattern(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, at) => at % 251));
}

/** An application that does to each session what a list of steps says. */
export class ScriptProgram implements Program {
  readonly respondsAtOnce = false;
  private readonly steps: readonly ScriptStep[];
  private readonly clock: Clock;
  private readonly pass: (lu: string, application: string) => void;
  private readonly sessions = new Map<PrimarySession, Progress>();

  constructor(steps: readonly ScriptStep[], clock: Clock, pass: (lu: string, application: string) => void) {
    this.steps = steps;
    this.clock = clock;
    this.pass = pass;
  }

  onStart(session: PrimarySession): void {
    this.sessions.set(session, { at: 0, cancelWait: undefined, controls: [], early: [] });
    this.run(session);
  }

  onEnd(session: PrimarySession): void {
    this.sessions.get(session)?.cancelWait?.();
    this.sessions.delete(session);
  }

  onChain(session: PrimarySession, bytes: Buffer, from: number, to: number): void {
    const progress = this.sessions.get(session);
    const step = progress && this.steps[progress.at];
    if (progress && step && 'silent' in step) return;
    if (progress && step && !('expect' in step)) {
      progress.early.push(Buffer.from(bytes.subarray(from, to)));
      return;
    }
    if (!progress || !step || !('expect' in step)) {
      session.reject(SENSE_NOT_EXPECTED);
      return;
    }
    progress.at += 1;
    this.take(session, step.expect, bytes.toString('hex', from, to));
    this.run(session);
  }

  private take(session: PrimarySession, expect: { data?: string | undefined; respond: boolean }, hex: string): void {
    if (expect.data !== undefined && expect.data.toLowerCase() !== hex) session.reject(SENSE_WRONG_DATA);
    else if (expect.respond) session.respond();
  }

  onControl(session: PrimarySession, code: number): void {
    const progress = this.sessions.get(session);
    if (!progress || progress.controls.length >= REQUESTS_MAX) return;
    progress.controls.push(code);
    this.run(session);
  }

  /** Go on until a step has to wait. */
  private run(session: PrimarySession): void {
    const progress = this.sessions.get(session);
    if (!progress || progress.cancelWait) return;
    for (let step = this.steps[progress.at]; step; step = this.steps[progress.at]) {
      if ('repeat' in step) progress.at = 0;
      else if (!this.perform(session, progress, step)) return;
      else progress.at += 1;
      if (!this.sessions.has(session)) return;
    }
  }

  /** @returns false when the step has to wait */
  private perform(session: PrimarySession, progress: Progress, step: ScriptStep): boolean {
    if ('silent' in step) return false;
    if ('expect' in step) return this.takeEarly(session, progress, step.expect);
    if ('expectRequest' in step) return this.takeControl(progress, step.expectRequest);
    if ('waitMs' in step) return this.wait(session, progress, step.waitMs);
    if ('send' in step) this.send(session, step.send);
    else if ('sendPattern' in step) session.send.send(pattern(step.sendPattern), 0, step.sendPattern);
    else if ('reject' in step) session.reject(Number.parseInt(step.reject, 16));
    else if ('respond' in step) session.respond();
    else if ('request' in step) this.request(session, step.request, step.status);
    else if ('raw' in step) this.raw(session, step.raw);
    else if ('unbind' in step) session.unbind(step.unbind.type, Number.parseInt(step.unbind.sense ?? '0', 16));
    else if ('pass' in step) this.pass(session.owner.name, step.pass);
    return true;
  }

  private takeEarly(
    session: PrimarySession,
    progress: Progress,
    expect: { data?: string | undefined; respond: boolean },
  ): boolean {
    const chain = progress.early.shift();
    if (chain === undefined) return false;
    this.take(session, expect, chain.toString('hex'));
    return true;
  }

  private takeControl(progress: Progress, code: number): boolean {
    const at = progress.controls.indexOf(code);
    if (at < 0) return false;
    progress.controls.splice(at, 1);
    return true;
  }

  private wait(session: PrimarySession, progress: Progress, waitMs: number): boolean {
    progress.cancelWait = this.clock.after(waitMs, () => {
      progress.cancelWait = undefined;
      progress.at += 1;
      this.run(session);
    });
    return false;
  }

  private send(session: PrimarySession, step: Extract<ScriptStep, { send: unknown }>['send']): void {
    const bytes = Buffer.from(step.data, 'hex');
    session.send.send(bytes, 0, bytes.length, step);
  }

  private request(
    session: PrimarySession,
    name: Extract<ScriptStep, { request: unknown }>['request'],
    status = '00060000',
  ): void {
    if (name === 'CLEAR') session.clear();
    else if (name === 'SIGNAL') session.sendExpedited(Uint8Array.of(DFC.SIGNAL, 0, 1, 0, 0));
    else if (name === 'SHUTD' || name === 'QEC' || name === 'RELQ') session.sendExpedited(Uint8Array.of(DFC[name]));
    else if (name === 'LUSTAT')
      session.send.sendControl(DFC.LUSTAT, Uint8Array.of(DFC.LUSTAT, ...Buffer.from(status, 'hex')));
    else {
      if (name === 'BID') session.brackets.sendBid();
      session.send.sendControl(DFC[name]);
    }
  }

  private raw(session: PrimarySession, hex: string): void {
    const piu = Buffer.from(hex, 'hex');
    const at = session.owner.out.reserve(piu.length);
    piu.copy(session.owner.out.bytes, at);
  }
}
