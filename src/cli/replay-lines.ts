import { piuWords } from '../sna/piu-words.js';
import type { Recording } from '../trace/recording.js';
import { ALLOWED_DIFFERENCES } from './replay-allowed.js';
import type { Mark, ReplayResult, ReplayRow } from './replay-compare.js';
import type { Style } from './style.js';
import { tableLines } from './table.js';

const SIGN: Readonly<Record<Mark, string>> = {
  host: '',
  same: '=',
  allowed: '~',
  differs: '!',
  missing: '-',
  extra: '+',
};
const BYTES_SHOWN = 24;

const COLUMNS = [
  { title: 'TIME ms', align: 'right' as const },
  { title: 'FROM' },
  { title: '' },
  { title: 'TH' },
  { title: 'RH' },
  { title: 'RU' },
  { title: 'BYTES' },
];

/** The comparison for people: one line per PIU, two where ours is not the recorded one. */
export function replayLines(recording: Recording, result: ReplayResult, style: Style): string[] {
  const rows = result.rows.flatMap((row) => cellsOf(row, style));
  return [
    style.bold(recording.name),
    ...[recording.recordedFrom, recording.note].filter((line) => line !== ''),
    '',
    ...tableLines(COLUMNS, rows),
    '',
    ...legend(result, style),
  ];
}

function cellsOf(row: ReplayRow, style: Style): string[][] {
  const { mark, recorded, ours } = row;
  const time = row.atMs.toFixed(0);
  const paint = painter(mark, style);
  if (mark === 'host') return [cells(time, 'host', '', ours ?? recorded, style.dim)];
  if (mark === 'same') return [cells(time, 'ours', SIGN.same, ours, paint)];
  const lines: string[][] = [];
  if (recorded !== undefined) lines.push(cells(time, 'recorded', SIGN[mark], recorded, paint));
  if (ours !== undefined) lines.push(cells(recorded === undefined ? time : '', 'ours', SIGN[mark], ours, paint));
  if (row.note !== '') lines.push(['', '', '', paint(`(${row.note})`), '', '', '']);
  return lines;
}

function cells(
  time: string,
  from: string,
  sign: string,
  bytes: Uint8Array | undefined,
  paint: (text: string) => string,
): string[] {
  if (bytes === undefined) return [time, from, sign, '', '', '', ''];
  const { th, rh, ru } = piuWords(bytes);
  return [time, from, sign, th, rh, ru, hexWords(bytes)].map((text) => (text === '' ? text : paint(text)));
}

function hexWords(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, BYTES_SHOWN)).toString('hex');
  return bytes.length > BYTES_SHOWN ? `${shown}.. (${bytes.length})` : shown;
}

function painter(mark: Mark, style: Style): (text: string) => string {
  if (mark === 'same') return style.green;
  return mark === 'allowed' ? style.yellow : style.red;
}

function legend(result: ReplayResult, style: Style): string[] {
  const { rows, differences, allowed } = result;
  const ofHost = rows.filter(({ mark }) => mark === 'host').length;
  const same = rows.filter(({ mark }) => mark === 'same').length;
  const even = rows.filter(({ mark }) => mark === 'allowed').length;
  const summary =
    `${ofHost} PIUs of the host played; of the terminal's: ${same} same (=), ${even} with allowed differences (~), ` +
    `${differences} different (! differs, - missing, + extra)`;
  return [
    'Allowed differences:',
    ...ALLOWED_DIFFERENCES.map(({ name, reason }) => `  ${name} (${allowed.get(name) ?? 0} times): ${reason}`),
    differences === 0 ? style.green(summary) : style.red(summary),
  ];
}
