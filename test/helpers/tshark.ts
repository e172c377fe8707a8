import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OUTPUT_MAX = 512 * 1024 * 1024;

/** Why tests that need tshark must be skipped; undefined when it is there. */
export function tsharkMissing(): string | undefined {
  const { status } = spawnSync('tshark', ['--version'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'tshark is not installed (Debian: apt-get install tshark)';
}

/** One row per packet: the values of each field, several where a packet holds several. */
export type FieldRow = Readonly<Record<string, readonly string[]>>;

/**
 * Read `file` (the bytes of a capture) with tshark's own settings.
 * @param filter a display filter; '' for all packets
 * @param preferences settings that differ from tshark's own, such as tcp.check_checksum:TRUE
 */
export function tsharkFields(
  file: Uint8Array,
  fields: readonly string[],
  filter = '',
  preferences: readonly string[] = [],
): FieldRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'hostlink-tshark-'));
  try {
    const path = join(folder, 'capture.pcapng');
    writeFileSync(path, file);
    const wanted = fields.flatMap((field) => ['-e', field]);
    const options = ['-r', path, '-n', '-T', 'fields', '-E', 'separator=/t', '-E', 'aggregator=|', ...wanted];
    options.push(...preferences.flatMap((preference) => ['-o', preference]), ...(filter === '' ? [] : ['-Y', filter]));
    const { status, stdout, stderr } = spawnSync('tshark', options, { encoding: 'utf8', maxBuffer: OUTPUT_MAX });
    if (status !== 0) throw new Error(`tshark ended with ${status}: ${stderr}`);
    const lines = stdout.split('\n').slice(0, -1);
    return lines.map((line) => toRow(line, fields));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function toRow(line: string, fields: readonly string[]): FieldRow {
  const cells = line.split('\t');
  return Object.fromEntries(fields.map((field, index) => [field, (cells[index] ?? '').split('|').filter(Boolean)]));
}
