import { readFileSync } from 'node:fs';
import { decodePiu, type Piu } from '../../../src/sna/index.js';

interface Vector {
  readonly name: string;
  readonly hex: string;
}

const ALL = JSON.parse(
  readFileSync(new URL('../../vectors/sna-vectors.json', import.meta.url), 'utf8'),
) as readonly Vector[];

const PIU_CARRIERS = ['sdlc', 'i3705', 'xid', 'dlsw'];

/** Names of the vectors whose first word is none of the carriers': whole PIUs. */
export const PIU_VECTORS = ALL.map(({ name }) => name).filter((name) => !PIU_CARRIERS.includes(name.split('.')[0]!));

/** Names that start with `prefix`. */
export function vectorsOf(prefix: string): string[] {
  return ALL.map(({ name }) => name).filter((name) => name.startsWith(prefix));
}

export function vector(name: string): Uint8Array {
  const found = ALL.find((one) => one.name === name);
  if (!found) throw new Error(`no vector ${name}`);
  return bytesOf(found.hex);
}

export function piuVector(name: string): Piu {
  return decodePiu(vector(name));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Plain bytes, as a Buffer would not equal them. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
