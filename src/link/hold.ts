import { HostLinkError } from '../base/errors.js';
import type { WorkerChannel } from '../channel/channel.js';
import { HELD_MESSAGE } from '../channel/messages.js';
import { RECEIVED, SEND } from '../fsm/half-session-port.js';
import { describeSense } from '../sna/sense.js';
import type { LuSession } from './session.js';

/** Most messages of the host that wait for a held session's `receive`. */
export const HELD_INBOX_MAX = 64;

/** Ids of requests are 0 and above. */
const NO_REQUEST = -1;
const EMPTY = new Uint8Array(0);
/** INSUFFICIENT_RESOURCE: the program does not take what the host sends. */
const INBOX_FULL_SENSE = 0x08120000;

/** What the host sent: a message with its HELD_MESSAGE byte in front, or the refusal of something we had sent. */
type Arrival = { readonly bytes: Buffer } | { readonly error: HostLinkError };

/**
 * A session that a program keeps from open to close, and what runs on it: one call or send at a time, and one receive.
 * What the host sends while nobody receives waits in the inbox, bounded in messages and bytes.
 */
export class Hold {
  /** The request that opened it. It gets its last answer when the hold ends. */
  readonly id: number;
  readonly session: LuSession;
  private readonly channel: WorkerChannel;
  private readonly inbox: Arrival[] = [];
  private inboxSize = 0;
  private parts: Buffer[] = [];
  private partsSize = 0;
  private sendId = NO_REQUEST;
  private receiveId = NO_REQUEST;
  /** More than whole calls ran on it: only this program knows what the host is in the middle of. */
  private hasConversed = false;
  /** Between a send and the host's turn-over. */
  private isMidway = false;

  constructor(id: number, session: LuSession, channel: WorkerChannel) {
    this.id = id;
    this.session = session;
    this.channel = channel;
  }

  /** May the session go to another user as it stands? */
  get isClean(): boolean {
    if (this.inbox.length > 0 || this.partsSize > 0 || !this.session.canCall()) return false;
    return !this.hasConversed || (!this.isMidway && this.session.half.isBetweenBrackets);
  }

  /** No call or send runs. */
  get isResting(): boolean {
    return this.sendId === NO_REQUEST && !this.session.hasRequest;
  }

  carries(id: number): boolean {
    return this.sendId === id || this.receiveId === id || this.session.carries(id);
  }

  /** Send a request and take its whole reply. */
  call(id: number, bytes: Buffer, from: number, to: number): void {
    if (this.inbox.length > 0) return this.busy(id, 'messages of the host wait: receive them first');
    if (!this.canStart()) return this.busy(id, this.whyBusy());
    const outcome = this.session.call(id, bytes, from, to);
    if (outcome === 'busy') this.busy(id, this.whyBusy());
    else if (outcome === 'sent') this.isMidway = false;
  }

  /** Send one chain with flags of HELD_MESSAGE; answered once it is out, or once the host has taken it where its response is asked for. */
  send(id: number, flags: number, bytes: Buffer, from: number, to: number): void {
    if (!this.canStart()) return this.busy(id, this.whyBusy());
    const { session } = this;
    this.sendId = id;
    const form = sendFlags(flags) | (session.config.response === 'definite' ? SEND.DEFINITE : 0);
    try {
      if (session.half.sendChain(bytes, from, to, form)) this.hasConversed = this.isMidway = true;
      else this.endSend((sent) => this.busy(sent, this.whyBusy()));
    } catch (error) {
      this.endSend((sent) => this.channel.fail(sent, error as HostLinkError));
    }
  }

  /** Take the next message of the host, now or when it comes. */
  receive(id: number): void {
    const arrival = this.inbox.shift();
    if (arrival !== undefined) {
      if ('bytes' in arrival) this.inboxSize -= arrival.bytes.length;
      this.deliver(id, arrival);
    } else if (this.receiveId !== NO_REQUEST) {
      this.busy(id, 'another receive waits already');
    } else {
      this.receiveId = id;
    }
  }

  /** The caller of an operation left. @returns false when the host has the request: its reply will come late */
  cancel(id: number): boolean {
    if (this.receiveId === id) {
      this.receiveId = NO_REQUEST;
      this.channel.refuse(id);
    } else if (this.sendId === id) {
      if (this.session.half.hasTransmitted) return true;
      this.session.half.cancelChain();
      this.endSend((sent) => this.channel.refuse(sent));
    } else if (this.session.carries(id)) {
      return this.session.abandon();
    }
    return true;
  }

