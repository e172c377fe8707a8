// Writes the references of configuration, errors and events into README.md, between their markers.
// Run after `npm run build`:  node scripts/make-reference.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const readmePath = fileURLToPath(new URL('../README.md', import.meta.url));

async function loadReference() {
  try {
    return await import('../dist/src/config/reference.js');
  } catch (error) {
    throw new Error(`dist/src/config/reference.js does not load; run npm run build first (${error.message})`);
  }
}

async function main() {
  const { MARKERS, renewReadme } = await loadReference();
  const before = readFileSync(readmePath, 'utf8');
  const after = renewReadme(before);
  if (after === undefined) throw new Error(`README.md lacks a marker: ${Object.values(MARKERS).flat().join(' ')}`);
  if (after === before) return console.log('README.md is up to date');
  if (process.argv.includes('--check'))
    throw new Error('README.md is out of date; run node scripts/make-reference.mjs');
  writeFileSync(readmePath, after);
  console.log('README.md renewed');
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
