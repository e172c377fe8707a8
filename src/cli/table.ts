import { visibleLength } from './style.js';

export interface Column {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly align?: 'left' | 'right';
}

function pad(text: string, width: number, align: Column['align']): string {
  const blanks = ' '.repeat(Math.max(0, width - visibleLength(text)));
  return align === 'right' ? blanks + text : text + blanks;
}

/** Lines of a table: titles, then rows; columns as wide as what is in them, two blanks between. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, at) => Math.max(...[titles, ...rows].map((row) => visibleLength(row[at] ?? ''))));
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, at) => pad(cells[at] ?? '', widths[at]!, align))
      .join('  ')
      .trimEnd();
  return [line(titles), ...rows.map(line)];
}

/** A number for people: 1234567 as 1,234,567. */
export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Milliseconds for people: 0.42 ms, 12.3 ms, 4.56 s. */
export function durationText(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}