  /** It is over: what still runs ends, and so does the request that opened it. @param error why, when not by a close */
  end(error?: HostLinkError): void {
    if (this.receiveId !== NO_REQUEST) this.endReceive((id) => this.channel.refuse(id));
    if (this.sendId !== NO_REQUEST) {
      const { name: lu } = this.session.config;
      if (this.session.half.hasTransmitted) {
        this.endSend((id) => this.channel.fail(id, new HostLinkError('OUTCOME_UNKNOWN', '', { lu, sent: 'maybe' })));
      } else {
        this.endSend((id) => this.channel.refuse(id));
      }
    }
    if (error === undefined) this.channel.reply(this.id, EMPTY, 0, 0);
    else this.channel.fail(this.id, error);
  }

  // What the half-session tells

  /** Data that no call waits for. The bytes are copied. @returns 0, or the sense to refuse them with */
  received(bytes: Uint8Array, from: number, to: number, flags: number): number {
    const { replySizeMax } = this.session.owner;
    const size = this.partsSize + (to - from);
    if (this.inbox.length >= HELD_INBOX_MAX || this.inboxSize + size > replySizeMax) {
      this.discard();
      return INBOX_FULL_SENSE;
    }
    this.parts.push(Buffer.from(bytes.subarray(from, to)));
    this.partsSize = size;
    if ((flags & RECEIVED.LAST) === 0) return 0;
    const isTurn =
      (flags & (RECEIVED.CD | RECEIVED.END_BRACKET)) !== 0 || this.session.half.rules?.mode !== 'FLIP_FLOP';
    const isEnd = (flags & RECEIVED.END_BRACKET) !== 0;
    const head = (isTurn ? HELD_MESSAGE.turn : 0) | (isEnd ? HELD_MESSAGE.bracketEnd : 0);
    const message = Buffer.concat([Buffer.of(head), ...this.parts]);
    this.discard();
    this.isMidway = !isTurn;
    this.arrived({ bytes: message });
    return 0;
  }

  /** A chain that had begun is void. */
  discard(): void {
    this.parts = [];
    this.partsSize = 0;
  }

  /** Our chain is out. */
  sent(): void {
    if (this.sendId !== NO_REQUEST && !this.session.half.isSending) this.sendDone();
  }

  /** The host answered what we sent. */
  responded(senseData: number): void {
    if (senseData === 0) {
      this.sent();
      return;
    }
    const { code, name, retry } = describeSense(senseData);
    const details = { lu: this.session.config.name, senseData: code, senseName: name, retry };
    const error = new HostLinkError('SESSION_REJECTED', `(${code} ${name})`, details);
    if (this.sendId !== NO_REQUEST) this.endSend((id) => this.channel.fail(id, error));
    else this.arrived({ error });
  }

  private arrived(arrival: Arrival): void {
    if (this.receiveId !== NO_REQUEST) {
      this.endReceive((id) => this.deliver(id, arrival));
      return;
    }
    this.inbox.push(arrival);
    if ('bytes' in arrival) this.inboxSize += arrival.bytes.length;
  }

  private deliver(id: number, arrival: Arrival): void {
    if ('bytes' in arrival) this.channel.reply(id, arrival.bytes, 0, arrival.bytes.length);
    else this.channel.fail(id, arrival.error);
  }

  private sendDone(): void {
    this.endSend((id) => this.channel.reply(id, EMPTY, 0, 0));
  }

  private endSend(answer: (id: number) => void): void {
    const id = this.sendId;
    this.sendId = NO_REQUEST;
    answer(id);
  }

  private endReceive(answer: (id: number) => void): void {
    const id = this.receiveId;
    this.receiveId = NO_REQUEST;
    answer(id);
  }

  private canStart(): boolean {
    return this.sendId === NO_REQUEST && this.session.canCall();
  }

  private whyBusy(): string {
    if (this.sendId !== NO_REQUEST || this.session.hasRequest) return 'another call or send has not ended';
    return "it is the host's turn to send: receive first";
  }

  private busy(id: number, reason: string): void {
    const { name: lu } = this.session.config;
    this.channel.fail(id, new HostLinkError('SESSION_BUSY', `(${lu}: ${reason})`, { lu, reason, sent: 'no' }));
  }
}

function sendFlags(flags: number): number {
  const turn = (flags & HELD_MESSAGE.turn) !== 0 ? SEND.CD : 0;
  return (flags & HELD_MESSAGE.bracketEnd) !== 0 ? turn | SEND.END_BRACKET : turn;
}
