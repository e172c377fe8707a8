import { z } from 'zod';
import { MODE, RESPONSE, ruSizeCode } from './bind-rules.js';
import { paddedName } from './ebcdic.js';

const FM_PROFILES = [2, 3, 4, 7, 18] as const;
const TS_PROFILES = [2, 3, 4] as const;
const RESPONSES = ['none', 'exception', 'definite', 'either'] as const;
const MODES = ['fdx', 'contention', 'flip-flop'] as const;

/** A name of an application, log mode, PU or LU: 1 to 8 characters. */
export const snaName = z.string().regex(/^[A-Z#@$][A-Z0-9#@$]{0,7}$/, '1 to 8 of A-Z 0-9 # @ $, not a digit first');

const ruSize = z
  .number()
  .int()
  .refine(
    (size) => ruSizeCode(size) !== undefined,
    '0 (no limit) or 8..15 times a power of two, such as 256, 1024, 3840',
  );
const window = z.number().int().min(0).max(63);

/** A log mode by name of fields: what the PLU puts into its BIND. */
const logModeFields = {
  fm: z.literal(FM_PROFILES).default(3),
  ts: z.literal(TS_PROFILES).default(3),
  negotiable: z.boolean().default(false),
  luType: z.number().int().min(0).max(3).default(0),
  /** Normal-flow mode. */
  mode: z.enum(MODES).default('flip-flop'),
  /** none, or the state that brackets are reset to: between brackets, or in bracket. */
  brackets: z.enum(['none', 'between', 'in']).default('between'),
  bracketRule: z.literal([1, 2]).default(1),
  /** Who may send EB. */
  endBracket: z.enum(['none', 'plu', 'slu', 'both']).default('plu'),
  /** Contention winner. */
  firstSpeaker: z.enum(['slu', 'plu']).default('slu'),
  /** Who has the direction first where there are no brackets, or they are reset to in bracket. */
  firstSender: z.enum(['slu', 'plu']).default('slu'),
  pluChains: z.boolean().default(true),
  sluChains: z.boolean().default(true),
  pluDelayed: z.boolean().default(false),
  sluDelayed: z.boolean().default(false),
  pluResponse: z.enum(RESPONSES).default('either'),
  sluResponse: z.enum(RESPONSES).default('either'),
  fmHeaders: z.boolean().default(false),
  alternateCode: z.boolean().default(false),
  /** Sequence numbers are kept for resynchronisation. */
  resync: z.boolean().default(false),
  /** The PLU takes no segments. */
  wholeBius: z.boolean().default(false),
  /** Longest RU from and to the SLU, bytes; 0 no limit. */
  ruSizeIn: ruSize.default(3840),
  ruSizeOut: ruSize.default(3840),
  /** Pacing windows from and to the SLU; 0 no pacing. */
  windowIn: window.default(0),
  windowOut: window.default(0),
};

const BIND_MIN = 15;

/** One log mode: fields by name, or the BIND image itself in hex (code 31 first, up to byte 26 at most). */
export const logMode = z
  .strictObject({
    name: snaName,
    bind: z
      .string()
      .regex(/^([0-9a-fA-F]{2}\s*)+$/, 'hex digits in pairs')
      .optional(),
    ...logModeFields,
  })
  .superRefine((mode, context) => {
    if (mode.bind === undefined) return;
    const image = imageOfHex(mode.bind);
    if (image.length < BIND_MIN || image.length > 27 || image[0] !== 0x31) {
      context.addIssue({ code: 'custom', path: ['bind'], message: '15 to 27 bytes, the first of them 31' });
    }
  });

export type LogMode = z.output<typeof logMode>;

function imageOfHex(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

const RESPONSE_BITS = {
  none: RESPONSE.none,
  exception: RESPONSE.exception,
  definite: RESPONSE.definite,
  either: RESPONSE.either,
};
const MODE_BITS = { fdx: MODE.fdx, contention: MODE.contention, 'flip-flop': MODE.flipFlop };

function bit(isSet: boolean, mask: number): number {
  return isSet ? mask : 0;
}

function sideByte(chains: boolean, delayed: boolean, response: LogMode['pluResponse'], mayEnd: boolean): number {
  return bit(chains, 0x80) | bit(delayed, 0x40) | (RESPONSE_BITS[response] << 4) | bit(mayEnd, 0x01);
}

/** Bytes 0 to 26 of the BIND image of a log mode. @source SNA Formats GA27-3136, BIND */
function fixedImage(mode: LogMode): Buffer {
  const image = Buffer.alloc(27);
  if (mode.bind !== undefined) {
    imageOfHex(mode.bind).copy(image);
    return image;
  }
  const has = mode.brackets !== 'none';
  const ends = (who: 'plu' | 'slu') => has && (mode.endBracket === who || mode.endBracket === 'both');
  image[0] = 0x31;
  image[1] = bit(!mode.negotiable, 0x01);
  image[2] = mode.fm;
  image[3] = mode.ts;
  image[4] = sideByte(mode.pluChains, mode.pluDelayed, mode.pluResponse, ends('plu'));
  image[5] = sideByte(mode.sluChains, mode.sluDelayed, mode.sluResponse, ends('slu'));
  image[6] =
    bit(mode.wholeBius, 0x80) |
    bit(mode.fmHeaders, 0x40) |
    bit(mode.brackets === 'between', 0x20) |
    bit(has && mode.bracketRule === 1, 0x10) |
    bit(mode.alternateCode, 0x08) |
    bit(mode.resync, 0x04);
  image[7] = MODE_BITS[mode.mode] | bit(mode.firstSpeaker === 'plu', 0x10) | bit(mode.firstSender === 'plu', 0x01);
  image[8] = mode.windowIn;
  image[9] = mode.windowOut;
  image[10] = ruSizeCode(mode.ruSizeIn) ?? 0;
  image[11] = ruSizeCode(mode.ruSizeOut) ?? 0;
  image[12] = mode.windowOut;
  image[13] = mode.windowIn;
  image[14] = mode.luType;
  return image;
}

/**
 * The whole BIND RU for one session.
 * @param application PLU name
 * @param userData of the Initiate, EBCDIC or not: passed on as it is, at most 255 bytes
 */
export function bindImage(mode: LogMode, application: string, userData: Uint8Array): Buffer {
  const name = paddedName(application, application.length);
  return Buffer.concat([
    fixedImage(mode),
    Uint8Array.of(name.length),
    name,
    Uint8Array.of(userData.length),
    userData,
    Uint8Array.of(0),
  ]);
}
