import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { HostLinkError } from '../base/errors.js';
import { piuWords } from '../sna/piu-words.js';
import { type Recording, readRecording } from '../trace/recording.js';
import { type CliIo, print, printJson } from './io.js';
import { Replay, type ReplayResult } from './replay-compare.js';
import { learnFacts, type ReplayFacts } from './replay-facts.js';
import { replayLines } from './replay-lines.js';
import { ReplayNode } from './replay-node.js';
import type { Commands } from './run-command.js';
import { styleOf } from './style.js';

export interface ReplayOptions {
  readonly mac?: string;
  readonly json?: boolean;
}

/** Play the host's side of a recording to our PU 2.0 and hold its answers against the recorded ones. @returns 1 if they differ */
export async function runReplay(io: CliIo, file: string, options: ReplayOptions): Promise<number> {
  const bytes = await readFile(file).catch((cause: Error) => {
    throw new HostLinkError('TRACE_UNREADABLE', cause.message, { file }, { cause });
  });
  const recording = readRecording(bytes, basename(file), options.mac);
  const facts = learnFacts(recording);
  const result = new Replay(recording, new ReplayNode(facts), facts.missing).run();
  if (options.json) printJson(io.out, summary(recording, result));
  else printTable(io, recording, facts, result);
  return result.differences === 0 ? 0 : 1;
}

function printTable(io: CliIo, recording: Recording, facts: ReplayFacts, result: ReplayResult): void {
  const style = styleOf(io, io.out);
  const { length } = facts.missing;
  if (length > 0) {
    const what = `${length} ${length === 1 ? 'activation' : 'activations'} (ACTPU, ACTLU)`;
    print(io.out, style.yellow(`The recording begins later: ${what} that it lacks were played first, not compared.`));
  }
  for (const line of replayLines(recording, result, style)) print(io.out, line);
}

function summary(recording: Recording, result: ReplayResult): object {
  const rows = result.rows
    .filter(({ mark }) => mark !== 'host' && mark !== 'same')
    .map(({ atMs, mark, recorded, ours, note }) => ({ atMs, mark, recorded: say(recorded), ours: say(ours), note }));
  const count = (mark: string) => result.rows.filter((row) => row.mark === mark).length;
  return {
    name: recording.name,
    played: count('host'),
    same: count('same'),
    allowed: Object.fromEntries(result.allowed),
    differences: result.differences,
    rows,
  };
}

function say(bytes: Uint8Array | undefined): object | null {
  return bytes === undefined ? null : { ...piuWords(bytes), piu: Buffer.from(bytes).toString('hex') };
}

export function addReplayCommand({ io, program, run }: Commands): void {
  program
    .command('replay <file>')
    .description(
      'play the host of a recording (JSON, or pcapng of hostlink) to our PU, compare its answers with the recorded ones',
    )
    .option('--mac <address>', 'pcapng: which circuit, by the address of either side (default: the first)')
    .option('--json', 'print one JSON object')
    .action((file: string, options: ReplayOptions) => run(() => runReplay(io, file, options), options.json));
}
