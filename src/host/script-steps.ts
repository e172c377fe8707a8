import { z } from 'zod';

const hex = z.string().regex(/^([0-9a-fA-F]{2})*$/, 'hex digits in pairs');
const sense = z.string().regex(/^[0-9a-fA-F]{8}$/, '8 hex digits of sense data');
/** Request codes that a script may send. */
export const SCRIPT_REQUESTS = [
  'SIGNAL',
  'BID',
  'CANCEL',
  'CHASE',
  'LUSTAT',
  'RTR',
  'SHUTD',
  'QEC',
  'RELQ',
  'CLEAR',
] as const;

/** One step of a SCRIPT application; each names exactly one thing to do. */
export const SCRIPT_STEP = z.union([
  /** Wait for a chain; `data` is what it must hold (hex). `respond: false` leaves its response to a later step. */
  z.strictObject({ expect: z.strictObject({ data: hex.optional(), respond: z.boolean().default(true) }) }),
  /** Wait for a control request of the partner, by request code. */
  z.strictObject({ expectRequest: z.number().int().min(0).max(255) }),
  /** Send a chain (hex). Flags that are not given follow the session's rules; `form` is RH byte 1. */
  z.strictObject({
    send: z.strictObject({
      data: hex,
      form: z.number().int().min(0).max(255).optional(),
      bb: z.boolean().optional(),
      eb: z.boolean().optional(),
      cd: z.boolean().optional(),
    }),
  }),
  /** Send `size` bytes of the pattern that BIG sends. */
  z.strictObject({ sendPattern: z.number().int().min(0) }),
  /** Answer the chain that waits, negatively or positively. */
  z.strictObject({ reject: sense }),
  z.strictObject({ respond: z.literal(true) }),
  /** Send a request of session or data flow control; `status` is that of a LUSTAT, 00060000 when absent. */
  z.strictObject({ request: z.enum(SCRIPT_REQUESTS), status: sense.optional() }),
  /** Wait this long. */
  z.strictObject({ waitMs: z.number().int().min(0) }),
  /** Send these bytes as a PIU, whatever they are. */
  z.strictObject({ raw: hex }),
  /** End the session: UNBIND of this type, sense data with type FE. */
  z.strictObject({ unbind: z.strictObject({ type: z.number().int().min(1).max(255), sense: sense.optional() }) }),
  /** CLSDST PASS: the LU goes on to another application. */
  z.strictObject({ pass: z.string() }),
  /** Start again from the first step. */
  z.strictObject({ repeat: z.literal(true) }),
  /** Answer nothing from here on. */
  z.strictObject({ silent: z.literal(true) }),
]);

export type ScriptStep = z.output<typeof SCRIPT_STEP>;
export type ScriptStepInput = z.input<typeof SCRIPT_STEP>;
