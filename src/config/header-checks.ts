import type { Loose, LooseFile, Report } from './checks.js';
import type { Path } from './describe.js';
import type { Names } from './lu-checks.js';
import type { HeaderFieldKind } from './model.js';
import type { HeaderFile } from './schema.js';

/** Checks of user headers, and of the services that name one. */

type LooseHeader = Loose<HeaderFile>;
type LooseField = NonNullable<NonNullable<LooseHeader['fields']>[number]>;

/** Most bytes of a number: what a number can hold, and the 31 digits of a packed decimal. */
const LENGTH_MAX: Readonly<Partial<Record<HeaderFieldKind, number>>> = { binary: 6, packed: 16 };
const DECIMAL = /^(0|[1-9]\d*)$/;
const SIGNED_DECIMAL = /^(0|-?[1-9]\d*)$/;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Why a field of so many bytes never has this value; undefined when it may have it. */
const NEVER: Readonly<Record<HeaderFieldKind, (value: string, length: number) => string | undefined>> = {
  ebcdic: (value, length) => neverText(value, length),
  ascii: (value, length) => (PRINTABLE.test(value) ? neverText(value, length) : 'printable ASCII characters'),
  binary(value, length) {
    const most = 256 ** length - 1;
    return DECIMAL.test(value) && Number(value) <= most ? undefined : `0..${most}, as a decimal without leading zeros`;
  },
  packed(value, length) {
    const digits = 2 * length - 1;
    const fits = SIGNED_DECIMAL.test(value) && value.replace('-', '').length <= digits;
    return fits ? undefined : `a decimal of at most ${digits} digits, without leading zeros`;
  },
};

function neverText(value: string, length: number): string | undefined {
  return value === value.trim() && value.length <= length
    ? undefined
    : `at most ${length} characters, without blanks around them`;
}

function checkFields(header: LooseHeader, path: Path, report: Report): void {
  const first = new Map<string, number>();
  for (const [at, field] of (header.fields ?? []).entries()) {
    if (field === undefined) continue;
    const { name, kind, offset, length } = field;
    const place = [...path, 'fields', at];
    const earlier = name === undefined ? undefined : first.get(name);
    if (earlier !== undefined)
      report([...place, 'name'], `field ${name} is given twice; first in fields[${earlier}]`, 'each name once');
    else if (name !== undefined) first.set(name, at);
    const most = kind && LENGTH_MAX[kind];
    if (length !== undefined && most !== undefined && length > most)
      report([...place, 'length'], `length is ${length}, too long for ${kind}`, `1..${most}`);
    if (offset === undefined || length === undefined || header.length === undefined) continue;
    if (offset + length <= header.length) continue;
    const message = `the field ends at byte ${offset + length}, after the end of the header`;
    report([...place, 'length'], message, `offset and length within ${header.length} bytes`);
  }
}

/** The field that a part of the header names; undefined when there is none, and then that is reported. */
function fieldOf(
  header: LooseHeader,
  part: 'sessionType' | 'terminal' | 'service',
  path: Path,
  report: Report,
): LooseField | undefined {
  const name = header[part]?.field;
  if (name === undefined || header.fields === undefined) return undefined;
  const field = header.fields.find((one) => one?.name === name);
  // A field whose name could not be read may be the one that is meant.
  if (field !== undefined || header.fields.some((one) => one?.name === undefined)) return field;
  const known = header.fields.map((one) => one!.name).join(', ');
  report([...path, part, 'field'], `the header has no field ${name}`, known);
  return undefined;
}

function checkValues(header: LooseHeader, field: LooseField, path: Path, report: Report): void {
  const { kind, length } = field;
  if (kind === undefined || length === undefined || length > (LENGTH_MAX[kind] ?? length)) return;
  for (const value of Object.keys(header.sessionType?.map ?? {})) {
    const allowed = NEVER[kind](value, length);
    if (allowed === undefined) continue;
    const message = `field ${field.name}, ${kind} of ${length} bytes, never is "${value}"`;
    report([...path, 'sessionType', 'map', value], message, allowed);
  }
}

/** The applications that calls with this header may go to; undefined when not all of them could be read. */
function applicationsOf(file: LooseFile, header: LooseHeader, names: Names): string[] | undefined {
  const users = (file.services ?? []).filter((service) => header.service || service?.header === header.name);
  if (users.some((service) => !service?.application)) return undefined;
  const applications = [...new Set(users.map((service) => service!.application!))];
  return applications.filter((application) => names.applications.has(application));
}

/** Each session type of the map must have LUs: in every application, or in some where the header names the service. */
function checkTypes(file: LooseFile, header: LooseHeader, path: Path, names: Names, report: Report): void {
  const applications = applicationsOf(file, header, names) ?? [];
  if (applications.length === 0) return;
  for (const [value, type] of Object.entries(header.sessionType?.map ?? {})) {
    const lacking = applications.filter((application) => !names.applications.get(application)!.has(type!));
    if (lacking.length < (header.service ? applications.length : 1)) continue;
    const types = new Set(lacking.flatMap((application) => [...names.applications.get(application)!]));
    const known = [...types].map((one) => (one === '' ? "''" : one)).join(', ');
    const message = `no LU of ${lacking.join(', ')} has session type "${type}"`;
    report([...path, 'sessionType', 'map', value], message, known);
  }
}

function checkHeader(file: LooseFile, header: LooseHeader, path: Path, names: Names, report: Report): void {
  checkFields(header, path, report);
  const type = fieldOf(header, 'sessionType', path, report);
  fieldOf(header, 'terminal', path, report);
  const service = fieldOf(header, 'service', path, report);
  if (type) checkValues(header, type, path, report);
  checkTypes(file, header, path, names, report);
  if (!header.sessionType && !header.terminal && !header.service)
    report(path, 'the header names no field for anything', 'sessionType, terminal or service, one of them or all');
  if (service?.kind === 'binary' || service?.kind === 'packed')
    report([...path, 'service', 'field'], `field ${service.name} is ${service.kind}, not text`, 'a field of text');
}

/** Services against the headers they name. */
function checkUsers(file: LooseFile, report: Report): void {
  const headers = file.headers ?? [];
  for (const [at, service] of (file.services ?? []).entries()) {
    if (service?.header === undefined) continue;
    const header = headers.find((one) => one?.name === service.header);
    if (header === undefined) {
      if (headers.some((one) => one?.name === undefined)) continue;
      const known = headers.map((one) => one!.name).join(', ');
      report(['services', at, 'header'], `no header ${service.header}`, known || 'a header of the list headers');
    } else if (header.sessionType && service.sessionType) {
      const message = `sessionType is ${service.sessionType}, but header ${service.header} gives the session type`;
      report(['services', at, 'sessionType'], message, 'one of the two');
    }
  }
}

/** Does a header give the session type of this service's calls? */
export function isTypedByHeader(file: LooseFile, name: string | undefined): boolean {
  return name !== undefined && (file.headers ?? []).some((one) => one?.name === name && one.sessionType !== undefined);
}

/** Check all headers and what services say about them. @param names what the LUs name */
export function checkHeaders(file: LooseFile, names: Names, report: Report): void {
  for (const [at, header] of (file.headers ?? []).entries()) {
    if (header !== undefined) checkHeader(file, header, ['headers', at], names, report);
  }
  checkUsers(file, report);
}
