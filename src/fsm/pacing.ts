/**
 * Fixed session-level pacing of what we send. The first request of each window carries the pacing indicator; the answer
 * to it opens one more window, so at most 2N-1 requests are out that the partner has not allowed for anew.
 * @source sna-wire 1.6
 */
export class SendPacing {
  /** Requests per window, 0..63; 0 is no pacing. */
  readonly window: number;
  /** Requests that may still go out of the open window. */
  private left = 0;
  private isNextOpen = true;

  /** @param window 0..63 */
  constructor(window: number) {
    this.window = window;
  }

  canSend(): boolean {
    return this.window === 0 || this.left > 0 || this.isNextOpen;
  }

  /** Count one request, which `canSend` allowed. True when it is the first of its window and carries PI. */
  count(): boolean {
    if (this.window === 0) return false;
    const opens = this.left === 0;
    if (opens) {
      this.left = this.window;
      this.isNextOpen = false;
    }
    this.left -= 1;
    return opens;
  }

  /** A pacing response came. False when none was due (2011). */
  open(): boolean {
    if (this.window === 0 || this.isNextOpen) return false;
    this.isNextOpen = true;
    return true;
  }

  /** How many requests may go out now; Infinity without pacing. */
  credit(): number {
    if (this.window === 0) return Number.POSITIVE_INFINITY;
    return this.left + (this.isNextOpen ? this.window : 0);
  }

  reset(): void {
    this.left = 0;
    this.isNextOpen = true;
  }
}

/**
 * Fixed session-level pacing of what we receive: a request with the pacing indicator asks for the next window.
 * We answer in the response that goes out anyway, else by an isolated pacing response.
 * A partner that sends more than it may is counted, never refused: boundary functions differ in where they pace.
 * @source sna-wire 1.6
 */
export class ReceivePacing {
  readonly window: number;
  /** A pacing response is owed. */
  isOwed = false;
  /** Requests received beyond what we allowed. */
  overruns = 0;
  private allowed: number;

  /** @param window 0..63; 0 is no pacing */
  constructor(window: number) {
    this.window = window;
    this.allowed = window;
  }

  /** Count one normal-flow request. */
  count(hasPi: boolean): void {
    if (hasPi) this.isOwed = true;
    if (this.window === 0) return;
    if (this.allowed === 0) this.overruns += 1;
    else this.allowed -= 1;
  }

  /** True once per pacing response owed: it is being sent. */
  take(): boolean {
    if (!this.isOwed) return false;
    this.isOwed = false;
    this.allowed += this.window;
    return true;
  }

  reset(): void {
    this.isOwed = false;
    this.allowed = this.window;
  }
}
