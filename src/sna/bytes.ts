import { HostLinkError } from '../base/errors.js';

/** Reads the fields of one RU in order. What it hands out are views of the RU. */
export class RuReader {
  readonly bytes: Uint8Array;
  /** Offset of the next byte to read. */
  at: number;
  private readonly what: string;

  /** @param what the name of the RU, for errors */
  constructor(bytes: Uint8Array, what: string, at = 0) {
    this.bytes = bytes;
    this.what = what;
    this.at = at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** The next `count` bytes. @throws HostLinkError RU_TRUNCATED */
  take(count: number): Uint8Array {
    if (this.left < count) {
      const details = { ru: this.what, offset: this.at, length: this.bytes.length, needed: this.at + count };
      throw new HostLinkError('RU_TRUNCATED', `${this.what} needs ${count} bytes at offset ${this.at}.`, details);
    }
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    const [high, low] = this.take(2);
    return (high! << 8) | low!;
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16();
  }

  /** One length byte, then that many bytes. */
  counted(): Uint8Array {
    return this.take(this.u8());
  }

  /** A field that a short form leaves out: null at the end of the RU. */
  optional<T>(read: () => T): T | null {
    return this.left === 0 ? null : read();
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** The error for a byte that cannot be. @param offset zero-based in the RU, as sense 0835 wants it */
  malformed(why: string, offset: number): HostLinkError {
    return new HostLinkError('RU_MALFORMED', `${this.what}: ${why} at offset ${offset}.`, { ru: this.what, offset });
  }
}

/** Collects the fields of one RU. Checks every number against its size. */
export class RuWriter {
  private readonly parts: number[] = [];
  private readonly what: string;
  private ended = '';

  constructor(what: string) {
    this.what = what;
  }

  invalid(field: string, why: string): HostLinkError {
    return new HostLinkError('RU_INVALID', `${this.what}: ${field} ${why}.`, { ru: this.what, field });
  }

  /** @throws HostLinkError RU_INVALID */
  number(field: string, value: number, size: 1 | 2 | 3 | 4): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
      throw this.invalid(field, `is ${value}, allowed is 0..${2 ** (8 * size) - 1}`);
    }
    for (let shift = size - 1; shift >= 0; shift -= 1) this.parts.push(Math.floor(value / 2 ** (8 * shift)) & 0xff);
    return this;
  }

  u8(field: string, value: number): this {
    return this.number(field, value, 1);
  }

  u16(field: string, value: number): this {
    return this.number(field, value, 2);
  }

  raw(bytes: Uint8Array): this {
    for (const byte of bytes) this.parts.push(byte);
    return this;
  }

  /** Exactly `size` bytes. */
  fixed(field: string, bytes: Uint8Array, size: number): this {
    if (bytes.length !== size) throw this.invalid(field, `has ${bytes.length} bytes, must have ${size}`);
    return this.raw(bytes);
  }

  /** One length byte, then the bytes; at most `max`. */
  counted(field: string, bytes: Uint8Array, max = 255): this {
    if (bytes.length > max) throw this.invalid(field, `has ${bytes.length} bytes, allowed are ${max}`);
    this.parts.push(bytes.length);
    return this.raw(bytes);
  }

  /**
   * A field that a short form may leave out: null ends the RU, and nothing may follow it.
   * @throws HostLinkError RU_INVALID when a field before was left out
   */
  optional<T>(field: string, value: T | null, write: (value: T) => void): this {
    if (value === null) {
      this.ended = this.ended || field;
      return this;
    }
    if (this.ended !== '') throw this.invalid(field, `is given, but ${this.ended} before it is left out`);
    write(value);
    return this;
  }

  /** The bytes at the end; none may be there when a field before was left out. */
  tail(field: string, bytes: Uint8Array): this {
    return bytes.length === 0 ? this : this.optional(field, bytes, (value) => this.raw(value));
  }

  done(): Uint8Array {
    return Uint8Array.from(this.parts);
  }
}
