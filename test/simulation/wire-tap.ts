import { SspFramer } from '../../src/dlsw/framing.js';
import { INFO_HEADER, SSP, SSP_OFFSET } from '../../src/dlsw/ssp.js';
import {
  PIU_HEADER_SIZE,
  RH0_CATEGORY_MASK,
  RH0_RRI,
  RH0_SC,
  RH1_RTI,
  SC,
  TH_EFI,
  TH_MPF_FIRST,
  TH_MPF_MASK,
  TH_MPF_WHOLE,
} from '../../src/sna/masks.js';
import type { World } from './world.js';

/** Session control after whose answer the LU counts from 0 again, and after which the host does. */
const RESETS: ReadonlySet<number> = new Set([SC.BIND, SC.CLEAR]);
const LAST_SNF = 0xffff;

/**
 * Watches the PIUs that each side of a connection writes: the sequence numbers of the normal flow of an LU session go up
 * by one, without a gap. Knows nothing of either side's own state. LU addresses are unique within a link.
 */
export class WireTap {
  private readonly world: World;
  private readonly link: string;
  private readonly link2host = new SspFramer((bytes, from, to) => this.frame(true, bytes, from, to));
  private readonly host2link = new SspFramer((bytes, from, to) => this.frame(false, bytes, from, to));
  /** Last number, by direction, LU and PLU address. */
  private readonly last = new Map<number, number>();

  constructor(world: World, link: string) {
    this.world = world;
    this.link = link;
  }

  fromLink(bytes: Buffer): void {
    this.link2host.push(bytes);
  }

  fromHost(bytes: Buffer): void {
    this.host2link.push(bytes);
  }

  private frame(isFromLink: boolean, bytes: Buffer, from: number, to: number): void {
    if (bytes[from + SSP_OFFSET.messageType] !== SSP.INFOFRAME) return;
    const at = from + INFO_HEADER;
    this.world.onPiu?.(this.link, isFromLink, bytes, at, to);
    if (to - at >= PIU_HEADER_SIZE) this.piu(isFromLink, bytes, at, to);
  }

  private piu(isFromLink: boolean, piu: Buffer, at: number, to: number): void {
    const mpf = piu[at]! & TH_MPF_MASK;
    if (mpf !== TH_MPF_WHOLE && mpf !== TH_MPF_FIRST) return;
    const lu = piu[at + (isFromLink ? 3 : 2)]!;
    const plu = piu[at + (isFromLink ? 2 : 3)]!;
    // Address 0: the SSCP.
    if (plu === 0) return;
    const key = (lu << 9) | (plu << 1);
    const isResponse = (piu[at + 6]! & RH0_RRI) !== 0;
    if ((piu[at]! & TH_EFI) !== 0) {
      if (isResponse === isFromLink) this.control(isFromLink, key, piu, at, to);
    } else if (!isResponse) this.normal(isFromLink, key, piu.readUInt16BE(at + 4), lu, plu);
  }

  /** BIND and CLEAR: the host counts anew once it has sent them, the LU once it has answered. */
  private control(isFromLink: boolean, key: number, piu: Buffer, at: number, to: number): void {
    const isControl = (piu[at + 6]! & RH0_CATEGORY_MASK) === RH0_SC;
    if (!isControl || to - at <= PIU_HEADER_SIZE || !RESETS.has(piu[at + PIU_HEADER_SIZE]!)) return;
    if (isFromLink && (piu[at + 7]! & RH1_RTI) !== 0) return;
    this.last.set(isFromLink ? key | 1 : key, 0);
  }

  private normal(isFromLink: boolean, session: number, snf: number, lu: number, plu: number): void {
    const key = isFromLink ? session | 1 : session;
    const last = this.last.get(key);
    this.last.set(key, snf);
    const isNext = last !== undefined && (snf === last + 1 || (last === LAST_SNF && snf <= 1));
    if (isNext) return;
    const side = isFromLink ? 'the LU' : 'the host';
    this.world.fail(
      'sequence',
      `${this.link}, LU address ${lu}, PLU ${plu}: ${side} sent ${snf} after ${last ?? 'no BIND'}`,
    );
  }
}
