import { readFileSync } from 'node:fs';

/** What Linux counts CPU time in, whatever its own clock: USER_HZ. */
const TICK_MS = 10;
/** Places behind the name, which may itself hold blanks and brackets. */
const [UTIME_AT, STIME_AT] = [11, 12];

/** User and system CPU time, ms, in the text of a `stat` file of proc(5). */
export function parseStat(text: string): number {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME_AT]) + Number(fields[STIME_AT])) * TICK_MS;
}

/**
 * CPU time so far, ms, in steps of 10.
 * @param thread of the process; all of them when absent
 * @returns undefined where the system does not tell
 */
export function cpuTimeMs(pid: number, thread?: number): number | undefined {
  const folder = thread === undefined ? `/proc/${pid}` : `/proc/${pid}/task/${thread}`;
  let text: string;
  try {
    text = readFileSync(`${folder}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  return parseStat(text);
}

/** CPU time of this process so far, ms, on any system. */
export function ownCpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
