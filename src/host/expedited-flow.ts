import { RH0_CATEGORY_MASK, SC } from '../sna/masks.js';
import { putRequest, TH0_EXPEDITED } from './piu-out.js';
import type { ProtocolRule } from './protocol-errors.js';
import { controlResponseFault, u16 } from './response-check.js';
import type { SessionOwner } from './session-types.js';

interface Expedited {
  readonly category: number;
  readonly ru: Uint8Array;
}

/** What a response on the expedited flow was. */
export interface ExpeditedOutcome {
  /** Request code that it answers; -1 when nothing waits for it. */
  readonly code: number;
  readonly fault: ProtocolRule | undefined;
}

/** Our expedited requests on one LU-LU session: one at a time waits for its response, the others wait for that. */
export class ExpeditedFlow {
  private readonly owner: SessionOwner;
  private readonly oaf: number;
  private readonly requests: Expedited[] = [];
  private snf = 0;
  private isWaiting = false;

  /** @param oaf the address of the primary */
  constructor(owner: SessionOwner, oaf: number) {
    this.owner = owner;
    this.oaf = oaf;
  }

  /** Forget what waits, in and out. */
  reset(): void {
    this.requests.length = 0;
    this.isWaiting = false;
  }

  /** Send a request of session control or data flow control, RQD1, when its turn comes. */
  send(category: number, ru: Uint8Array): void {
    this.requests.push({ category, ru });
    this.pump();
  }

  /** Send the next request unless one is out. */
  pump(): void {
    const next = this.requests[0];
    if (next === undefined || this.isWaiting) return;
    this.isWaiting = true;
    this.snf = (this.snf + 1) & 0xffff;
    const rh = ((next.category | 0x0b) << 16) | 0x8000;
    putRequest(this.owner.out, TH0_EXPEDITED, this.owner.localAddress, this.oaf, this.snf, rh, next.ru);
  }

  /** A response came. The next request goes with `pump`. */
  onResponse(piu: Buffer, at: number, end: number): ExpeditedOutcome {
    const request = this.requests[0];
    if (!this.isWaiting || request === undefined || u16(piu, at + 4) !== this.snf) {
      return { code: -1, fault: 'RESPONSE_UNEXPECTED' };
    }
    const code = request.ru[0]!;
    const isEcho = (piu[at + 6]! & RH0_CATEGORY_MASK) === request.category && (piu[at + 7]! & 0xa0) === 0x80;
    const mayHaveMore = code === SC.BIND || code === SC.STSN;
    this.isWaiting = false;
    this.requests.shift();
    return { code, fault: isEcho ? controlResponseFault(piu, at, end, code, mayHaveMore) : 'RESPONSE_FORM' };
  }
}
