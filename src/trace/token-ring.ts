/**
 * PIUs as Token Ring frames: AC, FC, destination, source, LLC with SAP 04 both ways and an I-format control field.
 * Wireshark dissects them as SNA without any setting, at every size.
 *
 * The addresses are made up, locally administered (0x40 in Token Ring bit order), and say what is where:
 *   40:48:01:LL:LL:PP  our PU number PP of link number LL:LL
 *   40:48:02:LL:LL:PP  the host side of the same circuit
 * Numbers are those of the configuration, from 0. So source and destination show the direction, the link and the PU.
 * @source IEEE 802.5 (frame format), IEEE 802.2 (I-format PDU); SNA uses SAP 04
 */
const ACCESS_CONTROL = 0x10;
const FRAME_CONTROL_LLC = 0x40;
const SAP_SNA = 0x04;
const LOCALLY_ADMINISTERED = 0x40;
const MARK = 0x48;
const SIDE_PU = 0x01;
const SIDE_HOST = 0x02;
const DESTINATION = 2;
const SOURCE = 8;
const LLC = 14;

/** Bytes before the PIU: Token Ring 14, LLC 4. */
export const TOKEN_RING_HEADER = 18;

/** Where a recorded PIU was seen. */
export interface FrameAddress {
  readonly toHost: boolean;
  /** Number of the link, 0..65535. */
  readonly link: number;
  /** Number of the PU within the link, 0..255. */
  readonly pu: number;
}

/**
 * Write the 18 bytes before a PIU.
 * @param sendNumber N(S) and @param receiveNumber N(R), modulo 128
 */
export function writeTokenRing(
  out: Buffer,
  at: number,
  toHost: boolean,
  link: number,
  pu: number,
  sendNumber: number,
  receiveNumber: number,
): void {
  out[at] = ACCESS_CONTROL;
  out[at + 1] = FRAME_CONTROL_LLC;
  writeMac(out, at + DESTINATION, toHost ? SIDE_HOST : SIDE_PU, link, pu);
  writeMac(out, at + SOURCE, toHost ? SIDE_PU : SIDE_HOST, link, pu);
  out[at + LLC] = SAP_SNA;
  out[at + LLC + 1] = SAP_SNA;
  out[at + LLC + 2] = (sendNumber & 0x7f) << 1;
  out[at + LLC + 3] = (receiveNumber & 0x7f) << 1;
}

function writeMac(out: Buffer, at: number, side: number, link: number, pu: number): void {
  out[at] = LOCALLY_ADMINISTERED;
  out[at + 1] = MARK;
  out[at + 2] = side;
  out.writeUInt16BE(link & 0xffff, at + 3);
  out[at + 5] = pu;
}

/** The address as text, such as 40:48:01:00:00:01. */
export function macText(isHost: boolean, link: number, pu: number): string {
  const bytes = Buffer.alloc(6);
  writeMac(bytes, 0, isHost ? SIDE_HOST : SIDE_PU, link, pu);
  return bytes.toString('hex').replace(/(..)(?=.)/g, '$1:');
}

/** Direction, link and PU of a frame that we wrote; undefined for any other. The PIU starts at TOKEN_RING_HEADER. */
export function readTokenRing(frame: Uint8Array): FrameAddress | undefined {
  if (frame.length < TOKEN_RING_HEADER || frame[1] !== FRAME_CONTROL_LLC) return undefined;
  if (frame[LLC] !== SAP_SNA || frame[LLC + 1] !== SAP_SNA || (frame[LLC + 2]! & 1) !== 0) return undefined;
  if (frame[SOURCE] !== LOCALLY_ADMINISTERED || frame[SOURCE + 1] !== MARK) return undefined;
  const side = frame[SOURCE + 2];
  if (side !== SIDE_PU && side !== SIDE_HOST) return undefined;
  return { toHost: side === SIDE_PU, link: (frame[SOURCE + 3]! << 8) | frame[SOURCE + 4]!, pu: frame[SOURCE + 5]! };
}
