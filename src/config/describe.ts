import { z } from 'zod';

/** What a schema says about itself: ranges, choices, defaults. Messages and the reference are made from it. */

export type Path = readonly (string | number)[];

/** The schema below optional, default and prefault. */
export function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodReadonly
  ) {
    inner = inner.def.innerType as z.ZodType;
  }
  return inner;
}

/** The schema of the value at `path`; undefined where the schema says nothing about it. */
export function schemaAt(root: z.ZodType, path: Path): z.ZodType | undefined {
  let schema: z.ZodType | undefined = unwrap(root);
  for (const step of path) {
    if (schema instanceof z.ZodObject) schema = shapeOf(schema)[String(step)];
    else if (schema instanceof z.ZodArray) schema = schema.def.element as z.ZodType;
    else if (schema instanceof z.ZodRecord) schema = schema.def.valueType as z.ZodType;
    else return undefined;
    if (schema) schema = unwrap(schema);
  }
  return schema;
}

/** The fields of an object schema by key. */
export function shapeOf(schema: z.ZodObject): Readonly<Record<string, z.ZodType | undefined>> {
  return schema.shape as Record<string, z.ZodType>;
}

function metaText(schema: z.ZodType, key: 'allowed' | 'description'): string | undefined {
  const value = schema.meta()?.[key];
  return typeof value === 'string' ? value : undefined;
}

/** The default as a file would write it; undefined when there is none. */
export function defaultOf(schema: z.ZodType): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.def.defaultValue;
  return undefined;
}

/** May the key be left out? */
export function isOptional(schema: z.ZodType): boolean {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
}

/** The sentence of `describe`. */
export function meaningOf(schema: z.ZodType): string {
  for (let inner = schema; ; ) {
    const text = metaText(inner, 'description');
    if (text !== undefined) return text;
    const next = unwrap(inner);
    if (next === inner) return '';
    inner = next;
  }
}

function numberRange(schema: z.ZodNumber): string {
  const kind = schema.isInt ? 'whole number' : 'number';
  const min = Number.isFinite(schema.minValue) && Number(schema.minValue) > -Number.MAX_SAFE_INTEGER;
  const max = Number.isFinite(schema.maxValue) && Number(schema.maxValue) < Number.MAX_SAFE_INTEGER;
  if (min && max) return `${schema.minValue}..${schema.maxValue}`;
  if (min) return `a ${kind}, at least ${schema.minValue}`;
  return max ? `a ${kind}, at most ${schema.maxValue}` : `a ${kind}`;
}

function stringRange(schema: z.ZodString): string {
  const { minLength, maxLength } = schema;
  if (minLength && maxLength) return `text of ${minLength} to ${maxLength} characters`;
  if (minLength) return `text of at least ${minLength} characters`;
  return maxLength ? `text of at most ${maxLength} characters` : 'text';
}

function listRange(schema: z.ZodArray): string {
  let [least, most] = [0, Number.POSITIVE_INFINITY];
  for (const check of schema.def.checks ?? []) {
    const { minimum, maximum } = check._zod.def as { readonly minimum?: number; readonly maximum?: number };
    least = minimum ?? least;
    most = maximum ?? most;
  }
  if (Number.isFinite(most)) return least > 0 ? `a list of ${least} to ${most}` : `a list of at most ${most}`;
  return least > 0 ? `a list of at least ${least}` : 'a list';
}

/** What values are allowed, in words: the answer to a mistake, and the range column of the reference. */
export function allowedOf(schema: z.ZodType): string {
  const written = metaText(schema, 'allowed');
  if (written !== undefined) return written;
  const inner = unwrap(schema);
  if (inner !== schema) return allowedOf(inner);
  if (inner instanceof z.ZodNumber) return numberRange(inner);
  if (inner instanceof z.ZodString) return stringRange(inner);
  if (inner instanceof z.ZodBoolean) return 'true or false';
  if (inner instanceof z.ZodEnum) return inner.options.join(', ');
  if (inner instanceof z.ZodLiteral) return [...inner.values].join(', ');
  if (inner instanceof z.ZodArray) return listRange(inner);
  if (inner instanceof z.ZodObject) return `keys ${Object.keys(inner.shape).join(', ')}`;
  if (inner instanceof z.ZodUnion) return inner.options.map((option) => allowedOf(option as z.ZodType)).join(', or ');
  if (inner instanceof z.ZodPipe) return allowedOf(inner.def.in as z.ZodType);
  return 'see the reference';
}

/** Is it text, so that an unquoted 037 in a file should be taken as written? */
export function isText(schema: z.ZodType): boolean {
  if (schema instanceof z.ZodPipe) return isText(schema.def.in as z.ZodType);
  if (schema instanceof z.ZodEnum) return schema.options.every((option) => typeof option === 'string');
  return schema instanceof z.ZodString;
}

/**
 * The same schema, but what is wrong or missing becomes undefined instead of an error, so that the rest of a file can
 * still be cross-checked.
 */
export function lenient(schema: z.ZodType): z.ZodType {
  const inner = unwrap(schema);
  let loose: z.ZodType = inner;
  if (inner instanceof z.ZodObject) {
    const shape = Object.entries(shapeOf(inner)).map(([key, field]) => [key, lenient(field!)]);
    loose = z.object(Object.fromEntries(shape) as Record<string, z.ZodType>);
  } else if (inner instanceof z.ZodArray) {
    loose = z.array(lenient(inner.def.element as z.ZodType));
  }
  const fallback = defaultOf(schema);
  const filled = fallback === undefined ? loose.optional() : loose.prefault(fallback as never);
  return filled.catch(undefined as never);
}
