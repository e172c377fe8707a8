import { existsSync } from 'node:fs';

/** The built package: what end-to-end tests run, as users do. */
const ROOT = new URL('../../dist/src/', import.meta.url);
if (!existsSync(ROOT)) throw new Error('dist is missing: run npm run build first');

async function load(file: string): Promise<unknown> {
  return import(new URL(file, ROOT).href);
}

export const dist = (await load('index.js')) as typeof import('../../src/index.js');
export const distHost = (await load('host/embedded-host.js')) as typeof import('../../src/host/embedded-host.js');
export const CLI_FILE = new URL('cli/main.js', ROOT);
