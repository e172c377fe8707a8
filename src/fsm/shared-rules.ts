import { BIND_FIXED_SIZE } from '../sna/bind-fields.js';
import { PIU_HEADER_SIZE } from '../sna/masks.js';
import { type RhMasks, rhMasksOf } from './rh-check.js';
import { type SessionRules, sessionRulesOf } from './session-rules.js';

/** What a half-session keeps of its BIND. Never changed: sessions share it. */
export interface BoundRules {
  readonly rules: SessionRules;
  readonly masks: RhMasks;
}

/** Profile and usage, all that rules are made of, begin behind request code, format and type. */
const RULES_AT = 2;
/** A link has a few log modes. */
const KEPT_MAX = 16;
const kept = new Map<string, BoundRules>();

/** Where the partner takes no segments, our RUs have to fit the link's PIU. */
function withinPiu(rules: SessionRules, piuSizeMax: number): SessionRules {
  if (!rules.isWholeBiuRequired || piuSizeMax === 0) return rules;
  const fits = piuSizeMax - PIU_HEADER_SIZE;
  const sendRuSize = rules.sendRuSize === 0 ? fits : Math.min(rules.sendRuSize, fits);
  return { ...rules, sendRuSize };
}

function boundRulesOf(fixed: Uint8Array, piuSizeMax: number): BoundRules {
  const rules = withinPiu(sessionRulesOf(fixed), piuSizeMax);
  const masks = rhMasksOf(rules);
  for (const shared of [rules, rules.plu, rules.slu, masks]) Object.freeze(shared);
  return { rules, masks };
}

/**
 * Rules and masks of a BIND that `checkBind` takes: one object for all sessions of a log mode, as hundreds of them are
 * idle most of the time and each copy is a kilobyte.
 * @param image the BIND from its request code on, at least 15 bytes; neither kept nor changed
 * @param piuSizeMax longest PIU of the link, bytes; 0 is no limit
 */
export function sharedRulesOf(image: Uint8Array, piuSizeMax = 0): BoundRules {
  const fixed = image.subarray(0, BIND_FIXED_SIZE);
  const key = String.fromCharCode(piuSizeMax, ...fixed.subarray(RULES_AT));
  let bound = kept.get(key);
  if (bound !== undefined) return bound;
  if (kept.size >= KEPT_MAX) kept.clear();
  bound = boundRulesOf(fixed, piuSizeMax);
  kept.set(key, bound);
  return bound;
}
