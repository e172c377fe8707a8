import type { HostLinkError } from '../base/errors.js';
import type { ResultSink } from '../dispatch/dispatcher-types.js';
import { slotOf } from '../dispatch/request-table.js';

type Resolve = (bytes: Uint8Array) => void;
type Reject = (error: HostLinkError) => void;

/** What is watched for a call that has an AbortSignal. */
interface Watch {
  readonly signal: AbortSignal;
  readonly listener: () => void;
}

/** Who keeps a session: hears once that it is open, and once that it is over. */
export interface Holder {
  opened(lu: string, worker: number): void;
  /** @param error why, when it was not given back */
  ended(error: HostLinkError | undefined): void;
}

let newestResolve: Resolve;
let newestReject: Reject;

/** One executor for all promises, so that a call makes no closure of its own; read what it leaves right after. */
function capture(resolve: Resolve, reject: Reject): void {
  newestResolve = resolve;
  newestReject = reject;
}

function nobody(): void {}

const NO_BYTES = new Uint8Array(0);

/** The promises of the calls under way, by slot of their request. */
export class Calls implements ResultSink {
  private readonly resolves: Resolve[] = [];
  private readonly rejects: Reject[] = [];
  private readonly watches: (Watch | undefined)[] = [];
  private readonly holders = new Map<number, Holder>();
  private readonly abort: (id: number, reason: unknown) => void;

  /** @param abort told when a signal fires; `fail` follows from it */
  constructor(abort: (id: number, reason: unknown) => void) {
    this.abort = abort;
  }

  /** The promise for the request `id`, which has just been submitted. */
  open(id: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const slot = slotOf(id);
    const promise = new Promise<Uint8Array>(capture);
    this.resolves[slot] = newestResolve;
    this.rejects[slot] = newestReject;
    this.watches[slot] = signal === undefined ? undefined : this.watch(id, signal);
    return promise;
  }

  /** The promise for the request `id`, which opens a session to keep; `holder` hears what becomes of that. */
  openHeld(id: number, signal: AbortSignal | undefined, holder: Holder): Promise<Uint8Array> {
    this.holders.set(slotOf(id), holder);
    return this.open(id, signal);
  }

  opened(slot: number, lu: string, worker: number): void {
    const resolve = this.resolves[slot]!;
    const holder = this.holders.get(slot)!;
    this.close(slot);
    this.resolves[slot] = () => holder.ended(undefined);
    this.rejects[slot] = (error) => holder.ended(error);
    holder.opened(lu, worker);
    resolve(NO_BYTES);
  }

  reply(slot: number, bytes: Buffer, from: number, to: number): void {
    const resolve = this.resolves[slot]!;
    this.close(slot);
    resolve(bytes.subarray(from, to));
  }

  fail(slot: number, error: HostLinkError): void {
    const reject = this.rejects[slot]!;
    this.close(slot);
    reject(error);
  }

  private watch(id: number, signal: AbortSignal): Watch {
    const listener = (): void => this.abort(id, signal.reason);
    signal.addEventListener('abort', listener, { once: true });
    return { signal, listener };
  }

  /** Let go of the promise and its reply; the slot will be used again. */
  private close(slot: number): void {
    this.resolves[slot] = nobody;
    this.rejects[slot] = nobody;
    if (this.holders.size > 0) this.holders.delete(slot);
    const watch = this.watches[slot];
    if (watch === undefined) return;
    this.watches[slot] = undefined;
    watch.signal.removeEventListener('abort', watch.listener);
  }
}
