import { HostLinkError } from '../base/errors.js';

/** Unnumbered frames, without P/F. RD has the code of DISC: the direction tells them apart. */
const UNNUMBERED = {
  SNRM: 0x83,
  UA: 0x63,
  DISC: 0x43,
  DM: 0x0f,
  XID: 0xaf,
  TEST: 0xe3,
  FRMR: 0x87,
  UI: 0x03,
} as const;
const SUPERVISORY = { RR: 0x01, RNR: 0x05, REJ: 0x09 } as const;

type UnnumberedKind = keyof typeof UNNUMBERED;
type SupervisoryKind = keyof typeof SUPERVISORY;

/** An SDLC frame, modulo 8, without flags and frame check. */
export type SdlcFrame = {
  readonly address: number;
  /** Poll from the primary, final from the secondary. */
  readonly isPollFinal: boolean;
  readonly info: Uint8Array;
} & (
  | { readonly kind: 'I'; readonly nr: number; readonly ns: number }
  | { readonly kind: SupervisoryKind; readonly nr: number }
  | { readonly kind: UnnumberedKind }
  | { readonly kind: 'OTHER'; readonly control: number }
);

const POLL_FINAL = 0x10;

function nameOf<K extends string>(table: Readonly<Record<K, number>>, code: number): K | undefined {
  return (Object.keys(table) as K[]).find((kind) => table[kind] === code);
}

/**
 * Decode an SDLC frame: address, control, information.
 * @param frame at least 2 bytes, without flags and frame check; `info` is a view of it
 * @throws HostLinkError SDLC_MALFORMED
 * @source SDLC Concepts GA27-3093; sna-wire 7.1
 */
export function decodeSdlc(frame: Uint8Array): SdlcFrame {
  if (frame.length < 2) throw new HostLinkError('SDLC_MALFORMED', 'It is too short.', { length: frame.length });
  const [address, control] = [frame[0]!, frame[1]!];
  const base = { address, isPollFinal: (control & POLL_FINAL) !== 0, info: frame.subarray(2) };
  const nr = control >> 5;
  if ((control & 0x01) === 0) return { ...base, kind: 'I', nr, ns: (control >> 1) & 0x07 };
  const supervisory = nameOf(SUPERVISORY, control & 0x0f);
  if (supervisory !== undefined) return { ...base, kind: supervisory, nr };
  const unnumbered = nameOf(UNNUMBERED, control & ~POLL_FINAL);
  if (unnumbered !== undefined) return { ...base, kind: unnumbered };
  return { ...base, kind: 'OTHER', control };
}

function controlOf(frame: SdlcFrame): number {
  const pollFinal = frame.isPollFinal ? POLL_FINAL : 0;
  switch (frame.kind) {
    case 'I':
      return ((frame.nr & 7) << 5) | ((frame.ns & 7) << 1) | pollFinal;
    case 'RR':
    case 'RNR':
    case 'REJ':
      return ((frame.nr & 7) << 5) | SUPERVISORY[frame.kind] | pollFinal;
    case 'OTHER':
      return frame.control;
    default:
      return UNNUMBERED[frame.kind] | pollFinal;
  }
}

/** Encode an SDLC frame. @returns fresh bytes: address, control, information */
export function encodeSdlc(frame: SdlcFrame): Uint8Array {
  return Uint8Array.of(frame.address, controlOf(frame), ...frame.info);
}

const FLAG = 0x7e;
const FRAME_CHECK = [0x47, 0x0f] as const;

/**
 * Wrap an SDLC frame for the TCP sockets of the i3705 emulator: flag, frame, a constant for the frame check, flag.
 * There is no escaping: a frame that holds 47 0F 7E cannot be carried.
 * @throws HostLinkError SDLC_MALFORMED
 * @source sna-wire 7.1
 */
export function encodeSocketFrame(frame: Uint8Array): Uint8Array {
  if (endOfFrame(frame, 0) >= 0) throw new HostLinkError('SDLC_MALFORMED', 'It holds the end of a frame itself.');
  return Uint8Array.of(FLAG, ...frame, ...FRAME_CHECK, FLAG);
}

function endOfFrame(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 2 < bytes.length; at += 1) {
    if (bytes[at] === FRAME_CHECK[0] && bytes[at + 1] === FRAME_CHECK[1] && bytes[at + 2] === FLAG) return at;
  }
  return -1;
}

/** Takes the byte stream of an i3705 socket apart, however it was cut. */
export class SocketDeframer {
  private held = new Uint8Array(0);
  private readonly sizeMax: number;

  /** @param sizeMax bytes held while the end of a frame is awaited */
  constructor(sizeMax = 65_536) {
    this.sizeMax = sizeMax;
  }

  /**
   * Take a chunk, give the SDLC frames that are complete. Flags and clock bytes (00, AA) between frames are skipped.
   * @returns frames that the caller owns
   * @throws HostLinkError SDLC_MALFORMED when no frame ends within sizeMax; the stream is lost then
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = new Uint8Array(this.held.length + chunk.length);
    bytes.set(this.held);
    bytes.set(chunk, this.held.length);
    const frames: Uint8Array[] = [];
    let at = skipIdle(bytes, 0);
    for (let end = endOfFrame(bytes, at); end >= 0; end = endOfFrame(bytes, at)) {
      if (end > at) frames.push(bytes.slice(at, end));
      at = skipIdle(bytes, end + 3);
    }
    this.held = bytes.slice(at);
    if (this.held.length > this.sizeMax) {
      throw new HostLinkError('SDLC_MALFORMED', 'No frame ends.', { length: this.held.length, max: this.sizeMax });
    }
    return frames;
  }
}

function skipIdle(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] === FLAG || bytes[at] === 0x00 || bytes[at] === 0xaa)) at += 1;
  return at;
}
