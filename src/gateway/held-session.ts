import type { HostLinkError } from '../base/errors.js';
import { HELD_CALL, HELD_FLAG, HELD_MESSAGE, HELD_RECEIVE, HELD_SEND } from '../channel/messages.js';
import type { ServiceConfig } from '../config/model.js';
import { decodeEbcdic } from '../sna/ebcdic.js';

/** Deadline and AbortSignal of one operation. */
export interface OperationLimits {
  /** Deadline from now, over 0 and at most CALL_TIMEOUT_MAX_MS; the service's own when absent. */
  readonly timeoutMs?: number | undefined;
  /** Aborting it ends the operation with CALL_ABORTED; what was sent already is not taken back. */
  readonly signal?: AbortSignal | undefined;
}

/** How a message is sent. What the BIND does not allow is left out. */
export interface SendOptions extends OperationLimits {
  /** More follows: the host does not get the turn (no change direction). */
  readonly keepTurn?: boolean | undefined;
  /** This message ends the bracket. */
  readonly endBracket?: boolean | undefined;
}

/** One message (chain) of the host. */
export interface HeldMessage {
  readonly data: Uint8Array;
  /** It is our turn to send now. */
  readonly hasTurn: boolean;
  /** The host ended the bracket with it. */
  readonly isBracketEnd: boolean;
}

/** What a held session needs of the runtime. */
export interface HeldSessionOwner {
  /** Do something on the session; rejects as the public operations say. */
  operate(
    session: HeldSession,
    verb: number,
    payload: Uint8Array | string,
    limits: OperationLimits,
  ): Promise<Uint8Array>;
  /** Give it back; `ended` follows. */
  close(session: HeldSession): void;
}

/** Where a held session is. */
export interface HeldSessionPlace {
  readonly lu: string;
  readonly link: string;
  readonly worker: number;
}

const NO_PAYLOAD = new Uint8Array(0);

/**
 * An LU session that this program has for itself, from `HostLink.open` to `close`. One call or send runs at a time; a
 * receive may wait beside it. Close it, or let `await using` do so: nobody else can use it before.
 */
export class HeldSession implements AsyncDisposable {
  readonly service: ServiceConfig;
  readonly lu: string;
  readonly link: string;
  /** Index of the worker that has it. */
  readonly worker: number;
  /** Stack of the program where it was opened. */
  readonly openedAt: string;
  readonly idleTimeoutMs: number;
  /** Id of the request that opened it. */
  readonly id: number;
  /** Clock.nowMs */
  readonly openedMs: number;
  /** When an operation last began or ended, Clock.nowMs. */
  usedMs: number;
  private readonly owner: HeldSessionOwner;
  private readonly closed: Promise<void>;
  private resolveClosed: () => void = () => {};
  private isOver = false;
  private overBecause: HostLinkError | undefined;

  constructor(
    owner: HeldSessionOwner,
    id: number,
    service: ServiceConfig,
    place: HeldSessionPlace,
    opened: { readonly at: string; readonly ms: number; readonly idleTimeoutMs: number },
  ) {
    this.owner = owner;
    this.id = id;
    this.service = service;
    this.lu = place.lu;
    this.link = place.link;
    this.worker = place.worker;
    this.openedAt = opened.at;
    this.openedMs = opened.ms;
    this.usedMs = opened.ms;
    this.idleTimeoutMs = opened.idleTimeoutMs;
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
  }

  /** False once it has been closed or lost. */
  get isOpen(): boolean {
    return !this.isOver;
  }

  /** Why it ended without a close of ours: it was lost, idle for too long, or its link stopped. */
  get error(): HostLinkError | undefined {
    return this.overBecause;
  }

  /**
   * Send a request and take its whole reply. A user header is not read here: the bytes go as they are.
   * @param payload bytes, or text for the service's code page; bytes are copied before this returns
   * @throws HostLinkError (as rejection) SESSION_BUSY, SESSION_CLOSED, SESSION_LOST, PAYLOAD_TOO_LONG, PAYLOAD_INVALID,
   *   EBCDIC_UNMAPPABLE, OPTION_INVALID, RUNTIME_STOPPED: not sent. SESSION_REJECTED, REPLY_TOO_LONG, CALL_TIMEOUT,
   *   CALL_ABORTED, OUTCOME_UNKNOWN as for HostLink.call
   */
  call(payload: Uint8Array | string, options: OperationLimits = {}): Promise<Uint8Array> {
    return this.owner.operate(this, HELD_CALL, payload, options);
  }

  /** `call` with the reply as text in the service's code page. @throws HostLinkError what `call` throws, EBCDIC_MALFORMED */
  async callText(text: string, options: OperationLimits = {}): Promise<string> {
    return decodeEbcdic(await this.call(text, options), this.service.codePage);
  }

  /**
   * Send one message. Resolves once it is out, or once the host has taken it where the session asks for definite responses.
   * The host has the turn then, unless `keepTurn` is set.
   * @throws HostLinkError (as rejection) what `call` throws
   */
  async send(payload: Uint8Array | string, options: SendOptions = {}): Promise<void> {
    const flags = (options.keepTurn ? 0 : HELD_MESSAGE.turn) | (options.endBracket ? HELD_MESSAGE.bracketEnd : 0);
    await this.owner.operate(this, HELD_SEND + flags * HELD_FLAG, payload, options);
  }

  /**
   * The next message of the host, now or when it comes. Messages wait here, at most 64 and replySizeMax bytes of them;
   * beyond that the host gets sense 0812.
   * @throws HostLinkError (as rejection) SESSION_REJECTED: the host refused what was sent before. Else what `call` throws
   */
  async receive(options: OperationLimits = {}): Promise<HeldMessage> {
    const bytes = await this.owner.operate(this, HELD_RECEIVE, NO_PAYLOAD, options);
    const head = bytes[0]!;
    return {
      data: bytes.subarray(1),
      hasTurn: (head & HELD_MESSAGE.turn) !== 0,
      isBracketEnd: (head & HELD_MESSAGE.bracketEnd) !== 0,
    };
  }

  /**
   * Give it back. What still runs on it ends with CALL_ABORTED. Where the host waits for more of this conversation, or
   * the configuration says so (afterUse: END), the session is ended and made anew for the next user. Never rejects; a
   * second close waits for the first.
   */
  close(): Promise<void> {
    if (!this.isOver) this.owner.close(this);
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For the runtime: it is over. */
  ended(error: HostLinkError | undefined): void {
    this.isOver = true;
    this.overBecause = error;
    this.resolveClosed();
  }
}
