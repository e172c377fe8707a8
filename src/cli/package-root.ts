import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../base/assert.js';

/** Folder of the package: the nearest one above this file that holds a package.json, built or not. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    assert(above !== folder, 'no package.json above the command line');
    folder = above;
  }
  return folder;
}

/** Version of the package. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** Path of a file in examples/. */
export function examplePath(name: string): string {
  return join(packageRoot(), 'examples', name);
}
