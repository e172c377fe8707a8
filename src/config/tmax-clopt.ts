/** The command line of a Tmax SERVER entry. */

/** Longest command line, characters. @source usrinc/tmadmin.h, array of 256 */
export const CLOPT_LENGTH_MAX = 255;

export interface CloptOption {
  /** Such as '-o'; '' for a word that follows no option. */
  readonly flag: string;
  /** '' where there is none. */
  readonly value: string;
  /** True for what stands behind `--`: meant for the program of the server, not for Tmax. */
  readonly isProgram: boolean;
  /** Where it starts in the text, from 0. */
  readonly offset: number;
}

/**
 * Cut a CLOPT value into options: -f, -f VALUE or -fVALUE, before and after `--`. A word that follows an option without
 * a value of its own is its value. Every text can be cut.
 * @source Tmax administration guide, SERVER section; samples of the TCP gateway guide
 */
export function parseClopt(text: string): CloptOption[] {
  const options: CloptOption[] = [];
  let isProgram = false;
  let canTakeValue = false;
  for (const { 0: word, index: offset } of text.matchAll(/\S+/g)) {
    const last = options.at(-1);
    if (word === '--' && !isProgram) {
      isProgram = true;
      canTakeValue = false;
    } else if (word.startsWith('-') && word.length > 1) {
      const flag = word.startsWith('--') ? word : word.slice(0, 2);
      const value = word.slice(flag.length);
      options.push({ flag, value, isProgram, offset });
      canTakeValue = value === '';
    } else if (last && canTakeValue) {
      options[options.length - 1] = { ...last, value: word };
      canTakeValue = false;
    } else {
      options.push({ flag: '', value: word, isProgram, offset });
    }
  }
  return options;
}

/** An option as it was written, more or less. */
export function printClopt({ flag, value }: CloptOption): string {
  return [flag, value].filter(Boolean).join(' ');
}

/** A file name with $(SVR) filled in; undefined when it holds another $(WORD), which is not known here. */
export function expandClopt(text: string, server: string): string | undefined {
  const expanded = text.replaceAll('$(SVR)', () => server);
  return expanded.includes('$(') ? undefined : expanded;
}
