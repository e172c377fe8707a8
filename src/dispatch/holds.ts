import { HostLinkError } from '../base/errors.js';

const SERVICE = 1;
const SERVER = 2;

/** What takes no new requests because an operator said so. What runs or waits already is not touched. */
export class Holds {
  /** Per service index, 0 while it is open: all that a call looks at. */
  readonly services: Uint8Array;
  /** Indexes of the links whose workers are given no new requests. */
  readonly links = new Set<number>();

  /** @param services how many there are */
  constructor(services: number) {
    this.services = new Uint8Array(services);
  }

  get isServerHeld(): boolean {
    return this.services.length > 0 && (this.services[0]! & SERVER) !== 0;
  }

  isServiceHeld(index: number): boolean {
    return (this.services[index]! & SERVICE) !== 0;
  }

  holdService(index: number, isHeld: boolean): void {
    this.services[index] = withBit(this.services[index]!, SERVICE, isHeld);
  }

  /** All services at once; each keeps whether it is held itself. */
  holdServer(isHeld: boolean): void {
    for (const [index, bits] of this.services.entries()) this.services[index] = withBit(bits, SERVER, isHeld);
  }

  /** Why service `index`, which is not open, takes no call. */
  error(index: number, service: string): HostLinkError {
    const held = this.isServiceHeld(index) ? 'service' : 'server';
    return new HostLinkError('SERVICE_HELD', '', { service, held, sent: 'no' });
  }
}

function withBit(bits: number, bit: number, isSet: boolean): number {
  return isSet ? bits | bit : bits & ~bit;
}
