import { z } from 'zod';
import { TPERRNO } from '../base/error-entry.js';
import { ERRORS } from '../base/errors.js';
import { EVENTS } from '../base/events.js';
import { allowedOf, defaultOf, isOptional, meaningOf, shapeOf, unwrap } from './describe.js';
import { hostLinkSchema } from './schema.js';

/** The reference part of the README, made from the schema and the tables of errors and events. */

export const MARKERS = {
  config: ['<!-- config:begin -->', '<!-- config:end -->'],
  errors: ['<!-- errors:begin -->', '<!-- errors:end -->'],
  events: ['<!-- events:begin -->', '<!-- events:end -->'],
} as const;

interface Section {
  readonly title: string;
  readonly meaning: string;
  readonly schema: z.ZodObject;
}

/** The object schema inside a field: a section of its own, itself or as the entries of a list. */
function sectionOf(field: z.ZodType): { schema: z.ZodObject; suffix: string } | undefined {
  const inner = unwrap(field);
  if (inner instanceof z.ZodObject) return { schema: inner, suffix: '' };
  if (!(inner instanceof z.ZodArray)) return undefined;
  const element = unwrap(inner.def.element as z.ZodType);
  return element instanceof z.ZodObject ? { schema: element, suffix: '[]' } : undefined;
}

/** All sections, depth first. linkDefaults repeats the settings of a link, so it has no tables of its own. */
function sectionsOf(schema: z.ZodObject, prefix: string): Section[] {
  return Object.entries(shapeOf(schema)).flatMap(([key, field]): Section[] => {
    const found = sectionOf(field!);
    if (!found || key === 'linkDefaults') return [];
    const title = `${prefix}${key}${found.suffix}`;
    const section = { title, meaning: meaningOf(field!), schema: found.schema };
    return [section, ...sectionsOf(found.schema, `${title}.`)];
  });
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}

function defaultText(field: z.ZodType): string {
  const value = defaultOf(field);
  if (value === undefined) return isOptional(field) ? 'none' : '**required**';
  if (value === '') return "`''`";
  if (Array.isArray(value)) return 'empty';
  return typeof value === 'object' ? 'see its table' : `\`${String(value)}\``;
}

function rangeText(field: z.ZodType): string {
  const found = sectionOf(field);
  if (!found) return allowedOf(field);
  return found.suffix === '' ? 'group of keys' : allowedOf(field);
}

function tableOf({ title, meaning, schema }: Section): string {
  const rows = Object.entries(shapeOf(schema)).map(([key, field]) => {
    const cells = [`\`${key}\``, rangeText(field!), defaultText(field!), meaningOf(field!)].map(cell);
    return `| ${cells.join(' | ')} |`;
  });
  const head = `#### \`${title}\`\n\n${meaning}.\n`;
  return [head, '| Key | Type and range | Default | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The configuration reference: one Markdown table per section of the file. */
export function renderConfigReference(): string {
  const top: Section = { title: 'the file', meaning: 'The sections of a configuration file', schema: hostLinkSchema };
  const whole = tableOf(top).replace('#### `the file`', '#### The file');
  return [whole, ...sectionsOf(hostLinkSchema, '').map(tableOf)].join('\n\n');
}

/** The error reference: one Markdown table of all codes. */
export function renderErrorReference(): string {
  const names = new Map(Object.entries(TPERRNO).map(([name, number]) => [number as number, name]));
  const rows = Object.entries(ERRORS).map(([code, { text, cause, action, tperrno }]) => {
    const cells = [`\`${code}\``, text, cause, action, `${names.get(tperrno)} (${tperrno})`].map(cell);
    return `| ${cells.join(' | ')} |`;
  });
  return ['| Code | What | Usual cause | What to do | tperrno |', '| --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

/** The event reference: one Markdown table of all names. */
export function renderEventReference(): string {
  const rows = Object.entries(EVENTS).map(([name, { when, details }]) => {
    return `| ${[`\`${name}\``, when, details].map(cell).join(' | ')} |`;
  });
  return ['| Event | When | Details |', '| --- | --- | --- |', ...rows].join('\n');
}

/**
 * A README with all references renewed between their markers.
 * @returns undefined when a marker is missing
 */
export function renewReadme(readme: string): string | undefined {
  const parts = [
    [MARKERS.config, renderConfigReference()],
    [MARKERS.errors, renderErrorReference()],
    [MARKERS.events, renderEventReference()],
  ] as const;
  let text = readme;
  for (const [[begin, end], body] of parts) {
    const from = text.indexOf(begin);
    const to = text.indexOf(end, from);
    if (from < 0 || to < 0) return undefined;
    text = `${text.slice(0, from + begin.length)}\n\n${body}\n\n${text.slice(to)}`;
  }
  return text;
}
