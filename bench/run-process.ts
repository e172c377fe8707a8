import { type Figures, type PartName, type PartSizes, runParts } from './parts.js';

/** What a process run is told by its parent. */
export interface RunOrder {
  readonly parts: readonly PartName[];
  readonly sizes: PartSizes;
  /** Its figures only, and no text. */
  readonly isQuiet: boolean;
}

/** What it answers. */
export type RunAnswer = { readonly figures: Partial<Figures> } | { readonly error: string };

function answer(words: RunAnswer): void {
  process.send!(words, () => process.disconnect());
}

/** Some parts of the bench in a process of their own: what another run compiled, or left behind, is not in its figures. */
process.once('message', ({ parts, sizes, isQuiet }: RunOrder) => {
  const say = (text: string): void => {
    if (!isQuiet) process.stdout.write(text);
  };
  void runParts(parts, sizes, say).then(
    (figures) => answer({ figures }),
    (error: unknown) => answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

// Its answer has been given, or nobody waits for it any more.
process.once('disconnect', () => process.exit());
